"""A claim that something is missing, late or wrong, and what the catalog says of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final, Literal, TypeAlias

from datagap import model
from datagap.report.text import fold, stem

Support: TypeAlias = Literal["confirmed", "possible", "past", "open", "contradicted", "elsewhere", "unlinked"]
"""How a catalog bears a claim out: by a fact; by one that would fit, were it meant; not any more, though what became of
it shows that it was true; not at all, for want of facts; it has one against it; it has nothing that it is about;
or nobody says what that is."""

Moment: TypeAlias = Literal["before", "fresh", "late", "unknown"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """What an event, in its conversation, says is the matter."""

    gap_type: model.GapType
    datasets: tuple[str, ...] = ()
    columns: tuple[str, ...] = ()
    """Columns and metrics it speaks of, by names that some dataset has."""
    unknown: tuple[str, ...] = ()
    """Identifiers it speaks of that the catalog does not know."""
    subject: str | None = None
    periods: tuple[model.Period, ...] = ()
    """Periods it speaks of, the finest first."""
    roles: frozenset[str] | None = None
    """Access roles of whoever makes it; None where they are unknown."""
    moment: Moment = "unknown"
    """How the first dataset stood when it was made: loaded since, late, or not late yet."""
    queried: bool = False
    """Whether it was asked of the query bot, which has to be told what it is about."""
    borne_out: bool = False
    """Whether the query was not served, or somebody mended what is claimed: then it was true, whatever holds now."""


RELEVANT: Final[Mapping[model.GapType, tuple[str, ...]]] = {
    "missing_asset": ("unknown", "subject"),
    "missing_column": ("columns", "unknown"),
    "grain_mismatch": ("periods",),
    "type_mismatch": ("columns",),
    "freshness_breach": ("moment",),
    "joinability_issue": (),
    "access_denied": ("columns", "roles"),
    "docs_missing": ("columns",),
    "performance_limit": (),
    "quality_issue": ("columns",),
}
"""What a claim of each type turns on beside the datasets; all else is left out of it."""


def relevant(claim: Claim, gap_type: model.GapType) -> Claim:
    """Return a claim as one of a type, without what it does not turn on."""
    kept: dict[str, Any] = {name: getattr(claim, name) for name in RELEVANT[gap_type]}
    subject = None if claim.datasets else claim.subject
    return Claim(
        **{"subject": subject} | kept,
        gap_type=gap_type,
        datasets=claim.datasets,
        queried=claim.queried,
        borne_out=claim.borne_out,
    )


@dataclass(frozen=True, kw_only=True)
class Checked:
    """A claim and what the catalog says of it."""

    claim: Claim
    support: Support
    reason: model.GapReason | None = None
    datasets: tuple[str, ...] = ()
    """Datasets it is about, the root first."""
    columns: tuple[str, ...] = ()
    period: model.Period | None = None
    """Period that is asked for."""
    facts: tuple[model.Evidence, ...] = ()
    settled_by: model.FactClass | None = None
    disputed: bool = False
    """Whether the query bot has answered questions that the catalog says cannot be answered."""

    @property
    def verdict(self) -> model.Verdict:
        """Return what the catalog says, in the words of a report."""
        if self.support == "confirmed":
            return "confirmed"
        return "contradicted" if self.support == "contradicted" else "unverifiable"

    @cached_property
    def key(self) -> tuple[str, ...]:
        """Canonical key of the need: the same for everybody who has it."""
        claim = self.claim
        about = self.datasets[:1] or ((f"~{_canonical(claim.subject)}",) if claim.subject else ("",))
        if claim.gap_type == "joinability_issue":
            return (claim.gap_type, *sorted(self.datasets))
        detail: tuple[str, ...] = ()
        if claim.gap_type in ("missing_column", "type_mismatch", "quality_issue"):
            detail = tuple(sorted(self.columns))
        if claim.gap_type == "missing_asset" and claim.subject and not self.datasets:
            detail = ()
        return (claim.gap_type, *about, *detail)


def _canonical(subject: str) -> str:
    """Return a subject without what differs from one to the other who asks for it."""
    return " ".join(sorted(stem(word) for word in fold(subject).replace("_", " ").split()))
