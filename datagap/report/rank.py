"""Group detections by need and rank the groups."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Final

from datagap import clock, ids, model
from datagap.catalog import Catalog
from datagap.report.claim import Checked
from datagap.report.finding import Detected
from datagap.report.summary import summarise

SEVERITY_WEIGHT: Final[Mapping[model.Severity, int]] = {"low": 1, "medium": 2, "high": 3}
SEVERITIES: Final[Mapping[model.Outcome, model.Severity]] = {"blocked": "high", "degraded": "medium"}
"""How much of a question is lost, by how its query ended; low for the other ends."""
EFFORT_WEIGHT: Final[Mapping[model.Effort, int]] = {"small": 1, "medium": 2, "large": 4}
INCIDENTS: Final = frozenset({"freshness_breach", "quality_issue", "access_denied"})
LANES: Final[tuple[model.Lane, ...]] = ("incidents", "backlog")
UNKNOWN_TIER: Final = 2.5
"""An item whose criticality tier is unknown stands between tiers 2 and 3."""
NO_DEADLINE: Final = "9999-12-31"
QUOTES: Final = 5
"""Quotes that an item shows."""
FACTS: Final = 3
"""Catalog facts that an item shows."""


@dataclass(frozen=True, kw_only=True)
class Group:
    """Detections with the same need."""

    group_id: str
    key: tuple[str, ...]
    members: Sequence[tuple[Detected, Checked]]
    """In order of (when, event id)."""
    aliases: tuple[str, ...] = ()
    """Other ids that it goes by, sorted."""

    @cached_property
    def lead(self) -> Checked:
        """The check that speaks for the group: of those with its very key, confirmed before the others, the first."""
        order = {"confirmed": 0, "unverifiable": 1, "contradicted": 2}
        own = [checked for _, checked in self.members if checked.key == self.key]
        return min(own or [checked for _, checked in self.members], key=lambda checked: order[checked.verdict])

    @cached_property
    def people(self) -> int:
        """Distinct people behind it."""
        return len({detected.finding.actor for detected, _ in self.members})


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """A group to serve, and where it stands after the team's decisions."""

    group: Group
    status: model.ItemStatus = "open"
    assignee: str | None = None
    ticket: str | None = None


def group(detected: Iterable[Detected]) -> list[Group]:
    """Return the groups of detections by the canonical key of their need, sorted by id."""
    by_key: defaultdict[tuple[str, ...], list[tuple[Detected, Checked]]] = defaultdict(list)
    for one in detected:
        for key, gap in {gap.key: gap for gap in reversed(one.gaps)}.items():
            by_key[key].append((one, gap))
    groups = [
        Group(group_id=ids.group_id(key), key=key, members=sorted(members, key=lambda member: _time(member[0])))
        for key, members in by_key.items()
    ]
    return sorted(groups, key=lambda one: one.group_id)


def rank(
    standings: Iterable[Standing],
    catalog: Catalog,
    owners: Mapping[str, str],
    min_frequency: int,
) -> list[model.BacklogItem]:
    """Return the backlog: groups with enough events, each lane by tier, deadline and score."""
    enough = max(1, min_frequency)
    items = [_item(one, catalog, owners) for one in standings if len(one.group.members) >= enough]
    items.sort(key=_order)
    return [replace(item, rank=place) for place, item in enumerate(items, start=1)]


def score(person_days: int, severity: model.Severity | None, effort: model.Effort | None) -> float:
    """Return demand times severity over effort; what is unknown is left out."""
    weight = 1 if severity is None else SEVERITY_WEIGHT[severity]
    return person_days * weight / (1 if effort is None else EFFORT_WEIGHT[effort])


def lane(gap_type: model.GapType) -> model.Lane:
    """Return the lane that gaps of a type are ranked in."""
    return "incidents" if gap_type in INCIDENTS else "backlog"


def unrefuted(one: Group) -> Group:
    """Return a group with the claims that the catalog does not contradict."""
    return replace(one, members=[member for member in one.members if member[1].verdict != "contradicted"])


def _time(detected: Detected) -> tuple[str, str]:
    return detected.finding.when, detected.finding.event_id


def _order(item: model.BacklogItem) -> tuple[int, bool, float, str, float, int, str]:
    """Return what items are sorted by; in each lane those about no particular dataset come last."""
    tier = UNKNOWN_TIER if item.tier is None else item.tier
    vague = not item.datasets and item.gap_type != "missing_asset"
    deadline = item.deadline or NO_DEADLINE
    return LANES.index(item.lane), vague, tier, deadline, -item.score, -item.events, item.group_id


def _item(standing: Standing, catalog: Catalog, owners: Mapping[str, str]) -> model.BacklogItem:
    one = standing.group
    findings = [detected.finding for detected, _ in one.members]
    lead = one.lead
    claim = lead.claim
    verdicts = Counter(checked.verdict for _, checked in one.members)
    people = {finding.actor for finding in findings}
    person_days = len({(finding.actor, clock.day(finding.when)) for finding in findings})
    severity = _severity([finding.outcome for finding in findings if finding.outcome])
    channels = Counter(finding.channel for finding in findings)
    reach = catalog.reach(lead.datasets)
    settled_by = next((checked.settled_by for _, checked in one.members if checked.settled_by), None)
    return model.BacklogItem(
        rank=1,
        group_id=one.group_id,
        lane=lane(claim.gap_type),
        gap_type=claim.gap_type,
        reason=lead.reason,
        summary=summarise(lead),
        subject=claim.subject,
        datasets=lead.datasets,
        columns=lead.columns,
        owner=_owner(lead.datasets, catalog, owners),
        verdict=verdicts.most_common(1)[0][0],
        verdicts=model.VerdictCounts(
            confirmed=verdicts["confirmed"],
            contradicted=verdicts["contradicted"],
            unverifiable=verdicts["unverifiable"],
        ),
        settled_by=settled_by,
        confidence=round(sum(detected.confidence for detected, _ in one.members) / len(one.members), 4),
        people=len(people),
        person_days=person_days,
        events=len(findings),
        by_channel=model.ChannelCounts(nlq=channels["nlq"], slack=channels["slack"], email=channels["email"]),
        audiences=_audiences(people, catalog),
        downstream=None if reach is None else len(reach),
        first_seen=findings[0].when,
        last_seen=findings[-1].when,
        tier=_tier(lead.datasets, catalog),
        severity=severity,
        score=score(person_days, severity, None),
        evidence=[*_quotes(one), *_facts(one)],
        status=standing.status,
        assignee=standing.assignee,
        ticket=standing.ticket,
        aliases=one.aliases or None,
    )


def _severity(outcomes: Sequence[model.Outcome]) -> model.Severity | None:
    """Return how much is lost, by how most of the queries ended; None without queries."""
    if not outcomes:
        return None
    commonest = Counter(outcomes).most_common(1)[0][0]
    return SEVERITIES.get(commonest, "low")


def _owner(datasets: Sequence[str], catalog: Catalog, owners: Mapping[str, str]) -> str | None:
    for name in datasets[:1]:
        if name in owners:
            return owners[name]
        if name in catalog.by_name:
            return catalog.by_name[name].owner
    return None


def _tier(datasets: Sequence[str], catalog: Catalog) -> int | None:
    tiers = [catalog.by_name[name].tier for name in datasets if name in catalog.by_name]
    return min((tier for tier in tiers if tier is not None), default=None)


def _audiences(people: set[str], catalog: Catalog) -> Mapping[str, int] | None:
    known = [catalog.person[actor].audience for actor in people if actor in catalog.person]
    counts = Counter(audience for audience in known if audience)
    return dict(sorted(counts.items())) if counts else None


def _quotes(one: Group) -> list[model.Evidence]:
    """Return quotes of different people first, none twice."""
    chosen: dict[str, model.Evidence] = {}
    seen: set[str] = set()
    for again in (False, True):
        for detected, checked in one.members:
            finding = detected.finding
            quote = finding.quote_for(checked.claim.gap_type)
            if len(chosen) < QUOTES and quote and quote not in chosen and (again or finding.actor not in seen):
                seen.add(finding.actor)
                chosen[quote] = model.Evidence(event_id=finding.event_id, quote=quote)
    return list(chosen.values())


def _facts(one: Group) -> list[model.Evidence]:
    facts = {(fact.file, fact.pointer, fact.event_id): fact for _, checked in one.members for fact in checked.facts}
    return list(facts.values())[:FACTS]
