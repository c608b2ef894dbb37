"""Time: instants are whole seconds since 1970-01-01T00:00:00Z, written as RFC 3339 in UTC."""

from __future__ import annotations

from datetime import UTC, datetime

HOUR = 3600
DAY = 24 * HOUR
WEEK = 7 * DAY
_FIRST_MONDAY = 4 * DAY


def parse(text: str) -> int:
    """Return the instant that `text` (YYYY-MM-DDThh:mm:ssZ) names; raise ValueError if there is none."""
    return int(datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC).timestamp())


def render(instant: int) -> str:
    """Return `instant` as YYYY-MM-DDThh:mm:ssZ."""
    return datetime.fromtimestamp(instant, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def weekday(instant: int) -> int:
    """Return the day of the week, Monday 0 to Sunday 6."""
    return (instant - _FIRST_MONDAY) % WEEK // DAY


def day(text: str) -> str:
    """Return the date part of a timestamp."""
    return text[:10]
