"""Read a JSON array from a file an entry at a time."""

from __future__ import annotations

import re
from collections.abc import Iterator
from io import BufferedReader
from pathlib import Path
from typing import Final, NamedTuple

from datagap.pack import source
from datagap.pack.document import BOM, SPACE, TEXT, JsonError, parse_json
from datagap.pack.source import BOM_REASON, DocumentError, open_file, syntax_problem, unreadable
from datagap.problem import Problem

_FLAT: Final = rb'[^"\[\]{}]*+(?:' + TEXT + rb'[^"\[\]{}]*+)*+'
"""What may stand between two brackets."""
_TO_BRACKET: Final = re.compile(_FLAT + rb"[\[\]{}]", re.DOTALL)
_TO_COMMA: Final = re.compile(rb'[^"\[\]{},]*+(?:' + TEXT + rb'[^"\[\]{},]*+)*+[\[\]{},]', re.DOTALL)


def _nested(depth: int) -> bytes:
    """Return a pattern for brackets that are balanced and at most so deep, whatever their kinds are."""
    inside = _FLAT if depth == 1 else _FLAT + rb"(?:" + _nested(depth - 1) + _FLAT + rb")*+"
    return rb"[\[{]" + inside + rb"[\]}]"


_ENTRY: Final = re.compile(rb"[ \t\r\n]*+" + _nested(4) + rb"[ \t\r\n]*+[,\]]", re.DOTALL)
"""An entry as entries mostly are, which is many times faster than to go from bracket to bracket."""


class Item(NamedTuple):
    """An entry of a JSON array in a file."""

    place: int
    """Place in the array, from 0."""
    line: int
    """Line in the file on which it begins, from 1."""
    value: object | Problem
    """The strict JSON value, or the problem that the entry has."""
    content: bytes = b""
    """The bytes of the entry."""


def json_items(folder: Path, file: str) -> Iterator[Item]:
    """Yield the entries of the JSON array in a file, which is never in memory as a whole.

    Raises DocumentError for a file that holds something else than an array.
    """
    with open_file(folder, file) as stream:
        try:
            for place, line, content in _Splitter(folder, file, stream).items():
                if isinstance(content, Problem):
                    yield Item(place, line, content)
                    continue
                try:
                    yield Item(place, line, parse_json(content), content)
                except JsonError as reason:
                    yield Item(place, line, syntax_problem(file, line + reason.line - 1, str(reason)), content)
        except OSError as error:
            raise unreadable(error, folder / file) from error


class _Splitter:
    """What splits an array into the bytes of its entries, a block at a time."""

    def __init__(self, folder: Path, file: str, stream: BufferedReader) -> None:
        self._folder = folder
        self._file = file
        self._stream = stream
        self._bytes = b""
        self._start = 0
        """Where in the bytes the entry begins that is being read."""
        self._end = 0
        """How far its brackets are counted."""
        self._line = 1
        """Line of the start."""

    def items(self) -> Iterator[tuple[int, int, bytes | Problem]]:
        self._open_array()
        place, depth = 0, 1
        while depth:
            match = _ENTRY.match(self._bytes, self._end) if self._end == self._start else None
            match = match or (_TO_BRACKET if depth > 1 else _TO_COMMA).match(self._bytes, self._end)
            if match is None:
                if problem := self._read_on():
                    yield place, problem.line or 1, problem
                    return
                continue
            self._end = match.end()
            mark = self._bytes[self._end - 1 : self._end]
            depth += (mark in b"[{") - (mark in b"]}")
            if depth == 0 or (depth == 1 and mark == b","):
                line, content = self._take()
                if content or depth or place:
                    yield place, line, content
                    place += 1
        if problem := self._after():
            yield place, problem.line or 1, problem

    def _open_array(self) -> None:
        """Read up to and with the opening bracket."""
        while not (found := self._bytes.lstrip(SPACE)):
            if not self._more():
                raise self._error("is empty where JSON is expected")
        if not found.startswith(b"["):
            utf_16 = found.startswith((b"\xff", b"\xfe"))
            other = "is not valid UTF-8 (byte 1)" if utf_16 else "expected an array of records"
            raise self._error(BOM_REASON if found.startswith(BOM) else other)
        self._end = len(self._bytes) - len(found) + 1
        self._take()

    def _error(self, message: str) -> DocumentError:
        return DocumentError(message, where=self._folder / self._file, line=self._line)

    def _more(self) -> bool:
        """Read another block in place of what is done with; return whether there was one."""
        block = self._stream.read(source.BLOCK)
        self._bytes = self._bytes[self._start :] + block
        self._end -= self._start
        self._start = 0
        return bool(block)

    def _take(self) -> tuple[int, bytes]:
        """Return the bytes of the entry, stripped, with their line, and go on behind the mark that ended it."""
        taken = self._bytes[self._start : self._end - 1]
        content = taken.lstrip(SPACE)
        line = self._line + taken.count(b"\n", 0, len(taken) - len(content))
        self._line += taken.count(b"\n")
        self._start = self._end
        return line, content.rstrip(SPACE)

    def _read_on(self) -> Problem | None:
        """Read more of an entry; return the problem if there is no more or the entry is too long."""
        if len(self._bytes) - self._start <= source.MAX_LINE:
            return None if self._more() else syntax_problem(self._file, self._first_line(), "ends within its array")
        message = f"has an entry longer than {source.MAX_LINE >> 20} MiB, and the rest is not read"
        return syntax_problem(self._file, self._first_line(), message)

    def _first_line(self) -> int:
        """Return the line on which the first bytes stand that are no space."""
        taken = self._bytes[self._start :]
        return self._line + taken.count(b"\n", 0, len(taken) - len(taken.lstrip(SPACE)))

    def _after(self) -> Problem | None:
        """Return the problem if something stands behind the array."""
        self._end = self._start
        while not self._bytes[self._start :].strip(SPACE):
            self._line += self._bytes.count(b"\n", self._start)
            self._start = self._end = len(self._bytes)
            if not self._more():
                return None
        return syntax_problem(self._file, self._first_line(), "has something behind its array")
