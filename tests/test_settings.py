"""YAML that people write is read strictly, whatever it holds."""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from datagap import model
from datagap.errors import MisuseError
from datagap.settings import MAX_DEPTH, MAX_NODES, MAX_SETTINGS, SettingsError, parse_settings, parse_yaml, read_yaml
from datagap.validate import InvalidError

PLAIN: list[tuple[str, Any]] = [
    ("12", 12),
    ("-3", -3),
    ("+3", 3),
    ("0", 0),
    ("18446744073709551615", 2**64 - 1),
    ("0.65", 0.65),
    (".5", 0.5),
    ("2.", 2.0),
    ("1e-3", 0.001),
    ("1.5E+2", 150.0),
    ("-.5e1", -5.0),
    ("010", 10.0),
    ("true", True),
    ("false", False),
    ("null", None),
    ("~", None),
    ("", None),
    ("on", "on"),
    ("off", "off"),
    ("yes", "yes"),
    ("no", "no"),
    ("n", "n"),
    ("True", "True"),
    ("1:30", "1:30"),
    ("1_000", "1_000"),
    ("0x10", "0x10"),
    ("0o17", "0o17"),
    ("2025-01-01", "2025-01-01"),
    ("2025-01-01T00:00:00Z", "2025-01-01T00:00:00Z"),
    ("1.2.3", "1.2.3"),
    ("e5", "e5"),
    (".", "."),
    ("=", "="),
    ("'12'", "12"),
    ('"true"', "true"),
    ('"caf\\u00e9"', "café"),
]


@pytest.mark.parametrize(("text", "value"), PLAIN)
def test_plain_values_are_what_they_look_like(text: str, value: Any) -> None:
    parsed = parse_yaml(f"key: {text}\n".encode(), "f")
    assert parsed == {"key": value}
    assert type(parsed["key"]) is type(value)


@pytest.mark.parametrize("key", ["on", "yes", "n", "1:30", "2025-01-01", "<<"])
def test_keys_that_yaml_would_twist_stay_text(key: str) -> None:
    assert parse_yaml(f"{key}: 1\n".encode(), "f") == {key: 1}


@pytest.mark.parametrize("content", [b"", b"\n\n", b"# nothing\n", b"---\n", b"null\n", b"\xef\xbb\xbf"])
def test_an_empty_text_is_an_empty_mapping(content: bytes) -> None:
    assert parse_yaml(content, "f") == {}


def test_a_byte_order_mark_and_windows_line_endings_are_accepted() -> None:
    assert parse_yaml(b"\xef\xbb\xbfa: 1\r\nb:\r\n  - 2\r\n", "f") == {"a": 1, "b": [2]}


def test_aliases_are_followed() -> None:
    assert parse_yaml(b"a: &x {k: [1]}\nb: *x\n", "f") == {"a": {"k": [1]}, "b": {"k": [1]}}


def bomb(leaf: str, levels: int = 9) -> str:
    """Return a short text whose aliases multiply `leaf` by ten at each level."""
    lines = [f"l0: &l0 [{', '.join([leaf] * 10)}]"]
    lines += [f"l{level}: &l{level} [{', '.join([f'*l{level - 1}'] * 10)}]" for level in range(1, levels)]
    return "\n".join(lines) + "\n"


TOO_MANY, TOO_DEEP = f"f: holds more than {MAX_NODES} values", f"f: is nested more than {MAX_DEPTH} deep"
REFUSED: list[tuple[str, bytes, str]] = [
    ("a key twice", b"a: 1\nb: 2\na: 3\n", 'f:3: is not valid YAML (key "a" stands twice)'),
    ("a key twice, quoted", b"a: 1\n'a': 3\n", 'f:2: is not valid YAML (key "a" stands twice)'),
    ("a key twice, deep", b"a:\n  - {b: 1, b: 2}\n", 'f:2: is not valid YAML (key "b" stands twice)'),
    ("a number as key", b"a: 1\n1: 2\n", "f:2: is not valid YAML (key 1 is no text)"),
    ("null as key", b"~: 2\n", "f:1: is not valid YAML (key null is no text)"),
    ("a list as key", b"? [a]\n: 1\n", 'f:1: is not valid YAML (key ["a"] is no text)'),
    ("a mapping as key", b"{{a: 1}: 2}\n", 'f:1: is not valid YAML (key {"a": 1} is no text)'),
    ("a tab", b"a:\n\tb: 1\n", "f:2: is not valid YAML (found character '\\t' that cannot start any token)"),
    ("an open bracket", b"a: [1\n", "f:2: is not valid YAML (expected ',' or ']', but got '<stream end>')"),
    ("an unknown alias", b"a: *b\n", "f:1: is not valid YAML (found undefined alias 'b')"),
    ("half a character", b'a: 1\nb: "\\ud800"\n', "f:2: is not valid YAML (half a character in a text)"),
    ("half a character as key", b'"\\udc80": 1\n', "f:1: is not valid YAML (half a character in a text)"),
    ("two documents", b"a: 1\n---\nb: 1\n", "f:2: is not valid YAML (but found another document)"),
    ("a tag that does not fit", b"a: !!int ''\n", "f: is not valid YAML (a value does not fit its tag)"),
    ("code", b"a: !!python/object/apply:os.system [x]\n",
     "f:1: is not valid YAML (could not determine a constructor for the tag"
     " 'tag:yaml.org,2002:python/object/apply:os.system')"),
    ("binary", b"\x00\x01\x02", "f: is not valid YAML (unacceptable character #x0000: special characters are not"
     " allowed)"),
    ("no UTF-8", b"a: caf\xe9\n", "f: is not valid UTF-8 (byte 7)"),
    ("UTF-16", "a: 1\n".encode("utf-16"), "f: is not valid UTF-8 (byte 1)"),
    ("no number", b"a:\n  b: [1, .nan]\n", "f /a/b/1: expected a number, got nan"),
    ("infinity", b"a: -.inf\n", "f /a: expected a number, got -inf"),
    ("an overflow", b"a: 1e999\n", "f /a: expected a number, got inf"),
    ("a pointer with a slash", b"a/b: .nan\n", "f /a~1b: expected a number, got nan"),
    ("a bomb of values", bomb("1").encode(), TOO_MANY),
    ("a bomb of nothing", bomb("[]").encode(), TOO_MANY),
    ("a bomb of mappings", bomb("{}").encode(), TOO_MANY),
    ("a list in itself", b"a: &a [*a]\n", TOO_DEEP),
    ("a mapping in itself", b"&a {b: *a}\n", TOO_DEEP),
    ("lists in each other by alias", "".join(
        f"k{n}: &k{n} [{f'*k{n - 1}' if n else '1'}]\n" for n in range(2 * MAX_DEPTH)).encode(), TOO_DEEP),
    ("lists in each other", f"a: {'[' * (MAX_DEPTH + 1)}{']' * (MAX_DEPTH + 1)}\n".encode(), TOO_DEEP),
    ("lists far in each other", f"a: {'[' * 9999}{']' * 9999}\n".encode(),
     "f: is not valid YAML (maximum recursion depth exceeded)"),
]  # fmt: skip


@pytest.mark.parametrize(("content", "message"), [case[1:] for case in REFUSED], ids=[case[0] for case in REFUSED])
def test_what_cannot_be_used_is_refused_in_one_sentence(content: bytes, message: str) -> None:
    with pytest.raises(SettingsError) as caught:
        parse_yaml(content, "f")
    assert str(caught.value).startswith(message)
    assert str(caught.value).isprintable()
    assert caught.value.exit_code == 1


def test_as_deep_as_allowed_is_accepted() -> None:
    value = parse_yaml(f"a: {'[' * MAX_DEPTH}{']' * MAX_DEPTH}\n".encode(), "f")
    assert isinstance(value, dict)


@given(st.binary() | st.text().map(str.encode) | st.text("a:-[]{}&*!|>'\"#%@`,? \n01.~<").map(str.encode))
@example(b"&a [*a, *a]")
@example(b"a: !!int ''")
@example(b"a: !!timestamp 2025-13-45")
@example(b"a: '\\ud800'")
@example(b"a: !!bool maybe")
@example(b"a: !!timestamp soon")
@example(b"a: !!float ''")
@example(b"a: !!set [b]")
@example(b"!!omap {a: 1}")
@example(b'"\\ud800": {"\\n": .nan}')
def test_any_bytes_give_a_value_or_one_sentence(content: bytes) -> None:
    try:
        parse_yaml(content, "f")
    except SettingsError as error:
        assert str(error).startswith("f")  # noqa: PT017 - most of what is drawn is fine


TEXTS = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs", "Cn", "Co", "Zl", "Zp"]))
JSON: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXTS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4),
)


@given(st.dictionaries(TEXTS, JSON, min_size=1))
@example({"a": 1e-7, "b": 1e300, "c": -0.0, "d": 10**40})
def test_json_is_yaml_and_means_the_same(value: dict[str, Any]) -> None:
    for indent in (None, 2):
        assert parse_yaml(json.dumps(value, ensure_ascii=False, indent=indent).encode(), "f") == value


# Files


def test_a_file_is_read_into_a_record_with_its_defaults(tmp_path: Path) -> None:
    path = tmp_path / "run.yaml"
    path.write_text("min_frequency: 3\n")
    assert parse_settings(model.RunConfig, path.read_bytes(), str(path)) == replace(
        model.load(model.RunConfig, {}), min_frequency=3
    )


def test_a_file_that_breaks_the_schema_is_refused_by_its_path(tmp_path: Path) -> None:
    path = tmp_path / "run.yaml"
    path.write_text("min_frequency: often\n")
    with pytest.raises(InvalidError) as caught:
        parse_settings(model.RunConfig, path.read_bytes(), str(path))
    assert str(caught.value) == f'{path}:1 /min_frequency: expected integer, got string ("often")'


@pytest.mark.parametrize(("name", "reason"), [("gone.yaml", "does not exist"), (".", "is not a file")])
def test_a_file_that_is_not_there_is_misuse(name: str, reason: str, tmp_path: Path) -> None:
    with pytest.raises(MisuseError) as caught:
        read_yaml(tmp_path / name)
    assert str(caught.value) == f"{tmp_path / name}: {reason}; give the path of a YAML file"


def test_a_file_is_read_up_to_its_limit_and_not_beyond(tmp_path: Path) -> None:
    path = tmp_path / "long.yaml"
    path.write_bytes(b"#" * (MAX_SETTINGS - 1) + b"\n")
    assert read_yaml(path) == {}
    path.write_bytes(b"#" * MAX_SETTINGS + b"\n")
    with pytest.raises(SettingsError, match=r"is longer than 4 MiB$"):
        read_yaml(path)


@pytest.mark.skipif(sys.platform != "linux", reason="needs /proc")
def test_a_file_that_the_system_does_not_give_is_refused() -> None:
    with pytest.raises(SettingsError, match=r"^/proc/self/mem: cannot be read \(.+\)$"):
        read_yaml(Path("/proc/self/mem"))
