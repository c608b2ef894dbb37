"""The SQL that the query bot makes of a question."""

from __future__ import annotations

from typing import NamedTuple

from datagap import model
from datagap.synth.timeframe import Timeframe
from datagap.synth.warehouse import DATE_TYPES


class Figure(NamedTuple):
    """A measure and how it is put together over rows."""

    measure: str
    aggregation: model.Aggregation = "sum"

    def of(self, column: str) -> str:
        """Return the expression over a column."""
        return f"{self.aggregation}({column}) as {self.measure}"


def total(
    dataset: model.Dataset,
    figure: Figure,
    dimension: str | None,
    timeframe: Timeframe | None,
    limit: int | None = None,
) -> str:
    """Return the query for a figure of one dataset, by a dimension if one is asked for, the highest first."""
    shown, where = figure.of(figure.measure), _where(_date(dataset), timeframe)
    if dimension is None:
        return " ".join([f"select {shown}", f"from {dataset.name}", *where])
    lines = [f"select {dimension}, {shown}", f"from {dataset.name}", *where]
    lines += [f"group by {dimension}", f"order by {figure.measure} desc"]
    return " ".join(lines) + (f" limit {limit}" if limit else "")


def by_period(dataset: model.Dataset, figure: Figure, period: model.Period, timeframe: Timeframe | None) -> str:
    """Return the query for a figure by a period."""
    day, shown = _date(dataset), figure.of(figure.measure)
    if day is None:
        return " ".join([f"select {shown}", f"from {dataset.name}"])
    lines = [f"select date_trunc('{period}', {day}) as {period}, {shown}", f"from {dataset.name}"]
    return " ".join([*lines, *_where(day, timeframe), "group by 1", "order by 1"])


def joined(
    left: model.Dataset, right: str, key: str, figure: Figure, dimension: str, timeframe: Timeframe | None
) -> str:
    """Return the query for a figure of one dataset by a dimension of another."""
    day = _date(left)
    lines = [
        f"select r.{dimension}, {figure.of(f'l.{figure.measure}')}",
        f"from {left.name} as l",
        f"join {right} as r on l.{key} = r.{key}",
        *_where(f"l.{day}" if day else None, timeframe),
        f"group by r.{dimension}",
    ]
    return " ".join(lines)


def since(dataset: model.Dataset, column: str, figure: Figure, timeframe: Timeframe) -> str:
    """Return the query for a figure where a column, which ought to be a date, lies in a timeframe."""
    return " ".join([f"select {figure.of(figure.measure)}", f"from {dataset.name}", *_where(column, timeframe)])


def _where(column: str | None, timeframe: Timeframe | None) -> list[str]:
    return [f"where {timeframe.condition(column)}"] if column and timeframe else []


def _date(dataset: model.Dataset) -> str | None:
    dates = [column.name for column in dataset.columns if column.type in DATE_TYPES]
    return dates[0] if dates else None
