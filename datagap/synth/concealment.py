"""Hide facts from a catalog as real catalogs lack them: kinds of facts, the rarest first, dataset by dataset."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from datagap import model
from datagap.catalog import Catalog
from datagap.seeding import Stream

COMMONEST_FIRST: Final[tuple[model.FactClass, ...]] = (
    "lineage",
    "freshness",
    "partitioning",
    "row_counts",
    "descriptions",
    "keys",
    "checks",
    "grain",
    "people",
    "access",
    "metrics",
)
"""Kinds of facts that can be hidden. Real projects have lineage and row counts, and rarely grants or metrics."""
RAMP: Final = 0.4
"""Width of completeness over which a kind of fact goes from hidden everywhere to told everywhere."""
_PROPERTIES: Final[Mapping[model.FactClass, tuple[str, ...]]] = {
    "partitioning": ("partitioned_by",),
    "row_counts": ("row_count",),
    "keys": ("primary_key", "foreign_keys"),
    "checks": ("checks",),
    "grain": ("grain",),
    "access": ("access_roles",),
    "metrics": ("metrics",),
}


@dataclass(frozen=True)
class Concealment:
    """What of a catalog is told."""

    shares: Mapping[model.FactClass, float]
    """Share of the datasets, or people, of which a kind of fact is told."""
    stream: Stream

    def tells(self, fact_class: model.FactClass, place: int) -> bool:
        """Return whether this kind of fact is told of the dataset or person at a place."""
        share = self.shares.get(fact_class, 1.0)
        if share >= 1:
            return True
        return self.stream.one(fact_class, place, 1 << 30) < round(share * (1 << 30))

    def applied(self, catalog: Catalog) -> Catalog:
        """Return `catalog` without what is hidden; its coverage says so."""
        assert catalog.coverage is not None
        position = catalog.position
        datasets = [self._dataset(dataset, place) for place, dataset in enumerate(catalog.datasets)]
        people = [one for place, one in enumerate(catalog.people or ()) if self.tells("people", place)]
        entries = {name: getattr(catalog.coverage, name) for name in model.schema("coverage")["properties"]}
        for name, share in self.shares.items():
            status: Any = "complete" if share >= 1 else "partial" if share > 0 else "absent"
            entries[name] = replace(entries[name], status=status)
        return replace(
            catalog,
            datasets=datasets,
            freshness=[row for row in catalog.freshness if self.tells("freshness", position[row.dataset])],
            lineage=[edge for place, edge in enumerate(catalog.lineage) if self.tells("lineage", place)],
            people=people if self.shares.get("people", 1.0) > 0 else None,
            coverage=model.Coverage(**entries),
        )

    def _dataset(self, dataset: model.Dataset, place: int) -> model.Dataset:
        hidden: dict[str, Any] = {
            name: None
            for fact_class, names in _PROPERTIES.items()
            if not self.tells(fact_class, place)
            for name in names
        }
        columns = list(dataset.columns)
        if not self.tells("descriptions", place):
            hidden["description"] = None
            columns = [replace(column, description=None) for column in columns]
        if not self.tells("access", place):
            columns = [replace(column, access_roles=None) for column in columns]
        return replace(dataset, columns=columns, **hidden)


def conceal(completeness: float, seed: int) -> Concealment:
    """Return what a catalog of this completeness tells; what a lower one tells, a higher one tells too."""
    last = len(COMMONEST_FIRST)
    shares = {}
    for place, name in enumerate(COMMONEST_FIRST):
        share = (completeness * (1 + RAMP) - (place + 0.5) / last) / RAMP
        shares[name] = 1.0 if completeness >= 1 else min(1.0, max(0.0, share))
    return Concealment(shares, Stream(seed, "concealment"))
