"""What earlier runs and the team's decisions say of the groups of this run."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from datagap import model
from datagap.catalog import Catalog
from datagap.report.claim import Checked
from datagap.report.correction import Check, corrected
from datagap.report.decision import PUT_ASIDE, Decided, Decisions, apart, corrections
from datagap.report.finding import Detected
from datagap.report.identity import Trace, former_names, settle
from datagap.report.ledger import Ledger
from datagap.report.past import PastReport
from datagap.report.rank import Group, Standing, unrefuted


@dataclass(frozen=True, kw_only=True)
class Remembered:
    """The groups of a run with what became of them before."""

    groups: Sequence[Group]
    """Every group, under the ids that hold, merged as decided; sorted by id."""
    standings: Sequence[Standing]
    """Those to serve, with the demand that counts."""
    snoozed: Sequence[Group]
    """Those that still hold people up, though not to be served now."""
    decided: Sequence[model.DecidedGroup]
    """Those put aside, the largest demand first."""
    id_of: Mapping[tuple[str, ...], str]
    """Ids by the canonical keys of what is in the groups."""


@dataclass(frozen=True, kw_only=True)
class Memory:
    """Decisions, corrections and an earlier report; without any, every group is new and open."""

    ledger: Ledger = field(default_factory=Ledger)
    past: PastReport | None = None

    def corrected(self, detected: Sequence[Detected], check: Check, catalog: Catalog) -> Sequence[Detected]:
        """Return events as the team corrected them."""
        found = corrections(self.ledger.entries)
        if not found:
            return detected
        present = {alias: name for name, aliases in former_names(catalog).items() for alias in aliases}
        return corrected(detected, found, check, present)

    def remember(self, groups: Sequence[Group], catalog: Catalog) -> Remembered:
        """Return where each group stands on the day of the catalog's snapshot."""
        entries = self.ledger.entries
        settled = settle(groups, catalog, self._known, apart(entries))
        names = {alias: group.group_id for group in settled for alias in group.aliases}
        decisions = Decisions.of(entries, names)
        targets = decisions.targets(names)
        merged = _merged(settled, targets)
        verdicts = [_Verdict(group, decisions.by_group.get(group.group_id), catalog.as_of[:10]) for group in merged]
        decided = [*(one.decided for one in verdicts if one.is_aside), *_absent(decisions, targets, merged)]
        return Remembered(
            groups=merged,
            standings=[one.standing for one in verdicts if not one.is_aside],
            snoozed=[one.group for one in verdicts if one.status == "snoozed"],
            decided=sorted(decided, key=lambda one: (-one.people, -one.events, one.group_id)),
            id_of={group.key: targets.get(group.group_id, group.group_id) for group in settled},
        )

    @property
    def _known(self) -> Mapping[str, Trace]:
        traces = dict(self.past.traces) if self.past else {}
        for entry in self.ledger.entries:
            if entry.group_id is not None and entry.group_id not in traces:
                root = entry.key[1] if entry.key and len(entry.key) > 1 else None
                traces[entry.group_id] = Trace(group_id=entry.group_id, root=root)
        return traces


class _Verdict:
    """Where one group stands."""

    def __init__(self, group: Group, decided: Decided | None, today: str) -> None:
        self._decided = decided
        whole = unrefuted(group)
        fixed_at = decided.fixed_at if decided else None
        since = [member for member in whole.members if fixed_at is None or member[0].finding.when > fixed_at]
        self.status: model.ItemStatus = "open"
        if decided is not None:
            self.status = decided.status(today, whole.people, lambda at: _people_since(whole, at), bool(since))
        self.group = whole if self.status == "fixed" else replace(whole, members=since)

    @property
    def is_aside(self) -> bool:
        return self.status in PUT_ASIDE

    @property
    def standing(self) -> Standing:
        decided = self._decided
        return Standing(
            group=self.group,
            status=self.status,
            assignee=decided.assignee if decided else None,
            ticket=decided.ticket if decided else None,
        )

    @property
    def decided(self) -> model.DecidedGroup:
        assert self._decided is not None
        return _record(self.group.group_id, self._decided, self.status, self.group)


def _record(group_id: str, decided: Decided, status: model.ItemStatus, group: Group | None) -> model.DecidedGroup:
    last = decided.last
    threshold = None if last.until_people is None else last.until_people + (last.people or 0)
    return model.DecidedGroup(
        group_id=group_id,
        status=status,
        title=decided.title,
        by=last.by,
        at=last.at,
        reason=last.reason,
        until=last.until if status == "snoozed" else None,
        until_people=threshold if status == "snoozed" else None,
        assignee=decided.assignee,
        ticket=decided.ticket,
        people=group.people if group else 0,
        events=len(group.members) if group else 0,
        aliases=(group.aliases or None) if group else None,
    )


def _people_since(group: Group, at: str) -> int:
    return len({detected.finding.actor for detected, _ in group.members if detected.finding.when > at})


def _absent(decisions: Decisions, targets: Mapping[str, str], groups: Iterable[Group]) -> Iterator[model.DecidedGroup]:
    """Yield what is put aside for good and that nobody ran into this time."""
    there = {group.group_id for group in groups}
    for group_id, decided in decisions.by_group.items():
        status = decided.status("", 0, lambda _: 0, new=False)
        if group_id not in there and group_id not in targets and status in PUT_ASIDE and status != "snoozed":
            yield _record(group_id, decided, status, None)


def _merged(groups: Sequence[Group], targets: Mapping[str, str]) -> list[Group]:
    """Return groups with those that are merged in place of their parts, sorted by id."""
    parts: defaultdict[str, list[Group]] = defaultdict(list)
    for group in groups:
        parts[targets.get(group.group_id, group.group_id)].append(group)
    merged = [_union(group_id, found) for group_id, found in parts.items()]
    return sorted(merged, key=lambda group: group.group_id)


def _union(group_id: str, parts: Sequence[Group]) -> Group:
    """Return several groups as one under an id; what one event says twice counts once."""
    if len(parts) == 1 and parts[0].group_id == group_id:
        return parts[0]
    first = next((group for group in parts if group.group_id == group_id), parts[0])
    members: dict[str, tuple[Detected, Checked]] = {}
    for group in (first, *(group for group in parts if group is not first)):
        for member in group.members:
            members.setdefault(member[0].finding.event_id, member)
    names = {name for group in parts for name in (group.group_id, *group.aliases)} - {group_id}
    ordered = sorted(members.values(), key=lambda member: (member[0].finding.when, member[0].finding.event_id))
    return Group(group_id=group_id, key=first.key, members=ordered, aliases=tuple(sorted(names)))
