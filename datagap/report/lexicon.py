"""The language signals that the offline detector goes by, compiled."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from datagap import model
from datagap.settings import parse_yaml
from datagap.validate import embedded

TOKEN = re.compile(r"[a-z0-9_]+(?:[.][a-z0-9_]+)*")
_PLAIN = {"\u2019": "'", "\u2018": "'", "\u201c": '"', "\u201d": '"', "ß": "s", "æ": "a", "œ": "o", "ø": "o", "ł": "l"}


@dataclass(frozen=True)
class Lexicon:
    """Signals as patterns over folded text."""

    strong: Mapping[model.GapType, re.Pattern[str]]
    weak: Mapping[model.GapType, re.Pattern[str]]
    none_reasons: Mapping[model.NoneReason, re.Pattern[str]]
    follow_up: re.Pattern[str]
    answer: re.Pattern[str]
    request: re.Pattern[str]
    data_noun: re.Pattern[str]
    timeframe: re.Pattern[str]
    stopwords: frozenset[str]
    periods: Mapping[str, model.Period]
    """Periods by the words for them."""


def fold(text: str) -> str:
    """Return `text` in lower case without accents, character for character, so that places stay the same."""
    return text.lower() if text.isascii() else "".join(map(_fold_character, text))


@cache
def _fold_character(character: str) -> str:
    if character in _PLAIN:
        return _PLAIN[character]
    base = unicodedata.normalize("NFKD", character)[0].lower()
    return base if len(base) == 1 else character


@cache
def load_lexicon() -> Lexicon:
    """Return the embedded lexicon."""
    where = "lexicon.yaml"
    content = (files("datagap.report") / where).read_bytes()
    data = embedded().read(model.Lexicon, parse_yaml(content, where), where)
    return Lexicon(
        strong={signals.gap_type: _compile(signals.strong) for signals in data.gaps if signals.strong},
        weak={signals.gap_type: _compile(signals.weak) for signals in data.gaps if signals.weak},
        none_reasons={signals.none_reason: _compile(signals.patterns) for signals in data.none_reasons},
        follow_up=_compile(data.follow_ups),
        answer=_compile(data.answers),
        request=_compile(data.requests),
        data_noun=_compile(data.data_nouns),
        timeframe=_compile(data.timeframes),
        stopwords=frozenset(word for words in data.stopwords.values() for word in words),
        periods={word: entry.period for entry in data.periods for word in entry.words},
    )


def _compile(by_language: Mapping[str, Iterable[str]]) -> re.Pattern[str]:
    """Return one pattern for all of these, each bounded where it begins and ends with a word.

    The boundary stands before the alternatives and not in each, so that the engine tries an alternative only where
    its first character fits.
    """
    patterns = [pattern for patterns in by_language.values() for pattern in patterns]
    worded = [_ended(pattern) for pattern in patterns if _begins_with_word(pattern)]
    others = [_ended(pattern) for pattern in patterns if not _begins_with_word(pattern)]
    return re.compile("|".join([*([rf"\b(?:{'|'.join(worded)})"] if worded else []), *others]))


def _begins_with_word(pattern: str) -> bool:
    return pattern[0].isalnum() or pattern[0] == "("


def _ended(pattern: str) -> str:
    ends_with_word = pattern[-1].isalnum() or (pattern[-1] in ")?+*" and not pattern.endswith(r"\?"))
    return pattern + r"(?!\w)" if ends_with_word else pattern
