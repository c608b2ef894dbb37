"""Columns of choices as rows of plain numbers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import fields
from typing import TypeAlias

from datagap import model
from datagap.seeding import Words
from datagap.synth.choices import Flags, MessageChoices, QueryChoices

Row: TypeAlias = Mapping[str, int]


def rows(
    chosen: QueryChoices | MessageChoices,
) -> Iterator[tuple[dict[str, int], dict[str, int], list[model.NoiseKind]]]:
    """Yield each row of the choices as plain numbers, with its words and its noise."""
    columns = {
        field.name: getattr(chosen, field.name).tolist()
        for field in fields(chosen)
        if not isinstance(getattr(chosen, field.name), dict)
    }
    count = len(chosen.when)
    names = list(columns)
    plain = (dict(zip(names, row, strict=True)) for row in zip(*columns.values(), strict=True))
    yield from zip(plain, words_of(chosen.words, count), noises_of(chosen.noise, count), strict=True)


def words_of(words: Mapping[str, Words], count: int) -> Iterator[dict[str, int]]:
    """Yield random words row by row, by what they decide."""
    names = list(words)
    columns = [column.tolist() for column in words.values()]
    return (dict(zip(names, row, strict=True)) for row in zip(*columns, strict=True)) if names else iter([{}] * count)


def noises_of(noise: Mapping[model.NoiseKind, Flags], count: int) -> list[list[model.NoiseKind]]:
    """Return the kinds of noise that each row is to carry."""
    noises: list[list[model.NoiseKind]] = [[] for _ in range(count)]
    for kind, flags in noise.items():
        for place in flags.nonzero()[0].tolist():
            noises[place].append(kind)
    return noises
