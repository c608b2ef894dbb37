"""How likely it is that a question cannot be answered if the schema has no name for one of its words."""

from __future__ import annotations

from collections.abc import Sequence

from datagap.report.thesaurus import Role
from datagap.report.vocabulary import EXACT
from datagap.report.wording import Word, Wording

# Likelihoods, in steps that a person can weigh, by what a word is and where it stands.
CONCEPT, CONCEPT_ASKED = 0.75, 0.88
BOTH, BOTH_ASKED, BOTH_VALUED = 0.1, 0.4, 0.55
UNKNOWN, UNKNOWN_OWNING, UNKNOWN_ASKED = 0.3, 0.5, 0.7
"""In a question with capitals, where a word in none is hardly a proper name."""
LOWER, LOWER_STANDING, LOWER_ASKED = 0.15, 0.35, 0.55
"""In a question without, where it may be one."""
HINT, HINT_BEST, HINT_MEASURED, HINT_GLUE = 0.25, 0.45, 0.7, 0.15
LIGHT, TINY = 0.02, 0.03
VERB = 0.25
LONG_QUESTION = 10
"""Words that name something, beyond which each counts for less."""


class Needs:
    """The needs of the words of one question."""

    def __init__(self, wording: Wording, generic: frozenset[str], *, anonymous: bool) -> None:
        """Take `generic` names, which fit any table, and whether the schema is one table without a telling name."""
        self._words = wording.words
        self._cased = wording.cased
        self._grammar = wording.tongue.grammar
        self._endings = wording.tongue.endings
        self._generic = generic
        self._anonymous = anonymous
        naming = sum(not word.glue and word.sense.role > Role.LIGHT for word in wording.words)
        self.scale = min(1.0, LONG_QUESTION / max(1, naming))
        """How much what one word lacks counts."""

    def need(self, place: int) -> float:
        """Return how likely it is that the word at `place` cannot do without a name for it."""
        word = self._words[place]
        base = self._base(place, word)
        return base if base <= TINY or word.sense.role is Role.HINT else base * self._discount(place, word)

    def _base(self, place: int, word: Word) -> float:
        role = word.sense.role
        if role <= Role.OPERATION or len(word.text) < 2 or not word.text.isalpha():
            return 0.0
        asked = word.head and (word.wanted or word.owning)
        if role is Role.LIGHT:
            return LIGHT
        if role is Role.HINT:
            return self._hint(place, word)
        if role is Role.BOTH:
            return BOTH if not place else BOTH_VALUED if word.valued else BOTH_ASKED if asked else BOTH
        if role is Role.CONCEPT:
            return CONCEPT_ASKED if asked else CONCEPT
        return self._unknown(word, asked=asked)

    def _unknown(self, word: Word, *, asked: bool) -> float:
        text = word.text
        if len(text) == 2 or text.endswith(self._endings.adverb_ending):
            return TINY
        if self._cased:
            base = UNKNOWN if not asked else UNKNOWN_ASKED if word.wanted else UNKNOWN_OWNING
        else:
            base = LOWER_ASKED if asked and word.wanted else LOWER_STANDING if asked or word.valued else LOWER
        if text.endswith(self._endings.verb_ending):
            return min(base, VERB)
        return base * 0.4 if not asked and text.endswith(self._endings.adjective_ending) else base

    def _hint(self, place: int, word: Word) -> float:
        if word.glue:
            return HINT_GLUE
        if place and self._words[place - 1].text in self._grammar.measure:
            return HINT if self._is_measured(place) else HINT_MEASURED
        much = any(one.text in self._grammar.measure for one in self._words[max(0, place - 5) : place])
        if much and place + 1 == len(self._words):
            return HINT_MEASURED
        return HINT_BEST if word.text.endswith(self._endings.superlative_ending) else HINT

    def _is_measured(self, place: int) -> bool:
        """Tell whether what is measured, as in "how long is the flight time", is a column itself."""
        after = self._words[place + 1 : place + 8]
        is_noun = bool(after) and after[0].text in self._grammar.copula
        return is_noun and any(word.sense.grade == EXACT and word.sense.in_columns for word in after)

    def _discount(self, place: int, word: Word) -> float:
        """Return by how much less it is, because the word stands where a value, a verb or a modifier stands."""
        before = self._words[place - 1] if place and not word.parted else None
        asked = word.head and (word.wanted or word.owning)
        discount = 0.12 if word.proper else 1.0
        if word.marked or (before is not None and self._names_value(word, before)):
            discount *= 0.3
        if before is not None and before.text in self._grammar.before_verb and not self._is_noun(place, word):
            discount *= 0.4
        if not asked and _beside_unknown(self._words, place):
            discount *= 0.5
        if not asked and not word.valued and before is not None and before.text in self._grammar.preposition:
            discount *= 0.7 if self._cased and before.text not in self._grammar.copula else 0.5
        return discount * self._modifying(place, word, before) * self._subject(place, word)

    def _names_value(self, word: Word, before: Word) -> bool:
        is_generic = before.sense.stem in self._generic and before.sense.grade == EXACT
        return word.sense.role is Role.UNKNOWN and is_generic and before.sense.role >= Role.BOTH

    def _is_noun(self, place: int, word: Word) -> bool:
        return word.wanted or (place > 1 and self._words[place - 2].text in self._grammar.determiner)

    def _modifying(self, place: int, word: Word, before: Word | None) -> float:
        """Return less for a word beside one of its noun phrase that is served and says more."""
        after = self._words[place + 1] if place + 1 < len(self._words) and not word.head else None
        if after is not None and after.sense.grade == EXACT and after.sense.stem not in self._generic:
            return 0.6
        served = before is not None and not before.glue and before.sense.grade == EXACT
        return 0.4 if word.head and served and word.sense.stem in self._generic else 1.0

    def _subject(self, place: int, word: Word) -> float:
        """Return less for what the rows of a table without a telling name may be."""
        if not self._anonymous or word.sense.role is not Role.CONCEPT:
            return 1.0
        after = self._words[place + 1] if place + 1 < len(self._words) else None
        if not word.wanted and (word.owning or (after is not None and after.text in self._grammar.relative)):
            return 0.4
        attribute = (
            self._words[place - 2].sense if place > 1 and self._words[place - 1].text in self._grammar.of else None
        )
        return 0.5 if attribute is not None and attribute.grade == EXACT and attribute.in_columns else 1.0


def _beside_unknown(words: Sequence[Word], place: int) -> bool:
    """Tell whether a word has a neighbour that is likely a part of the same proper name."""
    pairs = ((place - 1, place), (place + 1, place + 1))
    return any(
        0 <= other < len(words) and not words[right].parted and _is_name_like(words[other]) for other, right in pairs
    )


def _is_name_like(word: Word) -> bool:
    return word.sense.role is Role.UNKNOWN and not word.sense.grade and len(word.text) > 2
