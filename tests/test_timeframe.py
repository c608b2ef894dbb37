"""The SQL of a timeframe means what its name says, and queries name what their datasets have."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import date, timedelta
from functools import cache
from typing import Any, TypeAlias

import pytest
import sqlglot
from hypothesis import example, given
from hypothesis import strategies as st
from sqlglot import exp

from datagap import clock, model
from datagap.synth import sql
from datagap.synth.people import hire
from datagap.synth.scenario import load_vocabulary, scenario_names
from datagap.synth.sql import Figure
from datagap.synth.timeframe import LONG, NAMES, PAST, TIMEFRAMES, VAGUE, Timeframe, served_by
from datagap.synth.warehouse import DATE_TYPES, PERIODS, Place, build_warehouse
from tests import packs

Span: TypeAlias = tuple[date, date | None]
"""The first day, and the day after the last one; None where it goes on."""
DIALECT = "postgres"
MONTHS = {"month": 1, "quarter": 3, "year": 12}

# A second reading of the conditions


def first(unit: str, day: date) -> date:
    """Return the first day of the unit that `day` lies in."""
    if unit in MONTHS:
        return date(day.year, (day.month - 1) // MONTHS[unit] * MONTHS[unit] + 1, 1)
    return day - timedelta(days=day.weekday() if unit == "week" else 0)


def back(day: date, count: int, unit: str) -> date:
    """Return the day that lies `count` units before."""
    if unit not in MONTHS:
        return day - timedelta(days=count * {"day": 1, "week": 7}[unit])
    year, month = divmod(12 * day.year + day.month - 1 - count * MONTHS[unit], 12)
    ends = (date(year + (month == 11), (month + 1) % 12 + 1, 1) - timedelta(days=1)).day
    return date(year, month + 1, min(day.day, ends))


@cache
def parsed(text: str) -> Any:
    return sqlglot.condition(text, dialect=DIALECT)


def evaluated(node: Any, today: date) -> date:
    if isinstance(node, exp.CurrentDate):
        return today
    if isinstance(node, exp.TimestampTrunc):
        return first(node.text("unit").lower(), evaluated(node.this, today))
    assert isinstance(node, exp.Sub), node
    interval = node.expression
    assert isinstance(interval, exp.Interval)
    return back(evaluated(node.this, today), int(interval.name), interval.text("unit").lower())


def span(name: str, today: date) -> Span:
    """Return the days that the condition of a timeframe leaves on a day."""
    tree = parsed(TIMEFRAMES[name].condition("day"))
    low, high = (tree.this, tree.expression) if isinstance(tree, exp.And) else (tree, None)
    assert isinstance(low, exp.GTE)
    assert high is None or isinstance(high, exp.LT)
    assert all(part.this.name == "day" for part in (low, high) if part)
    return evaluated(low.expression, today), evaluated(high.expression, today) if high else None


# Timeframes

THURSDAY = date(2026, 5, 14)
SPANS: dict[str, tuple[str, str | None]] = {
    "yesterday": ("2026-05-13", "2026-05-14"),
    "last_7_days": ("2026-05-07", None),
    "last_14_days": ("2026-04-30", None),
    "last_30_days": ("2026-04-14", None),
    "last_90_days": ("2026-02-13", None),
    "last_12_months": ("2025-05-14", None),
    "this_week": ("2026-05-11", None),
    "last_week": ("2026-05-04", "2026-05-11"),
    "this_month": ("2026-05-01", None),
    "last_month": ("2026-04-01", "2026-05-01"),
    "this_quarter": ("2026-04-01", None),
    "last_quarter": ("2026-01-01", "2026-04-01"),
    "year_to_date": ("2026-01-01", None),
    "last_year": ("2025-01-01", "2026-01-01"),
}


def test_every_timeframe_is_in_the_table() -> None:
    assert tuple(SPANS) == NAMES == tuple(TIMEFRAMES)
    assert VAGUE not in NAMES


@pytest.mark.parametrize("name", NAMES)
def test_the_condition_leaves_the_days_that_the_name_says(name: str) -> None:
    start, end = SPANS[name]
    assert span(name, THURSDAY) == (date.fromisoformat(start), date.fromisoformat(end) if end else None)


@pytest.mark.parametrize(
    ("name", "condition"),
    [
        ("last_7_days", "d >= current_date - interval '7 day'"),
        ("this_week", "d >= date_trunc('week', current_date)"),
        (
            "last_year",
            "d >= date_trunc('year', current_date) - interval '1 year' and d < date_trunc('year', current_date)",
        ),
    ],
)
def test_a_condition_is_rolling_or_running_or_over(name: str, condition: str) -> None:
    assert TIMEFRAMES[name].condition("d") == condition


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("column", ["order_date", "l.order_date"])
def test_a_condition_is_about_its_column_alone(column: str, name: str) -> None:
    tree = parsed(TIMEFRAMES[name].condition(column))
    assert {one.sql() for one in tree.find_all(exp.Column)} == {column}


DAYS = st.dates(date(2019, 1, 1), date(2034, 12, 31))


@given(DAYS)
@example(date(2024, 2, 29))
@example(date(2024, 3, 31))
@example(date(2026, 1, 1))
@example(date(2027, 1, 4))
@example(date(2025, 12, 31))
def test_a_timeframe_ends_before_today_or_goes_on(today: date) -> None:
    for name in NAMES:
        start, end = span(name, today)
        assert start <= today
        assert (end is None) is not (TIMEFRAMES[name].count > 0 and not TIMEFRAMES[name].rolling)
        assert end is None or start < end <= today


# What figures over a period add up to

EVERY_DAY = [date(2023, 12, 1) + timedelta(days=number) for number in range(800)]


def adds_up(name: str, period: str, today: date) -> bool:
    """Return whether a timeframe begins and ends where a period does."""
    return all(edge is None or edge == first(period, edge) for edge in span(name, today))


@given(DAYS, st.sampled_from(["day", "week", "month", "quarter", "year"]))
def test_a_period_serves_only_spans_that_it_adds_up_to(today: date, period: model.Period) -> None:
    for name in served_by(period):
        assert adds_up(name, period, today), name


@pytest.mark.parametrize("period", PERIODS)
def test_a_period_serves_every_span_that_it_always_adds_up_to(period: model.Period) -> None:
    always = [name for name in NAMES if all(adds_up(name, period, today) for today in EVERY_DAY)]
    assert sorted(served_by(period)) == sorted(always)


@pytest.mark.parametrize("period", [None, "hour", "day"])
def test_single_facts_and_days_serve_every_span(period: model.Period | None) -> None:
    assert served_by(period) == NAMES


def test_every_period_serves_something() -> None:
    for period in model.schema("dataset")["properties"]["grain"]["properties"]["period"]["enum"]:
        assert served_by(period)
        assert {*served_by(period)} <= {*NAMES}


def test_what_is_past_always_ends_before_the_running_quarter_and_nothing_else_does() -> None:
    def is_past(name: str) -> bool:
        ends = ((span(name, today)[1], first("quarter", today)) for today in EVERY_DAY)
        return all(end is not None and end <= quarter for end, quarter in ends)

    assert [name for name in NAMES if is_past(name)] == [*PAST]
    assert tuple(name for name in NAMES if TIMEFRAMES[name].past) == PAST


def test_long_spans_outlast_a_quarter_once_they_are_over() -> None:
    for name in LONG:
        start, end = span(name, date(2026, 12, 31))
        assert ((end or date(2026, 12, 31)) - start).days >= 90


# Queries

ORDERS = model.Dataset(
    name="fct_orders",
    domain="orders",
    layer="mart",
    owner=None,
    columns=[
        model.Column(name="order_id", type="string"),
        model.Column(name="order_date", type="date"),
        model.Column(name="loaded_at", type="timestamp"),
        model.Column(name="region", type="string"),
        model.Column(name="net_revenue", type="decimal"),
    ],
)
DATELESS = replace(
    ORDERS, name="dim_shops", columns=[column for column in ORDERS.columns if column.type not in DATE_TYPES]
)
YTD = TIMEFRAMES["year_to_date"]
REVENUE = Figure("net_revenue")
MEAN = Figure("net_revenue", "avg")


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        (sql.total(ORDERS, REVENUE, None, None), "select sum(net_revenue) as net_revenue from fct_orders"),
        (
            sql.total(ORDERS, MEAN, "region", YTD),
            "select region, avg(net_revenue) as net_revenue from fct_orders"
            " where order_date >= date_trunc('year', current_date) group by region order by net_revenue desc",
        ),
        (
            sql.total(ORDERS, REVENUE, "region", None, 5),
            "select region, sum(net_revenue) as net_revenue from fct_orders"
            " group by region order by net_revenue desc limit 5",
        ),
        (
            sql.by_period(ORDERS, REVENUE, "month", YTD),
            "select date_trunc('month', order_date) as month, sum(net_revenue) as net_revenue from fct_orders"
            " where order_date >= date_trunc('year', current_date) group by 1 order by 1",
        ),
        (
            sql.joined(ORDERS, "dim_shops", "shop_id", MEAN, "format", YTD),
            "select r.format, avg(l.net_revenue) as net_revenue from fct_orders as l"
            " join dim_shops as r on l.shop_id = r.shop_id"
            " where l.order_date >= date_trunc('year', current_date) group by r.format",
        ),
        (
            sql.since(ORDERS, "loaded_at", REVENUE, YTD),
            "select sum(net_revenue) as net_revenue from fct_orders"
            " where loaded_at >= date_trunc('year', current_date)",
        ),
        (
            sql.total(DATELESS, REVENUE, "region", YTD),
            "select region, sum(net_revenue) as net_revenue from dim_shops group by region order by net_revenue desc",
        ),
        (sql.by_period(DATELESS, MEAN, "month", YTD), "select avg(net_revenue) as net_revenue from dim_shops"),
        (
            sql.joined(DATELESS, "dim_towns", "town_id", REVENUE, "region", YTD),
            "select r.region, sum(l.net_revenue) as net_revenue from dim_shops as l"
            " join dim_towns as r on l.town_id = r.town_id group by r.region",
        ),
    ],
)
def test_a_query_says_what_is_asked_and_takes_the_first_date(query: str, expected: str) -> None:
    assert query == expected


@cache
def places(scenario: str) -> Mapping[str, Place]:
    """Return some datasets of a scenario."""
    vocabulary = load_vocabulary(scenario)
    domains = vocabulary.domains(None)
    named = [domain.name for domain in domains]
    catalog = {"domains": named, "mart_tables": 24, "staging_tables": 24}
    config = packs.config({"scenario": scenario, "catalog": catalog})
    staff = hire(config, vocabulary.scenario, named, 7)
    made = build_warehouse(config, vocabulary, domains, staff, clock.parse("2026-05-14T00:00:00Z"), 7)
    return {place.name: place for place in made}


def columns(dataset: model.Dataset) -> set[str]:
    return {column.name for column in dataset.columns}


def over_time() -> Iterator[Timeframe | None]:
    return itertools.cycle([None, *TIMEFRAMES.values()])


def asked(scenario: str) -> Iterator[tuple[model.Dataset, Figure, str, Timeframe | None]]:
    """Yield a figure and a dimension of each dataset that has both, over timeframes in turn."""
    for place, timeframe in zip(places(scenario).values(), over_time(), strict=False):
        measures = [name for name in place.entity.measures if name in columns(place.dataset)]
        dimensions = [name for name in place.entity.dimensions if name in columns(place.dataset)]
        if measures and dimensions:
            yield place.dataset, Figure(measures[-1], "avg"), dimensions[-1], timeframe


Query: TypeAlias = Callable[[model.Dataset, Figure, str, Timeframe | None], str]
QUERIES: dict[str, Query] = {
    "a total": lambda dataset, figure, _, timeframe: sql.total(dataset, figure, None, timeframe),
    "a total by a dimension": sql.total,
    "the first by a dimension": lambda dataset, figure, by, timeframe: sql.total(dataset, figure, by, timeframe, 3),
    "by a period": lambda dataset, figure, _, timeframe: sql.by_period(dataset, figure, "quarter", timeframe),
    "since": lambda dataset, figure, by, timeframe: sql.since(dataset, by, figure, timeframe or YTD),
}


@pytest.mark.parametrize("scenario", scenario_names())
@pytest.mark.parametrize("query", QUERIES.values(), ids=QUERIES)
def test_every_query_parses_and_names_the_dataset_and_its_columns_alone(query: Query, scenario: str) -> None:
    cases = list(asked(scenario))
    assert len(cases) > 30
    for dataset, figure, dimension, timeframe in cases:
        tree = sqlglot.parse_one(query(dataset, figure, dimension, timeframe), dialect=DIALECT)
        assert isinstance(tree, exp.Select)
        assert [table.sql() for table in tree.find_all(exp.Table)] == [dataset.name]
        assert {figure.measure} <= {one.sql() for one in tree.find_all(exp.Column)} <= columns(dataset)
        assert [one.this.name for one in tree.find_all(exp.Avg)] == [figure.measure]
        dated = any(column.type in DATE_TYPES for column in dataset.columns) and timeframe is not None
        assert (tree.args.get("where") is not None) is (dated or query is QUERIES["since"])


@pytest.mark.parametrize("scenario", scenario_names())
def test_every_join_parses_and_names_columns_of_the_side_that_has_them(scenario: str) -> None:
    keys = [(place, key) for place in places(scenario).values() for key in place.dataset.foreign_keys or ()]
    assert len(keys) > 10
    for (place, key), timeframe in zip(keys, over_time(), strict=False):
        left, right = place.dataset, places(scenario)[key.references]
        dimension = next(name for name in right.entity.dimensions if name in columns(right.dataset))
        figure = Figure(next(name for name in place.entity.measures if name in columns(left)))
        text = sql.joined(left, right.name, key.columns[0], figure, dimension, timeframe)
        tree = sqlglot.parse_one(text, dialect=DIALECT)
        assert {table.alias: table.name for table in tree.find_all(exp.Table)} == {"l": left.name, "r": right.name}
        homes = {"l": columns(left), "r": columns(right.dataset)}
        assert all(column.name in homes[column.table] for column in tree.find_all(exp.Column)), text
