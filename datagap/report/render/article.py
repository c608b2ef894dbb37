"""One item of report.html."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from typing import Final

from datagap import model
from datagap.report.render import wording
from datagap.report.render.markup import Markup, element, joined, pairs, table
from datagap.report.render.text import count

_ANCHOR: Final = re.compile(r"g_[A-Za-z0-9_-]{1,64}")
_FACT_CLASSES: Final = ("name", "name", "wide")


def anchor(group_id: str) -> str:
    """Return the id of an item's element: the group id where it can be one, else a digest of it."""
    if _ANCHOR.fullmatch(group_id):
        return group_id
    return "g_" + hashlib.sha256(group_id.encode(errors="surrogatepass")).hexdigest()[:16]


def article(item: model.BacklogItem) -> Markup:
    """Return an item with its problem, demand, score and evidence."""
    identity = anchor(item.group_id)
    rank = element("a", str(item.rank), href=f"#{identity}", class_="rank", aria_label=f"Rank {item.rank}")
    title = element("h3", rank, Markup(" "), wording.title(item), Markup(" "), verdict_mark(item.verdict))
    body = (pairs("told", wording.narrative(item)), pairs("particulars", wording.particulars(item)), *_evidence(item))
    return joined((Markup("\n"), element("article", title, *body, id=identity)))


def verdict_mark(verdict: model.Verdict) -> Markup:
    """Return a verdict as a coloured word."""
    return element("span", verdict, class_=f"verdict {verdict}")


def _evidence(item: model.BacklogItem) -> Iterator[Markup]:
    quotes, facts = wording.quotes(item), wording.facts(item)
    if not quotes and not facts:
        return
    summary = f"Evidence: {count(len(quotes), 'quote')}, {count(len(facts), 'catalog fact')}"
    parts = [element("summary", summary), *(_quote(*quote) for quote in quotes)]
    if facts:
        parts.append(table("Catalog facts", dict(zip(wording.FACT_ROW, _FACT_CLASSES, strict=True)), facts))
    if more := wording.withheld(item):
        parts.append(element("p", more, class_="note"))
    yield element("details", *parts)


def _quote(quote: str, event_id: str) -> Markup:
    return element("blockquote", element("p", quote), element("footer", event_id))
