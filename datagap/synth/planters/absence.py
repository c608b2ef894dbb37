"""Plant what is not there: data, columns, and documentation."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

from datagap import clock, model
from datagap.catalog import Catalog
from datagap.synth.need import Filling
from datagap.synth.site import Planted, Site, at, nowhere
from datagap.synth.warehouse import Place, words

OPAQUE = ("attr", "fld", "cd", "usr_def", "x", "col", "seg_val", "misc")
"""What columns are called whose names tell nobody anything."""


# Data


def not_ingested(site: Site, subject: model.Subject) -> Planted:
    """Return the gap that nobody loads data on `subject`."""
    face = {"subject": [_subject(site, subject)]}
    return Planted(
        reason="not_ingested",
        datasets=[],
        faces=[face],
        locate=nowhere,
        told_by="datasets",
        subject=subject.name,
    )


def not_modelled(site: Site, subject: model.Subject, model_of: Place) -> Planted:
    """Land raw data on `subject` as the system of `model_of` would deliver them, and build nothing on them."""
    lander = model_of.dataset
    name = _landing(site, model_of, subject.name)
    key = f"{subject.name}_id"
    columns = [
        model.Column(name=key, type="string", description="Identifies the row."),
        model.Column(name="payload", type="string", description=f"One of the {words(subject.name)}, as JSON."),
        next(column for column in lander.columns if column.type == "timestamp"),
    ]
    check = model.Check(name=f"{name}_{key}_unique", kind="unique", column=key, status="pass", failed_rows=0)
    dataset = replace(
        lander,
        name=name,
        columns=columns,
        description=f"{words(subject.name).capitalize()}, as delivered.",
        grain=model.Grain(keys=[key]),
        primary_key=[key],
        partitioned_by=[],
        foreign_keys=[],
        metrics=[],
        aliases=[],
        checks=[check],
        row_count=1_000 + site.stream.one("landed", len(site.places), 5_000_000),
    )
    site.add(replace(model_of, dataset=dataset, upstream=()))
    face = {
        "subject": [_subject(site, subject)],
        "dataset": [Filling("dataset", name, name)],
        "system": [site.system(name)],
    }
    return Planted(
        reason="not_modelled",
        datasets=[name],
        faces=[face],
        locate=at(name, "layer", lambda dataset: dataset.layer),
        told_by="datasets",
        subject=subject.name,
    )


def _landing(site: Site, model_of: Place, table: str) -> str:
    pattern = site.vocabulary.scenario.naming.source
    return pattern.replace("{system}", model_of.system).replace("{table}", table)


def _subject(site: Site, subject: model.Subject) -> Filling:
    return Filling("subject", subject.name, nouns=site.labels(subject.labels))


def retired(site: Site, place: Place) -> Planted | None:
    """Take a mart out of service that nothing is built on."""
    if place.dataset.layer != "mart" or site.feeds(place.name) or site.refers_to(place.name):
        return None
    gone = site.at - (2 + site.draw("retired", place.name, 60)) * clock.DAY
    site.change(place.name, retired_at=clock.render(gone), checks=[], row_count=0)
    return _retired(site, place, at(place.name, "retired_at", lambda dataset: dataset.retired_at), since=gone)


def restored(site: Site, place: Place) -> Planted | None:
    """Return the gap that a mart had been out of service for a while."""
    if place.dataset.layer != "mart":
        return None
    return _retired(site, place, at(place.name, "name", lambda dataset: dataset.name))


def _retired(site: Site, place: Place, locate: Callable[[Catalog], model.Fact], since: int | None = None) -> Planted:
    return Planted(
        reason="retired",
        datasets=[place.name],
        faces=[site.face(place.name)],
        locate=locate,
        told_by="datasets",
        since=since,
    )


# Columns


def absent(site: Site, place: Place) -> Planted | None:
    """Ask for a column that neither the dataset nor anything upstream of it has."""
    upstream = site.upstream_columns(place.name)
    return _missing(site, place, "absent", [name for name in _wanted(site, place) if name not in upstream])


def not_exposed(site: Site, place: Place) -> Planted | None:
    """Ask for a column that something upstream has and the dataset has not."""
    upstream = site.upstream_columns(place.name)
    return _missing(site, place, "not_exposed", [name for name in _wanted(site, place) if name in upstream])


def added(site: Site, place: Place) -> Planted | None:
    """Return the gap that a dimension had been missing until it was added."""
    upstream = site.upstream_columns(place.name)
    mine = _dimensions(place)
    reason: model.GapReason = "not_exposed" if mine and mine[-1] in upstream else "absent"
    return _missing(site, place, reason, mine[-1:])


def has_column(site: Site, place: Place) -> Planted | None:
    """Claim that a dimension is missing which the dataset has."""
    mine = _dimensions(place)
    return _missing(site, place, "absent", mine[:1]) if len(mine) > 1 else None


def _missing(site: Site, place: Place, reason: model.GapReason, among: Sequence[str]) -> Planted | None:
    if not among:
        return None
    column = among[site.draw("column", place.name, len(among))]
    face = site.face(place.name, **site.column(place.name, column))
    others = [filling for filling in face["dim"] if not filling.ref.endswith(f".{column}")]
    return Planted(
        reason=reason,
        datasets=[place.name],
        faces=[{**face, "dim": others}],
        locate=at(place.name, "columns", lambda dataset: [one.name for one in dataset.columns]),
        told_by="columns",
        columns=[column],
    )


def _wanted(site: Site, place: Place) -> list[str]:
    """Return the dimensions that somebody could want of a dataset and that it has not."""
    mine = {column.name for column in place.dataset.columns}
    near = [*place.entity.dimensions]
    for other in site.vocabulary.entities.values():
        if other.name in (place.entity.references or ()) or {*other.dimensions} & {*place.entity.dimensions}:
            near.extend(other.dimensions)
    if place.kind == "thing":  # nobody asks for less than what it is about
        near.extend(term.name for term in site.vocabulary.scenario.dimensions)
    return [name for name in dict.fromkeys(near) if name not in mine]


def _dimensions(place: Place) -> list[str]:
    mine = {column.name for column in place.dataset.columns}
    return [name for name in place.entity.dimensions if name in mine]


# Documentation


def undocumented(site: Site, place: Place) -> Planted:
    """Take every description away."""
    columns = [replace(column, description="") for column in place.dataset.columns]
    site.change(place.name, description="", columns=columns)
    return documented(site, place)


def documented(site: Site, place: Place) -> Planted:
    """Claim that a dataset has no description, or did not have one."""
    mine = _dimensions(place)
    column = mine[-1]
    return Planted(
        reason="undocumented",
        datasets=[place.name],
        faces=[site.face(place.name, **site.column(place.name, column))],
        locate=at(place.name, "description", lambda dataset: dataset.description),
        told_by="descriptions",
    )


def undiscoverable(site: Site, place: Place) -> Planted | None:
    """Give a dimension a name that tells nobody what it holds."""
    mine = _dimensions(place)
    dataset = place.dataset
    keys = {*(dataset.primary_key or ()), *(dataset.partitioned_by or ())}
    free = [name for name in mine if name not in keys]
    if len(mine) < 3 or not free or site.feeds(place.name):
        return None
    hidden = free[-1]
    opaque = f"{OPAQUE[site.draw('opaque', place.name, len(OPAQUE))]}_{site.draw('opaque/number', place.name, 30):02d}"
    number = _names(dataset.columns).index(hidden)
    columns = list(dataset.columns)
    columns[number] = replace(columns[number], name=opaque)
    checks = [check for check in dataset.checks or () if check.column != hidden]
    site.change(place.name, columns=columns, checks=checks)
    label = {"column_label": [site.called(f"{place.name}.{opaque}", hidden)]}
    return Planted(
        reason="undiscoverable",
        datasets=[place.name],
        faces=[site.face(place.name, **label)],
        locate=at(place.name, f"columns/{number}/name", lambda dataset: dataset.columns[number].name),
        told_by="columns",
        columns=[opaque],
    )


def conflicting_definitions(site: Site, place: Place) -> Planted | None:
    """Define a metric of the dataset's entity on one of its aggregates too, in another way."""
    metrics = [one for one in site.vocabulary.scenario.metrics if one.entity == place.entity.name]
    mine = {metric.name for metric in place.dataset.metrics or ()}
    defined = [one for one in metrics if one.name in mine]
    rivals = site.free(["aggregate"], of=place.entity.name)
    if not defined or not rivals:
        return None
    metric = defined[site.draw("metric", place.name, len(defined))]
    rival = rivals[0].name
    other = model.Metric(name=metric.name, definition=metric.rival, description=metric.description, synonyms=[])
    site.change(rival, metrics=[*(site.dataset(rival).metrics or ()), other])
    nouns = site.labels(metric.labels, metric.synonyms)
    face = site.face(
        place.name, **site.other(rival), metric=[Filling("metric", f"{place.name}.{metric.name}", nouns=nouns)]
    )
    return Planted(
        reason="conflicting_definitions",
        datasets=[place.name, rival],
        faces=[face],
        locate=at(rival, f"metrics/{len(site.dataset(rival).metrics or ()) - 1}/definition", _last_definition),
        told_by="metrics",
        columns=[metric.name],
    )


def _last_definition(dataset: model.Dataset) -> str:
    return (dataset.metrics or ())[-1].definition


def stale(site: Site, place: Place) -> Planted | None:
    """Let the description speak of a column that is not there."""
    wanted = _wanted(site, place)
    if not wanted:
        return None
    column = wanted[site.draw("stale", place.name, len(wanted))]
    site.change(place.name, description=f"{place.dataset.description} Split by `{column}` since the last migration.")
    return Planted(
        reason="stale",
        datasets=[place.name],
        faces=[site.face(place.name, **site.column(place.name, column))],
        locate=at(place.name, "description", lambda dataset: dataset.description),
        told_by="descriptions",
        columns=[column],
    )


def _names(columns: Iterable[model.Column]) -> list[str]:
    return [column.name for column in columns]
