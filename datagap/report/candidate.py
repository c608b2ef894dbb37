"""Judge what a phrase may stand for by the texts that it stands in, and by the catalog's own words."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final

from datagap import model
from datagap.catalog import Catalog
from datagap.report.linking import words_of
from datagap.report.phrase import grammar_words
from datagap.report.surrounding import Target

FEWEST: Final = 3
"""Texts that a phrase needs."""
SURE: Final = 10.83
"""Log-likelihood ratio that chance reaches once in a thousand times."""
LIKELY: Final = 3.84
"""The same for once in twenty times: enough where the catalog's own words speak for it too."""
SHARE: Final = 0.7
"""Share of the texts with a phrase that must be about the same."""
KIN: Final = 0.5
"""Share of the words of a phrase that what is said of a dataset must have to speak for it."""
COVERS: Final = 0.8
"""Share of the texts with a phrase from which another one makes it needless."""
TELLING: Final = 0.1
"""Difference of shares from which a phrase tells more than a part of it."""
LACKED: Final[Target] = ("subject", "*")
"""Whatever no dataset has, before it is told apart."""
KINDS: Final[tuple[model.AliasKind, ...]] = ("dataset", "column", "subject")


@dataclass(slots=True)
class Heard:
    """A phrase, and what the texts with it are about."""

    known: Counter[model.AliasKind] = field(default_factory=Counter)
    """Texts of which something is known."""
    about: Counter[Target] = field(default_factory=Counter)
    """Texts that something around them says are about a target which they do not name."""
    named: Counter[Target] = field(default_factory=Counter)
    """Texts that name a target beside it."""
    akin: Counter[str] = field(default_factory=Counter)
    """Other subjects that are spoken of around it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """What a phrase may stand for, and what speaks for it."""

    phrase: str
    target: Target
    texts: int
    share: float
    score: float
    kin: float


class Judge:
    """Judges phrases by what was heard of them."""

    def __init__(self, catalog: Catalog, totals: Mapping[Target, int]) -> None:
        """Take in how many texts each target stands, and a kind of target under no name."""
        self._totals = totals
        self._words = _words_about(catalog)
        self._kinship = lru_cache(maxsize=1 << 16)(self._kin)

    def candidate(self, phrase: str, heard: Heard) -> Candidate | None:
        """Return the best of what a phrase may stand for; None if nothing is good enough."""
        options = [self._candidate(phrase, heard, target) for target in heard.about]
        return max((option for option in options if option is not None), key=_strength, default=None)

    def _candidate(self, phrase: str, heard: Heard, target: Target) -> Candidate | None:
        kind = target[0]
        both, beside = heard.about[target], heard.named[target]
        with_phrase = heard.known[kind] - beside
        share = both / with_phrase
        # A name stands in the place of other names more often than beside them.
        if both < max(FEWEST, beside) or share < SHARE:
            return None
        score = likelihood_ratio(both, with_phrase, self._totals[target], self._totals[kind, ""])
        kin = 0.0 if kind == "subject" else self._kinship(phrase, target)
        if score < (LIKELY if kin >= KIN else SURE):
            return None
        if kind == "subject":
            target = kind, _stand_in(phrase, heard)
        return Candidate(phrase=phrase, target=target, texts=both, share=share, score=score, kin=kin)

    def _kin(self, phrase: str, target: Target) -> float:
        words = [word for word in words_of(phrase) if word not in grammar_words()]
        return sum(word in self._words.get(target, ()) for word in words) / max(1, len(words))


def _strength(one: Candidate) -> tuple[float, ...]:
    """Return what the best of several candidates for a phrase has most of; the names only make it one."""
    kind, name = one.target
    return (
        one.kin >= KIN,
        round(one.share, 1),
        one.kin,
        one.score,
        -KINDS.index(kind),
        *(-ord(letter) for letter in name),
    )


def _stand_in(phrase: str, heard: Heard) -> str:
    """Return the subject that most of what is around a phrase speaks of; itself if nothing does."""
    others = {name: count for name, count in heard.akin.items() if f" {phrase} " not in f" {name} "}
    name, count = max(others.items(), key=lambda item: (item[1], item[0]), default=("", 0))
    return name if count >= max(2, SHARE * heard.about[LACKED]) else phrase


def without_parts(candidates: Sequence[Candidate]) -> list[Candidate]:
    """Return candidates without the part, or the whole, of another one for the same that says no more."""
    by_phrase = {one.phrase: one for one in candidates}
    dropped: set[str] = set()
    for one in candidates:
        for part in _parts(one.phrase):
            other = by_phrase.get(part)
            if other is None or not _same(one, other):
                continue
            if one.texts >= COVERS * other.texts:
                dropped.add(part)
            elif other.share > one.share - TELLING:
                dropped.add(one.phrase)
    return [one for one in candidates if one.phrase not in dropped]


def _same(one: Candidate, other: Candidate) -> bool:
    own = one.target == ("subject", one.phrase) and other.target == ("subject", other.phrase)
    return own or one.target == other.target


def _parts(phrase: str) -> Iterator[str]:
    words = phrase.split(" ")
    for start in range(len(words)):
        for end in range(start + 1, len(words) + 1):
            if end - start < len(words):
                yield " ".join(words[start:end])


def _words_about(catalog: Catalog) -> Mapping[Target, frozenset[str]]:
    """Return the words that the catalog has about each dataset and column."""
    words: defaultdict[Target, set[str]] = defaultdict(set)
    for dataset in catalog.datasets:
        texts = [dataset.name, dataset.description or "", *(dataset.aliases or ())]
        words["dataset", dataset.name].update(word for text in texts for word in words_of(text))
        for column in dataset.columns:
            words["column", column.name].update(words_of(f"{column.name} {column.description or ''}"))
        for metric in dataset.metrics or ():
            texts = [metric.name, metric.description or "", *(metric.synonyms or ())]
            words["column", metric.name].update(word for text in texts for word in words_of(text))
    return {target: frozenset(found) for target, found in words.items()}


def likelihood_ratio(both: int, with_phrase: int, with_target: int, total: int) -> float:
    """Return Dunning's ratio of two things standing together; 0 where they do so no more often than by chance."""
    if both * total <= with_phrase * with_target:
        return 0.0
    rest = total - with_phrase - with_target + both
    cells = (
        (both, with_phrase, with_target),
        (with_phrase - both, with_phrase, total - with_target),
        (with_target - both, total - with_phrase, with_target),
        (rest, total - with_phrase, total - with_target),
    )
    parts = (count * math.log(count * total / (row * column)) for count, row, column in cells if count)
    return max(0.0, 2.0 * math.fsum(parts))
