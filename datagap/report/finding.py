"""What was found behind an event, without personal data, and without the event's text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from datagap import model
from datagap.report.claim import Checked, Claim
from datagap.report.clause import Links
from datagap.report.redaction import Redactor

QUOTE: Final = 240
"""Characters of a quote."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """An event as a report tells of it."""

    event_id: str
    channel: model.Channel
    actor: str
    when: str
    links: Links
    outcome: model.Outcome | None = None
    quotes: Mapping[model.GapType, str] = field(default_factory=dict)
    """The line that shows a gap of each type best; only of those that were found."""

    def quote_for(self, gap_type: model.GapType) -> str:
        """Return the line that shows a gap of this type best; empty where none was sought."""
        return self.quotes.get(gap_type) or next(iter(self.quotes.values()), "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Detected:
    """An event with what was found behind it."""

    finding: Finding
    claim: Claim
    """What it would claim, were it about a gap; of which type does not matter."""
    gaps: tuple[Checked, ...] = ()
    """Primary first."""
    confidences: tuple[float, ...] = ()
    """Probability that each of them is right."""
    request: bool = False
    none_reason: model.NoneReason | None = None

    @property
    def confidence(self) -> float:
        """Return the probability that the primary gap is right; 0 without a gap."""
        return self.confidences[0] if self.confidences else 0.0


def focused(one: Detected, focus: Sequence[model.GapType]) -> Detected:
    """Return an event with the gaps of these types only."""
    kept = [place for place, gap in enumerate(one.gaps) if gap.claim.gap_type in focus]
    return replace(
        one,
        gaps=tuple(one.gaps[place] for place in kept),
        confidences=tuple(one.confidences[place] for place in kept),
    )


def redacted_quote(text: str, redactor: Redactor) -> str:
    """Return a text without personal data, cut to a quote without half a word or placeholder at its end."""
    quote = redactor.redact(text[: 4 * QUOTE])
    return quote if len(quote) <= QUOTE else quote[:QUOTE].rpartition(" ")[0] or quote[:QUOTE].rpartition("[")[0]


def redacted_links(links: Links, redactor: Redactor) -> Links:
    """Return links without personal data; mentions are names of the catalog."""
    if links.subject is None and not links.unknown:
        return links
    subject = None if links.subject is None else redactor.redact(links.subject)
    unknown = tuple(word for word in links.unknown if redactor.redact(word) == word)
    return replace(links, subject=subject, unknown=unknown)
