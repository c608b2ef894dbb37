"""Shares come out as configured. Tolerances are five standard deviations of a binomial: one failure in two million."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import UTC, datetime
from math import sqrt
from typing import Any

import numpy as np
import pytest

from datagap import clock
from datagap.gap import GAP_TYPES
from datagap.pack.layout import event_text
from datagap.seeding import Stream
from datagap.synth.choices import ANSWERED, NO_NEED, SLOW, UNCERTAIN, Calendar, Chooser, QueryChoices
from datagap.synth.planting import World, plant
from datagap.synth.rendering import Renderer
from datagap.synth.scenario import load_scenario, load_wordings
from datagap.synth.speech import Speaker
from datagap.synth.world import build_ground
from tests import packs

MANY = np.arange(20_000, dtype=np.int64)
TEXTS = np.arange(3_000, dtype=np.int64)
SIGMAS = 5


def near(counted: int, of: int, share: float) -> bool:
    """Return whether a count is what so many draws of this probability may well give."""
    return abs(counted - of * share) <= SIGMAS * sqrt(of * share * (1 - share))


def world_of(data: Mapping[str, Any], seed: int = 7) -> tuple[World, Chooser]:
    config = packs.config(data, seed)
    world = plant(build_ground(config, load_scenario("enterprise"), seed), config, seed)
    return world, Chooser(world, config, seed)


@pytest.fixture(scope="module")
def default() -> tuple[World, QueryChoices]:
    world, chooser = world_of({})
    return world, chooser.queries(MANY)


SHARES = {
    "missing_asset": 0.10, "missing_column": 0.12, "grain_mismatch": 0.06, "type_mismatch": 0.05,
    "freshness_breach": 0.08, "joinability_issue": 0.05, "access_denied": 0.03, "docs_missing": 0.12,
    "performance_limit": 0.04, "quality_issue": 0.05,
}  # fmt: skip


def types_met(world: World, chosen: QueryChoices) -> Counter[str]:
    return Counter(world.needs[place].gap.gap_type for place in chosen.need.tolist() if place != NO_NEED)


def test_a_query_meets_a_gap_with_the_summed_weight(default: tuple[World, QueryChoices]) -> None:
    assert near(int((default[1].need != NO_NEED).sum()), len(MANY), 0.70)


@pytest.mark.parametrize("gap_type", GAP_TYPES)
def test_the_type_is_drawn_by_weight(gap_type: str, default: tuple[World, QueryChoices]) -> None:
    assert near(types_met(*default)[gap_type], len(MANY), SHARES[gap_type])


@pytest.mark.parametrize(
    ("rates", "shares"),
    [
        ({}, (0.85, 0.10, 0.05)),
        ({"success_rate": 0.2, "slow_rate": 0.3, "uncertain_rate": 0.5}, (0.2, 0.3, 0.5)),
        ({"success_rate": 0, "slow_rate": 0, "uncertain_rate": 0}, (1, 0, 0)),
        ({"success_rate": 0, "slow_rate": 0, "uncertain_rate": 1}, (0, 0, 1)),
    ],
    ids=str,
)
@pytest.mark.parametrize("gaps", [{}, {"missing_asset": 0.5}], ids=["no gaps", "half gaps"])
def test_the_other_rates_split_the_rest_and_the_remainder_is_answered(
    rates: dict[str, float], shares: tuple[float, float, float], gaps: dict[str, float]
) -> None:
    _, chooser = world_of({"nlq": {"gaps_distribution": gaps, **rates}})
    chosen = chooser.queries(MANY)
    rest = chosen.ending[chosen.need == NO_NEED]
    assert near(len(rest), len(MANY), 1 - sum(gaps.values()))
    for ending, share in zip((ANSWERED, SLOW, UNCERTAIN), shares, strict=True):
        assert near(int((rest == ending).sum()), len(rest), share)


@pytest.mark.parametrize("shares", [{"en": 0.9, "es": 0.05, "fr": 0.05}, {"fr": 1}, {"es": 0.5, "en": 0.5}], ids=str)
def test_languages_are_drawn_by_their_shares(shares: dict[str, float]) -> None:
    _, chooser = world_of({"nlq": {"languages": [{"lang": lang, "pct": pct} for lang, pct in shares.items()]}})
    for drawn in (chooser.queries(MANY).lang, chooser.threads("slack", len(MANY), 0).lang):
        for place, share in enumerate(shares.values()):
            assert near(int((drawn == place).sum()), len(MANY), share)


def test_a_type_that_does_not_fit_passes_its_share_on() -> None:
    world, chooser = world_of({"catalog": {"inject_freshness_breaches": 0}})
    met = types_met(world, chooser.queries(MANY))
    assert world.dropped == ["freshness_breach"]
    assert near(sum(met.values()), len(MANY), 0.70)
    assert near(met["missing_column"], len(MANY), 0.70 * 0.12 / 0.62)


@pytest.mark.parametrize("total", [0.0, 0.37, 1.0])
def test_a_summed_weight_holds_from_none_to_all(total: float) -> None:
    _, chooser = world_of({"nlq": {"gaps_distribution": dict.fromkeys(GAP_TYPES, total / 10)}})
    assert near(int((chooser.queries(MANY).need != NO_NEED).sum()), len(MANY), total)


# Threads


@pytest.mark.parametrize("mean", [0, 0.5, 3, 4.25, 30])
@pytest.mark.parametrize("channel", ["slack", "email"])
def test_threads_have_as_many_replies_as_configured_on_average(mean: float, channel: Any) -> None:
    _, chooser = world_of({})
    replies = chooser.threads(channel, 5000, mean).replies
    assert abs(replies.mean() - mean) <= SIGMAS * replies.std() / sqrt(len(replies))
    assert replies.min() >= 0
    assert replies.max() < 64


@pytest.mark.parametrize("days", [1, 7])
def test_messages_follow_each_other_and_end_before_the_snapshot(days: int) -> None:
    _, chooser = world_of({"time_window_days": days})
    threads = chooser.threads("slack", 2000, 30)
    messages = chooser.messages("slack", threads)
    assert len(messages.when) == (threads.replies + 1).sum()
    later = np.diff(messages.when)[np.diff(messages.thread) == 0]
    assert later.min() >= 0
    assert np.array_equal(messages.when[messages.position == 0], threads.when)
    assert chooser.start <= messages.when.min()
    assert messages.when.max() < chooser.end


def test_three_threads_in_four_are_about_a_gap_and_half_of_those_refer_to_a_query() -> None:
    _, chooser = world_of({})
    threads = chooser.threads("slack", 5000, 5)
    about = threads.need != NO_NEED
    assert near(int(about.sum()), 5000, 0.75)
    assert near(int(threads.refers.sum()), int(about.sum()), 0.5)
    assert not threads.refers[~about].any()


# Demand and time


def test_demand_is_heavy_tailed_within_each_type(default: tuple[World, QueryChoices]) -> None:
    """Zipf's law with exponent 1: the gap in place r has a share of 1/r, over the sum of these."""
    world, chosen = default
    events = Counter(chosen.need.tolist())
    for gap_type in GAP_TYPES:
        places = [place for place, need in enumerate(world.needs) if need.gap.gap_type == gap_type]
        total = sum(events[place] for place in places)
        harmonic = sum(1 / rank for rank in range(1, len(places) + 1))
        for rank, place in enumerate(places, start=1):
            assert near(events[place], total, 1 / rank / harmonic)
    assert max(len([need for need in world.needs if need.gap.gap_type == gap_type]) for gap_type in GAP_TYPES) > 3


def test_people_write_in_business_hours_and_little_at_the_weekend() -> None:
    """Of the weight of a week, 2000 of 2338 lies between 8 and 18 from Monday to Friday, and 128 on the weekend.

    The hours of a calendar begin where its window begins, so that up to one hour's share leaks over the edges.
    """
    _, chooser = world_of({"time_window_days": 28, "nlq": {"gaps_distribution": {}}})
    moments = [datetime.fromtimestamp(when, UTC) for when in chooser.queries(MANY).when.tolist()]
    busy = sum(moment.weekday() < 5 and 8 <= moment.hour < 18 for moment in moments)
    weekend = sum(moment.weekday() >= 5 for moment in moments)
    assert 0.80 < busy / len(moments) < 0.88
    assert 0.04 < weekend / len(moments) < 0.07


def test_a_draw_after_an_instant_is_after_it_unless_the_last_hour_has_begun() -> None:
    end = clock.parse("2025-06-06T18:00:00Z")
    start = end - 3 * clock.DAY
    since = start + np.arange(-clock.DAY, 3 * clock.DAY, 47, dtype=np.int64)
    index = np.arange(len(since), dtype=np.int64)
    when = Calendar(start, end).draw(Stream(7, "test"), index, since)
    early = since <= end - clock.HOUR
    assert (when >= since)[early].all()
    assert (start <= when).all()
    assert (when < end).all()
    assert early.sum() > 5000


def test_everybody_asks(default: tuple[World, QueryChoices]) -> None:
    world, chosen = default
    asked = Counter(chosen.actor[chosen.need == NO_NEED].tolist())
    assert asked.keys() == {*range(60)}
    assert all(near(count, asked.total(), 1 / 60) for count in asked.values())
    assert len(world.ground.people) == 60


# Noise: a text carries it at the configured rate, where its wording can carry it at all

QUIET = dict.fromkeys(("typos_pct", "abbreviations_pct", "vague_time_pct", "oos_term_pct"), 0.0)
CARRIERS = {"typos_pct": 0.75, "abbreviations_pct": 0.04, "vague_time_pct": 0.4, "oos_term_pct": 0.99}
"""Share of the queries, at least, whose wording can carry each kind."""


@pytest.fixture(scope="module")
def choices() -> tuple[World, Chooser, QueryChoices]:
    world, chooser = world_of({})
    return world, chooser, chooser.queries(TEXTS)


def texts(choices: tuple[World, Chooser, QueryChoices], **noise: float) -> list[str]:
    world, chooser, chosen = choices
    config = packs.config({"nlq": {"noise": QUIET | noise}})
    renderer = Renderer(world, config, chooser, Speaker(load_wordings(), config.nlq.noise))
    return [event_text(one.event) for one in renderer.queries(chosen)]


@pytest.mark.parametrize("kind", QUIET)
@pytest.mark.parametrize("rate", [0.07, 0.5])
def test_a_kind_of_noise_is_in_its_share_of_the_texts_that_can_carry_it(
    kind: str, rate: float, choices: tuple[World, Chooser, QueryChoices]
) -> None:
    clean, some, everywhere = texts(choices), texts(choices, **{kind: rate}), texts(choices, **{kind: 1.0})
    able = [place for place, (one, other) in enumerate(zip(clean, everywhere, strict=True)) if one != other]
    noisy = [place for place, (one, other) in enumerate(zip(clean, some, strict=True)) if one != other]
    assert len(able) > CARRIERS[kind] * len(TEXTS)
    assert {*noisy} <= {*able}
    assert near(len(noisy), len(able), rate)


def test_a_typo_is_one_slip_in_one_word(choices: tuple[World, Chooser, QueryChoices]) -> None:
    for clean, slipped in zip(texts(choices), texts(choices, typos_pct=1.0), strict=True):
        before, after = clean.split(" "), slipped.split(" ")
        changed = [(one, other) for one, other in zip(before, after, strict=True) if one != other]
        assert len(changed) <= 1
        for one, other in changed:
            assert (len(other) - len(one), one[0] == other[0]) in {(-1, True), (0, True), (1, True)}
