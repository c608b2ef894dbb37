from __future__ import annotations

import copy
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from itertools import product
from pathlib import Path
from typing import Any, Final, TypeAlias

import jsonschema_rs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.errors import InvalidArgument

import spec_change
import spec_diff
import spec_lint
from datagap.schema import JsonSchema
from spec_change import Bump, Change, compare
from spec_lint import DRAFT
from tests.strategies import RULES, UnsupportedSchemaError, from_schema

ROOT = Path(__file__).resolve().parent.parent
Documents: TypeAlias = dict[str, JsonSchema]

NONE, READERS, WRITERS, BOTH = (False, False), (True, False), (False, True), (True, True)
X = "thing.schema.json#/properties/x"


def closed(**properties: JsonSchema) -> JsonSchema:
    return {"type": "object", "additionalProperties": False, "properties": properties}


def thing(x: JsonSchema, **keywords: Any) -> Documents:
    return {"thing": {"$schema": DRAFT, "title": "Thing"} | closed(x=x) | keywords}


def verdicts(changes: list[Change]) -> list[tuple[str, tuple[bool, bool], str]]:
    return [(change.place, (change.readers, change.writers), str(change.bump)) for change in changes]


TEXT: JsonSchema = {"type": "string"}
NULL: JsonSchema = {"type": "null"}
WHOLE: JsonSchema = {"type": "integer"}
MAP: JsonSchema = {"type": "object", "additionalProperties": TEXT}
LIST: JsonSchema = {"type": "array", "items": TEXT}
AB, ABC = closed(a=TEXT, b=TEXT), closed(a=TEXT, b=TEXT, c=TEXT)
FULL: JsonSchema = AB | {"minProperties": 1, "required": ["a"]}
NEEDS_C: JsonSchema = {"dependentRequired": {"a": ["c"]}}
CLOSED: JsonSchema = {"additionalProperties": False}
OPEN: JsonSchema = {"additionalProperties": TEXT}
LETTERS, DIGITS = {"pattern": "^[a-z]+$"}, {"pattern": "^[0-9]+$"}


def tagged(kind: str, **properties: JsonSchema) -> JsonSchema:
    return closed(kind={"const": kind}, **properties) | {"required": ["kind"]}


WIDER: list[tuple[JsonSchema, JsonSchema, str]] = [
    (WHOLE, {"type": "number"}, "/type"),
    (TEXT, {"type": ["string", "null"]}, "/type"),
    (TEXT, {"anyOf": [TEXT, NULL]}, "/anyOf"),
    ({"type": ["string", "null"]}, {"oneOf": [NULL, TEXT, WHOLE]}, "/oneOf"),
    ({"anyOf": [TEXT, NULL]}, {"anyOf": [TEXT, NULL, WHOLE]}, "/anyOf"),
    ({"oneOf": [tagged("a"), tagged("b")]}, {"oneOf": [tagged("b"), tagged("a"), tagged("c")]}, "/oneOf"),
    ({"enum": ["a"]}, {"enum": ["a", "b"]}, "/enum"),
    ({"enum": ["a"]}, TEXT | {"enum": ["b", "a"]}, "/enum"),
    ({"const": "a"}, {"enum": ["a", "b"]}, "/enum"),
    ({"const": 1}, {"enum": [1, True]}, "/enum"),
    (TEXT | {"enum": ["a"]}, TEXT, "/enum"),
    (TEXT | {"const": "a"}, TEXT, "/const"),
    (WHOLE | {"minimum": 1}, WHOLE | {"minimum": 0}, "/minimum"),
    (WHOLE | {"minimum": 1}, WHOLE, "/minimum"),
    (WHOLE | {"maximum": 1}, WHOLE | {"maximum": 2}, "/maximum"),
    (WHOLE | {"maximum": 1}, WHOLE, "/maximum"),
    (TEXT | {"minLength": 2}, TEXT | {"minLength": 1}, "/minLength"),
    (TEXT | {"maxLength": 2}, TEXT, "/maxLength"),
    (TEXT | LETTERS, TEXT, "/pattern"),
    (TEXT | {"format": "date-time"}, TEXT, "/format"),
    (LIST | {"minItems": 1}, LIST, "/minItems"),
    (LIST | {"maxItems": 1}, LIST | {"maxItems": 3}, "/maxItems"),
    (LIST | {"uniqueItems": True}, LIST, "/uniqueItems"),
    (LIST | {"uniqueItems": True}, LIST | {"uniqueItems": False}, "/uniqueItems"),
    (LIST, {"type": "array"}, "/items/type"),
    (LIST, LIST | {"items": {"type": ["string", "null"]}}, "/items/type"),
    (LIST, LIST | {"type": ["array", "integer"], "minimum": 3}, "/type"),
    (MAP, MAP | {"additionalProperties": {"type": ["string", "null"]}}, "/additionalProperties/type"),
    (MAP | {"propertyNames": LETTERS}, MAP, "/propertyNames/pattern"),
    (MAP | {"minProperties": 1}, MAP, "/minProperties"),
    (AB | {"required": ["a"]}, AB, "/required"),
    (AB | {"dependentRequired": {"a": ["b"]}}, AB, "/dependentRequired/a"),
    (closed(a=WHOLE), closed(a={"type": "number"}), "/properties/a/type"),
]  # fmt: skip
"""What makes a schema take more, and the keyword to blame; turned around, it takes less."""


@pytest.mark.parametrize(("narrow", "wide", "place"), WIDER)
def test_what_widens_breaks_readers_and_turned_around_breaks_writers(
    narrow: JsonSchema, wide: JsonSchema, place: str
) -> None:
    assert verdicts(compare(thing(narrow), thing(wide))) == [(X + place, READERS, "major")]
    assert verdicts(compare(thing(wide), thing(narrow))) == [(X + place, WRITERS, "major")]


OTHER: list[tuple[JsonSchema, JsonSchema, str, tuple[bool, bool], str]] = [
    (TEXT, WHOLE, "/type", BOTH, "major"),
    ({"type": ["string", "null"]}, {"type": ["string", "integer"]}, "/type", BOTH, "major"),
    ({"enum": ["a", "b"]}, {"enum": ["a", "c"]}, "/enum", BOTH, "major"),
    ({"const": 1}, {"const": True}, "/const", BOTH, "major"),
    (TEXT | LETTERS, TEXT | DIGITS, "/pattern", BOTH, "major"),
    (TEXT | {"format": "date"}, TEXT | {"format": "date-time"}, "/format", BOTH, "major"),
    (MAP | {"propertyNames": LETTERS}, MAP | {"propertyNames": DIGITS}, "/propertyNames/pattern", BOTH, "major"),
    ({"anyOf": [TEXT, NULL]}, {"anyOf": [TEXT, WHOLE]}, "/anyOf", WRITERS, "major"),
    ({"anyOf": [TEXT, TEXT]}, {"anyOf": [TEXT, TEXT | LETTERS]}, "/anyOf", BOTH, "major"),
    ({"anyOf": [TEXT, NULL]}, {"anyOf": [{"type": ["string", "null"]}]}, "/anyOf", BOTH, "major"),
    ({"oneOf": [{"type": "number"}, WHOLE]}, {"anyOf": [{"type": "number"}, WHOLE]}, "/oneOf", BOTH, "major"),
    ({"anyOf": [TEXT, NULL]}, {"oneOf": [TEXT, TEXT, NULL]}, "/oneOf", BOTH, "major"),
    (TEXT, TEXT | {"anyOf": [LETTERS, DIGITS]}, "", BOTH, "major"),
    ({"oneOf": [AB]} | CLOSED, {"oneOf": [AB]}, "", BOTH, "major"),
    (TEXT, TEXT | {"not": {"const": "a"}}, "", BOTH, "major"),
    ({"enum": [{"a": 1}]}, {"enum": [{"a": 1}, {"a": 2}]}, "", BOTH, "major"),
    (AB, closed(a=TEXT), "/properties/b", BOTH, "major"),
    (AB, ABC, "/properties/c", NONE, "minor"),
    (AB, ABC | {"required": ["c"]}, "/properties/c", WRITERS, "major"),
    (AB, ABC | {"dependentRequired": {"c": ["a"]}}, "/properties/c", NONE, "minor"),
    (AB | {"minProperties": 1}, ABC | {"minProperties": 1}, "/properties/c", READERS, "major"),
    (FULL, ABC | {"minProperties": 1, "required": ["a"]}, "/properties/c", NONE, "minor"),
    (AB, AB | OPEN, "/additionalProperties", NONE, "minor"),
    (AB | NEEDS_C, ABC | NEEDS_C, "/properties/c", READERS, "major"),
    (AB | {"minProperties": 1}, AB | OPEN | {"minProperties": 1}, "/additionalProperties", READERS, "major"),
    (MAP, AB, "/additionalProperties", WRITERS, "major"),
    (MAP, MAP | {"properties": {"a": WHOLE}}, "/properties/a/type", BOTH, "major"),
    (MAP, MAP | {"additionalProperties": WHOLE}, "/additionalProperties/type", BOTH, "major"),
    (LIST, LIST | {"items": WHOLE}, "/items/type", BOTH, "major"),
    (LIST | {"items": False}, LIST, "/items/enum", READERS, "major"),
    ({"anyOf": [TEXT], "oneOf": [TEXT]}, {"anyOf": [TEXT], "oneOf": [TEXT, NULL]}, "", BOTH, "major"),
    (TEXT, TEXT | {"default": "a"}, "/default", READERS, "major"),
    (TEXT | {"default": "a"}, TEXT, "/default", READERS, "major"),
    (TEXT | {"default": "a"}, TEXT | {"default": "b"}, "/default", READERS, "major"),
    (TEXT, TEXT | {"description": "A text."}, "/description", NONE, "patch"),
    (TEXT | {"title": "Text"}, TEXT | {"title": "Words"}, "/title", NONE, "patch"),
    (TEXT | {"examples": ["a"]}, TEXT, "/examples", NONE, "patch"),
    (TEXT, TEXT | {"$comment": "Why."}, "/$comment", NONE, "patch"),
    (WHOLE | {"unit": "s"}, WHOLE | {"unit": "ms"}, "/unit", BOTH, "major"),
    (WHOLE, WHOLE | {"unit": "ms"}, "/unit", NONE, "patch"),
    (AB, closed(a=TEXT, b=TEXT | {"description": "B."}), "/properties/b/description", NONE, "patch"),
]  # fmt: skip


@pytest.mark.parametrize(("old", "new", "place", "broken", "bump"), OTHER)
def test_any_other_change(old: JsonSchema, new: JsonSchema, place: str, broken: tuple[bool, bool], bump: str) -> None:
    found = verdicts(compare(thing(old), thing(new)))
    assert (X + place, broken, bump) in found
    assert found[0][2] == bump
    assert compare(thing(old), thing(old)) == compare(thing(new), thing(new)) == []


SAME: list[tuple[JsonSchema, JsonSchema]] = [
    (TEXT, TEXT | {"minLength": 0}),
    (TEXT, TEXT | {"default": None}),
    (LIST, LIST | {"uniqueItems": False}),
    ({"type": ["string", "null"]}, {"type": ["null", "string"]}),
    ({"type": ["string", "null"]}, {"anyOf": [NULL, TEXT]}),
    ({"oneOf": [TEXT, NULL]}, {"anyOf": [NULL, TEXT]}),
    ({"oneOf": [tagged("a"), tagged("b")]}, {"anyOf": [tagged("b"), tagged("a")]}),
    ({"enum": ["a", "b"]}, TEXT | {"enum": ["b", "a"]}),
    ({"enum": ["a"]}, {"const": "a"}),
    ({"const": 1.0}, WHOLE | {"const": 1.0}),
    (AB | {"required": ["a", "b"]}, AB | {"required": ["b", "a"]}),
]


@pytest.mark.parametrize(("old", "new"), SAME)
def test_the_same_in_other_words_asks_for_a_patch(old: JsonSchema, new: JsonSchema) -> None:
    for before, after in ((old, new), (new, old)):
        assert verdicts(compare(thing(before), thing(after))) == [("thing.schema.json", NONE, "patch")]


def test_a_union_is_compared_branch_by_branch_wherever_they_stand() -> None:
    old: JsonSchema = {"oneOf": [NULL, tagged("a"), tagged("b")]}
    new: JsonSchema = {"oneOf": [tagged("b"), tagged("a", x=TEXT), NULL]}
    assert verdicts(compare(thing(old), thing(new))) == [(f"{X}/oneOf/1/properties/x", NONE, "minor")]


def test_items_of_a_set_may_be_told_apart_by_a_property_that_readers_drop() -> None:
    old, new = ({"type": "array", "uniqueItems": True, "items": item} for item in (AB, ABC))
    assert (f"{X}/uniqueItems", READERS, "major") in verdicts(compare(thing(old), thing(new)))


def test_the_dialect_is_no_annotation() -> None:
    old, new = thing(TEXT), thing(TEXT)
    new["thing"]["$schema"] = "http://json-schema.org/draft-07/schema#"
    assert verdicts(compare(old, new)) == [("thing.schema.json#", BOTH, "major")]


def test_records_come_and_go() -> None:
    two = thing(TEXT) | {"other": thing(TEXT)["thing"]}
    added, removed = compare(thing(TEXT), two), compare(two, thing(TEXT))
    assert verdicts(added) == [("other.schema.json", NONE, "minor")]
    assert verdicts(removed) == [("other.schema.json", BOTH, "major")]
    assert added[0].records == removed[0].records == ("other",)


def shared(ref: str = "common.schema.json#/$defs/state", **definitions: JsonSchema) -> Documents:
    reference = {"description": "Which.", "$ref": ref}
    common: JsonSchema = {"$schema": DRAFT, "title": "Common", "$defs": {"state": {"enum": ["on"]}} | definitions}
    return {"common": common} | {
        name: {"$schema": DRAFT} | closed(x=dict(reference), y=dict(reference)) for name in ("one", "two")
    }


def test_a_change_in_a_shared_definition_is_listed_once_with_the_records_it_reaches() -> None:
    (change,) = compare(shared(), shared(state={"enum": ["on", "off"]}))
    assert change == Change(
        place="common.schema.json#/$defs/state/enum",
        message='value "off" added',
        readers=True,
        bump=Bump.MAJOR,
        records=("one", "two"),
    )
    assert str(change) == (
        'common.schema.json#/$defs/state/enum: value "off" added - breaking for readers; asks for a major bump; '
        "reaches one, two"
    )


def test_a_change_behind_two_references_is_listed_where_it_is_made() -> None:
    through = {"list": {"type": "array", "items": {"$ref": "#/$defs/state"}}}
    states = [shared("common.schema.json#/$defs/list", **through, state={"enum": values}) for values in (["a"], ["b"])]
    (change,) = compare(*states)
    assert (change.place, change.records) == ("common.schema.json#/$defs/state/enum", ("one", "two"))


def test_an_annotation_of_a_shared_definition_is_compared_though_every_reference_has_its_own() -> None:
    (change,) = compare(shared(), shared(state={"enum": ["on"], "description": "A state."}))
    assert (change.place, change.bump) == ("common.schema.json#/$defs/state/description", Bump.PATCH)


def test_a_reference_that_moves_is_compared_where_it_stands() -> None:
    old = shared(mode={"enum": ["on", "off"]})
    new = copy.deepcopy(old)
    new["one"]["properties"]["x"]["$ref"] = "common.schema.json#/$defs/mode"
    assert verdicts(compare(old, new)) == [("one.schema.json#/properties/x/enum", READERS, "major")]
    new["common"]["$defs"]["mode"] = {"type": "string"}
    old["common"]["$defs"]["mode"] = {"type": "string"}
    assert verdicts(compare(old, new)) == [
        ("one.schema.json#/properties/x/enum", READERS, "major"),
    ]


def test_a_reference_to_the_same_and_what_it_referred_to_are_no_change_of_what_is_valid() -> None:
    old = shared(mode={"enum": ["on"]})
    moved, inlined = copy.deepcopy(old), copy.deepcopy(old)
    moved["one"]["properties"]["x"]["$ref"] = "common.schema.json#/$defs/mode"
    inlined["one"]["properties"]["x"] = {"description": "Which.", "enum": ["on"]}
    for new in (moved, inlined):
        assert verdicts(compare(old, new)) == [("one.schema.json", NONE, "patch")]
        assert verdicts(compare(new, old)) == [("one.schema.json", NONE, "patch")]


def test_what_stands_beside_a_reference_wins() -> None:
    old = shared(state={"type": "string", "minLength": 9})
    old["one"]["properties"]["x"]["minLength"] = 5
    new = copy.deepcopy(old)
    del new["one"]["properties"]["x"]["minLength"]
    assert verdicts(compare(old, new)) == [("one.schema.json#/properties/x/minLength", WRITERS, "major")]


def test_definitions_that_come_and_go_ask_for_a_patch() -> None:
    place = ("common.schema.json#/$defs/mode", NONE, "patch")
    assert verdicts(compare(shared(), shared(mode=TEXT))) == [place]
    assert verdicts(compare(shared(mode=TEXT), shared())) == [place]


def test_the_gravest_change_comes_first() -> None:
    old = closed(a=TEXT, b=TEXT, c=TEXT | {"title": "C"})
    new = closed(b=TEXT | {"maxLength": 1}, c=TEXT, d=TEXT)
    changes = verdicts(compare(thing(old), thing(new)))
    found = [(place.removeprefix(f"{X}/properties/"), bump) for place, _, bump in changes]
    assert found == [("a", "major"), ("b/maxLength", "major"), ("d", "minor"), ("c/title", "patch")]


def test_every_keyword_that_the_spec_may_use_is_known() -> None:
    assert spec_lint.KEYWORDS - {"$ref", "$defs"} <= spec_change.KNOWN


# What is called compatible, against real validation.

TEXTS: Final = ("", "a", "ab", "aba", "b", "1", "2025-09-26T22:36:40Z", "2025-13-26T22:36:40Z")
SCALARS: Final = (*TEXTS, 0, 1, 2, -1, 0.5, None, True)
NAMES: Final = ("a", "b", "c")


def corpus() -> Iterator[object]:
    yield from SCALARS
    for length in range(4):
        yield from (list(items) for items in product(("a", "ab", 1, None), repeat=length))
    some = ("a", "ab", 1, None, {"a": "a"}, ["a", 1])
    for values in product((..., *some), repeat=3):
        yield {name: value for name, value in zip(NAMES, values, strict=True) if value is not ...}
    objects = [{}, {"a": "a"}, {"a": "a", "c": 1}, {"a": "a", "c": 2}, {"c": 1}, {"a": 1, "b": "b"}]
    yield from ([one, other] for one, other in product(objects, repeat=2))


CORPUS: Final = tuple(corpus())

scalars: Final[st.SearchStrategy[JsonSchema]] = st.sampled_from([
    TEXT, WHOLE, NULL, {"type": "number"}, {"type": "boolean"}, {"type": ["string", "null"]}, {"const": "a"},
    {"enum": ["a", 1, None]}, {"enum": ["a", "ab"]}, TEXT | {"minLength": 1}, TEXT | LETTERS, WHOLE | {"minimum": 1},
])  # fmt: skip
some_names = st.lists(st.sampled_from(NAMES), unique=True, max_size=3)
objects = st.builds(
    lambda parts, required, more: closed(**parts) | {"required": [name for name in required if name in parts]} | more,
    st.dictionaries(st.sampled_from(NAMES), scalars, max_size=3),
    some_names,
    st.sampled_from([{}, {}, {"minProperties": 1}, {"dependentRequired": {"a": ["b"]}}]),
)
tagged_objects = st.builds(lambda kind, part: tagged(kind, a=part), st.sampled_from(["a", "b", "ab"]), scalars)
branches = st.lists(scalars | tagged_objects | objects, min_size=1, max_size=3)
maps = scalars.map(lambda part: {"type": "object", "additionalProperties": part})
lists = st.builds(
    lambda part, more: {"type": "array", "items": part} | more,
    scalars | objects,
    st.sampled_from([{}, {"minItems": 1}, {"uniqueItems": True}]),
)
unions = st.builds(lambda key, parts: {key: parts}, st.sampled_from(["oneOf", "anyOf"]), branches)
schemas = st.one_of(scalars, objects, objects, maps, lists, unions)

VALUES: Final[dict[str, st.SearchStrategy[Any]]] = {
    "type": st.sampled_from([
        "string", "integer", "number", "null", "object", "array", ["string", "null"], ["integer", "null"],
        ["string", "array"], ["object", "string"],
    ]),
    "minimum": st.integers(0, 2),
    "maximum": st.integers(0, 2),
    "minLength": st.integers(0, 3),
    "maxLength": st.integers(0, 3),
    "pattern": st.sampled_from(["^[a-z]+$", "^[a-z]*$", "^a$"]),
    "format": st.just("date-time"),
    "minItems": st.integers(0, 2),
    "maxItems": st.integers(0, 2),
    "uniqueItems": st.booleans(),
    "items": schemas,
    "enum": st.lists(st.sampled_from(["a", "ab", 1, None, True]), min_size=1, max_size=3, unique_by=json.dumps),
    "const": st.sampled_from(["a", "ab", 1, None]),
    "anyOf": branches,
    "oneOf": branches,
    "minProperties": st.integers(0, 2),
    "required": some_names,
    "dependentRequired": st.dictionaries(st.sampled_from(NAMES), some_names, max_size=2),
    "properties": st.dictionaries(st.sampled_from(NAMES), scalars, max_size=3),
    "additionalProperties": st.just(False) | scalars,
    "propertyNames": st.sampled_from([LETTERS, {"pattern": "^[ab]$"}, {"maxLength": 1}, {"enum": ["a", "c"]}]),
    "default": st.just("a"),
}  # fmt: skip


@st.composite
def edited(draw: st.DrawFn, schema: JsonSchema) -> JsonSchema:
    """Draw a schema with one keyword added, changed or removed, in it or in a part of it; unions also by branch."""
    new = copy.deepcopy(schema)
    node = draw(st.sampled_from([part for _, part in spec_change._schemas(new, "")]))
    rules = set().union(*(RULES[kind] for kind in spec_change._kinds(node)))
    key = draw(st.sampled_from(sorted({*node, "type", "enum", "const", "anyOf", "oneOf", "default"} | rules)))
    if key in node and draw(st.booleans()):
        del node[key]
    elif isinstance(node.get(key), dict) and key == "properties":
        node[key] |= draw(VALUES[key])
    elif isinstance(node.get(key), list) and key in ("anyOf", "oneOf"):
        node[key] = draw(st.permutations(node[key] + draw(VALUES[key])[:1]))
    else:
        node[key] = draw(VALUES[key])
    return new


def accepting(schema: JsonSchema) -> Callable[[object], bool]:
    from datagap_spec import validators

    return validators.accepting(schema).is_valid


def known(schema: JsonSchema, value: Any) -> Any:
    """Return `value` without the properties that `schema` does not know, at every level."""
    branches = [*schema.get("anyOf", ()), *schema.get("oneOf", ())]
    ways = [(branch, value) for branch in branches] + [(branch, known(branch, value)) for branch in branches]
    value = next((way for branch, way in ways if jsonschema_rs.Draft202012Validator(branch).is_valid(way)), value)
    if isinstance(value, list):
        return [known(schema.get("items", {}), item) for item in value]
    if not isinstance(value, dict):
        return value
    parts, others = schema.get("properties", {}), schema.get("additionalProperties", {})
    kept = {name: part for name, part in value.items() if name in parts or others is not False}
    return {name: known(parts.get(name, others or {}), part) for name, part in kept.items()}


def sampled(schema: JsonSchema, data: st.DataObject) -> list[object]:
    try:
        return data.draw(st.lists(from_schema(schema), max_size=3))
    except (UnsupportedSchemaError, InvalidArgument):
        return []


edits = schemas.flatmap(lambda schema: st.tuples(st.just(schema), edited(schema) | edited(schema).flatmap(edited)))


@given(edits | edits.map(lambda pair: (pair[1], pair[0])), st.data())
@settings(max_examples=1000)
def test_what_is_called_compatible_is(pair: tuple[JsonSchema, JsonSchema], data: st.DataObject) -> None:
    old, new = pair
    changes = compare(thing(old), thing(new))
    accepts_old, accepts_new = accepting(old), accepting(new)
    values = [*CORPUS, *sampled(old, data), *sampled(new, data)]
    if not any(change.writers for change in changes):
        assert [value for value in values if accepts_old(value) and not accepts_new(value)] == []
    if not any(change.readers for change in changes):
        taken = [value for value in values if accepts_new(value)]
        assert [value for value in taken if not accepts_old(known(old, value))] == []
    if not changes:
        assert json.dumps(old, sort_keys=True) == json.dumps(new, sort_keys=True)


# The command.


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a repository with one commit: version 1.0.0 of two records."""
    for name in [name for name in os.environ if name.startswith("GIT_")]:
        monkeypatch.delenv(name)
    for name in ("GIT_CONFIG_GLOBAL", "GIT_CONFIG_SYSTEM"):
        monkeypatch.setenv(name, os.devnull)
    for name in ("GIT_AUTHOR", "GIT_COMMITTER"):
        monkeypatch.setenv(f"{name}_NAME", "Ann")
        monkeypatch.setenv(f"{name}_EMAIL", "ann@example.org")
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path))
    root = tmp_path / "repository"
    write(root, "config", {"$schema": DRAFT} | closed(schema_version=TEXT | {"default": "1.0.0"}))
    write(root, "thing", thing(TEXT)["thing"])
    git(root, "init", "--quiet", "--initial-branch=main")
    commit(root)
    return root


def git(root: Path, *arguments: str) -> str:
    return subprocess.run(["git", "-C", root, *arguments], capture_output=True, text=True, check=True).stdout.strip()


def commit(root: Path) -> str:
    git(root, "add", "--all")
    git(root, "commit", "--quiet", "--allow-empty", "--message", "Change")
    return git(root, "rev-parse", "--short", "HEAD")


def write(root: Path, name: str, schema: JsonSchema) -> None:
    path = root / "spec" / f"{name}.schema.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(schema), encoding="utf-8")


def release(root: Path, version: str, x: JsonSchema) -> None:
    """Write a version of the schemas in which the property `x` is as given."""
    write(root, "config", {"$schema": DRAFT} | closed(schema_version=TEXT | {"default": version}))
    write(root, "thing", thing(x)["thing"])


Run: TypeAlias = Callable[..., tuple[int, list[str], str]]


@pytest.fixture
def run(repository: Path, capsys: pytest.CaptureFixture[str]) -> Run:
    def call(*arguments: str | Path) -> tuple[int, list[str], str]:
        code = spec_diff.main(["--root", str(repository), *map(str, arguments)])
        output, errors = capsys.readouterr()
        return code, output.splitlines(), errors

    return call


LONGER = f"{X}/maxLength: was 9, is absent - breaking for readers; asks for a major bump"
SHORT = TEXT | {"maxLength": 9}


def test_a_revision_is_compared_with_the_working_tree(repository: Path, run: Run) -> None:
    assert run("HEAD") == (0, ["From HEAD (1.0.0) to the working tree (1.0.0): nothing has changed."], "")
    release(repository, "1.0.0", SHORT)
    assert run("HEAD") == (
        1,
        [
            f"{X}/maxLength: was absent, is 9 - breaking for writers; asks for a major bump",
            "From HEAD (1.0.0) to the working tree (1.0.0): 1 change, 1 breaking; asks for a major bump, "
            "and the version has not made it; it has to be 2.0.0 or above.",
        ],
        "",
    )


@pytest.mark.parametrize(
    ("version", "x", "code", "outcome"),
    [
        ("2.0.0", SHORT, 0, "1 breaking; asks for a major bump, and the version has made it."),
        ("3.1.4", SHORT, 0, "1 breaking; asks for a major bump, and the version has made it."),
        ("1.3.0", SHORT, 1, "and the version has not made it; it has to be 2.0.0 or above."),
        ("0.9.0", SHORT, 1, "and the version has not made it; it has to be 2.0.0 or above."),
        ("1.2.4", TEXT | {"title": "T"}, 0, "0 breaking; asks for a patch bump, and the version has made it."),
        ("1.3.0", TEXT | {"title": "T"}, 0, "0 breaking; asks for a patch bump, and the version has made it."),
        ("1.2.3", TEXT | {"title": "T"}, 0, "and the version has not made it; it has to be 1.2.4 or above."),
    ],
)
def test_only_a_missing_major_bump_fails(
    version: str, x: JsonSchema, code: int, outcome: str, repository: Path, run: Run
) -> None:
    release(repository, "1.2.3", TEXT)
    commit(repository)
    release(repository, version, x)
    found, lines, _ = run("HEAD")
    assert (found, lines[-1].endswith(outcome)) == (code, True)


def test_a_missing_minor_bump_is_said(repository: Path, run: Run) -> None:
    write(repository, "other", thing(TEXT)["thing"])
    code, lines, _ = run("HEAD")
    assert code == 0
    assert lines[-1].endswith("asks for a minor bump, and the version has not made it; it has to be 1.1.0 or above.")


def test_folders_are_compared_and_win_over_revisions(
    repository: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = repository / "main"
    release(old, "1.0.0", SHORT)
    summary = "(1.0.0) to {} (1.0.0): 1 change, 1 breaking; asks for a major bump, and the version has not made it; it has to be 2.0.0 or above."  # fmt: skip # noqa: E501
    assert run(old, repository) == (1, [LONGER, f"From {old} {summary.format(repository)}"], "")
    assert run(old / "spec", "HEAD") == (1, [LONGER, f"From {old}/spec {summary.format('HEAD')}"], "")
    monkeypatch.chdir(repository)
    assert run("main") == (1, [LONGER, f"From main {summary.format('the working tree')}"], "")


def test_schemas_without_a_version_are_compared(repository: Path, run: Run) -> None:
    for name in ("old", "new"):
        write(repository / name, "thing", thing(TEXT if name == "new" else SHORT)["thing"])
    code, lines, _ = run(repository / "old", repository / "new")
    assert code == 1
    assert lines[-1].endswith(
        "new (no version): 1 change, 1 breaking; asks for a major bump, and the version has not made it."
    )


def test_the_comparison_is_there_for_machines(repository: Path, run: Run) -> None:
    release(repository, "2.0.0", SHORT)
    code, lines, _ = run("HEAD", "--format", "json")
    assert code == 0
    assert json.loads("\n".join(lines)) == {
        "comparisons": [
            {
                "old": {"name": "HEAD", "version": "1.0.0"},
                "new": {"name": "the working tree", "version": "2.0.0"},
                "asked": "major",
                "made": "major",
                "fails": False,
                "changes": [
                    {
                        "place": f"{X}/maxLength",
                        "message": "was absent, is 9",
                        "readers": False,
                        "writers": True,
                        "bump": "major",
                        "records": ["thing"],
                    }
                ],
            }
        ],
        "remarks": [],
    }


def test_what_is_neither_a_folder_nor_a_revision_is_misuse(
    repository: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    empty = repository / "empty"
    empty.mkdir()
    assert run("nowhere") == (2, [], f"spec_diff: nowhere: is neither a folder nor a revision of {repository}\n")
    hint = "name a folder with schemas"
    assert run(empty) == (2, [], f"spec_diff: {empty}: has neither *.schema.json nor spec/; {hint}\n")
    shutil.rmtree(repository / "spec")
    assert run(commit(repository), repository / "spec")[0] == 2
    release(repository, "1.0.0", TEXT)
    assert run("HEAD") == (2, [], "spec_diff: HEAD: has no spec/\n")
    monkeypatch.setenv("PATH", str(empty))
    assert run("HEAD") == (2, [], "spec_diff: HEAD: is no folder, and git is not installed to look for a revision\n")


@pytest.mark.parametrize("arguments", [[], ["--history", "HEAD"], ["HEAD", "HEAD", "HEAD"]])
def test_arguments_that_cannot_be_meant_are_misuse(arguments: list[str], run: Run) -> None:
    with pytest.raises(SystemExit, match="2"):
        run(*arguments)


BROKEN: list[tuple[str, str]] = [
    ("{", "thing.schema.json: is not valid JSON"),
    ('{"a": 1, "a": 2}', "thing.schema.json: is not valid JSON (key a stands twice)"),
    ('{"properties": []}', "thing.schema.json#/properties: is not a valid schema ([] is not of type 'object')"),
    ('{"$ref": "#/$defs/x"}', "thing.schema.json: #/$defs/x leads nowhere"),
]


@pytest.mark.parametrize(("content", "message"), BROKEN)
def test_a_broken_schema_is_told_in_one_sentence(content: str, message: str, repository: Path, run: Run) -> None:
    (repository / "spec/thing.schema.json").write_text(content, encoding="utf-8")
    revision = commit(repository)
    for arguments in ((revision, "HEAD~1"), ("HEAD~1",)):
        code, lines, errors = run(*arguments)
        assert (code, lines, errors.count("\n")) == (1, [], 1)
        assert message in errors


def test_a_version_that_is_none_is_told(repository: Path, run: Run) -> None:
    release(repository, "two", TEXT)
    assert run("HEAD") == (
        1,
        [],
        "spec_diff: the working tree: config.schema.json#/properties/schema_version/default: "
        "version two is not MAJOR.MINOR.PATCH\n",
    )


def history(*versions: tuple[str, JsonSchema]) -> Callable[[Path], None]:
    """Commit all versions but the last, which is left in the working tree."""

    def lay(root: Path) -> None:
        for place, (version, x) in enumerate(versions):
            release(root, version, x)
            if place < len(versions) - 1:
                commit(root)

    return lay


TITLED = TEXT | {"title": "Text"}
FIRST = "No commit has another version than 1.0.0."
UNSEEN = "No commit before the working tree has version {}."


@pytest.mark.parametrize(
    ("lay", "code", "remarks", "compared"),
    [
        (history(("1.0.0", TEXT)), 0, [FIRST], ["1.0.0"]),
        (history(("1.0.0", TITLED)), 0, [FIRST], ["1.0.0"]),
        (history(("1.0.0", SHORT)), 1, [FIRST], ["1.0.0"]),
        (history(("1.0.0", TITLED), ("1.0.0", SHORT), ("1.0.0", SHORT)), 1, [FIRST], ["1.0.0"]),
        (history(("2.0.0", SHORT)), 0, [UNSEEN.format("2.0.0")], ["1.0.0"]),
        (history(("1.1.0", SHORT)), 1, [UNSEEN.format("1.1.0")], ["1.0.0"]),
        (history(("2.0.0", SHORT), ("2.0.0", SHORT)), 0, [], ["1.0.0", "2.0.0"]),
        (history(("1.1.0", SHORT), ("1.1.0", SHORT)), 1, [], ["1.0.0", "1.1.0"]),
        (history(("2.0.0", SHORT), ("2.0.0", TEXT)), 1, [], ["1.0.0", "2.0.0"]),
        (history(("2.0.0", SHORT), ("3.0.0", TEXT)), 0, [UNSEEN.format("3.0.0")], ["2.0.0"]),
        (history(("2.0.0", SHORT), ("1.0.0", TEXT)), 1, [UNSEEN.format("1.0.0")], ["2.0.0"]),
    ],
)
def test_history_counts_every_version_as_published(
    lay: Callable[[Path], None], code: int, remarks: list[str], compared: list[str], repository: Path, run: Run
) -> None:
    lay(repository)
    found, lines, errors = run("--history", "--format", "json")
    report = json.loads("\n".join(lines))
    assert [comparison["old"]["version"] for comparison in report["comparisons"]] == compared
    assert (found, report["remarks"], errors) == (code, remarks, "")


def test_history_compares_with_the_first_commit_of_a_version(repository: Path, run: Run) -> None:
    first = git(repository, "rev-parse", "--short", "HEAD")
    history(("2.0.0", TEXT), ("2.0.0", SHORT), ("2.0.0", SHORT))(repository)
    (repository / "README").touch()
    commit(repository)
    second = git(repository, "rev-parse", "--short", "HEAD~2")
    code, lines, _ = run("--history")
    assert (code, [line.split(" ", 2)[1] for line in lines if line.startswith("From")]) == (1, [first, second])


def test_history_follows_first_parents(repository: Path, run: Run) -> None:
    git(repository, "checkout", "--quiet", "-b", "side")
    for version in ("1.5.0", "2.0.0"):
        release(repository, version, SHORT)
        commit(repository)
    git(repository, "checkout", "--quiet", "main")
    git(repository, "merge", "--quiet", "--no-ff", "--message", "Merge", "side")
    merged = git(repository, "rev-parse", "--short", "HEAD")
    code, lines, _ = run("--history")
    assert (code, lines[-1]) == (0, f"From {merged} (2.0.0) to the working tree (2.0.0): nothing has changed.")
    assert lines[-2].startswith("From ")
    assert "(1.0.0) to the working tree (2.0.0): 1 change, 1 breaking" in lines[-2]


def test_history_passes_over_commits_without_a_version(repository: Path, run: Run) -> None:
    config = (repository / "spec/config.schema.json").read_bytes()
    for content in (b"{", b'{"properties": []}', config):
        (repository / "spec/config.schema.json").write_bytes(content)
        commit(repository)
    shutil.rmtree(repository / "spec")
    commit(repository)
    release(repository, "1.0.0", TEXT)
    first = git(repository, "rev-parse", "--short", "HEAD~4")
    summary = f"From {first} (1.0.0) to the working tree (1.0.0): nothing has changed."
    assert run("--history") == (0, [FIRST, summary], "")


def test_a_shallow_history_is_compared_as_far_as_it_goes(repository: Path, run: Run) -> None:
    history(("2.0.0", TEXT), ("2.0.0", TEXT), ("2.0.0", SHORT), ("2.0.0", SHORT))(repository)
    shallow = repository.parent / "shallow"
    git(repository, "clone", "--quiet", "--depth", "2", repository.as_uri(), str(shallow))
    oldest = git(shallow, "rev-parse", "--short", "HEAD~1")
    code, lines, _ = run("--history", "--root", shallow)
    assert code == 1
    assert lines[0].startswith("The history is shallow and shows no other version")
    assert lines[-1].startswith(f"From {oldest} (2.0.0) to the working tree (2.0.0): 1 change, 1 breaking")


def test_no_history_is_said_and_fails_nothing(run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    release(tmp_path / "plain", "1.0.0", TEXT)
    says = "so there is no history to compare with."
    plain = tmp_path / "plain"
    assert run("--history", "--root", plain) == (0, [f"{plain} is no git repository, {says}"], "")
    git(plain, "init", "--quiet")
    assert run("--history", "--root", plain) == (0, ["There is no commit yet to compare with."], "")
    monkeypatch.setenv("PATH", str(tmp_path))
    assert run("--history") == (0, [f"Git is not installed, {says}"], "")


def test_a_repository_that_git_refuses_is_told(repository: Path, run: Run) -> None:
    (repository / ".git/config").write_text("[", encoding="utf-8")
    code, lines, errors = run("--history")
    assert (code, lines) == (2, [])
    assert errors.startswith(f"spec_diff: {repository}: fatal: bad config")


def test_a_missing_bump_leaves_the_process_with_exit_code_1(repository: Path) -> None:
    release(repository, "1.0.0", SHORT)
    command: list[str | Path] = [sys.executable, ROOT / "scripts/spec_diff.py", "HEAD", "--root", repository]
    assert subprocess.run(command, capture_output=True, check=False).returncode == 1
