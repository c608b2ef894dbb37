"""Score detections against what is known of a pack's events."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from datagap import model
from datagap.errors import DatagapError
from datagap.gap import GAP_TYPES
from datagap.pack.reader import Pack
from datagap.problem import show
from datagap.score.bootstrap import intervals
from datagap.score.evidence import Citations
from datagap.score.gold import Gold, read_gold
from datagap.score.grouping import Grouping
from datagap.score.library import require_libraries
from datagap.score.ranking import by_demand, by_priority, groups
from datagap.score.rates import Values, f1, rates, share
from datagap.score.tally import BINS, EDGES, NONE, PLACES, Check, Tally
from datagap.score.triage import Correction

RESAMPLES: Final = 500
DIGITS: Final = 6
"""Decimals that figures are rounded to, so that they are the same on every CPU."""
SHARES: Final = (
    "macro_f1",
    "none_reason_accuracy",
    "first_dataset",
    "ari",
    "brier",
    "ece",
    "quotes_verbatim",
    "citation_precision",
    "citation_recall",
)


def score(
    pack: Pack,
    detections: Iterable[model.Detection],
    *,
    corrections: Mapping[str, Correction] | None = None,
    backlog: Sequence[str] | None = None,
    resamples: int = RESAMPLES,
    detector: str = "detections",
) -> model.Score:
    """Return how well detections agree with a pack's answer key, or with the corrections of its events.

    `backlog` holds the ids of groups by priority. Raises DatagapError for detections of events that the pack does
    not have or that are there already, MisuseError if nothing is known to score against or a library is missing.
    """
    scorer = Scorer(pack, corrections)
    return scorer.score(detections, backlog=backlog, resamples=resamples, detector=detector)


class Scorer:
    """A pack and what is known of its events, read once to score several detectors."""

    def __init__(self, pack: Pack, corrections: Mapping[str, Correction] | None = None) -> None:
        require_libraries()
        self._pack = pack
        self.gold = read_gold(pack, corrections)

    def score(
        self,
        detections: Iterable[model.Detection],
        *,
        backlog: Sequence[str] | None = None,
        resamples: int = RESAMPLES,
        detector: str = "detections",
    ) -> model.Score:
        """Return how well detections agree with what is known; see `datagap.score.score`."""
        found = _by_event(detections, self.gold, detector)
        citations = Citations(self._pack, (one for event_id, one in found.items() if event_id in self.gold.labels))
        return evaluate(
            self.gold,
            found,
            citations.is_verbatim,
            citations.holds,
            backlog=backlog,
            resamples=resamples,
            detector=detector,
        )


def evaluate(
    gold: Gold,
    found: Mapping[str, model.Detection],
    is_verbatim: Check,
    holds: Check,
    *,
    backlog: Sequence[str] | None = None,
    resamples: int = RESAMPLES,
    detector: str = "detections",
) -> model.Score:
    """Return how well detections, by event, agree with `gold`; quotes and facts are held to the two checks."""
    tally = Tally(gold, found, is_verbatim, holds)
    grouping = Grouping(tally.primary, tally.group, tally.conversations)
    known = intervals(tally.counts, grouping, tally.conversations, resamples)
    ranked = groups(tally, gold)
    scored = [one for event_id, one in found.items() if event_id in gold.labels]
    return model.Score(
        pack_id=gold.pack_id,
        detector=detector,
        gold=gold.kind,
        events=len(tally.event_ids),
        with_gap=int(tally.with_gap.sum()),
        corrected=gold.corrected,
        detections=len(found),
        unscored=len(found) - len(scored),
        contradicted=sum(gap.verdict == "contradicted" for one in scored for gap in one.gaps),
        resamples=resamples,
        figures=_figures(tally, np.ones(len(tally.event_ids), dtype=np.bool_)),
        intervals={name: _interval(ends) for name, ends in known.items()},
        types=_types(tally),
        by_demand=by_demand(ranked, gold.gaps) if gold.gaps else None,
        by_priority=by_priority(backlog, ranked, gold.gaps) if gold.gaps and backlog is not None else None,
        bins=_bins(tally),
        by_channel=_slices(tally, tally.by(lambda event_id, _: gold.events[event_id].channel)),
        by_language=_slices(tally, tally.by(lambda _, label: label.lang)),
        by_difficulty=_slices(tally, tally.by(lambda _, label: label.difficulty)),
        by_split=_slices(tally, tally.by(lambda _, label: label.split)),
    )


def _by_event(detections: Iterable[model.Detection], gold: Gold, where: str) -> dict[str, model.Detection]:
    found: dict[str, model.Detection] = {}
    for line, detection in enumerate(detections, start=1):
        event_id = detection.event_id
        if event_id not in gold.events:
            hint = "score detections on the pack that they were made for"
            raise DatagapError(f"{show(event_id)} is no event of the pack", where=f"{where}:{line}", hint=hint)
        if event_id in found:
            message, hint = f"{show(event_id)} stands twice", "give each event one line"
            raise DatagapError(message, where=f"{where}:{line}", hint=hint)
        found[event_id] = detection
    return found


def _figures(tally: Tally, rows: NDArray[np.bool_]) -> model.Figures:
    """Return the figures over some rows."""
    sums = tally.counts[rows].sum(axis=0)
    grouping = Grouping(tally.primary[rows], tally.group[rows], tally.conversations[rows])
    found = {name: _number(value) for name, value in (rates(sums) | grouping.figures()).items()}

    def three(name: str) -> model.Rates:
        precision, recall, harmonic = (found[f"{name}.{part}"] for part in ("precision", "recall", "f1"))
        return model.Rates(precision=precision, recall=recall, f1=harmonic)

    return model.Figures(
        gap_types=three("gap_types"),
        requests=three("requests"),
        none_reasons_given=int(sums[PLACES["none_reasons"]][1]),
        datasets=three("datasets"),
        columns=three("columns"),
        b_cubed=three("b_cubed"),
        **{name: found[name] for name in SHARES},
    )


def _types(tally: Tally) -> dict[str, model.TypeScore]:
    """Return a score for each type that is there or detected."""
    from sklearn.metrics import confusion_matrix

    hit, told, wanted = (tally.counts[:, PLACES[name]].sum(axis=0) for name in ("hit", "told", "wanted"))
    three = [share(hit, told), share(hit, wanted), f1(hit, told, wanted)]
    codes = [NONE, *range(len(GAP_TYPES))]
    known = np.array([None not in {gap.gap_type for gap in label.gaps} for label in tally.labels], dtype=np.bool_)
    pairs = tally.primary_type[known], tally.first_type[known]
    taken = confusion_matrix(*pairs, labels=codes) if known.any() else np.zeros((len(codes), len(codes)), dtype=int)
    names = ["none", *GAP_TYPES]
    return {
        gap_type: model.TypeScore(
            rates=model.Rates(**{name: _number(part[place]) for name, part in zip(_PARTS, three, strict=True)}),
            support=int(wanted[place]),
            detected=int(told[place]),
            taken_for={name: int(times) for name, times in zip(names, taken[place + 1], strict=True) if times},
            false_alarms=int(taken[0][place + 1]),
        )
        for place, gap_type in enumerate(GAP_TYPES)
        if wanted[place] or told[place]
    }


_PARTS: Final = ("precision", "recall", "f1")


def _bins(tally: Tally) -> list[model.CalibrationBin]:
    pairs, confidence, right = (
        tally.counts[:, PLACES[f"bin_{name}"]].sum(axis=0) for name in ("pairs", "confidence", "right")
    )
    return [
        model.CalibrationBin(
            above=float(EDGES[place]),
            up_to=float(EDGES[place + 1]),
            pairs=int(pairs[place]),
            confidence=_number(share(confidence, pairs)[place]),
            right=_number(share(right, pairs)[place]),
        )
        for place in range(BINS)
    ]


def _slices(tally: Tally, rows: Mapping[str, NDArray[np.bool_]]) -> dict[str, model.Slice]:
    return {
        name: model.Slice(
            events=int(mask.sum()), with_gap=int(tally.with_gap[mask].sum()), figures=_figures(tally, mask)
        )
        for name, mask in rows.items()
    }


def _number(value: Values) -> float | None:
    """Return a figure, rounded; None where it is not defined."""
    number = float(value)
    return None if math.isnan(number) else round(number, DIGITS)


def _interval(ends: Values) -> model.Interval:
    low, high = (round(float(end), DIGITS) for end in ends)
    return model.Interval(low=low, high=high)
