"""A validator for each record."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import datetime
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import TYPE_CHECKING, Any

from datagap_spec.records import RecordName

if TYPE_CHECKING:
    import jsonschema
    import jsonschema_rs

_NONE: Mapping[str, Any] = {}


def schema_files() -> Traversable:
    """Return the folder of the schemas as they stand in spec/, references kept."""
    return files("datagap_spec") / "schemas"


@cache
def schema(record: RecordName) -> dict[str, Any]:
    """Return the schema of `record`, references inlined."""
    content = (files("datagap_spec") / "inlined" / f"{record}.schema.json").read_bytes()
    loaded: dict[str, Any] = json.loads(content)
    return loaded


@cache
def acceptor(record: RecordName) -> jsonschema_rs.Draft202012Validator:
    """Return what accepts a `record` at full speed."""
    return accepting(schema(record))


@cache
def explainer(record: RecordName) -> jsonschema.Draft202012Validator:
    """Return what explains why a `record` is rejected."""
    return explaining(schema(record))


def accepting(schema: dict[str, Any], others: Mapping[str, Any] = _NONE) -> jsonschema_rs.Draft202012Validator:
    """Return what accepts instances of a schema at full speed; raise ValueError if it cannot be used.

    `others` are the schemas that it may refer to, by URI. Nothing is ever fetched.
    """
    from jsonschema_rs import Draft202012Validator, Registry

    registry = Registry(list(others.items()), retriever=_refuse)
    formats = {"date-time": is_instant}
    return Draft202012Validator(schema, formats=formats, validate_formats=True, registry=registry, retriever=_refuse)


def explaining(schema: dict[str, Any], others: Mapping[str, Any] = _NONE) -> jsonschema.Draft202012Validator:
    """Return what explains why instances of a schema are rejected; `others` are as for `accepting`."""
    from jsonschema import Draft202012Validator, FormatChecker
    from jsonschema.validators import extend
    from referencing import Registry
    from referencing.jsonschema import DRAFT202012

    checker = FormatChecker(formats=())
    checker.checks("date-time")(is_instant)
    extended = extend(Draft202012Validator, {"pattern": _match, "uniqueItems": _differ})  # type: ignore[no-untyped-call]
    explainer: type[Draft202012Validator] = extended
    resources = [(uri, DRAFT202012.create_resource(other)) for uri, other in others.items()]
    registry: Registry[Any] = Registry().with_resources(resources)
    return explainer(schema, format_checker=checker, registry=registry)


def _refuse(uri: str) -> Any:
    raise ValueError(f"{uri} is not fetched")


def is_instant(value: object) -> bool:
    """Return whether `value`, where it is a text, names a second of the calendar; year 0 and leap seconds are none."""
    if not isinstance(value, str):
        return True
    try:
        return datetime.fromisoformat(value).hour == int(value[11:13])
    except ValueError:
        return False


def _match(_: object, pattern: str, instance: object, __: Mapping[str, Any]) -> Iterator[jsonschema.ValidationError]:
    """Check a pattern as what accepts does: Python's own patterns differ, in `$` and in what they can express."""
    from jsonschema import ValidationError

    if isinstance(instance, str) and not _alone("pattern", pattern).is_valid(instance):
        yield ValidationError(f"{instance!r} does not match {pattern!r}")


def _differ(_: object, unique: bool, instance: object, __: Mapping[str, Any]) -> Iterator[jsonschema.ValidationError]:
    """Check that items differ, in a time that does not grow with the square of their number."""
    from jsonschema import ValidationError

    if isinstance(instance, list) and not _alone("uniqueItems", unique).is_valid(instance):
        yield ValidationError(f"{instance!r} has non-unique elements")


@cache
def _alone(keyword: str, value: object) -> jsonschema_rs.Draft202012Validator:
    return accepting({keyword: value})
