"""Find late data, as an example of a detector of one's own: `python scripts/example_detector.py PACK > mine.jsonl`."""

import csv
import json
import re
import sys
from pathlib import Path
from typing import Any

LATE = re.compile("stale|newest load|no new rows|not been loaded|refresh", re.IGNORECASE)


def gap(event: dict[str, Any], loads: list[dict[str, str]]) -> dict[str, Any] | None:
    """Return the gap behind an event, if it names a dataset and speaks of late data."""
    text = event.get("nl_text") or event.get("text") or f"{event['subject']}\n{event['body']}"
    late, words = LATE.search(text), set(re.findall(r"\w+", text))
    for row, load in enumerate(loads):
        if late and load["dataset"] in words:
            fact = {"file": "catalog/freshness.csv", "pointer": f"/{row}/max_loaded_at", "value": load["max_loaded_at"]}
            found = {"gap_type": "freshness_breach", "datasets": [load["dataset"]], "columns": []}
            judged = {"group_id": f"late {load['dataset']}", "confidence": 0.8, "verdict": "unverifiable"}
            return {**found, **judged, "evidence": [{"event_id": event["id"], "quote": late[0]}, fact]}
    return None


if __name__ == "__main__":
    pack = Path(sys.argv[1])
    loads = list(csv.DictReader((pack / "catalog/freshness.csv").read_text(encoding="utf-8").splitlines()))
    for file in ("nl_queries.jsonl", "slack.jsonl", "email.jsonl"):
        for line in (pack / file).read_text(encoding="utf-8").split("\n")[:-1]:
            event = json.loads(line)
            gaps = [found] if (found := gap(event, loads)) else []
            print(json.dumps({"event_id": event["id"], "request": bool(gaps) or "nl_text" in event, "gaps": gaps}))
