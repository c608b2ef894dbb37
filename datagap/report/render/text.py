"""Plain text for every format: what a reader cannot see is made visible, and numbers are written one way."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

UNKNOWN: Final = "unknown"
_PLANE_ENDS: Final = "".join(chr(end - 1) + chr(end) for end in range(0xFFFF, 0x110000, 0x10000))
_HIDDEN: Final = re.compile(
    "[\x00-\x1f\x7f-\x9f\xad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"
    f"\ud800-\udfff\ufdd0-\ufdef\U000e0000-\U000e007f{_PLANE_ENDS}]"
)
"""Control, direction, tag and noncharacters. Spelled out, since what Python calls printable changes with its version;
the joiners U+200C and U+200D stay, since scripts and emoji need them."""


def visible(text: str) -> str:
    """Return `text` on one line, with white space as single blanks and hidden characters as escapes."""
    return _HIDDEN.sub(_escape, " ".join(text.split()))


def _escape(match: re.Match[str]) -> str:
    return match[0].encode("unicode_escape").decode()


def clip(text: str, limit: int) -> str:
    """Return the visible form of `text`, cut to `limit` characters."""
    shown = visible(text)
    return shown if len(shown) <= limit else shown[: limit - 1] + "…"


def words(name: str) -> str:
    """Return an enum's value in words."""
    return name.replace("_", " ")


def known(value: object, limit: int = 120) -> str:
    """Return the visible form of `value`, cut to `limit` characters; None reads as unknown."""
    return UNKNOWN if value is None else clip(str(value), limit)


def number(value: float) -> str:
    """Return a number with thousands separated and at most two decimals."""
    return f"{value:,}" if isinstance(value, int) else f"{value:,.2f}".rstrip("0").rstrip(".")


def count(value: int, one: str, many: str = "") -> str:
    """Return how many there are of something, such as `2 events`."""
    return f"{number(value)} {one if value == 1 else many or one + 's'}"


def listed(parts: Iterable[str], otherwise: str = "none") -> str:
    """Return parts joined by commas, or `otherwise` if there are none."""
    return ", ".join(parts) or otherwise


def moment(timestamp: str) -> str:
    """Return a timestamp to the minute, such as `2025-09-26 22:36 UTC`."""
    return f"{timestamp[:10]} {timestamp[11:16]} UTC"
