"""report.md: the backlog to read, in CommonMark with GitHub's tables."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from datagap import model
from datagap.report.render import overview, wording
from datagap.report.render.text import number, visible
from datagap.report.result import Report

ITEMS_SHOWN: Final = 100
_SPECIAL: Final = re.compile(r"[\\`*_\[\]<>#|~&$@]|:(?=//)|(?<=mailto):|(?<=xmpp):|(?<=www)\.", re.IGNORECASE)
_MARKER: Final = re.compile(r"([0-9]{0,9})([-=:]|[+.)](?= |$))")
"""What would begin a list, a heading or a table at the start of a line."""


def render(report: Report) -> bytes:
    """Return the report as Markdown."""
    items = overview.shown(report.items, ITEMS_SHOWN)
    blocks = [
        f"# {escape(overview.heading(report))}",
        escape(overview.snapshot(report)),
        _summary(report),
        *_lanes(report, items),
        escape(overview.left_out(report, ITEMS_SHOWN)),
        *_details(items),
        *_no_gap(report),
        *_freshness(report),
        *_decided(report),
        *_exports(report),
        escape(overview.colophon(report)),
    ]
    return ("\n\n".join(block for block in blocks if block) + "\n").encode()


def escape(text: str) -> str:
    """Return `text` as Markdown that shows it as it stands: no markup, no link, no HTML, one line."""
    inert = _SPECIAL.sub(r"\\\g<0>", visible(text))
    return _MARKER.sub(r"\1\\\2", inert, count=1) if _MARKER.match(inert) else inert


def _summary(report: Report) -> str:
    read, requests, gaps, contradicted, unexplained = (_figure(figure) for figure in overview.figures(report))
    lines = [f"- {read}", f"- {requests}; {gaps}", f"- {contradicted}; {unexplained}"]
    return "\n".join([*lines, *([f"- {overview.put_aside(report)} by the team"] if report.decided else [])])


def _figure(figure: overview.Figure) -> str:
    return f"**{figure.value}** {escape(figure.label)} ({escape(figure.note)})"


def grid(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table, its cells escaped."""
    lines = [list(map(escape, header)), ["---"] * len(header), *(list(map(escape, row)) for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def bullets(lines: Iterable[str]) -> str:
    """Return lines as a list, escaped."""
    return "\n".join(f"- {escape(line)}" for line in lines)


def _labelled(pairs: Iterable[tuple[str, str]]) -> Iterator[str]:
    return (f"**{escape(label)}:** {escape(text)}" for label, text in pairs)


def _lanes(report: Report, items: Sequence[model.BacklogItem]) -> Iterator[str]:
    for lane, (title, note) in overview.LANES.items():
        rows = [wording.row(item) for item in items if item.lane == lane]
        yield f"## {title}"
        yield escape(note)
        yield grid(wording.ROW, rows) if rows else overview.NO_ITEMS
        yield escape(overview.serving(report, lane))


def _details(items: Sequence[model.BacklogItem]) -> Iterator[str]:
    yield f"## {overview.DETAILS}"
    yield "" if items else overview.NO_DETAILS
    for item in items:
        yield f"### {item.rank}. {escape(wording.title(item))}"
        yield "\n\n".join(_labelled(wording.narrative(item)))
        yield "\n".join(f"- {line}" for line in _labelled(wording.particulars(item)))
        yield _evidence(item)


def _evidence(item: model.BacklogItem) -> str:
    quotes = [f"> “{escape(quote)}” ({escape(event_id)})" for quote, event_id in wording.quotes(item)]
    facts = [f"- {escape(wording.fact_line(cells))}" for cells in wording.facts(item)]
    return "\n\n".join(part for part in ("\n>\n".join(quotes), "\n".join(facts), wording.withheld(item)) if part)


def _no_gap(report: Report) -> Iterator[str]:
    title, note = overview.NO_GAP
    rows = [(reason, number(events)) for reason, events in overview.none_reasons(report)]
    yield f"## {title}"
    yield note
    yield grid(("Reason", "Events"), rows) if rows else "None."


def _freshness(report: Report) -> Iterator[str]:
    title, note = overview.FRESHNESS
    rows = [overview.late_row(entry) for entry in overview.late(report)]
    yield f"## {title}"
    yield note if rows else overview.ALL_FRESH
    yield grid(overview.LATE_ROW, rows) if rows else ""


def _decided(report: Report) -> Iterator[str]:
    if not report.decided:
        return
    title, note = overview.DECIDED
    rows = [overview.decided_row(one) for one in report.decided[: overview.DECIDED_SHOWN]]
    yield f"## {title}"
    yield f"<details><summary>{overview.put_aside(report)}</summary>"
    yield note
    yield grid(overview.DECIDED_ROW, rows)
    yield escape(overview.further_decided(report))
    yield "</details>"


def _exports(report: Report) -> Iterator[str]:
    title, note = overview.EXPORTS
    yield f"## {title}"
    yield note if report.exports else overview.NO_EXPORTS
    yield bullets(overview.export_line(export) for export in report.exports)
