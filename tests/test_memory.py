"""What is decided and known from before, on packs made by hand."""

from __future__ import annotations

import json
import random
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from datagap import model
from datagap.pack.reader import Pack
from datagap.report.checking import check_report
from datagap.report.ledger import Ledger
from datagap.report.memory import Memory
from datagap.report.past import read_report
from datagap.report.result import Report
from datagap.report.run import analyse, write_report
from tests.handmade import dataset, query, slack, write_pack

OPTIONS = model.load(model.RunConfig, {})
AT = "2026-03-04T10:30:00Z"
"""After the queries and before the messages of a handmade pack."""
MARTS = [dataset("mart_orders"), dataset("mart_bare", description=""), dataset("mart_late")]


def missing(dataset: str, column: str) -> str:
    return f"There is no column {column} in {dataset}."


def ask(event_id: str, text: str, actor: str = "u_ann", **more: Any) -> dict[str, Any]:
    return slack(event_id, text, actor=actor, **more)


BRAND = [
    ask("s1", missing("mart_orders", "brand_name")),
    ask("s2", missing("mart_orders", "brand_name"), "u_bob"),
    ask("s3", "mart_bare has no description."),
]


def entry(group_id: str, decision: model.TriageDecision, **more: Any) -> model.TriageEntry:
    return model.TriageEntry(**({"by": "ann", "at": AT, "group_id": group_id, "decision": decision} | more))


def correct(event_id: str, correction: model.TriageCorrection, **more: Any) -> model.TriageEntry:
    return model.TriageEntry(by="ann", at=AT, event_id=event_id, correction=correction, **more)


def memory(*entries: model.TriageEntry, past: Path | None = None) -> Memory:
    return Memory(ledger=Ledger(entries=entries), past=None if past is None else read_report(past))


def run(
    folder: Path,
    events: Sequence[Mapping[str, Any]],
    *entries: model.TriageEntry,
    past: Path | None = None,
    datasets: Sequence[Mapping[str, Any]] = MARTS,
    options: model.RunConfig = OPTIONS,
    **more: Any,
) -> Report:
    """Report on a handmade pack, next to it under the name `<folder>-report`."""
    pack = Pack(write_pack(folder, events, datasets, **more))
    out = folder.with_name(f"{folder.name}-report")
    report = write_report(pack, options, out, memory=memory(*entries, past=past))
    assert check_report(out) == []
    return report


def titles(report: Report) -> dict[str, str]:
    return {item.group_id: item.summary.title for item in report.items}


def named(report: Report, title: str) -> str:
    return next(group_id for group_id, other in titles(report).items() if other == title)


@pytest.fixture
def first(tmp_path: Path) -> Report:
    return run(tmp_path / "first", BRAND)


def brand(report: Report) -> str:
    return named(report, "mart_orders lacks brand_name")


def bare(report: Report) -> str:
    return named(report, "mart_bare is not documented")


# Decisions


@pytest.mark.parametrize("decision", ["dismissed", "working_as_intended"])
def test_what_is_dismissed_stays_gone_and_is_counted(
    first: Report, tmp_path: Path, decision: model.TriageDecision
) -> None:
    report = run(tmp_path / "p", BRAND, entry(brand(first), decision, reason="no"))
    assert list(titles(report)) == [bare(first)]
    assert [item.rank for item in report.items] == [1]
    assert report.put_aside == {decision: 1}
    [one] = report.decided
    assert (one.group_id, one.people, one.events, one.reason, one.at) == (brand(first), 2, 2, "no", AT)
    assert {gap.group_id for one in report.detections for gap in one.gaps} == {brand(first), bare(first)}


def test_everything_may_be_dismissed(first: Report, tmp_path: Path) -> None:
    report = run(tmp_path / "p", BRAND, entry(brand(first), "dismissed"), entry(bare(first), "dismissed"))
    assert report.items == []


def test_assignee_and_ticket_are_shown(first: Report, tmp_path: Path) -> None:
    report = run(
        tmp_path / "p",
        BRAND,
        entry(brand(first), "linked", ticket="D-1"),
        entry(bare(first), "assigned", assignee="bo"),
    )
    shown = {item.group_id: (item.status, item.assignee, item.ticket) for item in report.items}
    assert shown == {brand(first): ("linked", None, "D-1"), bare(first): ("assigned", "bo", None)}
    assert {item.status for item in first.items} == {"open"}


def test_new_demand_after_a_fix_is_regressed_and_counts_alone(first: Report, tmp_path: Path) -> None:
    later = ask("s9", missing("mart_orders", "brand_name"), "u_bob", when="2026-03-05T09:00:00Z")
    fixed = entry(brand(first), "fixed", at="2026-03-04T23:00:00Z")
    assert run(tmp_path / "a", BRAND, fixed).put_aside == {"fixed": 1}
    item = next(item for item in run(tmp_path / "b", [*BRAND, later], fixed).items if item.group_id == brand(first))
    assert (item.status, item.people, item.events, item.first_seen) == ("regressed", 1, 1, later["when"])
    assigned = entry(brand(first), "assigned", assignee="bo", at="2026-03-05T10:00:00Z")
    taken = next(item for item in run(tmp_path / "c", [*BRAND, later], fixed, assigned).items if item.assignee)
    assert (taken.status, taken.events) == ("assigned", 1)
    reopened = entry(brand(first), "reopened", at="2026-03-05T10:00:00Z")
    again = run(tmp_path / "d", [*BRAND, later], fixed, reopened)
    assert [item.events for item in again.items if item.group_id == brand(first)] == [3]


def test_a_fix_that_the_catalog_bears_out_does_not_regress(first: Report, tmp_path: Path) -> None:
    later = ask("s9", missing("mart_orders", "brand_name"), when="2026-03-05T09:00:00Z")
    columns = [*MARTS[0]["columns"], {"name": "brand_name", "type": "string"}]
    mended = [dataset("mart_orders", *columns), *MARTS[1:]]
    fixed = entry(brand(first), "fixed", at="2026-03-04T23:00:00Z")
    report = run(tmp_path / "p", [*BRAND, later], fixed, datasets=mended)
    assert report.put_aside == {"fixed": 1}
    assert brand(first) not in titles(report)


def test_a_snooze_ends_with_the_day_or_the_people(first: Report, tmp_path: Path) -> None:
    cases: list[tuple[dict[str, Any], bool]] = [
        ({"until": "2026-03-06"}, True),
        ({"until": "2026-03-05"}, False),
        ({"until_people": 1, "people": 2}, True),
        ({"until_people": 1, "people": 1}, False),
    ]
    for place, (more, gone) in enumerate(cases):
        report = run(tmp_path / f"p{place}", BRAND, entry(brand(first), "snoozed", **more))
        assert (report.put_aside == {"snoozed": 1}) is gone
        assert [item.status for item in report.items if item.group_id == brand(first)] == ([] if gone else ["returned"])


def test_merged_groups_are_one_and_split_reverses_it(first: Report, tmp_path: Path) -> None:
    merged = entry(bare(first), "merged", into=brand(first))
    one = run(tmp_path / "p", BRAND, merged)
    [item] = one.items
    assert (item.group_id, item.aliases, item.events, item.people) == (brand(first), (bare(first),), 3, 2)
    assert item.summary.title == "mart_orders lacks brand_name"
    assert [cluster.aliases for cluster in one.clusters] == [(bare(first),)]
    assert {gap.group_id for one in one.detections for gap in one.gaps} == {brand(first)}
    split = entry(bare(first), "split", at="2026-03-05T00:00:00Z")
    assert titles(run(tmp_path / "q", BRAND, merged, split)) == titles(first)


def test_what_is_merged_into_something_that_nobody_asks_for_goes_by_its_id(first: Report, tmp_path: Path) -> None:
    merged = entry(bare(first), "merged", into=brand(first))
    report = run(tmp_path / "p", BRAND[2:], merged)
    assert titles(report) == {brand(first): "mart_bare is not documented"}
    gone = run(tmp_path / "q", BRAND[2:], merged, entry(brand(first), "dismissed"))
    assert gone.items == []


def test_a_merge_decides_nothing_about_what_it_goes_into_nor_hands_on_what_was_decided_before(
    first: Report, tmp_path: Path
) -> None:
    merges = [
        entry(bare(first), "dismissed", at="2026-03-04T10:00:00Z"),
        entry(brand(first), "assigned", assignee="bo", at="2026-03-04T11:00:00Z"),
        entry(bare(first), "merged", into=brand(first), at="2026-03-04T12:00:00Z"),
    ]
    one = run(tmp_path / "p", BRAND, *merges)
    assert [(item.status, item.events) for item in one.items] == [("assigned", 3)]
    later = run(tmp_path / "q", BRAND[:2], *merges, past=tmp_path / "p-report")
    assert [(item.group_id, item.status, item.events) for item in later.items] == [(brand(first), "assigned", 2)]
    gone = entry(brand(first), "dismissed", at="2026-03-04T11:30:00Z")
    assert run(tmp_path / "r", BRAND[:2], *sorted([*merges, gone], key=at), past=tmp_path / "p-report").items == []


def at(one: model.TriageEntry) -> str:
    return one.at


def test_a_ticket_for_what_is_fixed_does_not_open_it_again(first: Report, tmp_path: Path) -> None:
    fixed = entry(brand(first), "fixed", at="2026-03-04T23:00:00Z")
    linked = entry(brand(first), "linked", ticket="D-1", at="2026-03-04T23:30:00Z")
    report = run(tmp_path / "p", BRAND, fixed, linked)
    assert [(one.status, one.ticket) for one in report.decided] == [("fixed", "D-1")]
    assert brand(first) not in titles(report)


def test_an_event_with_both_gaps_counts_once_in_a_merged_group(tmp_path: Path) -> None:
    events = [query("q1", "net revenue by brand and city", tables=["mart_orders"], dims=["brand", "city"])]
    apart = run(tmp_path / "p", events)
    assert [item.events for item in apart.items] == [1, 1]
    one, other = titles(apart)
    report = run(tmp_path / "q", events, entry(other, "merged", into=one))
    assert [(item.group_id, item.events) for item in report.items] == [(one, 1)]


def test_the_same_decisions_applied_twice_and_in_any_order_of_lines_are_the_same(first: Report, tmp_path: Path) -> None:
    entries = [
        entry(brand(first), "assigned", assignee="bo"),
        entry(brand(first), "dismissed", at="2026-03-04T11:00:00Z"),
        entry(bare(first), "linked", ticket="D-1", at="2026-03-04T12:00:00Z"),
        entry(brand(first), "snoozed", until="2026-03-06", at="2026-03-04T13:00:00Z"),
    ]
    expected = run(tmp_path / "p0", BRAND, *entries)
    shuffled = list(entries)
    random.Random(3).shuffle(shuffled)
    from datagap.report.ledger import append, read_ledger

    for name, lines in (("twice", entries * 2), ("shuffled", shuffled)):
        append(tmp_path / f"{name}.jsonl", lines)
        made = analyse(Pack(tmp_path / "p0"), OPTIONS, Memory(ledger=read_ledger(tmp_path / f"{name}.jsonl")))
        assert (made.items, made.decided) == (expected.items, expected.decided)


# Ids


def renamed(old: str, new: str, **more: Any) -> list[dict[str, Any]]:
    return [{**one, "name": new, "aliases": [old], **more} if one["name"] == old else one for one in MARTS]


@pytest.mark.parametrize("known", ["previous", "triage", "nothing"])
def test_an_id_holds_when_a_dataset_is_renamed_and_its_old_name_declared(
    first: Report, tmp_path: Path, known: str
) -> None:
    decided = [entry(brand(first), "assigned", assignee="bo")] if known == "triage" else []
    past = tmp_path / "first-report" if known == "previous" else None
    report = run(tmp_path / "p", BRAND, *decided, past=past, datasets=renamed("mart_orders", "fct_orders"))
    item = next(item for item in report.items if item.datasets == ("fct_orders",))
    held = known != "nothing"
    assert (item.group_id == brand(first)) is held
    assert brand(first) in (item.group_id, *(item.aliases or ()))
    cluster = next(one for one in report.clusters if one.group_id == item.group_id)
    assert cluster.aliases == item.aliases
    assert item.assignee == ("bo" if decided else None)
    if held:
        again = run(tmp_path / "q", BRAND, past=tmp_path / "p-report", datasets=renamed("mart_orders", "fct_orders"))
        assert titles(again) == titles(report)


def test_an_id_learnt_from_a_rename_holds_when_the_alias_is_gone(first: Report, tmp_path: Path) -> None:
    run(tmp_path / "p", BRAND, past=tmp_path / "first-report", datasets=renamed("mart_orders", "fct_orders"))
    undeclared = renamed("mart_orders", "fct_orders", aliases=[])
    events = [ask("s7", missing("fct_orders", "brand_name"))]
    report = run(tmp_path / "q", events, past=tmp_path / "p-report", datasets=undeclared)
    assert list(titles(report)) == [brand(first)]


def test_a_name_that_another_dataset_bears_or_that_two_declare_is_nobodys_former_name(
    first: Report, tmp_path: Path
) -> None:
    both = [*MARTS, dataset("fct_orders", aliases=["mart_orders"])]
    events = [ask("s7", missing("fct_orders", "brand_name"))]
    report = run(tmp_path / "p", events, past=tmp_path / "first-report", datasets=both)
    assert brand(first) not in titles(report)
    two = [dataset("fct_orders", aliases=["mart_orders"]), dataset("dim_orders", aliases=["mart_orders"])]
    assert brand(first) not in titles(run(tmp_path / "q", events, past=tmp_path / "first-report", datasets=two))


def test_a_new_dataset_under_a_declared_name_does_not_inherit_what_was_decided(first: Report, tmp_path: Path) -> None:
    run(tmp_path / "p", BRAND, past=tmp_path / "first-report", datasets=renamed("mart_orders", "fct_orders"))
    both = [*renamed("mart_orders", "fct_orders", aliases=[]), dataset("mart_orders")]
    events = [ask("s7", missing("mart_orders", "brand_name"))]
    report = run(tmp_path / "q", events, past=tmp_path / "p-report", datasets=both)
    assert [item.datasets for item in report.items] == [("mart_orders",)]
    assert brand(first) not in titles(report)
    known = [*BRAND, *events, ask("s8", missing("fct_orders", "brand_name"))]
    both_asked = run(tmp_path / "r", known[3:], past=tmp_path / "p-report", datasets=both)
    found = {item.datasets: item.group_id for item in both_asked.items}
    assert found["fct_orders",] == brand(first)
    assert found["mart_orders",] == report.items[0].group_id
    later = run(tmp_path / "s", known[3:], past=tmp_path / "r-report", datasets=both)
    assert titles(later) == titles(both_asked)


def test_an_id_holds_through_a_change_of_type_that_shares_events(first: Report, tmp_path: Path) -> None:
    changes = [correct(event_id, "gap_type", gap_type="docs_missing") for event_id in ("s1", "s2")]
    report = run(tmp_path / "p", BRAND, *changes, past=tmp_path / "first-report")
    item = next(item for item in report.items if item.datasets == ("mart_orders",))
    assert (item.group_id, item.gap_type, item.verdict) == (brand(first), "docs_missing", "unverifiable")
    elsewhere = [ask("s7", "mart_orders has no description.")]
    undescribed = [dataset("mart_orders", description=""), *MARTS[1:]]
    other = run(tmp_path / "q", elsewhere, past=tmp_path / "first-report", datasets=undescribed)
    assert brand(first) not in titles(other), "another need of the same dataset is another need"


def test_split_keeps_two_needs_apart_that_an_alias_would_join(first: Report, tmp_path: Path) -> None:
    datasets = renamed("mart_orders", "fct_orders")
    own = brand_of(run(tmp_path / "p", BRAND, datasets=datasets))
    report = run(tmp_path / "q", BRAND, entry(brand(first), "dismissed"), entry(own, "split"), datasets=datasets)
    assert own in titles(report)
    assert next(item for item in report.items if item.group_id == own).aliases is None


def brand_of(report: Report) -> str:
    return named(report, "fct_orders lacks brand_name")


# Corrections


def test_a_correction_that_it_is_no_request_removes_the_event(first: Report, tmp_path: Path) -> None:
    report = run(tmp_path / "p", BRAND, correct("s1", "not_a_request"))
    assert [item.events for item in report.items if item.group_id == brand(first)] == [1]
    assert "s1" not in {one.event_id for one in report.detections} | {one.event_id for one in report.intents}
    assert report.tallies.none_reasons == {"chatter": 1}
    failed = [query("q1", "net revenue by brand", tables=["mart_orders"], dims=["brand"])]
    assert run(tmp_path / "q", failed, correct("q1", "not_a_request")).tallies.unexplained == 0


def test_a_corrected_type_and_dataset_are_held_against_the_catalog(tmp_path: Path) -> None:
    fixes = [correct("s1", "gap_type", gap_type="docs_missing"), correct("s1", "dataset", dataset="mart_bare")]
    report = run(tmp_path / "p", BRAND[:1], *fixes)
    [gap] = report.detections[0].gaps
    assert (gap.gap_type, gap.datasets, gap.verdict, gap.confidence) == ("docs_missing", ("mart_bare",), "confirmed", 1)
    assert any(evidence.file for evidence in gap.evidence)


def test_a_correction_may_find_a_gap_where_none_was_found(tmp_path: Path) -> None:
    events = [
        ask("s1", "Thanks for your quick help with mart_bare yesterday, much appreciated!"),
        ask("s2", "Good morning"),
    ]
    assert not [one for one in run(tmp_path / "p", events).detections if one.gaps]
    report = run(
        tmp_path / "q",
        events,
        correct("s1", "gap_type", gap_type="docs_missing"),
        correct("s2", "dataset", dataset="x"),
    )
    found = [one for one in report.detections if one.gaps]
    assert [(one.event_id, one.gaps[0].verdict) for one in found] == [("s1", "confirmed")]


def test_a_corrected_dataset_is_followed_through_its_rename(tmp_path: Path) -> None:
    datasets = [dataset("fct_bare", description="", aliases=["mart_bare"]), dataset("mart_other", description="")]
    events = [ask("s1", "mart_other has no description, what do its columns mean?")]
    report = run(tmp_path / "p", events, correct("s1", "dataset", dataset="mart_bare"), datasets=datasets)
    assert report.detections[0].gaps[0].datasets == ("fct_bare",)


# What serving unblocks

PEOPLE = [
    {"person_id": "u_ann", "access_roles": ["staff"], "audience": "Ops", "team": "Logistics"},
    {"person_id": "u_bob", "access_roles": ["staff"], "audience": "Ops", "team": "Logistics"},
    {"person_id": "u_cy", "access_roles": ["staff"]},
    {"person_id": "u_owner", "access_roles": ["staff"], "audience": "Data"},
]


def test_a_question_waits_for_all_of_its_gaps(tmp_path: Path) -> None:
    events = [
        query("q1", "net revenue by brand", tables=["mart_orders"], dims=["brand"]),
        query("q2", "net revenue by brand and city", tables=["mart_orders"], dims=["brand", "city"], actor="u_cy"),
        query("q3", "net revenue by brand", tables=["mart_orders"], dims=["brand"], actor="u_bob"),
    ]
    lineage = [("mart_orders", "dash_a"), ("dash_a", "dash_b")]
    datasets = [*MARTS, dataset("dash_a"), dataset("dash_b")]
    report = run(tmp_path / "p", events, datasets=datasets, people=PEOPLE, lineage=lineage)
    top, city = report.items
    assert [top.columns, city.columns] == [("brand",), ("city",)]
    assert top.unblocks == model.Unblocked(questions=2, people=2, teams=1, downstream=2)
    assert city.unblocks == model.Unblocked(questions=0, people=0, teams=None, downstream=2)
    assert top.cumulative == top.unblocks
    assert city.cumulative == model.Unblocked(questions=3, people=3, teams=1, downstream=2)
    dismissed = run(
        tmp_path / "q", events, entry(city.group_id, "dismissed"), datasets=datasets, people=PEOPLE, lineage=lineage
    )
    assert dismissed.items[0].unblocks == model.Unblocked(questions=3, people=3, teams=1, downstream=2)
    snoozed = run(
        tmp_path / "r",
        events,
        entry(city.group_id, "snoozed", until="2027-01-01"),
        datasets=datasets,
        people=PEOPLE,
        lineage=lineage,
    )
    assert snoozed.items[0].unblocks == top.unblocks


def test_what_is_unknown_of_teams_and_lineage_stays_unknown(tmp_path: Path) -> None:
    coverage = {"datasets": {"status": "complete"}, "columns": {"status": "complete"}}
    report = run(tmp_path / "p", BRAND[:2], people=None, coverage=coverage)
    assert report.items[0].unblocks == model.Unblocked(questions=2, people=2)


# Few people


def test_what_few_ask_for_stays_without_their_words_audiences_and_times(tmp_path: Path) -> None:
    events = [
        *(ask(f"s{n}", missing("mart_orders", "brand_name"), f"u_{n}", when="2026-03-03T07:08:09Z") for n in range(3)),
        ask("s8", "mart_bare has no description, says Zebulon's forecast", "u_0", when="2026-03-02T03:04:05Z"),
        query("q7", "net revenue by brand_name and zebra", tables=["mart_orders"], dims=["brand_name", "zebra"]),
    ]
    people = [{"person_id": f"u_{n}", "audience": f"Circle{n}", "team": "T"} for n in range(3)]
    report = run(tmp_path / "p", events, options=replace(OPTIONS, min_people=3), people=people)
    shown = {item.summary.title: item for item in report.items}
    assert [item.people for item in shown.values()] == [4, 1, 1]
    assert [one.quote is not None for one in shown["mart_orders lacks brand_name"].evidence].count(True) == 1
    few = shown["mart_bare is not documented"]
    assert (few.audiences, few.first_seen, few.last_seen) == (None, "2026-03-02T00:00:00Z", "2026-03-02T00:00:00Z")
    assert all(one.file for item in list(shown.values())[1:] for one in item.evidence)
    for path in (tmp_path / "p-report").rglob("*.*"):
        content = path.read_text(encoding="utf-8")
        for secret in ("Zebulon", "03:04", "net revenue by"):
            assert secret not in content, (path.name, secret)
    open_ = run(tmp_path / "q", events, people=people)
    assert "Zebulon" in (tmp_path / "q-report/backlog.jsonl").read_text()
    assert open_.items[0].first_seen == "2026-03-03T07:08:09Z"


def test_trends_need_an_earlier_report_that_says_how_long_it_spans(first: Report, tmp_path: Path) -> None:
    report = run(
        tmp_path / "p",
        [*BRAND, ask("s9", "mart_late has no description.")],
        past=tmp_path / "first-report",
        datasets=[*MARTS[:2], dataset("mart_late", description="")],
    )
    trends = {item.group_id: item.trend for item in report.items}
    known = trends[brand(first)]
    assert known == model.Trend(
        change="steady", events_per_day=2.0, events_per_day_before=2.0, events_before=2, people_before=2
    )
    assert [one.change for one in trends.values() if one].count("new") == 1
    path = tmp_path / "first-report/artifacts/run_config.json"
    run_config = json.loads(path.read_text())
    del run_config["window"]
    path.write_text(json.dumps(run_config))
    assert {item.trend for item in run(tmp_path / "q", BRAND, past=tmp_path / "first-report").items} == {None}


# What validate knows


def tampered(report: Path, file: str, change: dict[str, Any]) -> list[str]:
    """Return what is wrong with a report once the first record of a file is changed."""
    path = report / file
    before = path.read_text(encoding="utf-8")
    first, *rest = [json.loads(line) for line in before.splitlines()]
    path.write_text("".join(json.dumps(line) + "\n" for line in [first | change, *rest]), encoding="utf-8")
    problems = [str(problem) for problem in check_report(report)]
    path.write_text(before, encoding="utf-8")
    return problems


def test_validate_holds_what_is_put_aside_against_the_backlog(first: Report, tmp_path: Path) -> None:
    run(tmp_path / "p", BRAND, entry(brand(first), "dismissed"))
    out, file = tmp_path / "p-report", "artifacts/decided.jsonl"
    assert tampered(out, file, {"group_id": bare(first)}) == [
        f'{file}:1 /group_id: "{bare(first)}" is in backlog.jsonl too'
    ]
    assert tampered(out, file, {"status": "open"}) == [
        f"{file}:1 /status: expected one of dismissed, working_as_intended, snoozed, fixed, got open"
    ]
    assert tampered(out, file, {"aliases": [bare(first)]}) == [
        f'{file}:1 /aliases/0: "{bare(first)}" stands for "{bare(first)}" too'
    ]
    assert tampered(out, file, {"status": "gone"}) != []
    (out / file).unlink()
    assert len(check_report(out)) == 1


def test_an_empty_backlog_is_an_error_only_if_something_should_be_listed(tmp_path: Path) -> None:
    assert run(tmp_path / "p", BRAND, options=replace(OPTIONS, min_frequency=50)).items == []
    run(tmp_path / "q", BRAND)
    (tmp_path / "q-report/backlog.jsonl").write_text("")
    assert [problem.message for problem in check_report(tmp_path / "q-report")] == [
        "has no item for the gaps of artifacts/detections.jsonl"
    ]
