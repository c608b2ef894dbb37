"""Decide what the events of a world are about, and which query a thread refers to."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from itertools import pairwise
from typing import Final

import numpy as np

from datagap import model
from datagap.seeding import Indexes
from datagap.synth.choices import NOTHING, MessageChoices, QueryChoices, ThreadChoices
from datagap.synth.deck import Deck
from datagap.synth.draws import Draws
from datagap.synth.need import Need, World
from datagap.synth.queries import Queries
from datagap.synth.threads import Threads

REFERABLE: Final = 1 << 16
"""A thread refers to one of so many queries with the lowest indexes."""
_BLOCK: Final = 8192


class Chooser:
    """Decides the events of a world in columns."""

    def __init__(self, world: World, config: model.Config, seed: int) -> None:
        self._draws = Draws(world, config, seed)
        self._queries = Queries(self._draws)
        self._threads = Threads(self._draws)

    @property
    def needs(self) -> Sequence[Need]:
        """The gaps, then the claims; `need` in choices is a place among them."""
        return self._draws.needs

    @property
    def deck(self) -> Deck:
        """The wordings; `wording` in choices is a place among them."""
        return self._draws.deck

    def queries(self, index: Indexes) -> QueryChoices:
        """Decide the queries with these indexes."""
        return self._queries.decide(index)

    def threads(self, channel: model.Channel, index: Indexes) -> ThreadChoices:
        """Decide the threads with these indexes."""
        return self._threads.decide(channel, index)

    def messages(self, channel: model.Channel, threads: ThreadChoices) -> MessageChoices:
        """Decide the messages of threads."""
        return self._threads.messages(channel, threads, self._references(threads))

    @cached_property
    def _met(self) -> Sequence[tuple[Indexes, Indexes]]:
        """For each gap, the queries that met it, and the earliest instant among them so far."""
        count = min(self._draws.config.nlq.count, REFERABLE)
        blocks = [np.arange(first, min(first + _BLOCK, count), dtype=np.int64) for first in range(0, count, _BLOCK)]
        queries = [self.queries(index) for index in blocks]
        need = np.concatenate([one.need for one in queries]) if queries else np.empty(0, dtype=np.int64)
        when = np.concatenate([one.when for one in queries]) if queries else np.empty(0, dtype=np.int64)
        order = np.argsort(need, kind="stable")
        bounds = np.searchsorted(need[order], np.arange(len(self._draws.world.needs) + 1))
        met = [order[low:high].astype(np.int64) for low, high in pairwise(bounds)]
        return [(index, np.minimum.accumulate(when[index])) for index in met]

    def _references(self, threads: ThreadChoices) -> Indexes:
        """Return, for each thread that refers to a query, the first one asked before it that met the same gap.

        First means lowest index, so that more queries change no reference that is there.
        """
        found = np.full(len(threads.index), NOTHING, dtype=np.int64)
        for row in np.flatnonzero(threads.refers).tolist():
            index, earliest = self._met[int(threads.need[row])]
            place = int(np.searchsorted(-earliest, -threads.when[row], side="right"))
            if place < len(index):
                found[row] = index[place]
        return found
