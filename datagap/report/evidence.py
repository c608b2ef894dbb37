"""The signs that a schema lacks something for a question, each with how sure it is."""

from __future__ import annotations

from collections.abc import Iterator

from datagap import model
from datagap.report.junction import Junctions
from datagap.report.need import TINY, Needs
from datagap.report.scope import Scope
from datagap.report.shortfall import Shortfall
from datagap.report.thesaurus import Role, Thesaurus
from datagap.report.vocabulary import DERIVED, HINTED, SYNONYM, Sense, Vocabulary
from datagap.report.wording import Word, Wording

MOST_JOINED = 8
"""Tables of a question that are held against each other."""
_NOUNS = (Role.UNKNOWN, Role.CONCEPT)


class Evidence:
    """What speaks against a question being answerable."""

    def __init__(
        self,
        wording: Wording,
        scope: Scope,
        vocabulary: Vocabulary,
        junctions: Junctions,
        thesaurus: Thesaurus,
        *,
        follows: bool,
    ) -> None:
        """Take a question and what it speaks of; `follows` if others of the same conversation came before."""
        self._wording = wording
        self._words = wording.words
        self._grammar = wording.tongue.grammar
        self._scope = scope
        self._vocabulary = vocabulary
        self._junctions = junctions
        self._follows = follows
        self._anonymous = len(vocabulary.tables) == 1 and scope.names([0]).isdisjoint(thesaurus.known)
        self._needs = Needs(wording, thesaurus.generic, anonymous=self._anonymous)
        self._keys = thesaurus.keys

    def shortfalls(self) -> Iterator[Shortfall]:
        """Yield every sign, several for one word among them."""
        for place, word in enumerate(self._words):
            yield from self._unserved(place, word)
            yield from self._aggregated(place, word)
            if not word.glue and not word.proper and not word.marked:
                yield from self._keyed(place, word)
                yield from self._unidentified(place, word)
                yield from self._ambiguous(word)
        yield from self._misplaced()
        yield from self._years()
        yield from self._unjoined()
        yield from self._foreign()

    def _unserved(self, place: int, word: Word) -> Iterator[Shortfall]:
        """Words that nothing in the schema is a name for, or only something that hints at it."""
        sense = word.sense
        if sense.aggregated and not sense.grade:
            return
        grade = sense.grade
        if grade == HINTED and sense.role is Role.CONCEPT:
            grade = 0.4 if word.wanted and word.head else 0.5
        sure = self._needs.need(place) * (1 - grade) * self._needs.scale
        if sure >= TINY:
            yield Shortfall(self._absence(place, word), sure, word.text, self._tables(self._scope.named))

    def _absence(self, place: int, word: Word) -> model.GapType:
        """Return whether a word that nothing serves is of a table or of a column."""
        after = self._words[place + 1].text if place + 1 < len(self._words) else ""
        is_entity = word.head and (word.owning or after in self._grammar.relative)
        speaks_of_nothing = not self._scope.named and not self._anonymous
        return "missing_asset" if is_entity or (speaks_of_nothing and word.sense.role in _NOUNS) else "missing_column"

    def _tables(self, tables: tuple[int, ...]) -> tuple[str, ...]:
        return tuple(self._vocabulary.tables[table] for table in tables)

    def _is_counted(self, place: int) -> bool:
        before = self._words[place - 1] if place else None
        if before is None or before.text not in self._grammar.counted:
            return False
        return before.text not in self._grammar.of or (
            place > 1 and self._words[place - 2].sense.role is Role.OPERATION
        )

    def _misplaced(self) -> Iterator[Shortfall]:
        """Attributes that are somewhere, but not in the tables that the question speaks of."""
        last: tuple[int, Word] | None = None
        for place, word in enumerate(self._words):
            if not self._is_attribute(place, word):
                continue
            owner = self._scope.owner(place)
            if owner is None and last is not None and self._scope.continues(place, last[0]):
                owner = last[1]
            last = last if owner is None else (place, owner)
            sure = self._misplacement(word.sense, owner) * (1.0 if word.wanted else 0.6) * self._needs.scale
            if sure:
                yield Shortfall("missing_column", sure, word.text, self._tables(self._scope.named))

    def _is_attribute(self, place: int, word: Word) -> bool:
        sense = word.sense
        if not sense.terms or word.proper or word.marked or (not place and sense.role is Role.BOTH):
            return False
        if word.glue or sense.role not in (*_NOUNS, Role.BOTH):
            return False
        known = self._scope.named if self._scope.is_generic(sense) else self._scope.touched
        return not any(table in known for table, _ in sense.tables)

    def _misplacement(self, sense: Sense, owner: Word | None) -> float:
        generic = self._scope.is_generic(sense)
        if owner is not None:
            return self._scope.owner_lack(sense, owner) * (0.55 if generic else 0.4)
        if not self._scope.named:
            return 0.0
        touched = self._scope.touched
        return self._scope.lack(sense, touched, self._scope.names(touched)) * (0.3 if generic else 0.25)

    def _keyed(self, place: int, word: Word) -> Iterator[Shortfall]:
        """Things that are known by their keys alone, without a table that says more of them."""
        sense = word.sense
        if sense.role not in _NOUNS or sense.grade < DERIVED or self._scope.is_generic(sense):
            return
        if any(self._is_table_of(table, bits) for table, bits in sense.tables) or self._is_key_name(place):
            return
        declared = self._junctions.is_declared
        holders = [
            holder
            for term, grade in sense.terms.items()
            if grade >= DERIVED
            for holder in self._vocabulary.terms[term].columns
        ]
        if (sense.tables and not declared) or not holders or not all(self._is_loose_key(*one) for one in holders):
            return
        sure = 0.2 if self._is_counted(place) else 0.58 if word.wanted and word.head else 0.4 if word.owning else 0.3
        surrogate = all(self._vocabulary.is_surrogate(*holder) for holder in holders)
        yield Shortfall("missing_asset", sure * (1.0 if declared else 0.6) * (1.0 if surrogate else 0.7), word.text)

    def _is_table_of(self, table: int, bits: int) -> bool:
        return self._vocabulary.is_whole(table, bits) or table in self._scope.named

    def _is_key_name(self, place: int) -> bool:
        """Tell whether the word after is such as "id", so that the key is all that is asked for."""
        return place + 1 < len(self._words) and self._words[place + 1].sense.stem in self._keys | {"number"}

    def _is_loose_key(self, table: int, place: int) -> bool:
        name = self._vocabulary.columns[table][place]
        return self._vocabulary.is_key(table, place) and not self._junctions.is_used(table, name)

    def _unidentified(self, place: int, word: Word) -> Iterator[Shortfall]:
        """Things asked for whose table has no column to tell them by."""
        sense = word.sense
        if not word.head or not sense.tables or sense.in_columns or sense.role not in (*_NOUNS, Role.BOTH):
            return
        tables = tuple(table for table, _ in sense.tables)
        if not word.wanted and any(table in self._scope.named for table in tables):
            return
        if not any(self._vocabulary.is_identified(table) for table in tables):
            sure = 0.3 if self._is_counted(place) else 0.55
            yield Shortfall("missing_column", sure, word.text, self._tables(tables))

    def _aggregated(self, place: int, word: Word) -> Iterator[Shortfall]:
        """Measures that only aggregates are left of."""
        sense = word.sense
        if not sense.aggregated or sense.grade >= SYNONYM or sense.role <= Role.OPERATION:
            return
        operations = {self._vocabulary.operation(column) for _, column in sense.aggregated}
        before = self._words[max(0, place - 3) : place]
        if any(self._vocabulary.operation(one.text) in operations for one in before):
            return
        sure = (0.5 if sense.role is Role.HINT else 0.75) * (1.0 if len(sense.aggregated) > 1 else 0.75)
        tables = tuple(dict.fromkeys(table for table, _ in sense.aggregated))
        columns = tuple(column for _, column in sense.aggregated)
        yield Shortfall("grain_mismatch", sure, word.text, self._tables(tables), columns)

    def _ambiguous(self, word: Word) -> Iterator[Shortfall]:
        """Words that two columns of one table may be meant by, neither of which has the word."""
        sense = word.sense
        if sense.role is not Role.CONCEPT or self._scope.is_generic(sense):
            return
        if any(self._vocabulary.is_whole(table, bits) for table, bits in sense.tables):
            return
        for table, places in self._synonyms(sense).items():
            if len(places) > 1 and (not self._scope.named or table in self._scope.touched):
                columns = tuple(self._vocabulary.columns[table][place] for place in places)
                sure = 0.55 if word.wanted else 0.4
                yield Shortfall("docs_missing", sure, word.text, self._tables((table,)), columns)
                return

    def _synonyms(self, sense: Sense) -> dict[int, list[int]]:
        """Return columns with synonyms of a word by table, if no column has the word itself."""
        terms = self._vocabulary.terms
        if any(grade > SYNONYM and terms[term].columns for term, grade in sense.terms.items()):
            return {}
        found: dict[int, dict[int, None]] = {}
        for term, grade in sense.terms.items():
            for table, place in terms[term].columns if grade == SYNONYM else ():
                found.setdefault(table, {})[place] = None
        return {table: list(places) for table, places in found.items()}

    def _years(self) -> Iterator[Shortfall]:
        """Years that have columns of their own, but for the one that is asked for."""
        known = self._vocabulary.years
        for year in self._wording.years if known else ():
            if known[0] <= year <= known[-1] and year not in self._vocabulary.terms:
                yield Shortfall("missing_column", 0.6, year)

    def _unjoined(self) -> Iterator[Shortfall]:
        """Tables spoken of together, or needed for a column that no other has, that no keys join."""
        tables = tuple(dict.fromkeys([*self._scope.named[:MOST_JOINED], *self._only_holders()]))[:MOST_JOINED]
        for place, table in enumerate(tables):
            for other in tables[place + 1 :]:
                if not self._junctions.are_joined(table, other):
                    sure = 0.6 if self._junctions.is_declared else 0.3
                    yield Shortfall("joinability_issue", sure, "", self._tables((table, other)))
                    return

    def _only_holders(self) -> Iterator[int]:
        """Yield the tables that alone have a column of a word of the question."""
        for word in self._words:
            sense = word.sense
            if word.glue or word.proper or sense.tables or sense.role not in _NOUNS or self._scope.is_generic(sense):
                continue
            holders = {table for term in sense.terms for table, _ in self._vocabulary.terms[term].columns}
            if len(holders) == 1 and sense.grade >= DERIVED:
                yield from holders

    def _foreign(self) -> Iterator[Shortfall]:
        """Questions that have nothing at all to do with the schema, which are hardly about data."""
        naming = [word for word in self._words if not word.glue]
        says_something = any(word.sense.role in _NOUNS for word in naming)
        linked = any(word.sense.grade >= HINTED for word in naming if word.sense.role is not Role.OPERATION)
        if says_something and not linked and not self._follows:
            yield Shortfall("missing_asset", 0.5, "")
