"""What the report says as a whole, in plain text that each format escapes in its own way."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple, get_args

from datagap import model
from datagap.report.render.text import UNKNOWN, clip, count, known, listed, moment, number, words
from datagap.report.result import Export, FreshnessEntry, Report

_ORDER = (
    "By tier, 1 the most critical and unknown between 2 and 3, then by deadline and score; "
    "what names no dataset comes last."
)
LANES: Final[Mapping[model.Lane, tuple[str, str]]] = {
    "incidents": ("Incidents", f"Something that worked has broken: late or wrong data, or refused access. {_ORDER}"),
    "backlog": ("Backlog", f"Something to build. {_ORDER}"),
}
NO_ITEMS: Final = "Nothing in this lane."
DETAILS: Final = "Details"
NO_DETAILS: Final = "No gap was found."
NO_GAP: Final = ("What is not a gap", "Events without a gap, by reason.")
FRESHNESS: Final = ("Freshness", "Datasets that are older than promised, those most complained of first.")
ALL_FRESH: Final = "No dataset is known to be late."
DECIDED: Final = ("Decided", "What the team has put aside, those most ran into first.")
DECIDED_ROW: Final = ("Status", "Gap", "People", "Events", "By", "On", "Why", "Group")
DECIDED_SHOWN: Final = 200
"""Groups put aside that a page shows."""
TOPS: Final = (1, 3, 5, 10, 20)
"""How many of the first items of a lane are taken together."""
EXPORTS: Final = ("Export this next", "Catalog facts that would settle claims which nothing settles now.")
NO_EXPORTS: Final = "No export would settle further claims."
LATE_ROW: Final = ("Dataset", "Owner", "Last load", "Age, hours", "Promised, hours", "Late because of", "Complaints")
_CHANNELS: Final[Mapping[str, tuple[str, str]]] = {
    "nlq": ("query", "queries"),
    "slack": ("Slack message", "Slack messages"),
    "email": ("email", "emails"),
}


class Figure(NamedTuple):
    """A number of the summary, what it counts, and a remark."""

    value: str
    label: str
    note: str


def heading(report: Report) -> str:
    """Return the title of the report."""
    return f"Data gaps in {known(report.run.pack.pack_id)}" if report.run.pack else "Data gaps"


def snapshot(report: Report) -> str:
    """Return when the catalog was as the report takes it to be."""
    when = moment(report.run.pack.generated_at) if report.run.pack else UNKNOWN
    return f"Catalog snapshot: {when}"


def figures(report: Report) -> Sequence[Figure]:
    """Return the summary: events read, requests, events with a gap, contradicted ones, unexplained queries."""
    tallies = report.tallies
    return (
        Figure(number(tallies.events), "events read", by_channel(tallies.by_channel)),
        Figure(number(tallies.requests), "requests", "ask for something that data should serve"),
        Figure(number(tallies.with_gap), "with a gap", f"in {count(len(report.items), 'item')}"),
        Figure(number(tallies.contradicted), "contradicted", "the catalog refutes what they say"),
        Figure(number(tallies.unexplained), "unexplained", "blocked or degraded queries, no gap found"),
    )


def by_channel(events: Mapping[model.Channel, int]) -> str:
    """Return the number of events in each channel that has some."""
    channels: Sequence[model.Channel] = get_args(model.Channel)
    counts = [(name, events[name]) for name in channels if events.get(name)]
    return listed(count(value, *_CHANNELS.get(name, (name, name))) for name, value in counts)


def shown(items: Sequence[model.BacklogItem], limit: int) -> Sequence[model.BacklogItem]:
    """Return at most `limit` items in their order: the first of each lane, so that no lane crowds out the other."""
    places: Counter[model.Lane] = Counter()
    order = []
    for item in items:
        places[item.lane] += 1
        order.append(places[item.lane])
    chosen = sorted(range(len(items)), key=order.__getitem__)[:limit]
    return [items[place] for place in sorted(chosen)]


def left_out(report: Report, limit: int) -> str:
    """Return the sentence that counts the items left out, or an empty text."""
    more = len(report.items) - limit
    return "" if more <= 0 else f"{count(more, 'further item')} {'is' if more == 1 else 'are'} in backlog.csv."


def serving(report: Report, lane: model.Lane) -> str:
    """Return what serving the first items of a lane would unblock, nothing counted twice, or an empty text."""
    items = [item for item in report.items if item.lane == lane and item.cumulative]
    tops = [top for top in TOPS if top < len(items)] + [len(items)] if items else []
    told = "; ".join(f"top {number(top)}: {unblocked(items[top - 1].cumulative)}" for top in tops)
    return f"What serving the first of them unblocks, nothing counted twice. {told.capitalize()}." if told else ""


def unblocked(what: model.Unblocked | None) -> str:
    """Return what is no longer held up."""
    if what is None:
        return UNKNOWN
    teams = "teams unknown" if what.teams is None else count(what.teams, "team")
    reach = "reach unknown" if what.downstream is None else f"{count(what.downstream, 'dataset')} downstream"
    return f"{count(what.questions, 'question')} of {count(what.people, 'person', 'people')}, {teams}, {reach}"


def put_aside(report: Report) -> str:
    """Return how many needs the team has put aside, by status, such as `3 dismissed, 1 snoozed`."""
    counts = sorted(report.put_aside.items(), key=lambda pair: (-pair[1], pair[0]))
    return listed(f"{number(needs)} {words(status)}" for status, needs in counts)


def decided_row(one: model.DecidedGroup) -> Sequence[str]:
    """Return the cells of a group that is put aside under DECIDED_ROW."""
    counts = (number(one.people), number(one.events))
    return standing(one), known(one.title), *counts, known(one.by), moment(one.at), decision(one), known(one.group_id)


def standing(one: model.DecidedGroup) -> str:
    """Return the status of a group that is put aside, and when it comes back."""
    ends = [f"until {clip(one.until, 20)}"] if one.until else []
    ends += [f"until {count(one.until_people, 'person', 'people')}"] if one.until_people is not None else []
    return " ".join([words(one.status), " or ".join(ends)]).rstrip()


def decision(one: model.DecidedGroup) -> str:
    """Return why a group is put aside, with its ticket."""
    reason = clip(one.reason, 400) if one.reason else "no reason given"
    return reason + (f" ({clip(one.ticket, 200)})" if one.ticket else "")


def further_decided(report: Report) -> str:
    """Return the sentence that counts the groups put aside that are left out, or an empty text."""
    more = len(report.decided) - DECIDED_SHOWN
    return "" if more <= 0 else f"{number(more)} more in artifacts/decided.jsonl."


def none_reasons(report: Report) -> Sequence[tuple[str, int]]:
    """Return the reasons for which events carry no gap, most events first."""
    largest = sorted(report.tallies.none_reasons.items(), key=lambda pair: (-pair[1], pair[0]))
    return [(words(reason), events) for reason, events in largest if events]


def late(report: Report) -> Sequence[FreshnessEntry]:
    """Return the late datasets, those most complained of first."""
    entries = [entry for entry in report.freshness if entry.late]
    return sorted(entries, key=lambda entry: (-entry.complaints, -entry.age_hours, entry.dataset))


def late_row(entry: FreshnessEntry) -> Sequence[str]:
    """Return the cells of a late dataset under LATE_ROW."""
    root = "itself" if entry.root == entry.dataset else known(entry.root)
    hours = (number(round(entry.age_hours, 1)), number(entry.sla_hours))
    place = (known(entry.dataset), known(entry.owner), moment(entry.max_loaded_at))
    return *place, *hours, root, number(entry.complaints)


def export_line(export: Export) -> str:
    """Return what an export would settle."""
    return f"{words(export.fact_class)}: would settle {count(export.claims, 'claim')}"


def colophon(report: Report) -> str:
    """Return what made the report."""
    cost = report.cost
    spent = f"{count(cost.total.calls, 'call')}, ${cost.total.usd:.2f}"
    llm = "no language model" if cost.llm == "off" else f"language model {known(cost.model)}, {spent}"
    return f"Made by datagap {known(report.run.generator_version)} with {llm}."
