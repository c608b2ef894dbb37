"""What a check found, as data."""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, TypeAlias

Level: TypeAlias = Literal["error", "warning"]
SHOWN = 60
"""Characters of a value that a message shows."""
LONGEST = 1000
"""Characters of a problem that is printed."""
MANY = 2000
"""Names among which the nearest is looked for; of more, those that begin alike."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One finding: a rule's code, a place, and what is wrong there.

    `line` counts from 1 and is None for a whole file; `pointer` is a JSON pointer into the line or file.
    """

    code: str
    file: str
    message: str
    line: int | None = None
    pointer: str = ""
    hint: str = ""
    level: Level = "error"

    @property
    def where(self) -> str:
        """File, line and pointer, as far as there are any."""
        place = self.file if self.line is None else f"{self.file}:{self.line}"
        return f"{place} {self.pointer}" if self.pointer else place

    def __str__(self) -> str:
        text = f"{self.where}: {self.message}" + (f"; {self.hint}" if self.hint else "")
        return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"


def show(value: object) -> str:
    """Return `value` as JSON on one line of ASCII, cut to SHOWN characters."""
    try:
        text = json.dumps(value)
    except (TypeError, ValueError, RecursionError):
        text = repr(type(value).__name__)
    return text if len(text) <= SHOWN else text[: SHOWN - 1] + "…"


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """Return `did you mean X` for the name in `known` nearest to `name`, or an empty text."""
    names = list(known)
    if len(names) > MANY:
        names = [other for other in names if other[:3] == name[:3]][:MANY]
    nearest = difflib.get_close_matches(name[:SHOWN], names, n=1, cutoff=0.6)
    return f"did you mean {nearest[0]}" if nearest else ""


def pointer(parts: Iterable[object]) -> str:
    """Return the JSON pointer (RFC 6901) made of `parts`."""
    return "".join("/" + str(part).replace("~", "~0").replace("/", "~1") for part in parts)


def printable(text: str) -> str:
    """Return `text` with control and format characters escaped, safe to print in a terminal."""
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() else char.encode("unicode_escape").decode() for char in text)


def kind_of(value: object) -> str:
    """Return the JSON type of `value`."""
    if value is None:
        return "null"
    kinds = ((bool, "boolean"), (int, "integer"), (float, "number"), (str, "string"), (list, "array"), (dict, "object"))
    return next((name for kind, name in kinds if isinstance(value, kind)), type(value).__name__)
