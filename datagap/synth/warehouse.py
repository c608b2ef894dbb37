"""The datasets of a world in which nothing is wrong yet: sources, staging and marts, their keys and their lineage."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import count, islice
from typing import Final, Literal, TypeAlias

from datagap import clock, model
from datagap.seeding import Stream
from datagap.synth.people import STAFF, Staff
from datagap.synth.phrasebook import SLOT, Phrasebook
from datagap.synth.scenario import Vocabulary

Kind: TypeAlias = Literal["source", "staging", "thing", "event", "aggregate"]
LAYERS: Final[Mapping[Kind, str]] = {
    "source": "source",
    "staging": "staging",
    "thing": "mart",
    "event": "mart",
    "aggregate": "mart",
}
PERIODS: Final[tuple[model.Period, ...]] = ("day", "week", "month", "quarter")
PERIOD_WORDS: Final[Mapping[model.Period, str]] = {
    "day": "daily",
    "week": "weekly",
    "month": "monthly",
    "quarter": "quarterly",
}
VARIANTS: Final = ("EMEA", "APAC", "LATAM", "NA", "DACH", "UKI", "Nordics", "Iberia", "Benelux", "ANZ", "MEA", "CEE")
"""Parts of a company that have tables of their own where a catalog has more tables than kinds of them."""
LOADED_AT: Final = "loaded_at"
CREATED_ON: Final = "created_on"
REPORT_DATE: Final = "report_date"
DATE_TYPES: Final = frozenset(["date", "timestamp"])
MOST_ROWS: Final = 400_000_000
"""Rows of the largest dataset that nobody finds slow."""
PARTITIONED_ROWS: Final = 100_000
"""Datasets of so many rows are partitioned by their date."""


@dataclass(frozen=True, kw_only=True)
class Place:
    """A dataset, what it is about, and how it came to be."""

    dataset: model.Dataset
    kind: Kind
    entity: model.Entity
    upstream: tuple[str, ...]
    system: str = ""
    period: model.Period | None = None
    by: str = ""
    """Dimension that tells it from other aggregates over the same period."""
    variant: str = ""
    """Part of the company, or number, that tells it from others of its kind."""

    @property
    def name(self) -> str:
        """Name of the dataset."""
        return self.dataset.name


def words(name: str) -> str:
    """Return a snake_case name as words."""
    return name.replace("_", " ")


def system_name(system: str) -> str:
    """Return the name of a system as people write it."""
    return " ".join(part.capitalize() for part in system.split("_"))


def build_warehouse(
    config: model.Config, vocabulary: Vocabulary, domains: Sequence[model.Domain], staff: Staff, at: int, seed: int
) -> list[Place]:
    """Return the datasets of `config` as of the instant `at`, each after those that it is made from."""
    builder = _Builder(vocabulary, domains, Stream(seed, "warehouse"))
    catalog = config.catalog
    places = [*builder.raw(catalog.staging_tables), *builder.marts(catalog.mart_tables)]
    owners = {domain.name: _owners(domain.name, staff, Stream(seed, "owners")) for domain in domains}
    stream = Stream(seed, "warehouse")
    return [
        replace(place, dataset=_settled(place, owners[place.dataset.domain], staff, at, stream, number))
        for number, place in enumerate(places)
    ]


def spoken_name(place: Place, phrasebook: Phrasebook, vocabulary: Vocabulary) -> model.Noun:
    """Return what people call a dataset in the language of `phrasebook`."""
    names, lang = phrasebook.words.spoken_names, phrasebook.lang
    pattern: model.Noun = getattr(names, place.kind)
    if place.by:
        pattern = names.aggregate_by
    fillings = {
        "system": system_name(place.system),
        "entity": place.entity.labels[lang].text,
        "period": getattr(phrasebook.words.period_adjectives, place.period) if place.period else "",
        "dim": vocabulary.terms[place.by].labels[lang].text if place.by else "",
    }
    name = fill(pattern.text, fillings)
    if place.variant:
        name = fill(names.variant.text, {"name": name, "variant": place.variant})
    return replace(pattern, text=name)


def fill(pattern: str, fillings: Mapping[str, str]) -> str:
    """Return `pattern` with its plain slots filled."""
    return SLOT.sub(lambda match: fillings[match[1]], pattern)


class _Builder:
    """Builds datasets, each name once."""

    def __init__(self, vocabulary: Vocabulary, domains: Sequence[model.Domain], stream: Stream) -> None:
        self._vocabulary = vocabulary
        self._stream = stream
        pairs = [(domain, entity) for domain in domains for entity in domain.entities]
        self._pairs = list(_by_reference(pairs))
        self._taken: set[str] = set()
        self._main: dict[tuple[str, Kind], Place] = {}
        """First dataset of each entity and kind."""
        self._staging: dict[str, list[Place]] = {}

    def raw(self, staging_tables: int) -> Iterator[Place]:
        """Yield the sources, at least one of each entity, and the staging datasets, each made from one of them."""
        made = 0
        for turn, (domain, entity, system, variant) in enumerate(self._deliveries()):
            if made >= staging_tables and turn >= len(self._pairs):
                return
            source = self._source(domain, entity, system, variant, turn if turn >= len(self._pairs) else 0)
            yield source
            if made < staging_tables:
                made += 1
                yield self._cleaned(domain, entity, system, variant, source)

    def _deliveries(self) -> Iterator[tuple[model.Domain, model.Entity, str, str]]:
        """Yield who delivers what, without end: every entity in turn, from its systems in turn, for ever more parts."""
        for lap in count():
            for domain, entity in self._pairs:
                turn, place = divmod(lap, len(domain.systems))
                yield domain, entity, domain.systems[place], _variant(turn)

    def _source(self, domain: model.Domain, entity: model.Entity, system: str, variant: str, number: int) -> Place:
        name = self._name("source", entity.plural, variant, system=system)
        loaded = model.Column(name=LOADED_AT, type="timestamp", description="When it was loaded.")
        columns = [*self._facts(entity, number), loaded]
        dataset = model.Dataset(
            name=name,
            domain=domain.name,
            layer=LAYERS["source"],
            owner=None,
            description=f"{words(entity.plural).capitalize()} as {system_name(system)} delivers them"
            + (f" for {variant}." if variant else "."),
            columns=columns,
            grain=model.Grain(keys=[entity.key]),
            primary_key=[entity.key],
            foreign_keys=[],
        )
        return self._keep(
            Place(dataset=dataset, kind="source", entity=entity, upstream=(), system=system, variant=variant)
        )

    def _cleaned(self, domain: model.Domain, entity: model.Entity, system: str, variant: str, source: Place) -> Place:
        keys = self._references(entity, "staging")
        columns = [column for column in source.dataset.columns if column.name != LOADED_AT]
        dataset = model.Dataset(
            name=self._name("staging", entity.plural, variant, system=system),
            domain=domain.name,
            layer=LAYERS["staging"],
            owner=None,
            description=f"Typed and deduplicated {words(entity.plural)} from {system_name(system)}"
            + (f" for {variant}." if variant else "."),
            columns=columns,
            grain=model.Grain(keys=[entity.key]),
            primary_key=[entity.key],
            foreign_keys=keys,
        )
        upstream = (source.name,)
        place = Place(dataset=dataset, kind="staging", entity=entity, upstream=upstream, system=system, variant=variant)
        self._staging.setdefault(entity.name, []).append(place)
        return self._keep(place)

    def marts(self, mart_tables: int) -> Iterator[Place]:
        """Yield marts: the table of every entity first, then aggregates over ever more."""
        yield from islice((self._whole(domain, entity) for domain, entity in self._pairs), mart_tables)
        yield from islice(self._aggregates(), max(0, mart_tables - len(self._pairs)))

    def _whole(self, domain: model.Domain, entity: model.Entity) -> Place:
        things = words(entity.plural)
        dataset = model.Dataset(
            name=self._name(entity.kind, entity.plural, ""),
            domain=domain.name,
            layer=LAYERS[entity.kind],
            owner=None,
            description=f"{things.capitalize()} of all systems, one row each.",
            columns=self._facts(entity, 0),
            grain=model.Grain(keys=[entity.key]),
            primary_key=[entity.key],
            foreign_keys=self._references(entity, "thing"),
            metrics=self._metrics(entity),
        )
        return self._keep(Place(dataset=dataset, kind=entity.kind, entity=entity, upstream=self._feeds(entity)))

    def _metrics(self, entity: model.Entity) -> list[model.Metric]:
        return [
            model.Metric(
                name=metric.name,
                definition=metric.formula,
                description=metric.description,
                synonyms=sorted({noun.text for noun in (metric.synonyms or {}).get("en", ())}),
            )
            for metric in self._vocabulary.scenario.metrics
            if metric.entity == entity.name
        ]

    def _aggregates(self) -> Iterator[Place]:
        """Yield aggregates without end: every entity in turn, over periods in turn, by ever other dimensions."""
        for lap in count():
            for number, (domain, entity) in enumerate(self._pairs):
                turn, place = divmod(lap, len(PERIODS))
                again, by = divmod(turn, len(entity.dimensions))
                period = PERIODS[(number + place) % len(PERIODS)]
                yield self._aggregate(domain, entity, period, by, _variant(again))

    def _aggregate(
        self, domain: model.Domain, entity: model.Entity, period: model.Period, first: int, variant: str
    ) -> Place:
        dims = entity.dimensions
        pair = list(dict.fromkeys([dims[first], dims[(first + 1) % len(dims)]]))
        by = dims[first] if first else ""
        table = f"{entity.plural}_by_{by}" if by else entity.plural
        name = self._name("aggregate", table, variant, period=PERIOD_WORDS[period])
        start = model.Column(name=f"{period}_start", type="date", description=f"First day of the {period}.")
        if period == "day":
            start = model.Column(name=REPORT_DATE, type="date", description="Day that the figures are of.")
        split = " and ".join(words(dimension) for dimension in pair)
        dataset = model.Dataset(
            name=name,
            domain=domain.name,
            layer=LAYERS["aggregate"],
            owner=None,
            description=f"{words(entity.plural).capitalize()} per {period}, {split}"
            + (f", for {variant}." if variant else "."),
            columns=[start, *self._columns([*pair, *entity.measures])],
            grain=model.Grain(keys=pair, period=period),
            primary_key=[start.name, *pair],
            foreign_keys=[],
        )
        main = self._main.get((entity.name, entity.kind))
        related = [self._main[name, "thing"].name for name in entity.references or () if (name, "thing") in self._main]
        upstream = (main.name, *related[:1]) if main else self._feeds(entity)
        return self._keep(
            Place(
                dataset=dataset,
                kind="aggregate",
                entity=entity,
                upstream=upstream,
                period=period,
                by=by,
                variant=variant,
            )
        )

    def _feeds(self, entity: model.Entity) -> tuple[str, ...]:
        """Return what the table of an entity is made from: its staging datasets, and a thing that it refers to."""
        staging = [place.name for place in self._staging.get(entity.name, ())][:4]
        related = [self._main[name, "thing"].name for name in entity.references or () if (name, "thing") in self._main]
        own = staging or [self._main[entity.name, "source"].name]
        return tuple(dict.fromkeys([*own, *related[:1]]))

    def _facts(self, entity: model.Entity, number: int) -> list[model.Column]:
        """Return the columns of a dataset with one row for each thing or event; some deliveries lack a dimension."""
        dims = list(entity.dimensions)
        if number and len(dims) > 2 and self._stream.one("lacks", number, 2):
            del dims[self._stream.one("lacking", number, len(dims))]
        keys = [self._key(name) for name in entity.references or () if name in self._vocabulary.entities]
        event = entity.kind == "event"
        day = model.Column(
            name=f"{entity.name}_date" if event else CREATED_ON,
            type="date",
            description=f"Day of the {words(entity.name)}."
            if event
            else f"Day on which the {words(entity.name)} was added.",
        )
        return _distinct([self._key(entity.name), day, *keys, *self._columns([*dims, *entity.measures])])

    def _key(self, entity: str) -> model.Column:
        key = self._vocabulary.entities[entity].key
        return model.Column(name=key, type="string", description=f"Identifies the {words(entity)}.")

    def _columns(self, names: Sequence[str]) -> list[model.Column]:
        terms = self._vocabulary.terms
        return [model.Column(name=name, type=terms[name].type, description=terms[name].description) for name in names]

    def _references(self, entity: model.Entity, kind: Kind) -> list[model.ForeignKey]:
        targets = [self._main[name, kind] for name in entity.references or () if (name, kind) in self._main]
        return [
            model.ForeignKey(columns=[one.entity.key], references=one.name, referenced_columns=[one.entity.key])
            for one in targets
        ]

    def _name(self, kind: Kind, table: str, variant: str, *, system: str = "", period: str = "") -> str:
        pattern: str = getattr(self._vocabulary.scenario.naming, kind)
        plain = f"{table}_{variant.lower()}" if variant else table
        name = fill(pattern, {"table": plain, "system": system, "period": period})
        if name in self._taken:  # a scenario whose names run together
            name = next(f"{name}_{number}" for number in count(2) if f"{name}_{number}" not in self._taken)
        self._taken.add(name)
        return name

    def _keep(self, place: Place) -> Place:
        self._main.setdefault((place.entity.name, place.kind), place)
        return place


def _by_reference(pairs: Sequence[tuple[model.Domain, model.Entity]]) -> Iterator[tuple[model.Domain, model.Entity]]:
    """Yield things, then events, so that each comes after those that it refers to, where these are among them."""
    here = {entity.name for _, entity in pairs}
    done: set[str] = set()
    waiting = sorted(pairs, key=lambda pair: pair[1].kind != "thing")
    while waiting:
        ready = [pair for pair in waiting if {*(pair[1].references or ())} & here <= done]
        yield from ready
        done |= {entity.name for _, entity in ready}
        waiting = [pair for pair in waiting if pair not in ready]


def _variant(turn: int) -> str:
    """Return the name of a part of the company: none, then each of VARIANTS, then numbers."""
    if turn == 0:
        return ""
    return VARIANTS[turn - 1] if turn <= len(VARIANTS) else f"V{turn - len(VARIANTS) + 1}"


def _distinct(columns: Sequence[model.Column]) -> list[model.Column]:
    return list({column.name: column for column in columns}.values())


def _owners(domain: str, staff: Staff, stream: Stream) -> list[int]:
    """Return the places of the two or so people who answer for a domain."""
    among = staff.owners
    return sorted({among[stream.one(f"{domain}/{number}", 0, len(among))] for number in range(2)})


def _settled(place: Place, owners: Sequence[int], staff: Staff, at: int, stream: Stream, number: int) -> model.Dataset:
    """Return the dataset with an owner, a size, and checks that pass."""
    dataset = place.dataset
    dates = [column.name for column in dataset.columns if column.type == "date"]
    rows = _rows(place, stream, number)
    return replace(
        dataset,
        owner=staff.people[owners[stream.one("owner", number, len(owners))]].person_id,
        tier=1 + stream.one("tier", number, 4) if dataset.layer == "mart" else None,
        aliases=[],
        access_roles=[STAFF],
        row_count=rows,
        partitioned_by=dates[:1] if rows >= PARTITIONED_ROWS else [],
        metrics=dataset.metrics or [],
        checks=list(_checks(place, dates, at - (1 + stream.one("checked", number, 8)) * clock.HOUR)),
    )


def _rows(place: Place, stream: Stream, number: int) -> int:
    typical = max(10, min(place.entity.rows, MOST_ROWS))
    if place.kind == "aggregate":
        return 400 + stream.one("rows", number, max(1, min(typical // 50, 900_000)))
    share = 3 if place.kind in ("source", "staging") else 1
    return typical // share + stream.one("rows", number, max(1, typical // 10))


def _checks(place: Place, dates: Sequence[str], ran_at: int) -> Iterator[model.Check]:
    dataset = place.dataset
    key = dataset.primary_key or []
    column = key[0] if len(key) == 1 else None
    at = clock.render(ran_at)
    suffix = f"{column}_unique" if column else "unique"
    yield model.Check(
        name=f"{dataset.name}_{suffix}", kind="unique", column=column, status="pass", ran_at=at, failed_rows=0
    )
    if dataset.layer == "source":
        return
    named = {column.name for column in dataset.columns}
    checked: list[tuple[model.CheckKind, str]] = [("not_null", name) for name in key[:1]]
    checked += [("accepted_values", name) for name in place.entity.dimensions if name in named][:1]
    checked += [("recency", name) for name in dates[:1] if dataset.layer == "mart"]
    for kind, name in checked:
        yield model.Check(
            name=f"{dataset.name}_{name}_{kind}", kind=kind, column=name, status="pass", ran_at=at, failed_rows=0
        )
