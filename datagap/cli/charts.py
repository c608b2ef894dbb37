"""Draw what a pack holds in the terminal, or put it into JSON."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from datagap.problem import printable

if TYPE_CHECKING:
    from datagap.synth.stats import Rate, Stats, Variety

WIDTH: Final = 24
"""Characters of the longest bar."""
TOP: Final = 12
"""Gaps of the demand curve that are drawn."""
_EIGHTHS: Final = " ▏▎▍▌▋▊▉"


def draw(stats: Stats) -> Iterator[str]:
    """Yield the lines of a pack's charts; they are at most 80 characters wide."""
    counted = ", ".join(f"{count} on {channel}" for channel, count in stats.events.items())
    yield printable(f"{stats.pack_id}: {sum(stats.events.values())} events ({counted})")
    for name, rates in stats.rates.items():
        yield from ("", name)
        yield from _rates(rates)
    if stats.demand:
        yield from ("", f"demand for {len(stats.demand)} gaps, in people")
        yield from _bars(
            [(gap_id, people, f"{people} people, {events} events") for gap_id, people, events in stats.demand[:TOP]]
        )
        rest = stats.demand[TOP:]
        if rest:
            unmet = sum(not people for _, people, _ in rest)
            yield f"  {len(rest)} more with {rest[0][1]} people or fewer, {unmet} of them with none"
    for channel, lengths in stats.thread_lengths.items():
        threads, messages = sum(lengths.values()), sum(length * count for length, count in lengths.items())
        yield from ("", f"threads on {channel} by their messages, {messages / threads:.1f} on average")
        yield from _bars([(str(length), count, str(count)) for length, count in lengths.items()])
    yield from ("", "events by hour of the day, where the writer is")
    yield from _bars([(f"{hour:02d}", count, str(count)) for hour, count in enumerate(stats.hours)])
    if stats.variety:
        yield from ("", "distinct texts among the requests, and different words in them")
        for name, variety in stats.variety.items():
            counted = f"{variety.distinct} of {variety.texts}, {variety.words} words"
            yield f"  {name:<10} {_bar(variety.share)} {variety.share:>6.1%}  {counted}"


def _rates(rates: Sequence[Rate]) -> Iterator[str]:
    longest = max((rate.share for rate in rates), default=0.0) or 1.0
    for rate in rates:
        wanted = "" if rate.wanted is None else f"  asked for {rate.wanted:.1%}"
        yield f"  {printable(rate.name):<20} {_bar(rate.share / longest)} {rate.share:>6.1%}{wanted}"


def _bars(rows: Sequence[tuple[str, int, str]]) -> Iterator[str]:
    longest = max((count for _, count, _ in rows), default=0) or 1
    for name, count, text in rows:
        yield f"  {name:<10} {_bar(count / longest)} {text}"


def _bar(share: float) -> str:
    """Return a bar for a share of the longest, padded to WIDTH."""
    eighths = round(share * WIDTH * 8)
    whole, rest = divmod(eighths, 8)
    return ("█" * whole + (_EIGHTHS[rest] if rest else "")).ljust(WIDTH)


def as_data(stats: Stats) -> Mapping[str, Any]:
    """Return a pack's statistics as JSON data."""
    return {
        "pack_id": stats.pack_id,
        "events": dict(stats.events),
        "rates": {name: [_rate(rate) for rate in rates] for name, rates in stats.rates.items()},
        "demand": [{"gap_id": gap_id, "people": people, "events": events} for gap_id, people, events in stats.demand],
        "thread_lengths": {
            channel: {str(length): count for length, count in lengths.items()}
            for channel, lengths in stats.thread_lengths.items()
        },
        "hours": list(stats.hours),
        "variety": {name: _variety(variety) for name, variety in stats.variety.items()},
    }


def _rate(rate: Rate) -> Mapping[str, Any]:
    return {"name": rate.name, "count": rate.count, "of": rate.of, "share": rate.share, "wanted": rate.wanted}


def _variety(variety: Variety) -> Mapping[str, Any]:
    return {"texts": variety.texts, "distinct": variety.distinct, "share": variety.share, "words": variety.words}
