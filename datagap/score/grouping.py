"""Compare groups of detections with the gaps behind events: B-cubed and the adjusted Rand index.

Amigo et al., "A comparison of extrinsic clustering evaluation metrics based on formal constraints", 2009; Hubert and
Arabie, "Comparing partitions", 1985. An event without a group is one by itself. Events may come with weights, which
say how often each was drawn; what is counted are pairs of different events, so that an event that was drawn twice is
no evidence that it belongs with itself.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from datagap.score.rates import Values, share
from datagap.score.tally import NONE, Codes

NAMES: Final = ("b_cubed.precision", "b_cubed.recall", "b_cubed.f1", "ari")


class Grouping:
    """The events with a gap, by gap, group and conversation."""

    def __init__(self, gap: Codes, group: Codes, conversation: Codes) -> None:
        """Take the gap, the group (NONE for none) and the conversation of each event; one without a gap is left out."""
        kept = gap != NONE
        columns = np.stack([group[kept], gap[kept], conversation[kept]])
        entries, events = np.unique(columns, axis=1, return_counts=True)
        self._group, self._gap, self._conversation = entries
        self._events = events.astype(np.float64)
        """Events of each entry, which have everything in common."""
        self._alone = self._group == NONE

    def figures(self, weights: Values | None = None) -> dict[str, Values]:
        """Return the figures by name; `weights` has a row for each resample and a column for each conversation."""
        if not self._events.size:
            shape = () if weights is None else weights.shape[:1]
            return {name: np.full(shape, np.nan) for name in NAMES}
        drawn = np.ones((1, self._events.size)) if weights is None else weights[:, self._conversation]
        found = self._figures(drawn)
        return {name: values[0] if weights is None else values for name, values in found.items()}

    def _figures(self, drawn: Values) -> dict[str, Values]:
        cells = np.unique(np.stack([self._group, self._gap]), axis=1, return_inverse=True)[1].ravel()
        grouped = drawn * ~self._alone
        total = (drawn * self._events).sum(axis=1)
        cell, group, gap = self._sum(grouped, cells), self._sum(grouped, self._group), self._sum(drawn, self._gap)
        own = np.where(self._alone, 1.0, 1 + cell - drawn)
        around = np.where(self._alone, 1.0, 1 + group - drawn)
        weight = drawn * self._events
        precision = share((weight * own / around).sum(axis=1), total)
        recall = share((weight * own / (1 + gap - drawn)).sum(axis=1), total)
        return {
            "b_cubed.precision": precision,
            "b_cubed.recall": recall,
            "b_cubed.f1": share(2 * precision * recall, precision + recall),
            "ari": self._rand(drawn, cell, group, gap, total),
        }

    def _sum(self, drawn: Values, codes: Codes) -> Values:
        """Return, for each entry, how many events that were drawn have the same code."""
        order = np.argsort(codes, kind="stable")
        ordered = codes[order]
        starts = np.flatnonzero(np.r_[True, ordered[1:] != ordered[:-1]])
        sums = np.add.reduceat((drawn * self._events)[:, order], starts, axis=1)
        _, place = np.unique(codes, return_inverse=True)
        return np.asarray(sums[:, place.ravel()])

    def _rand(self, drawn: Values, cell: Values, group: Values, gap: Values, total: Values) -> Values:
        """Return the adjusted Rand index; twice the number of pairs stands for the number everywhere."""
        weight = drawn * self._events
        grouped = weight * ~self._alone
        both = (grouped * (cell - drawn)).sum(axis=1)
        told = (grouped * (group - drawn)).sum(axis=1)
        wanted = (weight * (gap - drawn)).sum(axis=1)
        pairs = (weight * (total[:, None] - drawn)).sum(axis=1)
        expected = share(told * wanted, pairs)
        most = (told + wanted) / 2
        same = np.where(pairs > 0, 1.0, np.nan)  # both are one group, or groups of one each
        return np.where(most == expected, same, share(both - expected, most - expected))
