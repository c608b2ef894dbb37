from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from datagap.schema import JsonSchema, SchemaError, defaults, inline, read_folder, read_schema

NAME: JsonSchema = {"description": "A name.", "type": "string", "minLength": 1}


def test_a_reference_is_replaced_by_what_it_refers_to() -> None:
    documents: dict[str, JsonSchema] = {
        "common": {"$defs": {"name": NAME}},
        "thing": {
            "$schema": "draft",
            "properties": {
                "near": {"$ref": "#/$defs/pair"},
                "far": {"$ref": "common.schema.json#/$defs/name"},
                "whole": {"$ref": "other.schema.json"},
            },
            "$defs": {"pair": {"type": "array", "items": {"$ref": "common.schema.json#/$defs/name"}}},
        },
        "other": {"$schema": "draft", "type": "object", "$defs": {"unused": {}}},
    }
    assert inline("thing", documents) == {
        "$schema": "draft",
        "properties": {"near": {"type": "array", "items": NAME}, "far": NAME, "whole": {"type": "object"}},
    }


def test_keywords_beside_a_reference_win() -> None:
    documents = {"a": {"$ref": "b.schema.json", "description": "Mine.", "default": "x"}, "b": NAME}
    assert inline("a", documents) == {"description": "Mine.", "type": "string", "minLength": 1, "default": "x"}


def test_inlining_leaves_the_documents_as_they_were() -> None:
    documents = {"a": {"items": {"$ref": "#/$defs/x"}, "$defs": {"x": NAME}}}
    before = json.dumps(documents)
    inline("a", documents)["items"]["type"] = "integer"
    assert json.dumps(documents) == before


def test_definitions_of_the_same_name_in_two_documents_are_no_cycle() -> None:
    documents: dict[str, JsonSchema] = {
        "a": {"items": {"$ref": "#/$defs/name"}, "$defs": {"name": {"$ref": "b.schema.json#/$defs/outer"}}},
        "b": {"$defs": {"outer": {"$ref": "#/$defs/name"}, "name": NAME}},
    }
    assert inline("a", documents) == {"items": NAME}


BROKEN: list[tuple[JsonSchema, str]] = [
    ({"$ref": "#/$defs/gone"}, "a.schema.json: #/$defs/gone leads nowhere; mend the reference"),
    ({"$ref": "gone.schema.json"}, "a.schema.json: gone.schema.json leads nowhere; mend the reference"),
    ({"$ref": "https://example.org/x"}, "a.schema.json: https://example.org/x leads nowhere; mend the reference"),
    ({"$ref": "#/type/0", "type": "null"}, "a.schema.json: #/type/0 leads nowhere; mend the reference"),
    ({"$ref": "#/type", "type": "null"}, "a.schema.json: #/type is no schema; mend the reference"),
    ({"$ref": "#anchor"}, "a.schema.json: #anchor is no schema; mend the reference"),
    ({"$ref": 5}, "a.schema.json: 5 leads nowhere; mend the reference"),
    ({"$ref": "#"}, "a.schema.json: # refers to itself; mend the reference"),
    ({"items": {"$ref": "a.schema.json"}}, "a.schema.json: a.schema.json refers to itself; mend the reference"),
    (
        {"$ref": "#/$defs/x", "$defs": {"x": {"$ref": "a.schema.json#/$defs/y"}, "y": {"$ref": "#/$defs/x"}}},
        "a.schema.json: #/$defs/x refers to itself; mend the reference",
    ),
]


@pytest.mark.parametrize(("schema", "message"), BROKEN)
def test_a_reference_that_cannot_be_followed_is_refused(schema: JsonSchema, message: str) -> None:
    with pytest.raises(SchemaError) as caught:
        inline("a", {"a": schema})
    assert str(caught.value) == message


def test_a_folder_is_read_by_record_name_and_what_is_no_schema_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "b.schema.json").write_text('{"title": "B"}')
    (tmp_path / "a.schema.json").write_text("{}")
    (tmp_path / "notes.json").write_text("nonsense")
    assert list(read_folder(tmp_path).items()) == [("a", {}), ("b", {"title": "B"})]


UNREADABLE: list[tuple[bytes, str]] = [
    (b"", "is not valid JSON (Expecting value: line 1 column 1 (char 0)); mend the schema"),
    (b"{", "is not valid JSON (Expecting property name enclosed in double quotes: line 1 column 2 (char 1));"),
    (b"\xff{}", "is not valid JSON ('utf-8' codec can't decode byte 0xff"),
    (b"[" * 100_000, "is not valid JSON (maximum recursion depth exceeded"),
    (b"[]", "is not a JSON object; mend the schema"),
]


@pytest.mark.parametrize(("content", "message"), UNREADABLE)
def test_a_file_that_holds_no_schema_is_refused_by_its_path(content: bytes, message: str, tmp_path: Path) -> None:
    path = tmp_path / "a.schema.json"
    path.write_bytes(content)
    with pytest.raises(SchemaError) as caught:
        read_schema(path)
    assert str(caught.value).startswith(f"{path}: {message}")


def test_a_folder_in_place_of_a_schema_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.schema.json"
    path.mkdir()
    with pytest.raises(SchemaError) as caught:
        read_folder(tmp_path)
    assert str(caught.value) == f"{path}: is not a regular file"


SCHEMA: JsonSchema = {
    "properties": {
        "size": {"default": 3},
        "seed": {"default": None},
        "note": {},
        "inner": {"default": {}, "properties": {"rate": {"default": 0.5}}},
        "list": {"items": {"properties": {"flag": {"default": False}}}},
    }
}
INNER = {"rate": 0.5}
DEFAULTS: list[tuple[Any, Any]] = [
    ({}, {"size": 3, "inner": INNER}),
    ({"size": 4, "note": "x"}, {"size": 4, "note": "x", "inner": INNER}),
    ({"size": None}, {"size": None, "inner": INNER}),
    ({"inner": {"rate": 0}}, {"size": 3, "inner": {"rate": 0}}),
    (
        {"inner": {}, "list": [{}, {"flag": True}]},
        {"size": 3, "inner": INNER, "list": [{"flag": False}, {"flag": True}]},
    ),
    ({"unknown": 1}, {"size": 3, "inner": INNER, "unknown": 1}),
    ("text", "text"),
    (None, None),
]


@pytest.mark.parametrize(("value", "filled"), DEFAULTS)
def test_defaults_fill_what_is_absent_and_nothing_else(value: Any, filled: Any) -> None:
    before = json.dumps(value)
    assert defaults(SCHEMA, value) == filled
    assert json.dumps(value) == before
