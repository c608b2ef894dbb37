from __future__ import annotations

import dataclasses
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from datagap import model
from datagap.pack.canonical import line
from datagap.pack.document import parse_json
from datagap.schema import JsonSchema
from datagap.validate import embedded
from tests import strategies
from tests.mutations import mutations

every_record = pytest.mark.parametrize("name", model.RECORD_NAMES)
every_class = pytest.mark.parametrize("record_type", model.RECORDS, ids=lambda record_type: record_type.__name__)


@every_record
@given(st.data())
def test_what_a_schema_describes_is_accepted_and_nothing_is_said_against_it(
    name: model.RecordName, data: st.DataObject
) -> None:
    value = data.draw(strategies.data(name))
    assert embedded().problems(name, value, "file") == []
    assert list(model.explainer(name).iter_errors(value)) == []


@every_record
@given(st.data())
def test_one_broken_place_is_reported_there_and_nowhere_else(name: model.RecordName, data: st.DataObject) -> None:
    value = data.draw(strategies.data(name))
    by_kind: dict[str, list[Any]] = {}
    for mutation in mutations(model.schema(name), value):
        by_kind.setdefault(mutation.kind, []).append(mutation)
    chosen = data.draw(st.sampled_from(sorted(by_kind)).flatmap(lambda kind: st.sampled_from(by_kind[kind])))

    found = {problem.pointer for problem in embedded().problems(name, chosen.applied(value), "file", 1)}

    assert chosen.pointer in found
    enclosing = {pointer for pointer in found if f"{chosen.pointer}/".startswith(f"{pointer}/")}
    assert found - enclosing <= {chosen.also}


@every_class
@given(st.data())
def test_a_record_survives_being_written_and_read(record_type: type[Any], data: st.DataObject) -> None:
    record = data.draw(strategies.record(record_type))
    written = line(record)
    again = model.load(record_type, parse_json(written))
    assert again == record
    assert line(again) == written


@every_class
@given(st.data())
def test_what_is_written_is_what_was_read_less_optional_nulls_plus_defaults(
    record_type: type[Any], data: st.DataObject
) -> None:
    name = model.RECORDS[record_type]
    value = data.draw(strategies.data(name))
    written = parse_json(line(model.load(record_type, value)))
    assert written == _settled(model.schema(name), value)
    assert embedded().problems(name, written, "file") == []


def _settled(schema: JsonSchema, value: Any) -> Any:
    if isinstance(value, list):
        return [_settled(schema.get("items", {}), item) for item in value]
    if isinstance(value, dict) and isinstance(schema.get("additionalProperties"), dict):
        return {name: _settled(schema["additionalProperties"], part) for name, part in value.items()}
    if not isinstance(value, dict) or "properties" not in schema:
        return value
    settled = {}
    for name, part in schema["properties"].items():
        here = value.get(name, part.get("default"))
        if here is not None or name in schema.get("required", ()):
            settled[name] = _settled(part, here)
    return settled


@every_class
def test_a_class_has_a_field_for_each_property(record_type: type[Any]) -> None:
    properties = model.schema(model.RECORDS[record_type])["properties"]
    fields = {field.name for field in dataclasses.fields(record_type)}
    assert fields == {model.FIELD_NAMES.get(name, name) for name in properties}


@pytest.mark.parametrize(
    "record_type",
    [cls for cls, name in model.RECORDS.items() if not model.schema(name).keys() & {"required", "minProperties"}],
)
def test_where_nothing_is_required_the_defaults_alone_are_a_valid_record(record_type: type[Any]) -> None:
    written = model.dump(model.load(record_type, {}))
    assert embedded().problems(model.RECORDS[record_type], written, "file") == []


DATASET = {"name": "orders", "domain": "sales", "layer": "mart", "columns": []}
GAP = {
    "gap_id": "gap_0001",
    "gap_type": "missing_column",
    "reason": "absent",
    "datasets": ["orders"],
    "columns": [],
    "severity": "low",
    "began_at": "2025-01-01T00:00:00Z",
    "demand": {"people": 0, "events": 0},
}
FACT = {"file": "catalog/datasets.json", "pointer": "/0", "value": None}
REQUIRED_NULLS: list[tuple[type[Any], dict[str, Any]]] = [
    (model.Dataset, DATASET | {"owner": None}),
    (model.TruthGap, GAP | {"fact": FACT, "resolved_at": None}),
]


@pytest.mark.parametrize(("record_type", "value"), REQUIRED_NULLS)
def test_a_null_that_is_required_is_written(record_type: type[Any], value: dict[str, Any]) -> None:
    assert model.dump(model.load(record_type, value)) == value


def test_a_null_that_is_optional_is_left_out() -> None:
    message = {"id": "s1", "when": "2025-01-01T00:00:00Z", "actor": "ann", "channel": "slack", "text": "hello"}
    loaded = model.load(model.SlackMessage, message | {"thread_id": None, "labels": None})
    assert loaded.labels is None
    assert model.dump(loaded) == message


def test_an_empty_list_is_not_an_unknown_one() -> None:
    known = model.load(model.Dataset, DATASET | {"owner": "ann", "aliases": []})
    assert not known.aliases
    assert known.aliases is not None
    assert model.dump(known)["aliases"] == []
    assert "metrics" not in model.dump(known)


def test_the_property_that_python_reserves_is_a_field_with_an_underscore() -> None:
    edge = model.load(model.LineageEdge, {"from": "raw", "to": "mart"})
    assert edge == model.LineageEdge(from_="raw", to="mart")
    assert model.dump(edge) == {"from": "raw", "to": "mart"}


def test_a_whole_number_with_a_decimal_point_is_read_as_the_integer_it_is() -> None:
    row = {"dataset": "orders", "max_loaded_at": "2025-01-01T00:00:00Z", "sla_hours": 24.0}
    assert embedded().problems("freshness_row", row, "file") == []
    assert line(embedded().read(model.FreshnessRow, row, "file")).endswith(b'"sla_hours":24}\n')
