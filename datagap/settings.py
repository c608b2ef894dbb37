"""Read settings that people write: strict YAML, checked against a schema."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

import yaml

from datagap import model
from datagap.errors import DatagapError, MisuseError, system_reason
from datagap.problem import pointer, printable, show
from datagap.validate import InvalidError, embedded

T = TypeVar("T")
MAX_SETTINGS = 4 << 20
"""Longest settings file that is read, in bytes."""
MAX_NODES = 200_000
"""Values, lists and mappings that a settings file may hold once its aliases are followed."""
MAX_DEPTH = 100
"""Lists and mappings that may stand inside each other."""


class SettingsError(DatagapError):
    """Report a settings file that cannot be used."""


class _Loader(yaml.SafeLoader):
    """YAML without surprises: no key twice, `1e-3` is a number, and `on`, `1:30` and dates are text."""

    def construct_scalar(self, node: yaml.ScalarNode | yaml.MappingNode) -> str:
        text: str = super().construct_scalar(node)
        try:
            text.encode()
        except UnicodeEncodeError as error:
            raise yaml.MarkedYAMLError(problem="half a character in a text", problem_mark=node.start_mark) from error
        return text

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen = set()
        for key_node, _ in node.value:
            key = self.construct_object(key_node, deep=True)
            if not isinstance(key, str):
                raise yaml.MarkedYAMLError(problem=f"key {show(key)} is no text", problem_mark=key_node.start_mark)
            if key in seen:
                raise yaml.MarkedYAMLError(problem=f"key {show(key)} stands twice", problem_mark=key_node.start_mark)
            seen.add(key)
        return super().construct_mapping(node, deep)


_PLAIN = (
    ("null", "(?:~|null|Null|NULL|)", ["~", "n", "N", ""]),
    ("bool", "(?:true|false)", ["t", "f"]),
    ("int", "[-+]?(?:0|[1-9][0-9]*)", [*"-+0123456789"]),
    ("float", "[-+]?(?:[.][0-9]+|[0-9]+(?:[.][0-9]*)?)(?:[eE][-+]?[0-9]+)?", [*"-+.0123456789"]),
    ("float", "[-+]?[.](?:inf|nan)", [*"-+."]),
)
"""Types of plain values, what they match and what that starts with; the first that matches counts, the rest is text."""
_Loader.yaml_implicit_resolvers = {}
for _kind, _pattern, _first in _PLAIN:
    _Loader.add_implicit_resolver(f"tag:yaml.org,2002:{_kind}", re.compile(rf"{_pattern}\Z"), _first)


def parse_settings(record_type: type[T], content: bytes, where: str) -> T:
    """Return the record that YAML in UTF-8 holds, defaults filled in; errors name the line.

    Raises SettingsError if it is not YAML, InvalidError if it breaks the schema.
    """
    return load_settings(record_type, parse_yaml(content, where), where, content)


def load_settings(record_type: type[T], value: object, where: str, content: bytes = b"") -> T:
    """Return a value as a record, defaults filled in; errors name the line of `content`, the YAML that it was."""
    problems = embedded().problems(model.RECORDS[record_type], value, where)
    if problems:
        lines = Lines(content)
        raise InvalidError([replace(problem, line=lines.of(problem.pointer)) for problem in problems])
    return model.load(record_type, value)


def read_yaml(path: Path) -> object:
    """Return the value of a YAML file; an empty file is an empty mapping."""
    return parse_yaml(read_content(path), str(path))


class Lines:
    """Finds the lines of YAML that values stand on."""

    def __init__(self, content: bytes) -> None:
        """Take YAML in UTF-8 that has been parsed before."""
        self._root: yaml.Node | None = yaml.compose(content.decode(), Loader=_Loader)

    def of(self, at: str) -> int | None:
        """Return the line, from 1, of the value at a JSON pointer or of the nearest one around it; None for nothing."""
        node = self._root
        if node is None:
            return None
        line = int(node.start_mark.line)
        for part in at.split("/")[1:]:
            found = _member(node, part)
            if found is None:
                break
            key, node = found
            line = int(key.start_mark.line)
        return line + 1


def _member(node: yaml.Node, part: str) -> tuple[yaml.Node, yaml.Node] | None:
    """Return the node that a member begins with, which is its key where it has one, and its value."""
    name = part.replace("~1", "/").replace("~0", "~")
    if isinstance(node, yaml.MappingNode):
        return next(((key, value) for key, value in node.value if key.value == name), None)
    if isinstance(node, yaml.SequenceNode) and name.isdigit() and int(name) < len(node.value):
        return node.value[int(name)], node.value[int(name)]
    return None


def read_content(path: Path) -> bytes:
    """Return the content of a settings file; raise MisuseError if there is none, SettingsError if it is too long."""
    if not path.is_file():
        reason = "is not a file" if path.exists() else "does not exist"
        raise MisuseError(reason, where=str(path), hint="give the path of a YAML file")
    try:
        if path.stat().st_size > MAX_SETTINGS:
            raise SettingsError(f"is longer than {MAX_SETTINGS >> 20} MiB", where=str(path))
        return path.read_bytes()
    except OSError as error:
        raise SettingsError(f"cannot be read ({system_reason(error)})", where=str(path)) from error


def parse_yaml(content: bytes, where: str) -> object:
    """Return the value of YAML in UTF-8; an empty text is an empty mapping."""
    try:
        value = yaml.load(content.decode(), Loader=_Loader)  # noqa: S506 - a SafeLoader
    except UnicodeDecodeError as error:
        raise SettingsError(f"is not valid UTF-8 (byte {error.start + 1})", where=where) from error
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        place = f"{where}:{mark.line + 1}" if mark else where
        raise SettingsError(f"is not valid YAML ({error.problem})", where=place) from error
    except (LookupError, AttributeError, TypeError) as error:
        raise SettingsError("is not valid YAML (a value does not fit its tag)", where=where) from error
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise SettingsError(f"is not valid YAML ({printable(str(error).splitlines()[0])})", where=where) from error
    _check_values(value, where)
    return {} if value is None else value


def _check_values(value: object, where: str) -> None:
    """Raise SettingsError if a value is not finite, or if aliases make too much of a short text."""
    for count, (path, part) in enumerate(_walk(value)):
        if count >= MAX_NODES:
            raise SettingsError(f"holds more than {MAX_NODES} values", where=where)
        if len(path) > MAX_DEPTH:
            raise SettingsError(f"is nested more than {MAX_DEPTH} deep", where=where)
        if isinstance(part, float) and not math.isfinite(part):
            raise SettingsError(f"expected a number, got {part}", where=f"{where} {pointer(path)}")


def _walk(value: object) -> Iterator[tuple[tuple[object, ...], object]]:
    """Yield every value in `value` with its path, without recursion, because an alias can lead back to itself."""
    waiting: list[tuple[tuple[object, ...], object]] = [((), value)]
    while waiting:
        path, value = waiting.pop()
        yield path, value
        inner: Iterable[tuple[object, object]] = ()
        if isinstance(value, dict):
            inner = value.items()
        elif isinstance(value, list):
            inner = enumerate(value)
        waiting.extend(((*path, key), part) for key, part in inner)
