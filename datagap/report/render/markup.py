"""HTML made of elements: whatever is not markup already is escaped."""

from __future__ import annotations

import html
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from datagap.report.render.text import number, visible

_VOID: Final = ("meta", "rect")


class Markup(str):
    """HTML that is escaped already."""

    __slots__ = ()


def element(name: str, /, *children: str, **attributes: str) -> Markup:
    """Return an element; `class_` stands for the attribute `class` and `http_equiv` for `http-equiv`."""
    pairs = "".join(f' {key.rstrip("_").replace("_", "-")}="{text(value)}"' for key, value in attributes.items())
    if name in _VOID:
        return Markup(f"<{name}{pairs}/>")
    return Markup(f"<{name}{pairs}>{joined(children)}</{name}>")


def joined(parts: Iterable[str]) -> Markup:
    """Return parts as one piece of markup."""
    return Markup("".join(text(part) for part in parts))


def text(value: str) -> Markup:
    """Return `value` escaped, hidden characters made visible; markup stays as it is."""
    return value if isinstance(value, Markup) else Markup(html.escape(visible(value)))


def table(caption: str, classes: Mapping[str, str], rows: Iterable[Sequence[str]], naming: int = 0) -> Markup:
    """Return a table; `classes` has its headings in order, and cell `naming` of a row is its heading."""
    heads = (element("th", name, scope="col", **_class(kind)) for name, kind in classes.items())
    body = (_row(cells, list(classes.values()), naming) for cells in rows)
    head = element("thead", element("tr", *heads))
    return element("table", element("caption", caption), head, element("tbody", *body))


def _row(cells: Sequence[str], classes: Sequence[str], naming: int) -> Markup:
    made = []
    for place, (cell, kind) in enumerate(zip(cells, classes, strict=True)):
        if place == naming:
            made.append(element("th", cell, scope="row", **_class(kind)))
        else:
            made.append(element("td", cell, **_class(kind)))
    return joined((Markup("\n"), element("tr", *made)))


def pairs(kind: str, entries: Iterable[tuple[str, str]]) -> Markup:
    """Return labelled texts as a description list."""
    groups = (element("div", element("dt", name), element("dd", told)) for name, told in entries)
    return element("dl", *groups, class_=kind)


def amount(value: int, most: int) -> Markup:
    """Return a number with a horizontal bar on a scale up to `most`."""
    width = str(max(1, value * 100 // most) if value and most else 0)
    rectangle = element("rect", width=width, height="6")
    scale = {"viewBox": "0 0 100 6", "preserveAspectRatio": "none", "aria_hidden": "true"}
    return joined((element("span", number(value)), element("svg", rectangle, class_="bar", **scale)))


def _class(kind: str) -> dict[str, str]:
    return {"class_": kind} if kind else {}
