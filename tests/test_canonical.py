from __future__ import annotations

import csv
import json
from io import StringIO
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from datagap import model
from datagap.pack import canonical
from datagap.pack.document import parse_json
from datagap.pack.reader import FRESHNESS_COLUMNS, typed_row
from datagap.pack.table import read_csv
from tests import strategies

EDGE = model.LineageEdge(from_="raw \u00e9", to="mart")


def test_a_line_has_sorted_keys_no_spaces_utf8_and_a_newline() -> None:
    assert canonical.line(EDGE) == '{"from":"raw \u00e9","to":"mart"}\n'.encode()


@given(strategies.record(model.Dataset))
def test_a_line_is_one_line_with_keys_sorted_at_every_depth(dataset: model.Dataset) -> None:
    written = canonical.line(dataset)
    assert written.count(b"\n") == 1
    assert parse_json(written) == json.loads(written)
    objects: list[list[str]] = []
    json.loads(written, object_pairs_hook=lambda pairs: objects.append([key for key, _ in pairs]))
    assert all(keys == sorted(keys, key=str.encode) for keys in objects)


@given(st.lists(strategies.record(model.NlQuery), max_size=3))
def test_lines_are_each_record_on_its_own(queries: list[model.NlQuery]) -> None:
    written = b"".join(canonical.lines(queries))
    assert [model.load(model.NlQuery, parse_json(line)) for line in written.splitlines()] == queries


def test_a_document_is_indented_with_keys_sorted() -> None:
    expected = b'{\n  "from": "raw \xc3\xa9",\n  "to": "mart"\n}\n'
    assert canonical.document(EDGE) == expected
    assert canonical.document({"to": "mart", "from": "raw \u00e9"}) == expected


@given(st.lists(strategies.record(model.LineageEdge), max_size=3))
def test_a_document_of_records_is_an_array(edges: list[model.LineageEdge]) -> None:
    expected = [{"from": edge.from_, "to": edge.to} for edge in edges]
    assert parse_json(canonical.document(edges)) == expected
    assert parse_json(canonical.document(tuple(edges))) == expected


@given(st.dictionaries(st.text(strategies.CHARACTERS), st.integers(0, 9) | st.none()))
def test_plain_data_is_a_document_that_keeps_its_nulls(value: dict[str, int | None]) -> None:
    written = canonical.plain(value)
    assert parse_json(written) == value
    assert written == json.dumps(value, indent=2, sort_keys=True, ensure_ascii=False).encode() + b"\n"


@given(st.lists(strategies.record(model.FreshnessRow), max_size=3))
def test_rows_for_programs_give_the_records_back(
    tmp_path_factory: pytest.TempPathFactory, records: list[model.FreshnessRow]
) -> None:
    folder = tmp_path_factory.mktemp("rows")
    (folder / "x.csv").write_bytes(canonical.rows("freshness_row", records))
    found = [row for _, row in read_csv(folder, "x.csv", FRESHNESS_COLUMNS) if isinstance(row, dict)]
    assert [model.load(model.FreshnessRow, typed_row(row)) for row in found] == records


CELLS: list[tuple[object, str]] = [
    ("plain", "plain"),
    ("", ""),
    (None, ""),
    (5, "5"),
    (-5, "-5"),
    (0.5, "0.5"),
    ("=1+1", "'=1+1"),
    ("+1", "'+1"),
    ("-1", "'-1"),
    ("@SUM(A1)", "'@SUM(A1)"),
    ("  =1", "'  =1"),
    ("\u00a0=1", "'\u00a0=1"),
    ("\n=1", "'\n=1"),
    ("\ttab", "'\ttab"),
    ("\rreturn", "'\rreturn"),
    ("\uff1d1", "'\uff1d1"),
    ("\uff0b1", "'\uff0b1"),
    ("\uff0d1", "'\uff0d1"),
    ("\uff201", "'\uff201"),
    ("a=1", "a=1"),
]


@pytest.mark.parametrize(("value", "cell"), CELLS)
def test_a_cell_that_a_spreadsheet_would_run_is_disarmed(value: object, cell: str) -> None:
    written = canonical.table(("a", "b"), [(value, "x")]).decode()
    assert list(csv.reader(StringIO(written))) == [["a", "b"], [cell, "x"]]


TEXTS = st.text(strategies.CHARACTERS) | st.sampled_from(strategies.AWKWARD)


@given(st.lists(st.tuples(TEXTS, TEXTS), max_size=4))
def test_a_table_gives_its_cells_back_but_for_the_apostrophes(
    tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[str, str]]
) -> None:
    folder = tmp_path_factory.mktemp("table")
    (folder / "x.csv").write_bytes(canonical.table(("a", "b"), rows))
    found = [row for _, row in read_csv(folder, "x.csv", ("a", "b"))]
    assert len(found) == len(rows)
    for row, cells in zip(found, rows, strict=True):
        assert isinstance(row, dict)
        for read, cell in zip(row.values(), cells, strict=True):
            assert read in (cell, f"'{cell}")
            assert not read.lstrip().startswith(("=", "+", "-", "@"))


@pytest.mark.parametrize("cell", ["a\rb", "a\nb", "a\r\nb", 'a"b', "a,b"])
def test_a_cell_never_starts_a_row_or_a_cell_of_its_own(cell: str) -> None:
    written = canonical.table(("a", "b"), [(cell, "x")])
    assert written == f'a,b\n"{cell.replace(chr(34), chr(34) * 2)}",x\n'.encode()


def test_a_table_ends_its_lines_with_newlines_alone(tmp_path: Path) -> None:
    assert canonical.table(("a",), [("x",), ("",)]) == b'a\nx\n""\n'
    (tmp_path / "x.csv").write_bytes(canonical.table(("a",), [("",)]))
    assert list(read_csv(tmp_path, "x.csv", ("a",))) == [(2, {"a": ""})]
