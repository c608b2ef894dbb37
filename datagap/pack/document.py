"""Parse untrusted JSON, JSON lines and CSV strictly, in bounded memory."""

from __future__ import annotations

import csv
import hashlib
import json
import stat
from collections.abc import Iterator
from io import StringIO
from pathlib import Path

import orjson

from datagap.errors import DatagapError, system_reason
from datagap.problem import Problem, show

PARSE_CODE = "DG002"
MAX_LINE = 16 << 20
"""Longest line that is read, in bytes."""
MAX_DOCUMENT = 1 << 30
"""Longest file that is read whole, in bytes."""
_BLOCK = 1 << 20


class DocumentError(DatagapError):
    """Report a file that cannot be read or parsed."""


def read_bytes(folder: Path, file: str) -> bytes:
    """Return the content of a file in `folder`; raise DocumentError if there is none."""
    path = folder / file
    if regular(folder, file) > MAX_DOCUMENT:
        raise DocumentError(f"is longer than {MAX_DOCUMENT >> 20} MiB", where=str(path))
    try:
        return path.read_bytes()
    except OSError as error:
        raise DocumentError(f"cannot be read ({system_reason(error)})", where=str(path)) from error


def regular(folder: Path, file: str) -> int:
    """Return the size of a file in `folder` in bytes; raise DocumentError if it is no regular file."""
    path = folder / file
    try:
        status = path.lstat()
    except (OSError, ValueError) as error:
        reason = system_reason(error) if isinstance(error, OSError) else str(error)
        raise DocumentError(f"is missing or cannot be read ({reason})", where=str(path)) from error
    if not stat.S_ISREG(status.st_mode):
        raise DocumentError("is not a regular file", where=str(path), hint="put the file itself there")
    return status.st_size


def digest(folder: Path, file: str) -> str:
    """Return the SHA-256 of a file in `folder`."""
    regular(folder, file)
    path = folder / file
    try:
        with path.open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()
    except OSError as error:
        raise DocumentError(f"cannot be read ({system_reason(error)})", where=str(path)) from error


def parse_json(content: bytes) -> object:
    """Return the value of strict JSON; raise ValueError, with the reason, for anything else.

    Strict means UTF-8 without a byte order mark, no NaN or infinity, and no key twice in an object.
    """
    try:
        value: object = orjson.loads(content)
    except orjson.JSONDecodeError as error:
        raise ValueError(_why_not_json(content, error)) from error
    try:
        canonical = orjson.dumps(value, option=orjson.OPT_SORT_KEYS)
    except orjson.JSONEncodeError as error:
        raise ValueError("is nested too deeply") from error
    if canonical != content.rstrip(b"\r\n"):
        _refuse_duplicates(content)
    return value


def _why_not_json(content: bytes, error: orjson.JSONDecodeError) -> str:
    if content.startswith(b"\xef\xbb\xbf"):
        return "starts with a byte order mark; save it as UTF-8 without one"
    try:
        rest = content.decode()[error.pos :]
    except UnicodeDecodeError as undecodable:
        return f"is not valid UTF-8 (byte {undecodable.start + 1})"
    for name in ("NaN", "Infinity"):
        if rest.lstrip("-").startswith(name):
            return f"has {name}, which is not JSON; use null"
    place = f"line {error.lineno}, column {error.colno}" if error.lineno > 1 else f"column {error.colno}"
    return f"is not valid JSON ({place}: {error.msg.split(': line')[0]})"


def _refuse_duplicates(content: bytes) -> None:
    def refuse(pairs: list[tuple[str, object]]) -> None:
        seen = set()
        for key, _ in pairs:
            if key in seen:
                raise ValueError(f"has the key {show(key)} twice in one object; keep one")
            seen.add(key)

    try:
        json.loads(content, object_pairs_hook=refuse)
    except RecursionError as error:
        raise ValueError("is nested too deeply") from error


def read_json(folder: Path, file: str) -> object:
    """Return the strict JSON value in a file of `folder`; raise DocumentError if it holds none."""
    try:
        return parse_json(read_bytes(folder, file))
    except ValueError as error:
        raise DocumentError(str(error), where=str(folder / file)) from error


def json_lines(folder: Path, file: str) -> Iterator[tuple[int, object | Problem]]:
    """Yield, line by line from 1, the strict JSON value or the problem that the line has."""
    regular(folder, file)
    path = folder / file
    try:
        with path.open("rb", buffering=_BLOCK) as stream:
            number = 0
            while line := stream.readline(MAX_LINE + 1):
                number += 1
                if len(line) > MAX_LINE:
                    yield number, _line_problem(file, number, f"is longer than {MAX_LINE >> 20} MiB")
                    while line and not line.endswith(b"\n"):
                        line = stream.readline(MAX_LINE + 1)
                    continue
                try:
                    yield number, parse_json(line)
                except ValueError as error:
                    yield number, _line_problem(file, number, str(error))
    except OSError as error:
        raise DocumentError(f"cannot be read ({system_reason(error)})", where=str(path)) from error


def _line_problem(file: str, line: int, message: str) -> Problem:
    return Problem(code=PARSE_CODE, file=file, line=line, message=message)


def read_csv(folder: Path, file: str, columns: tuple[str, ...]) -> Iterator[tuple[int, dict[str, str] | Problem]]:
    """Yield, by line, each row of a CSV file with exactly these columns, or the problem that the line has."""
    content = read_bytes(folder, file)
    try:
        text = content.decode()
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        yield line, _line_problem(file, line, f"is not valid UTF-8 (byte {error.start + 1} of the file)")
        return
    reader = csv.reader(StringIO(text), strict=True)
    try:
        header = next(reader, None)
        if header is None or tuple(header) != columns:
            got = "an empty file" if header is None else show(",".join(header))
            yield 1, _line_problem(file, 1, f"expected the header {','.join(columns)}, got {got}")
            return
        for row in reader:
            if len(row) == len(columns):
                yield reader.line_num, dict(zip(columns, row, strict=True))
            else:
                message = f"expected {len(columns)} cells, got {len(row)}"
                yield reader.line_num, _line_problem(file, reader.line_num, message)
    except csv.Error as error:
        yield reader.line_num, _line_problem(file, reader.line_num, f"is not valid CSV ({error})")
