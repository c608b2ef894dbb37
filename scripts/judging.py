"""Learn what words, the catalog and the conversation are worth beside each other."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from datagap.catalog import Catalog
from datagap.gap import GAP_TYPES
from datagap.report.classifier import GAPS, SUPPORTS, Classifier, probabilities
from datagap.report.detecting import ASKING_ACTS, SERVED, Detector, flags
from datagap.report.reading import Reader, Reading, open_reader
from datagap.report.redaction import Redactor
from datagap.report.verifying import Verifier
from training import Told, told

FOLDS: Final = 4
FLAGS: Final = ("any", "query", "unserved", "mended", "refuted", "unlinked")
STEPS: Final = 20
"""Steps of Newton's method."""
PULL: Final = 0.02
"""Strength of the pull of every weight to nothing."""


def fold_of(wording: str) -> int:
    """Return the fold that a wording is tested in."""
    return int(hashlib.sha256(wording.encode()).hexdigest()[:8], 16) % FOLDS


class Row:
    """An event that opens something: what words and the catalog say of it, and what is true."""

    def __init__(self, words: NDArray[np.float64], supports: Sequence[int], flagged: Sequence[str], truth: int) -> None:
        self.words = words
        self.supports = supports
        self.flagged = flagged
        self.truth = truth


def rows(seed: int, classifiers: Sequence[Classifier], replies: list[tuple[float, bool]]) -> Iterator[Row]:
    """Yield openers and queries, each read by the classifier that was not trained on its wording.

    `replies` to openers about a gap are collected: the log-odds of their asking by the words, and whether they ask.
    """
    for catalog, events in told(seed):
        readers = [open_reader(catalog, classifier) for classifier in classifiers]
        readings = {one.event.id: readers[fold_of(one.wording)].read(one.event) for one in events}
        yield from _of_catalog(catalog, events, readings, readers, classifiers, replies)


def _of_catalog(
    catalog: Catalog,
    events: Sequence[Told],
    readings: dict[str, Reading],
    readers: Sequence[Reader],
    classifiers: Sequence[Classifier],
    replies: list[tuple[float, bool]],
) -> Iterator[Row]:
    queries = {name: one for name, one in readings.items() if one.channel == "nlq"}
    detectors = [
        Detector(catalog, Verifier(catalog), reader, classifier, Redactor(()), queries)
        for reader, classifier in zip(readers, classifiers, strict=True)
    ]
    threads: defaultdict[str, list[Reading]] = defaultdict(list)
    folds = {one.event.id: fold_of(one.wording) for one in events}
    about = {one.event.id: one.gap_type for one in events}
    for reading in readings.values():
        threads[reading.thread].append(reading)
    for one in events:
        reading = readings[one.event.id]
        if not reading.opens or (reading.outcome in SERVED):
            continue
        ordered = sorted(threads[reading.thread], key=lambda it: (it.when, it.event_id))
        logits = {it.event_id: detectors[folds[it.event_id]].logits(it.scores) for it in ordered}
        chances = {name: probabilities(found) for name, found in logits.items()}
        detector = detectors[folds[one.event.id]]
        if one.gap_type is not None:
            others = [it.event_id for it in ordered if it is not reading]
            likely = [float(chances[name][ASKING_ACTS].sum()) for name in others]
            odds = np.log(np.clip(likely, 1e-6, 1 - 1e-6)) - np.log1p(-np.clip(likely, 1e-6, 1 - 1e-6))
            replies += zip(odds.tolist(), (about[name] is not None for name in others), strict=True)
        context = detector.context(ordered, reading, chances)
        case = detector.case(reading, context)
        mine = logits[reading.event_id]
        words = np.append(mine[:GAPS], np.logaddexp.reduce(mine[GAPS:]))
        truth = GAPS if one.gap_type is None else GAP_TYPES.index(one.gap_type)
        supports = [SUPPORTS.index(it.support) for it in case.checks]
        yield Row(words, supports, list(flags(reading, context)), truth)


def learn_reply(found: Sequence[tuple[float, bool]]) -> float:
    """Return the shift of log-odds that makes replies ask as often as they do: the root of the likelihood's slope."""
    odds, asks = np.array([one[0] for one in found]), np.array([one[1] for one in found])
    shift = 0.0
    for _ in range(STEPS):
        chance = 1 / (1 + np.exp(-(odds + shift)))
        shift += float((asks - chance).sum() / (chance * (1 - chance)).sum())
    return shift


def learn(found: Sequence[Row]) -> tuple[float, NDArray[np.float64], dict[str, float]]:
    """Return the worth of words, of supports by gap type, and of what speaks for no gap: a conditional logit."""
    from scipy.optimize import minimize

    words = np.array([row.words for row in found])
    supports = np.array([row.supports for row in found])
    flagged = np.array([[flag in row.flagged for flag in FLAGS] for row in found], dtype=float)
    truth = np.array([row.truth for row in found])
    counts = np.bincount(truth, minlength=GAPS + 1)
    weight = (1 / np.maximum(counts, 1) ** 0.5)[truth]
    weight = weight / weight.sum()
    hot = np.eye(len(SUPPORTS))[supports]  # rows x types x supports
    size = 1 + GAPS * len(SUPPORTS)

    def utilities(free: NDArray[np.float64]) -> NDArray[np.float64]:
        utility = free[0] * words
        utility[:, :GAPS] += np.einsum("rts,ts->rt", hot, free[1:size].reshape(GAPS, -1))
        utility[:, GAPS] += flagged @ free[size:]
        return np.asarray(utility)

    def loss(free: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        utility = utilities(free)
        utility -= utility.max(axis=1, keepdims=True)
        chance = np.exp(utility)
        chance /= chance.sum(axis=1, keepdims=True)
        picked = np.log(chance[np.arange(len(truth)), truth] + 1e-12)
        error = chance.copy()
        error[np.arange(len(truth)), truth] -= 1
        error *= weight[:, None]
        slope = np.concatenate(
            [
                [(error * words).sum()],
                np.einsum("rt,rts->ts", error[:, :GAPS], hot).ravel(),
                error[:, GAPS] @ flagged,
            ]
        )
        pull = PULL / len(truth) ** 0.5
        return float(-(weight * picked).sum() + pull * (free[1:] ** 2).sum()), slope + np.append(0, 2 * pull * free[1:])

    start = np.zeros(size + len(FLAGS))
    start[0] = 1
    best = minimize(loss, start, jac=True, method="L-BFGS-B").x
    return float(best[0]), best[1:size].reshape(GAPS, -1), dict(zip(FLAGS, best[size:].tolist(), strict=True))
