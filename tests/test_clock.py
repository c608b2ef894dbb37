from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from datagap import clock

FIRST, LAST = -62_135_596_800, 253_402_300_799
INSTANTS = [
    ("1970-01-01T00:00:00Z", 0),
    ("1970-01-01T00:00:01Z", 1),
    ("1969-12-31T23:59:59Z", -1),
    ("2000-02-29T12:00:00Z", 951_825_600),
    ("2025-09-26T22:36:40Z", 1_758_926_200),
    ("0001-01-01T00:00:00Z", FIRST),
    ("9999-12-31T23:59:59Z", LAST),
]


@pytest.mark.parametrize(("text", "instant"), INSTANTS)
def test_an_instant_is_the_seconds_since_1970(text: str, instant: int) -> None:
    assert clock.parse(text) == instant
    assert clock.render(instant) == text


@given(st.integers(FIRST, LAST))
def test_every_instant_of_the_calendar_survives_being_written_and_read(instant: int) -> None:
    assert clock.parse(clock.render(instant)) == instant


@given(st.integers(FIRST, LAST), st.integers(FIRST, LAST))
def test_written_instants_sort_as_they_happened(one: int, other: int) -> None:
    assert (clock.render(one) < clock.render(other)) is (one < other)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "2025-09-26",
        "2025-9-26T22:36:40Z",
        "2025-09-26T22:36:40",
        "2025-09-26 22:36:40Z",
        "2025-09-26T22:36:40+00:00",
        "2025-09-26T22:36:40.5Z",
        "2025-09-26T22:36:40Z\n",
        "2025-02-29T00:00:00Z",
        "2025-13-01T00:00:00Z",
        "2025-09-26T24:00:00Z",
        "2025-09-26T23:60:00Z",
        "2016-12-31T23:59:60Z",
        "0000-01-01T00:00:00Z",
        "\u0662\u0660\u0662\u0665-09-26T22:36:40Z",
    ],
)
def test_what_names_no_instant_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        clock.parse(text)


@given(st.datetimes(min_value=datetime(1900, 1, 1), max_value=datetime(2100, 1, 1)))  # noqa: DTZ001 - made aware below
def test_the_weekday_is_that_of_the_calendar(moment: datetime) -> None:
    instant = (moment.replace(tzinfo=UTC) - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(seconds=1)
    assert clock.weekday(instant) == moment.weekday()


def test_a_day_is_the_date_of_a_timestamp() -> None:
    assert clock.day("2025-09-26T22:36:40Z") == "2025-09-26"


def test_the_units_fit_together() -> None:
    assert clock.render(clock.WEEK + clock.DAY + clock.HOUR) == "1970-01-09T01:00:00Z"
    assert clock.weekday(0) == clock.weekday(clock.WEEK) == 3
