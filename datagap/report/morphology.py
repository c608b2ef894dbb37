"""Words inside names, and the stems of words."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

from datagap.report.text import fold

LONGEST_NAME = 200
"""Characters of a name that are read."""
_PIECE = re.compile(r"[^\W\d_]+|\d+|[#%$]")
_CAMEL = re.compile(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z]+|[A-Z]+|[^A-Za-z]+")
_SUFFIXES = (
    ("ance", 4), ("ence", 4), ("ment", 4), ("ship", 4), ("ness", 4), ("ion", 5), ("ity", 5), ("ing", 3), ("ive", 5),
    ("ure", 5), ("ant", 4), ("est", 4), ("ee", 4), ("ed", 3), ("er", 3), ("or", 4), ("al", 4), ("ly", 4), ("e", 3),
)  # fmt: skip


def name_words(name: str) -> list[str]:
    """Return the words of a name in lower case without accents, whether they are parted by case or by characters."""
    name = name[:LONGEST_NAME]
    pieces = _PIECE.findall(name if name.isascii() else _plain(name))
    return [fold(part) for piece in pieces for part in (_CAMEL.findall(piece) if _is_mixed(piece) else [piece])]


def _plain(name: str) -> str:
    """Return `name` without accents, with its capitals."""
    return "".join(one for one in unicodedata.normalize("NFKD", name) if not unicodedata.combining(one))


def _is_mixed(piece: str) -> bool:
    return not piece.islower() and not piece.isupper()


@lru_cache(maxsize=65536)
def stem(word: str) -> str:
    """Return `word` without the ending of a plural."""
    if len(word) < 4 or not word.endswith("s") or word.endswith(("ss", "us", "is")):
        return word
    if word.endswith("ies") and len(word) > 4:
        return word[:-3] + "y"
    return word[:-2] if word.endswith(("sses", "xes", "ches", "shes", "zes")) else word[:-1]


@lru_cache(maxsize=65536)
def root(word: str) -> str:
    """Return what a stem shares with the words derived from the same one, so that "arrival" meets "arrives"."""
    for suffix, least in _SUFFIXES:
        if word.endswith(suffix) and len(word) - len(suffix) >= least:
            return _undoubled(word[: -len(suffix)])
    return word


def _undoubled(word: str) -> str:
    return word[:-1] if word[-1] == word[-2] and word[-1] not in "aeiousl" else word


def deletions(word: str) -> list[str]:
    """Return `word` and what it is without one of its characters."""
    return [word, *(word[:place] + word[place + 1 :] for place in range(len(word)))]
