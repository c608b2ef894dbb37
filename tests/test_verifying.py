"""A claim is settled by a fact that stands in the catalog, or it is open and says what would settle it."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from datagap import model
from datagap.catalog import Catalog
from datagap.gap import GAP_TYPES
from datagap.pack import layout
from datagap.report.claim import Checked, Claim, Moment, relevant
from datagap.report.verifying import Verifier
from tests.handmade import FULL, NOW, catalog, column, dataset

STAFF = frozenset(["staff"])
PARTIAL = {"status": "partial"}
FACT_CLASS_OF: Mapping[str, model.FactClass] = {
    "description": "descriptions",
    "grain": "grain",
    "foreign_keys": "keys",
    "access_roles": "access",
    "checks": "checks",
    "row_count": "row_counts",
    "partitioned_by": "partitioning",
}


def check_named(kind: str, status: str = "fail", on: str | None = None) -> dict[str, Any]:
    return {"name": f"{kind}_{on}", "kind": kind, "status": status} | ({"column": on} if on else {})


def metric(name: str, definition: str) -> dict[str, Any]:
    return {"name": name, "definition": definition}


KEY = {"primary_key": ["customer_id"]}
TO_ORDERS = [{"columns": ["order_id"], "references": "orders", "referenced_columns": ["order_id"]}]
DATASETS = [
    dataset("orders", column("order_id"), column("order_date", "date"), column("region"), column("amount", "decimal")),
    dataset("src_clicks", column("click_id"), column("campaign"), layer="source"),
    dataset("src_orders", column("order_id"), column("brand"), layer="source"),
    dataset("mart_old", retired_at="2026-01-31T00:00:00Z"),
    dataset("orders_monthly", column("month", "date"), column("region"), grain={"keys": ["region"], "period": "month"}),
    dataset("orders_weekly", column("week", "date"), grain={"keys": ["region"], "period": "week"}),
    dataset("orders_hourly", column("hour", "timestamp"), grain={"keys": ["region"], "period": "hour"}),
    dataset("customers", column("customer_id"), column("name"), grain={"keys": ["customer_id"]}, **KEY),
    dataset(
        "returns", column("paid_on", "varchar"), column("amount", "string"), column("order_id"), foreign_keys=TO_ORDERS
    ),
    dataset("odd_dates", column("paid_on", "string", format="DD/MM/YYYY"), column("note")),
    dataset("tickets", column("customer_no"), column("ticket_id")),
    dataset("raw_late", layer="source"),
    dataset("mid_late"),
    dataset("end_late"),
    dataset("alone_late"),
    dataset("slow_promise"),
    dataset("trickling", checks=[check_named("recency")]),
    dataset("locked", access_roles=["vault"]),
    dataset("masked", column("email", access_roles=["vault"]), column("region")),
    dataset("bare", description=""),
    dataset("half_bare", column("flag", description=""), column("region")),
    dataset("ghostly", description="Has `vanished_at` for each row."),
    dataset("renamed", column("lt_cd", description="The loyalty tier."), column("region")),
    dataset("loyal", column("loyalty_tier", description="The loyalty tier.")),
    dataset("loyal_too", column("loyalty_tier", description="The loyalty tier.")),
    dataset("finance", metrics=[metric("net_sales", "sales less returns")]),
    dataset("marketing", metrics=[metric("net_sales", "sales less discounts")]),
    dataset("huge", row_count=2_000_000_000),
    dataset("huge_cut", row_count=2_000_000_000, partitioned_by=["order_date"]),
    dataset("huge_facts", row_count=2_000_000_000, partitioned_by=["order_date"], grain={"keys": ["order_id"]}),
    dataset("dirty", checks=[check_named("unique", on="region")]),
    dataset("hollow", checks=[check_named("not_null", on="region")]),
    dataset("short", checks=[check_named("row_count")]),
    dataset("strange", checks=[check_named("accepted_values", on="region")]),
    dataset("off", checks=[check_named("unique", "pass"), check_named("reconciliation")]),
    dataset("clean", checks=[check_named("unique", "pass", "region"), check_named("not_null", "pass", "region")]),
]
LOADS = {
    "raw_late": ("2026-03-01T00:00:00Z", 24),
    "mid_late": ("2026-03-01T02:00:00Z", 24),
    "end_late": ("2026-03-01T04:00:00Z", 24),
    "alone_late": ("2026-03-02T00:00:00Z", 24),
    "slow_promise": ("2026-03-05T00:00:00Z", 72),
}
LINEAGE = [
    ("src_orders", "orders"),
    ("raw_late", "mid_late"),
    ("mid_late", "end_late"),
    ("huge_cut", "orders_monthly"),
    ("huge_facts", "customers"),
]


def held(datasets: Sequence[Mapping[str, Any]] = DATASETS, coverage: Mapping[str, Any] | None = FULL) -> Catalog:
    return catalog(datasets, loads=LOADS, lineage=LINEAGE, coverage=coverage)


def claimed(gap_type: model.GapType, *datasets: str, **more: Any) -> Claim:
    return Claim(gap_type=gap_type, datasets=datasets, **{"roles": STAFF} | more)


@dataclass(frozen=True)
class Case:
    claim: Claim
    reason: model.GapReason | None = None
    """None for a claim that the catalog contradicts."""
    about: Sequence[str] = ()
    """Datasets, where they are not those of the claim."""
    columns: Sequence[str] = ()
    pointers: Sequence[str] = field(default=())
    """Where the facts are, `NAME/` standing for the place of a dataset."""


def late(name: str, moment: Moment = "late") -> Claim:
    return claimed("freshness_breach", name, moment=moment)


CASES: dict[str, Case] = {
    # Confirmed, each reason
    "not_ingested": Case(claimed("missing_asset", subject="parking fees"), "not_ingested", pointers=[""]),
    "not_ingested by name": Case(claimed("missing_asset", unknown=("fct_parking",)), "not_ingested", pointers=[""]),
    "not_modelled": Case(claimed("missing_asset", "src_clicks"), "not_modelled", pointers=["src_clicks/layer"]),
    "retired": Case(claimed("missing_asset", "mart_old"), "retired", pointers=["mart_old/retired_at"]),
    "absent": Case(
        claimed("missing_column", "orders", unknown=("colour_code",)),
        "absent",
        columns=["colour_code"],
        pointers=["orders/columns"],
    ),
    "not_exposed": Case(
        claimed("missing_column", "orders", columns=("brand",)),
        "not_exposed",
        columns=["brand"],
        pointers=["orders/columns"],
    ),
    "absent beside what is there": Case(
        claimed("missing_column", "orders", columns=("region", "amount"), unknown=("colour_code",)),
        "absent",
        columns=["colour_code"],
        pointers=["orders/columns"],
    ),
    "too_coarse": Case(
        claimed("grain_mismatch", "orders_monthly", periods=("day",)),
        "too_coarse",
        pointers=["orders_monthly/grain/period"],
    ),
    "incompatible_period": Case(
        claimed("grain_mismatch", "orders_weekly", periods=("month",)),
        "incompatible_period",
        pointers=["orders_weekly/grain/period"],
    ),
    "wrong_type": Case(
        claimed("type_mismatch", "returns", columns=("paid_on",)),
        "wrong_type",
        columns=["paid_on"],
        pointers=["returns/columns/0/type"],
    ),
    "wrong_type, by what it is elsewhere": Case(
        claimed("type_mismatch", "returns", columns=("amount",)),
        "wrong_type",
        columns=["amount"],
        pointers=["returns/columns/1/type"],
    ),
    "wrong_format": Case(
        claimed("type_mismatch", "odd_dates", columns=("paid_on",)),
        "wrong_format",
        columns=["paid_on"],
        pointers=["odd_dates/columns/0/type"],
    ),
    "upstream_late": Case(
        late("end_late"),
        "upstream_late",
        about=["raw_late", "mid_late", "end_late"],
        pointers=["raw_late/max_loaded_at", "end_late/max_loaded_at"],
    ),
    "failed_run": Case(late("alone_late"), "failed_run", pointers=["alone_late/max_loaded_at"]),
    "late_arriving": Case(late("trickling", "fresh"), "late_arriving", pointers=["trickling/checks/0/status"]),
    "no_key": Case(
        claimed("joinability_issue", "orders", "odd_dates"),
        "no_key",
        pointers=["orders/foreign_keys", "odd_dates/foreign_keys"],
    ),
    "key_mismatch": Case(
        claimed("joinability_issue", "tickets", "customers"),
        "key_mismatch",
        columns=["customer_no"],
        pointers=["tickets/foreign_keys", "customers/foreign_keys"],
    ),
    "no_grant": Case(claimed("access_denied", "locked"), "no_grant", pointers=["locked/access_roles"]),
    "masked": Case(
        claimed("access_denied", "masked", columns=("email",)),
        "masked",
        columns=["email"],
        pointers=["masked/columns/0/access_roles"],
    ),
    "undocumented": Case(claimed("docs_missing", "bare"), "undocumented", pointers=["bare/description"]),
    "undocumented column": Case(
        claimed("docs_missing", "half_bare", columns=("flag",)),
        "undocumented",
        columns=["flag"],
        pointers=["half_bare/columns/0/description"],
    ),
    "undiscoverable": Case(
        claimed("docs_missing", "renamed", columns=("loyalty_tier",)),
        "undiscoverable",
        columns=["lt_cd"],
        pointers=["renamed/columns/0/name"],
    ),
    "conflicting_definitions": Case(
        claimed("docs_missing", "finance", columns=("net_sales",)),
        "conflicting_definitions",
        about=["finance", "marketing"],
        columns=["net_sales"],
        pointers=["marketing/metrics/0/definition"],
    ),
    "stale": Case(
        claimed("docs_missing", "ghostly"), "stale", columns=["vanished_at"], pointers=["ghostly/description"]
    ),
    "too_large": Case(claimed("performance_limit", "huge_cut"), "too_large", pointers=["huge_cut/row_count"]),
    "unpartitioned": Case(claimed("performance_limit", "huge"), "unpartitioned", pointers=["huge/partitioned_by"]),
    "no_aggregate": Case(claimed("performance_limit", "huge_facts"), "no_aggregate", pointers=["huge_facts/row_count"]),
    "duplicates": Case(
        claimed("quality_issue", "dirty"), "duplicates", columns=["region"], pointers=["dirty/checks/0/status"]
    ),
    "incomplete": Case(
        claimed("quality_issue", "hollow"), "incomplete", columns=["region"], pointers=["hollow/checks/0/status"]
    ),
    "incomplete rows": Case(claimed("quality_issue", "short"), "incomplete", pointers=["short/checks/0/status"]),
    "wrong_values": Case(
        claimed("quality_issue", "strange"), "wrong_values", columns=["region"], pointers=["strange/checks/0/status"]
    ),
    "conflicting_numbers": Case(
        claimed("quality_issue", "off"), "conflicting_numbers", pointers=["off/checks/1/status"]
    ),
    # Contradicted
    "it is there": Case(claimed("missing_asset", "orders"), pointers=["orders/name"]),
    "the column is there": Case(
        claimed("missing_column", "orders", columns=("region",)), columns=["region"], pointers=["orders/columns"]
    ),
    "the metric is there": Case(
        claimed("missing_column", "finance", columns=("net_sales",)),
        columns=["net_sales"],
        pointers=["finance/metrics/0/name"],
    ),
    "the column is in the other dataset": Case(
        claimed("missing_column", "orders", "customers", columns=("name",)),
        columns=["name"],
        about=["customers"],
        pointers=["customers/columns"],
    ),
    "it can be added up": Case(
        claimed("grain_mismatch", "orders", periods=("month",)), pointers=["orders/grain/period"]
    ),
    "months make quarters": Case(
        claimed("grain_mismatch", "orders_monthly", periods=("quarter",)), pointers=["orders_monthly/grain/period"]
    ),
    "there is nothing finer": Case(claimed("grain_mismatch", "orders_hourly"), pointers=["orders_hourly/grain/period"]),
    "it has single rows": Case(
        claimed("grain_mismatch", "customers", periods=("day",)), pointers=["customers/grain/keys"]
    ),
    "it is a date": Case(
        claimed("type_mismatch", "orders", columns=("order_date",)),
        columns=["order_date"],
        pointers=["orders/columns/1/type"],
    ),
    "every type is right": Case(claimed("type_mismatch", "customers"), pointers=["customers/columns"]),
    "it is on time": Case(late("orders", "fresh"), pointers=["orders/max_loaded_at"]),
    "it was not late yet": Case(late("alone_late", "fresh"), pointers=["alone_late/max_loaded_at"]),
    "a key joins them": Case(
        claimed("joinability_issue", "returns", "orders"), pointers=["returns/foreign_keys", "orders/foreign_keys"]
    ),
    "whoever asks may read it": Case(claimed("access_denied", "orders"), pointers=["orders/access_roles"]),
    "whoever asks may read all of it": Case(
        claimed("access_denied", "masked", roles=frozenset(["staff", "vault"])), pointers=["masked/access_roles"]
    ),
    "it is described": Case(claimed("docs_missing", "orders"), pointers=["orders/description"]),
    "it is small": Case(claimed("performance_limit", "orders"), pointers=["orders/row_count"]),
    "every check passes": Case(claimed("quality_issue", "clean"), pointers=["clean/checks/0/status"]),
}


def at(found: model.Evidence, names: Mapping[str, int]) -> str:
    """Return the pointer of a fact with the name of the dataset for its place."""
    assert found.pointer is not None
    if not found.pointer:
        return ""
    place, _, rest = found.pointer[1:].partition("/")
    return f"{next(name for name, number in names.items() if number == int(place))}/{rest}"


def stands(fact: model.Evidence, of: Catalog) -> bool:
    """Return whether a fact is what the catalog has at its pointer; of objects, their names; of the absent, none."""
    rows: Sequence[Any] = of.datasets if fact.file == layout.DATASETS else of.freshness
    here: Any = [model.dump(row) for row in rows]
    for part in (fact.pointer or "").split("/")[1:]:
        here = here[int(part)] if isinstance(here, list) else here.get(part)
        if here is None:
            return not fact.value
    if isinstance(here, list) and here and isinstance(here[0], dict):
        names = {tuple(sorted(str(one.get(key)) for one in here)) for key in ("name", "references", "type")}
        return fact.value is None or tuple(sorted(map(str, as_list(fact.value)))) in names
    if fact.file == layout.FRESHNESS:  # a table of texts
        return fact.value == str(here)
    return fact.value == here or as_list(fact.value) == here or (fact.value is None and isinstance(here, list))


def as_list(value: object) -> list[object]:
    return list(value) if isinstance(value, list | tuple) else [value]


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_a_claim_is_settled_by_a_fact_that_stands_where_it_says(case: Case) -> None:
    of = held()
    checked = Verifier(of).check(case.claim)
    assert (checked.verdict, checked.reason) == ("confirmed" if case.reason else "contradicted", case.reason)
    assert [at(fact, places(of, fact.file)) for fact in checked.facts] == [*case.pointers]
    assert [fact for fact in checked.facts if not stands(fact, of)] == []
    assert {fact.as_of for fact in checked.facts} == {NOW}
    assert [*checked.datasets] == [*(case.about or case.claim.datasets)]
    assert [*checked.columns] == [*case.columns]
    assert checked.settled_by is None


def places(of: Catalog, file: str | None) -> Mapping[str, int]:
    return of.position if file == layout.DATASETS else {name: place for name, (place, _) in of.load.items()}


# What may be meant, and what nothing tells

MAY_BE_MEANT: dict[str, tuple[Claim, model.GapReason | None, str]] = {
    "a period that nobody named": (claimed("grain_mismatch", "orders_monthly"), None, "orders_monthly/grain/period"),
    "its own period": (
        claimed("grain_mismatch", "orders_monthly", periods=("month",)),
        None,
        "orders_monthly/grain/period",
    ),
    "another column of the wrong type": (
        claimed("type_mismatch", "returns", columns=("order_id",)),
        "wrong_type",
        "returns/columns/0/type",
    ),
    "a promise of three days": (late("slow_promise", "fresh"), "sla_insufficient", "slow_promise/sla_hours"),
    "a masked column that nobody named": (
        claimed("access_denied", "masked"),
        "masked",
        "masked/columns/0/access_roles",
    ),
    "a column that nobody guesses": (claimed("docs_missing", "renamed"), "undiscoverable", "renamed/columns/0/name"),
    "a check of another column": (
        claimed("quality_issue", "dirty", columns=("order_date",)),
        "duplicates",
        "dirty/checks/0/status",
    ),
}


@pytest.mark.parametrize(("claim", "reason", "pointer"), MAY_BE_MEANT.values(), ids=MAY_BE_MEANT)
def test_a_fact_that_would_fit_were_it_meant_leaves_a_claim_open(
    claim: Claim, reason: model.GapReason | None, pointer: str
) -> None:
    of = held()
    checked = Verifier(of).check(claim)
    assert (checked.support, checked.verdict, checked.reason) == ("possible", "unverifiable", reason)
    (fact,) = checked.facts
    assert at(fact, places(of, fact.file)) == pointer
    assert stands(fact, of)


@pytest.mark.parametrize("gap_type", GAP_TYPES)
def test_a_claim_about_nothing_is_neither_true_nor_false(gap_type: model.GapType) -> None:
    checked = Verifier(held()).check(claimed(gap_type))
    assert (checked.support, checked.verdict, checked.facts, checked.settled_by) == (
        "unlinked",
        "unverifiable",
        (),
        None,
    )


@pytest.mark.parametrize("gap_type", [kind for kind in GAP_TYPES if kind != "missing_asset"])
def test_a_claim_about_what_is_not_in_the_catalog_is_neither_true_nor_false(gap_type: model.GapType) -> None:
    checked = Verifier(held()).check(claimed(gap_type, subject="parking fees", queried=True))
    assert (checked.support, checked.verdict, checked.facts) == ("elsewhere", "unverifiable", ())


def test_a_dataset_without_any_check_says_nothing_of_its_values() -> None:
    checked = Verifier(held()).check(claimed("quality_issue", "orders"))
    assert (checked.support, checked.facts) == ("open", ())


def test_a_failing_check_of_lateness_says_nothing_of_the_values() -> None:
    checked = Verifier(held()).check(claimed("quality_issue", "trickling"))
    assert (checked.support, checked.facts) == ("open", ())


def test_a_join_needs_two_datasets() -> None:
    checked = Verifier(held()).check(claimed("joinability_issue", "orders"))
    assert (checked.verdict, checked.facts) == ("unverifiable", ())


def test_an_asker_whose_roles_are_unknown_may_or_may_not_read() -> None:
    for name in ("orders", "locked", "masked"):
        checked = Verifier(held()).check(claimed("access_denied", name, roles=None))
        assert (checked.verdict, checked.settled_by) == ("unverifiable", "people")


def test_a_load_after_the_message_says_nothing_of_the_time_before() -> None:
    for name in ("orders", "end_late", "slow_promise"):
        checked = Verifier(held()).check(late(name, "before"))
        assert (checked.verdict, checked.datasets, checked.facts) == ("unverifiable", (name,), ())


# Unknown is not empty

UNKNOWN: dict[str, tuple[model.FactClass, Claim, model.FactClass]] = {
    "datasets": ("datasets", claimed("missing_asset", subject="parking fees"), "datasets"),
    "lineage": ("lineage", claimed("missing_asset", "src_clicks"), "lineage"),
    "columns": ("columns", claimed("missing_column", "orders", unknown=("colour_code",)), "columns"),
    "types": ("types", claimed("type_mismatch", "returns", columns=("paid_on",)), "types"),
    "types that are right": ("types", claimed("type_mismatch", "orders", columns=("region",)), "types"),
    "keys": ("keys", claimed("joinability_issue", "orders", "odd_dates"), "keys"),
    "checks": ("checks", claimed("quality_issue", "clean"), "checks"),
    "grain": ("grain", claimed("grain_mismatch", "orders_monthly", periods=("day",)), "grain"),
    "freshness": ("freshness", late("unloaded", "unknown"), "freshness"),
    "access": ("access", claimed("access_denied", "orders"), "access"),
    "descriptions": ("descriptions", claimed("docs_missing", "orders"), "descriptions"),
    "row counts": ("row_counts", claimed("performance_limit", "orders"), "row_counts"),
}
"""Fact classes that are not complete, a claim that turns on what is not there, and what would settle it."""


def without(fact_class: model.FactClass, status: str) -> Catalog:
    """Return the catalog where a fact class is not complete; where it is absent, its facts are not there either."""
    bare = copy.deepcopy([*DATASETS, dataset("unloaded")])
    for one in bare:
        for key, of in FACT_CLASS_OF.items():
            if of == fact_class:
                one.pop(key, None)
    coverage = {name: entry for name, entry in FULL.items() if name != fact_class}
    if status == "partial":
        coverage[fact_class] = PARTIAL
    whole = held(bare, coverage)
    return replace(whole, freshness=[row for row in whole.freshness if row.dataset != "unloaded"])


@pytest.mark.parametrize("status", ["partial", "absent"])
@pytest.mark.parametrize(("fact_class", "claim", "settled_by"), UNKNOWN.values(), ids=UNKNOWN)
def test_where_facts_are_not_complete_a_claim_is_open_and_says_what_would_settle_it(
    fact_class: model.FactClass, claim: Claim, settled_by: model.FactClass, status: str
) -> None:
    checked = Verifier(without(fact_class, status)).check(claim)
    assert (checked.verdict, checked.settled_by) == ("unverifiable", settled_by)
    assert checked.reason is None


STILL: dict[str, tuple[model.FactClass, str, model.Verdict]] = {
    "a dataset": ("datasets", "it is there", "contradicted"),
    "a column": ("columns", "the column is there", "contradicted"),
    "a key": ("keys", "a key joins them", "contradicted"),
    "no grant": ("access", "no_grant", "confirmed"),
    "a grant": ("access", "whoever asks may read it", "contradicted"),
    "a mask": ("access", "masked", "confirmed"),
    "a failing check": ("checks", "duplicates", "confirmed"),
    "no description": ("descriptions", "undocumented", "confirmed"),
    "a grain": ("grain", "too_coarse", "confirmed"),
    "a row count": ("row_counts", "it is small", "contradicted"),
    "partitions": ("partitioning", "unpartitioned", "confirmed"),
    "a retired dataset": ("datasets", "retired", "confirmed"),
}
"""Facts that are there, in a class that is not complete."""


@pytest.mark.parametrize(("fact_class", "name", "verdict"), STILL.values(), ids=STILL)
def test_a_fact_that_is_there_settles_a_claim_though_others_are_not(
    fact_class: model.FactClass, name: str, verdict: model.Verdict
) -> None:
    checked = Verifier(held(coverage={**FULL, fact_class: PARTIAL})).check(CASES[name].claim)
    assert checked.verdict == verdict


def test_a_catalog_without_coverage_is_taken_to_have_names_types_lineage_and_loads_alone() -> None:
    verifier = Verifier(held(coverage=None))
    for name in ("not_ingested", "not_modelled", "absent", "wrong_type", "failed_run"):
        assert verifier.check(CASES[name].claim).verdict == "confirmed"
    for name, settled_by in {"no_key": "keys", "every check passes": "checks"}.items():
        assert verifier.check(CASES[name].claim).settled_by == settled_by


# What became of a claim


REFUTED = {name: case for name, case in CASES.items() if case.reason is None}


@pytest.mark.parametrize("case", REFUTED.values(), ids=REFUTED)
def test_what_an_unserved_query_or_a_mend_bears_out_was_true_and_is_not_contradicted(case: Case) -> None:
    checked = Verifier(held()).check(replace(case.claim, borne_out=True))
    assert (checked.support, checked.verdict) == ("past", "unverifiable")
    assert [*checked.datasets] == [*(case.about or case.claim.datasets)]


def test_a_claim_that_is_confirmed_is_so_whether_or_not_something_else_bears_it_out() -> None:
    for case in CASES.values():
        if case.reason:
            checked = Verifier(held()).check(replace(case.claim, borne_out=True))
            assert checked == replace(Verifier(held()).check(case.claim), claim=checked.claim)


def test_an_answered_query_that_used_a_missing_column_disputes_it() -> None:
    answered = model.Evidence(event_id="q1", quote="amount by brand")
    claim = CASES["not_exposed"].claim
    checked = Verifier(held(), answered={("orders", "brand"): answered}).check(claim)
    assert (checked.verdict, checked.disputed, answered in checked.facts) == ("confirmed", True, True)
    assert not Verifier(held(), answered={("orders", "colour"): answered}).check(claim).disputed


def test_latency_over_the_limit_confirms_slowness_and_up_to_it_does_not() -> None:
    claim = claimed("performance_limit", "orders")
    slow = Verifier(held(), 1000, {"orders": 1001}).check(claim)
    assert (slow.verdict, slow.facts[0].value, slow.facts[0].file) == (
        "confirmed", "p95 latency 1001 ms", layout.EVENT_FILES["nlq"],
    )  # fmt: skip
    assert Verifier(held(), 1000, {"orders": 1000}).check(claim).verdict == "contradicted"
    assert Verifier(held(), 1000, {"returns": 5000}).check(claim).verdict == "contradicted"


# What a claim turns on


@pytest.mark.parametrize("name", CASES)
def test_what_a_claim_does_not_turn_on_changes_no_verdict(name: str) -> None:
    """A claim that is stripped to what its type turns on is checked as the whole one is."""
    claim = CASES[name].claim
    whole, stripped = (Verifier(held()).check(one) for one in (claim, relevant(claim, claim.gap_type)))
    assert settled(whole) == settled(stripped)


def settled(checked: Checked) -> tuple[object, ...]:
    return checked.support, checked.reason, checked.datasets, checked.columns, checked.facts, checked.key


def test_a_key_is_the_same_for_all_who_have_a_need_and_differs_from_those_of_other_needs() -> None:
    verifier = Verifier(held())
    keys = {name: verifier.check(case.claim).key for name, case in CASES.items() if case.reason}
    again = [
        replace(CASES["not_ingested"].claim, subject="Parking fee"),
        replace(CASES["not_ingested"].claim, subject="fees of parking".replace("of ", "")),
    ]
    assert {verifier.check(claim).key for claim in again} == {keys["not_ingested"]}
    assert verifier.check(replace(CASES["absent"].claim, roles=None, periods=("day",))).key == keys["absent"]
    there = verifier.check(CASES["no_key"].claim).key
    back = verifier.check(claimed("joinability_issue", "odd_dates", "orders")).key
    assert there == back
    assert keys.pop("absent beside what is there") == keys["absent"]
    assert len({*keys.values()}) == len(keys)


def test_every_reason_is_confirmed_by_some_case() -> None:
    reasons = {*model.schema("truth_gap")["properties"]["reason"]["enum"]}
    assert {case.reason for case in CASES.values() if case.reason} == reasons - {"sla_insufficient"}
