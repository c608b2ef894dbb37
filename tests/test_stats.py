"""What is counted in a pack agrees with a second count of its files, whatever of them there is."""

from __future__ import annotations

import contextlib
import json
import random
import re
import shutil
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from datagap.cli.charts import as_data, draw
from datagap.errors import DatagapError
from datagap.pack.reader import Pack
from datagap.synth.stats import Rate, Stats, Variety, measure
from tests import packs
from tests.handmade import column, dataset, email, query, slack, write_pack
from tests.packs import Files, text_of

NOISE = {
    "typo": "typos_pct",
    "abbreviation": "abbreviations_pct",
    "vague_time": "vague_time_pct",
    "oos_term": "oos_term_pct",
    "casing": "casing_pct",
    "emoji": "emoji_pct",
}
NOISY = {"typos_pct": 0.5, "vague_time_pct": 0.4, "casing_pct": 0.3, "emoji_pct": 0.6, "oos_term_pct": 0}
SHAPES: dict[str, dict[str, Any]] = {
    "default": {},
    "rare and hard": {"gap_prevalence": 0.2, "difficulty": "hard", "nlq": {"noise": NOISY}},
    "languages": {"nlq": {"languages": [{"lang": "es", "pct": 0.7}, {"lang": "fr", "pct": 0.3}], "slow_rate": 0.3}},
    "one type that fits": {
        "nlq": {"gaps_distribution": {"joinability_issue": 0.3, "docs_missing": 0.2}},
        "catalog": {"mart_tables": 1, "staging_tables": 0},
    },
    "no gaps": {"gap_prevalence": 0},
    "no mail": {"email": {"threads": 0}},
}


@pytest.fixture(scope="module", params=SHAPES)
def pack(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Files:
    return packs.make(tmp_path_factory.mktemp("stats") / "p", packs.merged(packs.SMALL, SHAPES[request.param]))


@pytest.fixture(scope="module")
def stats(pack: Files) -> Stats:
    return measure(Pack(pack.folder))


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Files:
    return packs.make(tmp_path_factory.mktemp("stats") / "p", packs.SMALL)


@pytest.fixture
def copy(whole: Files, tmp_path: Path) -> Path:
    """A copy of a pack, to be edited by hand."""
    return Path(shutil.copytree(whole.folder, tmp_path / "p"))


def counted(stats: Stats, name: str) -> dict[str, tuple[int, int]]:
    return {rate.name: (rate.count, rate.of) for rate in stats.rates.get(name, ())}


def wanted(stats: Stats, name: str) -> dict[str, Any]:
    return {rate.name: rate.wanted for rate in stats.rates.get(name, ())}


def openers(pack: Files, channel: str) -> list[dict[str, Any]]:
    return [pack.labels[event["id"]] for event in pack.channels[channel] if "thread_id" not in event]


def shares(found: Mapping[str, int], names: Sequence[str]) -> dict[str, tuple[int, int]]:
    """Return the counts of these names, each among all of them; nothing if there are none."""
    total = sum(found[name] for name in names)
    return {name: (found[name], total) for name in names if total}


# Numbers


def test_events_are_counted_by_channel(pack: Files, stats: Stats) -> None:
    assert stats.pack_id == "p"
    assert stats.events == {channel: len(events) for channel, events in pack.channels.items() if events}


def test_queries_and_threads_about_a_gap_are_counted_and_the_prevalence_is_what_was_asked_for(
    pack: Files, stats: Stats
) -> None:
    names = {"nlq": "nlq queries", "slack": "slack threads", "email": "email threads"}
    assert counted(stats, "gaps") == {
        name: (sum(bool(label["gap_ids"]) for label in openers(pack, channel)), len(openers(pack, channel)))
        for channel, name in names.items()
        if pack.channels[channel]
    }
    config = pack.manifest["config_echo"]
    share = config.get("gap_prevalence")
    total = sum(config["nlq"]["gaps_distribution"].values())
    assert [*wanted(stats, "gaps").values()] == pytest.approx([total if share is None else share] * len(stats.events))


def test_gap_types_are_counted_and_a_type_that_was_dropped_passes_its_share_on(pack: Files, stats: Stats) -> None:
    found = Counter(pack.gaps[gap_id]["gap_type"] for label in openers(pack, "nlq") for gap_id in label["gap_ids"])
    weights = pack.manifest["config_echo"]["nlq"]["gaps_distribution"]
    dropped = pack.manifest.get("dropped_gap_types", ())
    held = {name: weights[name] for name in packs.GAP_TYPES if weights.get(name) and name not in dropped}
    assert counted(stats, "gap types of queries") == shares(found, [*held])
    asked = {name: weight / sum(held.values()) for name, weight in held.items() if found}
    assert wanted(stats, "gap types of queries") == pytest.approx(asked)


def test_outcomes_are_counted_among_the_queries_that_meet_no_gap(pack: Files, stats: Stats) -> None:
    found = Counter(event["outcome"] for event in pack.channels["nlq"] if not pack.labels[event["id"]]["gap_ids"])
    name = "outcomes of queries without a gap"
    assert counted(stats, name) == shares(found, ["answered", "slow", "uncertain"])
    nlq = pack.manifest["config_echo"]["nlq"]
    asked = [1 - nlq["slow_rate"] - nlq["uncertain_rate"], nlq["slow_rate"], nlq["uncertain_rate"]]
    assert [*wanted(stats, name).values()] == pytest.approx(asked)


def test_languages_are_counted_over_all_events(pack: Files, stats: Stats) -> None:
    asked = {one["lang"]: one["pct"] for one in pack.manifest["config_echo"]["nlq"]["languages"]}
    assert counted(stats, "languages") == shares(Counter(one["lang"] for one in pack.label_lines), [*asked])
    assert wanted(stats, "languages") == asked


MIX = {"medium": (0.35, 0.45, 0.20), "hard": (0.10, 0.35, 0.55)}
LEVELS = ("easy", "medium", "hard")


def test_difficulties_are_counted_over_what_opens_about_a_gap(pack: Files, stats: Stats) -> None:
    labels = [label for channel in packs.CHANNELS for label in openers(pack, channel) if label["gap_ids"]]
    name = "difficulty of queries and openers about a gap"
    assert counted(stats, name) == shares(Counter(label["difficulty"] for label in labels), LEVELS)
    mix = MIX[pack.manifest["config_echo"]["difficulty"]]
    assert wanted(stats, name) == {level: share for level, share in zip(LEVELS, mix, strict=True) if labels}


def test_noise_is_counted_where_there_is_room_for_it(pack: Files, stats: Stats) -> None:
    requests = [label for label in pack.label_lines if label["request"]]
    rooms = dict.fromkeys(NOISE, requests)
    rooms["emoji"] = [pack.labels[event["id"]] for event in pack.channels["slack"]]
    rooms["vague_time"] = [
        label for label in requests if any(mention["kind"] == "timeframe" for mention in label["mentions"])
    ]
    assert counted(stats, "noise") == {
        kind: (sum(kind in label.get("noise", ()) for label in room), len(room)) for kind, room in rooms.items() if room
    }
    noise = pack.manifest["config_echo"]["nlq"]["noise"]
    assert wanted(stats, "noise") == {kind: noise[key] for kind, key in NOISE.items() if rooms[kind]}


def test_reasons_for_no_gap_are_counted_the_most_frequent_first(pack: Files, stats: Stats) -> None:
    found = Counter(label["none_reason"] for label in pack.label_lines if not label["gap_ids"])
    assert counted(stats, "reasons for no gap") == shares(found, [*found])
    counts = [rate.count for rate in stats.rates["reasons for no gap"]]
    assert counts == sorted(counts, reverse=True)
    assert {*wanted(stats, "reasons for no gap").values()} == {None}


def test_demand_is_that_of_the_events_the_most_wanted_gap_first(pack: Files, stats: Stats) -> None:
    found = [
        (gap_id, len({event["actor"] for event in pack.behind(gap_id)}), len(pack.behind(gap_id)))
        for gap_id in pack.gaps
    ]
    assert stats.demand == sorted(found, key=lambda one: (-one[1], -one[2], one[0]))


def test_threads_are_counted_by_their_messages(pack: Files, stats: Stats) -> None:
    found: dict[str, Counter[int]] = {}
    for opener, messages in pack.threads.items():
        found.setdefault(pack.events[opener]["channel"], Counter())[len(messages)] += 1
    assert stats.thread_lengths == found
    assert all([*lengths] == sorted(lengths) for lengths in stats.thread_lengths.values())


def hour(when: str, zone: str = "UTC") -> int:
    return datetime.fromisoformat(when).astimezone(ZoneInfo(zone)).hour


def test_hours_are_those_on_the_wall_where_the_writer_is(pack: Files, stats: Stats) -> None:
    found = Counter(hour(event["when"], pack.people[event["actor"]]["timezone"]) for event in pack.events.values())
    assert stats.hours == [found[number] for number in range(24)]


def test_variety_is_counted_over_the_requests_of_each_kind(pack: Files, stats: Stats) -> None:
    texts: dict[str, list[str]] = {}
    for event_id, label in pack.labels.items():
        if label["request"]:
            event = pack.events[event_id]
            kinds = {"all", event["channel"], label["lang"], label.get("difficulty", "all")}
            for kind in kinds:
                texts.setdefault(kind, []).append(text_of(event))
    assert {name: (one.texts, one.distinct) for name, one in stats.variety.items()} == {
        name: (len(found), len({*found})) for name, found in texts.items()
    }
    assert [one.share for one in stats.variety.values()] == [one.distinct / one.texts for one in stats.variety.values()]


# Packs that lack something


def test_the_order_of_the_labels_does_not_matter(copy: Path, whole: Files) -> None:
    lines = (copy / "truth" / "labels.jsonl").read_bytes().splitlines(keepends=True)
    random.Random(1).shuffle(lines)
    (copy / "truth" / "labels.jsonl").write_bytes(b"".join(lines))
    assert measure(Pack(copy)) == measure(Pack(whole.folder))


def test_a_pack_without_an_answer_key_has_no_numbers_that_need_one(copy: Path, whole: Files) -> None:
    shutil.rmtree(copy / "truth")
    found, known = measure(Pack(copy)), measure(Pack(whole.folder))
    outcomes = "outcomes of queries without a gap"
    assert found.rates == {outcomes: known.rates[outcomes]}
    assert (found.demand, found.variety) == ([], {})
    assert (found.events, found.thread_lengths, found.hours) == (known.events, known.thread_lengths, known.hours)


def test_labels_that_are_missing_are_not_counted(copy: Path, whole: Files) -> None:
    lines = (copy / "truth" / "labels.jsonl").read_bytes().splitlines(keepends=True)
    (copy / "truth" / "labels.jsonl").write_bytes(b"".join(lines[::2]))
    kept = [label for label in whole.label_lines[::2] if label["request"]]
    assert measure(Pack(copy)).variety["all"].texts == len(kept)


def test_without_people_the_hours_are_in_utc(copy: Path, whole: Files) -> None:
    (copy / "catalog" / "people.jsonl").unlink()
    found = Counter(hour(event["when"]) for event in whole.events.values())
    assert measure(Pack(copy)).hours == [found[number] for number in range(24)]


EVENTS = [
    query("q_1", "Why's net_revenue late?", when="2026-03-04T23:30:00Z", actor="u_ann"),
    query("q_2", "why's the NET-revenue late", "answered", when="2026-03-04T23:59:59Z", actor="u_ben"),
    slack("s_1", "Où est l\u2019été 2024?", when="2026-03-04T22:00:00Z"),
    slack("s_2", "Looking.", thread_id="s_1", when="2026-03-04T22:10:00Z"),
    slack("s_3", "Same here.", thread_id="s_1", when="2026-03-04T22:20:00Z"),
    email("e_1", "Late again", "Why's net_revenue late?", when="2026-03-05T00:00:00Z"),
]
PEOPLE = [{"person_id": "u_ann", "timezone": "Asia/Kolkata"}, {"person_id": "u_ben"}]


@pytest.fixture
def prior(tmp_path: Path) -> Path:
    """A pack as another tool writes it: without a seed, a config and an answer key."""
    return write_pack(tmp_path / "p", EVENTS, [dataset("mart_orders", column("region"))], people=PEOPLE)


def test_a_pack_of_another_tool_is_counted(prior: Path) -> None:
    found = measure(Pack(prior))
    assert found.events == {"nlq": 2, "slack": 3, "email": 1}
    assert counted(found, "outcomes of queries without a gap") == {
        "answered": (1, 1),
        "slow": (0, 1),
        "uncertain": (0, 1),
    }
    assert [*found.rates] == ["outcomes of queries without a gap"]
    assert found.thread_lengths == {"slack": {3: 1}, "email": {1: 1}}
    assert {number: count for number, count in enumerate(found.hours) if count} == {3: 3, 5: 2, 23: 1}
    assert (found.demand, found.variety) == ([], {})


def label(event_id: str, lang: str = "en", **more: Any) -> dict[str, Any]:
    return {
        "event_id": event_id,
        "request": True,
        "none_reason": "answered",
        "gap_ids": [],
        "mentions": [],
        "intent": "lookup",
        "lang": lang,
        **more,
    }


def write_truth(folder: Path, labels: Sequence[Mapping[str, Any]], gaps: Sequence[Mapping[str, Any]] = ()) -> None:
    (folder / "truth").mkdir()
    for file, records in (("labels", labels), ("gaps", gaps)):
        lines = "".join(json.dumps(record) + "\n" for record in records)
        (folder / "truth" / f"{file}.jsonl").write_text(lines, encoding="utf-8", newline="\n")


def test_words_are_told_apart_by_letters_in_any_case_with_their_apostrophes_and_hyphens(prior: Path) -> None:
    write_truth(prior, [label(event["id"], "fr" if event["id"] == "s_1" else "en") for event in EVENTS])
    variety = measure(Pack(prior)).variety
    assert variety["nlq"] == Variety(2, 2, len(["why's", "net", "revenue", "late", "the", "net-revenue"]))
    assert variety["email"] == Variety(1, 1, len(["late", "again", "why's", "net", "revenue"]))
    assert variety["fr"] == Variety(1, 1, len(["où", "est", "l\u2019été"]))


def test_texts_that_are_the_same_are_counted_once(prior: Path) -> None:
    again = [{**event, "nl_text": "Why?"} for event in EVENTS if event["channel"] == "nlq"]
    (prior / "nl_queries.jsonl").write_text("".join(json.dumps(event) + "\n" for event in again))
    write_truth(prior, [label("q_1"), label("q_2")])
    assert measure(Pack(prior)).variety["all"] == Variety(2, 1, 1)


def test_a_pack_without_events_is_counted(tmp_path: Path) -> None:
    found = measure(Pack(write_pack(tmp_path / "p", [], [dataset("mart_orders")])))
    assert (found.events, found.rates, found.demand, found.thread_lengths, found.variety) == ({}, {}, [], {}, {})
    assert found.hours == [0] * 24
    assert next(iter(draw(found))).startswith("p: 0 events")


# Packs that do not fit together


def without_gaps(folder: Path) -> None:
    (folder / "truth" / "gaps.jsonl").unlink()


def with_another_gap(folder: Path) -> None:
    path = folder / "truth" / "gaps.jsonl"
    path.write_bytes(re.sub(rb'"gap_id":"gap_', b'"gap_id":"other_', path.read_bytes()))


def without_weights(folder: Path) -> None:
    manifest = json.loads((folder / "manifest.json").read_bytes())
    manifest["config_echo"]["nlq"]["gaps_distribution"] = {}
    (folder / "manifest.json").write_text(json.dumps(manifest))


def somewhere_else(folder: Path) -> None:
    path = folder / "catalog" / "people.jsonl"
    path.write_bytes(re.sub(rb"Europe/[A-Z][a-z]+", b"Mars/Utopia", path.read_bytes()))


def without_labels(folder: Path) -> None:
    (folder / "truth" / "labels.jsonl").unlink()


def cut(folder: Path) -> None:
    path = folder / "slack.jsonl"
    path.write_bytes(path.read_bytes()[:-20])


@pytest.mark.parametrize(
    "spoil", [without_gaps, with_another_gap, without_weights, somewhere_else, without_labels, cut],
    ids=lambda spoil: spoil.__name__,
)  # fmt: skip
def test_a_pack_that_does_not_fit_together_is_counted_or_refused_and_nothing_crashes(
    spoil: Callable[[Path], None], copy: Path
) -> None:
    spoil(copy)
    with contextlib.suppress(DatagapError):
        assert [*draw(measure(Pack(copy)))]


# What is made of the numbers


def test_a_share_of_nothing_is_nothing() -> None:
    assert (Rate("a", 0, 0).share, Rate("a", 1, 4).share, Variety(0, 0, 0).share) == (0.0, 0.25, 0.0)


def test_the_data_are_the_numbers(stats: Stats) -> None:
    data = json.loads(json.dumps(as_data(stats)))
    assert [*data] == ["pack_id", "events", "rates", "demand", "thread_lengths", "hours", "variety"]
    assert data["events"] == stats.events
    for name, rates in stats.rates.items():
        named = [(one["name"], one["count"], one["of"], one["share"], one["wanted"]) for one in data["rates"][name]]
        assert named == [(rate.name, rate.count, rate.of, rate.share, rate.wanted) for rate in rates]
    assert [(one["gap_id"], one["people"], one["events"]) for one in data["demand"]] == stats.demand
    assert data["thread_lengths"] == {
        channel: {str(length): count for length, count in lengths.items()}
        for channel, lengths in stats.thread_lengths.items()
    }
    assert data["hours"] == stats.hours
    assert data["variety"].keys() == stats.variety.keys()


LARGE = Stats(
    pack_id="p1",
    events={"nlq": 1_000_000, "slack": 100_000, "email": 100_000},
    rates={"reasons for no gap": [Rate("working_as_intended", 1_000_000, 1_000_000, 1.0)]},
    demand=[("gap_99999", 100_000, 1_000_000)] * 40,
    thread_lengths={"slack": {63: 100_000}},
    hours=[1_000_000] * 24,
    variety={"medium": Variety(1_000_000, 1_000_000, 99_999)},
)


def test_no_line_is_wider_than_a_terminal(stats: Stats) -> None:
    assert [line for line in draw(stats) if len(line) > 80] == []


def test_no_line_about_a_large_pack_is_wider_than_a_terminal() -> None:
    assert [line for line in draw(LARGE) if len(line) > 80] == []


def test_a_bar_is_as_long_as_its_number_beside_the_longest() -> None:
    hours = [0, 1, 2, 4, 8, 16, 192, *[0] * 17]
    none = Stats(pack_id="p", events={}, rates={}, demand=[], thread_lengths={}, hours=hours, variety={})
    bars = {line[2:4]: line[13:37].rstrip() for line in draw(none) if re.match("  [0-9]{2} ", line)}
    assert bars["06"] == "█" * 24
    assert [bars[f"{number:02d}"] for number in range(6)] == ["", "▏", "▎", "▌", "█", "██"]


def test_only_the_most_wanted_gaps_are_drawn_and_the_rest_is_summed_up() -> None:
    demand = [(f"gap_{place:04d}", max(0, 30 - place), 40) for place in range(33)]
    one = Stats(pack_id="p", events={}, rates={}, demand=demand, thread_lengths={}, hours=[0] * 24, variety={})
    lines = [*draw(one)]
    assert "demand for 33 gaps, in people" in lines
    assert [line.split()[0] for line in lines if " people, " in line] == [gap_id for gap_id, _, _ in demand[:12]]
    assert "  21 more with 18 people or fewer, 3 of them with none" in lines
