"""`datagap-report aliases`, and what `gen` and `classify` make of those that a person confirmed."""

from __future__ import annotations

import csv
import io
import json
import re
import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from tests import packs
from tests.handmade import column, dataset, query, slack, write_pack
from tests.test_cli_report import Ran, run

PEOPLE = [
    {"person_id": f"u_{name}", "name": f"{name.title()} Goldberg", "access_roles": ["staff"], "audience": "Ops"}
    for name in ("ann", "bob", "petra", "quinn")
]
ACTORS = [str(person["person_id"]) for person in PEOPLE]
DATASETS = [
    dataset("mart_orders", column("order_date", "date"), column("region"), column("net_revenue", "decimal")),
    dataset("mart_shops", column("floor_area", "decimal"), column("city")),
    dataset("mart_bare", column("note")),
]
ASKED = ["by day", "by brand", "last week", "in total", "for the board", "without tax"]

SAID = ["spend", "takings", "invoices", "returns", "refunds", "baskets"]


def events() -> list[dict[str, Any]]:
    """Return a week in which people say gold sheet, footage and carbon footprint, and address petra beside the one."""
    made = []
    for place, how in enumerate(ASKED):
        actor, own = ACTORS[place % 4], {"outcome": "blocked", "when": f"2026-03-0{place % 4 + 1}T10:00:00Z"}
        gold: dict[str, Any] = {"tables": ["mart_orders"], "dims": []}
        area: dict[str, Any] = {"tables": ["mart_shops"], "metrics": ["floor_area"]}
        named: dict[str, Any] = {"tables": ["mart_bare"], "dims": ["note"]}
        made += [
            query(f"q_gold_{place}", f"for petra: {SAID[place]} in the gold sheet {how}", actor=actor, **own, **gold),
            query(f"q_area_{place}", f"footage in mart_shops {how}", actor=actor, **own, **area),
            query(f"q_bare_{place}", f"note in mart_bare {how}", actor=actor, **own, **named),
            query(f"q_foot_{place}", f"carbon footprint {how}", actor=actor, **own, tables=[], dims=[]),
            query(f"q_foam_{place}", f"which carbon footprints {how}?", actor=actor, **own, tables=[], dims=[]),
        ]
    thread = [
        slack("s_1", "The gold sheet has no brand.", actor="u_bob"),
        slack("s_1_1", "looks like mart_orders to me", actor="u_ann", thread_id="s_1", when="2026-03-04T12:00:00Z"),
        slack(
            "s_2",
            "The gold sheet has no brand column, ask bob.wu@example.com",
            actor="u_quinn",
            referenced_query_id="q_gold_1",
        ),
    ]
    return [*made, *thread]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("aliases")
    write_pack(folder / "p1", events(), DATASETS, people=PEOPLE)
    return folder


def rows(home: Path) -> list[dict[str, str]]:
    ran = run("aliases", "--pack", "p1", "--format", "csv", cwd=home)
    assert ran.code == 0
    return list(csv.DictReader(io.StringIO(ran.out)))


def saved(home: Path, file: str, answers: Mapping[str, str]) -> Path:
    """Write what was mined with the answers of a person, by phrase."""
    mined = rows(home)
    text = io.StringIO()
    writer = csv.DictWriter(text, mined[0].keys(), lineterminator="\n")
    writer.writeheader()
    writer.writerows({**row, "confirmed": answers.get(row["phrase"], "")} for row in mined)
    (home / file).write_text(text.getvalue(), encoding="utf-8", newline="\n")
    return home / file


def transcript(commands: Sequence[Sequence[str]], cwd: Path) -> str:
    parts = []
    for command in commands:
        ran = run(*command, cwd=cwd)
        lines = [f"$ datagap-report {shlex.join(command)}", *ran.out.splitlines()]
        parts.append("\n".join([*lines, *(f"! {line}" for line in ran.err.splitlines()), f"[{ran.code}]", ""]))
    return re.sub(r"(?m)^wrote (\w+): .*$", r"wrote \1: <what was found>", "\n".join(parts))


def test_a_session_of_confirming(home: Path) -> None:
    saved(home, "mine.csv", {"gold sheet": "yes", "carbon footprint": "x", "footage": "no"})
    commands = [
        ["aliases", "--pack", "p1"],
        ["aliases", "--pack", "p1", "--format", "csv", "--top", "2"],
        ["aliases", "--pack", "p1", "--format", "json", "--top", "1"],
        ["aliases", "--pack", "p1", "--min-people", "5"],
        ["gen", "--pack", "p1", "--out", "before"],
        ["gen", "--pack", "p1", "--out", "after", "--aliases", "mine.csv"],
        ["validate", "--out", "after"],
    ]
    packs.check_snapshot("cli_aliases", transcript(commands, home))
    run_config = json.loads((home / "after/artifacts/run_config.json").read_text())
    assert run_config["aliases"]["entries"] == 2
    again = run("gen", "--pack", "p1", "--out", "again", "--config", "before/artifacts/run_config.json", cwd=home)
    assert again.code == 0
    assert "aliases" not in json.loads((home / "again/artifacts/run_config.json").read_text())


def test_nobody_is_named(home: Path) -> None:
    ran = run("aliases", "--pack", "p1", "--top", "0", "--min-people", "1", "--format", "json", cwd=home)
    found = json.loads(ran.out)
    words = {word for one in found for word in one["phrase"].split()}
    assert "gold" in words
    assert not words & {"ann", "bob", "petra", "quinn", "goldberg", "wu"}
    assert "bob.wu@example.com" not in ran.out


@pytest.mark.parametrize("form", ["csv", "json", "jsonl", "yaml"])
def test_every_form_of_a_file_says_the_same(home: Path, tmp_path: Path, form: str) -> None:
    alias = {"phrase": "Gold Sheets", "kind": "dataset", "ref": "mart_orders"}
    texts = {
        "csv": "note,ref,kind,phrase\r\nsaid in sales,mart_orders,dataset,Gold Sheets\r\n",
        "json": json.dumps([alias, {"phrase": "footage", "kind": "column", "ref": "no_column", "confirmed": False}]),
        "jsonl": json.dumps(alias) + "\n",
        "yaml": "- {phrase: Gold Sheets, kind: dataset, ref: mart_orders}\n",
    }
    file = tmp_path / f"mine.{form}"
    file.write_bytes(texts[form].encode())
    text = json.dumps({"id": "t", "text": "There is no column brand_name in the gold sheet."})
    (tmp_path / "t.jsonl").write_text(text + "\n")
    ran = run("classify", "--input", str(tmp_path / "t.jsonl"), "--pack", "p1", "--aliases", str(file), cwd=home)
    assert ran.err == ""
    (found,) = map(json.loads, ran.out.splitlines())
    pointers = [one["pointer"] for one in found["evidence"] if "pointer" in one]
    assert pointers
    assert all(pointer.startswith("/0") for pointer in pointers)  # mart_orders is the first of the list


def test_a_file_that_cannot_be_used_is_exit_1_and_nothing_is_written(home: Path, tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("phrase,kind,ref\ngold sheet,dataset,mart_order\n")
    ran = run("gen", "--pack", str(home / "p1"), "--out", "r", "--aliases", "a.csv", cwd=tmp_path)
    reason = 'the ref "mart_order" is no dataset of the catalog; did you mean mart_orders'
    assert ran == Ran(1, "", f"error: a.csv:2: {reason}\n")
    assert not (tmp_path / "r").exists()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["aliases", "--pack", "nowhere"], "error: nowhere: does not exist; give the folder of a pack\n"),
        (["aliases"], "error: Missing option '--pack'; see datagap-report aliases --help\n"),
        (["gen", "--pack", "p1", "--out", "r", "--aliases", "none.csv"], "error: none.csv: does not exist; give what"),
        (["gen", "--pack", "p1", "--out", "p1", "--aliases", "mine.csv"], "is not empty; choose another --out"),
        (
            ["classify", "--aliases", "none.csv"],
            "error: --aliases: needs the catalog that they are of; give its --pack\n",
        ),
    ],
)
def test_misuse_is_exit_2(home: Path, arguments: Sequence[str], message: str) -> None:
    ran: Ran = run(*arguments, cwd=home)
    assert (ran.code, ran.out) == (2, "")
    assert message in ran.err
