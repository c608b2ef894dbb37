"""Check claims against the catalog: confirmed, contradicted, or unverifiable and what would settle it.

Unknown is not empty: what is not there refutes or confirms only where the fact class is complete.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping, Sequence

from datagap import model
from datagap.catalog import Catalog
from datagap.pack import layout
from datagap.report.claim import Checked, Claim
from datagap.report.linking import PERIOD_ORDER

HUGE_ROWS = 1_000_000_000
"""A dataset with so many rows and no partitions is too big to scan."""
_QUOTED = re.compile("`([^`]+)`")
_TEXT_TYPES = frozenset(["string", "text", "varchar", "char", "character", "nvarchar", "str"])
_CHECK_REASONS: Mapping[str, model.GapReason] = {
    "unique": "duplicates",
    "not_null": "incomplete",
    "row_count": "incomplete",
    "accepted_values": "wrong_values",
    "reconciliation": "conflicting_numbers",
}


class Verifier:
    """Checks claims against one catalog snapshot."""

    def __init__(
        self,
        catalog: Catalog,
        p95_ms: Mapping[str, int],
        slow_ms: int,
        answered: Mapping[tuple[str, str], model.Evidence],
    ) -> None:
        """Take the 95th percentile of query latency by dataset, and the one above which a dataset is slow.

        `answered` has, by dataset and column, the first answered query that used the column.
        """
        self._answered = answered
        self._catalog = catalog
        self._p95_ms = p95_ms
        self._slow_ms = slow_ms
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
        return self._checks[claim.gap_type](claim)

    def _missing_asset(self, claim: Claim) -> Checked:
        known = [name for name in claim.datasets if name in self._catalog.by_name]
        gone = [name for name in known if self._catalog.by_name[name].retired_at is not None]
        if gone:
            facts = (self._at(gone[0], "retired_at", self._catalog.by_name[gone[0]].retired_at),)
            return Checked(claim=claim, verdict="confirmed", reason="retired", datasets=(gone[0],), facts=facts)
        if known:
            facts = (self._at(known[0], "name", known[0]),)
            return Checked(claim=claim, verdict="contradicted", datasets=tuple(known), facts=facts)
        if not self._catalog.covers("datasets"):
            return Checked(claim=claim, verdict="unverifiable", datasets=claim.datasets, settled_by="datasets")
        nothing = model.Evidence(file=layout.DATASETS, pointer="", as_of=self._catalog.as_of)
        reason: model.GapReason = "not_ingested"
        return Checked(claim=claim, verdict="confirmed", reason=reason, datasets=claim.datasets, facts=(nothing,))

    def _missing_column(self, claim: Claim) -> Checked:
        name = self._known(claim)
        if name is None:
            return self._open(claim)
        mine = self._catalog.columns[name]
        missing = tuple(column for column in claim.columns if column not in mine)
        listed = self._at(name, "columns", sorted(mine))
        if not missing:
            verdict: model.Verdict = "contradicted" if claim.columns else "unverifiable"
            facts = (listed,) if claim.columns else ()
            return Checked(claim=claim, verdict=verdict, datasets=(name,), columns=claim.columns, facts=facts)
        if not self._catalog.covers("columns"):
            return self._open(claim, "columns")
        sources = self._catalog.ancestors(name)
        upstream = {column for source in sources for column in self._catalog.columns.get(source, ())}
        reason: model.GapReason = "not_exposed" if set(missing) <= upstream else "absent"
        counter = [self._answered[name, column] for column in missing if (name, column) in self._answered]
        return Checked(
            claim=claim,
            verdict="confirmed",
            reason=reason,
            datasets=(name,),
            columns=missing,
            facts=(listed, *counter),
            disputed=bool(counter),
        )

    def _grain_mismatch(self, claim: Claim) -> Checked:
        dataset = self._dataset(claim)
        if dataset is None or dataset.grain is None:
            return self._open(claim, "grain")
        period = dataset.grain.period
        fact = self._at(dataset.name, "grain/period", period) if period else self._at(dataset.name, "grain/keys")
        if claim.period is None:
            return self._open(claim)
        reason: model.GapReason | None = None
        if period is not None and PERIOD_ORDER.index(period) > PERIOD_ORDER.index(claim.period):
            reason = "too_coarse"
        elif period == "week" and PERIOD_ORDER.index(period) < PERIOD_ORDER.index(claim.period):
            reason = "incompatible_period"  # weeks straddle months, quarters and years
        verdict: model.Verdict = "confirmed" if reason else "contradicted"
        return Checked(claim=claim, verdict=verdict, reason=reason, datasets=(dataset.name,), facts=(fact,))

    def _type_mismatch(self, claim: Claim) -> Checked:
        dataset = self._dataset(claim)
        if dataset is None or not self._catalog.covers("types"):
            return self._open(claim, "types")
        asked = [(place, column) for place, column in enumerate(dataset.columns) if column.name in claim.columns]
        texts = [(place, column) for place, column in asked if column.type.lower() in _TEXT_TYPES]
        if not asked:
            return self._open(claim)
        place, column = (texts or asked)[0]
        fact = self._at(dataset.name, f"columns/{place}/type", column.type)
        verdict: model.Verdict = "confirmed" if texts else "contradicted"
        reason: model.GapReason | None = None
        if texts:
            reason = "wrong_format" if column.format else "wrong_type"
        return Checked(
            claim=claim, verdict=verdict, reason=reason, datasets=(dataset.name,), columns=(column.name,), facts=(fact,)
        )

    def _freshness_breach(self, claim: Claim) -> Checked:
        name = self._known(claim)
        if name is None or name not in self._catalog.load:
            return self._open(claim, None if self._catalog.covers("freshness") else "freshness")
        age = self._catalog.age_hours(name, claim.at)
        if age is None or age < 0:  # loaded since: the catalog does not say what the newest load was then
            return self._open(claim)
        root = self._catalog.late_root(name)
        if not self._catalog.is_late(name, claim.at):
            arriving = self._failing(self._catalog.by_name[name], ["recency"])
            if arriving:
                fact = self._check_at(name, arriving[0])
                return Checked(
                    claim=claim, verdict="confirmed", reason="late_arriving", datasets=(name,), facts=(fact,)
                )
            return Checked(claim=claim, verdict="contradicted", datasets=(name,), facts=(self._loaded(name),))
        late = tuple(other for other in self._catalog.descendants(root) if self._held_back(root, other))
        reason: model.GapReason = "upstream_late" if late else "failed_run"
        facts = tuple(self._loaded(one) for one in dict.fromkeys((root, name)))
        return Checked(claim=claim, verdict="confirmed", reason=reason, datasets=(root, *late), facts=facts)

    def _held_back(self, root: str, name: str) -> bool:
        return bool(self._catalog.is_late(name)) and self._catalog.late_root(name) == root

    def _joinability_issue(self, claim: Claim) -> Checked:
        known = [name for name in claim.datasets if name in self._catalog.by_name][:2]
        if len(known) < 2:
            return self._open(claim)
        facts = tuple(
            self._at(name, "foreign_keys", [key.references for key in self._catalog.by_name[name].foreign_keys or ()])
            for name in known
        )
        if self._catalog.joinable(*known):
            return Checked(claim=claim, verdict="contradicted", datasets=tuple(known), facts=facts)
        if not self._catalog.covers("keys"):
            return self._open(claim, "keys")
        return Checked(claim=claim, verdict="confirmed", reason="no_key", datasets=tuple(known), facts=facts)

    def _access_denied(self, claim: Claim) -> Checked:
        dataset = self._dataset(claim)
        if dataset is None or dataset.access_roles is None:
            return self._open(claim, "access")
        person = self._catalog.person.get(claim.actor)
        if person is None or person.access_roles is None:
            return self._open(claim, "people")
        fact = self._at(dataset.name, "access_roles", list(dataset.access_roles))
        held = set(person.access_roles)
        for place, column in enumerate(dataset.columns):
            if column.name in claim.columns and column.access_roles and held.isdisjoint(column.access_roles):
                masked = self._at(dataset.name, f"columns/{place}/access_roles", list(column.access_roles))
                return Checked(
                    claim=claim,
                    verdict="confirmed",
                    reason="masked",
                    datasets=(dataset.name,),
                    columns=(column.name,),
                    facts=(masked,),
                )
        granted = not held.isdisjoint(dataset.access_roles)
        verdict: model.Verdict = "contradicted" if granted else "confirmed"
        reason: model.GapReason | None = None if granted else "no_grant"
        return Checked(claim=claim, verdict=verdict, reason=reason, datasets=(dataset.name,), facts=(fact,))

    def _docs_missing(self, claim: Claim) -> Checked:
        dataset = self._dataset(claim)
        if dataset is None:
            return self._open(claim)
        wrong = self._stale(dataset, claim) or self._conflicting(claim)
        if wrong is not None:
            return wrong
        documented = dataset.description
        if documented is None and not self._catalog.covers("descriptions"):
            return self._open(claim, "descriptions")
        fact = self._at(dataset.name, "description", documented or "")
        verdict: model.Verdict = "contradicted" if documented else "confirmed"
        reason: model.GapReason | None = None if documented else "undocumented"
        return Checked(claim=claim, verdict=verdict, reason=reason, datasets=(dataset.name,), facts=(fact,))

    def _stale(self, dataset: model.Dataset, claim: Claim) -> Checked | None:
        """Return the claim confirmed if the description speaks of a column that is not there."""
        mine = self._catalog.columns[dataset.name]
        ghosts = [name for name in _QUOTED.findall(dataset.description or "") if name not in mine]
        if not ghosts or not self._catalog.covers("columns"):
            return None
        fact = self._at(dataset.name, "description", dataset.description)
        return Checked(
            claim=claim,
            verdict="confirmed",
            reason="stale",
            datasets=(dataset.name,),
            columns=tuple(ghosts),
            facts=(fact,),
        )

    def _conflicting(self, claim: Claim) -> Checked | None:
        """Return the claim confirmed if two of its datasets define a metric in two ways."""
        seen: dict[str, tuple[str, str]] = {}
        for name in claim.datasets:
            dataset = self._catalog.by_name.get(name)
            for place, metric in enumerate(dataset.metrics or () if dataset else ()):
                other, definition = seen.setdefault(metric.name, (name, metric.definition))
                if definition != metric.definition:
                    fact = self._at(name, f"metrics/{place}/definition", metric.definition)
                    return Checked(
                        claim=claim,
                        verdict="confirmed",
                        reason="conflicting_definitions",
                        datasets=(other, name),
                        columns=(metric.name,),
                        facts=(fact,),
                    )
        return None

    def _performance_limit(self, claim: Claim) -> Checked:
        dataset = self._dataset(claim)
        if dataset is None:
            return self._open(claim)
        p95 = self._p95_ms.get(dataset.name)
        huge = dataset.row_count is not None and dataset.row_count >= HUGE_ROWS
        if huge and not dataset.partitioned_by and (dataset.partitioned_by is not None or self._covers_partitions):
            fact = self._at(dataset.name, "row_count", dataset.row_count)
            return Checked(
                claim=claim, verdict="confirmed", reason="unpartitioned", datasets=(dataset.name,), facts=(fact,)
            )
        if p95 is not None and p95 > self._slow_ms:
            fact = model.Evidence(
                file=layout.EVENT_FILES["nlq"], pointer="", value=f"p95 latency {p95} ms", as_of=self._catalog.as_of
            )
            return Checked(claim=claim, verdict="confirmed", datasets=(dataset.name,), facts=(fact,))
        if huge and dataset.partitioned_by:
            fact = self._at(dataset.name, "row_count", dataset.row_count)
            return Checked(
                claim=claim, verdict="confirmed", reason="too_large", datasets=(dataset.name,), facts=(fact,)
            )
        if dataset.row_count is None or huge:
            return self._open(claim, "row_counts" if dataset.row_count is None else "partitioning")
        fact = self._at(dataset.name, "row_count", dataset.row_count)
        return Checked(claim=claim, verdict="contradicted", datasets=(dataset.name,), facts=(fact,))

    @property
    def _covers_partitions(self) -> bool:
        return self._catalog.covers("partitioning")

    def _quality_issue(self, claim: Claim) -> Checked:
        dataset = self._dataset(claim)
        if dataset is None:
            return self._open(claim)
        failing = self._failing(dataset, [*_CHECK_REASONS, "other"])
        fitting = [(place, check) for place, check in failing if check.column in claim.columns] or failing
        if not fitting:
            return self._open(claim, None if self._catalog.covers("checks") else "checks")
        check = fitting[0][1]
        columns = (check.column,) if check.column else ()
        fact = self._check_at(dataset.name, fitting[0])
        return Checked(
            claim=claim,
            verdict="confirmed",
            reason=_CHECK_REASONS.get(check.kind),
            datasets=(dataset.name,),
            columns=columns,
            facts=(fact,),
        )

    # What they share

    def _failing(self, dataset: model.Dataset, kinds: Collection[str]) -> list[tuple[int, model.Check]]:
        """Return the failing checks of these kinds, each with its place."""
        checks = enumerate(dataset.checks or ())
        return [(place, check) for place, check in checks if check.status == "fail" and check.kind in kinds]

    def _check_at(self, name: str, found: tuple[int, model.Check]) -> model.Evidence:
        place, check = found
        return self._at(name, f"checks/{place}/status", f"{check.name}: {check.status}")

    def _known(self, claim: Claim) -> str | None:
        return next((name for name in claim.datasets if name in self._catalog.by_name), None)

    def _dataset(self, claim: Claim) -> model.Dataset | None:
        name = self._known(claim)
        return None if name is None else self._catalog.by_name[name]

    def _open(self, claim: Claim, settled_by: model.FactClass | None = None) -> Checked:
        return Checked(
            claim=claim,
            verdict="unverifiable",
            datasets=claim.datasets,
            columns=claim.columns,
            settled_by=settled_by if claim.datasets else None,
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
