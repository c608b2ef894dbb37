"""The groups and events that a decision can be about: those of a report, and those decided on before."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

from datagap import clock, model
from datagap.errors import MisuseError
from datagap.pack import layout
from datagap.pack.reader import Pack
from datagap.problem import did_you_mean, show
from datagap.report.decision import Decided, Decisions, corrections
from datagap.report.ledger import Ledger, read_ledger
from datagap.report.past import PastReport, events_of, ids_of, read_report


@dataclass(frozen=True, kw_only=True)
class Named:
    """A group that can be decided on."""

    group_id: str
    title: str | None = None
    key: Sequence[str] | None = None
    people: int | None = None


@dataclass(frozen=True, kw_only=True)
class Register:
    """What is known by name."""

    file: Path
    ledger: Ledger
    report: PastReport | None

    @classmethod
    def of(cls, file: Path, report: Path | None, *, must_exist: bool = False) -> Register:
        """Return what a triage file and a report know; raise MisuseError if the file is inside the report."""
        if report is not None and file.absolute().is_relative_to(report.absolute()):
            raise MisuseError("is inside the report, which gen replaces", where=str(file), hint="keep it elsewhere")
        ledger = read_ledger(file) if must_exist or file.exists() else Ledger()
        return cls(file=file, ledger=ledger, report=None if report is None else read_report(report))

    def group(self, name: str) -> Named:
        """Return the group with an id, the one whose id begins so, or that of a rank; raise MisuseError otherwise."""
        if name.isascii() and name.isdigit() and self.report is not None:
            return self._ranked(int(name))
        return self._groups[self._id(name)]

    def part(self, name: str) -> Named:
        """Return what goes by an id or its beginning, under that id though it is part of another group now."""
        group_id = self._id(name)
        then = next((entry for entry in reversed(self.ledger.entries) if entry.group_id == group_id), None)
        return Named(group_id=group_id, title=then.title if then else None, key=then.key if then else None)

    def _id(self, name: str) -> str:
        if name in self._groups:
            return name
        found = sorted(group_id for group_id in self._groups if name and group_id.startswith(name))
        if len({self._groups[group_id].group_id for group_id in found}) == 1:
            return found[0]
        if found:
            hint = f"give more of it, such as {', '.join(found[:3])}"
            raise MisuseError(f"{show(name)} is the beginning of {len(found)} group ids", hint=hint)
        raise MisuseError(f"{show(name)} is no group of {self._places}", hint=self._nearest(name, list(self._groups)))

    def about(self, entry: model.TriageEntry, name: str) -> model.TriageEntry:
        """Return an entry that is about the group of this name, with what is known of it now."""
        one = self.part(name) if entry.decision == "split" else self.group(name)
        return replace(entry, group_id=one.group_id, title=one.title, key=one.key, people=one.people)

    def require_events(self, events: Sequence[str], pack: Path | None) -> None:
        """Raise MisuseError if one of these events is neither in the report nor in a pack."""
        known = {entry.event_id for entry in self.ledger.entries if entry.event_id is not None}
        known.update(events_of(self.report.folder) if self.report else ())
        places = self._places
        if pack is not None:
            known.update(event.id for channel in layout.EVENT_FILES for event in Pack(pack).events(channel))
            places += f" or {pack}"
        for event_id in events:
            if event_id not in known:
                hint = self._nearest(event_id, sorted(known))
                if pack is None and self.report is not None:
                    hint += "; give --pack for an event in which nothing was found"
                raise MisuseError(f"{show(event_id)} is no event of {places}", hint=hint)

    def doubt(self, dataset: str) -> str:
        """Return what is odd about the name of a dataset, or an empty text."""
        known = {name for cluster in self.report.clusters for name in cluster.datasets} if self.report else set()
        if not known or dataset in known:
            return ""
        nearest = did_you_mean(dataset, sorted(known))
        return f"{show(dataset)} is no dataset of a group in {self._places}" + (f"; {nearest}" if nearest else "")

    def listed(self, at: str | None, by: str | None) -> Iterator[str]:
        """Yield a line for each group that was decided on and each corrected event, in order of their decisions."""
        names = {alias: one.group_id for alias, one in self._groups.items()}
        decisions = Decisions.of(self.ledger.entries, names)
        ordered = sorted(decisions.by_group.items(), key=lambda pair: pair[1].place)
        for group_id, decided in ordered:
            if by is None or decided.last.by == by:
                yield f"{group_id}  {self._state(group_id, decided, at)}{_details(decided)}"
        for event_id, correction in corrections(self.ledger.entries).items():
            parts = ["no request"] if correction.not_a_request else []
            parts += [value for value in (correction.gap_type, correction.dataset) if value]
            if by is None or any(entry.event_id == event_id and entry.by == by for entry in self.ledger.entries):
                yield f"{event_id}  corrected: {', '.join(parts)}"

    def _state(self, group_id: str, decided: Decided, at: str | None) -> str:
        last, report = decided.last, self.report
        if last.decision == "merged":
            return f"merged into {last.into}"
        if report is not None and at is None:
            if report.run.triage == self.ledger.reference and (status := _reported(report, group_id)):
                return _told_status(status, last)
            at = report.run.pack.generated_at if report.run.pack else None
        people = self._groups[group_id].people if group_id in self._groups else None
        today = clock.day(at or clock.render(clock.now()))
        return _told_status(decided.status(today, people or 0, lambda _: 0, new=False), last)

    def _ranked(self, rank: int) -> Named:
        assert self.report is not None
        for item in self.report.items:
            if item.rank == rank:
                return self._groups[item.group_id]
        hint = f"its ranks are 1 to {len(self.report.items)}" if self.report.items else "its backlog is empty"
        raise MisuseError(f"{rank} is no rank of {self.report.folder}", hint=hint)

    @cached_property
    def _groups(self) -> Mapping[str, Named]:
        """Groups by each of their ids: those of the report, then those decided on before."""
        groups: dict[str, Named] = {}
        for one in self._reported:
            groups.setdefault(one.group_id, one)
        if self.report is not None:
            records: list[model.Cluster | model.DecidedGroup] = [*self.report.clusters, *self.report.decided]
            for record in records:
                for alias in ids_of(record):
                    groups.setdefault(alias, groups[record.group_id])
        for entry in reversed(self.ledger.entries):
            if entry.group_id is not None:
                known = Named(group_id=entry.group_id, title=entry.title, key=entry.key, people=entry.people)
                groups.setdefault(entry.group_id, known)
        return groups

    @property
    def _reported(self) -> Iterator[Named]:
        if self.report is None:
            return
        titles = {item.group_id: (item.summary.title, item.people) for item in self.report.items}
        titles |= {one.group_id: (one.title or one.group_id, one.people) for one in self.report.decided}
        for cluster in self.report.clusters:
            title, people = titles.get(cluster.group_id, (None, None))
            yield Named(group_id=cluster.group_id, title=title, key=cluster.key, people=people)
        for one in self.report.decided:
            yield Named(group_id=one.group_id, title=one.title, people=one.people)

    @property
    def _places(self) -> str:
        return f"{self.report.folder} or {self.file}" if self.report else str(self.file)

    def _nearest(self, name: str, known: Sequence[str]) -> str:
        report = "give the report that it is in with --report" if self.report is None else "see its backlog.csv"
        return did_you_mean(name, known) or report


def _reported(report: PastReport, group_id: str) -> model.ItemStatus | None:
    """Return where a group stands in a report that was made with these very decisions."""
    if group_id in report.decided_of:
        return report.decided_of[group_id].status
    return report.item_of[group_id].status if group_id in report.item_of else None


def check_time(text: str) -> str:
    """Return an instant as it is written; raise MisuseError if it is none."""
    try:
        return clock.render(clock.parse(text))
    except ValueError as error:
        raise MisuseError(str(error), where="--at", hint="write it like 2025-09-29T08:45:00Z") from error


def told(entry: model.TriageEntry) -> str:
    """Return an entry in one line."""
    if entry.event_id is not None:
        what = entry.gap_type or entry.dataset or "no request"
        return f"{entry.event_id} corrected: {what}"
    status = _told_status(_written(entry), entry)
    about = f"  {entry.title}" if entry.title else ""
    return f"{entry.group_id} {status}{about}"


def _written(entry: model.TriageEntry) -> str:
    return f"merged into {entry.into}" if entry.decision == "merged" else entry.decision or ""


def _told_status(status: str, last: model.TriageEntry) -> str:
    """Return a status in words, with when a snooze ends."""
    told = status.replace("_", " ") if not status.startswith("merged") else status
    if status == "snoozed":
        ends = [last.until] if last.until else []
        then = f" than {last.people}" if last.people is not None else ""
        ends += [f"{last.until_people} more people{then}"] if last.until_people else []
        told += f" until {' or '.join(ends)}"
    other = {"assigned": last.assignee, "linked": last.ticket}.get(status)
    return told + (f" to {other}" if other else "")


def _details(decided: Decided) -> str:
    last = decided.last
    about = f": {decided.title}" if decided.title else ""
    ticket = f", ticket {decided.ticket}" if decided.ticket and last.decision != "linked" else ""
    reason = f" ({last.reason})" if last.reason else ""
    return f"{about}{ticket}; by {last.by}, {last.at[:10]}{reason}"
