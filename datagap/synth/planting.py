"""Plant gaps in a world as facts, each on a dataset of its own where there are enough."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from datagap import clock, ids, model
from datagap.catalog import Catalog
from datagap.gap import GAP_TYPES
from datagap.pack import layout
from datagap.seeding import Stream
from datagap.synth.config import gap_weights
from datagap.synth.world import Ground, Place, restriction

DATASETS_PER_GAP = 3
"""A catalog of so many datasets holds one gap, beside the late ones."""
LATE_AT_LEAST = 8 * clock.HOUR
LATE_AT_MOST = 60 * clock.HOUR
LOAD_LAG = clock.HOUR
HUGE = 4_000_000_000
FINER: Mapping[model.Period, model.Period] = {"week": "day", "month": "day", "quarter": "week"}


@dataclass(frozen=True, slots=True)
class Slot:
    """What a slot of a wording stands for, and its text by language; `""` serves every language."""

    kind: model.MentionKind | None
    ref: str
    labels: Mapping[str, str]

    def text(self, lang: str) -> str:
        """Return the text in `lang`."""
        return self.labels.get(lang) or self.labels[""]


@dataclass(frozen=True, kw_only=True)
class Need:
    """A planted gap, who can run into it and from when, and how it is spoken of."""

    gap: model.TruthGap
    slots: Mapping[str, Slot]
    actors: Sequence[int]
    """Places of the people who can run into it."""
    since: int
    """Instant from which every claim about it is true."""
    owner: int | None
    """Place of the person who answers for it."""
    outcome: model.Outcome


@dataclass(frozen=True, kw_only=True)
class World:
    """A catalog with gaps in it, and the needs that follow from them."""

    ground: Ground
    catalog: Catalog
    needs: Sequence[Need]
    dropped: Sequence[model.GapType]
    """Gap types that were asked for and that this world cannot hold."""


def plant(ground: Ground, config: model.Config, seed: int) -> World:
    """Return the world of `ground` with gaps in it."""
    return _Planter(ground, config, Stream(seed, "gaps")).plant()


@dataclass
class _Fact:
    """A planted fact before it has an id and a pointer."""

    gap_type: model.GapType
    reason: model.GapReason
    datasets: list[str]
    slots: dict[str, Slot]
    locate: Callable[[Catalog], model.Fact]
    columns: list[str] = field(default_factory=list)
    grain: model.Grain | None = None
    subject: str | None = None
    role: str | None = None
    """Access role that people who run into it lack."""
    since: int = 0


class _Planter:
    def __init__(self, ground: Ground, config: model.Config, stream: Stream) -> None:
        self._ground = ground
        self._config = config
        self._stream = stream
        self._datasets = {name: place.dataset for name, place in ground.places.items()}
        self._position = {name: position for position, name in enumerate(self._datasets)}
        self._lineage = _lineage(ground.places.values())
        self._loads = _on_time(ground, config, stream)
        self._unbroken = self._catalog()
        self._late = self._break_freshness()
        self._broken = self._catalog()
        order = stream.order("host", len(self._datasets))
        names = list(self._datasets)
        hosts = [names[position] for position in order]
        self._hosts = sorted(hosts, key=lambda name: (name in self._late, self._datasets[name].layer != "mart"))
        self._used: set[str] = set()
        self._spare = self._hosts[-1]
        """A dataset that everybody may read, so that there is always one to ask about."""

    def plant(self) -> World:
        weights = dict(zip(GAP_TYPES, gap_weights(self._config), strict=True))
        facts = [fact for root in self._roots() for fact in self._freshness(root)]
        facts += self._plant_in_turn(_apportion(max(1, len(self._datasets) // DATASETS_PER_GAP), weights))
        held = {fact.gap_type for fact in facts}
        catalog = self._catalog()
        needs = [self._need(index, fact, catalog) for index, fact in enumerate(facts)]
        dropped = [gap_type for gap_type in GAP_TYPES if weights[gap_type] > 0 and gap_type not in held]
        return World(ground=self._ground, catalog=catalog, needs=needs, dropped=dropped)

    def _plant_in_turn(self, wanted: Mapping[model.GapType, int]) -> Iterator[_Fact]:
        """Yield facts, one of each type in turn, as long as some are wanted and a dataset can hold them."""
        makers: Mapping[model.GapType, Callable[[Place], _Fact | None]] = {
            "missing_column": self._missing_column,
            "grain_mismatch": self._grain_mismatch,
            "type_mismatch": self._type_mismatch,
            "joinability_issue": self._joinability_issue,
            "access_denied": self._access_denied,
            "docs_missing": self._docs_missing,
            "performance_limit": self._performance_limit,
            "quality_issue": self._quality_issue,
        }
        supplies = {gap_type: self._on_hosts(makers[gap_type]) for gap_type in wanted if gap_type in makers}
        supplies |= {"missing_asset": self._absent_subjects()} if "missing_asset" in wanted else {}
        for turn in range(max(wanted.values(), default=0)):
            for gap_type, supply in supplies.items():
                fact = next(supply, None) if turn < wanted[gap_type] else None
                if fact:
                    yield fact

    def _on_hosts(self, make: Callable[[Place], _Fact | None]) -> Iterator[_Fact]:
        for name in self._hosts:
            if name not in self._used and (fact := make(self._ground.places[name])):
                self._used.update(fact.datasets)
                yield fact

    def _absent_subjects(self) -> Iterator[_Fact]:
        for place in self._stream.order("subject", len(self._ground.subjects)):
            _, subject = self._ground.subjects[place]
            slots = {"subject": Slot("subject", subject.name, subject.labels)}
            yield _Fact("missing_asset", "not_ingested", [], slots, _nowhere, subject=subject.name)

    # Freshness

    def _break_freshness(self) -> set[str]:
        """Make the configured share of datasets late, each with all its descendants; return their names.

        What has late sources is loaded after the last of them.
        """
        names = list(self._datasets)
        target = round(self._config.catalog.inject_freshness_breaches * len(names))
        late: set[str] = set()
        slowest = max(self._config.catalog.freshness_sla_hours) * clock.HOUR
        for position in self._stream.order("late", len(names)):
            closure = {names[position], *self._unbroken.descendants(names[position])}
            if len(late | closure) > target:
                continue
            lateness = LATE_AT_LEAST + self._stream.one("lateness", position, LATE_AT_MOST - LATE_AT_LEAST)
            name = names[position]
            self._loads[name] = (self._ground.generated_at - slowest - lateness, self._loads[name][1])
            late |= closure
        for name in names:  # sources come before what they feed
            if causes := late.intersection(self._ground.places[name].upstream):
                loaded = max(self._loads[cause][0] for cause in causes) + LOAD_LAG
                self._loads[name] = (loaded, self._loads[name][1])
        return late

    def _roots(self) -> list[str]:
        """Return the late datasets that have no late source."""
        return [
            name
            for name in self._datasets
            if name in self._late and not self._late & set(self._ground.places[name].upstream)
        ]

    def _freshness(self, root: str) -> list[_Fact]:
        late = [root, *(name for name in self._unbroken.descendants(root) if name in self._late)]
        held = [name for name in late if self._broken.late_root(name) == root]
        named = [name for name in held if self._datasets[name].layer == "mart"] or held
        spoken = named[self._stream.one("late/spoken", self._position[root], len(named))]
        weekday = clock.weekday(self._loads[spoken][0])
        since = max(self._loads[name][0] + self._loads[name][1] * clock.HOUR for name in late)
        slots = self._host_slots(self._ground.places[spoken]) | {"weekday": Slot(None, str(weekday), {})}
        reason: model.GapReason = "failed_run" if len(late) == 1 else "upstream_late"
        return [_Fact("freshness_breach", reason, late, slots, _load_of(root), since=since)]

    # The other types: each returns None where this dataset cannot hold the gap

    def _missing_column(self, place: Place) -> _Fact | None:
        mine = {column.name for column in self._datasets[place.name].columns}
        upstream = self._columns_upstream(place.name)
        dimensions = sorted({name for other in self._ground.places.values() for name in other.entity.dimensions} - mine)
        if not dimensions:
            return None
        position = self._stream.one("column", self._position[place.name], len(dimensions))
        term = self._ground.terms[dimensions[position]]
        reason: model.GapReason = "not_exposed" if term.name in upstream else "absent"
        ref = f"{place.name}.{term.name}"
        slots = self._host_slots(place) | {
            "column": Slot("column", ref, {"": term.name}),
            "column_label": Slot("column", ref, term.labels),
        }
        locate = _at(place.name, "columns", lambda dataset: [column.name for column in dataset.columns])
        return _Fact("missing_column", reason, [place.name], slots, locate, columns=[term.name])

    def _grain_mismatch(self, place: Place) -> _Fact | None:
        grain = self._datasets[place.name].grain
        finer = FINER.get(grain.period) if grain and grain.period else None
        if grain is None or grain.period is None or finer is None:
            return None
        asked = model.Grain(keys=list(grain.keys), period=finer)
        slots = self._host_slots(place) | {
            "grain": Slot("grain", finer, {}),
            "has_grain": Slot("grain", grain.period, {}),
        }
        locate = _at(place.name, "grain/period", lambda dataset: dataset.grain.period if dataset.grain else None)
        return _Fact("grain_mismatch", "too_coarse", [place.name], slots, locate, grain=asked)

    def _type_mismatch(self, place: Place) -> _Fact | None:
        dataset = self._datasets[place.name]
        dates = [number for number, column in enumerate(dataset.columns) if column.type == "date"]
        if not dates:
            return None
        number = dates[0]
        column = dataset.columns[number]
        columns = list(dataset.columns)
        columns[number] = replace(column, type="string", description=f"{column.description} Text, DD/MM/YYYY.")
        self._datasets[place.name] = replace(dataset, columns=columns, partitioned_by=[])
        slots = self._host_slots(place) | {"column": Slot("column", f"{place.name}.{column.name}", {"": column.name})}
        locate = _at(place.name, f"columns/{number}/type", lambda dataset: dataset.columns[number].type)
        return _Fact("type_mismatch", "wrong_type", [place.name], slots, locate, columns=[column.name])

    def _joinability_issue(self, place: Place) -> _Fact | None:
        other = next((name for name in self._hosts if self._unjoinable(place, name)), None)
        if other is None:
            return None
        slots = self._host_slots(place) | {"other": Slot("dataset", other, {"": other})}
        locate = _at(place.name, "foreign_keys", lambda dataset: [key.references for key in dataset.foreign_keys or ()])
        return _Fact("joinability_issue", "no_key", [place.name, other], slots, locate)

    def _unjoinable(self, place: Place, name: str) -> bool:
        fits = name not in self._used and self._ground.places[name].entity != place.entity
        return fits and not self._unbroken.joinable(place.name, name)

    def _access_denied(self, place: Place) -> _Fact | None:
        dataset = self._datasets[place.name]
        role = restriction(dataset.domain)
        if place.name == self._spare or place.name in self._late or not self._able(role, dataset.owner):
            return None  # who may not read a dataset cannot find it late
        self._datasets[place.name] = replace(dataset, access_roles=[role])
        locate = _at(place.name, "access_roles", lambda dataset: list(dataset.access_roles or ()))
        return _Fact("access_denied", "no_grant", [place.name], self._host_slots(place), locate, role=role)

    def _docs_missing(self, place: Place) -> _Fact:
        dataset = self._datasets[place.name]
        columns = [replace(column, description="") for column in dataset.columns]
        self._datasets[place.name] = replace(dataset, description="", columns=columns)
        named = columns[-1].name
        slots = self._host_slots(place) | {"column": Slot("column", f"{place.name}.{named}", {"": named})}
        locate = _at(place.name, "description", lambda dataset: dataset.description)
        return _Fact("docs_missing", "undocumented", [place.name], slots, locate)

    def _performance_limit(self, place: Place) -> _Fact:
        rows = HUGE + self._stream.one("rows", self._position[place.name], 1_000_000_000)
        self._datasets[place.name] = replace(self._datasets[place.name], row_count=rows, partitioned_by=[])
        locate = _at(place.name, "row_count", lambda dataset: dataset.row_count)
        return _Fact("performance_limit", "unpartitioned", [place.name], self._host_slots(place), locate)

    def _quality_issue(self, place: Place) -> _Fact:
        dataset = self._datasets[place.name]
        key = dataset.columns[0].name
        dimension = next(
            name for name in place.entity.dimensions if name in {column.name for column in dataset.columns}
        )
        kinds: list[tuple[model.GapReason, model.CheckKind, str]] = [
            ("incomplete", "not_null", dimension),
            ("wrong_values", "accepted_values", dimension),
        ]
        if dataset.primary_key == [key]:
            kinds.append(("duplicates", "unique", key))
        reason, kind, column = kinds[self._stream.one("check", self._position[place.name], len(kinds))]
        failing = model.Check(
            name=f"{place.name}_{column}_{kind}",
            kind=kind,
            column=column,
            status="fail",
            ran_at=clock.render(self._ground.generated_at - 6 * clock.HOUR),
            failed_rows=10 + self._stream.one("failed", self._position[place.name], 100_000),
        )
        others = [check for check in dataset.checks or () if check.name != failing.name]
        self._datasets[place.name] = replace(dataset, checks=[*others, failing])
        slots = self._host_slots(place) | {"column": Slot("column", f"{place.name}.{column}", {"": column})}
        number = len(others)
        locate = _at(place.name, f"checks/{number}/status", lambda dataset: (dataset.checks or ())[number].status)
        return _Fact("quality_issue", reason, [place.name], slots, locate, columns=[column])

    # What they share

    def _columns_upstream(self, name: str) -> set[str]:
        sources = self._ground.places[name].upstream
        mine = {column.name for source in sources for column in self._datasets[source].columns}
        return mine.union(*(self._columns_upstream(source) for source in sources))

    def _host_slots(self, place: Place) -> dict[str, Slot]:
        """Return the slots for a dataset, and for a measure and a dimension that it has."""
        names = [column.name for column in self._datasets[place.name].columns]
        measures = [name for name in place.entity.measures if name in names]
        dimensions = [name for name in place.entity.dimensions if name in names]
        measure = measures[self._stream.one("measure", self._position[place.name], len(measures))]
        dimension = dimensions[self._stream.one("dimension", self._position[place.name], len(dimensions))]
        return {
            "dataset": Slot("dataset", place.name, {"": place.name}),
            "measure": Slot("metric", f"{place.name}.{measure}", self._ground.terms[measure].labels),
            "dim": Slot("dimension", f"{place.name}.{dimension}", self._ground.terms[dimension].labels),
        }

    def _catalog(self) -> Catalog:
        at = clock.render(self._ground.generated_at)
        return Catalog(
            datasets=list(self._datasets.values()),
            freshness=[
                model.FreshnessRow(dataset=name, max_loaded_at=clock.render(loaded), sla_hours=sla)
                for name, (loaded, sla) in self._loads.items()
            ],
            lineage=self._lineage,
            as_of=at,
            coverage=_full_coverage(at),
            people=self._ground.people,
        )

    def _need(self, index: int, fact: _Fact, catalog: Catalog) -> Need:
        began = fact.since or self._ground.generated_at - (30 + self._stream.one("began", index, 300)) * clock.DAY
        gap = model.TruthGap(
            gap_id=ids.gap_id(index),
            gap_type=fact.gap_type,
            reason=fact.reason,
            subject=fact.subject,
            datasets=fact.datasets,
            columns=fact.columns,
            grain=fact.grain,
            fact=fact.locate(catalog),
            severity="high" if fact.gap_type in ("missing_asset", "access_denied", "missing_column") else "medium",
            began_at=clock.render(began),
            resolved_at=None,
            demand=model.Demand(people=0, events=0),
        )
        places = {person.person_id: place for place, person in enumerate(self._ground.people)}
        owner = self._datasets[fact.datasets[0]].owner if fact.datasets else None
        return Need(
            gap=gap,
            slots=fact.slots,
            actors=self._able(fact.role, owner),
            since=began,
            owner=None if owner is None else places[owner],
            outcome="blocked" if gap.severity == "high" else "degraded",
        )

    def _able(self, role: str | None, owner: str | None) -> list[int]:
        """Return the places of those who can run into a gap: nobody asks himself, unless he is alone."""
        people = enumerate(self._ground.people)
        lacking = {place: person.person_id for place, person in people if role not in (person.access_roles or ())}
        others = [place for place, person_id in lacking.items() if person_id != owner]
        return others or ([] if role else list(lacking))


def _apportion(count: int, weights: Mapping[model.GapType, float]) -> dict[model.GapType, int]:
    """Return how many gaps of each type to plant: in proportion, at least one of each; lateness is apart."""
    asked = {name: weight for name, weight in weights.items() if weight > 0 and name != "freshness_breach"}
    total = sum(asked.values())
    return {gap_type: max(1, round(count * weight / total)) for gap_type, weight in asked.items()}


def _on_time(ground: Ground, config: model.Config, stream: Stream) -> dict[str, tuple[int, int]]:
    """Return when each dataset was last loaded, within its service level, and that level in hours."""
    levels = config.catalog.freshness_sla_hours
    loads = {}
    for position, name in enumerate(ground.places):
        sla = levels[stream.one("sla", position, len(levels))]
        age = stream.one("age", position, sla * clock.HOUR * 3 // 4)
        loads[name] = (ground.generated_at - age, sla)
    return loads


def _lineage(places: Iterable[Place]) -> list[model.LineageEdge]:
    return [model.LineageEdge(from_=source, to=place.name) for place in places for source in place.upstream]


def _full_coverage(at: str) -> model.Coverage:
    entry = model.FactCoverage(status="complete", source="datagap-synth", as_of=at)
    return model.Coverage(**dict.fromkeys(model.schema("coverage")["properties"], entry))


def _nowhere(_: Catalog) -> model.Fact:
    return model.Fact(file=layout.DATASETS, pointer="", value=None)


def _load_of(name: str) -> Callable[[Catalog], model.Fact]:
    def locate(catalog: Catalog) -> model.Fact:
        place, row = catalog.load[name]
        return model.Fact(file=layout.FRESHNESS, pointer=f"/{place}/max_loaded_at", value=row.max_loaded_at)

    return locate


def _at(
    name: str, path: str, value: Callable[[model.Dataset], str | int | Sequence[str] | None]
) -> Callable[[Catalog], model.Fact]:
    def locate(catalog: Catalog) -> model.Fact:
        pointer = f"/{catalog.position[name]}/{path}"
        return model.Fact(file=layout.DATASETS, pointer=pointer, value=value(catalog.by_name[name]))

    return locate
