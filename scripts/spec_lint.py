"""Check the JSON Schemas in spec/ before anything is generated from them."""

from __future__ import annotations

import keyword
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import jsonschema

from datagap.problem import did_you_mean
from datagap.schema import COMMON, SUFFIX, JsonSchema, SchemaError, inline
from dictionary import examples, holds_objects, kinds

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
        "unit",
        "oneOf",
        "anyOf",
        "propertyNames",
        "minProperties",
        "dependentRequired",
    ]
)
BESIDE_REF = frozenset({"$ref", "description", "default", "title", "examples", "unit"})
NUMBERS = frozenset({"integer", "number"})
NOT_PORTABLE = re.compile(r"\\[dDwWsSbB]")


def lint(documents: Mapping[str, JsonSchema]) -> list[str]:
    """Return what is wrong with the schemas, one line each: `file/pointer: message`.

    What a later rule presumes, an earlier one has checked: first that each file is a schema, then the rules of this
    project, then those that need references followed.
    """
    problems = [line for name in documents for line in _lint_schema(documents[name], name + SUFFIX)]
    if COMMON not in documents:
        problems.append(f"{COMMON}{SUFFIX}: is missing")
    if not problems:
        problems = [line for name in documents for line in _lint_document(name, documents[name])]
        problems += _lint_titles(documents)
    if not problems:
        problems = [line for name in documents for line in _lint_inlined(name, documents)]
    return sorted(set(problems))


def _lint_schema(schema: JsonSchema, where: str) -> Iterator[str]:
    if schema.get("$schema") != DRAFT:
        yield f"{where}/$schema: expected {DRAFT}"
    try:
        jsonschema.Draft202012Validator.check_schema(schema)
    except jsonschema.SchemaError as error:
        yield f"{where}/{'/'.join(map(str, error.path))}: not a valid schema: {error.message}"
        return
    for place, node in nodes(schema, where):
        if not isinstance(node, dict):
            yield f"{place}: true and false are not used as schemas"


def _lint_document(name: str, schema: JsonSchema) -> Iterator[str]:
    where = name + SUFFIX
    if not re.fullmatch("[a-z][a-z0-9_]*", name):
        yield f"{where}: file name is not snake_case"
    if name != COMMON and schema.get("type") != "object":
        yield f"{where}/type: a record is an object"
    for place, part in [(where, schema), *((f"{where}/$defs/{key}", part) for key, part in _definitions(schema))]:
        for key in ("title", "description"):
            if not part.get(key):
                yield f"{place}: {key} is missing"
    for place, node in nodes(schema, where):
        yield from _lint_node(node, place)


def _lint_node(node: JsonSchema, where: str) -> Iterator[str]:
    for key in sorted(node.keys() - KEYWORDS):
        advice = did_you_mean(key, KEYWORDS) or "add support for it or remove it"
        yield f"{where}/{key}: keyword is not used in this project; {advice}"
    if "$ref" in node and node.keys() - BESIDE_REF:
        yield f"{where}: only {', '.join(sorted(BESIDE_REF - {'$ref'}))} may stand beside $ref"
    pattern = node.get("pattern", "^$")
    if NOT_PORTABLE.search(pattern):
        yield f"{where}/pattern: \\d, \\w and \\s differ between validators; write [0-9] and the like"
    if not (pattern.isascii() and pattern.startswith("^") and pattern.endswith("$")):
        yield f"{where}/pattern: a pattern is ASCII and matches the whole text; write ^...$"
    yield from _lint_shape(node, where)
    for name, part in node.get("properties", {}).items():
        yield from _lint_property(name, part, f"{where}/properties/{name}")
    for name in node.get("required", []):
        if name not in node.get("properties", {}):
            yield f"{where}/required: {name} is not a property"


def _lint_shape(node: JsonSchema, where: str) -> Iterator[str]:
    if "array" in kinds(node) and "items" not in node:
        yield f"{where}: a list needs items"
    if "properties" in node:
        if node.get("additionalProperties") is not False:
            yield f"{where}: an object with properties needs additionalProperties: false"
        if not re.fullmatch(r"[^/]+(/\$defs/[^/]+)?", where):
            yield f"{where}: an object with properties needs a name; put it under $defs"
    elif "object" in kinds(node) and not node.get("additionalProperties"):
        yield f"{where}: an object needs properties or additionalProperties"


def _lint_property(name: str, part: JsonSchema, where: str) -> Iterator[str]:
    if not re.fullmatch("[a-z][a-z0-9_]*", name):
        yield f"{where}: property name is not snake_case"
    if keyword.iskeyword(name) and name not in FIELD_NAMES:
        yield f"{where}: property name is a Python keyword; add it to FIELD_NAMES in scripts/spec_lint.py"
    if not part.get("description"):
        yield f"{where}: description is missing"


def _lint_titles(documents: Mapping[str, JsonSchema]) -> Iterator[str]:
    seen: dict[str, str] = {}
    for name, schema in documents.items():
        parts = {name + SUFFIX: schema} if name != COMMON else {}
        parts |= {f"{name}{SUFFIX}/$defs/{key}": part for key, part in _definitions(schema)}
        for where, part in parts.items():
            title = part.get("title", "")
            if not re.fullmatch("[A-Z][A-Za-z0-9]*", title):
                yield f"{where}/title: {title!r} is no class name"
            elif title in seen:
                yield f"{where}/title: {title} is taken by {seen[title]}"
            seen.setdefault(title, where)
        for key, _ in _definitions(schema):
            if name != COMMON and key in dict(_definitions(documents[COMMON])):
                yield f"{name}{SUFFIX}/$defs/{key}: name is taken by {COMMON}{SUFFIX}/$defs/{key}"


def _lint_inlined(name: str, documents: Mapping[str, JsonSchema]) -> Iterator[str]:
    if name == COMMON:
        return
    try:
        schema = inline(name, documents)
    except SchemaError as error:
        yield str(error)
        return
    yield from _lint_unions(schema, name + SUFFIX)
    for where, node in nodes(schema, name + SUFFIX):
        yield from _lint_unit(node, where)
        yield from _lint_examples(node, where)


def _lint_unit(node: JsonSchema, where: str) -> Iterator[str]:
    """Yield what is wrong with a unit: every number has one, a word or 1, and nothing else has.

    A value that may also be of another type than a number or null, as a fact of the catalog, has none.
    """
    found = {*kinds(node)} - {"null"}
    if not found or found - NUMBERS:
        if "unit" in node:
            yield f"{where}/unit: only a number has a unit"
    elif "unit" not in node:
        yield f'{where}: a number needs a unit; add "unit": "hours", or what it is, here or where it refers to'
    elif not (isinstance(node["unit"], str) and re.fullmatch("1|[A-Za-z]+(-[A-Za-z]+)*", node["unit"])):
        yield f"{where}/unit: {node['unit']!r} is neither a word nor 1"


def _lint_examples(node: JsonSchema, where: str) -> Iterator[str]:
    for value in [*node.get("examples", []), *([node["default"]] if "default" in node else [])]:
        for broken in jsonschema.Draft202012Validator(node).iter_errors(value):
            yield f"{where}: default or example {value!r} breaks its own schema: {broken.message}"
    for name, part in node.get("properties", {}).items():
        if not (examples(part) or holds_objects(part)):
            yield f"{where}/properties/{name}: has no example; add examples here or to the definition it refers to"


def _definitions(schema: JsonSchema) -> Iterable[tuple[str, JsonSchema]]:
    definitions: dict[str, JsonSchema] = schema.get("$defs", {})
    return definitions.items()


def nodes(node: Any, where: str) -> Iterator[tuple[str, Any]]:
    """Yield a schema and every schema in it, with its place."""
    yield where, node
    if not isinstance(node, dict):
        return
    for key in ("properties", "$defs"):
        for name, part in node.get(key, {}).items():
            yield from nodes(part, f"{where}/{key}/{name}")
    for key in ("items", "propertyNames", "additionalProperties"):
        if key in node and not (key == "additionalProperties" and node[key] is False):
            yield from nodes(node[key], f"{where}/{key}")
    for key in ("oneOf", "anyOf"):
        for position, branch in enumerate(node.get(key, [])):
            yield from nodes(branch, f"{where}/{key}/{position}")


def _lint_unions(schema: JsonSchema, name: str) -> Iterator[str]:
    for where, node in nodes(schema, name):
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
