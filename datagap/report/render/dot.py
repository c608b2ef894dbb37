"""hotspots.dot: where in the lineage the demand sits."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

from datagap import model
from datagap.report.render.text import clip, count, visible, words
from datagap.report.result import Report

_SHADES: Final = 5
_HEAD: Final = """\
digraph hotspots {
  // Datasets that people ask for in vain, the darker the more people, with their neighbours in the lineage.
  // An event behind two items counts for both; people are those of the item that has most.
  rankdir=LR;
  node [shape=box, style="filled,rounded", colorscheme=blues9, color=5, fillcolor=white, fontname="Helvetica"];
  edge [color=gray50];
"""


@dataclass(slots=True)
class _Spot:
    people: int = 0
    events: int = 0
    gap_types: set[model.GapType] = field(default_factory=set)


def hotspots(report: Report) -> bytes:
    """Return the datasets with demand and their direct neighbours as a Graphviz graph."""
    spots = _spots(report.items)
    edges = sorted({(edge.from_, edge.to) for edge in report.lineage if edge.from_ in spots or edge.to in spots})
    neighbours = {name for edge in edges for name in edge} - set(spots)
    most = max((spot.people for spot in spots.values()), default=0)
    lines = [
        *(_spot_line(name, spots[name], most) for name in sorted(spots)),
        *(f"{quote(name)} [label={label([name])}, style=rounded];" for name in sorted(neighbours)),
        *(f"{quote(left)} -> {quote(right)};" for left, right in edges),
    ]
    return (_HEAD + "".join(f"  {line}\n" for line in lines) + "}\n").encode()


def quote(name: str) -> str:
    """Return `name` as a quoted Graphviz id."""
    return '"' + visible(name).replace("\\", "\\\\").replace('"', '\\"') + '"'


def label(lines: Sequence[str]) -> str:
    """Return lines as a quoted Graphviz label, in which escapes and entities stand for nothing but themselves."""
    shown = (quote(clip(line, 80).replace("&", "&amp;"))[1:-1] for line in lines)
    return '"' + "\\n".join(shown) + '"'


def _spots(items: Sequence[model.BacklogItem]) -> dict[str, _Spot]:
    spots: defaultdict[str, _Spot] = defaultdict(_Spot)
    for item in items:
        for name in dict.fromkeys(item.datasets):
            spot = spots[name]
            spot.people = max(spot.people, item.people)
            spot.events += item.events
            spot.gap_types.add(item.gap_type)
    return dict(spots)


def _spot_line(name: str, spot: _Spot, most: int) -> str:
    shade = 1 + spot.people * (_SHADES - 1) // max(most, 1)
    lines = [name, count(spot.events, "event"), *_types(spot)]
    return f"{quote(name)} [label={label(lines)}, fillcolor={shade}];"


def _types(spot: _Spot) -> Iterator[str]:
    return (words(gap_type) for gap_type in sorted(spot.gap_types))
