"""Valid and invalid instances of every record: a case is a file, and needs no Python.

`instances/<record>/valid/<what-it-shows>.json` is accepted. `instances/<record>/invalid/<what-is-wrong>.json` is not,
and `<what-is-wrong>.txt` beside it has the problems that are told of it.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import pytest

from datagap import model
from datagap.schema import COMMON, SUFFIX, JsonSchema, read_schema
from datagap.validate import embedded
from tests.packs import RENEW

if TYPE_CHECKING:
    import jsonschema

INSTANCES = Path(__file__).with_name("instances")
VALID = [path for name in model.RECORD_NAMES for path in sorted((INSTANCES / name / "valid").glob("*.json"))]
INVALID = [path for name in model.RECORD_NAMES for path in sorted((INSTANCES / name / "invalid").glob("*.json"))]
CLASSES = {name: record_type for record_type, name in model.RECORDS.items()}
CONSTRAINTS = frozenset(
    [
        "required",
        "additionalProperties",
        "enum",
        "const",
        "pattern",
        "format",
        "minimum",
        "maximum",
        "minItems",
        "maxItems",
        "uniqueItems",
        "minLength",
        "maxLength",
        "minProperties",
        "propertyNames",
        "dependentRequired",
        "oneOf",
        "anyOf",
    ]
)
ONCE_A_RECORD = frozenset(["required", "additionalProperties"])
"""Constraints that every object has; those of one object in a record stand for those of the others."""
Constraint: TypeAlias = tuple[str, str]
"""The title of the definition that a constraint stands in, or the record's name, and the keyword."""


def name_of(path: Path) -> str:
    return path.relative_to(INSTANCES).with_suffix("").as_posix()


def record_of(path: Path) -> model.RecordName:
    folder = path.parent.parent.name
    (record,) = (name for name in model.RECORD_NAMES if name == folder)
    return record


def read(path: Path) -> Any:
    return json.loads(path.read_bytes())


@pytest.mark.parametrize("kind", ["valid", "invalid"])
@pytest.mark.parametrize("record", model.RECORD_NAMES)
def test_every_record_has_instances_of_both_kinds(record: model.RecordName, kind: str) -> None:
    assert list((INSTANCES / record / kind).glob("*.json")), f"tests/instances/{record}/{kind}/ has no instance"


@pytest.mark.parametrize("path", VALID, ids=name_of)
def test_a_valid_instance_is_accepted_as_it_stands_and_as_it_is_written_again(path: Path) -> None:
    record, value = record_of(path), read(path)
    assert [str(problem) for problem in embedded().problems(record, value, "instance")] == []
    assert embedded().acceptor(record)(value)
    if record in CLASSES:
        written = model.dump(model.load(CLASSES[record], value))
        assert [str(problem) for problem in embedded().problems(record, written, "instance")] == []


@pytest.mark.parametrize("path", INVALID, ids=name_of)
def test_an_invalid_instance_is_refused_with_the_problems_beside_it(path: Path) -> None:
    record, value = record_of(path), read(path)
    told = "".join(f"{problem}\n" for problem in embedded().problems(record, value, "instance"))
    expected = path.with_suffix(".txt")
    if os.environ.get(RENEW):
        expected.write_text(told, encoding="utf-8", newline="\n")
    assert told == expected.read_text(encoding="utf-8"), f"run pytest with {RENEW}=1 if this was meant"
    assert told
    assert not embedded().acceptor(record)(value)


def test_each_invalid_instance_has_its_problems_beside_it_and_nothing_else_lies_there() -> None:
    belonging = {*VALID, *INVALID, *(path.with_suffix(".txt") for path in INVALID)}
    there = {path for path in INSTANCES.rglob("*") if path.is_file()}
    assert sorted(map(str, belonging - there)) == [], "missing"
    assert sorted(map(str, there - belonging)) == [], "of no record, or problems of no instance"


@pytest.mark.parametrize("record", model.RECORD_NAMES)
def test_every_constraint_of_a_record_is_broken_by_an_instance(record: model.RecordName) -> None:
    assert listed(constraints_of(record) - broken_by_instances(record)) == "", "no invalid instance breaks these"


def test_every_constraint_of_the_common_definitions_is_broken_by_an_instance_of_some_record() -> None:
    broken = frozenset[Constraint]().union(*map(broken_by_instances, model.RECORD_NAMES))
    assert listed(constraints_of(COMMON) - broken) == "", "no invalid instance breaks these"


def listed(constraints: frozenset[Constraint]) -> str:
    return ", ".join(f"{keyword} of {place}" for place, keyword in sorted(constraints))


@cache
def spec(name: str) -> JsonSchema:
    return read_schema(model.schema_files() / f"{name}{SUFFIX}")


def constraints_of(name: str) -> frozenset[Constraint]:
    """Return the constraints in the schema file of a record, or in that of the common definitions."""
    found = _constraints(spec(name), "")
    once = ONCE_A_RECORD if name != COMMON else ()
    return frozenset((name if keyword in once else title, keyword) for title, keyword in found)


def _constraints(node: JsonSchema, title: str) -> Iterator[Constraint]:
    title = node.get("title", title)
    for keyword in CONSTRAINTS & node.keys():
        if keyword != "additionalProperties" or node[keyword] is False:
            yield title, keyword
    for part in _parts(node):
        yield from _constraints(part, title)


def _parts(node: JsonSchema) -> Iterator[JsonSchema]:
    for key in ("properties", "$defs"):
        yield from node.get(key, {}).values()
    for key in ("oneOf", "anyOf"):
        yield from node.get(key, ())
    for key in ("items", "additionalProperties"):
        if isinstance(node.get(key), dict):
            yield node[key]


@cache
def broken_by_instances(record: model.RecordName) -> frozenset[Constraint]:
    """Return the constraints that the invalid instances of a record break."""
    instances = [read(path) for path in INVALID if path.parent.parent.name == record]
    return frozenset(
        constraint
        for value in instances
        for error in model.explainer(record).iter_errors(value)
        for constraint in _broken(error, record)
    )


def _broken(error: jsonschema.ValidationError, record: model.RecordName) -> Iterator[Constraint]:
    title, keyword = _constraint(error, model.schema(record))
    own = {title for title, _ in _constraints(spec(record), "")}
    yield record if keyword in ONCE_A_RECORD and title in own else title, keyword
    for part in error.context or ():
        yield from _broken(part, record)


def _constraint(error: jsonschema.ValidationError, schema: JsonSchema) -> Constraint:
    """Return the title of the innermost definition around what an error is about, and the keyword."""
    path = list(error.absolute_schema_path)
    title = ""
    node: Any = schema
    for part in path:
        if isinstance(node, dict) and isinstance(node.get("title"), str):  # it may be a property of that name
            title = node["title"]
        node = node[part]
    return title, "propertyNames" if "propertyNames" in path[-2:-1] else str(path[-1])
