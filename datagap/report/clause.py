"""Read a clause: what it mentions, and the features that a classifier goes by."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

from datagap import model
from datagap.report.concepts import Concepts
from datagap.report.linking import CONTAINERS, Bags, Entry, Linker, Slips, words_of
from datagap.report.text import TOKEN, fold, stem

DATASET, COLUMN, DOMAIN, NAME, NUMBER, UNKNOWN = "<dataset>", "<column>", "<domain>", "<name>", "<number>", "<unknown>"
"""What stands for words that differ from catalog to catalog."""
LONGEST_SUBJECT: Final = 5
"""Words that an unknown subject may have."""
CONNECTIVES: Final = frozenset(["de", "des", "du", "d", "la", "los", "las", "of", "en", "con", "entre", "y", "and"])
"""Common words that may stand inside a subject."""
MOST_CONCEPTS: Final = 16
"""Concepts of a clause whose pairs are looked at."""
ROOT: Final = 5
"""Letters that a long word shares with its other forms."""
_IDENTIFIER: Final = re.compile(r"_|(?<=\D)[.](?=\D)")


@dataclass(frozen=True, slots=True)
class Links:
    """What a text mentions."""

    datasets: tuple[str, ...] = ()
    columns: tuple[str, ...] = ()
    """Names of columns or metrics that some dataset has."""
    domain: str | None = None
    unknown: tuple[str, ...] = ()
    """Identifiers that the catalog does not know."""
    periods: tuple[model.Period, ...] = ()
    subject: str | None = None
    """The longest stretch that is neither linked nor of common words, or a confirmed one."""
    settled: bool = False
    """Whether the subject is one that a person confirmed."""
    mentions: tuple[model.Mention, ...] = ()


@dataclass(frozen=True, slots=True)
class Clause:
    """What one clause says by itself."""

    features: tuple[str, ...]
    links: Links | None
    """What it mentions; None where that is nothing at all."""


@dataclass(slots=True)
class _Word:
    text: str
    """As the features have it."""
    start: int
    end: int
    entry: Entry | None = None
    identifier: bool = False
    common: bool = True


class ClauseReader:
    """Reads clauses by the names of a catalog, concepts and the words that a classifier knows."""

    def __init__(
        self,
        linker: Linker,
        bags: Bags,
        concepts: Concepts,
        known: Collection[str],
        common: Collection[str],
    ) -> None:
        """Take the words that have weights, and those of them that are no subject anywhere."""
        self._linker = linker
        self._bags = bags
        self._concepts = concepts
        self._known = known
        self._common = common
        self._slips = Slips([*known, *linker.words])

    def read(self, raw: str) -> Clause:
        """Return what a clause says."""
        folded = fold(raw)
        tokens = [(match[0], match.start(), match.end()) for match in TOKEN.finditer(folded)]
        words = list(self._words(tokens))
        plain = [stem(text) for text, _, _ in tokens]
        found = tuple(dict.fromkeys(self._concepts.find(plain)))
        features = dict.fromkeys([*ngrams(_features(raw, words)), *_roots(plain), *_ideas(found)])
        links = self._near(self._links(raw, folded, words), self._rest(tokens, words))
        subject = self._linker.subject([self._plain(text) for text, _, _ in tokens]) if self._linker.subjects else None
        if subject is not None:
            links = replace(links, subject=subject, settled=True)
        return Clause(tuple(features), None if links == Links() else links)

    def _rest(self, tokens: Sequence[tuple[str, int, int]], words: Sequence[_Word]) -> list[str]:
        """Return the plain words that are no part of a name of a dataset."""
        taken = [(word.start, word.end) for word in words if word.text == DATASET]
        rest = [text for text, start, end in tokens if not any(start < last and end > first for first, last in taken)]
        return [self._plain(text) for text in rest]

    def _near(self, links: Links, rest: Sequence[str]) -> Links:
        """Return links with datasets, and a column, whose names stand in the words otherwise than as they are."""
        if len(rest) < 2 or len(links.datasets) > 1:
            return links
        foreign = self._bags.is_foreign(rest)
        names = self._bags.datasets(rest) if foreign or not CONTAINERS.isdisjoint(rest) else ()
        column = self._bags.column(rest) if foreign and not links.columns else None
        if not names and column is None:
            return links
        return replace(
            links,
            datasets=tuple(dict.fromkeys([*links.datasets, *names])),
            columns=links.columns if column is None else (column,),
            subject=None if names else links.subject,
        )

    def _words(self, tokens: Sequence[tuple[str, int, int]]) -> Iterator[_Word]:
        """Yield the words of a clause, those that make up a name as one."""
        plain = ["" if _IDENTIFIER.search(text) else self._plain(text) for text, _, _ in tokens]
        spans = {span.start: span for span in self._linker.link(plain)}
        place = 0
        while place < len(tokens):
            text, start, end = tokens[place]
            span = spans.get(place)
            if span is not None:
                end = tokens[place + span.length - 1][2]
                yield _Word(self._label(span.entry, plain, place, span.length), start, end, span.entry)
                place += span.length
                continue
            if not plain[place]:
                yield from self._identifier(text, start, end)
            else:
                word = plain[place]
                known = word in self._known
                label = word if known else NUMBER if word[0].isdigit() else UNKNOWN
                yield _Word(label, start, end, common=word in self._common or word[0].isdigit())
            place += 1

    def _plain(self, text: str) -> str:
        """Return a word in the singular, a slip of the pen mended."""
        word = stem(text)
        if word in self._known or word in self._linker.words or word[0].isdigit():
            return word
        return self._slips.mend(word) or word

    def _label(self, entry: Entry, words: Sequence[str], place: int, length: int) -> str:
        if len(entry.datasets) > 0:
            return DATASET
        # Beside such a word the name of a domain means its data, and not a column of that name.
        beside = {*words[max(0, place - 1) : place], *words[place + length : place + length + 1]}
        if entry.columns and not (entry.domain and beside & CONTAINERS):
            return COLUMN
        return DOMAIN

    def _identifier(self, text: str, start: int, end: int) -> Iterator[_Word]:
        """Yield what an identifier stands for; one with dots may be of a dataset and its column."""
        whole = self._linker.name(words_of(text)) or self._mended(text)
        if whole is not None:
            yield _Word(_kind(whole), start, end, whole, identifier=True)
            return
        found = False
        place = start
        for part in text.split("."):
            entry = self._linker.name(words_of(part))
            if entry is not None:
                yield _Word(_kind(entry), place, place + len(part), entry, identifier=True)
                found = True
            place += len(part) + 1
        if not found:
            yield _Word(NAME, start, end, identifier=True)

    def _mended(self, text: str) -> Entry | None:
        """Return the dataset that an identifier with a slip of the pen in it means."""
        entry = self._linker.name([self._plain(word) for word in words_of(text)])
        return entry if entry is not None and entry.datasets else None

    def _links(self, raw: str, folded: str, words: Sequence[_Word]) -> Links:
        linked = [word for word in words if word.entry is not None]
        datasets = [word.entry.datasets[0] for word in linked if word.text == DATASET and word.entry]
        columns = [word.entry.columns[0] for word in linked if word.text == COLUMN and word.entry]
        domains = [word.entry.domain for word in linked if word.text == DOMAIN and word.entry]
        unknown = [
            folded[word.start : word.end] for word in words if word.text == NAME and not _is_address(folded, word)
        ]
        periods = [self._concepts.periods[word.text] for word in words if word.text in self._concepts.periods]
        return Links(
            datasets=tuple(dict.fromkeys(datasets)),
            columns=tuple(dict.fromkeys(columns)),
            domain=domains[0] if domains else None,
            unknown=tuple(dict.fromkeys(unknown)),
            periods=tuple(dict.fromkeys(periods)),
            subject=_subject(raw, folded, words),
            mentions=tuple(_mentions(raw, linked)),
        )


def _kind(entry: Entry) -> str:
    """Return what stands for an identifier: a domain is one where it is nothing else."""
    return DATASET if entry.datasets else COLUMN if entry.columns else DOMAIN


def _is_address(folded: str, word: _Word) -> bool:
    """Return whether a word is a part of an address or a handle, which is somebody's and no name of data."""
    return "@" in folded[max(0, word.start - 1) : word.start] + folded[word.end : word.end + 1]


def _features(raw: str, words: Sequence[_Word]) -> list[str]:
    texts = [word.text for word in words]
    return [*texts, "?"] if raw.rstrip().endswith("?") else texts


def ngrams(words: Sequence[str]) -> Iterator[str]:
    """Yield words and pairs of neighbours."""
    yield from words
    for left, right in zip(["<s>", *words], words, strict=False):
        yield f"{left} {right}"


def _roots(words: Sequence[str]) -> Iterator[str]:
    """Yield what long words begin with, for what they have in common with their other forms."""
    return (f"^{word[:ROOT]}" for word in words if len(word) > ROOT and word.isalpha())


def _ideas(concepts: Sequence[str]) -> Iterator[str]:
    """Yield the concepts of a clause and the pairs of them."""
    found = sorted(concepts)[:MOST_CONCEPTS]
    for place, concept in enumerate(found):
        yield f"#{concept}"
        for other in found[place + 1 :]:
            yield f"#{concept} {other}"


def _mentions(raw: str, linked: Sequence[_Word]) -> Iterator[model.Mention]:
    kinds: dict[str, model.MentionKind] = {DATASET: "dataset", COLUMN: "column", DOMAIN: "domain"}
    for word in linked:
        if word.entry is not None:
            refs = {DATASET: word.entry.datasets, COLUMN: word.entry.columns}.get(word.text) or [
                word.entry.domain or ""
            ]
            if len(refs) == 1 or word.text == COLUMN:
                yield model.Mention(text=raw[word.start : word.end], kind=kinds[word.text], ref=refs[0])


def _subject(raw: str, folded: str, words: Sequence[_Word]) -> str | None:
    """Return the longest run of uncommon words; connectives may stand between them."""
    best: list[_Word] = []
    run: list[_Word] = []
    joined: list[_Word] = []
    end = 0
    for word in words:
        adjacent = folded[end : word.start] in (" ", "'", "-")
        end = word.end
        text = folded[word.start : word.end]
        if run and adjacent and text in CONNECTIVES and not joined:
            joined.append(word)
            continue
        if word.common or word.entry is not None or word.identifier or len(text) < 3:
            run, joined = [], []
            continue
        run = [*run, *joined, word] if run and adjacent else [word]
        joined = []
        if len(best) < len(run) <= LONGEST_SUBJECT:
            best = run
    return raw[best[0].start : best[-1].end].lower() if best else None
