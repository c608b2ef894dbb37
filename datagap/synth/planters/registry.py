"""Which planter serves which reason."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final, TypeAlias

from datagap import model
from datagap.synth.planters import absence, fitness, service
from datagap.synth.site import Planted, Site
from datagap.synth.warehouse import Place

Maker: TypeAlias = Callable[[Site, Place], Planted | None]

OPEN: Final[Mapping[model.GapReason, Maker]] = {
    "retired": absence.retired,
    "absent": absence.absent,
    "not_exposed": absence.not_exposed,
    "too_coarse": fitness.too_coarse,
    "incompatible_period": fitness.incompatible_period,
    "wrong_type": fitness.wrong_type,
    "wrong_format": fitness.wrong_format,
    "late_arriving": service.late_arriving,
    "sla_insufficient": service.sla_insufficient,
    "no_key": fitness.no_key,
    "key_mismatch": fitness.key_mismatch,
    "no_grant": service.no_grant,
    "masked": service.masked,
    "undocumented": absence.undocumented,
    "undiscoverable": absence.undiscoverable,
    "conflicting_definitions": absence.conflicting_definitions,
    "stale": absence.stale,
    "too_large": service.too_large,
    "unpartitioned": service.unpartitioned,
    "no_aggregate": service.no_aggregate,
    "incomplete": service.incomplete,
    "duplicates": service.duplicates,
    "wrong_values": service.wrong_values,
    "conflicting_numbers": service.conflicting_numbers,
}
"""What plants an open gap in a dataset, by reason; late datasets and absent subjects are planted apart."""
MENDED: Final[Mapping[model.GapType, Maker]] = {
    "missing_asset": absence.restored,
    "missing_column": absence.added,
    "grain_mismatch": fitness.refined,
    "type_mismatch": fitness.is_date,
    "freshness_breach": service.reloaded,
    "joinability_issue": fitness.linked,
    "access_denied": service.granted,
    "docs_missing": absence.documented,
    "performance_limit": service.partitioned,
    "quality_issue": service.cleaned,
}
"""What finds a dataset in which a gap of a type was mended."""
CLAIMED: Final[Mapping[model.GapType, Maker]] = {
    "missing_column": absence.has_column,
    "grain_mismatch": fitness.refined,
    "type_mismatch": fitness.is_date,
    "freshness_breach": service.on_time,
    "joinability_issue": fitness.linked,
    "access_denied": service.granted,
    "docs_missing": absence.documented,
}
"""What finds a dataset of which a gap of a type is claimed wrongly."""
ORDER: Final[Mapping[model.GapType, tuple[model.GapReason, ...]]] = {
    "missing_asset": ("not_ingested", "not_modelled", "not_ingested", "retired"),
    "missing_column": ("not_exposed", "absent"),
    "grain_mismatch": ("too_coarse", "incompatible_period"),
    "type_mismatch": ("wrong_type", "wrong_format"),
    "freshness_breach": ("late_arriving", "sla_insufficient"),
    "joinability_issue": ("no_key", "key_mismatch"),
    "access_denied": ("no_grant", "masked"),
    "docs_missing": ("undocumented", "undiscoverable", "conflicting_definitions", "stale"),
    "performance_limit": ("unpartitioned", "too_large", "no_aggregate"),
    "quality_issue": ("incomplete", "duplicates", "wrong_values", "conflicting_numbers"),
}
"""Reasons of each type in the order in which they are planted, from a place that the seed draws, over and over."""
