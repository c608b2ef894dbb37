"""Whether questions about made-up schemas can be answered, and what the judgement must not depend on."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from datagap.report.answerability import EVEN, Answerability, Judgement

CASES: Mapping[str, Any] = yaml.safe_load(Path(__file__).with_name("questions.yaml").read_text(encoding="utf-8"))
ANSWERABLE = [(name, question) for name, questions in CASES["answerable"].items() for question in questions]
NOT_ANSWERABLE = [
    (name, case["question"], case.get("gap")) for name, cases in CASES["not_answerable"].items() for case in cases
]
SHOP = {"orders": ["order_id", "customer_id", "amount", "status"], "customers": ["customer_id", "name", "birth_date"]}
ATTRIBUTES = ["salary", "height", "nationality", "email", "budget", "altitude", "speed", "language", "religion"]
ENTITIES = ["employee", "bridge", "singer", "museum", "flight", "patient", "tenant"]
COLUMNS = [["birth", "date"], ["hourly", "wage"], ["postal", "code"], ["unit", "price"], ["release", "year"]]


@cache
def judge(name: str) -> Answerability:
    schema = CASES["schemas"][name]
    return Answerability(schema["tables"], schema.get("keys"))


def is_answerable(judgement: Judgement) -> bool:
    assert (judgement.answerable >= EVEN) == (not judgement.gaps)
    return not judgement.gaps


def forms(words: Sequence[str]) -> list[str]:
    camel = words[0] + "".join(map(str.title, words[1:]))
    return ["_".join(words), " ".join(words), camel, camel[0].upper() + camel[1:], "_".join(words).upper()]


@pytest.mark.parametrize(("name", "question"), ANSWERABLE)
def test_a_question_whose_words_the_schema_serves_is_answerable(name: str, question: str) -> None:
    judgement = judge(name).judge(question)
    assert is_answerable(judgement), judgement.gaps


@pytest.mark.parametrize(("name", "question", "gap"), NOT_ANSWERABLE)
def test_a_question_that_needs_what_is_not_there_is_not_answerable(name: str, question: str, gap: str | None) -> None:
    judgement = judge(name).judge(question)
    assert not is_answerable(judgement), judge(name).shortfalls(question)
    assert gap is None or judgement.gaps[0].gap_type == gap


@pytest.mark.parametrize("question", CASES["small_talk"])
def test_small_talk_is_no_question_to_a_schema(question: str) -> None:
    assert not is_answerable(judge("depot").judge(question))


@pytest.mark.parametrize(("name", "question"), ANSWERABLE)
def test_a_table_about_something_else_changes_nothing_for_a_question_that_is_served(name: str, question: str) -> None:
    schema = CASES["schemas"][name]
    more = {**schema["tables"], "xylograph": ["xylograph_ref", "quire", "vellum"]}
    larger = Answerability(more, schema.get("keys"))
    assert is_answerable(larger.judge(question))


@given(st.sampled_from(COLUMNS), st.data())
def test_the_form_of_a_column_name_changes_nothing(words: Sequence[str], data: st.DataObject) -> None:
    question = data.draw(
        st.sampled_from([f"What is the {' '.join(words)} of each item?", "What is the colour of each item?"])
    )
    judged = [Answerability({"item": ["item_id", form]}).judge(question) for form in forms(words)]
    seen = {(one.answerable, tuple((gap.gap_type, gap.confidence, gap.phrase) for gap in one.gaps)) for one in judged}
    assert len(seen) == 1


@given(
    st.sampled_from(ATTRIBUTES),
    st.sampled_from(ENTITIES),
    st.sampled_from(
        ["What is the {0} of each {1}?", "List the {0} of the {1} with id 7.", "Show the {1} with the highest {0}."]
    ),
)
def test_dropping_the_only_column_of_a_word_makes_its_question_unanswerable(
    attribute: str, entity: str, pattern: str
) -> None:
    question = pattern.format(attribute, entity)
    kept = [f"{entity}_id", "notes"]
    assert is_answerable(Answerability({entity: [*kept, attribute]}).judge(question))
    judgement = Answerability({entity: kept}).judge(question)
    assert not is_answerable(judgement)
    assert judgement.gaps[0].phrase == attribute


@given(st.text(max_size=80), st.lists(st.text(max_size=40), max_size=3))
def test_any_text_is_judged_and_always_alike(question: str, context: Sequence[str]) -> None:
    first = Answerability(SHOP).judge(question, context)
    assert 0 <= first.answerable <= 1
    assert first == Answerability(SHOP).judge(question, context)
    assert is_answerable(first) or all(0 < gap.confidence <= 1 for gap in first.gaps)


@given(st.dictionaries(st.text(max_size=12), st.lists(st.text(max_size=12), max_size=4), max_size=4))
def test_any_schema_is_read(schema: Mapping[str, Sequence[str]]) -> None:
    keys = [(f"{table}.{column}", "elsewhere.id") for table, columns in schema.items() for column in columns]
    judgement = Answerability(schema, keys).judge("How many orders did each customer place?")
    assert 0 <= judgement.answerable <= 1


@pytest.mark.parametrize(
    "unit", ["a", "order ", '"', "' ", "a-1", "a@", "x_y", "(a1-", "ab1", "Aa", "é ", "\u201c", "order_of_"]
)
def test_a_question_of_a_megabyte_takes_no_longer_than_a_long_one(unit: str) -> None:
    judged = Answerability(SHOP)
    question = unit * (1_000_000 // len(unit))
    start = time.process_time()
    judged.judge(question, [question] * 20)
    assert time.process_time() - start < 1


def test_a_name_of_a_megabyte_is_read_in_bounded_time() -> None:
    start = time.process_time()
    Answerability({"Aa" * 500_000: ["a1" * 500_000, "order" * 200_000]}).judge("How many orders?")
    assert time.process_time() - start < 1


def test_earlier_questions_say_what_a_follow_up_speaks_of() -> None:
    schema = {"guest": ["guest_id", "name"], "room": ["room_id", "room_name", "beds"]}
    judged = Answerability(schema, [])
    assert is_answerable(judged.judge("And how many are there?", ["Which rooms have two beds?"]))
    assert is_answerable(judged.judge("Sort them by beds.", ["Which rooms have two beds?"]))


def test_a_question_is_judged_in_less_than_a_millisecond_whatever_the_size_of_the_schema() -> None:
    words = ["sales", "web", "stock", "visit", "route", "claim", "meter", "asset", "audit", "trial"]
    schema = {
        f"{first}_{second}_{number}": [f"{second}_id", "name", f"{first}_amount", "status", "created_at"]
        for first in words
        for second in words
        for number in range(20)
    }
    judged = Answerability(schema)
    question = "What is the average amount per status of the sales claims since January?"
    judged.judge(question)
    start = time.process_time()
    for _ in range(50):
        judged.judge(question)
    assert (time.process_time() - start) / 50 < 0.005


def test_the_judgement_does_not_depend_on_the_order_of_hashes() -> None:
    code = (
        "from datagap.report.answerability import Answerability\n"
        f"judged = Answerability({SHOP!r}, [('orders.customer_id', 'customers.customer_id')])\n"
        "for text in ('What is the age and region of each buyer?', 'List the town and the tier of the orders.'):\n"
        "    print(judged.shortfalls(text))\n"
    )
    printed = {
        subprocess.run(
            [sys.executable, "-c", code],
            env={**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": os.pathsep.join(sys.path)},
            check=True,
            capture_output=True,
            text=True,
        ).stdout
        for seed in ("0", "1", "2")
    }
    assert len(printed) == 1
    assert "Shortfall" in printed.pop()
