"""Hold an open gap against the catalog, as far as the catalog tells."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final, TypeAlias

from datagap import model
from datagap.pack.checks.catalog import CatalogIndex
from datagap.problem import show

Gap: TypeAlias = Mapping[str, Any]
Said: TypeAlias = tuple[str, str]
"""A pointer into a gap, and what the catalog says against what stands there."""
_PERIODS: Final = ("hour", "day", "week", "month", "quarter", "year")


def untruth(gap: Gap, catalog: CatalogIndex, now: str) -> Said | None:
    """Return what the catalog says against an open gap; None where it agrees or does not tell."""
    fact_class, check = _CHECKS.get(gap["reason"], _UNTOLD)
    if check is None or not catalog.covers(fact_class) or gap["fact"]["file"] == "catalog/coverage.json":
        return None
    if not gap["datasets"] or any(catalog.detail.get(name) is None for name in gap["datasets"]):
        return None
    return check(gap, catalog, now)


def may_read(person: str, gap: Gap, catalog: CatalogIndex) -> str:
    """Return what an open gap says that somebody may not read, and a role of theirs lets them; empty if none does."""
    roles = set(catalog.people.get(person) or ())
    if not (catalog.covers("access") and catalog.covers("people")):
        return ""
    for name in gap["datasets"] if gap["reason"] in ("no_grant", "masked") else ():
        dataset = catalog.detail.get(name) or {}
        if gap["reason"] == "no_grant" and not roles.isdisjoint(dataset.get("access_roles") or ()):
            return str(name)
        for column in dataset.get("columns", ()) if gap["reason"] == "masked" else ():
            if column["name"] in gap["columns"] and not roles.isdisjoint(column.get("access_roles") or ()):
                return f"{name}.{column['name']}"
    return ""


def _first(gap: Gap, catalog: CatalogIndex) -> dict[str, Any]:
    return catalog.detail[gap["datasets"][0]] or {}


def _column_is_there(gap: Gap, catalog: CatalogIndex, _: str) -> Said | None:
    name = gap["datasets"][0]
    found = [column for column in gap["columns"] if column in catalog.columns[name]]
    return ("/columns", f"{name} has the column {show(found[0])}") if found else None


def _column_is_gone(gap: Gap, catalog: CatalogIndex, _: str) -> Said | None:
    known = [column for name in gap["datasets"] for column in catalog.columns[name]]
    absent = [column for column in gap["columns"] if column not in known]
    return ("/columns", f"{gap['datasets'][0]} has no column {show(absent[0])}") if absent else None


def _is_a_date(gap: Gap, catalog: CatalogIndex, now: str) -> Said | None:
    if said := _column_is_gone(gap, catalog, now):
        return said
    dates = [
        f"{dataset['name']}.{column['name']}"
        for dataset in (catalog.detail[name] or {} for name in gap["datasets"])
        for column in dataset["columns"]
        if column["name"] in gap["columns"] and column["type"].lower().startswith(("date", "timestamp"))
    ]
    return ("/columns", f"{dates[0]} is a date") if dates else None


def _is_unmasked(gap: Gap, catalog: CatalogIndex, _: str) -> Said | None:
    columns = [column for column in _first(gap, catalog)["columns"] if column["name"] in gap["columns"]]
    bare = [column["name"] for column in columns if column.get("access_roles") is None]
    return ("/columns", f"{gap['datasets'][0]}.{bare[0]} is not masked") if bare else None


def _is_partitioned(gap: Gap, catalog: CatalogIndex, _: str) -> Said | None:
    by = _first(gap, catalog).get("partitioned_by")
    return ("/datasets/0", f"{gap['datasets'][0]} is partitioned by {', '.join(by)}") if by else None


def _agree(gap: Gap, catalog: CatalogIndex, _: str) -> Said | None:
    metrics = [metric for name in gap["datasets"] for metric in (catalog.detail[name] or {}).get("metrics") or ()]
    for name in gap["columns"]:
        definitions = {metric["definition"] for metric in metrics if metric["name"] == name}
        if len(definitions) == 1:
            return "/columns", f"the catalog defines {show(name)} in one way"
    return None


def _is_in_service(gap: Gap, catalog: CatalogIndex, _: str) -> Said | None:
    name = gap["datasets"][0]
    return None if _first(gap, catalog).get("retired_at") else ("/datasets/0", f"{name} is not retired")


def _is_on_time(gap: Gap, catalog: CatalogIndex, now: str) -> Said | None:
    on_time = [name for name in gap["datasets"] if catalog.late(name, now) is False]
    return ("/datasets", f"{on_time[0]} is not late") if on_time else None


def _is_fine_enough(gap: Gap, catalog: CatalogIndex, _: str) -> Said | None:
    has = _first(gap, catalog).get("grain", {}).get("period")
    asked = gap.get("grain", {}).get("period")
    if has is None or asked is None or _PERIODS.index(asked) < _PERIODS.index(has):
        return None
    return "/grain/period", f"a row of {gap['datasets'][0]} covers a {has}, from which a {asked} can be had"


def _has_a_key(gap: Gap, catalog: CatalogIndex, _: str) -> Said | None:
    for name in gap["datasets"]:
        for key in (catalog.detail[name] or {}).get("foreign_keys") or ():
            if key["references"] in gap["datasets"] and key["references"] != name:
                return "/datasets", f"{name} has a key to {key['references']}"
    return None


def _is_described(gap: Gap, catalog: CatalogIndex, _: str) -> Said | None:
    dataset = _first(gap, catalog)
    columns = [column for column in dataset["columns"] if column["name"] in gap["columns"] or not gap["columns"]]
    described = dataset.get("description") and all(column.get("description") for column in columns)
    return ("/datasets/0", f"{dataset['name']} and its columns are described") if described else None


def _passes(gap: Gap, catalog: CatalogIndex, _: str) -> Said | None:
    checks = [check for name in gap["datasets"] for check in (catalog.detail[name] or {}).get("checks") or ()]
    passed = all(check["status"] == "pass" for check in checks)
    return ("/datasets", f"every check of {', '.join(gap['datasets'])} passes") if passed else None


_Check: TypeAlias = Callable[[Gap, CatalogIndex, str], Said | None]
_CHECKS: Final[Mapping[model.GapReason, tuple[model.FactClass, _Check | None]]] = {
    "retired": ("datasets", _is_in_service),
    "absent": ("columns", _column_is_there),
    "not_exposed": ("columns", _column_is_there),
    "too_coarse": ("grain", _is_fine_enough),
    "wrong_type": ("types", _is_a_date),
    "wrong_format": ("types", _is_a_date),
    "upstream_late": ("freshness", _is_on_time),
    "failed_run": ("freshness", _is_on_time),
    "no_key": ("keys", _has_a_key),
    "masked": ("access", _is_unmasked),
    "conflicting_definitions": ("metrics", _agree),
    "unpartitioned": ("partitioning", _is_partitioned),
    "undocumented": ("descriptions", _is_described),
    "incomplete": ("checks", _passes),
    "duplicates": ("checks", _passes),
    "wrong_values": ("checks", _passes),
    "conflicting_numbers": ("checks", _passes),
}
"""The kind of fact that tells whether a gap of each reason holds, and how."""
_UNTOLD: Final[tuple[model.FactClass, _Check | None]] = ("datasets", None)
