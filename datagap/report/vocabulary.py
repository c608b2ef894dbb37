"""An index of the words in the names of a schema, and what a word of a question may mean by it."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from datagap.report.morphology import deletions, name_words, root
from datagap.report.thesaurus import Role, Thesaurus, Tongue

MOST_TABLES = 24
"""Tables that are kept for one word of their names: the shortest names, then the first."""
MOST_WORDS = 8
"""Words of a table name that matter."""
MOST_SENSES = 20_000
"""Words of questions that are remembered."""
EXACT, DERIVED, SYNONYM, HINTED, GUESSED = 1.0, 0.9, 0.85, 0.7, 0.75
_WHOLE_OPERATIONS = frozenset(["average", "spread"])
_YEAR = re.compile(r"(?:1[89]|20)\d\d")
_FEWEST_YEARS = 3
_SHORTEST_PART = 3
_SHORTEST_GUESS = 5
_LONGEST_GUESS = 24


@dataclass(slots=True)
class Term:
    """One word of names."""

    tables: list[int] = field(default_factory=list)
    """Tables that have it in their own name."""
    columns: list[tuple[int, int]] = field(default_factory=list)
    """Table and place of columns that have it, the first of many."""


@dataclass(frozen=True, slots=True)
class Sense:
    """What a word of a question may mean in the schema."""

    word: str
    stem: str
    role: Role
    terms: Mapping[str, float]
    """Words of names that it may stand for, with how surely."""
    grade: float
    """How surely anything there is meant by it; 0 if nothing is."""
    tables: tuple[tuple[int, int], ...]
    """Tables that it may name, each with the words of its name that it stands for as bits."""
    in_columns: bool
    aggregated: tuple[tuple[int, str], ...]
    """Table and column of aggregates of what it names."""


class Vocabulary:
    """The words of a schema's names."""

    def __init__(self, schema: Mapping[str, Sequence[str]], thesaurus: Thesaurus) -> None:
        self._thesaurus = thesaurus
        self.tables = tuple(schema)
        self.columns = tuple(tuple(columns) for columns in schema.values())
        self.terms: dict[str, Term] = {}
        self.name_terms: list[tuple[frozenset[str], ...]] = []
        """Of each table, the words of its name that tell something, each with what it is short for."""
        self.table_terms: list[frozenset[str]] = []
        """Of each table, the words of its columns."""
        self.aggregates: defaultdict[str, list[tuple[int, str]]] = defaultdict(list)
        """Columns that hold no more than an aggregate, by the words of what they aggregate."""
        self._roots: defaultdict[str, list[str]] = defaultdict(list)
        self._initials: defaultdict[str, set[str]] = defaultdict(set)
        self._guesses: defaultdict[str, list[str]] | None = None
        self._parts: dict[str, tuple[str, ...]] = {}
        self._senses: dict[tuple[int, str], Sense] = {}
        self._column_terms: dict[tuple[int, int], frozenset[str]] = {}
        for table, name in enumerate(self.tables):
            self._add_table(table, name)
        self._finish()

    def _add_table(self, table: int, name: str) -> None:
        words = [self._forms(word) for word in name_words(name)]
        telling = [forms for forms in words if self._thesaurus.table_words.isdisjoint(forms)]
        self.name_terms.append(tuple(map(frozenset, telling or words)))
        found: set[str] = set()
        columns = self.columns[table]
        aggregates = self._aggregates([name_words(column) for column in columns])
        for form in _unique(words) if 2 * len(aggregates) < max(2, len(columns)) else ():
            self._term(form).tables.append(table)
        for place, column in enumerate(columns):
            measure = aggregates.get(place)
            if measure is None:
                found.update(self._add_column(table, place, name_words(column)))
            else:
                for form in _unique(self._forms(word) for word in measure):
                    self.aggregates[form].append((table, column))
        self.table_terms.append(frozenset(found))

    def _aggregates(self, columns: Sequence[Sequence[str]]) -> dict[int, Sequence[str]]:
        """Return the places of columns that are aggregates, with the words of what they aggregate.

        "Total" or "max" alone may be what a row is about: it takes a second aggregate of the same thing beside it.
        """
        operations: defaultdict[tuple[str, ...], set[str]] = defaultdict(set)
        for words in columns:
            if len(words) > 1 and words[0] in self._thesaurus.aggregates:
                operations[tuple(words[1:])].add(self._thesaurus.aggregates[words[0]])
        plain = {tuple(words) for words in columns}
        whole = {
            measure
            for measure, known in operations.items()
            if measure not in plain and (len(known) > 1 or known & _WHOLE_OPERATIONS)
        }
        return {
            place: words[1:]
            for place, words in enumerate(columns)
            if words and words[0] in self._thesaurus.aggregates and tuple(words[1:]) in whole
        }

    def _add_column(self, table: int, place: int, words: Sequence[str]) -> list[str]:
        forms = _unique(self._forms(word) for word in words)
        for form in forms:
            columns = self._term(form).columns
            if len(columns) < MOST_TABLES:
                columns.append((table, place))
        if 1 < len(words) <= 5:
            self._initials["".join(word[0] for word in words)].update(self._thesaurus.stem(word) for word in words)
        return forms

    def _term(self, form: str) -> Term:
        return self.terms.setdefault(form, Term())

    def _forms(self, word: str) -> tuple[str, ...]:
        """Return the stem of a word of a name, what it is short for, and the known words that it is made of."""
        found = self._parts.get(word)
        if found is None:
            stem = self._thesaurus.stem(word)
            found = (
                stem,
                *(self._thesaurus.expansions.get(word) or self._thesaurus.expansions.get(stem, ())),
                *self._split(word, stem),
            )
            self._parts[word] = found
        return found

    def _split(self, word: str, stem: str) -> tuple[str, ...]:
        """Return the two words that `word` runs together, if it is none itself and both are known."""
        if len(word) < 2 * _SHORTEST_PART or not word.isalpha() or stem in self._thesaurus.known:
            return ()
        keys = self._thesaurus.keys | self._thesaurus.generic
        for place in range(len(word) - 2, _SHORTEST_PART - 1, -1):
            first, second = self._thesaurus.stem(word[:place]), self._thesaurus.stem(word[place:])
            if self._is_known(second) and self._is_known(first):
                return (first, second, *self._thesaurus.expansions.get(second, ()))
            if second in keys and len(first) > _SHORTEST_PART:
                return first, second
        return ()

    def _is_known(self, stem: str) -> bool:
        return len(stem) >= _SHORTEST_PART and (stem in self._thesaurus.known or stem in self._thesaurus.expansions)

    def _finish(self) -> None:
        years = sorted(name for name, term in self.terms.items() if _YEAR.fullmatch(name) and term.columns)
        self.years = years if len(years) >= _FEWEST_YEARS else []
        for name, term in self.terms.items():
            self._roots[root(name)].append(name)
            if len(term.tables) > 1:
                unique = dict.fromkeys(term.tables)
                term.tables = sorted(unique, key=lambda table: len(self.name_terms[table]))[:MOST_TABLES]

    def sense(self, word: str, tongue: Tongue) -> Sense:
        """Return what `word`, in lower case without accents, may mean."""
        key = (id(tongue), word)
        found = self._senses.get(key)
        if found is None:
            if len(self._senses) >= MOST_SENSES:
                self._senses.clear()
            found = self._senses[key] = self._sense(word, tongue)
        return found

    def _sense(self, word: str, tongue: Tongue) -> Sense:
        stem = self._thesaurus.stem(word)
        role = tongue.roles.get(word, tongue.roles.get(stem, Role.UNKNOWN))
        terms: dict[str, float] = {}
        if role is not Role.FUNCTION or stem in self.terms:
            for term, grade in self._candidates(word, stem, role, tongue):
                if grade > terms.get(term, 0.0):
                    terms[term] = grade
        aggregated = self._aggregated(stem, tongue)
        surest = max(terms.values(), default=0.0)
        names = frozenset(term for term, grade in terms.items() if grade >= max(GUESSED, min(surest, DERIVED)))
        tables = {table: self._bits(table, names) for name in sorted(names) for table in self.terms[name].tables}
        return Sense(
            word=word,
            stem=stem,
            role=role,
            terms=terms,
            grade=max(terms.values(), default=0.0),
            tables=tuple(tables.items())[:MOST_TABLES],
            in_columns=any(self.terms[term].columns for term in terms),
            aggregated=aggregated,
        )

    def is_key(self, table: int, place: int) -> bool:
        """Tell whether a column has the name of a key."""
        words = name_words(self.columns[table][place])
        return bool(words) and not self._thesaurus.keys.isdisjoint((words[-1], *self._forms(words[-1])))

    def is_identified(self, table: int) -> bool:
        """Tell whether the rows of `table` have a name or a key of their own."""
        own = frozenset(form for forms in self.name_terms[table] for form in forms)
        return any(self._identifies(self.column_terms(table, place), own) for place in range(len(self.columns[table])))

    def _identifies(self, forms: frozenset[str], own: frozenset[str]) -> bool:
        """Tell whether a column tells the things apart that a table, whose words are `own`, is about.

        The key of another table, such as the country code in a table of country languages, does not.
        """
        if forms & self._thesaurus.naming or (len(forms) == 1 and forms & self._thesaurus.keys):
            return True
        is_other_key = len(own) > 1 and forms - own <= self._thesaurus.keys
        return bool(forms & own) and not is_other_key

    def is_surrogate(self, table: int, place: int) -> bool:
        """Tell whether a column has the name of a key that says nothing else."""
        words = name_words(self.columns[table][place])
        return bool(words) and not self._thesaurus.surrogates.isdisjoint((words[-1], *self._forms(words[-1])))

    def operation(self, name: str) -> str | None:
        """Return the aggregate that `name` begins with, if it does with one."""
        words = name_words(name)
        return self._thesaurus.aggregates.get(words[0]) if words else None

    def column_terms(self, table: int, place: int) -> frozenset[str]:
        """Return the words of the name of a column."""
        found = self._column_terms.get((table, place))
        if found is None:
            words = name_words(self.columns[table][place])
            found = frozenset(form for word in words for form in self._forms(word))
            self._column_terms[table, place] = found
        return found

    def _bits(self, table: int, names: frozenset[str]) -> int:
        return sum(1 << place for place, forms in enumerate(self.name_terms[table][:MOST_WORDS]) if forms & names)

    def is_whole(self, table: int, bits: int) -> bool:
        """Tell whether `bits` are all the words of the name of `table`."""
        return bits == (1 << min(len(self.name_terms[table]), MOST_WORDS)) - 1

    def _aggregated(self, stem: str, tongue: Tongue) -> tuple[tuple[int, str], ...]:
        if not self.aggregates:
            return ()
        names = [stem, *sorted(tongue.synonyms.get(stem, ())), *sorted(tongue.hints.get(stem, ()))]
        return next((tuple(self.aggregates[name]) for name in names if name in self.aggregates), ())

    def _candidates(self, word: str, stem: str, role: Role, tongue: Tongue) -> Iterator[tuple[str, float]]:
        if stem in self.terms:
            yield stem, EXACT
        if word in self.terms:
            yield word, EXACT
        if role is Role.FUNCTION:
            return
        yield from self._present(self._thesaurus.expansions.get(word, ()), DERIVED)
        if len(stem) > _SHORTEST_PART:
            yield from self._present((term for term in self._roots.get(root(stem), ()) if term != stem), DERIVED)
        yield from self._present(tongue.synonyms.get(stem, ()), SYNONYM)
        yield from self._present(tongue.hints.get(stem, ()), HINTED)
        if len(word) > 1:
            yield from self._present(sorted(self._initials.get(word, ())), HINTED)
        yield from self._halves(word)
        if stem not in self.terms and role is Role.UNKNOWN:
            yield from self._guessed(stem)

    def _present(self, terms: Iterable[str], grade: float) -> Iterator[tuple[str, float]]:
        return ((term, grade) for term in sorted(terms) if term in self.terms)

    def _halves(self, word: str) -> Iterator[tuple[str, float]]:
        """Yield the two words of the schema that `word` runs together, such as "birthdate"."""
        for place in range(_SHORTEST_PART, len(word) - _SHORTEST_PART + 1):
            first, second = word[:place], self._thesaurus.stem(word[place:])
            if first in self.terms and second in self.terms and first in self._thesaurus.known:
                yield first, DERIVED
                yield second, DERIVED

    def _guessed(self, word: str) -> Iterator[tuple[str, float]]:
        """Yield the words of names that `word` misspells by one character."""
        if not _SHORTEST_GUESS <= len(word) <= _LONGEST_GUESS or not word.isalpha():
            return
        if self._guesses is None:
            self._guesses = defaultdict(list)
            for term in self.terms:
                if _SHORTEST_GUESS <= len(term) <= _LONGEST_GUESS and term.isalpha():
                    for form in deletions(term):
                        self._guesses[form].append(term)
        for form in deletions(word):
            yield from ((term, GUESSED) for term in self._guesses.get(form, ()))


def _unique(groups: Iterable[Iterable[str]]) -> list[str]:
    """Return what is in the groups, each once, in the order in which it is there."""
    return list(dict.fromkeys(form for group in groups for form in group))
