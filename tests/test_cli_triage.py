"""A team's session with `datagap-report triage`, `gen --triage` and `diff`, as commands print it."""

from __future__ import annotations

import json
import re
import shlex
import shutil
from collections.abc import Sequence
from pathlib import Path

import click
import pytest

from datagap.cli.triage import USERS
from datagap.cli.triage import triage as group
from tests import packs
from tests.handmade import dataset, query, slack, write_pack
from tests.test_cli_report import run

WHEN = ["--by", "ann", "--at", "2026-03-05T08:00:00Z"]
MARTS = [dataset("mart_orders"), dataset("mart_bare", description="")]
EVENTS = [
    slack("s1", "There is no column brand_name in mart_orders."),
    slack("s2", "There is no column brand_name in mart_orders.", actor="u_bob"),
    slack("s3", "mart_bare has no description."),
    slack("s4", "Good morning"),
    query("q1", "net revenue by city", tables=["mart_orders"], dims=["city"]),
]
LATER = [*EVENTS, slack("s9", "There is no column brand_name in mart_orders.", when="2026-03-05T09:00:00Z")]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("triage")
    write_pack(home / "p1", EVENTS, MARTS)
    write_pack(home / "p2", LATER, MARTS)
    assert run("gen", "--pack", "p1", "--out", "r1", "--quiet", cwd=home).code == 0
    return home


@pytest.fixture
def folder(made: Path, tmp_path: Path) -> Path:
    return shutil.copytree(made, tmp_path / "home")


def transcript(commands: Sequence[Sequence[str]], cwd: Path) -> str:
    parts = []
    for command in commands:
        ran = run(*command, cwd=cwd)
        lines = [f"$ datagap-report {shlex.join(command)}", *ran.out.splitlines()]
        parts.append("\n".join([*lines, *(f"! {line}" for line in ran.err.splitlines()), f"[{ran.code}]", ""]))
    text = "\n".join(parts).replace("g\\_", "g_")
    places = {name: place for place, name in enumerate(dict.fromkeys(re.findall("g_[0-9a-f]{12}", text)), 1)}
    return re.sub("g_[0-9a-f]{12}", lambda match: f"<group {places[match[0]]}>", text)


def ids(report: Path) -> list[str]:
    return [json.loads(line)["group_id"] for line in (report / "backlog.jsonl").read_text().splitlines()]


def test_a_session_of_deciding(folder: Path) -> None:
    city, brand, bare = ids(folder / "r1")
    commands = [
        ["triage", "fix", "2", "--report", "r1", "--ticket", "DATA-412", *WHEN],
        ["triage", "--report", "r1", "dismiss", city, "--reason", "on purpose", *WHEN],
        ["triage", "--file", "triage.jsonl", "--by", "bo", "snooze", bare, "--until-people", "5", "--at", WHEN[3]],
        ["triage", "snooze", bare, "--report", "r1", "--until-people", "5", "--until", "2026-12-31", *WHEN],
        ["triage", "correct", "s3", "--report", "r1", "--gap-type", "docs_missing", "--dataset", "mart_orders", *WHEN],
        ["triage", "correct", "s4", "--report", "r1", "--pack", "p1", "--not-a-request", *WHEN],
        ["triage", "list"],
        ["gen", "--pack", "p2", "--out", "r2", "--triage", "triage.jsonl", "--previous", "r1"],
        ["validate", "--out", "r2"],
        ["print-sample", "--out", "r2"],
        ["triage", "list", "--report", "r2", "--by", "ann"],
        ["diff", "r1", "r2"],
        ["diff", "r1", "r2", "--format", "md"],
        ["triage", "reopen", city, "--report", "r2", "--quiet", *WHEN],
        ["triage", "assign", brand, "--to", "hugo", *WHEN],
        ["triage", "link", brand, "--ticket", "DATA-7", *WHEN],
        ["triage", "merge", bare, "--into", brand, *WHEN],
        ["triage", "split", bare, *WHEN],
        ["triage", "working-as-intended", brand, *WHEN],
        ["triage", "list"],
    ]
    packs.check_snapshot("cli_triage", transcript(commands, folder))


MISUSES = [
    (["dismiss", "g_000", "--report", "r1"], '"g_000" is no group of r1 or triage.jsonl; '),
    (["dismiss", "99", "--report", "r1"], "99 is no rank of r1; its ranks are 1 to 3\n"),
    (["dismiss", "g_", "--report", "r1"], '"g_" is the beginning of 3 group ids; give more of it, such as g_'),
    (["dismiss", "", "--report", "r1"], '"" is no group of r1'),
    (["dismiss", "g_1"], '"g_1" is no group of triage.jsonl; give the report that it is in with --report\n'),
    (["dismiss", "1", "--report", "nowhere"], "nowhere: has no backlog.jsonl, so it is no report"),
    (["dismiss", "1", "--report", "r1", "--file", "r1/triage.jsonl"], "is inside the report, which gen replaces"),
    (["dismiss", "1", "--report", "r1", "--at", "yesterday"], "is not written as YYYY-MM-DDThh:mm:ssZ"),
    (["snooze", "1", "--report", "r1"], "a snooze needs --until or --until-people"),
    (["merge", "1", "--into", "1", "--report", "r1"], "cannot be merged into itself"),
    (["link", "1", "--report", "r1"], "Missing option '--ticket'"),
    (
        ["correct", "s_1", "--report", "r1", "--not-a-request"],
        '"s_1" is no event of r1 or triage.jsonl; did you mean s1',
    ),
    (["correct", "s1", "--report", "r1"], "a correction is --not-a-request, or --gap-type and --dataset"),
    (["correct", "s1", "--report", "r1", "--not-a-request", "--dataset", "x"], "a correction is --not-a-request, or"),
    (["list"], "triage.jsonl: does not exist; give what datagap-report triage wrote\n"),
]


@pytest.mark.parametrize(("arguments", "message"), MISUSES, ids=[shlex.join(arguments) for arguments, _ in MISUSES])
def test_misuse_is_one_sentence_and_exit_2_and_writes_nothing(
    folder: Path, arguments: Sequence[str], message: str
) -> None:
    before = sorted(folder.rglob("*"))
    done = run("triage", *arguments, cwd=folder, env={"DATAGAP_BY": "ann"})
    assert (done.code, done.out, done.err.count("\n")) == (2, "", 1)
    assert message in done.err
    assert sorted(folder.rglob("*")) == before


def test_a_day_that_is_none_and_a_name_that_is_none_are_exit_1(folder: Path) -> None:
    for more in (["--until", "2026-02-30"], ["--until", "soon"], ["--until-people", "3", "--by", "x" * 600]):
        done = run("triage", "snooze", "1", "--report", "r1", *more, cwd=folder, env={"DATAGAP_BY": "ann"})
        assert (done.code, done.err.count("\n")) == (1, 1)
    assert not (folder / "triage.jsonl").exists()


def test_a_dataset_that_no_group_is_about_is_doubted(folder: Path) -> None:
    done = run("triage", "correct", "s1", "--report", "r1", "--dataset", "mart_order", *WHEN, cwd=folder)
    assert (done.code, done.err) == (
        0,
        'warning: "mart_order" is no dataset of a group in r1 or triage.jsonl; did you mean mart_orders\n',
    )


def test_who_decides_comes_from_the_environment_or_git_and_else_has_to_be_said(folder: Path) -> None:
    nobody = dict.fromkeys(USERS, "") | {"GIT_CONFIG_GLOBAL": "gitconfig", "GIT_CONFIG_SYSTEM": "gitconfig"}
    nobody |= {"GIT_DIR": str(folder / "none")}
    dismiss = ["triage", "dismiss", "1", "--report", "r1"]
    done = run(*dismiss, cwd=folder, env=nobody)
    assert (done.code, done.err) == (2, "error: --by: is not known; say who decides with --by NAME\n")
    (folder / "gitconfig").write_text("[user]\n\tname = Ann Lee\n")
    run(*dismiss, cwd=folder, env=nobody)
    run(*dismiss, cwd=folder, env=nobody | {"USER": "bo"})
    run(*dismiss, "--by", "cy", cwd=folder, env=nobody | {"USER": "bo"})
    lines = [json.loads(line) for line in (folder / "triage.jsonl").read_text().splitlines()]
    assert [line["by"] for line in lines] == ["Ann Lee", "bo", "cy"]
    assert all(line["at"] > "2026" and line["title"] and line["key"] and line["people"] for line in lines)


def test_a_broken_triage_file_is_named_by_its_line_and_nothing_is_added(folder: Path) -> None:
    run("triage", "dismiss", "1", "--report", "r1", *WHEN, cwd=folder)
    file = folder / "triage.jsonl"
    whole = file.read_bytes()
    for content, message in (
        (whole + b'{"by": "ann"}\n', "triage.jsonl:2"),
        (whole[:-9], "triage.jsonl: ends in the middle of a line; complete or remove its last line"),
    ):
        file.write_bytes(content)
        for command in (
            ["triage", "dismiss", "2", "--report", "r1", *WHEN],
            ["triage", "list"],
            ["gen", "--pack", "p1", "--out", "r2", "--triage", "triage.jsonl"],
        ):
            done = run(*command, cwd=folder)
            assert (done.code, done.err.count("\n")) == (1, 1)
            assert message in done.err
            assert file.read_bytes() == content
    assert not (folder / "r2").exists()


def test_the_triage_file_is_kept_out_of_the_report(folder: Path) -> None:
    done = run("gen", "--pack", "p1", "--out", "r1", "--triage", "r1/t.jsonl", "--force", cwd=folder)
    assert (done.code, done.err) == (2, "error: r1/t.jsonl: is inside --out, which is replaced; keep it elsewhere\n")


def test_an_earlier_report_that_counts_something_else_is_doubted(folder: Path) -> None:
    done = run("gen", "--pack", "p1", "--out", "r2", "--previous", "r1", "--source", "slack", cwd=folder)
    assert (done.code, done.err) == (0, "warning: r1: source differs: all, then slack\n")


def test_a_diff_as_json_is_a_record(folder: Path) -> None:
    done = run("diff", "r1", "r1", "--format", "json", cwd=folder)
    assert json.loads(done.out)["totals"] == {"steady": 3}


def test_a_beginning_of_an_id_will_do(folder: Path) -> None:
    for group_id in ids(folder / "r1"):
        done = run("triage", "dismiss", group_id[:7], "--report", "r1", *WHEN, cwd=folder)
        assert done.out.startswith(f"triage.jsonl: {group_id} dismissed  ")


@pytest.mark.parametrize("command", [group, *group.commands.values()], ids=lambda command: str(command.name))
def test_every_command_has_help_and_an_example(command: click.Command) -> None:
    assert command.help
    assert "Example:\n  datagap-report triage " in (command.epilog or "")
    assert all(option.help for option in command.params if isinstance(option, click.Option))


def test_help_is_printed(folder: Path) -> None:
    done = run("triage", "snooze", "--help", cwd=folder)
    assert done.code == 0
    assert "Example:\n    datagap-report triage snooze " in done.out
