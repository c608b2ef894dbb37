"""A validator for each record."""

from __future__ import annotations

import json
import re
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


def accepting(schema: dict[str, Any]) -> jsonschema_rs.Draft202012Validator:
    """Return what accepts instances of an inlined schema at full speed; raise ValueError if it cannot be used."""
    from jsonschema_rs import Draft202012Validator

    return Draft202012Validator(schema, formats={"date-time": is_instant}, validate_formats=True)


def explaining(schema: dict[str, Any]) -> jsonschema.Draft202012Validator:
    """Return what explains why instances of an inlined schema are rejected."""
    from jsonschema import Draft202012Validator, FormatChecker
    from jsonschema.validators import extend

    checker = FormatChecker(formats=())
    checker.checks("date-time")(is_instant)
    extended = extend(Draft202012Validator, {"pattern": _match})  # type: ignore[no-untyped-call]
    explainer: type[Draft202012Validator] = extended
    return explainer(schema, format_checker=checker)


def is_instant(value: object) -> bool:
    """Return whether `value`, where it is a text, names a second of the calendar; year 0 and leap seconds are none."""
    if not isinstance(value, str):
        return True
    try:
        return datetime.fromisoformat(value).hour == int(value[11:13])
    except ValueError:
        return False


def _match(_: object, pattern: str, instance: object, __: Mapping[str, Any]) -> Iterator[jsonschema.ValidationError]:
    """Check a pattern as JSON Schema means it: `$` is the end of the text, not the place before a last newline."""
    from jsonschema import ValidationError

    if isinstance(instance, str) and not re.search(re.sub(r"(?<!\\)\$$", r"\\Z", pattern), instance):
        yield ValidationError(f"{instance!r} does not match {pattern!r}")
