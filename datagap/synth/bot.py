"""The query bot: the datasets that it considers, the SQL that it makes, and how long it takes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from datagap import model
from datagap.synth import sql
from datagap.synth.need import Face, Need, World
from datagap.synth.phrasebook import Act, Wording
from datagap.synth.rows import Row
from datagap.synth.speech import Draw
from datagap.synth.sql import Figure
from datagap.synth.timeframe import TIMEFRAMES, VAGUE, Timeframe

LATENCIES_MS: Final[Mapping[model.Outcome, tuple[int, int]]] = {
    "answered": (300, 3_000),
    "slow": (20_000, 60_000),
    "uncertain": (500, 4_000),
    "blocked": (80, 900),
    "degraded": (600, 6_000),
}
"""Least time to an answer by outcome, and the span above it, which one query in five exceeds up to fourfold."""
TIMEOUT_MS: Final = (120_000, 120_000)
UNSERVED: Final = frozenset[model.GapType](["missing_asset", "missing_column", "joinability_issue", "docs_missing"])
"""Types of gaps for which the bot makes no SQL."""
TOP: Final = 10


class Bot:
    """What the bot makes of queries in a world."""

    def __init__(self, world: World) -> None:
        self._world = world

    def tables(self, need: Need | None, act: Act, row: Row, wording: Wording, face: Face) -> list[str]:
        """Return the datasets that the bot considers."""
        if need is not None:
            named = [("dataset", "dataset_label"), ("other", "other_label")]
            return [face[slot][0].ref for slot, label in named if slot in face and {slot, label} & wording.slots]
        if act == "answered_join":
            joint = self._world.joints[row["joint"]]
            return [joint.left.name, joint.right.name]
        about = {"measure", "measure_name"} & wording.slots
        return [self._world.sound[row["place"]].place.name] if about else []

    def sql(self, need: Need | None, act: Act, row: Row, words: Row, mentions: Sequence[model.Mention]) -> str | None:
        """Return the SQL that the bot makes of a query that mentions these; None where it makes none."""
        draw = Draw(words)
        spoken = next((mention.ref for mention in mentions if mention.kind == "timeframe"), VAGUE)
        timeframe = None if spoken == VAGUE else TIMEFRAMES[spoken]
        by_dimension = any(mention.kind == "dimension" for mention in mentions)
        if need is None:
            return self._served(act, row, draw, timeframe, by_dimension=by_dimension)
        if need.gap_type in UNSERVED:
            return None
        face = face_of(need, words)
        dataset = self._world.places[face["dataset"][0].ref].dataset
        figure = self._figure(face, draw)
        if need.gap_type == "type_mismatch":
            column = face["column"][0].text
            return (
                sql.since(dataset, column, figure, timeframe) if timeframe else sql.total(dataset, figure, column, None)
            )
        if need.gap_type == "grain_mismatch" and dataset.grain and dataset.grain.period:
            return sql.by_period(dataset, figure, dataset.grain.period, timeframe)
        by = _picked(face, "dim", draw) if by_dimension else None
        if need.reason in ("masked", "incomplete", "wrong_values"):
            by = face["column"][0].text
        return sql.total(dataset, figure, by, None if self._undated(dataset.name) else timeframe)

    def _served(self, act: Act, row: Row, draw: Draw, timeframe: Timeframe | None, *, by_dimension: bool) -> str | None:
        if act == "answered_join":
            joint = self._world.joints[row["joint"]]
            figure, by = self._figure(joint.face, draw), _picked(joint.face, "dim", draw)
            return sql.joined(joint.left.dataset, joint.right.name, joint.key, figure, by, timeframe)
        if act not in ("answered", "answered_top"):
            return None
        sound = self._world.sound[row["place"]]
        dimension = _picked(sound.face, "dim", draw) if by_dimension else None
        limit = TOP if act == "answered_top" else None
        return sql.total(sound.place.dataset, self._figure(sound.face, draw), dimension, timeframe, limit)

    def _figure(self, face: Face, draw: Draw) -> Figure:
        """Return the measure that a text speaks of, or would, put together as it can be."""
        measure = _picked(face, "measure", draw)
        return Figure(measure, self._world.vocabulary.terms[measure].aggregation or "sum")

    def _undated(self, name: str) -> bool:
        return self._world.places[name].kind == "thing"


def face_of(need: Need, words: Row) -> Face:
    """Return how a need shows to whoever draws these words."""
    return need.faces[Draw(words).pick("face", len(need.faces))]


def _picked(face: Face, slot: str, draw: Draw) -> str:
    """Return the column that a text speaks of, or would."""
    fillings = face[slot]
    return fillings[draw.pick(slot, len(fillings))].ref.rpartition(".")[2]


def latency(need: Need | None, outcome: model.Outcome, word: int) -> int:
    """Return the time to an answer, in milliseconds: long tails by octaves, in whole numbers."""
    slow = need is not None and need.gap_type == "performance_limit"
    least, span = TIMEOUT_MS if slow else LATENCIES_MS[outcome]
    octave = (word >> 20) & 15
    times = 4 if octave == 0 else 2 if octave < 4 else 1
    return least + ((word & 0xFFFFF) * span * times >> 20)
