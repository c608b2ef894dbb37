"""Build the world before any gap is planted: datasets, lineage, freshness and people."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

import numpy as np

from datagap import clock, model
from datagap.seeding import Stream
from datagap.synth.scenario import choose_domains

T = TypeVar("T")
STAFF = "staff"
"""Access role that everybody holds."""
SYSTEMS = ("erp", "crm", "web", "pos", "app", "wms", "emea", "apac", "latam", "legacy")
PERIODS: tuple[model.Period, ...] = ("day", "week", "month", "quarter")
PERIOD_WORDS: Mapping[model.Period, str] = {
    "day": "daily",
    "week": "weekly",
    "month": "monthly",
    "quarter": "quarterly",
}
LOADED_AT = "loaded_at"
FIRST_SNAPSHOT = clock.parse("2025-01-06T18:00:00Z")
SNAPSHOT_DAYS = 730
RESTRICTED_SHARE = 0.15


@dataclass(frozen=True, kw_only=True)
class Place:
    """A dataset and what it was made from."""

    dataset: model.Dataset
    entity: model.Entity
    upstream: tuple[str, ...]

    @property
    def name(self) -> str:
        """Name of the dataset."""
        return self.dataset.name


@dataclass(frozen=True, kw_only=True)
class Ground:
    """A world in which nothing is wrong yet."""

    generated_at: int
    places: Mapping[str, Place]
    people: Sequence[model.Person]
    terms: Mapping[str, model.Term]
    """Dimensions and measures by name."""
    subjects: Sequence[tuple[str, model.Subject]]
    """Subjects nobody has data on, each with its domain."""


def snapshot_instant(seed: int) -> int:
    """Return the instant that stands for now in a pack with this seed: an evening in 2025 or 2026."""
    stream = Stream(seed, "clock")
    days, seconds = stream.one("day", 0, SNAPSHOT_DAYS), stream.one("second", 0, 4 * clock.HOUR)
    return FIRST_SNAPSHOT + days * clock.DAY + seconds


def build_ground(config: model.Config, scenario: model.Scenario, seed: int) -> Ground:
    """Return the world of `config` before gaps; raise ScenarioError if the scenario cannot hold it."""
    domains = choose_domains(scenario, config.catalog.domains)
    stream = Stream(seed, "world")
    terms = {term.name: term for term in [*scenario.dimensions, *scenario.measures]}
    people = _people(config, scenario, domains, stream)
    places = _places(config, domains, terms, [person.person_id for person in people], stream)
    return Ground(
        generated_at=snapshot_instant(seed),
        places={place.name: place for place in places},
        people=people,
        terms=terms,
        subjects=[(domain.name, subject) for domain in domains for subject in domain.absent_subjects],
    )


def _people(
    config: model.Config, scenario: model.Scenario, domains: Sequence[model.Domain], stream: Stream
) -> list[model.Person]:
    audiences = sorted(config.audience_weights)  # because the order of keys means nothing
    roles = {audience: [role for role in scenario.people.roles if role.audience == audience] for audience in audiences}
    names = scenario.people.names
    ids = config.actors if not isinstance(config.actors, int) else [_person_id(i, names) for i in range(config.actors)]
    index = np.arange(len(ids), dtype=np.int64)
    chosen = stream.pick("person/audience", index, [config.audience_weights[audience] for audience in audiences])
    languages = stream.pick("person/lang", index, [share.pct for share in config.nlq.languages])
    restricted = {name.name: stream.chance(f"person/{name.name}", index, RESTRICTED_SHARE) for name in domains}
    people = []
    for place, person_id in enumerate(ids):
        audience = audiences[chosen[place]]
        role = roles[audience][stream.one("person/role", place, len(roles[audience]))] if roles[audience] else None
        people.append(
            model.Person(
                person_id=person_id,
                role=role.role if role else None,
                team=role.team if role else None,
                audience=audience,
                timezone="UTC",
                lang=config.nlq.languages[languages[place]].lang,
                access_roles=[STAFF, *(restriction(name) for name, holds in restricted.items() if holds[place])],
                is_bot=False,
            )
        )
    return people


def _person_id(index: int, names: Sequence[str]) -> str:
    turn, place = divmod(index, len(names))
    return f"u_{names[place]}" + (str(turn + 1) if turn else "")


def words(name: str) -> str:
    """Return a snake_case name as words."""
    return name.replace("_", " ")


def restriction(domain: str) -> str:
    """Return the access role that restricted datasets of `domain` ask for."""
    return f"{domain}_restricted"


def _places(
    config: model.Config,
    domains: Sequence[model.Domain],
    terms: Mapping[str, model.Term],
    owners: Sequence[str],
    stream: Stream,
) -> list[Place]:
    entities = [(domain, entity) for domain in domains for entity in domain.entities]
    sources = [_source(domain, entity, terms) for domain, entity in entities]
    by_entity = {place.entity.name: place for place in sources}
    staging = _take(config.catalog.staging_tables, [_staging(*pair, terms, by_entity) for pair in entities])
    feeds: dict[str, list[Place]] = {}
    for place in staging:
        feeds.setdefault(place.entity.name, []).append(place)
    marts = _take(config.catalog.mart_tables, [_marts(*pair, terms, feeds, by_entity) for pair in entities])
    places = [*sources, *staging, *marts]
    return [
        replace(place, dataset=_settled(place.dataset, owners, stream, position))
        for position, place in enumerate(places)
    ]


def _take(count: int, sequences: Sequence[Iterator[Place]]) -> list[Place]:
    """Return `count` places, one from each endless sequence in turn."""
    return [next(sequences[turn % len(sequences)]) for turn in range(count)]


def _settled(dataset: model.Dataset, owners: Sequence[str], stream: Stream, position: int) -> model.Dataset:
    """Return the dataset with an owner, a size and passing checks."""
    key = dataset.primary_key or [dataset.columns[0].name]
    column = key[0] if len(key) == 1 else None
    unique = f"{dataset.name}_{column}_unique" if column else f"{dataset.name}_unique"
    return replace(
        dataset,
        owner=owners[stream.one("dataset/owner", position, len(owners))],
        tier=1 + stream.one("dataset/tier", position, 4) if dataset.layer == "mart" else None,
        row_count=10_000 + stream.one("dataset/rows", position, 40_000_000),
        partitioned_by=[column.name for column in dataset.columns if column.type == "date"][:1],
        checks=[model.Check(name=unique, kind="unique", column=column, status="pass")],
    )


def _columns(names: Sequence[str], terms: Mapping[str, model.Term]) -> list[model.Column]:
    return [model.Column(name=name, type=terms[name].type, description=terms[name].description) for name in names]


def _key(name: str) -> model.Column:
    return model.Column(name=name, type="string", description=f"Identifies the {name.removesuffix('_id')}.")


def _date(name: str, what: str) -> model.Column:
    return model.Column(name=name, type="date", description=what)


def _dataset(
    domain: model.Domain,
    name: str,
    layer: str,
    description: str,
    columns: Sequence[model.Column],
    grain: model.Grain,
    primary_key: Sequence[str],
    foreign_keys: Sequence[model.ForeignKey],
) -> model.Dataset:
    return model.Dataset(
        name=name,
        domain=domain.name,
        layer=layer,
        owner=None,
        description=description,
        columns=columns,
        aliases=[],
        grain=grain,
        primary_key=primary_key,
        foreign_keys=foreign_keys,
        access_roles=[STAFF],
    )


def _facts(entity: model.Entity, terms: Mapping[str, model.Term]) -> list[model.Column]:
    """Return the columns of a dataset with one row for each fact."""
    day = _date(f"{entity.name}_date", f"Day of the {words(entity.name)}.")
    return [_key(entity.key), day, *_columns([*entity.dimensions, *entity.measures], terms)]


def _references(entity: model.Entity, targets: Mapping[str, Place]) -> list[model.ForeignKey]:
    return [
        model.ForeignKey(
            columns=[targets[name].entity.key],
            references=targets[name].name,
            referenced_columns=[targets[name].entity.key],
        )
        for name in entity.references or ()
        if name in targets
    ]


def _source(domain: model.Domain, entity: model.Entity, terms: Mapping[str, model.Term]) -> Place:
    columns = [
        *_facts(entity, terms),
        model.Column(name=LOADED_AT, type="timestamp", description="When it was loaded."),
    ]
    name = f"src_{domain.name}_{entity.plural}"
    description = f"Raw {words(entity.plural)} as they arrive from the operational system."
    grain = model.Grain(keys=[entity.key])
    dataset = _dataset(domain, name, "source", description, columns, grain, [entity.key], [])
    return Place(dataset=dataset, entity=entity, upstream=())


def _staging(
    domain: model.Domain, entity: model.Entity, terms: Mapping[str, model.Term], sources: Mapping[str, Place]
) -> Iterator[Place]:
    """Yield staging datasets without end: one per system, then further versions of each."""
    keys = _references(entity, sources)
    foreign = [_key(key.columns[0]) for key in keys]
    columns = [*_facts(entity, terms), *foreign]
    for system, version in _names(SYSTEMS):
        name = f"stg_{domain.name}_{entity.plural}_{system}{version}"
        description = f"Cleaned {words(entity.plural)} from {system}, one row each."
        grain = model.Grain(keys=[entity.key])
        dataset = _dataset(domain, name, "staging", description, columns, grain, [entity.key], keys)
        yield Place(dataset=dataset, entity=entity, upstream=(sources[entity.name].name,))


def _marts(
    domain: model.Domain,
    entity: model.Entity,
    terms: Mapping[str, model.Term],
    feeds: Mapping[str, Sequence[Place]],
    sources: Mapping[str, Place],
) -> Iterator[Place]:
    """Yield mart datasets without end: aggregates over a period by two dimensions of the entity."""
    dims = entity.dimensions
    pairs = [(dims[i], dims[(i + 1) % len(dims)]) for i in range(len(dims))]
    shapes = [(period, pair) for pair in pairs for period in PERIODS]
    upstream = [place.name for place in feeds.get(entity.name, ())][:3] or [sources[entity.name].name]
    related = [feeds[name][0].name for name in entity.references or () if feeds.get(name)]
    for turn, ((period, pair), version) in enumerate(_names(shapes)):
        suffix = "" if turn < len(PERIODS) else f"_by_{pair[0]}"
        name = f"mart_{domain.name}_{entity.plural}_{PERIOD_WORDS[period]}{suffix}{version}"
        day = _date(f"{period}_start", f"First day of the {period}.")
        columns = [day, *_columns([*pair, *entity.measures], terms)]
        things = words(entity.plural).capitalize()
        description = f"{things} per {period}, {words(pair[0])} and {words(pair[1])}."
        grain = model.Grain(keys=list(pair), period=period)
        dataset = _dataset(domain, name, "mart", description, columns, grain, [day.name, *pair], [])
        yield Place(dataset=dataset, entity=entity, upstream=tuple(dict.fromkeys([*upstream, *related])))


def _names(parts: Sequence[T]) -> Iterator[tuple[T, str]]:
    """Yield every part, then every part as version 2, and so on."""
    version = 1
    while True:
        for part in parts:
            yield part, "" if version == 1 else f"_v{version}"
        version += 1
