"""Packs for tests: ways to make and to write them, and a second reading that shares no code with datagap."""

from __future__ import annotations

import contextlib
import csv
import hashlib
import io
import json
import os
import re
import shutil
import subprocess
import sys
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import Any, Final, NamedTuple

from datagap import model
from datagap.cli.shell import Session, _run
from datagap.cli.synth import NAME, cli
from datagap.synth.run import generate
from datagap.validate import embedded

SMALL: Final[Mapping[str, Any]] = {
    "actors": 12,
    "nlq": {"count": 120},
    "slack": {"threads": 16, "replies_mean": 3},
    "email": {"threads": 6, "replies_mean": 2},
    "catalog": {"mart_tables": 16, "staging_tables": 20},
}
"""A config whose pack is made quickly and still holds every gap type."""
CHANNELS: Final = {"nlq": "nl_queries.jsonl", "slack": "slack.jsonl", "email": "email.jsonl"}
PERIODS: Final = ("hour", "day", "week", "month", "quarter", "year")
GAP_TYPES: Final = (
    "missing_asset",
    "missing_column",
    "grain_mismatch",
    "type_mismatch",
    "freshness_breach",
    "joinability_issue",
    "access_denied",
    "docs_missing",
    "performance_limit",
    "quality_issue",
)


def merged(base: Mapping[str, Any], change: Mapping[str, Any]) -> dict[str, Any]:
    """Return `base` with `change` laid over it, mapping by mapping."""
    both = {
        key: merged(base[key], value) if isinstance(value, dict) and isinstance(base.get(key), dict) else value
        for key, value in change.items()
    }
    return {**base, **both}


def config(data: Mapping[str, Any], seed: int | None = 7) -> model.Config:
    """Return config data as a config."""
    return embedded().read(model.Config, {**data, "seed": seed}, "config")


def make(out: Path, data: Mapping[str, Any] = SMALL, seed: int | None = 7) -> Files:
    """Make a pack and return what is in it."""
    generate(config(data, seed), out)
    return Files(out)


def tree(folder: Path) -> dict[str, bytes]:
    """Return the content of every file by its path."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()
    }


def differing(one: Path, other: Path) -> set[str]:
    """Return the files in which two folders differ."""
    left, right = tree(one), tree(other)
    return {file for file in left.keys() | right.keys() if left.get(file) != right.get(file)}


def write(folder: Path, files: Mapping[str, bytes]) -> Path:
    """Write files, hash them in hashes.json unless that is among them, and return the folder."""
    listed = {file: hashlib.sha256(content).hexdigest() for file, content in files.items()}
    for file, content in {"hashes.json": json.dumps(listed).encode(), **files}.items():
        (folder / file).parent.mkdir(parents=True, exist_ok=True)
        (folder / file).write_bytes(content)
    return folder


# Running the commands


class Run(NamedTuple):
    """How a command ended and what it printed."""

    code: int
    out: str
    err: str


def run(*arguments: str | Path, cwd: Path) -> Run:
    """Run `datagap-synth` in this process."""
    out, err = io.StringIO(), io.StringIO()
    saved, sys.argv = sys.argv, [NAME, *map(str, arguments)]
    try:
        with contextlib.chdir(cwd), contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            code = _run(cli, NAME, Session())
    finally:
        sys.argv = saved
    return Run(code, out.getvalue(), err.getvalue())


def program() -> str:
    """Return the path of the installed `datagap-synth`."""
    found = shutil.which(NAME, path=str(Path(sys.executable).parent))
    assert found, f"{NAME} is not installed beside {sys.executable}"
    return found


def call(*arguments: str | Path, cwd: Path, env: Mapping[str, str] | None = None) -> Run:
    """Run the installed `datagap-synth`."""
    command = [program(), *map(str, arguments)]
    ended = subprocess.run(command, cwd=cwd, env=env, capture_output=True, encoding="utf-8", timeout=120, check=False)
    return Run(ended.returncode, ended.stdout, ended.stderr)


# What commands and checks print, kept in files

SNAPSHOTS: Final = Path(__file__).with_name("snapshots")
RENEW: Final = "RENEW_SNAPSHOTS"
"""Set this variable to write the snapshots anew, then read the difference."""


def snapshot(name: str) -> str:
    """Return what is expected to be printed."""
    return (SNAPSHOTS / f"{name}.txt").read_text(encoding="utf-8")


def check_snapshot(name: str, printed: str) -> None:
    """Compare what was printed with what is expected; digests, which change with every byte, are left out."""
    printed = re.sub("[0-9a-f]{12}…", "<digest>", printed)
    if os.environ.get(RENEW):
        SNAPSHOTS.mkdir(exist_ok=True)
        (SNAPSHOTS / f"{name}.txt").write_text(printed, encoding="utf-8", newline="\n")
    assert printed == snapshot(name), f"run pytest with {RENEW}=1 if this was meant"


# A second reading of packs


def instant(text: str) -> datetime:
    """Return the instant that a timestamp names."""
    return datetime.strptime(text, "%Y-%m-%dT%H:%M:%S%z")


class Files:
    """A pack read by json and csv alone."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.manifest: dict[str, Any] = self.json("manifest.json")
        self.datasets: dict[str, dict[str, Any]] = {one["name"]: one for one in self.json("catalog/datasets.json")}
        self.freshness = {row["dataset"]: row for row in self.csv("catalog/freshness.csv")}
        self.lineage: list[dict[str, str]] = self.json("catalog/lineage.json")
        self.people = {one["person_id"]: one for one in self.lines("catalog/people.jsonl")}
        self.gaps = {one["gap_id"]: one for one in self.lines("truth/gaps.jsonl")}
        self.label_lines = self.lines("truth/labels.jsonl")
        self.labels = {one["event_id"]: one for one in self.label_lines}
        self.channels = {channel: self.lines(file) for channel, file in CHANNELS.items()}
        self.events = {event["id"]: event for events in self.channels.values() for event in events}

    def json(self, file: str) -> Any:
        return json.loads((self.folder / file).read_text(encoding="utf-8"))

    def lines(self, file: str) -> list[dict[str, Any]]:
        return [json.loads(line) for line in (self.folder / file).read_text(encoding="utf-8").split("\n")[:-1]]

    def csv(self, file: str) -> list[dict[str, str]]:
        return list(csv.DictReader(io.StringIO((self.folder / file).read_text(encoding="utf-8"))))

    @property
    def counts(self) -> dict[str, int]:
        counts: dict[str, int] = self.manifest["counts"]
        return counts

    def columns(self, dataset: str) -> dict[str, dict[str, Any]]:
        return {column["name"]: column for column in self.datasets[dataset]["columns"]}

    def may_read(self, person: str, dataset: str) -> bool:
        return bool({*self.people[person]["access_roles"]} & {*self.datasets[dataset]["access_roles"]})

    def due(self, dataset: str) -> datetime:
        """Return when the newest load of a dataset becomes too old."""
        row = self.freshness[dataset]
        return instant(row["max_loaded_at"]) + timedelta(hours=int(row["sla_hours"]))

    @cached_property
    def late(self) -> set[str]:
        now = instant(self.manifest["generated_at"])
        return {name for name in self.freshness if self.due(name) < now}

    @cached_property
    def sources(self) -> dict[str, set[str]]:
        found: dict[str, set[str]] = {name: set() for name in self.datasets}
        for edge in self.lineage:
            found[edge["to"]].add(edge["from"])
        return found

    @cached_property
    def keys(self) -> dict[str, set[str]]:
        """Datasets that a declared foreign key links to each, in either direction."""
        found: dict[str, set[str]] = {name: set() for name in self.datasets}
        for name, dataset in self.datasets.items():
            for key in dataset["foreign_keys"]:
                found[name].add(key["references"])
                found[key["references"]].add(name)
        return found

    def of_type(self, gap_type: str) -> list[dict[str, Any]]:
        return [gap for gap in self.gaps.values() if gap["gap_type"] == gap_type]

    def behind(self, gap_id: str) -> list[dict[str, Any]]:
        """Return the events behind which a gap lies."""
        return [self.events[label["event_id"]] for label in self.label_lines if gap_id in label["gap_ids"]]

    @cached_property
    def names(self) -> set[str]:
        """Every name by which the catalog offers data, in words."""
        offered = set()
        for dataset in self.datasets.values():
            offered |= {dataset["name"], *dataset["aliases"]} | {one["name"] for one in dataset.get("metrics", ())}
        return {_words(name) for name in offered}


def text_of(event: Mapping[str, Any]) -> str:
    """Return everything that the writer of an event wrote."""
    return str(event.get("nl_text") or event.get("text") or f"{event['subject']}\n{event['body']}")


def reachable(neighbours: Mapping[str, Iterable[str]], start: str) -> set[str]:
    """Return what can be reached from `start`, itself included."""
    seen, waiting = {start}, deque([start])
    while waiting:
        for name in neighbours.get(waiting.popleft(), ()):
            if name not in seen:
                seen.add(name)
                waiting.append(name)
    return seen


def _words(name: str) -> str:
    return " ".join(re.findall("[a-z0-9]+", name.lower()))


# What must be true of each open gap, and of the events in front of it


def _missing_asset(pack: Files, gap: dict[str, Any]) -> bool:
    subject = _words(gap["subject"])
    return gap["datasets"] == [] and not any(subject in name or name in subject for name in pack.names)


def _missing_column(pack: Files, gap: dict[str, Any]) -> bool:
    return not {*gap["columns"]} & pack.columns(gap["datasets"][0]).keys()


def _grain_mismatch(pack: Files, gap: dict[str, Any]) -> bool:
    has, asked = pack.datasets[gap["datasets"][0]]["grain"], gap["grain"]
    return PERIODS.index(asked["period"]) < PERIODS.index(has["period"]) and asked["keys"] == has["keys"]


def _type_mismatch(pack: Files, gap: dict[str, Any]) -> bool:
    return {pack.columns(gap["datasets"][0])[name]["type"] for name in gap["columns"]} == {"string"}


def _freshness_breach(pack: Files, gap: dict[str, Any]) -> bool:
    root, *descendants = gap["datasets"]
    return (
        {*gap["datasets"]} <= pack.late
        and not pack.sources[root] & pack.late
        and all(root in reachable(pack.sources, name) for name in descendants)
    )


def _joinability_issue(pack: Files, gap: dict[str, Any]) -> bool:
    left, right = gap["datasets"]
    return right not in reachable(pack.keys, left)


def _access_denied(pack: Files, gap: dict[str, Any]) -> bool:
    dataset = gap["datasets"][0]
    lacking = {person for person in pack.people if not pack.may_read(person, dataset)}
    return bool(lacking) and {event["actor"] for event in pack.behind(gap["gap_id"])} <= lacking


def _docs_missing(pack: Files, gap: dict[str, Any]) -> bool:
    dataset = pack.datasets[gap["datasets"][0]]
    return dataset["description"] == "" and {column["description"] for column in dataset["columns"]} == {""}


def _performance_limit(pack: Files, gap: dict[str, Any]) -> bool:
    dataset = pack.datasets[gap["datasets"][0]]
    return bool(dataset["row_count"] > 1_000_000_000) and dataset["partitioned_by"] == []


FAILURES: Final = {"unique": "duplicates", "not_null": "incomplete", "accepted_values": "wrong_values"}


def _quality_issue(pack: Files, gap: dict[str, Any]) -> bool:
    failing = [check for check in pack.datasets[gap["datasets"][0]]["checks"] if check["status"] == "fail"]
    return [(check["column"], FAILURES[check["kind"]]) for check in failing] == [(gap["columns"][0], gap["reason"])]


TRUE: Final[Mapping[str, Callable[[Files, dict[str, Any]], bool]]] = {
    "missing_asset": _missing_asset,
    "missing_column": _missing_column,
    "grain_mismatch": _grain_mismatch,
    "type_mismatch": _type_mismatch,
    "freshness_breach": _freshness_breach,
    "joinability_issue": _joinability_issue,
    "access_denied": _access_denied,
    "docs_missing": _docs_missing,
    "performance_limit": _performance_limit,
    "quality_issue": _quality_issue,
}


def stands_at(pack: Files, file: str, pointer: str) -> object:
    """Return what stands at a JSON pointer; of a list of objects, their names."""
    if pointer == "":
        return None
    found: Any = pack.csv(file) if file.endswith(".csv") else pack.json(file)
    for part in pointer.split("/")[1:]:
        found = found[int(part)] if isinstance(found, list) else found[part]
    if isinstance(found, list):
        return [one if isinstance(one, str) else one.get("name") or one["references"] for one in found]
    return found


def untrue_gaps(pack: Files) -> Iterator[str]:
    """Say which gaps do not hold in the catalog, or point at something else."""
    for gap_id, gap in pack.gaps.items():
        name = f"{gap_id} {gap['gap_type']}"
        if gap["resolved_at"] is not None or instant(gap["began_at"]) > instant(pack.manifest["generated_at"]):
            yield f"{name} is not open"
        if not TRUE[gap["gap_type"]](pack, gap):
            yield f"{name} does not hold"
        if stands_at(pack, gap["fact"]["file"], gap["fact"]["pointer"]) != gap["fact"]["value"]:
            yield f"{name} points at {gap['fact']}"


def gaps_without_a_key(pack: Files) -> Iterator[str]:
    """Say what is wrong in the catalog without a gap that says so."""

    def named(gap_type: str) -> set[str]:
        return {name for gap in pack.of_type(gap_type) for name in gap["datasets"]}

    wrong = {
        "freshness_breach": pack.late,
        "access_denied": {
            name for name in pack.datasets if not all(pack.may_read(person, name) for person in pack.people)
        },
        "docs_missing": {name for name, one in pack.datasets.items() if not one["description"]},
        "performance_limit": {name for name, one in pack.datasets.items() if one["row_count"] > 1_000_000_000},
        "quality_issue": {
            name for name, one in pack.datasets.items() if any(check["status"] != "pass" for check in one["checks"])
        },
        "type_mismatch": {
            name
            for name in pack.datasets
            if any(column["type"] == "string" and column["name"].endswith(("_date", "_start"))
                   for column in pack.columns(name).values())
        },
    }  # fmt: skip
    for gap_type, datasets in wrong.items():
        for name in sorted(datasets ^ named(gap_type)):
            yield f"{name}: {gap_type} in the catalog or in the key, not in both"


SQL_WORDS: Final = frozenset({"select", "sum", "as", "from", "where", "date", "group", "by"})


def wrong_events(pack: Files) -> Iterator[str]:
    """Say which events cannot have happened in this world as their labels tell it."""
    for event_id, event in pack.events.items():
        label = pack.labels[event_id]
        for name in event.get("tables", ()):
            if name not in pack.datasets:
                yield f"{event_id} uses {name}"
        gaps = [pack.gaps[gap_id] for gap_id in label["gap_ids"]]
        datasets = [one["ref"] for one in label["mentions"] if one["kind"] == "dataset"]
        for gap in gaps:
            if event["when"] < gap["began_at"]:
                yield f"{event_id} claims {gap['gap_id']} before it began"
            if gap["gap_type"] == "freshness_breach":
                yield from (f"{event_id} is early" for name in datasets if instant(event["when"]) < pack.due(name))
            if gap["gap_type"] != "access_denied" and not all(pack.may_read(event["actor"], one) for one in datasets):
                yield f"{event_id} has a {gap['gap_type']} on what {event['actor']} may not even read"
        if event["channel"] == "nlq" and not gaps:
            yield from _unanswerable(pack, event)


def _unanswerable(pack: Files, event: dict[str, Any]) -> Iterator[str]:
    (table,) = event["tables"]
    columns = pack.columns(table).keys()
    if not pack.may_read(event["actor"], table):
        yield f"{event['id']}: {event['actor']} may not read {table}"
    if missing := {*event["dims"], *event["metrics"]} - columns:
        yield f"{event['id']}: {table} has no {missing}"
    identifiers = {*re.findall("[a-z_][a-z0-9_]*", re.sub("'[^']*'", "", event.get("parsed_sql", "")))} - SQL_WORDS
    if strange := identifiers - columns - {table}:
        yield f"{event['id']}: the query names {strange}"
    dates = re.findall("([a-z_]+) >= date '", event.get("parsed_sql", ""))
    if {pack.columns(table)[name]["type"] for name in dates if name in columns} - {"date"}:
        yield f"{event['id']}: the query compares {dates} with a date"
    if (event["outcome"] in ("answered", "slow")) is not ("parsed_sql" in event):
        yield f"{event['id']}: {event['outcome']} with{'' if 'parsed_sql' in event else 'out'} a query"


def wrong_labels(pack: Files) -> Iterator[str]:
    """Say which labels do not fit their events, each other, or the demand that the key states."""
    if Counter(label["event_id"] for label in pack.label_lines) != Counter(pack.events.keys()):
        yield "labels and events are not one to one"
    for event_id, label in pack.labels.items():
        yield from (f"{event_id}: {complaint}" for complaint in _wrong_label(pack, pack.events[event_id], label))
    for gap_id, gap in pack.gaps.items():
        behind = pack.behind(gap_id)
        counted = {"people": len({event["actor"] for event in behind}), "events": len(behind)}
        if gap["demand"] != counted:
            yield f"{gap_id}: demand is {counted}"


def _wrong_label(pack: Files, event: dict[str, Any], label: dict[str, Any]) -> Iterator[str]:
    gap_ids, request = label["gap_ids"], label["request"]
    if not pack.gaps.keys() >= {*gap_ids} or len(gap_ids) > 1:
        yield f"gaps {gap_ids}"
    if ("none_reason" in label) is bool(gap_ids):
        yield "a reason for none beside a gap, or neither"
    if gap_ids and not request:
        yield "a gap behind what asks for nothing"
    if ("difficulty" in label) is not bool(gap_ids):
        yield "difficulty without a need, or a need without one"
    if label["lang"] != event.get("lang", label["lang"]):
        yield "another language"
    for mention in label["mentions"]:
        if mention["text"] not in text_of(event):
            yield f"does not say {mention['text']!r}"
        yield from _wrong_mention(pack, label, mention)
    if event["channel"] == "nlq":
        expected = {"answered": "answered", "slow": "answered", "uncertain": "analysis_request"}
        if label.get("none_reason") != expected.get(event["outcome"]) or not request or "state" in label:
            yield f"a query that ends {event['outcome']} as {label}"
    else:
        yield from _wrong_in_thread(pack, event, label)


def _wrong_mention(pack: Files, label: dict[str, Any], mention: dict[str, Any]) -> Iterator[str]:
    kind, ref = mention["kind"], mention["ref"]
    gap = pack.gaps[label["gap_ids"][0]] if label["gap_ids"] else None
    if kind == "dataset" and ref not in pack.datasets:
        yield f"no dataset {ref}"
    elif kind in ("column", "metric", "dimension"):
        dataset, _, column = ref.partition(".")
        there = column in pack.columns(dataset)
        absent = gap is not None and gap["gap_type"] == "missing_column" and column in gap["columns"]
        if there is absent:
            yield f"{ref} is {'' if there else 'not '}there"
    elif kind == "subject" and (gap is None or ref != gap["subject"]):
        yield f"no subject {ref}"


def _wrong_in_thread(pack: Files, event: dict[str, Any], label: dict[str, Any]) -> Iterator[str]:
    opener = event.get("thread_id", event["id"])
    about = pack.labels[opener]["gap_ids"]
    if event["id"] == opener and label["request"] is not bool(about):
        yield "an opener that asks about nothing"
    if label["request"] and label["gap_ids"] != about:
        yield "a follow-up that asks about something else"
    if not label["request"] and (label["gap_ids"] or label["none_reason"] not in ("chatter", "wrong_tool", "how_to")):
        yield f"asks for nothing for {label}"
    if ("state" in label) is not bool(about) or label.get("state") != pack.labels[opener].get("state"):
        yield "a state of its own"
    if pack.events[opener]["when"] > event["when"]:
        yield "before its opener"
    query = event.get("referenced_query_id")
    if query and (pack.labels[query]["gap_ids"] != about or pack.events[query]["when"] >= event["when"]):
        yield f"refers to {query}, which met something else, or later"


def unfilled(pack: Files) -> Iterator[str]:
    """Say which texts still have a slot in them; names of people are taken out first, they may look like one."""
    odd = [person for person in pack.people if "{" in person]
    for event in pack.events.values():
        text = text_of(event)
        for person in odd:
            text = text.replace(f"@{person}", "")
        if re.search(r"\{[a-z_]+\}", text):
            yield f"{event['id']}: {text}"


def faults(pack: Files) -> list[str]:
    """Return everything that is wrong with the truth of a pack."""
    checks = (untrue_gaps, gaps_without_a_key, wrong_events, wrong_labels, unfilled)
    return [complaint for check in checks for complaint in check(pack)]
