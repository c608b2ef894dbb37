from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeAlias

import pytest

from datagap import model
from datagap.schema import JsonSchema, read_folder
from spec_lint import DRAFT, lint

SPEC = Path(__file__).resolve().parent.parent / "spec"
Documents: TypeAlias = dict[str, JsonSchema]

NOTE: JsonSchema = {"description": "A note.", "type": "string"}
SAMPLE: Documents = {
    "common": {
        "$schema": DRAFT,
        "title": "Common",
        "description": "Shared definitions.",
        "$defs": {"name": {"title": "Name", "description": "A name.", "type": "string", "minLength": 1}},
    },
    "thing": {
        "$schema": DRAFT,
        "title": "Thing",
        "description": "A thing.",
        "type": "object",
        "additionalProperties": False,
        "required": ["name"],
        "properties": {
            "name": {"description": "Its name.", "$ref": "common.schema.json#/$defs/name"},
            "note": NOTE,
            "parts": {"description": "Its parts.", "type": "array", "items": {"$ref": "#/$defs/part"}},
        },
        "$defs": {
            "part": {
                "title": "Part",
                "description": "A part.",
                "type": "object",
                "additionalProperties": False,
                "properties": {"from": {"description": "Where it is from.", "type": "string"}},
            }
        },
    },
}

Change: TypeAlias = Callable[[Documents], object]


def note(**keywords: object) -> Change:
    """Put keywords on the property `note`."""
    return lambda documents: documents["thing"]["properties"]["note"].update(keywords)


def thing(**keywords: object) -> Change:
    """Put keywords on the record."""
    return lambda documents: documents["thing"].update(keywords)


def without(*path: str) -> Change:
    """Delete what stands at a path."""

    def change(documents: Documents) -> None:
        node: Any = documents
        for part in path[:-1]:
            node = node[part]
        del node[path[-1]]

    return change


def with_property(name: str) -> Change:
    return lambda documents: documents["thing"]["properties"].update({name: NOTE})


def with_union(*branches: JsonSchema) -> Change:
    union = {"description": "A choice.", "oneOf": list(branches)}
    return lambda documents: documents["thing"]["properties"].update(note=union)


def tagged(kind: str) -> JsonSchema:
    return {
        "type": "object",
        "additionalProperties": False,
        "required": ["kind"],
        "properties": {"kind": {"description": "Tag.", "const": kind}},
    }


def renamed(documents: Documents) -> None:
    documents["Thing-2"] = documents.pop("thing")


NOTE_AT = "thing.schema.json/properties/note"
BROKEN: list[tuple[Change, str]] = [
    (without("common"), "common.schema.json: is missing"),
    (renamed, "Thing-2.schema.json: file name is not snake_case"),
    (thing(**{"$schema": "http://json-schema.org/draft-07/schema#"}), "thing.schema.json/$schema: expected https://"),
    (thing(type="objekt"), "thing.schema.json/type: not a valid schema: 'objekt'"),
    (thing(title=5), "thing.schema.json/title: not a valid schema: 5"),
    (note(pattern="("), f"{NOTE_AT}/pattern: not a valid schema: '('"),
    (lambda documents: documents["thing"]["properties"].update(note=True), f"{NOTE_AT}: true and false are not used"),
    (thing(additionalProperties=True), "thing.schema.json/additionalProperties: true and false are not used"),
    (without("thing", "title"), "thing.schema.json: title is missing"),
    (without("thing", "description"), "thing.schema.json: description is missing"),
    (thing(type="array"), "thing.schema.json/type: a record is an object"),
    (without("common", "$defs", "name", "title"), "common.schema.json/$defs/name: title is missing"),
    (without("thing", "$defs", "part", "description"), "thing.schema.json/$defs/part: description is missing"),
    (note(multipleOf=2), f"{NOTE_AT}/multipleOf: keyword is not used in this project"),
    (
        lambda documents: documents["thing"]["properties"]["name"].update(minLength=2),
        "thing.schema.json/properties/name: only default, description, examples, title may stand beside $ref",
    ),
    (note(pattern=r"^\d$"), rf"{NOTE_AT}/pattern: \d, \w and \s differ"),
    (note(pattern="^a"), f"{NOTE_AT}/pattern: a pattern is ASCII and matches the whole text"),
    (note(pattern="a$"), f"{NOTE_AT}/pattern: a pattern is ASCII and matches the whole text"),
    (note(pattern="^é$"), f"{NOTE_AT}/pattern: a pattern is ASCII and matches the whole text"),
    (
        note(type="object", additionalProperties={"type": "null"}, propertyNames={"pattern": "x"}),
        f"{NOTE_AT}/propertyNames/pattern: a pattern is ASCII",
    ),
    (without("thing", "additionalProperties"), "thing.schema.json: an object with properties needs additionalProp"),
    (
        without("thing", "$defs", "part", "additionalProperties"),
        "thing.schema.json/$defs/part: an object with properties needs additionalProperties: false",
    ),
    (thing(required=["nome"]), "thing.schema.json/required: nome is not a property"),
    (with_property("Note"), "thing.schema.json/properties/Note: property name is not snake_case"),
    (with_property("class"), "thing.schema.json/properties/class: property name is a Python keyword"),
    (without("thing", "properties", "note", "description"), f"{NOTE_AT}: description is missing"),
    (
        without("thing", "$defs", "part", "properties", "from", "description"),
        "thing.schema.json/$defs/part/properties/from: description is missing",
    ),
    (thing(title="a thing"), "thing.schema.json/title: 'a thing' is no class name"),
    (thing(title="Name"), "thing.schema.json/title: Name is taken by common.schema.json/$defs/name"),
    (
        lambda documents: documents["thing"]["properties"]["name"].update({"$ref": "common.schema.json#/$defs/nome"}),
        "thing.schema.json: common.schema.json#/$defs/nome leads nowhere",
    ),
    (
        lambda documents: documents["thing"]["$defs"].update(
            part={"title": "Part", "description": "A part.", "$ref": "#/$defs/part"}
        ),
        "thing.schema.json: #/$defs/part refers to itself",
    ),
    (note(default=5), f"{NOTE_AT}: default or example 5 breaks its own schema"),
    (note(minLength=2, examples=["ab", "c"]), f"{NOTE_AT}: default or example 'c' breaks its own schema"),
    (
        lambda documents: documents["thing"]["properties"]["name"].update(default=""),
        "thing.schema.json/properties/name: default or example '' breaks its own schema",
    ),
    (
        with_union({"type": ["string", "null"]}, {"type": "integer"}),
        f"{NOTE_AT}: every branch of a union needs one type",
    ),
    (with_union({"const": 1}, {"type": "null"}), f"{NOTE_AT}: every branch of a union needs one type"),
    (with_union({"type": "string"}, {"type": "string"}), f"{NOTE_AT}: branches of a union have the same type"),
    (with_union(tagged("a"), tagged("a")), f"{NOTE_AT}: objects in a union need a required property whose const"),
    (
        with_union(tagged("a"), tagged("b") | {"required": []}),
        f"{NOTE_AT}: objects in a union need a required property whose const",
    ),
]


def sample() -> Documents:
    documents: Documents = json.loads(json.dumps(SAMPLE))
    return documents


def test_the_spec_is_in_order() -> None:
    assert lint(read_folder(SPEC)) == []


@pytest.mark.parametrize("change", [note(), with_union(tagged("a"), tagged("b"), {"type": "null"})])
def test_a_spec_that_follows_the_rules_is_in_order(change: Change) -> None:
    documents = sample()
    change(documents)
    assert lint(documents) == []


@pytest.mark.parametrize(("change", "message"), BROKEN, ids=[message for _, message in BROKEN])
def test_a_broken_rule_is_reported_with_its_place(change: Change, message: str) -> None:
    documents = sample()
    change(documents)
    assert [line for line in lint(documents) if line.startswith(message)]


def test_what_is_wrong_in_several_places_is_reported_at_once_and_once() -> None:
    documents = sample()
    with_property("Note")(documents)
    thing(title="thing")(documents)
    assert lint(documents) == [
        "thing.schema.json/properties/Note: property name is not snake_case",
        "thing.schema.json/title: 'thing' is no class name",
    ]


PRIOR_TOOL: dict[model.RecordName, set[str]] = {
    "nl_query": {"id", "when", "actor", "channel", "nl_text", "outcome"},
    "slack_message": {"id", "when", "actor", "channel", "text"},
    "email_message": {"id", "when", "actor", "channel", "subject", "body"},
    "dataset": {"name", "domain", "layer", "owner", "columns"},
    "freshness_row": {"dataset", "max_loaded_at", "sla_hours"},
    "lineage_edge": {"from", "to"},
}


@pytest.mark.parametrize(("name", "required"), PRIOR_TOOL.items())
def test_records_ask_for_no_more_and_no_less_than_the_prior_tool_wrote(
    name: model.RecordName, required: set[str]
) -> None:
    assert set(model.schema(name)["required"]) == required
