"""Four weeks of one company: what the team decides in one holds in the next."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from datagap import model
from datagap.pack.reader import Pack
from datagap.report.checking import check_report
from datagap.report.diff import compare
from datagap.report.ledger import append, read_ledger
from datagap.report.memory import Memory
from datagap.report.past import read_report
from datagap.report.register import Register
from datagap.report.result import Report
from datagap.report.run import write_report
from datagap.synth.run import generate
from tests.weeks import cut, days_later

pytestmark = pytest.mark.slow

OPTIONS = model.load(model.RunConfig, {})
PLAIN: dict[str, Any] = {
    "time_window_days": 28,
    "difficulty": "easy",
    "templates": "train",
    "gap_prevalence": 0.7,
    "nlq": {"count": 1500},
    "gaps": {"count": 40, "resolved_share": 0},
}


class Weeks(NamedTuple):
    folder: Path
    reports: list[Report]
    ends: list[str]
    dismissed: str
    snoozed: str
    fixed: str
    merged: str
    target: str
    old: str
    new: str

    def ids(self, week: int) -> list[str]:
        return [item.group_id for item in self.reports[week].items]

    def item(self, week: int, group_id: str) -> model.BacklogItem:
        return next(item for item in self.reports[week].items if item.group_id == group_id)


@pytest.fixture(scope="module")
def weeks(tmp_path_factory: pytest.TempPathFactory) -> Weeks:
    """Four reports: decisions are made after the first, and a dataset is renamed after the second."""
    folder = tmp_path_factory.mktemp("weeks")
    generate(replace(model.load(model.Config, PLAIN), seed=5), folder / "all")
    end = Pack(folder / "all").manifest().generated_at
    starts = [days_later(end, 1 - 28 + 7 * week) for week in range(5)]
    names = lasting(folder, starts)
    old = next(one.datasets[0] for one in read_report(folder / "plain0").items if one.group_id == names[0])
    file = folder / "triage.jsonl"
    reports: list[Report] = []
    for week in range(4):
        renamed = {old: f"{old}_v2"} if week >= 2 else {}
        pack = cut(folder / "all", folder / f"p{week}", starts[week], starts[week + 1], renamed)
        memory = Memory()
        if week:
            memory = Memory(ledger=read_ledger(file), past=read_report(folder / f"r{week - 1}"))
        reports.append(write_report(Pack(pack), OPTIONS, folder / f"r{week}", memory=memory))
        if not week:
            decide(file, folder / "r0", starts[1], names, starts[3])
    dismissed, snoozed, fixed, merged, target = names
    return Weeks(folder, reports, starts[1:], dismissed, snoozed, fixed, merged, target, old, f"{old}_v2")


def lasting(folder: Path, starts: list[str]) -> list[str]:
    """Return five groups that people run into in each of the four weeks."""
    listed: list[dict[str, int]] = []
    for week in range(4):
        pack = cut(folder / "all", folder / f"cut{week}", starts[week], starts[week + 1])
        report = write_report(Pack(pack), OPTIONS, folder / f"plain{week}")
        listed.append({item.group_id: item.events for item in report.items if item.datasets})
    least = {name: min(week.get(name, 0) for week in listed) for name in listed[0]}
    return sorted((name for name in least if least[name]), key=lambda name: (-least[name], name))[:5]


def decide(file: Path, report: Path, at: str, names: list[str], until: str) -> None:
    register = Register.of(file, report)
    blank = model.TriageEntry(by="ann.lee", at=at)
    dismissed, snoozed, fixed, merged, target = names
    entries = [
        register.about(replace(blank, decision="dismissed", reason="out of scope"), dismissed),
        register.about(replace(blank, decision="snoozed", until=until[:10]), snoozed),
        register.about(replace(blank, decision="fixed"), fixed),
        register.about(replace(blank, decision="merged", into=target), merged),
    ]
    append(file, entries)


def test_the_weeks_hold_enough_to_show_something(weeks: Weeks) -> None:
    assert [report.tallies.with_gap > 50 for report in weeks.reports] == [True] * 4
    known = {cluster.group_id for cluster in weeks.reports[0].clusters}
    assert len({weeks.dismissed, weeks.snoozed, weeks.fixed, weeks.merged, weeks.target} & known) == 5


def test_every_report_is_valid(weeks: Weeks) -> None:
    assert [check_report(weeks.folder / f"r{week}") for week in range(4)] == [[]] * 4


def test_nothing_dismissed_returns_even_when_its_dataset_is_renamed(weeks: Weeks) -> None:
    for week in (1, 2, 3):
        listed = {name for item in weeks.reports[week].items for name in (item.group_id, *(item.aliases or ()))}
        assert weeks.dismissed not in listed
        [one] = [one for one in weeks.reports[week].decided if one.group_id == weeks.dismissed]
        assert (one.status, one.by, one.reason) == ("dismissed", "ann.lee", "out of scope")
        assert one.events > 0, "people still ask, so that it is the decision that keeps it out"
    assert any(weeks.new in item.datasets for item in weeks.reports[2].clusters)


def test_ids_hold_through_a_rename_with_a_declared_alias(weeks: Weeks) -> None:
    before = {cluster.group_id: cluster for cluster in weeks.reports[1].clusters if weeks.old in cluster.datasets[:1]}
    after = {cluster.group_id: cluster for cluster in weeks.reports[2].clusters if weeks.new in cluster.datasets[:1]}
    held = before.keys() & after.keys()
    assert weeks.dismissed in held
    assert all(after[group_id].key[0] == before[group_id].key[0] for group_id in held)
    assert not any(weeks.old in cluster.datasets for cluster in weeks.reports[2].clusters)


def test_nothing_fixed_is_listed_but_as_regressed_and_with_its_new_demand_alone(weeks: Weeks) -> None:
    for week in (1, 2, 3):
        item = weeks.item(week, weeks.fixed)
        assert item.status == "regressed"
        assert item.first_seen > weeks.ends[0]


def test_without_new_demand_it_stays_fixed(weeks: Weeks, tmp_path: Path) -> None:
    file = tmp_path / "triage.jsonl"
    register = Register.of(file, weeks.folder / "r0")
    entry = model.TriageEntry(by="ann.lee", at=weeks.ends[3], decision="fixed")
    append(file, [register.about(entry, group_id) for group_id in weeks.ids(0)[:4]])
    report = write_report(Pack(weeks.folder / "p0"), OPTIONS, tmp_path / "r", memory=Memory(ledger=read_ledger(file)))
    assert [one.group_id for one in report.items] == weeks.ids(0)[4:]
    assert {one.group_id: one.status for one in report.decided} == dict.fromkeys(weeks.ids(0)[:4], "fixed")


def test_what_is_snoozed_comes_back_on_its_day(weeks: Weeks) -> None:
    assert weeks.snoozed not in weeks.ids(1)
    assert [one.status for one in weeks.reports[1].decided if one.group_id == weeks.snoozed] == ["snoozed"]
    assert weeks.item(2, weeks.snoozed).status == weeks.item(3, weeks.snoozed).status == "returned"


def test_what_is_merged_is_one_under_the_targets_id(weeks: Weeks) -> None:
    for week in (1, 2, 3):
        assert weeks.merged not in weeks.ids(week)
        part = weeks.item(0, weeks.merged)
        needs = {(item.gap_type, *item.datasets[:1], *item.columns) for item in weeks.reports[week].items}
        assert (part.gap_type, *part.datasets[:1], *part.columns) not in needs
        assert weeks.merged in (weeks.item(week, weeks.target).aliases or ())
        groups = {gap.group_id for one in weeks.reports[week].detections for gap in one.gaps}
        assert weeks.merged not in groups


def test_trends_are_told_against_the_week_before(weeks: Weeks) -> None:
    assert all(item.trend is None for item in weeks.reports[0].items)
    told = {item.trend.change for report in weeks.reports[1:] for item in report.items if item.trend}
    assert {"new", "steady"} <= told
    for item in weeks.reports[1].items:
        known = item.group_id in weeks.ids(0)
        assert item.trend is not None
        assert (item.trend.change == "new") is not (known or item.trend.events_before is not None)


def test_a_diff_tells_the_decisions_of_the_week(weeks: Weeks) -> None:
    found = {one.group_id: one for one in compare(weeks.folder / "r0", weeks.folder / "r1").changes}
    assert found[weeks.dismissed].change == found[weeks.snoozed].change == "put_aside"
    assert found[weeks.fixed].change == "regressed"
    assert weeks.merged not in found
    before = weeks.item(0, weeks.merged).events + weeks.item(0, weeks.target).events
    then = found[weeks.target].before
    assert then is not None
    assert then.events == before
    back = {one.group_id: one.change for one in compare(weeks.folder / "r1", weeks.folder / "r2").changes}
    assert back[weeks.snoozed] == "returned"
    assert weeks.dismissed not in back
