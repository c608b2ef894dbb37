"""Turn wordings into text: fill slots, add noise, and keep track of what is mentioned."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from datagap import model
from datagap.seeding import SCALE
from datagap.synth.planting import Slot
from datagap.synth.scenario import SLOT, Wording, Wordings

_WORD = re.compile(r"[^\W\d_]{4,}")


@dataclass(frozen=True, slots=True)
class Noise:
    """Random words that decide the noise of one text, by kind."""

    typo: int
    abbreviation: int
    filler: int
    vague: int


@dataclass(frozen=True, slots=True)
class Utterance:
    """A text and what it mentions."""

    text: str
    mentions: tuple[model.Mention, ...]


def happens(word: int, rate: float) -> bool:
    """Return whether an event of probability `rate` happens for this random word."""
    return (word >> 32) < round(rate * SCALE)


def low(word: int, bound: int) -> int:
    """Return a whole number in [0, bound) from the low half of a random word."""
    return ((word & (SCALE - 1)) * bound) >> 32


class Speaker:
    """Says things in the languages of a phrasebook, with noise at configured rates."""

    def __init__(self, wordings: Wordings, noise: model.NoiseConfig) -> None:
        self.wordings = wordings
        self._book = wordings.book
        self._noise = noise
        self._exact = [timeframe for timeframe in self._book.timeframes if not timeframe.vague]
        self._vague = [timeframe for timeframe in self._book.timeframes if timeframe.vague] or self._exact
        self._periods: Mapping[str, Mapping[str, str]] = {noun.period: noun.labels for noun in self._book.periods}

    def timeframe(self, word: int, noise: Noise) -> model.Timeframe:
        """Return the timeframe that a text speaks of, a vague one at the configured rate."""
        frames = self._vague if happens(noise.vague, self._noise.vague_time_pct) else self._exact
        return frames[low(word, len(frames))]

    def spoken(self, slots: Mapping[str, Slot]) -> dict[str, Slot]:
        """Return slots with the labels of periods and weekdays filled in."""
        return {name: self._labelled(name, slot) for name, slot in slots.items()}

    def _labelled(self, name: str, slot: Slot) -> Slot:
        if slot.kind == "grain":
            return Slot(
                slot.kind, slot.ref, next(labels for period, labels in self._periods.items() if period == slot.ref)
            )
        if name == "weekday":
            days = {lang: names[int(slot.ref)] for lang, names in self._book.weekdays.items()}
            return Slot(slot.kind, slot.ref, days)
        return slot

    def say(
        self, wording: Wording, slots: Mapping[str, Slot], lang: str, noise: Noise, *, quoted: bool = False
    ) -> Utterance:
        """Return the wording with its slots filled; noise touches the words between the slots only."""
        parts = SLOT.split(wording.text)
        parts[::2] = self._roughened(parts[::2], lang, noise)
        mentions = []
        for place in range(1, len(parts), 2):
            slot = slots[parts[place]]
            text = slot.text(lang)
            if slot.kind is not None:
                mentions.append(model.Mention(text=text, kind=slot.kind, ref=slot.ref))
            parts[place] = f"`{text}`" if quoted and slot.kind == "dataset" else text
        text = "".join(parts)
        if mentions and happens(noise.filler, self._noise.oos_term_pct):
            fillers = self._book.fillers[lang]
            text = f"{text} {fillers[low(noise.filler, len(fillers))]}"
        return Utterance(text, tuple(mentions))

    def _roughened(self, literals: list[str], lang: str, noise: Noise) -> list[str]:
        if happens(noise.abbreviation, self._noise.abbreviations_pct):
            literals = [self._abbreviated(literal, lang) for literal in literals]
        if happens(noise.typo, self._noise.typos_pct):
            spots = [(number, match) for number, text in enumerate(literals) for match in _WORD.finditer(text)]
            if spots:
                number, match = spots[low(noise.typo, len(spots))]
                text = literals[number]
                literals = list(literals)
                literals[number] = text[: match.start()] + _mistyped(match[0], noise.typo) + text[match.end() :]
        return literals

    def _abbreviated(self, text: str, lang: str) -> str:
        for word, short in self._book.abbreviations[lang].items():
            text = re.sub(rf"(?<!\w){re.escape(word)}(?!\w)", short, text)
        return text


def _mistyped(word: str, random: int) -> str:
    """Return `word` with two inner letters swapped, one dropped or one doubled."""
    place = 1 + (random >> 8) % (len(word) - 2)
    kind = (random >> 24) % 3
    if kind == 0:
        return word[:place] + word[place + 1] + word[place] + word[place + 2 :]
    return word[:place] + word[place + 1 :] if kind == 1 else word[:place] + word[place] + word[place:]
