"""Read a pack: records out, the first problem raised."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TypeVar, cast

from datagap import model
from datagap.catalog import Catalog
from datagap.errors import DatagapError, MisuseError
from datagap.pack import layout
from datagap.pack.array import json_items
from datagap.pack.document import json_lines, read_json
from datagap.pack.table import read_csv
from datagap.problem import Problem
from datagap.validate import InvalidError, Validator, embedded

T = TypeVar("T")
FRESHNESS_COLUMNS = tuple(model.schema("freshness_row")["properties"])


class Pack:
    """A pack on disk. Nothing is read before it is asked for; events are streamed."""

    def __init__(self, path: Path, validator: Validator | None = None) -> None:
        """Take the pack in folder `path`; raise MisuseError if there is no such folder."""
        if not path.is_dir():
            reason = "is not a folder" if path.exists() else "does not exist"
            raise MisuseError(reason, where=str(path), hint="give the folder of a pack")
        self.path = path
        self._validator = validator or embedded()

    def has(self, file: str) -> bool:
        """Return whether the pack has `file`."""
        return (self.path / file).exists()

    def manifest(self) -> model.Manifest:
        """Return the manifest; raise DatagapError if the pack is of a later major version of the spec."""
        manifest = self._validator.read(model.Manifest, read_json(self.path, layout.MANIFEST), layout.MANIFEST)
        version = manifest.schema_version or model.SCHEMA_VERSION
        if not model.understands(version):
            message = f"is for schema {version[:40]}, and this is {model.SCHEMA_VERSION}"
            where = f"{layout.MANIFEST} /schema_version"
            raise DatagapError(message, where=where, hint="use a version of datagap that knows it")
        return manifest

    def catalog(self) -> Catalog:
        """Return the catalog snapshot."""
        coverage = None
        if self.has(layout.COVERAGE):
            coverage = self._validator.read(model.Coverage, read_json(self.path, layout.COVERAGE), layout.COVERAGE)
        return Catalog(
            datasets=self._list(model.Dataset, layout.DATASETS),
            freshness=self.freshness(),
            lineage=self._list(model.LineageEdge, layout.LINEAGE),
            as_of=self.manifest().generated_at,
            coverage=coverage,
            people=list(self.people()) if self.has(layout.PEOPLE) else None,
        )

    def freshness(self) -> list[model.FreshnessRow]:
        """Return the freshness rows."""
        rows = []
        for line, row in read_csv(self.path, layout.FRESHNESS, FRESHNESS_COLUMNS):
            if isinstance(row, Problem):
                raise InvalidError([row])
            rows.append(self._validator.read(model.FreshnessRow, typed_row(row), layout.FRESHNESS, line))
        return rows

    def people(self) -> Iterator[model.Person]:
        """Yield the people."""
        return self._lines(model.Person, layout.PEOPLE)

    def gaps(self) -> Iterator[model.TruthGap]:
        """Yield the planted gaps of the answer key."""
        return self._lines(model.TruthGap, layout.TRUTH_GAPS)

    def labels(self) -> Iterator[model.TruthLabel]:
        """Yield the labels of the answer key."""
        return self._lines(model.TruthLabel, layout.TRUTH_LABELS)

    def events(self, channel: model.Channel) -> Iterator[layout.Event]:
        """Yield the events of a channel in file order."""
        return cast(Iterator[layout.Event], self._lines(layout.EVENT_TYPES[channel], layout.EVENT_FILES[channel]))

    def _lines(self, record_type: type[T], file: str) -> Iterator[T]:
        for line, value in json_lines(self.path, file):
            if isinstance(value, Problem):
                raise InvalidError([value])
            yield self._validator.read(record_type, value, file, line)

    def _list(self, record_type: type[T], file: str) -> list[T]:
        records = []
        for place, line, value, _ in json_items(self.path, file):
            if isinstance(value, Problem):
                raise InvalidError([value])
            records.append(self._validator.read(record_type, value, file, line, under=f"/{place}"))
        return records


def typed_row(row: dict[str, str]) -> dict[str, object]:
    """Return a CSV row of freshness with its number as a number, where it is one."""
    hours = row["sla_hours"]
    return row | {"sla_hours": int(hours)} if hours.isascii() and hours.isdigit() and len(hours) < 19 else dict(row)
