"""Canonical bytes: one way to write each record."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping, Sequence
from io import StringIO

import orjson

from datagap import model

_LINE = orjson.OPT_SORT_KEYS | orjson.OPT_APPEND_NEWLINE
_FORMULA = ("=", "+", "-", "@", "\uff1d", "\uff0b", "\uff0d", "\uff20")
"""What a formula starts with, the full-width forms included."""


def line(record: object) -> bytes:
    """Return a record as one line of JSON: keys sorted, UTF-8, no spaces, a newline at the end."""
    return orjson.dumps(model.dump(record), option=_LINE)


def lines(records: Iterable[object]) -> Iterable[bytes]:
    """Return records as JSON lines."""
    return (line(record) for record in records)


def document(value: object) -> bytes:
    """Return a record, a sequence of records or plain JSON data as an indented JSON document, keys sorted."""
    if isinstance(value, Sequence) and not isinstance(value, str):
        data: object = [model.dump(item) for item in value]
    else:
        data = model.dump(value)
    return orjson.dumps(data, option=_LINE | orjson.OPT_INDENT_2)


def plain(value: Mapping[str, object]) -> bytes:
    """Return plain JSON data as an indented JSON document, keys sorted."""
    return orjson.dumps(value, option=_LINE | orjson.OPT_INDENT_2)


def compact(value: Mapping[str, object]) -> bytes:
    """Return plain JSON data as `line` would write it, without the newline."""
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)


def rows(record: model.RecordName, records: Iterable[object]) -> bytes:
    """Return flat records as CSV for programs: the schema's properties are the columns, and nothing is quoted twice."""
    columns = list(model.schema(record)["properties"])
    dumped = (model.dump(one) for one in records)
    return "".join(map(_row, [columns, *([str(one.get(name, "")) for name in columns] for one in dumped)])).encode()


def table(header: Sequence[str], rows: Iterable[Sequence[object]]) -> bytes:
    """Return CSV with newline endings; a cell that a spreadsheet would run as a formula gets an apostrophe."""
    return "".join(_row(cells) for cells in [header, *([_cell(value) for value in row] for row in rows)]).encode()


def _row(cells: Sequence[str]) -> str:
    text = StringIO()
    csv.writer(text).writerow(cells)  # with \r\n, because Python 3.11 quotes only the line ending that it writes
    return text.getvalue().removesuffix("\r\n") + "\n"


def _cell(value: object) -> str:
    cell = "" if value is None else str(value)
    if not isinstance(value, (int, float)) and (cell.startswith(("\t", "\r")) or cell.lstrip().startswith(_FORMULA)):
        return "'" + cell
    return cell
