"""The determinism contract: bytes depend on seed, config and folder name, and on nothing else."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from datagap import model
from datagap.seeding import Indexes
from datagap.synth.choices import take
from datagap.synth.chooser import Chooser
from datagap.synth.rendering import Rendered
from datagap.synth.run import generate
from datagap.synth.scenario import load_vocabulary, scenario_names
from datagap.synth.studio import open_studio
from tests import packs

PINNED: Mapping[str, Any] = {
    "schema_version": model.SCHEMA_VERSION,
    "time_window_days": 7,
    "templates": "all",
    "difficulty": "medium",
    "gap_prevalence": None,
    "catalog_completeness": 0.8,
    "gaps": {"count": 30, "resolved_share": 0.15},
    "actors": 25,
    "audience_weights": {"Exec": 3, "Ops": 2, "Eng": 1},
    "nlq": {
        "count": 200,
        "success_rate": 0.65,
        "slow_rate": 0.1,
        "uncertain_rate": 0.05,
        "gaps_distribution": {
            "missing_asset": 0.1, "missing_column": 0.12, "grain_mismatch": 0.06, "type_mismatch": 0.05,
            "freshness_breach": 0.08, "joinability_issue": 0.05, "access_denied": 0.03, "docs_missing": 0.12,
            "performance_limit": 0.04, "quality_issue": 0.05,
        },
        "languages": [{"lang": "en", "pct": 0.6}, {"lang": "es", "pct": 0.2}, {"lang": "fr", "pct": 0.2}],
        "noise": {
            "typos_pct": 0.07, "abbreviations_pct": 0.12, "vague_time_pct": 0.1, "oos_term_pct": 0.12,
            "casing_pct": 0.05, "emoji_pct": 0.1,
        },
    },
    "slack": {"threads": 20, "replies_mean": 5},
    "email": {"threads": 10, "replies_mean": 3},
    "catalog": {
        "mart_tables": 30,
        "staging_tables": 50,
        "freshness_sla_hours": [24, 48, 72],
        "inject_freshness_breaches": 0.15,
    },
}  # fmt: skip
SEEDS = (0, 7, (1 << 64) - 1)
EVERYWHERE = {"manifest.json", "hashes.json"}
"""The files that the folder's name goes into."""


def fingerprint(folder: Path) -> str:
    """Return one digest over all files of a pack.

    What says which version wrote it is left out, or it would change with every word of the spec; so are the hashes of
    the files, which say nothing new.
    """
    hasher = hashlib.sha256()
    for file, content in packs.tree(folder).items():
        if file == "hashes.json":
            continue
        if file == "manifest.json":
            manifest = json.loads(content)
            del manifest["generator_version"], manifest["spec_digest"]
            content = json.dumps(manifest, sort_keys=True).encode()
        hasher.update(f"{file}\0{len(content)}\0".encode() + content)
    return hasher.hexdigest()


@pytest.mark.parametrize("scenario", scenario_names())
def test_the_pinned_pack_has_the_golden_digest(scenario: str, tmp_path: Path) -> None:
    """The digest is over the pack of PINNED with seed 7; it changes with the spec, the generator and the words alone.

    If it changes, look at what changed in the pack before it is renewed.
    """
    generate(packs.config({**PINNED, "scenario": scenario}), tmp_path / "golden")
    packs.check_snapshot(f"golden_{scenario}", fingerprint(tmp_path / "golden") + "\n")


@pytest.mark.parametrize("workers", [2, 3])
def test_any_number_of_workers_writes_the_same_bytes(workers: int, tmp_path: Path) -> None:
    """More blocks than workers, so that they take turns."""
    config = packs.config(packs.merged(packs.SMALL, {"nlq": {"count": 20_000}, "slack": {"threads": 700}}))
    for parent, count in (("x", 1), ("y", workers)):
        generate(config, tmp_path / parent / "p", workers=count)
    assert packs.tree(tmp_path / "x") == packs.tree(tmp_path / "y")


@pytest.mark.parametrize("seed", SEEDS)
def test_the_same_seed_makes_the_same_bytes_in_another_place(seed: int, tmp_path: Path) -> None:
    for parent in ("x", "y"):
        packs.make(tmp_path / parent / "p", packs.SMALL, seed)
    assert packs.tree(tmp_path / "x") == packs.tree(tmp_path / "y")


def test_another_folder_name_changes_the_manifest_and_its_hash_alone(tmp_path: Path) -> None:
    one, other = (packs.make(tmp_path / name).folder for name in ("one", "other"))
    assert packs.differing(one, other) == EVERYWHERE
    manifests = [json.loads((folder / "manifest.json").read_bytes()) for folder in (one, other)]
    assert [manifest.pop("pack_id") for manifest in manifests] == ["one", "other"]
    assert manifests[0] == manifests[1]


@pytest.mark.parametrize("other", [0, 8, 7 + (1 << 32), (1 << 64) - 1])
def test_another_seed_makes_another_pack(other: int, tmp_path: Path) -> None:
    pack = packs.make(tmp_path / "x" / "p", seed=7)
    seeded = {*packs.CHANNELS.values(), "catalog/datasets.json", "catalog/freshness.csv", "truth/gaps.jsonl"}
    assert seeded <= packs.differing(pack.folder, packs.make(tmp_path / "y" / "p", seed=other).folder)


def test_bytes_do_not_depend_on_the_order_of_sets(tmp_path: Path) -> None:
    (tmp_path / "config.yaml").write_text(json.dumps(packs.SMALL))
    for hash_seed in ("0", "1"):
        env = os.environ | {"PYTHONHASHSEED": hash_seed}
        ended = packs.call(
            "gen", "--config", "config.yaml", "--out", f"{hash_seed}/p", "--seed", "7",
            cwd=tmp_path, env=env,
        )  # fmt: skip
        assert (ended.code, ended.err) == (0, "")
    assert packs.tree(tmp_path / "0") == packs.tree(tmp_path / "1")
    assert packs.tree(tmp_path / "0" / "p") == packs.tree(packs.make(tmp_path / "here" / "p").folder)


def test_an_unseeded_run_records_a_seed_that_remakes_it(tmp_path: Path) -> None:
    first, again = (packs.make(tmp_path / parent / "p", seed=None) for parent in ("x", "y"))
    seed = first.manifest["seed"]
    assert first.manifest["config_echo"]["seed"] == seed
    assert seed != again.manifest["seed"]
    remade = packs.make(tmp_path / "z" / "p", seed=seed)
    assert packs.tree(remade.folder) == packs.tree(first.folder)


def test_the_echo_of_a_config_is_a_config_that_remakes_the_pack(tmp_path: Path) -> None:
    first = packs.make(tmp_path / "x" / "p", packs.merged(packs.SMALL, {"actors": ["ann", "ben"]}))
    remade = packs.make(tmp_path / "y" / "p", first.manifest["config_echo"], first.manifest["seed"])
    assert packs.tree(remade.folder) == packs.tree(first.folder)


# Events do not depend on the block in which they are decided


class Workshop:
    """A world and all that makes events of it."""

    def __init__(self, data: Mapping[str, Any], seed: int = 7) -> None:
        studio = open_studio(packs.config(data, seed), load_vocabulary("enterprise"))
        self.config, self.world = studio.config, studio.world
        self.chooser, self.renderer = studio.chooser, studio.renderer

    def queries(self, index: Indexes) -> dict[str, Rendered]:
        return {rendered.event.id: rendered for rendered in self.renderer.queries(self.chooser.queries(index))}


@pytest.fixture(scope="module")
def workshop() -> Workshop:
    return Workshop(packs.SMALL)


@given(st.permutations(range(60)), st.lists(st.integers(0, 60), max_size=5))
def test_queries_are_the_same_in_blocks_of_any_size_and_order(
    workshop: Workshop, order: list[int], cuts: list[int]
) -> None:
    whole = workshop.queries(np.arange(60, dtype=np.int64))
    together: dict[str, Rendered] = {}
    for first, end in pairwise([0, *sorted(cuts), 60]):
        together |= workshop.queries(np.array(order[first:end], dtype=np.int64))
    assert together == whole


@given(st.permutations(range(40)))
def test_messages_are_the_same_in_blocks_of_any_order(workshop: Workshop, order: list[int]) -> None:
    messages = workshop.chooser.messages("slack", workshop.chooser.threads("slack", np.arange(16, dtype=np.int64)))

    def rendered(places: Indexes) -> dict[str, Rendered]:
        return {one.event.id: one for one in workshop.renderer.messages("slack", take(messages, places))}

    whole = rendered(np.arange(40, dtype=np.int64))
    parts = [rendered(np.array(part, dtype=np.int64)) for part in (order[:13], order[13:])]
    assert parts[0] | parts[1] == whole


@given(st.permutations(range(30)), st.integers(1, 29))
@pytest.mark.parametrize("channel", ["slack", "email"])
def test_threads_are_the_same_decided_alone_or_together(
    workshop: Workshop, channel: model.Channel, order: list[int], cut: int
) -> None:
    def rendered(index: list[int]) -> dict[str, Rendered]:
        threads = workshop.chooser.threads(channel, np.array(index, dtype=np.int64))
        messages = workshop.chooser.messages(channel, threads)
        return {one.event.id: one for one in workshop.renderer.messages(channel, messages)}

    assert rendered(order[:cut]) | rendered(order[cut:]) == rendered([*range(30)])


# A larger pack contains the smaller one


GROWN: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "queries": ({"nlq": {"count": 150}}, {"nlq": {"count": 900}}),
    "queries beyond a block": ({"nlq": {"count": 150}}, {"nlq": {"count": 8300}}),
    "slack": ({"slack": {"threads": 5}}, {"slack": {"threads": 80}}),
    "email": ({"email": {"threads": 0}}, {"email": {"threads": 40}}),
    "all": (
        {"nlq": {"count": 40}, "slack": {"threads": 3}, "email": {"threads": 2}},
        {"nlq": {"count": 400}, "slack": {"threads": 60}, "email": {"threads": 30}},
    ),
}


@pytest.mark.parametrize("grown", GROWN)
def test_growing_a_count_leaves_every_event_and_the_catalog_as_they_were(grown: str, tmp_path: Path) -> None:
    less, more = (
        packs.make(tmp_path / str(place), packs.merged(packs.SMALL, change))
        for place, change in enumerate(GROWN[grown])
    )
    assert packs.differing(less.folder / "catalog", more.folder / "catalog") == set()
    assert less.manifest["generated_at"] == more.manifest["generated_at"]
    for file in (*packs.CHANNELS.values(), "truth/labels.jsonl"):
        lines = {*(more.folder / file).read_bytes().splitlines()}
        for line in (less.folder / file).read_bytes().splitlines():
            assert line in lines or _only_filled(json.loads(line), more)
    for gap_id, gap in less.gaps.items():
        now = more.gaps[gap_id]
        assert {**now, "demand": None} == {**gap, "demand": None}
        assert now["demand"]["events"] >= gap["demand"]["events"]
        assert now["demand"]["people"] >= gap["demand"]["people"]
    assert less.gaps.keys() == more.gaps.keys()


def _only_filled(event: dict[str, Any], more: packs.Files) -> bool:
    """Return whether the event gained a referenced_query_id, and nothing else."""
    now = dict(more.events[event["id"]])
    return now.pop("referenced_query_id", None) is not None and "referenced_query_id" not in event and now == event


def test_growing_the_queries_does_fill_references_that_were_missing(tmp_path: Path) -> None:
    less, more = (
        packs.make(tmp_path / str(count), packs.merged(packs.SMALL, {"nlq": {"count": count}})) for count in (20, 2000)
    )
    referring = [
        {event["id"] for event in pack.events.values() if "referenced_query_id" in event} for pack in (less, more)
    ]
    assert referring[0] < referring[1]


# Noise is noise


NOISE_FREE = dict.fromkeys(
    ("typos_pct", "abbreviations_pct", "vague_time_pct", "oos_term_pct", "casing_pct", "emoji_pct"), 0
)
WORDED = {"nl_text", "text", "body", "timeframe", "parsed_sql"}
"""What noise may touch in an event."""


@pytest.mark.parametrize("kind", NOISE_FREE)
def test_noise_changes_words_and_no_need_actor_or_time(kind: str, tmp_path: Path) -> None:
    data = packs.merged(packs.SMALL, {"nlq": {"noise": NOISE_FREE}})
    clean = packs.make(tmp_path / "clean", data)
    noisy = packs.make(tmp_path / "noisy", packs.merged(data, {"nlq": {"noise": {kind: 1}}}))
    assert packs.differing(clean.folder / "catalog", noisy.folder / "catalog") == set()
    assert clean.gaps == noisy.gaps
    assert [*clean.events] == [*noisy.events]
    changed = 0
    for event_id, event in clean.events.items():
        other = noisy.events[event_id]
        assert {**event, **dict.fromkeys(WORDED)} == {**other, **dict.fromkeys(WORDED)}
        changed += event != other
        label, relabelled = clean.labels[event_id], noisy.labels[event_id]
        assert {**label, "mentions": None, "noise": None} == {**relabelled, "mentions": None, "noise": None}
        if kind != "vague_time_pct":
            assert label["mentions"] == relabelled["mentions"]
    assert changed > 10


def test_a_rate_changes_no_draw_but_its_own(workshop: Workshop) -> None:
    index = np.arange(2000, dtype=np.int64)
    slow = replace(workshop.config, nlq=replace(workshop.config.nlq, slow_rate=0.3))
    other = Chooser(workshop.world, slow, 7).queries(index)
    chosen = workshop.chooser.queries(index)
    for name in ("when", "need", "actor", "lang"):
        assert np.array_equal(getattr(chosen, name), getattr(other, name))
    assert not np.array_equal(chosen.outcome, other.outcome)


def test_a_config_without_a_seed_is_left_as_it_is(tmp_path: Path) -> None:
    config = packs.config(packs.SMALL, None)
    manifest = generate(config, tmp_path / "p")
    assert config.seed is None
    assert isinstance(manifest, model.Manifest)
    assert manifest.seed is not None
