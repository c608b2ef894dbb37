"""`datagap-synth score` as its users meet it, and the example of a detector of one's own."""

from __future__ import annotations

import copy
import json
import subprocess
import sys
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from datagap import model
from tests import packs
from tests.packs import Run, run
from tests.test_score_inputs import without_key
from tests.tiny import DATASETS, FRESHNESS, tiny

ROOT = Path(__file__).parent.parent
FACT = {"file": FRESHNESS, "pointer": "/0/max_loaded_at", "value": "2026-03-01T06:00:00Z"}


def gap(gap_type: str, group: str, dataset: str, *evidence: Mapping[str, Any], **more: Any) -> dict[str, Any]:
    rest = {"columns": [], "confidence": 0.9, "verdict": "confirmed", **more}
    return {"gap_type": gap_type, "group_id": group, "datasets": [dataset], "evidence": [*evidence], **rest}


MINE: list[dict[str, Any]] = [
    {"event_id": "q_1", "request": True, "none_reason": "answered", "gaps": []},
    {"event_id": "q_2", "request": True, "gaps": [gap("missing_column", "a", "mart_orders", confidence=0.8)]},
    {"event_id": "s_1", "request": True, "gaps": [
        gap("docs_missing", "b", "mart_orders", {"event_id": "s_1", "quote": "no segment"},
            {"file": DATASETS, "pointer": "/1/name", "value": "orders"}),
        gap("quality_issue", "c", "mart_orders", verdict="contradicted")]},
    {"event_id": "e_1", "request": True, "gaps": [gap("freshness_breach", "d", "raw_orders", FACT)]},
]  # fmt: skip
ITEM = json.loads((ROOT / "tests/instances/backlog_item/valid/only-what-is-required.json").read_text())
BACKLOG = [{**ITEM, "rank": place, "group_id": group} for place, group in enumerate("dab", start=1)]
TRIAGE = [
    {
        "by": "ann",
        "at": "2026-03-05T18:00:00Z",
        "event_id": "s_1",
        "correction": "gap_type",
        "gap_type": "docs_missing",
    },
    {"by": "ann", "at": "2026-03-05T18:00:00Z", "event_id": "e_1", "correction": "not_a_request"},
    {"by": "ann", "at": "2026-03-05T18:00:00Z", "event_id": "q_77", "correction": "not_a_request"},
    {"by": "ann", "at": "2026-03-05T18:00:00Z", "group_id": "d", "decision": "dismissed"},
]


def write(path: Path, records: Sequence[Mapping[str, Any]]) -> None:
    path.write_text("".join(json.dumps(record) + "\n" for record in records))


@pytest.fixture
def home(tmp_path: Path) -> Path:
    tiny(tmp_path / "pack")
    tiny(tmp_path / "keyless", without_key)
    for name, records in (("mine", MINE), ("backlog", BACKLOG), ("triage", TRIAGE), ("empty", [])):
        write(tmp_path / f"{name}.jsonl", records)
    return tmp_path


def score(home: Path, *arguments: str, pack: str = "pack") -> Run:
    return run("score", "--pack", pack, *arguments, cwd=home)


def test_a_session_of_scoring(home: Path) -> None:
    mine = ["score", "--pack", "pack", "--detections", "mine.jsonl"]
    commands = [
        [*mine, "--backlog", "backlog.jsonl", "--resamples", "50"],
        [*mine, "--baseline", "--resamples", "50"],
        [*mine, "--format", "md", "--resamples", "0"],
        ["score", "--pack", "pack", "--baseline", "--resamples", "0"],
        ["score", "--pack", "keyless", "--triage", "triage.jsonl", "--detections", "mine.jsonl", "--resamples", "0"],
        [*mine, "--triage", "triage.jsonl", "--format", "json", "--resamples", "50"],
    ]
    printed = packs.transcript(commands, home)
    packs.check_snapshot("cli_score", printed)
    lines = [line for line in printed.partition("--format")[0].splitlines() if not line.startswith("$")]
    assert max(map(len, lines)) <= 80
    assert "\x1b" not in printed


def test_json_is_a_score_record_and_with_baselines_a_list_of_them(home: Path) -> None:
    one = json.loads(score(home, "--detections", "mine.jsonl", "--format", "json").out)
    four = json.loads(score(home, "--detections", "mine.jsonl", "--format", "json", "--baseline").out)
    assert four[0] == one
    assert [each["detector"] for each in four] == ["mine.jsonl", "none", "commonest", "keywords"]
    assert all(model.acceptor("score").is_valid(each) for each in four)
    assert one["figures"]["columns"]["precision"] is None


def test_shuffled_lines_print_the_same(home: Path) -> None:
    before = score(home, "--detections", "mine.jsonl", "--format", "json")
    write(home / "mine.jsonl", MINE[::-1])
    assert score(home, "--detections", "mine.jsonl", "--format", "json") == before


def test_nothing_detected_is_fine_and_scores_nothing(home: Path) -> None:
    ran = score(home, "--detections", "empty.jsonl", "--format", "json")
    assert (ran.code, ran.err) == (0, "")
    figures = json.loads(ran.out)["figures"]
    assert figures["gap_types"] == {"precision": None, "recall": 0.0, "f1": 0.0}


def test_quiet_prints_nothing_and_verbose_says_what_is_scored(home: Path) -> None:
    assert score(home, "--detections", "mine.jsonl", "--quiet") == Run(0, "", "")
    ran = score(home, "--detections", "mine.jsonl", "--baseline", "--verbose")
    baselines = [f"scoring the baseline {name}" for name in ("none", "commonest", "keywords")]
    assert ran.err.splitlines() == ["scoring mine.jsonl", *baselines]


TWICE = [*MINE, MINE[0]]
STRANGE = [*MINE, {**MINE[0], "event_id": "q_9"}]
MISSPELT = copy.deepcopy(MINE)
MISSPELT[1]["gaps"][0]["gap_type"] = "missing_colum"
GONE = "gone: does not exist; give a file of"
ENDS: list[tuple[Sequence[str], int, str]] = [
    ([], 2, "Give --detections, --baseline or both; see datagap-synth score --help"),
    (["--baseline", "--backlog", "backlog.jsonl"], 2,
     "--backlog needs --detections; see datagap-synth score --help"),
    (["--detections", "gone.jsonl"], 2, "gone.jsonl: does not exist; give a file of detection records"),
    (["--detections", "pack"], 2, "pack: is not a file; give a file of detection records"),
    (["--detections", "mine.jsonl", "--triage", "gone"], 2, f"{GONE} triage_entry records"),
    (["--detections", "mine.jsonl", "--backlog", "gone"], 2, f"{GONE} backlog_item records"),
    (["--detections", "broken.jsonl"], 1, "broken.jsonl:2: is not valid JSON (column 1: unexpected end of data)"),
    (["--detections", "misspelt.jsonl"], 1,
     'misspelt.jsonl:2 /gaps/0/gap_type: expected one of missing_asset, missing_column, '),
    (["--detections", "twice.jsonl"], 1, 'twice.jsonl:5: "q_1" stands twice; give each event one line'),
    (["--detections", "strange.jsonl"], 1,
     'strange.jsonl:5: "q_9" is no event of the pack; score detections on the pack that they were made for'),
    (["--detections", "mine.jsonl", "--pack", "gone"], 2, "gone: does not exist; give the folder of a pack"),
    (["--detections", "mine.jsonl", "--pack", "keyless"], 2,
     "keyless: has no truth/ to score against; give a pack with an answer key, or corrections with --triage"),
    (["--detections", "mine.jsonl", "--pack", "keyless", "--triage", "empty.jsonl"], 1,
     "keyless: no correction is of an event of this pack; correct events of this pack, or give a pack with an answer"),
]  # fmt: skip


@pytest.mark.parametrize(("arguments", "code", "sentence"), ENDS, ids=[sentence for _, _, sentence in ENDS])
def test_what_cannot_be_scored_is_told_in_one_sentence(
    arguments: Sequence[str], code: int, sentence: str, home: Path
) -> None:
    write(home / "twice.jsonl", TWICE)
    write(home / "strange.jsonl", STRANGE)
    write(home / "misspelt.jsonl", MISSPELT)
    (home / "broken.jsonl").write_text(json.dumps(MINE[0]) + "\n[{}\n")
    ran = score(home, *arguments)
    assert (ran.code, ran.out) == (code, "")
    assert ran.err.startswith(f"error: {sentence}")
    assert ran.err.count("\n") == 1


def test_the_example_detector_finds_late_data_and_can_be_scored(tmp_path: Path) -> None:
    pack = packs.make(tmp_path / "p")
    script = [sys.executable, str(ROOT / "scripts" / "example_detector.py"), str(pack.folder)]
    ended = subprocess.run(script, capture_output=True, encoding="utf-8", timeout=60, check=True)
    (tmp_path / "mine.jsonl").write_text(ended.stdout, encoding="utf-8")
    ran = run(
        "score", "--pack", "p", "--detections", "mine.jsonl", "--format", "json", "--resamples", "0", cwd=tmp_path
    )
    assert (ran.code, ran.err) == (0, "")
    scored = json.loads(ran.out)
    late = scored["types"]["freshness_breach"]
    assert late["detected"] > 0
    assert late["rates"]["precision"] > 0.5
    assert scored["figures"]["quotes_verbatim"] == scored["figures"]["citation_precision"] == 1.0


def test_whoever_develops_has_what_scoring_needs() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    assert {*project["project"]["optional-dependencies"]["score"]} <= {*map(str, project["dependency-groups"]["dev"])}
