"""Parse untrusted JSON, JSON lines and CSV strictly, in bounded memory, from regular files alone."""

from __future__ import annotations

import csv
import hashlib
import json
import os
import re
import stat
from collections.abc import Iterator
from io import BufferedReader, FileIO
from pathlib import Path, PurePosixPath
from typing import Final, NamedTuple

import orjson

from datagap.errors import DatagapError, system_reason
from datagap.problem import Problem, show

PARSE_CODE: Final = "DG002"
MAX_LINE: Final = 16 << 20
"""Longest line, and longest entry of a list, that is read, in bytes."""
MAX_DOCUMENT: Final = 64 << 20
"""Longest file that is read whole, in bytes."""
_BLOCK: Final = 1 << 20
_BOM: Final = b"\xef\xbb\xbf"
_BOM_REASON: Final = "starts with a byte order mark; save it as UTF-8 without one"
_SPACE: Final = b" \t\r\n"
_QUIET_OPEN: Final = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
"""Flags with which neither a link nor a pipe that took the file's place is waited for."""

_TEXT: Final = rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"'
_KEY: Final = re.compile(_TEXT + rb"(?:[ \t\r\n]*+(:))?", re.DOTALL)
"""A text, and a colon behind it if it is a key."""
_TO_BRACKET: Final = re.compile(rb'[^"\[\]{}]*+(?:' + _TEXT + rb'[^"\[\]{}]*+)*+[\[\]{}]', re.DOTALL)
_TO_COMMA: Final = re.compile(rb'[^"\[\]{},]*+(?:' + _TEXT + rb'[^"\[\]{},]*+)*+[\[\]{},]', re.DOTALL)


class DocumentError(DatagapError):
    """Report a file that cannot be read or parsed; `line` is where, if that can be said."""

    line: int | None = None


class JsonError(ValueError):
    """Say why bytes are not strict JSON, and on which line of them, counted from 1."""

    def __init__(self, reason: str, line: int = 1) -> None:
        super().__init__(reason)
        self.line = line


def regular(folder: Path, file: str) -> int:
    """Return the size of a file in `folder` in bytes; raise DocumentError if it is no regular file in there.

    Neither the file nor a folder on the way to it may be a link, so that nothing outside `folder` is read.
    """
    path = folder
    try:
        status = path.stat()
        for part in PurePosixPath(file).parts:
            path = path / part
            status = path.lstat()
            if stat.S_ISLNK(status.st_mode):
                break
    except (OSError, ValueError) as error:
        reason = system_reason(error) if isinstance(error, OSError) else str(error)
        raise DocumentError(f"is missing or cannot be read ({reason})", where=str(folder / file)) from error
    if not stat.S_ISREG(status.st_mode):
        raise DocumentError("is not a regular file", where=str(folder / file), hint="put the file itself there")
    return status.st_size


def _open(folder: Path, file: str) -> BufferedReader:
    """Open a regular file of `folder`."""
    regular(folder, file)
    path = folder / file
    try:
        descriptor = os.open(path, os.O_RDONLY | _QUIET_OPEN)
        if stat.S_ISREG(os.fstat(descriptor).st_mode):
            return BufferedReader(FileIO(descriptor), _BLOCK)
        os.close(descriptor)
    except OSError as error:
        raise _unreadable(error, path) from error
    raise DocumentError("is not a regular file", where=str(path), hint="put the file itself there")


def _unreadable(error: OSError, path: Path) -> DocumentError:
    return DocumentError(f"cannot be read ({system_reason(error)})", where=str(path))


def read_bytes(folder: Path, file: str) -> bytes:
    """Return the content of a file in `folder`; raise DocumentError if there is none, or more than MAX_DOCUMENT."""
    path = folder / file
    with _open(folder, file) as stream:
        try:
            content = stream.read(MAX_DOCUMENT + 1)
        except OSError as error:
            raise _unreadable(error, path) from error
    if len(content) > MAX_DOCUMENT:
        raise DocumentError(f"is longer than {MAX_DOCUMENT >> 20} MiB", where=str(path))
    return content


def digest(folder: Path, file: str) -> str:
    """Return the SHA-256 of a file in `folder`."""
    with _open(folder, file) as stream:
        try:
            return hashlib.file_digest(stream, "sha256").hexdigest()
        except OSError as error:
            raise _unreadable(error, folder / file) from error


def parse_json(content: bytes) -> object:
    """Return the value of strict JSON; raise JsonError for anything else.

    Strict means UTF-8 without a byte order mark, no NaN or infinity, and no key twice in an object.
    """
    try:
        value: object = orjson.loads(content)
    except orjson.JSONDecodeError as error:
        raise _why_not_json(content, error) from error
    try:
        canonical = orjson.dumps(value, option=orjson.OPT_SORT_KEYS)
    except orjson.JSONEncodeError as error:
        raise JsonError("is nested too deeply") from error
    if canonical != content.rstrip(b"\r\n") and _KEY.findall(content).count(b":") != _count_keys(value):
        raise _twice(content)
    return value


def _count_keys(value: object) -> int:
    if isinstance(value, list):
        return sum(_count_keys(part) for part in value if isinstance(part, dict | list))
    if not isinstance(value, dict):
        return 0
    return len(value) + sum(_count_keys(part) for part in value.values() if isinstance(part, dict | list))


def _why_not_json(content: bytes, error: orjson.JSONDecodeError) -> JsonError:
    if content.startswith(_BOM):
        return JsonError(_BOM_REASON)
    if not content.strip(_SPACE):
        return JsonError("is empty where JSON is expected")
    try:
        rest = content.decode()[error.pos :]
    except UnicodeDecodeError as undecodable:
        line = content.count(b"\n", 0, undecodable.start) + 1
        column = undecodable.start - content.rfind(b"\n", 0, undecodable.start)
        return JsonError(f"is not valid UTF-8 (byte {column})", line)
    for name in ("NaN", "Infinity"):
        if rest.lstrip("-").startswith(name):
            return JsonError(f"has {name}, which is not JSON; use null", error.lineno)
    return JsonError(f"is not valid JSON (column {error.colno}: {error.msg.split(': line')[0]})", error.lineno)


def _twice(content: bytes) -> JsonError:
    """Return what is to be said of JSON that has a key twice in one object."""

    def find(pairs: list[tuple[str, object]]) -> None:
        seen = set()
        for key, _ in pairs:
            if key in seen:
                raise JsonError(f"has the key {show(key)} twice in one object; keep one")
            seen.add(key)

    try:
        json.loads(content, object_pairs_hook=find)
    except JsonError as error:
        return error
    raise AssertionError(content[:MAX_LINE])


def read_json(folder: Path, file: str) -> object:
    """Return the strict JSON value in a file of `folder`; raise DocumentError if it holds none."""
    try:
        return parse_json(read_bytes(folder, file))
    except JsonError as reason:
        error = DocumentError(str(reason), where=f"{folder / file}:{reason.line}")
        error.line = reason.line
        raise error from reason


def json_lines(folder: Path, file: str) -> Iterator[tuple[int, object | Problem]]:
    """Yield, line by line from 1, the strict JSON value or the problem that the line has."""
    for number, line in _lines(folder, file):
        if isinstance(line, Problem):
            yield number, line
            continue
        try:
            yield number, parse_json(line)
        except JsonError as reason:
            yield number, _problem(file, number, str(reason))


def _lines(folder: Path, file: str) -> Iterator[tuple[int, bytes | Problem]]:
    """Yield, line by line from 1, the bytes with their line end, or the problem that the line is too long."""
    with _open(folder, file) as stream:
        number = 0
        try:
            while line := stream.readline(MAX_LINE + 1):
                number += 1
                if len(line) <= MAX_LINE:
                    yield number, line
                    continue
                yield number, _problem(file, number, f"is longer than {MAX_LINE >> 20} MiB")
                while line and not line.endswith(b"\n"):
                    line = stream.readline(MAX_LINE + 1)
        except OSError as error:
            raise _unreadable(error, folder / file) from error


def _problem(file: str, line: int, message: str) -> Problem:
    return Problem(code=PARSE_CODE, file=file, line=line, message=message)


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
    with _open(folder, file) as stream:
        try:
            for place, line, content in _Splitter(folder, file, stream).items():
                if isinstance(content, Problem):
                    yield Item(place, line, content)
                    continue
                try:
                    yield Item(place, line, parse_json(content), content)
                except JsonError as reason:
                    yield Item(place, line, _problem(file, line + reason.line - 1, str(reason)), content)
        except OSError as error:
            raise _unreadable(error, folder / file) from error


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
            match = (_TO_BRACKET if depth > 1 else _TO_COMMA).match(self._bytes, self._end)
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
        while not (found := self._bytes.lstrip(_SPACE)):
            if not self._more():
                raise self._error("is empty where JSON is expected")
        if not found.startswith(b"["):
            raise self._error(_BOM_REASON if found.startswith(_BOM) else "expected an array of records")
        self._end = len(self._bytes) - len(found) + 1
        self._take()

    def _error(self, message: str) -> DocumentError:
        error = DocumentError(message, where=f"{self._folder / self._file}:{self._line}")
        error.line = self._line
        return error

    def _more(self) -> bool:
        """Read another block in place of what is done with; return whether there was one."""
        block = self._stream.read(_BLOCK)
        self._bytes = self._bytes[self._start :] + block
        self._end -= self._start
        self._start = 0
        return bool(block)

    def _take(self) -> tuple[int, bytes]:
        """Return the bytes of the entry, stripped, with their line, and go on behind the mark that ended it."""
        taken = self._bytes[self._start : self._end - 1]
        content = taken.lstrip(_SPACE)
        line = self._line + taken.count(b"\n", 0, len(taken) - len(content))
        self._line += taken.count(b"\n")
        self._start = self._end
        return line, content.rstrip(_SPACE)

    def _read_on(self) -> Problem | None:
        """Read more of an entry; return the problem if there is no more or the entry is too long."""
        if len(self._bytes) - self._start <= MAX_LINE:
            return None if self._more() else _problem(self._file, self._first_line(), "ends within its array")
        message = f"has an entry longer than {MAX_LINE >> 20} MiB, and the rest is not read"
        return _problem(self._file, self._first_line(), message)

    def _first_line(self) -> int:
        """Return the line on which the first bytes stand that are no space."""
        taken = self._bytes[self._start :]
        return self._line + taken.count(b"\n", 0, len(taken) - len(taken.lstrip(_SPACE)))

    def _after(self) -> Problem | None:
        """Return the problem if something stands behind the array."""
        self._end = self._start
        while not self._bytes[self._start :].strip(_SPACE):
            self._line += self._bytes.count(b"\n", self._start)
            self._start = self._end = len(self._bytes)
            if not self._more():
                return None
        return _problem(self._file, self._first_line(), "has something behind its array")


_TOKEN: Final = re.compile(_TEXT + rb'|[\[\]{},:]|[^\s\[\]{},:"]++', re.DOTALL)


def line_of(content: bytes, pointer: str) -> int:
    """Return the line, from 0, on which the value at a JSON pointer begins in valid JSON.

    Where there is no such value it is that of the nearest value around it. Long content is not searched.
    """
    if len(content) > _BLOCK or b"\n" not in content:
        return 0
    wanted = [part.replace("~1", "/").replace("~0", "~") for part in pointer.split("/")[1:]]
    start, deepest = 0, -1
    for path, place in _values(content):
        if len(path) > deepest and path == wanted[: len(path)]:
            start, deepest = place, len(path)
    return content.count(b"\n", 0, start)


def _values(content: bytes) -> Iterator[tuple[list[str], int]]:
    """Yield every value in valid JSON by its path, with the place where it begins."""
    path: list[str | None] = []
    opened: list[bytes] = []
    for match in _TOKEN.finditer(content):
        token = match[0]
        if token in b"]}":
            del path[-1], opened[-1]
        elif token == b",":
            path[-1] = str(int(path[-1] or 0) + 1) if opened[-1] == b"[" else None
        elif path and path[-1] is None:
            path[-1] = str(orjson.loads(token))
        elif token != b":":
            yield [part or "" for part in path], match.start()
            if token in b"[{":
                path.append("0" if token == b"[" else None)
                opened.append(token)


def read_csv(folder: Path, file: str, columns: tuple[str, ...]) -> Iterator[tuple[int, dict[str, str] | Problem]]:
    """Yield, by line, each row of a CSV file with exactly these columns, or the problem that the line has.

    What is not CSV ends the reading; a row with too few or too many cells does not.
    """
    reader = csv.reader(_texts(folder, file), strict=True)
    try:
        header = next(reader, None)
        if header is None or tuple(header) != columns:
            yield 1, _problem(file, 1, _not_the_header(columns, header))
            return
        for row in reader:
            if len(row) == len(columns):
                yield reader.line_num, dict(zip(columns, row, strict=True))
            else:
                message = f"expected {len(columns)} cells, got {len(row)}"
                yield reader.line_num, _problem(file, reader.line_num, message)
    except csv.Error as error:
        yield reader.line_num, _problem(file, reader.line_num, f"is not valid CSV ({error})")
    except _NoTextError as error:
        yield error.problem.line or 1, error.problem


class _NoTextError(Exception):
    """Carry the problem of a line that is no text out of the CSV reader."""

    def __init__(self, problem: Problem) -> None:
        super().__init__()
        self.problem = problem


def _texts(folder: Path, file: str) -> Iterator[str]:
    for number, line in _lines(folder, file):
        if isinstance(line, Problem):
            raise _NoTextError(line)
        try:
            yield line.decode()
        except UnicodeDecodeError as error:
            message = f"is not valid UTF-8 (byte {error.start + 1})"
            raise _NoTextError(_problem(file, number, message)) from error


def _not_the_header(columns: tuple[str, ...], header: list[str] | None) -> str:
    if header and header[0].startswith("\ufeff"):
        return _BOM_REASON
    got = "an empty file" if header is None else show(",".join(header))
    return f"expected the header {','.join(columns)}, got {got}"
