"""Apply what the team corrected about events before they are grouped."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import TypeAlias

from datagap.report.claim import Checked, Claim
from datagap.report.decision import Correction
from datagap.report.finding import Detected

Check: TypeAlias = Callable[[Claim], Checked]
"""Holds a claim against the catalog."""


def corrected(
    detected: Iterable[Detected], corrections: Mapping[str, Correction], check: Check, present: Mapping[str, str]
) -> list[Detected]:
    """Return events with what was corrected in place of what was detected.

    `present` has the names that datasets bear now by those that are declared for them. A corrected claim is held
    against the catalog like any other, only that a person's word is not refuted by it: it is unverifiable then.
    """
    return [
        _corrected(one, corrections[one.finding.event_id], check, present)
        if one.finding.event_id in corrections
        else one
        for one in detected
    ]


def _corrected(one: Detected, correction: Correction, check: Check, present: Mapping[str, str]) -> Detected:
    if correction.not_a_request:
        return replace(one, gaps=(), confidences=(), request=False, none_reason=one.none_reason or "chatter")
    if not one.gaps and correction.gap_type is None:
        return one
    claim = one.gaps[0].claim if one.gaps else one.claim
    if correction.dataset is not None:
        dataset = present.get(correction.dataset, correction.dataset)
        claim = replace(claim, datasets=(dataset,), subject=None)
    if correction.gap_type is not None:
        claim = replace(one.claim, gap_type=correction.gap_type, datasets=claim.datasets, subject=claim.subject)
    sure = 1.0 if correction.gap_type is not None else one.confidence
    checked = check(claim)
    if checked.support == "contradicted":
        checked = replace(checked, support="open")
    return replace(
        one, gaps=(checked, *one.gaps[1:]), confidences=(sure, *one.confidences[1:]), request=True, none_reason=None
    )
