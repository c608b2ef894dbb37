"""Take in a pack's files record by record; what cannot be read is reported and left out."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from datagap import model
from datagap.pack import layout
from datagap.pack.array import json_items
from datagap.pack.checks import rule
from datagap.pack.checks.finding import Findings
from datagap.pack.document import JsonError, json_lines, line_of, parse_json
from datagap.pack.reader import FRESHNESS_COLUMNS, typed_row
from datagap.pack.source import DocumentError, read_bytes
from datagap.pack.table import read_csv
from datagap.problem import Problem
from datagap.validate import Validator

MOST_BROKEN: Final = 100_000
"""Broken records of a file after which the rest is not read."""


class Intake:
    """The valid records of a pack; the others end up among the findings."""

    def __init__(self, path: Path, validator: Validator, found: Findings) -> None:
        self.path = path
        self.found = found
        self.counts: Counter[str] = Counter()
        """Records by file, the invalid ones included."""
        self.partly: set[str] = set()
        """Files of which something is left out, so that what was not seen there may be in the pack."""
        self._refused: set[str] = set()
        self._broken: Counter[str] = Counter()
        self._validator = validator

    def present(self, file: str) -> bool:
        """Return whether the pack has `file`, whatever it is."""
        return os.path.exists(self.path / file)  # noqa: PTH110 - Path.exists raises where a folder is locked

    def document(self, file: str, record: model.RecordName) -> dict[str, Any] | None:
        """Return the one record that a file holds; None if there is none that is valid."""
        try:
            content = read_bytes(self.path, file)
            value = parse_json(content)
        except DocumentError as error:
            self._refuse(file, error)
        except JsonError as reason:
            self._leave_out(Problem(code=rule.SYNTAX.code, file=file, line=reason.line, message=str(reason)))
        else:
            if self._accept(record, value, file, 1, content=content) and isinstance(value, dict):
                return value
        return None

    def items(self, file: str, record: model.RecordName) -> Iterator[tuple[int, int, dict[str, Any]]]:
        """Yield the valid records of a JSON array, each with its place from 0 and the line that it begins on."""
        self.counts[file] = 0
        try:
            for place, line, value, content in json_items(self.path, file):
                self.counts[file] += bool(content)
                if isinstance(value, Problem):
                    self._leave_out(value)
                elif self._accept(record, value, file, line, f"/{place}", content) and isinstance(value, dict):
                    yield place, line, value
                    continue
                if self._gives_up(file, line):
                    del self.counts[file]
                    return
        except DocumentError as error:
            del self.counts[file]
            self._refuse(file, error)

    def lines(self, file: str, record: model.RecordName) -> Iterator[tuple[int, dict[str, Any]]]:
        """Yield the valid records of a file of JSON lines, each with its line."""
        accepts = self._validator.acceptor(record)
        count = 0
        try:
            for line, value in json_lines(self.path, file):
                count += 1
                if isinstance(value, dict) and accepts(value):
                    yield line, value
                    continue
                if self._gives_up(file, line):
                    return
                if isinstance(value, Problem):
                    self._leave_out(value)
                else:
                    self._explain(record, value, file, line)
        except DocumentError as error:
            self._refuse(file, error)
        else:
            self.counts[file] = count

    def rows(self) -> Iterator[tuple[int, int, dict[str, Any]]]:
        """Yield the valid freshness rows, each with its place from 0 and its line."""
        file, count, whole = layout.FRESHNESS, 0, True
        try:
            for line, row in read_csv(self.path, file, FRESHNESS_COLUMNS):
                count += 1
                if isinstance(row, Problem):
                    self._leave_out(row)
                    whole = False
                elif self._accept("freshness_row", value := typed_row(row), file, line):
                    yield count - 1, line, value
                    continue
                if self._gives_up(file, line):
                    return
        except DocumentError as error:
            self._refuse(file, error)
        else:
            if whole:
                self.counts[file] = count

    def _accept(
        self, record: model.RecordName, value: object, file: str, line: int, under: str = "", content: bytes = b""
    ) -> bool:
        if self._validator.acceptor(record)(value):
            return True
        self._explain(record, value, file, line, under, content)
        return False

    def _explain(
        self, record: model.RecordName, value: object, file: str, line: int, under: str = "", content: bytes = b""
    ) -> None:
        """Report what is wrong with a record; where nothing more is kept it counts as one problem."""
        self.partly.add(file)
        if not self.found.keeps(rule.SCHEMA):
            self.found.report(rule.SCHEMA, file, "breaks its schema", line=line)
            return
        for problem in self._validator.problems(record, value, file, line, under):
            offset = line_of(content, problem.pointer.removeprefix(under))
            self.found.add(replace(problem, line=line + offset))

    def _gives_up(self, file: str, line: int) -> bool:
        """Count a broken record; report, and return, that there are too many of them in a file to read on."""
        self._broken[file] += 1
        if self._broken[file] <= MOST_BROKEN:
            return False
        message = f"has {MOST_BROKEN} broken records, and the rest is not read"
        self._leave_out(Problem(code=rule.SYNTAX.code, file=file, line=line, message=message))
        return True

    def _leave_out(self, problem: Problem) -> None:
        self.partly.add(problem.file)
        self.found.add(problem)

    def refuse(self, file: str, message: str, hint: str = "") -> None:
        """Report, once, a file that is not there or cannot be read."""
        self.partly.add(file)
        if file not in self._refused:
            self._refused.add(file)
            self.found.report(rule.MISSING, file, message, hint=hint)

    def _refuse(self, file: str, error: DocumentError) -> None:
        if error.line is None:
            self.refuse(file, error.message, error.hint)
            return
        self.partly.add(file)
        self.found.report(rule.SYNTAX, file, error.message, line=error.line)
