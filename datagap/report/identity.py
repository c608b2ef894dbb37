"""Ids that hold: a group keeps the id that an earlier run or the team knows it by."""

from __future__ import annotations

from collections import defaultdict
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


def settle(
    groups: Sequence[Group], catalog: Catalog, known: Mapping[str, Trace], apart: frozenset[str] = frozenset()
) -> list[Group]:
    """Return the groups under the ids that are known, with their other ids as aliases, sorted by id.

    A group is known by its own id, by that of the same key under a declared former name of its datasets, or by that of
    the same key under another gap type. The last holds only where the two share an event, or the lane and all of the
    detail. No id is given twice, and a group in `apart` keeps its own and lends it to nobody.
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
        self._groups = sorted(groups, key=lambda group: group.group_id)
        self._datasets = frozenset(catalog.by_name)
        self._former = former_names(catalog)
        self._known = known
        self._apart = apart
        self._other: defaultdict[str, list[str]] = defaultdict(list)
        """Aliases from before, by the id to keep."""
        for alias, trace in known.items():
            self._other[trace.group_id].append(alias)
        self._own = {group.group_id for group in groups}
        self._kept: dict[str, str] = {}
        """The id that each group keeps, by its own."""
        self._taken: set[str] = set()

    def settled(self) -> list[Group]:
        renames = {group.group_id: [ids.group_id(key) for key in self._renamed(group.lead)] for group in self._groups}
        for group in self._groups:
            if group.group_id in self._apart or self._traced(group.group_id) == group.group_id:
                self._keep(group, group.group_id)
        for group in self._groups:
            self._keep_first(group, [group.group_id, *renames[group.group_id]])
        retyped = [candidate for group in self._groups for candidate in self._retyped(group) if self._known]
        for _, own, group_id, group in sorted(retyped, key=lambda candidate: candidate[:3]):
            assert own == group.group_id
            self._keep_first(group, [group_id])
        settled = [self._settled(group, renames[group.group_id]) for group in self._groups]
        return sorted(settled, key=lambda group: group.group_id)

    def _settled(self, group: Group, renames: Sequence[str]) -> Group:
        own = group.group_id
        kept = self._kept.get(own, own)
        others = {*renames, *self._other.get(kept, ())} - self._own - self._taken
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
        """Return whether an id is free, and what it stood for is not another dataset that is still there."""
        if trace.group_id == group.group_id:
            return True
        elsewhere = trace.root in self._datasets and trace.root not in group.lead.datasets
        return not elsewhere and trace.group_id not in self._taken | self._own | self._apart

    def _renamed(self, lead: Checked) -> Iterator[tuple[str, ...]]:
        """Yield the keys of a need under other names of its datasets."""
        names = [(name, *self._former.get(name, ())) for name in lead.datasets[:IN_KEY]]
        rest = lead.datasets[IN_KEY:]
        keys = (replace(lead, datasets=(*chosen, *rest)).key for chosen in islice(product(*names), FORMER_KEYS))
        yield from (key for key in dict.fromkeys(keys) if key != lead.key)

    def _retyped(self, group: Group) -> Iterator[tuple[int, str, str, Group]]:
        """Yield known ids of a group under other gap types; what shares most events comes first."""
        lead = group.lead
        events = {detected.finding.event_id for detected, _ in group.members}
        for gap_type in GAP_TYPES if group.group_id not in self._kept else ():
            other = replace(lead, claim=replace(lead.claim, gap_type=gap_type))
            for key in (other.key, *self._renamed(other)):
                trace = self._known.get(ids.group_id(key))
                shared = len(events & trace.events) if trace else 0
                if trace and gap_type != lead.claim.gap_type and (shared or _is_same_detail(lead, key, gap_type)):
                    yield -shared, group.group_id, trace.group_id, group


def _is_same_detail(lead: Checked, key: Sequence[str], gap_type: model.GapType) -> bool:
    """Return whether a key of another type differs in nothing but the type, and says more than a dataset."""
    if lane(gap_type) != lane(lead.claim.gap_type) or len(key) != len(lead.key):
        return False
    return tuple(key[2:]) == tuple(lead.key[2:]) and (
        len(key) > 2 or (key[1].startswith("~") and key[1] == lead.key[1])
    )
