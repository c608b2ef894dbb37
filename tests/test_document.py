from __future__ import annotations

import hashlib
import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from datagap.pack import source
from datagap.pack.array import json_items
from datagap.pack.document import json_lines, line_of, parse_json, read_json
from datagap.pack.source import DocumentError, digest, read_bytes
from datagap.pack.table import read_csv
from datagap.problem import Problem
from tests.strategies import AWKWARD, CHARACTERS, LEAST, MOST

posix = pytest.mark.skipif(sys.platform == "win32", reason="needs POSIX files")

TEXTS = st.text(CHARACTERS) | st.sampled_from(AWKWARD)
JSON: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers(LEAST, MOST) | st.floats(allow_nan=False, allow_infinity=False) | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=8,
)


@given(JSON, st.sampled_from([None, 2]), st.booleans())
def test_json_of_any_layout_is_read(value: Any, indent: int | None, ascii_only: bool) -> None:
    written = json.dumps(value, indent=indent, ensure_ascii=ascii_only).encode()
    for content in (written, written + b"\n", written + b"\r\n", b" \t" + written):
        assert parse_json(content) == value


NOT_JSON = "is not valid JSON ("
TWICE = "twice in one object; keep one"
REFUSED: list[tuple[bytes, str]] = [
    (b"", "is empty where JSON is expected"),
    (b"\n", "is empty where JSON is expected"),
    (b'{"a": 1', "is not valid JSON (column 8: "),
    (b'{"a": "b', NOT_JSON),
    (b'{"a": 1} {}', NOT_JSON),
    (b'{\n"a": 1,\n}', "is not valid JSON (column 7: "),
    (b"{'a': 1}", NOT_JSON),
    (b'"\xff"', "is not valid UTF-8 (byte 2)"),
    (b'"\xc3', "is not valid UTF-8 (byte 2)"),
    (b'"\xed\xa0\x80"', "is not valid UTF-8 (byte 2)"),
    (b'"\\ud800"', NOT_JSON),
    (b"\xef\xbb\xbf{}", "starts with a byte order mark; save it as UTF-8 without one"),
    (b"\xff\xfe{\x00}\x00", "is not valid UTF-8 (byte 1)"),
    (b"{\x00}", NOT_JSON),
    (b"{}\x00", NOT_JSON),
    (b'"\x00"', NOT_JSON),
    (b"NaN", "has NaN, which is not JSON; use null"),
    (b'{"a": NaN}', "has NaN, which is not JSON; use null"),
    ('{"\u00e9\U0001f600": [NaN]}'.encode(), "has NaN, which is not JSON; use null"),
    (b"[Infinity]", "has Infinity, which is not JSON; use null"),
    (b"[-Infinity]", "has Infinity, which is not JSON; use null"),
    (b"[1e400]", NOT_JSON),
    (b'{"a":1,"a":2}', f'has the key "a" {TWICE}'),
    (b'{"a":1,"a":1}', f'has the key "a" {TWICE}'),
    (b'{"a":1,"\\u0061":1}', f'has the key "a" {TWICE}'),
    (b'{"x":[{"y":{"a":1,"b":2,"a":3}}]}', f'has the key "a" {TWICE}'),
    (b'{ "a": 1,\n "b": { "c": 1, "c": 2 } }', f'has the key "c" {TWICE}'),
    (b'{"\xc3\xa9\x7f":1,"\xc3\xa9\x7f":2}', rf'has the key "\u00e9\u007f" {TWICE}'),
    (b"[" * 300 + b"]" * 300, "is nested too deeply"),
    (b'{"a":' * 1000 + b"1" + b"}" * 1000, "is nested too deeply"),
    (b"[" * 5000 + b"]" * 5000, NOT_JSON),
    (b"[" * 5000, NOT_JSON),
]


@pytest.mark.parametrize(("content", "message"), REFUSED, ids=lambda value: repr(value)[:40])
def test_what_is_not_strict_json_is_refused_with_the_reason(content: bytes, message: str) -> None:
    with pytest.raises(ValueError, match=r"^(is|has|starts) ") as caught:
        parse_json(content)
    assert str(caught.value).startswith(message)
    assert "\n" not in str(caught.value)


def test_an_integer_beyond_64_bits_is_read_as_the_nearest_float() -> None:
    assert parse_json(b"[18446744073709551615, 18446744073709551616]") == [2**64 - 1, 2.0**64]


@given(st.binary(max_size=30) | TEXTS.map(str.encode))
def test_any_bytes_give_a_value_or_a_reason_on_one_line(content: bytes) -> None:
    try:
        value, reason = parse_json(content), ""
    except ValueError as error:
        value, reason = None, str(error)
    assert "\n" not in reason
    assert reason or parse_json(json.dumps(value).encode()) == value


def read_lines(folder: Path, content: bytes) -> list[tuple[int, object]]:
    (folder / "x.jsonl").write_bytes(content)
    return [
        (line, str(value) if isinstance(value, Problem) else value) for line, value in json_lines(folder, "x.jsonl")
    ]


def test_a_problem_on_one_line_leaves_the_others(tmp_path: Path) -> None:
    content = b'{"a":1}\r\n\n{"a":\n[1]\n\xff\n{"a":1,"a":1}\n"last"'
    found = read_lines(tmp_path, content)
    assert [line for line, _ in found] == [1, 2, 3, 4, 5, 6, 7]
    assert [value for _, value in found if not isinstance(value, str) or value == "last"] == [{"a": 1}, [1], "last"]
    assert [value.split(" (")[0] for _, value in found if isinstance(value, str) and value != "last"] == [
        "x.jsonl:2: is empty where JSON is expected",
        "x.jsonl:3: is not valid JSON",
        "x.jsonl:5: is not valid UTF-8",
        'x.jsonl:6: has the key "a" twice in one object; keep one',
    ]


def test_an_empty_file_has_no_lines(tmp_path: Path) -> None:
    assert read_lines(tmp_path, b"") == []


@pytest.mark.parametrize("end", [b"\n", b""])
@pytest.mark.parametrize("length", [62, 63, 64, 65, 127, 128, 129, 1000])
def test_a_line_over_the_limit_is_refused_and_the_next_is_read(
    length: int, end: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(source, "MAX_LINE", 64)
    long = b'"' + b"x" * (length - 2) + b'"'
    first, *rest = read_lines(tmp_path, long + end) + read_lines(tmp_path, long + b"\n[1]\n[2]" + end)[1:]
    if length + len(end) > 64:
        assert first == (1, "x.jsonl:1: is longer than 0 MiB")
    else:
        assert first == (1, "x" * (length - 2))
    assert rest == [(2, [1]), (3, [2])]


def test_a_file_that_ends_within_an_overlong_line_ends(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(source, "MAX_LINE", 64)
    assert read_lines(tmp_path, b"x" * 65 * 3) == [(1, "x.jsonl:1: is longer than 0 MiB")]


READERS: list[Callable[[Path, str], object]] = [
    read_bytes,
    read_json,
    digest,
    lambda folder, file: list(json_lines(folder, file)),
    lambda folder, file: list(json_items(folder, file)),
    lambda folder, file: list(read_csv(folder, file, ("a",))),
]
every_reader = pytest.mark.parametrize("read", READERS, ids=["bytes", "json", "digest", "lines", "items", "csv"])


def refused(read: Callable[[Path, str], object], folder: Path, file: str) -> str:
    with pytest.raises(DocumentError) as caught:
        read(folder, file)
    return str(caught.value)


@every_reader
def test_a_missing_file_is_refused(read: Callable[[Path, str], object], tmp_path: Path) -> None:
    reason = os.strerror(2).lower()
    assert refused(read, tmp_path, "a/b") == f"{tmp_path}/a/b: is missing or cannot be read ({reason})"


@every_reader
def test_a_name_that_no_file_can_have_is_refused(read: Callable[[Path, str], object], tmp_path: Path) -> None:
    assert "is missing or cannot be read (" in refused(read, tmp_path, "a\x00b")
    assert "is missing or cannot be read (" in refused(read, tmp_path, "x" * 5000)


def make_folder(path: Path) -> None:
    path.mkdir()


def make_fifo(path: Path) -> None:
    os.mkfifo(path)


def make_link(path: Path) -> None:
    path.with_name("target").write_text("[]")
    path.symlink_to("target")


@posix
@every_reader
@pytest.mark.parametrize("make", [make_folder, make_fifo, make_link])
def test_what_is_no_regular_file_is_refused_unopened(
    make: Callable[[Path], None], read: Callable[[Path, str], object], tmp_path: Path
) -> None:
    make(tmp_path / "x")
    assert refused(read, tmp_path, "x") == f"{tmp_path}/x: is not a regular file; put the file itself there"


def test_a_file_too_long_to_be_read_whole_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(source, "MAX_DOCUMENT", 3)
    (tmp_path / "x").write_bytes(b"[1]")
    assert read_json(tmp_path, "x") == [1]
    (tmp_path / "x").write_bytes(b"[12]")
    assert refused(read_json, tmp_path, "x") == f"{tmp_path}/x: is longer than 0 MiB"


def test_a_document_that_is_no_json_is_refused_by_its_path(tmp_path: Path) -> None:
    (tmp_path / "x.json").write_bytes(b"[\n1,\nNaN]")
    assert refused(read_json, tmp_path, "x.json") == f"{tmp_path}/x.json:3: has NaN, which is not JSON; use null"


@given(st.binary())
def test_a_digest_is_that_of_the_bytes(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    folder = tmp_path_factory.mktemp("digest")
    (folder / "x").write_bytes(content)
    assert digest(folder, "x") == hashlib.sha256(content).hexdigest()
    assert read_bytes(folder, "x") == content


ARRAYS: list[tuple[bytes, list[tuple[int, int, object]]]] = [
    (b"[]", []),
    (b" \n[ \n ] \n", []),
    (b"[1]", [(0, 1, 1)]),
    (
        b'[\n {"a": "]},[{"},\n\n  [1, "x\\"]", {}],\n null\n]\n',
        [(0, 2, {"a": "]},[{"}), (1, 4, [1, 'x"]', {}]), (2, 5, None)],
    ),
    (b"[1,]", [(0, 1, 1), (1, 1, "x:1: is empty where JSON is expected")]),
    (b"[,1]", [(0, 1, "x:1: is empty where JSON is expected"), (1, 1, 1)]),
    (b"[1\n2,\n3]", [(0, 1, "x:2: is not valid JSON (column 1: unexpected content after document)"), (1, 3, 3)]),
    (b'[{"a":\n1,\n"a": 2}]', [(0, 1, 'x:1: has the key "a" twice in one object; keep one')]),
    (b'[1,\n{"a"', [(0, 1, 1), (1, 2, "x:2: ends within its array")]),
    (b'[1,\n"a', [(0, 1, 1), (1, 2, "x:2: ends within its array")]),
    (b"[", [(0, 1, "x:1: ends within its array")]),
    (b"[1] 2", [(0, 1, 1), (1, 1, "x:1: has something behind its array")]),
    (b"[]]", [(0, 1, "x:1: has something behind its array")]),
    (b"[],\n", [(0, 1, "x:1: has something behind its array")]),
    (b"[1,\n\xff]\n", [(0, 1, 1), (1, 2, "x:2: is not valid UTF-8 (byte 1)")]),
]


@pytest.mark.parametrize(("content", "expected"), ARRAYS, ids=repr)
@pytest.mark.parametrize("block", [1, 3, 1 << 20])
def test_a_list_is_read_entry_by_entry_whatever_the_size_of_the_blocks(
    content: bytes, expected: list[tuple[int, int, object]], block: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(source, "BLOCK", block)
    (tmp_path / "x").write_bytes(content)
    found = [
        (place, line, str(value) if isinstance(value, Problem) else value)
        for place, line, value, _ in json_items(tmp_path, "x")
    ]
    assert found == expected


@given(st.lists(JSON, max_size=4), st.sampled_from([None, 0, 2]), st.integers(1, 9))
def test_a_list_gives_its_entries_and_where_they_begin(
    tmp_path_factory: pytest.TempPathFactory, values: list[Any], indent: int | None, block: int
) -> None:
    folder = tmp_path_factory.mktemp("list")
    content = json.dumps(values, indent=indent, ensure_ascii=False).encode()
    (folder / "x").write_bytes(content)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(source, "BLOCK", block)
        items = list(json_items(folder, "x"))
    assert [item.value for item in items] == values
    lines = content.split(b"\n")
    assert all(lines[item.line - 1].strip().startswith(item.content.split(b"\n")[0][:1]) for item in items if indent)


@pytest.mark.parametrize("content", [b"", b"\n ", b"{}", b"1", b'"[]"', b"\xef\xbb\xbf[]"])
def test_what_is_no_list_is_refused(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(content)
    assert refused(lambda folder, file: list(json_items(folder, file)), tmp_path, "x").startswith(f"{tmp_path}/x:")


def test_an_entry_too_long_ends_the_list(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(source, "MAX_LINE", 64)
    monkeypatch.setattr(source, "BLOCK", 16)
    (tmp_path / "x").write_bytes(b'[1,\n"' + b"x" * 200 + b'",\n2]')
    assert [str(item.value) for item in json_items(tmp_path, "x")] == [
        "1",
        "x:2: has an entry longer than 0 MiB, and the rest is not read",
    ]


PLACES = [
    ("", 0),
    ("/a", 1),
    ("/b", 2),
    ("/b/0", 3),
    ("/b/1/c~1d", 5),
    ("/b/1/e~0", 6),
    ("/b/1/gone", 4),
    ("/b/7", 2),
    ("/gone/too", 0),
]


@pytest.mark.parametrize(("pointer", "line"), PLACES)
def test_a_value_is_found_by_its_pointer_or_else_what_is_around_it(pointer: str, line: int) -> None:
    content = b'{\n"a": {},\n"b": [\n1,\n{\n"c/d": "]",\n"e~": [[]]\n}\n]\n}'
    assert line_of(content, pointer) == line


COLUMNS = ("dataset", "hours")
HEADER = "expected the header dataset,hours, got"
TABLES: list[tuple[bytes, list[tuple[int, object]]]] = [
    (b"dataset,hours\n", []),
    (b"dataset,hours", []),
    (b"dataset,hours\na,1\nb,2\n", [(2, ("a", "1")), (3, ("b", "2"))]),
    (b"dataset,hours\r\na,1\r\n", [(2, ("a", "1"))]),
    (b'dataset,hours\n"a,""b""",\n', [(2, ('a,"b"', ""))]),
    (b'dataset,hours\n"a\nb",1\nc,2\n', [(3, ("a\nb", "1")), (4, ("c", "2"))]),
    (b"", [(1, f"x.csv:1: {HEADER} an empty file")]),
    (b"\ndataset,hours\n", [(1, f'x.csv:1: {HEADER} ""')]),
    (b"hours,dataset\n1,a\n", [(1, f'x.csv:1: {HEADER} "hours,dataset"')]),
    (b"dataset,hours,more\n", [(1, f'x.csv:1: {HEADER} "dataset,hours,more"')]),
    (
        b"\xef\xbb\xbfdataset,hours\na,1\n",
        [(1, "x.csv:1: starts with a byte order mark; save it as UTF-8 without one")],
    ),
    (b'"dataset\n",hours\na,1\n', [(1, f'x.csv:1: {HEADER} "dataset\\n,hours"')]),
    (
        b"dataset,hours\na\nb,2,3\n\nc,3\n",
        [
            (2, "x.csv:2: expected 2 cells, got 1"),
            (3, "x.csv:3: expected 2 cells, got 3"),
            (4, "x.csv:4: expected 2 cells, got 0"),
            (5, ("c", "3")),
        ],
    ),
    (b'dataset,hours\na,1\n"b,2\n', [(2, ("a", "1")), (3, "x.csv:3: is not valid CSV (unexpected end of data)")]),
    (b'dataset,hours\n"a"b,1\n', [(2, "x.csv:2: is not valid CSV (',' expected after '\"')")]),
    (b"dataset,hours\na,1\nb,\xff\n", [(2, ("a", "1")), (3, "x.csv:3: is not valid UTF-8 (byte 3)")]),
]


@pytest.mark.parametrize(("content", "expected"), TABLES)
def test_a_table_is_read_row_by_row_and_its_problems_have_lines(
    content: bytes, expected: list[tuple[int, object]], tmp_path: Path
) -> None:
    (tmp_path / "x.csv").write_bytes(content)
    found = read_csv(tmp_path, "x.csv", COLUMNS)
    assert [
        (line, str(row) if isinstance(row, Problem) else tuple(row[name] for name in COLUMNS)) for line, row in found
    ] == expected


def test_a_cell_too_long_for_a_table_is_a_problem_of_its_line(tmp_path: Path) -> None:
    (tmp_path / "x.csv").write_bytes(b"dataset,hours\na,1\n" + b"x" * 200_000 + b",1\n")
    *_, (line, problem) = read_csv(tmp_path, "x.csv", COLUMNS)
    assert (line, str(problem)) == (3, "x.csv:3: is not valid CSV (field larger than field limit (131072))")
