"""`datagap-report classify`: texts in, gap types out, line by line."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from datagap import model
from datagap.cli.report import cli
from datagap.cli.shell import Session
from datagap.report.classifying import Judge, requests
from datagap.validate import InvalidError, embedded
from tests.handmade import column, dataset, write_pack

posix = pytest.mark.skipif(sys.platform == "win32", reason="needs POSIX signals")
COMMAND = [sys.executable, "-c", "from datagap.cli.report import main; main()", "classify"]
DENIED = {"id": "t1", "text": "I get permission denied on mart_locked, who can give me access?"}
CHATTER = {"id": "t2", "text": "thanks, see you all at lunch"}
SINGERS = {"singer": ["name", "age"]}


def run(*arguments: str | Path, given: str | bytes = b"", cwd: Path | None = None) -> tuple[int, str, str]:
    """Run `datagap-report classify` and return its exit code, its output and its errors."""
    content = given.encode() if isinstance(given, str) else given
    done = subprocess.run([*COMMAND, *map(str, arguments)], input=content, cwd=cwd, capture_output=True, check=False)
    assert b"Traceback" not in done.stderr
    return done.returncode, done.stdout.decode(), done.stderr.decode()


def as_lines(*requests: dict[str, Any]) -> str:
    return "".join(json.dumps(request) + "\n" for request in requests)


def classified(*requests: dict[str, Any], options: Sequence[str | Path] = ()) -> list[dict[str, Any]]:
    """Return what is found in texts, each record of which is valid; in this process, which is faster than another."""
    content = as_lines(*requests)
    arguments = ["classify", *map(str, options)]
    done = CliRunner().invoke(cli, arguments, input=content, obj=Session(), catch_exceptions=False)
    assert (done.exit_code, done.stderr) == (0, "")
    found = [json.loads(line) for line in done.stdout.splitlines()]
    for number, record in enumerate(found, 1):
        assert embedded().problems("classification", record, "stdout", number) == []
        assert len(record["gap_types"]) == len(record["confidence"]) == len(record["verdict"])
        assert record["confidence"] == sorted(record["confidence"], reverse=True)
        assert len({*record["gap_types"]}) == len(record["gap_types"])
    return found


@pytest.fixture(scope="module")
def pack(tmp_path_factory: pytest.TempPathFactory) -> Path:
    datasets = [
        dataset("mart_locked", access_roles=["vault"]),
        dataset("mart_bare", description=""),
        dataset("mart_orders", column("region"), column("amount", "decimal")),
    ]
    return write_pack(tmp_path_factory.mktemp("packs") / "p", [], datasets)


# What comes out


def test_what_is_found_comes_in_the_order_of_the_texts() -> None:
    requests = [{"id": f"t{place % 7} x", "text": text} for place, text in enumerate([DENIED["text"], "hi"] * 20)]
    found = classified(*requests)
    assert [record["id"] for record in found] == [request["id"] for request in requests]
    assert [bool(record["gap_types"]) for record in found] == [True, False] * 20


def test_a_text_is_classified_by_its_words() -> None:
    denied, chatter = classified(DENIED, CHATTER)
    assert (denied["gap_types"], denied["verdict"]) == (["access_denied"], ["unverifiable"])
    assert denied["evidence"] == [{"event_id": "t1", "quote": DENIED["text"]}]
    assert chatter == {"id": "t2", "gap_types": [], "confidence": [], "verdict": [], "evidence": []}


def test_standard_input_and_a_file_give_the_same_bytes(tmp_path: Path) -> None:
    content = as_lines(DENIED, CHATTER, {"id": "t3", "text": "how old is each singer", "schema": SINGERS})
    (tmp_path / "texts.jsonl").write_text(content)
    assert run("--input", "texts.jsonl", cwd=tmp_path) == run(given=content)


def test_nothing_in_gives_nothing_out() -> None:
    assert run() == (0, "", "")


def test_a_line_without_an_end_is_a_line() -> None:
    assert run(given=json.dumps(DENIED))[1] == run(given=as_lines(DENIED))[1]


def test_other_keys_of_a_line_are_left_alone() -> None:
    more = {"label": "quality_issue", "gap_types": ["quality_issue"], "meta": {"a": [1]}, "tables": ["mart_bare"]}
    assert classified(DENIED | more, CHATTER | more) == classified(DENIED, CHATTER)


def test_two_runs_give_the_same_bytes() -> None:
    content = as_lines(DENIED, {"id": "t3", "text": "What is the shoe size of each singer?", "schema": SINGERS})
    assert run(given=content) == run(given=content)


def test_a_bot_may_wait_for_each_answer_before_it_asks_again() -> None:
    with subprocess.Popen(COMMAND, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin
        assert process.stdout
        for request in (DENIED, CHATTER, DENIED):
            process.stdin.write(as_lines(request))
            process.stdin.flush()
            assert json.loads(process.stdout.readline())["id"] == request["id"]
        process.stdin.close()
        assert process.wait(timeout=60) == 0


# By a schema


def test_a_question_is_held_to_the_schema_of_its_own_line() -> None:
    question = "What is the shoe size of each singer?"
    wide = {"singer": ["name", "age", "shoe_size"]}
    lacking, served = classified(
        {"id": "t1", "text": question, "schema": SINGERS}, {"id": "t2", "text": question, "schema": wide}
    )
    assert lacking["gap_types"] == ["missing_column"]
    assert {one["quote"] for one in lacking["evidence"]} <= {"shoe", "size", "shoe size"}
    assert served["gap_types"] == []


def test_earlier_questions_say_what_a_question_is_about() -> None:
    schema = {"guest": ["guest_id", "name"], "room": ["room_id", "room_name", "beds"]}
    asked = {"id": "t1", "text": "Sort them by beds.", "schema": schema, "context": ["Which rooms have two beds?"]}
    follow_up = {"id": "t2", "text": "And their nationality?", "schema": SINGERS, "context": ["List the singers."]}
    served, lacking = classified(asked, follow_up)
    assert (served["gap_types"], lacking["gap_types"]) == ([], ["missing_column"])


def test_keys_that_are_declared_join_tables_and_others_do_not() -> None:
    schema = {
        "device": ["device_id", "serial_number", "model"],
        "reading": ["reading_id", "device_id", "temperature"],
        "maintenance_log": ["log_id", "device_id", "note", "cost"],
    }
    one = ["reading.device_id", "device.device_id"]
    text = "What is the total maintenance log cost of each device?"
    asked = {"id": "t1", "text": text, "schema": schema}
    loose = asked | {"schema": schema | {"maintenance_log": ["log_id", "note", "cost"]}, "foreign_keys": [one]}
    joined = asked | {"foreign_keys": [one, ["maintenance_log.device_id", "device.device_id"]]}
    assert [found["gap_types"] for found in classified(joined, loose)] == [[], ["joinability_issue"]]


def test_a_schema_of_nothing_answers_no_question() -> None:
    (record,) = classified({"id": "t1", "text": "What is the age of each singer?", "schema": {}})
    assert record["gap_types"] == ["missing_asset"]


# By the catalog of a pack


def test_a_text_is_checked_against_the_catalog_of_a_pack(pack: Path) -> None:
    bare = {"id": "t3", "text": "mart_bare has no description. What exactly is in it?"}
    told, unknown = classified(bare, DENIED, options=["--pack", pack])
    assert (told["gap_types"], told["verdict"]) == (["docs_missing"], ["confirmed"])
    assert [(one.get("file"), one.get("pointer")) for one in told["evidence"][1:]] == [
        ("catalog/datasets.json", "/1/description")
    ]
    assert (unknown["gap_types"], unknown["verdict"]) == (["access_denied"], ["unverifiable"])


def test_what_the_catalog_refutes_is_left_out(pack: Path) -> None:
    claim = {"id": "t1", "text": "mart_orders has no description. What exactly is in it?"}
    assert classified(claim)[0]["gap_types"] == ["docs_missing"]
    assert classified(claim, options=["--pack", pack])[0]["gap_types"] == []


def test_a_schema_of_a_line_wins_over_the_pack(pack: Path) -> None:
    question = {"id": "t1", "text": "What is the shoe size of each singer?", "schema": SINGERS}
    assert classified(question, options=["--pack", pack]) == classified(question)


def test_the_same_text_is_found_alike_whatever_was_read_before(pack: Path) -> None:
    for options in ((), ("--pack", pack)):
        alone = classified(DENIED, options=options)
        assert classified(CHATTER, DENIED | {"id": "t0"}, DENIED, options=options)[-1:] == alone


# Personal data


def test_what_is_quoted_has_no_personal_data() -> None:
    text = "I get permission denied on mart_locked, mail jane.doe@corp.example or call +49 30 1234567 to give me access"
    _, out, _ = run(given=as_lines({"id": "t1", "text": text}, {"id": "t2", "text": text, "schema": SINGERS}))
    assert "access_denied" in out
    assert "jane" not in out
    assert "1234567" not in out


# What is wrong

WRONG: dict[str, tuple[str | bytes, str]] = {
    "no JSON": ("not json\n", ":2: is not valid JSON"),
    "an empty line": ("\n", ":2: is empty where JSON is expected"),
    "a list": ("[1]\n", ":2: expected object, got array ([1])"),
    "no text": ('{"id": "t1"}\n', ":2 /text: is missing"),
    "no id": ('{"text": "x"}\n', ":2 /id: is missing"),
    "a number for a text": ('{"id": "t1", "text": 1}\n', ":2 /text: expected string"),
    "a schema of texts": ('{"id": "t1", "text": "x", "schema": {"a": "b"}}\n', ":2 /schema/a: expected array"),
    "a key of one": ('{"id": "t", "text": "x", "foreign_keys": [["a.b"]]}\n', "/foreign_keys/0: expected at least 2"),
    "a key twice": ('{"id": "t1", "id": "t2", "text": "x"}\n', 'has the key "id" twice'),
    "no UTF-8": (b'{"id": "\xff"}\n', ":2: is not valid UTF-8"),
    "a mark of byte order": (b'\xef\xbb\xbf{"id": "t1", "text": "x"}\n', ":2"),
    "too deep a nest": ("[" * 5000 + "]" * 5000 + "\n", ":2"),
}  # fmt: skip


@pytest.mark.parametrize(("line", "said"), WRONG.values(), ids=WRONG)
def test_a_line_that_is_no_request_is_named(line: str | bytes, said: str, tmp_path: Path) -> None:
    content = line if isinstance(line, bytes) else line.encode()
    (tmp_path / "texts.jsonl").write_bytes(as_lines(CHATTER).encode() + content + as_lines(DENIED).encode())
    found = requests(tmp_path / "texts.jsonl")
    assert next(found).id == "t2"
    with pytest.raises(InvalidError) as caught:
        next(found)
    assert str(caught.value).startswith(f"{tmp_path / 'texts.jsonl'}:2")
    assert said in str(caught.value)


def test_a_line_that_is_no_request_ends_it_after_those_before() -> None:
    code, out, err = run(given=as_lines(CHATTER) + "not json\n" + as_lines(DENIED))
    assert (code, err.count("\n")) == (1, 1)
    assert err.startswith("error: standard input:2: is not valid JSON")
    assert [json.loads(printed)["id"] for printed in out.splitlines()] == ["t2"]


def test_a_file_is_named_by_its_path(tmp_path: Path) -> None:
    (tmp_path / "texts.jsonl").write_text("{}\n")
    code, _, err = run("--input", "texts.jsonl", cwd=tmp_path)
    assert code == 1
    assert err.startswith("error: texts.jsonl:1 ")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--input", "gone.jsonl"], "gone.jsonl: is no file; give a file of JSON lines"),
        (["--input", "."], ".: is no file; give a file of JSON lines"),
        (["--pack", "gone"], "gone: does not exist; give the folder of a pack"),
        (["texts.jsonl"], "unexpected extra argument"),
    ],
    ids=lambda value: value[0][2:] if isinstance(value, list) else "",
)
def test_misuse_exits_with_2(arguments: list[str], said: str, tmp_path: Path) -> None:
    code, out, err = run(*arguments, cwd=tmp_path)
    assert (code, out) == (2, "")
    assert said in err


def test_a_pack_whose_catalog_is_broken_is_invalid(tmp_path: Path) -> None:
    broken = write_pack(tmp_path / "p", [], [dataset("mart_orders")])
    (broken / "catalog" / "datasets.json").write_text("[{]")
    code, out, err = run("--pack", broken, given=as_lines(DENIED))
    assert (code, out, err.count("\n")) == (1, "", 1)


def test_verbose_says_what_is_read_and_only_on_stderr() -> None:
    code, out, err = run("--verbose", given=as_lines(CHATTER))
    assert (code, err) == (0, "reading standard input\n")
    assert out == run(given=as_lines(CHATTER))[1]


# When it is broken off


@posix
def test_an_interrupt_ends_it_with_130() -> None:
    with subprocess.Popen(COMMAND, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdin
        assert process.stdout
        assert process.stderr
        process.stdin.write(as_lines(CHATTER).encode())
        process.stdin.flush()
        assert process.stdout.readline()
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=60) == 130
        assert b"Traceback" not in process.stderr.read()


@posix
def test_a_reader_that_goes_away_ends_it_without_a_word() -> None:
    reading, writing = os.pipe()
    with subprocess.Popen(COMMAND, stdin=subprocess.PIPE, stdout=writing, stderr=subprocess.PIPE) as process:
        os.close(writing)
        os.close(reading)
        _, err = process.communicate(as_lines(*[CHATTER] * 50).encode(), timeout=60)
    assert (process.returncode, err) == (1, b"")


# From Python


def test_a_judge_finds_what_the_command_prints() -> None:
    request = model.ClassifyRequest(id="t1", text=DENIED["text"])
    assert model.dump(Judge().classify(request)) == classified(DENIED)[0]
