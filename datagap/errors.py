"""Errors that a user can cause, each rendered as one sentence."""

from __future__ import annotations

from typing import ClassVar


class DatagapError(Exception):
    """Say what is wrong, where, and what to do; exit code 1.

    `where` is a file, a file and line, or a file and JSON pointer. `hint` is what to do, an imperative phrase
    without a full stop.
    """

    exit_code: ClassVar[int] = 1

    def __init__(self, message: str, *, where: str = "", hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.where = where
        self.hint = hint

    def __str__(self) -> str:
        located = f"{self.where}: {self.message}" if self.where else self.message
        return f"{located}; {self.hint}" if self.hint else located


class MisuseError(DatagapError):
    """Reject arguments that cannot be meant, a missing pack included; exit code 2."""

    exit_code: ClassVar[int] = 2


def system_reason(error: OSError) -> str:
    """Return the operating system's own words for `error`, without numbers and paths."""
    return (error.strerror or str(error)).lower()
