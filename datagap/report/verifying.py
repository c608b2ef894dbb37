"""Check claims against the catalog: confirmed, contradicted, or unverifiable and what would settle it.

Unknown is not empty: what is not there refutes or confirms only where the fact class is complete.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from typing import Final

from datagap import model
from datagap.catalog import Catalog
from datagap.pack import layout
from datagap.report.claim import Checked, Claim, Support

HUGE_ROWS: Final = 1_000_000_000
"""A dataset with so many rows and no partitions is too big to scan."""
PERIOD_ORDER: Final[tuple[model.Period, ...]] = ("hour", "day", "week", "month", "quarter", "year")
MOST_LATE: Final = 50
"""Late descendants that a claim lists."""
_QUOTED: Final = re.compile("`([^`]+)`")
_TEXT_TYPES: Final = frozenset(["string", "text", "varchar", "char", "character", "nvarchar", "str", "bpchar", "clob"])
_DATED: Final = re.compile(r"(?:^|_)(?:date|day|on|at|time|timestamp|start|end|month|week|year|quarter)$")
_CHECK_REASONS: Final[Mapping[str, model.GapReason]] = {
    "unique": "duplicates",
    "not_null": "incomplete",
    "row_count": "incomplete",
    "accepted_values": "wrong_values",
    "reconciliation": "conflicting_numbers",
}
_SOURCES: Final = frozenset(["source", "raw", "landing"])


class Verifier:
    """Checks claims against one catalog snapshot."""

    def __init__(
        self,
        catalog: Catalog,
        slow_ms: int = 30_000,
        p95_ms: Mapping[str, int] | None = None,
        answered: Mapping[tuple[str, str], model.Evidence] | None = None,
    ) -> None:
        """Take the 95th percentile of query latency by dataset, and the one above which a dataset is slow.

        `answered` has, by dataset and column, the first answered query that used the column.
        """
        self._catalog = catalog
        self._slow_ms = slow_ms
        self._p95_ms = p95_ms or {}
        self._answered = answered or {}
        self._checks: Mapping[model.GapType, Callable[[Claim], Checked]] = {
            "missing_asset": self._missing_asset,
            "missing_column": self._missing_column,
            "grain_mismatch": self._grain_mismatch,
            "type_mismatch": self._type_mismatch,
            "freshness_breach": self._freshness_breach,
            "joinability_issue": self._joinability_issue,
            "access_denied": self._access_denied,
            "docs_missing": self._docs_missing,
            "performance_limit": self._performance_limit,
            "quality_issue": self._quality_issue,
        }

    def check(self, claim: Claim) -> Checked:
        """Return the claim with its verdict and the facts it rests on."""
        checked = self._checks[claim.gap_type](claim)
        if checked.support == "contradicted" and claim.borne_out:
            # It was true when it was made, and the catalog has no history to show it.
            return replace(checked, support="past")
        return checked

    def _missing_asset(self, claim: Claim) -> Checked:
        known = [name for name in claim.datasets if name in self._catalog.by_name]
        gone = [name for name in known if self._catalog.by_name[name].retired_at is not None]
        if gone:
            fact = self._at(gone[0], "retired_at", self._catalog.by_name[gone[0]].retired_at)
            return Checked(claim=claim, support="confirmed", reason="retired", datasets=(gone[0],), facts=(fact,))
        if known and all(self._is_unused_source(name) for name in known):
            fact = self._at(known[0], "layer", self._catalog.by_name[known[0]].layer)
            if not self._catalog.covers("lineage"):  # something may be made of it all the same
                return replace(self._open(claim, "lineage"), facts=(fact,))
            return Checked(claim=claim, support="confirmed", reason="not_modelled", datasets=(known[0],), facts=(fact,))
        if known:
            fact = self._at(known[0], "name", known[0])
            return Checked(claim=claim, support="contradicted", datasets=tuple(known), facts=(fact,))
        if claim.subject is None and not claim.unknown:
            return Checked(claim=claim, support="unlinked")
        if claim.subject is None:
            claim = replace(claim, subject=claim.unknown[0])
        if not self._catalog.covers("datasets"):
            return Checked(claim=claim, support="open", settled_by="datasets")
        nothing = model.Evidence(file=layout.DATASETS, pointer="", as_of=self._catalog.as_of)
        return Checked(claim=claim, support="confirmed", reason="not_ingested", facts=(nothing,))

    def _is_unused_source(self, name: str) -> bool:
        dataset = self._catalog.by_name[name]
        return dataset.layer in _SOURCES and not self._catalog.downstream.get(name)

    def _missing_column(self, claim: Claim) -> Checked:
        dataset = self._dataset(claim)
        if dataset is None:
            return self._open(claim)
        name = dataset.name
        mine = self._names_in(claim.datasets)
        # Whoever misses one column speaks of others that are there, so these refute nothing.
        lacking = [one for one in (*claim.columns, *claim.unknown) if mine.isdisjoint((one, one.rpartition(".")[2]))]
        missing = tuple(one for one in lacking if one in claim.columns) or tuple(lacking)
        listed = self._at(name, "columns", sorted(self._catalog.columns[name]))
        if not missing and claim.columns:
            holder, fact = self._there(claim.datasets, claim.columns[0])
            return self._checked(claim, "contradicted", holder, fact, columns=claim.columns)
        if not missing or not self._catalog.covers("columns"):
            return self._open(claim, "columns" if missing else None, columns=missing)
        upstream = {c for source in self._catalog.ancestors(name) for c in self._catalog.columns.get(source, ())}
        reason: model.GapReason = "not_exposed" if set(missing) <= upstream else "absent"
        counter = [self._answered[name, column] for column in missing if (name, column) in self._answered]
        return Checked(
            claim=claim,
            support="confirmed",
            reason=reason,
            datasets=(name,),
            columns=missing,
            facts=(listed, *counter),
            disputed=bool(counter),
        )

    def _names_in(self, datasets: Sequence[str]) -> set[str]:
        """Return the names of columns and metrics that any of these datasets has."""
        known = [self._catalog.by_name[name] for name in datasets if name in self._catalog.by_name]
        columns = {column.name for dataset in known for column in dataset.columns}
        return columns | {metric.name for dataset in known for metric in dataset.metrics or ()}

    def _there(self, datasets: Sequence[str], name: str) -> tuple[str, model.Evidence]:
        """Return which of these datasets has a column or a metric, and the fact that it has; one of them does."""
        known = [self._catalog.by_name[one] for one in datasets if one in self._catalog.by_name]
        names = {name, name.rpartition(".")[2]}
        own = next((one.name for one in known if names & self._catalog.columns[one.name]), None)
        if own is not None:
            return own, self._at(own, "columns", sorted(self._catalog.columns[own]))
        return next(
            (one.name, self._at(one.name, f"metrics/{place}/name", metric.name))
            for one in known
            for place, metric in enumerate(one.metrics or ())
            if metric.name in names
        )

    def _grain_mismatch(self, claim: Claim) -> Checked:
        dataset = self._dataset(claim)
        if dataset is None:
            return self._open(claim)
        if dataset.grain is None:
            return self._open(claim, "grain")
        period = dataset.grain.period
        fact = self._at(dataset.name, "grain/period", period) if period else self._at(dataset.name, "grain/keys")
        asked = [one for one in claim.periods if one != period]
        if period is None:
            return self._checked(claim, "contradicted", dataset.name, fact)
        if not asked:
            return self._checked(claim, "possible" if period != "hour" else "contradicted", dataset.name, fact)
        own = PERIOD_ORDER.index(period)
        finer = [one for one in asked if PERIOD_ORDER.index(one) < own]
        coarser = [one for one in asked if PERIOD_ORDER.index(one) > own]
        if finer:
            return self._checked(claim, "confirmed", dataset.name, fact, "too_coarse", period=finer[0])
        if period == "week" and coarser:  # weeks straddle months, quarters and years
            return self._checked(claim, "confirmed", dataset.name, fact, "incompatible_period", period=coarser[0])
        return self._checked(claim, "contradicted", dataset.name, fact, period=asked[0])

    def _type_mismatch(self, claim: Claim) -> Checked:
        dataset = self._dataset(claim)
        if dataset is None:
            return self._open(claim)
        if not self._catalog.covers("types"):
            return self._open(claim, "types")
        suspects = [place for place, column in enumerate(dataset.columns) if self._is_mistyped(column)]
        named = [place for place, column in enumerate(dataset.columns) if column.name in claim.columns]
        both = [place for place in named if place in suspects]
        place = next(iter(both or suspects or named), None)
        if place is None:
            types = self._at(dataset.name, "columns", [column.type for column in dataset.columns])
            return self._checked(claim, "contradicted", dataset.name, types)
        column = dataset.columns[place]
        fact = self._at(dataset.name, f"columns/{place}/type", column.type)
        if not suspects:
            return self._checked(claim, "contradicted", dataset.name, fact, columns=(column.name,))
        support: Support = "confirmed" if both or not named else "possible"
        reason: model.GapReason = "wrong_format" if column.format else "wrong_type"
        return self._checked(claim, support, dataset.name, fact, reason, columns=(column.name,))

    def _is_mistyped(self, column: model.Column) -> bool:
        """Return whether a column is kept as text that is dated by its name, has a format, or is no text elsewhere."""
        if column.type.lower() not in _TEXT_TYPES:
            return False
        usual = self._usual_type.get(column.name)
        return bool(column.format or _DATED.search(column.name) or (usual and usual not in _TEXT_TYPES))

    @cached_property
    def _usual_type(self) -> Mapping[str, str]:
        """Commonest type of each column name that several datasets have."""
        types: defaultdict[str, Counter[str]] = defaultdict(Counter)
        for dataset in self._catalog.datasets:
            for column in dataset.columns:
                types[column.name][column.type.lower()] += 1
        return {name: found.most_common(1)[0][0] for name, found in types.items() if found.total() > 1}

    def _freshness_breach(self, claim: Claim) -> Checked:
        name = next((name for name in claim.datasets if name in self._catalog.load), None)
        if name is None:
            return self._open(claim, None if self._catalog.covers("freshness") else "freshness")
        dataset = self._catalog.by_name.get(name)
        if self._catalog.is_late(name) and claim.moment != "fresh" and claim.moment != "before":
            root = self._catalog.late_root(name)
            late = tuple(other for other in self._catalog.descendants(root) if self._held_back(root, other))
            facts = tuple(self._loaded(one) for one in dict.fromkeys((root, name)))
            reason: model.GapReason = "upstream_late" if late else "failed_run"
            return Checked(
                claim=claim, support="confirmed", reason=reason, datasets=(root, *late[:MOST_LATE]), facts=facts
            )
        arriving = self._failing(dataset, ["recency"]) if dataset else []
        if arriving:
            return self._checked(claim, "confirmed", name, self._check_at(name, arriving[0]), "late_arriving")
        if claim.moment == "before":  # the catalog does not say what the newest load was then
            return replace(self._open(claim), datasets=(name,))
        if self._catalog.load[name][1].sla_hours > 24:
            place = self._catalog.load[name][0]
            pointer, hours = f"/{place}/sla_hours", self._catalog.load[name][1].sla_hours
            fact = model.Evidence(file=layout.FRESHNESS, pointer=pointer, value=str(hours), as_of=self._catalog.as_of)
            return self._checked(claim, "possible", name, fact, "sla_insufficient")
        return self._checked(claim, "contradicted", name, self._loaded(name))

    def _held_back(self, root: str, name: str) -> bool:
        return bool(self._catalog.is_late(name)) and self._catalog.late_root(name) == root

    def _joinability_issue(self, claim: Claim) -> Checked:
        known = [name for name in dict.fromkeys(claim.datasets) if name in self._catalog.by_name][:2]
        if len(known) < 2:
            return self._open(claim)
        facts = tuple(
            self._at(name, "foreign_keys", [key.references for key in self._catalog.by_name[name].foreign_keys or ()])
            for name in known
        )
        if self._catalog.joinable(*known):
            return Checked(claim=claim, support="contradicted", datasets=tuple(known), facts=facts)
        if not self._catalog.covers("keys"):
            return replace(self._open(claim, "keys"), datasets=tuple(known))
        alien = self._alien_key(*known) or self._alien_key(*reversed(known))
        return Checked(
            claim=claim,
            support="confirmed",
            reason="key_mismatch" if alien else "no_key",
            datasets=tuple(known),
            columns=(alien,) if alien else (),
            facts=facts,
        )

    def _alien_key(self, left: str, right: str) -> str | None:
        """Return the column of `left` that is a key of `right` by the noun in its name, but is no column there."""
        keys = self._catalog.by_name[right].primary_key or ()
        nouns = {key.rpartition("_")[0] for key in keys if "_" in key}
        for column in sorted(self._catalog.columns[left] - self._catalog.columns[right]):
            noun, _, kind = column.rpartition("_")
            if noun in nouns and kind in ("no", "nr", "num", "number", "code", "key", "ref", "id", "uuid"):
                return column
        return None

    def _access_denied(self, claim: Claim) -> Checked:
        dataset = self._dataset(claim)
        if dataset is None:
            return self._open(claim)
        if claim.roles is None:
            return self._open(claim, "people")
        masked = [
            (place, column)
            for place, column in enumerate(dataset.columns)
            if column.access_roles is not None and claim.roles.isdisjoint(column.access_roles)
        ]
        named = [found for found in masked if found[1].name in claim.columns]
        if dataset.access_roles is not None and claim.roles.isdisjoint(dataset.access_roles):
            fact = self._at(dataset.name, "access_roles", list(dataset.access_roles))
            return self._checked(claim, "confirmed", dataset.name, fact, "no_grant")
        if masked:
            place, column = (named or masked)[0]
            fact = self._at(dataset.name, f"columns/{place}/access_roles", list(column.access_roles or ()))
            support: Support = "confirmed" if named else "possible"
            return self._checked(claim, support, dataset.name, fact, "masked", columns=(column.name,))
        if dataset.access_roles is None:
            return self._open(claim, "access")
        fact = self._at(dataset.name, "access_roles", list(dataset.access_roles))
        return self._checked(claim, "contradicted", dataset.name, fact)

    def _docs_missing(self, claim: Claim) -> Checked:
        dataset = self._dataset(claim)
        wrong = self._conflicting(claim) or (
            dataset and (self._stale(dataset, claim) or self._undiscoverable(dataset, claim))
        )
        if wrong:
            return wrong
        if dataset is None:
            return self._open(claim)
        documented = dataset.description
        if documented is None and not self._catalog.covers("descriptions"):
            return self._open(claim, "descriptions")
        fact = self._at(dataset.name, "description", documented or "")
        if not documented:
            return self._checked(claim, "confirmed", dataset.name, fact, "undocumented")
        bare = [c.name for c in dataset.columns if c.name in claim.columns and not c.description]
        if bare and self._catalog.covers("descriptions"):
            place = [column.name for column in dataset.columns].index(bare[0])
            fact = self._at(dataset.name, f"columns/{place}/description", "")
            return self._checked(claim, "confirmed", dataset.name, fact, "undocumented", columns=(bare[0],))
        return self._checked(claim, "contradicted", dataset.name, fact)

    def _stale(self, dataset: model.Dataset, claim: Claim) -> Checked | None:
        """Return the claim confirmed if the description speaks of a column that is not there."""
        mine = self._catalog.columns[dataset.name]
        ghosts = [name for name in _QUOTED.findall(dataset.description or "") if name not in mine]
        if not ghosts or not self._catalog.covers("columns"):
            return None
        fact = self._at(dataset.name, "description", dataset.description)
        return self._checked(claim, "confirmed", dataset.name, fact, "stale", columns=(ghosts[0],))

    def _undiscoverable(self, dataset: model.Dataset, claim: Claim) -> Checked | None:
        """Return the claim confirmed if a column has another name here than everywhere else it is described so."""
        for place, column in enumerate(dataset.columns):
            usual = self._usual_name.get(column.description or "")
            if usual is None or usual == column.name or usual in self._catalog.columns[dataset.name]:
                continue
            fact = self._at(dataset.name, f"columns/{place}/name", column.name)
            support: Support = "confirmed" if usual in claim.columns or column.name in claim.columns else "possible"
            return self._checked(claim, support, dataset.name, fact, "undiscoverable", columns=(column.name,))
        return None

    @cached_property
    def _usual_name(self) -> Mapping[str, str]:
        """Name that most columns with the same description have, where two or more have it."""
        names: defaultdict[str, Counter[str]] = defaultdict(Counter)
        for dataset in self._catalog.datasets:
            for column in dataset.columns:
                if column.description:
                    names[column.description][column.name] += 1
        common = {text: found.most_common(1)[0] for text, found in names.items()}
        return {text: name for text, (name, times) in common.items() if times > 1}

    def _conflicting(self, claim: Claim) -> Checked | None:
        """Return the claim confirmed if datasets define a metric that it speaks of, or that they have, in two ways."""
        named = [name for name in claim.columns if name in self._defined_twice]
        for name in named or [name for name in self._defined_twice if not claim.columns]:
            first, second = self._defined_twice[name][:2]
            about = {first, second}
            if (named and (not claim.datasets or about & set(claim.datasets))) or about <= set(claim.datasets):
                metrics = self._catalog.by_name[second].metrics or ()
                place = next(place for place, metric in enumerate(metrics) if metric.name == name)
                fact = self._at(second, f"metrics/{place}/definition", metrics[place].definition)
                return Checked(
                    claim=claim,
                    support="confirmed",
                    reason="conflicting_definitions",
                    datasets=(first, second),
                    columns=(name,),
                    facts=(fact,),
                )
        return None

    @cached_property
    def _defined_twice(self) -> Mapping[str, tuple[str, ...]]:
        """Datasets by the metrics that they define in different ways."""
        found: defaultdict[str, dict[str, str]] = defaultdict(dict)
        for dataset in self._catalog.datasets:
            for metric in dataset.metrics or ():
                found[metric.name].setdefault(metric.definition, dataset.name)
        return {name: tuple(by.values()) for name, by in found.items() if len(by) > 1}

    def _performance_limit(self, claim: Claim) -> Checked:
        dataset = self._dataset(claim)
        if dataset is None:
            return self._open(claim)
        name, rows = dataset.name, dataset.row_count
        if rows is not None and rows >= HUGE_ROWS:
            fact = self._at(name, "row_count", rows)
            if dataset.partitioned_by:
                reason: model.GapReason = "no_aggregate" if self._lacks_aggregate(dataset) else "too_large"
                return self._checked(claim, "confirmed", name, fact, reason)
            if dataset.partitioned_by is not None or self._catalog.covers("partitioning"):
                fact = self._at(name, "partitioned_by", [])
                return self._checked(claim, "confirmed", name, fact, "unpartitioned")
            return self._checked(claim, "confirmed", name, fact, "too_large")
        p95 = self._p95_ms.get(name)
        if p95 is not None and p95 > self._slow_ms:
            fact = model.Evidence(
                file=layout.EVENT_FILES["nlq"], pointer="", value=f"p95 latency {p95} ms", as_of=self._catalog.as_of
            )
            return self._checked(claim, "confirmed", name, fact)
        if rows is None:
            return self._open(claim, "row_counts")
        return self._checked(claim, "contradicted", name, self._at(name, "row_count", rows))

    def _lacks_aggregate(self, dataset: model.Dataset) -> bool:
        """Return whether nothing is aggregated over time from a dataset of single facts."""
        if dataset.grain is None or dataset.grain.period or not self._catalog.covers("lineage"):
            return False
        fed = [self._catalog.by_name.get(name) for name in self._catalog.downstream.get(dataset.name, ())]
        return not any(one and one.grain and one.grain.period for one in fed)

    def _quality_issue(self, claim: Claim) -> Checked:
        found = [name for name in claim.datasets if name in self._catalog.by_name]
        if not found:
            return self._open(claim)
        kinds = [*_CHECK_REASONS, "other"]
        for name in found[:2]:
            failing = self._failing(self._catalog.by_name[name], kinds)
            fitting = [one for one in failing if one[1].column in claim.columns] or failing
            if fitting:
                check = fitting[0][1]
                named = not claim.columns or check.column is None or check.column in claim.columns
                return self._checked(
                    claim,
                    "confirmed" if named else "possible",
                    name,
                    self._check_at(name, fitting[0]),
                    _CHECK_REASONS.get(check.kind),
                    columns=(check.column,) if check.column else (),
                )
        if not self._catalog.covers("checks"):
            return self._open(claim, "checks")
        ran = enumerate(self._catalog.by_name[found[0]].checks or ())
        passed = next((one for one in ran if one[1].status == "pass"), None)
        if passed is None:
            return self._open(claim)
        fact = self._check_at(found[0], passed)
        return self._checked(claim, "contradicted", found[0], fact, columns=claim.columns[:1])

    # What they share

    def _failing(self, dataset: model.Dataset, kinds: Collection[str]) -> list[tuple[int, model.Check]]:
        """Return the failing checks of these kinds, each with its place."""
        checks = enumerate(dataset.checks or ())
        return [(place, check) for place, check in checks if check.status == "fail" and check.kind in kinds]

    def _check_at(self, name: str, found: tuple[int, model.Check]) -> model.Evidence:
        place, check = found
        return self._at(name, f"checks/{place}/status", check.status)

    def _dataset(self, claim: Claim) -> model.Dataset | None:
        return next((self._catalog.by_name[name] for name in claim.datasets if name in self._catalog.by_name), None)

    def _checked(
        self,
        claim: Claim,
        support: Support,
        name: str,
        fact: model.Evidence | None = None,
        reason: model.GapReason | None = None,
        *,
        columns: Sequence[str] = (),
        period: model.Period | None = None,
    ) -> Checked:
        return Checked(
            claim=claim,
            support=support,
            reason=None if support == "contradicted" else reason,
            datasets=(name,),
            columns=tuple(columns),
            period=period,
            facts=() if fact is None else (fact,),
        )

    def _open(
        self, claim: Claim, settled_by: model.FactClass | None = None, columns: Sequence[str] | None = None
    ) -> Checked:
        linked = any(name in self._catalog.by_name for name in claim.datasets)
        return Checked(
            claim=claim,
            support="open" if linked else "elsewhere" if claim.queried else "unlinked",
            datasets=claim.datasets[:1],
            columns=tuple(claim.columns[:1] if columns is None else columns[:1]),
            settled_by=settled_by if linked else None,
        )

    def _at(self, name: str, path: str, value: model.FactValue = None) -> model.Evidence:
        pointer = f"/{self._catalog.position[name]}/{path}"
        return model.Evidence(file=layout.DATASETS, pointer=pointer, value=value, as_of=self._catalog.as_of)

    def _loaded(self, name: str) -> model.Evidence:
        place, row = self._catalog.load[name]
        pointer, value = f"/{place}/max_loaded_at", row.max_loaded_at
        return model.Evidence(file=layout.FRESHNESS, pointer=pointer, value=value, as_of=self._catalog.as_of)


def percentile_95(values: Sequence[int]) -> int:
    """Return the 95th percentile by the nearest-rank method."""
    ordered = sorted(values)
    return ordered[max(0, -(-95 * len(ordered) // 100) - 1)]
