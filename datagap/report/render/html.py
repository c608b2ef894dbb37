"""report.html: the backlog as one self-contained page without scripts."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator, Sequence
from importlib.resources import files
from typing import Final

from datagap import model
from datagap.report.render import overview, wording
from datagap.report.render.article import anchor, article, verdict_mark
from datagap.report.render.markup import Markup, amount, element, joined, table
from datagap.report.render.text import UNKNOWN, number
from datagap.report.result import Report

ITEMS_SHOWN: Final = 500
_ROW_CLASSES: Final = ("num", "gap", "people", "num wide", "", "wide", "num wide", "team wide", "wide", "wide")
_DECIDED_CLASSES: Final = ("", "gap", "num", "num wide", "team", "wide", "wide", "name wide")
_LATE_CLASSES: Final = ("name", "team wide", "wide", "num", "num", "name", "num wide")


def render(report: Report) -> bytes:
    """Return the report as an HTML page."""
    style = files("datagap.report.render").joinpath("report.css").read_text(encoding="utf-8")
    page = element("html", _head(overview.heading(report), style), _body(report), lang="en")
    return f"<!DOCTYPE html>\n{page}\n".encode()


def policy(style: str) -> str:
    """Return the content security policy of a page that has this style and nothing else."""
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    return f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"


def _head(title: str, style: str) -> Markup:
    return element(
        "head",
        element("meta", charset="utf-8"),
        element("meta", http_equiv="Content-Security-Policy", content=policy(style)),
        element("meta", name="viewport", content="width=device-width, initial-scale=1"),
        element("meta", name="color-scheme", content="light dark"),
        element("meta", name="referrer", content="no-referrer"),
        element("title", title),
        element("style", Markup(style)),
    )


def _body(report: Report) -> Markup:
    items = overview.shown(report.items, ITEMS_SHOWN)
    rest = [_no_gap(report), _freshness(report), *_decided(report), _exports(report)]
    sections = [*_lanes(report, items), _details(report, items), *rest]
    return element(
        "body",
        _header(report),
        element("main", *sections),
        element("footer", element("p", overview.colophon(report))),
    )


def _header(report: Report) -> Markup:
    figures = (
        element("div", element("dt", label), element("dd", element("b", value), element("span", note)))
        for value, label, note in overview.figures(report)
    )
    return element(
        "header",
        element("h1", overview.heading(report)),
        element("p", overview.snapshot(report), class_="note"),
        element("dl", *figures, class_="figures"),
        *([element("p", f"{overview.put_aside(report)} by the team", class_="note")] if report.decided else []),
        _contents(report),
    )


def _contents(report: Report) -> Markup:
    lanes = [(lane, title) for lane, (title, _) in overview.LANES.items()]
    rest = {"details": overview.DETAILS, "not-a-gap": overview.NO_GAP[0], "freshness": overview.FRESHNESS[0]}
    decided = [("decided", overview.DECIDED[0])] if report.decided else []
    entries = [*lanes, *rest.items(), *decided, ("exports", overview.EXPORTS[0])]
    links = (element("li", element("a", title, href=f"#{target}")) for target, title in entries)
    return element("nav", element("ul", *links), aria_label="Contents")


def _section(identity: str, title: str, note: str, *content: str) -> Markup:
    parts = (element("h2", title), element("p", note, class_="note"), *content)
    return joined((Markup("\n"), element("section", *parts, id=identity)))


def _lanes(report: Report, items: Sequence[model.BacklogItem]) -> Iterator[Markup]:
    most = max((item.people for item in items), default=0)
    classes = dict(zip(wording.ROW, _ROW_CLASSES, strict=True))
    for lane, (title, note) in overview.LANES.items():
        rows = [_lane_row(item, most) for item in items if item.lane == lane]
        content = table(f"{title} by priority", classes, rows, naming=1) if rows else element("p", overview.NO_ITEMS)
        total = sum(item.lane == lane for item in report.items)
        serving = element("p", overview.serving(report, lane), class_="note")
        yield _section(lane, joined((title, Markup(" "), element("span", number(total)))), note, content, serving)


def _lane_row(item: model.BacklogItem, most: int) -> Sequence[str]:
    rank, title, _, events, _, *rest = wording.row(item)
    link = element("a", title, href=f"#{anchor(item.group_id)}")
    gap = joined((link, element("small", wording.kind(item))))
    return rank, gap, amount(item.people, most), events, verdict_mark(item.verdict), *map(_dimmed, rest)


def _dimmed(value: str) -> str:
    return element("span", value, class_="unknown") if value == UNKNOWN else value


def _details(report: Report, items: Sequence[model.BacklogItem]) -> Markup:
    more = overview.left_out(report, ITEMS_SHOWN)
    articles = [article(item) for item in items] or [element("p", overview.NO_DETAILS)]
    return _section("details", overview.DETAILS, more, *articles)


def _no_gap(report: Report) -> Markup:
    reasons = overview.none_reasons(report)
    most = max((events for _, events in reasons), default=0)
    rows = [(reason, amount(events, most)) for reason, events in reasons]
    classes = {"Reason": "reason", "Events": "people"}
    content = table("Events by reason", classes, rows) if rows else element("p", "None.")
    return _section("not-a-gap", *overview.NO_GAP, content)


def _freshness(report: Report) -> Markup:
    title, note = overview.FRESHNESS
    rows = [overview.late_row(entry) for entry in overview.late(report)]
    if not rows:
        return _section("freshness", title, overview.ALL_FRESH)
    classes = dict(zip(overview.LATE_ROW, _LATE_CLASSES, strict=True))
    return _section("freshness", title, note, table("Late datasets", classes, rows))


def _decided(report: Report) -> Iterator[Markup]:
    if not report.decided:
        return
    title, note = overview.DECIDED
    rows = [overview.decided_row(one) for one in report.decided[: overview.DECIDED_SHOWN]]
    listing = table("Needs put aside", dict(zip(overview.DECIDED_ROW, _DECIDED_CLASSES, strict=True)), rows, naming=1)
    more = element("p", overview.further_decided(report), class_="note")
    yield _section(
        "decided", title, note, element("details", element("summary", overview.put_aside(report)), listing, more)
    )


def _exports(report: Report) -> Markup:
    title, note = overview.EXPORTS
    if not report.exports:
        return _section("exports", title, overview.NO_EXPORTS)
    lines = (element("li", overview.export_line(export)) for export in report.exports)
    return _section("exports", title, note, element("ul", *lines))
