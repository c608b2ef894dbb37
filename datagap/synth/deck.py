"""Decks of wordings: which fit a need or an act, as flat arrays that columns of choices index."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from math import gcd
from typing import Final

import numpy as np
from numpy.typing import NDArray

from datagap import model
from datagap.seeding import Indexes
from datagap.synth.acts import NAMELESS, UNDATED, UNFILLED
from datagap.synth.config import DIFFICULTIES
from datagap.synth.need import Need
from datagap.synth.phrasebook import Act, Phrasebook, Wording

CHANNELS: Final[tuple[model.Channel, ...]] = ("nlq", "slack", "email")
STEPS: Final = 16
"""Ways through the wordings of an act; a power of 2."""
ABOUT_DATASETS: Final = frozenset(["measure", "dim", "entity"])


class Deck:
    """All wordings of a pack, and for each need, act, language, channel and difficulty those that fit."""

    def __init__(
        self,
        phrasebooks: Sequence[Phrasebook],
        needs: Sequence[Need],
        acts: Mapping[model.Channel, Sequence[Act]],
        templates: model.Templates,
        dated: frozenset[Act] = frozenset(),
    ) -> None:
        """Lay out the cells; of the acts in `dated` those wordings are used that name a timeframe, if any do."""
        self.wordings: list[Wording] = []
        self._place: dict[Wording, int] = {}
        self._flat: list[int] = []
        self._spans: dict[tuple[int, ...], tuple[int, int]] = {}
        self._templates: model.Templates = templates
        self._dated = dated
        shape = (len(CHANNELS), len(needs), len(phrasebooks), len(DIFFICULTIES))
        self._first, self._count = np.zeros(shape, dtype=np.int64), np.ones(shape, dtype=np.int64)
        self._acts = {channel: {act: place for place, act in enumerate(names)} for channel, names in acts.items()}
        self._act_first, self._act_count = {}, {}
        reasons: dict[tuple[str, str], list[int]] = {}
        for number, need in enumerate(needs):
            reasons.setdefault((need.gap_type, need.reason), []).append(number)
        for at, channel in enumerate(CHANNELS):
            for spoken, book in enumerate(phrasebooks):
                for (gap_type, reason), numbers in reasons.items():
                    for level, difficulty in enumerate(DIFFICULTIES):
                        found = book.cell(gap_type, channel, needs[numbers[0]].reason, difficulty, templates)
                        first, count = self._lay(found, f"{gap_type} ({reason}) in {book.lang} on {channel}")
                        self._first[at, numbers, spoken, level] = first
                        self._count[at, numbers, spoken, level] = count
            size = (len(acts[channel]), len(phrasebooks))
            firsts, counts = np.zeros(size, dtype=np.int64), np.ones(size, dtype=np.int64)
            for act, place in self._acts[channel].items():
                for spoken, book in enumerate(phrasebooks):
                    found = self._of_act(book, act, channel)
                    firsts[place, spoken], counts[place, spoken] = self._lay(
                        found, f"{act} in {book.lang} on {channel}"
                    )
            self._act_first[channel], self._act_count[channel] = firsts, counts
        self._array: NDArray[np.int64] = np.array(self._flat or [0], dtype=np.int64)
        self._steps = _coprime(count for _, count in self._spans.values())

    def _of_act(self, book: Phrasebook, act: Act, channel: model.Channel) -> list[Wording]:
        found = book.cell(act.partition("/")[0], channel, templates=self._templates)
        if act.endswith(UNFILLED):
            return [wording for wording in found if not wording.slots & ABOUT_DATASETS]
        if act == NAMELESS:
            return [wording for wording in found if "column" not in wording.slots]
        if act.endswith(UNDATED):
            return [wording for wording in found if "timeframe" not in wording.slots] or found
        return [wording for wording in found if "timeframe" in wording.slots] or found if act in self._dated else found

    def _lay(self, wordings: Sequence[Wording], what: str) -> tuple[int, int]:
        if not wordings:
            raise LookupError(f"there is no wording for {what}")
        places = []
        for wording in wordings:
            if wording not in self._place:
                self._place[wording] = len(self.wordings)
                self.wordings.append(wording)
            places.append(self._place[wording])
        key = tuple(places)
        if key not in self._spans:
            self._spans[key] = len(self._flat), len(places)
            self._flat.extend(places)
        return self._spans[key]

    def act(self, channel: model.Channel, name: Act) -> int:
        """Return the number of an act on a channel."""
        return self._acts[channel][name]

    def for_needs(
        self, channel: model.Channel, need: Indexes, lang: Indexes, difficulty: Indexes, word: Indexes
    ) -> Indexes:
        """Return a wording for each need, language and difficulty; `word` is a random number below 2**31."""
        at = CHANNELS.index(channel)
        first, count = self._first[at, need, lang, difficulty], self._count[at, need, lang, difficulty]
        return np.asarray(self._array[first + ((word * count) >> 31)])

    def for_acts(
        self, channel: model.Channel, act: Indexes, lang: Indexes, word: Indexes, turn: Indexes | int = 0
    ) -> Indexes:
        """Return a wording for each act and language; `word` is a random number below 2**31.

        From the same word, another `turn` leads to another wording, as far as there are any.
        """
        first, count = self._act_first[channel][act, lang], self._act_count[channel][act, lang]
        step = self._steps[count, word & (STEPS - 1)]
        return np.asarray(self._array[first + ((word * count >> 31) + turn * step) % count])


def _coprime(counts: Iterable[int]) -> NDArray[np.int64]:
    """Return, by count, steps that lead through all of that many places before any comes again."""
    most = max(counts, default=1)
    steps = np.ones((most + 1, STEPS), dtype=np.int64)
    for count in range(2, most + 1):
        fitting = [step for step in range(1, count) if gcd(step, count) == 1]
        steps[count] = [fitting[place % len(fitting)] for place in range(STEPS)]
    return steps
