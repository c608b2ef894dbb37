"""Take personal data out of everything that a report writes."""

from __future__ import annotations

import re
from collections.abc import Iterable

_EMAIL = re.compile(r"[A-Za-z0-9._%+'-]{1,64}@[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63}){1,8}")
_DATE = r"\d{4}-\d{2}-\d{2}(?:[T ]\d{2}:\d{2}(?::\d{2})?Z?)?"
_ID = re.compile(
    rf"({_DATE})|(?<![\w-])(?:[0-9a-fA-F]{{8}}-(?:[0-9a-fA-F]{{4}}-){{3}}[0-9a-fA-F]{{12}}"
    r"|(?=[0-9a-fA-F]*\d)[0-9a-fA-F]{16,}|[A-Z]{2}\d{2}[A-Z0-9]{11,30})(?![\w-])"
)
_PHONE = re.compile(rf"({_DATE})|(?<![\w.,])[+(]?\d[\d ()./-]{{6,18}}\d(?![\w])")
_LONG_NUMBER = re.compile(r"(?<![\w.,])\d{9,}(?![\w])")
_HANDLE = re.compile(r"<@[A-Za-z0-9_.-]{1,64}(?:\|[^>]{0,64})?>|(?<![\w@])@[A-Za-z0-9_][A-Za-z0-9_.-]{0,63}")
PERSON, EMAIL, PHONE, ID = "[person]", "[email]", "[phone]", "[id]"
MIN_DIGITS = 8
"""A run of digits and separators with fewer digits is no phone number."""


class Redactor:
    """Replaces addresses, phone numbers, long ids, and the handles of people by what they are."""

    def __init__(self, handles: Iterable[str]) -> None:
        """Take the handles of everybody who writes; they are found as whole words."""
        self._handles = frozenset(handles)
        self._word = re.compile(r"[^\s,;:!?()<>\"'`]+")

    def redact(self, text: str) -> str:
        """Return `text` without personal data."""
        text = _EMAIL.sub(EMAIL, text)
        text = _HANDLE.sub(PERSON, text)
        text = _ID.sub(lambda match: match[1] or ID, text)
        text = _PHONE.sub(_phone, text)
        text = _LONG_NUMBER.sub(ID, text)
        return self._word.sub(self._person, text)

    def _person(self, match: re.Match[str]) -> str:
        word = match[0]
        bare = word.rstrip(".")
        return PERSON + word[len(bare) :] if bare in self._handles else word


def _phone(match: re.Match[str]) -> str:
    if match[1]:
        return match[1]
    digits = sum(character.isdigit() for character in match[0])
    return PHONE if digits >= MIN_DIGITS else match[0]
