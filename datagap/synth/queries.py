"""Decide queries to the bot."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np

from datagap.seeding import Indexes, Stream
from datagap.synth.acts import QUERY_ACTS, SERVED_ACTS, UNSURE_ACTS
from datagap.synth.choices import NOTHING, SLOT_WORDS, UNCERTAIN, QueryChoices
from datagap.synth.draws import Draws
from datagap.synth.phrasebook import Act

QUERIES_FRAMED: Final = 0.45
"""Share of the queries with words around them."""


class Queries:
    """Decides what queries are about."""

    def __init__(self, draws: Draws) -> None:
        self._draws = draws

    def decide(self, index: Indexes) -> QueryChoices:
        """Decide the queries with these indexes."""
        draws, config = self._draws, self._draws.config
        stream = Stream(draws.seed, "nlq")
        nlq = config.nlq
        need = draws.need(stream, index)
        met = need != NOTHING
        rest = [max(0.0, 1 - nlq.slow_rate - nlq.uncertain_rate), nlq.slow_rate, nlq.uncertain_rate]
        ending = stream.pick("ending", index, rest)
        acts = {act: weight for act, weight in SERVED_ACTS.items() if act != "answered_join" or draws.world.joints}
        served = _acts(stream, "served", index, acts, QUERY_ACTS)
        unsure = _acts(stream, "unsure", index, UNSURE_ACTS, QUERY_ACTS)
        act = np.where(ending == UNCERTAIN, unsure, served)
        lang = draws.lang(stream, index)
        difficulty = draws.difficulty(stream, index)
        actor = draws.actor(stream, index, need, lang)
        known = np.maximum(need, 0)
        place = stream.below("place", index, len(draws.world.sound))
        wording_word = stream.numbers("wording", index)
        worded = draws.undate("nlq", act, place)
        wording = draws.deck.for_acts("nlq", worded, lang, wording_word)
        wording[met] = draws.deck.for_needs("nlq", need[met], lang[met], difficulty[met], wording_word[met])
        framing = np.full(len(index), draws.deck.act("nlq", "query_frame"), dtype=np.int64)
        frame = draws.deck.for_acts("nlq", framing, lang, stream.numbers("frame", index))
        return QueryChoices(
            index=index,
            when=draws.when(stream, index, need, actor, np.zeros(len(index), dtype=np.int64)),
            need=need,
            act=act,
            outcome=np.where(met, stream.below("outcome", index, draws.outcomes[known]), ending),
            actor=actor,
            lang=lang,
            difficulty=difficulty,
            wording=wording,
            frame=np.where(stream.chance("framed", index, QUERIES_FRAMED), frame, NOTHING),
            place=place,
            joint=stream.below("joint", index, max(1, len(draws.world.joints))),
            timeframe=draws.timeframe(stream, index, need, place),
            latency=stream.numbers("latency", index),
            noise=draws.noise(stream, index, need, "nlq"),
            words={name: stream.words(name, index) for name in SLOT_WORDS},
        )


def _acts(stream: Stream, field: str, index: Indexes, weights: Mapping[Act, float], among: Sequence[Act]) -> Indexes:
    places = np.array([among.index(act) for act in weights], dtype=np.int64)
    return places[stream.pick(field, index, list(weights.values()))]
