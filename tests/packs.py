"""Packs for tests: ways to make and to write them, and a second reading that shares no code with datagap."""

from __future__ import annotations

import contextlib
import csv
import hashlib
import io
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import Any, Final, NamedTuple

import sqlglot

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
    "gaps": {"count": 24},
    "catalog": {"mart_tables": 20, "staging_tables": 24},
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


def transcript(commands: Sequence[Sequence[str]], cwd: Path) -> str:
    """Return what a session in `cwd` prints, command by command."""
    parts = []
    for command in commands:
        ran = run(*command, cwd=cwd)
        lines = [f"$ datagap-synth {shlex.join(command)}", *ran.out.splitlines()]
        parts.append("\n".join([*lines, *(f"! {line}" for line in ran.err.splitlines()), f"[{ran.code}]", ""]))
    text = re.sub(r"\d+ (Slack messages|emails|gaps|schemas|records|more are)", r"<n> \1", "\n".join(parts))
    return text.replace(os.sep, "/")


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
        people = "catalog/people.jsonl"
        self.people = {one["person_id"]: one for one in self.lines(people)} if (folder / people).exists() else {}
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
            for key in dataset.get("foreign_keys", ()):
                found[name].add(key["references"])
                found[key["references"]].add(name)
        return found

    def of_type(self, gap_type: str) -> list[dict[str, Any]]:
        return [gap for gap in self.gaps.values() if gap["gap_type"] == gap_type]

    def behind(self, gap_id: str) -> list[dict[str, Any]]:
        """Return the events behind which a gap lies."""
        return [self.events[label["event_id"]] for label in self.label_lines if gap_id in label["gap_ids"]]

    @cached_property
    def threads(self) -> dict[str, list[str]]:
        """The ids of each thread's messages, by the id of its opener, in time order."""
        found: dict[str, list[str]] = {}
        for event in self.events.values():
            if event["channel"] != "nlq":
                found.setdefault(event.get("thread_id", event["id"]), []).append(event["id"])
        return found

    @cached_property
    def names(self) -> set[str]:
        """Every name by which the catalog offers data, in words."""
        offered = set()
        for dataset in self.datasets.values():
            offered |= {dataset["name"], *dataset.get("aliases", ()), dataset.get("description", "")}
            offered |= {one["name"] for one in dataset.get("metrics", ())}
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


# What must be true of each open gap, by its reason, and no longer of a resolved one; from the catalog files alone

SUMMED: Final = {("day", period) for period in PERIODS[2:]} | {
    ("month", "quarter"),
    ("month", "year"),
    ("quarter", "year"),
}
"""Periods that add up to others."""


def _first(pack: Files, gap: dict[str, Any]) -> dict[str, Any]:
    return pack.datasets[gap["datasets"][0]]


def _not_ingested(pack: Files, gap: dict[str, Any]) -> bool:
    subject = _words(gap["subject"])
    return gap["datasets"] == [] and not any(subject in name for name in pack.names)


def _not_modelled(pack: Files, gap: dict[str, Any]) -> bool:
    (name,), subject = gap["datasets"], _words(gap["subject"])
    others = {_words(other) for other in pack.datasets if other != name}
    feeds = any(edge["from"] == name for edge in pack.lineage)
    return pack.datasets[name]["layer"] == "source" and not feeds and not any(subject in other for other in others)


def _retired(pack: Files, gap: dict[str, Any]) -> bool:
    return "retired_at" in _first(pack, gap)


def _absent(pack: Files, gap: dict[str, Any]) -> bool:
    name, wanted = gap["datasets"][0], {*gap["columns"]}
    above = {column for source in reachable(pack.sources, name) for column in pack.columns(source)}
    return not wanted & above


def _not_exposed(pack: Files, gap: dict[str, Any]) -> bool:
    name, wanted = gap["datasets"][0], {*gap["columns"]}
    above = {column for source in reachable(pack.sources, name) - {name} for column in pack.columns(source)}
    return not wanted & pack.columns(name).keys() and wanted <= above


def _too_coarse(pack: Files, gap: dict[str, Any]) -> bool:
    has, asked = _first(pack, gap)["grain"]["period"], gap["grain"]["period"]
    return PERIODS.index(asked) < PERIODS.index(has)


def _incompatible_period(pack: Files, gap: dict[str, Any]) -> bool:
    has, asked = _first(pack, gap)["grain"]["period"], gap["grain"]["period"]
    return PERIODS.index(asked) > PERIODS.index(has) and (has, asked) not in SUMMED


def _as_text(pack: Files, gap: dict[str, Any]) -> list[dict[str, Any]]:
    columns = [pack.columns(gap["datasets"][0])[name] for name in gap["columns"]]
    return [column for column in columns if column["type"] == "string" and _is_day(column["name"])]


def _is_day(name: str) -> bool:
    return name.endswith(("_date", "_start")) or name == "created_on"


def _wrong_type(pack: Files, gap: dict[str, Any]) -> bool:
    return [column.get("format") for column in _as_text(pack, gap)] == [None]


def _wrong_format(pack: Files, gap: dict[str, Any]) -> bool:
    return [column.get("format") for column in _as_text(pack, gap)] == ["DD/MM/YYYY"]


def _late(pack: Files, gap: dict[str, Any]) -> bool:
    root, *descendants = gap["datasets"]
    return (
        {*gap["datasets"]} <= pack.late
        and not pack.sources[root] & pack.late
        and all(root in reachable(pack.sources, name) for name in descendants)
    )


def _upstream_late(pack: Files, gap: dict[str, Any]) -> bool:
    return _late(pack, gap) and len(gap["datasets"]) > 1


def _failed_run(pack: Files, gap: dict[str, Any]) -> bool:
    return _late(pack, gap) and len(gap["datasets"]) == 1


def _late_arriving(pack: Files, gap: dict[str, Any]) -> bool:
    return gap["datasets"][0] not in pack.late and _fails(pack, gap, "recency")


def _sla_insufficient(pack: Files, gap: dict[str, Any]) -> bool:
    name = gap["datasets"][0]
    return name not in pack.late and int(pack.freshness[name]["sla_hours"]) >= 48


def _no_key(pack: Files, gap: dict[str, Any]) -> bool:
    left, right = gap["datasets"]
    return right not in reachable(pack.keys, left)


def _key_mismatch(pack: Files, gap: dict[str, Any]) -> bool:
    left, right = gap["datasets"]
    (mine,), (theirs,) = gap["columns"], pack.datasets[right]["primary_key"]
    differ = pack.columns(left)[mine]["type"] != pack.columns(right)[theirs]["type"]
    return _no_key(pack, gap) and differ and theirs not in pack.columns(left)


def _askers(pack: Files, gap: dict[str, Any]) -> set[str]:
    return {event["actor"] for event in pack.behind(gap["gap_id"]) if pack.labels[event["id"]]["request"]}


def _no_grant(pack: Files, gap: dict[str, Any]) -> bool:
    lacking = {person for person in pack.people if not pack.may_read(person, gap["datasets"][0])}
    return bool(lacking) and _askers(pack, gap) <= lacking


def _masked(pack: Files, gap: dict[str, Any]) -> bool:
    (name,), (column,) = gap["datasets"], gap["columns"]
    seen_by = {*pack.columns(name)[column].get("access_roles", ())}
    lacking = {one for one, person in pack.people.items() if not seen_by & {*person["access_roles"]}}
    return bool(seen_by) and _askers(pack, gap) <= lacking and all(pack.may_read(one, name) for one in lacking)


def _undocumented(pack: Files, gap: dict[str, Any]) -> bool:
    dataset = _first(pack, gap)
    return dataset["description"] == "" and {column["description"] for column in dataset["columns"]} == {""}


def _undiscoverable(pack: Files, gap: dict[str, Any]) -> bool:
    column = pack.columns(gap["datasets"][0])[gap["columns"][0]]
    return bool(column["description"]) and not {*_words(column["name"]).split()} & {
        *_words(column["description"]).split()
    }


def _conflicting_definitions(pack: Files, gap: dict[str, Any]) -> bool:
    found = [one for name in gap["datasets"] for one in pack.datasets[name]["metrics"] if one["name"] in gap["columns"]]
    return len({metric["definition"] for metric in found}) == 2


def _stale(pack: Files, gap: dict[str, Any]) -> bool:
    named = re.findall("`([a-z_]+)`", _first(pack, gap)["description"])
    return named == gap["columns"] and not {*named} & pack.columns(gap["datasets"][0]).keys()


BIG: Final = 1_000_000_000
ENORMOUS: Final = 50 * BIG


def _too_large(pack: Files, gap: dict[str, Any]) -> bool:
    return bool(_first(pack, gap)["row_count"] > ENORMOUS) and _first(pack, gap)["partitioned_by"] != []


def _unpartitioned(pack: Files, gap: dict[str, Any]) -> bool:
    return bool(_first(pack, gap)["row_count"] > BIG) and _first(pack, gap)["partitioned_by"] == []


def _no_aggregate(pack: Files, gap: dict[str, Any]) -> bool:
    name = gap["datasets"][0]
    made = [one for one in pack.datasets if one != name and name in reachable(pack.sources, one)]
    aggregated = any("period" in pack.datasets[one]["grain"] for one in made)
    return bool(pack.datasets[name]["row_count"] > BIG) and not aggregated


def _fails(pack: Files, gap: dict[str, Any], kind: str) -> bool:
    failing = [check for check in _first(pack, gap)["checks"] if check["status"] == "fail"]
    columns = gap["columns"] or [check["column"] for check in failing]
    return [(check["kind"], check["column"]) for check in failing] == [(kind, columns[0])] if failing else False


TRUE: Final[Mapping[str, Callable[[Files, dict[str, Any]], bool]]] = {
    "not_ingested": _not_ingested,
    "not_modelled": _not_modelled,
    "retired": _retired,
    "absent": _absent,
    "not_exposed": _not_exposed,
    "too_coarse": _too_coarse,
    "incompatible_period": _incompatible_period,
    "wrong_type": _wrong_type,
    "wrong_format": _wrong_format,
    "upstream_late": _upstream_late,
    "failed_run": _failed_run,
    "late_arriving": _late_arriving,
    "sla_insufficient": _sla_insufficient,
    "no_key": _no_key,
    "key_mismatch": _key_mismatch,
    "no_grant": _no_grant,
    "masked": _masked,
    "undocumented": _undocumented,
    "undiscoverable": _undiscoverable,
    "conflicting_definitions": _conflicting_definitions,
    "stale": _stale,
    "too_large": _too_large,
    "unpartitioned": _unpartitioned,
    "no_aggregate": _no_aggregate,
    "incomplete": lambda pack, gap: _fails(pack, gap, "not_null"),
    "duplicates": lambda pack, gap: _fails(pack, gap, "unique"),
    "wrong_values": lambda pack, gap: _fails(pack, gap, "accepted_values"),
    "conflicting_numbers": lambda pack, gap: _fails(pack, gap, "reconciliation"),
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
    """Say which gaps do not hold in the catalog though they are open, or do though not, or point at something else."""
    now = instant(pack.manifest["generated_at"])
    for gap_id, gap in pack.gaps.items():
        name = f"{gap_id} {gap['gap_type']} ({gap['reason']})"
        began, ended = instant(gap["began_at"]), instant(gap["resolved_at"] or pack.manifest["generated_at"])
        if not began < ended <= now:
            yield f"{name} holds from {began} to {ended}"
        if TRUE[gap["reason"]](pack, gap) is not (gap["resolved_at"] is None):
            yield f"{name} {'still holds' if gap['resolved_at'] else 'does not hold'}"
        if stands_at(pack, gap["fact"]["file"], gap["fact"]["pointer"]) != gap["fact"]["value"]:
            yield f"{name} points at {gap['fact']}"


def gaps_without_a_key(pack: Files) -> Iterator[str]:
    """Say what is wrong in the catalog without an open gap that says so."""

    def named(*reasons: str) -> set[str]:
        gaps = [gap for gap in pack.gaps.values() if gap["reason"] in reasons and not gap["resolved_at"]]
        return {name for gap in gaps for name in gap["datasets"]}

    definitions: dict[str, dict[str, str]] = {}
    for name, one in pack.datasets.items():
        for metric in one["metrics"]:
            definitions.setdefault(metric["name"], {})[name] = metric["definition"]
    datasets = pack.datasets.items()
    everybody = pack.people
    wrong = {
        ("upstream_late", "failed_run"): pack.late,
        ("retired",): {name for name, one in datasets if "retired_at" in one},
        ("no_grant",): {name for name in pack.datasets if not all(pack.may_read(person, name) for person in everybody)},
        ("masked",): {name for name, one in datasets if any("access_roles" in column for column in one["columns"])},
        ("undocumented",): {name for name, one in datasets if not one["description"]},
        ("stale",): {name for name, one in datasets if "`" in one["description"]},
        ("conflicting_definitions",): {
            name for found in definitions.values() if len({*found.values()}) > 1 for name in found
        },
        ("too_large", "unpartitioned", "no_aggregate"): {name for name, one in datasets if one["row_count"] > BIG},
        ("wrong_type", "wrong_format"): {
            name
            for name, one in datasets
            for column in one["columns"]
            if column["type"] == "string" and _is_day(column["name"])
        },
    }  # fmt: skip
    for reasons, found in wrong.items():
        for name in sorted(found ^ named(*reasons)):
            yield f"{name}: {' or '.join(reasons)} in the catalog or in the key, not in both"
    failing = {name for name, one in datasets if any(check["status"] != "pass" for check in one["checks"])}
    hosts = named("incomplete", "duplicates", "wrong_values", "conflicting_numbers", "late_arriving")
    if not failing <= hosts:
        yield f"{failing - hosts} fail a check and no gap says so"


SERVED: Final = ("answered", "analysis_request", "bot_error", "working_as_intended")
"""Why an event carries no gap that is about data all the same."""
COVERED: Final[Mapping[str, tuple[str, ...]]] = {
    "week": ("this_week", "last_week"),
    "month": ("this_month", "last_month", "this_quarter", "last_quarter", "year_to_date", "last_year"),
    "quarter": ("this_quarter", "last_quarter", "year_to_date", "last_year"),
}
PAST: Final = ("last_quarter", "last_year")


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
            if not gap["began_at"] <= event["when"] < (gap["resolved_at"] or "9"):
                yield f"{event_id} claims {gap['gap_id']} when it did not hold"
            if gap["reason"] != "no_grant" and not all(pack.may_read(event["actor"], one) for one in datasets):
                yield f"{event_id} has a {gap['gap_type']} on what {event['actor']} may not even read"
        if label.get("none_reason") in SERVED and label["request"]:
            yield from (f"{event_id}: {complaint}" for complaint in _depends(pack, event, label))
        if event["channel"] == "nlq" and label.get("none_reason") == "answered":
            yield from _unanswerable(pack, event)


def _about(label: dict[str, Any]) -> set[str]:
    """Return the datasets that an event speaks of, by name or by something in them."""
    refs = {one["kind"]: one["ref"] for one in label["mentions"]}
    of_columns = {
        one["ref"].rpartition(".")[0] for one in label["mentions"] if one["kind"] in ("metric", "dimension", "column")
    }
    return of_columns | ({refs["dataset"]} if "dataset" in refs else set())


def _depends(pack: Files, event: dict[str, Any], label: dict[str, Any]) -> Iterator[str]:
    """Say on which true gap an event depends that is labelled as about none."""
    claim = label["none_reason"] == "working_as_intended"
    spans = {one["ref"] for one in label["mentions"] if one["kind"] == "timeframe"}
    columns = {
        one["ref"].rpartition(".")[2] for one in label["mentions"] if one["kind"] in ("metric", "dimension", "column")
    }
    for name in _about(label):
        dataset = pack.datasets[name]
        if name in pack.late and not spans <= {*PAST}:
            yield f"{name} is late"
        if not pack.may_read(event["actor"], name) or "retired_at" in dataset:
            yield f"{name} is not served to {event['actor']}"
        if {check["column"] for check in dataset["checks"] if check["status"] == "fail"} & columns:
            yield f"{name} fails a check on what is asked"
        if dataset["row_count"] > BIG or (claim and not dataset["description"]):
            yield f"{name} is too big, or has no description"
        held = {*pack.people[event["actor"]]["access_roles"]}
        for column in columns & pack.columns(name).keys():
            seen_by = pack.columns(name)[column].get("access_roles")
            if seen_by is not None and not held & {*seen_by}:
                yield f"{name}.{column} is masked"
        if (
            columns
            - pack.columns(name).keys()
            - {one["ref"].rpartition(".")[2] for one in label["mentions"] if not one["ref"].startswith(f"{name}.")}
        ):
            yield f"{name} has not all of {columns}"
        period = dataset["grain"].get("period", "day")
        if spans - {"unspecified", *COVERED.get(period, spans)}:
            yield f"{name} by {period} does not add up to {spans}"
    for gap in pack.gaps.values():  # what was mended later did not serve before
        touched = gap["datasets"][:1] if gap["gap_type"] == "joinability_issue" else gap["datasets"]
        if gap["resolved_at"] and event["when"] < gap["resolved_at"] and {*touched} & _about(label):
            yield f"{gap['gap_id']} held at the time"


def _unanswerable(pack: Files, event: dict[str, Any]) -> Iterator[str]:
    """Say what in an answered query's SQL the catalog does not have; read by sqlglot."""
    tree = sqlglot.parse_one(event["parsed_sql"], dialect="postgres")
    tables = {table.alias_or_name: table.name for table in tree.find_all(sqlglot.exp.Table)}
    if {*tables.values()} != {*event["tables"]}:
        yield f"{event['id']}: reads {tables} and considers {event['tables']}"
    aliases = {alias.alias for alias in tree.find_all(sqlglot.exp.Alias)}
    for column in tree.find_all(sqlglot.exp.Column):
        homes = [tables[column.table]] if column.table else [*tables.values()]
        if column.name not in aliases and not any(column.name in pack.columns(home) for home in homes):
            yield f"{event['id']}: {homes} have no {column.name}"
    for join in tree.find_all(sqlglot.exp.Join):
        left, right = join.args["on"].this, join.args["on"].expression
        ends = [(tables[side.table], side.name) for side in (left, right)]
        keys = {
            ((name, key["columns"][0]), (key["references"], key["referenced_columns"][0]))
            for name in tables.values()
            for key in pack.datasets[name]["foreign_keys"]
        }
        if (ends[0], ends[1]) not in keys and (ends[1], ends[0]) not in keys:
            yield f"{event['id']}: no declared key joins {ends}"


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
        outcomes = ("blocked", "degraded") if gap_ids else ("answered", "slow", "uncertain")
        answered = label.get("none_reason") == "answered"
        if (
            event["outcome"] not in outcomes
            or answered is not (event["outcome"] in ("answered", "slow"))
            or "state" in label
        ):
            yield f"a query that ends {event['outcome']} as {label}"
    else:
        yield from _wrong_in_thread(pack, event, label)


def _wrong_mention(pack: Files, label: dict[str, Any], mention: dict[str, Any]) -> Iterator[str]:
    kind, ref = mention["kind"], mention["ref"]
    gap = pack.gaps[label["gap_ids"][0]] if label["gap_ids"] else None
    if kind == "dataset" and ref not in pack.datasets:
        yield f"no dataset {ref}"
    elif kind in ("column", "metric", "dimension") and gap is not None:
        dataset, _, column = ref.partition(".")
        names = pack.columns(dataset).keys() | {one["name"] for one in pack.datasets[dataset].get("metrics", ())}
        ghost = (
            gap["reason"] in ("absent", "not_exposed", "stale") and column in gap["columns"] and not gap["resolved_at"]
        )
        if (column in names) is ghost:
            yield f"{ref} is {'' if column in names else 'not '}there"
    elif kind == "subject" and gap is not None and ref != gap["subject"]:
        yield f"no subject {ref}"


def _wrong_in_thread(pack: Files, event: dict[str, Any], label: dict[str, Any]) -> Iterator[str]:
    opener = event.get("thread_id", event["id"])
    about = pack.labels[opener]["gap_ids"]
    if label["gap_ids"] and label["gap_ids"] != about:
        yield "a follow-up that asks about something else"
    if event["id"] != opener and not label["gap_ids"] and label["none_reason"] not in ("chatter", "resolved"):
        yield f"asks for nothing for {label}"
    if ("state" in label) is not bool(about) or label.get("state") != pack.labels[opener].get("state"):
        yield "a state of its own"
    if event["id"] != opener and pack.events[opener]["when"] >= event["when"]:
        yield "not after its opener"
    if event["channel"] == "email":
        subject = pack.events[opener]["subject"]
        if event["subject"] != (subject if event["id"] == opener else f"Re: {subject}"):
            yield "another subject"
    query = event.get("referenced_query_id")
    if query and (pack.labels[query]["gap_ids"] != about or pack.events[query]["when"] >= event["when"]):
        yield f"refers to {query}, which met something else, or later"


def riddles(pack: Files) -> Iterator[str]:
    """Say which needs cannot be told from their thread, its reference and the catalog together."""
    for event_id, label in pack.labels.items():
        for gap in (pack.gaps[gap_id] for gap_id in label["gap_ids"]):
            event = pack.events[event_id]
            around = [event_id] if event["channel"] == "nlq" else pack.threads[event.get("thread_id", event_id)]
            mentions = [one for other in around for one in pack.labels[other]["mentions"]]
            refs = {one["ref"] for one in mentions}
            wanted = {gap["subject"]} if "subject" in gap else {*gap["datasets"]}
            if not refs & wanted:
                yield f"{event_id}: {gap['gap_id']} is about {wanted} and only {refs} are named"
            columns = {one["ref"].rpartition(".")[2] for one in mentions}
            if gap["gap_type"] == "missing_column" and not columns & {*gap["columns"]}:
                yield f"{event_id}: {gap['gap_id']} lacks {gap['columns']} and only {columns} are named"


def unfilled(pack: Files) -> Iterator[str]:
    """Say which texts still have a slot in them; names of people are taken out first, they may look like one."""
    odd = [person for person in pack.people if "{" in person]
    for event in pack.events.values():
        text = text_of(event)
        for person in odd:
            text = text.replace(f"@{person}", "")
        if re.search(r"\{[a-z_]+[:|}]", text):
            yield f"{event['id']}: {text}"


def faults(pack: Files) -> list[str]:
    """Return everything that is wrong with the truth of a pack whose catalog is complete."""
    checks = (untrue_gaps, gaps_without_a_key, wrong_events, wrong_labels, riddles, unfilled)
    return [complaint for check in checks for complaint in check(pack)]
