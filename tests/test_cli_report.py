from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.handmade import dataset, query, slack, write_pack


@dataclass
class Ran:
    code: int
    out: str
    err: str


def run(*arguments: str | Path, cwd: Path, env: Mapping[str, str] | None = None) -> Ran:
    """Run `datagap-report` as a user would."""
    command = [sys.executable, "-c", "from datagap.cli.report import main; main()", *map(str, arguments)]
    variables = {key: value for key, value in os.environ.items() if key != "LLM_API_KEY"} | dict(env or {})
    done = subprocess.run(command, cwd=cwd, env=variables, capture_output=True, encoding="utf-8", check=False)
    assert "Traceback" not in done.stderr or "--debug" in arguments
    return Ran(done.returncode, done.stdout, done.stderr)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    events = [
        slack("s1", "mart_bare has no description."),
        query("q1", "split net revenue in mart_orders by brand_name"),
    ]
    write_pack(tmp_path / "pack", events, [dataset("mart_orders"), dataset("mart_bare", description="")])
    return tmp_path


def test_gen_validate_and_print_sample(folder: Path) -> None:
    made = run("gen", "--pack", "pack", "--out", "report", cwd=folder)
    assert (made.code, made.err) == (0, "")
    assert made.out == (
        "wrote report: 2 gaps behind 2 of 2 events; 0 contradicted by the catalog, 0 failed queries unexplained\n"
    )
    assert run("validate", "--out", "report", cwd=folder).out == "report: valid, 0 errors, 0 warnings\n"
    assert run("print-sample", "--out", "report", "--count", "1", cwd=folder).out == (
        "incidents: top 0 of 0\n"
        "backlog: top 1 of 2\n"
        "   1  mart_orders lacks brand_name: 1 person, 1 event, confirmed\n"
        '      "split net revenue in mart_orders by brand_name" (q1)\n'
    )


def test_quiet_says_nothing_and_verbose_says_more_on_stderr(folder: Path) -> None:
    assert run("gen", "--pack", "pack", "--out", "a", "--quiet", cwd=folder) == Ran(0, "", "")
    assert run("--verbose", "gen", "--pack", "pack", "--out", "b", cwd=folder).err == "reading pack\n"


MISUSES: list[tuple[Sequence[str], str]] = [
    (["--pack", "nowhere", "--out", "r"], "error: nowhere: does not exist; give the folder of a pack\n"),
    (
        ["--pack", "pack/manifest.json", "--out", "r"],
        "error: pack/manifest.json: is not a folder; give the folder of a pack\n",
    ),
    (["--pack", "pack", "--out", "pack"], "is not empty; choose another --out, or replace it with --force\n"),
    (["--pack", "pack", "--out", "pack", "--force"], "is not empty and was not written by this command"),
    (["--pack", "pack", "--out", "pack/manifest.json"], "is not a folder; choose another --out\n"),
    (
        ["--pack", "pack", "--out", "r", "--llm", "on"],
        "needs a key in LLM_API_KEY, and this version has no language-model stages to use it; run with --llm off\n",
    ),
    (["--pack", "pack", "--out", "r", "--focus-gaps", "missing_colum"], "did you mean missing_column"),
    (["--pack", "pack", "--out", "r", "--focus-gaps", ","], "expected at least one gap type"),
    (["--pack", "pack", "--out", "r", "--sample", "-1"], "-1 is not in the range"),
    (["--pack", "pack", "--out", "r", "--p95-ms", "fast"], "'fast' is not a valid integer"),
    (["--pack", "pack", "--out", "r", "--config", "none.yaml"], "error: none.yaml: does not exist"),
    (["--pack", "pack", "--out", "r", "--owners", "none.csv"], "error: none.csv: does not exist"),
    (["--pack", "pack"], "error: Missing option '--out'; see datagap-report gen --help\n"),
]


@pytest.mark.parametrize(("arguments", "message"), MISUSES, ids=[" ".join(arguments[2:]) for arguments, _ in MISUSES])
def test_misuse_is_one_sentence_and_exit_2_and_writes_nothing(
    folder: Path, arguments: Sequence[str], message: str
) -> None:
    before = sorted(folder.rglob("*"))
    done = run("gen", *arguments, cwd=folder)
    assert (done.code, done.out, done.err.count("\n")) == (2, "", 1)
    assert message in done.err
    assert sorted(folder.rglob("*")) == before


def test_a_key_does_not_make_the_model_stages_appear(folder: Path) -> None:
    done = run("gen", "--pack", "pack", "--out", "r", "--llm", "on", cwd=folder, env={"LLM_API_KEY": "sk-not-shown"})
    assert done.code == 2
    assert "this version has no language-model stages" in done.err
    assert "sk-not-shown" not in done.err
    assert not (folder / "r").exists()


CONFIGS = [
    ("sampel: 5\n", "run.yaml /sampel: is not a known property; did you mean sample"),
    ("source: discord\n", "run.yaml /source: expected one of all, nlq, slack, email"),
    ("min_frequency: .nan\n", "expected a number, got nan"),
    ("- a list\n", "run.yaml: expected a mapping, got array"),
    ("llm: off\nllm: off\n", 'run.yaml:2: is not valid YAML (key "llm" stands twice)'),
]


@pytest.mark.parametrize(("text", "message"), CONFIGS)
def test_a_bad_config_is_one_sentence_and_exit_1(folder: Path, text: str, message: str) -> None:
    (folder / "run.yaml").write_text(text, encoding="utf-8")
    done = run("gen", "--pack", "pack", "--out", "r", "--config", "run.yaml", cwd=folder)
    assert (done.code, done.err.count("\n")) == (1, 1)
    assert message in done.err


def test_the_command_line_wins_over_the_config_and_a_recorded_config_repeats_the_run(folder: Path) -> None:
    (folder / "run.yaml").write_text("llm: off\nsource: slack\nfocus_gaps: [docs_missing]\n", encoding="utf-8")
    run("gen", "--pack", "pack", "--out", "a", "--config", "run.yaml", "--source", "all", cwd=folder)
    run("gen", "--pack", "pack", "--out", "b", "--config", "a/artifacts/run_config.json", cwd=folder)
    assert '"source": "all"' in (folder / "a/artifacts/run_config.json").read_text()
    for path in (folder / "a").rglob("*.*"):
        assert path.read_bytes() == (folder / "b" / path.relative_to(folder / "a")).read_bytes()


@pytest.mark.parametrize(
    ("name", "text"), [("o.csv", "dataset,owner\nmart_bare,team-x\n"), ("o.yaml", "mart_bare: team-x\n")]
)
def test_owners_come_from_csv_or_yaml(folder: Path, name: str, text: str) -> None:
    (folder / name).write_text(text, encoding="utf-8")
    assert run("gen", "--pack", "pack", "--out", "r", "--owners", name, cwd=folder).code == 0
    assert '"owner":"team-x"' in (folder / "r/backlog.jsonl").read_text()


BROKEN = [
    ("slack.jsonl", b'{"id": "s1", "when"', "slack.jsonl:1: is not valid JSON"),
    ("slack.jsonl", b'{"id": "\xff"}\n', "slack.jsonl:1: is not valid UTF-8"),
    ("slack.jsonl", b'{"id": NaN}\n', "slack.jsonl:1: has NaN"),
    ("slack.jsonl", b'{"id": "a", "id": "b"}\n', 'slack.jsonl:1: has the key "id" twice'),
    ("slack.jsonl", b'{"id": 7}\n', "slack.jsonl:1 /"),
    ("catalog/datasets.json", b"{}", "expected an array of records"),
    ("catalog/freshness.csv", b"dataset,max\n", "expected the header dataset,max_loaded_at,sla_hours"),
    ("manifest.json", b"[]", "manifest.json"),
]


@pytest.mark.parametrize(
    ("file", "content", "message"), BROKEN, ids=[f"{file}{n}" for n, (file, _, _) in enumerate(BROKEN)]
)
def test_a_broken_pack_is_one_sentence_and_exit_1_and_leaves_nothing_behind(
    folder: Path, file: str, content: bytes, message: str
) -> None:
    (folder / "pack" / file).write_bytes(content)
    done = run("gen", "--pack", "pack", "--out", "r", cwd=folder)
    assert (done.code, done.err.count("\n")) == (1, 1)
    assert message in done.err
    assert sorted(path.name for path in folder.iterdir()) == ["pack"]


def test_debug_alone_shows_a_traceback(folder: Path) -> None:
    done = run("gen", "--pack", "nowhere", "--out", "r", "--debug", cwd=folder)
    assert done.code == 2
    assert "Traceback" in done.err


def test_validate_finds_what_was_changed_in_a_report(folder: Path) -> None:
    run("gen", "--pack", "pack", "--out", "r", cwd=folder)
    backlog = folder / "r/backlog.jsonl"
    backlog.write_text(backlog.read_text().replace('"rank":2', '"rank":3'))
    (folder / "r/report.md").unlink()
    done = run("validate", "--out", "r", cwd=folder)
    assert done.code == 1
    assert "error DG202 backlog.jsonl:2 /rank: expected 2, got 3\n" in done.out
    assert "error DG201 report.md: is missing" in done.out
    assert done.out.endswith("r: invalid, 2 errors, 0 warnings\n")


@pytest.mark.parametrize("command", ["validate", "print-sample"])
def test_a_folder_without_a_report_is_misuse(folder: Path, command: str) -> None:
    done = run(command, "--out", "pack", cwd=folder)
    assert (done.code, done.err.count("\n")) == (2, 1)
    assert "so it is no report" in done.err


def test_a_closed_pipe_is_no_error_to_look_at(folder: Path) -> None:
    run("gen", "--pack", "pack", "--out", "r", cwd=folder)
    script = f'"{sys.executable}" -c "from datagap.cli.report import main; main()" print-sample --out r | true'
    done = subprocess.run(script, shell=True, cwd=folder, capture_output=True, encoding="utf-8", check=False)
    assert done.stderr == ""


@pytest.mark.parametrize(
    "arguments", [["--help"], ["gen", "--help"], ["validate", "--help"], ["print-sample", "--help"]]
)
def test_help_has_an_example(folder: Path, arguments: Sequence[str]) -> None:
    done = run(*arguments, cwd=folder)
    assert done.code == 0
    assert "Example:\n    datagap-report " in done.out
