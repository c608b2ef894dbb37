"""Count, event by event, what a detector gets right: a row for each event, so that any rows can be summed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cached_property
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from datagap import model
from datagap.gap import GAP_TYPES
from datagap.score.gold import Gap, Gold, Label

Counts: TypeAlias = NDArray[np.float64]
Codes: TypeAlias = NDArray[np.int64]
Check: TypeAlias = Callable[[model.Evidence], bool]

TYPES: Final = len(GAP_TYPES)
BINS: Final = 10
EDGES: Final = np.array([number / BINS for number in range(BINS + 1)])
WIDTHS: Final[Mapping[str, int]] = {
    "hit": TYPES,
    "told": TYPES,
    "wanted": TYPES,
    "requests": 3,
    "none_reasons": 2,
    "datasets": 3,
    "first_dataset": 2,
    "columns": 3,
    "squares": 2,
    "bin_pairs": BINS,
    "bin_confidence": BINS,
    "bin_right": BINS,
    "quotes": 2,
    "facts": 2,
    "cited": 2,
}
"""Numbers that are counted of each event: of three, hits, what was told and what was wanted; of two, a part of all."""
_STARTS: Final = dict(zip(WIDTHS, np.cumsum([0, *WIDTHS.values()])[:-1].tolist(), strict=True))
PLACES: Final = {name: slice(start, start + WIDTHS[name]) for name, start in _STARTS.items()}
"""Columns of each of them."""
NONE: Final = -1
"""Code of what is not there or not known."""
_POSITION: Final = {gap_type: place for place, gap_type in enumerate(GAP_TYPES)}


class Tally:
    """The rows of all events that something is known of, in the order of their ids, so that no order matters."""

    def __init__(self, gold: Gold, detections: Mapping[str, model.Detection], is_verbatim: Check, holds: Check) -> None:
        """Count what the detections, by event, say of the events in `gold`."""
        self.event_ids = sorted(gold.labels)
        self.labels = [gold.labels[event_id] for event_id in self.event_ids]
        self.found = [_kept(detections.get(event_id)) for event_id in self.event_ids]
        self._is_verbatim, self._holds = is_verbatim, holds
        self._gold = gold
        self.counts: Counts = np.zeros((len(self.event_ids), sum(WIDTHS.values())))
        for row, (event_id, label, gaps) in enumerate(zip(self.event_ids, self.labels, self.found, strict=True)):
            self._count_detection(row, label, detections.get(event_id))
            self._count_types(row, label, gaps)
            self._count_links(row, label, gaps)
            self._count_evidence(row, gaps)

    # What events have in common

    @cached_property
    def with_gap(self) -> NDArray[np.bool_]:
        """Whether a gap lies behind each event."""
        return np.array([bool(label.gaps) for label in self.labels], dtype=np.bool_)

    @cached_property
    def conversations(self) -> Codes:
        """The conversation of each event, as a number."""
        return encoded([self._gold.events[event_id].conversation for event_id in self.event_ids])

    @cached_property
    def primary(self) -> Codes:
        """The first gap behind each event, as a number."""
        return encoded([label.gaps[0].gap_id if label.gaps else None for label in self.labels])

    @cached_property
    def group(self) -> Codes:
        """The first group of each event, as a number."""
        return encoded([gaps[0].group_id if gaps else None for gaps in self.found])

    @cached_property
    def primary_type(self) -> Codes:
        """Position of the type of the first gap behind each event."""
        return _types([label.gaps[0].gap_type if label.gaps else None for label in self.labels])

    @cached_property
    def first_type(self) -> Codes:
        """Position of the type that is detected first for each event."""
        return _types([gaps[0].gap_type if gaps else None for gaps in self.found])

    def by(self, key: Callable[[str, Label], str | None]) -> dict[str, NDArray[np.bool_]]:
        """Return which rows share each value of a key of an event's id and label; None is no value."""
        keys = [key(event_id, label) for event_id, label in zip(self.event_ids, self.labels, strict=True)]
        return {name: np.array([one == name for one in keys]) for name in sorted({one for one in keys if one})}

    # Counting

    def _add(self, row: int, name: str, *numbers: float) -> None:
        self.counts[row, PLACES[name]] += numbers

    def _count_detection(self, row: int, label: Label, detection: model.Detection | None) -> None:
        told = detection is not None and detection.request
        if label.request is not None:
            self._add(row, "requests", told and label.request, told, label.request)
        if label.none_reason is not None and detection is not None and detection.none_reason is not None:
            self._add(row, "none_reasons", detection.none_reason == label.none_reason, 1)

    def _count_types(self, row: int, label: Label, gaps: Sequence[model.DetectedGap]) -> None:
        wanted = {gap.gap_type for gap in label.gaps if gap.gap_type is not None}
        if label.gaps and not wanted:
            return
        confidence: dict[model.GapType, float] = {}
        for gap in gaps:
            confidence[gap.gap_type] = max(gap.confidence, confidence.get(gap.gap_type, 0.0))
        for name, types in (("hit", wanted & confidence.keys()), ("told", confidence.keys()), ("wanted", wanted)):
            for gap_type in types:
                self.counts[row, _STARTS[name] + _POSITION[gap_type]] = 1
        for gap_type, sure in confidence.items():
            self._count_confidence(row, sure, gap_type in wanted)

    def _count_confidence(self, row: int, sure: float, right: bool) -> None:
        place = max(0, int(np.searchsorted(EDGES, sure)) - 1)
        self._add(row, "squares", (sure - right) ** 2, 1)
        for name, number in (("bin_pairs", 1), ("bin_confidence", sure), ("bin_right", right)):
            self.counts[row, _STARTS[name] + place] += number

    def _count_links(self, row: int, label: Label, gaps: Sequence[model.DetectedGap]) -> None:
        if not (label.gaps and gaps):
            return
        wanted, told = label.gaps[0], gaps[0]
        if wanted.datasets is not None:
            self._add(row, "datasets", *_overlap(told.datasets, wanted.datasets))
            if wanted.datasets:
                self._add(row, "first_dataset", [*told.datasets[:1]] == [*wanted.datasets[:1]], 1)
        if wanted.columns is not None:
            self._add(row, "columns", *_overlap(told.columns, wanted.columns))

    def _count_evidence(self, row: int, gaps: Sequence[model.DetectedGap]) -> None:
        for gap in gaps:
            quotes = [self._is_verbatim(one) for one in gap.evidence if one.quote is not None]
            facts = [self._holds(one) for one in gap.evidence if one.file is not None]
            self._add(row, "quotes", sum(quotes), len(quotes))
            self._add(row, "facts", sum(facts), len(facts))
            self._add(row, "cited", any(facts), 1)


def encoded(names: Iterable[str | None]) -> Codes:
    """Return names as numbers in the order of the names, NONE for None."""
    names = list(names)
    code = {name: place for place, name in enumerate(sorted({name for name in names if name is not None}))}
    return np.array([NONE if name is None else code[name] for name in names], dtype=np.int64)


def _types(types: Iterable[model.GapType | None]) -> Codes:
    return np.array([NONE if one is None else _POSITION[one] for one in types], dtype=np.int64)


def _kept(detection: model.Detection | None) -> Sequence[model.DetectedGap]:
    """Return the gaps of a detection that the catalog does not contradict."""
    return () if detection is None else [gap for gap in detection.gaps if gap.verdict != "contradicted"]


def _overlap(told: Sequence[str], wanted: Sequence[str]) -> tuple[int, int, int]:
    """Return how many names two lists share and how many each has."""
    mine, theirs = set(told), set(wanted)
    return len(mine & theirs), len(mine), len(theirs)


def gap_of(label: Label, gap_type: model.GapType, nth: int) -> Gap | None:
    """Return the gap that the nth detected gap of a type stands for: the nth of that type, or the first of any."""
    of_type = [gap for gap in label.gaps if gap.gap_type == gap_type]
    if of_type:
        return of_type[min(nth, len(of_type) - 1)]
    return label.gaps[0] if label.gaps else None
