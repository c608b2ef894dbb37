"""The tables that a question speaks of, and what they have of what it asks for."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

from datagap.report.junction import Junctions
from datagap.report.thesaurus import Role, Thesaurus
from datagap.report.vocabulary import GUESSED, SYNONYM, Sense, Vocabulary
from datagap.report.wording import Word, Wording

FARTHEST_OWNER = 14
"""Words after an attribute within which its owner stands."""
FARTHEST_MODIFIER = 3


class Scope:
    """What one question speaks of."""

    def __init__(
        self,
        wording: Wording,
        before: Sequence[Wording],
        vocabulary: Vocabulary,
        junctions: Junctions,
        thesaurus: Thesaurus,
    ) -> None:
        """Read a question; one that names no table speaks of those that the questions `before` it name."""
        self.words = wording.words
        self._grammar = wording.tongue.grammar
        self._vocabulary = vocabulary
        self._junctions = junctions
        self._thesaurus = thesaurus
        bits: dict[int, int] = {}
        self._gather(wording.words, bits)
        if not any(vocabulary.is_whole(*pair) for pair in bits.items()):
            for one in before:
                self._gather(one.words, bits)
        self.touched = bits
        """Tables that words are of the names of."""
        self.named = tuple(table for table, found in bits.items() if vocabulary.is_whole(table, found))
        """Tables that are named by all of their names."""

    @staticmethod
    def _gather(words: Iterable[Word], bits: dict[int, int]) -> None:
        for word in words:
            if not word.proper:
                for table, found in word.sense.tables:
                    bits[table] = bits.get(table, 0) | found

    def is_generic(self, sense: Sense) -> bool:
        """Tell whether what is meant is an attribute that many tables have, each about its own rows."""
        return sense.stem in self._thesaurus.generic

    def owner(self, place: int) -> Word | None:
        """Return the word for what the attribute at `place` is of, as in "shop name" and "names of the shops"."""
        back = place
        while back and not self.words[back].parted and place - back < FARTHEST_MODIFIER:
            back -= 1
            word = self.words[back]
            if word.glue:
                break
            if self._may_own(word) and not word.proper:
                return word
        return self._owner_after(place)

    def _owner_after(self, place: int) -> Word | None:
        seen = False
        for word in self.words[place + 1 : place + FARTHEST_OWNER]:
            if word.text in self._grammar.owner:
                seen = True
            elif not seen and (word.sense.role is Role.OPERATION or (word.glue and not self._joins(word))):
                return None
            elif seen and word.head and self._may_own(word):
                return word
            elif seen and word.head and not word.glue and word.sense.role > Role.LIGHT:
                return None
        return None

    def _joins(self, word: Word) -> bool:
        return word.text in self._grammar.listing

    def _may_own(self, word: Word) -> bool:
        sense = word.sense
        known = bool(sense.tables) or sense.in_columns
        return known and sense.role >= Role.UNKNOWN and sense.grade >= GUESSED and not self.is_generic(sense)

    def continues(self, place: int, before: int) -> bool:
        """Tell whether the word at `place` goes on with the list of attributes that the one at `before` is in."""
        between = self.words[before + 1 : place]
        return len(between) <= FARTHEST_MODIFIER and all(word.text in self._grammar.listing for word in between)

    def lack(self, sense: Sense, tables: Collection[int], entity: Collection[str]) -> float:
        """Return how surely no column of `tables`, and none elsewhere named for `entity`, is what is meant.

        A table one key away may have it: what a table of people has is then a fact about an employee, but the name
        in a table of shops is none about an order.
        """
        if self._any_has(tables, sense) or self._is_named_for(sense, frozenset(entity)):
            return 0.0
        near = {other for table in tables for other in self._junctions.neighbours(table)}
        holding = [table for table in near if self._any_has([table], sense)]
        if not self.is_generic(sense):
            return 0.6 if holding else 1.0
        return 0.3 if any(form in self._thesaurus.broad for form in self.names(holding)) else 1.0

    def owner_lack(self, sense: Sense, owner: Word) -> float:
        """Return how surely what `owner` names lacks what is meant."""
        own = {term for term, grade in owner.sense.terms.items() if grade >= SYNONYM}
        named = [table for table, _ in owner.sense.tables if table in self.named]
        partly = [table for table, _ in owner.sense.tables if table not in named]
        if named:
            lack = self.lack(sense, named, own)
            return lack * 0.5 if lack and partly and not self.lack(sense, partly, own) else lack
        if partly:
            return self.lack(sense, partly, own) * 0.7
        return self._keyed_lack(sense, owner)

    def _keyed_lack(self, sense: Sense, owner: Word) -> float:
        """Return how surely what is known by its keys alone, because it has no table, lacks what is meant."""
        if self._is_named_for(sense, frozenset(owner.sense.terms)):
            return 0.0
        holders = [holder for term in owner.sense.terms for holder in self._vocabulary.terms[term].columns]
        return float(bool(holders) and all(self._vocabulary.is_key(*holder) for holder in holders))

    def names(self, tables: Iterable[int]) -> set[str]:
        """Return the words of the names of `tables`."""
        return {form for table in tables for forms in self._vocabulary.name_terms[table] for form in forms}

    def _any_has(self, tables: Iterable[int], sense: Sense) -> bool:
        return any(not self._vocabulary.table_terms[table].isdisjoint(sense.terms) for table in tables)

    def _is_named_for(self, sense: Sense, entity: frozenset[str]) -> bool:
        columns = (holder for term in sense.terms for holder in self._vocabulary.terms[term].columns)
        return any(not entity.isdisjoint(self._vocabulary.column_terms(*holder)) for holder in columns)
