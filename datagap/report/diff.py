"""What changed from one report to another."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final, get_args

from datagap import model
from datagap.report.past import PastReport, caveats, change, ids_of, read_report
from datagap.report.rank import lane

KINDS: Final[tuple[model.ChangeKind, ...]] = get_args(model.ChangeKind)
"""Kinds of change, what asks for attention first."""
_BY_TREND: Final[dict[model.TrendChange, model.ChangeKind]] = {"rising": "escalating", "falling": "shrinking"}


def compare(before: Path, after: Path) -> model.ReportDiff:
    """Return what changed between the reports in two folders; raise MisuseError where one is no report."""
    return diff(read_report(before), read_report(after))


def diff(before: PastReport, after: PastReport) -> model.ReportDiff:
    """Return what changed from one report to another, demand held against the days that each spans."""
    changes = sorted(_changes(before, after), key=_order)
    totals = Counter(one.change for one in changes)
    return model.ReportDiff(
        before=_compared(before),
        after=_compared(after),
        caveats=caveats(before.run, after.run),
        totals={kind: totals[kind] for kind in KINDS if totals[kind]},
        changes=changes,
    )


def _changes(before: PastReport, after: PastReport) -> Iterator[model.ItemChange]:
    seen: set[str] = set()
    for item in after.items:
        earlier = _matches(item, before)
        seen.update(one.group_id for one in earlier)
        yield _still(item, earlier, before, after)
    for item in before.items:
        if item.group_id not in seen:
            yield _gone(item, before, after)


def _matches(item: model.BacklogItem, before: PastReport) -> list[model.BacklogItem]:
    """Return the items that became this one, that of its own id first."""
    found = {before.item_of[name].group_id: before.item_of[name] for name in ids_of(item) if name in before.item_of}
    return list(found.values())


def _still(
    item: model.BacklogItem, earlier: Sequence[model.BacklogItem], before: PastReport, after: PastReport
) -> model.ItemChange:
    """Return what became of an item of the later report."""
    then = _demand(earlier, before) or _unlisted(ids_of(item), before)
    now = model.DemandThen(
        rank=item.rank, people=item.people, events=item.events, events_per_day=_rate(item.events, after)
    )
    was = earlier[0].group_id if earlier else None
    return model.ItemChange(
        group_id=item.group_id,
        was=was if was != item.group_id else None,
        change=_kind(item, earlier, then, before, after),
        title=item.summary.title,
        gap_type=item.gap_type,
        lane=item.lane,
        before=then,
        after=now,
    )


def _kind(
    item: model.BacklogItem,
    earlier: Sequence[model.BacklogItem],
    then: model.DemandThen | None,
    before: PastReport,
    after: PastReport,
) -> model.ChangeKind:
    if item.status == "regressed" and not any(one.status == "regressed" for one in earlier):
        return "regressed"
    if not earlier and any(name in before.decided_of for name in ids_of(item)):
        return "returned"
    if then is None:
        return "new"
    return _trend(item.events, then.events, before, after)


def _trend(events: int, events_before: int, before: PastReport, after: PastReport) -> model.ChangeKind:
    if not before.days or not after.days:
        return "steady"
    return _BY_TREND.get(change(events, after.days, events_before, before.days), "steady")


def _gone(item: model.BacklogItem, before: PastReport, after: PastReport) -> model.ItemChange:
    """Return what became of an item that the later report does not list."""
    names = ids_of(item)
    now = _unlisted(names, after)
    kind: model.ChangeKind = "resolved"
    basis: model.ResolvedBasis | None = "no_demand"
    decided = next((after.decided_of[name] for name in names if name in after.decided_of), None)
    cluster = next((after.cluster_of[name] for name in names if name in after.cluster_of), None)
    if decided is not None:
        kind, basis = ("resolved", "fixed") if decided.status == "fixed" else ("put_aside", None)
    elif cluster is not None and cluster.group_id in after.refuted:
        basis = "refuted"
    elif cluster is not None:
        kind, basis = _trend(len(cluster.event_ids), item.events, before, after), None
    return model.ItemChange(
        group_id=item.group_id,
        change=kind,
        basis=basis,
        title=item.summary.title,
        gap_type=item.gap_type,
        lane=lane(item.gap_type),
        before=_demand([item], before),
        after=now,
    )


def _demand(items: Sequence[model.BacklogItem], report: PastReport) -> model.DemandThen | None:
    """Return the demand of items that are one now; of their people, who may be the same, the most that one had."""
    if not items:
        return None
    events = sum(item.events for item in items)
    return model.DemandThen(
        rank=items[0].rank,
        people=max(item.people for item in items),
        events=events,
        events_per_day=_rate(events, report),
    )


def _unlisted(names: Sequence[str], report: PastReport) -> model.DemandThen | None:
    """Return the demand of what a report knows of and does not list, unless the catalog refutes it."""
    decided = next((report.decided_of[name] for name in names if name in report.decided_of), None)
    if decided is not None:
        rate = _rate(decided.events, report)
        return model.DemandThen(people=decided.people, events=decided.events, events_per_day=rate)
    cluster = next((report.cluster_of[name] for name in names if name in report.cluster_of), None)
    if cluster is None or cluster.group_id in report.refuted:
        return None
    events = len(cluster.event_ids)
    return model.DemandThen(events=events, events_per_day=_rate(events, report))


def _rate(events: int, report: PastReport) -> float | None:
    return round(events / report.days, 2) if report.days else None


def _compared(report: PastReport) -> model.ComparedReport:
    run, window = report.run, report.run.window
    return model.ComparedReport(
        folder=report.folder.as_posix(),
        pack_id=run.pack.pack_id if run.pack else None,
        first_day=window.first_day if window else None,
        last_day=window.last_day if window else None,
        days=window.days if window else None,
        items=len(report.items),
    )


def _order(one: model.ItemChange) -> tuple[int, int, str]:
    now, then = one.after, one.before
    place = (now.rank if now else None) or (then.rank if then else None) or 0
    return KINDS.index(one.change), place, one.group_id
