"""Score the judgement of whether questions can be answered, on questions beside schemas."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from datagap.report.answerability import EVEN, Answerability

ANSWERABLE: Final = "answerable"
NONE: Final = "none"
RENAMED: Final = {
    "missing_dataset": "missing_asset",
    "joinability": "joinability_issue",
    "docs_semantics": "docs_missing",
}


@dataclass(frozen=True, slots=True)
class Outcome:
    """One question: what the file says of it and what was judged."""

    label: str
    gap_type: str
    """The type that the file gives, NONE for an answerable question, empty if it gives none."""
    likely: float
    judged: str
    """The surest type, NONE for a question judged answerable."""
    seconds: float

    @property
    def flagged(self) -> bool:
        """Tell whether the question was judged not to be answerable."""
        return self.likely < EVEN


def judged(path: Path, half: str | None = None) -> Iterator[Outcome]:
    """Yield the outcome of each line of a file, or of its `even` or `odd` lines, counted from 0."""
    judges: dict[str, Answerability] = {}
    with path.open(encoding="utf-8") as lines:
        for index, line in enumerate(lines):
            if half is None or index % 2 == (half == "odd"):
                yield _outcome(json.loads(line), judges)


def _outcome(item: Mapping[str, Any], judges: dict[str, Answerability]) -> Outcome:
    keys = [tuple(pair) for pair in item.get("foreign_keys") or ()]
    schema = json.dumps([item["schema"], keys])
    if schema not in judges:
        judges[schema] = Answerability(item["schema"], keys)
    arguments = item["question"], tuple(item.get("context") or ())
    judges[schema].judge(*arguments)  # so that what is timed is a schema and words that were seen before
    start = time.perf_counter()
    judgement = judges[schema].judge(*arguments)
    seconds = time.perf_counter() - start
    given = item.get("gap_type_mapped")
    gap_type = RENAMED.get(given, given) if given else NONE if item["label"] == ANSWERABLE else ""
    found = judgement.gaps[0].gap_type if judgement.gaps else NONE
    return Outcome(item["label"], gap_type, judgement.answerable, found, seconds)


def labelled(outcomes: Sequence[Outcome], *labels: str) -> list[Outcome]:
    """Return the questions with one of some labels."""
    return [one for one in outcomes if one.label in labels]


def share(outcomes: Sequence[Outcome]) -> float:
    """Return the share of questions that are judged not to be answerable."""
    return sum(one.flagged for one in outcomes) / max(1, len(outcomes))


def balanced(gaps: Sequence[Outcome], answerable: Sequence[Outcome]) -> float:
    """Return the balanced accuracy between questions with a gap and those that can be answered."""
    return (share(gaps) + 1 - share(answerable)) / 2


def f1(gap_type: str) -> Callable[[Sequence[Outcome]], float]:
    """Return what scores the judgement of one gap type."""

    def score(outcomes: Sequence[Outcome]) -> float:
        right = sum(one.gap_type == gap_type == one.judged for one in outcomes)
        either = sum((one.gap_type == gap_type) + (one.judged == gap_type) for one in outcomes)
        return 2 * right / max(1, either)

    return score
