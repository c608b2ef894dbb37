"""Check the catalog in one pass, keeping of each dataset only what later checks ask for."""

from __future__ import annotations

from array import array
from collections import Counter, defaultdict
from collections.abc import Container, Iterable, Iterator, Mapping
from functools import partial
from typing import Any

from datagap import clock, model
from datagap.catalog import ASSUMED_COMPLETE
from datagap.pack import layout
from datagap.pack.array import json_items
from datagap.pack.checks import rule
from datagap.pack.checks.finding import Hint
from datagap.pack.checks.intake import Intake
from datagap.pack.pointer import at
from datagap.problem import did_you_mean, show


class CatalogIndex:
    """Names and places of a catalog's datasets and columns, and in full what the answer key is about."""

    def __init__(self, intake: Intake, gaps: Iterable[Mapping[str, Any]] = ()) -> None:
        """Check the catalog; of the datasets and facts that `gaps` name, keep everything."""
        self._intake = intake
        self._found = intake.found
        self._names: dict[str, str] = {}
        self._lines = array("q")
        self._wanted: defaultdict[str, defaultdict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
        named = set()
        for gap in gaps:
            named.update(gap["datasets"])
            head, _, rest = gap["fact"]["pointer"].removeprefix("/").partition("/")
            self._wanted[gap["fact"]["file"]][head].append(rest)
        self._facts: dict[tuple[str, str], object] = {}
        self.place: dict[str, int] = {}
        """Places in the list of datasets, by name."""
        self.columns: dict[str, tuple[str, ...]] = {}
        """Columns by dataset."""
        self.detail: dict[str, dict[str, Any] | None] = dict.fromkeys(named)
        """What the catalog says of the datasets that gaps are about; None of those that it does not have."""
        self.loads: dict[str, dict[str, Any]] = {}
        """Freshness rows of the datasets that gaps are about."""
        self.people: dict[str, list[str] | None] = {}
        """Access roles by person."""
        self._retired: set[str] = set()
        self._coverage: dict[str, Any] | None = None
        self._read()

    def covers(self, fact_class: model.FactClass) -> bool:
        """Return whether what is not there does not exist: the catalog has such facts, and all of them were read."""
        if self._intake.partly & {layout.DATASETS, layout.COVERAGE}:
            return False
        if self._coverage is None:
            return fact_class in ASSUMED_COMPLETE
        return bool(self._coverage.get(fact_class, {}).get("status") == "complete")

    def fact(self, file: str, pointer: str) -> object:
        """Return what stands at a JSON pointer that a gap names; raise LookupError if nothing does."""
        return self._facts[file, pointer]

    def nearest(self, name: str) -> str:
        """Return a hint at the dataset with the name that is most like `name`."""
        return did_you_mean(name, self.place)

    def late(self, name: str, now: str) -> bool | None:
        """Return whether a dataset that a gap is about is older than promised; None where its load is unknown."""
        if name not in self.loads:
            return None
        row = self.loads[name]
        age: int = clock.parse(now) - clock.parse(row["max_loaded_at"])
        return bool(age > row["sla_hours"] * clock.HOUR)

    def _read(self) -> None:
        if self._intake.present(layout.COVERAGE):
            self._coverage = self._intake.document(layout.COVERAGE, "coverage")
            for head, entry in (self._coverage or {}).items():
                self._keep(layout.COVERAGE, head, entry)
        self._read_datasets()
        self._read_freshness()
        self._read_lineage()
        if self._intake.present(layout.PEOPLE):
            self._read_people()

    def _name(self, name: str) -> str:
        """Return the one object that stands for a name, of which there are many times fewer than uses."""
        return self._names.setdefault(name, name)

    # Datasets

    def _read_datasets(self) -> None:
        keys: list[tuple[str, int, dict[str, Any]]] = []
        for place, line, dataset in self._intake.items(layout.DATASETS, "dataset"):
            while len(self._lines) <= place:
                self._lines.append(line)
            name = dataset["name"]
            self._keep(layout.DATASETS, place, dataset)
            if name in self.place:
                message, at = f"{show(name)} stands twice", f"/{place}/name"
                self._found.report(rule.DUPLICATE, layout.DATASETS, message, line=line, pointer=at)
                continue
            name = self._name(name)
            self.place[name] = place
            self.columns[name] = tuple(self._name(column["name"]) for column in dataset["columns"])
            self._check_columns(place, dataset)
            if name in self.detail:
                self.detail[name] = dataset
            if dataset.get("retired_at") is not None:
                self._retired.add(name)
            keys += [(name, number, key) for number, key in enumerate(dataset.get("foreign_keys") or ())]
        self._check_keys(keys)

    def _line(self, name: str) -> int:
        return self._lines[self.place[name]]

    def _check_columns(self, place: int, dataset: Mapping[str, Any]) -> None:
        name, columns = dataset["name"], self.columns[dataset["name"]]
        if len(set(columns)) < len(columns):
            for column, times in Counter(columns).items():
                if times > 1:
                    message, at = f"{name} lists the column {show(column)} {times} times", f"/{place}/columns"
                    self._found.report(rule.COLUMN_TWICE, layout.DATASETS, message, line=self._lines[place], pointer=at)
        for key in ("primary_key", "partitioned_by"):
            for number, column in enumerate(dataset.get(key) or ()):
                if column not in columns:
                    self._dangling(name, f"/{key}/{number}", column, columns)
        for number, check in enumerate(dataset.get("checks") or ()):
            if check.get("column") not in (None, *columns):
                self._dangling(name, f"/checks/{number}/column", check["column"], columns)

    def _check_keys(self, keys: Iterable[tuple[str, int, dict[str, Any]]]) -> None:
        for name, number, key in keys:
            at = f"/foreign_keys/{number}"
            for place, column in enumerate(key["columns"]):
                if column not in self.columns[name]:
                    self._dangling(name, f"{at}/columns/{place}", column, self.columns[name])
            other = key["references"]
            if other not in self.place:
                if self.covers("datasets"):
                    message = f"{show(other)} is no dataset of the catalog"
                    self._report_at(rule.REFERENCE, name, f"{at}/references", message, partial(self.nearest, other))
                continue
            for place, column in enumerate(key["referenced_columns"]):
                if column not in self.columns[other]:
                    self._dangling(name, f"{at}/referenced_columns/{place}", column, self.columns[other], other)

    def _dangling(self, name: str, at: str, column: str, known: Iterable[str], other: str | None = None) -> None:
        if self.covers("columns"):
            message = f"{show(column)} is no column of {other or name}"
            self._report_at(rule.REFERENCE, name, at, message, partial(did_you_mean, column, known))

    def _report_at(self, broken: rule.Rule, name: str, at: str, message: str, hint: Hint = "") -> None:
        place = f"/{self.place[name]}{at}"
        self._found.report(broken, layout.DATASETS, message, line=self._line(name), pointer=place, hint=hint)

    # Freshness

    def _read_freshness(self) -> None:
        loaded: set[str] = set()
        for place, line, row in self._intake.rows():
            name = row["dataset"]
            self._keep(layout.FRESHNESS, place, {column: str(cell) for column, cell in row.items()})
            if name in loaded:
                self._found.report(rule.DUPLICATE, layout.FRESHNESS, f"{show(name)} stands twice", line=line)
            elif name not in self.place and layout.DATASETS not in self._intake.partly:
                message = f"{show(name)} is no dataset of the catalog"
                hint = partial(self.nearest, name)
                self._found.report(rule.FRESHNESS, layout.FRESHNESS, message, line=line, hint=hint)
            loaded.add(self._name(name))
            if name in self.detail:
                self.loads[name] = row
        if not self.covers("freshness") or layout.FRESHNESS in self._intake.partly:
            return
        for name in self.place:
            if name not in loaded and name not in self._retired:
                message = f"{show(name)} has no row in {layout.FRESHNESS}"
                self._report_at(rule.FRESHNESS, name, "/name", message)

    # Lineage

    def _read_lineage(self) -> None:
        sources: dict[str, list[str]] = {}
        for place, line, edge in self._intake.items(layout.LINEAGE, "lineage_edge"):
            self._keep(layout.LINEAGE, place, edge)
            sources.setdefault(self._name(edge["to"]), []).append(self._name(edge["from"]))
            for end in ("from", "to"):
                if edge[end] not in self.place and layout.DATASETS not in self._intake.partly:
                    message, at = f"{show(edge[end])} is no dataset of the catalog", f"/{place}/{end}"
                    self._found.report(rule.LINEAGE_END, layout.LINEAGE, message, line=line, pointer=at)
        for circle in _circles(sources):
            first, *others = sorted(circle)
            through = f", through {', '.join(others[:3])}" if others else ""
            place, line = self._edge_within(circle)
            message = f"{show(first)} is upstream of itself{through}"
            self._found.report(rule.CYCLE, layout.LINEAGE, message, line=line, pointer=f"/{place}")

    def _edge_within(self, names: Container[str]) -> tuple[int, int]:
        """Return place and line of the first edge from one of the names to another."""
        for place, line, edge, _ in json_items(self._intake.path, layout.LINEAGE):
            if isinstance(edge, dict) and edge.get("from") in names and edge.get("to") in names:
                return place, line
        raise LookupError(names)

    # People

    def _read_people(self) -> None:
        for line, person in self._intake.lines(layout.PEOPLE, "person"):
            name = person["person_id"]
            if name in self.people:
                self._found.report(rule.DUPLICATE, layout.PEOPLE, f"{show(name)} stands twice", line=line)
            self.people[name] = person.get("access_roles")

    # Facts

    def _keep(self, file: str, head: object, content: Any) -> None:
        """Keep what stands at the pointers into this part of a file that gaps name."""
        for rest in self._wanted[file].get(str(head), ()) if file in self._wanted else ():
            try:
                self._facts[file, f"/{head}" + (f"/{rest}" if rest else "")] = at(content, rest)
            except LookupError:
                continue


def _circles(sources: Mapping[str, list[str]]) -> Iterator[set[str]]:
    """Yield the sets of names that can all be reached from each other (Tarjan 1972, without recursion)."""
    number: dict[str, int] = {}
    lowest: dict[str, int] = {}
    stack: list[str] = []
    waiting: set[str] = set()
    for start in sources:
        walk = [] if start in number else [(start, iter(sources[start]))]
        while walk:
            name, rest = walk[-1]
            if name not in number:
                number[name] = lowest[name] = len(number)
                stack.append(name)
                waiting.add(name)
            for other in rest:
                if other not in number:
                    walk.append((other, iter(sources.get(other, ()))))
                    break
                if other in waiting:
                    lowest[name] = min(lowest[name], lowest[other])
            else:
                walk.pop()
                if walk:
                    lowest[walk[-1][0]] = min(lowest[walk[-1][0]], lowest[name])
                if lowest[name] == number[name]:
                    circle = set(_cut(stack, name))
                    waiting.difference_update(circle)
                    if len(circle) > 1 or name in sources.get(name, ()):
                        yield circle


def _cut(stack: list[str], name: str) -> list[str]:
    """Take the names from the end of a stack, down to and with `name`."""
    cut: list[str] = []
    while not cut or cut[-1] != name:
        cut.append(stack.pop())
    return cut
