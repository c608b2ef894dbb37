"""Take personal data out of everything that a report writes."""

from __future__ import annotations

import re
from collections.abc import Iterable

_EMAIL = re.compile(r"[\w.%+'-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){0,8}")
_SECRET = re.compile(r"(?<!\w)(?:gh[a-z]_|sk-|xox[a-z]-|eyJ)[\w.-]{12,}")
_IBAN = re.compile(r"(?<!\w)[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,3})?(?!\w)")
_DATE = r"\d{4}-\d{2}-\d{2}(?:[T ]\d{2}:\d{2}(?::\d{2})?Z?)?"
_ID = re.compile(
    rf"({_DATE})|(?<![\w-])(?:[0-9a-fA-F]{{8}}-(?:[0-9a-fA-F]{{4}}-){{3}}[0-9a-fA-F]{{12}}"
    r"|(?=[0-9a-fA-F]*\d)[0-9a-fA-F]{16,}|[A-Z]{2}\d{2}[A-Z0-9]{11,30})(?![\w-])"
)
_PHONE = re.compile(rf"({_DATE})|(?<![\w.,])[+(]?\d[\d ()./-]{{6,18}}\d(?![\w])")
_LONG_NUMBER = re.compile(r"(?<![\w.,])\d{9,}(?![\w])")
_HANDLE = re.compile(r"<@[A-Za-z0-9_.-]{1,64}(?:\|[^>]{0,64})?>|(?<![\w@])@[A-Za-z0-9_][A-Za-z0-9_.-]{0,63}")
_DIGIT = re.compile(r"\d")
"""What every id and phone number has."""
_WORD = re.compile(r"\w+(?:[.-]\w+)*")
_JOINT = re.compile("([.-])")
PERSON, EMAIL, PHONE, ID, SECRET = "[person]", "[email]", "[phone]", "[id]", "[secret]"
MIN_DIGITS = 8
"""A run of digits and separators with fewer digits is no phone number."""


class Redactor:
    """Replaces addresses, phone numbers, long ids, and the handles and names of people by what they are."""

    def __init__(self, handles: Iterable[str], names: Iterable[str] = ()) -> None:
        """Take the handles of everybody who writes, found as whole words in any case, and their full names.

        Each word of a name is found as it is written, so that a name in small letters stays.
        """
        self._handles = frozenset(handle.lower() for handle in handles)
        self._names = frozenset(word for name in names for word in _WORD.findall(name) if word[0].isupper())

    def redact(self, text: str) -> str:
        """Return `text` without personal data."""
        if "@" in text:
            text = _HANDLE.sub(PERSON, _EMAIL.sub(EMAIL, text))
        if _DIGIT.search(text):
            text = _IBAN.sub(ID, _SECRET.sub(SECRET, text))
            text = _ID.sub(lambda match: match[1] or ID, text)
            text = _PHONE.sub(_phone, _LONG_NUMBER.sub(ID, text))
        else:
            text = _SECRET.sub(SECRET, text)
        return _WORD.sub(self._person, text) if self._may_name(text) else text

    def _may_name(self, text: str) -> bool:
        """Return whether a word of a text, or a part of one, may be a handle or a name."""
        words = {word for whole in _WORD.findall(text) for word in (whole, *_JOINT.split(whole))}
        return not (words.isdisjoint(self._names) and self._handles.isdisjoint(map(str.lower, words)))

    def _person(self, match: re.Match[str]) -> str:
        word = match[0]
        if word.lower() in self._handles or word in self._names:
            return PERSON
        parts = _JOINT.split(word) if len(word) > 1 else [word]
        return "".join(PERSON if part.lower() in self._handles else part for part in parts)


def _phone(match: re.Match[str]) -> str:
    if match[1]:
        return match[1]
    digits = sum(character.isdigit() for character in match[0])
    return PHONE if digits >= MIN_DIGITS else match[0]
