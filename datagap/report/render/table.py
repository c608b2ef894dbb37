"""The CSV files: columns come from the schema, so that a new property appears by itself."""

from __future__ import annotations

import dataclasses
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from datagap import model
from datagap.pack import canonical
from datagap.report.render.text import visible
from datagap.report.render.wording import evidence_lines
from datagap.report.result import FreshnessEntry, Report

_INNER_FORMULA: Final = re.compile(r";(\s*)(?=[-=+@\uff1d\uff0b\uff0d\uff20])")
"""Where a spreadsheet that splits cells at semicolons would see a formula begin."""

_Schema = Mapping[str, Any]
_Path = tuple[str, ...]


def backlog(report: Report) -> bytes:
    """Return the items as CSV, a nested property as a column of its own."""
    paths = list(columns(model.schema("backlog_item")))
    rows = ([_cell(item, data, path) for path in paths] for item in report.items for data in (model.dump(item),))
    return canonical.table(["_".join(path) for path in paths], rows)


def freshness(report: Report) -> bytes:
    """Return the age of every dataset as CSV, by dataset name."""
    names = [field.name for field in dataclasses.fields(FreshnessEntry)]
    entries = sorted(report.freshness, key=lambda entry: entry.dataset)
    return canonical.table(names, ([plain(getattr(entry, name)) for name in names] for entry in entries))


def columns(schema: _Schema, above: _Path = ()) -> Iterator[_Path]:
    """Yield the path of every column that `schema` makes."""
    for name, part in schema["properties"].items():
        if "properties" in part:
            yield from columns(part, (*above, name))
        else:
            yield (*above, name)


def plain(value: object) -> str | int | float | None:
    """Return a value as a cell: a list or map on one line, a text without hidden characters."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if value is None or isinstance(value, int):
        return value
    if isinstance(value, float):
        return round(value, 4)
    return _INNER_FORMULA.sub(r";\1'", visible(_joined(value)))


def _joined(value: object) -> str:
    if isinstance(value, Mapping):
        return "; ".join(f"{key}={part}" for key, part in sorted(value.items()))
    if isinstance(value, Sequence) and not isinstance(value, str):
        return "; ".join(part if isinstance(part, str) else json.dumps(part, sort_keys=True) for part in value)
    return str(value)


def _cell(item: model.BacklogItem, data: Mapping[str, Any], path: _Path) -> str | int | float | None:
    if path == ("evidence",):
        return plain(evidence_lines(item))
    value: Any = data
    for name in path:
        value = value.get(name) if isinstance(value, Mapping) else None
    return plain(value)
