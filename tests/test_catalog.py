from __future__ import annotations

from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from datagap import clock, model
from datagap.catalog import ASSUMED_COMPLETE, Catalog

NOON = "2025-01-10T12:00:00Z"


def dataset(name: str, *references: str) -> model.Dataset:
    keys = [{"columns": ["id"], "references": other, "referenced_columns": ["id"]} for other in references]
    value: dict[str, Any] = {"name": name, "domain": "sales", "layer": "mart", "owner": None, "columns": []}
    return model.load(model.Dataset, value | ({"foreign_keys": keys} if keys else {}))


def row(name: str, age: float, sla: int = 24) -> model.FreshnessRow:
    loaded = clock.render(clock.parse(NOON) - int(age * clock.HOUR))
    return model.FreshnessRow(dataset=name, max_loaded_at=loaded, sla_hours=sla)


def edges(*arrows: str) -> list[model.LineageEdge]:
    return [model.LineageEdge(from_=arrow.split(">")[0], to=arrow.split(">")[1]) for arrow in arrows]


def catalog(**parts: Any) -> Catalog:
    return Catalog(**({"datasets": [], "freshness": [], "lineage": [], "as_of": NOON} | parts))


FACT_CLASSES: tuple[model.FactClass, ...] = get_args(model.FactClass)


@pytest.mark.parametrize("fact_class", FACT_CLASSES)
def test_without_a_statement_of_coverage_only_what_every_pack_has_is_complete(fact_class: model.FactClass) -> None:
    assert catalog().covers(fact_class) is (fact_class in ASSUMED_COMPLETE)


@pytest.mark.parametrize("fact_class", FACT_CLASSES)
@pytest.mark.parametrize(("status", "covers"), [("complete", True), ("partial", False), ("absent", False)])
def test_only_what_is_stated_to_be_complete_is(fact_class: model.FactClass, status: str, covers: bool) -> None:
    stated = model.load(model.Coverage, {fact_class: {"status": status}})
    assert catalog(coverage=stated).covers(fact_class) is covers
    others = [other for other in FACT_CLASSES if other != fact_class]
    assert not any(catalog(coverage=stated).covers(other) for other in others)


def test_what_is_unknown_is_none_and_not_empty() -> None:
    known = catalog(datasets=[dataset("a")], people=None)
    assert known.people is None
    assert known.by_name["a"].foreign_keys is None
    assert known.age_hours("a") is None
    assert known.is_late("a") is None


def test_things_are_found_by_name_and_place() -> None:
    ann = model.Person(person_id="ann")
    here = catalog(datasets=[dataset("a"), dataset("b")], freshness=[row("b", 1), row("a", 2)], people=[ann])
    assert here.position == {"a": 0, "b": 1}
    assert here.by_name["b"] is here.datasets[1]
    assert here.load["a"] == (1, here.freshness[1])
    assert here.person == {"ann": ann}
    assert catalog().person == {}


def test_columns_are_known_by_dataset() -> None:
    columns = [{"name": "id", "type": "int"}, {"name": "region", "type": "text"}]
    value = {"name": "a", "domain": "sales", "layer": "mart", "owner": None, "columns": columns}
    assert catalog(datasets=[model.load(model.Dataset, value)]).columns == {"a": {"id", "region"}}


AGES = [(0, False), (23.5, False), (24, False), (24 + 1 / clock.HOUR, True), (100, True), (-1, False)]


@pytest.mark.parametrize(("age", "late"), AGES)
def test_a_dataset_is_late_once_it_is_older_than_promised(age: float, late: bool) -> None:
    here = catalog(freshness=[row("a", age)])
    assert here.age_hours("a") == pytest.approx(age)
    assert here.is_late("a") is late


def test_lateness_can_be_asked_for_another_instant() -> None:
    here = catalog(freshness=[row("a", 20)])
    assert here.is_late("a", "2025-01-10T16:00:00Z") is False
    assert here.is_late("a", "2025-01-10T16:00:01Z") is True
    assert here.age_hours("a", "2025-01-09T16:00:00Z") == 0


LATE = [row("late_raw", 99), row("late_stage", 99), row("late_mart", 99), row("fresh", 1)]
ROOTS = [
    ([], "late_mart", "late_mart"),
    (["fresh>late_mart"], "late_mart", "late_mart"),
    (["unknown>late_mart"], "late_mart", "late_mart"),
    (["late_raw>late_mart"], "late_mart", "late_raw"),
    (["late_raw>late_stage", "late_stage>late_mart"], "late_mart", "late_raw"),
    (["late_raw>fresh", "fresh>late_mart"], "late_mart", "late_mart"),
    (["late_stage>late_mart", "late_raw>late_mart"], "late_mart", "late_raw"),
    (["late_mart>late_mart"], "late_mart", "late_mart"),
    (["late_raw>late_mart", "late_mart>late_raw"], "late_mart", "late_raw"),
]


@pytest.mark.parametrize(("arrows", "name", "root"), ROOTS)
def test_the_root_of_lateness_is_the_last_late_dataset_going_up(arrows: list[str], name: str, root: str) -> None:
    assert catalog(freshness=LATE, lineage=edges(*arrows)).late_root(name) == root


NAMES = st.sampled_from("abcdef")
PAIRS = st.lists(st.tuples(NAMES, NAMES), max_size=12)


@given(PAIRS)
def test_lineage_with_any_cycles_is_walked_once_and_the_same_from_both_ends(pairs: list[tuple[str, str]]) -> None:
    here = catalog(lineage=edges(*(f"{left}>{right}" for left, right in pairs)))
    for name in "abcdef":
        above = here.ancestors(name)
        assert len(above) == len(set(above))
        assert name not in above
        assert all(name in here.descendants(other) for other in above)
        assert {left for left, right in pairs if right == name} - {name} <= set(above)


def test_the_nearest_come_first_and_twice_declared_counts_once() -> None:
    here = catalog(lineage=edges("raw>stage", "stage>mart", "raw>stage", "seed>mart", "raw>mart"))
    assert here.ancestors("mart") == ["stage", "seed", "raw"]
    assert here.descendants("raw") == ["stage", "mart"]
    assert here.upstream["stage"] == ["raw"]
    assert here.ancestors("nowhere") == []


@given(PAIRS)
def test_joins_go_both_ways_and_along_paths(pairs: list[tuple[str, str]]) -> None:
    here = catalog(datasets=[dataset(name, *(right for left, right in pairs if left == name)) for name in "abcdef"])
    for left, right in pairs:
        assert here.joinable(left, right)
    for left in "abcdef":
        assert here.joinable(left, left)
        for right in "abcdef":
            assert here.joinable(left, right) is here.joinable(right, left)
            if here.joinable(left, right):
                assert all(here.joinable(left, third) for third in "abcdef" if here.joinable(right, third))


def test_what_no_key_leads_to_cannot_be_joined() -> None:
    here = catalog(datasets=[dataset("orders", "customers"), dataset("customers"), dataset("ads")])
    assert here.joinable("customers", "orders")
    assert not here.joinable("orders", "ads")
    assert not here.joinable("orders", "nowhere")


def test_a_source_with_very_many_consumers_is_no_burden() -> None:
    names = [f"m{number}" for number in range(20_000)]
    here = catalog(lineage=edges(*(f"raw>{name}" for name in names)))
    assert here.descendants("raw") == names
