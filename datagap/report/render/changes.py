"""What changed between two reports, as text and as Markdown."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from datagap import model
from datagap.report.render.markdown import bullets, escape, grid
from datagap.report.render.text import UNKNOWN, clip, count, known, number, words

HEADINGS: Final[dict[model.ChangeKind, str]] = {
    "new": "New",
    "regressed": "Regressed",
    "returned": "Returned",
    "escalating": "Escalating",
    "shrinking": "Shrinking",
    "resolved": "Resolved",
    "put_aside": "Put aside",
    "steady": "Steady",
}
BASES: Final[dict[model.ResolvedBasis, str]] = {
    "fixed": "marked as fixed",
    "refuted": "the catalog refutes it now",
    "no_demand": "nobody asked",
}
NOTHING: Final = "Nothing changed."
ROW: Final = ("Rank", "Group", "Gap", "People", "Events", "Events a day")


def text(diff: model.ReportDiff) -> Iterator[str]:
    """Yield the lines of a diff for a terminal: what is steady is counted."""
    yield from (f"{which}: {_span(side)}" for which, side in _sides(diff))
    yield from (f"caveat: {clip(one, 400)}" for one in diff.caveats)
    yield totals(diff)
    for kind, changes in _told(diff):
        yield f"{words(kind)}:"
        yield from (_line(one) for one in changes)


def markdown(diff: model.ReportDiff) -> str:
    """Return a diff as Markdown: what is steady is counted."""
    blocks = [
        "# What changed in the data gaps",
        bullets([f"{which}: {_span(side)}" for which, side in _sides(diff)]),
        bullets([f"Caveat: {clip(one, 400)}" for one in diff.caveats]),
        escape(totals(diff)),
    ]
    for kind, changes in _told(diff):
        blocks += [f"## {HEADINGS[kind]}", grid(ROW, [_cells(one) for one in changes])]
    return "\n\n".join(block for block in blocks if block) + "\n"


def totals(diff: model.ReportDiff) -> str:
    """Return how many items changed in each way."""
    counts = [f"{number(diff.totals[kind])} {words(kind)}" for kind in HEADINGS if diff.totals.get(kind)]
    return ", ".join(counts) or NOTHING


def _sides(diff: model.ReportDiff) -> Sequence[tuple[str, model.ComparedReport]]:
    return ("before", diff.before), ("after", diff.after)


def _told(diff: model.ReportDiff) -> Iterator[tuple[model.ChangeKind, Sequence[model.ItemChange]]]:
    for kind in HEADINGS:
        changes = [one for one in diff.changes if one.change == kind]
        if changes and kind != "steady":
            yield kind, changes


def _span(side: model.ComparedReport) -> str:
    days = "days unknown" if side.days is None else f"{side.first_day} to {side.last_day}, {count(side.days, 'day')}"
    return f"{known(side.folder)} ({known(side.pack_id)}, {days}), {count(side.items, 'item')}"


def _line(one: model.ItemChange) -> str:
    rank, group_id, title, *figures = _cells(one)
    people, events, rate = figures
    return f"  {rank:>9}  {group_id}  {title}: people {people}; events {events}; a day {rate}"


def _cells(one: model.ItemChange) -> Sequence[str]:
    then, now = one.before, one.after
    title = clip(one.title, 200) + (f" ({BASES[one.basis]})" if one.basis else "")
    group_id = clip(one.group_id, 120) + (f" (was {clip(one.was, 120)})" if one.was else "")
    pairs = [
        (then.rank if then else None, now.rank if now else None),
        (_people(then), _people(now)),
        (then.events if then else 0, now.events if now else 0),
        (_rate(then), _rate(now)),
    ]
    rank, *figures = (_pair(*pair) for pair in pairs)
    return rank, group_id, title, *figures


def _people(demand: model.DemandThen | None) -> int | str:
    return 0 if demand is None else UNKNOWN if demand.people is None else demand.people


def _rate(demand: model.DemandThen | None) -> float | str | None:
    return 0 if demand is None else UNKNOWN if demand.events_per_day is None else demand.events_per_day


def _pair(then: float | str | None, now: float | str | None) -> str:
    return f"{_told_figure(then)} → {_told_figure(now)}"


def _told_figure(value: float | str | None) -> str:
    if value is None:
        return "-"
    return value if isinstance(value, str) else number(value)
