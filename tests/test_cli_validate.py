"""`datagap-synth validate` as its users meet it: formats, limits, rules and schemas of their own."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from datagap.model import RECORD_NAMES
from datagap.pack.checks.rule import RULES
from datagap.validate import embedded
from tests import packs
from tests.packs import Run, run
from tests.tiny import LABELS, LINEAGE, Documents, add, at, both, swap, tiny

WARNED: Callable[[Documents], None] = add(LINEAGE, {"from": "src", "to": "raw_orders"})
BROKEN = both(WARNED, at("slack.jsonl", 1, thread_id="s_9"), at("nl_queries.jsonl", 0, tables=["mart_order"]))


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A folder with a pack that is fine, one with a warning and one with two errors besides."""
    tiny(tmp_path / "fine")
    tiny(tmp_path / "warned", WARNED)
    tiny(tmp_path / "broken", BROKEN)
    (tiny(tmp_path / "unread") / "catalog" / "datasets.json").write_bytes(b"xx")
    return tmp_path


def validate(home: Path, *arguments: str) -> Run:
    return run("validate", *arguments, cwd=home)


def test_a_session_of_reading_about_the_rules(tmp_path: Path) -> None:
    commands = [["validate", "--rules"], ["validate", "--explain", "DG104"], ["validate", "--explain", "lineage-end"]]
    packs.check_snapshot("cli_validate_rules", packs.transcript(commands, tmp_path))


@pytest.mark.parametrize("rule", RULES.values(), ids=lambda rule: rule.name)
def test_every_rule_is_explained_by_code_and_by_name(rule: Any, tmp_path: Path) -> None:
    by_code, by_name = (validate(tmp_path, "--explain", given) for given in (rule.code.lower(), rule.name))
    assert by_code == by_name
    assert by_code.code == 0
    assert by_code.out.startswith(f"{rule.code} {rule.name} ({rule.level})\n")
    assert rule.shows in by_code.out
    assert rule.says in by_code.out


def test_a_session_of_printing_the_same_for_people_programs_and_pull_requests(home: Path) -> None:
    formats = [["validate", "--pack", "broken", "--format", form] for form in ("text", "json", "github")]
    quiet = ["validate", "--pack", "broken", "--format", "json", "--quiet"]
    packs.check_snapshot("cli_validate_formats", packs.transcript([*formats, quiet], home))


@pytest.mark.parametrize("pack", ["fine", "warned", "broken"])
def test_json_is_a_validation_record_whatever_is_found(pack: str, home: Path) -> None:
    ran = validate(home, "--pack", pack, "--format", "json")
    found = json.loads(ran.out)
    assert embedded().problems("validation", found, "stdout") == []
    assert found["valid"] is (ran.code == 0)
    assert found["errors"] + found["warnings"] == len(found["problems"]) == sum(found["totals"].values())


HOSTILE = "a::b,c:d%0A\n::error::%25"


def test_an_annotation_says_one_thing_whatever_the_text_in_it(home: Path) -> None:
    tiny(home / "x,y", at("slack.jsonl", 1, thread_id=f"{HOSTILE}\x1b"[:-1].replace("\n", " ")))
    ran = validate(home, "--pack", "x,y", "--format", "github")
    commands = [line for line in ran.out.splitlines() if line.startswith("::")]
    assert len(commands) == 1
    properties, _, message = commands[0].removeprefix("::error ").partition("::")
    assert dict(one.split("=") for one in properties.split(",")) == {
        "file": "x%2Cy/slack.jsonl",
        "line": "2",
        "title": "DG106 reference",
    }
    assert "%250A" in message


def many(home: Path) -> None:
    tiny(home / "many", lambda docs: docs[LABELS].extend([docs[LABELS][0]] * 150))


@pytest.mark.parametrize(
    ("flags", "listed", "note"),
    [
        ([], 100, "(50 more not shown, --max-errors 0 shows all; found in all: DG114 150)"),
        (["--max-errors", "1"], 1, "(149 more not shown, --max-errors 0 shows all; found in all: DG114 150)"),
        (["--max-errors", "0"], 150, None),
        (["--max-errors", "150"], 150, None),
    ],
)
def test_no_more_are_listed_than_asked_for_and_all_are_counted(
    flags: list[str], listed: int, note: str | None, home: Path
) -> None:
    many(home)
    lines = validate(home, "--pack", "many", *flags).out.splitlines()
    assert len([line for line in lines if line.startswith("error DG114 ")]) == listed
    assert [line for line in lines if line.startswith("(")] == ([] if note is None else [note])
    assert lines[-1] == "many: invalid, 150 errors, 0 warnings"


def test_errors_are_listed_though_warnings_come_first(home: Path) -> None:
    tiny(home / "mixed", lambda docs: (docs[LINEAGE].extend({"from": f"x{i}", "to": "raw_orders"} for i in range(9)),
                                       docs[LABELS].append(docs[LABELS][0])))  # fmt: skip
    lines = validate(home, "--pack", "mixed", "--max-errors", "2").out.splitlines()
    assert [line.split(" ")[:2] for line in lines[1:4]] == [
        ["error", "DG114"],
        ["warning", "DG111"],
        ["warning", "DG111"],
    ]


STRICT: list[tuple[list[str], int, str]] = [
    (["--pack", "warned"], 0, "warned: valid, 0 errors, 1 warning"),
    (["--pack", "warned", "--strict"], 1, "warned: invalid, 0 errors, 1 warning, which count as errors"),
    (["--pack", "fine", "--strict"], 0, "fine: valid, 0 errors, 0 warnings"),
    (["--pack", "warned", "--strict", "--ignore", "DG111"], 0, "warned: valid, 0 errors, 0 warnings"),
    (["--pack", "broken", "--ignore", "DG106"], 1, "broken: invalid, 1 error, 1 warning"),
    (["--pack", "broken", "--ignore", "DG106,unknown-table"], 0, "broken: valid, 0 errors, 1 warning"),
    (["--pack", "broken", "--ignore", "dg106", "--ignore", "dg109"], 0, "broken: valid, 0 errors, 1 warning"),
    (["--pack", "broken", "--select", "DG109"], 1, "broken: invalid, 1 error, 0 warnings"),
    (["--pack", "broken", "--select", "DG11"], 0, "broken: valid, 0 errors, 1 warning"),
    (["--pack", "broken", "--select", "DG10", "--ignore", "reference"], 1, "broken: invalid, 1 error, 0 warnings"),
    (["--pack", "broken", "--select", "DG0"], 0, "broken: valid, 0 errors, 0 warnings"),
    (["--pack", "unread", "--select", "DG109"], 1, "unread: invalid, 1 error, 0 warnings"),
]


@pytest.mark.parametrize(
    ("arguments", "code", "summary"), STRICT, ids=lambda value: " ".join(value) if isinstance(value, list) else ""
)
def test_rules_that_do_not_count_neither_print_nor_fail(
    arguments: list[str], code: int, summary: str, home: Path
) -> None:
    ran = validate(home, *arguments)
    assert (ran.code, ran.out.splitlines()[-1]) == (code, summary)


@pytest.mark.parametrize(("flags", "levels"), [([], ["error"] * 2), (["--strict"], ["error"] * 2 + ["warning"])])
def test_quiet_leaves_what_makes_the_pack_fail(flags: list[str], levels: list[str], home: Path) -> None:
    ran = validate(home, "--pack", "broken", "--quiet", *flags)
    assert [line.partition(" ")[0] for line in ran.out.splitlines()] == levels


MISUSED: list[tuple[list[str], str]] = [
    (["--pack", "fine", "--ignore", "DG999"], "there is no rule 'DG999'; did you mean DG119"),
    (["--pack", "fine", "--select", "threadorder"], "there is no rule 'threadorder'; did you mean thread-order"),
    (["--pack", "fine", "--ignore", "DG"], "no rule is left to check by; select more or ignore less"),
    (
        ["--pack", "fine", "--select", "DG109", "--ignore", "DG10"],
        "no rule is left to check by; select more or ignore less",
    ),
    (["--explain", "?"], "there is no rule '?'; datagap-synth validate --rules lists them"),
    ([], "Give one of --pack, --rules and --explain; see datagap-synth validate --help"),
    (["--pack", "fine", "--rules"], "Give one of --pack, --rules and --explain; see datagap-synth validate --help"),
    (
        ["--pack", "fine", "--format", "xml"],
        "Invalid value for '--format': 'xml' is not one of 'text', 'json', 'github'; see datagap-synth validate --help",
    ),
    (
        ["--pack", "fine", "--max-errors", "-1"],
        "Invalid value for '--max-errors': -1 is not in the range x>=0; see datagap-synth validate --help",
    ),
]


@pytest.mark.parametrize(("arguments", "sentence"), MISUSED)
def test_a_rule_or_option_that_is_none_is_misuse(arguments: list[str], sentence: str, home: Path) -> None:
    assert validate(home, *arguments) == Run(2, "", f"error: {sentence}\n")


def test_a_folder_of_schemas_without_any_is_named(home: Path) -> None:
    (home / "schemas").mkdir()
    assert validate(home, "--pack", "fine").out.startswith("schemas: embedded, schemas/ has none\n")


def test_a_schema_that_is_of_no_record_is_named(home: Path) -> None:
    (home / "schemas").mkdir()
    for name in ("nl_querry", "desk", "person"):
        schema = {"properties": {"desk": {"$ref": "desk.schema.json"}}} if name == "person" else {"type": "object"}
        (home / "schemas" / f"{name}.schema.json").write_text(json.dumps(schema))
    first = validate(home, "--pack", "fine").out.splitlines()[0]
    used = f"schemas/ for 1 record, embedded for {len(RECORD_NAMES) - 1}"
    assert first == f"schemas: {used}; there is no record nl_querry, did you mean nl_query"


def test_records_that_break_their_schema_are_explained_only_as_far_as_they_are_listed(home: Path) -> None:
    tiny(home / "odd", lambda docs: docs["slack.jsonl"].extend({"id": n, "wehn": n} for n in range(30)))
    lines = validate(home, "--pack", "odd", "--select", "DG001", "--max-errors", "8").out.splitlines()
    assert len(lines) == 11
    counted = re.fullmatch(r"odd: invalid, (\d+) errors, 0 warnings", lines[-1])
    assert counted
    assert int(counted[1]) >= 30


def test_a_pack_of_another_making_needs_no_line_per_record(home: Path) -> None:
    tiny(home / "own", swap("catalog/freshness.csv", "Z,24", "Z,25"))
    assert validate(home, "--pack", "own").code == 0
