"""The ledger of a team's decisions: `triage.jsonl`, which only grows."""

from __future__ import annotations

import hashlib
import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from datagap import clock, model
from datagap.errors import DatagapError, MisuseError, system_reason
from datagap.pack import canonical
from datagap.pack.document import json_lines
from datagap.pack.folder import OutputError
from datagap.pack.source import digest
from datagap.problem import Problem
from datagap.validate import InvalidError, embedded

if sys.platform == "win32":
    import msvcrt
else:
    import fcntl

NEEDS: Final = {
    "merged": ("into",),
    "assigned": ("assignee",),
    "linked": ("ticket",),
    "snoozed": ("until", "until_people"),
    "gap_type": ("gap_type",),
    "dataset": ("dataset",),
}
"""What a decision or a correction needs beside it, one of these."""
_FLAGS: Final = os.O_RDWR | os.O_APPEND | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)
_LOCKED_BYTE: Final = 1 << 40


@dataclass(frozen=True, kw_only=True)
class Ledger:
    """Entries of a triage file in order of (at, line); the last on something counts."""

    entries: Sequence[model.TriageEntry] = ()
    digest: str = hashlib.sha256().hexdigest()

    @property
    def reference(self) -> model.TriageReference:
        """What a report records of it."""
        return model.TriageReference(entries=len(self.entries), digest=self.digest)


def read_ledger(path: Path) -> Ledger:
    """Return the entries of a triage file; raise MisuseError if there is none, InvalidError if a line is wrong."""
    if not path.is_file():
        reason = "is not a file" if path.exists() else "does not exist"
        raise MisuseError(reason, where=str(path), hint="give what datagap-report triage wrote")
    _refuse_half_a_line(path)
    entries = list(_entries(path))
    ordered = sorted(entries, key=lambda entry: entry.at)
    return Ledger(entries=ordered, digest=digest(path.parent, path.name))


def check_entry(entry: model.TriageEntry, where: str, line: int | None = None) -> None:
    """Raise InvalidError if an entry breaks its schema or lacks what its decision needs."""
    data = model.dump(entry)
    problems = embedded().problems("triage_entry", data, where, line)
    if not problems:
        messages = [*_lacking(entry, data), *([] if _has_days(entry) else ["names a day that no calendar has"])]
        problems = [Problem(code="DG001", file=where, line=line, message=message) for message in messages]
    if problems:
        raise InvalidError(problems)


def _lacking(entry: model.TriageEntry, data: Mapping[str, object]) -> Iterator[str]:
    for kind in (entry.decision, entry.correction):
        needed = NEEDS.get(kind or "", ())
        if needed and not any(name in data for name in needed):
            yield f"{kind} needs {' or '.join(needed)} beside it"


def append(path: Path, entries: Sequence[model.TriageEntry]) -> None:
    """Append entries to a triage file, all of them or none; it is made where there is none.

    Writers wait for each other. Raises DatagapError if the last line is not whole or the system refuses to write.
    """
    for entry in entries:
        check_entry(entry, path.name)
    content = b"".join(canonical.lines(entries))
    try:
        descriptor = os.open(path, _FLAGS, 0o666)
    except OSError as error:
        raise _refused(path, error) from error
    try:
        with _locked(descriptor):
            size = os.fstat(descriptor).st_size
            _refuse_half_a_line(path)
            _write(descriptor, content, size)
    except OSError as error:
        raise _refused(path, error) from error
    finally:
        os.close(descriptor)


def _entries(path: Path) -> Iterator[model.TriageEntry]:
    for line, value in json_lines(path.parent, path.name):
        if isinstance(value, Problem):
            raise InvalidError([value])
        entry = embedded().read(model.TriageEntry, value, path.name, line)
        check_entry(entry, path.name, line)
        yield entry


def _has_days(entry: model.TriageEntry) -> bool:
    try:
        clock.parse(entry.at)
        clock.parse(f"{entry.until or entry.at[:10]}T00:00:00Z")
    except ValueError:
        return False
    return True


def _refuse_half_a_line(path: Path) -> None:
    """Raise DatagapError if a file does not end with a line end: somebody is not done writing, or never was."""
    with path.open("rb") as stream:
        if not stream.seek(0, os.SEEK_END):
            return
        stream.seek(-1, os.SEEK_END)
        if stream.read(1) == b"\n":
            return
    raise DatagapError(
        "ends in the middle of a line", where=str(path), hint="complete or remove its last line, or restore the file"
    )


def _write(descriptor: int, content: bytes, size: int) -> None:
    """Write all of `content` at the end of a file, or leave it at its size."""
    try:
        rest = memoryview(content)
        while rest:
            rest = rest[os.write(descriptor, rest) :]
        os.fsync(descriptor)
    except BaseException:
        os.ftruncate(descriptor, size)
        raise


@contextmanager
def _locked(descriptor: int) -> Iterator[None]:
    """Keep other writers out of a file."""
    if sys.platform == "win32":
        os.lseek(descriptor, _LOCKED_BYTE, os.SEEK_SET)
        msvcrt.locking(descriptor, msvcrt.LK_LOCK, 1)
    else:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
    try:
        yield
    finally:
        if sys.platform == "win32":
            os.lseek(descriptor, _LOCKED_BYTE, os.SEEK_SET)
            msvcrt.locking(descriptor, msvcrt.LK_UNLCK, 1)
        else:
            fcntl.flock(descriptor, fcntl.LOCK_UN)


def _refused(path: Path, error: OSError) -> OutputError:
    return OutputError(f"cannot be written ({system_reason(error)})", where=str(path), hint="choose another --file")
