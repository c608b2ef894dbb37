"""Link what texts mention to the catalog, through an n-gram dictionary built once.

The cost of a look-up does not grow with the catalog.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from datagap import model
from datagap.catalog import Catalog
from datagap.report.lexicon import TOKEN, Lexicon, fold

LONGEST = 6
"""Words that a name of the catalog may have to be found as words."""
LONGEST_TEXT = 20_000
"""Characters of a text that are read."""
LONGEST_SUBJECT = 5
"""Words that an unknown subject may have."""
CONNECTIVES = frozenset(["de", "des", "du", "d", "la", "los", "las", "of", "en", "con", "entre"])
"""Common words that may stand inside a subject."""
ADJACENT = frozenset({" ", "'", "-"})
"""What may stand between the words of a subject."""
CONTAINERS = frozenset(["mart", "marts", "table", "tables", "dataset", "datasets", "tabla", "tablas"])
"""Words that, beside the name of a domain, say that the domain's data are meant and not a column of that name."""
_SPLIT = re.compile("[_.]")


@dataclass(frozen=True, slots=True)
class Links:
    """What one text mentions."""

    mentions: tuple[model.Mention, ...] = ()
    datasets: tuple[str, ...] = ()
    domain: str | None = None
    columns: tuple[str, ...] = ()
    """Names of columns or metrics that some dataset has."""
    unknown: tuple[str, ...] = ()
    """Identifiers that the catalog does not know."""
    period: model.Period | None = None
    """The finest period that the text speaks of."""
    subject: str | None = None
    """The longest stretch that is neither linked nor a common word."""


@dataclass(slots=True)
class _Entry:
    datasets: list[str] = field(default_factory=list)
    domain: str | None = None
    column: str | None = None


PERIOD_ORDER: tuple[model.Period, ...] = ("hour", "day", "week", "month", "quarter", "year")


class Linker:
    """Finds the catalog's names in texts."""

    def __init__(self, catalog: Catalog, lexicon: Lexicon) -> None:
        self._lexicon = lexicon
        self._entries: dict[str, _Entry] = {}
        for dataset in catalog.datasets:
            for name in (dataset.name, *(dataset.aliases or ())):
                for form in _forms(name):
                    self._entry(form).datasets.append(dataset.name)
            self._entry(fold(dataset.domain)).domain = dataset.domain
            for name in [column.name for column in dataset.columns] + [metric.name for metric in dataset.metrics or ()]:
                for form in _forms(name):
                    self._entry(form).column = name

    def _entry(self, form: str) -> _Entry:
        return self._entries.setdefault(form, _Entry())

    def link(self, text: str) -> Links:
        """Return what `text` mentions."""
        folded = fold(text[:LONGEST_TEXT])
        tokens = [(match.start(), match.end()) for match in TOKEN.finditer(folded)]
        words = [folded[start:end] for start, end in tokens]
        found = _Found(text, tokens, words)
        place = 0
        while place < len(words):
            length = self._longest(words, place)
            if length:
                found.add(self._entries[" ".join(words[place : place + length])], place, length)
            place += length or 1
        return found.links(self._lexicon, folded)

    def _longest(self, words: Sequence[str], place: int) -> int:
        """Return how many words from `place` on are the longest name there; 0 for none."""
        for length in range(min(LONGEST, len(words) - place), 0, -1):
            if " ".join(words[place : place + length]) in self._entries:
                return length
        return 0


def _forms(name: str) -> Iterable[str]:
    """Return the ways in which a name may stand in a text: as it is, and as words."""
    folded = fold(name)
    spoken = " ".join(part for part in _SPLIT.split(folded) if part)
    return {folded, spoken} if spoken.count(" ") < LONGEST else {folded}


class _Found:
    """Collects the mentions of one text."""

    def __init__(self, text: str, tokens: Sequence[tuple[int, int]], words: Sequence[str]) -> None:
        self._text = text
        self._tokens = tokens
        self._words = words
        self._mentions: list[model.Mention] = []
        self._datasets: dict[str, None] = {}
        self._columns: dict[str, None] = {}
        self._domain: str | None = None
        self._taken: set[int] = set()

    def add(self, entry: _Entry, place: int, length: int) -> None:
        text = self._text[self._tokens[place][0] : self._tokens[place + length - 1][1]]
        if len(entry.datasets) == 1:
            self._datasets[entry.datasets[0]] = None
            self._mentions.append(model.Mention(text=text, kind="dataset", ref=entry.datasets[0]))
        elif entry.column and not (entry.domain and self._beside_container(place, length)):
            self._columns[entry.column] = None
            self._mentions.append(model.Mention(text=text, kind="column", ref=entry.column))
        elif entry.domain:
            self._domain = self._domain or entry.domain
            self._mentions.append(model.Mention(text=text, kind="domain", ref=entry.domain))
        self._taken.update(range(place, place + length))

    def _beside_container(self, place: int, length: int) -> bool:
        beside = [*self._words[max(0, place - 1) : place], *self._words[place + length : place + length + 1]]
        return not CONTAINERS.isdisjoint(beside)

    def links(self, lexicon: Lexicon, folded: str) -> Links:
        """Return everything that was found, and what is left over."""
        periods = [lexicon.periods[word] for word in self._words if word in lexicon.periods]
        identifiers = [word for place, word in enumerate(self._words) if self._is_identifier(place, folded)]
        return Links(
            mentions=tuple(self._mentions),
            datasets=tuple(self._datasets),
            domain=self._domain,
            columns=tuple(self._columns),
            unknown=tuple(dict.fromkeys(identifiers)),
            period=min(periods, key=PERIOD_ORDER.index, default=None),
            subject=self._subject(lexicon, folded),
        )

    def _is_identifier(self, place: int, folded: str) -> bool:
        start = self._tokens[place][0]
        return place not in self._taken and "_" in self._words[place] and folded[max(0, start - 1)] != "@"

    def _subject(self, lexicon: Lexicon, folded: str) -> str | None:
        """Return the longest stretch of uncommon words; connectives may stand between them."""
        spans = [match.span() for match in lexicon.timeframe.finditer(folded)]
        best: list[int] = []
        run: list[int] = []
        joined: list[int] = []
        last_end = 0
        for place, (start, end) in enumerate(self._tokens):
            word = self._words[place]
            adjacent = folded[last_end:start] in ADJACENT
            last_end = end
            if run and adjacent and word in CONNECTIVES and len(joined) < 2:
                joined.append(place)
                continue
            common = word in lexicon.stopwords or place in self._taken or len(word) < 3 or word.isdigit()
            if common or "_" in word or any(left <= start < right for left, right in spans):
                run, joined = [], []
                continue
            run = [*run, *joined, place] if run and adjacent else [place]
            joined = []
            if len(best) < len(run) <= LONGEST_SUBJECT:
                best = run
        return self._text[self._tokens[best[0]][0] : self._tokens[best[-1]][1]].lower() if best else None
