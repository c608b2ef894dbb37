"""Believe what others were held up by: a claim that the catalog refutes today may have been true when it was made."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from datagap.report.claim import Checked
from datagap.report.finding import Detected


def in_hindsight(detected: Sequence[Detected]) -> list[Detected]:
    """Return events with the claims that are refuted today taken as open where others show that they were true.

    Those are queries that were not served for the same need, and conversations in which somebody mended it. The
    catalog has no history to tell (see Support).
    """
    believed = {gap.key for one in detected for gap in one.gaps if gap.support == "past"}
    if not believed:
        return list(detected)
    return [replace(one, gaps=tuple(_believed(one.gaps, believed))) if one.gaps else one for one in detected]


def _believed(gaps: Iterable[Checked], believed: set[tuple[str, ...]]) -> Iterable[Checked]:
    for gap in gaps:
        is_past = gap.support == "contradicted" and gap.key in believed
        yield replace(gap, support="past") if is_past else gap
