"""Words that mean much the same, in any language: what the classifier knows beyond the words it was trained on."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache, lru_cache
from importlib.resources import files
from typing import Final

from datagap import model
from datagap.report.text import TOKEN, fold, stem
from datagap.settings import parse_yaml
from datagap.validate import embedded

FILE: Final = "concepts.yaml"
SHORTEST: Final = 3
"""Letters before a star."""


class Concepts:
    """Finds concepts in the words of a clause."""

    def __init__(self, words: Mapping[str, Iterable[str]], periods: Mapping[str, model.Period]) -> None:
        """Take words and phrases by concept; a star at the end of a word stands for any ending."""
        self.periods = periods
        """Periods by the words for them, in the singular."""
        self._phrases: dict[str, list[str]] = {}
        self._prefixes: dict[str, list[str]] = {}
        self._longest: dict[str, int] = {}
        for concept, texts in words.items():
            for text in texts:
                self._add(concept, text)
        self._of_word = lru_cache(maxsize=1 << 16)(self._single)

    def _add(self, concept: str, text: str) -> None:
        words = [stem(word) for word in TOKEN.findall(text)]
        table = self._phrases
        if text.endswith("*") and len(words) == 1:
            table, words = self._prefixes, [words[0]]
        found = table.setdefault(" ".join(words), [])
        if concept not in found:
            found.append(concept)
        self._longest[words[0]] = max(len(words), self._longest.get(words[0], 1))

    def _single(self, word: str) -> tuple[str, ...]:
        found = dict.fromkeys(self._phrases.get(word, ()))
        for length in range(SHORTEST, len(word) + 1):
            found |= dict.fromkeys(self._prefixes.get(word[:length], ()))
        return tuple(found)

    def find(self, words: Sequence[str]) -> Iterator[str]:
        """Yield the concepts of words and of phrases, in their order; a concept may come more than once."""
        for place, word in enumerate(words):
            yield from self._of_word(word)
            for length in range(2, self._longest.get(word, 1) + 1):
                yield from self._phrases.get(" ".join(words[place : place + length]), ())


@cache
def load_concepts() -> Concepts:
    """Return the embedded concepts, of all languages together."""
    content = (files("datagap.report") / FILE).read_bytes()
    data = embedded().read(model.Concepts, parse_yaml(content, FILE), FILE)
    merged: dict[str, list[str]] = {}
    for words in data.words.values():
        for concept, texts in words.items():
            merged.setdefault(concept, []).extend(texts)
    periods = {stem(fold(word)): entry.period for entry in data.periods for word in entry.words}
    return Concepts(merged, periods)
