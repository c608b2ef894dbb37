"""Hypothesis strategies for every record, built from the schemas when the tests run."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from datetime import datetime
from functools import cache
from typing import Any, Final, TypeVar

from hypothesis import strategies as st

from datagap import model
from datagap.schema import JsonSchema

T = TypeVar("T")

NOTES: Final = frozenset({"$schema", "$comment", "title", "description", "default", "examples", "unit"})
"""Keywords that say nothing about what is valid."""
UNIONS: Final = frozenset({"oneOf", "anyOf"})
RULES: Final[Mapping[str, frozenset[str]]] = {
    "null": frozenset(),
    "boolean": frozenset(),
    "integer": frozenset({"minimum", "maximum"}),
    "number": frozenset({"minimum", "maximum"}),
    "string": frozenset({"minLength", "maxLength", "pattern", "format"}),
    "array": frozenset({"items", "minItems", "maxItems", "uniqueItems"}),
    "object": frozenset(
        {"properties", "required", "additionalProperties", "propertyNames", "minProperties", "dependentRequired"}
    ),
}
"""Keywords that bear on the values of each type."""
KEYWORDS: Final = NOTES | UNIONS | {"type", "enum", "const"} | frozenset().union(*RULES.values())

LEAST, MOST = -(2**63), 2**64 - 1
"""The whole numbers that JSON of ours may hold."""
EXACT = 2**53
"""The whole numbers up to here are floats too."""
MORE = 2
"""How many members, at most, a list or an object gets beyond those that it needs."""
AWKWARD: Final = (
    "",
    " ",
    "\t\r\n",
    "\x00",
    "\x7f\x85\u2028\u2029\ufeff",
    "null",
    '"\\/',
    "=1+1",
    "',;--",
    "<b>&amp;</b>",
    "e\u0301\u200d\u202e\u05d0",
    "\U0001f9d1\U0001f3fd\u200d\U0001f4bb",
    "\ufffe\U0010ffff",
)
CHARACTERS: Final = st.characters(codec="utf-8")
"""Every character but surrogates, which UTF-8 cannot write."""


class UnsupportedSchemaError(Exception):
    """A schema uses what no strategy is built for; teach this module about it."""


def data(name: model.RecordName) -> st.SearchStrategy[Any]:
    """Return a strategy for the JSON data of a record."""
    return _data(name)


def record(record_type: type[T]) -> st.SearchStrategy[T]:
    """Return a strategy for instances of a generated class that stands for a record."""
    return data(model.RECORDS[record_type]).map(lambda value: model.load(record_type, value))


@cache
def _data(name: model.RecordName) -> st.SearchStrategy[Any]:
    return from_schema(model.schema(name))


def from_schema(schema: JsonSchema) -> st.SearchStrategy[Any]:
    """Return a strategy for what an inlined schema accepts; raise UnsupportedSchemaError where it cannot tell."""
    if unknown := schema.keys() - KEYWORDS:
        raise UnsupportedSchemaError(f"no strategy for {', '.join(sorted(unknown))}")
    unions = schema.keys() & UNIONS
    if unions:
        if schema.keys() - NOTES - unions or len(unions) > 1:
            raise UnsupportedSchemaError("no strategy for a union beside other rules")
        return st.one_of([from_schema(branch) for branch in schema[unions.pop()]])
    if "const" in schema:
        return st.just(schema["const"])
    if "enum" in schema:
        return st.sampled_from(schema["enum"])
    if "type" not in schema:
        raise UnsupportedSchemaError("no strategy for a schema without a type")
    kinds = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
    if beside := schema.keys() - NOTES - {"type"} - frozenset().union(*(RULES[kind] for kind in kinds)):
        raise UnsupportedSchemaError(f"no strategy for {', '.join(sorted(beside))} on {' or '.join(kinds)}")
    return st.one_of([_BUILDERS[kind](schema) for kind in kinds])


def _null(_: JsonSchema) -> st.SearchStrategy[None]:
    return st.none()


def _boolean(_: JsonSchema) -> st.SearchStrategy[bool]:
    return st.booleans()


def _integer(schema: JsonSchema) -> st.SearchStrategy[int]:
    return st.integers(max(LEAST, schema.get("minimum", LEAST)), min(MOST, schema.get("maximum", MOST)))


def _number(schema: JsonSchema) -> st.SearchStrategy[float]:
    low, high = schema.get("minimum"), schema.get("maximum")
    whole = st.integers(max(-EXACT, schema.get("minimum", -EXACT)), min(EXACT, schema.get("maximum", EXACT)))
    return st.floats(low, high, allow_nan=False, allow_infinity=False) | whole


def _string(schema: JsonSchema) -> st.SearchStrategy[str]:
    if "format" in schema:
        return _instant(schema)
    least, most = schema.get("minLength", 0), schema.get("maxLength")
    awkward = [text for text in AWKWARD if least <= len(text) <= (len(text) if most is None else most)]
    if "pattern" not in schema:
        texts = st.text(CHARACTERS, min_size=least, max_size=most)
        return texts | st.sampled_from(awkward) if awkward else texts
    body = _body(schema["pattern"])
    fitting = [text for text in awkward if re.fullmatch(body, text)]
    texts = st.from_regex(body, fullmatch=True, alphabet=CHARACTERS)
    if least > 1 or most is not None:
        texts = texts.filter(lambda text: least <= len(text) <= (len(text) if most is None else most))
    return texts | st.sampled_from(fitting) if fitting else texts


def _body(pattern: str) -> str:
    if not (pattern.isascii() and pattern.startswith("^") and pattern.endswith("$")):
        raise UnsupportedSchemaError(f"no strategy for the pattern {pattern}, which is not ASCII from ^ to $")
    return pattern[1:-1]


def _instant(schema: JsonSchema) -> st.SearchStrategy[str]:
    if schema["format"] != "date-time" or "pattern" not in schema or schema.keys() & {"minLength", "maxLength"}:
        raise UnsupportedSchemaError(f"no strategy for the format {schema['format']} without a pattern of its own")
    body = _body(schema["pattern"])
    return st.datetimes().map(_render).filter(lambda text: re.fullmatch(body, text) is not None)


def _render(moment: datetime) -> str:
    return f"{moment.replace(microsecond=0).isoformat()}Z"


def _array(schema: JsonSchema) -> st.SearchStrategy[list[Any]]:
    if "items" not in schema:
        raise UnsupportedSchemaError("no strategy for an array without items")
    least = schema.get("minItems", 0)
    return st.lists(
        from_schema(schema["items"]),
        min_size=least,
        max_size=min(least + MORE, schema.get("maxItems", least + MORE)),
        unique_by=_canonical if schema.get("uniqueItems") else None,
    )


def _canonical(value: object) -> str:
    return json.dumps(value, sort_keys=True)


def _object(schema: JsonSchema) -> st.SearchStrategy[dict[str, Any]]:
    beyond = schema.get("additionalProperties")
    if not (beyond is False or isinstance(beyond, dict)) or ("properties" in schema) is not (beyond is False):
        raise UnsupportedSchemaError("no strategy for an object that has neither properties alone nor a schema for all")
    if isinstance(beyond, dict):
        if schema.keys() & {"required", "dependentRequired"}:
            raise UnsupportedSchemaError("no strategy for required properties without a schema of their own")
        names = {"type": "string"} | schema.get("propertyNames", {})
        least = schema.get("minProperties", 0)
        return st.dictionaries(from_schema(names), from_schema(beyond), min_size=least, max_size=least + MORE)
    if "propertyNames" in schema:
        raise UnsupportedSchemaError("no strategy for propertyNames beside properties")
    parts = {name: from_schema(part) for name, part in schema["properties"].items()}
    return _chosen_names(schema).flatmap(lambda names: st.fixed_dictionaries({name: parts[name] for name in names}))


def _chosen_names(schema: JsonSchema) -> st.SearchStrategy[list[str]]:
    """Return a strategy for the properties that an object has, in the order of the schema."""
    required = frozenset(schema.get("required", ()))
    needed = schema.get("dependentRequired", {})
    least = schema.get("minProperties", 0)
    optional = [name for name in schema["properties"] if name not in required]

    def choose(mask: int) -> list[str]:
        chosen = [name for place, name in enumerate(optional) if mask >> place & 1]
        names = _with_needed(required | {*chosen}, needed)
        for name in optional[mask % (len(optional) + 1) :] + optional:
            if len(names) < least:
                names = _with_needed(names | {name}, needed)
        return [name for name in schema["properties"] if name in names]

    everything = (1 << len(optional)) - 1
    return (st.sampled_from([0, everything]) | st.integers(0, everything)).map(choose)


def _with_needed(names: frozenset[str], needed: Mapping[str, list[str]]) -> frozenset[str]:
    while more := {other for name in names for other in needed.get(name, ())} - names:
        names = names | more
    return names


_BUILDERS: Final[Mapping[str, Callable[[JsonSchema], st.SearchStrategy[Any]]]] = {
    "null": _null,
    "boolean": _boolean,
    "integer": _integer,
    "number": _number,
    "string": _string,
    "array": _array,
    "object": _object,
}
