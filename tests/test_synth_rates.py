"""Shares come out as configured. Tolerances are five standard deviations of a binomial: one failure in two million."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cache
from math import sqrt
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from datagap import model
from datagap.gap import GAP_TYPES
from datagap.pack.layout import event_text
from datagap.synth.acts import OPENING_ACTS, OPENINGS, STATES
from datagap.synth.choices import ANSWERED, NOISE, NOTHING, SLOW, UNCERTAIN, QueryChoices
from datagap.synth.config import DIFFICULTY_MIX
from datagap.synth.crowd import ENOUGH
from datagap.synth.scenario import load_vocabulary
from datagap.synth.studio import Studio, open_studio
from tests import packs

MANY = np.arange(20_000, dtype=np.int64)
THREADS = np.arange(6_000, dtype=np.int64)
SIGMAS = 5


def near(counted: float, of: float, share: float) -> bool:
    """Return whether a count is what so many draws of this probability may well give."""
    return abs(counted - of * share) <= SIGMAS * sqrt(of * share * (1 - share))


def studio_of(data: Mapping[str, Any], seed: int = 7) -> Studio:
    config = packs.config(data, seed)
    return open_studio(config, load_vocabulary(config.scenario))


@cache
def default(seed: int) -> tuple[Studio, QueryChoices]:
    studio = studio_of({}, seed)
    return studio, studio.chooser.queries(MANY)


SEEDS = (7, 8, 9)
SHARES = {
    "missing_asset": 0.10, "missing_column": 0.12, "grain_mismatch": 0.06, "type_mismatch": 0.05,
    "freshness_breach": 0.08, "joinability_issue": 0.05, "access_denied": 0.03, "docs_missing": 0.12,
    "performance_limit": 0.04, "quality_issue": 0.05,
}  # fmt: skip


def types_met(studio: Studio, chosen: QueryChoices) -> Counter[str]:
    return Counter(studio.world.needs[place].gap_type for place in chosen.need.tolist() if place != NOTHING)


@pytest.mark.parametrize("seed", SEEDS)
def test_a_query_meets_a_gap_with_the_summed_weight(seed: int) -> None:
    assert near(int((default(seed)[1].need != NOTHING).sum()), len(MANY), 0.70)


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("gap_type", GAP_TYPES)
def test_the_type_is_drawn_by_weight(gap_type: str, seed: int) -> None:
    assert near(types_met(*default(seed))[gap_type], len(MANY), SHARES[gap_type])


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
    chosen = studio_of({"nlq": {"gaps_distribution": gaps, **rates}}).chooser.queries(MANY)
    rest = chosen.outcome[chosen.need == NOTHING]
    assert near(len(rest), len(MANY), 1 - sum(gaps.values()))
    for ending, share in zip((ANSWERED, SLOW, UNCERTAIN), shares, strict=True):
        assert near(int((rest == ending).sum()), len(rest), share)


@pytest.mark.parametrize("shares", [{"en": 0.9, "es": 0.05, "fr": 0.05}, {"fr": 1}, {"es": 0.5, "en": 0.5}], ids=str)
def test_languages_are_drawn_by_their_shares(shares: dict[str, float]) -> None:
    studio = studio_of({"nlq": {"languages": [{"lang": lang, "pct": pct} for lang, pct in shares.items()]}})
    for drawn in (studio.chooser.queries(MANY).lang, studio.chooser.threads("slack", MANY).lang):
        for place, share in enumerate(shares.values()):
            assert near(int((drawn == place).sum()), len(MANY), share)


def test_who_writes_in_a_language_speaks_it() -> None:
    studio, chosen = default(7)
    spoken = [person.lang for person in studio.world.staff.people]
    for place, lang in enumerate(("en", "es", "fr")):
        if spoken.count(lang) >= ENOUGH:
            writers = {*chosen.actor[(chosen.lang == place) & (chosen.need == NOTHING)].tolist()}
            assert {spoken[writer] for writer in writers} == {lang}


@pytest.mark.parametrize("difficulty", ["easy", "medium", "hard"])
def test_difficulty_is_drawn_by_its_mix(difficulty: Any) -> None:
    studio = studio_of({"difficulty": difficulty})
    for drawn in (studio.chooser.queries(MANY).difficulty,):
        for place, share in enumerate(DIFFICULTY_MIX[difficulty]):
            assert near(int((drawn == place).sum()), len(MANY), share)


@pytest.mark.parametrize("templates", ["train", "held_out"])
def test_a_split_of_the_templates_is_used_alone(templates: Any) -> None:
    studio = studio_of({"templates": templates})
    chosen = studio.chooser.queries(MANY)
    asked = {studio.chooser.deck.wordings[place].split for place in chosen.wording[chosen.need != NOTHING].tolist()}
    assert asked == {templates}


def test_all_templates_mix_both_splits() -> None:
    studio, chosen = default(7)
    asked = Counter(studio.chooser.deck.wordings[place].split for place in chosen.wording.tolist())
    assert asked["train"] > asked["held_out"] > len(MANY) / 10


def test_a_type_that_does_not_fit_passes_its_share_on() -> None:
    studio = studio_of({"catalog": {"mart_tables": 11, "inject_freshness_breaches": 0}})
    met = types_met(studio, studio.chooser.queries(MANY))
    assert studio.world.dropped == ["grain_mismatch"]  # eleven entities have a table each, and none is left to add up
    assert near(met.total(), len(MANY), 0.70)
    assert near(met["missing_column"], len(MANY), 0.70 * 0.12 / 0.64)


@pytest.mark.parametrize("total", [0.0, 0.37, 1.0])
def test_a_summed_weight_holds_from_none_to_all(total: float) -> None:
    studio = studio_of({"nlq": {"gaps_distribution": dict.fromkeys(GAP_TYPES, total / 10)}})
    assert near(int((studio.chooser.queries(MANY).need != NOTHING).sum()), len(MANY), total)


@pytest.mark.parametrize("prevalence", [0.0, 0.01, 0.3, 1.0])
def test_gap_prevalence_holds_for_queries_and_threads_and_leaves_the_mix(prevalence: float) -> None:
    studio = studio_of({"gap_prevalence": prevalence})
    chosen = studio.chooser.queries(MANY)
    assert near(int((chosen.need != NOTHING).sum()), len(MANY), prevalence)
    for channel in ("slack", "email"):
        need = studio.chooser.threads(channel, THREADS).need
        about = (need != NOTHING) & (need < len(studio.world.needs))
        assert near(int(about.sum()), len(THREADS), prevalence)
    met = types_met(studio, chosen)
    for gap_type, share in SHARES.items():
        assert near(met[gap_type], met.total(), share / 0.70)


# Threads


@pytest.mark.parametrize("mean", [0, 0.5, 3, 4.25, 30])
@pytest.mark.parametrize("channel", ["slack", "email"])
def test_threads_have_as_many_replies_as_configured_on_average(mean: float, channel: Any) -> None:
    studio = studio_of({channel: {"replies_mean": mean}})
    replies = studio.chooser.threads(channel, np.arange(5000, dtype=np.int64)).replies
    assert abs(replies.mean() - mean) <= SIGMAS * replies.std() / sqrt(len(replies))
    assert replies.min() >= 0
    assert replies.max() < 64


@pytest.mark.parametrize("days", [1, 7])
@pytest.mark.parametrize("channel", ["slack", "email"])
def test_messages_follow_each_other_and_end_before_the_snapshot(days: int, channel: Any) -> None:
    studio = studio_of({"time_window_days": days, "slack": {"replies_mean": 30}, "email": {"replies_mean": 30}})
    chooser = studio.chooser
    threads = chooser.threads(channel, np.arange(2000, dtype=np.int64))
    messages = chooser.messages(channel, threads)
    assert len(messages.when) == (threads.replies + 1).sum()
    later = np.diff(messages.when)[np.diff(messages.thread) == 0]
    assert later.min() > 0
    assert np.array_equal(messages.when[messages.position == 0], threads.when)
    end = studio.world.generated_at
    assert end - days * 86_400 <= messages.when.min()
    assert messages.when.max() < end


def test_replies_take_minutes_on_slack_and_hours_by_mail() -> None:
    chooser = studio_of({"time_window_days": 30, "slack": {"replies_mean": 4}, "email": {"replies_mean": 4}}).chooser
    medians = {}
    for channel in ("slack", "email"):
        messages = chooser.messages(channel, chooser.threads(channel, THREADS))
        later = np.diff(messages.when)[np.diff(messages.thread) == 0]
        medians[channel] = int(np.median(later)) // 60
    assert 10 <= medians["slack"] <= 60
    assert 60 <= medians["email"] <= 360


def test_threads_without_a_gap_are_about_everything_else_by_weight() -> None:
    studio = studio_of({"gap_prevalence": 0})
    threads = studio.chooser.threads("slack", MANY)
    for place, act in enumerate(OPENINGS):
        assert near(int((threads.act == place).sum()), len(MANY), OPENING_ACTS[act])
    claims = threads.need != NOTHING
    assert near(int(claims.sum()), len(MANY), OPENING_ACTS["working_as_intended"])


def test_half_of_the_threads_about_a_gap_refer_to_a_query_and_end_in_every_state() -> None:
    studio, _ = default(7)
    threads = studio.chooser.threads("slack", THREADS)
    about = (threads.need != NOTHING) & (threads.need < len(studio.world.needs))
    assert near(int(threads.refers.sum()), int(about.sum()), 0.5)
    assert not threads.refers[~about].any()
    assert {*threads.state[about].tolist()} == {*range(len(STATES))}
    resolved = np.array([need.resolved for need in studio.world.needs])
    told = about & resolved[np.where(about, threads.need, 0)] & (threads.replies > 1)
    assert (threads.state[told] == STATES.index("resolved")).all()


# Demand and time


@pytest.mark.parametrize("seed", SEEDS)
def test_demand_is_heavy_tailed_within_each_type(seed: int) -> None:
    """The gap in place r has a share of 1 / (r (r + 1)), over the sum of these."""
    studio, chosen = default(seed)
    events = Counter(chosen.need.tolist())
    for gap_type in GAP_TYPES:
        places = [place for place, need in enumerate(studio.world.needs) if need.gap_type == gap_type]
        total = sum(events[place] for place in places)
        weights = [1 / (rank * (rank + 1)) for rank in range(1, len(places) + 1)]
        for weight, place in zip(weights, places, strict=True):
            assert near(events[place], total, weight / sum(weights))


@pytest.mark.parametrize("count", [0, 1, 9, 25, 60])
def test_gaps_are_as_many_as_asked_for_whatever_the_number_of_events(count: int) -> None:
    """Late datasets are kept, so that there can be more; a small world may hold fewer."""
    studio = studio_of({"gaps": {"count": count}, "catalog": {"inject_freshness_breaches": 0}})
    assert len(studio.world.needs) == count
    assert len(studio_of({"gaps": {"count": 25}, "nlq": {"count": 9}}).world.needs) == 25


@pytest.mark.parametrize("share", [0.0, 0.05, 0.15, 0.5, 1.0])
@pytest.mark.parametrize("seed", SEEDS)
def test_as_many_datasets_are_late_as_asked_for(share: float, seed: int) -> None:
    studio = studio_of({"catalog": {"inject_freshness_breaches": share}}, seed)
    catalog = studio.world.catalog
    late = sum(bool(catalog.is_late(row.dataset)) for row in catalog.freshness)
    assert abs(late - share * len(studio.world.places)) <= (2 if share < 1 else 3)


def test_people_write_in_the_business_hours_of_where_they_are_and_little_at_the_weekend() -> None:
    studio = studio_of({"time_window_days": 28, "nlq": {"gaps_distribution": {}}})
    chosen = studio.chooser.queries(MANY)
    zones = [ZoneInfo(person.timezone or "UTC") for person in studio.world.staff.people]
    local = [
        datetime.fromtimestamp(when, UTC).astimezone(zones[actor])
        for when, actor in zip(chosen.when.tolist(), chosen.actor.tolist(), strict=True)
    ]
    busy = sum(moment.weekday() < 5 and 8 <= moment.hour < 19 for moment in local)
    weekend = sum(moment.weekday() >= 5 for moment in local)
    assert 0.88 < busy / len(local) < 0.96
    assert 0.01 < weekend / len(local) < 0.06
    assert len({person.timezone for person in studio.world.staff.people}) > 2


def test_incidents_cause_bursts_and_other_gaps_do_not() -> None:
    """A day after an incident began more than half of those who meet it have met it."""
    studio = studio_of({"time_window_days": 21, "gaps": {"resolved_share": 0}})
    chosen = studio.chooser.queries(MANY)
    early: dict[bool, list[int]] = {True: [0, 0], False: [0, 0]}
    for place, need in enumerate(studio.world.needs):
        if need.until - need.since > 5 * 86_400:
            when = chosen.when[chosen.need == place]
            early[need.incident][0] += int((when < need.since + 86_400 + 43_200).sum())
            early[need.incident][1] += len(when)
    assert early[True][0] > 0.5 * early[True][1] > 50
    assert early[False][0] < 0.15 * early[False][1]


def test_everybody_asks_and_roles_follow_the_audience_weights() -> None:
    studio = studio_of({"actors": 3000, "audience_weights": {"Exec": 3, "Ops": 2, "Eng": 1}})
    audiences = Counter(person.audience for person in studio.world.staff.people)
    for audience, share in {"Exec": 3 / 6, "Ops": 2 / 6, "Eng": 1 / 6}.items():
        assert near(audiences[audience], 3000, share)
    roles = studio.world.vocabulary.scenario.people.roles
    assert {(person.role, person.audience) for person in studio.world.staff.people} == {
        (role.role, role.audience) for role in roles
    }
    small, chosen = default(7)
    assert {*chosen.actor.tolist()} == {*range(60)}
    assert len({person.person_id for person in small.world.staff.people}) == 60


# Noise: a request carries each kind at its rate


@pytest.mark.parametrize("seed", SEEDS)
def test_noise_is_drawn_at_its_rate_and_reaches_the_texts(seed: int) -> None:
    studio, chosen = default(seed)
    noise = packs.config({}).nlq.noise
    wanted = dict(
        zip(
            NOISE,
            (noise.typos_pct, noise.abbreviations_pct, noise.vague_time_pct, noise.oos_term_pct, noise.casing_pct),
            strict=False,
        )
    )
    for kind, rate in wanted.items():
        assert near(int(chosen.noise[kind].sum()), len(MANY), rate)
    few = studio.chooser.queries(MANY[:4000])
    labels = [one.label for one in studio.renderer.queries(few)]
    requests = [label for label in labels if label.request]
    for kind in ("typo", "abbreviation", "oos_term", "casing"):
        assert near(sum(kind in (label.noise or ()) for label in requests), len(requests), wanted[kind])
    dated = [label for label in requests if any(mention.kind == "timeframe" for mention in label.mentions)]
    assert near(sum("vague_time" in (label.noise or ()) for label in dated), len(dated), wanted["vague_time"])


def test_emoji_are_on_slack_alone_at_their_rate() -> None:
    studio = studio_of({"nlq": {"noise": {"emoji_pct": 0.25}}})
    for channel, rate in (("slack", 0.25), ("email", 0.0)):
        threads = studio.chooser.threads(channel, np.arange(600, dtype=np.int64))  # type: ignore[arg-type]
        labels = [one.label for one in studio.renderer.messages(channel, studio.chooser.messages(channel, threads))]  # type: ignore[arg-type]
        assert near(sum("emoji" in (label.noise or ()) for label in labels), len(labels), rate)


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("scenario", ["enterprise", "fintech", "ecommerce", "saas"])
def test_nine_in_ten_request_texts_of_a_default_pack_are_distinct(scenario: str, seed: int) -> None:
    studio = studio_of({"scenario": scenario}, seed)
    chooser, renderer, config = studio.chooser, studio.renderer, studio.config
    rendered = list(renderer.queries(chooser.queries(np.arange(config.nlq.count, dtype=np.int64))))
    for channel, count in (("slack", config.slack.threads), ("email", config.email.threads)):
        threads = chooser.threads(channel, np.arange(count, dtype=np.int64))  # type: ignore[arg-type]
        rendered += renderer.messages(channel, chooser.messages(channel, threads))  # type: ignore[arg-type]
    texts = [event_text(one.event) for one in rendered if one.label.request]
    assert len({*texts}) >= 0.9 * len(texts)


def test_a_huge_number_of_events_is_decided_in_columns() -> None:
    """The choices of the last of 100 million queries need none of the others."""
    studio = studio_of({"nlq": {"count": 99_999_999}, "slack": {"threads": 9_999_999}})
    last = np.arange(99_999_000, 99_999_999, dtype=np.int64)
    chosen = studio.chooser.queries(last)
    assert near(int((chosen.need != NOTHING).sum()), len(last), 0.70)
    threads = studio.chooser.threads("slack", np.arange(9_999_000, 9_999_999, dtype=np.int64))
    messages = studio.chooser.messages("slack", threads)
    assert messages.when.max() < studio.world.generated_at
    (rendered,) = studio.renderer.queries(studio.chooser.queries(last[-1:]))
    assert isinstance(rendered.event, model.NlQuery)
    assert rendered.event.id == "q_99999998"
