"""Score the detector on packs that are made for it, by a company and wordings that it was not built on."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from multiprocessing import get_context
from operator import attrgetter
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import orjson

from datagap import model
from datagap.gap import GAP_TYPES
from datagap.pack import canonical, layout
from datagap.pack.document import json_lines
from datagap.pack.reader import Pack
from datagap.report.options import load_options
from datagap.report.run import write_report
from datagap.score import Scorer, baseline
from datagap.score.reading import read_detections
from datagap.synth.config import load_config
from datagap.synth.run import generate
from datagap.synth.scenario import load_vocabulary
from datagap.synth.starter import render_config
from interval import NAN

SCENARIO: Final = "saas"
SPLIT: Final = "held_out"
DETECTOR: Final = "detector"
TELEMETRY: Final = ("tables", "dims", "metrics")
"""What the query bot says of a query beside its text and outcome."""
FIGURES: Final[Mapping[str, str]] = {
    "macro_f1": "figures.macro_f1",
    "requests.f1": "figures.requests.f1",
    "ari": "figures.ari",
    "ndcg_20": "by_demand.ndcg_20",
    "linking": "figures.datasets.f1",
    "ece": "figures.ece",
    "citation_precision": "figures.citation_precision",
    "precision": "figures.gap_types.precision",
    "with_gap": "with_gap",
}
"""Where a score holds each figure."""
Figures = Mapping[str, Mapping[str, float]]
"""Figures by detector and name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """Packs to score on."""

    name: str
    overrides: tuple[str, ...]
    """What its config says beside the defaults, such as `difficulty=easy`."""
    bare: bool = False
    """Whether to score once more without what the query bot says of its queries."""


def make(out: Path, seed: int, overrides: Sequence[str], workers: int | None = None) -> model.Manifest:
    """Write a pack to `out`, by the config that `datagap-synth init` writes for the held-out company."""
    path = out.with_name(f"{out.name}.yaml")
    path.write_text(render_config(load_vocabulary(SCENARIO), SCENARIO), encoding="utf-8")
    config, vocabulary = load_config(path, [f"seed={seed}", f"templates={SPLIT}", *overrides])
    return generate(config, out, vocabulary=vocabulary, workers=workers)


def measured(setting: Setting, seed: int) -> Figures:
    """Return the figures of the detector, and of the baselines, on a pack that is made and removed again."""
    with TemporaryDirectory(prefix="datagap-", ignore_cleanup_errors=True) as folder:
        path = Path(folder) / "pack"
        make(path, seed, setting.overrides, workers=1)
        pack = Pack(path)
        scorer = Scorer(pack)
        found = {DETECTOR: _scored(scorer, detections(pack, Path(folder) / "report"))}
        for name, told in baseline.detectors(pack, scorer.gold).items():
            found[name] = _scored(scorer, told)
        if setting.bare:
            alone = bare(path, Path(folder) / "bare")
            scored = _scored(Scorer(alone), detections(alone, Path(folder) / "bare_report"))
            found[DETECTOR] |= {"linking": scored["linking"], "bare_macro_f1": scored["macro_f1"]}
        return found


def detections(pack: Pack, out: Path) -> Iterator[model.Detection]:
    """Yield what a report on a pack, written to `out`, has detected."""
    write_report(pack, load_options(None, None, {}), out)
    return read_detections(out / "artifacts" / "detections.jsonl")


def _scored(scorer: Scorer, told: Iterable[model.Detection]) -> dict[str, float]:
    score = scorer.score(told, resamples=0)
    by_type = {f"{name}.f1": score.types[name].rates.f1 if name in score.types else None for name in GAP_TYPES}
    values = {name: attrgetter(path)(score) for name, path in FIGURES.items()} | by_type
    return {name: NAN if value is None else float(value) for name, value in values.items()}


def bare(pack: Path, out: Path) -> Pack:
    """Return a copy of a pack whose queries come without what the bot says of them."""
    shutil.copytree(pack, out)
    file = layout.EVENT_FILES["nlq"]
    queries = [query for _, query in json_lines(pack, file) if isinstance(query, dict)]
    kept = ({key: value for key, value in query.items() if key not in TELEMETRY} for query in queries)
    content = b"".join(canonical.compact(query) + b"\n" for query in kept)
    (out / file).write_bytes(content)
    hashes = orjson.loads((pack / layout.HASHES).read_bytes())
    (out / layout.HASHES).write_bytes(canonical.plain({**hashes, file: hashlib.sha256(content).hexdigest()}))
    return Pack(out)


def all_measured(settings: Sequence[Setting], seeds: Sequence[int], jobs: int) -> Iterator[tuple[str, int, Figures]]:
    """Yield the figures of each setting and seed as they come, by so many processes."""
    tasks = [(setting, seed) for setting in settings for seed in seeds]
    if jobs <= 1:
        yield from ((setting.name, seed, measured(setting, seed)) for setting, seed in tasks)
        return
    with ProcessPoolExecutor(jobs, get_context("spawn")) as pool:
        running = {pool.submit(measured, setting, seed): (setting.name, seed) for setting, seed in tasks}
        for done in as_completed(running):
            yield *running[done], done.result()
