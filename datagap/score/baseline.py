"""Detectors that know next to nothing, so that a score has a scale."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from importlib.resources import files

from datagap import model
from datagap.errors import DatagapError
from datagap.gap import GAP_TYPES
from datagap.pack import layout
from datagap.pack.reader import Pack
from datagap.score.gold import Gold, read_gold
from datagap.settings import parse_yaml

KEYWORDS = "keywords.yaml"
SURE = 0.5
"""Confidence of the keywords."""
LONGEST_TEXT = 20_000
"""Characters of a text that are searched."""
_NAME = re.compile(r"[\w.]+")


def detectors(pack: Pack, gold: Gold | None = None) -> Mapping[str, Iterable[model.Detection]]:
    """Return the detections of each baseline on a pack, each to be read once.

    `none` finds nothing. `commonest` peeks into what is known: it gives every request the most frequent gap type.
    `keywords` goes by a word list, and groups by type and the first dataset that is named.
    """
    gold = gold or read_gold(pack)
    return {"none": (), "commonest": _commonest(gold), "keywords": _keywords(pack)}


def _commonest(gold: Gold) -> Iterator[model.Detection]:
    requests = [event_id for event_id, label in gold.labels.items() if label.request]
    times = Counter(gap.gap_type for label in gold.labels.values() for gap in label.gaps[:1] if gap.gap_type)
    if not times:
        return
    gap_type = min(times, key=lambda name: (-times[name], GAP_TYPES.index(name)))
    sure = min(1.0, round(times[gap_type] / max(1, len(requests)), 4))
    for event_id in requests:
        yield model.Detection(event_id=event_id, request=True, gaps=[_gap(gap_type, [], sure, [])])


def _keywords(pack: Pack) -> Iterator[model.Detection]:
    names = {dataset.name for dataset in pack.catalog().datasets}
    for channel in layout.EVENT_FILES:
        for event in pack.events(channel):
            text = layout.event_text(event)[:LONGEST_TEXT]
            gaps = list(_found(event.id, text, names))
            if gaps or channel == "nlq":
                yield model.Detection(event_id=event.id, request=True, gaps=gaps)


def _found(event_id: str, text: str, names: set[str]) -> Iterator[model.DetectedGap]:
    """Yield the gap of the first type whose keywords stand in a text."""
    for gap_type, pattern in keywords().items():
        if match := pattern.search(text):
            datasets = [word for word in _NAME.findall(text) if word.rstrip(".") in names][:1]
            quote = model.Evidence(event_id=event_id, quote=match[0])
            yield _gap(gap_type, [name.rstrip(".") for name in datasets], SURE, [quote])
            return


def _gap(
    gap_type: model.GapType, datasets: list[str], confidence: float, evidence: list[model.Evidence]
) -> model.DetectedGap:
    return model.DetectedGap(
        gap_type=gap_type,
        group_id=" ".join([gap_type, *datasets]),
        datasets=datasets,
        columns=[],
        confidence=confidence,
        verdict="unverifiable",
        evidence=evidence,
    )


@cache
def keywords() -> Mapping[model.GapType, re.Pattern[str]]:
    """Return the keyword pattern of each gap type, in the order in which they are tried."""
    listed = parse_yaml(files(__package__).joinpath(KEYWORDS).read_bytes(), KEYWORDS)
    if not isinstance(listed, dict) or {*listed} != {*GAP_TYPES}:
        raise DatagapError("does not have a pattern for each gap type", where=KEYWORDS)
    return {gap_type: re.compile(pattern, re.IGNORECASE) for gap_type, pattern in listed.items()}
