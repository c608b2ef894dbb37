"""A world in the making: datasets that gaps are planted in, one after the other."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from datagap import clock, model
from datagap.catalog import Catalog
from datagap.gap import TYPE_OF
from datagap.pack import layout
from datagap.seeding import Stream
from datagap.synth.need import Face, Filling
from datagap.synth.people import Staff
from datagap.synth.scenario import Vocabulary
from datagap.synth.warehouse import Kind, Place, fill, spoken_name, system_name

LATE_AT_LEAST = 8 * clock.HOUR
LATE_AT_MOST = 60 * clock.HOUR
LOAD_LAG = clock.HOUR


@dataclass(frozen=True, kw_only=True)
class Planted:
    """A gap or a false claim before it has an id, its people and its place in time."""

    reason: model.GapReason
    datasets: Sequence[str]
    faces: Sequence[Face]
    locate: Callable[[Catalog], model.Fact]
    told_by: model.FactClass
    """Kind of fact that shows it in the catalog."""
    columns: Sequence[str] = ()
    grain: model.Grain | None = None
    subject: str | None = None
    lacking: str = ""
    since: int | None = None
    """When it began, where the catalog says so."""
    resolved_at: int | None = None
    """When it ended, where the catalog says so."""

    @property
    def gap_type(self) -> model.GapType:
        """Type that the reason belongs to."""
        return TYPE_OF[self.reason]


class Site:
    """Datasets, loads and lineage, and the draws that planting makes."""

    def __init__(
        self,
        config: model.Config,
        vocabulary: Vocabulary,
        staff: Staff,
        places: Sequence[Place],
        at: int,
        seed: int,
    ) -> None:
        self.config = config
        self.vocabulary = vocabulary
        self.staff = staff
        self.at = at
        self.start = at - config.time_window_days * clock.DAY
        self.stream = Stream(seed, "gaps")
        self.places = {place.name: place for place in places}
        self.position = {name: position for position, name in enumerate(self.places)}
        self.languages = [share.lang for share in config.nlq.languages if share.pct > 0]
        self._phrasebooks = {lang: vocabulary.phrasebook(lang) for lang in self.languages}
        self._nouns: dict[str, Filling] = {}
        self.loads = self._on_time()
        self._before: dict[str, Place] = {}
        self._by_entity: dict[str, dict[Kind, list[str]]] = {}
        for place in places:
            self._by_entity.setdefault(place.entity.name, {}).setdefault(place.kind, []).append(place.name)
        keys = (key for place in places for key in place.dataset.foreign_keys or ())
        self._referred = frozenset(key.references for key in keys)
        self.taken: set[str] = set()
        """Datasets that a gap or a claim is about already, or that are kept from them."""

    # What is there

    def dataset(self, name: str) -> model.Dataset:
        """Return a dataset as it is by now."""
        return self.places[name].dataset

    def change(self, name: str, **changes: Any) -> None:
        """Change properties of a dataset, until `undo`."""
        place = self.places[name]
        self._before.setdefault(name, place)
        self.places[name] = replace(place, dataset=replace(place.dataset, **changes))

    def attempt(self, make: Callable[[Site, Place], Planted | None], name: str) -> Planted | None:
        """Return what `make` plants in a dataset; where it plants nothing, all is left as it was."""
        self._before.clear()
        planted = make(self, self.places[name])
        if planted is None:
            self.places.update(self._before)
        return planted

    def add(self, place: Place) -> None:
        """Add a dataset that nothing is built on, on time."""
        self.position[place.name] = len(self.places)
        self.places[place.name] = place
        sla = max(self.config.catalog.freshness_sla_hours)
        self.loads[place.name] = (self.at - self.draw("age", place.name, sla * clock.HOUR * 3 // 4), sla)

    def free(self, kinds: Sequence[Kind], *, of: str | None = None) -> list[Place]:
        """Return datasets that may become the second in a gap: of these kinds, about an entity if `of` is given."""
        entities = self._by_entity.values() if of is None else [self._by_entity[of]]
        among = (name for entity in entities for kind in kinds for name in entity.get(kind, ()))
        return [self.places[name] for name in among if name not in self.taken]

    def refers_to(self, name: str) -> bool:
        """Return whether a declared key of another dataset refers to `name`, or did before anything was planted."""
        return name in self._referred

    def feeds(self, name: str) -> Sequence[str]:
        """Return the datasets that are made from `name`, directly or not."""
        return self._lineage_alone.descendants(name)

    @cached_property
    def _lineage_alone(self) -> Catalog:
        return Catalog(datasets=(), freshness=(), lineage=self.lineage, as_of="")

    def lack(self, role: str) -> bool:
        """Return whether somebody does not hold an access role, and so can be kept from something."""
        return any(role not in (person.access_roles or ()) for person in self.staff.people)

    @cached_property
    def lineage(self) -> Sequence[model.LineageEdge]:
        """Lineage; planting does not change it."""
        return [
            model.LineageEdge(from_=source, to=place.name)
            for place in self.places.values()
            for source in place.upstream
        ]

    def catalog(self) -> Catalog:
        """Return the whole catalog as it is by now."""
        at = clock.render(self.at)
        entry = model.FactCoverage(status="complete", source="datagap-synth", as_of=at)
        serving = {name: load for name, load in self.loads.items() if self.dataset(name).retired_at is None}
        return Catalog(
            datasets=[place.dataset for place in self.places.values()],
            freshness=[
                model.FreshnessRow(dataset=name, max_loaded_at=clock.render(loaded), sla_hours=sla)
                for name, (loaded, sla) in serving.items()
            ],
            lineage=self.lineage,
            as_of=at,
            coverage=model.Coverage(**dict.fromkeys(model.schema("coverage")["properties"], entry)),
            people=self.staff.people,
        )

    def upstream_columns(self, name: str) -> set[str]:
        """Return the names of the columns that any dataset upstream of `name` has."""
        front, seen, found = [*self.places[name].upstream], set[str](), set[str]()
        while front:
            source = front.pop()
            if source not in seen:
                seen.add(source)
                found.update(column.name for column in self.dataset(source).columns)
                front.extend(self.places[source].upstream)
        return found

    def draw(self, field: str, name: str, bound: int) -> int:
        """Return a whole number in [0, bound) for a dataset."""
        return self.stream.one(field, self.position[name], bound)

    # Loads

    def _on_time(self) -> dict[str, tuple[int, int]]:
        """Return when each dataset was last loaded, within its service level, and that level in hours."""
        levels = self.config.catalog.freshness_sla_hours
        loads = {}
        for position, name in enumerate(self.places):
            sla = levels[self.stream.one("sla", position, len(levels))]
            age = self.stream.one("age", position, sla * clock.HOUR * 3 // 4)
            loads[name] = (self.at - age, sla)
        return loads

    def break_loads(self, spare: str) -> set[str]:
        """Make the configured share of datasets late, each with all its descendants; return their names.

        What has late sources is loaded after the last of them. Small incidents come before big ones, and `spare` is
        spared unless the share asks for it too.
        """
        names = list(self.places)
        target = round(self.config.catalog.inject_freshness_breaches * len(names))
        slowest = max(self.config.catalog.freshness_sla_hours) * clock.HOUR
        late: set[str] = set()
        order = self.stream.order("late", len(names))
        for most, spared in ((max(1, target // 4), {spare}), (target, {spare}), (target, set[str]())):
            for position in order:
                name = names[position]
                if name in late or len(late) >= target:
                    continue
                closure = {name, *self.feeds(name)}
                if closure & spared or len(closure) > most or len(late | closure) > target:
                    continue
                lateness = LATE_AT_LEAST + self.stream.one("lateness", position, LATE_AT_MOST - LATE_AT_LEAST)
                self.loads[name] = (self.at - slowest - lateness, self.loads[name][1])
                late |= closure
        for name in names:  # sources come before what they feed
            if causes := late.intersection(self.places[name].upstream):
                loaded = max(self.loads[cause][0] for cause in causes) + LOAD_LAG
                self.loads[name] = (loaded, self.loads[name][1])
        return late

    # How things are called

    def face(self, name: str, **more: Sequence[Filling]) -> Face:
        """Return what fills the slots of a need about a dataset, and `more`."""
        place = self.places[name]
        named = {column.name for column in place.dataset.columns}
        return {
            "dataset": [Filling("dataset", name, name)],
            "dataset_label": [self.spoken(name)],
            "measure": [self.term("metric", name, one) for one in place.entity.measures if one in named],
            "dim": [self.term("dimension", name, one) for one in place.entity.dimensions if one in named],
            "measure_name": [self.technical("metric", name, one) for one in place.entity.measures if one in named],
            "dim_name": [self.technical("dimension", name, one) for one in place.entity.dimensions if one in named],
            "entity": [self.entity(place.entity)],
            **more,
        }

    def plain_face(self, name: str, spoilt: Collection[str]) -> Face:
        """Return what fills the slots of a plain question to a dataset that steers clear of the columns in `spoilt`."""
        face = self.face(name)
        about = ("measure", "measure_name", "dim", "dim_name")
        clear = {slot: [one for one in face[slot] if one.ref.rpartition(".")[2] not in spoilt] for slot in about}
        return {**face, **clear}

    def technical(self, kind: model.MentionKind, name: str, column: str) -> Filling:
        """Return the name of a measure's or dimension's column."""
        return Filling(kind, f"{name}.{column}", column)

    def other(self, name: str) -> Face:
        """Return what fills the slots for the second of two datasets."""
        return {"other": [Filling("dataset", name, name)], "other_label": [self.spoken(name)]}

    def column(self, name: str, column: str) -> Face:
        """Return what fills the slots for a measure or dimension of a dataset."""
        ref = f"{name}.{column}"
        return {"column": [Filling("column", ref, column)], "column_label": [self.called(ref, column)]}

    def called(self, ref: str, term: str) -> Filling:
        """Return what people call a column that holds `term`."""
        return Filling("column", ref, nouns=self.labels(self.vocabulary.terms[term].labels))

    def date(self, place: Place, column: str) -> Face:
        """Return what fills the slots for the date column of a dataset."""
        ref = f"{place.name}.{column}"
        kind = place.entity.kind if place.period is None else "day" if place.period == "day" else "period"
        nouns = {}
        for lang, book in self._phrasebooks.items():
            pattern: model.Noun = getattr(book.words.date_labels, kind)
            words = {"entity": place.entity.labels[lang].text, "name": column.replace("_", " ")}
            nouns[lang] = [replace(pattern, text=fill(pattern.text, words))]
        return {"column": [Filling("column", ref, column)], "column_label": [Filling("column", ref, nouns=nouns)]}

    def term(self, kind: model.MentionKind, name: str, term: str) -> Filling:
        """Return what people call a measure or dimension of a dataset."""
        return Filling(kind, f"{name}.{term}", nouns=self.labels(self.vocabulary.terms[term].labels))

    def entity(self, entity: model.Entity) -> Filling:
        """Return what people call an entity; it refers to nothing in particular."""
        return Filling(None, entity.name, nouns=self.labels(entity.labels))

    def system(self, name: str) -> Filling:
        """Return the name of the system that a source comes from."""
        return Filling(None, self.places[name].system, system_name(self.places[name].system))

    def period(self, period: model.Period) -> Filling:
        """Return the noun for a period."""
        nouns = {lang: [getattr(book.words.periods, period)] for lang, book in self._phrasebooks.items()}
        return Filling("grain", period, nouns=nouns)

    def weekday(self, instant: int) -> Filling:
        """Return the day of the week of an instant."""
        day = clock.weekday(instant)
        nouns = {lang: [plain(book.words.weekdays[day])] for lang, book in self._phrasebooks.items()}
        return Filling(None, str(day), nouns=nouns)

    def spoken(self, name: str) -> Filling:
        """Return what people call a dataset."""
        if name not in self._nouns:
            place = self.places[name]
            nouns = {lang: [spoken_name(place, book, self.vocabulary)] for lang, book in self._phrasebooks.items()}
            self._nouns[name] = Filling("dataset", name, nouns=nouns)
        return self._nouns[name]

    def labels(
        self, labels: Mapping[str, model.Noun], synonyms: Mapping[str, Sequence[model.Noun]] | None = None
    ) -> Mapping[str, Sequence[model.Noun]]:
        """Return the labels in the languages of the config, synonyms after each."""
        return {lang: [labels[lang], *(synonyms or {}).get(lang, ())] for lang in self.languages}


def plain(text: str) -> model.Noun:
    """Return a text as a noun that nothing agrees with."""
    return model.Noun(text=text)


# Where the catalog shows a fact


def nowhere(_: Catalog) -> model.Fact:
    """Return the fact that no dataset covers something: the whole list."""
    return model.Fact(file=layout.DATASETS, pointer="", value=None)


def load_of(name: str, column: str = "max_loaded_at") -> Callable[[Catalog], model.Fact]:
    """Return what finds a cell of a dataset's freshness."""

    def locate(catalog: Catalog) -> model.Fact:
        place, row = catalog.load[name]
        value: str | int = getattr(row, column)
        return model.Fact(file=layout.FRESHNESS, pointer=f"/{place}/{column}", value=str(value))

    return locate


def at(
    name: str, path: str, value: Callable[[model.Dataset], str | int | Iterable[str] | None]
) -> Callable[[Catalog], model.Fact]:
    """Return what finds a property of a dataset: `path` is the pointer within it, `value` what stands there."""

    def locate(catalog: Catalog) -> model.Fact:
        pointer = f"/{catalog.position[name]}/{path}"
        found = value(catalog.by_name[name])
        plain_value = found if found is None or isinstance(found, (str, int)) else list(found)
        return model.Fact(file=layout.DATASETS, pointer=pointer, value=plain_value)

    return locate
