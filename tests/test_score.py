"""Figures are what their definitions say: held to scikit-learn, to naive definitions, and to what must not matter."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn import metrics

from datagap import model
from datagap.gap import GAP_TYPES
from datagap.score import bootstrap
from datagap.score.bootstrap import intervals
from datagap.score.gold import Event, Gap, Gold, Label
from datagap.score.grouping import Grouping
from datagap.score.ranking import Group, by_demand, by_priority
from datagap.score.tally import NONE, Tally
from datagap.seeding import Stream
from tests.scoring import TYPES, cases, gap, golds, perfect, score

LOW_IS_GOOD = ("brier", "ece")


def numbers(record: Any) -> dict[str, float | None]:
    """Return the figures in a record by name."""
    found: dict[str, float | None] = {}
    for name, value in model.dump(record).items():
        parts = value.items() if isinstance(value, dict) else [("", value)]
        found |= {f"{name}.{part}".rstrip("."): number for part, number in parts}
    return found


def kept(found: Mapping[str, model.Detection], event_id: str) -> list[model.DetectedGap]:
    return [one for one in found[event_id].gaps if one.verdict != "contradicted"] if event_id in found else []


# What must hold for any detector


@given(golds())
def test_a_perfect_detector_scores_one_wherever_anything_is_defined(gold: Gold) -> None:
    scored = score(gold, perfect(gold), resamples=20)
    every = [scored.figures, *(one.figures for one in scored.by_channel.values())]
    every += [one.figures for one in [*scored.by_language.values(), *scored.by_difficulty.values()]]
    for figures in every:
        for name, number in numbers(figures).items():
            assert name == "none_reasons_given" or number in (None, 0.0 if name in LOW_IS_GOOD else 1.0), name
    for name, interval in scored.intervals.items():
        assert (interval.low, interval.high) == ((0.0, 0.0) if name in LOW_IS_GOOD else (1.0, 1.0)), name
    ranking = scored.by_demand
    assert ranking is not None
    assert {ranking.ndcg_5, ranking.ndcg_10, ranking.ndcg_20, ranking.tau_b} <= {1.0, None}
    assert (ranking.duplicates, ranking.unfounded, ranking.found) == (0, 0, ranking.gaps)
    if scored.with_gap:
        assert scored.figures.gap_types.f1 == scored.figures.macro_f1 == scored.figures.ari or scored.with_gap == 1


@given(cases(), st.randoms())
def test_no_order_matters(case: tuple[Gold, dict[str, model.Detection]], random: Any) -> None:
    gold, found = case

    def shuffled(mapping: Mapping[str, Any]) -> dict[str, Any]:
        keys = [*mapping]
        random.shuffle(keys)
        return {key: mapping[key] for key in keys}

    other = replace(gold, events=shuffled(gold.events), labels=shuffled(gold.labels), gaps=gold.gaps[::-1])
    assert score(other, shuffled(found), resamples=9) == score(gold, found, resamples=9)


@given(cases())
def test_names_of_groups_do_not_matter(case: tuple[Gold, dict[str, model.Detection]]) -> None:
    gold, found = case
    other = {"g_1": "zebra", "g_2": "g_1", "g_3": "a"}
    renamed = {
        event_id: replace(one, gaps=[replace(each, group_id=other[each.group_id]) for each in one.gaps])
        for event_id, one in found.items()
    }
    before, after = score(gold, found), score(gold, renamed)
    assert (after.figures, after.by_channel, after.by_demand) == (before.figures, before.by_channel, before.by_demand)


@given(cases())
def test_what_the_catalog_contradicts_counts_as_not_detected(case: tuple[Gold, dict[str, model.Detection]]) -> None:
    gold, found = case
    without = {event_id: replace(one, gaps=kept(found, event_id)) for event_id, one in found.items()}
    dropped = sum(len(one.gaps) for one in found.values()) - sum(len(one.gaps) for one in without.values())
    scored = score(gold, found, resamples=9)
    assert scored.contradicted == dropped
    assert replace(scored, contradicted=0) == score(gold, without, resamples=9)


@given(cases())
def test_every_figure_lies_in_its_range_and_is_written_as_a_valid_record(
    case: tuple[Gold, dict[str, model.Detection]],
) -> None:
    scored = score(*case, resamples=9, backlog=["g_2", "g_1", "nobody"])
    assert model.acceptor("score").is_valid(model.dump(scored))


def test_nothing_known_and_nothing_detected_is_undefined_and_not_zero() -> None:
    nothing = Gold(pack_id="p", kind="answer_key", events={}, labels={})
    scored = score(nothing, {}, resamples=9)
    assert {*numbers(scored.figures).values()} == {None, 0}
    assert (scored.figures.none_reasons_given, scored.intervals, scored.types) == (0, {}, {})
    assert scored.by_demand is None


def test_a_type_that_is_only_detected_has_a_precision_and_no_recall_and_leaves_the_macro_mean_alone() -> None:
    events = {name: Event(channel="nlq", actor="a", conversation=name) for name in ("e_1", "e_2")}
    real = Gap(gap_id="gap_1", gap_type="missing_column", people=1)
    labels = {"e_1": Label(request=True, gaps=[real]), "e_2": Label(request=True)}
    gold = Gold(pack_id="p", kind="answer_key", events=events, labels=labels, gaps=[real])
    found = {
        "e_1": model.Detection(event_id="e_1", request=True, gaps=[gap("missing_column", "g")]),
        "e_2": model.Detection(event_id="e_2", request=True, gaps=[gap("docs_missing", "h")]),
    }
    scored = score(gold, found)
    assert scored.types["docs_missing"] == model.TypeScore(
        rates=model.Rates(precision=0.0, recall=None, f1=0.0), support=0, detected=1, taken_for={}, false_alarms=1
    )
    assert (scored.figures.macro_f1, scored.figures.gap_types.f1) == (1.0, round(2 / 3, 6))


# Known definitions


@given(cases(least=1))
def test_types_agree_with_scikit_learn(case: tuple[Gold, dict[str, model.Detection]]) -> None:
    gold, found = case
    wanted = [[kind in {one.gap_type for one in gold.labels[key].gaps} for kind in GAP_TYPES] for key in gold.labels]
    told = [[kind in {one.gap_type for one in kept(found, key)} for kind in GAP_TYPES] for key in gold.labels]
    scored = score(gold, found)

    def expected(**more: Any) -> tuple[Any, Any, Any, Any]:
        scores: tuple[Any, Any, Any, Any] = metrics.precision_recall_fscore_support(
            wanted, told, zero_division=np.nan, **more
        )
        return scores

    for mine, theirs in zip(numbers(scored.figures.gap_types).values(), expected(average="micro"), strict=False):
        same(mine, theirs)
    support = [place for place, kind in enumerate(GAP_TYPES) if any(row[place] for row in wanted)]
    by_type = expected(average=None)
    same(scored.figures.macro_f1, np.mean(by_type[2][support]) if support else math.nan)
    for place, kind in enumerate(GAP_TYPES):
        if kind in scored.types:
            one = scored.types[kind]
            for number, theirs in zip(numbers(one.rates).values(), by_type, strict=False):
                same(number, theirs[place])
            assert one.support == by_type[3][place]


def same(mine: float | None, theirs: float) -> None:
    assert (math.nan if mine is None else mine) == pytest.approx(theirs, abs=1e-6, nan_ok=True)


@given(cases(least=1))
def test_confidence_agrees_with_scikit_learn_and_a_naive_calibration_error(
    case: tuple[Gold, dict[str, model.Detection]],
) -> None:
    gold, found = case
    sure, right = [], []
    for key, label in gold.labels.items():
        for kind in {one.gap_type for one in kept(found, key)}:
            sure.append(max(one.confidence for one in kept(found, key) if one.gap_type == kind))
            right.append(kind in {one.gap_type for one in label.gaps})
    scored = score(gold, found)
    if not sure:
        assert scored.figures.brier is scored.figures.ece is None
        return
    same(scored.figures.brier, metrics.brier_score_loss([*right, True, False], [*sure, 1, 0]) * (1 + 2 / len(sure)))
    error = 0.0
    for low, high in pairwise(number / 10 for number in range(11)):
        inside = [place for place, one in enumerate(sure) if low < one <= high or one == low == 0]
        error += abs(sum(sure[place] - right[place] for place in inside)) / len(sure)
    same(scored.figures.ece, error)
    assert sum(one.pairs for one in scored.bins) == len(sure)


CODES = st.lists(st.tuples(st.integers(0, 3), st.integers(-1, 3), st.integers(0, 4)), min_size=1, max_size=25)
"""Gap, group (NONE for none) and conversation of events."""


def grouping(rows: Sequence[tuple[int, int, int]]) -> Grouping:
    return Grouping(*(np.array(column, dtype=np.int64) for column in zip(*rows, strict=True)))


def alone(rows: Sequence[tuple[int, int, int]]) -> list[int]:
    """Return groups in which each event without one is by itself."""
    return [100 + place if group == NONE else group for place, (_, group, _) in enumerate(rows)]


def naive_b_cubed(gaps: Sequence[int], groups: Sequence[int]) -> Iterator[float]:
    """Yield precision and recall as the mean over events of the share of alike ones among those together."""
    every = range(len(gaps))
    for one, other in ((groups, gaps), (gaps, groups)):
        together = [[place for place in every if one[place] == one[event]] for event in every]
        alike = [sum(other[place] == other[event] for place in together[event]) for event in every]
        yield sum(number / len(places) for number, places in zip(alike, together, strict=True)) / len(gaps)


@given(CODES)
def test_b_cubed_is_what_its_definition_says(rows: list[tuple[int, int, int]]) -> None:
    found = grouping(rows).figures()
    precision, recall = naive_b_cubed([row[0] for row in rows], alone(rows))
    assert float(found["b_cubed.precision"]) == pytest.approx(precision)
    assert float(found["b_cubed.recall"]) == pytest.approx(recall)
    assert float(found["b_cubed.f1"]) == pytest.approx(2 * precision * recall / (precision + recall))


@given(CODES)
def test_ari_agrees_with_scikit_learn_and_does_not_mind_names_order_or_sides(rows: list[tuple[int, int, int]]) -> None:
    found = float(grouping(rows).figures()["ari"])
    if len(rows) < 2:
        assert math.isnan(found)
        return
    gaps = [row[0] for row in rows]
    assert found == pytest.approx(metrics.adjusted_rand_score(gaps, alone(rows)))
    renamed = [(7 - gap_, group if group == NONE else 9 - group, talk) for gap_, group, talk in rows]
    swapped = [(group, gap_, talk) for (gap_, _, talk), group in zip(rows, alone(rows), strict=True)]
    for other in (renamed, rows[::-1], swapped):
        assert float(grouping(other).figures()["ari"]) == pytest.approx(found)


@given(CODES, st.sets(st.integers(0, 4)))
def test_a_conversation_drawn_once_counts_as_it_is_and_one_not_drawn_does_not_count(
    rows: list[tuple[int, int, int]], drawn: set[int]
) -> None:
    weights = np.array([[1.0] * 5, [float(talk in drawn) for talk in range(5)]])
    found, whole = grouping(rows).figures(weights), grouping(rows).figures()
    left = [row for row in rows if row[2] in drawn]
    part = grouping(left).figures() if left else dict.fromkeys(whole, np.nan)
    for name, values in found.items():
        assert values == pytest.approx([float(whole[name]), float(part[name])], nan_ok=True), name


def test_drawing_an_event_twice_is_no_evidence_that_groups_of_one_are_right() -> None:
    rows = [(0, place, place) for place in range(20)]
    found = grouping(rows).figures(np.full((1, 20), 2.0))
    assert found["b_cubed.recall"][0] < 1 / 20
    assert found["ari"][0] == 0.0


# Links


@given(cases(least=1))
def test_links_count_the_names_that_the_first_detected_and_the_first_real_gap_share(
    case: tuple[Gold, dict[str, model.Detection]],
) -> None:
    gold, found = case
    pairs = [
        ({*kept(found, key)[0].datasets}, {*(label.gaps[0].datasets or ())})
        for key, label in gold.labels.items()
        if label.gaps and kept(found, key)
    ]
    shared, told, wanted = (
        sum(map(len, names))
        for names in ([one & other for one, other in pairs], [one for one, _ in pairs], [other for _, other in pairs])
    )
    figures = score(gold, found).figures.datasets
    assert figures.precision == (round(shared / told, 6) if told else None)
    assert figures.recall == (round(shared / wanted, 6) if wanted else None)


# Rankings


GAPS = [Gap(gap_id=f"gap_{people}", gap_type="docs_missing", people=people) for people in (8, 4, 2, 0)]


def group(actors: int, *gaps: str | None) -> Group:
    made = Group(actors={str(number) for number in range(actors)})
    made.gaps.update(gaps)
    return made


def test_a_duplicate_a_group_without_a_gap_and_a_gap_not_found_cost_gain() -> None:
    found = {"a": group(9, "gap_4", "gap_4", None), "b": group(8, "gap_8"), "c": group(7, "gap_8"), "d": group(6, None)}
    ranking = by_demand(found, GAPS)
    best = 8 + 4 / math.log2(3) + 2 / 2
    assert ranking.ndcg_5 == pytest.approx((4 + 8 / math.log2(3)) / best, abs=1e-6)
    assert (ranking.groups, ranking.duplicates, ranking.unfounded, ranking.gaps, ranking.found) == (4, 1, 1, 3, 2)
    assert by_demand({"b": found["b"]}, GAPS).ndcg_5 == pytest.approx(8 / best, abs=1e-6)


def test_tau_b_tells_order_from_reverse_and_is_undefined_where_all_is_tied() -> None:
    right = {name: group(people, name) for name, people in (("gap_8", 8), ("gap_4", 4), ("gap_2", 2))}
    wrong = {name: group(people, name) for name, people in (("gap_8", 2), ("gap_4", 4), ("gap_2", 8))}
    tied = {name: group(3, name) for name in right}
    assert [by_demand(one, GAPS).tau_b for one in (right, wrong, tied)] == [1.0, -1.0, None]
    assert by_demand({}, GAPS).ndcg_5 == 0.0
    assert by_demand({}, []).ndcg_5 is None


def test_a_backlog_is_scored_in_its_own_order_and_groups_nobody_detected_stand_for_nothing() -> None:
    found = {name: group(people, name) for name, people in (("gap_8", 8), ("gap_4", 4), ("gap_2", 2))}
    assert by_priority(["gap_8", "gap_4", "gap_2"], found, GAPS).ndcg_5 == 1.0
    assert by_priority(["gap_2", "gap_4", "gap_8"], found, GAPS).tau_b == -1.0
    strange = by_priority(["nobody", "gap_8", "gap_8"], found, GAPS)
    assert (strange.groups, strange.unfounded, strange.duplicates) == (2, 1, 0)


def test_a_group_stands_for_the_gap_of_most_events_and_for_none_if_most_have_none() -> None:
    assert group(1, "gap_8", "gap_8", "gap_4").gap_id == "gap_8"
    assert group(1, "gap_8", None, None).gap_id is None
    assert group(1, "gap_8", None).gap_id == "gap_8"


# Intervals


def noisy(conversations: int) -> tuple[Gold, dict[str, model.Detection]]:
    """Return a key of conversations of three, and a detector that is right about two thirds of the time."""
    gaps = [
        Gap(gap_id=f"gap_{n}", gap_type=TYPES[n % 4], datasets=["orders"], columns=["x"], people=9) for n in range(8)
    ]
    events, labels, found = {}, {}, {}
    stream, total = Stream(1, "test"), conversations * 3
    fate, topic = (stream.below(name, np.arange(total), 12).tolist() for name in ("fate", "topic"))
    for number in range(total):
        key, talk = f"e_{number}", number // 3
        events[key] = Event(channel="slack", actor=str(number % 17), conversation=f"c_{talk}")
        real = gaps[topic[talk] % 8]
        labels[key] = Label(request=topic[talk] < 10, gaps=[real] if topic[talk] < 8 else [], lang="en")
        said = TYPES[(topic[talk] + (fate[number] > 7)) % 4]
        made = gap(
            said, f"{said} {fate[number] % 2} {real.gap_id}", 0.6, datasets=["orders"], columns=["xy"[fate[number] % 2]]
        )
        found[key] = model.Detection(event_id=key, request=fate[number] < 9, gaps=[made] if fate[number] else [])
    return Gold(pack_id="p", kind="answer_key", events=events, labels=labels, gaps=gaps), found


def test_intervals_hold_the_figure_shrink_with_more_conversations_and_come_out_the_same_again() -> None:
    widths = []
    for conversations in (100, 1600):
        gold, found = noisy(conversations)
        scored = score(gold, found, resamples=300)
        figures = numbers(scored.figures)
        for name, interval in scored.intervals.items():
            number = figures[name]
            assert number is not None
            assert interval.low <= number <= interval.high, name
        interval = scored.intervals["gap_types.f1"]
        widths.append(interval.high - interval.low)
        assert score(gold, found, resamples=300).intervals == scored.intervals
    assert widths[0] / widths[1] == pytest.approx(4, rel=0.25)


def test_an_interval_of_f1_is_as_wide_as_resampling_one_by_one_makes_it() -> None:
    gold, found = noisy(150)
    tally = Tally(gold, found, lambda _: True, lambda _: True)
    grouped = Grouping(tally.primary, tally.group, tally.conversations)
    low, high = intervals(tally.counts, grouped, tally.conversations, 400)["gap_types.f1"]
    numbers_drawn = Stream(2, "test").below("naive", np.arange(400 * 150), 150).reshape(400, 150)
    rows = [np.flatnonzero(tally.conversations == talk) for talk in range(150)]
    scores = []
    for drawn in numbers_drawn:
        sums = tally.counts[np.concatenate([rows[talk] for talk in drawn])].sum(axis=0)
        hit, told, wanted = (sums[start : start + 10].sum() for start in (0, 10, 20))
        scores.append(2 * hit / (told + wanted))
    assert (low, high) == pytest.approx(tuple(np.percentile(scores, [2.5, 97.5])), abs=0.02)


def test_intervals_do_not_depend_on_how_many_are_drawn_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    gold, found = noisy(20)
    whole = score(gold, found, resamples=50).intervals
    monkeypatch.setattr(bootstrap, "BLOCK", 100)
    assert score(gold, found, resamples=50).intervals == whole


def test_a_figure_that_is_nowhere_defined_has_no_interval() -> None:
    gold, found = noisy(5)
    assert "none_reason_accuracy" not in score(gold, found, resamples=5).intervals


@pytest.mark.slow
def test_a_hundred_thousand_events_are_scored_in_well_under_a_minute() -> None:
    gold, found = noisy(33_334)
    started = time.process_time()
    assert score(gold, found).events > 100_000
    assert time.process_time() - started < 30
