"""Plant what is late, locked, slow or wrong."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from datagap import clock, model
from datagap.catalog import Catalog
from datagap.synth.need import Filling
from datagap.synth.people import restriction
from datagap.synth.site import Planted, Site, at, load_of
from datagap.synth.warehouse import Kind, Place

HUGE = 4_000_000_000
"""Rows of a dataset that is too big to scan."""
ENORMOUS = 20 * HUGE
"""Rows of a dataset that is too big even by partitions."""
SLOW_PROMISE = 48
"""A promise of so many hours does not serve who needs figures daily."""


# Freshness


def late_roots(catalog: Catalog, late: set[str]) -> list[str]:
    """Return the late datasets that have no late source."""
    return [
        one.name for one in catalog.datasets if one.name in late and not late & {*catalog.upstream.get(one.name, ())}
    ]


def breached(site: Site, catalog: Catalog, late: set[str], root: str) -> Planted:
    """Return the gap that `root` is late, with the descendants that it holds back."""
    closure = [root, *(name for name in catalog.descendants(root) if name in late)]
    held = [name for name in closure if catalog.late_root(name) == root]
    daily = [name for name in held if site.places[name].period in (None, "day")]  # where one day more can be missed
    spoken = [name for name in daily if site.dataset(name).layer == "mart"] or daily or held
    since = max(site.loads[name][0] + site.loads[name][1] * clock.HOUR for name in held)
    return Planted(
        reason="upstream_late" if len(held) > 1 else "failed_run",
        datasets=held,
        faces=[site.face(name, weekday=[site.weekday(site.loads[name][0])]) for name in spoken],
        locate=load_of(root),
        told_by="freshness",
        since=since,
    )


def reloaded(site: Site, place: Place) -> Planted | None:
    """Return the gap that a dataset was late until its newest load."""
    if place.period not in (None, "day"):
        return None
    loaded, sla = site.loads[place.name]
    before = loaded - sla * clock.HOUR - (6 + site.draw("before", place.name, 30)) * clock.HOUR
    return _freshness(site, place, before, since=before + sla * clock.HOUR, resolved_at=loaded)


def on_time(site: Site, place: Place) -> Planted | None:
    """Claim that a dataset is late which is not."""
    if place.period not in (None, "day"):
        return None
    return _freshness(site, place, site.loads[place.name][0] - 24 * clock.HOUR)


def _freshness(
    site: Site, place: Place, loaded: int, since: int | None = None, resolved_at: int | None = None
) -> Planted:
    return Planted(
        reason="failed_run",
        datasets=[place.name],
        faces=[site.face(place.name, weekday=[site.weekday(loaded)])],
        locate=load_of(place.name),
        told_by="freshness",
        since=since,
        resolved_at=resolved_at,
    )


def late_arriving(site: Site, place: Place) -> Planted | None:
    """Fail the check that the newest rows are recent, though the loads run."""
    checks = list(place.dataset.checks or ())
    number = next((number for number, check in enumerate(checks) if check.kind == "recency"), None)
    if number is None:
        return None
    checks[number] = replace(checks[number], status="fail", failed_rows=1)
    site.change(place.name, checks=checks)
    return Planted(
        reason="late_arriving",
        datasets=[place.name],
        faces=[site.face(place.name)],
        locate=at(place.name, f"checks/{number}/status", _status(number)),
        told_by="checks",
    )


def sla_insufficient(site: Site, place: Place) -> Planted | None:
    """Need daily figures of a dataset that is promised less often."""
    sla = site.loads[place.name][1]
    if sla < SLOW_PROMISE or place.dataset.layer != "mart":
        return None
    return Planted(
        reason="sla_insufficient",
        datasets=[place.name],
        faces=[site.face(place.name, hours=[Filling(None, str(sla), str(sla))])],
        locate=load_of(place.name, "sla_hours"),
        told_by="freshness",
    )


# Access


def no_grant(site: Site, place: Place) -> Planted | None:
    """Lock a dataset."""
    role = restriction(place.dataset.domain)
    if not site.lack(role):
        return None
    site.change(place.name, access_roles=[role])
    return replace(granted(site, place), lacking=role)


def granted(site: Site, place: Place) -> Planted:
    """Claim that a dataset is locked, or that it was."""
    return Planted(
        reason="no_grant",
        datasets=[place.name],
        faces=[site.face(place.name)],
        locate=at(place.name, "access_roles", lambda dataset: list(dataset.access_roles or ())),
        told_by="access",
    )


def masked(site: Site, place: Place) -> Planted | None:
    """Mask a dimension for those who lack the domain's role."""
    role = restriction(place.dataset.domain)
    dataset = place.dataset
    names = [column.name for column in dataset.columns]
    free = [name for name in place.entity.dimensions if name in names and name not in (dataset.primary_key or ())]
    if not free or not site.lack(role):
        return None
    column = free[site.draw("masked", place.name, len(free))]
    number = names.index(column)
    columns = list(dataset.columns)
    columns[number] = replace(columns[number], access_roles=[role])
    site.change(place.name, columns=columns)
    return Planted(
        reason="masked",
        datasets=[place.name],
        faces=[site.face(place.name, **site.column(place.name, column))],
        locate=at(place.name, f"columns/{number}/access_roles", _seen_by(number)),
        told_by="access",
        columns=[column],
        lacking=role,
    )


def _seen_by(number: int) -> Callable[[model.Dataset], Sequence[str] | None]:
    return lambda dataset: dataset.columns[number].access_roles


# Size


def too_large(site: Site, place: Place) -> Planted | None:
    """Let a partitioned dataset grow beyond what its partitions help."""
    if not place.dataset.partitioned_by:
        return None
    site.change(place.name, row_count=ENORMOUS + site.draw("rows", place.name, 1_000_000_000))
    return _rows(site, place, "too_large")


def unpartitioned(site: Site, place: Place) -> Planted:
    """Let a dataset grow and partition it by nothing."""
    rows = HUGE + site.draw("rows", place.name, 1_000_000_000)
    site.change(place.name, row_count=rows, partitioned_by=[])
    return _partitions(site, place)


def partitioned(site: Site, place: Place) -> Planted | None:
    """Return the gap that a big dataset had no partitions for a while."""
    return _partitions(site, place) if place.dataset.partitioned_by else None


def _partitions(site: Site, place: Place) -> Planted:
    return Planted(
        reason="unpartitioned",
        datasets=[place.name],
        faces=[site.face(place.name)],
        locate=at(place.name, "partitioned_by", lambda dataset: list(dataset.partitioned_by or ())),
        told_by="partitioning",
    )


def no_aggregate(site: Site, place: Place) -> Planted | None:
    """Let a table of single events grow that nothing is aggregated from."""
    aggregated = any(site.places[name].kind == "aggregate" for name in site.feeds(place.name))
    if place.kind not in ("event", "staging") or aggregated or not place.dataset.partitioned_by:
        return None
    site.change(place.name, row_count=HUGE + site.draw("rows", place.name, 1_000_000_000))
    periods: Sequence[model.Period] = ("day", "week", "month")
    asked = site.period(periods[site.draw("aggregate", place.name, len(periods))])
    return _rows(site, place, "no_aggregate", grain=[asked])


def _rows(site: Site, place: Place, reason: model.GapReason, **more: Sequence[Filling]) -> Planted:
    return Planted(
        reason=reason,
        datasets=[place.name],
        faces=[site.face(place.name, **more)],
        locate=at(place.name, "row_count", lambda dataset: dataset.row_count),
        told_by="row_counts",
    )


# Quality


def incomplete(site: Site, place: Place) -> Planted | None:
    """Fail the check that a dimension is filled."""
    return _failing(site, place, "incomplete", "not_null", _dimension(place))


def duplicates(site: Site, place: Place) -> Planted | None:
    """Fail the check that a key is unique."""
    key = place.dataset.primary_key or []
    return _failing(site, place, "duplicates", "unique", key[0] if len(key) == 1 else None)


def wrong_values(site: Site, place: Place) -> Planted | None:
    """Fail the check that a dimension holds known values."""
    return _failing(site, place, "wrong_values", "accepted_values", _dimension(place))


def cleaned(site: Site, place: Place) -> Planted | None:
    """Return the gap that a check failed which passes by now."""
    checks = place.dataset.checks or ()
    number = next((number for number, check in enumerate(checks) if check.kind == "accepted_values"), None)
    column = None if number is None else checks[number].column
    return None if number is None or column is None else _quality(site, place, "wrong_values", number, column)


def conflicting_numbers(site: Site, place: Place) -> Planted | None:
    """Fail the check that a measure adds up to the same in two datasets."""
    marts: tuple[Kind, ...] = ("thing", "event", "aggregate")
    others = [other for other in site.free(marts, of=place.entity.name) if other.name != place.name]
    if not others or place.dataset.layer != "mart":
        return None
    other = others[0].name
    measure = place.entity.measures[site.draw("conflict", place.name, len(place.entity.measures))]
    planted = _failing(site, place, "conflicting_numbers", "reconciliation", measure, of=other)
    if planted is None:
        return None
    face = {**planted.faces[0], **site.other(other), "measure": [site.term("metric", place.name, measure)]}
    return replace(planted, datasets=[place.name, other], faces=[face])


def _dimension(place: Place) -> str | None:
    names = {column.name for column in place.dataset.columns}
    mine = [name for name in place.entity.dimensions if name in names]
    return mine[-1] if mine else None


def _failing(
    site: Site, place: Place, reason: model.GapReason, kind: model.CheckKind, column: str | None, of: str = ""
) -> Planted | None:
    if column is None:
        return None
    name = f"{place.name}_{column}_{kind}" + (f"_{of}" if of else "")
    failing = model.Check(
        name=name,
        kind=kind,
        column=column,
        status="fail",
        ran_at=clock.render(site.at - (1 + site.draw("ran", place.name, 8)) * clock.HOUR),
        failed_rows=10 + site.draw("failed", place.name, 100_000),
    )
    others = [check for check in place.dataset.checks or () if (check.kind, check.column) != (kind, column)]
    site.change(place.name, checks=[*others, failing])
    return _quality(site, site.places[place.name], reason, len(others), column)


def _quality(site: Site, place: Place, reason: model.GapReason, number: int, column: str) -> Planted:
    named = column in site.vocabulary.terms
    more = (
        site.column(place.name, column) if named else {"column": [Filling("column", f"{place.name}.{column}", column)]}
    )
    return Planted(
        reason=reason,
        datasets=[place.name],
        faces=[site.face(place.name, **more)],
        locate=at(place.name, f"checks/{number}/status", _status(number)),
        told_by="checks",
        columns=[column],
    )


def _status(number: int) -> Callable[[model.Dataset], str]:
    return lambda dataset: (dataset.checks or ())[number].status
