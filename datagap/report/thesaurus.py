"""The words by which questions and the names of a schema are brought together, ready for look-up."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import IntEnum
from functools import cache
from importlib.resources import files

from datagap import model
from datagap.report.morphology import stem
from datagap.settings import parse_yaml
from datagap.validate import embedded

LANGUAGES = ("en", "es", "fr")


class Role(IntEnum):
    """What a word does in a question, from the least that it needs of a schema to the most."""

    FUNCTION = 0
    OPERATION = 1
    LIGHT = 2
    UNKNOWN = 3
    HINT = 4
    """It asks for a concept without naming it."""
    BOTH = 5
    """It names a concept, and is a light one as well."""
    CONCEPT = 6


@dataclass(frozen=True, kw_only=True)
class Grammar:
    """The words that say what part the words beside them play."""

    determiner: frozenset[str]
    article: frozenset[str]
    of: frozenset[str]
    owner: frozenset[str]
    copula: frozenset[str]
    preposition: frozenset[str]
    connector: frozenset[str]
    """What stands between an attribute and its value."""
    relative: frozenset[str]
    before_verb: frozenset[str]
    conjunction: frozenset[str]
    listing: frozenset[str]
    """What stands between the attributes of a list."""
    opener: frozenset[str]
    """What asks wherever it stands."""
    counted: frozenset[str]
    measure: frozenset[str]


@dataclass(frozen=True, kw_only=True)
class Endings:
    """The endings that tell words of a kind."""

    verb_ending: tuple[str, ...]
    adverb_ending: tuple[str, ...]
    adjective_ending: tuple[str, ...]
    superlative_ending: tuple[str, ...]


@dataclass(frozen=True)
class Tongue:
    """The words of one language."""

    roles: Mapping[str, Role]
    synonyms: Mapping[str, frozenset[str]]
    """Names of the same thing, by the stem of a name or of a phrase."""
    hints: Mapping[str, frozenset[str]]
    """Names that may serve a word of a question that is no name itself."""
    functions: frozenset[str]
    askers: frozenset[str]
    markers: frozenset[str]
    grammar: Grammar
    endings: Endings


@dataclass(frozen=True)
class Thesaurus:
    """Words by language, and words of names, which are of no language."""

    tongues: Mapping[str, Tongue]
    expansions: Mapping[str, tuple[str, ...]]
    """Stems of what abbreviations stand for."""
    bases: Mapping[str, str]
    aggregates: Mapping[str, str]
    """Operations by the words for them."""
    keys: frozenset[str]
    surrogates: frozenset[str]
    """Key words of columns that say nothing but which row it is."""
    naming: frozenset[str]
    """Words of columns that rows are called by."""
    generic: frozenset[str]
    broad: frozenset[str]
    """Names of tables whose rows are more generally what the rows of another table are."""
    table_words: frozenset[str]
    known: frozenset[str]
    """Every stem of the thesaurus."""

    def stem(self, word: str) -> str:
        """Return the stem of `word`, or the base form of an irregular one."""
        return self.bases.get(word) or stem(word)

    def tongue_of(self, words: Iterable[str]) -> Tongue:
        """Return the words of the language that `words` are most likely of."""
        counts = dict.fromkeys(LANGUAGES, 0)
        for word in words:
            for language in LANGUAGES:
                counts[language] += word in self.tongues[language].functions
        return self.tongues[max(LANGUAGES, key=counts.__getitem__)]


@cache
def load_thesaurus() -> Thesaurus:
    """Return the embedded thesaurus."""
    where = "thesaurus.yaml"
    content = (files("datagap.report") / where).read_bytes()
    data = embedded().read(model.Thesaurus, parse_yaml(content, where), where)
    bases = data.forms
    tongues = {language: _tongue(data, language, bases) for language in LANGUAGES}
    return Thesaurus(
        tongues=tongues,
        expansions={short: tuple(_stems(words, bases)) for short, words in data.abbreviations.items()},
        bases=bases,
        aggregates=data.aggregates,
        keys=frozenset(data.key_words.split()),
        surrogates=frozenset(data.surrogate_words.split()),
        naming=frozenset(data.naming_words.split()),
        generic=frozenset(_stems(data.generic_names, bases)),
        broad=frozenset(_stems(data.broad_words, bases)),
        table_words=frozenset(_stems(data.table_words, bases)),
        known=frozenset(word for tongue in tongues.values() for word in tongue.roles),
    )


def _stems(words: str, bases: Mapping[str, str]) -> list[str]:
    return [bases.get(word) or stem(word) for word in words.split()]


def _tongue(data: model.Thesaurus, language: str, bases: Mapping[str, str]) -> Tongue:
    """Return the words of `language`, which for all but English has the English names beside its own."""
    languages = dict.fromkeys(("en", language))
    synonyms: defaultdict[str, set[str]] = defaultdict(set)
    hints: defaultdict[str, set[str]] = defaultdict(set)
    for group in data.groups:
        names = [name for one in languages for name in _stems(group.words.get(one, ""), bases)]
        for name in names:
            synonyms[name].update(names)
        for one in languages:
            for asked in _stems((group.asked or {}).get(one, ""), bases):
                hints[asked].update(names)
    return Tongue(
        roles=_roles(data, language, bases, synonyms, hints),
        synonyms={name: frozenset(names - {name}) for name, names in synonyms.items()},
        hints={name: frozenset(names) for name, names in hints.items()},
        functions=frozenset(data.question_words.get(language, "").split()),
        askers=frozenset(data.askers.get(language, "").split()),
        markers=frozenset(data.value_markers.get(language, "").split()),
        grammar=Grammar(**{part: frozenset(words) for part, words in _parts(data, language, endings=False).items()}),
        endings=Endings(**{part: tuple(words) for part, words in _parts(data, language, endings=True).items()}),
    )


def _parts(data: model.Thesaurus, language: str, *, endings: bool) -> dict[str, list[str]]:
    entries = [entry for entry in data.grammar if entry.part.endswith("_ending") == endings]
    return {entry.part: entry.words.get(language, "").split() for entry in entries}


def _with_stems(words: str, bases: Mapping[str, str]) -> list[str]:
    return [*words.split(), *_stems(words, bases)]


def _roles(
    data: model.Thesaurus,
    language: str,
    bases: Mapping[str, str],
    synonyms: Iterable[str],
    hints: Iterable[str],
) -> dict[str, Role]:
    roles = dict.fromkeys(hints, Role.HINT)
    concepts = {*synonyms, *_stems(data.nouns.get("en", ""), bases), *_stems(data.nouns.get(language, ""), bases)}
    roles |= dict.fromkeys(concepts, Role.CONCEPT)
    for word in _with_stems(data.light_words.get(language, ""), bases):
        roles[word] = Role.BOTH if word in concepts else Role.LIGHT
    roles |= dict.fromkeys(_with_stems(data.operations.get(language, ""), bases), Role.OPERATION)
    asking = set(data.askers.get(language, "").split()) & set(hints)
    functions = [word for word in data.question_words.get(language, "").split() if word not in asking]
    return roles | dict.fromkeys(functions, Role.FUNCTION)
