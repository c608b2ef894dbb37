"""Texts as the detector reads them: folded, without what they quote, in clauses and words."""

from __future__ import annotations

import re
import unicodedata
from functools import cache, lru_cache
from typing import Final

LONGEST_TEXT: Final = 20_000
"""Characters of a text that are read."""
LONGEST_CLAUSE: Final = 2_000
"""Characters of a clause; a longer stretch without punctuation is cut."""
TOKEN: Final = re.compile(r"[^\W_][\w$]*(?:[.]\w+)*|_\w+(?:[.]\w+)*")
_PLAIN: Final = {"\u2019": "'", "\u2018": "'", "\u201c": '"', "\u201d": '"', "ß": "s", "æ": "a", "œ": "o", "ø": "o"}
_CLAUSE: Final = re.compile(r"(?<=[.!?;:,])[ \t]+|[\r\n]+|[ \t](?=[(\[]\w)|(?<=\w[)\]])[ \t]| [-\u2013\u2014]+ ")
_QUOTED: Final = re.compile(r"^>.*\n?|^.{0,200}(?:wrote|escribi\u00f3|a \u00e9crit) ?:\s*$\n?", re.MULTILINE)


def fold(text: str) -> str:
    """Return `text` in lower case without accents, character for character, so that places stay the same."""
    return text.lower() if text.isascii() else "".join(map(_fold_character, text))


@cache
def _fold_character(character: str) -> str:
    if character in _PLAIN:
        return _PLAIN[character]
    base = unicodedata.normalize("NFKD", character)[0].lower()
    return base if len(base) == 1 else character


def own_words(text: str) -> str:
    """Return the first characters of a text without the lines that it quotes from other mail."""
    text = text[:LONGEST_TEXT]
    return _QUOTED.sub("", text) if ">" in text else text


def clauses(text: str) -> list[str]:
    """Return the stretches of a text between line ends, punctuation and brackets; none is empty."""
    return [
        clause[start : start + LONGEST_CLAUSE]
        for clause in _CLAUSE.split(text)
        if clause
        for start in range(0, len(clause), LONGEST_CLAUSE)
    ]


@lru_cache(maxsize=1 << 17)
def stem(word: str) -> str:
    """Return a word without the ending of its plural, which is the same in English, Spanish and French."""
    if len(word) < 4 or word[-1] != "s" or word[-2] in "su":
        return word
    if word.endswith("ies"):
        return word[:-3] + "y"
    return word[:-2] if word.endswith(("sses", "ches", "shes", "xes", "zes")) else word[:-1]
