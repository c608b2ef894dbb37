"""Working units pass as people work, and instants and units lead to each other."""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from datagap import clock
from datagap.seeding import Indexes
from datagap.synth.calendar import BUSINESS, MINUTE, Calendar

ZONES = ("UTC", "Europe/Madrid", "America/New_York", "America/Bogota", "Asia/Kolkata", "Australia/Lord_Howe")
LENGTHS = (1, 2, 59, 60, 61, 119, 1439, 1440, 1441, 7 * 1440 + 13, 400 * 1440)
"""Minutes of windows."""
calendar = cache(Calendar)


def whole(*numbers: int) -> Indexes:
    return np.array(numbers, dtype=np.int64)


@st.composite
def windows(draw: st.DrawFn) -> tuple[str, int, int]:
    """Return a time zone and two instants, whole minutes apart."""
    start = draw(st.integers(clock.parse("2020-01-01T00:00:00Z"), clock.parse("2030-01-01T00:00:00Z")))
    length = draw(st.sampled_from(LENGTHS[:-1]) | st.integers(1, 60 * 1440))
    return draw(st.sampled_from(ZONES)), start, start + MINUTE * length


WINDOWS = windows()
A_YEAR_AND_MORE = ("Europe/Madrid", 1_750_000_013, 1_750_000_013 + MINUTE * LENGTHS[-1])
A_MINUTE = ("America/New_York", 1_750_000_013, 1_750_000_013 + MINUTE)


@given(WINDOWS)
@example(A_YEAR_AND_MORE)
@example(A_MINUTE)
def test_units_rise_with_time(window: tuple[str, int, int]) -> None:
    _, start, end = window
    here = calendar(*window)
    minutes = np.arange(start, end + 1, MINUTE, dtype=np.int64)
    units = here.before(minutes)
    assert (units[0], units[-1]) == (0, here.units)
    rates = np.diff(units)
    assert rates.min() >= 1
    assert rates.max() <= BUSINESS
    assert np.array_equal(here.until(minutes), units)


@given(WINDOWS)
@example(A_YEAR_AND_MORE)
@example(A_MINUTE)
def test_the_instant_of_the_units_before_a_minute_is_that_minute(window: tuple[str, int, int]) -> None:
    _, start, end = window
    here = calendar(*window)
    minutes = np.arange(start, end + 1, MINUTE, dtype=np.int64)
    assert np.array_equal(here.at(here.before(minutes)), minutes)
    assert np.array_equal(here.at(here.until(minutes)), minutes)


@given(WINDOWS, st.lists(st.floats(0, 1, exclude_max=True), min_size=1, max_size=50))
@example(A_YEAR_AND_MORE, [0, 0.1, 0.5, 0.9999])
@example(A_MINUTE, [0, 0.5])
def test_units_pass_within_the_minute_of_their_instant(window: tuple[str, int, int], shares: list[float]) -> None:
    _, start, end = window
    here = calendar(*window)
    units = whole(*(int(share * here.units) for share in shares))
    instants = here.at(units)
    assert ((instants - start) % MINUTE == 0).all()
    assert (start <= instants).all()
    assert (instants < end).all()
    assert (here.until(instants) <= units).all()
    assert (units < here.until(instants + MINUTE)).all()


@given(WINDOWS, st.floats(0, 1, exclude_max=True), st.integers(1, MINUTE - 1))
@example(A_MINUTE, 0, 1)
def test_within_a_minute_before_rounds_up_and_until_down(
    window: tuple[str, int, int], share: float, second: int
) -> None:
    _, start, end = window
    here = calendar(*window)
    minute = start + MINUTE * int(share * ((end - start) // MINUTE))
    assert here.before(whole(minute + second)) == here.until(whole(minute + MINUTE))
    assert here.until(whole(minute + second)) == here.until(whole(minute))


@given(WINDOWS, st.integers(0, 10**9))
@example(A_MINUTE, 0)
@example(A_MINUTE, 1)
def test_what_lies_outside_counts_as_the_nearest_end(window: tuple[str, int, int], far: int) -> None:
    _, start, end = window
    here = calendar(*window)
    for units in (here.before, here.until):
        assert units(whole(start - far, end + far)).tolist() == [0, here.units]


@given(WINDOWS, st.floats(0, 1), st.floats(0, 1), st.lists(st.floats(0, 1, exclude_max=True), min_size=1))
@example(A_YEAR_AND_MORE, 0.1, 0.10001, [0, 0.5])
@example(A_MINUTE, 0, 1, [0])
def test_what_is_drawn_between_two_instants_lies_between_them(
    window: tuple[str, int, int], one: float, other: float, shares: list[float]
) -> None:
    _, start, end = window
    here = calendar(*window)
    since, until = sorted(start + int(share * (end - start)) for share in (one, other))
    low, high = int(here.before(whole(since))[0]), int(here.until(whole(until))[0])
    for share in shares if low < high else ():
        instant = int(here.at(whole(low + int(share * (high - low))))[0])
        assert since <= instant
        assert instant + MINUTE <= until
    assert here.at(whole(low)) >= since


@pytest.mark.parametrize("rest", [0, 1, 59])
@pytest.mark.parametrize("minutes", LENGTHS)
@pytest.mark.parametrize("zone", ["Europe/Madrid", "Asia/Kolkata"])
def test_windows_of_any_length_are_counted_to_the_last_whole_minute(zone: str, minutes: int, rest: int) -> None:
    start = clock.parse("2025-03-30T00:30:07Z")
    end = start + MINUTE * minutes
    here = calendar(zone, start, end + rest)
    assert here.units == calendar(zone, start, end).units
    assert here.at(whole(0, here.units)).tolist() == [start, end]
    assert here.at(whole(here.units - 1)) == end - MINUTE


@pytest.mark.parametrize("seconds", [0, 1, 59])
def test_a_window_without_a_whole_minute_has_one(seconds: int) -> None:
    start = clock.parse("2025-09-24T10:00:00Z")
    assert Calendar("UTC", start, start + seconds).units == BUSINESS


# When people work

MONDAY = "2025-09-01"


@pytest.mark.parametrize("zone", ZONES)
def test_business_hours_get_most_and_nights_and_weekends_little(zone: str) -> None:
    start = int(datetime.fromisoformat(MONDAY).replace(tzinfo=ZoneInfo(zone)).timestamp())
    here = Calendar(zone, start, start + 4 * clock.WEEK)
    spread = here.at(np.arange(0, here.units, 101, dtype=np.int64))
    local = [clock.local(instant, zone) for instant in spread.tolist()]
    weekend = sum(moment.weekday() >= 5 for moment in local)
    night = sum(moment.hour < 7 or moment.hour >= 22 for moment in local)
    business = sum(moment.weekday() < 5 and 8 <= moment.hour < 18 for moment in local)
    assert 0.85 * len(local) < business < len(local)
    assert 0 < night < 0.04 * len(local)
    assert 0 < weekend < 0.05 * len(local)
    assert {moment.hour for moment in local} == {*range(24)}


def rate(zone: str, at: str, around: Calendar | None = None) -> int:
    """Return the units of the minute that begins when the clocks of a zone show `at`."""
    local = datetime.fromisoformat(at).replace(tzinfo=ZoneInfo(zone))
    minute = int(local.timestamp())
    around = around or Calendar(zone, minute - clock.DAY, minute + clock.DAY)
    first, last = around.before(whole(minute, minute + MINUTE)).tolist()
    return int(last - first)


@pytest.mark.parametrize("zone", [zone for zone in ZONES if zone.startswith(("UTC", "Europe", "America"))])
def test_a_minute_counts_by_its_hour_and_day(zone: str) -> None:
    day = [rate(zone, f"2025-09-03T{hour:02}:30") for hour in range(24)]
    saturday = [rate(zone, f"2025-09-06T{hour:02}:30") for hour in range(24)]
    assert max(day) == day[10] == day[15] == BUSINESS
    assert day[12] < day[10]
    assert min(day) == day[3] == 1
    assert all(1 <= less <= max(1, more // 10) for less, more in zip(saturday, day, strict=True))
    assert saturday == [rate(zone, f"2025-09-07T{hour:02}:30") for hour in range(24)]


@pytest.mark.parametrize(
    ("zone", "at", "utc"),
    [
        ("Europe/Madrid", "2026-01-14T09:00", "2026-01-14T08:00:00Z"),
        ("Europe/Madrid", "2026-07-15T09:00", "2026-07-15T07:00:00Z"),
        ("Europe/Madrid", "2026-03-27T09:00", "2026-03-27T08:00:00Z"),
        ("Europe/Madrid", "2026-03-30T09:00", "2026-03-30T07:00:00Z"),
        ("Europe/Madrid", "2026-10-23T09:00", "2026-10-23T07:00:00Z"),
        ("Europe/Madrid", "2026-10-26T09:00", "2026-10-26T08:00:00Z"),
        ("America/New_York", "2026-01-14T09:00", "2026-01-14T14:00:00Z"),
        ("America/New_York", "2026-07-15T09:00", "2026-07-15T13:00:00Z"),
        ("America/New_York", "2026-03-06T09:00", "2026-03-06T14:00:00Z"),
        ("America/New_York", "2026-03-09T09:00", "2026-03-09T13:00:00Z"),
        ("America/New_York", "2026-10-30T09:00", "2026-10-30T13:00:00Z"),
        ("America/New_York", "2026-11-02T09:00", "2026-11-02T14:00:00Z"),
        ("America/Bogota", "2026-01-14T09:00", "2026-01-14T14:00:00Z"),
        ("America/Bogota", "2026-07-15T09:00", "2026-07-15T14:00:00Z"),
    ],
)
def test_business_begins_by_the_clocks_on_the_wall_in_winter_and_summer(zone: str, at: str, utc: str) -> None:
    year = calendar(zone, clock.parse("2026-01-01T00:00:00Z"), clock.parse("2027-01-01T00:00:00Z"))
    nine = clock.parse(utc)
    before, after = np.diff(year.before(whole(nine - MINUTE, nine, nine + MINUTE))).tolist()
    assert before < after == BUSINESS
    assert rate(zone, at, year) == BUSINESS


@pytest.mark.parametrize(
    ("zone", "ordinary", "spring", "autumn"),
    [
        ("Europe/Madrid", "2026-02-15", "2026-03-29", "2026-10-25"),
        ("America/New_York", "2026-02-15", "2026-03-08", "2026-11-01"),
    ],
)
def test_the_night_that_the_clocks_change_lacks_an_hour_or_has_one_more(
    zone: str, ordinary: str, spring: str, autumn: str
) -> None:
    def units(sunday: str) -> int:
        noon = datetime.fromisoformat(f"{sunday}T12:00")
        start, end = (one.replace(tzinfo=ZoneInfo(zone)).timestamp() for one in (noon - timedelta(days=1), noon))
        return Calendar(zone, int(start), int(end)).units

    assert units(spring) == units(ordinary) - 60
    assert units(autumn) == units(ordinary) + 60
