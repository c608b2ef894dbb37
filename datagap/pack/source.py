"""Open the files of a folder that is not trusted, and nothing outside it, in bounded memory."""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Iterator
from io import BufferedReader, FileIO
from pathlib import Path, PurePosixPath
from typing import BinaryIO, Final

from datagap.errors import DatagapError, system_reason
from datagap.problem import Problem

SYNTAX_CODE: Final = "DG002"
MAX_LINE: Final = 16 << 20
"""Longest line, and longest entry of a list, that is read, in bytes."""
MAX_DOCUMENT: Final = 64 << 20
"""Longest file that is read whole, in bytes."""
BLOCK: Final = 1 << 20
"""Bytes that are read at a time."""
BOM_REASON: Final = "starts with a byte order mark; save it as UTF-8 without one"
_QUIET_OPEN: Final = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
"""Flags with which neither a link nor a pipe that took the file's place is waited for."""


class DocumentError(DatagapError):
    """Report a file that cannot be read or parsed; `line` is where, if that can be said."""

    def __init__(self, message: str, *, where: Path, line: int | None = None, hint: str = "") -> None:
        super().__init__(message, where=str(where) if line is None else f"{where}:{line}", hint=hint)
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
        raise DocumentError(f"is missing or cannot be read ({reason})", where=folder / file) from error
    if not stat.S_ISREG(status.st_mode):
        raise DocumentError("is not a regular file", where=folder / file, hint="put the file itself there")
    return status.st_size


def open_file(folder: Path, file: str) -> BufferedReader:
    """Open a regular file of `folder`; raise DocumentError if there is none."""
    regular(folder, file)
    path = folder / file
    try:
        descriptor = os.open(path, os.O_RDONLY | _QUIET_OPEN)
        if stat.S_ISREG(os.fstat(descriptor).st_mode):
            return BufferedReader(FileIO(descriptor), BLOCK)
        os.close(descriptor)
    except OSError as error:
        raise unreadable(error, path) from error
    raise DocumentError("is not a regular file", where=path, hint="put the file itself there")


def unreadable(error: OSError, path: Path) -> DocumentError:
    """Return what is to be said of a file that the system does not let be read."""
    return DocumentError(f"cannot be read ({system_reason(error)})", where=path)


def read_bytes(folder: Path, file: str) -> bytes:
    """Return the content of a file in `folder`; raise DocumentError if there is none, or more than MAX_DOCUMENT."""
    path = folder / file
    with open_file(folder, file) as stream:
        try:
            content = stream.read(MAX_DOCUMENT + 1)
        except OSError as error:
            raise unreadable(error, path) from error
    if len(content) > MAX_DOCUMENT:
        raise DocumentError(f"is longer than {MAX_DOCUMENT >> 20} MiB", where=path)
    return content


def digest(folder: Path, file: str) -> str:
    """Return the SHA-256 of a file in `folder`."""
    with open_file(folder, file) as stream:
        try:
            return hashlib.file_digest(stream, "sha256").hexdigest()
        except OSError as error:
            raise unreadable(error, folder / file) from error


def lines(folder: Path, file: str) -> Iterator[tuple[int, bytes | Problem]]:
    """Yield, line by line from 1, the bytes with their line end, or the problem that the line is too long."""
    with open_file(folder, file) as stream:
        try:
            yield from lines_in(stream, file)
        except OSError as error:
            raise unreadable(error, folder / file) from error


def lines_in(stream: BinaryIO, file: str) -> Iterator[tuple[int, bytes | Problem]]:
    """Yield the same of an open stream, which problems call `file`."""
    number = 0
    while line := stream.readline(MAX_LINE + 1):
        number += 1
        if len(line) <= MAX_LINE:
            yield number, line
            continue
        yield number, syntax_problem(file, number, f"is longer than {MAX_LINE >> 20} MiB")
        while line and not line.endswith(b"\n"):
            line = stream.readline(MAX_LINE + 1)


def syntax_problem(file: str, line: int, message: str) -> Problem:
    """Return the problem that a line of a file has before it means anything."""
    return Problem(code=SYNTAX_CODE, file=file, line=line, message=message)
