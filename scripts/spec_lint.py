"""Check the JSON Schemas in spec/ before anything is generated from them."""

from __future__ import annotations

import keyword
import re
from collections.abc import Iterator, Mapping
from typing import Any

import jsonschema

from datagap.schema import COMMON, SUFFIX, JsonSchema, SchemaError, inline

DRAFT = "https://json-schema.org/draft/2020-12/schema"
FIELD_NAMES = {"from": "from_"}
"""Properties that are Python keywords, and the dataclass fields that stand for them."""

KEYWORDS = frozenset(
    [
        "$schema",
        "$ref",
        "$defs",
        "title",
        "description",
        "type",
        "properties",
        "required",
        "additionalProperties",
        "items",
        "minItems",
        "maxItems",
        "uniqueItems",
        "minLength",
        "maxLength",
        "pattern",
        "format",
        "minimum",
        "maximum",
        "const",
        "enum",
        "default",
        "examples",
        "oneOf",
        "anyOf",
        "propertyNames",
        "minProperties",
        "dependentRequired",
    ]
)
BESIDE_REF = frozenset({"$ref", "description", "default", "title", "examples"})
NOT_PORTABLE = re.compile(r"\\[dDwWsSbB]")


def lint(documents: Mapping[str, JsonSchema]) -> list[str]:
    """Return what is wrong with the schemas, one line each: `file/pointer: message`."""
    problems = [line for name in documents for line in _lint_document(name, documents[name])]
    problems += _lint_titles(documents)
    if not problems:
        problems += [line for name in documents for line in _lint_inlined(name, documents)]
    return sorted(set(problems))


def _lint_document(name: str, schema: JsonSchema) -> Iterator[str]:
    where = name + SUFFIX
    if not re.fullmatch("[a-z][a-z0-9_]*", name):
        yield f"{where}: file name is not snake_case"
    if schema.get("$schema") != DRAFT:
        yield f"{where}/$schema: expected {DRAFT}"
    try:
        jsonschema.Draft202012Validator.check_schema(schema)
    except jsonschema.SchemaError as error:
        yield f"{where}/{'/'.join(map(str, error.path))}: not a valid schema: {error.message}"
        return
    for key in ("title", "description"):
        if not schema.get(key):
            yield f"{where}: {key} is missing"
    if name != COMMON and schema.get("type") != "object":
        yield f"{where}/type: a record is an object"
    for key, part in schema.get("$defs", {}).items():
        for needed in ("title", "description"):
            if not part.get(needed):
                yield f"{where}/$defs/{key}: {needed} is missing"
        yield from _lint_node(part, f"{where}/$defs/{key}")
    yield from _lint_node(schema, where)


def _lint_node(node: JsonSchema, where: str) -> Iterator[str]:
    for key in sorted(node.keys() - KEYWORDS):
        yield f"{where}/{key}: keyword is not used in this project; add support for it or remove it"
    if "$ref" in node and node.keys() - BESIDE_REF:
        yield f"{where}: only {', '.join(sorted(BESIDE_REF - {'$ref'}))} may stand beside $ref"
    if NOT_PORTABLE.search(node.get("pattern", "")):
        yield f"{where}/pattern: \\d, \\w and \\s differ between validators; write [0-9] and the like"
    if "properties" in node and node.get("additionalProperties") is not False:
        yield f"{where}: an object with properties needs additionalProperties: false"
    for name, part in node.get("properties", {}).items():
        yield from _lint_property(name, part, f"{where}/properties/{name}")
    for name in node.get("required", []):
        if name not in node.get("properties", {}):
            yield f"{where}/required: {name} is not a property"
    for key in ("items", "additionalProperties", "propertyNames"):
        if isinstance(node.get(key), dict):
            yield from _lint_node(node[key], f"{where}/{key}")
    for key in ("oneOf", "anyOf"):
        for position, branch in enumerate(node.get(key, [])):
            yield from _lint_node(branch, f"{where}/{key}/{position}")


def _lint_property(name: str, part: JsonSchema, where: str) -> Iterator[str]:
    if not re.fullmatch("[a-z][a-z0-9_]*", name):
        yield f"{where}: property name is not snake_case"
    if keyword.iskeyword(name) and name not in FIELD_NAMES:
        yield f"{where}: property name is a Python keyword; add it to FIELD_NAMES"
    if not part.get("description"):
        yield f"{where}: description is missing"
    yield from _lint_node(part, where)


def _lint_titles(documents: Mapping[str, JsonSchema]) -> Iterator[str]:
    seen: dict[str, str] = {}
    for name, schema in documents.items():
        parts = {name + SUFFIX: schema} if name != COMMON else {}
        parts |= {f"{name}{SUFFIX}/$defs/{key}": part for key, part in schema.get("$defs", {}).items()}
        for where, part in parts.items():
            title = part.get("title", "")
            if not re.fullmatch("[A-Z][A-Za-z0-9]*", title):
                yield f"{where}/title: {title!r} is no class name"
            elif title in seen:
                yield f"{where}/title: {title} is taken by {seen[title]}"
            seen.setdefault(title, where)


def _lint_inlined(name: str, documents: Mapping[str, JsonSchema]) -> Iterator[str]:
    if name == COMMON:
        return
    try:
        schema = inline(name, documents)
    except SchemaError as error:
        yield str(error)
        return
    yield from _lint_unions(schema, name + SUFFIX)
    validator = jsonschema.Draft202012Validator
    for where, node in _nodes(schema, name + SUFFIX):
        for value in [*node.get("examples", []), *([node["default"]] if "default" in node else [])]:
            for broken in validator(node).iter_errors(value):
                yield f"{where}: default or example {value!r} breaks its own schema: {broken.message}"


def _nodes(node: JsonSchema, where: str) -> Iterator[tuple[str, JsonSchema]]:
    yield where, node
    for key, part in node.get("properties", {}).items():
        yield from _nodes(part, f"{where}/properties/{key}")
    for key in ("items", "additionalProperties"):
        if isinstance(node.get(key), dict):
            yield from _nodes(node[key], f"{where}/{key}")
    for key in ("oneOf", "anyOf"):
        for position, branch in enumerate(node.get(key, [])):
            yield from _nodes(branch, f"{where}/{key}/{position}")


def _lint_unions(schema: JsonSchema, name: str) -> Iterator[str]:
    for where, node in _nodes(schema, name):
        branches: list[JsonSchema] = node.get("oneOf") or node.get("anyOf") or []
        types = [branch.get("type") for branch in branches]
        objects = [branch for branch in branches if branch.get("type") == "object"]
        if any(not isinstance(kind, str) for kind in types):
            yield f"{where}: every branch of a union needs one type"
        elif len(objects) > 1 and not _tag(objects):
            yield f"{where}: objects in a union need a required property whose const tells them apart"
        elif len([kind for kind in types if kind != "object"]) > len({kind for kind in types if kind != "object"}):
            yield f"{where}: branches of a union have the same type"


def _tag(objects: list[JsonSchema]) -> str | None:
    shared: set[Any] = set.intersection(*(set(part.get("required", [])) for part in objects))
    for name in sorted(shared):
        consts = {str(part["properties"][name].get("const")) for part in objects}
        if len(consts) == len(objects) and "None" not in consts:
            return str(name)
    return None
