"""What a report holds before it is rendered."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from datagap import model


@dataclass(frozen=True, slots=True, kw_only=True)
class FreshnessEntry:
    """One dataset's age at the snapshot, and how many events complain of it. A field is None where it is unknown."""

    dataset: str
    owner: str | None
    max_loaded_at: str
    sla_hours: int
    age_hours: float
    late: bool
    root: str | None
    """The late upstream dataset that makes it late; itself when it is the root, None when it is not late."""
    complaints: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Export:
    """A fact class whose export would settle claims that are unverifiable now."""

    fact_class: model.FactClass
    claims: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Tallies:
    """How many events of each sort there were."""

    events: int
    by_channel: Mapping[model.Channel, int]
    requests: int
    with_gap: int
    """Events with a gap that the catalog does not contradict."""
    contradicted: int
    """Events whose every claim the catalog contradicts."""
    unexplained: int
    """Queries that were blocked or degraded and for which no gap was found."""
    none_reasons: Mapping[model.NoneReason, int]
    """Events without a gap, by reason."""


@dataclass(frozen=True, kw_only=True)
class Report:
    """A finished analysis. Every text in it is redacted already, and none of it is escaped."""

    run: model.RunConfig
    cost: model.Cost
    tallies: Tallies
    items: Sequence[model.BacklogItem]
    """Ranked: rank 1 first."""
    detections: Sequence[model.Detection]
    intents: Sequence[model.Intent]
    clusters: Sequence[model.Cluster]
    freshness: Sequence[FreshnessEntry]
    lineage: Sequence[model.LineageEdge]
    exports: Sequence[Export]
    """What to export next: most claims first."""
    decided: Sequence[model.DecidedGroup] = ()
    """What the team put aside: the largest demand first."""

    @property
    def put_aside(self) -> Mapping[model.ItemStatus, int]:
        """How many needs are put aside, by status."""
        return Counter(one.status for one in self.decided)
