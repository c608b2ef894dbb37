"""A question as words, each with what it may mean in a schema and where it stands."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from datagap.report.morphology import name_words
from datagap.report.text import fold
from datagap.report.thesaurus import Grammar, Role, Thesaurus, Tongue
from datagap.report.vocabulary import EXACT, GUESSED, SYNONYM, Sense, Vocabulary

LONGEST_QUESTION = 4_000
"""Characters of a question that are read."""
MOST_WORDS = 200
LONGEST_WORD = 64
_TOKEN = re.compile(
    r"""(?P<value>"[^"\n]{1,120}"|(?<!\w)'[^'\n]{1,120}'(?!\w)|\u201c[^\u201d\n]{1,120}\u201d"""
    r"""|\d[\w.,:/%+=\u2013\u2212-]*"""
    r"""|(?=[\w-]{0,40}\d)\w{1,40}(?:-\w{1,40})+|[\w.+-]{1,60}@\S{1,60})"""
    r"""|(?P<word>[^\W\d_][^\W_]*(?:_\w+)*)(?:['\u2019]s?(?!\w))?"""
    r"""|(?P<sign>[#%])|(?P<stop>[,;:?.!()=<>/])"""
)
_YEAR = re.compile(r"(?<!\w)\d{4}(?!\w)")
_HUMP = re.compile(r"[a-z][A-Z]")


class _Token(NamedTuple):
    text: str
    proper: bool
    parted: bool
    valued: bool
    """A value stands before it."""


@dataclass(slots=True)
class Word:
    """One word of a question."""

    sense: Sense
    text: str
    glue: bool
    """It holds the question together, and names nothing."""
    proper: bool
    """It is in capitals where only a proper name is."""
    parted: bool
    """Something stands between it and the word before: a sign, or a value."""
    head: bool = False
    """It is the last word of its noun phrase."""
    wanted: bool = False
    """It belongs to what is asked for."""
    owning: bool = False
    """It is what something asked for is an attribute of."""
    valued: bool = False
    """A value is given for it."""
    marked: bool = False
    """It stands where a value stands."""


@dataclass(frozen=True, slots=True)
class Wording:
    """The words of one question."""

    words: Sequence[Word]
    cased: bool
    """Whether it has capitals at all, so that what is in none is no proper name."""
    years: Sequence[str]
    """Numbers of four digits."""
    tongue: Tongue


def read_question(text: str, vocabulary: Vocabulary, thesaurus: Thesaurus) -> Wording:
    """Return the words of `text`, no more than the first MOST_WORDS."""
    text = text[:LONGEST_QUESTION]
    cased = any(map(str.isupper, text)) and not text.isupper()
    tokens = _tokens(text, cased)
    tongue = thesaurus.tongue_of(token.text for token in tokens)
    words = [
        Word(
            vocabulary.sense(token.text, tongue), token.text, token.text in tongue.functions, token.proper, token.parted
        )
        for token in tokens
        if token.text
    ]
    _mark_values(words, tokens, tongue.grammar)
    words = _merge(words, vocabulary, tongue)
    _Marker(words, tongue).mark()
    return Wording(words, cased, _YEAR.findall(text), tongue)


def _tokens(text: str, cased: bool) -> list[_Token]:
    """Return the words in lower case; a value at the end gives a token without text."""
    tokens: list[_Token] = []
    valued, parted, opens = False, True, True
    for match in _TOKEN.finditer(text):
        if len(tokens) >= MOST_WORDS:
            break
        kind = match.lastgroup
        if kind == "word":
            part = match["word"]
            is_name = "_" in part or _HUMP.search(part) is not None
            proper = cased and part[0].isupper() and not opens and not is_name
            for piece in name_words(part) if is_name else [fold(part)]:
                tokens.append(_Token(piece[:LONGEST_WORD], proper, parted, valued))
                parted = valued = False
            opens = False
        elif kind == "sign":
            tokens.append(_Token(match[0], False, False, valued))
        else:
            valued = valued or kind == "value"
            parted, opens = True, match[0] in ".?!"
    return [*tokens, _Token("", False, True, valued)]


def _mark_values(words: Sequence[Word], tokens: Sequence[_Token], grammar: Grammar) -> None:
    """Mark the words that a value is given for, directly or after such words as "of" and "is larger than"."""
    for place, token in enumerate(tokens):
        if token.valued:
            owner = place - 1
            while owner > 0 and words[owner].text in grammar.connector and not words[owner].parted:
                owner -= 1
            if owner >= 0:
                words[owner].valued = True
    for before, word, after in zip(words, words[1:], words[2:], strict=False):
        if before.text in grammar.article and after.text in grammar.of:
            word.valued = True


def _merge(words: Sequence[Word], vocabulary: Vocabulary, tongue: Tongue) -> list[Word]:
    """Join words that a name runs together, and words that a name has the initials of."""
    merged: list[Word] = []
    place = 0
    while place < len(words):
        length, sense = _joined(words, place, vocabulary, tongue)
        word = words[place]
        merged.append(word if sense is None else replace(word, sense=sense, valued=words[place + length - 1].valued))
        place += length
    return merged


def _joined(words: Sequence[Word], place: int, vocabulary: Vocabulary, tongue: Tongue) -> tuple[int, Sense | None]:
    first = words[place]
    if first.glue or place + 1 == len(words):
        return 1, None
    second = words[place + 1]
    if not second.parted and first.sense.grade * second.sense.grade < EXACT:
        together = first.text + second.sense.stem
        if together in vocabulary.terms:
            return 2, vocabulary.sense(together, tongue)
    if first.sense.grade < SYNONYM and first.sense.role >= Role.UNKNOWN:
        for length in (4, 3, 2):
            group = words[place : place + length]
            initials = "".join(word.text[0] for word in group)
            if len(group) == length and initials in vocabulary.terms and _are_one(group):
                return length, vocabulary.sense(initials, tongue)
    return 1, None


def _are_one(group: Sequence[Word]) -> bool:
    """Tell whether words may be one name: the last one names something, and none is served by itself."""
    return (
        not group[-1].glue
        and not any(word.parted for word in group[1:])
        and all(word.sense.grade < GUESSED for word in group if not word.glue)
        and group[-1].sense.role >= Role.UNKNOWN
    )


class _Marker:
    """Says of each word of a question where it stands, from the first to the last."""

    def __init__(self, words: Sequence[Word], tongue: Tongue) -> None:
        self._words = words
        self._tongue = tongue
        self._wanted = self._owning = self._marked = False

    def mark(self) -> None:
        for place, word in enumerate(self._words):
            after = self._words[place + 1] if place + 1 < len(self._words) else None
            word.head = not word.glue and (after is None or after.parted or after.glue)
            if word.text in self._tongue.askers:
                self._ask(place, word)
            elif word.text in self._tongue.markers:
                self._wanted, self._owning, self._marked = False, False, True
            elif word.glue:
                self._bind(place, word, after)
            else:
                self._name(word, after)

    def _ask(self, place: int, word: Word) -> None:
        word.wanted = word.head and place > 0 and self._wanted
        asks = place == 0 or not word.glue or word.parted or self._words[place - 1].text in self._tongue.askers
        self._wanted = asks or word.text in self._tongue.grammar.opener
        self._owning = self._marked = False

    def _bind(self, place: int, word: Word, after: Word | None) -> None:
        """Take a word such as "of", after which stands what the thing asked for is an attribute of."""
        self._marked = self._marked and not word.parted
        if not place or after is None or word.text not in self._tongue.grammar.of:
            return
        before = self._words[place - 1]
        asked = before.text in self._tongue.askers
        if before.wanted or asked:
            definite = after.text in self._tongue.grammar.determiner or after.text.endswith("s")
            self._owning = self._wanted and not asked and definite
            self._wanted = self._owning or asked

    def _name(self, word: Word, after: Word | None) -> None:
        word.wanted, word.owning = self._wanted and not self._owning, self._owning
        word.marked = self._marked and not word.parted
        grammar = self._tongue.grammar
        if word.head and (after is None or after.text not in grammar.conjunction | grammar.of):
            self._wanted = self._wanted and not self._owning and after is not None and after.parted and not after.glue
            self._owning = False
