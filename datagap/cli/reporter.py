"""Print what a check found: for people, for programs, or as annotations of a pull request."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final

from datagap.problem import Level, Problem, printable

if TYPE_CHECKING:
    from datagap import model

LEVELS: Final[tuple[Level, ...]] = ("error", "warning")


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """What a check of a folder found."""

    folder: Path
    problems: Sequence[Problem]
    """The problems to list."""
    errors: int
    """Errors found, listed or not."""
    totals: Mapping[str, int]
    """Problems found, by code."""
    warnings: int = 0
    records: Mapping[str, int] = field(default_factory=dict)
    """Records read, by file, where they are counted."""
    names: Mapping[str, str] = field(default_factory=dict)
    """Names of the rules that have one, by code."""
    schemas: str | None = None
    """Which schemas were used, where there is a choice."""
    strict: bool = False
    """Whether warnings count too."""

    @property
    def valid(self) -> bool:
        """Whether the folder passes."""
        return not (self.errors or (self.strict and self.warnings))

    @property
    def listed(self) -> list[Problem]:
        """The problems to list, errors first."""
        return [problem for level in LEVELS for problem in self.problems if problem.level == level]

    @property
    def failing(self) -> list[Problem]:
        """The listed problems that make the folder fail."""
        return [problem for problem in self.listed if problem.level == "error" or self.strict]

    @property
    def unlisted(self) -> int:
        """How many problems are counted and not listed."""
        return self.errors + self.warnings - len(self.problems)

    @property
    def summary(self) -> str:
        """The verdict in one line."""
        word = "valid" if self.valid else "invalid"
        why = ", which count as errors" if self.strict and self.warnings else ""
        return f"{self.folder}: {word}, {count(self.errors, 'error')}, {count(self.warnings, 'warning')}{why}"


def text(verdict: Verdict) -> Iterator[str]:
    """Yield a line for each problem, and the verdict."""
    if verdict.schemas:
        yield printable(f"schemas: {verdict.schemas}")
    for problem in verdict.listed:
        yield problem_line(problem)
    yield from _unlisted(verdict)
    yield printable(verdict.summary)


def problem_line(problem: Problem) -> str:
    """Return a problem as a line of text."""
    return printable(f"{problem.level} {problem.code} {problem}")


def _unlisted(verdict: Verdict) -> Iterator[str]:
    if verdict.unlisted > 0:
        by_rule = ", ".join(f"{code} {number}" for code, number in sorted(verdict.totals.items()))
        yield f"({verdict.unlisted} more not shown, --max-errors 0 shows all; found in all: {by_rule})"


def github(verdict: Verdict) -> Iterator[str]:
    """Yield a workflow command of GitHub Actions for each problem, which makes it an annotation, and the verdict."""
    if verdict.schemas:
        yield printable(f"schemas: {verdict.schemas}")
    for problem in verdict.listed:
        title = f"{problem.code} {verdict.names.get(problem.code, '')}".rstrip()
        place = {"file": (verdict.folder / problem.file).as_posix(), "line": problem.line, "title": title}
        properties = ",".join(
            f"{key}={_escaped(str(value), ':,')}" for key, value in place.items() if value is not None
        )
        yield f"::{problem.level} {properties}::{_escaped(str(problem))}"
    yield from _unlisted(verdict)
    yield printable(verdict.summary)


def _escaped(text: str, more: str = "") -> str:
    """Return `text` as data of a workflow command: the marks of commands and everything unprintable encoded."""
    for mark in "%" + more:
        text = text.replace(mark, f"%{ord(mark):02X}")
    return printable(text)


def json(verdict: Verdict) -> Iterator[str]:
    """Yield the verdict as one JSON document, a `validation` record."""
    from json import dumps

    from datagap import model

    record = model.Validation(
        folder=str(verdict.folder),
        schemas=verdict.schemas,
        valid=verdict.valid,
        errors=verdict.errors,
        warnings=verdict.warnings,
        totals=dict(sorted(verdict.totals.items())),
        records=dict(sorted(verdict.records.items())),
        problems=[_listed(problem, verdict.names) for problem in verdict.listed],
    )
    yield dumps(model.dump(record), ensure_ascii=True, indent=2)


def _listed(problem: Problem, names: Mapping[str, str]) -> model.ListedProblem:
    from datagap import model

    return model.ListedProblem(
        level=problem.level,
        code=problem.code,
        rule=names.get(problem.code),
        file=problem.file,
        line=problem.line,
        pointer=problem.pointer or None,
        message=problem.message,
        hint=problem.hint or None,
    )


REPORTERS: Final[Mapping[str, Callable[[Verdict], Iterator[str]]]] = {"text": text, "json": json, "github": github}
"""Ways to print a verdict, by the name of their format."""


def count(number: int, noun: str) -> str:
    """Return a number with its noun."""
    return f"{number} {noun}" + ("" if number == 1 else "s")
