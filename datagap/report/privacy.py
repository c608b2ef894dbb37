"""Hide in a report what few people asked for: their words, who they are, and when they asked."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace

from datagap import clock, model
from datagap.report.rank import Group
from datagap.report.result import Report


def hidden(report: Report, groups: Sequence[Group], fewest: int) -> Report:
    """Return a report in which groups of fewer than `fewest` people stay, and their quotes, audiences and times do not.

    The words of an event are hidden everywhere as soon as one of its groups is that small: in the items, the
    detections and the mentions. Times are cut to the day.
    """
    if fewest <= 1:
        return report
    small = {group.group_id for group in groups if group.people < fewest}
    small |= {item.group_id for item in report.items if item.people < fewest}
    events = {detected.finding.event_id for group in groups if group.group_id in small for detected, _ in group.members}
    return replace(
        report,
        items=[_item(item, item.group_id in small, events) for item in report.items],
        detections=[_detection(detection, small, events) for detection in report.detections],
        intents=[replace(one, mentions=()) if one.event_id in events else one for one in report.intents],
    )


def _item(item: model.BacklogItem, small: bool, events: Collection[str]) -> model.BacklogItem:
    if not small:
        return replace(item, evidence=[part for part in item.evidence if part.event_id not in events])
    return replace(
        item,
        evidence=_facts(item.evidence),
        audiences=None,
        first_seen=_day(item.first_seen),
        last_seen=_day(item.last_seen),
        unblocks=_without_teams(item.unblocks),
    )


def _detection(one: model.Detection, small: Collection[str], events: Collection[str]) -> model.Detection:
    """Return a detection without quotes of what is small; a fact of the catalog is nobody's."""
    gaps = [
        replace(gap, evidence=_facts(gap.evidence)) if one.event_id in events or gap.group_id in small else gap
        for gap in one.gaps
    ]
    return replace(one, gaps=gaps)


def _facts(evidence: Sequence[model.Evidence]) -> list[model.Evidence]:
    return [part for part in evidence if part.event_id is None]


def _day(timestamp: str) -> str:
    return f"{clock.day(timestamp)}T00:00:00Z"


def _without_teams(unblocked: model.Unblocked | None) -> model.Unblocked | None:
    return None if unblocked is None else replace(unblocked, teams=None)
