"""Turn counts into figures, for one sum of rows or for many at once."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from datagap.score.tally import PLACES

Values: TypeAlias = NDArray[np.float64]


def rates(sums: Values) -> dict[str, Values]:
    """Return the figures that follow from summed rows of a tally, by name; NaN where one is not defined.

    `sums` has the columns of a tally as its last axis, and the figures have the other axes.
    """
    hit, told, wanted = (sums[..., PLACES[name]] for name in ("hit", "told", "wanted"))
    found = _rates("gap_types", *(part.sum(axis=-1) for part in (hit, told, wanted)))
    by_type = np.where(wanted > 0, f1(hit, told, wanted), np.nan)
    found["macro_f1"] = _mean(by_type)
    for name in ("requests", "datasets", "columns"):
        found |= _rates(name, *np.moveaxis(sums[..., PLACES[name]], -1, 0))
    for figure, name in _SHARES.items():
        found[figure] = share(*np.moveaxis(sums[..., PLACES[name]], -1, 0))
    found["ece"] = _calibration_error(*(sums[..., PLACES[f"bin_{name}"]] for name in ("pairs", "confidence", "right")))
    return found


_SHARES: Mapping[str, str] = {
    "none_reason_accuracy": "none_reasons",
    "first_dataset": "first_dataset",
    "brier": "squares",
    "quotes_verbatim": "quotes",
    "citation_precision": "facts",
    "citation_recall": "cited",
}
"""What is counted for each figure that is a part of a whole."""


def share(part: Values, whole: Values) -> Values:
    """Return part over whole, NaN where there is no whole."""
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(whole > 0, part / whole, np.nan)


def f1(hit: Values, told: Values, wanted: Values) -> Values:
    """Return the harmonic mean of precision and recall; NaN where nothing is told and nothing wanted."""
    return share(2 * hit, told + wanted)


def _rates(name: str, hit: Values, told: Values, wanted: Values) -> dict[str, Values]:
    return {
        f"{name}.precision": share(hit, told),
        f"{name}.recall": share(hit, wanted),
        f"{name}.f1": f1(hit, told, wanted),
    }


def _mean(values: Values) -> Values:
    """Return the mean over the last axis of what is defined."""
    defined = ~np.isnan(values)
    return share(np.where(defined, values, 0.0).sum(axis=-1), defined.sum(axis=-1).astype(np.float64))


def _calibration_error(pairs: Values, confidence: Values, right: Values) -> Values:
    """Return the mean distance of confidence from accuracy over the bins (Guo et al. 2017, equation 3)."""
    return share(np.abs(confidence - right).sum(axis=-1), pairs.sum(axis=-1))
