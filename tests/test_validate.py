from __future__ import annotations

import datetime
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from datagap import clock, model
from datagap.schema import JsonSchema, SchemaError
from datagap.validate import InvalidError, Validator, embedded

QUERY: dict[str, Any] = {
    "id": "q_1",
    "when": "2025-01-01T00:00:00Z",
    "actor": "ann",
    "channel": "nlq",
    "nl_text": "How many orders?",
    "outcome": "answered",
}
NOTHING = dict.fromkeys(model.schema("cost")["properties"]["total"]["required"], 0)
INSTANT = "^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z$"
LIKE = "write it like 2025-09-26T22:36:40Z"
OUTCOMES = "answered, blocked, degraded, slow, uncertain"
KNOWN = ", ".join(model.schema("nl_query")["properties"])
TRIAGE = {"by": "ann", "at": "2025-01-01T00:00:00Z"}

QUERY_MESSAGES: list[tuple[dict[str, Any], list[str]]] = [
    ({"id": 5}, ["/id: expected string, got integer (5)"]),
    ({"id": True}, ["/id: expected string, got boolean (true)"]),
    ({"parsed_sql": 0.5}, ["/parsed_sql: expected string or null, got number (0.5)"]),
    ({"tables": ["a", 5]}, ["/tables/1: expected string, got integer (5)"]),
    ({"id": ""}, ["/id: expected at least 1 character, got 0"]),
    ({"id": "a\tb"}, [r'/id: does not match ^[^\u0000-\u001f\u007f]+$, got "a\tb"; write it like q_00000012']),
    ({"id": "x" * 513}, ["/id: expected at most 512 characters, got 513"]),
    ({"id": ["\x1b" * 50]}, ['/id: expected string, got array (["' + r"\u001b" * 9 + r"\u0…)"]),
    ({"outcome": "anwsered"}, [f'/outcome: expected one of {OUTCOMES}, got "anwsered"; did you mean answered']),
    ({"outcome": "?"}, [f'/outcome: expected one of {OUTCOMES}, got "?"']),
    ({"channel": "slack"}, ['/channel: expected "nlq", got "slack"']),
    ({"latency_ms": -1}, ["/latency_ms: expected at least 0, got -1"]),
    ({"latency_ms": 0.5}, ["/latency_ms: expected integer, got number (0.5)"]),
    ({"lang": "EN"}, ['/lang: does not match ^[a-z]{2}$, got "EN"; write it like en']),
    ({"lang": "en\n"}, [r'/lang: does not match ^[a-z]{2}$, got "en\n"; write it like en']),
    ({"lang": 5}, ["/lang: expected string or null, got integer (5)"]),
    ({"when": "today"}, [f'/when: expected a valid date-time, got "today"; {LIKE}']),
    (
        {"when": "2025-01-01T00:00:00+00:00"},
        [f'/when: does not match {INSTANT}, got "2025-01-01T00:00:00+00:00"; {LIKE}'],
    ),
    ({"when": "2025-13-45T99:99:99Z"}, [f'/when: expected a valid date-time, got "2025-13-45T99:99:99Z"; {LIKE}']),
    (
        {"metric": 1, "outcom": 2, "~/": 3},
        [
            "/metric: is not a known property; did you mean metrics",
            "/outcom: is not a known property; did you mean outcome",
            f"/~0~1: is not a known property; known are {KNOWN}",
        ],
    ),
]
MESSAGES: list[tuple[model.RecordName, Any, list[str]]] = [
    ("nl_query", None, [": expected object, got null"]),
    ("nl_query", [], [": expected object, got array ([])"]),
    ("lineage_edge", {}, [" /from: is missing", " /to: is missing"]),
    ("config", {"actors": 0}, [" /actors: expected at least 1, got 0"]),
    ("config", {"actors": []}, [" /actors: expected at least 1 item, got 0"]),
    ("config", {"actors": ["a", 5]}, [" /actors/1: expected string, got integer (5)"]),
    ("config", {"actors": "all"}, [' /actors: expected integer or array, got string ("all")']),
    ("config", {"catalog": {"domains": ["a", "a"]}}, [' /catalog/domains: lists "a" twice']),
    (
        "config",
        {"audience_weights": {}},
        [" /audience_weights: expected at least 1 property, got 0"],
    ),
    (
        "config",
        {"audience_weights": {"1st": 2_000_000}},
        [
            " /audience_weights/1st: expected at most 1000000, got 2000000",
            ' /audience_weights/1st: is not an allowed name: does not match ^[A-Za-z][A-Za-z0-9_ -]*$, got "1st"',
        ],
    ),
    ("config", {"nlq": {"languages": [{"lang": "en"}]}}, [" /nlq/languages/0/pct: is missing"]),
    ("config", {"nlq": {"success_rate": float("nan")}}, [" /nlq/success_rate: breaks type, got NaN"]),
    ("config", {"seed": datetime.date(2025, 1, 1)}, [" /seed: expected integer or null, got date ('date')"]),
    ("config", {"audience_weights": {1: 1}}, [": is not JSON data (Dict key must be str or str enum. Got 'int')"]),
    ("triage_entry", TRIAGE | {"group_id": "g"}, [" /decision: is needed beside group_id"]),
    (
        "triage_entry",
        TRIAGE,
        [": expected at least 3 properties, got 2"],
    ),
    ("hashes", {"a": "0"}, [' /a: does not match ^[0-9a-f]{64}$, got "0"']),
    (
        "cost",
        {"llm": "off", "total": NOTHING, "stages": {"link": NOTHING | {"calls": None}}},
        [" /stages/link/calls: expected integer, got null"],
    ),
]


@pytest.mark.parametrize(("change", "messages"), QUERY_MESSAGES)
def test_a_message_about_a_line_says_where_what_was_expected_and_what_is_there(
    change: dict[str, Any], messages: list[str]
) -> None:
    found = embedded().problems("nl_query", QUERY | change, "nl_queries.jsonl", 7)
    assert [str(problem) for problem in found] == [f"nl_queries.jsonl:7 {message}" for message in messages]


@pytest.mark.parametrize(("name", "data", "messages"), MESSAGES)
def test_a_message_about_a_file_says_the_same(name: model.RecordName, data: Any, messages: list[str]) -> None:
    assert [str(problem) for problem in embedded().problems(name, data, "f")] == [f"f{text}" for text in messages]


def test_a_place_has_as_much_detail_as_there_is() -> None:
    (whole,) = embedded().problems("config", 5, "config.yaml")
    assert str(whole) == "config.yaml: expected object, got integer (5)"
    (inside,) = embedded().problems("lineage_edge", {"from": "a"}, "lineage.json", under="/3")
    assert str(inside) == "lineage.json /3/to: is missing"


def test_reading_raises_the_first_problem_counts_the_others_and_carries_all() -> None:
    with pytest.raises(InvalidError) as caught:
        embedded().read(model.LineageEdge, {"form": "a"}, "lineage.json", under="/0")
    assert str(caught.value) == "lineage.json /0/form: is not a known property (and 2 more); did you mean from"
    assert [problem.pointer for problem in caught.value.problems] == ["/0/form", "/0/from", "/0/to"]


def test_reading_gives_a_record_with_its_defaults() -> None:
    assert embedded().read(model.LineageEdge, {"from": "a", "to": "b"}, "f") == model.LineageEdge(from_="a", to="b")
    assert embedded().read(model.RunConfig, {"model": "gpt-5"}, "f").embed == "text-embedding-3-small"


NO_INSTANTS = [
    "2025-13-45T99:99:99Z",
    "2025-02-29T00:00:00Z",
    "2025-01-01T24:00:00Z",
    "2025-01-01T00:00:60Z",
    "2016-12-31T23:59:60Z",
    "0000-01-01T00:00:00Z",
    "2025-01-01T00:00:00Z\n",
    "2025-01-01T00:00:00+00:00",
    "2025-01-01T00:00:00.5Z",
    "2025-01-01t00:00:00z",
    "\u0662\u0660\u0662\u0665-01-01T00:00:00Z",
]


@pytest.mark.parametrize("when", NO_INSTANTS)
def test_a_timestamp_that_is_no_instant_is_refused(when: str) -> None:
    assert {problem.pointer for problem in embedded().problems("nl_query", QUERY | {"when": when}, "f")} == {"/when"}


@given(st.from_regex("[0-9]{4}-[01][0-9]-[0-3][0-9]T[0-2][0-9]:[0-6][0-9]:[0-6][0-9]Z", fullmatch=True))
def test_a_timestamp_is_accepted_exactly_where_the_clock_can_read_it(when: str) -> None:
    try:
        clock.parse(when)
    except ValueError:
        readable = False
    else:
        readable = True
    assert embedded().acceptor("nl_query")(QUERY | {"when": when}) is readable


@pytest.mark.parametrize("key", ["id", "lang", "when"])
def test_a_newline_at_the_end_is_not_overlooked(key: str) -> None:
    value = {"id": "q", "lang": "en", "when": "2025-01-01T00:00:00Z"}[key]
    assert embedded().problems("nl_query", QUERY | {key: value}, "f") == []
    assert embedded().problems("nl_query", QUERY | {key: f"{value}\n"}, "f")


ANYTHING: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.sampled_from([*QUERY, *QUERY.values()]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@pytest.mark.parametrize("name", ["nl_query", "config", "hashes", "cluster"])
@given(st.data())
def test_what_is_not_accepted_is_explained_and_what_is_accepted_is_not(
    name: model.RecordName, data: st.DataObject
) -> None:
    value = data.draw(ANYTHING | st.dictionaries(st.sampled_from([*QUERY]), ANYTHING).map(lambda part: QUERY | part))
    assert bool(embedded().problems(name, value, "f")) is not embedded().acceptor(name)(value)


def tagged(kind: str, **properties: JsonSchema) -> JsonSchema:
    parts = {"kind": {"type": "string", "const": kind}} | properties
    return {"type": "object", "additionalProperties": False, "required": list(parts), "properties": parts}


UNION: JsonSchema = {
    "type": "object",
    "properties": {
        "pick": {
            "oneOf": [
                {"type": "null"},
                {"type": "integer", "minimum": 1},
                tagged("circle", radius={"type": "number"}),
                tagged("square", side={"type": "number"}),
            ]
        },
        "open": {"type": "object", "patternProperties": {"^x-": {}}, "additionalProperties": False},
        "never": {"anyOf": [False, {"type": "null"}]},
        "mail": {"type": "string", "format": "email"},
        "odd": {"not": {"const": 1}},
    },
}
UNION_MESSAGES: list[tuple[Any, list[str]]] = [
    ({"pick": None}, []),
    ({"pick": {"kind": "square", "side": 1}}, []),
    ({"pick": 0}, ["f /pick: expected at least 1, got 0"]),
    ({"pick": "x"}, ['f /pick: expected null or integer or object, got string ("x")']),
    ({"pick": {"kind": "circle", "radius": "r"}}, ['f /pick/radius: expected number, got string ("r")']),
    ({"pick": {"kind": "square"}}, ["f /pick/side: is missing"]),
    ({"pick": {"kind": "squaer"}}, ['f /pick/kind: expected one of circle, square, got "squaer"; did you mean square']),
    ({"pick": {"radius": 1}}, ['f /pick: fits none of the 4 forms that are allowed, got {"radius": 1}']),
    (
        {"open": {"x-a": 1, "y": 2, "z": 3}},
        [f"f /open/{name}: is not a known property; known are none" for name in "yz"],
    ),
    ({"never": 5}, ["f /never: expected null, got integer (5)"]),
    ({"mail": "nobody"}, ['f /mail: breaks format, got "nobody"']),
    ({"odd": 1}, ["f /odd: 1 should not be valid under {'const': 1}"]),
]


@pytest.mark.parametrize(("data", "messages"), UNION_MESSAGES)
def test_a_schema_of_the_users_own_may_use_every_keyword(data: Any, messages: list[str], tmp_path: Path) -> None:
    (tmp_path / "person.schema.json").write_text(json.dumps(UNION))
    validator = Validator(tmp_path)
    assert [str(problem) for problem in validator.problems("person", data, "f")] == messages


def write_schema(folder: Path, name: str, schema: JsonSchema) -> Path:
    path = folder / f"{name}.schema.json"
    path.write_text(json.dumps(schema))
    return path


def embedded_copy(name: str) -> JsonSchema:
    schema: JsonSchema = json.loads((model.schema_files() / f"{name}.schema.json").read_bytes())
    return schema


def test_a_users_schema_replaces_that_one_and_the_others_stay(tmp_path: Path) -> None:
    person = embedded_copy("person")
    person["properties"]["desk"] = {"type": "string"}
    write_schema(tmp_path, "person", person)
    own = Validator(tmp_path)
    assert own.replaced == ("person",)
    assert own.acceptor("person")({"person_id": "ann", "desk": "3b"})
    assert not embedded().acceptor("person")({"person_id": "ann", "desk": "3b"})
    assert own.problems("lineage_edge", {"from": "a"}, "f") == embedded().problems("lineage_edge", {"from": "a"}, "f")


def test_a_users_common_definitions_reach_every_record(tmp_path: Path) -> None:
    common = embedded_copy("common")
    common["$defs"]["outcome"]["enum"].append("ignored")
    write_schema(tmp_path, "common", common)
    own = Validator(tmp_path)
    assert own.replaced == tuple(sorted(model.RECORD_NAMES))
    assert own.acceptor("nl_query")(QUERY | {"outcome": "ignored"})


def test_a_users_schema_may_refer_to_a_file_of_its_own(tmp_path: Path) -> None:
    write_schema(tmp_path, "desk", {"type": "integer"})
    write_schema(tmp_path, "person", {"type": "object", "properties": {"desk": {"$ref": "desk.schema.json"}}})
    assert [str(problem) for problem in Validator(tmp_path).problems("person", {"desk": "x"}, "f")] == [
        'f /desk: expected integer, got string ("x")'
    ]


def test_a_folder_without_schemas_replaces_nothing(tmp_path: Path) -> None:
    assert Validator(tmp_path).replaced == ()


COMMON = embedded_copy("common")
BROKEN: list[tuple[dict[str, JsonSchema], str, str]] = [
    ({"person": {"type": "objekt"}}, "person", " /type: is not a valid schema ('objekt' is not valid under any"),
    ({"person": {"pattern": "("}}, "person", " /pattern: is not a valid schema ('(' is not a 'regex')"),
    ({"person": {"pattern": "(?P<a>b)(?(a)c|d)"}}, "person", ": is not a valid schema ("),
    ({"person": {"$ref": "#/$defs/gone"}}, "person", ": #/$defs/gone leads nowhere; mend the reference"),
    ({"person": {"items": {"$ref": "#"}}}, "person", ": # refers to itself; mend the reference"),
    ({"person": {"$dynamicRef": "http://127.0.0.1:1/x"}}, "person", ": is not a valid schema ("),
    ({"common": COMMON | {"$defs": {}}}, "common", ": common.schema.json#/$defs/"),
    (
        {
            "person": {"$ref": "common.schema.json#/$defs/x"},
            "common": COMMON | {"$defs": COMMON["$defs"] | {"x": {"$ref": "#/$defs/gone"}}},
        },
        "common",
        ": #/$defs/gone leads nowhere; mend the reference",
    ),
    ({"common": COMMON | {"$defs": {"x": {"type": 5}}}}, "common", " /$defs/x/type: is not a valid schema (5 is not"),
]


@pytest.mark.parametrize(("schemas", "blamed", "message"), BROKEN)
def test_a_broken_schema_of_the_users_is_reported_by_its_own_path(
    schemas: dict[str, JsonSchema], blamed: str, message: str, tmp_path: Path
) -> None:
    for name, schema in schemas.items():
        write_schema(tmp_path, name, schema)
    with pytest.raises(SchemaError) as caught:
        Validator(tmp_path)
    assert str(caught.value).startswith(f"{tmp_path / blamed}.schema.json{message}")
    assert "\n" not in str(caught.value)
