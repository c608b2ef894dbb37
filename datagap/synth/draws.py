"""What queries and threads decide in the same way: needs, people, languages, times and noise."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np

from datagap import clock, model
from datagap.gap import GAP_TYPES
from datagap.seeding import Indexes, Stream
from datagap.synth.acts import ACTS, DATED, PLAIN_ACTS, UNDATED
from datagap.synth.calendar import BUSINESS, Calendar
from datagap.synth.choices import NOTHING, Flags
from datagap.synth.config import DIFFICULTY_MIX, gap_weights, prevalence
from datagap.synth.crowd import Crowd
from datagap.synth.deck import Deck
from datagap.synth.need import Need, World
from datagap.synth.timeframe import LONG, NAMES, PAST, served_by

MARGIN: Final = 6 * BUSINESS
"""Working units that a thread keeps from its end."""
BURST: Final = 8 * 60 * BUSINESS
"""Working units, some eight hours of business, within which most people notice an incident."""
BURST_SHARE: Final = 0.6
DEMAND_WEIGHT: Final = 1_000_000
"""Weight of the most wanted gap of a type; those after it have a third, a sixth, a tenth of it, and so on."""


class Draws:
    """Draws from the streams of a seed what the events of a world have in common."""

    def __init__(self, world: World, config: model.Config, seed: int) -> None:
        self.config = config
        self.seed = seed
        self.world = world
        self.end = world.generated_at
        self.start = self.end - config.time_window_days * clock.DAY
        self.needs: Sequence[Need] = (*world.needs, *world.claims)
        """The gaps, then the claims; `need` in choices is a place among them."""
        self._groups = [_Group(world.needs, gap_type) for gap_type in GAP_TYPES]
        held = [
            weight if group.places.size else 0 for weight, group in zip(gap_weights(config), self._groups, strict=True)
        ]
        self._weights = held
        self._share = prevalence(config) if any(held) else 0.0  # a type that this world cannot hold passes its share on
        self.since = np.array([need.since for need in self.needs] or [self.start], dtype=np.int64)
        self.until = np.array([need.until for need in self.needs] or [self.end], dtype=np.int64)
        self.owner = np.array(
            [NOTHING if need.owner is None else need.owner for need in self.needs] or [NOTHING], dtype=np.int64
        )
        self._incident = np.array([need.incident for need in self.needs] or [False])
        self.resolved = np.array([need.resolved for need in self.needs] or [False])
        self.outcomes = np.array([len(need.outcomes) for need in self.needs] or [1], dtype=np.int64)
        self._things = np.array([one.place.kind == "thing" for one in world.sound])
        self._lay_timeframes()
        self.crowd = Crowd(world, config, self.needs)
        self.calendars = [Calendar(zone, self.start, self.end) for zone in world.staff.zones]
        self.deck = Deck(
            [world.vocabulary.phrasebook(share.lang) for share in config.nlq.languages if share.pct > 0],
            self.needs,
            ACTS,
            config.templates,
            DATED if world.past_only else frozenset(),
        )

    def need(self, stream: Stream, index: Indexes) -> Indexes:
        """Return the place of a need for each index, or NOTHING."""
        need = np.full(len(index), NOTHING, dtype=np.int64)
        if not self._share:
            return need
        meets = stream.chance("meets", index, self._share)
        gap_type = stream.pick("type", index, self._weights)
        for number, group in enumerate(self._groups):
            mine = meets & (gap_type == number)
            if mine.any():
                need[mine] = group.places[stream.pick("gap", index[mine], group.weights)]
        return need

    def lang(self, stream: Stream, index: Indexes) -> Indexes:
        """Return the place of a language for each index."""
        return stream.pick("lang", index, [share.pct for share in self.config.nlq.languages if share.pct > 0])

    def actor(self, stream: Stream, index: Indexes, need: Indexes, lang: Indexes) -> Indexes:
        """Return who runs into each need: somebody who can, and who does not answer for it himself."""
        return self.crowd.able(need, lang, stream.numbers("actor", index), (self.owner_of(need),))

    def when(self, stream: Stream, index: Indexes, need: Indexes, actor: Indexes, elapsed: Indexes) -> Indexes:
        """Return when something begins that takes `elapsed` working units, while its need holds."""
        known = np.maximum(need, 0)
        since = np.where(need == NOTHING, self.start, self.since[known])
        until = np.where(need == NOTHING, self.end, self.until[known])
        bursts = (need != NOTHING) & self._incident[known] & stream.chance("burst", index, BURST_SHARE)
        when = np.empty(len(index), dtype=np.int64)
        zone = self.world.staff.zone[actor]
        for place, calendar in enumerate(self.calendars):
            here = np.flatnonzero(zone == place)
            if not len(here):
                continue
            low = calendar.before(since[here])
            high = calendar.until(until[here]) - np.where(elapsed[here] > 0, elapsed[here] + MARGIN, 0)
            high = np.where(bursts[here], np.minimum(high, low + BURST), high)
            units = low + stream.below("when", index[here], np.maximum(high - low, 1))
            when[here] = calendar.at(units) + stream.below("second", index[here], 60)
        return np.clip(when, since, np.maximum(until - 1, since))

    def timeframe(self, stream: Stream, index: Indexes, need: Indexes, place: Indexes) -> Indexes:
        """Return timeframes that the datasets in question serve, so that no gap comes in through them."""
        table = np.where(need == NOTHING, self._of_sound[place], self._of_need[np.maximum(need, 0)])
        first, count = self._time_first[table], self._time_count[table]
        return np.asarray(self._time_flat[first + ((stream.numbers("timeframe", index) * count) >> 31)])

    def difficulty(self, stream: Stream, index: Indexes) -> Indexes:
        """Return the place of a difficulty for each index."""
        return stream.pick("difficulty", index, DIFFICULTY_MIX[self.config.difficulty])

    def owner_of(self, need: Indexes) -> Indexes:
        """Return who answers for each need, or NOTHING."""
        return np.where(need == NOTHING, NOTHING, self.owner[np.maximum(need, 0)])

    def undate(self, channel: model.Channel, act: Indexes, place: Indexes) -> Indexes:
        """Return acts by their part that names no timeframe, where the dataset is of things, which have no date."""
        worded = act
        for name in PLAIN_ACTS:
            if f"{name}{UNDATED}" in ACTS[channel]:
                here = (act == self.deck.act(channel, name)) & self._things[place]
                worded = np.where(here, self.deck.act(channel, f"{name}{UNDATED}"), worded)
        return worded

    def _lay_timeframes(self) -> None:
        world = self.world
        tables: dict[tuple[str, ...], int] = {}
        sound = [served_by(one.place.period) for one in world.sound]
        if world.past_only:
            sound = [tuple(name for name in PAST if name in names) for names in sound]
        needs = [_timeframes(need, world) for need in self.needs] or [NAMES]
        self._of_sound = np.array([tables.setdefault(names, len(tables)) for names in sound], dtype=np.int64)
        self._of_need = np.array([tables.setdefault(names, len(tables)) for names in needs], dtype=np.int64)
        self._time_count = np.array([len(names) for names in tables], dtype=np.int64)
        self._time_first = np.cumsum(self._time_count) - self._time_count
        self._time_flat = np.array([NAMES.index(name) for names in tables for name in names], dtype=np.int64)

    def noise(
        self, stream: Stream, index: Indexes, need: Indexes, channel: model.Channel
    ) -> dict[model.NoiseKind, Flags]:
        """Return which kinds of noise each text is to carry."""
        noise = self.config.nlq.noise
        rates: Mapping[model.NoiseKind, float] = {
            "typo": noise.typos_pct,
            "abbreviation": noise.abbreviations_pct,
            "vague_time": noise.vague_time_pct,
            "oos_term": noise.oos_term_pct,
            "casing": noise.casing_pct,
            "emoji": noise.emoji_pct if channel == "slack" else 0.0,
        }
        flags = {kind: stream.chance(f"noise/{kind}", index, rate) for kind, rate in rates.items()}
        if self.world.past_only:  # a plain question that names no span could be about today
            flags["vague_time"] &= need != NOTHING
        return flags


def _timeframes(need: Need, world: World) -> tuple[str, ...]:
    """Return the timeframes that a need may be asked over: those that all its datasets serve."""
    if "grain" in need.faces[0]:
        return LONG
    datasets = {filling.ref for face in need.faces for filling in face.get("dataset", ())}
    served = [served_by(world.places[name].period) for name in sorted(datasets)]
    return tuple(name for name in NAMES if all(name in names for names in served)) or ("last_year",)


class _Group:
    """The needs of one gap type, the most wanted first; demand falls with the square of the place."""

    def __init__(self, needs: Sequence[Need], gap_type: model.GapType) -> None:
        places = [place for place, need in enumerate(needs) if need.gap_type == gap_type]
        self.places = np.array(places, dtype=np.int64)
        self.weights = [2 * DEMAND_WEIGHT / ((rank + 1) * (rank + 2)) for rank in range(len(places))]
