"""Build the world of a pack: its warehouse and people, the gaps planted in it, and what its catalog tells."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from itertools import islice
from math import fsum
from typing import Final

from datagap import clock, ids, model
from datagap.catalog import Catalog
from datagap.gap import GAP_TYPES
from datagap.pack import layout
from datagap.seeding import Stream
from datagap.synth.concealment import Concealment, conceal
from datagap.synth.config import gap_weights
from datagap.synth.need import Joint, Need, Sound, World
from datagap.synth.people import STAFF, hire
from datagap.synth.planters import absence, service
from datagap.synth.planters.registry import CLAIMED, MENDED, OPEN, ORDER, Maker
from datagap.synth.scenario import Vocabulary
from datagap.synth.site import Planted, Site
from datagap.synth.warehouse import Place, build_warehouse, spoken_name, words

FIRST_SNAPSHOT = clock.parse("2025-01-06T18:00:00Z")
SNAPSHOT_DAYS = 730
DATASETS_PER_GAP = 4
"""A catalog of so many datasets holds one gap, unless the config says how many there are."""
HOSTING = 0.55
"""Share of the marts that gaps go to before they go to staging and source datasets."""
CLAIMS_PER_TYPE = 2
SHORTEST = 2 * clock.HOUR
"""No gap that people ask about holds for less."""

HARMLESS: Final = frozenset[model.GapReason](
    [
        "absent",
        "not_exposed",
        "too_coarse",
        "incompatible_period",
        "no_key",
        "key_mismatch",
        "masked",
        "undocumented",
        "undiscoverable",
        "conflicting_definitions",
        "stale",
        "incomplete",
        "wrong_values",
    ]
)
"""Reasons of gaps that spoil no plain question about other columns of the same dataset."""
INCIDENTS: Final = frozenset[model.GapType](["freshness_breach", "quality_issue"])
"""Types that begin while people look on."""
OUTCOMES: Final[Mapping[model.GapType, tuple[model.Outcome, ...]]] = {
    "missing_asset": ("blocked",),
    "missing_column": ("blocked", "blocked", "degraded"),
    "grain_mismatch": ("degraded",),
    "type_mismatch": ("blocked", "degraded"),
    "freshness_breach": ("degraded",),
    "joinability_issue": ("blocked",),
    "access_denied": ("blocked",),
    "docs_missing": ("degraded",),
    "performance_limit": ("blocked", "degraded"),
    "quality_issue": ("degraded",),
}
"""How queries end that meet a gap of a type."""
SERVED_IN_PART: Final = frozenset[model.GapReason](["masked", "not_modelled"])
"""Reasons of gaps that leave part of an answer, whatever their type."""
SEVERITIES: Final[Mapping[model.GapType, model.Severity]] = {
    "missing_asset": "high",
    "missing_column": "high",
    "grain_mismatch": "medium",
    "type_mismatch": "medium",
    "freshness_breach": "medium",
    "joinability_issue": "high",
    "access_denied": "high",
    "docs_missing": "low",
    "performance_limit": "medium",
    "quality_issue": "medium",
}


def snapshot_instant(seed: int) -> int:
    """Return the instant that stands for now in a pack with this seed: an evening in 2025 or 2026."""
    stream = Stream(seed, "clock")
    days, seconds = stream.one("day", 0, SNAPSHOT_DAYS), stream.one("second", 0, 4 * clock.HOUR)
    return FIRST_SNAPSHOT + days * clock.DAY + seconds


def build_world(config: model.Config, vocabulary: Vocabulary, seed: int) -> World:
    """Return the world of `config`; raise ScenarioError if the scenario cannot hold it."""
    domains = vocabulary.domains(config.catalog.domains)
    at = snapshot_instant(seed)
    staff = hire(config, vocabulary.scenario, [domain.name for domain in domains], seed)
    places = build_warehouse(config, vocabulary, domains, staff, at, seed)
    places = [_with_alias(place, vocabulary) for place in places]
    site = Site(config, vocabulary, staff, places, at, seed)
    subjects = [(domain.name, subject) for domain in domains for subject in domain.absent_subjects]
    return _Planter(site, subjects, conceal(config.catalog_completeness, seed)).plant()


def _with_alias(place: Place, vocabulary: Vocabulary) -> Place:
    """Return the dataset with its spoken name declared, so that what people call it can be looked up."""
    if "en" in place.entity.labels:
        alias = spoken_name(place, vocabulary.phrasebook("en"), vocabulary).text
    else:
        alias = words(place.entity.plural)
    return replace(place, dataset=replace(place.dataset, aliases=[alias]))


class _Planter:
    """Plants gaps in a site, each on a dataset of its own."""

    def __init__(self, site: Site, subjects: Sequence[tuple[str, model.Subject]], concealment: Concealment) -> None:
        self._site = site
        self._subjects = subjects
        self._concealment = concealment
        self._stream = site.stream
        names = list(site.places)
        shuffled = [names[position] for position in self._stream.order("host", len(names))]
        apt = [name for name in shuffled if site.places[name].period != "week"]  # weeks do not add up to the past
        marts = [name for name in apt if site.dataset(name).layer == "mart"]
        self._spare = (marts or apt)[-1]
        """A dataset that no gap is planted in, so that there is always one that serves a question."""
        self._late = site.break_loads(self._spare)
        self._hosts = self._in_turn([name for name in shuffled if name not in self._late])
        site.taken |= {self._spare, *self._late}
        self._landers = [site.places[name] for name in shuffled if site.places[name].kind == "source"]
        self._asked_for = iter(self._stream.order("subject", len(subjects)))

    def _in_turn(self, names: Sequence[str]) -> list[str]:
        """Return the datasets in the order in which gaps go to them: most marts, then the rest, the last marts last."""
        marts = [name for name in names if self._site.dataset(name).layer == "mart"]
        first = marts[: round(HOSTING * len(marts))]
        staging = [name for name in names if self._site.dataset(name).layer == "staging"]
        source = [name for name in names if self._site.dataset(name).layer == "source"]
        return [name for name in (*first, *staging, *source, *marts[len(first) :]) if name != self._spare]

    def plant(self) -> World:
        site, config = self._site, self._site.config
        weights = dict(zip(GAP_TYPES, gap_weights(config), strict=True))
        catalog = site.catalog()
        roots = service.late_roots(catalog, self._late)
        planted = [service.breached(site, catalog, self._late, root) for root in roots]
        mended = [False] * len(planted)
        default = max(1, len(site.places) // DATASETS_PER_GAP)
        wanted = default if config.gaps.count is None else config.gaps.count
        for one, resolved in self._plant_in_turn(_apportion(wanted - len(planted), weights, len(planted))):
            planted.append(one)
            mended.append(resolved)
        claims = list(self._claims())
        whole = site.catalog()
        told = self._concealment.applied(whole)
        needs = [
            self._need(index, one, resolved, whole, told)
            for index, (one, resolved) in enumerate(zip(planted, mended, strict=True))
        ]
        held = {one.gap_type for one in planted}
        spoilt = self._spoilt(planted, mended)
        sound, past_only = self._sound(spoilt)
        return World(
            generated_at=site.at,
            vocabulary=site.vocabulary,
            staff=site.staff,
            places=site.places,
            catalog=told,
            needs=needs,
            claims=[self._false(one) for one in claims],
            sound=sound,
            joints=list(self._joints(sound)),
            past_only=past_only,
            dropped=[gap_type for gap_type in GAP_TYPES if weights[gap_type] > 0 and gap_type not in held],
            wanted=wanted,
        )

    def _plant_in_turn(self, wanted: Mapping[model.GapType, int]) -> Iterator[tuple[Planted, bool]]:
        """Yield gaps and whether they are resolved, one of each type in turn; a type that runs dry is made up for."""
        supplies = {gap_type: self._supply(gap_type) for gap_type, count in wanted.items() if count}
        left, turn = sum(wanted.values()), 0
        while left and supplies:
            due = [name for name in supplies if turn < wanted[name]] or list(supplies)
            for gap_type in due[:left]:
                found = next(supplies[gap_type], None)
                if found is None:
                    del supplies[gap_type]
                    continue
                left -= 1
                yield found
            turn += 1

    def _supply(self, gap_type: model.GapType) -> Iterator[tuple[Planted, bool]]:
        """Yield gaps of a type, of its reasons in turn, until nothing more fits."""
        site, order = self._site, ORDER[gap_type]
        place = GAP_TYPES.index(gap_type)
        first = self._stream.one("reason", place, len(order))
        makers = [self._makes(reason) for reason in order]
        mender = self._on_hosts(MENDED[gap_type])
        turn, dry = 0, 0
        while dry < len(order):
            resolves = self._stream.one("resolves", place * 100_000 + turn, 1 << 20) < round(
                site.config.gaps.resolved_share * (1 << 20)
            )
            found = next(mender, None) if resolves else None
            if found and self._lasts(found):
                yield found, True
                turn, dry = turn + 1, 0
                continue
            found = next(makers[(first + turn) % len(order)], None)
            turn, dry = turn + 1, 0 if found else dry + 1
            if found:
                yield found, False

    def _makes(self, reason: model.GapReason) -> Iterator[Planted]:
        if reason in OPEN:
            return self._on_hosts(OPEN[reason])
        return self._on_subjects(reason)

    def _on_hosts(self, make: Maker) -> Iterator[Planted]:
        site = self._site
        for name in self._hosts:
            if name not in site.taken:
                site.taken.add(name)  # so that it is not found as its own partner
                planted = site.attempt(make, name)
                if planted is None:
                    site.taken.discard(name)
                else:
                    site.taken.update(planted.datasets)
                    yield planted

    def _on_subjects(self, reason: model.GapReason) -> Iterator[Planted]:
        """Yield gaps about subjects that nobody has data on; for raw data alone, a source like another lands them."""
        site = self._site
        for place in self._asked_for:
            domain, subject = self._subjects[place]
            if reason == "not_ingested":
                yield absence.not_ingested(site, subject)
            else:
                landers = [one for one in self._landers if one.dataset.domain == domain]
                planted = absence.not_modelled(site, subject, landers[place % len(landers)])
                site.taken.update(planted.datasets)
                yield planted

    def _claims(self) -> Iterator[Planted]:
        """Yield claims that are false, on datasets that nothing is planted in."""
        site = self._site
        sound = [name for name in reversed(self._hosts) if name not in site.taken]
        for make in CLAIMED.values():
            found = (site.attempt(make, name) for name in sound)
            yield from islice((planted for planted in found if planted), CLAIMS_PER_TYPE)

    def _spoilt(self, planted: Sequence[Planted], mended: Sequence[bool]) -> Mapping[str, set[str] | None]:
        """Return the datasets in which something is wrong, with the columns that it concerns; None for all of them."""
        spoilt: dict[str, set[str] | None] = {}
        for one, resolved in zip(planted, mended, strict=True):
            for name in one.datasets:
                columns = None if resolved or one.reason not in HARMLESS else set(one.columns)
                before = spoilt.get(name, set())
                spoilt[name] = None if columns is None or before is None else before | columns
        return spoilt

    def _sound(self, spoilt: Mapping[str, set[str] | None]) -> tuple[list[Sound], bool]:
        """Return the datasets that serve a plain question, and whether they serve the past alone."""
        places = [place for place in self._site.places.values() if STAFF in (place.dataset.access_roles or ())]
        places = [place for place in places if place.dataset.retired_at is None and place.name not in self._late]
        found = []
        for place in places:
            columns = spoilt.get(place.name, set())
            if columns is None:
                continue
            face = self._site.plain_face(place.name, columns)
            if face["measure"] and face["dim"]:
                found.append(Sound(place=place, face=face))
        marts = [sound for sound in found if sound.place.dataset.layer == "mart"]
        if marts or found:
            return marts or found, False
        spare = self._site.places[self._spare]
        return [Sound(place=spare, face=self._site.face(self._spare))], True

    def _joints(self, sound: Sequence[Sound]) -> Iterator[Joint]:
        """Yield pairs of datasets that a declared key joins, the second with dimensions that the first lacks."""
        by_name = {one.place.name: one for one in sound}
        for left in sound:
            mine = {column.name for column in left.place.dataset.columns}
            for key in left.place.dataset.foreign_keys or ():
                right = by_name.get(key.references)
                if right is None or len(key.columns) > 1:
                    continue
                dims = [one for one in right.face["dim"] if one.ref.rpartition(".")[2] not in mine]
                if dims:
                    other = [self._site.entity(right.place.entity)]
                    face = {**left.face, "dim": dims, "other_entity": other}
                    yield Joint(left=left.place, right=right.place, key=key.columns[0], face=face)

    # From planted to needs

    def _lasts(self, planted: Planted) -> bool:
        """Return whether a gap that was mended held long enough, within the window, for people to ask about it."""
        began, resolved = self._interval(planted, 0, resolved=True)
        return (
            resolved is not None
            and resolved - max(began, self._site.start) >= SHORTEST
            and resolved <= self._site.at - SHORTEST
        )

    def _interval(self, planted: Planted, index: int, *, resolved: bool) -> tuple[int, int | None]:
        """Return when a gap began and when it ended; None while it holds."""
        site, stream = self._site, self._stream
        window = site.at - site.start
        ended, drawn = None, site.at
        if resolved:
            drawn = site.start + window * (40 + stream.one("ended", index, 50)) // 100
            ended = planted.resolved_at or self._at_work(drawn, index)
        began = planted.since
        if began is None and planted.gap_type in INCIDENTS:
            began = site.start + window * stream.one("began/incident", index, 30 if resolved else 60) // 100
        if began is None:
            began = site.start - (5 + stream.one("began", index, 300)) * clock.DAY
        if ended is not None and planted.resolved_at is None and ended < began + SHORTEST:
            ended = drawn
        return began, ended

    def _at_work(self, instant: int, index: int) -> int:
        """Return an instant in the business hours of the day or of the Friday before, if that lies in the window."""
        days = max(0, clock.weekday(instant) - 4)
        morning = instant - instant % clock.DAY - days * clock.DAY + 9 * clock.HOUR
        moved = morning + self._stream.one("ended/second", index, 8 * clock.HOUR)
        fits = self._site.start + 2 * SHORTEST <= moved <= self._site.at - SHORTEST
        return moved if fits else instant

    def _need(self, index: int, planted: Planted, resolved: bool, whole: Catalog, told: Catalog) -> Need:
        site = self._site
        began, ended = self._interval(planted, index, resolved=resolved)
        gap = model.TruthGap(
            gap_id=ids.gap_id(index),
            gap_type=planted.gap_type,
            reason=planted.reason,
            subject=planted.subject,
            datasets=list(planted.datasets),
            columns=list(planted.columns),
            grain=planted.grain,
            fact=self._fact(planted, whole, told),
            severity=SEVERITIES[planted.gap_type],
            began_at=clock.render(began),
            resolved_at=None if ended is None else clock.render(ended),
            demand=model.Demand(people=0, events=0),
        )
        until = site.at if ended is None else ended
        return self._made(planted, gap, max(site.start, began), until)

    def _false(self, planted: Planted) -> Need:
        since = self._site.start
        if planted.gap_type == "freshness_breach":  # before its newest load nobody can say when the one before was
            since = max(since, self._site.loads[planted.datasets[0]][0])
        return self._made(planted, None, since, self._site.at)

    def _made(self, planted: Planted, gap: model.TruthGap | None, since: int, until: int) -> Need:
        owner = self._site.dataset(planted.datasets[0]).owner if planted.datasets else None
        return Need(
            gap=gap,
            gap_type=planted.gap_type,
            reason=planted.reason,
            faces=planted.faces,
            lacking=planted.lacking,
            since=since,
            until=until,
            owner=None if owner is None else self._person[owner],
            outcomes=("degraded",) if planted.reason in SERVED_IN_PART else OUTCOMES[planted.gap_type],
            incident=planted.gap_type in INCIDENTS,
        )

    @cached_property
    def _person(self) -> Mapping[str, int]:
        return {person.person_id: place for place, person in enumerate(self._site.staff.people)}

    def _fact(self, planted: Planted, whole: Catalog, told: Catalog) -> model.Fact:
        """Return where the catalog shows a gap, or where it says that it does not tell such facts."""
        position = whole.position[planted.datasets[0]] if planted.datasets else 0
        if self._concealment.tells(planted.told_by, position):
            return planted.locate(told)
        entry: model.FactCoverage = getattr(told.coverage, planted.told_by)
        return model.Fact(file=layout.COVERAGE, pointer=f"/{planted.told_by}/status", value=entry.status)


def _apportion(count: int, weights: Mapping[model.GapType, float], late: int) -> dict[model.GapType, int]:
    """Return how many gaps of each type to plant beside the late ones: in proportion, at least one while they last.

    By largest remainders (Hamilton's method), after one each for the heaviest types.
    """
    asked = sorted((name for name in GAP_TYPES if weights[name] > 0), key=lambda name: -weights[name])
    if count <= 0 or not asked:
        return {}
    total = fsum(weights[name] for name in asked)
    shares = {name: (count + late) * weights[name] / total for name in asked}
    if "freshness_breach" in shares:
        shares["freshness_breach"] = max(1.0, shares["freshness_breach"] - late)
    given = dict.fromkeys(asked[:count], 1)
    left = count - len(given)
    wanting = {name: max(0.0, shares[name] - 1) for name in given}
    missing = fsum(wanting.values())  # not sum(): since Python 3.12 it rounds differently
    scale = left / missing if missing > 0 else 0.0
    exact = {name: wanting[name] * scale for name in given}
    for name in given:
        given[name] += int(exact[name])
    by_remainder = sorted(given, key=lambda name: int(exact[name]) - exact[name])
    for name in by_remainder[: count - sum(given.values())]:
        given[name] += 1
    return given
