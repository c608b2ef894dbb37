"""Write a finished report as files."""

from __future__ import annotations

from typing import Final

from datagap.pack import canonical
from datagap.report.render import dot, html, markdown, table
from datagap.report.result import Report

FILES: Final = (
    "backlog.jsonl",
    "backlog.csv",
    "report.md",
    "report.html",
    "freshness_table.csv",
    "hotspots.dot",
    "artifacts/detections.jsonl",
    "artifacts/intents.jsonl",
    "artifacts/clusters.json",
    "artifacts/decided.jsonl",
    "artifacts/run_config.json",
    "artifacts/cost.json",
)
"""Every file of a report."""


def render(report: Report) -> dict[str, bytes]:
    """Return the content of every file by path, the same for the same report."""
    return {
        "backlog.jsonl": b"".join(canonical.lines(report.items)),
        "backlog.csv": table.backlog(report),
        "report.md": markdown.render(report),
        "report.html": html.render(report),
        "freshness_table.csv": table.freshness(report),
        "hotspots.dot": dot.hotspots(report),
        "artifacts/detections.jsonl": b"".join(canonical.lines(report.detections)),
        "artifacts/intents.jsonl": b"".join(canonical.lines(report.intents)),
        "artifacts/clusters.json": canonical.document(report.clusters),
        "artifacts/decided.jsonl": b"".join(canonical.lines(report.decided)),
        "artifacts/run_config.json": canonical.document(report.run),
        "artifacts/cost.json": canonical.document(report.cost),
    }
