"""Ids that hold, whatever is known from before."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

from hypothesis import given
from hypothesis import strategies as st

from datagap import ids, model
from datagap.catalog import Catalog
from datagap.gap import GAP_TYPES
from datagap.report.claim import Checked, Claim
from datagap.report.finding import Detected
from datagap.report.identity import Trace, former_names, settle
from datagap.report.rank import Group, group

NAMES = ["a", "b", "c", "d"]
EVENTS = [f"q{place}" for place in range(6)]


def catalog(declared: dict[str, list[str]]) -> Catalog:
    datasets = [
        model.Dataset(name=name, domain="d", layer="mart", owner="o", columns=[], aliases=aliases)
        for name, aliases in declared.items()
    ]
    return Catalog(datasets=datasets, freshness=[], lineage=[], as_of="2026-03-05T18:00:00Z")


def detected(event_id: str, gap_type: model.GapType, dataset: str, column: str) -> Detected:
    checked = Checked(
        claim=Claim(gap_type=gap_type, datasets=(dataset,)),
        support="confirmed",
        datasets=(dataset,),
        columns=(column,),
    )
    finding = SimpleNamespace(event_id=event_id, actor="u", when="2026-03-04T10:00:00Z")
    return Detected(finding=cast(Any, finding), claim=checked.claim, gaps=(checked,), confidences=(0.9,))


needs = st.builds(detected, st.sampled_from(EVENTS), st.sampled_from(GAP_TYPES), st.sampled_from(NAMES), st.just("x"))
weeks = st.lists(needs, max_size=8).map(group)
catalogs = st.dictionaries(
    st.sampled_from(NAMES), st.lists(st.sampled_from(NAMES), max_size=3, unique=True), min_size=1
).map(catalog)


def traces(groups: list[Group]) -> dict[str, Trace]:
    found: dict[str, Trace] = {}
    for one in groups:
        events = frozenset(detected.finding.event_id for detected, _ in one.members)
        root, gap_type = one.lead.datasets[0], one.lead.claim.gap_type
        trace = Trace(group_id=one.group_id, events=events, root=root, gap_type=gap_type)
        found |= dict.fromkeys((one.group_id, *one.aliases), trace)
    return found


@given(weeks, catalogs, weeks, catalogs, st.sets(st.sampled_from(NAMES), max_size=2))
def test_no_id_stands_for_two_groups_and_none_is_lost(
    before: list[Group], then: Catalog, now: list[Group], catalog: Catalog, split: set[str]
) -> None:
    apart = frozenset(ids.group_id(("missing_column", name, "x")) for name in split)
    known = traces(settle(before, then, {}))
    settled = settle(now, catalog, known, apart)
    assert sorted(one.key for one in settled) == sorted(one.key for one in now)
    every = [name for one in settled for name in (one.group_id, *one.aliases)]
    assert len(every) == len({*every})
    assert settled == settle(now[::-1], catalog, known, apart)


@given(weeks, catalogs, catalogs)
def test_what_is_settled_stays_settled(groups: list[Group], then: Catalog, now: Catalog) -> None:
    first = settle(groups, then, {})
    again = settle(groups, now, traces(first))
    held = {one.key: one.group_id for one in first}
    assert {one.key: one.group_id for one in again if held[one.key] == one.group_id} == held


@given(weeks, catalogs)
def test_without_anything_known_an_id_is_that_of_the_key(groups: list[Group], catalog: Catalog) -> None:
    assert all(one.group_id == ids.group_id(one.key) for one in settle(groups, catalog, {}))


def test_a_former_name_is_declared_by_one_dataset_and_borne_by_none() -> None:
    found = former_names(catalog({"a": ["b", "old", "both"], "b": [], "c": ["both"]}))
    assert {name: list(aliases) for name, aliases in found.items()} == {"a": ["old"]}


def test_many_declared_names_do_not_take_long() -> None:
    many = catalog({"a": [f"a{place}" for place in range(20_000)]})
    [settled] = settle(group([detected("q1", "missing_column", "a", "x")]), many, {"g_x": Trace(group_id="g_x")})
    assert 0 < len(settled.aliases) < 100
