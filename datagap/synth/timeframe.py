"""Spans of time that questions are about, and the SQL condition for each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from datagap import model

VAGUE: Final = "unspecified"
"""Name of a timeframe that names no span."""


@dataclass(frozen=True, slots=True)
class Timeframe:
    """`count` whole units back from the running one, or the running one itself where `count` is 0."""

    unit: model.Period
    count: int
    rolling: bool = False
    """Whether it is counted back from today and not from the start of the running unit."""

    def condition(self, column: str) -> str:
        """Return the SQL condition that `column`, a date, lies in it."""
        if self.rolling:
            return f"{column} >= current_date - {self._interval}"
        start = f"date_trunc('{self.unit}', current_date)"
        if self.count == 0:
            return f"{column} >= {start}"
        return f"{column} >= {start} - {self._interval} and {column} < {start}"

    @property
    def _interval(self) -> str:
        """The span as an SQL literal; no dialect has quarters."""
        count, unit = (3 * self.count, "month") if self.unit == "quarter" else (self.count, self.unit)
        return f"interval '{count} {unit}'"

    @property
    def past(self) -> bool:
        """Whether it ends so long ago that late data do not touch it."""
        return not self.rolling and self.count > 0 and self.unit in ("quarter", "year")


TIMEFRAMES: Final[Mapping[str, Timeframe]] = {
    "yesterday": Timeframe("day", 1),
    "last_7_days": Timeframe("day", 7, rolling=True),
    "last_14_days": Timeframe("day", 14, rolling=True),
    "last_30_days": Timeframe("day", 30, rolling=True),
    "last_90_days": Timeframe("day", 90, rolling=True),
    "last_12_months": Timeframe("month", 12, rolling=True),
    "this_week": Timeframe("week", 0),
    "last_week": Timeframe("week", 1),
    "this_month": Timeframe("month", 0),
    "last_month": Timeframe("month", 1),
    "this_quarter": Timeframe("quarter", 0),
    "last_quarter": Timeframe("quarter", 1),
    "year_to_date": Timeframe("year", 0),
    "last_year": Timeframe("year", 1),
}
NAMES: Final = tuple(TIMEFRAMES)
PAST: Final = tuple(name for name, span in TIMEFRAMES.items() if span.past)
LONG: Final = ("last_90_days", "last_12_months", "last_quarter", "year_to_date", "last_year")
"""Timeframes within which any period is a detail."""
_COVERING: Final[Mapping[model.Period, tuple[str, ...]]] = {
    "week": ("this_week", "last_week"),
    "month": ("this_month", "last_month", "this_quarter", "last_quarter", "year_to_date", "last_year"),
    "quarter": ("this_quarter", "last_quarter", "year_to_date", "last_year"),
    "year": ("year_to_date", "last_year"),
}


def served_by(period: model.Period | None) -> tuple[str, ...]:
    """Return the timeframes that figures over a period, or single facts for None, add up to."""
    return _COVERING.get(period, NAMES) if period else NAMES
