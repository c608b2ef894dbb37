"""The score of real texts by their words alone, as a command."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import accuracy_score, f1_score, precision_score, recall_score

import request_score
from request_score import LABELS, NONE, Answer, Text

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parent.parent
DENIED = "I get permission denied on the loaf table, who can grant me read access?"
STALE = "The oven table is stale, it was last refreshed three days ago."
LINES: Sequence[Mapping[str, object]] = [
    {"id": "a", "text": DENIED, "label": "access_denied"},
    {"id": "b", "text": STALE, "label": "quality_issue", "also_acceptable": ["freshness_breach"]},
    {"id": "c", "text": STALE, "label": "freshness_breach", "also_acceptable": []},
    {"id": "d", "text": "Thanks, see you at lunch!", "label": "none", "source": "x"},
]


def bench(folder: Path, lines: Sequence[object], *arguments: str) -> subprocess.CompletedProcess[str]:
    path = folder / "some.jsonl"
    path.write_text("".join(json.dumps(one) + "\n" for one in lines), encoding="utf-8")
    command = [sys.executable, str(ROOT / "scripts/bench_requests"), str(path), "--rounds", "20", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, encoding="utf-8")


def parts(printed: str) -> Mapping[str, list[list[str]]]:
    """Return the rows of words of each table by its title."""
    head, *tables = printed.split("\n\n")
    assert head
    lines = [table.splitlines() for table in tables]
    return {title: [row.split() for row in rows] for title, *rows in lines}


def test_it_prints_the_scores_strictly_and_with_what_is_acceptable_beside_two_baselines(tmp_path: Path) -> None:
    done = bench(tmp_path, LINES)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("some.jsonl: 4 texts, 1 of them about no gap\n")
    tables = parts(done.stdout)
    strictly, accepted = "strictly by the label", "what is acceptable counted as the label"
    assert list(tables) == [strictly, f"by label, {strictly}", accepted, f"by label, {accepted}"]
    rows = {" ".join(row[:1]): row for row in tables[strictly]}
    assert tables[strictly][0] == ["words", "keywords", "commonest"]
    assert rows["accuracy"][1] == "0.750"
    assert next(row for row in tables[accepted] if row[0] == "accuracy")[1] == "1.000"
    assert next(row for row in tables[strictly] if row[:2] == ["none:", "recall"])[2] == "1.000"
    by_label = {row[0]: row for row in tables[f"by label, {strictly}"]}
    assert by_label["freshness_breach"][1:4] == ["1", "2", "0.500"]
    assert [row[0] for row in tables[f"by label, {strictly}"][1:]] == list(LABELS)


def test_ids_and_labels_do_not_reach_the_detector(tmp_path: Path) -> None:
    swapped = [{"id": "freshness_breach", "text": DENIED, "label": "freshness_breach"}]
    rows = parts(bench(tmp_path, swapped).stdout)["by label, strictly by the label"]
    assert {row[0]: row[2] for row in rows[1:]} == {label: str(int(label == "access_denied")) for label in LABELS}


def test_a_file_that_is_none_of_texts_fails_in_one_sentence(tmp_path: Path) -> None:
    done = bench(tmp_path, [7])
    assert done.returncode == 1
    assert done.stderr.startswith("bench_requests: ")
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize(
    "lines", [[], [{"text": "x"}], [{"text": "x", "label": "y"}], [{**LINES[0], "also_acceptable": "none"}]]
)
def test_lines_that_are_no_texts_are_refused(tmp_path: Path, lines: Sequence[object]) -> None:
    path = tmp_path / "some.jsonl"
    path.write_text("".join(json.dumps(one) + "\n" for one in lines), encoding="utf-8")
    with pytest.raises((ValueError, LookupError)):
        request_score.read(path)


def answer(wanted: str, told: str, also: frozenset[str], sure: float) -> Answer:
    return Answer(wanted=Text(text="", label=wanted, also=also), told=told, sure=sure)


ANSWERS = st.lists(
    st.builds(
        answer, st.sampled_from(LABELS), st.sampled_from(LABELS), st.frozensets(st.sampled_from(LABELS)), st.just(0.5)
    ),
    min_size=1,
)


@given(ANSWERS)
def test_figures_are_those_of_scikit_learn(answers: list[Answer]) -> None:
    wanted, told = [one.wanted.label for one in answers], [one.told for one in answers]
    found = request_score.figures(answers)
    there = sorted({*wanted})
    assert found["accuracy"] == pytest.approx(accuracy_score(wanted, told))
    macro = f1_score(wanted, told, labels=there, average="macro", zero_division=0)
    assert found["macro_f1_with_none"] == pytest.approx(macro)
    if NONE in told:
        precision = precision_score(wanted, told, labels=[NONE], average="macro", zero_division=0)
        assert found["none.precision"] == pytest.approx(precision)
    if NONE in wanted:
        recall = recall_score(wanted, told, labels=[NONE], average="macro", zero_division=0)
        assert found["none.recall"] == pytest.approx(recall)


@given(ANSWERS)
def test_what_is_acceptable_never_lowers_the_accuracy(answers: list[Answer]) -> None:
    lenient = request_score.accepted(answers)["accuracy"]
    expected = sum(one.told in {one.wanted.label, *one.wanted.also} for one in answers) / len(answers)
    assert lenient == pytest.approx(expected)


def test_the_calibration_error_is_how_far_confidence_is_from_being_right() -> None:
    right, wrong = (answer("docs_missing", told, frozenset(), 0.8) for told in ("docs_missing", "access_denied"))
    assert request_score.calibration_error([right] * 4 + [wrong]) == pytest.approx(0)
    assert request_score.calibration_error([right, wrong]) == pytest.approx(0.3)
