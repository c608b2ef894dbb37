"""What a text is worth is a sum of whole numbers: the same in any order, and on any machine."""

from __future__ import annotations

import json
import random
from importlib.resources import files
from typing import Any

import hypothesis
import numpy as np
import pytest
from hypothesis import strategies as st

from datagap.gap import GAP_TYPES
from datagap.report.classifier import ACTS, FILE, GAPS, SUPPORTS, load_classifier, probabilities
from datagap.report.concepts import load_concepts
from datagap.report.reading import open_reader
from datagap.report.text import clauses, fold, own_words
from datagap.validate import embedded
from tests.handmade import catalog, dataset

DATA: dict[str, Any] = json.loads((files("datagap.report") / FILE).read_bytes())
READER = open_reader(catalog([dataset("mart_orders")]))
FEATURES = st.lists(st.sampled_from([*list(DATA["features"])[::50], "no such feature"]), max_size=40)

# The file


def test_the_file_fits_its_schema() -> None:
    assert [str(problem) for problem in embedded().problems("classifier", DATA, FILE)] == []


def test_the_file_has_the_acts_that_the_schema_knows_with_the_gap_types_first() -> None:
    assert tuple(DATA["acts"]) == ACTS
    assert ACTS[:GAPS] == tuple(GAP_TYPES)
    assert len({*ACTS}) == len(ACTS)


def test_every_feature_has_a_weight_for_each_act() -> None:
    assert {len(row) for row in DATA["features"].values()} == {len(ACTS)}
    assert len(DATA["bias"]) == len(ACTS)


def test_no_feature_is_without_effect_and_none_is_about_a_catalog_of_the_training() -> None:
    assert [feature for feature, row in DATA["features"].items() if not any(row)] == []
    assert [feature for feature in DATA["features"] if "_" in feature] == []


def test_what_it_knows_of_an_event_is_what_is_told_of_one() -> None:
    told = {"any", "query", "unserved", "mended", "refuted", "unlinked"}
    assert {*DATA["judgement"]["none"]} == told
    assert [len(row) for row in DATA["judgement"]["support"]] == [len(SUPPORTS)] * GAPS


def test_concepts_that_have_weights_are_concepts() -> None:
    known = {concept for row in load_concepts()._phrases.values() for concept in row}
    known |= {concept for row in load_concepts()._prefixes.values() for concept in row}
    used = {
        word for feature in DATA["features"] if feature[0] == "#" and len(feature) > 1 for word in feature[1:].split()
    }
    assert used <= known


def test_the_file_is_written_the_same_way_each_time() -> None:
    assert [*DATA["features"]] == sorted(DATA["features"])
    assert DATA["common"] == sorted(DATA["common"])


def test_a_confirmed_claim_is_worth_more_than_a_contradicted_one() -> None:
    confirmed, contradicted = SUPPORTS.index("confirmed"), SUPPORTS.index("contradicted")
    rows = dict(zip(GAP_TYPES, DATA["judgement"]["support"], strict=True))
    assert [name for name, row in rows.items() if row[confirmed] <= row[contradicted]] == []
    assert DATA["judgement"]["words"] > 0


# Scores


@hypothesis.given(features=FEATURES)
def test_a_score_is_the_sum_of_the_weights_of_features(features: list[str]) -> None:
    score = load_classifier().score(features)
    assert score.dtype.kind == "i"
    rows = [DATA["features"].get(feature, [0] * len(ACTS)) for feature in features]
    assert score.tolist() == [sum(row[act] for row in rows) for act in range(len(ACTS))]


@hypothesis.given(left=FEATURES, right=FEATURES)
def test_scores_add_up_in_any_order(left: list[str], right: list[str]) -> None:
    classifier = load_classifier()
    both = classifier.score([*left, *right])
    assert (classifier.score(left) + classifier.score(right) == both).all()
    assert (classifier.score([*right, *left]) == both).all()


def test_no_sum_of_a_text_is_beyond_its_kind_of_number() -> None:
    """The longest text has 20,000 characters, and a feature needs at least one of them and a space."""
    largest = max(abs(weight) for row in DATA["features"].values() for weight in row)
    assert largest * 20_000 * 20 < np.iinfo(np.int32).max


SENTENCES = [
    "mart_orders is stale.",
    "I get permission denied!",
    "Is there a column for the brand?",
    "La tabla est\u00e1 vac\u00eda.",
    "Merci beaucoup;",
    "the totals do not match finance.",
    "It times out after 10 minutes.",
]


@hypothesis.given(order=st.permutations(SENTENCES), joint=st.sampled_from([" ", "\n", "\n\n", "  "]))
def test_the_order_of_clauses_changes_no_score(order: list[str], joint: str) -> None:
    assert READER.scores(joint.join(order)).tolist() == READER.scores(" ".join(SENTENCES)).tolist()


@hypothesis.given(text=st.text(max_size=300))
def test_a_text_is_worth_the_sum_of_its_clauses(text: str) -> None:
    parts = [READER.scores(clause) for clause in clauses(own_words(text))]
    assert READER.scores(text).tolist() == np.sum([np.zeros(len(ACTS), int), *parts], axis=0).tolist()


def test_what_was_read_before_changes_no_score() -> None:
    fresh = [open_reader(catalog([dataset("mart_orders")])).scores(text).tolist() for text in SENTENCES]
    shuffled = SENTENCES * 3
    random.Random(3).shuffle(shuffled)
    assert {text: READER.scores(text).tolist() for text in shuffled} == dict(zip(SENTENCES, fresh, strict=True))


@pytest.mark.parametrize("text", ["", " ", "\n\n", "???", "\x00", "\u202e", "\U0001f525" * 50, "..." * 500])
def test_a_text_of_no_words_is_worth_next_to_nothing(text: str) -> None:
    assert np.abs(READER.scores(text)).max() <= np.abs(READER.scores("?")).max() + np.abs(READER.scores("x?")).max()


def test_the_case_accents_and_quotes_of_a_text_change_no_score() -> None:
    for text in SENTENCES:
        assert READER.scores(text.upper()).tolist() == READER.scores(text).tolist()
        assert READER.scores(fold(text)).tolist() == READER.scores(text).tolist()
        assert READER.scores(f"{text}\n> {SENTENCES[1]}\n> {SENTENCES[3]}").tolist() == READER.scores(text).tolist()


@hypothesis.given(scores=st.lists(st.floats(-700, 700), min_size=2, max_size=30))
def test_probabilities_sum_to_one_and_keep_the_order(scores: list[float]) -> None:
    chances = probabilities(np.array(scores))
    assert abs(chances.sum() - 1) < 1e-9
    assert chances[scores.index(max(scores))] == chances.max()
