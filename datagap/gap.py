"""What is known of every gap type."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from datagap import model

GAP_TYPES: Final[tuple[model.GapType, ...]] = tuple(model.schema("truth_gap")["properties"]["gap_type"]["enum"])
"""All gap types, in the order of the spec."""

INTENTS: Final[Mapping[model.GapType, model.IntentKind]] = {
    "missing_asset": "discovery",
    "missing_column": "lookup",
    "grain_mismatch": "lookup",
    "type_mismatch": "lookup",
    "freshness_breach": "freshness",
    "joinability_issue": "join",
    "access_denied": "access",
    "docs_missing": "definition",
    "performance_limit": "performance",
    "quality_issue": "quality",
}
"""What somebody is after who runs into a gap of each type."""

REASONS: Final[Mapping[model.GapType, tuple[model.GapReason, ...]]] = {
    "missing_asset": ("not_ingested", "not_modelled", "retired"),
    "missing_column": ("absent", "not_exposed"),
    "grain_mismatch": ("too_coarse", "incompatible_period"),
    "type_mismatch": ("wrong_type", "wrong_format"),
    "freshness_breach": ("upstream_late", "failed_run", "late_arriving", "sla_insufficient"),
    "joinability_issue": ("no_key", "key_mismatch"),
    "access_denied": ("no_grant", "masked"),
    "docs_missing": ("undocumented", "undiscoverable", "conflicting_definitions", "stale"),
    "performance_limit": ("too_large", "unpartitioned", "no_aggregate"),
    "quality_issue": ("incomplete", "duplicates", "wrong_values", "conflicting_numbers"),
}
"""Reasons of each gap type."""
TYPE_OF: Final[Mapping[model.GapReason, model.GapType]] = {
    reason: gap_type for gap_type, reasons in REASONS.items() for reason in reasons
}
"""Type of each reason."""
