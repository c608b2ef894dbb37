"""The score of judged questions, as a command."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parent.parent
SCHEMA = {"loaf": ["loaf_id", "price", "weight"], "baker": ["baker_id", "name", "city"]}


def line(question: str, label: str, gap_type: str | None = None) -> Mapping[str, Any]:
    keys = [["loaf.baker_id", "baker.baker_id"]]
    return {"question": question, "schema": SCHEMA, "foreign_keys": keys, "label": label, "gap_type_mapped": gap_type}


LINES = [
    line("What is the price of each loaf?", "answerable"),
    line("What is the altitude of each baker?", "dropped_column", "missing_column"),
    line("List the names of the bakers.", "answerable"),
    line("What is the salary of each baker?", "dropped_column", "missing_column"),
]


def bench(folder: Path, lines: Sequence[object], *arguments: str) -> subprocess.CompletedProcess[str]:
    path = folder / "some.jsonl"
    path.write_text("".join(json.dumps(one) + "\n" for one in lines), encoding="utf-8")
    command = [sys.executable, str(ROOT / "scripts/bench_questions"), str(path), "--rounds", "20", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_it_prints_the_scores_of_each_label_and_each_type(tmp_path: Path) -> None:
    done = bench(tmp_path, LINES)
    assert (done.returncode, done.stderr) == (0, "")
    rows = [text.split() for text in done.stdout.splitlines()]
    assert rows[0] == ["some.jsonl"]
    assert ["dropped_column", "2", "1.000", "[1.000,", "1.000]", "1.000", "[1.000,", "1.000]"] in rows
    assert ["answerable", "(false", "positives)", "2", "0.000", "[0.000,", "0.000]"] in rows
    assert next(row for row in rows if row[:2] == ["F1", "missing_column"])[2:4] == ["2", "1.000"]


def test_the_labels_and_keys_of_a_file_do_not_reach_the_judgement(tmp_path: Path) -> None:
    swapped = [
        {**one, "label": "answerable", "gap_type_mapped": None, "removed": "x", "db": "y"} for one in LINES[1::2]
    ]
    done = bench(tmp_path, swapped)
    assert "answerable (false positives)" in done.stdout
    assert next(text for text in done.stdout.splitlines() if "false positives" in text).split()[4] == "1.000"


def test_it_scores_half_of_the_lines_and_labels_together(tmp_path: Path) -> None:
    done = bench(tmp_path, LINES, "--half", "even", "--labels", "dropped_column,other")
    assert done.stdout.splitlines()[0] == "some.jsonl, even lines"
    assert "dropped_column" not in done.stdout
    assert "dropped_column + other" in bench(tmp_path, LINES, "--labels", "dropped_column,other").stdout


def test_it_says_when_nothing_can_be_held_against_anything(tmp_path: Path) -> None:
    assert "no line is labelled answerable" in bench(tmp_path, LINES[1::2]).stdout


def test_a_file_that_is_none_of_questions_fails_in_one_sentence(tmp_path: Path) -> None:
    for lines in ([{"question": "x"}], [7]):
        done = bench(tmp_path, lines)
        assert done.returncode == 1
        assert done.stderr.startswith("bench_questions: ")
        assert done.stderr.count("\n") == 1
