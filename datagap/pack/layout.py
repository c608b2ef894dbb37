"""What a pack's files are called and what stands in them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, TypeAlias

from datagap import model

Event: TypeAlias = model.NlQuery | model.SlackMessage | model.EmailMessage

MANIFEST: Final = "manifest.json"
HASHES: Final = "hashes.json"
DATASETS: Final = "catalog/datasets.json"
FRESHNESS: Final = "catalog/freshness.csv"
LINEAGE: Final = "catalog/lineage.json"
COVERAGE: Final = "catalog/coverage.json"
PEOPLE: Final = "catalog/people.jsonl"
SCENARIO: Final = "scenario.yaml"
"""The scenario that a pack was made from, where it was of the user's own."""
TRUTH_GAPS: Final = "truth/gaps.jsonl"
TRUTH_LABELS: Final = "truth/labels.jsonl"

EVENT_FILES: Final[Mapping[model.Channel, str]] = {
    "nlq": "nl_queries.jsonl",
    "slack": "slack.jsonl",
    "email": "email.jsonl",
}
EVENT_RECORDS: Final[Mapping[model.Channel, model.RecordName]] = {
    "nlq": "nl_query",
    "slack": "slack_message",
    "email": "email_message",
}
EVENT_TYPES: Final[Mapping[model.Channel, type[Event]]] = {
    "nlq": model.NlQuery,
    "slack": model.SlackMessage,
    "email": model.EmailMessage,
}
COUNT_NAMES: Final[Mapping[model.Channel, str]] = {"nlq": "nl_queries", "slack": "slack", "email": "email"}
"""What a manifest's counts call the events of each channel."""
REQUIRED: Final = (MANIFEST, HASHES, DATASETS, FRESHNESS, LINEAGE, *EVENT_FILES.values())
OPTIONAL: Final = (COVERAGE, PEOPLE, SCENARIO, TRUTH_GAPS, TRUTH_LABELS)


def event_text(event: Event) -> str:
    """Return everything that the writer of `event` wrote: for mail, subject and body."""
    if isinstance(event, model.NlQuery):
        return event.nl_text
    return event.text if isinstance(event, model.SlackMessage) else f"{event.subject}\n{event.body}"
