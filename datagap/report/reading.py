"""Read what one event says by itself, before its thread and the catalog are asked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from datagap import model
from datagap.pack.layout import Event, event_text
from datagap.report.lexicon import Lexicon, fold
from datagap.report.linking import LONGEST_TEXT, Linker, Links
from datagap.report.redaction import Redactor

SERVED: Mapping[model.Outcome, model.NoneReason] = {
    "answered": "answered",
    "slow": "answered",
    "uncertain": "analysis_request",
}
"""Why a query that ended so is about no gap; its words are not searched for one."""
QUOTE = 240
"""Characters of a quote."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What one event says."""

    event_id: str
    channel: model.Channel
    actor: str
    when: str
    thread: str
    """Id of the event that opens the conversation; its own for a query or an opener."""
    query: str | None
    """Query that it refers to."""
    quote: str
    links: Links
    strong: Mapping[model.GapType, str] = field(default_factory=dict)
    """Gap types that the words signal, each with the line that does."""
    weak: tuple[model.GapType, ...] = ()
    none_reason: model.NoneReason | None = None
    """Why it is about no gap, where the words themselves say so."""
    asks: bool = False
    follows_up: bool = False
    outcome: model.Outcome | None = None
    latency_ms: int | None = None

    def quote_for(self, gap_type: model.GapType) -> str:
        """Return the line that shows a gap of this type best."""
        return self.strong.get(gap_type) or self.quote

    @property
    def opens(self) -> bool:
        """Return whether it opens a conversation."""
        return self.thread == self.event_id


class Reader:
    """Reads events by the signals of a lexicon and the names of a catalog."""

    def __init__(self, linker: Linker, lexicon: Lexicon) -> None:
        self._linker = linker
        self._lexicon = lexicon

    def read(self, event: Event) -> Finding:
        """Return what `event` says."""
        text = event_text(event)[:LONGEST_TEXT]
        links = self._linker.link(text)
        served = isinstance(event, model.NlQuery) and event.outcome in SERVED
        folded = "" if served else fold(text)
        places = self._signals(folded)
        weak = tuple(kind for kind, pattern in self._lexicon.weak.items() if pattern.search(folded))
        finding = Finding(
            event_id=event.id,
            channel=event.channel,
            actor=event.actor,
            when=event.when,
            thread=event.id if isinstance(event, model.NlQuery) else event.thread_id or event.id,
            query=None if isinstance(event, model.NlQuery) else event.referenced_query_id,
            quote=_quote(text, min(places.values(), default=0)),
            links=links,
            strong={kind: _quote(text, place) for kind, place in places.items()},
            weak=weak,
        )
        if isinstance(event, model.NlQuery):
            return _query(finding, event)
        return self._message(finding, folded)

    def _signals(self, folded: str) -> dict[model.GapType, int]:
        """Return the gap types that the text signals strongly, and where the signal stands."""
        searched = ((kind, pattern.search(folded)) for kind, pattern in self._lexicon.strong.items())
        return {kind: match.start() for kind, match in searched if match}

    def _message(self, finding: Finding, folded: str) -> Finding:
        lexicon = self._lexicon
        about_data = bool(finding.links.datasets or finding.links.domain or finding.links.columns) or bool(
            lexicon.data_noun.search(folded)
        )
        asks = bool(lexicon.request.search(folded)) or bool(finding.strong)
        none_reason = None
        if not finding.links.datasets:
            none_reason = next((reason for reason, one in lexicon.none_reasons.items() if one.search(folded)), None)
        follows_up = not finding.opens and bool(lexicon.follow_up.search(folded))
        if not finding.opens and not follows_up and lexicon.answer.search(folded):
            none_reason, asks = none_reason or "chatter", False
        if not about_data and not follows_up:
            none_reason = none_reason or "chatter"
        return replace(finding, none_reason=none_reason, asks=asks, follows_up=follows_up)


def _query(finding: Finding, event: model.NlQuery) -> Finding:
    """Return the finding with the query bot's own telemetry: never its `gap_types`."""
    links = finding.links
    named = links.datasets or tuple(event.tables or ())[:1]
    columns = dict.fromkeys([*links.columns, *(event.dims or ()), *(event.metrics or ())])
    return replace(
        finding,
        links=replace(links, datasets=named, columns=tuple(columns)),
        asks=True,
        outcome=event.outcome,
        none_reason=SERVED.get(event.outcome),
        latency_ms=event.latency_ms,
    )


def _quote(text: str, place: int) -> str:
    """Return the line of `text` around `place`, or all of it if that line is empty."""
    start = text.rfind("\n", 0, place) + 1
    end = text.find("\n", place)
    line = text[start : end if end >= 0 else len(text)]
    return line.strip() or text.strip()


def redacted(finding: Finding, redactor: Redactor) -> Finding:
    """Return `finding` without personal data in anything that a report shows of it; mentions are catalog names."""
    links = finding.links
    subject = None if links.subject is None else redactor.redact(links.subject)
    unknown = tuple(word for word in links.unknown if redactor.redact(word) == word)
    links = replace(links, subject=subject, unknown=unknown)
    strong = {kind: _cut(redactor.redact(quote)) for kind, quote in finding.strong.items()}
    return replace(finding, quote=_cut(redactor.redact(finding.quote)), strong=strong, links=links)


def _cut(quote: str) -> str:
    """Return the first QUOTE characters of a redacted text, without half a word or placeholder at the end."""
    return quote if len(quote) <= QUOTE else quote[:QUOTE].rpartition(" ")[0] or quote[:QUOTE].rpartition("[")[0]
