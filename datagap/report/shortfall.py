"""What a schema lacks for a question."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from datagap import model

WEIGHTS = (1.0, 0.6, 0.4, 0.2, 0.1)
"""How much the surest shortfall counts, the next, and so on; the last is for all others."""


@dataclass(frozen=True, slots=True)
class Shortfall:
    """One thing that a schema lacks for a question."""

    gap_type: model.GapType
    confidence: float
    phrase: str
    """What the question says for it; empty if no one word does."""
    tables: tuple[str, ...] = ()
    columns: tuple[str, ...] = ()


def surest(shortfalls: Iterable[Shortfall], stems: Iterable[str]) -> list[Shortfall]:
    """Return the surest shortfall of each word, those of no word by their type, the surest first."""
    best: dict[str, Shortfall] = {}
    for shortfall, stem in zip(shortfalls, stems, strict=True):
        key = stem or shortfall.gap_type
        if key not in best or best[key].confidence < shortfall.confidence:
            best[key] = shortfall
    return sorted(best.values(), key=lambda shortfall: -shortfall.confidence)


def answerable(shortfalls: Iterable[Shortfall]) -> float:
    """Return how likely it is that none of these, the surest first, is one."""
    likely = 1.0
    for place, shortfall in enumerate(shortfalls):
        likely *= 1 - shortfall.confidence * WEIGHTS[min(place, len(WEIGHTS) - 1)]
    return likely
