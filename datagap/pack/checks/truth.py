"""Check an answer key against the events, the catalog, time and itself."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from datagap.gap import REASONS
from datagap.pack import layout
from datagap.pack.checks import rule
from datagap.pack.checks.catalog import CatalogIndex
from datagap.pack.checks.claim import may_read, untruth
from datagap.pack.checks.events import EventIndex
from datagap.pack.checks.finding import Hint
from datagap.pack.checks.intake import Intake
from datagap.problem import show


@dataclass(slots=True)
class _Gap:
    line: int
    data: Mapping[str, Any]
    met_by: set[str] = field(default_factory=set)
    met: int = 0


class AnswerKey:
    """The gaps of an answer key, and who is labelled to have run into them."""

    def __init__(self, intake: Intake) -> None:
        """Read the gaps, if the pack has an answer key; half a key is reported."""
        self._intake = intake
        self._found = intake.found
        self._gaps: dict[str, _Gap] = {}
        files = (layout.TRUTH_GAPS, layout.TRUTH_LABELS)
        there = [intake.present(file) for file in files]
        self.present = all(there)
        if self.present:
            self._read()
        for file, found in zip(files, there, strict=True):
            if any(there) and not found:
                intake.refuse(file, "is missing from the answer key", "restore it or remove truth/")

    @property
    def gaps(self) -> Iterator[Mapping[str, Any]]:
        """The gaps."""
        return (gap.data for gap in self._gaps.values())

    def _read(self) -> None:
        for line, gap in self._intake.lines(layout.TRUTH_GAPS, "truth_gap"):
            gap_id = gap["gap_id"]
            if gap_id in self._gaps:
                message = f"{show(gap_id)} stands twice"
                self._found.report(rule.DUPLICATE, layout.TRUTH_GAPS, message, line=line, pointer="/gap_id")
            self._gaps[gap_id] = _Gap(line, gap)

    def check(self, catalog: CatalogIndex, events: EventIndex, now: str | None) -> None:
        """Report what is wrong with the gaps and the labels; `now` is the instant of the snapshot."""
        for gap in self._gaps.values():
            self._check_sense(gap)
            self._check_time(gap, now)
            self._check_datasets(gap, catalog)
            self._check_fact(gap, catalog)
            if now is not None:
                self._check_truth(gap, catalog, now)
        self._check_labels(catalog, events)

    # Gaps

    def _report_gap(self, broken: rule.Rule, gap: _Gap, message: str, pointer: str, hint: Hint = "") -> None:
        self._found.report(broken, layout.TRUTH_GAPS, message, line=gap.line, pointer=pointer, hint=hint)

    def _check_sense(self, gap: _Gap) -> None:
        reason, reasons = gap.data["reason"], REASONS[gap.data["gap_type"]]
        if reason not in reasons:
            message = f"{reason} is no reason of {gap.data['gap_type']}"
            self._report_gap(rule.LABEL_SENSE, gap, message, "/reason", f"known are {', '.join(reasons)}")
        if not gap.data["datasets"] and reason != "not_ingested":
            message = f"names no dataset, and a gap that is {reason} is about one"
            self._report_gap(rule.LABEL_SENSE, gap, message, "/datasets")

    def _check_time(self, gap: _Gap, now: str | None) -> None:
        began, resolved = gap.data["began_at"], gap.data["resolved_at"]
        if resolved is not None and resolved <= began:
            message = f"is resolved at {resolved}, and began at {began}"
            self._report_gap(rule.GAP_TIME, gap, message, "/resolved_at")
        for name, instant in (("began_at", began), ("resolved_at", resolved)):
            if now is not None and instant is not None and instant > now:
                self._report_gap(rule.GAP_TIME, gap, f"{instant} is after the snapshot ({now})", f"/{name}")

    def _check_datasets(self, gap: _Gap, catalog: CatalogIndex) -> None:
        for place, name in enumerate(gap.data["datasets"]) if catalog.covers("datasets") else ():
            if name not in catalog.place:
                message, hint = f"{show(name)} is no dataset of the catalog", partial(catalog.nearest, name)
                self._report_gap(rule.GAP_REFERENCE, gap, message, f"/datasets/{place}", hint)

    def _check_fact(self, gap: _Gap, catalog: CatalogIndex) -> None:
        fact = gap.data["fact"]
        file, pointer = fact["file"], fact["pointer"]
        if not pointer:
            if fact["value"] is not None:
                self._report_gap(rule.GAP_FACT, gap, "points at a whole file, which has no value", "/fact/value")
            return
        try:
            found = catalog.fact(file, pointer)
        except LookupError:
            if file not in self._intake.partly:
                self._report_gap(rule.GAP_FACT, gap, f"{file} has no {pointer}", "/fact/pointer")
            return
        if found != fact["value"]:
            message = f"{file} {pointer} {_difference(found, fact['value'])}"
            self._report_gap(rule.GAP_FACT, gap, message, "/fact/value")

    def _check_truth(self, gap: _Gap, catalog: CatalogIndex, now: str) -> None:
        if gap.data["resolved_at"] is None and (said := untruth(gap.data, catalog, now)):
            pointer, message = said
            self._report_gap(rule.GAP_TRUTH, gap, f"is still open, and {message}", pointer)

    # Labels

    def _check_labels(self, catalog: CatalogIndex, events: EventIndex) -> None:
        labelled = bytearray(len(events.when))
        thread_gaps: dict[str, str] = {}
        for line, label in self._intake.lines(layout.TRUTH_LABELS, "truth_label"):
            event_id = label["event_id"]
            row = events.row.get(event_id)
            if row is None:
                if events.whole:
                    self._report_label(rule.LABEL, line, f"{show(event_id)} is no event of this pack", "/event_id")
            elif labelled[row]:
                self._report_label(rule.LABEL, line, f"{show(event_id)} is labelled twice", "/event_id")
                continue
            else:
                labelled[row] = 1
            if label["gap_ids"]:
                self._check_gaps(line, label, row, events, catalog)
                if row is not None and events.channel(row) != "nlq":
                    thread = events.thread[row] or event_id
                    first = thread_gaps.setdefault(thread, label["gap_ids"][0])
                    if first != label["gap_ids"][0]:
                        message = f"{show(event_id)} is about another gap than {show(first)} of its thread"
                        self._report_label(rule.LABEL_SENSE, line, message, "/gap_ids/0")
            elif label.get("none_reason") is None:
                message = f"{show(event_id)} has neither a gap behind it nor a reason for none"
                self._report_label(rule.LABEL_SENSE, line, message, "/none_reason")
        if layout.TRUTH_LABELS not in self._intake.partly:
            self._check_unlabelled(events, labelled)
            self._check_demand(events)

    def _report_label(self, broken: rule.Rule, line: int, message: str, pointer: str) -> None:
        self._found.report(broken, layout.TRUTH_LABELS, message, line=line, pointer=pointer)

    def _check_gaps(
        self, line: int, label: Mapping[str, Any], row: int | None, events: EventIndex, catalog: CatalogIndex
    ) -> None:
        event_id = label["event_id"]
        if not label["request"]:
            message = f"{show(event_id)} asks for nothing and has a gap behind it"
            self._report_label(rule.LABEL_SENSE, line, message, "/gap_ids")
        if label.get("none_reason") is not None:
            message = f"{show(event_id)} has a gap behind it and a reason for none"
            self._report_label(rule.LABEL_SENSE, line, message, "/none_reason")
        if len(set(label["gap_ids"])) < len(label["gap_ids"]):
            self._report_label(rule.LABEL_SENSE, line, f"{show(event_id)} has a gap behind it twice", "/gap_ids")
        for place, gap_id in enumerate(dict.fromkeys(label["gap_ids"])):
            gap = self._gaps.get(gap_id)
            if gap is None:
                if layout.TRUTH_GAPS not in self._intake.partly:
                    message = f"{show(gap_id)} is no gap of this pack"
                    self._report_label(rule.GAP_REFERENCE, line, message, f"/gap_ids/{place}")
                continue
            gap.met += label["request"]
            if row is not None:
                self._check_meeting(line, label, f"/gap_ids/{place}", gap, events, row, catalog)

    def _check_meeting(
        self,
        line: int,
        label: Mapping[str, Any],
        pointer: str,
        gap: _Gap,
        events: EventIndex,
        row: int,
        catalog: CatalogIndex,
    ) -> None:
        """Report an event that cannot have met its gap: it did not hold then, or not for whoever asks."""
        if label["request"]:
            gap.met_by.add(events.actor[row])
        when, began, resolved = events.when[row], gap.data["began_at"], gap.data["resolved_at"]
        named = f"{show(gap.data['gap_id'])} did not hold"
        if when < began or (resolved is not None and when >= resolved):
            message = f"{named} at {when}, when {show(label['event_id'])} was written"
            self._report_label(rule.GAP_TIME, line, message, pointer)
        elif resolved is None and (granted := may_read(events.actor[row], gap.data, catalog)):
            message = f"{named} for {show(events.actor[row])}, who may read {granted}"
            self._report_label(rule.GAP_TRUTH, line, message, pointer)

    # The whole key

    def _check_unlabelled(self, events: EventIndex, labelled: Sequence[int]) -> None:
        if all(labelled):
            return
        for event_id, row in events.row.items():
            if not labelled[row]:
                file, line = events.place(row)
                message = f"{show(event_id)} has no label in {layout.TRUTH_LABELS}"
                self._found.report(rule.LABEL, file, message, line=line, pointer="/id")

    def _check_demand(self, events: EventIndex) -> None:
        for gap_id, gap in self._gaps.items():
            said, people = gap.data["demand"], len(gap.met_by)
            if said["events"] != gap.met:
                message = f"says {said['events']} for {gap_id}, and the labels give {gap.met}"
                self._report_gap(rule.DEMAND, gap, message, "/demand/events")
            elif said["people"] != people and events.whole:
                message = f"says {said['people']} for {gap_id}, and the labels give {people}"
                self._report_gap(rule.DEMAND, gap, message, "/demand/people")


def _difference(found: object, said: object) -> str:
    """Return what stands somewhere against what is said to; of lists only the items that one of them lacks."""
    if not (isinstance(found, list) and isinstance(said, list)):
        return f"is {show(found)} and not {show(said)}"
    more, less = [one for one in found if one not in said], [one for one in said if one not in found]
    if not more and not less:
        return "has another order, or an item more often"
    return " and ".join(
        f"{verb} {show(items)}" for verb, items in (("also has", more), ("does not have", less)) if items
    )
