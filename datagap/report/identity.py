"""Ids that hold: a group keeps the id that an earlier run or the team knows it by."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice, product
from typing import Final

from datagap import ids, model
from datagap.catalog import Catalog
from datagap.gap import GAP_TYPES
from datagap.report.claim import Checked
from datagap.report.rank import Group, lane

FORMER_KEYS: Final = 64
"""Keys under former names that a group is looked for by; of more, the first."""
DISPLACED: Final = "displaced"
"""What is added to the key of a group whose id another dataset has taken along."""
IN_KEY: Final = 2
"""Datasets that a key can hold."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trace:
    """What is known of a group id from before."""

    group_id: str
    """The id to keep; another one where this is an alias."""
    events: frozenset[str] = frozenset()
    """Events that stood behind it."""
    root: str | None = None
    """Dataset that it was about first, where that is known."""
    gap_type: model.GapType | None = None
    """Type of the gap, where that is known."""


def settle(
    groups: Sequence[Group], catalog: Catalog, known: Mapping[str, Trace], apart: frozenset[str] = frozenset()
) -> list[Group]:
    """Return the groups under the ids that are known, with their other ids as aliases, sorted by id.

    A group is known by its own id, by that of the same key under a declared former name of its datasets, or under
    another gap type. The last holds only where the two share the dataset and half of the events, or the lane and all
    of the key's detail. No id is given twice, and a group in `apart` keeps its own and lends it to nobody.
    """
    return _Settlement(groups, catalog, known, apart).settled()


def former_names(catalog: Catalog) -> Mapping[str, Sequence[str]]:
    """Return the other names of each dataset that are declared for it alone and that no dataset bears now."""
    declared: defaultdict[str, set[str]] = defaultdict(set)
    for dataset in catalog.datasets:
        for alias in dataset.aliases or ():
            declared[alias].add(dataset.name)
    former: defaultdict[str, list[str]] = defaultdict(list)
    for alias in sorted(declared):
        if len(declared[alias]) == 1 and alias not in catalog.by_name:
            former[next(iter(declared[alias]))].append(alias)
    return former


class _Settlement:
    def __init__(
        self, groups: Sequence[Group], catalog: Catalog, known: Mapping[str, Trace], apart: frozenset[str]
    ) -> None:
        self._datasets = frozenset(catalog.by_name)
        own = [self._displaced(group, known.get(group.group_id)) for group in groups]
        self._groups = sorted(own, key=lambda group: group.group_id)
        self._former = former_names(catalog)
        self._known = known
        self._apart = apart
        self._other: defaultdict[str, list[str]] = defaultdict(list)
        """Aliases from before, by the id to keep."""
        self._behind: defaultdict[str, list[str]] = defaultdict(list)
        """Known ids to keep, by the events that stood behind them."""
        for alias, trace in known.items():
            self._other[trace.group_id].append(alias)
            for event in trace.events if alias == trace.group_id else ():
                self._behind[event].append(alias)
        self._own = {group.group_id for group in self._groups}
        self._kept: dict[str, str] = {}
        """The id that each group keeps, by its own."""
        self._taken: set[str] = set()
        self._renames = {
            group.group_id: [ids.group_id(key) for key in self._renamed(group.lead)] for group in self._groups
        }
        """Ids of each group under former names, by its own."""
        self._bearer = {alias: own for own, aliases in self._renames.items() for alias in aliases}

    def settled(self) -> list[Group]:
        for group in self._groups:
            if group.group_id in self._apart or self._traced(group.group_id) == group.group_id:
                self._keep(group, group.group_id)
        for group in self._groups:
            self._keep_first(group, [group.group_id, *self._renames[group.group_id]])
        retyped = [candidate for group in self._groups for candidate in self._retyped(group) if self._known]
        for _, own, group_id, group in sorted(retyped, key=lambda candidate: candidate[:3]):
            assert own == group.group_id
            self._keep_first(group, [group_id])
        settled = [self._settled(group) for group in self._groups]
        return sorted(settled, key=lambda group: group.group_id)

    def _settled(self, group: Group) -> Group:
        own = group.group_id
        kept = self._kept.get(own, own)
        candidates = [*self._renames[own], *self._other.get(kept, ())]
        others = {alias for alias in candidates if self._bearer.get(alias, own) == own} - self._own - self._taken
        aliases = () if own in self._apart else sorted(({own} | others) - {kept} - self._apart)
        return replace(group, group_id=kept, aliases=tuple(aliases))

    def _keep(self, group: Group, group_id: str) -> None:
        self._kept[group.group_id] = group_id
        self._taken.add(group_id)

    def _keep_first(self, group: Group, candidates: Iterable[str]) -> None:
        """Keep the first known of some ids that is free, unless the group has one."""
        for candidate in candidates:
            trace = self._known.get(candidate)
            if trace and group.group_id not in self._kept and self._may_keep(group, trace):
                self._keep(group, trace.group_id)

    def _traced(self, group_id: str) -> str | None:
        return self._known[group_id].group_id if group_id in self._known else None

    def _may_keep(self, group: Group, trace: Trace) -> bool:
        """Return whether an id is the group's own, or free and not that of another dataset that is still there."""
        if trace.group_id == group.group_id:
            return True
        held = trace.group_id in self._taken or trace.group_id in self._own or trace.group_id in self._apart
        return not held and not self._is_elsewhere(group, trace)

    def _displaced(self, group: Group, trace: Trace | None) -> Group:
        """Return a group with another id where its own has moved on with a dataset that bore its name before."""
        if trace is None or trace.group_id != group.group_id or not self._is_elsewhere(group, trace):
            return group
        return replace(group, group_id=ids.group_id((*group.key, DISPLACED)))

    def _is_elsewhere(self, group: Group, trace: Trace) -> bool:
        return trace.root in self._datasets and trace.root not in group.lead.datasets

    def _renamed(self, lead: Checked) -> Iterator[tuple[str, ...]]:
        """Yield the keys of a need under other names of its datasets."""
        names = [(name, *self._former.get(name, ())) for name in lead.datasets[:IN_KEY]]
        rest = lead.datasets[IN_KEY:]
        keys = (replace(lead, datasets=(*chosen, *rest)).key for chosen in islice(product(*names), FORMER_KEYS))
        yield from (key for key in dict.fromkeys(keys) if key != lead.key)

    def _retyped(self, group: Group) -> Iterator[tuple[int, str, str, Group]]:
        """Yield known ids of a group under other gap types; what shares most events comes first."""
        if group.group_id in self._kept:
            return
        for trace, shared in self._sharing(group):
            yield -shared, group.group_id, trace.group_id, group
        for gap_type in GAP_TYPES:
            other = replace(group.lead, claim=replace(group.lead.claim, gap_type=gap_type))
            for key in (other.key, *self._renamed(other)):
                known = self._known.get(ids.group_id(key))
                if known and _is_same_detail(group.lead, key, gap_type):
                    yield 0, group.group_id, known.group_id, group

    def _sharing(self, group: Group) -> Iterator[tuple[Trace, int]]:
        """Yield what was of another type on the same dataset and shares half of the smaller's events."""
        lead, events = group.lead, {detected.finding.event_id for detected, _ in group.members}
        roots: list[str | None] = [
            *lead.datasets[:1],
            *(name for one in lead.datasets[:1] for name in self._former.get(one, ())),
        ]
        shared = Counter(group_id for event in events for group_id in self._behind.get(event, ()))
        for group_id, count in shared.items():
            trace = self._known[group_id]
            is_enough = 2 * count >= min(len(events), len(trace.events))
            if is_enough and trace.gap_type != lead.claim.gap_type and trace.root in roots:
                yield trace, count


def _is_same_detail(lead: Checked, key: Sequence[str], gap_type: model.GapType) -> bool:
    """Return whether a key of another type differs in nothing but the type, and says more than a dataset."""
    if lane(gap_type) != lane(lead.claim.gap_type) or len(key) != len(lead.key):
        return False
    return tuple(key[2:]) == tuple(lead.key[2:]) and (
        len(key) > 2 or (key[1].startswith("~") and key[1] == lead.key[1])
    )
