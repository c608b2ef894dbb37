"""The records as the rest of datagap sees them: the one module that imports the generated package."""

from __future__ import annotations

import dataclasses
import json
import types
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Any, TypeVar, Union, get_args, get_origin

import cattrs
from cattrs.gen import make_dict_structure_fn, make_dict_unstructure_fn, override
from datagap_spec import SCHEMA_VERSION, SPEC_DIGEST
from datagap_spec.models import *
from datagap_spec.records import FIELD_NAMES, RECORD_NAMES, RECORDS, RecordName
from datagap_spec.validators import accepting, acceptor, explainer, explaining, schema, schema_files

from datagap.schema import defaults

T = TypeVar("T")


def understands(version: str) -> bool:
    """Return whether what was written for a version of the spec can be read: its major version is no later one.

    Majors are compared as texts, for a number of thousands of digits cannot be.
    """
    major, own = (one.partition(".")[0].lstrip("0") for one in (version, SCHEMA_VERSION))
    return (len(major), major) <= (len(own), own)


def load(record_type: type[T], data: object) -> T:
    """Return `data`, valid parsed JSON, as a record; what is absent gets the schema's default."""
    name = RECORDS[record_type]
    return _converter().structure(defaults(schema(name), data) if _has_defaults(name) else data, record_type)


def dump(record: object) -> dict[str, Any]:
    """Return `record` as JSON data; optional fields that are None are left out."""
    dumped: dict[str, Any] = _converter().unstructure(record)
    return dumped


@cache
def _has_defaults(name: RecordName) -> bool:
    return '"default":' in json.dumps(schema(name))


@cache
def _converter() -> cattrs.Converter:
    converter = cattrs.Converter(detailed_validation=False, unstruct_collection_overrides={Sequence: list})
    converter.register_structure_hook_func(_is_plain_union, _keep)
    converter.register_structure_hook_factory(dataclasses.is_dataclass, lambda cls: _structure_hook(cls, converter))
    converter.register_unstructure_hook_factory(dataclasses.is_dataclass, lambda cls: _unstructure_hook(cls, converter))
    return converter


def _renames(cls: type) -> dict[str, str]:
    names = {field.name for field in dataclasses.fields(cls)}
    return {field: prop for prop, field in FIELD_NAMES.items() if field in names}


def _structure_hook(cls: type, converter: cattrs.Converter) -> Callable[[Mapping[str, Any], Any], Any]:
    overrides = {field: override(rename=prop) for field, prop in _renames(cls).items()}
    return make_dict_structure_fn(cls, converter, **overrides)  # type: ignore[arg-type]


def _unstructure_hook(cls: type, converter: cattrs.Converter) -> Callable[[Any], dict[str, Any]]:
    overrides = {field: override(rename=prop) for field, prop in _renames(cls).items()}
    return make_dict_unstructure_fn(cls, converter, _cattrs_omit_if_default=True, **overrides)  # type: ignore[arg-type]


def _is_plain_union(kind: Any) -> bool:
    if get_origin(kind) not in (types.UnionType, Union):
        return False
    members = [member for member in get_args(kind) if member is not types.NoneType]
    return len(members) > 1 and not any(dataclasses.is_dataclass(member) for member in members)


def _keep(value: object, _: object) -> object:
    return tuple(value) if isinstance(value, list) else value
