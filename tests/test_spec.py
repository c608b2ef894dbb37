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

NOTE: JsonSchema = {"description": "A note.", "type": "string", "examples": ["fragile"]}
SAMPLE: Documents = {
    "common": {
        "$schema": DRAFT,
        "title": "Common",
        "description": "Shared definitions.",
        "$defs": {
            "name": {"title": "Name", "description": "A name.", "type": "string", "minLength": 1, "examples": ["ann"]},
            "tally": {"title": "Tally", "description": "How many.", "type": "integer", "minimum": 0},
        },
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
            "count": {
                "description": "How many.",
                "$ref": "common.schema.json#/$defs/tally",
                "unit": "things",
                "default": 1,
            },
            "fact": {"description": "Any.", "type": ["number", "string"], "examples": ["red"]},
        },
        "$defs": {
            "part": {
                "title": "Part",
                "description": "A part.",
                "type": "object",
                "additionalProperties": False,
                "properties": {"from": {"description": "Where it is from.", "type": "string", "examples": ["here"]}},
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


def with_objects(*objects: JsonSchema) -> Change:
    """Make the property `note` a choice of objects or null."""

    def change(documents: Documents) -> None:
        for place, part in enumerate(objects):
            documents["thing"]["$defs"][f"object_{place}"] = part | {"title": f"Object{place}", "description": "One."}
        with_union(*({"$ref": f"#/$defs/object_{place}"} for place in range(len(objects))), {"type": "null"})(documents)

    return change


def counted(**keywords: object) -> Change:
    """Make the property `note` a whole number."""
    node: JsonSchema = {"description": "A count.", "type": "integer", "default": 1, **keywords}
    return lambda documents: documents["thing"]["properties"].update(note=node)


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
        "thing.schema.json/properties/name: only default, description, examples, title, unit may stand beside $ref",
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
    (with_objects(tagged("a"), tagged("a")), f"{NOTE_AT}: objects in a union need a required property whose const"),
    (
        with_objects(tagged("a"), tagged("b") | {"required": []}),
        f"{NOTE_AT}: objects in a union need a required property whose const",
    ),
    (with_union(tagged("a"), {"type": "null"}), f"{NOTE_AT}/oneOf/0: an object with properties needs a name"),
    (note(type="array"), f"{NOTE_AT}: a list needs items"),
    (note(type=["array", "null"]), f"{NOTE_AT}: a list needs items"),
    (note(type="object"), f"{NOTE_AT}: an object needs properties or additionalProperties"),
    (
        lambda documents: documents["thing"]["$defs"].update(name=documents["thing"]["$defs"]["part"]),
        "thing.schema.json/$defs/name: name is taken by common.schema.json/$defs/name",
    ),
    (counted(), f"{NOTE_AT}: a number needs a unit"),
    (counted(type=["number", "null"]), f"{NOTE_AT}: a number needs a unit"),
    (counted(type="array", items={"type": "number"}, default=[1]), f"{NOTE_AT}/items: a number needs a unit"),
    (
        counted(type="object", additionalProperties={"type": "integer"}, default={"a": 1}),
        f"{NOTE_AT}/additionalProperties: a number needs a unit",
    ),
    (with_union({"type": "integer"}, {"type": "null"}), f"{NOTE_AT}/oneOf/0: a number needs a unit"),
    (
        without("thing", "properties", "count", "unit"),
        "thing.schema.json/properties/count: a number needs a unit; "
        'add "unit": "hours", or what it is, here or where it refers to',
    ),
    (counted(unit=""), f"{NOTE_AT}/unit: '' is neither a word nor 1"),
    (counted(unit="per day"), f"{NOTE_AT}/unit: 'per day' is neither a word nor 1"),
    (counted(unit=1), f"{NOTE_AT}/unit: 1 is neither a word nor 1"),
    (note(unit="words"), f"{NOTE_AT}/unit: only a number has a unit"),
    (note(type=["integer", "string"], unit="rows"), f"{NOTE_AT}/unit: only a number has a unit"),
    (thing(unit="rows"), "thing.schema.json/unit: only a number has a unit"),
    (
        lambda documents: documents["thing"]["properties"]["name"].update(unit="rows"),
        "thing.schema.json/properties/name/unit: only a number has a unit",
    ),
    (without("thing", "properties", "note", "examples"), f"{NOTE_AT}: has no example"),
    (
        without("common", "$defs", "name", "examples"),
        "thing.schema.json/properties/name: has no example; add examples here or to the definition it refers to",
    ),
    (
        without("thing", "$defs", "part", "properties", "from", "examples"),
        "thing.schema.json/properties/parts/items/properties/from: has no example",
    ),
    (without("thing", "properties", "count", "default"), "thing.schema.json/properties/count: has no example"),
    (
        lambda documents: documents["thing"]["properties"].update(
            note={"description": "Some.", "type": "array", "items": {"type": "string"}}
        ),
        f"{NOTE_AT}: has no example",
    ),
]
FOLLOWING: dict[str, Change] = {
    "as it is": note(),
    "a union of objects": with_objects(tagged("a"), tagged("b")),
    "a unit of two words": counted(unit="person-days"),
    "a plain number": counted(unit="1"),
    "a unit beside the reference wins": lambda documents: documents["common"]["$defs"]["tally"].update(unit="1"),
    "a unit by the definition": lambda documents: documents["common"]["$defs"]["tally"].update(
        unit=documents["thing"]["properties"]["count"].pop("unit")
    ),
    "an example of a list by its items": lambda documents: documents["thing"]["properties"].update(
        note={"description": "Notes.", "type": "array", "items": NOTE}
    ),
}


def sample() -> Documents:
    documents: Documents = json.loads(json.dumps(SAMPLE))
    return documents


def test_the_spec_is_in_order() -> None:
    assert lint(read_folder(SPEC)) == []


@pytest.mark.parametrize("change", FOLLOWING.values(), ids=FOLLOWING)
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
