"""The words that bring questions and names together, and how names fall into words."""

from __future__ import annotations

import unicodedata
from importlib.resources import files

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from datagap.report.junction import Junctions
from datagap.report.morphology import name_words, root, stem
from datagap.report.thesaurus import LANGUAGES, Role, load_thesaurus
from datagap.report.vocabulary import DERIVED, EXACT, GUESSED, HINTED, MOST_SENSES, SYNONYM, Vocabulary

DATA = yaml.safe_load((files("datagap.report") / "thesaurus.yaml").read_bytes())
ENGLISH = load_thesaurus().tongues["en"]


def strings(value: object) -> list[str]:
    if isinstance(value, dict):
        return [text for key, part in value.items() for text in (str(key), *strings(part))]
    return [text for part in value for text in strings(part)] if isinstance(value, list) else [str(value)]


def test_the_thesaurus_is_in_lower_case_without_accents() -> None:
    for text in strings(DATA):
        assert text == "".join(one for one in unicodedata.normalize("NFKD", text.lower()) if one.isprintable())
        assert text.isascii(), text


@pytest.mark.parametrize("part", ["nouns", "question_words", "operations", "light_words", "askers", "value_markers"])
def test_no_word_stands_twice_in_a_list(part: str) -> None:
    for language, text in DATA[part].items():
        words = text.split()
        assert language in LANGUAGES
        assert len(words) == len(set(words)), sorted(word for word in set(words) if words.count(word) > 1)


def test_every_concept_stands_once() -> None:
    concepts = [group["concept"] for group in DATA["groups"]]
    assert len(concepts) == len(set(concepts))


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("birth_date", ["birth", "date"]),
        ("birthDate", ["birth", "date"]),
        ("BirthDate", ["birth", "date"]),
        ("BIRTH_DATE", ["birth", "date"]),
        ("birth date", ["birth", "date"]),
        ("GNPOld", ["gnp", "old"]),
        ("line_2", ["line", "2"]),
        ("Pick #", ["pick", "#"]),
        ("año-Código", ["ano", "codigo"]),
        ("", []),
        ("--", []),
    ],
)
def test_a_name_falls_into_its_words(name: str, words: list[str]) -> None:
    assert name_words(name) == words


@pytest.mark.parametrize(("form", "base"), [("cities", "city"), ("boxes", "box"), ("classes", "class"), ("bus", "bus")])
def test_a_plural_has_the_stem_of_its_singular(form: str, base: str) -> None:
    assert stem(form) == stem(base)


@pytest.mark.parametrize(("first", "second"), [("arrival", "arrive"), ("location", "located"), ("winner", "winning")])
def test_words_of_one_family_share_a_root(first: str, second: str) -> None:
    assert root(stem(first)) == root(stem(second))


@given(st.text(max_size=30))
def test_any_text_has_a_stem_and_a_root(text: str) -> None:
    assert len(root(stem(text))) <= len(text)
    assert all(name_words(text))


@pytest.mark.parametrize(
    ("column", "word", "grade"),
    [
        ("salary", "salaries", EXACT),
        ("arrival", "arrives", DERIVED),
        ("qty", "quantity", EXACT),
        ("amt", "amount", EXACT),
        ("dob", "birth", EXACT),
        ("birth_date", "birthdate", DERIVED),
        ("goals_against", "ga", HINTED),
        ("cost", "price", SYNONYM),
        ("age", "oldest", HINTED),
        ("language", "langauge", GUESSED),
        ("salary", "altitude", 0.0),
        ("residentcode", "resident", EXACT),
    ],
)
def test_a_word_is_served_by_a_name_as_surely_as_they_are_alike(column: str, word: str, grade: float) -> None:
    vocabulary = Vocabulary({"things": [column]}, load_thesaurus())
    assert vocabulary.sense(word, ENGLISH).grade == grade


def test_what_is_known_of_a_schema_stays_small_however_many_words_are_asked_for() -> None:
    vocabulary = Vocabulary({"things": ["name"]}, load_thesaurus())
    for number in range(MOST_SENSES + 100):
        vocabulary.sense(f"{number}", ENGLISH)
    assert len(vocabulary._senses) <= MOST_SENSES


def test_a_language_is_told_by_its_small_words() -> None:
    thesaurus = load_thesaurus()
    for language, text in [("en", "what is the age"), ("es", "cual es la edad de los"), ("fr", "quel est le nom des")]:
        assert thesaurus.tongue_of(text.split()) is thesaurus.tongues[language]
    assert thesaurus.tongue_of([]) is ENGLISH


def test_a_word_that_is_both_an_operation_and_a_noun_is_an_operation() -> None:
    assert ENGLISH.roles["total"] is Role.OPERATION
    assert ENGLISH.roles["salary"] is Role.CONCEPT
    assert ENGLISH.roles["the"] is Role.FUNCTION


def joined(tables: dict[str, list[str]], keys: list[tuple[str, str]] | None = None) -> bool:
    return Junctions(list(tables), list(tables.values()), keys, load_thesaurus()).are_joined(0, 1)


def test_tables_are_joined_by_declared_keys_by_columns_alike_and_by_columns_named_for_a_table() -> None:
    assert joined({"a": ["x"], "b": ["y"]}, [("a.x", "b.y")])
    assert joined({"a": ["x"], "b": ["y"], "c": ["z"]}, [("a.x", "c.z"), ("C.z", "B.y")])
    assert joined({"a": ["shop_id"], "b": ["ShopId"]})
    assert joined({"shop": ["id"], "sale": ["shop_id"]})
    assert not joined({"a": ["id", "name"], "b": ["id", "name"]})
    assert not joined({"a": ["x"], "b": ["y"]}, [("a.x", "elsewhere.y"), ("no table", "b.y")])
