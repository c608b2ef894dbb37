"""Intervals of figures: conversations are drawn anew, with replacement, and the figures follow (Efron 1979).

Messages of one conversation are about one need and rise and fall together, so a conversation is drawn whole.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np

from datagap.score.grouping import Grouping
from datagap.score.rates import Values, rates
from datagap.score.tally import Codes, Counts
from datagap.seeding import Stream

SEED: Final = 0
"""Every interval is drawn from the same numbers, so that it is the same in every run."""
BLOCK: Final = 2_000_000
"""Numbers that are drawn at a time."""
INTERVAL: Final = (2.5, 97.5)
"""Percentiles of an interval."""


def intervals(counts: Counts, grouping: Grouping, conversation: Codes, resamples: int) -> dict[str, Values]:
    """Return the low and high end of the central 95% of each figure, over resamples of conversations.

    A figure that is defined in no resample has no interval.
    """
    total = int(conversation.max()) + 1 if conversation.size else 0
    if not total or not resamples:
        return {}
    sums = np.zeros((total, counts.shape[1]))
    np.add.at(sums, conversation, counts)
    parts = [rates(weights @ sums) | grouping.figures(weights) for weights in _draws(total, resamples)]
    figures = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
    defined = {name: values[~np.isnan(values)] for name, values in figures.items()}
    return {name: np.percentile(values, INTERVAL) for name, values in defined.items() if values.size}


def _draws(total: int, resamples: int) -> Iterator[Values]:
    """Yield, block by block, how often each conversation is drawn in each resample."""
    stream, rows = Stream(SEED, "score"), max(1, BLOCK // total)
    for start in range(0, resamples, rows):
        count = min(rows, resamples - start)
        index = np.arange(start * total, (start + count) * total, dtype=np.int64)
        drawn = stream.below("conversation", index, total) + np.repeat(np.arange(count) * total, total)
        yield np.bincount(drawn, minlength=count * total).reshape(count, total).astype(np.float64)
