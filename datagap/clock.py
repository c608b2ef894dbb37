"""Time: instants are whole seconds since 1970-01-01T00:00:00Z, written as RFC 3339 in UTC."""

from __future__ import annotations

import re
import time
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

HOUR = 3600
DAY = 24 * HOUR
WEEK = 7 * DAY
_FIRST_MONDAY = 4 * DAY
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_SECOND = timedelta(seconds=1)
_INSTANT = re.compile("[0-9]{4}-[0-9]{2}-[0-9]{2}T(?:[01][0-9]|2[0-3]):[0-9]{2}:[0-9]{2}Z")


def parse(text: str) -> int:
    """Return the instant that `text` (YYYY-MM-DDThh:mm:ssZ) names; raise ValueError if there is none."""
    if not _INSTANT.fullmatch(text):
        raise ValueError(f"{text!r} is not written as YYYY-MM-DDThh:mm:ssZ")
    return (datetime.fromisoformat(text) - _EPOCH) // _SECOND


def render(instant: int) -> str:
    """Return `instant` as YYYY-MM-DDThh:mm:ssZ."""
    return f"{(_EPOCH + instant * _SECOND).replace(tzinfo=None).isoformat()}Z"


def weekday(instant: int) -> int:
    """Return the day of the week, Monday 0 to Sunday 6."""
    return (instant - _FIRST_MONDAY) % WEEK // DAY


def local(instant: int, timezone: str) -> datetime:
    """Return `instant` on the wall clocks of an IANA time zone; raise LookupError if there is none of that name."""
    try:
        return (_EPOCH + instant * _SECOND).astimezone(ZoneInfo(timezone))
    except (ValueError, OSError) as error:  # a name that cannot be one, or that of a folder of zones
        raise LookupError(timezone) from error


def day(text: str) -> str:
    """Return the date part of a timestamp."""
    return text[:10]


def now() -> int:
    """Return the present instant: the one place that asks the system what time it is."""
    return int(time.time())
