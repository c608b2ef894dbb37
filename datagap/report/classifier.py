"""Tell from the words of a text what its writer is after: a linear classifier over features of clauses.

Weights are whole numbers, so that scores are sums without rounding, the same on every machine and in every order.
They are trained by `scripts/train_classifier`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Final, TypeAlias, get_args

import numpy as np
from numpy.typing import NDArray

from datagap import model
from datagap.gap import GAP_TYPES
from datagap.report.claim import Support
from datagap.validate import embedded

Scores: TypeAlias = NDArray[np.int32]
FILE: Final = "classifier.json"
ACTS: Final[tuple[model.SpeechAct, ...]] = tuple(model.schema("classifier")["properties"]["acts"]["items"]["enum"])
"""What a text may do, in the order of the scores; the gap types come first."""
GAPS: Final = len(GAP_TYPES)


SUPPORTS: Final[tuple[Support, ...]] = get_args(Support)
"""How a catalog may bear out a claim, in the order of the weights."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """What words, the catalog and the conversation are worth beside each other, in log-odds."""

    words: float
    support: Sequence[Sequence[float]]
    """By gap type and support."""
    none: Mapping[str, float]
    """What speaks for no gap, by what is known of the event."""
    reply: float
    """What speaks for a reply's asking for what the opener asks for, before a word of it is read."""


class Classifier:
    """Scores texts by their features."""

    def __init__(self, data: model.Classifier) -> None:
        self.scale = data.scale
        self.bias: Scores = np.array(data.bias, dtype=np.int32)
        self._rows = {feature: place for place, feature in enumerate(data.features)}
        self._weights: Scores = np.array([*data.features.values(), [0] * len(ACTS)], dtype=np.int32)
        self.words = frozenset(feature for feature in data.features if " " not in feature and feature[0] not in "<#^")
        """Words that have weights."""
        self.common = frozenset(data.common)
        judgement, scale = data.judgement, data.scale
        self.judgement = Judgement(
            words=judgement.words / scale,
            support=[[weight / scale for weight in row] for row in judgement.support],
            none={flag: weight / scale for flag, weight in judgement.none.items()},
            reply=judgement.reply / scale,
        )

    def score(self, features: Iterable[str]) -> Scores:
        """Return the score of each act, in units of 1 / scale of its log-odds."""
        rows = self._rows
        found = [rows[feature] for feature in features if feature in rows]
        return np.asarray(self._weights[found].sum(axis=0, dtype=np.int32))


@cache
def load_classifier() -> Classifier:
    """Return the embedded classifier."""
    import orjson

    content = (files("datagap.report") / FILE).read_bytes()
    return Classifier(embedded().read(model.Classifier, orjson.loads(content), FILE))


def probabilities(scores: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the softmax of scores in natural units."""
    raised = np.exp(scores - scores.max())
    return np.asarray(raised / raised.sum())
