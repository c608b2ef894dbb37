"""What the answer key says is so, by a second reading of the catalog (see tests/packs.py)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest

from datagap import model
from tests import packs
from tests.packs import Files, instant

SHAPES: dict[str, dict[str, Any]] = {
    "default": {},
    "wide window": {"time_window_days": 45},
    "mostly late": {"catalog": {"inject_freshness_breaches": 0.7}},
    "few people": {"actors": ["ann", "ben", "cleo"]},
    "one domain": {"catalog": {"domains": ["marketing"], "mart_tables": 12, "staging_tables": 9}},
    "small catalog": {"catalog": {"mart_tables": 5, "staging_tables": 3}},
    "languages": {"nlq": {"languages": [{"lang": "es", "pct": 0.5}, {"lang": "fr", "pct": 0.5}]}},
    "long threads": {"slack": {"replies_mean": 14}, "email": {"replies_mean": 20}},
}
WORLDS = [(shape, seed) for shape in SHAPES for seed in (1, 2, 3)]


@pytest.fixture(scope="module", params=WORLDS, ids=lambda world: f"{world[0]}-{world[1]}")
def pack(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Files:
    shape, seed = request.param
    return packs.make(tmp_path_factory.mktemp("truth") / "pack", packs.merged(packs.SMALL, SHAPES[shape]), seed)


def test_every_gap_holds_in_the_catalog_and_its_pointer_and_value_resolve(pack: Files) -> None:
    assert list(packs.untrue_gaps(pack)) == []


def test_nothing_is_wrong_in_the_catalog_that_no_gap_accounts_for(pack: Files) -> None:
    assert list(packs.gaps_without_a_key(pack)) == []


def test_no_event_claims_what_was_not_yet_so_and_what_is_answered_can_be_answered(pack: Files) -> None:
    assert list(packs.wrong_events(pack)) == []


def test_labels_fit_their_events_and_the_demand_is_what_the_events_add_up_to(pack: Files) -> None:
    assert list(packs.wrong_labels(pack)) == []


def test_no_text_has_an_unfilled_slot(pack: Files) -> None:
    assert list(packs.unfilled(pack)) == []


def test_a_freshness_gap_began_when_the_last_of_its_datasets_was_due(pack: Files) -> None:
    for gap in pack.of_type("freshness_breach"):
        assert instant(gap["began_at"]) == max(pack.due(name) for name in gap["datasets"])


def test_nobody_asks_the_catalog_for_what_he_answers_for_himself(pack: Files) -> None:
    for event_id, label in pack.labels.items():
        for gap in (pack.gaps[gap_id] for gap_id in label["gap_ids"]):
            owner = pack.datasets[gap["datasets"][0]]["owner"] if gap["datasets"] else None
            assert pack.events[event_id]["actor"] != owner


def test_a_check_that_values_are_unique_looks_at_the_whole_key(pack: Files) -> None:
    for name, dataset in pack.datasets.items():
        unique = [check for check in dataset["checks"] if check["kind"] == "unique"]
        for check in unique:
            assert [check["column"]] == dataset["primary_key"] if "column" in check else len(dataset["primary_key"]) > 1
        assert len(unique) <= 1, name


def test_a_snapshot_holds_what_its_own_coverage_calls_complete(pack: Files) -> None:
    coverage = pack.json("catalog/coverage.json")
    assert {part["status"] for part in coverage.values()} == {"complete"}
    assert {part["as_of"] for part in coverage.values()} == {pack.manifest["generated_at"]}
    assert pack.freshness.keys() == pack.datasets.keys()
    schema = model.schema("dataset")["properties"].keys()
    assert all(schema - dataset.keys() <= {"tier", "metrics"} for dataset in pack.datasets.values())
    assert {edge[end] for edge in pack.lineage for end in ("from", "to")} <= pack.datasets.keys()
    keys = [key for dataset in pack.datasets.values() for key in dataset["foreign_keys"]]
    assert all({*key["referenced_columns"]} <= pack.columns(key["references"]).keys() for key in keys)
    assert all(dataset["owner"] in pack.people for dataset in pack.datasets.values())


def test_traffic_lies_in_the_window_and_in_order(pack: Files) -> None:
    end = instant(pack.manifest["generated_at"])
    start = end - timedelta(days=pack.manifest["config_echo"]["time_window_days"])
    for events in pack.channels.values():
        keys = [(event["when"], event["id"]) for event in events]
        assert keys == sorted(keys)
        assert all(start <= instant(when) < end for when, _ in keys)


# Taken together the worlds hold everything, so that none of the above passes for want of a case


@pytest.fixture(scope="module")
def everything(tmp_path_factory: pytest.TempPathFactory) -> Files:
    data = packs.merged(packs.SMALL, {"nlq": {"count": 1500}, "slack": {"threads": 200}, "email": {"threads": 100}})
    return packs.make(tmp_path_factory.mktemp("truth") / "pack", data, 7)


def test_every_gap_type_is_planted_and_met_in_every_channel_and_language(everything: Files) -> None:
    met = Counter(
        (everything.gaps[gap_id]["gap_type"], everything.events[event_id]["channel"], label["lang"])
        for event_id, label in everything.labels.items()
        for gap_id in label["gap_ids"]
    )
    for gap_type in packs.GAP_TYPES:
        assert {channel for kind, channel, _ in met if kind == gap_type} == {*packs.CHANNELS}
        assert {lang for kind, _, lang in met if kind == gap_type} == {"en", "es", "fr"}


def test_every_reason_for_none_state_and_mention_that_this_generator_knows_occurs(everything: Files) -> None:
    labels = everything.labels.values()
    assert {label.get("none_reason") for label in labels} == {
        None, "answered", "analysis_request", "chatter", "wrong_tool", "how_to",
    }  # fmt: skip
    assert {label.get("state") for label in labels} == {None, "open", "acknowledged", "worked_around"}
    assert {mention["kind"] for label in labels for mention in label["mentions"]} == {
        "dataset", "column", "metric", "dimension", "subject", "grain", "timeframe",
    }  # fmt: skip
    assert sum("referenced_query_id" in event for event in everything.events.values()) > 20


def test_an_opener_says_more_than_a_name_and_never_names_what_it_is_not_about(everything: Files) -> None:
    """Labels are not drawn beside the text: what a text names is what its gap is about."""
    for event_id, label in everything.labels.items():
        for gap in (everything.gaps[gap_id] for gap_id in label["gap_ids"]):
            about = {*gap["datasets"], gap.get("subject")}
            named = {one["ref"] for one in label["mentions"] if one["kind"] in ("dataset", "subject")}
            assert named <= about
            if "thread_id" not in everything.events[event_id]:
                assert named
                assert len(packs.text_of(everything.events[event_id]).split()) > 1
        if not label["gap_ids"] and everything.events[event_id]["channel"] != "nlq":
            assert label["mentions"] == []


def test_a_follow_up_that_asks_comes_from_somebody_else_than_the_opener(everything: Files) -> None:
    asking = [event for event in everything.events.values()
              if "thread_id" in event and everything.labels[event["id"]]["request"]]  # fmt: skip
    assert len(asking) > 50
    assert all(event["actor"] != everything.events[event["thread_id"]]["actor"] for event in asking)


def test_each_gap_has_datasets_of_its_own_that_are_up_to_date_where_there_are_enough(everything: Files) -> None:
    hosts = [name for gap in everything.gaps.values() for name in gap["datasets"]
             if gap["gap_type"] != "freshness_breach"]  # fmt: skip
    assert len(hosts) == len({*hosts}) > 10
    assert not {*hosts} & everything.late
    assert sum(everything.datasets[name]["layer"] == "mart" for name in hosts) > len(hosts) / 2


# The second reading would notice: the fact of one gap of each type is undone in the catalog alone


def _dataset(pack: Files, gap: dict[str, Any]) -> dict[str, Any]:
    return pack.datasets[gap["datasets"][0]]


def _add_subject(pack: Files, gap: dict[str, Any]) -> None:
    first = next(iter(pack.datasets.values()))
    first["aliases"] = [f"mart_{gap['subject']}"]


def _add_column(pack: Files, gap: dict[str, Any]) -> None:
    _dataset(pack, gap)["columns"].append({"name": gap["columns"][0], "type": "string"})


def _refine(pack: Files, gap: dict[str, Any]) -> None:
    _dataset(pack, gap)["grain"]["period"] = gap["grain"]["period"]


def _retype(pack: Files, gap: dict[str, Any]) -> None:
    pack.columns(gap["datasets"][0])[gap["columns"][0]]["type"] = "date"


def _reload(pack: Files, gap: dict[str, Any]) -> None:
    pack.freshness[gap["datasets"][0]]["max_loaded_at"] = pack.manifest["generated_at"]


def _link(pack: Files, gap: dict[str, Any]) -> None:
    left, right = gap["datasets"]
    pack.datasets[left]["foreign_keys"].append({"columns": ["x"], "references": right, "referenced_columns": ["x"]})


def _grant(pack: Files, gap: dict[str, Any]) -> None:
    _dataset(pack, gap)["access_roles"].append("staff")


def _describe(pack: Files, gap: dict[str, Any]) -> None:
    _dataset(pack, gap)["description"] = "Orders."


def _partition(pack: Files, gap: dict[str, Any]) -> None:
    _dataset(pack, gap)["partitioned_by"] = ["day"]


def _pass(pack: Files, gap: dict[str, Any]) -> None:
    for check in _dataset(pack, gap)["checks"]:
        check["status"] = "pass"


UNDONE: dict[str, Callable[[Files, dict[str, Any]], None]] = {
    "missing_asset": _add_subject,
    "missing_column": _add_column,
    "grain_mismatch": _refine,
    "type_mismatch": _retype,
    "freshness_breach": _reload,
    "joinability_issue": _link,
    "access_denied": _grant,
    "docs_missing": _describe,
    "performance_limit": _partition,
    "quality_issue": _pass,
}


@pytest.fixture
def fresh(everything: Files) -> Files:
    return Files(everything.folder)


@pytest.mark.parametrize("gap_type", packs.GAP_TYPES)
def test_the_second_reading_notices_a_fact_that_is_undone(gap_type: str, fresh: Files) -> None:
    gap = fresh.of_type(gap_type)[0]
    UNDONE[gap_type](fresh, gap)
    assert f"{gap['gap_id']} {gap_type} does not hold" in list(packs.untrue_gaps(fresh))


def _with_label(pack: Files, edit: Callable[[dict[str, Any]], None]) -> Iterator[str]:
    label = next(label for label in pack.label_lines if label["gap_ids"] and label["event_id"].startswith("q_"))
    edit(label)
    return packs.wrong_labels(pack)


SPOILT: dict[str, Callable[[dict[str, Any]], None]] = {
    "another gap": lambda label: label["gap_ids"].append("gap_9999"),
    "no gap": lambda label: label["gap_ids"].clear(),
    "a mention that is not in the text": lambda label: label["mentions"][0].update(text="nothing of the sort"),
    "no request": lambda label: label.update(request=False),
    "a state": lambda label: label.update(state="open"),
    "a reason for none": lambda label: label.update(none_reason="answered"),
}


@pytest.mark.parametrize("spoil", SPOILT)
def test_the_second_reading_notices_a_spoilt_label(spoil: str, fresh: Files) -> None:
    assert list(_with_label(fresh, SPOILT[spoil])) != []
