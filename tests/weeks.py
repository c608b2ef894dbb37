"""Weeks of one company: a generated pack cut into packs of a week each, whose datasets may be renamed."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from datagap import clock

FILES = ("nl_queries.jsonl", "slack.jsonl", "email.jsonl")
COUNTS = {"nl_queries.jsonl": "nl_queries", "slack.jsonl": "slack", "email.jsonl": "email"}


def days_later(day: str, days: int) -> str:
    """Return the timestamp of midnight some days after a day."""
    return clock.render(clock.parse(f"{day[:10]}T00:00:00Z") + days * clock.DAY)


def cut(pack: Path, folder: Path, first: str, last: str, renamed: Mapping[str, str] | None = None) -> Path:
    """Write the events of `pack` from `first` up to `last`, as a pack that was made at `last`.

    Datasets in `renamed` get their new name, and their old one as a declared alias; what people write stays.
    """
    shutil.copytree(pack / "catalog", folder / "catalog")
    counts = {}
    for file in FILES:
        events = [json.loads(line) for line in (pack / file).read_text(encoding="utf-8").splitlines()]
        kept = [event for event in events if first <= event["when"] < last]
        (folder / file).write_text("".join(json.dumps(event) + "\n" for event in kept), encoding="utf-8")
        counts[COUNTS[file]] = len(kept)
    manifest = json.loads((pack / "manifest.json").read_text(encoding="utf-8"))
    manifest["counts"] |= counts
    manifest |= {"pack_id": folder.name, "generated_at": last}
    (folder / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    for old, new in (renamed or {}).items():
        rename(folder, old, new)
    return folder


def rename(folder: Path, old: str, new: str) -> None:
    """Rename a dataset in a pack's catalog, and declare its old name."""
    path = folder / "catalog/datasets.json"
    datasets: list[dict[str, Any]] = json.loads(path.read_text(encoding="utf-8"))
    for dataset in datasets:
        for key in dataset.get("foreign_keys") or ():
            key["references"] = new if key["references"] == old else key["references"]
        if dataset["name"] == old:
            dataset |= {"name": new, "aliases": [*dataset.get("aliases", ()), old]}
    path.write_text(json.dumps(datasets), encoding="utf-8")
    path = folder / "catalog/lineage.json"
    path.write_text(path.read_text(encoding="utf-8").replace(f'"{old}"', f'"{new}"'), encoding="utf-8")
    path = folder / "catalog/freshness.csv"
    path.write_text(path.read_text(encoding="utf-8").replace(f"\n{old},", f"\n{new},"), encoding="utf-8")
