from __future__ import annotations

import hashlib
import math
from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from datagap.seeding import GOLDEN, SCALE, Stream, draw_seed

MANY = 20_000
INDEX = np.arange(MANY, dtype=np.int64)


def stream(seed: int = 42, name: str = "test") -> Stream:
    return Stream(seed, name)


# (seed, stream, field, index): word. These pin every byte that a seeded run writes: they never change.
PINNED = {
    (0, "events", "actor", 0): 11744145305628346305,
    (0, "events", "actor", 1): 9935095907945726056,
    (42, "events", "actor", 0): 12637678998291545779,
    (42, "events", "actor", 10_000_000): 2197700086554704805,
    (42, "world", "actor", 0): 14279504902716826601,
    (42, "events", "when", 0): 16662408799842373585,
    (2**64 - 1, "events", "actor", 2**62): 394154681976575206,
}


@pytest.mark.parametrize(("key", "word"), PINNED.items())
def test_words_stay_what_they_were(key: tuple[int, str, str, int], word: int) -> None:
    seed, name, field, index = key
    assert int(Stream(seed, name).words(field, np.array([index], dtype=np.int64))[0]) == word


REFERENCE = [
    6457827717110365317,
    3203168211198807973,
    9817491932198370423,
    4593380528125082431,
    16408922859458223821,
]
"""What SplitMix64 gives after the seed 1234567, as published with its reference code."""


def split_mix(state: int) -> int:
    word = state % 2**64
    word = (word ^ word >> 30) * 0xBF58476D1CE4E5B9 % 2**64
    word = (word ^ word >> 27) * 0x94D049BB133111EB % 2**64
    return word ^ word >> 31


@given(st.integers(0, 2**64), st.text(), st.text(), st.integers(0, 2**62))
def test_a_word_is_what_split_mix_makes_of_key_and_index(seed: int, name: str, field: str, index: int) -> None:
    assert [split_mix(1234567 + place * int(GOLDEN)) for place in range(1, 6)] == REFERENCE
    key = int.from_bytes(hashlib.sha256(f"{seed}/{name}/{field}".encode()).digest()[:8], "big")
    word = Stream(seed, name).words(field, np.array([index], dtype=np.int64))[0]
    assert int(word) == split_mix(key + index * int(GOLDEN))


def test_what_is_made_of_words_stays_what_it_was() -> None:
    first = INDEX[:8]
    assert stream().below("field", first, 1000).tolist() == [142, 443, 10, 575, 497, 518, 926, 248]
    assert stream().pick("field", first, [0.65, 0.1, 0.05, 0.2]).tolist() == [0, 0, 0, 0, 0, 0, 3, 0]
    assert stream().chance("field", first, 0.5).tolist() == [True, True, True, False, True, False, False, True]
    assert stream().order("field", 8) == [2, 0, 7, 1, 4, 5, 3, 6]
    assert stream().one("field", 7, 1000) == 248


@given(st.lists(st.integers(0, 2**62), min_size=1, max_size=50), st.data())
def test_a_word_depends_on_its_index_and_not_on_the_others(indexes: list[int], data: st.DataObject) -> None:
    cut = data.draw(st.integers(0, len(indexes)))
    whole = np.array(indexes, dtype=np.int64)
    words = stream().words("field", whole)
    parts = [stream().words("field", part) for part in (whole[:cut], whole[cut:])]
    assert np.concatenate(parts).tolist() == words.tolist()
    assert stream().words("field", whole[::-1]).tolist() == words[::-1].tolist()


def test_a_shape_is_kept() -> None:
    index = INDEX[:6].reshape(2, 3)
    assert stream().words("field", index).tolist() == stream().words("field", INDEX[:6]).reshape(2, 3).tolist()


@given(st.lists(st.text(), min_size=2, max_size=5, unique=True))
def test_fields_are_independent_so_that_a_new_one_changes_no_other(fields: list[str]) -> None:
    before = {field: stream().words(field, INDEX[:9]).tolist() for field in fields[:-1]}
    source = stream()
    source.words(fields[-1], INDEX[:9])
    after = {field: source.words(field, INDEX[:9]).tolist() for field in fields[:-1]}
    assert after == before
    assert source.words(fields[-1], INDEX[:9]).tolist() not in before.values()


@pytest.mark.parametrize(
    "other", [stream(43), stream(name="text"), stream(seed=-42)], ids=["seed", "stream", "negative seed"]
)
def test_seeds_and_streams_give_words_of_their_own(other: Stream) -> None:
    assert not np.intersect1d(other.words("field", INDEX), stream().words("field", INDEX)).size


def chi_square(counts: NDArray[np.int64], expected: NDArray[np.float64]) -> float:
    deviations: NDArray[np.float64] = (counts - expected) ** 2 / expected
    return float(np.sum(deviations))


def too_large(freedom: int) -> float:
    """Return what chi-square exceeds by chance once in some ten thousand times (Wilson and Hilferty 1931)."""
    spread = 2 / (9 * freedom)
    return freedom * (1 - spread + 3.7 * math.sqrt(spread)) ** 3


@pytest.mark.parametrize("start", [0, 2**32, 2**62])
@pytest.mark.parametrize("step", [1, 2, 1000, 2**32])
def test_bits_are_balanced_and_do_not_follow_each_other(start: int, step: int) -> None:
    words = stream().words("field", start + (INDEX * step) % 2**61)
    bits = (words[:, None] >> np.arange(64, dtype=np.uint64)) & np.uint64(1)
    tolerance = 4.5 * 0.5 / MANY**0.5
    assert np.abs(bits.mean(axis=0) - 0.5).max() < tolerance
    assert np.abs((bits[1:] == bits[:-1]).mean(axis=0) - 0.5).max() < tolerance
    assert np.abs((bits[:, 1:] == bits[:, :-1]).mean(axis=0) - 0.5).max() < tolerance
    assert np.unique(words).size == MANY


@pytest.mark.parametrize("shift", [0, 24, 56])
def test_bytes_and_pairs_of_fields_are_uniform(shift: int) -> None:
    one, other = (stream().words(field, INDEX) >> np.uint64(shift) & np.uint64(15) for field in ("one", "other"))
    counts = np.bincount((one * np.uint64(16) + other).astype(np.int64), minlength=256)
    assert chi_square(counts, np.full(256, MANY / 256)) < too_large(255)


@given(st.integers(1, 2**31 - 1), st.integers(0, 2**62))
def test_numbers_below_a_bound_are_below_it(bound: int, index: int) -> None:
    assert 0 <= stream().one("field", index, bound) < bound


def test_each_number_may_have_a_bound_of_its_own() -> None:
    bounds = INDEX % 7 + 1
    drawn = stream().below("field", INDEX, bounds)
    assert (drawn < bounds).all()
    assert [int(drawn[bounds == bound].max()) for bound in range(1, 8)] == list(range(7))
    assert drawn[:5].tolist() == [stream().one("field", index, index % 7 + 1) for index in range(5)]


@pytest.mark.parametrize("bound", [1, 2, 3, 10, 100])
def test_numbers_below_a_bound_are_uniform(bound: int) -> None:
    counts = np.bincount(stream().below("field", INDEX, bound), minlength=bound)
    assert counts.size == bound
    assert bound == 1 or chi_square(counts, np.full(bound, MANY / bound)) < too_large(bound - 1)


WEIGHTS: list[Sequence[float]] = [
    [1],
    [1, 1],
    [0.65, 0.1, 0.05, 0.2],
    [3, 2, 1],
    [0, 1, 0, 2, 0],
    [0.1] * 10,
    [1e-3, 1e3],
    [1e300, 1e300, 1e-300],
]


@pytest.mark.parametrize("weights", WEIGHTS, ids=str)
def test_picks_follow_the_weights(weights: Sequence[float]) -> None:
    counts = np.bincount(stream().pick("field", INDEX, weights), minlength=len(weights))
    assert counts.size == len(weights)
    assert not counts[np.array(weights) == 0].any()
    expected = np.array(weights) / sum(weights) * MANY
    common = expected >= 5
    if common.sum() > 1:
        assert chi_square(counts[common], expected[common]) < too_large(int(common.sum()) - 1)


@given(st.lists(st.sampled_from([0.0, 0.0, 1.0, 1e-9, 0.1, 7.0]), min_size=1, max_size=8).filter(any))
def test_a_weight_of_zero_is_never_picked_even_at_the_edges(weights: list[float]) -> None:
    assert all(weights[position] for position in set(stream().pick("field", INDEX[:200], weights).tolist()))


EDGES: list[tuple[Sequence[float], int, int]] = [
    ([0, 1, 0], 0, 1),
    ([0, 1, 0], SCALE - 1, 1),
    ([1, 1], SCALE // 2 - 1, 0),
    ([1, 1], SCALE // 2, 1),
    ([1, 0, 1], SCALE // 2, 2),
    # The total is 1 if it is rounded once at the end, as sum() does since Python 3.12: then 0 would never be picked.
    ([0.5 / SCALE, 0.1 - 0.5 / SCALE, *[0.1] * 9], 0, 0),
]


@pytest.mark.parametrize(("weights", "high", "position"), EDGES)
def test_the_edges_between_weights_lie_where_integers_put_them(
    weights: Sequence[float], high: int, position: int
) -> None:
    index = np.array([index_of(high << 32)], dtype=np.uint64).astype(np.int64)
    assert stream().words("field", index).tolist() == [high << 32]
    assert stream().pick("field", index, weights).tolist() == [position]


def index_of(word: int) -> int:
    """Return the index that makes the stream's field give `word`: mix64 and the step can both be undone."""
    for shift, factor in ((31, 0x94D049BB133111EB), (27, 0xBF58476D1CE4E5B9), (30, 1)):
        word ^= word >> shift ^ word >> 2 * shift
        word = word * pow(factor, -1, 2**64) % 2**64
    key = int.from_bytes(hashlib.sha256(b"42/test/field").digest()[:8], "big")
    return (word - key) * pow(int(GOLDEN), -1, 2**64) % 2**64


@pytest.mark.parametrize("rate", [0.0, 1e-12, 0.05, 0.5, 0.65, 1.0])
def test_chances_come_at_their_rate(rate: float) -> None:
    hits = int(stream().chance("field", INDEX, rate).sum())
    assert abs(hits - rate * MANY) <= 4.5 * (rate * (1 - rate) * MANY) ** 0.5
    assert rate not in (0.0, 1.0) or hits == rate * MANY


def test_a_chance_that_grows_keeps_what_it_had() -> None:
    hits = [stream().chance("field", INDEX, rate) for rate in (0.1, 0.2, 0.9)]
    assert all((more | less).tolist() == more.tolist() for less, more in pairwise(hits))


@pytest.mark.parametrize("count", [0, 1, 2, 1000])
def test_an_order_holds_each_number_once(count: int) -> None:
    order = stream().order("field", count)
    assert sorted(order) == list(range(count))
    assert count < 1000 or order != sorted(order)


def test_drawn_seeds_differ_and_fit_the_config() -> None:
    seeds = {draw_seed() for _ in range(20)}
    assert len(seeds) > 15
    assert all(0 <= seed < SCALE for seed in seeds)
