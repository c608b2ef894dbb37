"""Whatever a config asks for, within its schema, becomes a valid and truthful pack."""

from __future__ import annotations

import copy
import tempfile
from math import fsum
from pathlib import Path
from typing import Any

import pytest
from hypothesis import event, example, given, settings
from hypothesis import strategies as st

from datagap import model
from datagap.gap import GAP_TYPES
from datagap.pack.checks import check_pack
from datagap.schema import JsonSchema
from datagap.validate import embedded
from tests import packs, strategies

DOMAINS = ("orders", "customers", "products", "marketing", "finance")
LANGUAGES = ("en", "es", "fr")
MOST = {
    ("time_window_days",): 400,
    ("actors",): 6,
    ("nlq", "count"): 40,
    ("slack", "threads"): 5,
    ("email", "threads"): 5,
    ("catalog", "mart_tables"): 8,
    ("catalog", "staging_tables"): 8,
    ("gaps", "count"): 30,
}
ONLY = {
    ("schema_version",): ("1.0.0", "1.7.2", "2.7.0"),
    ("scenario",): ("enterprise",),
    ("catalog_completeness",): (1.0,),
    ("catalog", "domains"): DOMAINS,
    ("nlq", "languages"): LANGUAGES,
}


def narrowed() -> JsonSchema:
    """Return the config's schema with small counts, and the names that the embedded scenario knows."""
    schema = copy.deepcopy(model.schema("config"))
    for path, most in MOST.items():
        part = _at(schema, path)
        (part["oneOf"][0] if "oneOf" in part else part)["maximum"] = most
        schema["required"] = sorted({*schema.get("required", ()), path[0]})
        if len(path) > 1:
            parent = _at(schema, path[:1])
            parent["required"] = sorted({*parent.get("required", ()), path[1]})
    for path, names in ONLY.items():
        part = _at(schema, path)
        part = part.get("items", part)
        part = part["properties"]["lang"] if "properties" in part else part
        part.clear()
        part["enum"] = list(names)
    return schema


def _at(schema: JsonSchema, path: tuple[str, ...]) -> Any:
    for name in path:
        schema = schema["properties"][name]
    return schema


def fitted(data: dict[str, Any]) -> dict[str, Any]:
    """Return config data in which shares that belong together fit together."""
    nlq = data["nlq"]
    if "gaps_distribution" in nlq:
        nlq["gaps_distribution"] = _at_most_one(nlq["gaps_distribution"])
    rates = {name: nlq.get(name, 0) for name in ("success_rate", "slow_rate", "uncertain_rate")}
    nlq.update(_at_most_one(rates))
    if "languages" in nlq:
        shares = {share["lang"]: share["pct"] for share in nlq["languages"]}
        total = fsum(shares.values())
        parts = {lang: share / total for lang, share in shares.items()} if total > 1e-300 else {next(iter(shares)): 1}
        nlq["languages"] = [{"lang": lang, "pct": part} for lang, part in parts.items()]
    if not any(nlq.get("gaps_distribution", {"": 1}).values()):
        data["gap_prevalence"] = None
    weights = data.get("audience_weights")
    if weights and not any(weights.values()):
        data["audience_weights"] = dict.fromkeys(weights, 1)
    return data


def _at_most_one(shares: dict[str, float]) -> dict[str, float]:
    total = fsum(shares.values())
    return {name: share / total for name, share in shares.items()} if total > 1 else shares


CONFIGS = strategies.from_schema(narrowed()).map(fitted)
ONE_TYPE = st.sampled_from(GAP_TYPES).map(lambda gap_type: {"nlq": {"gaps_distribution": {gap_type: 1.0}}})
NOISE = ("typos_pct", "abbreviations_pct", "vague_time_pct", "oos_term_pct", "casing_pct", "emoji_pct")
EXTREMES: list[dict[str, Any]] = [
    {"actors": 1, "catalog": {"mart_tables": 0, "staging_tables": 0, "domains": ["finance"]}},
    {"catalog": {"inject_freshness_breaches": 1, "freshness_sla_hours": [8760]}, "time_window_days": 1},
    {"catalog": {"inject_freshness_breaches": 0}},
    {"nlq": {"gaps_distribution": {}}},
    {"nlq": {"count": 0}, "slack": {"threads": 0}, "email": {"threads": 0}},
    {"slack": {"replies_mean": 30}, "email": {"replies_mean": 0.5}, "time_window_days": 1},
    {"nlq": {"success_rate": 0, "slow_rate": 1, "uncertain_rate": 5e-10}},
    {"nlq": {"success_rate": 0, "slow_rate": 0.9, "uncertain_rate": 0.1}},
    {"nlq": {"noise": {"typos_pct": 1, "abbreviations_pct": 1, "vague_time_pct": 1, "oos_term_pct": 1}}},
    {"nlq": {"languages": [{"lang": "fr", "pct": 1}, {"lang": "es", "pct": 0}]}},
    {"gaps": {"count": 0}},
    {"gaps": {"count": 1, "resolved_share": 1}, "time_window_days": 1},
    {"gap_prevalence": 1},
    {"gap_prevalence": 0, "nlq": {"gaps_distribution": {}}},
    {"difficulty": "hard", "templates": "held_out", "slack": {"replies_mean": 0}},
    {"nlq": {"noise": dict.fromkeys(NOISE, 1)}},
    {"actors": ["{core}", "{owner}", "\u00fc \U0001f600", "a/b", "<b>"]},
]


def examined(data: dict[str, Any], seed: int) -> packs.Files:
    """Make a pack and return it, found valid and truthful."""
    with tempfile.TemporaryDirectory() as folder:
        pack = packs.make(Path(folder) / "pack", data, seed)
        assert check_pack(pack.folder, embedded()).problems == []
        assert packs.faults(pack) == []
    return pack


SEEDS = st.integers(0, 2**64 - 1)


@settings(max_examples=6 * settings().max_examples)
@given(CONFIGS, SEEDS)
def test_any_valid_config_makes_a_valid_and_truthful_pack(data: dict[str, Any], seed: int) -> None:
    pack = examined(data, seed)
    event(f"{len(pack.manifest.get('dropped_gap_types', ()))} types dropped")
    counts = data["nlq"]["count"], data["slack"]["threads"], data["email"]["threads"]
    openers = {channel: sum("thread_id" not in one for one in events) for channel, events in pack.channels.items()}
    assert (openers["nlq"], openers["slack"], openers["email"]) == counts


@pytest.mark.parametrize("extreme", EXTREMES, ids=str)
@pytest.mark.parametrize("seed", [0, 1])
def test_an_extreme_config_makes_a_valid_and_truthful_pack(extreme: dict[str, Any], seed: int) -> None:
    examined(packs.merged(packs.SMALL, extreme), seed)


@given(CONFIGS, SEEDS, ONE_TYPE)
@example(packs.merged(packs.SMALL, {"actors": 1}), 0, {"nlq": {"gaps_distribution": {"access_denied": 1.0}}})
def test_a_type_is_planted_and_met_or_dropped_and_named(data: dict[str, Any], seed: int, share: dict[str, Any]) -> None:
    (gap_type,) = share["nlq"]["gaps_distribution"]
    data = {**data, "nlq": {**data.get("nlq", {}), **share["nlq"]}}
    pack = examined(data, seed)
    if data.get("gaps", {}).get("count") == 0 or data.get("gap_prevalence") == 0:
        return
    planted = {gap["gap_type"] for gap in pack.gaps.values()} - {"freshness_breach"}
    late = {"freshness_breach"} if pack.of_type("freshness_breach") else set()
    event("planted" if gap_type in planted | late else "dropped")

    assert planted <= {gap_type}
    assert pack.manifest.get("dropped_gap_types", []) == ([] if gap_type in planted | late else [gap_type])
    met = {
        pack.gaps[gap_id]["gap_type"]
        for query in pack.channels["nlq"]
        for gap_id in pack.labels[query["id"]]["gap_ids"]
    }
    assert met <= {gap_type}
    if data.get("gap_prevalence") in (None, 1):
        assert bool(met) is (gap_type in planted | late and bool(pack.channels["nlq"]))


@settings(max_examples=settings().max_examples)
@given(CONFIGS, SEEDS, st.sampled_from([0.0, 0.1, 0.2, 0.5, 0.8, 0.95]))
def test_an_incomplete_catalog_is_valid_and_points_at_what_it_tells(
    data: dict[str, Any], seed: int, completeness: float
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        pack = packs.make(Path(folder) / "pack", {**data, "catalog_completeness": completeness}, seed)
        assert check_pack(pack.folder, embedded()).problems == []
        for gap in pack.gaps.values():
            assert packs.stands_at(pack, gap["fact"]["file"], gap["fact"]["pointer"]) == gap["fact"]["value"]


@given(CONFIGS, SEEDS)
def test_a_manifest_names_the_types_that_were_asked_for_and_are_not_there(data: dict[str, Any], seed: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        pack = packs.make(Path(folder) / "pack", data, seed)
    asked = pack.manifest["config_echo"]["nlq"]["gaps_distribution"]
    missing = [gap_type for gap_type in GAP_TYPES if asked.get(gap_type, 0) > 0 and not pack.of_type(gap_type)]
    assert pack.manifest.get("dropped_gap_types", []) == missing
