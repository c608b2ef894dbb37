"""Lay the scores of detectors out as tables: for the terminal, or as Markdown."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from operator import attrgetter
from typing import TYPE_CHECKING, Final

from datagap.cli.reporter import count
from datagap.problem import printable

if TYPE_CHECKING:
    from datagap import model

WIDTH: Final = 80
"""Columns that words take."""
BASELINES: Final = (
    "baselines: none finds nothing; commonest gives every request the most frequent type, and peeks to know both; "
    "keywords goes by a list of words"
)
UNDEFINED: Final = "\u2013"
SHOWN: Final = 2
"""Types that one is mistaken for that are shown."""
FIGURES: Final[Mapping[str, Mapping[str, str]]] = {
    "gap types": {
        "precision": "gap_types.precision",
        "recall": "gap_types.recall",
        "F1": "gap_types.f1",
        "macro F1": "macro_f1",
    },
    "requests": {"precision": "requests.precision", "recall": "requests.recall", "F1": "requests.f1"},
    "reasons for no gap": {"accuracy": "none_reason_accuracy"},
    "datasets": {
        "precision": "datasets.precision",
        "recall": "datasets.recall",
        "F1": "datasets.f1",
        "first is right": "first_dataset",
    },
    "columns": {"precision": "columns.precision", "recall": "columns.recall", "F1": "columns.f1"},
    "grouping": {
        "B-cubed precision": "b_cubed.precision",
        "B-cubed recall": "b_cubed.recall",
        "B-cubed F1": "b_cubed.f1",
        "ARI": "ari",
    },
    "confidence (0 is best)": {"Brier": "brier", "calibration error": "ece"},
    "evidence": {
        "quotes verbatim": "quotes_verbatim",
        "citation precision": "citation_precision",
        "citation recall": "citation_recall",
    },
}
"""Figures by what they are about and what they are called."""
RANKING: Final = {"NDCG@5": "ndcg_5", "NDCG@10": "ndcg_10", "NDCG@20": "ndcg_20", "tau-b": "tau_b"}
GROUPS: Final = {
    "groups": "groups",
    "for a gap again": "duplicates",
    "for no gap": "unfounded",
    "gaps": "gaps",
    "gaps found": "found",
}
SLICES: Final = {"channel": "by_channel", "language": "by_language", "difficulty": "by_difficulty", "split": "by_split"}
SLICED: Final = {
    "P": "gap_types.precision",
    "R": "gap_types.recall",
    "F1": "gap_types.f1",
    "macro": "macro_f1",
    "B-cubed": "b_cubed.f1",
    "ARI": "ari",
}


@dataclass(frozen=True, kw_only=True)
class Table:
    """A table of cells; a row of one cell is a heading inside it."""

    title: str
    header: Sequence[str]
    rows: Sequence[Sequence[str]]
    worded: Collection[int] = (0,)
    """Columns of words; the others hold numbers, and are aligned to the right."""


def tables(scores: Mapping[str, model.Score], main: model.Score | None) -> Iterator[Table]:
    """Yield the tables of some scores by their short names; of `main`, one of them, the details too."""
    yield _figures(scores, main)
    if any(score.by_demand for score in scores.values()):
        yield _ranking("ranking by demand", {name: score.by_demand for name, score in scores.items()})
    if main is not None and main.by_priority is not None:
        yield _ranking("ranking by priority", {"": main.by_priority})
    alone = main is not None and len(scores) == 1
    yield _types_of(main) if main is not None and alone else _types(scores)
    if main is not None:
        yield _mistakes(main)
    for name, attribute in SLICES.items():
        sliced = {short: getattr(score, attribute) for short, score in scores.items()}
        if any(sliced.values()):
            yield _slices_of(name, main, attribute) if main is not None and alone else _slices(name, sliced)
    if main is not None:
        yield _bins(main)


def headline(scores: Sequence[model.Score], main: model.Score | None) -> Iterator[str]:
    """Yield what was scored, and against what."""
    first = scores[0]
    against = {
        "answer_key": "its answer key",
        "corrected_answer_key": f"its answer key, {count(first.corrected, 'event')} of it corrected",
        "corrections": "corrections alone",
    }
    known = f"{count(first.events, 'event')}, {first.with_gap} with a gap"
    yield f"{first.pack_id}: {known}, scored by {against[first.gold]}"
    if main is not None:
        left_out = f", {count(main.contradicted, 'contradicted gap')} left out" if main.contradicted else ""
        unscored = f", {main.unscored} of them unscored" if main.unscored else ""
        yield f"{main.detector}: {count(main.detections, 'event')}{unscored}{left_out}"
        if main.intervals:
            yield f"in brackets, 95% of {count(main.resamples, 'resample')} of the conversations"
    if len(scores) > 1:
        yield BASELINES


def text(lines: Sequence[str], shown: Sequence[Table]) -> Iterator[str]:
    """Yield scores as lines of text, at most 80 characters wide if names are not long."""
    for line in lines:
        yield from textwrap.wrap(printable(line), WIDTH, break_long_words=False, break_on_hyphens=False)
    for table in shown:
        cells = [table.header, *(row for row in table.rows if len(row) > 1)]
        widths = [max(len(row[place]) for row in cells) for place in range(len(table.header))]
        yield from ("", printable(table.title))
        for row in [*([table.header] if any(table.header) else []), *table.rows]:
            yield printable("  ".join(_padded(row, widths, table.worded)).rstrip())


def _padded(row: Sequence[str], widths: Sequence[int], worded: Collection[int]) -> Iterator[str]:
    for place, (cell, width) in enumerate(zip(row, widths, strict=False)):
        yield cell.ljust(width) if place in worded else cell.rjust(width)


def markdown(lines: Sequence[str], shown: Sequence[Table]) -> Iterator[str]:
    """Yield scores as Markdown."""
    from datagap.report.render.markdown import escape

    yield "# Scores"
    for line in lines:
        yield from ("", escape(line))
    for table in shown:
        yield from ("", f"## {escape(table.title.capitalize())}", "")
        yield _row([escape(cell) for cell in table.header])
        yield _row(["---" if place in table.worded else "---:" for place in range(len(table.header))])
        for row in table.rows:
            cells = [f"**{escape(row[0])}**"] if len(row) == 1 else [escape(cell.strip()) for cell in row]
            yield _row([*cells, *("" for _ in table.header[len(cells) :])])


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _figures(scores: Mapping[str, model.Score], main: model.Score | None) -> Table:
    rows: list[list[str]] = []
    intervals = main.intervals if main is not None else {}
    for about, names in FIGURES.items():
        rows.append([about])
        for name, path in names.items():
            read = attrgetter(path)
            cells = [_number(read(score.figures)) for score in scores.values()]
            rows.append([f"  {name}", *_with_interval(cells, intervals, path)])
    return Table(title="figures", header=["", *_with_interval(list(scores), intervals, "")], rows=rows)


def _with_interval(cells: list[str], intervals: Mapping[str, model.Interval], path: str) -> list[str]:
    """Return cells with the interval of the first behind it, if there are intervals."""
    if not intervals:
        return cells
    known = intervals.get(path)
    return [cells[0], f"[{known.low:.3f}, {known.high:.3f}]" if known else "", *cells[1:]]


def _ranking(title: str, rankings: Mapping[str, model.Ranking | None]) -> Table:
    def row(name: str, attribute: str, show: Callable[[float | None], str]) -> list[str]:
        return [f"  {name}", *(show(getattr(one, attribute, None)) for one in rankings.values())]

    rows = [row(name, attribute, _number) for name, attribute in RANKING.items()]
    rows += [row(name, attribute, _whole) for name, attribute in GROUPS.items()]
    return Table(title=title, header=["", *rankings], rows=rows)


def _types(scores: Mapping[str, model.Score]) -> Table:
    found: dict[str, int] = {}
    for score in scores.values():
        found |= {name: one.support for name, one in score.types.items()}
    rows = []
    for name, support in sorted(found.items()):
        ones = [score.types.get(name) for score in scores.values()]
        rows.append([f"  {name}", str(support), *(_number(one.rates.f1 if one else None) for one in ones)])
    return Table(title="F1 by gap type", header=["", "events", *scores], rows=rows)


def _types_of(score: model.Score) -> Table:
    rows = []
    for name, one in sorted(score.types.items()):
        numbers = [_number(number) for number in (one.rates.precision, one.rates.recall, one.rates.f1)]
        rows.append([f"  {name}", str(one.support), str(one.detected), *numbers])
    return Table(title="by gap type", header=["", "events", "detected", "P", "R", "F1"], rows=rows)


def _mistakes(score: model.Score) -> Table:
    """Return what events with a gap of each type are taken for, and events without one."""
    rows = []
    for name, one in sorted(score.types.items()):
        others = [(times, other) for other, times in one.taken_for.items() if other not in (name, "none")]
        others.sort(key=lambda pair: (-pair[0], pair[1]))
        shown = ", ".join(f"{other} {times}" for times, other in others[:SHOWN])
        missed, false = one.taken_for.get("none", 0), one.false_alarms
        rows.append([f"  {name}", str(missed), str(false), shown + (", …" if others[SHOWN:] else "")])
    return Table(title="mistakes by gap type", header=["", "missed", "false", "taken for"], rows=rows, worded=(0, 3))


def _slices(name: str, sliced: Mapping[str, Mapping[str, model.Slice]]) -> Table:
    found = next(iter(sliced.values()))
    rows = [
        [f"  {key}", str(one.events), *(_number(slices[key].figures.gap_types.f1) for slices in sliced.values())]
        for key, one in found.items()
    ]
    return Table(title=f"F1 by {name}", header=["", "events", *sliced], rows=rows)


def _slices_of(name: str, score: model.Score, attribute: str) -> Table:
    slices: Mapping[str, model.Slice] = getattr(score, attribute)
    rows = [
        [f"  {key}", str(one.events), *(_number(attrgetter(path)(one.figures)) for path in SLICED.values())]
        for key, one in slices.items()
    ]
    return Table(title=f"by {name}", header=["", "events", *SLICED], rows=rows)


def _bins(score: model.Score) -> Table:
    rows = [
        [f"  {one.above:.1f} to {one.up_to:.1f}", str(one.pairs), _number(one.confidence), _number(one.right)]
        for one in score.bins
        if one.pairs
    ]
    return Table(title="calibration", header=["", "pairs", "confidence", "right"], rows=rows)


def _number(number: float | None) -> str:
    return UNDEFINED if number is None else f"{number:.3f}"


def _whole(number: float | None) -> str:
    return UNDEFINED if number is None else f"{number:.0f}"
