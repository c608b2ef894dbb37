"""Randomness: every random word is a pure function of seed, stream, field and index.

`word(i) = mix64(key + i * GOLDEN)`, where the key is the first 8 bytes of SHA-256 of `seed/stream/field` and mix64 is
the finaliser of SplitMix64 (Steele, Lea and Flood, "Fast splittable pseudorandom number generators", OOPSLA 2014).
Integer arithmetic only, so bytes are the same on every CPU and numpy; a field's key carries its name, so a new
field changes no other.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Sequence
from itertools import accumulate
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Words: TypeAlias = NDArray[np.uint64]
Indexes: TypeAlias = NDArray[np.int64]

GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_MIX_1 = np.uint64(0xBF58476D1CE4E5B9)
_MIX_2 = np.uint64(0x94D049BB133111EB)
_S30, _S27, _S31, _S32, _S33 = (np.uint64(shift) for shift in (30, 27, 31, 32, 33))
SCALE = 1 << 32


def draw_seed() -> int:
    """Return a fresh seed from the operating system, for a run that was given none."""
    return secrets.randbits(32)


class Stream:
    """A named source of random words."""

    def __init__(self, seed: int, name: str) -> None:
        self._seed = seed
        self._name = name

    def words(self, field: str, index: Indexes) -> Words:
        """Return one 64-bit word for each index."""
        digest = hashlib.sha256(f"{self._seed}/{self._name}/{field}".encode()).digest()
        key = np.uint64(int.from_bytes(digest[:8], "big"))
        with np.errstate(over="ignore"):
            word = key + index.astype(np.uint64) * GOLDEN
            word = (word ^ (word >> _S30)) * _MIX_1
            word = (word ^ (word >> _S27)) * _MIX_2
        return word ^ (word >> _S31)

    def below(self, field: str, index: Indexes, bound: int | Indexes) -> Indexes:
        """Return one whole number in [0, bound) for each index; `bound` is below 2**31."""
        high = self.words(field, index) >> _S32
        return ((high * np.asarray(bound).astype(np.uint64)) >> _S32).astype(np.int64)

    def numbers(self, field: str, index: Indexes) -> Indexes:
        """Return one whole number below 2**31 for each index; `number * bound >> 31` maps it to [0, bound)."""
        return (self.words(field, index) >> _S33).astype(np.int64)

    def pick(self, field: str, index: Indexes, weights: Sequence[float]) -> Indexes:
        """Return, for each index, a position in `weights` drawn in proportion to them.

        The weights become a cumulative table of 32-bit integers; a position with weight 0 is never drawn.
        """
        return np.searchsorted(_cumulative(weights), self.words(field, index) >> _S32, side="right").astype(np.int64)

    def chance(self, field: str, index: Indexes, rate: float) -> NDArray[np.bool_]:
        """Return, for each index, whether an event of probability `rate` happens."""
        return np.asarray((self.words(field, index) >> _S32) < np.uint64(round(rate * SCALE)))

    def one(self, field: str, index: int, bound: int) -> int:
        """Return one whole number in [0, bound)."""
        return int(self.below(field, np.array([index], dtype=np.int64), bound)[0])

    def order(self, field: str, count: int) -> list[int]:
        """Return the numbers below `count`, shuffled."""
        words = self.words(field, np.arange(count, dtype=np.int64))
        return [int(position) for position in np.argsort(words, kind="stable")]


def _cumulative(weights: Sequence[float]) -> Words:
    running = list(accumulate(weights))  # not sum(): since Python 3.12 it rounds differently
    return np.array([round(part / running[-1] * SCALE) for part in running], dtype=np.uint64)
