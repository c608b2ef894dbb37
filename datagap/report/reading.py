"""Read what one event says by itself, before its conversation and the catalog are asked."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import chain
from typing import Final, TypeVar

import numpy as np

from datagap import model
from datagap.catalog import Catalog
from datagap.pack.layout import Event, event_text
from datagap.report.classifier import ACTS, Classifier, Scores, load_classifier
from datagap.report.clause import Clause, ClauseReader, Links
from datagap.report.concepts import load_concepts
from datagap.report.glossary import load_glossary
from datagap.report.linking import NO_ALIASES, Aliases, Bags, Linker
from datagap.report.telemetry import Telemetry
from datagap.report.text import clauses, own_words

T = TypeVar("T")
REMEMBERED: Final = 1 << 17
"""Clauses that are kept in mind, so that what is said often is read once."""
FENCE: Final = "```"
MOST_BLOCKS: Final = 8
"""Blocks of code of a text that are parsed."""
_BLOCK: Final = re.compile(r"```(?:sql\b)?\s*(.*?)(?:```|\Z)", re.DOTALL | re.IGNORECASE)
_SQL: Final = re.compile(r"(?:select|with)\b", re.IGNORECASE)
MOST_CLAUSES: Final = 400
"""Clauses of a text that are read."""


@dataclass(frozen=True, slots=True)
class Read:
    """A clause that was read, and what its words are worth."""

    clause: Clause
    scores: Scores


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What one event says."""

    event_id: str
    channel: model.Channel
    actor: str
    when: str
    thread: str
    """Id of the event that opens the conversation; its own for a query or an opener."""
    query: str | None
    """Query that it refers to."""
    text: str
    scores: Scores
    """What its words are worth, by act; without the bias."""
    links: Links
    considered: Links
    """What the query bot took it to be about; not from its text."""
    outcome: model.Outcome | None = None
    latency_ms: int | None = None

    @property
    def opens(self) -> bool:
        """Return whether it opens a conversation."""
        return self.thread == self.event_id


class Reader:
    """Reads events; what is said in the same words is read once."""

    def __init__(self, clause_reader: ClauseReader, classifier: Classifier, telemetry: Telemetry) -> None:
        self._clauses = clause_reader
        self._telemetry = telemetry
        self._classifier = classifier
        self._read = lru_cache(maxsize=REMEMBERED)(self._fresh)

    def _fresh(self, raw: str) -> Read:
        clause = self._clauses.read(raw)
        return Read(clause, self._classifier.score(clause.features))

    def read_text(self, text: str) -> list[tuple[str, Read]]:
        """Return the clauses of a text, each as it is written and as it was read."""
        return [(raw, self._read(raw)) for raw in clauses(own_words(text))[:MOST_CLAUSES]]

    def links(self, text: str) -> Links:
        """Return what a text mentions."""
        linked = [read.clause.links for _, read in self.read_text(text) if read.clause.links is not None]
        return self._with_code(text, _joined(linked)) if FENCE in text else _joined(linked)

    def scores(self, text: str) -> Scores:
        """Return what the words of a text are worth, by act; without the bias."""
        return sum((read.scores for _, read in self.read_text(text)), start=_ZERO)

    def quote(self, text: str, act: int) -> str:
        """Return the line of a text that speaks most for an act."""
        if "\n" not in text:
            return text.strip()
        best, where = -(10**9), text
        for line in own_words(text).splitlines():
            if line.strip():
                worth = sum(int(read.scores[act]) for _, read in self.read_text(line))
                if worth > best:
                    best, where = worth, line
        return where.strip()

    def read(self, event: Event) -> Reading:
        """Return what `event` says."""
        text = event_text(event)
        found = [self._read(raw) for raw in clauses(own_words(text))[:MOST_CLAUSES]]
        query = event if isinstance(event, model.NlQuery) else None
        return Reading(
            event_id=event.id,
            channel=event.channel,
            actor=event.actor,
            when=event.when,
            thread=event.id if isinstance(event, model.NlQuery) else event.thread_id or event.id,
            query=None if isinstance(event, model.NlQuery) else event.referenced_query_id,
            text=text,
            scores=sum((read.scores for read in found), start=_ZERO),
            links=self.links(text),
            considered=self._considered(query) if query else _NOTHING,
            outcome=query.outcome if query else None,
            latency_ms=query.latency_ms if query else None,
        )

    def _considered(self, query: model.NlQuery) -> Links:
        datasets, columns = self._telemetry.datasets(query), self._telemetry.columns(query)
        return Links(datasets=datasets, columns=columns) if datasets or columns else _NOTHING

    def _with_code(self, text: str, links: Links) -> Links:
        """Return links with the tables of the SQL in a text first: what it defines itself is no table."""
        blocks = [block for block in _BLOCK.findall(text)[:MOST_BLOCKS] if _SQL.match(block)]
        tables = _distinct(self._telemetry.tables(block) for block in blocks)
        return replace(links, datasets=_distinct([tables, links.datasets])) if tables else links


_ZERO: Final = np.zeros(len(ACTS), dtype=np.int32)


_NOTHING: Final = Links()


def _joined(links: Sequence[Links]) -> Links:
    """Return what clauses mention together."""
    if len(links) < 2:
        return links[0] if links else _NOTHING
    subjects = [(one.settled, one.subject) for one in links if one.subject]
    settled, subject = max(subjects, key=lambda one: (one[0], one[1].count(" "), len(one[1])), default=(False, None))
    return Links(
        datasets=_distinct(one.datasets for one in links),
        columns=_distinct(one.columns for one in links),
        domain=next((one.domain for one in links if one.domain), None),
        unknown=_distinct(one.unknown for one in links),
        periods=_distinct(one.periods for one in links),
        subject=subject,
        settled=settled,
        mentions=tuple(chain.from_iterable(one.mentions for one in links)),
    )


def _distinct(groups: Iterable[tuple[T, ...]]) -> tuple[T, ...]:
    return tuple(dict.fromkeys(chain.from_iterable(groups)))


def open_reader(catalog: Catalog, classifier: Classifier | None = None, aliases: Aliases = NO_ALIASES) -> Reader:
    """Return what reads events about a catalog; without a classifier, by the embedded one."""
    classifier = classifier or load_classifier()
    clause_reader = ClauseReader(
        Linker(catalog, aliases),
        Bags(catalog, load_glossary()),
        load_concepts(),
        classifier.words,
        classifier.common,
    )
    return Reader(clause_reader, classifier, Telemetry(catalog))
