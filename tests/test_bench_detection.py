"""The score of the detector on packs that are made for it, as a command."""

from __future__ import annotations

import json
import math
import re
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import t

import pack_score
import target
from datagap.settings import SettingsError
from interval import Bootstrap, over_runs
from target import Target
from tests import packs
from tests.test_bench_questions import LINES as QUESTIONS
from tests.test_bench_requests import LINES as REQUESTS

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parent.parent
TINY = ("actors=12", "nlq.count=80", "slack.threads=8", "email.threads=4", "gaps.count=16")
LABELS = {
    "triagesql": "lack data",
    "spider_counterfactual": "dropped_select_column",
    "beaver": "dropped_column",
}
KEYS = ("macro_f1", "bare_macro_f1", "requests.f1", "ari", "ndcg_20", "linking", "ece", "citation_precision")


def bench(*arguments: str) -> subprocess.CompletedProcess[str]:
    tiny = [part for one in TINY for part in ("--set", one)]
    command = [sys.executable, str(ROOT / "scripts/bench_detection"), "--quick", "--sizes", "200,400", *tiny]
    rounds = ["--rounds", "20"]
    return subprocess.run(
        [*command, *rounds, *arguments], capture_output=True, text=True, check=False, encoding="utf-8"
    )


def write(path: Path, lines: Sequence[object]) -> None:
    path.write_text("".join(json.dumps(one) + "\n" for one in lines), encoding="utf-8")


def files(folder: Path) -> tuple[str, ...]:
    write(folder / "some.jsonl", REQUESTS)
    for name, label in LABELS.items():
        lines = [one if one["label"] == "answerable" else {**one, "label": label} for one in QUESTIONS]
        write(folder / f"{name}.jsonl", lines)
    return ("--requests", str(folder / "some.jsonl"), "--questions", str(folder), "--out", str(folder / "out.json"))


class Printed:
    """What the command printed and wrote."""

    def __init__(self, folder: Path, *arguments: str) -> None:
        done = bench(*files(folder), *arguments)
        assert done.returncode == 0, done.stderr
        self.progress = done.stderr.splitlines()
        self.rows = done.stdout.split("how right it is\n")[1].splitlines()
        self.record: Mapping[str, Any] = json.loads((folder / "out.json").read_text("utf-8"))
        self.figures = {(one["setting"], one["figure"]): one for one in self.record["figures"]}

    def row(self, section: str, shown: str) -> str:
        start = next(place for place, row in enumerate(self.rows) if row.startswith(section))
        return next(row for row in self.rows[start:] if row.startswith(f"  {shown}"))


@pytest.fixture(scope="module")
def printed(tmp_path_factory: pytest.TempPathFactory) -> Printed:
    folder = tmp_path_factory.mktemp("bench")
    return Printed(folder, "--seeds", "1", "--jobs", "1", "--only", "hard,prevalence_5")


def test_every_figure_is_a_row_of_the_table(printed: Printed) -> None:
    assert printed.rows[0].split() == ["detector", "95%", "target", "met", "none", "commonest", "keywords"]
    rows = [row for row in printed.rows[1:] if row.startswith("  ")]
    assert len(rows) == len(printed.record["figures"])
    for row, one in zip(rows, printed.record["figures"], strict=True):
        digits = {"ratio": 2}.get(one["figure"], 0 if one["setting"] == "speed" else 3)
        assert f"{one['value']:,.{digits}f}" in row
    assert [row.partition(" (")[0] for row in printed.rows[1:] if not row.startswith("  ")] == [
        "hard wordings",
        "gap prevalence 5 %, medium wordings",
        "real texts by their words alone",
        "questions by the names of a schema",
        "speed of datagap-report gen, from start to end",
    ]


def test_a_figure_with_a_target_says_whether_it_is_met(printed: Printed) -> None:
    targets = target.load_targets()
    for key, one in printed.figures.items():
        wanted = targets.get(key)
        assert one["target"] == (None if wanted is None else str(wanted))
        assert one["met"] == (None if wanted is None else wanted.met(one["value"]))
    row = printed.row("hard wordings", "macro F1")
    value = printed.figures["hard", "macro_f1"]["value"]
    assert re.search(rf"{value:.3f} +>= 0\.65 +{'yes' if value >= 0.65 else 'no '} ", row)
    assert re.search(r">= 20000 +no$", printed.row("speed", "events for each CPU-second, of 3"))
    assert "  >" not in printed.row("hard wordings", "calibration error")


def test_the_baselines_stand_beside_the_detector(printed: Printed) -> None:
    macro = printed.figures["hard", "macro_f1"]
    assert macro["baselines"]["none"] == 0
    assert macro["baselines"].keys() == {"none", "commonest", "keywords"}
    assert macro["value"] > max(macro["baselines"].values())
    assert printed.row("hard wordings", "macro F1").split()[-3:] == [
        f"{macro['baselines'][name]:.3f}" for name in ("none", "commonest", "keywords")
    ]


def test_files_are_scored_as_the_other_commands_score_them(printed: Printed) -> None:
    assert printed.figures["requests", "macro_f1_accepted"]["value"] == 1
    assert printed.figures["requests", "macro_f1"]["value"] == pytest.approx((1 + 2 / 3) / 3)
    assert [printed.figures["questions", name]["value"] for name in ("lack_data", "dropped_columns", "beaver")] == [
        1,
        1,
        0,
    ]


def test_a_report_is_timed_as_a_process(printed: Printed) -> None:
    speed = {name: one["value"] for (setting, name), one in printed.figures.items() if setting == "speed"}
    assert speed["ratio"] == pytest.approx(speed["rate_large"] / speed["rate_small"], rel=1e-3)
    assert 10 < speed["rate_small"] < 100_000
    assert 20 < speed["peak_small"] < 1000
    assert printed.progress[-2].startswith("bench_detection: 2 of 2 packs scored")


def test_a_file_that_cannot_be_scored_fails_in_one_sentence(tmp_path: Path) -> None:
    done = bench("--seeds", "1", "--jobs", "1", "--only", "easy", "--requests", str(tmp_path / "gone.jsonl"))
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1].startswith("bench_detection: cannot measure (FileNotFoundError")


@pytest.mark.slow
def test_all_settings_are_measured_by_several_processes(tmp_path: Path) -> None:
    found = Printed(tmp_path, "--jobs", "2")
    assert all((level, name) in found.figures for level in ("easy", "medium", "hard") for name in KEYS)
    curves = [f"completeness_{part}" for part in (100, 60, 20)] + [f"prevalence_{part}" for part in (30, 5, 1)]
    assert all((curve, name) in found.figures for curve in curves for name in ("macro_f1", "precision"))
    macro = found.figures["medium", "macro_f1"]
    assert macro["low"] <= macro["value"] == pytest.approx(sum(macro["by_seed"]) / 2, abs=1e-5)
    again = Printed(tmp_path, "--jobs", "1")
    kept = [one for one in again.record["figures"] if one["setting"] != "speed"]
    assert kept == [one for one in found.record["figures"] if one["setting"] != "speed"]


def test_a_pack_without_telemetry_is_whole_and_says_the_same_else(tmp_path: Path) -> None:
    pack_score.make(tmp_path / "pack", 1, TINY, workers=1)
    pack_score.bare(tmp_path / "pack", tmp_path / "bare")
    before, after = packs.tree(tmp_path / "pack"), packs.tree(tmp_path / "bare")
    assert {name for name in before if before[name] != after[name]} == {"nl_queries.jsonl", "hashes.json"}
    assert packs.run("validate", "--pack", "bare", "--strict", cwd=tmp_path).code == 0
    queries = [json.loads(line) for line in before["nl_queries.jsonl"].splitlines()]
    kept = [{key: one[key] for key in one if key not in ("tables", "dims", "metrics")} for one in queries]
    assert kept != queries
    assert [json.loads(line) for line in after["nl_queries.jsonl"].splitlines()] == kept


NUMBERS = st.lists(st.floats(0, 1), min_size=2, max_size=9)


@given(NUMBERS)
def test_the_interval_over_runs_is_that_of_students_t(values: list[float]) -> None:
    found = over_runs([*values, math.nan])
    mean = sum(values) / len(values)
    error = math.sqrt(sum((one - mean) ** 2 for one in values) / (len(values) - 1) / len(values))
    low, high = (mean, mean) if error == 0 else t.interval(0.95, len(values) - 1, mean, error)
    assert found.value == pytest.approx(mean)
    assert (found.low, found.high) == pytest.approx((max(-1, low), min(1, high)))


def test_one_run_has_no_interval_and_none_no_figure() -> None:
    assert str(over_runs([0.5])) == "0.500"
    assert str(over_runs([])) == "\u2013"


@given(st.lists(st.floats(0, 1), min_size=1, max_size=30))
def test_an_interval_over_resamples_lies_between_the_extremes(values: list[float]) -> None:
    found = Bootstrap(30).estimate(lambda drawn: sum(drawn) / len(drawn), values)
    assert min(values) - 1e-9 <= found.low <= found.high <= max(values) + 1e-9


@pytest.mark.parametrize(
    ("sign", "below", "at", "above"),
    [(">=", False, True, True), (">", False, False, True), ("<=", True, True, False), ("<", True, False, False)],
)
def test_a_target_is_met_or_not(sign: str, below: bool, at: bool, above: bool) -> None:
    wanted = Target(sign, "0.5")
    assert [wanted.met(value) for value in (0.4, 0.5, 0.6, math.nan)] == [below, at, above, False]


@pytest.mark.parametrize("content", ["[]", "easy: {macro_f1: '0.9'}", "easy: {macro_f1: '>= much'}"])
def test_targets_that_are_none_are_refused(tmp_path: Path, content: str) -> None:
    path = tmp_path / "targets.yaml"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(SettingsError):
        target.load_targets(path)
