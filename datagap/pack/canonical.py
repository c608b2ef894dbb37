"""Canonical bytes: one way to write each record."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from io import StringIO

import orjson

from datagap import model

_LINE = orjson.OPT_SORT_KEYS | orjson.OPT_APPEND_NEWLINE


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


def table(header: Sequence[str], rows: Iterable[Sequence[object]]) -> bytes:
    """Return CSV with newline endings; a cell that a spreadsheet would run as a formula gets an apostrophe."""
    text = StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(header)
    writer.writerows([_cell(value) for value in row] for row in rows)
    return text.getvalue().encode()


def _cell(value: object) -> str:
    cell = "" if value is None else str(value)
    if not isinstance(value, (int, float)) and cell.lstrip().startswith(("=", "+", "-", "@", "\t", "\r", "\uff1d")):
        return "'" + cell
    return cell
