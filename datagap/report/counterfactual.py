"""What serving a need would unblock, alone and with those ranked above it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from datagap import model
from datagap.catalog import Catalog
from datagap.report.rank import Group


class Blockage:
    """Which groups hold up which events. An event behind several groups waits for all of them."""

    def __init__(self, groups: Iterable[Group], catalog: Catalog) -> None:
        """Take the groups that nobody has served or dismissed; what is not among them holds nothing up."""
        self._catalog = catalog
        self._group = {group.group_id: group for group in groups}
        self._actor = {
            detected.finding.event_id: detected.finding.actor
            for group in self._group.values()
            for detected, _ in group.members
        }
        self._waiting = Counter(event for group_id in self._group for event in self._events(group_id))

    def alone(self, group_id: str) -> model.Unblocked:
        """Return what serving one group and nothing else would unblock."""
        return next(self.cumulative([group_id]))

    def cumulative(self, group_ids: Sequence[str]) -> Iterator[model.Unblocked]:
        """Yield what serving the first group would unblock, the first two, and so on; nothing is counted twice."""
        waiting = {event: self._waiting[event] for group_id in group_ids for event in self._events(group_id)}
        served = _Served()
        for group_id in group_ids:
            for event in self._events(group_id):
                waiting[event] -= 1
                if not waiting[event]:
                    served.question(self._actor[event], self._catalog.person)
            reach = self._catalog.reach(self._group[group_id].lead.datasets)
            served.downstream |= reach or set()
            served.reaches = served.reaches or reach is not None
            yield served.told()

    def _events(self, group_id: str) -> set[str]:
        return {detected.finding.event_id for detected, _ in self._group[group_id].members}


@dataclass(slots=True)
class _Served:
    questions: int = 0
    people: set[str] = field(default_factory=set)
    teams: set[str] = field(default_factory=set)
    downstream: set[str] = field(default_factory=set)
    reaches: bool = False

    def question(self, actor: str, person: Mapping[str, model.Person]) -> None:
        self.questions += 1
        self.people.add(actor)
        team = person[actor].team if actor in person else None
        self.teams.update([team] if team else [])

    def told(self) -> model.Unblocked:
        return model.Unblocked(
            questions=self.questions,
            people=len(self.people),
            teams=len(self.teams) or None,
            downstream=len(self.downstream) if self.reaches else None,
        )
