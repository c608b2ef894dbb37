"""Break valid JSON data in one place, knowing the place."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

from datagap.problem import kind_of, pointer
from datagap.schema import JsonSchema

Path: TypeAlias = tuple[str | int, ...]

STRANGER: Final = "~/\x00stranger"
"""A name and a value that no schema knows; as a name, a JSON pointer has to escape it."""
WRONG: Final[Mapping[str, object]] = {
    "null": None,
    "boolean": True,
    "number": 0.5,
    "string": STRANGER,
    "array": [],
    "object": {},
}
"""A value of each type; a half is no integer."""


@dataclass(frozen=True, kw_only=True)
class Mutation:
    """One edit that makes valid data invalid."""

    kind: str
    path: Path
    """The value that is replaced."""
    value: object
    """What stands there instead."""
    pointer: str
    """The place that a problem has to name."""
    also: str | None = None
    """Another place that it may name."""

    def applied(self, data: Any) -> Any:
        """Return `data` with the edit made."""
        return _replaced(data, self.path, self.value)


def mutations(schema: JsonSchema, data: Any) -> Iterator[Mutation]:
    """Yield ways to break `data`, a valid instance of an inlined schema."""
    for path, whole, branch, value in _values(schema, data, ()):
        for wrong in (wrong for kind, wrong in WRONG.items() if kind not in _kinds(whole)):
            yield Mutation(kind="retyped", path=path, value=wrong, pointer=pointer(path))
        for kind, worse in _worse(branch, value):
            yield Mutation(kind=kind, path=path, value=worse, pointer=pointer(path))
        if isinstance(value, dict):
            yield from _broken_objects(branch, value, path)


def _values(schema: JsonSchema, value: Any, path: Path) -> Iterator[tuple[Path, JsonSchema, JsonSchema, Any]]:
    """Yield every value in `value`, with its schema and the branch of it that holds."""
    branches: list[JsonSchema] = schema.get("oneOf") or schema.get("anyOf") or [schema]
    branch = next(part for part in branches if _kinds(part) & {kind_of(value), _wider(value)})
    yield path, schema, branch, value
    if isinstance(value, dict):
        for name, part in value.items():
            inner = branch.get("properties", {}).get(name) or branch["additionalProperties"]
            yield from _values(inner, part, (*path, name))
    elif isinstance(value, list):
        for place, item in enumerate(value):
            yield from _values(branch["items"], item, (*path, place))


def _kinds(schema: JsonSchema) -> set[str]:
    branches = schema.get("oneOf") or schema.get("anyOf")
    if branches:
        return set().union(*(_kinds(branch) for branch in branches))
    if "type" not in schema:
        return {kind_of(value) for value in schema.get("enum", [schema.get("const")])}
    return set(schema["type"]) if isinstance(schema["type"], list) else {schema["type"]}


def _wider(value: object) -> str:
    return "number" if kind_of(value) == "integer" else kind_of(value)


def _worse(schema: JsonSchema, value: Any) -> Iterator[tuple[str, object]]:
    kind = kind_of(value)
    if "enum" in schema or "const" in schema:
        yield "not listed", STRANGER
    if _wider(value) == "number" and "minimum" in schema:
        yield "too small", schema["minimum"] - 1
    if _wider(value) == "number" and "maximum" in schema:
        yield "too large", schema["maximum"] + 1
    if kind == "string" and schema.get("minLength"):
        yield "too short", ""
    if kind == "string" and "maxLength" in schema:
        yield "too long", "x" * (schema["maxLength"] + 1)
    if kind == "string" and "pattern" in schema:
        yield "trailing newline", f"{value}\n"
    if kind == "array" and schema.get("minItems"):
        yield "too few", []
    if kind == "array" and schema.get("uniqueItems") and value:
        yield "twice", [*value, value[0]]


def _broken_objects(schema: JsonSchema, value: dict[str, Any], path: Path) -> Iterator[Mutation]:
    for name in value:
        others = {other: part for other, part in value.items() if other != name}
        place = pointer((*path, name))
        if name in schema.get("required", ()):
            yield Mutation(kind="dropped", path=path, value=others, pointer=place)
        if schema["additionalProperties"] is False or _refuses(schema.get("propertyNames", {}), STRANGER):
            renamed = others | {STRANGER: value[name]}
            yield Mutation(kind="renamed", path=path, value=renamed, pointer=pointer((*path, STRANGER)), also=place)


def _refuses(names: JsonSchema, name: str) -> bool:
    return re.search(names.get("pattern", ""), name) is None


def _replaced(data: Any, path: Path, value: object) -> Any:
    if not path:
        return value
    copy = data.copy()
    copy[path[0]] = _replaced(data[path[0]], path[1:], value)
    return copy
