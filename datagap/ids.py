"""Ids: an id encodes an index, never a position, so that a larger pack keeps the ids of a smaller one."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

GROUP_PREFIX = "g_"


def query_id(index: int) -> str:
    """Return the id of the query with this index."""
    return f"q_{index:08d}"


def message_id(channel: str, thread: int, position: int) -> str:
    """Return the id of the message at `position` (0 opens) in the channel's thread with this index."""
    return f"{channel[0]}_{thread:07d}_{position:02d}"


def gap_id(index: int) -> str:
    """Return the id of the planted gap with this index."""
    return f"gap_{index:04d}"


def group_id(key: Sequence[str]) -> str:
    """Return the id of the group of detections with this canonical key."""
    digest = hashlib.sha256("\x1f".join(key).encode()).hexdigest()
    return GROUP_PREFIX + digest[:12]
