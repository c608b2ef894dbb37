"""Check an answer key against itself, the catalog and the events."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from datagap import model
from datagap.errors import DatagapError
from datagap.gap import REASONS
from datagap.pack import layout
from datagap.problem import Problem, show

UNIQUE: Final = "DG105"
CODE: Final = "DG114"


@dataclass(slots=True)
class Seen:
    """What checks across files need to know of an event."""

    when: str
    line: int
    actor: str
    thread_id: str | None
    channel: model.Channel


@dataclass(slots=True)
class _Gap:
    line: int
    began_at: str
    resolved_at: str | None
    people: int
    events: int
    met_by: set[str] = field(default_factory=set)
    met: int = 0


class AnswerKey:
    """The gaps of an answer key, and who is labelled to have run into them."""

    def __init__(
        self,
        events: Mapping[str, Seen],
        datasets: frozenset[str] | None,
        stands_at: Callable[[str, str], object],
        now: str | None,
    ) -> None:
        """Take all events, the names of the datasets if the catalog is sound, and what finds a catalog fact.

        `stands_at` takes a file and a JSON pointer and raises DatagapError, LookupError, TypeError or ValueError if
        nothing stands there; `now` is the instant of the snapshot.
        """
        self._events = events
        self._datasets = datasets
        self._stands_at = stands_at
        self._now = now
        self._gaps: dict[str, _Gap] = {}
        self._labelled: set[str] = set()

    def gaps(self, records: Iterable[tuple[int, dict[str, Any]]]) -> Iterator[Problem]:
        """Yield what is wrong with the planted gaps, and remember them."""
        for line, gap in records:
            gap_id, demand = gap["gap_id"], gap["demand"]
            if gap_id in self._gaps:
                message = f"{show(gap_id)} stands twice"
                yield Problem(code=UNIQUE, file=layout.TRUTH_GAPS, line=line, message=message)
            yield from (_problem(layout.TRUTH_GAPS, line, message) for message in self._wrong_gap(gap))
            self._gaps[gap_id] = _Gap(line, gap["began_at"], gap["resolved_at"], demand["people"], demand["events"])

    def _wrong_gap(self, gap: dict[str, Any]) -> Iterator[str]:
        if gap["reason"] not in REASONS[gap["gap_type"]]:
            yield f"{gap['reason']} is no reason of {gap['gap_type']}"
        if gap["resolved_at"] is not None and gap["resolved_at"] <= gap["began_at"]:
            yield f"is resolved at {gap['resolved_at']}, before it began"
        if self._now is not None and max(gap["began_at"], gap["resolved_at"] or "") > self._now:
            yield f"begins or ends after the snapshot ({self._now})"
        for name in gap["datasets"] if self._datasets is not None else ():
            if name not in (self._datasets or ()):
                yield f"{show(name)} is no dataset of the catalog"
        if self._datasets is not None and gap["fact"]["pointer"]:
            yield from self._wrong_fact(gap["fact"])

    def _wrong_fact(self, fact: dict[str, Any]) -> Iterator[str]:
        try:
            found = self._stands_at(fact["file"], fact["pointer"])
        except (DatagapError, LookupError, TypeError, ValueError):
            yield f"{fact['file']} has no {fact['pointer']}"
            return
        if found != fact["value"]:
            yield f"{fact['file']} {fact['pointer']} is {show(found)} and not {show(fact['value'])}"

    def labels(
        self, records: Iterable[tuple[int, dict[str, Any]]], *, all_events: bool, all_gaps: bool
    ) -> Iterator[Problem]:
        """Yield what is wrong with the labels; `all_events` and `all_gaps` say whether all of them could be read."""
        for line, label in records:
            event_id = label["event_id"]
            if event_id in self._labelled:
                yield _problem(layout.TRUTH_LABELS, line, f"{show(event_id)} is labelled twice")
            elif event_id not in self._events and all_events:
                yield _problem(layout.TRUTH_LABELS, line, f"{show(event_id)} is no event of this pack")
            self._labelled.add(event_id)
            for message in self._wrong_label(label, all_gaps=all_gaps):
                yield _problem(layout.TRUTH_LABELS, line, message)

    def _wrong_label(self, label: dict[str, Any], *, all_gaps: bool) -> Iterator[str]:
        event_id, gap_ids = label["event_id"], label["gap_ids"]
        if gap_ids and not label["request"]:
            yield f"{show(event_id)} asks for nothing and has a gap behind it"
        if gap_ids and label.get("none_reason") is not None:
            yield f"{show(event_id)} has a gap behind it and a reason for none"
        event = self._events.get(event_id)
        for gap_id in gap_ids:
            gap = self._gaps.get(gap_id)
            if gap is None:
                if all_gaps:
                    yield f"{show(gap_id)} is no gap of this pack"
                continue
            gap.met += label["request"]
            if event is None:
                continue
            if label["request"]:
                gap.met_by.add(event.actor)
            if event.when < gap.began_at or (gap.resolved_at is not None and event.when >= gap.resolved_at):
                yield f"{show(gap_id)} did not hold at {event.when}, when {show(event_id)} was written"

    def totals(self, *, all_events: bool) -> Iterator[Problem]:
        """Yield the events that have no label, and the gaps whose demand is not what the labels add up to."""
        for event_id in self._events:
            if event_id not in self._labelled:
                yield _problem(layout.TRUTH_LABELS, None, f"has no label for {show(event_id)}")
        for gap_id, gap in self._gaps.items():
            if gap.events != gap.met:
                message = f"{gap_id} says that {gap.events} requests met it, and the labels say {gap.met}"
                yield _problem(layout.TRUTH_GAPS, None, message)
            elif gap.people != len(gap.met_by) and all_events:
                message = f"{gap_id} says that {gap.people} people met it, and the labels say {len(gap.met_by)}"
                yield _problem(layout.TRUTH_GAPS, None, message)


def _problem(file: str, line: int | None, message: str) -> Problem:
    return Problem(code=CODE, file=file, line=line, message=message)
