from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest

import dictionary
from datagap import model
from datagap.schema import COMMON, JsonSchema, inline, read_folder
from spec_lint import DRAFT, lint

ROOT = Path(__file__).resolve().parent.parent
DOCS = ROOT / "generated" / "docs"
DOCUMENTS = read_folder(ROOT / "spec")
PAGES = {path.name: path.read_text(encoding="utf-8") for path in sorted(DOCS.glob("*.md"))}

every_page = pytest.mark.parametrize("page", PAGES)
every_record = pytest.mark.parametrize("record", model.RECORD_NAMES)


def cells(line: str) -> list[str]:
    """Return the cells of a row of a table; a pipe behind a backslash is no border."""
    assert line.startswith("| ")
    assert line.endswith(" |")
    return [cell.strip() for cell in re.split(r"(?<!\\)\|", line[1:-1])]


def tables(page: str) -> dict[str, dict[str, list[str]]]:
    """Return the rows of each table of a page by its heading and the name of the field."""
    found: dict[str, dict[str, list[str]]] = {}
    for line in PAGES[page].splitlines():
        if line.startswith("#"):
            heading = line.lstrip("# ")
            found[heading] = {}
        elif line.startswith(("| `", "| any name")):
            name, *rest = cells(line)
            found[heading][name.strip("`")] = [name, *rest]
    return found


def objects(record: str) -> Iterator[tuple[str, JsonSchema]]:
    """Yield the objects that a page has to tell of: the record and the definitions that it uses, each inlined."""
    yield record, inline(record, DOCUMENTS)
    waiting = [(record, DOCUMENTS[record])]
    seen = {record}
    while waiting:
        here, node = waiting.pop()
        for ref in references(node):
            file, _, key = ref.partition("#/$defs/")
            document = file.removesuffix(".schema.json") or here
            if key and key not in seen:
                seen.add(key)
                part = DOCUMENTS[document]["$defs"][key]
                waiting.append((document, part))
                if "properties" in part:
                    yield key, inline(key, {**DOCUMENTS, key: part | {"$defs": DOCUMENTS[document]["$defs"]}})


def references(node: Any) -> Iterator[str]:
    if isinstance(node, list):
        for part in node:
            yield from references(part)
    if isinstance(node, dict):
        if "$ref" in node:
            yield node["$ref"]
        for key, part in node.items():
            if key not in ("$defs", "examples", "default"):
                yield from references(part)


def properties(record: str) -> Iterator[tuple[str, str, JsonSchema]]:
    for heading, node in objects(record):
        for name, part in node.get("properties", {}).items():
            yield heading, name, part


def anchors(page: str) -> list[str]:
    return [line.lstrip("# ").lower().replace(" ", "-") for line in PAGES[page].splitlines() if line.startswith("#")]


def test_there_is_a_page_for_each_record_and_a_list_of_them() -> None:
    assert set(PAGES) == {dictionary.INDEX, *(f"{name}.md" for name in model.RECORD_NAMES)}
    listed = re.findall(r"^- \[(\w+)\]\((\w+)\.md\): \S", PAGES[dictionary.INDEX], re.MULTILINE)
    assert listed == [(name, name) for name in model.RECORD_NAMES]


@every_record
def test_every_property_stands_on_its_page_with_type_unit_example_and_description(record: str) -> None:
    found = tables(f"{record}.md")
    for heading, name, part in properties(record):
        field, kind, _, unit, _, example, purpose = found[heading].pop(name)
        assert (field, bool(kind), bool(purpose)) == (f"`{name}`", True, True)
        assert bool(example) is not dictionary.holds_objects(part), name
        assert unit == part.get("unit", unit)
    assert not [name for rows in found.values() for name in rows if name != "any name"]


@every_record
def test_required_fields_are_marked(record: str) -> None:
    found = tables(f"{record}.md")
    for heading, node in objects(record):
        marked = {name for name, row in found[heading].items() if row[2] == "yes"}
        assert marked == set(node.get("required", []))


@every_record
def test_every_enum_is_listed_whole(record: str) -> None:
    found = tables(f"{record}.md")
    for heading, name, part in properties(record):
        listed = part.get("enum") or part.get("items", {}).get("enum", [])
        assert set(re.findall("`([^`]*)`", found[heading][name][4])) >= set(listed)


@every_record
def test_every_example_is_valid(record: str) -> None:
    for _, _, part in properties(record):
        for value in dictionary.examples(part):
            jsonschema.Draft202012Validator(part).validate(value)


@every_page
def test_every_link_leads_somewhere(page: str) -> None:
    for target in re.findall(r"\]\(([^)]*)\)", PAGES[page]):
        file, _, anchor = target.partition("#")
        assert (DOCS / (file or page)).is_file(), target
        assert not anchor or anchor in anchors(file or page), target


@every_page
def test_no_heading_stands_twice(page: str) -> None:
    assert len(set(anchors(page))) == len(anchors(page))


@every_page
def test_rows_have_as_many_cells_as_their_header(page: str) -> None:
    rows = [cells(line) for line in PAGES[page].splitlines() if line.startswith("|")]
    assert {len(row) for row in rows} <= {len(dictionary.HEADER)}
    assert bool(rows) is (page != dictionary.INDEX)


@every_page
def test_a_page_is_tidy(page: str) -> None:
    text = PAGES[page]
    assert not re.search(r"[ \t]$", text, re.MULTILINE)
    assert "\n\n\n" not in text
    assert text.endswith("\n")
    assert not text.endswith("\n\n")


SAMPLE: dict[str, JsonSchema] = {
    COMMON: {
        "$schema": DRAFT,
        "title": "Common",
        "description": "Shared definitions.",
        "$defs": {
            "code": {"title": "Code", "description": "Three letters.", "type": "string", "pattern": "^[a-z]{3}$"},
            "size": {
                "title": "Size",
                "description": "How big something is.",
                "type": "object",
                "additionalProperties": False,
                "minProperties": 1,
                "properties": {
                    "height": {"description": "Height.", "type": "number", "unit": "cm", "examples": [12.5]},
                },
            },
        },
    },
    "thing": {
        "$schema": DRAFT,
        "title": "Thing",
        "description": "A thing with *parts* (`thing|part`).",
        "type": "object",
        "additionalProperties": False,
        "required": ["code"],
        "dependentRequired": {"seed": ["code", "kind"]},
        "properties": {
            "code": {"description": "Its _code_.", "$ref": "common.schema.json#/$defs/code", "examples": ["abc"]},
            "kind": {"description": "What <it> is.", "type": "string", "enum": ["a", "b|c"]},
            "seed": {
                "description": "Luck.",
                "type": ["integer", "null"],
                "minimum": 0,
                "maximum": 18446744073709551615,
                "unit": "1",
                "default": None,
                "examples": [7],
            },
            "tags": {
                "description": "Tags.",
                "type": "array",
                "minItems": 1,
                "uniqueItems": True,
                "items": {"$ref": "common.schema.json#/$defs/code", "examples": ["red"]},
            },
            "parts": {"description": "Its parts.", "type": "array", "items": {"$ref": "#/$defs/part"}},
            "size": {"description": "Its size.", "$ref": "common.schema.json#/$defs/size"},
            "counts": {
                "description": "Counts by `name`.",
                "type": "object",
                "minProperties": 1,
                "propertyNames": {"pattern": "^[a-z]$"},
                "additionalProperties": {"type": "integer", "minimum": 1000, "unit": "rows"},
                "examples": [{"x": 1200}],
            },
            "people": {
                "description": "How many, or who.",
                "default": 60,
                "oneOf": [
                    {"type": "integer", "minimum": 1, "unit": "people"},
                    {"type": "array", "minItems": 2, "maxItems": 2, "items": {"type": "string"}},
                ],
            },
        },
        "$defs": {
            "part": {
                "title": "Part",
                "description": "A part.",
                "type": "object",
                "additionalProperties": False,
                "required": ["always"],
                "properties": {
                    "always": {"description": "Constant.", "type": "string", "const": "``"},
                    "whole": {"description": "Whether it is whole.", "type": "boolean"},
                    "words": {
                        "description": "Words.",
                        "type": "string",
                        "minLength": 1,
                        "maxLength": 9,
                        "examples": ["a\n`b`"],
                    },
                    "other": {"description": "Another thing.", "$ref": "other.schema.json"},
                },
            }
        },
    },
    "other": {
        "$schema": DRAFT,
        "title": "Other",
        "description": "A map.",
        "type": "object",
        "additionalProperties": {"$ref": "common.schema.json#/$defs/size"},
    },
}

THING = r"""# thing

A thing with \*parts\* (`thing|part`).

Schema [`thing.schema.json`](../../spec/thing.schema.json), class `datagap.model.Thing`. [All records](README.md).

| field | type | required | unit | constraint | example | what it is |
| --- | --- | --- | --- | --- | --- | --- |
| `code` | text | yes |  | [code](README.md#code) | `abc` | Its \_code\_. |
| `kind` | text |  |  | one of `a`, `b\|c` | `a` | What \<it\> is. |
| `seed` | integer or null |  | 1 | 0 to 2^64 - 1; needs `code` and `kind`; default `null` | `7` | Luck. |
| `tags` | list of text |  |  | at least 1 item; no item twice; each [code](README.md#code) | `["red"]` | Tags. |
| `parts` | list of [part](#part) |  |  |  |  | Its parts. |
| `size` | [size](#size) |  |  |  |  | Its size. |
| `counts` | map of name to integer |  | rows | at least 1 entry; each name matches `^[a-z]$`; each at least 1,000 | `{"x": 1200}` | Counts by `name`. |
| `people` | integer or list of text |  | people | integer: at least 1; list of text: 2 items; default `60` | `60` | How many, or who. |

## size

How big something is.

At least 1 of the fields is there.

| field | type | required | unit | constraint | example | what it is |
| --- | --- | --- | --- | --- | --- | --- |
| `height` | number |  | cm |  | `12.5` | Height. |

## part

A part.

| field | type | required | unit | constraint | example | what it is |
| --- | --- | --- | --- | --- | --- | --- |
| `always` | text | yes |  | always ``` `` ``` | ``` `` ``` | Constant. |
| `whole` | true/false |  |  |  | `true` | Whether it is whole. |
| `words` | text |  |  | 1 to 9 characters | ``"a\n`b`"`` | Words. |
| `other` | [other](other.md) |  |  |  |  | Another thing. |
"""  # noqa: E501

OTHER = r"""# other

A map.

Schema [`other.schema.json`](../../spec/other.schema.json). [All records](README.md).

| field | type | required | unit | constraint | example | what it is |
| --- | --- | --- | --- | --- | --- | --- |
| any name | [size](#size) |  |  |  |  | How big something is. |
"""


def test_a_sample_follows_the_rules_of_the_spec() -> None:
    assert lint(SAMPLE) == []


def test_a_sample_is_rendered_as_it_should_read() -> None:
    pages = dictionary.pages(SAMPLE)
    assert pages["thing.md"] == THING
    assert pages["other.md"].startswith(OTHER)
    assert list(pages) == [dictionary.INDEX, "thing.md", "other.md"]
    assert "\n- [thing](thing.md): A thing with \\*parts\\* (`thing|part`).\n" in pages[dictionary.INDEX]
    assert pages[dictionary.INDEX].endswith("\n### code\n\nThree letters. Matches `^[a-z]{3}$`.\n")


TYPES: list[tuple[JsonSchema, str]] = [
    ({"type": ["string", "null"]}, "text or null"),
    ({"type": ["integer", "number", "null"]}, "integer, number, or null"),
    ({"type": ["array", "null"], "items": {"type": "string"}}, "list of text, or null"),
    ({"anyOf": [{"type": "string"}, {"type": "null"}]}, "text or null"),
    ({"type": "object", "additionalProperties": {"type": "array", "items": {"type": "number"}}},
     "map of name to list of number"),
    ({"const": 1}, "integer"),
    ({"enum": ["a", None]}, "text or null"),
]  # fmt: skip

CONSTRAINTS: list[tuple[JsonSchema, str]] = [
    ({"type": "integer", "maximum": 5}, "at most 5"),
    ({"type": "integer", "minimum": 0}, "at least 0"),
    ({"type": "number", "minimum": -1.5, "maximum": 1e3}, "-1.5 to 1,000.0"),
    ({"type": "integer", "minimum": -(2**53) + 1, "maximum": 2**53 - 1}, "-(2^53 - 1) to 2^53 - 1"),
    ({"type": "string", "minLength": 1, "maxLength": 1}, "1 character"),
    ({"type": "string", "maxLength": 2}, "at most 2 characters"),
    ({"type": "string", "format": "date"}, "format `date`"),
    ({"anyOf": [{"type": "string", "minLength": 1}, {"type": "null"}]}, "at least 1 character"),
    (
        {"type": "object", "additionalProperties": {"type": "array", "minItems": 2, "items": {"enum": [1]}}},
        "each at least 2 items; each one of `1`",
    ),
]


def row(node: JsonSchema) -> list[str]:
    """Return the cells of the row of a property with a schema."""
    part = {"description": "It."} | node
    record = {"title": "Thing", "description": "A thing.", "properties": {"it": part}}
    page = dictionary.pages({COMMON: {"$defs": {}}, "thing": record})["thing.md"]
    return cells(page.splitlines()[-1])


@pytest.mark.parametrize(("node", "words"), TYPES, ids=str)
def test_a_type_is_told_in_words(node: JsonSchema, words: str) -> None:
    assert row(node)[1] == words


@pytest.mark.parametrize(("node", "words"), CONSTRAINTS, ids=str)
def test_a_constraint_is_told_in_words(node: JsonSchema, words: str) -> None:
    assert row(node)[4] == words


EXAMPLES: list[tuple[JsonSchema, list[object]]] = [
    ({"type": "string", "default": "a", "examples": ["b", "c"]}, ["b", "c"]),
    ({"type": "integer", "default": 0}, [0]),
    ({"type": "boolean", "default": False}, [False]),
    ({"type": "boolean"}, [True]),
    ({"type": "string", "const": "a"}, ["a"]),
    ({"type": "string", "enum": ["a", "b"]}, ["a"]),
    ({"type": "array", "items": {"type": "string", "examples": ["a", "b"]}}, [["a", "b"]]),
    ({"type": "array", "items": {"type": "string"}, "default": []}, []),
    ({"anyOf": [{"type": "null"}, {"type": "string", "examples": ["a"]}]}, ["a"]),
    ({"type": ["string", "null"], "default": None}, []),
    ({"type": "integer", "minimum": 1}, []),
    ({"type": "object", "additionalProperties": {"type": "boolean"}}, []),
]


@pytest.mark.parametrize(("node", "values"), EXAMPLES, ids=str)
def test_an_example_is_given_or_follows(node: JsonSchema, values: list[object]) -> None:
    assert dictionary.examples(node) == values
