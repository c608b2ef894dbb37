"""Parse untrusted JSON and JSON lines strictly."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

import orjson

from datagap.pack.source import BLOCK, BOM_REASON, MAX_LINE, DocumentError, lines, read_bytes, syntax_problem
from datagap.problem import Problem, show

SPACE: Final = b" \t\r\n"
"""White space of JSON."""
TEXT: Final = rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"'
"""A text in JSON, as a pattern."""
BOM: Final = b"\xef\xbb\xbf"
_KEY: Final = re.compile(TEXT + rb"(?:[ \t\r\n]*+(:))?", re.DOTALL)
"""A text, and a colon behind it if it is a key."""
_CONTAINERS: Final = (dict, list)
_TOKEN: Final = re.compile(TEXT + rb'|[\[\]{},:]|[^\s\[\]{},:"]++', re.DOTALL)


class JsonError(ValueError):
    """Say why bytes are not strict JSON, and on which line of them, counted from 1."""

    def __init__(self, reason: str, line: int = 1) -> None:
        super().__init__(reason)
        self.line = line


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
    if canonical != content.rstrip(b"\r\n") and _has_key_twice(content, value):
        raise _twice(content)
    return value


def _has_key_twice(content: bytes, value: object) -> bool:
    """Return whether the JSON that a value was read from has more keys than the value."""
    return isinstance(value, _CONTAINERS) and _KEY.findall(content).count(b":") != _count_keys(value)


def _count_keys(value: object) -> int:
    """Return how many keys the objects in a value have in all."""
    keys, inside = (len(value), value.values()) if isinstance(value, dict) else (0, value)
    assert isinstance(inside, Iterable)
    return keys + sum([_count_keys(part) for part in inside if isinstance(part, _CONTAINERS)])


def _why_not_json(content: bytes, error: orjson.JSONDecodeError) -> JsonError:
    if content.startswith(BOM):
        return JsonError(BOM_REASON)
    if not content.strip(SPACE):
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
        raise DocumentError(str(reason), where=folder / file, line=reason.line) from reason


def json_lines(folder: Path, file: str) -> Iterator[tuple[int, object | Problem]]:
    """Yield, line by line from 1, the strict JSON value or the problem that the line has."""
    yield from json_lines_in(lines(folder, file), file)


def json_lines_in(numbered: Iterable[tuple[int, bytes | Problem]], file: str) -> Iterator[tuple[int, object | Problem]]:
    """Yield the same of numbered lines, which problems say are of `file`."""
    for number, line in numbered:
        if isinstance(line, Problem):
            yield number, line
            continue
        try:
            yield number, parse_json(line)
        except JsonError as reason:
            yield number, syntax_problem(file, number, str(reason))


def line_of(content: bytes, pointer: str) -> int:
    """Return the line, from 0, on which the value at a JSON pointer begins in valid JSON.

    Where there is no such value it is that of the nearest value around it. Long content is not searched.
    """
    if len(content) > BLOCK or b"\n" not in content:
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
