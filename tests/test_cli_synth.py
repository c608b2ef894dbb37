"""`datagap-synth` as a user meets it: what it prints, how it ends, and what it leaves behind."""

from __future__ import annotations

import contextlib
import json
import os
import re
import shlex
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from datagap import __version__, model
from tests import packs
from tests.packs import Run, call, run
from tests.tiny import at, swap, tiny

posix = pytest.mark.skipif(sys.platform == "win32", reason="needs POSIX signals and files")
linux = pytest.mark.skipif(sys.platform != "linux", reason="needs /proc and /dev/full")

COMMANDS = ("init", "scenarios", "gen", "explain", "stats", "score", "validate", "list")
RECORDS = len(model.RECORD_NAMES)
GEN = ("gen", "--config", "config.yaml", "--seed", "7", "--out")
SMALL = packs.merged(packs.SMALL, {"gaps": {"count": 24}})
"""A config whose packs hold every gap type, so that nothing is warned about."""


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A folder with a config."""
    (tmp_path / "config.yaml").write_text(json.dumps(SMALL))
    return tmp_path


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


# Help


def example_lines(ran: Run) -> list[list[str]]:
    assert (ran.code, ran.err) == (0, "")
    lines = ran.out.partition("Example:\n")[2].splitlines()
    return [shlex.split(line)[1:] for line in lines if line.strip().startswith("datagap-synth ")]


@pytest.mark.parametrize("command", [(), *((name,) for name in COMMANDS)], ids=lambda command: " ".join(command) or "-")
def test_the_example_in_every_help_works(command: tuple[str, ...], tmp_path: Path) -> None:
    lines = example_lines(call(*command, "--help", cwd=tmp_path))
    assert lines
    if command not in [(), ("init",), ("scenarios",)]:
        (tmp_path / "config.yaml").write_text(json.dumps(SMALL))
    if command in [("explain",), ("stats",), ("score",), ("validate",), ("list",)]:
        assert call(*GEN, "packs/p1", cwd=tmp_path).code == 0
    for file in ("report/artifacts/detections.jsonl", "mine.jsonl") if command == ("score",) else ():
        (tmp_path / file).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / file).touch()
    for line in lines:
        typed, redirected = (line[:-2], line[-1:]) if ">" in line else (line, [])
        ran = call(*typed, cwd=tmp_path)
        assert (ran.code, ran.err) == (0, ""), line
        assert ran.out != ""
        for file in redirected:
            (tmp_path / file).write_text(ran.out, encoding="utf-8")
        assert command in [(), (line[0],), ("init",)]


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_says_what_it_does_and_takes_the_common_options(command: str, tmp_path: Path) -> None:
    for flag in ("--help", "-h"):
        ran = run(command, flag, cwd=tmp_path)
        assert re.match(rf"Usage: datagap-synth {command} \[OPTIONS\]( EVENT_ID| \[NAME\])?\n\n  ", ran.out)
        assert all(option in ran.out for option in ("--verbose", "--quiet", "--debug", "Example:"))
    undescribed = [line for line in ran.out.splitlines() if re.fullmatch(r"  -\S+( [A-Z ]+)?", line)]
    assert undescribed == [], "an option without a help text"
    overview = run("--help", cwd=tmp_path).out
    assert re.search(rf"^  {command}  +\w", overview, re.MULTILINE)


def test_version_names_the_program(tmp_path: Path) -> None:
    assert call("--version", cwd=tmp_path) == Run(0, f"datagap-synth, version {__version__}\n", "")


def test_no_command_is_misuse_and_answered_with_help(tmp_path: Path) -> None:
    ran = run(cwd=tmp_path)
    assert (ran.code, ran.out) == (2, "")
    assert ran.err.startswith("Usage: datagap-synth [OPTIONS] COMMAND")


# How loud


UNFIT: dict[str, Any] = {
    "gaps": {"count": None},
    "nlq": {"gaps_distribution": {"joinability_issue": 0.3}},
    "catalog": {"mart_tables": 1, "staging_tables": 0},
}
"""A world of one mart, which is to be joined with another."""


def test_quiet_prints_nothing_on_success(tmp_path: Path) -> None:
    commands = [
        ["init"],
        ["scenarios"],
        [*GEN[:-1], "--preview", "1"],
        [*GEN, "p"],
        ["explain", "q_00000000", "--pack", "p"],
        ["stats", "--pack", "p"],
        ["validate", "--pack", "p"],
        ["list", "--root", "."],
    ]
    for command in commands:
        assert run(*command, "--quiet", cwd=tmp_path) == Run(0, "", ""), command
        if command[0] == "init":
            (tmp_path / "config.yaml").write_text(json.dumps(SMALL))


def test_quiet_still_prints_errors_and_warnings(home: Path) -> None:
    assert run("--quiet", *GEN, "missing/../config.yaml", cwd=home).err.startswith("error: ")
    tiny(home / "broken", at("slack.jsonl", 1, thread_id="s_9"))
    ran = run("validate", "--quiet", "--pack", "broken", cwd=home)
    assert ran == Run(1, 'error DG106 slack.jsonl:2 /thread_id: "s_9" is no message of this file\n', "")
    (home / "config.yaml").write_text(json.dumps(packs.merged(SMALL, UNFIT)))
    dropped = "warning: the pack has no joinability_issue gap: none fits into this world, or gaps are too few for one\n"
    assert run("--quiet", *GEN, "p", cwd=home) == Run(0, "", dropped)


def test_gen_warns_of_another_number_of_gaps_than_was_asked_for(home: Path) -> None:
    (home / "config.yaml").write_text(json.dumps(packs.merged(SMALL, {"gaps": {"count": 900}})))
    ran = run("--quiet", *GEN, "p", cwd=home)
    planted = len(packs.Files(home / "p").gaps)
    said = f"warning: {planted} gaps are planted and not 900: late datasets are kept, and no more fit than these\n"
    assert ran == Run(0, "", said)


@pytest.mark.parametrize("place", ["before", "after"])
def test_verbose_says_more_on_stderr(place: str, home: Path) -> None:
    command = ["--verbose", *GEN, "p"] if place == "before" else [*GEN, "p", "--verbose"]
    ran = run(*command, cwd=home)
    assert ran.err == "generating 120 queries in scenario enterprise\n"
    assert re.match("wrote p: [0-9]+ datasets, 120 queries, ", ran.out)


def test_debug_shows_a_traceback_with_an_error_and_nothing_else_does(home: Path) -> None:
    for flags in ([], ["--verbose"], ["--quiet"], ["--debug"]):
        ran = run("validate", "--pack", "gone", *flags, cwd=home)
        assert ran.code == 2
        assert ("Traceback (most recent call last):" in ran.err) is (flags == ["--debug"])
        assert ran.err.endswith("error: gone: does not exist; give the folder of a pack\n")
    assert "Traceback" not in "".join(run(*GEN, "p", "--debug", cwd=home)[1:])


# Exit codes


def occupied(home: Path) -> None:
    (home / "full").mkdir()
    (home / "full" / "thesis.txt").write_text("years of work")


def made(home: Path) -> None:
    tiny(home / "pack")


FORCE = "choose another --out, or replace it with --force"
ENDS: list[tuple[Sequence[str], int, str]] = [
    (["validate", "--pack", "gone"], 2, "gone: does not exist; give the folder of a pack"),
    (["validate", "--pack", "config.yaml"], 2, "config.yaml: is not a folder; give the folder of a pack"),
    (["validate", "--pack", "pack", "--schemas", "gone"], 2, "gone: is not a folder; give a folder of schemas"),
    (["list", "--root", "gone"], 2, "gone: is not a folder; give the folder that holds packs"),
    (["list", "--root", "config.yaml"], 2, "config.yaml: is not a folder; give the folder that holds packs"),
    (["explain", "q_00000000", "--pack", "gone"], 2, "gone: does not exist; give the folder of a pack"),
    (["explain", "q_00000000", "--pack", "config.yaml"], 2, "config.yaml: is not a folder; give the folder of a pack"),
    (["explain", "q_00000000", "--pack", "pack"], 1,
     "pack/manifest.json: records no seed, so its events cannot be derived"),
    (["explain", "12", "--pack", "pack"], 2,
     'pack: "12" is no id of an event; give an id such as q_00000012 or s_0000003_00'),
    (["stats", "--pack", "gone"], 2, "gone: does not exist; give the folder of a pack"),
    (["stats", "--pack", "config.yaml"], 2, "config.yaml: is not a folder; give the folder of a pack"),
    (["scenarios", "fintec"], 2, 'scenarios: there is no scenario "fintec"; did you mean fintech'),
    (["init", "--scenario", "fintec", "--force"], 2, '--scenario: there is no scenario "fintec"; did you mean fintech'),
    (["gen", "--config", "gone.yaml", "--out", "p"], 2, "gone.yaml: does not exist; give the path of a YAML file"),
    (["gen", "--config", "full", "--out", "p"], 2, "full: is not a file; give the path of a YAML file"),
    (["gen", "--config", "wrong.yaml", "--out", "p"], 1,
     "wrong.yaml:1 /nlq/coutn: is not a known property; did you mean count"),
    ([*GEN, "full"], 2, f"<home>/full: is not empty; {FORCE}"),
    ([*GEN, "full", "--force"], 2,
     "<home>/full: is not empty and was not written by this command; choose another --out"),
    ([*GEN, "pack"], 2, f"<home>/pack: is not empty; {FORCE}"),
    ([*GEN, "."], 2, "<home>: is the working directory or holds it; choose another --out"),
    ([*GEN, ".", "--force"], 2, "<home>: is the working directory or holds it; choose another --out"),
    ([*GEN, "config.yaml"], 2, "<home>/config.yaml: is not a folder; choose another --out"),
    ([*GEN, "config.yaml", "--force"], 2, "<home>/config.yaml: is not a folder; choose another --out"),
]  # fmt: skip


@pytest.mark.parametrize(("command", "code", "sentence"), ENDS, ids=[shlex.join(end[0]) for end in ENDS])
def test_a_failure_is_one_sentence_with_its_exit_code_and_changes_nothing(
    command: Sequence[str], code: int, sentence: str, home: Path
) -> None:
    occupied(home)
    made(home)
    (home / "wrong.yaml").write_text("nlq: {coutn: 5}\n")
    before = packs.tree(home)
    ran = run(*command, cwd=home)
    said = ran.err.replace(str(home), "<home>").replace(os.sep, "/")
    assert (ran.code, ran.out, said) == (
        code,
        "",
        f"error: {sentence}\n",
    )
    assert packs.tree(home) == before


BY_CLICK: list[tuple[Sequence[str], str]] = [
    (["--colour"], "datagap-synth"),
    (["make"], "datagap-synth"),
    (["gen", "--sed", "7"], "datagap-synth gen"),
    (["gen"], "datagap-synth gen"),
    (["gen", "--config"], "datagap-synth"),
    ([*GEN[:-1]], "datagap-synth gen"),
    ([*GEN, "p", "extra"], "datagap-synth gen"),
    ([*GEN, "p", "--seed", "seven"], "datagap-synth gen"),
    ([*GEN, "p", "--seed", "-1"], "datagap-synth gen"),
    ([*GEN, "p", "--seed", "18446744073709551616"], "datagap-synth gen"),
    ([*GEN, "p", "--preview", "1"], "datagap-synth gen"),
    ([*GEN[:-1], "--preview", "0"], "datagap-synth gen"),
    ([*GEN, "p", "--workers", "0"], "datagap-synth gen"),
    ([*GEN, "p", "--set"], "datagap-synth"),
    (["explain", "q_00000000"], "datagap-synth explain"),
    (["explain", "--pack", "p"], "datagap-synth explain"),
    (["explain", "q_00000000", "--pack", "p", "--format", "yaml"], "datagap-synth explain"),
    (["stats"], "datagap-synth stats"),
    (["stats", "--pack", "p", "--format", "yaml"], "datagap-synth stats"),
    (["scenarios", "saas", "fintech"], "datagap-synth scenarios"),
    (["validate"], "datagap-synth validate"),
    (["list"], "datagap-synth list"),
    (["init", "here"], "datagap-synth init"),
]


@pytest.mark.parametrize(("command", "path"), BY_CLICK, ids=[shlex.join(end[0]) for end in BY_CLICK])
def test_arguments_that_cannot_be_meant_end_with_2_and_a_way_to_help(
    command: Sequence[str], path: str, home: Path
) -> None:
    ran = run(*command, cwd=home)
    assert (ran.code, ran.out) == (2, "")
    assert re.fullmatch(rf"error: [^\n]+[^.\n]; see {path} --help\n", ran.err)
    assert names(home) == {"config.yaml"}


def test_an_invalid_pack_ends_with_1_and_a_valid_one_with_0(home: Path) -> None:
    made(home)
    assert run("validate", "--pack", "pack", cwd=home).code == 0
    (home / "pack" / "slack.jsonl").unlink()
    assert run("validate", "--pack", "pack", cwd=home).code == 1


def test_warnings_alone_end_with_0(home: Path) -> None:
    tiny(home / "pack", lambda docs: docs["nl_queries.jsonl"].reverse())
    ran = run("validate", "--pack", "pack", cwd=home)
    assert ran.code == 0
    assert ran.out.endswith("pack: valid, 0 errors, 1 warning\n")


@linux
@pytest.mark.parametrize("out", ["/proc/p", "/proc/p/q"])
def test_a_place_that_cannot_be_written_ends_with_1(out: str, home: Path) -> None:
    ran = run(*GEN, out, cwd=home)
    assert (ran.code, ran.out) == (1, "")
    assert re.fullmatch(r"error: /proc/\S+: cannot be written \(.+\); choose another --out\n", ran.err)


@linux
def test_a_starter_that_cannot_be_written_ends_with_1() -> None:
    ran = run("init", cwd=Path("/proc"))
    assert (ran.code, ran.out) == (1, "")
    assert re.fullmatch(r"error: \S*config.yaml\S*: cannot be written \(.+\)\n", ran.err)


@linux
@pytest.mark.parametrize(
    "command",
    [
        ["--version"],
        ["gen", "--help"],
        ["scenarios"],
        ["scenarios", "saas"],
        ["stats", "--pack", "pack"],
        ["validate", "--pack", "pack"],
        ["list", "--root", "."],
    ],
)
def test_a_full_device_ends_with_1_and_one_sentence(command: Sequence[str], home: Path) -> None:
    made(home)
    with Path("/dev/full").open("w") as full:
        ended = subprocess.run(
            [packs.program(), *command], cwd=home, stdout=full, stderr=subprocess.PIPE, text=True, check=False
        )
    assert (ended.returncode, ended.stderr) == (1, "error: no space left on device\n")


# Making packs


def test_a_pack_is_made_at_once_with_its_parents_and_nothing_beside_it(home: Path) -> None:
    ran = run(*GEN, "a/b/p", cwd=home)
    assert (ran.code, ran.err) == (0, "")
    assert names(home / "a" / "b") == {"p"}
    assert packs.Files(home / "a" / "b" / "p").manifest["pack_id"] == "p"


def test_the_seed_of_the_command_line_wins_over_the_configs(home: Path) -> None:
    (home / "config.yaml").write_text(json.dumps({**SMALL, "seed": 3}))
    run("gen", "--config", "config.yaml", "--out", "x/p", cwd=home)
    run("gen", "--config", "config.yaml", "--out", "y/p", "--seed", "7", cwd=home)
    assert packs.tree(home / "x" / "p") == packs.tree(packs.make(home / "x3" / "p", SMALL, seed=3).folder)
    assert packs.tree(home / "y" / "p") == packs.tree(packs.make(home / "y7" / "p", SMALL, seed=7).folder)


def test_the_seed_that_an_unseeded_run_prints_remakes_its_pack(home: Path) -> None:
    said = run("gen", "--config", "config.yaml", "--out", "x/p", cwd=home).out
    found = re.search("seed ([0-9]+)$", said)
    assert found
    assert run("gen", "--config", "config.yaml", "--out", "y/p", "--seed", found[1], cwd=home).code == 0
    assert packs.tree(home / "x") == packs.tree(home / "y")


def test_force_replaces_a_pack_unless_something_else_is_in_its_folder(home: Path) -> None:
    tiny(home / "p")
    notes = home / "p" / "notes.txt"
    notes.write_text("mine")
    refused = run(*GEN, "p", "--force", cwd=home)
    assert refused.code == 2
    assert "is not empty and was not written by this command" in refused.err
    assert notes.read_text() == "mine"
    notes.unlink()
    assert run(*GEN, "p", "--force", cwd=home).code == 0
    assert packs.tree(home / "p") == packs.tree(packs.make(home / "x" / "p", SMALL).folder)
    assert names(home) == {"config.yaml", "p", "x"}


def test_an_empty_folder_is_filled_without_force(home: Path) -> None:
    (home / "p").mkdir()
    assert run(*GEN, "p", cwd=home).code == 0
    assert run("validate", "--pack", "p", cwd=home).code == 0


def test_init_and_gen_from_its_config_make_a_valid_pack_of_the_defaults(tmp_path: Path) -> None:
    assert call("init", cwd=tmp_path).out == f"wrote config.yaml and {RECORDS + 1} schemas into schemas/\n"
    made = call(*GEN, "p", cwd=tmp_path)
    assert (made.code, made.err) == (0, "")
    pack = packs.Files(tmp_path / "p")
    assert made.out.startswith(f"wrote p: {len(pack.datasets)} datasets, 1500 queries, ")
    layers = Counter(dataset["layer"] for dataset in pack.datasets.values())
    assert (layers["mart"], layers["staging"]) == (30, 50)
    assert call("validate", "--pack", "p", cwd=tmp_path).out.endswith("p: valid, 0 errors, 0 warnings\n")
    assert names(tmp_path) == {"config.yaml", "schemas", "p"}


@pytest.mark.parametrize("taken", ["config.yaml", "schemas/nl_query.schema.json"])
def test_init_refuses_to_overwrite_without_force(taken: str, tmp_path: Path) -> None:
    (tmp_path / taken).parent.mkdir(exist_ok=True)
    (tmp_path / taken).write_text("mine")
    ran = run("init", cwd=tmp_path)
    assert (ran.code, ran.err) == (2, f"error: {Path(taken)}: is there already; overwrite with --force\n")
    assert [*packs.tree(tmp_path)] == [taken]
    assert run("init", "--force", cwd=tmp_path).code == 0
    assert (tmp_path / taken).read_text() != "mine"


# Interruption


BIG: dict[str, Any] = {"nlq": {"count": 200_000}}


@pytest.fixture
def running(request: pytest.FixtureRequest, home: Path) -> Iterator[subprocess.Popen[str]]:
    """A run that has begun to write a large pack to `p`, by one process or by as many as the parameter says."""
    workers: int = getattr(request, "param", 1)
    (home / "big.yaml").write_text(json.dumps(packs.merged(SMALL, BIG)))
    command = [packs.program(), "gen", "--config", "big.yaml", "--out", "p", "--seed", "1", "--force"]
    process = subprocess.Popen(
        [*command, "--workers", str(workers)],
        cwd=home,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        until = time.monotonic() + 30
        while not list(home.glob(".p.*.partial/nl_queries.jsonl")) or (workers > 1 and children(process) <= workers):
            assert process.poll() is None, process.communicate()
            assert time.monotonic() < until
            time.sleep(0.01)
        time.sleep(0.5 if workers > 1 else 0)  # so that they can be hit while they import
        yield process
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate()


def children(process: subprocess.Popen[str]) -> int:
    return len(Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split())


INTERRUPTED = pytest.mark.parametrize(
    ("number", "code", "said"),
    [(signal.SIGINT, 130, "interrupted; nothing was left half-written"), (signal.SIGTERM, 143, "")],
)


@posix
@INTERRUPTED
def test_an_interrupted_run_leaves_nothing_behind(
    number: int, code: int, said: str, home: Path, running: subprocess.Popen[str]
) -> None:
    running.send_signal(number)
    out, err = running.communicate(timeout=30)
    assert (running.returncode, out, err.strip()) == (code, "", said)
    assert names(home) == {"config.yaml", "big.yaml"}


@linux
@INTERRUPTED
@pytest.mark.parametrize("running", [2], indirect=True)
def test_a_run_of_several_processes_is_interrupted_by_a_terminal_as_one(
    number: int, code: int, said: str, home: Path, running: subprocess.Popen[str]
) -> None:
    os.killpg(running.pid, number)
    out, err = running.communicate(timeout=30)
    assert (running.returncode, out, err.strip()) == (code, "", said)
    assert names(home) == {"config.yaml", "big.yaml"}


@linux
@pytest.mark.parametrize("running", [2], indirect=True)
def test_no_process_outlives_a_run_that_was_killed(running: subprocess.Popen[str]) -> None:
    running.kill()
    running.communicate(timeout=10)  # which waits for whoever still holds its pipes


@posix
def test_an_interrupted_replacement_leaves_the_old_pack_as_it_was(home: Path, running: subprocess.Popen[str]) -> None:
    tiny(home / "p")
    before = packs.tree(home / "p")
    running.send_signal(signal.SIGINT)
    running.communicate(timeout=30)
    assert packs.tree(home / "p") == before
    assert names(home) == {"config.yaml", "big.yaml", "p"}


@posix
def test_what_a_killed_run_leaves_is_in_nobodys_way(home: Path, running: subprocess.Popen[str]) -> None:
    running.kill()
    running.communicate(timeout=30)
    [left] = home.glob(".p.*.partial")
    assert run("list", "--root", ".", cwd=home).out == "no packs in .\n"
    assert run(*GEN, "p", cwd=home).code == 0
    assert names(home) == {"config.yaml", "big.yaml", "p", left.name}


@posix
@pytest.mark.parametrize(
    "command", [["validate", "--pack", "broken"], ["list", "--root", "."], ["scenarios", "saas"], ["--help"]]
)
def test_a_closed_pipe_ends_without_a_word(command: Sequence[str], home: Path) -> None:
    tiny(home / "broken", at("manifest.json", counts={"nl_queries": 9}))
    process = subprocess.Popen(
        [packs.program(), *command], cwd=home, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stdout
    process.stdout.close()
    _, err = process.communicate(timeout=30)
    assert (process.returncode, err) == (1, "")


# Schemas


def test_the_embedded_schemas_are_used_where_there_are_no_others(home: Path) -> None:
    made(home)
    assert run("validate", "--pack", "pack", cwd=home).out == "schemas: embedded\npack: valid, 0 errors, 0 warnings\n"


def test_the_schemas_of_the_working_directory_are_used_and_named(home: Path) -> None:
    made(home)
    run("init", "--force", cwd=home)
    first = run("validate", "--pack", "pack", cwd=home).out.splitlines()[0]
    assert first == f"schemas: schemas{os.sep} for {RECORDS} records, embedded for 0"
    for path in (home / "schemas").iterdir():
        if path.name not in ("person.schema.json", "slack_message.schema.json"):
            path.unlink()
    second = run("validate", "--pack", "pack", cwd=home).out.splitlines()[0]
    assert second == f"schemas: schemas{os.sep} for 2 records, embedded for {RECORDS - 2}"


def test_given_schemas_win_over_those_of_the_working_directory(home: Path) -> None:
    made(home)
    (home / "schemas").mkdir()
    (home / "schemas" / "person.schema.json").write_text("{")
    (home / "mine").mkdir()
    (home / "mine" / "person.schema.json").write_text('{"type": "object"}')
    ran = run("validate", "--pack", "pack", "--schemas", "mine", cwd=home)
    assert (ran.code, ran.err) == (0, "")
    assert ran.out.splitlines()[0] == f"schemas: mine{os.sep} for 1 record, embedded for {RECORDS - 1}"


def edited(home: Path, record: str, **change: Any) -> Path:
    """Write the starter's schema of a record with a change, as the only one in schemas/."""
    (home / "scratch").mkdir()
    run("init", cwd=home / "scratch")
    schema = json.loads((home / "scratch" / "schemas" / f"{record}.schema.json").read_text())
    path = home / "schemas" / f"{record}.schema.json"
    path.parent.mkdir(exist_ok=True)
    common = home / "scratch" / "schemas" / "common.schema.json"
    (path.parent / common.name).write_bytes(common.read_bytes())
    path.write_text(
        json.dumps({**schema, **change, "properties": {**schema["properties"], **change.get("properties", {})}})
    )
    return path


def test_a_stricter_schema_is_obeyed(home: Path) -> None:
    made(home)
    edited(home, "person", required=["person_id", "team"])
    ran = run("validate", "--pack", "pack", cwd=home)
    assert ran.code == 1
    assert "error DG001 catalog/people.jsonl:1 /team: is missing\n" in ran.out


def test_a_wider_schema_is_obeyed(home: Path) -> None:
    tiny(home / "pack", at("slack.jsonl", 0, mood="bleak"))
    ran = run("validate", "--pack", "pack", cwd=home)
    assert "error DG001 slack.jsonl:1 /mood: is not a known property; known are " in ran.out
    edited(home, "slack_message", properties={"mood": {"type": "string"}})
    assert run("validate", "--pack", "pack", cwd=home).code == 0


def test_a_schema_too_lax_for_the_checks_is_an_error_and_no_crash(home: Path) -> None:
    tiny(home / "pack", at("nl_queries.jsonl", 0, when=...))
    edited(home, "nl_query", required=["id"])
    ran = run("validate", "--pack", "pack", cwd=home)
    assert ran.code == 1
    assert ran.err == (
        "error: pack: your schemas accept a record that the checks cannot use (KeyError: 'when');"
        " keep what the embedded schemas require\n"
    )


BROKEN_SCHEMAS = [
    ("{", "is not valid JSON ("),
    ("[]", "is not a JSON object; mend the schema"),
    ('{"type": "objekt"}', " /type: is not a valid schema ("),
    ('{"$ref": "nowhere.schema.json"}', "nowhere.schema.json leads nowhere; mend the reference"),
]


@pytest.mark.parametrize(("content", "said"), BROKEN_SCHEMAS, ids=[content for content, _ in BROKEN_SCHEMAS])
def test_a_broken_schema_is_reported_by_its_path(content: str, said: str, home: Path) -> None:
    made(home)
    (home / "schemas").mkdir()
    (home / "schemas" / "nl_query.schema.json").write_text(content)
    ran = run("validate", "--pack", "pack", cwd=home)
    assert (ran.code, ran.out) == (1, "")
    assert ran.err.startswith(f"error: {Path('schemas', 'nl_query.schema.json')}")
    assert said in ran.err
    assert ran.err.count("\n") == 1


# Text that comes from elsewhere


HOSTILE = "\x1b[31mred\x1b[0m\u202egnp\x07"


@posix
def test_no_control_character_of_a_pack_reaches_the_terminal(home: Path) -> None:
    folder = home / HOSTILE
    strange = "cut\u202eoff"
    tiny(folder, lambda docs: (
        at("slack.jsonl", 1, thread_id=strange)(docs),
        at("nl_queries.jsonl", 0, tables=[strange])(docs),
        at("nl_queries.jsonl", 1, **{HOSTILE: 1})(docs),
        at("catalog/datasets.json", 0, name=strange)(docs),
        docs["catalog/datasets.json"][0]["columns"].append(docs["catalog/datasets.json"][0]["columns"][0]),
        docs["catalog/lineage.json"].append({"from": strange, "to": strange}),
        swap("catalog/freshness.csv", "sla_hours", HOSTILE)(docs),
        at("truth/gaps.jsonl", 0, fact={"file": HOSTILE, "pointer": HOSTILE, "value": HOSTILE})(docs),
    ))  # fmt: skip
    (folder / f"{HOSTILE}.txt").write_text("?")
    for command in (
        ["validate", "--pack", HOSTILE],
        ["validate", "--pack", "pack", "--schemas", HOSTILE],
        ["list", "--root", "."],
        ["list", "--root", HOSTILE],
        ["explain", HOSTILE, "--pack", HOSTILE],
        ["explain", "q_00000000", "--pack", HOSTILE],
        ["stats", "--pack", HOSTILE],
        ["scenarios", HOSTILE],
        ["init", "--scenario", HOSTILE],
        ["init", "--scenario", f"./{HOSTILE}"],
        [*GEN, "p", "--set", HOSTILE],
        [*GEN, "p", "--set", f"{HOSTILE}={HOSTILE}"],
        [*GEN, "p", "--set", f"scenario={HOSTILE}"],
        [*GEN, HOSTILE],
        ["gen", "--config", HOSTILE, "--out", "p"],
        ["gen", HOSTILE],
    ):
        ran = run(*command, cwd=home)
        assert ran.code in (0, 1, 2)
        assert all(char.isprintable() or char == "\n" for char in ran.out + ran.err), command
        assert ran.out + ran.err != ""


@posix
def test_a_name_with_control_characters_is_listed_escaped(home: Path) -> None:
    packs.make(home / "packs" / "plain")
    (home / "packs" / "plain").rename(home / "packs" / "new\nline\x1b[2J")
    ran = run("list", "--root", "packs", cwd=home)
    assert (ran.code, ran.err) == (0, "")
    assert [line.split()[0] for line in ran.out.splitlines()] == ["pack", "new\\nline\\x1b[2J"]


# Whole outputs


def test_a_session_of_making_and_checking_packs(tmp_path: Path) -> None:
    small = json.dumps(packs.merged(SMALL, UNFIT))
    session = packs.transcript(
        [["init"], ["init"], ["gen", "--config", "config.yaml", "--out", "packs/p1", "--seed", "7"]], tmp_path
    )
    (tmp_path / "small.yaml").write_text(small)
    session += "\n" + packs.transcript(
        [
            ["gen", "--config", "small.yaml", "--out", "packs/p2", "--seed", "7", "--verbose"],
            ["validate", "--pack", "packs/p1"],
            ["list", "--root", "packs"],
        ],
        tmp_path,
    )
    packs.check_snapshot("cli_synth_session", session)


def test_a_session_of_checking_a_broken_pack(tmp_path: Path) -> None:
    tiny(tmp_path / "fine")
    tiny(tmp_path / "broken", lambda docs: (
        at("slack.jsonl", 1, thread_id="s_9")(docs),
        at("nl_queries.jsonl", 0, tables=["mart_order"])(docs),
        at("manifest.json", counts={"email": 2})(docs),
        docs["catalog/lineage.json"].append({"from": "src", "to": "raw_orders"}),
    ))  # fmt: skip
    (tmp_path / "broken" / "email.jsonl").write_bytes(b'{"id": "e_1"')
    commands = [["validate", "--pack", name, *flags] for name in ("fine", "broken") for flags in ([], ["--quiet"])]
    packs.check_snapshot("cli_synth_broken", packs.transcript([*commands, ["validate", "--pack", "gone"]], tmp_path))


def test_a_session_of_listing_packs(tmp_path: Path) -> None:
    root = tmp_path / "packs"
    for name in ("empty", "packs/none", "packs/a file's folder"):
        (tmp_path / name).mkdir(parents=True)
    tiny(root / "by_hand")
    tiny(root / ".hidden")
    tiny(root / "broken", at("manifest.json", seed="seven"))
    tiny(root / "cut")
    (root / "cut" / "manifest.json").write_text("{")
    commands = [["list", "--root", name] for name in ("empty", "packs", "gone")]
    packs.check_snapshot("cli_synth_list", packs.transcript(commands, tmp_path))
