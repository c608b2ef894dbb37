"""Figures with intervals: over resamples of what was scored (Efron 1979), or over runs (Student 1908)."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from datagap.seeding import Stream

INTERVAL: Final = (0.025, 0.975)
"""Quantiles between which an interval reaches."""
UNDEFINED: Final = "\u2013"
NAN: Final = math.nan


@dataclass(frozen=True, slots=True)
class Estimate:
    """A figure and the ends of its interval, each NaN where it is not defined."""

    value: float
    low: float = NAN
    high: float = NAN

    def __str__(self) -> str:
        """Return the figure with its interval, if it has one."""
        return f"{number(self.value)} {self.interval()}".rstrip()

    def interval(self, digits: int = 3) -> str:
        """Return the interval in brackets; nothing if there is none."""
        return "" if math.isnan(self.low) else f"[{number(self.low, digits)}, {number(self.high, digits)}]"


def number(value: float, digits: int = 3) -> str:
    """Return a figure as text."""
    return UNDEFINED if math.isnan(value) else f"{value:,.{digits}f}"


class Bootstrap:
    """Draws what was scored anew, with replacement, always from the same numbers."""

    def __init__(self, rounds: int) -> None:
        self._rounds = max(1, rounds)
        self._stream = Stream(0, "bench")

    def estimate(self, score: Callable[..., float], *groups: Sequence[Any]) -> Estimate:
        """Return the score of some groups, each of which is drawn by itself."""
        return self.estimates(lambda *drawn: {"": score(*drawn)}, *groups)[""]

    def estimates(self, figures: Callable[..., Mapping[str, float]], *groups: Sequence[Any]) -> Mapping[str, Estimate]:
        """Return several figures of some groups by name; one that is NaN in a resample is not defined there."""
        found = figures(*groups)
        rounds = [figures(*self._resample(turn, groups)) for turn in range(self._rounds)]
        return {name: _between(value, [one[name] for one in rounds]) for name, value in found.items()}

    def _resample(self, turn: int, groups: Sequence[Sequence[Any]]) -> list[list[Any]]:
        resampled = []
        for place, group in enumerate(groups):
            index = np.arange(len(group), dtype=np.int64)
            drawn = self._stream.below(f"{turn}/{place}", index, max(1, len(group)))
            resampled.append([group[number] for number in drawn])
        return resampled


def _between(value: float, drawn: Sequence[float]) -> Estimate:
    defined = [one for one in drawn if not math.isnan(one)]
    return Estimate(value, *(float(end) for end in np.quantile(defined, INTERVAL))) if defined else Estimate(value)


def over_runs(values: Sequence[float], most: float = 1.0) -> Estimate:
    """Return the mean over runs with its interval by Student's t, which reaches no further than from -most to most."""
    from scipy.stats import t

    defined = [one for one in values if not math.isnan(one)]
    if len(defined) < 2:
        return Estimate(defined[0] if defined else NAN)
    mean, count = float(np.mean(defined)), len(defined)
    reach = float(t.ppf(INTERVAL[1], count - 1)) * float(np.std(defined, ddof=1)) / math.sqrt(count)
    return Estimate(mean, max(-most, mean - reach), min(most, mean + reach))
