"""What is said around a text: by the query it refers to, by its thread, by the query bot's telemetry."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Final, TypeAlias

from datagap import model
from datagap.catalog import Catalog
from datagap.pack.layout import Event, event_text
from datagap.report.clause import Links
from datagap.report.linking import words_of
from datagap.report.phrase import LONGEST_PHRASE
from datagap.report.reading import Reader
from datagap.report.sample import Place, Smallest, Texts, hashed, place_of

Target: TypeAlias = tuple[model.AliasKind, str]
"""What a phrase may stand for: a kind, and a name of the catalog or a subject in folded words."""
Found: TypeAlias = Mapping[Target, frozenset[model.AliasSource]]
QUERIES: Final = 16
"""Queries of a thread that are looked at."""


def targets_of(links: Links) -> set[Target]:
    """Return what a text names itself."""
    named: set[Target] = {("dataset", name) for name in links.datasets}
    named |= {("column", name) for name in links.columns}
    if links.subject and not links.datasets and len(links.subject) <= LONGEST_PHRASE:
        named.add(("subject", " ".join(words_of(links.subject))))
    return named


class Surroundings:
    """Gathers, for the texts of a sample, what is said around them; in any order and in blocks.

    Messages are taken in before queries, because they say which queries matter.
    """

    def __init__(self, catalog: Catalog, reader: Reader, texts: Texts) -> None:
        self._reader = reader
        columns = {column.name for dataset in catalog.datasets for column in dataset.columns}
        self._columns = columns | {metric.name for dataset in catalog.datasets for metric in dataset.metrics or ()}
        places = [place for said in texts for _, place in said.places]
        self._threads = {place.thread for place in places if place.thread}
        self._wanted = {place.query for place in places if place.query}
        self._named: defaultdict[str, set[Target]] = defaultdict(set)
        self._asked: defaultdict[str, Smallest[str]] = defaultdict(lambda: Smallest(QUERIES))
        self._queries: dict[str, set[Target]] = {}

    def add_messages(self, events: Iterable[Event]) -> None:
        """Take in the messages of a block."""
        for event in events:
            place = place_of(event)
            if place.thread is not None and place.thread in self._threads:
                self._named[place.thread] |= targets_of(self._reader.links(event_text(event)))
                if place.query is not None:
                    self._asked[place.thread].put(hashed(place.query), place.query)

    def add_queries(self, events: Iterable[model.NlQuery]) -> None:
        """Take in the queries of a block, after all messages."""
        wanted = self._wanted | {query for asked in self._asked.values() for _, query in asked}
        for event in events:
            if event.id in wanted:
                reading = self._reader.read(event)
                told, said = self._told(reading.considered), targets_of(reading.links)
                placed = any(kind == "dataset" for kind, _ in told)
                self._queries[event.id] = told | {one for one in said if not (placed and one[0] == "subject")}

    def join(self, other: Surroundings) -> None:
        """Take in what was gathered, about the same sample, of another block."""
        for thread, named in other._named.items():
            self._named[thread] |= named
        for thread, asked in other._asked.items():
            for key, query in asked:
                self._asked[thread].put(key, query)
        self._queries |= other._queries

    def around(self, place: Place) -> Found:
        """Return what is said around a text in one of its places, and where; nothing of a reply, which may be idle."""
        found: defaultdict[Target, set[model.AliasSource]] = defaultdict(set)
        if place.thread is None:
            for target in self._queries.get(place.query or "", ()):
                found[target].add("telemetry")
        elif place.opens:
            for target in self._named.get(place.thread, ()):
                found[target].add("thread")
            for _, query in self._asked.get(place.thread, ()):
                for target in self._queries.get(query, ()):
                    found[target].add("query")
        return {target: frozenset(sources) for target, sources in found.items()}

    def _told(self, considered: Links) -> set[Target]:
        """Return what of the catalog the query bot took a query to be about."""
        return {one for one in targets_of(considered) if one[0] == "dataset" or one[1] in self._columns}
