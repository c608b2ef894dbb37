"""Check the events: each by itself, then threads and references."""

from __future__ import annotations

import hashlib
from array import array
from collections.abc import Iterator, Mapping
from functools import cached_property, partial
from typing import Any, Final, TypeAlias

from datagap import clock, model
from datagap.pack import layout
from datagap.pack.checks import rule
from datagap.pack.checks.catalog import CatalogIndex
from datagap.pack.checks.finding import Hint
from datagap.pack.checks.intake import Intake
from datagap.pack.checks.statement import read_statement
from datagap.problem import did_you_mean, show

_CHANNELS: Final[tuple[model.Channel, ...]] = tuple(layout.EVENT_FILES)
_DAYS: Final[int] = model.schema("config")["properties"]["time_window_days"]["default"]
_EARLIEST: Final = clock.parse("0001-01-01T00:00:00Z")
_Breach: TypeAlias = tuple[rule.Rule, str, Hint]
"""A rule, what breaks it, and a hint."""


class EventIndex:
    """What checks across files need to know of each event, in columns. An event's row is its index in them."""

    def __init__(self, intake: Intake, catalog: CatalogIndex, manifest: Mapping[str, Any] | None) -> None:
        """Check the events of every channel, in the order of the files."""
        self._intake = intake
        self._found = intake.found
        self._catalog = catalog
        self._window = None if manifest is None else _window(manifest)
        self._actors: dict[str, str] = {}
        self._threads: dict[str, str] = {}
        """One object for each name, of which there are many times fewer than uses."""
        self._queries: list[tuple[int, str]] = []
        """Rows of messages that refer to a query, and the query."""
        self._statements = _Statements(catalog)
        self.row: dict[str, int] = {}
        """Rows by event id."""
        self.when: list[str] = []
        self.actor: list[str] = []
        self.thread: list[str | None] = []
        """Thread that an event names; None for queries."""
        self._line = array("q")
        self._channel = bytearray()
        for number, channel in enumerate(_CHANNELS):
            file, start = layout.EVENT_FILES[channel], len(self.when)
            self._read(number, file)
            self._check_threads(start, file)
        for row, query in self._queries:
            self._check_reference(row, query)

    @property
    def whole(self) -> bool:
        """Return whether every event was read."""
        return self._intake.partly.isdisjoint(layout.EVENT_FILES.values())

    def channel(self, row: int) -> model.Channel:
        """Return the channel of an event."""
        return _CHANNELS[self._channel[row]]

    def place(self, row: int) -> tuple[str, int]:
        """Return file and line of an event."""
        return layout.EVENT_FILES[self.channel(row)], self._line[row]

    def _read(self, number: int, file: str) -> None:
        channel = _CHANNELS[number]
        found, rows, window, known, opened = self._found, self.row, self._window, self._actors, self._threads
        whens, actors, threads, lines, channels = self.when, self.actor, self.thread, self._line, self._channel
        previous = ("", "")
        for line, event in self._intake.lines(file, layout.EVENT_RECORDS[channel]):
            when, event_id, actor = event["when"], event["id"], event["actor"]
            if event_id in rows:
                message = "{} is taken by {}:{}".format(show(event_id), *self.place(rows[event_id]))
                found.report(rule.DUPLICATE, file, message, line=line, pointer="/id")
                continue
            rows[event_id] = len(whens)
            whens.append(when)
            lines.append(line)
            channels.append(number)
            if actor not in known:
                self._check_actor(file, line, actor)
            actors.append(known.setdefault(actor, actor))
            thread = event.get("thread_id")
            threads.append(None if thread is None else opened.setdefault(thread, thread))
            if (when, event_id) < previous:
                found.report(
                    rule.FILE_ORDER, file, "comes after a later event", line=line, hint="sort by when, then id"
                )
            previous = (when, event_id)
            if window and not window[0] <= when <= window[1]:
                message = f"{when} is outside the pack's {window[0]} to {window[1]}"
                found.report(rule.WINDOW, file, message, line=line, pointer="/when")
            if channel == "nlq":
                if event["outcome"] == "answered":
                    self._check_answered(file, line, event)
            elif event.get("referenced_query_id") is not None:
                self._queries.append((len(whens) - 1, event["referenced_query_id"]))

    def _check_actor(self, file: str, line: int, actor: str) -> None:
        """Report somebody who is not among the people, at what they write first."""
        people = self._catalog.people
        if (
            people
            and actor not in people
            and self._catalog.covers("people")
            and layout.PEOPLE not in self._intake.partly
        ):
            message = f"{show(actor)} is nobody of {layout.PEOPLE}"
            hint = partial(did_you_mean, actor, people)
            self._found.report(rule.REFERENCE, file, message, line=line, pointer="/actor", hint=hint)

    def _check_answered(self, file: str, line: int, query: Mapping[str, Any]) -> None:
        if not self._catalog.covers("datasets"):
            return
        for place, name in enumerate(query.get("tables") or ()):
            if name not in self._catalog.place:
                message = f"an answered query uses {show(name)}, which is no dataset of the catalog"
                hint = partial(self._catalog.nearest, name)
                self._found.report(rule.TABLE, file, message, line=line, pointer=f"/tables/{place}", hint=hint)
        if query.get("parsed_sql") and self._found.wants(rule.TABLE, rule.COLUMN, rule.SQL):
            for broken, message, advice in self._statements.breaches(query["parsed_sql"]):
                self._found.report(broken, file, message, line=line, pointer="/parsed_sql", hint=advice)

    def _check_threads(self, start: int, file: str) -> None:
        """Report messages from a row on whose thread is not there, and threads that do not run forward in time."""
        end = len(self.when)
        latest: dict[str, int] = {}
        for row in range(start, end):
            thread = self.thread[row]
            opener = row if thread is None else self.row.get(thread)
            if opener == row or thread is None:
                continue
            if opener is None and file in self._intake.partly:
                continue
            if opener is None or not start <= opener < end:
                message = f"{show(thread)} is no message of this file"
                self._found.report(rule.REFERENCE, file, message, line=self._line[row], pointer="/thread_id")
                continue
            before = latest.get(thread, opener)
            latest[thread] = row
            if opener > row:
                message = f"stands before the message that opens its thread ({file}:{self._line[opener]})"
            elif self.when[before] > self.when[row]:
                message = f"is earlier than what stands before it in its thread ({file}:{self._line[before]})"
            else:
                continue
            self._found.report(rule.THREAD_ORDER, file, message, line=self._line[row], pointer="/when")

    def _check_reference(self, row: int, query: str) -> None:
        queries = layout.EVENT_FILES["nlq"]
        target = self.row.get(query)
        if target is None and queries in self._intake.partly:
            return
        if target is None or self.channel(target) != "nlq":
            file, line = self.place(row)
            message = f"{show(query)} is no query of this pack"
            self._found.report(rule.REFERENCE, file, message, line=line, pointer="/referenced_query_id")


def _window(manifest: Mapping[str, Any]) -> tuple[str, str]:
    """Return the first and the last instant that an event may have."""
    now: str = manifest["generated_at"]
    days = manifest["config_echo"].get("time_window_days", _DAYS)
    return clock.render(max(_EARLIEST, clock.parse(now) - days * clock.DAY)), now


class _Statements:
    """SQL held against a catalog, each distinct statement once."""

    def __init__(self, catalog: CatalogIndex) -> None:
        self._catalog = catalog
        self._known: dict[bytes, tuple[_Breach, ...]] = {}
        """What is wrong with the statements so far, by their digest."""
        self._columns: dict[str, frozenset[str]] = {}

    def breaches(self, sql: str) -> tuple[_Breach, ...]:
        key = hashlib.blake2b(sql.encode(), digest_size=16).digest()
        if key not in self._known:
            self._known[key] = tuple(self._breaches(sql))
        return self._known[key]

    def _breaches(self, sql: str) -> Iterator[_Breach]:
        try:
            statement = read_statement(sql)
        except ValueError as reason:
            yield rule.SQL, str(reason), ""
            return
        columns = {name: self._columns_of(name) for name in statement.tables}
        for name, known in columns.items():
            if known is None:
                message = f"an answered query uses {show(name)}, which is no dataset of the catalog"
                yield rule.TABLE, message, partial(self._catalog.nearest, name)
        if self._catalog.covers("columns"):
            yield from self._unknown(statement.columns, columns)

    def _unknown(
        self, used: tuple[tuple[str, str | None], ...], columns: Mapping[str, frozenset[str] | None]
    ) -> Iterator[_Breach]:
        for column, owner in used:
            tables = [owner] if owner is not None else list(columns)
            known = [columns[table] for table in tables]
            if tables and not any(names is None or column in names for names in known):
                message = f"an answered query uses {show(column)}, which is no column of {' or '.join(tables)}"
                yield rule.COLUMN, message, partial(did_you_mean, column, frozenset().union(*filter(None, known)))

    @cached_property
    def _folded(self) -> Mapping[str, str]:
        """Names of the datasets by their lower case."""
        return {name.lower(): name for name in self._catalog.place}

    def _columns_of(self, table: str) -> frozenset[str] | None:
        """Return the columns of a table, in lower case; None if the catalog does not have it."""
        if table not in self._columns:
            name = next((name for name in (table, table.rpartition(".")[2]) if name in self._folded), None)
            if name is None:
                return None
            self._columns[table] = frozenset(map(str.lower, self._catalog.columns[self._folded[name]]))
        return self._columns[table]
