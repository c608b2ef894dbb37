"""Decide events in columns: every array is a pure function of the seed and the events' indexes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import fsum
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from datagap import clock, model
from datagap.gap import GAP_TYPES
from datagap.seeding import Indexes, Stream, Words
from datagap.synth.config import gap_weights
from datagap.synth.planting import Need, World

Flags: TypeAlias = NDArray[np.bool_]
NO_NEED = -1
ANSWERED, SLOW, UNCERTAIN = range(3)
"""How a query ends that meets no gap."""
DISTRACTORS: tuple[model.NoneReason, ...] = ("chatter", "wrong_tool", "how_to")
"""What a thread is about that is about no gap."""
STATES: tuple[model.ConversationState, ...] = ("open", "acknowledged", "worked_around")
STATE_WEIGHTS = (4, 3, 3)
GAP_THREADS = 0.75
"""Share of the threads that are about a gap."""
REFERENCES = 0.5
"""Share of the threads about a gap that refer to a query, where there is one."""
MESSAGES = 64
"""A thread has fewer messages than this: replies_mean is at most 30."""
THREAD_TAIL = 2 * clock.HOUR
"""No thread opens so shortly before the end."""
DEMAND_WEIGHT = 1_000_000
"""Weight of the most wanted gap of a type; the one in place r has a (r + 1)th of it."""


@dataclass(frozen=True, kw_only=True)
class QueryChoices:
    """What a block of queries is about; all arrays are as long as `index`."""

    index: Indexes
    when: Indexes
    need: Indexes
    ending: Indexes
    actor: Indexes
    lang: Indexes
    words: Mapping[str, Words]
    """Words that the rendering draws from, by what they decide."""


@dataclass(frozen=True, kw_only=True)
class ThreadChoices:
    """What threads are about; all arrays are as long as `index`."""

    index: Indexes
    when: Indexes
    need: Indexes
    distractor: Indexes
    actor: Indexes
    lang: Indexes
    replies: Indexes
    state: Indexes
    refers: Flags


@dataclass(frozen=True, kw_only=True)
class MessageChoices:
    """The messages of all threads; `thread` and `position` say which each is."""

    thread: Indexes
    position: Indexes
    when: Indexes


QUERY_WORDS = ("wording", "timeframe", "place", "measure", "dim", "latency", "typo", "abbreviation", "filler", "vague")
MESSAGE_WORDS = (
    "wording",
    "frame",
    "timeframe",
    "person",
    "subject",
    "tick",
    "typo",
    "abbreviation",
    "filler",
    "vague",
)


class Calendar:
    """When people write: in business hours, and less at the weekend."""

    def __init__(self, start: int, end: int) -> None:
        self._start = start
        hours = (start + clock.HOUR * np.arange((end - start) // clock.HOUR, dtype=np.int64)).tolist()
        self._cumulative = np.cumsum([0, *(_hour_weight(instant) for instant in hours)], dtype=np.int64)

    def draw(self, stream: Stream, index: Indexes, since: Indexes) -> Indexes:
        """Return an instant for each index, not before `since` unless that lies in the last hour."""
        last = len(self._cumulative) - 2
        first = np.clip(-((self._start - since) // clock.HOUR), 0, last)
        low = self._cumulative[first]
        target = low + stream.below("when/hour", index, self._cumulative[-1] - low)
        hour = np.searchsorted(self._cumulative, target, side="right") - 1
        return self._start + hour * clock.HOUR + stream.below("when/second", index, clock.HOUR)


def _hour_weight(instant: int) -> int:
    hour = instant % clock.DAY // clock.HOUR
    busy = 40 if 8 <= hour < 18 else 8 if hour in (7, 18, 19, 20) else 1
    return busy if clock.weekday(instant) < 5 else max(1, busy // 8)


class Chooser:
    """Decides what the events of a world are about."""

    def __init__(self, world: World, config: model.Config, seed: int) -> None:
        self._config = config
        self._seed = seed
        self.end = world.ground.generated_at
        self.start = self.end - config.time_window_days * clock.DAY
        self._people = len(world.ground.people)
        self._since = np.array([need.since for need in world.needs] or [self.start], dtype=np.int64)
        self._groups = [_Group(world.needs, gap_type) for gap_type in GAP_TYPES]
        weights = gap_weights(config)
        held = [weight if group.places.size else 0 for weight, group in zip(weights, self._groups, strict=True)]
        self._weights = held
        self._share = fsum(weights) if any(held) else 0.0  # a type that this world cannot hold passes its share on
        self._actors = _Ragged([need.actors for need in world.needs])

    def queries(self, index: Indexes) -> QueryChoices:
        """Decide the queries with these indexes."""
        stream = Stream(self._seed, "nlq")
        nlq = self._config.nlq
        meets = stream.chance("meets", index, self._share)
        need = self._need(stream, index, meets)
        rest = [max(0.0, 1 - nlq.slow_rate - nlq.uncertain_rate), nlq.slow_rate, nlq.uncertain_rate]
        return QueryChoices(
            index=index,
            when=Calendar(self.start, self.end).draw(stream, index, self._began(need)),
            need=need,
            ending=stream.pick("ending", index, rest),
            actor=self._actor(stream, index, need),
            lang=self._lang(stream, index),
            words={name: stream.words(name, index) for name in QUERY_WORDS},
        )

    def threads(self, channel: model.Channel, count: int, replies_mean: float) -> ThreadChoices:
        """Decide the channel's threads."""
        stream = Stream(self._seed, channel)
        index = np.arange(count, dtype=np.int64)
        need = self._need(stream, index, stream.chance("meets", index, GAP_THREADS if self._share else 0))
        whole = int(replies_mean)
        replies = stream.below("replies", index, 2 * whole + 1)
        replies = replies + stream.chance("replies/more", index, replies_mean - whole)
        state = stream.pick("state", index, STATE_WEIGHTS)
        return ThreadChoices(
            index=index,
            when=Calendar(self.start, self.end - THREAD_TAIL).draw(stream, index, self._began(need)),
            need=need,
            distractor=stream.below("distractor", index, len(DISTRACTORS)),
            actor=self._actor(stream, index, need),
            lang=self._lang(stream, index),
            replies=replies,
            state=np.where(replies > 0, state, 0),
            refers=stream.chance("refers", index, REFERENCES) & (need != NO_NEED),
        )

    def messages(self, channel: model.Channel, threads: ThreadChoices) -> MessageChoices:
        """Decide when the messages of `threads` are written: each after the one before it, all before the end."""
        lengths = threads.replies + 1
        thread = np.repeat(threads.index, lengths)
        first = np.cumsum(lengths) - lengths
        position = np.arange(len(thread), dtype=np.int64) - np.repeat(first, lengths)
        delay = 120 + Stream(self._seed, channel).below("delay", message_index(thread, position), 2400)
        delay[position == 0] = 0
        so_far = np.cumsum(delay)
        elapsed = so_far - np.repeat(so_far[first] if len(first) else so_far, lengths)
        total = np.maximum(np.repeat(elapsed[np.cumsum(lengths) - 1] if len(first) else elapsed, lengths), 1)
        opened = threads.when[thread]
        room = self.end - 1 - opened
        elapsed = np.where(total > room, elapsed * room // total, elapsed)
        return MessageChoices(thread=thread, position=position, when=opened + elapsed)

    def message_words(self, channel: model.Channel, thread: Indexes, position: Indexes) -> Mapping[str, Words]:
        """Return the words that the rendering of these messages draws from."""
        stream = Stream(self._seed, channel)
        index = message_index(thread, position)
        return {name: stream.words(name, index) for name in MESSAGE_WORDS}

    def follower(self, need: Need, asker: int, word: int) -> int:
        """Return somebody who can run into `need`, not `asker` unless there is nobody else."""
        place = word % len(need.actors)
        if need.actors[place] == asker:
            place = (place + 1) % len(need.actors)
        return need.actors[place]

    def _need(self, stream: Stream, index: Indexes, meets: Flags) -> Indexes:
        need = np.full(len(index), NO_NEED, dtype=np.int64)
        if not self._share:
            return need
        gap_type = stream.pick("type", index, self._weights)
        for number, group in enumerate(self._groups):
            mine = meets & (gap_type == number)
            if mine.any():
                need[mine] = group.places[stream.pick("gap", index[mine], group.weights)]
        return need

    def _began(self, need: Indexes) -> Indexes:
        return np.where(need == NO_NEED, self.start, self._since[np.maximum(need, 0)])

    def _actor(self, stream: Stream, index: Indexes, need: Indexes) -> Indexes:
        anybody = stream.below("actor", index, self._people)
        return np.where(need == NO_NEED, anybody, self._actors.draw(stream, index, np.maximum(need, 0)))

    def _lang(self, stream: Stream, index: Indexes) -> Indexes:
        return stream.pick("lang", index, [share.pct for share in self._config.nlq.languages])


def message_index(thread: Indexes, position: Indexes) -> Indexes:
    """Return the index of a message in its channel's stream."""
    return thread * MESSAGES + position


class _Group:
    """The needs of one gap type, the most wanted first; demand falls with the place (Zipf's law, exponent 1)."""

    def __init__(self, needs: Sequence[Need], gap_type: model.GapType) -> None:
        places = [place for place, need in enumerate(needs) if need.gap.gap_type == gap_type]
        self.places = np.array(places, dtype=np.int64)
        self.weights = [float(DEMAND_WEIGHT // (rank + 1)) for rank in range(len(places))]


class _Ragged:
    """Lists of different lengths, one of whose elements is drawn at random."""

    def __init__(self, lists: Sequence[Sequence[int]]) -> None:
        self._flat = np.array([element for one in lists for element in one] or [0], dtype=np.int64)
        self._length = np.array([len(one) for one in lists] or [1], dtype=np.int64)
        self._first = np.cumsum(self._length) - self._length

    def draw(self, stream: Stream, index: Indexes, chosen: Indexes) -> Indexes:
        """Return an element of the list `chosen` for each index."""
        drawn: Indexes = self._flat[self._first[chosen] + stream.below("actor/able", index, self._length[chosen])]
        return drawn
