"""An earlier report, as far as a later one asks for it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Final, TypeVar

from datagap import model
from datagap.pack.array import json_items
from datagap.pack.document import json_lines, read_json
from datagap.problem import Problem
from datagap.report.checking import CLUSTERS, DECIDED, DETECTIONS, read_backlog
from datagap.report.identity import Trace
from datagap.validate import InvalidError, embedded

T = TypeVar("T")
RUN_CONFIG: Final = "artifacts/run_config.json"
SIGMAS: Final = 2
"""Standard deviations of a count beyond which a change of demand is told."""
COMPARED: Final = ("source", "sample", "focus_gaps", "min_frequency")
"""Options that decide what a report counts."""


@dataclass(frozen=True, kw_only=True)
class PastReport:
    """A report on disk."""

    folder: Path
    run: model.RunConfig
    items: Sequence[model.BacklogItem]
    clusters: Sequence[model.Cluster]
    decided: Sequence[model.DecidedGroup]

    @property
    def days(self) -> int | None:
        """Days that its events span; None where it does not say."""
        return self.run.window.days if self.run.window else None

    @cached_property
    def item_of(self) -> Mapping[str, model.BacklogItem]:
        """Items by each of their ids."""
        return {**_by_alias(self.items), **{item.group_id: item for item in self.items}}

    @cached_property
    def cluster_of(self) -> Mapping[str, model.Cluster]:
        """Groups with demand by each of their ids."""
        return {**_by_alias(self.clusters), **{cluster.group_id: cluster for cluster in self.clusters}}

    @cached_property
    def decided_of(self) -> Mapping[str, model.DecidedGroup]:
        """Groups put aside by each of their ids."""
        return {**_by_alias(self.decided), **{one.group_id: one for one in self.decided}}

    @cached_property
    def traces(self) -> Mapping[str, Trace]:
        """What is known of every id, for a later run to hold to."""
        traces: dict[str, Trace] = {}
        for group_id, cluster in self.cluster_of.items():
            root = cluster.datasets[0] if cluster.datasets else None
            events = frozenset(cluster.event_ids)
            traces[group_id] = Trace(group_id=cluster.group_id, events=events, root=root, gap_type=cluster.gap_type)
        for group_id, one in self.decided_of.items():
            traces.setdefault(group_id, Trace(group_id=one.group_id))
        return traces

    @cached_property
    def refuted(self) -> frozenset[str]:
        """Groups of which the catalog contradicts every claim."""
        verdicts: dict[str, bool] = {}
        for detection in _lines(model.Detection, self.folder, DETECTIONS):
            for gap in detection.gaps:
                verdicts[gap.group_id] = verdicts.get(gap.group_id, True) and gap.verdict == "contradicted"
        return frozenset(group_id for group_id, refuted in verdicts.items() if refuted)


def read_report(folder: Path) -> PastReport:
    """Return the report in `folder`; raise MisuseError if there is none, InvalidError if a record of it is broken."""
    items = read_backlog(folder)
    return PastReport(
        folder=folder,
        run=embedded().read(model.RunConfig, read_json(folder, RUN_CONFIG), RUN_CONFIG),
        items=items,
        clusters=list(_clusters(folder)),
        decided=list(_lines(model.DecidedGroup, folder, DECIDED)) if (folder / DECIDED).exists() else [],
    )


def events_of(folder: Path) -> Iterator[str]:
    """Yield the ids of the events that a report says something of."""
    for detection in _lines(model.Detection, folder, DETECTIONS):
        yield detection.event_id
    for intent in _lines(model.Intent, folder, "artifacts/intents.jsonl"):
        yield intent.event_id


def ids_of(one: model.BacklogItem | model.Cluster | model.DecidedGroup) -> tuple[str, ...]:
    """Return the ids that a need goes by, its own first."""
    return (one.group_id, *(one.aliases or ()))


def change(events: int, days: int, events_before: int, days_before: int) -> model.TrendChange:
    """Return how two counts over windows of different length compare, by the score test for two Poisson rates.

    The difference of the rates is set against the deviation that it has when both windows have the same rate.
    """
    difference = events * days_before - events_before * days
    if difference**2 <= SIGMAS**2 * (events + events_before) * days * days_before:
        return "steady"
    return "rising" if difference > 0 else "falling"


def caveats(before: model.RunConfig, after: model.RunConfig) -> list[str]:
    """Return why two reports are not quite comparable, a sentence each without a full stop."""
    found = differing(before, after)
    for run, which in ((before, "earlier"), (after, "later")):
        if run.window is None:
            found.append(f"the {which} report does not say which days it spans, so that rates are unknown")
    if before.window and after.window and after.window.last_day < before.window.last_day:
        found.append("the later report ends before the earlier one")
    return found


def differing(before: model.RunConfig, after: model.RunConfig) -> list[str]:
    """Return which options make two runs count something else."""
    names = [name for name in COMPARED if getattr(before, name) != getattr(after, name)]
    return [f"{name} differs: {_told(before, name)}, then {_told(after, name)}" for name in names]


def _told(run: model.RunConfig, name: str) -> str:
    value = getattr(run, name)
    return "all" if value is None else ", ".join(value) if isinstance(value, (list, tuple)) else str(value)


Known = TypeVar("Known", model.BacklogItem, model.Cluster, model.DecidedGroup)


def _by_alias(records: Sequence[Known]) -> dict[str, Known]:
    return {alias: record for record in records for alias in record.aliases or ()}


def _clusters(folder: Path) -> Iterator[model.Cluster]:
    for place, line, value, _ in json_items(folder, CLUSTERS):
        if isinstance(value, Problem):
            raise InvalidError([value])
        yield embedded().read(model.Cluster, value, CLUSTERS, line, under=f"/{place}")


def _lines(record_type: type[T], folder: Path, file: str) -> Iterator[T]:
    for line, value in json_lines(folder, file):
        if isinstance(value, Problem):
            raise InvalidError([value])
        yield embedded().read(record_type, value, file, line)
