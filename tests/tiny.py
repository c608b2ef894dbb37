"""A pack small enough to be read at a glance, and edits that break it."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeAlias

from tests import handmade, packs

Documents: TypeAlias = dict[str, Any]
"""The parsed content of a pack's files: lists for JSON lines, text for CSV."""
DATASETS, LINEAGE, FRESHNESS = "catalog/datasets.json", "catalog/lineage.json", "catalog/freshness.csv"
GAPS, LABELS = "truth/gaps.jsonl", "truth/labels.jsonl"
COUNTED = {
    "catalog_datasets": DATASETS,
    "catalog_freshness_rows": FRESHNESS,
    "catalog_lineage_edges": LINEAGE,
    "catalog_people": "catalog/people.jsonl",
    "nl_queries": "nl_queries.jsonl",
    "slack": "slack.jsonl",
    "email": "email.jsonl",
    "truth_gaps": GAPS,
    "truth_labels": LABELS,
}


def gap(gap_id: str, gap_type: str, reason: str, datasets: list[str], fact: dict[str, Any], events: int) -> Any:
    return {
        "gap_id": gap_id,
        "gap_type": gap_type,
        "reason": reason,
        "datasets": datasets,
        "columns": [],
        "fact": fact,
        "severity": "high",
        "began_at": "2026-03-01T00:00:00Z",
        "resolved_at": None,
        "demand": {"people": 1, "events": events},
    }


def label(event_id: str, *gap_ids: str) -> dict[str, Any]:
    none = {} if gap_ids else {"none_reason": "answered"}
    request = bool(gap_ids) or event_id.startswith("q")
    rest = {"gap_ids": [*gap_ids], "mentions": [], "intent": "lookup", "lang": "en"}
    return {"event_id": event_id, "request": request, **none, **rest}


COLUMNS = ["order_date", "region", "net_revenue"]
TINY: Documents = {
    "manifest.json": {
        "pack_id": "tiny",
        "generated_at": handmade.NOW,
        "generator_version": "0.1.0",
        "seed": None,
        "config_echo": {"time_window_days": 7},
    },
    DATASETS: [handmade.dataset("raw_orders"), handmade.dataset("mart_orders")],
    LINEAGE: [{"from": "raw_orders", "to": "mart_orders"}],
    FRESHNESS: (
        "dataset,max_loaded_at,sla_hours\n"
        "raw_orders,2026-03-01T06:00:00Z,24\n"
        "mart_orders,2026-03-05T06:00:00Z,24\n"
    ),
    "catalog/coverage.json": handmade.FULL,
    "catalog/people.jsonl": [{"person_id": "u_ann"}, {"person_id": "u_owner"}],
    "nl_queries.jsonl": [
        handmade.query("q_1", "Net revenue by region", "answered", when="2026-03-04T10:00:00Z",
            tables=["mart_orders"], parsed_sql="select region, sum(net_revenue) from mart_orders group by region"),
        handmade.query("q_2", "Net revenue by segment in mart_orders", when="2026-03-04T10:30:00Z"),
    ],
    "slack.jsonl": [
        handmade.slack("s_1", "There is no segment in mart_orders.", referenced_query_id="q_2"),
        handmade.slack("s_2", "Looking into it.", when="2026-03-04T11:30:00Z", thread_id="s_1"),
    ],
    "email.jsonl": [handmade.email("e_1", "raw_orders", "It is from Sunday.")],
    GAPS: [
        gap("g_1", "missing_column", "absent", ["mart_orders"],
            {"file": DATASETS, "pointer": "/1/columns", "value": COLUMNS}, 2),
        gap("g_2", "freshness_breach", "failed_run", ["raw_orders"],
            {"file": FRESHNESS, "pointer": "/0/max_loaded_at", "value": "2026-03-01T06:00:00Z"}, 1),
    ],
    LABELS: [label("q_1"), label("q_2", "g_1"), label("s_1", "g_1"), label("s_2"), label("e_1", "g_2")],
}  # fmt: skip


def rendered(documents: Documents) -> dict[str, bytes]:
    """Return the bytes of each file; counts in the manifest are recounted where they do not stand there."""
    counts = {
        name: documents[file].count("\n") - 1 if file == FRESHNESS else len(documents[file])
        for name, file in COUNTED.items()
        if file in documents
    }
    manifest = documents["manifest.json"]
    documents["manifest.json"] = {**manifest, "counts": {**counts, **manifest.get("counts", {})}}
    return {file: as_bytes(file, content) for file, content in documents.items()}


def as_bytes(file: str, content: Any) -> bytes:
    if isinstance(content, bytes):
        return content
    if file.endswith(".jsonl"):
        return b"".join(json.dumps(record).encode() + b"\n" for record in content)
    return content.encode() if file.endswith(".csv") else json.dumps(content, indent=1).encode()


def tiny(folder: Path, edit: Callable[[Documents], object] = lambda _: None) -> Path:
    documents = copy.deepcopy(TINY)
    edit(documents)
    return packs.write(folder, rendered(documents))


def at(*path: Any, **change: Any) -> Callable[[Documents], None]:
    """Return an edit that changes keys of the object at a path; a value of ... removes the key."""

    def edit(documents: Documents) -> None:
        target: Any = documents
        for part in path:
            target = target[part]
        target.update(change)
        for key in [key for key, value in change.items() if value is ...]:
            del target[key]

    return edit


def add(file: str, record: Any, place: int | None = None) -> Callable[[Documents], None]:
    """Return an edit that adds a record to a file."""
    return lambda documents: documents[file].insert(len(documents[file]) if place is None else place, record)


def drop(file: str, place: int) -> Callable[[Documents], None]:
    """Return an edit that removes a record from a file."""
    return lambda documents: documents[file].pop(place)


def both(*edits: Callable[[Any], object]) -> Callable[[Documents], None]:
    """Return an edit that makes several."""

    def edit(documents: Documents) -> None:
        for one in edits:
            one(documents)

    return edit


def swap(file: str, old: str, new: str) -> Callable[[Any], None]:
    """Return an edit that replaces text in a file, in the documents or in their bytes."""

    def edit(files: Documents) -> None:
        content = files[file]
        assert (old if isinstance(content, str) else old.encode()) in content
        files[file] = (
            content.replace(old, new) if isinstance(content, str) else content.replace(old.encode(), new.encode())
        )

    return edit


def raw(file: str, old: bytes, new: bytes) -> Callable[[dict[str, bytes]], None]:
    """Return an edit that replaces bytes in a file, the last time they occur."""

    def edit(files: dict[str, bytes]) -> None:
        before, found, after = files[file].rpartition(old)
        assert found
        files[file] = before + new + after

    return edit
