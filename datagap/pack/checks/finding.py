"""Collect what the checks find: counted without end, kept up to a limit."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Container
from dataclasses import dataclass, replace
from typing import TypeAlias

from datagap.pack import layout
from datagap.pack.checks.rule import RULES, Rule
from datagap.problem import Level, Problem

Hint: TypeAlias = str | Callable[[], str]
"""A hint, or what works it out."""


class Findings:
    """What is found wrong, by the rules that are asked for."""

    def __init__(self, codes: Container[str] = RULES.keys(), limit: int | None = None) -> None:
        """Take the codes of the rules that count, and how many problems of each level are kept; None keeps all."""
        self._codes = codes
        self._limit = limit
        self._kept: dict[Level, list[Problem]] = {"error": [], "warning": []}
        self.totals: Counter[str] = Counter()
        """Problems found, kept or not, by code."""

    def wants(self, *rules: Rule) -> bool:
        """Return whether any of the rules counts."""
        return any(rule.code in self._codes for rule in rules)

    def keeps(self, rule: Rule) -> bool:
        """Return whether another problem of `rule` would be kept."""
        return self.wants(rule) and (self._limit is None or len(self._kept[rule.level]) < self._limit)

    def report(
        self,
        rule: Rule,
        file: str,
        message: str,
        *,
        line: int | None = None,
        pointer: str = "",
        hint: Hint = "",
    ) -> None:
        """Count a problem, and keep it if there is room; only then is a hint asked for."""
        if self.keeps(rule):
            advice = hint if isinstance(hint, str) else hint()
            self.add(Problem(code=rule.code, file=file, message=message, line=line, pointer=pointer, hint=advice))
        elif self.wants(rule):
            self.totals[rule.code] += 1

    def add(self, problem: Problem) -> None:
        """Count a problem that carries its rule's code, and keep it at its rule's level if there is room."""
        rule = RULES[problem.code]
        if self.keeps(rule):
            self._kept[rule.level].append(replace(problem, level=rule.level))
        self.totals[problem.code] += self.wants(rule)

    def kept(self) -> list[Problem]:
        """Return the problems that are kept, in the order of the files."""
        return sorted((problem for level in self._kept.values() for problem in level), key=_place)

    def total(self, level: Level) -> int:
        """Return how many problems of a level were found."""
        return sum(count for code, count in self.totals.items() if RULES[code].level == level)


def _place(problem: Problem) -> tuple[int, str, int, str, str, str]:
    order = _ORDER.get(problem.file, len(_ORDER))
    return order, problem.file, problem.line or 0, problem.pointer, problem.code, problem.message


_FILES = (
    layout.MANIFEST,
    layout.HASHES,
    layout.DATASETS,
    layout.FRESHNESS,
    layout.LINEAGE,
    layout.COVERAGE,
    layout.PEOPLE,
    *layout.EVENT_FILES.values(),
    layout.TRUTH_GAPS,
    layout.TRUTH_LABELS,
)
_ORDER = {file: place for place, file in enumerate(_FILES)}


@dataclass(frozen=True, kw_only=True)
class CheckedPack:
    """What a check found."""

    problems: list[Problem]
    """The problems that were kept, in the order of the files."""
    totals: Counter[str]
    """All problems, kept or not, by code."""
    errors: int
    warnings: int
    counts: Counter[str]
    """Records by file."""

    def of_level(self, level: Level) -> list[Problem]:
        """Return the kept problems of one level."""
        return [problem for problem in self.problems if problem.level == level]
