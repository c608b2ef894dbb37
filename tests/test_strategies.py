from __future__ import annotations

from typing import Any

import pytest
from hypothesis import find, given
from hypothesis import strategies as st

from datagap import model
from datagap.schema import JsonSchema
from spec_lint import KEYWORDS
from tests import strategies

INLINED_AWAY = {"$ref", "$defs"}

SCHEMAS: list[JsonSchema] = [
    {"type": "null"},
    {"type": ["string", "integer", "number", "boolean", "array", "null"], "items": {"type": "string"}},
    {"type": "integer", "minimum": -3, "maximum": 3},
    {"type": "number", "minimum": 0, "maximum": 1},
    {"type": "string", "minLength": 2, "maxLength": 3},
    {"type": "string", "minLength": 1, "maxLength": 5, "pattern": "^[^\\u0000-\\u001f]+$"},
    {"type": "string", "format": "date-time", "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:]{8}Z$"},
    {"const": {"a": [1]}},
    {"enum": ["a", 1, None]},
    {"type": "array", "items": {"type": "integer", "minimum": 0, "maximum": 4}, "minItems": 2, "uniqueItems": True},
    {"type": "array", "items": {"type": "null"}, "minItems": 7, "maxItems": 7},
    {
        "type": "object",
        "additionalProperties": {"type": "boolean"},
        "propertyNames": {"pattern": "^[a-z]+$"},
        "minProperties": 2,
    },
    {
        "type": "object",
        "additionalProperties": False,
        "properties": {name: {"type": "integer"} for name in "abcdef"},
        "required": ["a"],
        "minProperties": 3,
        "dependentRequired": {"b": ["c"], "c": ["d"], "e": ["f"]},
    },
    {"oneOf": [{"type": "integer", "minimum": 1}, {"type": "array", "items": {"type": "string"}, "minItems": 1}]},
    {"anyOf": [{"type": "string", "pattern": "^[a-z]{2}$"}, {"type": "null"}]},
]

REFUSED: list[JsonSchema] = [
    {"type": "integer", "multipleOf": 2},
    {"not": {"type": "null"}},
    {"$ref": "#/$defs/a"},
    {"type": "integer", "minLength": 1},
    {"type": "string", "minimum": 1},
    {"oneOf": [{"type": "null"}], "type": "null"},
    {"oneOf": [{"type": "null"}], "anyOf": [{"type": "null"}]},
    {},
    {"type": "array"},
    {"type": "object"},
    {"type": "object", "additionalProperties": True},
    {"type": "object", "properties": {}},
    {"type": "object", "additionalProperties": {"type": "null"}, "required": ["a"]},
    {"type": "object", "additionalProperties": False, "properties": {}, "propertyNames": {"pattern": "^a$"}},
    {"type": "string", "pattern": "a"},
    {"type": "string", "pattern": "^é$"},
    {"type": "string", "format": "date-time"},
    {"type": "string", "format": "email", "pattern": "^.$"},
]


def test_every_keyword_that_the_spec_may_use_has_a_strategy() -> None:
    assert strategies.KEYWORDS - {"$comment"} == KEYWORDS - INLINED_AWAY


@pytest.mark.parametrize("schema", SCHEMAS, ids=str)
@given(st.data())
def test_a_strategy_gives_what_its_schema_accepts(schema: JsonSchema, data: st.DataObject) -> None:
    value = data.draw(strategies.from_schema(schema))
    assert model.accepting(schema).is_valid(value), value


@pytest.mark.parametrize("schema", REFUSED, ids=str)
def test_a_schema_that_no_strategy_does_justice_is_refused(schema: JsonSchema) -> None:
    with pytest.raises(strategies.UnsupportedSchemaError, match=r"no strategy for"):
        strategies.from_schema(schema)


OPEN: JsonSchema = {"type": "string"}
PAIR: JsonSchema = {
    "type": "object",
    "additionalProperties": False,
    "required": ["a"],
    "properties": {"a": {"type": ["integer", "null"]}, "b": {"type": "number"}},
}
REACHED: list[tuple[JsonSchema, Any]] = [(OPEN, text) for text in strategies.AWKWARD]
REACHED += [(PAIR, {"a": None}), (PAIR, {"a": 0, "b": 0})]


@pytest.mark.parametrize(("schema", "value"), REACHED, ids=repr)
def test_a_strategy_reaches_the_awkward_and_the_optional(schema: JsonSchema, value: object) -> None:
    assert find(strategies.from_schema(schema), lambda found: found == value) == value
