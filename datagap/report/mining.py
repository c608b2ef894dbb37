"""Mine the phrases that people use for what the catalog has under another name, or has not."""

from __future__ import annotations

import sys
import zlib
from array import array
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from datagap import model
from datagap.catalog import Catalog
from datagap.pack.layout import Event
from datagap.pack.reader import Pack
from datagap.report.candidate import COVERS, FEWEST, KIN, KINDS, LACKED, Candidate, Heard, Judge, without_parts
from datagap.report.finding import redacted_quote
from datagap.report.linking import Linker, words_of
from datagap.report.phrase import Phraser, personal_words
from datagap.report.reading import Reader, open_reader
from datagap.report.redaction import Redactor
from datagap.report.sample import TEXTS, Said, Smallest, Texts
from datagap.report.surrounding import Surroundings, Target, targets_of

BUCKETS: Final = 1 << 22
"""Counters of phrases by their hash, which are only ever too high."""
EXAMPLES: Final = 3
CHANNELS: Final[tuple[model.Channel, ...]] = ("nlq", "slack", "email")


@dataclass(slots=True)
class _Demand:
    events: int = 0
    people: set[int] = field(default_factory=set)
    sources: set[model.AliasSource] = field(default_factory=set)
    examples: Smallest[str] = field(default_factory=lambda: Smallest(EXAMPLES))


@dataclass(frozen=True, slots=True)
class _View:
    """A text as it is mined."""

    said: Said
    named: frozenset[Target]
    around: Mapping[Target, frozenset[model.AliasSource]]
    """What is said around it of what it does not name."""
    phrases: frozenset[str]
    subject: str
    """Folded words of what it is about that no dataset has, between spaces; empty if there is nothing such."""

    def knows(self, kind: model.AliasKind) -> bool:
        """Return whether it is known what of this kind the text is about."""
        return kind == "subject" or any(one[0] == kind for one in (*self.named, *self.around))

    def lacks(self, target: Target) -> bool:
        """Return whether a further name for the target would link this text."""
        if target in self.around:
            return True
        return not self.knows(target[0]) if target[0] != "subject" else bool(self.subject)


class Miner:
    """Counts over a sample of texts which phrases stand for what."""

    def __init__(
        self, catalog: Catalog, reader: Reader, phraser: Phraser, redactor: Redactor, texts: Texts, around: Surroundings
    ) -> None:
        self._reader = reader
        self._phraser = phraser
        self._redactor = redactor
        self._texts = texts
        self._around = around
        self._catalog = catalog

    def candidates(self, fewest_people: int) -> list[model.Alias]:
        """Return what phrases may stand for, those first that explain most events."""
        views = list(self._views())
        heard, totals = _heard(views)
        judge = Judge(self._catalog, totals)
        judged = (judge.candidate(phrase, one) for phrase, one in heard.items())
        chosen = _needed(without_parts([one for one in judged if one is not None]), views)
        found = [
            _record(one, demand)
            for one, demand in self._demands(chosen, views)
            if len(demand.people) >= max(1, fewest_people)
        ]
        return sorted(found, key=lambda one: (-(one.events or 0), -(one.score or 0), one.phrase))

    def _views(self) -> Iterator[_View]:
        """Yield the texts with those of their phrases that others may share."""
        counts = array("I", bytes(4 * BUCKETS))
        for said in self._texts:
            for phrase in self._phrases(said):
                counts[_bucket(phrase)] += 1
        for said in self._texts:
            common = (sys.intern(one) for one in self._phrases(said) if counts[_bucket(one)] >= FEWEST)
            yield self._view(said, frozenset(common))

    def _phrases(self, said: Said) -> set[str]:
        return self._phraser.phrases(self._redactor.redact(said.text))

    def _view(self, said: Said, phrases: frozenset[str]) -> _View:
        links = self._reader.links(said.text)
        named = frozenset(targets_of(links))
        around: defaultdict[Target, set[model.AliasSource]] = defaultdict(set)
        for _, place in said.places:
            for target, sources in self._around.around(place).items():
                if target not in named:
                    around[target] |= sources
        placed = any(kind == "dataset" for kind, _ in (*named, *around))
        asks = any(place.opens for _, place in said.places)
        subject = f" {' '.join(words_of(links.subject))} " if links.subject and asks and not placed else ""
        return _View(said, named, {one: frozenset(found) for one, found in around.items()}, phrases, subject)

    def _demands(self, chosen: Sequence[Candidate], views: Sequence[_View]) -> Iterator[tuple[Candidate, _Demand]]:
        by_phrase = {one.phrase: one for one in chosen}
        demands: defaultdict[str, _Demand] = defaultdict(_Demand)
        for view in views:
            for phrase in view.phrases & by_phrase.keys():
                target = by_phrase[phrase].target
                if view.lacks(target):
                    _count(demands[phrase], view, target)
        for phrase, demand in demands.items():
            one = by_phrase[phrase]
            if one.kin >= KIN:
                demand.sources.add("catalog")
            demand.examples = self._quoted(demand.examples)
            yield one, demand

    def _quoted(self, texts: Smallest[str]) -> Smallest[str]:
        quotes: Smallest[str] = Smallest(EXAMPLES)
        for key, text in texts:
            quotes.put(key, " ".join(redacted_quote(text, self._redactor).split()))
        return quotes


def _heard(views: Iterable[_View]) -> tuple[dict[str, Heard], Counter[Target]]:
    """Return what each phrase stands with, and in how many texts each target does; by kind under no name."""
    heard: defaultdict[str, Heard] = defaultdict(Heard)
    totals: Counter[Target] = Counter()
    for view in views:
        known = [kind for kind in KINDS if view.knows(kind)]
        about = [target for target in view.around if target[0] != "subject"]
        totals.update((kind, "") for kind in known)
        totals.update(about)
        totals[LACKED] += bool(view.subject)
        for phrase in view.phrases:
            one = heard[phrase]
            one.known.update(known)
            one.about.update(about)
            one.named.update(view.named)
            if f" {phrase} " in view.subject:
                one.about[LACKED] += 1
                one.akin.update(name for kind, name in view.around if kind == "subject")
    return heard, totals


def _needed(candidates: Sequence[Candidate], views: Sequence[_View]) -> list[Candidate]:
    """Return candidates without those that stand mostly in texts which better ones link already."""
    by_phrase = {one.phrase: one for one in candidates}
    texts: defaultdict[str, set[int]] = defaultdict(set)
    for place, view in enumerate(views):
        for phrase in view.phrases & by_phrase.keys():
            if by_phrase[phrase].target in view.around:
                texts[phrase].add(place)
    linked: defaultdict[Target, set[int]] = defaultdict(set)
    needed = []
    for one in sorted(candidates, key=lambda one: (-round(one.share, 1), -one.score, -len(one.phrase), one.phrase)):
        own = texts[one.phrase]
        if len(own & linked[one.target]) < COVERS * max(1, len(own)):
            needed.append(one)
        linked[one.target] |= own
    return needed


def _count(demand: _Demand, view: _View, target: Target) -> None:
    demand.events += view.said.events
    demand.people.update(key for key, _ in view.said.people)
    demand.sources |= view.around.get(target, frozenset())
    demand.examples.put(zlib.crc32(view.said.text.encode(errors="surrogatepass")), view.said.text)


def _bucket(phrase: str) -> int:
    return zlib.crc32(phrase.encode(errors="surrogatepass")) % BUCKETS


def _record(one: Candidate, demand: _Demand) -> model.Alias:
    kind, name = one.target
    return model.Alias(
        phrase=one.phrase,
        kind=kind,
        ref=name,
        confirmed=False,
        events=demand.events,
        people=len(demand.people),
        texts=one.texts,
        share=round(one.share, 4),
        score=round(one.score, 1),
        sources=sorted(demand.sources),
        examples=[text for _, text in demand.examples],
    )


@dataclass(frozen=True, kw_only=True)
class Mined:
    """Candidates for aliases, and what they were mined from."""

    aliases: Sequence[model.Alias]
    """Those that explain most events first."""
    texts: int
    events: int
    is_sample: bool
    """Whether there may be more distinct texts than were mined."""


def mine(pack: Pack, fewest_people: int = 1, most_texts: int = TEXTS) -> Mined:
    """Return candidates for aliases in the distinct texts of a pack with the smallest hashes."""
    catalog = pack.catalog()
    texts, handles = Texts(most_texts), set[str]()
    for channel in CHANNELS:
        texts.add(_noted(pack.events(channel), handles))
    reader = open_reader(catalog)
    around = Surroundings(catalog, reader, texts)
    for channel in CHANNELS[1:]:
        around.add_messages(pack.events(channel))
    around.add_queries(query for query in pack.events("nlq") if isinstance(query, model.NlQuery))
    people = {person.person_id: person.name or "" for person in catalog.people or ()}
    redactor = Redactor({*people, *handles}, people.values())
    linker = Linker(catalog)
    phraser = Phraser(linker, personal_words({*people, *handles}, people.values()) - linker.words)
    found = Miner(catalog, reader, phraser, redactor, texts, around).candidates(fewest_people)
    return Mined(aliases=found, texts=len(texts), events=texts.events, is_sample=texts.is_full)


def _noted(events: Iterable[Event], handles: set[str]) -> Iterator[Event]:
    for event in events:
        handles.add(event.actor)
        yield event
