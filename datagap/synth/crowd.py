"""Who can write: people by the language that they speak and the access that they lack."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from datagap import model
from datagap.seeding import Indexes
from datagap.synth.choices import NOTHING
from datagap.synth.need import Need, World

ENOUGH = 6
"""Where fewer people speak a language, others write in it too, so that not everybody answers himself."""


class Crowd:
    """Who can write: for each language, those who speak it, and among them those who lack an access role."""

    def __init__(self, world: World, config: model.Config, needs: Sequence[Need]) -> None:
        shares = [place for place, share in enumerate(config.nlq.languages) if share.pct > 0]
        roles = ["", *dict.fromkeys(need.lacking for need in needs if need.lacking)]
        staff = world.staff
        lists: list[list[int]] = []
        for role in roles:
            able = [place for place, one in enumerate(staff.people) if role not in (one.access_roles or ())]
            speakers = [[place for place in able if staff.lang[place] == lang] for lang in shares]
            lists += [found if len(found) >= ENOUGH else able for found in speakers]
        self._langs = len(shares)
        self._flat = np.array([place for one in lists for place in one], dtype=np.int64)
        self._length = np.array([len(one) for one in lists], dtype=np.int64)
        self._first = np.cumsum(self._length) - self._length
        self._role = np.array([roles.index(need.lacking) for need in needs] or [0], dtype=np.int64)

    def able(
        self,
        need: Indexes,
        lang: Indexes,
        word: Indexes,
        but: Sequence[Indexes],
        turn: Indexes | int = 0,
        stride: Indexes | int = 0,
    ) -> Indexes:
        """Return somebody who can run into each need, and is none of `but` unless there is nobody else.

        From the same word, another `turn` leads to somebody else, as far as there are people.
        """
        role = np.where(need == NOTHING, 0, self._role[np.maximum(need, 0)])
        return self._draw(role * self._langs + lang, word, but, turn, stride)

    def anybody(
        self, lang: Indexes, word: Indexes, but: Sequence[Indexes], turn: Indexes | int = 0, stride: Indexes | int = 0
    ) -> Indexes:
        """Return somebody who speaks each language, likewise."""
        return self._draw(lang, word, but, turn, stride)

    def _draw(
        self, group: Indexes, word: Indexes, but: Sequence[Indexes], turn: Indexes | int, stride: Indexes | int
    ) -> Indexes:
        first, length = self._first[group], self._length[group]
        step = 1 + (stride * np.maximum(length - 1, 1) >> 31)
        place = ((word * length >> 31) + turn * step) % length
        drawn = self._flat[first + place]
        for further in range(1, len(but) + 1):
            unfit = np.logical_or.reduce([drawn == one for one in but])
            drawn = np.where(unfit, self._flat[first + (place + further) % length], drawn)
        return np.asarray(drawn)
