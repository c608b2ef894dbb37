"""What the report says of one item, in plain text that each format escapes in its own way."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Final, get_args

from datagap import model
from datagap.report.rank import EFFORT_WEIGHT, SEVERITY_WEIGHT
from datagap.report.render.overview import by_channel, unblocked
from datagap.report.render.text import UNKNOWN, clip, count, known, listed, moment, number, words

ROW: Final = ("Rank", "Gap", "People", "Events", "Verdict", "Status", "Tier", "Owner", "Severity", "Effort")
FACT_ROW: Final = ("Where", "Value", "As of")
EVIDENCE_SHOWN: Final = 8
"""Quotes, and facts, that a page shows of an item."""


def title(item: model.BacklogItem) -> str:
    """Return the item in one line."""
    return clip(item.summary.title, 200)


def row(item: model.BacklogItem) -> Sequence[str]:
    """Return the cells of an item under ROW."""
    counts = (number(item.people), number(item.events))
    tier = UNKNOWN if item.tier is None else str(item.tier)
    terms = (tier, known(item.owner), known(item.severity), known(item.effort))
    return str(item.rank), title(item), *counts, item.verdict, words(item.status or "open"), *terms


def kind(item: model.BacklogItem) -> str:
    """Return the gap's type, reason and place, such as `missing column (absent) in mart_orders: region`."""
    reason = f" ({words(item.reason)})" if item.reason else ""
    place = f" in {clip(', '.join(item.datasets), 160)}" if item.datasets else ""
    what = ", ".join(item.columns) or item.subject
    return f"{words(item.gap_type)}{reason}{place}" + (f": {clip(what, 160)}" if what else "")


def narrative(item: model.BacklogItem) -> Sequence[tuple[str, str]]:
    """Return what is wrong, what would serve it and how to tell, each with a label."""
    summary = item.summary
    told = (("Problem", summary.problem), ("Action", summary.action), ("Done when", summary.done_when))
    lines = [(label, known(text, 1000)) for label, text in told]
    if summary.source == "model":
        lines.append(("Written by", f"language model {known(summary.model)}"))
    return lines


def particulars(item: model.BacklogItem) -> Sequence[tuple[str, str]]:
    """Return an item's demand, score and standing, each with a label."""
    return (
        ("Gap", kind(item)),
        ("Demand", demand(item)),
        ("Status", status(item)),
        ("Audiences", audiences(item)),
        ("Seen", f"{_seen(item.first_seen)} to {_seen(item.last_seen)}"),
        *((("Trend", trend(item.trend)),) if item.trend else ()),
        ("Unblocks", unblocked(item.unblocks)),
        ("Score", formula(item)),
        ("Verdict", verdict(item)),
        ("Owner", known(item.owner)),
        ("Standing", standing(item)),
        ("Group", clip(item.group_id, 120)),
    )


def _seen(timestamp: str) -> str:
    """Return a timestamp, or the day alone where no more is told of it."""
    return timestamp[:10] if timestamp.endswith("T00:00:00Z") else moment(timestamp)


def status(item: model.BacklogItem) -> str:
    """Return where an item stands, with its assignee and ticket."""
    assignee = f" to {clip(item.assignee, 120)}" if item.assignee else ""
    assignee = assignee if item.status == "assigned" or not assignee else f", assigned{assignee}"
    ticket = f", ticket {clip(item.ticket, 200)}" if item.ticket else ""
    return f"{words(item.status or 'open')}{assignee}{ticket}"


def trend(change: model.Trend) -> str:
    """Return how demand has changed since the earlier report."""
    rate = number(change.events_per_day)
    if change.events_per_day_before is None:
        return f"{change.change}, {rate} events a day"
    return f"{change.change}, from {number(change.events_per_day_before)} to {rate} events a day"


def demand(item: model.BacklogItem) -> str:
    """Return people, person-days and events."""
    channels: dict[model.Channel, int] = {name: getattr(item.by_channel, name) for name in get_args(model.Channel)}
    people = f"{count(item.people, 'person', 'people')} over {count(item.person_days, 'person-day')}"
    return f"{people}, {count(item.events, 'event')} ({by_channel(channels)})"


def audiences(item: model.BacklogItem) -> str:
    """Return the people by audience, most first."""
    if item.audiences is None:
        return UNKNOWN
    largest = sorted(item.audiences.items(), key=lambda pair: (-pair[1], pair[0]))
    return listed(f"{clip(name, 60)} {number(people)}" for name, people in largest)


def formula(item: model.BacklogItem) -> str:
    """Return the score with what it was made from; an unknown factor is left out of it."""
    severity, effort = item.severity, item.effort
    raised = f" \N{MULTIPLICATION SIGN} {SEVERITY_WEIGHT[severity]} ({severity} severity)" if severity else ""
    lowered = f" ÷ {EFFORT_WEIGHT[effort]} ({effort} effort)" if effort else ""
    unset = [name for name, value in (("severity", severity), ("effort", effort)) if value is None]
    remark = f" ({' and '.join(unset)} unknown, left out)" if unset else ""
    return f"{number(item.score)} = {count(item.person_days, 'person-day')}{raised}{lowered}{remark}"


def verdict(item: model.BacklogItem) -> str:
    """Return the verdict, the claims behind it, and what would settle the open ones."""
    names: Sequence[model.Verdict] = get_args(model.Verdict)
    counts = ", ".join(f"{number(getattr(item.verdicts, name))} {name}" for name in names)
    settled = f"; an export of {words(item.settled_by)} would settle what is unverifiable" if item.settled_by else ""
    return f"{item.verdict} ({counts}, mean confidence {number(item.confidence)}){settled}"


def standing(item: model.BacklogItem) -> str:
    """Return the criticality tier, deadline and reach."""
    reach = UNKNOWN if item.downstream is None else number(item.downstream)
    return f"tier {known(item.tier)}, deadline {known(item.deadline)}, datasets downstream {reach}"


def quotes(item: model.BacklogItem) -> Sequence[tuple[str, str]]:
    """Return the first quotes and the ids of their events."""
    found = [(clip(part.quote, 500), known(part.event_id)) for part in item.evidence if part.quote is not None]
    return found[:EVIDENCE_SHOWN]


def facts(item: model.BacklogItem) -> Sequence[Sequence[str]]:
    """Return the first catalog facts as cells under FACT_ROW."""
    return [_fact(part) for part in item.evidence if part.file is not None][:EVIDENCE_SHOWN]


def withheld(item: model.BacklogItem) -> str:
    """Return the sentence that counts the evidence left out, or an empty text."""
    more = len(item.evidence) - len(quotes(item)) - len(facts(item))
    return f"{count(more, 'more piece', 'more pieces')} of evidence in backlog.jsonl." if more > 0 else ""


def evidence_lines(item: model.BacklogItem) -> Sequence[str]:
    """Return the first two quotes and the first fact, each in one line."""
    told = [f"“{clip(quote, 200)}” ({event_id})" for quote, event_id in quotes(item)[:2]]
    return [*told, *(fact_line(cells) for cells in facts(item)[:1])]


def fact_line(cells: Sequence[str]) -> str:
    """Return a catalog fact in one line."""
    where, value, as_of = cells
    return f"{where}: {value}, as of {as_of}"


def _fact(part: model.Evidence) -> Sequence[str]:
    as_of = UNKNOWN if part.as_of is None else moment(part.as_of)
    return f"{known(part.file)} {clip(part.pointer or '', 200)}".rstrip(), _value(part.value), as_of


def _value(value: model.FactValue) -> str:
    return "nothing there" if value is None else clip(json.dumps(value, ensure_ascii=False), 200)
