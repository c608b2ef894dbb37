"""From what was detected to the ranked backlog, with what is known from before."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from datagap import model
from datagap.catalog import Catalog
from datagap.report.counterfactual import Blockage
from datagap.report.finding import Detected
from datagap.report.memory import Memory, Remembered
from datagap.report.past import PastReport, change, ids_of
from datagap.report.rank import LANES, group, rank


@dataclass(frozen=True, kw_only=True)
class Backlog:
    """Ranked items, and the groups that they and everything else come from."""

    items: Sequence[model.BacklogItem]
    remembered: Remembered


def build(
    detected: Sequence[Detected], catalog: Catalog, options: model.RunConfig, memory: Memory, days: int | None
) -> Backlog:
    """Return the backlog of events; `days` is how many they span, None where there are none."""
    remembered = memory.remember(group(detected), catalog)
    items = rank(remembered.standings, catalog, options.owners or {}, options.min_frequency)
    blockage = Blockage([*(one.group for one in remembered.standings), *remembered.snoozed], catalog)
    items = list(_unblocking(items, blockage))
    if memory.past is not None:
        items = [replace(item, trend=_trend(item, days, memory.past)) for item in items]
    return Backlog(items=items, remembered=remembered)


def _unblocking(items: Sequence[model.BacklogItem], blockage: Blockage) -> Iterator[model.BacklogItem]:
    for lane in LANES:
        ranked = [item for item in items if item.lane == lane]
        together = blockage.cumulative([item.group_id for item in ranked])
        for item, cumulative in zip(ranked, together, strict=True):
            yield replace(item, unblocks=blockage.alone(item.group_id), cumulative=cumulative)


def _trend(item: model.BacklogItem, days: int | None, past: PastReport) -> model.Trend | None:
    """Return how demand for an item compares with an earlier report; None where that does not say how long it spans."""
    if not days or not past.days:
        return None
    rate = round(item.events / days, 2)
    before = _demand_before(item, past)
    if before is None:
        return model.Trend(change="new", events_per_day=rate)
    events, people = before
    return model.Trend(
        change=change(item.events, days, events, past.days),
        events_per_day=rate,
        events_per_day_before=round(events / past.days, 2),
        events_before=events,
        people_before=people,
    )


def _demand_before(item: model.BacklogItem, past: PastReport) -> tuple[int, int | None] | None:
    """Return the events and people of an item in an earlier report; None if nobody had run into it."""
    for group_id in ids_of(item):
        if group_id in past.item_of:
            return past.item_of[group_id].events, past.item_of[group_id].people
        if group_id in past.decided_of and past.decided_of[group_id].events:
            return past.decided_of[group_id].events, past.decided_of[group_id].people
        if group_id in past.cluster_of:
            return len(past.cluster_of[group_id].event_ids), None
    return None
