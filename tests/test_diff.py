"""What changed between two reports on disk."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from datagap import model
from datagap.errors import DatagapError, MisuseError
from datagap.report.diff import compare
from datagap.report.past import change
from datagap.report.render import changes, render
from datagap.report.result import Report
from datagap.validate import embedded
from tests.reports import HOSTILE, cluster, decided, detection, item, name_from, report, summary
from tests.test_render_markdown import parsed

EARLIER = {"g_up": 10, "g_down": 40, "g_same": 10, "g_gone": 9, "g_fixed": 5, "g_put": 3, "g_old": 3, "g_rare": 30}
LATER = {"g_up": 40, "g_down": 10, "g_same": 11, "g_new": 2}


def window(days: int, first: str = "2025-09-01") -> model.Window:
    return model.Window(first_day=first, last_day=first, days=days)


def week(items: Sequence[model.BacklogItem], days: int | None = 7, **more: Any) -> Report:
    events = {one.group_id: [f"{one.group_id}_{n}" for n in range(one.events)] for one in items}
    detections = [detection(one, event) for one in items for event in events[one.group_id]]
    fields: dict[str, Any] = {
        "clusters": [cluster(one, events[one.group_id]) for one in items],
        "detections": detections,
    }
    made = report(items, **(fields | more))
    return replace(made, run=replace(made.run, window=window(days) if days else None))


def written(folder: Path, made: Report) -> Path:
    for file, content in render(made).items():
        path = folder / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return folder


def one(group_id: str, events: int, rank: int = 1, **more: Any) -> model.BacklogItem:
    return item(rank, group_id=group_id, events=events, people=min(events, 9), **more)


def kinds(diff: model.ReportDiff) -> dict[str, str]:
    assert embedded().problems("report_diff", model.dump(diff), "diff") == []
    return {change.group_id: change.change + (f" {change.basis}" if change.basis else "") for change in diff.changes}


def compared(tmp_path: Path, before: Report, after: Report) -> model.ReportDiff:
    return compare(written(tmp_path / "before", before), written(tmp_path / "after", after))


def test_every_kind_of_change_is_told(tmp_path: Path) -> None:
    gone = one("g_refuted", 4)
    before = week(
        [*map(one, EARLIER, EARLIER.values()), gone],
        decided=[decided("g_back", status="snoozed"), decided("g_broken", status="fixed")],
    )
    later = week(
        [
            *map(one, LATER, LATER.values()),
            one("g_renamed", 3, aliases=["g_old"]),
            one("g_back", 5, status="returned"),
            one("g_broken", 5, status="regressed"),
        ],
        decided=[decided("g_fixed", status="fixed"), decided("g_put")],
    )
    refuted = [
        model.Detection(
            event_id="e1", request=True, gaps=[replace(detection(gone, "e1").gaps[0], verdict="contradicted")]
        )
    ]
    rare = one("g_rare", 2)
    after = replace(
        later,
        detections=[*later.detections, *refuted, detection(rare, "e2")],
        clusters=[*later.clusters, cluster(gone, ["e1"]), cluster(rare, ["e2", "e3"])],
    )
    diff = compared(tmp_path, before, after)
    assert kinds(diff) == {
        "g_new": "new",
        "g_broken": "regressed",
        "g_back": "returned",
        "g_up": "escalating",
        "g_down": "shrinking",
        "g_rare": "shrinking",
        "g_fixed": "resolved fixed",
        "g_gone": "resolved no_demand",
        "g_refuted": "resolved refuted",
        "g_put": "put_aside",
        "g_renamed": "steady",
        "g_same": "steady",
    }
    assert list(diff.totals) == [
        "new",
        "regressed",
        "returned",
        "escalating",
        "shrinking",
        "resolved",
        "put_aside",
        "steady",
    ]
    renamed = next(change for change in diff.changes if change.group_id == "g_renamed")
    assert renamed.was == "g_old"
    told = list(changes.text(diff))
    assert told[2] == "1 new, 1 regressed, 1 returned, 1 escalating, 2 shrinking, 3 resolved, 1 put aside, 2 steady"
    assert told[told.index("escalating:") + 1] == (
        "      1 → 1  g_up  mart_orders has no region: people 9 → 9; events 10 → 40; a day 1.43 → 5.71"
    )
    page = changes.markdown(diff)
    assert re.findall("^## (.*)$", page, re.MULTILINE) == [
        "New", "Regressed", "Returned", "Escalating", "Shrinking", "Resolved", "Put aside",
    ]  # fmt: skip


def test_windows_of_different_length_are_compared_by_the_day(tmp_path: Path) -> None:
    before, after = week([one("g_a", 40), one("g_b", 4)], days=28), week([one("g_a", 10), one("g_b", 8)], days=7)
    diff = compared(tmp_path, before, after)
    assert kinds(diff) == {"g_b": "escalating", "g_a": "steady"}
    steady = diff.changes[1]
    assert steady.before is not None
    assert steady.after is not None
    assert (steady.before.events_per_day, steady.after.events_per_day) == (1.43, 1.43)
    assert diff.caveats == []


def test_what_is_not_comparable_is_said(tmp_path: Path) -> None:
    before = week([one("g_a", 4)], days=None)
    after = week([one("g_a", 400)])
    after = replace(after, run=replace(after.run, source="slack", focus_gaps=["missing_column", "docs_missing"]))
    diff = compared(tmp_path, before, after)
    assert kinds(diff) == {"g_a": "steady"}
    assert diff.caveats == [
        "source differs: all, then slack",
        "focus_gaps differs: all, then missing_column, docs_missing",
        "the earlier report does not say which days it spans, so that rates are unknown",
    ]
    assert "days unknown" in "\n".join(changes.text(diff))


def test_a_report_is_no_different_from_itself(tmp_path: Path) -> None:
    folder = written(tmp_path / "r", week([one("g_a", 4), one("g_b", 9, rank=2)]))
    diff = compare(folder, folder)
    assert kinds(diff) == {"g_a": "steady", "g_b": "steady"}
    assert list(changes.text(diff))[-1] == "2 steady"
    assert "# What changed in the data gaps" in changes.markdown(diff)
    empty = written(tmp_path / "e", week([]))
    assert list(changes.text(compare(empty, empty)))[-1] == "Nothing changed."


def test_reports_of_before_decisions_were_kept_can_be_compared(tmp_path: Path) -> None:
    before = written(tmp_path / "before", week([one("g_a", 4)]))
    (before / "artifacts/decided.jsonl").unlink()
    lines = [json.loads(line) for line in (before / "backlog.jsonl").read_text().splitlines()]
    for line in lines:
        for name in ("status", "unblocks", "cumulative"):
            del line[name]
    (before / "backlog.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    assert kinds(compare(before, written(tmp_path / "after", week([one("g_a", 5)])))) == {"g_a": "steady"}


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_texts_stay_on_their_line_and_make_no_markup(tmp_path: Path, text: str) -> None:
    name = name_from(text)[:500]
    hostile = one(name, 3, summary=summary(text), aliases=["g_was"])
    other = one("g_b", 2, rank=2)
    diff = compared(tmp_path, week([one("g_was", 30)]), week([hostile, other]))
    plain = compared(tmp_path / "p", week([one("g_was", 30)]), week([one("g_x", 3, aliases=["g_was"]), other]))
    assert len(list(changes.text(diff))) == len(list(changes.text(plain)))
    assert parsed(changes.markdown(diff))[0] == parsed(changes.markdown(plain))[0]


def test_what_is_no_report_is_refused(tmp_path: Path) -> None:
    folder = written(tmp_path / "r", week([]))
    with pytest.raises(MisuseError, match="so it is no report"):
        compare(folder, tmp_path)
    (folder / "artifacts/decided.jsonl").write_text('{"group_id": "g"}\n')
    with pytest.raises(DatagapError, match=r"decided\.jsonl:1"):
        compare(folder, folder)


@given(st.integers(0, 500), st.integers(1, 60), st.integers(0, 500), st.integers(1, 60))
def test_a_change_is_the_opposite_the_other_way_round(events: int, days: int, before: int, days_before: int) -> None:
    opposite = {"rising": "falling", "falling": "rising", "steady": "steady"}
    assert change(before, days_before, events, days) == opposite[change(events, days, before, days_before)]
    assert change(events, days, events, days) == "steady"


@pytest.mark.parametrize(
    ("now", "then", "expected"),
    [
        ((4, 7), (0, 7), "steady"),
        ((5, 7), (0, 7), "rising"),
        ((3, 7), (9, 7), "steady"),
        ((2, 7), (10, 7), "falling"),
        ((40, 28), (10, 7), "steady"),
    ],
)
def test_a_change_is_told_beyond_two_standard_deviations(
    now: tuple[int, int], then: tuple[int, int], expected: str
) -> None:
    assert change(*now, *then) == expected
