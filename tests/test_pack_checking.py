"""A pack with one thing wrong in it is reported for that thing, by rule, file and line."""

from __future__ import annotations

import copy
import json
import os
import sys
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import pytest

from datagap.errors import MisuseError
from datagap.pack.checks import check_pack
from datagap.pack.checks.rule import RULES, Rule
from datagap.validate import embedded
from tests import handmade, packs
from tests.tiny import (
    COUNTED,
    DATASETS,
    FRESHNESS,
    GAPS,
    LABELS,
    LINEAGE,
    TINY,
    Documents,
    add,
    as_bytes,
    at,
    both,
    drop,
    label,
    raw,
    rendered,
    swap,
    tiny,
)


def problems(folder: Path) -> list[str]:
    return [f"{problem.level} {problem.code} {problem}" for problem in check_pack(folder, embedded()).problems]


@dataclass(frozen=True)
class Broken:
    """One thing that is wrong: in the documents, in their bytes, or on disk after the files were hashed."""

    name: str
    where: Literal["documents", "bytes", "disk"]
    edit: Callable[[Any], object]


def listed(**entries: str) -> Callable[[Path], None]:
    """Return an edit that adds entries to hashes.json."""

    def edit(folder: Path) -> None:
        path = folder / "hashes.json"
        path.write_text(json.dumps(json.loads(path.read_text()) | entries))

    return edit


def unlisted(file: str) -> Callable[[Path], None]:
    """Return an edit that removes an entry from hashes.json."""

    def edit(folder: Path) -> None:
        path = folder / "hashes.json"
        path.write_text(json.dumps({name: one for name, one in json.loads(path.read_text()).items() if name != file}))

    return edit


def key(references: str, ours: str = "region", theirs: str = "region") -> dict[str, Any]:
    return {"columns": [ours], "references": references, "referenced_columns": [theirs]}


NO_FACT = {"file": DATASETS, "pointer": "", "value": None}


def claims(gap_type: str, reason: str, **more: Any) -> Callable[[Documents], None]:
    """Return an edit that makes the first gap, on mart_orders, one of another type, without a fact to look at."""
    return at(GAPS, 0, gap_type=gap_type, reason=reason, fact=NO_FACT, **more)


ZEROS = "0" * 64
BREAKAGES = [
    # Files and hashes
    Broken("a file is missing", "disk", lambda folder: (folder / "slack.jsonl").unlink()),
    Broken("the answers are missing", "disk", lambda folder: (folder / LABELS).unlink()),
    Broken("the manifest is missing", "disk", lambda folder: (folder / "manifest.json").unlink()),
    Broken("the hashes are missing", "disk", lambda folder: (folder / "hashes.json").unlink()),
    Broken(
        "a folder in place of a file", "disk", lambda folder: ((folder / LINEAGE).unlink(), (folder / LINEAGE).mkdir())
    ),
    Broken(
        "a byte has changed",
        "disk",
        lambda folder: (folder / "email.jsonl").write_bytes(
            (folder / "email.jsonl").read_bytes().replace(b"Sun", b"Mon")
        ),
    ),
    Broken("a file too many", "disk", lambda folder: (folder / "catalog" / "notes.txt").write_text("?")),
    Broken("a file that is not listed", "disk", unlisted("slack.jsonl")),
    Broken("hashes of a file that is not there", "disk", listed(**{"gone.txt": ZEROS})),
    Broken("hashes of a file elsewhere", "disk", listed(**{"../other/manifest.json": ZEROS})),
    Broken("hashes of an absolute path", "disk", listed(**{"/etc/passwd": ZEROS})),
    Broken("a hash that is none", "disk", listed(**{"email.jsonl": "abc"})),
    Broken("hashes that are no JSON", "disk", lambda folder: (folder / "hashes.json").write_text("{")),
    # Counts
    Broken("a wrong count", "documents", at("manifest.json", counts={"nl_queries": 3})),
    Broken("every count is wrong", "documents", at("manifest.json", counts=dict.fromkeys(COUNTED, 9))),
    # Ids
    Broken("an id twice", "documents", both(at("nl_queries.jsonl", 1, id="q_1"), drop(LABELS, 1))),
    Broken("an id in two channels", "documents", both(at("email.jsonl", 0, id="s_2"), drop(LABELS, 4))),
    Broken("a dataset twice", "documents", add(DATASETS, handmade.dataset("raw_orders"))),
    Broken("a person twice", "documents", add("catalog/people.jsonl", {"person_id": "u_ann", "role": "CEO"})),
    Broken("a gap twice", "documents", add(GAPS, TINY[GAPS][1])),
    # References
    Broken("a thread that is not there", "documents", at("slack.jsonl", 1, thread_id="s_9")),
    Broken("a thread of another channel", "documents", at("email.jsonl", 0, thread_id="s_1")),
    Broken("a query that is not there", "documents", at("slack.jsonl", 0, referenced_query_id="q_9")),
    Broken("a query that is a message", "documents", at("email.jsonl", 0, referenced_query_id="s_1")),
    # Time
    Broken(
        "a reply before its opener",
        "documents",
        both(at("slack.jsonl", 1, when="2026-03-04T10:59:59Z"), lambda docs: docs["slack.jsonl"].reverse()),
    ),
    Broken("out of order", "documents", lambda docs: docs["nl_queries.jsonl"].reverse()),
    Broken("after the snapshot", "documents", at("email.jsonl", 0, when="2026-03-05T18:00:01Z")),
    Broken("before the window", "documents", at("email.jsonl", 0, when="2026-02-26T17:59:59Z")),
    # Catalog
    Broken(
        "an answer from a table that is not there",
        "documents",
        at("nl_queries.jsonl", 0, tables=["mart_orders", "mart_order"]),
    ),
    Broken("a freshness row is missing", "documents", swap(FRESHNESS, "mart_orders,2026-03-05T06:00:00Z,24\n", "")),
    Broken(
        "a freshness row too many",
        "documents",
        swap(FRESHNESS, "mart_orders,", "stg_orders,2026-03-05T06:00:00Z,24\nmart_orders,"),
    ),
    Broken(
        "a freshness row twice",
        "documents",
        lambda docs: docs.update({FRESHNESS: docs[FRESHNESS] + docs[FRESHNESS].split("\n")[1] + "\n"}),
    ),
    Broken("lineage from nowhere", "documents", add(LINEAGE, {"from": "src", "to": "raw_orders"})),
    Broken("lineage to nowhere", "documents", add(LINEAGE, {"from": "raw_orders", "to": "dashboard"})),
    Broken("a dataset from itself", "documents", add(LINEAGE, {"from": "mart_orders", "to": "mart_orders"})),
    Broken("a circle", "documents", add(LINEAGE, {"from": "mart_orders", "to": "raw_orders"})),
    Broken(
        "a circle over ends that are no datasets",
        "documents",
        both(add(LINEAGE, {"from": "mart_orders", "to": "x"}), add(LINEAGE, {"from": "x", "to": "raw_orders"})),
    ),
    Broken(
        "a column twice",
        "documents",
        lambda docs: docs[DATASETS][0]["columns"].extend(docs[DATASETS][0]["columns"][:1] * 2),
    ),
    Broken("a key to nowhere", "documents", at(DATASETS, 1, foreign_keys=[key("raw_order")])),
    Broken(
        "a key of a column that is not there",
        "documents",
        at(DATASETS, 1, foreign_keys=[key("raw_orders", ours="regio")]),
    ),
    Broken(
        "a key to a column that is not there",
        "documents",
        at(DATASETS, 1, foreign_keys=[key("raw_orders", theirs="id")]),
    ),
    Broken("a primary key that is not there", "documents", at(DATASETS, 1, primary_key=["order_date", "order_id"])),
    # What answered queries use
    Broken(
        "a column that is not there",
        "documents",
        at("nl_queries.jsonl", 0, parsed_sql="select sum(net_revenu) from mart_orders"),
    ),
    Broken(
        "a table in SQL that is not there",
        "documents",
        at("nl_queries.jsonl", 0, parsed_sql="select region from mart_order"),
    ),
    Broken("SQL that is none", "documents", at("nl_queries.jsonl", 0, parsed_sql="select sum( from mart_orders")),
    Broken("SQL without end", "documents", at("nl_queries.jsonl", 0, parsed_sql="select 1" + " + 1" * 6_000)),
    # People
    Broken("an event by nobody", "documents", at("slack.jsonl", 1, actor="u_anne")),
    # Truth
    Broken("a label is missing", "documents", drop(LABELS, 0)),
    Broken("a label twice", "documents", add(LABELS, label("q_1"))),
    Broken("a label for nothing", "documents", add(LABELS, label("q_7"))),
    Broken("a label with a gap that is not there", "documents", at(LABELS, 1, gap_ids=["g_1", "g_7"])),
    Broken(
        "a gap behind what asks for nothing",
        "documents",
        both(at(LABELS, 1, request=False), at(GAPS, 0, demand={"people": 1, "events": 1})),
    ),
    Broken("a gap and a reason for none", "documents", at(LABELS, 1, none_reason="how_to")),
    Broken("neither a gap nor a reason for none", "documents", at(LABELS, 0, none_reason=...)),
    Broken(
        "a thread about two gaps",
        "documents",
        both(
            at(LABELS, 3, request=True, gap_ids=["g_2"], none_reason=...),
            at(GAPS, 1, demand={"people": 1, "events": 2}),
        ),
    ),
    Broken("a demand that is not so", "documents", at(GAPS, 0, demand={"people": 1, "events": 5})),
    Broken("people who did not ask", "documents", at(GAPS, 0, demand={"people": 2, "events": 2})),
    Broken("a reason of another type", "documents", at(GAPS, 0, reason="duplicates")),
    Broken("a gap that ends before it begins", "documents", at(GAPS, 0, resolved_at="2026-02-28T00:00:00Z")),
    Broken("a gap that is yet to come", "documents", at(GAPS, 1, began_at="2026-03-06T00:00:00Z")),
    Broken("a gap that was over", "documents", at(GAPS, 1, resolved_at="2026-03-04T12:00:00Z")),
    Broken("a gap on a dataset that is not there", "documents", at(GAPS, 1, datasets=["raw_order"])),
    Broken(
        "a fact that is no longer so",
        "documents",
        lambda docs: docs[DATASETS][1]["columns"].append(handmade.column("segment")),
    ),
    Broken("a load that is no longer so", "documents", swap(FRESHNESS, "2026-03-01T06:00:00Z", "2026-03-05T07:00:00Z")),
    Broken(
        "a fact beyond the list",
        "documents",
        at(GAPS, 0, fact={"file": DATASETS, "pointer": "/7/columns", "value": []}),
    ),
    Broken(
        "a fact in no property", "documents", at(GAPS, 0, fact={"file": DATASETS, "pointer": "/1/colums", "value": []})
    ),
    Broken(
        "a fact in another file",
        "documents",
        at(GAPS, 0, fact={"file": "/etc/passwd", "pointer": "/0/name", "value": "raw_orders"}),
    ),
    Broken(
        "a fact in the lineage",
        "documents",
        at(GAPS, 0, fact={"file": LINEAGE, "pointer": "/0/to", "value": "mart_orders"}),
    ),
    Broken("a gap behind an event twice", "documents", at(LABELS, 1, gap_ids=["g_1", "g_1"])),
    Broken("a gap about no dataset", "documents", at(GAPS, 1, datasets=[])),
    Broken("a whole file with a value", "documents", at(GAPS, 0, fact={**NO_FACT, "value": 1})),
    Broken(
        "people that are counted and not there",
        "disk",
        lambda folder: (unlisted("catalog/people.jsonl")(folder), (folder / "catalog/people.jsonl").unlink()),
    ),
    Broken("a schema of the future", "documents", at("manifest.json", schema_version="9.0.0")),
    Broken("a partition that is no column", "documents", at(DATASETS, 0, partitioned_by=["order_day"])),
    Broken(
        "a check of what is no column",
        "documents",
        at(DATASETS, 0, checks=[{"name": "c", "kind": "unique", "status": "pass", "column": "order_id"}]),
    ),
    Broken("a column that is there after all", "documents", at(GAPS, 0, columns=["region"])),
    Broken(
        "a role that may read",
        "documents",
        both(claims("access_denied", "no_grant"), at("catalog/people.jsonl", 0, access_roles=["staff"])),
    ),
    # What cannot be read
    Broken("a truncated last line", "bytes", lambda files: files.update({"email.jsonl": files["email.jsonl"][:60]})),
    Broken("no UTF-8", "bytes", raw("slack.jsonl", b"Looking", b"L\xf6\xf6king")),
    Broken("NaN", "bytes", raw("nl_queries.jsonl", b'"blocked"', b'"blocked", "latency_ms": NaN')),
    Broken("a key twice", "bytes", raw("slack.jsonl", b'"text"', b'"actor": "u_bob", "text"')),
    Broken("a key twice in the catalog", "bytes", raw(DATASETS, b'"owner"', b'"owner": null,\n  "owner"')),
    Broken("an empty line", "bytes", raw("email.jsonl", b"\n", b"\n\n")),
    Broken("a catalog that is no list", "documents", lambda docs: docs.update({DATASETS: {}})),
    Broken("another header", "documents", swap(FRESHNESS, "sla_hours", "sla")),
    Broken("a row too short", "documents", swap(FRESHNESS, "raw_orders,2026-03-01T06:00:00Z,24", "raw_orders,24")),
    Broken("no number of hours", "documents", swap(FRESHNESS, "Z,24\nmart", "Z,soon\nmart")),
    # What breaks its schema
    Broken("no id", "documents", at("slack.jsonl", 1, id=...)),
    Broken("a misspelt property", "documents", at(DATASETS, 1, "columns", 2, typ="date")),
    Broken("an outcome that is none", "documents", at("nl_queries.jsonl", 1, outcome="failed")),
    Broken("a misspelt key in the echo", "documents", at("manifest.json", "config_echo", nql={})),
    Broken("a coverage that is none", "documents", at("catalog/coverage.json", keys={"status": "some"})),
]


def broken_pack(broken: Broken, folder: Path) -> Path:
    documents = copy.deepcopy(TINY)
    if broken.where == "documents":
        broken.edit(documents)
    files = rendered(documents)
    if broken.where == "bytes":
        broken.edit(files)
    packs.write(folder, files)
    if broken.where == "disk":
        broken.edit(folder)
    return folder


def test_one_thing_wrong_is_reported_and_nothing_else(tmp_path: Path) -> None:
    parts = []
    for place, broken in enumerate(BREAKAGES):
        found = problems(broken_pack(broken, tmp_path / str(place)))
        parts.append("\n".join([f"# {broken.name}", *found, ""]))
    packs.check_snapshot("pack_problems", "\n".join(parts))


def reported() -> list[list[str]]:
    """Return level and code of each problem in the snapshot."""
    lines = packs.snapshot("pack_problems").splitlines()
    return [line.split(" ")[:2] for line in lines if line and not line.startswith("#")]


def test_every_rule_is_broken_by_some_case() -> None:
    assert {code for _, code in reported()} == {*RULES}


def test_a_problem_has_the_level_of_its_rule() -> None:
    assert {(code, level) for level, code in reported()} == {(code, rule.level) for code, rule in RULES.items()}


def squeezed(text: str) -> str:
    return "".join(text.split())


@pytest.mark.parametrize("rule", RULES.values(), ids=lambda rule: rule.name)
def test_the_example_of_a_rule_is_a_case_and_what_it_says_is_what_is_said(rule: Rule, tmp_path: Path) -> None:
    said = f"{rule.level} {rule.code} {rule.says}"
    (name, *_) = (part.splitlines()[0] for part in packs.snapshot("pack_problems").split("# ") if said in part)
    if not rule.shows.startswith(('"', "{")):
        return
    folder = broken_pack(next(broken for broken in BREAKAGES if broken.name == name), tmp_path)
    files = [content.decode(errors="replace") for content in packs.tree(folder).values()]
    assert any(squeezed(rule.shows) in squeezed(content) for content in files), name


CLAIMS: list[tuple[Callable[[Documents], object], str | None]] = [
    (claims("missing_asset", "retired"), "/datasets/0: is still open, and mart_orders is not retired"),
    (both(claims("missing_asset", "retired"), at(DATASETS, 1, retired_at=handmade.NOW)), None),
    (claims("missing_column", "absent", columns=["segment"]), None),
    (
        claims("missing_column", "not_exposed", columns=["region"]),
        '/columns: is still open, and mart_orders has the column "region"',
    ),
    (
        claims("grain_mismatch", "too_coarse", grain={"keys": [], "period": "week"}),
        "/grain/period: is still open, and a row of mart_orders covers a day, from which a week can be had",
    ),
    (claims("grain_mismatch", "too_coarse", grain={"keys": [], "period": "hour"}), None),
    (
        claims("type_mismatch", "wrong_type", columns=["ordered_on"]),
        '/columns: is still open, and mart_orders has no column "ordered_on"',
    ),
    (claims("type_mismatch", "wrong_format", columns=["region"]), None),
    (
        claims("type_mismatch", "wrong_format", columns=["order_date"]),
        "/columns: is still open, and mart_orders.order_date is a date",
    ),
    (
        claims("access_denied", "masked", columns=["region"]),
        "/columns: is still open, and mart_orders.region is not masked",
    ),
    (
        both(claims("performance_limit", "unpartitioned"), at(DATASETS, 1, partitioned_by=["order_date"])),
        "/datasets/0: is still open, and mart_orders is partitioned by order_date",
    ),
    (claims("performance_limit", "unpartitioned"), None),
    (
        both(
            claims("docs_missing", "conflicting_definitions", columns=["sales"]),
            at(DATASETS, 1, metrics=[{"name": "sales", "definition": "sum(net_revenue)"}]),
        ),
        '/columns: is still open, and the catalog defines "sales" in one way',
    ),
    (claims("freshness_breach", "failed_run"), "/datasets: is still open, and mart_orders is not late"),
    (claims("freshness_breach", "failed_run", datasets=["raw_orders"]), None),
    (claims("joinability_issue", "no_key", datasets=["raw_orders", "mart_orders"]), None),
    (
        both(
            claims("joinability_issue", "no_key", datasets=["raw_orders", "mart_orders"]),
            at(DATASETS, 1, foreign_keys=[key("raw_orders")]),
        ),
        "/datasets: is still open, and mart_orders has a key to raw_orders",
    ),
    (
        claims("docs_missing", "undocumented", columns=["region"]),
        "/datasets/0: is still open, and mart_orders and its columns are described",
    ),
    (both(claims("docs_missing", "undocumented"), at(DATASETS, 1, description="")), None),
    (claims("quality_issue", "duplicates"), "/datasets: is still open, and every check of mart_orders passes"),
    (
        both(
            claims("quality_issue", "duplicates"),
            at(DATASETS, 1, checks=[{"name": "one", "kind": "unique", "status": "fail"}]),
        ),
        None,
    ),
    (claims("docs_missing", "stale"), None),
]


@pytest.mark.parametrize(("edit", "said"), CLAIMS)
def test_an_open_gap_is_held_against_the_catalog(
    edit: Callable[[Documents], object], said: str | None, tmp_path: Path
) -> None:
    found = [problem for problem in problems(tiny(tmp_path / "open", edit)) if " DG123 " in problem]
    assert found == ([] if said is None else [f"error DG123 truth/gaps.jsonl:1 {said}"])
    resolved = both(edit, at(GAPS, 0, resolved_at=handmade.NOW))
    unknown = both(edit, *(at("catalog/coverage.json", **{name: {"status": "partial"}}) for name in handmade.FULL))
    for name, change in {"resolved": resolved, "unknown": unknown}.items():
        assert not [problem for problem in problems(tiny(tmp_path / name, change)) if " DG123 " in problem]


def test_a_whole_pack_has_no_problems(tmp_path: Path) -> None:
    checked = check_pack(tiny(tmp_path), embedded())
    assert checked.problems == []
    assert {name: checked.counts[file] for name, file in COUNTED.items()} == {
        "catalog_datasets": 2,
        "catalog_freshness_rows": 2,
        "catalog_lineage_edges": 1,
        "catalog_people": 2,
        "nl_queries": 2,
        "slack": 2,
        "email": 1,
        "truth_gaps": 2,
        "truth_labels": 5,
    }


def test_a_window_that_begins_before_the_calendar_begins_with_it(tmp_path: Path) -> None:
    found = problems(tiny(tmp_path, at("manifest.json", generated_at="0001-01-05T00:00:00Z")))
    outside = "is outside the pack's 0001-01-01T00:00:00Z to 0001-01-05T00:00:00Z"
    assert len([problem for problem in found if outside in problem]) == 5


FINE: dict[str, Callable[[Documents], object]] = {
    "no answer key": lambda docs: (docs.pop(GAPS), docs.pop(LABELS)),
    "no people and no coverage": lambda docs: (docs.pop("catalog/people.jsonl"), docs.pop("catalog/coverage.json")),
    "no events": lambda docs: docs.update({file: [] for file in [*packs.CHANNELS.values(), GAPS, LABELS]}),
    "a last line without an end": lambda docs: docs.update({LABELS: as_bytes(LABELS, docs[LABELS]).rstrip()}),
    "windows line endings": lambda docs: docs.update(
        {"email.jsonl": as_bytes("email.jsonl", docs["email.jsonl"]).replace(b"\n", b"\r\n")}
    ),
    "at the very start and end": both(
        at("nl_queries.jsonl", 0, when="2026-02-26T18:00:00Z"), at("email.jsonl", 0, when=handmade.NOW)
    ),
    "a thread that names itself": at("slack.jsonl", 0, thread_id="s_1"),
    "a failed query on a table that is not there": at("nl_queries.jsonl", 1, tables=["mart_segments"]),
    "freshness that is not known of all": both(
        at("catalog/coverage.json", freshness={"status": "partial"}),
        swap(FRESHNESS, "mart_orders,2026-03-05T06:00:00Z,24\n", ""),
    ),
    "datasets that are not known all": both(
        at("catalog/coverage.json", datasets={"status": "partial"}), at("nl_queries.jsonl", 0, tables=["mart_stores"])
    ),
    "a gap that was resolved, and what mended it": both(
        at(GAPS, 0, resolved_at="2026-03-05T00:00:00Z"),
        lambda docs: docs[DATASETS][1]["columns"].append(handmade.column("segment")),
        lambda docs: docs[GAPS][0]["fact"]["value"].append("segment"),
    ),
    "a fact about the whole catalog": at(GAPS, 0, fact={"file": DATASETS, "pointer": "", "value": None}),
}


@pytest.mark.parametrize("name", FINE)
def test_what_is_unusual_and_right_is_no_problem(name: str, tmp_path: Path) -> None:
    documents = copy.deepcopy(TINY)
    FINE[name](documents)
    files = rendered({file: content for file, content in documents.items() if not isinstance(content, bytes)})
    files |= {file: content for file, content in documents.items() if isinstance(content, bytes)}
    manifest = json.loads(files["manifest.json"])
    manifest["counts"] |= {
        name: len(files[file].splitlines()) for name, file in COUNTED.items() if isinstance(documents.get(file), bytes)
    }
    files["manifest.json"] = json.dumps(manifest).encode()
    assert problems(packs.write(tmp_path, files)) == []


@pytest.mark.skipif(sys.platform == "win32", reason="needs symbolic links")
@pytest.mark.parametrize("file", [*packs.CHANNELS.values(), DATASETS, FRESHNESS, LINEAGE, "manifest.json", LABELS])
def test_a_link_out_of_the_pack_is_not_followed(file: str, tmp_path: Path) -> None:
    folder = tiny(tmp_path / "pack")
    (folder / file).rename(tmp_path / "elsewhere")
    (folder / file).symlink_to(tmp_path / "elsewhere")
    found = problems(folder)
    assert found
    assert all(problem.startswith(("error DG101 ", "error DG002 ")) and f" {file}: " in problem for problem in found)
    assert any("is not a regular file" in problem for problem in found)


@pytest.mark.parametrize(("name", "reason"), [("gone", "does not exist"), ("file", "is not a folder")])
def test_a_pack_that_is_not_there_is_misuse(name: str, reason: str, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(MisuseError) as caught:
        check_pack(tmp_path / name, embedded())
    assert str(caught.value) == f"{tmp_path / name}: {reason}; give the folder of a pack"


def test_an_empty_folder_lacks_every_file_that_a_pack_must_have(tmp_path: Path) -> None:
    required = ["manifest.json", "hashes.json", DATASETS, FRESHNESS, LINEAGE, *packs.CHANNELS.values()]
    hint = "is missing; make the pack anew or restore the file"
    assert problems(tmp_path) == [f"error DG101 {file}: {hint}" for file in required]


# Made packs


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> packs.Files:
    return packs.make(tmp_path_factory.mktemp("made") / "pack")


def test_a_made_pack_has_no_problems(made: packs.Files) -> None:
    assert problems(made.folder) == []


@pytest.mark.parametrize(
    "file", ["nl_queries.jsonl", "truth/labels.jsonl", DATASETS, FRESHNESS, "catalog/coverage.json"]
)
def test_any_changed_byte_of_a_made_pack_is_noticed(file: str, made: packs.Files, tmp_path: Path) -> None:
    files = packs.tree(made.folder)
    content = files[file]
    for place in range(7, len(content), len(content) // 5):
        files[file] = content[:place] + bytes([content[place] ^ 1]) + content[place + 1 :]
        folder = packs.write(tmp_path / str(place), files)
        assert Counter(problem.split(" ")[1] for problem in problems(folder))["DG102"] == 1


def test_problems_come_in_the_same_order_every_time(made: packs.Files, tmp_path: Path) -> None:
    files = packs.tree(made.folder) | {"truth/labels.jsonl": b""}
    folder = packs.write(tmp_path, files)
    said = [
        packs.call("validate", "--pack", folder, cwd=tmp_path, env=os.environ | {"PYTHONHASHSEED": seed})
        for seed in ("1", "2")
    ]
    assert said[0] == said[1]
    assert said[0].code == 1
