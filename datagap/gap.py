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
