"""Find in a text the phrases that nothing of the catalog is called by, and that may be names for it all the same."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Final, Literal

from datagap.report.linking import LONGEST, Linker, words_of
from datagap.report.text import TOKEN, clauses, fold, own_words, stem
from datagap.report.thesaurus import load_thesaurus

WORDS: Final = 4
"""Words of a phrase, those of grammar apart."""
SHORTEST: Final = 3
"""Letters of a word that is a phrase by itself."""
LONGEST_PHRASE: Final = 120
"""Letters of a phrase."""
MOST_WORDS: Final = 300
"""Words of a text that are looked at."""
_REDACTED: Final = re.compile(r"\[(?:person|email|phone|id|secret)\]")
_PARTS: Final = re.compile(r"[\W_]+")
_IDENTIFIER: Final = re.compile(r"_|(?<=\D)[.](?=\D)")


@cache
def grammar_words() -> frozenset[str]:
    """Return the words of grammar of every language."""
    return frozenset(word for tongue in load_thesaurus().tongues.values() for word in tongue.functions)


def personal_words(handles: Iterable[str], names: Iterable[str]) -> frozenset[str]:
    """Return the words that handles and names of people are made of, folded."""
    whole = {fold(handle) for handle in handles}
    parts = {part for text in (*whole, *map(fold, names)) for part in _PARTS.split(text) if len(part) > 1}
    return frozenset(whole | parts | {stem(part) for part in parts})


@dataclass(frozen=True, slots=True)
class _Word:
    text: str
    first: bool = True
    """Whether a phrase may begin with it: it is not the inside of a name."""
    last: bool = True
    kind: Literal["", "dataset", "column"] = ""
    """What it is a name of, or part of a name."""
    grammar: bool = False


class Phraser:
    """Finds phrases, as folded words in the singular; identifiers as they are."""

    def __init__(self, linker: Linker, banned: Collection[str]) -> None:
        """Take what links the catalog's names, and words that no phrase may have, such as names of people."""
        self._linker = linker
        self._banned = banned
        self._grammar = grammar_words()

    def phrases(self, text: str) -> set[str]:
        """Return the distinct phrases of a text without personal data."""
        found: set[str] = set()
        left = MOST_WORDS
        for clause in clauses(own_words(_REDACTED.sub("\n", text))):
            tokens = [match[0] for match in TOKEN.finditer(fold(clause))][:left]
            left -= len(tokens)
            for run in self._runs(tokens):
                found.update(self._ngrams(run))
        return found

    def _runs(self, tokens: Sequence[str]) -> Iterator[list[_Word]]:
        """Yield stretches of words between numbers, identifiers and banned words; an unknown identifier by itself."""
        run: list[_Word] = []
        for token, word in zip(tokens, self._words(tokens), strict=True):
            if word is not None:
                run.append(word)
                continue
            yield run
            run = []
            if _IDENTIFIER.search(token) and self._is_unknown(token):
                yield [_Word(token)]
        yield run

    def _words(self, tokens: Sequence[str]) -> Iterator[_Word | None]:
        """Yield for each token its word; None for one that ends a phrase."""
        plain = ["" if self._breaks(token) else stem(token) for token in tokens]
        inside = {
            place: (place == span.start, place == span.start + span.length - 1, span.entry)
            for span in self._linker.link(plain)
            for place in range(span.start, span.start + span.length)
        }
        for place, (token, word) in enumerate(zip(tokens, plain, strict=True)):
            grammar = token in self._grammar or word in self._grammar
            first, last, entry = inside.get(place, (True, True, None))
            if entry is None or not (entry.datasets or entry.columns):
                yield _Word(word, grammar=grammar) if word else None
            else:
                yield _Word(word, first, last, "dataset" if entry.datasets else "column", grammar)

    def _breaks(self, token: str) -> bool:
        return (
            token[0].isdigit()
            or token in self._banned
            or stem(token) in self._banned
            or _IDENTIFIER.search(token) is not None
        )

    def _is_unknown(self, token: str) -> bool:
        names = [token, *token.split(".")]
        banned = any(part in self._banned for part in _PARTS.split(token)) or token in self._banned
        return not banned and not any(self._linker.name(words_of(name)) for name in names)

    def _ngrams(self, run: Sequence[_Word]) -> Iterator[str]:
        for start, opening in enumerate(run):
            if opening.grammar or not opening.first:
                continue
            stretch: list[str] = []
            own = content = 0
            joined = column = False
            for word in run[start : start + LONGEST]:
                stretch.append(word.text)
                content += not word.grammar
                own += not word.grammar and not word.kind
                joined |= word.grammar and not word.kind
                column |= word.kind == "column"
                # "status of the orders" speaks of a column and is no name; "revenue cube" may be one.
                phrase = " ".join(stretch)
                if content > WORDS or (joined and column) or len(phrase) > LONGEST_PHRASE:
                    break
                if own and word.last and not word.grammar and len(phrase) >= SHORTEST:
                    yield phrase
