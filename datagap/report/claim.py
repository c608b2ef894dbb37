"""A claim that something is missing, late or wrong, and what the catalog says of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

from datagap import model
from datagap.report.lexicon import fold

Strength: TypeAlias = Literal["strong", "weak", "catalog"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """What an event, in its conversation, says is the matter."""

    gap_type: model.GapType
    strength: Strength
    """Said outright, hinted at, or only suggested by a fact of the catalog."""
    datasets: tuple[str, ...] = ()
    columns: tuple[str, ...] = ()
    """Columns it speaks of, whether they exist or not."""
    subject: str | None = None
    period: model.Period | None = None
    actor: str = ""
    at: str = ""
    """When it was made; it is checked as of then."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """A claim and what the catalog says of it."""

    claim: Claim
    verdict: model.Verdict
    reason: model.GapReason | None = None
    datasets: tuple[str, ...] = ()
    """Datasets it is about, the root first."""
    columns: tuple[str, ...] = ()
    facts: tuple[model.Evidence, ...] = ()
    settled_by: model.FactClass | None = None
    disputed: bool = False
    """Whether the query bot has answered questions that the catalog says cannot be answered."""

    @property
    def key(self) -> tuple[str, ...]:
        """Canonical key of the need: the same for everybody who has it."""
        claim = self.claim
        object_ = self.datasets[:1] or ((f"~{fold(claim.subject)}",) if claim.subject else ("",))
        if claim.gap_type == "joinability_issue":
            return (claim.gap_type, *sorted(self.datasets))
        detail: tuple[str, ...] = ()
        if claim.gap_type in ("missing_column", "type_mismatch", "quality_issue"):
            detail = tuple(sorted(self.columns))
        if claim.gap_type == "grain_mismatch" and claim.period:
            detail = (claim.period,)
        return (claim.gap_type, *object_, *detail)
