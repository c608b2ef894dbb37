"""Noise: what typing does to words. It touches literals alone, never a name or a noun that a text is about."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Final

_WORD: Final = re.compile(r"[^\W\d_]{4,}")
_QUIET: Final = re.compile(r"(?=[^\W\d_]*[^\W\d_A-Z])[^\W\d_]{4,}")
"""A word that is not all in capitals."""
_ROWS: Final[Mapping[str, tuple[str, ...]]] = {
    "en": ("qwertyuiop", "asdfghjkl", "zxcvbnm"),
    "es": ("qwertyuiop", "asdfghjklñ", "zxcvbnm"),
    "fr": ("azertyuiop", "qsdfghjklm", "wxcvbn"),
}
"""Rows of the keyboards that people type on."""


def mistyped(literals: Sequence[str], lang: str, word: int) -> list[str] | None:
    """Return `literals` with one of their words mistyped, as the random `word` says; None where there is none."""
    return _replaced(literals, word, lambda found: mistype(found, lang, word))


def mistype(word: str, lang: str, random: int) -> str:
    """Return a word of four letters or more with an inner letter swapped, dropped, doubled or hit beside its key."""
    place = 1 + (random >> 8) % (len(word) - 2)
    kind = (random >> 24) % 4
    before, letter, after = word[:place], word[place], word[place + 1 :]
    if kind == 0 and len(after) > 1 and after[0] != letter:
        return before + after[0] + letter + after[1:]
    if kind == 1 and letter not in (before[-1], after[0]):
        return before + after
    if kind == 2 and (beside := neighbours(lang).get(letter.lower())):
        return before + beside[(random >> 16) % len(beside)] + after
    return before + letter + letter + after


@cache
def neighbours(lang: str) -> Mapping[str, str]:
    """Return the keys left and right of each letter's key."""
    found = {}
    for row in _ROWS[lang]:
        for place, letter in enumerate(row):
            found[letter] = row[max(0, place - 1) : place] + row[place + 1 : place + 2]
    return found


def abbreviated(literals: Sequence[str], short: Mapping[str, str]) -> list[str] | None:
    """Return `literals` with every word that has a short form shortened; None where there is none."""
    if not short:
        return None
    pattern = _pattern(tuple(short))
    shorter = {name.lower(): form for name, form in short.items()}
    changed = [pattern.sub(lambda match: shorter.get(match[0].lower(), match[0]), text) for text in literals]
    return changed if changed != list(literals) else None


@cache
def _pattern(names: tuple[str, ...]) -> re.Pattern[str]:
    longest = sorted(names, key=len, reverse=True)
    return re.compile(rf"(?<![\w'\u2019-])(?:{'|'.join(map(re.escape, longest))})(?![\w'\u2019-])", re.IGNORECASE)


def recased(literals: Sequence[str], word: int) -> list[str] | None:
    """Return `literals` in small letters or, one time in three, with a word in capitals; None if neither changes it."""
    small = [text.lower() for text in literals]
    loud = _replaced(literals, word, str.upper, _QUIET)
    if small == list(literals) or (loud and (word >> 20) % 3 == 0):
        return loud
    return small


def _replaced(
    literals: Sequence[str], word: int, change: Callable[[str], str], pattern: re.Pattern[str] = _WORD
) -> list[str] | None:
    """Return `literals` with one of their longer words changed; None where there is none."""
    spots = [(number, match) for number, text in enumerate(literals) for match in pattern.finditer(text)]
    if not spots:
        return None
    number, match = spots[(word >> 40) % len(spots)]
    text = literals[number]
    changed = list(literals)
    changed[number] = text[: match.start()] + change(match[0]) + text[match.end() :]
    return changed
