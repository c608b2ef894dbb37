"""Packs written by hand: a small catalog, and the events that a test needs."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, get_args

from datagap import model
from datagap.catalog import Catalog

NOW = "2026-03-05T18:00:00Z"
FULL: dict[str, Any] = {name: {"status": "complete"} for name in get_args(model.FactClass)}


def column(name: str, kind: str = "string", **more: Any) -> dict[str, Any]:
    return {"name": name, "type": kind, "description": f"The {name}.", **more}


def dataset(name: str, *columns: Mapping[str, Any], **more: Any) -> dict[str, Any]:
    return {
        "name": name,
        "domain": "orders",
        "layer": "mart",
        "owner": "u_owner",
        "description": f"All about {name}.",
        "columns": list(columns) or [column("order_date", "date"), column("region"), column("net_revenue", "decimal")],
        "access_roles": ["staff"],
        "foreign_keys": [],
        "grain": {"keys": ["region"], "period": "day"},
        "row_count": 1000,
        "partitioned_by": [],
        "checks": [],
        **more,
    }


def query(event_id: str, text: str, outcome: str = "blocked", **more: Any) -> dict[str, Any]:
    event = {"id": event_id, "when": "2026-03-04T10:00:00Z", "actor": "u_ann", "channel": "nlq", "nl_text": text}
    return {**event, "outcome": outcome, **more}


def slack(event_id: str, text: str, **more: Any) -> dict[str, Any]:
    return {"id": event_id, "when": "2026-03-04T11:00:00Z", "actor": "u_ann", "channel": "slack", "text": text, **more}


def email(event_id: str, subject: str, body: str, **more: Any) -> dict[str, Any]:
    event = {"id": event_id, "when": "2026-03-04T12:00:00Z", "actor": "u_ann", "channel": "email"}
    return {**event, "subject": subject, "body": body, **more}


def write_pack(
    folder: Path,
    events: Sequence[Mapping[str, Any]],
    datasets: Sequence[Mapping[str, Any]],
    *,
    loads: Mapping[str, tuple[str, int]] | None = None,
    lineage: Sequence[tuple[str, str]] = (),
    coverage: Mapping[str, Any] | None = FULL,
    people: Sequence[Mapping[str, Any]] | None = (
        {"person_id": "u_ann", "access_roles": ["staff"], "audience": "Ops"},
        {"person_id": "u_bob", "access_roles": ["staff"], "audience": "Ops"},
        {"person_id": "u_owner", "access_roles": ["staff"], "audience": "Data"},
    ),
) -> Path:
    """Write a valid pack without an answer key; every dataset was loaded an hour ago unless `loads` says otherwise."""
    (folder / "catalog").mkdir(parents=True)
    rows = {one["name"]: ("2026-03-05T17:00:00Z", 24) for one in datasets} | dict(loads or {})
    csv = "dataset,max_loaded_at,sla_hours\n" + "".join(f"{name},{at},{sla}\n" for name, (at, sla) in rows.items())
    files = {
        "catalog/datasets.json": json.dumps(list(datasets)),
        "catalog/freshness.csv": csv,
        "catalog/lineage.json": json.dumps([{"from": source, "to": target} for source, target in lineage]),
    }
    if coverage is not None:
        files["catalog/coverage.json"] = json.dumps(coverage)
    if people is not None:
        files["catalog/people.jsonl"] = "".join(json.dumps(person) + "\n" for person in people)
    names = {"nlq": "nl_queries.jsonl", "slack": "slack.jsonl", "email": "email.jsonl"}
    for channel, file in names.items():
        files[file] = "".join(json.dumps(event) + "\n" for event in events if event["channel"] == channel)
    files["manifest.json"] = json.dumps(
        {
            "pack_id": folder.name,
            "generated_at": NOW,
            "generator_version": "0.1.0",
            "seed": None,
            "config_echo": {},
            "counts": {
                "catalog_datasets": len(datasets),
                "catalog_freshness_rows": len(rows),
                "catalog_lineage_edges": len(lineage),
                "nl_queries": files["nl_queries.jsonl"].count("\n"),
                "slack": files["slack.jsonl"].count("\n"),
                "email": files["email.jsonl"].count("\n"),
            },
        }
    )
    files["hashes.json"] = json.dumps({file: hashlib.sha256(text.encode()).hexdigest() for file, text in files.items()})
    for file, text in files.items():
        (folder / file).write_text(text, encoding="utf-8", newline="\n")
    return folder


def catalog(
    datasets: Sequence[Mapping[str, Any]],
    *,
    loads: Mapping[str, tuple[str, int]] | None = None,
    lineage: Sequence[tuple[str, str]] = (),
    coverage: Mapping[str, Any] | None = FULL,
    people: Sequence[Mapping[str, Any]] | None = None,
) -> Catalog:
    """Return a catalog of datasets; every one was loaded an hour ago unless `loads` says otherwise."""
    rows = {one["name"]: ("2026-03-05T17:00:00Z", 24) for one in datasets} | dict(loads or {})
    return Catalog(
        datasets=[model.load(model.Dataset, one) for one in datasets],
        freshness=[
            model.FreshnessRow(dataset=name, max_loaded_at=at, sla_hours=hours) for name, (at, hours) in rows.items()
        ],
        lineage=[model.LineageEdge(from_=source, to=target) for source, target in lineage],
        as_of=NOW,
        coverage=None if coverage is None else model.load(model.Coverage, coverage),
        people=None if people is None else [model.load(model.Person, one) for one in people],
    )
