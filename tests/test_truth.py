"""What the answer key says is so, by a second reading of the catalog (see tests/packs.py)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest

from datagap import model
from datagap.gap import REASONS
from tests import packs
from tests.packs import Files, instant

MANY: dict[str, Any] = {
    "nlq": {"count": 700},
    "slack": {"threads": 90},
    "email": {"threads": 50},
    "gaps": {"count": 66, "resolved_share": 0.3},
    "catalog": {"mart_tables": 70, "staging_tables": 60},
}
"""A config whose packs hold most reasons, open and resolved."""
SHAPES: dict[str, dict[str, Any]] = {
    "default": {},
    "wide window": {"time_window_days": 45},
    "mostly late": {"catalog": {"inject_freshness_breaches": 0.7}},
    "all late": {"catalog": {"inject_freshness_breaches": 1}},
    "few people": {"actors": ["ann", "ben", "cleo"]},
    "one domain": {"catalog": {"domains": ["marketing"], "mart_tables": 12, "staging_tables": 9}},
    "small catalog": {"catalog": {"mart_tables": 5, "staging_tables": 3}},
    "languages": {"nlq": {"languages": [{"lang": "es", "pct": 0.5}, {"lang": "fr", "pct": 0.5}]}},
    "long threads": {"slack": {"replies_mean": 14}, "email": {"replies_mean": 20}},
    "hard": {"difficulty": "hard"},
    "held out": {"templates": "held_out", "scenario": "saas"},
    "rare": {"gap_prevalence": 0.05},
    "all resolved": {"gaps": {"resolved_share": 1}},
    **{
        f"many {scenario}": {**MANY, "scenario": scenario}
        for scenario in ("enterprise", "fintech", "ecommerce", "saas")
    },
}
WORLDS = [(shape, seed) for shape in SHAPES for seed in (1, 2, 3)]


@pytest.fixture(scope="module", params=WORLDS, ids=lambda world: f"{world[0]}-{world[1]}")
def pack(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Files:
    shape, seed = request.param
    return packs.make(tmp_path_factory.mktemp("truth") / "pack", packs.merged(packs.SMALL, SHAPES[shape]), seed)


def test_every_open_gap_holds_in_the_catalog_and_no_resolved_one_does(pack: Files) -> None:
    assert list(packs.untrue_gaps(pack)) == []


def test_nothing_is_wrong_in_the_catalog_that_no_gap_accounts_for(pack: Files) -> None:
    assert list(packs.gaps_without_a_key(pack)) == []


def test_no_event_claims_what_was_not_so_and_none_without_a_gap_depends_on_one(pack: Files) -> None:
    assert list(packs.wrong_events(pack)) == []


def test_labels_fit_their_events_and_the_demand_is_what_the_events_add_up_to(pack: Files) -> None:
    assert list(packs.wrong_labels(pack)) == []


def test_every_need_can_be_told_from_its_thread_its_reference_and_the_catalog(pack: Files) -> None:
    assert list(packs.riddles(pack)) == []


def test_no_text_has_an_unfilled_slot(pack: Files) -> None:
    assert list(packs.unfilled(pack)) == []


def test_a_late_dataset_is_a_gap_from_when_the_last_that_it_holds_back_was_due(pack: Files) -> None:
    for gap in pack.of_type("freshness_breach"):
        if gap["reason"] in ("upstream_late", "failed_run") and not gap["resolved_at"]:
            assert instant(gap["began_at"]) == max(pack.due(name) for name in gap["datasets"])


def test_nobody_asks_the_catalog_for_what_he_answers_for_himself(pack: Files) -> None:
    owners = {dataset["owner"] for dataset in pack.datasets.values()}
    for event_id, label in pack.labels.items():
        for gap in (pack.gaps[gap_id] for gap_id in label["gap_ids"]):
            owner = pack.datasets[gap["datasets"][0]]["owner"] if gap["datasets"] else None
            assert pack.events[event_id]["actor"] != owner
    assert owners <= pack.people.keys()


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
    retired = {name for name, dataset in pack.datasets.items() if "retired_at" in dataset}
    assert pack.freshness.keys() == pack.datasets.keys() - retired
    schema = model.schema("dataset")["properties"].keys()
    assert all(schema - dataset.keys() <= {"tier", "retired_at"} for dataset in pack.datasets.values())
    assert {edge[end] for edge in pack.lineage for end in ("from", "to")} <= pack.datasets.keys()
    keys = [(name, key) for name, dataset in pack.datasets.items() for key in dataset["foreign_keys"]]
    assert all({*key["referenced_columns"]} <= pack.columns(key["references"]).keys() for _, key in keys)
    assert all({*key["columns"]} <= pack.columns(name).keys() for name, key in keys)
    for dataset in pack.datasets.values():
        names = [column["name"] for column in dataset["columns"]]
        assert len(names) == len({*names})
        assert {*dataset["primary_key"], *dataset["partitioned_by"], *dataset["grain"]["keys"]} <= {*names}
        assert {check["column"] for check in dataset["checks"] if "column" in check} <= {*names}


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
    languages = [{"lang": "en", "pct": 0.5}, {"lang": "es", "pct": 0.25}, {"lang": "fr", "pct": 0.25}]
    data = packs.merged(packs.SMALL, {**MANY, "nlq": {"count": 2500, "languages": languages}})
    data = packs.merged(data, {"slack": {"threads": 500}, "email": {"threads": 500}, "gap_prevalence": 0.6})
    gaps, catalog = {"count": 100, "resolved_share": 0.2}, {"inject_freshness_breaches": 0.05}
    data = packs.merged(data, {"gaps": gaps, "catalog": catalog})
    return packs.make(tmp_path_factory.mktemp("truth") / "pack", data, 2)


def test_every_reason_is_planted_open_and_every_type_resolved_too(everything: Files) -> None:
    gaps = everything.gaps.values()
    assert {gap["reason"] for gap in gaps if not gap["resolved_at"]} == {*packs.TRUE}
    assert {gap["gap_type"] for gap in gaps if gap["resolved_at"]} == {*packs.GAP_TYPES}
    assert {*packs.TRUE} == {reason for reasons in REASONS.values() for reason in reasons}
    assert all(gap["reason"] in dict(REASONS)[gap["gap_type"]] for gap in gaps)


def test_every_gap_type_is_met_in_every_channel_and_language(everything: Files) -> None:
    met = Counter(
        (everything.gaps[gap_id]["gap_type"], everything.events[event_id]["channel"], label["lang"])
        for event_id, label in everything.labels.items()
        for gap_id in label["gap_ids"]
    )
    for gap_type in packs.GAP_TYPES:
        assert {channel for kind, channel, _ in met if kind == gap_type} == {*packs.CHANNELS}
        assert {lang for kind, _, lang in met if kind == gap_type} == {"en", "es", "fr"}


def test_every_reason_for_none_state_mention_and_noise_occurs(everything: Files) -> None:
    labels = everything.labels.values()
    assert {label.get("none_reason") for label in labels} == {
        None,
        *model.schema("truth_label")["properties"]["none_reason"]["enum"],
    }
    assert {label.get("state") for label in labels} == {None, "open", "acknowledged", "worked_around", "resolved"}
    kinds = {mention["kind"] for label in labels for mention in label["mentions"]}
    assert kinds == {"dataset", "column", "metric", "dimension", "subject", "grain", "timeframe"}
    noise = {kind for label in labels for kind in label.get("noise", ())}
    assert noise == {"typo", "abbreviation", "vague_time", "oos_term", "casing", "emoji"}
    assert sum("referenced_query_id" in event for event in everything.events.values()) > 50


def test_an_opener_never_names_what_it_is_not_about(everything: Files) -> None:
    """Labels are not drawn beside the text: what a text names is what its gap is about."""
    for event_id, label in everything.labels.items():
        for gap in (everything.gaps[gap_id] for gap_id in label["gap_ids"]):
            about = {*gap["datasets"], gap.get("subject")}
            named = {one["ref"] for one in label["mentions"] if one["kind"] in ("dataset", "subject")}
            assert named <= about
            if "thread_id" not in everything.events[event_id] and label["difficulty"] != "hard":
                assert named


def test_hard_openers_are_riddles_without_their_thread(everything: Files) -> None:
    """Otherwise the clarifying reply would prove nothing."""
    hard = [
        event_id
        for event_id, label in everything.labels.items()
        if label.get("difficulty") == "hard" and event_id[0] != "q" and "thread_id" not in everything.events[event_id]
    ]
    unnamed = [
        one for one in hard if not {"dataset", "subject"} & {m["kind"] for m in everything.labels[one]["mentions"]}
    ]
    assert len(unnamed) > len(hard) / 2 > 25


def test_claims_that_are_false_are_worded_like_true_ones(everything: Files) -> None:
    claims = [label for label in everything.labels.values() if label.get("none_reason") == "working_as_intended"]
    assert len(claims) > 20
    assert {label["intent"] for label in claims} >= {"lookup", "access", "freshness", "definition"}
    assert all(label["request"] and not label["gap_ids"] for label in claims)


def test_a_follow_up_by_somebody_else_is_not_by_the_owner(everything: Files) -> None:
    asking = [event for event in everything.events.values()
              if "thread_id" in event and everything.labels[event["id"]]["request"]]  # fmt: skip
    others = [event for event in asking if event["actor"] != everything.events[event["thread_id"]]["actor"]]
    assert len(asking) > len(others) > 50
    for event in others:
        gap = everything.gaps[everything.labels[event["id"]]["gap_ids"][0]]
        assert not gap["datasets"] or everything.datasets[gap["datasets"][0]]["owner"] != event["actor"]


def test_each_gap_has_datasets_of_its_own_that_are_up_to_date(everything: Files) -> None:
    open_gaps = [gap for gap in everything.gaps.values() if gap["reason"] not in ("upstream_late", "failed_run")]
    hosts = [name for gap in open_gaps for name in gap["datasets"]]
    assert len(hosts) == len({*hosts}) > 40
    assert not {*hosts} & everything.late


def test_marts_have_several_upstreams_and_lineage_has_no_cycle(everything: Files) -> None:
    marts = [name for name, dataset in everything.datasets.items() if dataset["layer"] == "mart"]
    assert sum(len(everything.sources[name]) > 1 for name in marts) > len(marts) / 2
    assert all(everything.sources[name] for name in marts)
    for name in everything.datasets:
        assert name not in {
            one for source in everything.sources[name] for one in packs.reachable(everything.sources, source)
        }


def test_a_late_source_makes_its_descendants_late(everything: Files) -> None:
    for name in everything.late:
        below = {one for one in everything.datasets if name in packs.reachable(everything.sources, one)}
        assert below <= everything.late


# The second reading would notice: the fact of one open gap of each reason is undone in the catalog alone


def _dataset(pack: Files, gap: dict[str, Any]) -> dict[str, Any]:
    return pack.datasets[gap["datasets"][0]]


def _column(pack: Files, gap: dict[str, Any]) -> dict[str, Any]:
    return pack.columns(gap["datasets"][0])[gap["columns"][0]]


def _add_subject(pack: Files, gap: dict[str, Any]) -> None:
    next(iter(pack.datasets.values()))["aliases"] = [f"mart_{gap['subject']}"]


def _model(pack: Files, gap: dict[str, Any]) -> None:
    pack.lineage.append({"from": gap["datasets"][0], "to": next(iter(pack.datasets))})


def _add_column(pack: Files, gap: dict[str, Any]) -> None:
    _dataset(pack, gap)["columns"].append({"name": gap["columns"][0], "type": "string"})


def _regrain(pack: Files, gap: dict[str, Any]) -> None:
    _dataset(pack, gap)["grain"]["period"] = gap["grain"]["period"]


def _retype(pack: Files, gap: dict[str, Any]) -> None:
    _column(pack, gap)["type"] = "date"


def _reload(pack: Files, gap: dict[str, Any]) -> None:
    pack.freshness[gap["datasets"][0]]["max_loaded_at"] = pack.manifest["generated_at"]


def _promise(pack: Files, gap: dict[str, Any]) -> None:
    pack.freshness[gap["datasets"][0]]["sla_hours"] = "24"


def _link(pack: Files, gap: dict[str, Any]) -> None:
    left, right = gap["datasets"]
    pack.datasets[left]["foreign_keys"].append({"columns": ["x"], "references": right, "referenced_columns": ["x"]})


def _grant(pack: Files, gap: dict[str, Any]) -> None:
    _dataset(pack, gap)["access_roles"].append("staff")


def _unmask(pack: Files, gap: dict[str, Any]) -> None:
    _column(pack, gap)["access_roles"] = []


def _describe(pack: Files, gap: dict[str, Any]) -> None:
    _dataset(pack, gap)["description"] = "Orders."


def _name(pack: Files, gap: dict[str, Any]) -> None:
    _column(pack, gap)["description"] = gap["columns"][0]


def _agree(pack: Files, gap: dict[str, Any]) -> None:
    for name in gap["datasets"]:
        for metric in pack.datasets[name]["metrics"]:
            metric["definition"] = "1"


def _partition(pack: Files, gap: dict[str, Any]) -> None:
    _dataset(pack, gap)["partitioned_by"] = ["day"]


def _shrink(pack: Files, gap: dict[str, Any]) -> None:
    _dataset(pack, gap)["row_count"] = 10


def _pass(pack: Files, gap: dict[str, Any]) -> None:
    for check in _dataset(pack, gap)["checks"]:
        check["status"] = "pass"


UNDONE: dict[str, Callable[[Files, dict[str, Any]], None]] = {
    "not_ingested": _add_subject,
    "not_modelled": _model,
    "retired": lambda pack, gap: _dataset(pack, gap).pop("retired_at"),
    "absent": _add_column,
    "not_exposed": _add_column,
    "too_coarse": _regrain,
    "incompatible_period": _regrain,
    "wrong_type": _retype,
    "wrong_format": _retype,
    "upstream_late": _reload,
    "failed_run": _reload,
    "late_arriving": _pass,
    "sla_insufficient": _promise,
    "no_key": _link,
    "key_mismatch": _link,
    "no_grant": _grant,
    "masked": _unmask,
    "undocumented": _describe,
    "undiscoverable": _name,
    "conflicting_definitions": _agree,
    "stale": _describe,
    "too_large": _shrink,
    "unpartitioned": _partition,
    "no_aggregate": _shrink,
    "incomplete": _pass,
    "duplicates": _pass,
    "wrong_values": _pass,
    "conflicting_numbers": _pass,
}


@pytest.fixture
def fresh(everything: Files) -> Files:
    return Files(everything.folder)


@pytest.mark.parametrize("reason", packs.TRUE)
def test_the_second_reading_notices_a_fact_that_is_undone(reason: str, fresh: Files) -> None:
    gap = next(gap for gap in fresh.gaps.values() if gap["reason"] == reason and not gap["resolved_at"])
    UNDONE[reason](fresh, gap)
    assert f"{gap['gap_id']} {gap['gap_type']} ({reason}) does not hold" in list(packs.untrue_gaps(fresh))


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


def test_the_second_reading_notices_an_answered_query_about_something_broken(fresh: Files) -> None:
    query = next(event for event in fresh.channels["nlq"] if fresh.labels[event["id"]].get("none_reason") == "answered")
    fresh.datasets[query["tables"][0]]["row_count"] = 9_000_000_000
    assert any(query["id"] in complaint for complaint in packs.wrong_events(fresh))


def test_the_second_reading_notices_a_need_that_nothing_names(fresh: Files) -> None:
    label = next(label for label in fresh.label_lines if label["gap_ids"] and label["event_id"].startswith("q_"))
    label["mentions"].clear()
    assert any(label["event_id"] in complaint for complaint in packs.riddles(fresh))
