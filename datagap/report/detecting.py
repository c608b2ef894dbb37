"""Find the gap behind an event: from its words, its conversation, and the catalog."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from datagap import model
from datagap.catalog import Catalog
from datagap.report.claim import Checked, Claim, Strength
from datagap.report.linking import Links
from datagap.report.reading import Finding
from datagap.report.verifying import Verifier

CONFIDENCE: Mapping[tuple[Strength, model.Verdict], float] = {
    ("strong", "confirmed"): 0.95,
    ("strong", "unverifiable"): 0.7,
    ("strong", "contradicted"): 0.3,
    ("weak", "confirmed"): 0.85,
    ("catalog", "confirmed"): 0.6,
}
"""Confidence that the type is right, by how it was said and what the catalog says."""
INHERITED = 0.9
"""Factor on the confidence of a follow-up that takes its need from the conversation."""
DISPUTED = 0.6
"""Factor on the confidence of what the catalog confirms and answered queries belie."""
VERDICT_ORDER: tuple[model.Verdict, ...] = ("confirmed", "unverifiable", "contradicted")
HYPOTHESES: tuple[model.GapType, ...] = ("missing_column", "joinability_issue", "access_denied")
"""What a fact of the catalog explains, without a word of it, for a query that was not served; the likeliest first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Detected:
    """An event with what was found behind it."""

    finding: Finding
    gaps: tuple[Checked, ...] = ()
    """Primary first."""
    confidence: float = 0.0
    request: bool = False
    none_reason: model.NoneReason | None = None


class Detector:
    """Finds the gaps behind events, conversation by conversation."""

    def __init__(self, catalog: Catalog, verifier: Verifier, queries: Mapping[str, Finding]) -> None:
        """Take the queries that messages may refer to, by id."""
        self._catalog = catalog
        self._verifier = verifier
        self._queries = queries

    def detect(self, conversation: Sequence[Finding]) -> Iterator[Detected]:
        """Yield what is behind each event of a conversation; the order does not matter."""
        opener = next((finding for finding in conversation if finding.opens), None)
        first = None if opener is None else self._alone(opener)
        if first is not None:
            yield first
        for finding in conversation:
            if finding is not opener:
                yield self._reply(finding, opener, first)

    def _reply(self, finding: Finding, opener: Finding | None, first: Detected | None) -> Detected:
        if first is not None and first.gaps and finding.follows_up:
            claim = replace(first.gaps[0].claim, actor=finding.actor, at=finding.when)
            checked = self._verifier.check(claim)
            confidence = round(first.confidence * INHERITED, 4)
            return Detected(finding=finding, gaps=_split(checked), confidence=confidence, request=True)
        if opener is not None and not finding.links.datasets:
            finding = replace(finding, links=_merged(finding.links, opener.links))
        return self._alone(finding)

    def _alone(self, finding: Finding) -> Detected:
        if finding.none_reason is not None:
            asks = finding.none_reason in ("answered", "analysis_request")
            return Detected(finding=finding, request=asks, none_reason=finding.none_reason)
        checked = self._best(finding) if finding.asks else None
        if checked is None:
            reason: model.NoneReason | None = "analysis_request" if finding.asks else "chatter"
            reason = None if finding.outcome else reason
            return Detected(finding=finding, request=finding.asks, none_reason=reason)
        confidence = CONFIDENCE[checked.claim.strength, checked.verdict]
        if checked.disputed:
            confidence = round(confidence * DISPUTED, 4)
        return Detected(finding=finding, gaps=_split(checked), confidence=confidence, request=True)

    def _best(self, finding: Finding) -> Checked | None:
        """Return the claim that the catalog bears out best, among what is said outright, hinted at, and suggested."""
        said = [self._verifier.check(claim) for claim in self._claims(finding, tuple(finding.strong), "strong")]
        said.sort(key=lambda checked: VERDICT_ORDER.index(checked.verdict))
        if said and said[0].verdict == "confirmed":
            return said[0]
        confirmed = self._confirmed(finding, finding.weak, "weak")
        if confirmed is None and finding.outcome is not None:
            confirmed = self._confirmed(finding, HYPOTHESES, "catalog")
        return confirmed or (said[0] if said else None)

    def _confirmed(self, finding: Finding, types: Sequence[model.GapType], strength: Strength) -> Checked | None:
        for claim in self._claims(finding, types, strength):
            checked = self._verifier.check(claim)
            if checked.verdict == "confirmed":
                return checked
        return None

    def _claims(self, finding: Finding, types: Sequence[model.GapType], strength: Strength) -> Iterator[Claim]:
        links = finding.links
        datasets = links.datasets or self._referred(finding)
        for gap_type in types:
            claim = Claim(
                gap_type=gap_type,
                strength=strength,
                datasets=datasets,
                columns=links.columns,
                subject=None if datasets else links.domain,
                period=links.period,
                actor=finding.actor,
                at=finding.when,
            )
            if gap_type == "missing_column":
                claim = replace(claim, columns=(*links.columns, *links.unknown))
            elif gap_type == "missing_asset":
                claim = replace(claim, columns=(), subject=links.subject or _first(links.unknown))
            if gap_type != "missing_asset" or claim.datasets or claim.subject:
                yield claim

    def _referred(self, finding: Finding) -> tuple[str, ...]:
        """Return the datasets of the query that a message refers to, unless it speaks of another domain."""
        if finding.query is None or finding.query not in self._queries:
            return ()
        domain, known = finding.links.domain, self._catalog.by_name
        names = self._queries[finding.query].links.datasets
        return tuple(name for name in names if domain is None or name not in known or known[name].domain == domain)


def _merged(own: Links, context: Links) -> Links:
    """Return the links of a reply, completed by those of what it replies to."""
    return replace(
        own,
        datasets=context.datasets,
        domain=own.domain or context.domain,
        columns=own.columns or context.columns,
        period=own.period or context.period,
    )


def _split(checked: Checked) -> tuple[Checked, ...]:
    """Return one gap for each column that is missing."""
    if checked.claim.gap_type != "missing_column" or len(checked.columns) < 2:
        return (checked,)
    return tuple(replace(checked, columns=(column,)) for column in checked.columns)


def _first(words: Sequence[str]) -> str | None:
    return words[0] if words else None
