"""Check a report: every record against its schema, and the files against each other."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from datagap import model
from datagap.errors import MisuseError
from datagap.pack.array import json_items
from datagap.pack.document import json_lines, read_json
from datagap.pack.source import DocumentError, regular
from datagap.problem import Problem, show
from datagap.report.decision import PUT_ASIDE
from datagap.validate import InvalidError, embedded

FILES: Final = "DG201"
RANKS: Final = "DG202"
GROUPS: Final = "DG203"
BACKLOG = "backlog.jsonl"
DETECTIONS = "artifacts/detections.jsonl"
CLUSTERS = "artifacts/clusters.json"
DECIDED = "artifacts/decided.jsonl"
LINES: Final[dict[str, model.RecordName]] = {
    BACKLOG: "backlog_item",
    DETECTIONS: "detection",
    "artifacts/intents.jsonl": "intent",
    DECIDED: "decided_group",
}
DOCUMENTS: Final[dict[str, model.RecordName]] = {
    "artifacts/run_config.json": "run_config",
    "artifacts/cost.json": "cost",
}
OTHERS: Final = ("backlog.csv", "report.md", "report.html", "freshness_table.csv", "hotspots.dot")


def read_backlog(out: Path) -> list[model.BacklogItem]:
    """Return the backlog of the report in folder `out`; raise MisuseError if there is no report."""
    _require(out)
    items = []
    for line, value in json_lines(out, BACKLOG):
        if isinstance(value, Problem):
            raise InvalidError([value])
        items.append(embedded().read(model.BacklogItem, value, BACKLOG, line))
    return items


def check_report(out: Path) -> list[Problem]:
    """Return what is wrong with the report in folder `out`; raise MisuseError if there is no report."""
    _require(out)
    problems: list[Problem] = []
    for file in OTHERS:
        problems += _missing(out, file)
    records = {file: list(_records(out, file, record, problems)) for file, record in LINES.items()}
    for file, record in DOCUMENTS.items():
        value = _document(out, file, problems)
        problems += embedded().problems(record, value, file) if value is not None else []
    clusters = _clusters(out, problems)
    problems += _ranks(records[BACKLOG])
    problems += _groups(records[BACKLOG], records[DETECTIONS], clusters)
    problems += _decisions(records[BACKLOG], records[DECIDED])
    problems += _unlisted(records, _enough(out))
    return problems


def _require(out: Path) -> None:
    if not (out / BACKLOG).is_file():
        raise MisuseError(
            f"has no {BACKLOG}, so it is no report", where=str(out), hint="give what datagap-report gen wrote"
        )


def _missing(out: Path, file: str) -> list[Problem]:
    try:
        if not regular(out, file) and file in OTHERS:
            return [Problem(code=FILES, file=file, message="is empty")]
    except DocumentError as error:
        return [Problem(code=FILES, file=file, message=error.message)]
    return []


def _document(out: Path, file: str, problems: list[Problem]) -> object:
    try:
        return read_json(out, file)
    except DocumentError as error:
        problems.append(Problem(code=FILES, file=file, message=error.message))
        return None


def _records(
    out: Path, file: str, record: model.RecordName, problems: list[Problem]
) -> Iterator[tuple[int, dict[str, Any]]]:
    if missing := _missing(out, file):
        problems += missing
        return
    for line, value in json_lines(out, file):
        found = [value] if isinstance(value, Problem) else embedded().problems(record, value, file, line)
        problems += found
        if not found and isinstance(value, dict):
            yield line, value


def _clusters(out: Path, problems: list[Problem]) -> list[dict[str, Any]]:
    clusters = []
    try:
        for place, line, value, _ in json_items(out, CLUSTERS):
            if isinstance(value, Problem):
                problems.append(value)
                continue
            found = embedded().problems("cluster", value, CLUSTERS, line, under=f"/{place}")
            problems += found
            clusters += [value] if isinstance(value, dict) and not found else []
    except DocumentError as error:
        problems.append(Problem(code=FILES, file=CLUSTERS, message=error.message))
    return clusters


def _ranks(items: list[tuple[int, dict[str, Any]]]) -> Iterator[Problem]:
    for expected, (line, item) in enumerate(items, start=1):
        if item["rank"] != expected:
            message = f"expected {expected}, got {item['rank']}"
            yield Problem(code=RANKS, file=BACKLOG, line=line, pointer="/rank", message=message)


def _groups(
    items: list[tuple[int, dict[str, Any]]],
    detections: list[tuple[int, dict[str, Any]]],
    clusters: list[dict[str, Any]],
) -> Iterator[Problem]:
    """Yield items and detections whose group is no cluster, or that their cluster does not list."""
    members = {cluster["group_id"]: set(cluster["event_ids"]) for cluster in clusters}
    for line, item in items:
        if item["group_id"] not in members:
            message = f"{show(item['group_id'])} is no group of {CLUSTERS}"
            yield Problem(code=GROUPS, file=BACKLOG, line=line, pointer="/group_id", message=message)
    for line, detection in detections:
        for place, gap in enumerate(detection["gaps"]):
            if detection["event_id"] not in members.get(gap["group_id"], ()):
                message = f"{show(gap['group_id'])} does not list {show(detection['event_id'])}"
                pointer = f"/gaps/{place}/group_id"
                yield Problem(code=GROUPS, file=DETECTIONS, line=line, pointer=pointer, message=message)
    found = {detection["event_id"] for _, detection in detections}
    for place, cluster in enumerate(clusters):
        for event_id in cluster["event_ids"]:
            if event_id not in found:
                message = f"lists {show(event_id)}, which {DETECTIONS} does not have"
                yield Problem(code=GROUPS, file=CLUSTERS, pointer=f"/{place}", message=message)


def _decisions(items: list[tuple[int, dict[str, Any]]], decided: list[tuple[int, dict[str, Any]]]) -> Iterator[Problem]:
    """Yield what is listed and put aside at once, and ids that stand for two needs."""
    bearer = {item["group_id"]: item["group_id"] for _, item in items}
    for line, one in decided:
        if one["group_id"] in bearer:
            message = f"{show(one['group_id'])} is in {BACKLOG} too"
            yield Problem(code=GROUPS, file=DECIDED, line=line, pointer="/group_id", message=message)
        if one["status"] not in PUT_ASIDE:
            message = f"expected one of {', '.join(PUT_ASIDE)}, got {one['status']}"
            yield Problem(code=GROUPS, file=DECIDED, line=line, pointer="/status", message=message)
        bearer[one["group_id"]] = one["group_id"]
    for file, records in ((BACKLOG, items), (DECIDED, decided)):
        for line, record in records:
            for place, alias in enumerate(record.get("aliases", ())):
                if bearer.setdefault(alias, record["group_id"]) != record["group_id"]:
                    message = f"{show(alias)} stands for {show(bearer[alias])} too"
                    yield Problem(code=GROUPS, file=file, line=line, pointer=f"/aliases/{place}", message=message)


def _enough(out: Path) -> int:
    """Return how many events an item needed to be listed; 1 where the report does not say."""
    try:
        run = read_json(out, "artifacts/run_config.json")
    except DocumentError:
        return 1
    enough = run.get("min_frequency") if isinstance(run, dict) else None
    return enough if isinstance(enough, int) else 1


def _unlisted(records: Mapping[str, list[tuple[int, dict[str, Any]]]], enough: int) -> Iterator[Problem]:
    """Yield that nothing is listed, though something was found that is neither rare nor put aside."""
    aside = {one["group_id"] for _, one in records[DECIDED]}
    events = Counter(
        gap["group_id"]
        for _, detection in records[DETECTIONS]
        for gap in detection["gaps"]
        if gap["verdict"] != "contradicted" and gap["group_id"] not in aside
    )
    if not records[BACKLOG] and any(count >= enough for count in events.values()):
        yield Problem(code=GROUPS, file=BACKLOG, message=f"has no item for the gaps of {DETECTIONS}")
