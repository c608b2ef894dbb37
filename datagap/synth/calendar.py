"""When people write: in the business hours of where they are, and less at the weekend.

A calendar maps instants to *working units*, in which traffic is even: a minute of business hours has many, a minute of
the night few. Drawing and adding in units gives instants when people work. Whole numbers only.
"""

from __future__ import annotations

from functools import cached_property
from typing import Final

import numpy as np

from datagap import clock
from datagap.seeding import Indexes

MINUTE: Final = 60
BUSINESS: Final = 60
"""Units of a minute of business hours; the least, of a minute of the night, is 1."""
_BY_HOUR: Final = (1,) * 7 + (6, 40, 60, 60, 60, 45, 40, 60, 60, 60, 45, 12, 5, 3, 2, 1, 1)
_AT_WEEKEND: Final = tuple(max(1, units // 15) for units in _BY_HOUR)


class Calendar:
    """The working time of one time zone between two instants, both in whole seconds."""

    def __init__(self, timezone: str, start: int, end: int) -> None:
        self._start = start
        minutes = max(1, (end - start) // MINUTE)
        hours = -(-minutes // 60)
        rates = [_rate(start + hour * clock.HOUR, timezone) for hour in range(hours)]
        self._rates = np.array(rates, dtype=np.int64)
        widths = np.full(hours, 60, dtype=np.int64)
        widths[-1] = minutes - 60 * (hours - 1)
        self._until = np.cumsum(self._rates * widths)

    @cached_property
    def units(self) -> int:
        """Units between the two instants."""
        return int(self._until[-1])

    def before(self, instant: Indexes) -> Indexes:
        """Return the units from the start to each instant, rounded up to a minute and cut to the calendar's ends."""
        return self._units(-((self._start - instant) // MINUTE))

    def until(self, instant: Indexes) -> Indexes:
        """Return the units from the start to each instant, rounded down to a minute and cut likewise."""
        return self._units((instant - self._start) // MINUTE)

    def _units(self, minute: Indexes) -> Indexes:
        minute = np.maximum(minute, 0)
        hour = np.minimum(minute // 60, len(self._rates) - 1)
        units = self._until[hour] - self._rates[hour] * np.where(hour == len(self._rates) - 1, self._rest, 60)
        return np.asarray(np.minimum(units + self._rates[hour] * (minute - 60 * hour), self.units))

    def at(self, units: Indexes) -> Indexes:
        """Return the instant, a whole minute after the start, at which each number of units has passed."""
        hour = np.minimum(np.searchsorted(self._until, units, side="right"), len(self._rates) - 1)
        first = self._until[hour] - self._rates[hour] * np.where(hour == len(self._rates) - 1, self._rest, 60)
        return np.asarray(self._start + MINUTE * (60 * hour + (units - first) // self._rates[hour]))

    @cached_property
    def _rest(self) -> int:
        """Minutes of the last hour."""
        last = int(self._until[-1] - (self._until[-2] if len(self._until) > 1 else 0))
        return last // int(self._rates[-1])


def _rate(instant: int, timezone: str) -> int:
    local = clock.local(instant, timezone)
    return (_BY_HOUR if local.weekday() < 5 else _AT_WEEKEND)[local.hour]
