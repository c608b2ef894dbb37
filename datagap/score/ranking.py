"""Hold a list of groups to the people who met the gaps."""

from __future__ import annotations

import warnings
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from datagap import model
from datagap.score.gold import Gap, Gold
from datagap.score.tally import Tally, gap_of

CUTS: Final = (5, 10, 20)
UNKNOWN: Final = "\uffff"
"""Sorts behind every gap's id."""


@dataclass(slots=True)
class Group:
    """Who is in a group, and which gaps lie behind its events."""

    actors: set[str] = field(default_factory=set)
    gaps: Counter[str | None] = field(default_factory=Counter)

    @property
    def gap_id(self) -> str | None:
        """The gap behind most of its events; None for none."""
        return min(self.gaps, key=lambda name: (-self.gaps[name], name or UNKNOWN))


def groups(tally: Tally, gold: Gold) -> dict[str, Group]:
    """Return the groups of the detected gaps by id."""
    found: defaultdict[str, Group] = defaultdict(Group)
    for event_id, label, gaps in zip(tally.event_ids, tally.labels, tally.found, strict=True):
        times: Counter[model.GapType] = Counter()
        for gap in gaps:
            behind = gap_of(label, gap.gap_type, times[gap.gap_type])
            times[gap.gap_type] += 1
            group = found[gap.group_id]
            group.actors.add(gold.events[event_id].actor)
            group.gaps[None if behind is None else behind.gap_id] += 1
    return dict(found)


def by_demand(found: Mapping[str, Group], gaps: Sequence[Gap]) -> model.Ranking:
    """Return how well groups are ranked by the distinct people in them; ties are averaged over."""
    return _ranking([(float(len(group.actors)), group.gap_id) for group in found.values()], gaps)


def by_priority(order: Sequence[str], found: Mapping[str, Group], gaps: Sequence[Gap]) -> model.Ranking:
    """Return how well a list of group ids is ranked; a group that nothing was detected for stands for no gap."""
    listed = list(dict.fromkeys(order))
    items = [(float(len(listed) - place), found.get(name, _NOBODY)) for place, name in enumerate(listed)]
    return _ranking([(weight, group.gap_id if group.gaps else None) for weight, group in items], gaps)


_NOBODY: Final = Group()


def _ranking(items: Iterable[tuple[float, str | None]], gaps: Sequence[Gap]) -> model.Ranking:
    people = {gap.gap_id: gap.people for gap in gaps if gap.people and gap.gap_id is not None}
    listed = sorted(items, key=lambda item: (-item[0], item[1] or UNKNOWN))
    weights, gains = [weight for weight, _ in listed], list(_gains([gap_id for _, gap_id in listed], people))
    founded = [gap_id for _, gap_id in listed if gap_id is not None]
    missed = [number for gap_id, number in people.items() if gap_id not in founded]
    ndcg = [_ndcg(gains, weights, sorted(people.values(), reverse=True), cut) for cut in CUTS]
    return model.Ranking(
        groups=len(listed),
        duplicates=len(founded) - len(set(founded)),
        unfounded=len(listed) - len(founded),
        gaps=len(people),
        found=len(people) - len(missed),
        ndcg_5=ndcg[0],
        ndcg_10=ndcg[1],
        ndcg_20=ndcg[2],
        tau_b=_tau([*weights, *(0.0 for _ in missed)], [*gains, *map(float, missed)]),
    )


def _gains(gap_ids: Sequence[str | None], people: Mapping[str, int]) -> Iterator[float]:
    """Yield the people behind each gap, 0 for one that was there before."""
    seen: set[str | None] = set()
    for gap_id in gap_ids:
        yield 0.0 if gap_id is None or gap_id in seen else float(people.get(gap_id, 0))
        seen.add(gap_id)


def _ndcg(gains: Sequence[float], weights: Sequence[float], best: Sequence[int], cut: int) -> float | None:
    """Return discounted gain over that of the best list; None where there is nothing to gain."""
    from sklearn.metrics import dcg_score

    if not best:
        return None
    if not gains:
        return 0.0
    gained = float(dcg_score([[*gains, 0.0]], [[*weights, -1.0]], k=cut))
    return round(gained / float(dcg_score([[*best, 0]], [[*best, 0]], k=cut)), 6)


def _tau(weights: Sequence[float], people: Sequence[float]) -> float | None:
    """Return Kendall's tau-b; None where everything is tied."""
    from scipy.stats import kendalltau

    if len(set(weights)) < 2 or len(set(people)) < 2:
        return None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return round(float(kendalltau(weights, people, variant="b").statistic), 6)
