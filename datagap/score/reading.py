"""Read what is scored, and what it is scored with, line by line."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TypeVar

from datagap import model
from datagap.errors import MisuseError
from datagap.pack.document import json_lines
from datagap.problem import Problem
from datagap.score.triage import Correction, corrections
from datagap.validate import InvalidError, embedded

T = TypeVar("T")


def read_detections(path: Path) -> Iterator[model.Detection]:
    """Yield the detections in a file; raise MisuseError if there is no such file, InvalidError for a broken line."""
    return (detection for _, detection in _lines(model.Detection, path))


def read_backlog(path: Path) -> list[str]:
    """Return the ids of the groups in a backlog, by rank."""
    items = sorted((item.rank, item.group_id) for _, item in _lines(model.BacklogItem, path))
    return [group_id for _, group_id in items]


def read_corrections(path: Path) -> dict[str, Correction]:
    """Return the corrections in a file of triage entries, by event."""
    return corrections((f"{path}:{line}", entry) for line, entry in _lines(model.TriageEntry, path))


def _lines(record_type: type[T], path: Path) -> Iterator[tuple[int, T]]:
    """Yield each record of a file with its line."""
    if not path.is_file():
        reason = "is not a file" if path.exists() else "does not exist"
        raise MisuseError(reason, where=str(path), hint=f"give a file of {model.RECORDS[record_type]} records")
    return _records(record_type, path)


def _records(record_type: type[T], path: Path) -> Iterator[tuple[int, T]]:
    for line, value in json_lines(path.parent, path.name):
        if isinstance(value, Problem):
            raise InvalidError([Problem(code=value.code, file=str(path), line=line, message=value.message)])
        yield line, embedded().read(record_type, value, str(path), line)
