"""Follow JSON pointers (RFC 6901) to what facts name."""

from __future__ import annotations

import re

_INDEX = re.compile("0|[1-9][0-9]{0,17}")


def at(value: object, pointer: str) -> object:
    """Return what stands at a JSON pointer, its leading slash left out; of a list of objects, their names.

    Raises LookupError if nothing stands there.
    """
    for part in pointer.split("/") if pointer else ():
        value = _inside(value, part.replace("~1", "/").replace("~0", "~"))
    return [_named(item) for item in value] if isinstance(value, list) else value


def _inside(value: object, part: str) -> object:
    if isinstance(value, dict):
        return value[part]
    if isinstance(value, list) and _INDEX.fullmatch(part):
        return value[int(part)]
    raise LookupError(part)


def _named(item: object) -> object:
    return (item.get("name") or item["references"]) if isinstance(item, dict) else item
