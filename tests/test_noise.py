"""Typing roughens literals a little, so that they can still be read, and the same draw roughens them the same."""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Sequence

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from datagap.synth.noise import abbreviated, mistype, mistyped, neighbours, recased
from datagap.synth.phrasebook import LANGUAGES, load_words

LETTERS = "abcdefghijklmnopqrstuvwxyzñáéíóúüàâçèêëîïôœùû"
DRAWS = st.integers(0, 2**64 - 1)
LANGS = st.sampled_from(LANGUAGES)
LONG = st.text(LETTERS, min_size=4, max_size=12)
OTHER = st.text(LETTERS, max_size=3) | st.sampled_from(["?", "'", "2026", "a_b", "…"])
LITERALS = st.lists(st.lists(LONG | LONG.map(str.capitalize) | OTHER, max_size=5).map(" ".join), max_size=4)
WORD = re.compile(r"[^\W\d_]+")
TYPED = ["abcd", "data", "week", "needed", "aaaa", "Please", "semaine", "précédent", "España", "REVENUE"]


def draws(count: int = 600) -> list[int]:
    """Return random 64-bit words, the same ones each time."""
    source = random.Random(7)
    return [source.getrandbits(64) for _ in range(count)]


def words(literals: Sequence[str]) -> list[str]:
    return [word for text in literals for word in WORD.findall(text)]


def long_words(literals: Sequence[str]) -> list[str]:
    return [word for word in words(literals) if len(word) >= 4]


# Typos


def typos(word: str, lang: str) -> dict[str, set[str]]:
    """Return, by kind, every typo in `word` behind its first letter and before its last, and those that swap the last.

    A key beside that of a letter is typed small.
    """
    inner = range(1, len(word) - 1)
    beside = neighbours(lang)
    swapped = {place: word[:place] + word[place + 1] + word[place] + word[place + 2 :] for place in inner}
    return {
        "swapped": {typo for place, typo in swapped.items() if place + 1 in inner},
        "dropped": {word[:place] + word[place + 1 :] for place in inner},
        "doubled": {word[:place] + word[place] + word[place:] for place in inner},
        "hit beside": {
            word[:place] + key + word[place + 1 :] for place in inner for key in beside.get(word[place].lower(), "")
        },
    }


@pytest.mark.parametrize("lang", LANGUAGES)
def test_every_kind_of_typo_occurs_at_every_inner_letter(lang: str) -> None:
    made = {mistype("typing", lang, word) for word in draws(6000)}
    possible = typos("typing", lang)
    for kind, expected in possible.items():
        assert expected, kind
        assert expected <= made, kind
    assert made == set[str]().union(*possible.values())


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("word", TYPED)
def test_a_typo_keeps_the_first_letter_and_the_length_but_for_one(word: str, lang: str) -> None:
    made = {mistype(word, lang, draw) for draw in draws()}
    assert len(made) > 1
    assert made <= set[str]().union(*typos(word, lang).values())
    for typo in made:
        assert typo != word
        assert typo[0] == word[0]
        assert abs(len(typo) - len(word)) <= 1


@pytest.mark.parametrize("word", ["abcd", "data", "Please", "semaine", "précédent"])
def test_a_typo_keeps_the_last_letter(word: str) -> None:
    assert {mistype(word, "en", draw)[-1] for draw in draws()} == {word[-1]}


@given(LONG, LANGS, DRAWS)
@example("aaaa", "en", 0)
@example("aaaa", "en", 1 << 24)
@example("ñññé", "en", 2 << 24)
def test_a_typo_is_always_one_of_a_known_kind(word: str, lang: str, draw: int) -> None:
    typo = mistype(word, lang, draw)
    assert typo != word
    assert typo in set[str]().union(*typos(word, lang).values())


def test_one_of_two_letters_alike_is_not_dropped_and_they_are_not_swapped() -> None:
    made = {mistype("needed", "en", draw) for draw in draws()}
    assert "neded" not in made
    assert made >= {"needd", "neeed", "neeeded"}
    assert {len(mistype("aaaa", "en", draw)) for draw in draws()} == {4, 5}


@given(LITERALS, LANGS, DRAWS)
@example(["?", " of the ", ""], "en", 0)
@example(["2026semana", ""], "es", 0)
def test_a_typo_is_in_exactly_one_long_word(literals: list[str], lang: str, draw: int) -> None:
    changed = mistyped(literals, lang, draw)
    if not long_words(literals):
        assert changed is None
        return
    assert changed is not None
    assert [WORD.sub("\0", text) for text in changed] == [WORD.sub("\0", text) for text in literals]
    differing = [(old, new) for old, new in zip(words(literals), words(changed), strict=True) if old != new]
    assert len(differing) == 1
    old, new = differing[0]
    assert len(old) >= 4
    assert new == mistype(old, lang, draw)


def test_every_long_word_is_mistyped_by_some_draw_and_no_short_one_by_any() -> None:
    literals = ["Could you, the", "", " of revenue by 2026", "week?"]
    touched = {
        old
        for draw in draws()
        for old, new in zip(words(literals), words(mistyped(literals, "en", draw) or []), strict=True)
        if old != new
    }
    assert touched == {"Could", "revenue", "week"}


# Keyboards


@pytest.mark.parametrize(
    ("lang", "letter", "beside"),
    [
        ("en", "q", "w"),
        ("en", "w", "qe"),
        ("en", "a", "s"),
        ("en", "g", "fh"),
        ("en", "p", "o"),
        ("en", "l", "k"),
        ("en", "m", "n"),
        ("es", "a", "s"),
        ("es", "l", "kñ"),
        ("es", "ñ", "l"),
        ("es", "m", "n"),
        ("fr", "a", "z"),
        ("fr", "z", "ae"),
        ("fr", "q", "s"),
        ("fr", "l", "km"),
        ("fr", "m", "l"),
        ("fr", "w", "x"),
        ("fr", "n", "b"),
    ],
)
def test_the_neighbours_of_a_key_are_those_of_the_language_s_keyboard(lang: str, letter: str, beside: str) -> None:
    assert neighbours(lang)[letter] == beside


@pytest.mark.parametrize(("lang", "more"), [("en", ""), ("es", "ñ"), ("fr", "")])
def test_every_letter_has_a_key_and_keys_are_beside_each_other(lang: str, more: str) -> None:
    keys = neighbours(lang)
    assert keys.keys() == {*"abcdefghijklmnopqrstuvwxyz", *more}
    for letter, beside in keys.items():
        assert 1 <= len(beside) <= 2
        assert letter not in beside
        assert all(letter in keys[other] for other in beside)


# Short forms

SHORT = {"please": "pls", "as far as I know": "afaik", "as": "z", "week-end": "we", "s'il te plaît": "stp", "no": "n"}


@pytest.mark.parametrize(
    ("literals", "expected"),
    [
        (["please"], ["pls"]),
        (["Please, ", " PLEASE!"], ["pls, ", " pls!"]),
        (["(pLeAsE)", "", "?"], ["(pls)", "", "?"]),
        (["please please"], ["pls pls"]),
        (["as far as i know it is as big"], ["afaik it is z big"]),
        (["As Far As"], ["z Far z"]),
        (["le Week-End, s'il te plaît"], ["le we, stp"]),
        (["S'IL TE PLAÎT"], ["stp"]),
        (["please", "displease"], ["pls", "displease"]),
    ],
)
def test_whole_words_are_shortened_in_any_case(literals: list[str], expected: list[str]) -> None:
    assert abbreviated(literals, SHORT) == expected


@pytest.mark.parametrize(
    "literals",
    [
        [],
        [""],
        ["pls", "nothing to see"],
        ["pleased", "displease"],
        ["please-do", "pre-please"],
        ["please's", "please\u2019s", "l'please", "l\u2019please"],
        ["please_", "_please", "please2", "2please"],
        ["pleaseé", "éplease"],
        ["week end"],
        ["plea", "se"],
    ],
)
def test_what_is_no_whole_word_is_not_shortened(literals: list[str]) -> None:
    assert abbreviated(literals, SHORT) is None


@given(LITERALS)
@example(["PLEASE"])
@example(["no no", "no"])
def test_nothing_but_words_with_a_short_form_changes(literals: list[str]) -> None:
    changed = abbreviated(literals, SHORT)
    assert (changed is None) is not any(word in SHORT for text in literals for word in text.lower().split())
    if changed is not None:
        for old, new in zip(literals, changed, strict=True):
            pairs = zip(old.split(" "), new.split(" "), strict=True)
            assert all(was == now or SHORT[was.lower()] == now for was, now in pairs)


@pytest.mark.parametrize("lang", LANGUAGES)
def test_every_short_form_of_a_phrasebook_is_used(lang: str) -> None:
    short = load_words(lang).abbreviations
    assert short
    for name, form in short.items():
        assert abbreviated([f"¿{name.upper()}?", f"x {name} y"], short) == [f"¿{form}?", f"x {form} y"]
        assert abbreviated([form], short) is None


# Case


@given(LITERALS, DRAWS)
@example([], 0)
@example(["I"], 0)
def test_case_is_all_that_changes(literals: list[str], draw: int) -> None:
    changed = recased(literals, draw)
    if changed is None:
        assert not long_words(literals)
        return
    assert changed != literals
    assert [text.casefold() for text in changed] == [text.casefold() for text in literals]


@given(LITERALS, DRAWS)
def test_a_text_turns_small_or_one_long_word_turns_to_capitals(literals: list[str], draw: int) -> None:
    assume(long_words(literals))
    changed = recased(literals, draw)
    assert changed is not None
    if changed != [text.lower() for text in literals]:
        pairs = zip(words(literals), words(changed), strict=True)
        assert [(len(old) >= 4, new == old.upper()) for old, new in pairs if old != new] == [(True, True)]


def test_where_there_are_capitals_two_draws_in_three_make_them_small() -> None:
    made = [recased(["Which Week?", " is it"], draw) for draw in draws(900)]
    small = made.count(["which week?", " is it"])
    assert 500 < small < 700
    assert {*map(str, made)} == {
        str(["which week?", " is it"]),
        str(["WHICH Week?", " is it"]),
        str(["Which WEEK?", " is it"]),
    }


def test_where_there_are_none_every_long_word_is_shouted_by_some_draw() -> None:
    made = {str(recased(["which week", " of semaine"], draw)) for draw in draws()}
    assert made == {
        str(["WHICH week", " of semaine"]),
        str(["which WEEK", " of semaine"]),
        str(["which week", " of SEMAINE"]),
    }


@pytest.mark.parametrize("literals", [[], [""], ["?", " 2026 "], ["is it by ", " or"]])
def test_where_there_is_nothing_to_recase_nothing_is_done(literals: list[str]) -> None:
    assert {recased(literals, draw) is None for draw in draws()} == {True}


def test_capitals_are_made_small_where_no_word_is_long() -> None:
    assert {str(recased(["Is it up?"], draw)) for draw in draws()} == {str(["is it up?"])}


def test_what_is_said_to_be_recased_differs() -> None:
    literals = ["ORDER by day"]
    assert all(recased(literals, draw) != literals for draw in draws())


# All of them

CHANGES: list[Callable[[Sequence[str], int], list[str] | None]] = [
    lambda literals, draw: mistyped(literals, LANGUAGES[draw % len(LANGUAGES)], draw),
    lambda literals, _: abbreviated(literals, SHORT),
    recased,
]


@pytest.mark.parametrize("change", CHANGES, ids=["mistyped", "abbreviated", "recased"])
@given(literals=LITERALS, draw=DRAWS)
@example(literals=["Please come"], draw=0)
def test_noise_follows_from_what_it_is_given_and_leaves_that_alone(
    change: Callable[[Sequence[str], int], list[str] | None], literals: list[str], draw: int
) -> None:
    before = list(literals)
    first = change(literals, draw)
    assert literals == before
    assert first is not literals
    assert change(tuple(literals), draw) == change(literals, draw) == first
    assert first is None or len(first) == len(literals)
