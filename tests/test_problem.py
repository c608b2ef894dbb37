from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from datagap.errors import DatagapError, MisuseError, system_reason
from datagap.problem import SHOWN, Problem, did_you_mean, kind_of, pointer, printable, show

PLACES: list[tuple[Problem, str]] = [
    (Problem(code="X", file="f", message="is odd"), "f: is odd"),
    (Problem(code="X", file="f", message="is odd", line=3), "f:3: is odd"),
    (Problem(code="X", file="f", message="is odd", pointer="/a"), "f /a: is odd"),
    (Problem(code="X", file="f", message="is odd", line=3, pointer="/a", hint="mend it"), "f:3 /a: is odd; mend it"),
]


@pytest.mark.parametrize(("problem", "text"), PLACES)
def test_a_problem_is_one_sentence_with_as_much_of_a_place_as_it_has(problem: Problem, text: str) -> None:
    assert str(problem) == text
    assert text.startswith(f"{problem.where}: ")


ERRORS: list[tuple[DatagapError, str, int]] = [
    (DatagapError("is odd"), "is odd", 1),
    (DatagapError("is odd", where="f"), "f: is odd", 1),
    (MisuseError("is odd", where="f", hint="mend it"), "f: is odd; mend it", 2),
]


@pytest.mark.parametrize(("error", "text", "code"), ERRORS)
def test_an_error_is_one_sentence_and_has_an_exit_code(error: DatagapError, text: str, code: int) -> None:
    assert (str(error), error.exit_code) == (text, code)


def test_the_systems_words_come_without_number_and_path() -> None:
    assert system_reason(OSError(2, "No such file or directory", "/secret")) == "no such file or directory"
    assert system_reason(OSError("strange")) == "strange"


POINTERS = [((), ""), (("a", 0), "/a/0"), (("a/b", "m~n", ""), "/a~1b/m~0n/"), (("~1",), "/~01")]


@pytest.mark.parametrize(("parts", "text"), POINTERS)
def test_a_pointer_escapes_as_rfc_6901_says(parts: tuple[object, ...], text: str) -> None:
    assert pointer(parts) == text


@given(
    st.recursive(st.none() | st.text() | st.floats(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner))
)
def test_what_is_shown_of_a_value_is_one_short_printable_line(value: object) -> None:
    shown = show(value)
    assert shown.isprintable()
    assert len(shown) <= SHOWN
    assert shown == json.dumps(value) or shown.endswith("…")


def test_what_json_cannot_hold_is_shown_by_its_type() -> None:
    circle: list[object] = []
    circle.append(circle)
    assert show(circle) == "'list'"
    assert show({1, 2}) == "'set'"


GUESSES = [
    ("metric", ["metrics", "dims"], "did you mean metrics"),
    ("outcom", ["income", "outcome"], "did you mean outcome"),
    ("zzz", ["metrics"], ""),
    ("", ["metrics"], ""),
    ("x" * 100_000, ["metrics"], ""),
]


@pytest.mark.parametrize(("name", "known", "guess"), GUESSES)
def test_the_nearest_name_is_suggested_if_one_is_near(name: str, known: list[str], guess: str) -> None:
    assert did_you_mean(name, known) == guess


@given(st.text())
def test_printable_text_never_moves_a_cursor(text: str) -> None:
    assert printable(text).isprintable()
    assert (printable(text) == text) is text.isprintable()


KINDS: list[tuple[object, str]] = [
    (None, "null"),
    (True, "boolean"),
    (0, "integer"),
    (0.5, "number"),
    ("", "string"),
    ([], "array"),
    ({}, "object"),
    (b"", "bytes"),
]


@pytest.mark.parametrize(("value", "kind"), KINDS)
def test_a_value_is_called_by_its_json_type(value: object, kind: str) -> None:
    assert kind_of(value) == kind
