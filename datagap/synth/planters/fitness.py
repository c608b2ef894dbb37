"""Plant what is there and does not fit: grains, types, and keys."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from datagap import model
from datagap.synth.need import Filling
from datagap.synth.site import Planted, Site, at
from datagap.synth.warehouse import Place, words

FINER: Mapping[model.Period, Sequence[model.Period]] = {
    "week": ("day",),
    "month": ("day", "week"),
    "quarter": ("week", "month"),
}
"""Periods that are asked of data over a longer one, and that no sum gives back."""
STRADDLED: Sequence[model.Period] = ("month", "quarter", "year")
"""Periods that weeks do not add up to."""
TEXTUAL = "string"
DAY_FIRST = "DD/MM/YYYY"


# Grains


def too_coarse(site: Site, place: Place) -> Planted | None:
    """Ask for a shorter period than a row stands for."""
    grain = place.dataset.grain
    finer = FINER.get(grain.period, ()) if grain and grain.period else ()
    return _grain(site, place, "too_coarse", finer[site.draw("finer", place.name, len(finer))]) if finer else None


def incompatible_period(site: Site, place: Place) -> Planted | None:
    """Ask for a period that the weeks of a dataset straddle."""
    grain = place.dataset.grain
    if grain is None or grain.period != "week":
        return None
    return _grain(site, place, "incompatible_period", STRADDLED[site.draw("straddled", place.name, len(STRADDLED))])


def refined(site: Site, place: Place) -> Planted | None:
    """Return the gap that a daily dataset was a weekly one; or claim that it is."""
    grain = place.dataset.grain
    return _grain(site, place, "too_coarse", "day", "week") if grain and grain.period == "day" else None


def _grain(
    site: Site, place: Place, reason: model.GapReason, asked: model.Period, has: model.Period | None = None
) -> Planted:
    grain = place.dataset.grain
    assert grain is not None
    spoken = has or grain.period
    assert spoken is not None
    face = site.face(place.name, grain=[site.period(asked)], has_grain=[site.period(spoken)])
    return Planted(
        reason=reason,
        datasets=[place.name],
        faces=[face],
        locate=at(place.name, "grain/period", lambda dataset: dataset.grain.period if dataset.grain else None),
        told_by="grain",
        grain=model.Grain(keys=list(grain.keys), period=asked),
    )


# Types


def wrong_type(site: Site, place: Place) -> Planted | None:
    """Keep a date as text."""
    return _as_text(site, place, "wrong_type", None)


def wrong_format(site: Site, place: Place) -> Planted | None:
    """Keep a date as text, the day first."""
    long = place.period is not None and place.period not in ("day", "week")
    return None if long else _as_text(site, place, "wrong_format", DAY_FIRST)  # the first of a month shows no mix-up


def is_date(site: Site, place: Place) -> Planted | None:
    """Claim that a date is kept as text, or that it was."""
    number = _date(place)
    return None if number is None else _type(site, place, "wrong_type", number)


def _as_text(site: Site, place: Place, reason: model.GapReason, format: str | None) -> Planted | None:  # noqa: A002
    number = _date(place)
    if number is None or site.feeds(place.name):
        return None
    columns = list(place.dataset.columns)
    columns[number] = replace(columns[number], type=TEXTUAL, format=format)
    name = columns[number].name
    partitions = [one for one in place.dataset.partitioned_by or () if one != name]
    checks = [check for check in place.dataset.checks or () if check.column != name]
    site.change(place.name, columns=columns, partitioned_by=partitions, checks=checks)
    return _type(site, place, reason, number)


def _type(site: Site, place: Place, reason: model.GapReason, number: int) -> Planted:
    column = place.dataset.columns[number].name
    return Planted(
        reason=reason,
        datasets=[place.name],
        faces=[site.face(place.name, **site.date(place, column))],
        locate=at(place.name, f"columns/{number}/type", lambda dataset: dataset.columns[number].type),
        told_by="types",
        columns=[column],
    )


def _date(place: Place) -> int | None:
    dates = [number for number, column in enumerate(place.dataset.columns) if column.type == "date"]
    return dates[0] if dates else None


# Keys


def no_key(site: Site, place: Place) -> Planted | None:
    """Ask to join a dataset with a thing that no declared key leads to."""
    if place.dataset.layer != "mart" or site.refers_to(place.name):
        return None
    others = [other for other in site.free(["thing"]) if other.entity != place.entity]
    if not others:
        return None
    other = others[site.draw("other", place.name, len(others))]
    _isolate(site, place.name)
    return _unjoinable(site, place, "no_key", other)


def key_mismatch(site: Site, place: Place) -> Planted | None:
    """Identify a thing that a dataset refers to by a key of another kind than the thing's own."""
    if place.kind not in ("event", "staging") or site.refers_to(place.name):
        return None
    others = _referred(site, place)
    if not others:
        return None
    other = others[site.draw("other", place.name, len(others))]
    key = other.entity.key
    number = [column.name for column in place.dataset.columns].index(key)
    columns = list(place.dataset.columns)
    mine = f"{other.entity.name}_no"
    columns[number] = model.Column(
        name=mine,
        type="integer",
        description=f"Number of the {words(other.entity.name)} in the system that it came from.",
    )
    site.change(place.name, columns=columns)
    _isolate(site, place.name)
    planted = _unjoinable(site, place, "key_mismatch", other)
    keys = {
        "key": [Filling("column", f"{place.name}.{mine}", mine)],
        "other_key": [Filling("column", f"{other.name}.{key}", key)],
    }
    return replace(planted, faces=[{**face, **keys} for face in planted.faces], columns=[mine])


def linked(site: Site, place: Place) -> Planted | None:
    """Return the gap that no key led from a dataset to one that it refers to by now; or claim that none does."""
    others = _referred(site, place)
    return _unjoinable(site, place, "no_key", others[0]) if others else None


def _referred(site: Site, place: Place) -> list[Place]:
    targets = {key.references for key in place.dataset.foreign_keys or ()}
    others = [site.places[name] for name in sorted(targets - site.taken, key=site.position.__getitem__)]
    return [other for other in others if other.kind in ("thing", "staging")]


def _isolate(site: Site, name: str) -> None:
    """Take the declared keys of a dataset away, and the columns that they stand on."""
    dataset = site.dataset(name)
    gone = {column for key in dataset.foreign_keys or () for column in key.columns}
    columns = [column for column in dataset.columns if column.name not in gone]
    site.change(name, foreign_keys=[], columns=columns)


def _unjoinable(site: Site, place: Place, reason: model.GapReason, other: Place) -> Planted:
    return Planted(
        reason=reason,
        datasets=[place.name, other.name],
        faces=[site.face(place.name, **site.other(other.name))],
        locate=at(place.name, "foreign_keys", lambda dataset: [key.references for key in dataset.foreign_keys or ()]),
        told_by="keys",
    )
