"""Corrections that a team has made to single messages."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TypeVar

from datagap import model
from datagap.errors import DatagapError

T = TypeVar("T")


@dataclass(slots=True)
class Correction:
    """What is corrected about one event, the last of each kind."""

    refused: bool = False
    """Whether it is no request."""
    gap_type: model.GapType | None = None
    dataset: str | None = None


def corrections(entries: Iterable[tuple[str, model.TriageEntry]]) -> dict[str, Correction]:
    """Return the corrections in triage entries by event; each entry comes with where it stands.

    Decisions on groups are left out. A later correction wins; one of the type or dataset says that it is a request.
    Raises DatagapError for a correction that does not say what is right.
    """
    found: defaultdict[str, Correction] = defaultdict(Correction)
    for where, entry in entries:
        if entry.event_id is None or entry.correction is None:
            continue
        if entry.correction == "not_a_request":
            found[entry.event_id] = Correction(refused=True)
            continue
        correction = found[entry.event_id]
        correction.refused = False
        if entry.correction == "gap_type":
            correction.gap_type = _given(entry.gap_type, "gap_type", where)
        else:
            correction.dataset = _given(entry.dataset, "dataset", where)
    return dict(found)


def _given(value: T | None, name: str, where: str) -> T:
    if value is None:
        raise DatagapError(f"corrects the {name} and does not say which is right", where=where, hint=f"add {name}")
    return value
