"""What the query bot itself tells of a query, for where the text names nothing: the tables, columns and SQL it made."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from typing import Final

from datagap import model
from datagap.catalog import Catalog
from datagap.pack.checks.statement import Statement, read_statement

REMEMBERED: Final = 8192
"""Statements that are kept in mind, so that each is parsed once."""
_NOTHING: Final = Statement((), ())


class Telemetry:
    """Reads the telemetry of queries, by the datasets of a catalog. The bot's own guesses at gaps are not read."""

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog
        self._statement = lru_cache(maxsize=REMEMBERED)(_parsed)

    def datasets(self, query: model.NlQuery) -> tuple[str, ...]:
        """Return the datasets that the bot considered or queried."""
        return self._known(query.tables or (self.statement(query.parsed_sql).tables if query.parsed_sql else ()))

    def columns(self, query: model.NlQuery) -> tuple[str, ...]:
        """Return the dimensions and metrics that the bot recognised."""
        return tuple(dict.fromkeys((*(query.dims or ()), *(query.metrics or ()))))

    def statement(self, sql: str) -> Statement:
        """Return what a statement uses; nothing, if it cannot be parsed."""
        return self._statement(sql)

    def tables(self, sql: str) -> tuple[str, ...]:
        """Return the datasets of the catalog that a statement uses."""
        return self._known(self.statement(sql).tables)

    def _known(self, names: Iterable[str]) -> tuple[str, ...]:
        known = self._catalog.by_name
        found = (name if name in known else name.rpartition(".")[2] for name in names)
        return tuple(dict.fromkeys(name for name in found if name in known))


def _parsed(sql: str) -> Statement:
    try:
        return read_statement(sql)
    except ValueError:  # it says why, which is for those who check packs
        return _NOTHING
