"""Link what texts mention to the catalog, through an n-gram dictionary built once.

The cost of a look-up does not grow with the catalog.
"""

from __future__ import annotations

import math
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from datagap import model
from datagap.catalog import Catalog
from datagap.report.text import fold, stem

LONGEST: Final = 8
"""Words that a name of the catalog may have to be found as words."""
JOINED: Final = 6
"""Letters that a name of several words needs to be found in one, as in `DimOrders`."""
FUZZY: Final = 5
"""Letters that a word needs for a slip in it to be forgiven."""
MOST_HOLDERS: Final = 400
"""Names that hold a word; a commoner one leads to none of them."""
ENOUGH: Final = 0.8
"""Share of a name, by how rare its words are, that stands for all of it."""
CONTAINERS: Final = frozenset(["mart", "table", "dataset", "tabla"])
"""Words for what holds data."""
BEFORE: Final = 3
"""Words before such a word that may belong to the name; in English it comes last."""
WINDOW: Final = 14
MOST_WINDOWS: Final = 8
FILLERS: Final = frozenset(
    ["of", "from", "for", "by", "the", "per", "and", "de", "la", "el", "del", "des", "du", "les", "le"]
)
_PARTS: Final = re.compile(r"[^\W_]+")
_CAMEL: Final = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")


@dataclass(slots=True)
class Entry:
    """What a phrase may stand for."""

    datasets: list[str] = field(default_factory=list)
    columns: list[str] = field(default_factory=list)
    """Names of columns or metrics that some dataset has."""
    domain: str | None = None


@dataclass(frozen=True, slots=True)
class Span:
    """Words of a clause that stand for something of the catalog."""

    start: int
    length: int
    entry: Entry


def words_of(name: str) -> list[str]:
    """Return the words that a name is made of, folded and in the singular."""
    return [stem(part) for part in _PARTS.findall(fold(_CAMEL.sub(" ", name)))]


@dataclass(frozen=True, kw_only=True)
class Aliases:
    """What else people call things, as a person confirmed it; phrases are folded words in the singular."""

    datasets: Mapping[str, str] = field(default_factory=dict)
    columns: Mapping[str, str] = field(default_factory=dict)
    """Names of columns and metrics."""
    subjects: Mapping[str, str] = field(default_factory=dict)
    """The phrase that stands for all that mean the same."""
    reference: model.AliasReference | None = None
    """What a report records of the file that they are from."""


NO_ALIASES: Final = Aliases()


class Slips:
    """Known words by what is left of them when a letter is left out; forgives one slip of the pen."""

    def __init__(self, words: Iterable[str]) -> None:
        self._words = {word for word in words if len(word) >= FUZZY}
        self._left: dict[str, str | None] = {}
        for word in sorted(self._words):
            for form in _shortened(word):
                self._left[form] = word if self._left.get(form, word) == word else None

    def mend(self, word: str) -> str | None:
        """Return the one known word that `word` is one slip away from; None if there is none, or several."""
        if len(word) < FUZZY or len(word) > 40:
            return None
        found = {self._left.get(form) for form in (word, *_shortened(word))}
        found |= {form for form in _shortened(word) if form in self._words}
        mended = {known for known in found if known is not None and _one_slip(word, known)}
        return mended.pop() if len(mended) == 1 else None


def _shortened(word: str) -> set[str]:
    return {word[:place] + word[place + 1 :] for place in range(len(word))}


def _one_slip(word: str, known: str) -> bool:
    """Return whether one letter more, less, other or swapped with the next makes one word of the other."""
    if word[0] != known[0] and sorted(word[:2]) != sorted(known[:2]):
        return False
    start = 0
    while start < min(len(word), len(known)) and word[start] == known[start]:
        start += 1
    left, right = word[start:], known[start:]
    swapped = left[1::-1] + left[2:] if len(left) > 1 else ""
    return left[1:] == right[1:] or left[1:] == right or left == right[1:] or swapped == right


class Linker:
    """Finds the catalog's names in the words of a clause."""

    def __init__(self, catalog: Catalog, aliases: Aliases = NO_ALIASES) -> None:
        """Take the names that a catalog declares, and those that people use beside them."""
        self._entries: dict[str, Entry] = {}
        self._joined: dict[str, Entry] = {}
        for dataset in catalog.datasets:
            for name in (dataset.name, *(dataset.aliases or ())):
                self._add(name).datasets.append(dataset.name)
            self._add(dataset.domain).domain = dataset.domain
            for column in dataset.columns:
                self._add_column(column.name, column.name)
            for metric in dataset.metrics or ():
                for name in (metric.name, *(metric.synonyms or ())):
                    self._add_column(name, metric.name)
        self._add_aliases(aliases)
        self._lengths = _lengths(self._entries)
        self.subjects = aliases.subjects
        self._subject_lengths = _lengths(self.subjects)
        self.words = frozenset(word for phrase in (*self._entries, *self.subjects) for word in phrase.split(" "))
        """Words that names of the catalog, and confirmed subjects, are made of."""

    def _add_aliases(self, aliases: Aliases) -> None:
        for phrase, dataset in aliases.datasets.items():
            entry = self._add(phrase)
            entry.datasets = [dataset, *(name for name in entry.datasets if name != dataset)]
        for phrase, column in aliases.columns.items():
            entry = self._add(phrase)
            entry.columns = [column, *(name for name in entry.columns if name != column)]

    def _add(self, name: str) -> Entry:
        words = words_of(name)
        entry = self._entries.setdefault(" ".join(words) or fold(name), Entry())
        joined = stem("".join(_PARTS.findall(fold(name))))
        if len(words) > 1 and len(joined) >= JOINED:
            self._joined.setdefault(joined, entry)
        return entry

    def _add_column(self, name: str, column: str) -> None:
        entry = self._add(name)
        if column not in entry.columns:
            entry.columns.append(column)

    def link(self, words: Sequence[str]) -> Iterator[Span]:
        """Yield the longest names, from left to right, that stand in these folded singular words."""
        place = 0
        while place < len(words):
            span = self._longest(words, place)
            if span is not None:
                yield span
            place += 1 if span is None else span.length

    def _longest(self, words: Sequence[str], place: int) -> Span | None:
        for length in self._lengths.get(words[place], ()):
            entry = self._entries.get(" ".join(words[place : place + length]))
            if entry is not None and place + length <= len(words):
                return Span(place, length, entry)
        joined = self._joined.get(words[place])
        return None if joined is None else Span(place, 1, joined)

    def subject(self, words: Sequence[str]) -> str | None:
        """Return the confirmed subject whose longest phrase stands in these words, the first of several."""
        found: tuple[int, str] | None = None
        for place, word in enumerate(words):
            for length in self._subject_lengths.get(word, ()):
                subject = self.subjects.get(" ".join(words[place : place + length]))
                if subject is not None and (found is None or length > found[0]):
                    found = length, subject
        return found[1] if found else None

    def name(self, words: Sequence[str]) -> Entry | None:
        """Return what an identifier made of these words stands for."""
        found = self._entries.get(" ".join(words))
        return self._joined.get(words[0]) if found is None and len(words) == 1 else found


def _lengths(phrases: Iterable[str]) -> dict[str, tuple[int, ...]]:
    """Return how many words the phrases have that begin with a word, the most first; none of too many."""
    lengths: defaultdict[str, set[int]] = defaultdict(set)
    for phrase in phrases:
        words = phrase.split(" ")
        if len(words) <= LONGEST:
            lengths[words[0]].add(len(words))
    return {word: tuple(sorted(found, reverse=True)) for word, found in lengths.items()}


class Bags:
    """Finds the dataset whose name is made of words that stand in a clause in any order, or in another language."""

    def __init__(self, catalog: Catalog, translations: Mapping[str, str]) -> None:
        self._translations = translations
        self._names: list[tuple[str, frozenset[str]]] = []
        holders: defaultdict[str, list[int]] = defaultdict(list)
        for dataset in catalog.datasets:
            for name in dict.fromkeys((dataset.name, *(dataset.aliases or ()))):
                words = frozenset(words_of(name)) - FILLERS
                if len(words) > 1:
                    for word in words:
                        holders[word].append(len(self._names))
                    self._names.append((dataset.name, words))
        total = len(self._names) + 1
        self._worth = {word: 1.0 + math.log(total / len(found)) for word, found in holders.items()}
        self._holders = {word: found for word, found in holders.items() if len(found) <= MOST_HOLDERS}
        self._whole = [math.fsum(sorted(self._worth[word] for word in words)) for _, words in self._names]
        self._columns: dict[frozenset[str], str] = {}
        for dataset in catalog.datasets:
            for column in dataset.columns:
                self._columns.setdefault(frozenset(words_of(column.name)) - FILLERS, column.name)

    def is_foreign(self, words: Iterable[str]) -> bool:
        """Return whether some of these words have a translation."""
        return any(self._english(word) != word for word in words)

    def english(self, words: Iterable[str]) -> frozenset[str]:
        """Return the words that names may be made of, translated."""
        return frozenset(self._english(word) for word in words)

    def _english(self, word: str) -> str:
        found = self._translations.get(word)
        if found is None and word.endswith("e"):  # Spanish adds -es to a consonant
            found = self._translations.get(word[:-1])
        return found or word

    def datasets(self, words: Sequence[str]) -> tuple[str, ...]:
        """Return the datasets that these words name, each from where it is called a table up to the next one."""
        starts = [place for place, word in enumerate(words) if word in CONTAINERS] or [0]
        ends = [*starts[1:], len(words)]
        windows = [words[max(0, start - BEFORE) : end] for start, end in zip(starts, ends, strict=True)]
        found = (self.dataset(self.english(window[:WINDOW])) for window in windows[:MOST_WINDOWS])
        return tuple(dict.fromkeys(name for name in found if name is not None))

    def dataset(self, words: frozenset[str]) -> str | None:
        """Return the dataset whose name these words hold nearly whole; None if there is none, or several."""
        found: set[int] = set()
        for word in words:
            found.update(self._holders.get(word, ()))
        ranked = sorted(
            ((math.fsum(sorted(self._worth[w] for w in self._names[n][1] & words)), n) for n in found), reverse=True
        )
        best = [(worth, number) for worth, number in ranked[:4] if worth >= ENOUGH * self._whole[number]]
        names = {self._names[number][0] for worth, number in best if worth == best[0][0]}
        return names.pop() if len(names) == 1 else None

    def column(self, words: Sequence[str]) -> str | None:
        """Return the column whose name is made of some of these translated words that stand close together."""
        for length in range(min(4, len(words)), 0, -1):
            for start in range(len(words) - length + 1):
                near = [w for w in words[start : start + length + 2] if w not in FILLERS][:length]
                name = self._columns.get(self.english(near))
                if name is not None:
                    return name
        return None
