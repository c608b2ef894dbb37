"""triage.jsonl: what is written is read again, nothing is lost, and nothing wrong gets in."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from datagap import clock, model
from datagap.errors import DatagapError, MisuseError
from datagap.report.decision import Decisions, apart, corrections
from datagap.report.ledger import append, read_ledger
from datagap.validate import InvalidError

AT = "2025-09-29T08:45:00Z"
IDS = ["g_a", "g_b", "g_c", "g_d"]
TIMES = st.integers(clock.parse("2025-01-01T00:00:00Z"), clock.parse("2026-12-31T00:00:00Z")).map(clock.render)


def entry(**given: Any) -> model.TriageEntry:
    return model.TriageEntry(**({"by": "ann.lee", "at": AT} | given))


@st.composite
def entries(draw: st.DrawFn) -> model.TriageEntry:
    common = {"by": draw(st.sampled_from(["ann.lee", "hugo"])), "at": draw(TIMES)}
    if draw(st.booleans()):
        kind = draw(st.sampled_from(["not_a_request", "gap_type", "dataset"]))
        more: Any = {"gap_type": {"gap_type": "docs_missing"}, "dataset": {"dataset": "fct_orders"}}.get(kind, {})
        return entry(event_id=draw(st.sampled_from(["q_1", "s_2"])), correction=kind, **more, **common)
    kind = draw(st.sampled_from(model.schema("triage_entry")["properties"]["decision"]["enum"]))
    more = {
        "merged": {"into": draw(st.sampled_from(IDS))},
        "assigned": {"assignee": "hugo"},
        "linked": {"ticket": draw(st.text())},
        "snoozed": {"until_people": draw(st.integers(1, 9)), "people": draw(st.none() | st.integers(0, 9))},
    }.get(kind, {})
    reason = draw(st.none() | st.text())
    return entry(group_id=draw(st.sampled_from(IDS)), decision=kind, reason=reason, **more, **common)


@given(st.lists(entries(), max_size=8), st.integers(0, 8))
def test_what_is_appended_is_read_again_in_order_of_time_and_line(
    tmp_path_factory: pytest.TempPathFactory, made: list[model.TriageEntry], cut: int
) -> None:
    file = tmp_path_factory.mktemp("ledger") / "triage.jsonl"
    append(file, made[:cut])
    first = file.read_bytes()
    append(file, made[cut:])
    assert file.read_bytes().startswith(first)
    assert list(read_ledger(file).entries) == sorted(made, key=lambda one: one.at)


@given(st.lists(entries(), max_size=12, unique_by=lambda one: one.at), st.randoms(use_true_random=False))
def test_the_order_of_lines_of_different_times_means_nothing(
    tmp_path_factory: pytest.TempPathFactory, made: list[model.TriageEntry], random: Any
) -> None:
    folder = tmp_path_factory.mktemp("ledger")
    append(folder / "a.jsonl", made)
    random.shuffle(made)
    append(folder / "b.jsonl", made)
    assert read_ledger(folder / "a.jsonl").entries == read_ledger(folder / "b.jsonl").entries


@given(st.lists(entries(), max_size=12))
def test_decisions_said_twice_mean_the_same_and_merges_never_go_in_circles(made: list[model.TriageEntry]) -> None:
    ordered = sorted(made, key=lambda one: one.at)
    twice = sorted([*made, *made], key=lambda one: one.at)
    once, again = Decisions.of(ordered, {}), Decisions.of(twice, {})
    assert corrections(ordered).keys() == corrections(twice).keys()
    assert once.by_group.keys() == again.by_group.keys()
    targets = once.targets({})
    assert not targets.keys() & {*targets.values()}
    for group_id, one in once.by_group.items():
        assert (group_id in targets) <= (one.last.decision == "merged")


def test_the_newest_merge_wins_where_two_go_in_a_circle() -> None:
    one = entry(group_id="g_a", decision="merged", into="g_b")
    other = entry(group_id="g_b", decision="merged", into="g_a", at="2025-09-30T00:00:00Z")
    assert Decisions.of([one, other], {}).targets({}) == {"g_b": "g_a"}
    chain = [entry(group_id=f"g_{place}", decision="merged", into=f"g_{place + 1}") for place in range(20_000)]
    assert set(Decisions.of(chain, {}).targets({}).values()) == {"g_20000"}


def test_the_last_decision_counts_and_assignee_and_ticket_stay() -> None:
    made = [
        entry(group_id="g_a", decision="assigned", assignee="hugo", title="old"),
        entry(group_id="g_a", decision="linked", ticket="D-1", title="new"),
        entry(group_id="g_a", decision="fixed", at="2025-10-01T00:00:00Z"),
    ]
    decided = Decisions.of(made, {}).by_group["g_a"]
    assert (decided.assignee, decided.ticket, decided.title) == ("hugo", "D-1", "new")
    assert decided.fixed_at == "2025-10-01T00:00:00Z"
    reopened = Decisions.of([*made, entry(group_id="g_a", decision="reopened")], {}).by_group["g_a"]
    assert reopened.fixed_at is None
    assert reopened.status("2025-10-02", 1, lambda _: 0, new=False) == "open"


@pytest.mark.parametrize(
    ("given", "today", "people", "status"),
    [
        ({"until": "2025-10-01"}, "2025-09-30", 99, "snoozed"),
        ({"until": "2025-10-01"}, "2025-10-01", 0, "returned"),
        ({"until_people": 3, "people": 4}, "2099-01-01", 6, "snoozed"),
        ({"until_people": 3, "people": 4}, "2025-09-30", 7, "returned"),
        ({"until_people": 3}, "2025-09-30", 99, "snoozed"),
        ({"until_people": 2}, "2025-09-30", 99, "returned"),
        ({"until": "2025-10-01", "until_people": 3, "people": 4}, "2025-09-30", 7, "returned"),
    ],
)
def test_a_snooze_ends_on_its_day_or_with_enough_further_people(
    given: dict[str, Any], today: str, people: int, status: str
) -> None:
    decided = Decisions.of([entry(group_id="g_a", decision="snoozed", **given)], {}).by_group["g_a"]
    assert decided.status(today, people, lambda at: 2 if at == AT else 0, new=False) == status


def test_a_later_correction_takes_an_earlier_one_back() -> None:
    no = entry(event_id="q_1", correction="not_a_request")
    kind = entry(event_id="q_1", correction="gap_type", gap_type="docs_missing")
    where = entry(event_id="q_1", correction="dataset", dataset="fct_orders")
    both = corrections([no, kind, where])["q_1"]
    assert (both.not_a_request, both.gap_type, both.dataset) == (False, "docs_missing", "fct_orders")
    assert corrections([kind, where, no])["q_1"].not_a_request


def test_apart_is_what_was_split_off_last() -> None:
    split = entry(group_id="g_a", decision="split")
    merged = entry(group_id="g_a", decision="merged", into="g_b")
    assert apart([merged, split]) == {"g_a"}
    assert apart([split, merged]) == frozenset()


WRONG = [
    ('{"by":"a","at":"2025-09-29T08:45:00Z"}', r"triage\.jsonl:2: expected at least 3 properties"),
    ('{"by":"a","at":"2025-09-29T08:45:00Z","group_id":"g","decision":"merged"}', "merged needs into beside it"),
    ('{"by":"a","at":"2025-09-29T08:45:00Z","group_id":"g","decision":"snoozed"}', "needs until or until_people"),
    ('{"by":"a","at":"2025-09-29T08:45:00Z","group_id":"g","decision":"dismiss"}', "did you mean dismissed"),
    (
        '{"by":"a","at":"2025-09-29T08:45:00Z","group_id":"g","decision":"snoozed","until":"2025-02-30"}',
        "a day that no calendar has",
    ),
    ('{"by":"a","at":"2025-09-29T08:45:00Z","event_id":"q","correction":"dataset"}', "dataset needs dataset"),
    ('{"by":"a","by":"b"}', 'has the key "by" twice'),
    ("nonsense", "is not valid JSON"),
    ("", "is empty where JSON is expected"),
]


@pytest.mark.parametrize(("line", "message"), WRONG)
def test_a_wrong_line_is_named(tmp_path: Path, line: str, message: str) -> None:
    file = tmp_path / "triage.jsonl"
    append(file, [entry(group_id="g_a", decision="dismissed")])
    with file.open("a", encoding="utf-8") as stream:
        stream.write(line + "\n")
    with pytest.raises(InvalidError, match=message):
        read_ledger(file)


def test_half_a_line_at_the_end_is_refused_and_nothing_is_added_to_it(tmp_path: Path) -> None:
    file = tmp_path / "triage.jsonl"
    made = entry(group_id="g_a", decision="dismissed")
    append(file, [made, made])
    half = file.read_bytes()[:-5]
    file.write_bytes(half)
    for act in (lambda: append(file, [made]), lambda: read_ledger(file)):
        with pytest.raises(DatagapError, match="ends in the middle of a line; complete or remove its last line"):
            act()
    assert file.read_bytes() == half


def test_a_wrong_entry_is_not_written(tmp_path: Path) -> None:
    file = tmp_path / "triage.jsonl"
    good = entry(group_id="g_a", decision="dismissed")
    with pytest.raises(InvalidError, match="into"):
        append(file, [good, replace(good, decision="merged")])
    with pytest.raises(InvalidError, match="/by"):
        append(file, [replace(good, by="")])
    assert not file.exists()


def test_a_disk_that_fills_up_leaves_the_file_as_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "triage.jsonl"
    made = entry(group_id="g_a", decision="dismissed")
    append(file, [made])
    before, write, calls = file.read_bytes(), os.write, []

    def full(descriptor: int, content: bytes) -> int:
        calls.append(content)
        if len(calls) > 1:
            raise OSError(28, "No space left on device")
        return write(descriptor, content[:10])

    monkeypatch.setattr(os, "write", full)
    with pytest.raises(DatagapError, match=r"cannot be written \(no space left on device\)"):
        append(file, [made])
    assert len(calls) == 2
    assert file.read_bytes() == before


def test_writers_side_by_side_lose_and_mix_nothing(tmp_path: Path) -> None:
    script = (
        "import sys; from pathlib import Path; from datagap import model; from datagap.report.ledger import append\n"
        "for n in range(40):\n"
        "    e = model.TriageEntry(by=sys.argv[1], at='2025-09-29T08:45:00Z', group_id='g_a', decision='dismissed',\n"
        "                          reason=sys.argv[1] * 3000)\n"
        "    append(Path('triage.jsonl'), [e, e])\n"
    )
    running = [subprocess.Popen([sys.executable, "-c", script, name], cwd=tmp_path) for name in "abc"]
    assert [process.wait() for process in running] == [0, 0, 0]
    lines = [json.loads(line) for line in (tmp_path / "triage.jsonl").read_text().splitlines()]
    assert sorted(line["by"] for line in lines) == sorted("abc" * 80)
    assert all({*line["reason"]} == {line["by"]} for line in lines)
    writers = [line["by"] for line in lines]
    assert writers[::2] == writers[1::2], "the two lines of one call stand together"


def test_there_has_to_be_a_file_to_read_and_a_folder_to_write_to(tmp_path: Path) -> None:
    with pytest.raises(MisuseError, match="does not exist"):
        read_ledger(tmp_path / "none.jsonl")
    with pytest.raises(DatagapError, match="cannot be written"):
        append(tmp_path / "none" / "triage.jsonl", [entry(group_id="g_a", decision="dismissed")])
    (tmp_path / "link.jsonl").symlink_to(tmp_path / "other.jsonl")
    with pytest.raises(DatagapError, match="cannot be written"):
        append(tmp_path / "link.jsonl", [entry(group_id="g_a", decision="dismissed")])
