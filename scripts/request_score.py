"""Score what is told of real texts by their words alone: which gap they are about, or none."""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import numpy as np

from datagap import model
from datagap.gap import GAP_TYPES
from datagap.report.classifying import Judge
from datagap.score import baseline
from datagap.score.tally import BINS

NONE: Final = "none"
LABELS: Final = (*GAP_TYPES, NONE)
NAN: Final = math.nan
PARTS: Final = ("precision", "recall", "f1")


@dataclass(frozen=True, slots=True, kw_only=True)
class Text:
    """What somebody wrote, and which gap it is about."""

    text: str
    label: str
    also: frozenset[str]
    """Labels that are not wrong either."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What is told of a text."""

    wanted: Text
    told: str
    sure: float = NAN
    """Confidence in a gap; NaN for none."""

    @property
    def right(self) -> bool:
        """Tell whether the label is told."""
        return self.told == self.wanted.label

    def accepted(self) -> Answer:
        """Return the answer with the label told if what is told is not wrong."""
        return replace(self, told=self.wanted.label) if self.told in self.wanted.also else self


def read(path: Path) -> list[Text]:
    """Return the texts in a file of JSON lines; raise ValueError if there is none, or one with an unknown label."""
    with path.open(encoding="utf-8") as lines:
        texts = [_text(json.loads(line)) for line in lines]
    if not texts:
        raise ValueError("no line")
    unknown = {text.label for text in texts} - {*LABELS}
    if unknown:
        raise ValueError(f"no label is called {', '.join(sorted(unknown))}")
    return texts


def _text(item: Mapping[str, object]) -> Text:
    also = item.get("also_acceptable") or ()
    if not isinstance(also, Sequence) or isinstance(also, str):
        raise ValueError("also_acceptable is no list")
    return Text(text=str(item["text"]), label=str(item["label"]), also=frozenset(map(str, also)))


def detectors(texts: Sequence[Text]) -> Mapping[str, Sequence[Answer]]:
    """Return what the detector tells of some texts, and what the baselines do. None sees an id or a label.

    But `commonest` does, which tells the most frequent label of everything.
    """
    return {"words": _words(texts), "keywords": _keywords(texts), "commonest": _commonest(texts)}


def _words(texts: Sequence[Text]) -> list[Answer]:
    judge = Judge()
    answers = []
    for place, text in enumerate(texts):
        found = judge.classify(model.ClassifyRequest(id=f"t{place}", text=text.text))
        first = (found.gap_types[0], found.confidence[0]) if found.gap_types else (NONE, NAN)
        answers.append(Answer(wanted=text, told=first[0], sure=first[1]))
    return answers


def _keywords(texts: Sequence[Text]) -> list[Answer]:
    answers = []
    for text in texts:
        matched = (
            name for name, pattern in baseline.keywords().items() if pattern.search(text.text[: baseline.LONGEST_TEXT])
        )
        told = next(matched, None)
        answers.append(Answer(wanted=text, told=told or NONE, sure=baseline.SURE if told else NAN))
    return answers


def _commonest(texts: Sequence[Text]) -> list[Answer]:
    times = Counter(text.label for text in texts)
    told = min(times, key=lambda label: (-times[label], LABELS.index(label)))
    sure = NAN if told == NONE else times[told] / len(texts)
    return [Answer(wanted=text, told=told, sure=sure) for text in texts]


def figures(answers: Sequence[Answer]) -> Mapping[str, float]:
    """Return figures by name: of everything, and `precision`, `recall` and `f1` of each label behind its name."""
    hit = Counter(one.told for one in answers if one.right)
    told, wanted = Counter(one.told for one in answers), Counter(one.wanted.label for one in answers)
    found: dict[str, float] = {}
    for label in LABELS:
        numbers = hit[label], told[label], wanted[label]
        found |= {f"{label}.{part}": value for part, value in zip(PARTS, _rates(*numbers), strict=True)}
    f1 = {label: found[f"{label}.f1"] for label in LABELS if wanted[label]}
    return found | {
        "macro_f1": _mean([value for label, value in f1.items() if label != NONE]),
        "macro_f1_with_none": _mean(list(f1.values())),
        "accuracy": sum(hit.values()) / len(answers),
        "ece": calibration_error(answers),
    }


def accepted(answers: Sequence[Answer]) -> Mapping[str, float]:
    """Return the same figures, with what is not wrong counted as the label."""
    return figures([one.accepted() for one in answers])


def _rates(hit: int, told: int, wanted: int) -> tuple[float, float, float]:
    either = told + wanted
    return hit / told if told else NAN, hit / wanted if wanted else NAN, 2 * hit / either if either else NAN


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values) if values else NAN


def calibration_error(answers: Sequence[Answer]) -> float:
    """Return how far confidence in gaps is from being right, over ten bins (Guo et al. 2017); NaN without any gap."""
    sure = np.array([(one.sure, one.right) for one in answers if not math.isnan(one.sure)], dtype=float)
    if not sure.size:
        return NAN
    places = np.clip(np.ceil(sure[:, 0] * BINS).astype(np.int64) - 1, 0, BINS - 1)
    off = np.bincount(places, weights=sure[:, 0] - sure[:, 1], minlength=BINS)
    return float(np.abs(off).sum() / len(sure))
