"""What the entries of a ledger come to: where each group stands, and what is corrected about each event."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from datagap import model

PUT_ASIDE: Final[tuple[model.ItemStatus, ...]] = ("dismissed", "working_as_intended", "snoozed", "fixed")
"""Statuses that keep a group out of the backlog."""
_OPEN: Final[Mapping[model.TriageDecision, model.ItemStatus]] = {
    "assigned": "assigned",
    "linked": "linked",
    "snoozed": "returned",
    "fixed": "regressed",
}
"""Statuses of groups in the backlog, by the last decision on them."""


@dataclass(frozen=True, kw_only=True)
class Decided:
    """The decisions on one group, in order of (at, line)."""

    entries: Sequence[model.TriageEntry]
    place: int
    """Place of the last among all entries."""

    @property
    def last(self) -> model.TriageEntry:
        """The decision that counts."""
        return self.entries[-1]

    @property
    def assignee(self) -> str | None:
        """Who it was last assigned to."""
        return next((entry.assignee for entry in reversed(self.entries) if entry.assignee), None)

    @property
    def ticket(self) -> str | None:
        """The ticket it was last linked to."""
        return next((entry.ticket for entry in reversed(self.entries) if entry.ticket), None)

    @property
    def title(self) -> str | None:
        """What it was about, as last recorded."""
        return next((entry.title for entry in reversed(self.entries) if entry.title), None)

    @property
    def fixed_at(self) -> str | None:
        """When it was last called fixed, unless it was reopened since; demand of before is served."""
        for entry in reversed(self.entries):
            if entry.decision == "reopened":
                return None
            if entry.decision == "fixed":
                return entry.at
        return None

    def status(self, today: str, people: int, people_since: Callable[[str], int], new: bool) -> model.ItemStatus:
        """Return where a group stands on a day.

        `people` ran into it, `people_since(at)` after an instant, and `new` says whether anybody did since `fixed_at`.
        """
        last = self.last
        if last.decision in ("dismissed", "working_as_intended"):
            return last.decision
        if last.decision == "snoozed" and not self._is_over(today, people, people_since):
            return "snoozed"
        if self.fixed_at is not None and not new:
            return "fixed"
        return _OPEN.get(last.decision or "split", "open")

    def _is_over(self, today: str, people: int, people_since: Callable[[str], int]) -> bool:
        last = self.last
        if last.until is not None and today >= last.until:
            return True
        if last.until_people is None:
            return False
        if last.people is None:
            return people_since(last.at) >= last.until_people
        return people >= last.people + last.until_people


@dataclass(frozen=True, kw_only=True)
class Decisions:
    """Decisions by the id of their group, ids that stand for the same group taken together."""

    by_group: Mapping[str, Decided]

    @classmethod
    def of(cls, entries: Iterable[model.TriageEntry], names: Mapping[str, str]) -> Decisions:
        """Return the decisions among entries in order of (at, line); `names` has the ids that others are aliases of."""
        found: defaultdict[str, list[tuple[int, model.TriageEntry]]] = defaultdict(list)
        for place, entry in _counting(entries):
            group_id = names.get(entry.group_id or "", entry.group_id or "")
            if entry.decision != "merged" or names.get(entry.into or "", entry.into) != group_id:
                found[group_id].append((place, entry))
        return cls(
            by_group={
                group_id: Decided(entries=[entry for _, entry in group], place=group[-1][0])
                for group_id, group in found.items()
            }
        )

    def targets(self, names: Mapping[str, str]) -> Mapping[str, str]:
        """Return, by group that is merged, the group that it ends in; of merges in a circle the newest hold."""
        merges = [(one.place, group_id, one.last.into) for group_id, one in self.by_group.items() if _merges(one)]
        ends: dict[str, str] = {}
        for _, group_id, into in sorted(merges, reverse=True):
            target = _end(ends, names.get(into or group_id, into or group_id))
            if target != group_id:
                ends[group_id] = target
        return {group_id: _end(ends, group_id) for group_id in list(ends)}


def _counting(entries: Iterable[model.TriageEntry]) -> Iterator[tuple[int, model.TriageEntry]]:
    """Yield decisions with their places; of a group that is merged the merge alone, what it had been is over."""
    decisions = [(place, entry) for place, entry in enumerate(entries) if entry.group_id is not None]
    last = {entry.group_id: (place, entry.decision) for place, entry in decisions}
    for place, entry in decisions:
        end, decision = last[entry.group_id]
        if decision != "merged" or place == end:
            yield place, entry


def _merges(one: Decided) -> bool:
    return one.last.decision == "merged"


def apart(entries: Iterable[model.TriageEntry]) -> frozenset[str]:
    """Return the groups that were split off last; their ids stand for nothing else."""
    last = {entry.group_id: entry.decision for entry in entries if entry.group_id is not None}
    return frozenset(group_id for group_id, decision in last.items() if decision == "split")


@dataclass(frozen=True, kw_only=True)
class Correction:
    """What is right about an event; a field is None where nothing was corrected."""

    not_a_request: bool = False
    gap_type: model.GapType | None = None
    dataset: str | None = None


def corrections(entries: Iterable[model.TriageEntry]) -> Mapping[str, Correction]:
    """Return the corrections by event, of entries in order of (at, line).

    The last of each kind counts. A type or a dataset takes back that it is no request, and the other way round.
    """
    found: dict[str, Correction] = {}
    for entry in entries:
        if entry.event_id is None:
            continue
        before = found.get(entry.event_id, Correction())
        if entry.correction == "not_a_request":
            found[entry.event_id] = Correction(not_a_request=True)
        elif entry.correction == "gap_type":
            found[entry.event_id] = Correction(gap_type=entry.gap_type, dataset=before.dataset)
        else:
            found[entry.event_id] = Correction(gap_type=before.gap_type, dataset=entry.dataset)
    return found


def _end(ends: dict[str, str], group_id: str) -> str:
    """Return where a chain of merges ends, and remember it for every group on the way."""
    chain = []
    while group_id in ends:
        chain.append(group_id)
        group_id = ends[group_id]
    ends.update(dict.fromkeys(chain, group_id))
    return group_id
