"""Nouns in sentences: articles, contractions, elision and agreement follow from what the noun is."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Final

from datagap import model

FORMS: Final = ("the", "a", "of", "of_the", "to_the")
"""What may stand before a noun, named in English."""
_VOWELS: Final = frozenset("aeiouàâäéèêëîïôöœùûüAEIOUÀÂÄÉÈÊËÎÏÔÖŒÙÛÜ")
_SILENT_H: Final = ("hour", "honest", "honour", "honor", "heir")
_LIKE_A_CONSONANT: Final = ("uni", "use", "usa", "util", "eu", "one", "once")
"""English words whose first sound is not what their first letter says."""
_STRESSED_A: Final = ("á", "há", "agua", "águila", "alma", "arma", "aula", "ave ", "habla", "hacha", "hambre")
"""Spanish feminine nouns that take the masculine article in the singular."""
_SILENT: Final = frozenset("hH")


def inflect(noun: model.Noun, form: str, lang: str) -> str:
    """Return `noun` in one of FORMS, or bare for an empty form.

    Raises KeyError for a form that is not known, or a language that has no rules.
    """
    return RULES[lang](noun, form) + noun.text if form else noun.text


def agree(noun: model.Noun, options: Sequence[str]) -> str:
    """Return the option that agrees with `noun`: of singular|plural, or of ms|fs|mp|fp."""
    plural = bool(noun.plural)
    if len(options) == 2:
        return options[plural]
    return options[2 * plural + (noun.gender == "f")]


def _english(noun: model.Noun, form: str) -> str:
    silent = noun.text.lower().startswith(_SILENT_H)
    voiced = noun.text.lower().startswith(_LIKE_A_CONSONANT)
    vowel = silent or (noun.text[0] in "aeiouAEIOU" and not voiced)
    indefinite = "" if noun.plural else "an " if vowel else "a "
    return {"the": "the ", "a": indefinite, "of": "of ", "of_the": "of the ", "to_the": "to the "}[form]


def _spanish(noun: model.Noun, form: str) -> str:
    definite, indefinite = agree(noun, ("el", "la", "los", "las")), agree(noun, ("un", "una", "unos", "unas"))
    if definite == "la" and noun.text.lower().startswith(_STRESSED_A):
        definite, indefinite = "el", "un"
    masculine = definite == "el"
    return {
        "the": f"{definite} ",
        "a": f"{indefinite} ",
        "of": "de ",
        "of_the": "del " if masculine else f"de {definite} ",
        "to_the": "al " if masculine else f"a {definite} ",
    }[form]


def _french(noun: model.Noun, form: str) -> str:
    elided = noun.text[0] in (_VOWELS if noun.aspirated else _VOWELS | _SILENT)
    of = "d'" if elided else "de "
    indefinite = agree(noun, ("un ", "une ", "des ", "des "))
    if noun.plural:
        return {"the": "les ", "a": indefinite, "of": of, "of_the": "des ", "to_the": "aux "}[form]
    if elided:
        return {"the": "l'", "a": indefinite, "of": of, "of_the": "de l'", "to_the": "à l'"}[form]
    definite = agree(noun, ("le ", "la ", "", ""))
    masculine = definite == "le "
    return {
        "the": definite,
        "a": indefinite,
        "of": of,
        "of_the": "du " if masculine else "de la ",
        "to_the": "au " if masculine else "à la ",
    }[form]


RULES: Final[Mapping[str, Callable[[model.Noun, str], str]]] = {"en": _english, "es": _spanish, "fr": _french}
"""What stands before a noun, by language."""
