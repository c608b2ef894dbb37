"""A catalog snapshot and the questions that can be put to it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final

from datagap import clock, model

ASSUMED_COMPLETE: Final = ("datasets", "columns", "types", "lineage", "freshness")
"""Fact classes that a pack without coverage.json holds completely; it lacks the others."""


@dataclass(frozen=True, kw_only=True)
class Catalog:
    """What a pack's catalog says as of one instant.

    Unknown is not empty: where a fact class is not complete, what is not there is unknown (see `covers`).
    """

    datasets: Sequence[model.Dataset]
    freshness: Sequence[model.FreshnessRow]
    lineage: Sequence[model.LineageEdge]
    as_of: str
    coverage: model.Coverage | None = None
    people: Sequence[model.Person] | None = None

    def covers(self, fact_class: model.FactClass) -> bool:
        """Return whether what is not there does not exist."""
        if self.coverage is None:
            return fact_class in ASSUMED_COMPLETE
        entry: model.FactCoverage | None = getattr(self.coverage, fact_class)
        return entry is not None and entry.status == "complete"

    @cached_property
    def by_name(self) -> Mapping[str, model.Dataset]:
        """Datasets by name."""
        return {dataset.name: dataset for dataset in self.datasets}

    @cached_property
    def position(self) -> Mapping[str, int]:
        """Places in the list of datasets, by name; JSON pointers use them."""
        return {dataset.name: place for place, dataset in enumerate(self.datasets)}

    @cached_property
    def columns(self) -> Mapping[str, frozenset[str]]:
        """Column names by dataset."""
        return {dataset.name: frozenset(column.name for column in dataset.columns) for dataset in self.datasets}

    @cached_property
    def person(self) -> Mapping[str, model.Person]:
        """People by id."""
        return {person.person_id: person for person in self.people or ()}

    @cached_property
    def upstream(self) -> Mapping[str, Sequence[str]]:
        """Direct sources by dataset."""
        return _adjacent((edge.to, edge.from_) for edge in self.lineage)

    @cached_property
    def downstream(self) -> Mapping[str, Sequence[str]]:
        """Direct consumers by dataset."""
        return _adjacent((edge.from_, edge.to) for edge in self.lineage)

    def ancestors(self, name: str) -> list[str]:
        """Return every dataset upstream of `name`, nearest first."""
        return _reach(self.upstream, name)

    def descendants(self, name: str) -> list[str]:
        """Return every dataset downstream of `name`, nearest first."""
        return _reach(self.downstream, name)

    def reach(self, names: Sequence[str]) -> set[str] | None:
        """Return the datasets downstream of some, without the first of these; None where lineage is unknown."""
        if not names or not self.covers("lineage"):
            return None
        found: set[str] = set()
        for name in names:
            if name not in found:
                found.update(self.descendants(name))
        return found - {names[0]}

    @cached_property
    def load(self) -> Mapping[str, tuple[int, model.FreshnessRow]]:
        """Freshness rows and their places, by dataset."""
        return {row.dataset: (place, row) for place, row in enumerate(self.freshness)}

    def age_hours(self, name: str, at: str | None = None) -> float | None:
        """Return hours since the newest load of `name`, at `at` or the snapshot; None where the load is unknown."""
        if name not in self.load:
            return None
        return (clock.parse(at or self.as_of) - clock.parse(self.load[name][1].max_loaded_at)) / clock.HOUR

    def is_late(self, name: str, at: str | None = None) -> bool | None:
        """Return whether `name` is older than promised; None where its load is unknown."""
        age = self.age_hours(name, at)
        return None if age is None else age > self.load[name][1].sla_hours

    def late_root(self, name: str) -> str:
        """Return the late dataset that makes `name` late: the last one going up through late datasets.

        A source holds back only what was loaded after it; of several, the one that was loaded first.
        """
        seen = {name}
        while late := [source for source in self._holding_back(name) if source not in seen]:
            name = min(late, key=lambda source: (self.load[source][1].max_loaded_at, source))
            seen.add(name)
        return name

    def _holding_back(self, name: str) -> list[str]:
        late = [source for source in self.upstream.get(name, ()) if self.is_late(source)]
        if name not in self.load:
            return late
        loaded = self.load[name][1].max_loaded_at
        return [source for source in late if self.load[source][1].max_loaded_at <= loaded]

    def joinable(self, left: str, right: str) -> bool:
        """Return whether a path of declared keys joins two datasets."""
        return left == right or right in _reach(self._key_neighbours, left)

    @cached_property
    def _key_neighbours(self) -> Mapping[str, Sequence[str]]:
        pairs = [(dataset.name, key.references) for dataset in self.datasets for key in dataset.foreign_keys or ()]
        return _adjacent([*pairs, *((right, left) for left, right in pairs)])


def _adjacent(pairs: Iterable[tuple[str, str]]) -> Mapping[str, Sequence[str]]:
    neighbours: defaultdict[str, dict[str, None]] = defaultdict(dict)
    for left, right in pairs:
        neighbours[left][right] = None
    return {name: list(found) for name, found in neighbours.items()}


def _reach(neighbours: Mapping[str, Sequence[str]], start: str) -> list[str]:
    return list(_walk(neighbours, start))


def _walk(neighbours: Mapping[str, Sequence[str]], start: str) -> Iterator[str]:
    seen, front = {start}, [start]
    while front:
        front = [name for source in front for name in neighbours.get(source, ())]
        front = [name for name in dict.fromkeys(front) if name not in seen]
        seen.update(front)
        yield from front
