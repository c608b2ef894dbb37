"""Every file of a report, for believable, empty and hostile content."""

from __future__ import annotations

import csv
import json
import re
import shutil
import subprocess
from dataclasses import replace
from io import StringIO
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from datagap import model
from datagap.problem import Problem
from datagap.report.render import dot, overview, render, table, wording
from datagap.report.render.text import clip, visible
from datagap.report.result import Report
from datagap.validate import embedded
from tests.reports import HOSTILE, SKETCHES, any_text, decided, empty, example, fact, filled, item, load, quoted, report

FILES = [
    "artifacts/clusters.json",
    "artifacts/cost.json",
    "artifacts/decided.jsonl",
    "artifacts/detections.jsonl",
    "artifacts/intents.jsonl",
    "artifacts/run_config.json",
    "backlog.csv",
    "backlog.jsonl",
    "freshness_table.csv",
    "hotspots.dot",
    "report.html",
    "report.md",
]
HIDDEN = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\u200e\u200f\u061c]")


def cells(content: bytes) -> list[list[str]]:
    return list(csv.reader(StringIO(content.decode()), strict=True))


def problems(record: model.RecordName, content: bytes) -> list[Problem]:
    validator = embedded()
    return [
        problem for line in content.splitlines() for problem in validator.problems(record, json.loads(line), "file")
    ]


@pytest.mark.parametrize("made", [example(), empty(), *map(filled, HOSTILE)])
def test_files(made: Report) -> None:
    files = render(made)
    assert sorted(files) == FILES
    assert files == render(made)
    for content in files.values():
        content.decode()


@any_text
def test_records_stay_valid(text: str) -> None:
    files = render(filled(text))
    assert problems("backlog_item", files["backlog.jsonl"]) == []
    assert problems("detection", files["artifacts/detections.jsonl"]) == []
    assert problems("intent", files["artifacts/intents.jsonl"]) == []
    assert problems("decided_group", files["artifacts/decided.jsonl"]) == []
    assert all(
        embedded().problems("cluster", entry, "file") == [] for entry in json.loads(files["artifacts/clusters.json"])
    )
    assert embedded().problems("run_config", json.loads(files["artifacts/run_config.json"]), "file") == []
    assert embedded().problems("cost", json.loads(files["artifacts/cost.json"]), "file") == []


@any_text
def test_pages_and_tables_show_no_hidden_character(text: str) -> None:
    files = render(filled(text))
    for name in ("backlog.csv", "freshness_table.csv", "hotspots.dot", "report.html", "report.md"):
        assert not HIDDEN.search(files[name].decode()), name


@any_text
def test_csv_is_rectangular_and_runs_nothing(text: str) -> None:
    files = render(filled(text))
    for name in ("backlog.csv", "freshness_table.csv"):
        header, *rows = cells(files[name])
        assert {len(row) for row in rows} == {len(header)}
        parts = [part for row in rows for cell in row for part in cell.split(";")]
        assert not [part for part in parts if part.lstrip().startswith(("=", "+", "-", "@"))]


def test_csv_columns_come_from_the_schema() -> None:
    header = cells(render(example())["backlog.csv"])[0]
    assert header[:6] == ["rank", "group_id", "lane", "gap_type", "reason", "summary_title"]
    assert {"summary_problem", "verdicts_confirmed", "by_channel_nlq", "evidence"} <= set(header)
    later: dict[str, Any] = {
        "properties": {"rank": {}, "reach": {"properties": {"teams": {}, "tools": {"properties": {"bi": {}}}}}}
    }
    assert list(table.columns(later)) == [("rank",), ("reach", "teams"), ("reach", "tools", "bi")]


def test_csv_cells() -> None:
    entry = item(1, owner=None, audiences={"b": 1, "a": 2}, datasets=["x", "y"], evidence=[quoted("a\nb"), fact(None)])
    header, row = cells(render(report([entry]))["backlog.csv"])
    values = dict(zip(header, row, strict=True))
    assert values["owner"] == values["deadline"] == ""
    assert values["audiences"] == "a=2; b=1"
    assert values["datasets"] == "x; y"
    assert values["evidence"] == (
        "“a b” (slack_000123); catalog/datasets.json /3/columns: nothing there, as of 2025-09-26 22:36 UTC"
    )


def test_csv_evidence_is_two_quotes_and_a_fact() -> None:
    entry = item(1, evidence=[quoted("one"), quoted("two"), quoted("three"), fact(True), fact("late")])
    assert wording.evidence_lines(entry) == [
        "“one” (slack_000123)",
        "“two” (slack_000123)",
        "catalog/datasets.json /3/columns: true, as of 2025-09-26 22:36 UTC",
    ]


def test_freshness_table() -> None:
    header, first, *_ = cells(render(example())["freshness_table.csv"])
    assert header == [
        "dataset", "owner", "max_loaded_at", "sla_hours", "age_hours", "late", "root", "complaints",
    ]  # fmt: skip
    assert first == ["mart_orders", "data-platform", "2025-09-24T07:30:00Z", "24", "3.0", "false", "", "7"]


def test_order_of_unordered_parts_does_not_matter() -> None:
    made = example()
    shuffled = replace(
        made,
        freshness=made.freshness[::-1],
        lineage=made.lineage[::-1],
        tallies=replace(made.tallies, none_reasons=dict(list(made.tallies.none_reasons.items())[::-1])),
    )
    assert render(made) == render(shuffled)


STRING = re.compile(r'"(?:[^"\\]|\\.)*"')


def outline(content: bytes) -> list[str]:
    return sorted(STRING.sub('""', line) for line in content.decode().splitlines())


@any_text
def test_dot_has_the_same_shape_whatever_the_names(text: str) -> None:
    assert outline(dot.hotspots(filled(text))) == outline(dot.hotspots(filled("plain")))


def test_dot_marks_demand_and_its_neighbours() -> None:
    drawn = dot.hotspots(example()).decode()
    assert '"mart_orders" [label="mart_orders\\n126 events\\nmissing column\\nquality issue", fillcolor=4];' in drawn
    assert '"stg_orders" [label="stg_orders", style=rounded];' in drawn
    assert '"stg_orders" -> "mart_orders";' in drawn
    assert "weather" not in drawn


@pytest.mark.skipif(shutil.which("dot") is None, reason="Graphviz is not installed")
@pytest.mark.parametrize("text", [*HOSTILE, ""])
def test_graphviz_reads_the_names_back(text: str) -> None:
    drawn = dot.hotspots(filled(text) if text else empty())
    done = subprocess.run(["dot", "-Tsvg"], input=drawn, capture_output=True, check=True)
    assert done.stderr == b""
    picture = done.stdout.decode()
    assert picture.count('<g id="node') == (4 if text else 0)


def test_lanes_and_channels_cover_the_spec() -> None:
    assert tuple(overview.LANES) == get_args(model.Lane)
    counts = dict.fromkeys(get_args(model.Channel), 1)
    assert overview.by_channel(counts) == "1 query, 1 Slack message, 1 email"


def test_a_long_lane_does_not_crowd_out_the_other() -> None:
    incidents = [item(rank, SKETCHES[0]) for rank in range(1, 150)]
    backlog = [item(rank, SKETCHES[6]) for rank in range(150, 160)]
    chosen = overview.shown([*incidents, *backlog], 100)
    assert [entry.rank for entry in chosen] == [*range(1, 91), *range(150, 160)]
    assert overview.left_out(report([*incidents, *backlog]), 100) == "59 further items are in backlog.csv."
    assert overview.left_out(report(incidents[:101]), 100) == "1 further item is in backlog.csv."
    assert overview.left_out(report(incidents[:100]), 100) == ""


def test_unknown_is_said() -> None:
    entry = item(1, owner=None, severity=None, effort=None, audiences=None, downstream=None, tier=None, score=41.0)
    assert wording.row(entry)[-3:] == ("unknown", "unknown", "unknown")
    told = dict(wording.particulars(entry))
    assert told["Audiences"] == told["Owner"] == "unknown"
    assert told["Standing"] == "tier unknown, deadline unknown, datasets downstream unknown"
    assert told["Score"] == "41 = 54 person-days (severity and effort unknown, left out)"


def test_standing_is_said() -> None:
    told = {
        wording.status(item(1, status="open")): "open",
        wording.status(item(1, status=None)): "open",
        wording.status(item(1, status="assigned", assignee="ann", ticket="D-1")): "assigned to ann, ticket D-1",
        wording.status(item(1, status="regressed", assignee="ann")): "regressed, assigned to ann",
    }
    assert list(told) == list(told.values())
    trend = model.Trend(change="rising", events_per_day=3, events_per_day_before=0.43, events_before=3)
    assert dict(wording.particulars(item(1, trend=trend)))["Trend"] == "rising, from 0.43 to 3 events a day"
    assert "Trend" not in dict(wording.particulars(item(1)))
    assert dict(wording.particulars(item(1)))["Unblocks"] == "79 questions of 41 people, 2 teams, 6 datasets downstream"
    unknown = model.Unblocked(questions=1, people=1)
    assert overview.unblocked(unknown) == "1 question of 1 person, teams unknown, reach unknown"


def test_what_the_first_items_of_a_lane_unblock_is_told_together() -> None:
    served = overview.serving(report([item(1, SKETCHES[0]), item(2, SKETCHES[1]), item(3)]), "incidents")
    assert served == (
        "What serving the first of them unblocks, nothing counted twice. "
        "Top 1: 106 questions of 49 people, 3 teams, 9 datasets downstream; "
        "top 2: 82 questions of 33 people, 3 teams, 9 datasets downstream."
    )
    assert overview.serving(report([item(3)]), "incidents") == ""


def test_what_is_put_aside_is_counted_and_told() -> None:
    aside = [
        decided(),
        decided("g_2", status="snoozed", until="2025-12-01", until_people=9, reason=None, ticket="D-2", title=None),
        decided("g_3"),
    ]
    made = report([item(1)], decided=aside)
    assert overview.put_aside(made) == "2 dismissed, 1 snoozed"
    row = dict(zip(overview.DECIDED_ROW, overview.decided_row(aside[1]), strict=True))
    assert row == {
        "Status": "snoozed until 2025-12-01 or until 9 people",
        "Gap": "unknown",
        "People": "3",
        "Events": "4",
        "By": "ann.lee",
        "On": "2025-09-20 08:45 UTC",
        "Why": "no reason given (D-2)",
        "Group": "g_2",
    }
    files = render(made)
    for name in ("report.md", "report.html"):
        page = files[name].decode()
        assert page.index("2 dismissed, 1 snoozed") < page.index("the vendor keeps it") < page.rindex("xport this next")
    assert overview.further_decided(report([], decided=[decided(f"g_{place}") for place in range(203)])) == (
        "3 more in artifacts/decided.jsonl."
    )


def test_late_datasets_name_their_root() -> None:
    rows = [overview.late_row(entry) for entry in overview.late(example())]
    assert [(row[0], row[5]) for row in rows] == [
        ("mart_revenue", "raw_payments"),
        ("raw_payments", "itself"),
        ("stg_inventory", "itself"),
    ]
    assert overview.late_row(load("x", root=None))[5] == "unknown"


@given(st.text())
def test_visible_text_is_stable_and_on_one_line(text: str) -> None:
    shown = visible(text)
    assert visible(shown) == shown
    assert not HIDDEN.search(shown)
    assert "\n" not in shown
    assert len(clip(text, 10)) <= 10


def test_visible_text_keeps_scripts_and_shows_what_is_hidden() -> None:
    assert visible(" naïve\u00a0\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645 \n 👩\u200d💻") == (
        "naïve \u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645 👩\u200d💻"
    )
    assert visible("a\x1b[1m\u202eb\ud800") == "a\\x1b[1m\\u202eb\\ud800"
