"""Count what a pack holds: realised against configured rates, demand, threads, hours, and variety."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from math import fsum
from typing import Final

from datagap import clock, model
from datagap.gap import GAP_TYPES
from datagap.pack import layout
from datagap.pack.reader import Pack
from datagap.synth.choices import NOISE
from datagap.synth.config import DIFFICULTIES, DIFFICULTY_MIX, gap_weights, prevalence

_WORD: Final = re.compile(r"[^\W\d_]+(?:['\u2019-][^\W\d_]+)*")
HOURS: Final = 24


@dataclass(frozen=True, slots=True)
class Rate:
    """A share as it came out, and as it was asked for; None where nothing was asked for."""

    name: str
    count: int
    of: int
    wanted: float | None = None

    @property
    def share(self) -> float:
        """The share as it came out; 0 of nothing is 0."""
        return self.count / self.of if self.of else 0.0


@dataclass(frozen=True, slots=True)
class Variety:
    """How much texts differ."""

    texts: int
    distinct: int
    words: int
    """Different words, in small letters."""

    @property
    def share(self) -> float:
        """Distinct texts among all."""
        return self.distinct / self.texts if self.texts else 0.0


@dataclass(frozen=True, kw_only=True)
class Stats:
    """What a pack holds. Without an answer key the parts that need one are empty."""

    pack_id: str
    events: Mapping[model.Channel, int]
    rates: Mapping[str, Sequence[Rate]]
    """Rates by what they are shares of."""
    demand: Sequence[tuple[str, int, int]]
    """Gap, people and events, the most wanted first."""
    thread_lengths: Mapping[model.Channel, Mapping[int, int]]
    """Threads by their number of messages."""
    hours: Sequence[int]
    """Events by hour of the day, where the writer is if the catalog says so, else in UTC."""
    variety: Mapping[str, Variety]
    """Variety of the requests, of all (`all`) and by channel, language and difficulty."""


def measure(pack: Pack) -> Stats:
    """Return what a pack holds; events are streamed, texts are kept as hashes alone."""
    counting = _Counting(pack)
    for channel in layout.EVENT_FILES:
        for event in pack.events(channel):
            counting.add(channel, event)
    return counting.stats()


def _hour(instant: int, zone: str | None) -> int:
    """Return the hour of the day, in a time zone if it is known, else in UTC."""
    try:
        return clock.local(instant, zone or "UTC").hour
    except LookupError:
        return instant % clock.DAY // clock.HOUR


@dataclass
class _Texts:
    texts: int = 0
    seen: set[int] = field(default_factory=set)
    words: set[str] = field(default_factory=set)

    def add(self, text: str) -> None:
        self.texts += 1
        self.seen.add(hash(text))
        self.words.update(_WORD.findall(text.lower()))

    def variety(self) -> Variety:
        return Variety(self.texts, len(self.seen), len(self.words))


class _Counting:
    def __init__(self, pack: Pack) -> None:
        self._manifest = pack.manifest()
        self._gaps = {gap.gap_id: gap for gap in pack.gaps()} if pack.has(layout.TRUTH_GAPS) else {}
        self._labels = iter(pack.labels()) if pack.has(layout.TRUTH_LABELS) else iter(())
        self._early: dict[str, model.TruthLabel] = {}
        people = pack.people() if pack.has(layout.PEOPLE) else ()
        self._zones = {person.person_id: person.timezone for person in people if person.timezone}
        self._events: Counter[model.Channel] = Counter()
        self._counts: Counter[tuple[str, str]] = Counter()
        self._threads: dict[model.Channel, Counter[str]] = {"slack": Counter(), "email": Counter()}
        self._hours = [0] * HOURS
        self._texts: dict[str, _Texts] = {}

    def add(self, channel: model.Channel, event: layout.Event) -> None:
        """Count an event."""
        self._events[channel] += 1
        instant, zone = clock.parse(event.when), self._zones.get(event.actor)
        self._hours[_hour(instant, zone)] += 1
        if isinstance(event, model.NlQuery):
            self._counts["outcome", event.outcome] += 1
        else:
            self._threads[channel][event.thread_id or event.id] += 1
        label = self._label(event.id)
        if label is None:
            return
        text = layout.event_text(event)
        opens = isinstance(event, model.NlQuery) or event.thread_id is None
        self._counts["lang", label.lang] += 1
        self._count_noise(channel, label)
        if label.none_reason:
            self._counts["none_reason", label.none_reason] += 1
        if opens:
            self._counts["opens", channel] += 1
            self._counts["gap", channel] += bool(label.gap_ids)
            if label.gap_ids and label.difficulty:
                self._counts["difficulty", label.difficulty] += 1
        gap = self._gaps.get(label.gap_ids[0]) if label.gap_ids else None
        if gap is not None and channel == "nlq":
            self._counts["type", gap.gap_type] += 1
        if label.request:
            keys = ["all", channel, label.lang, *([label.difficulty] if label.difficulty else [])]
            for key in keys:
                self._texts.setdefault(key, _Texts()).add(text)

    def _count_noise(self, channel: model.Channel, label: model.TruthLabel) -> None:
        """Count the noise of an event, and whether it had room for each kind."""
        rooms = {
            "emoji": channel == "slack",
            "vague_time": label.request and any(mention.kind == "timeframe" for mention in label.mentions),
        }
        for kind in NOISE:
            if rooms.get(kind, label.request):
                self._counts["room", kind] += 1
                self._counts["noise", kind] += kind in (label.noise or ())

    def _label(self, event_id: str) -> model.TruthLabel | None:
        """Return the label of an event; labels are in the order of the events, or are kept until they are asked for."""
        if event_id in self._early:
            return self._early.pop(event_id)
        for label in self._labels:
            if label.event_id == event_id:
                return label
            self._early[label.event_id] = label
        return None

    def stats(self) -> Stats:
        """Return what was counted."""
        ranked = sorted(self._gaps.values(), key=lambda gap: (-gap.demand.people, -gap.demand.events, gap.gap_id))
        lengths = {channel: dict(sorted(Counter(found.values()).items())) for channel, found in self._threads.items()}
        return Stats(
            pack_id=self._manifest.pack_id,
            events=dict(self._events),
            rates={name: rates for name, rates in self._rates() if rates},
            demand=[(gap.gap_id, gap.demand.people, gap.demand.events) for gap in ranked],
            thread_lengths={channel: found for channel, found in lengths.items() if found},
            hours=self._hours,
            variety={name: texts.variety() for name, texts in self._texts.items()},
        )

    def _rates(self) -> Iterator[tuple[str, list[Rate]]]:
        config, counts = self._manifest.config_echo, self._counts
        share, weights = prevalence(config), gap_weights(config)
        dropped = self._manifest.dropped_gap_types or ()
        held = [0.0 if name in dropped else weight for name, weight in zip(GAP_TYPES, weights, strict=True)]
        met = sum(counts["type", name] for name in GAP_TYPES)
        total = fsum(held) or 1.0
        yield (
            "gaps",
            [
                Rate(f"{channel} {'queries' if channel == 'nlq' else 'threads'}", counts["gap", channel], opened, share)
                for channel in layout.EVENT_FILES
                if (opened := counts["opens", channel])
            ],
        )
        yield (
            "gap types of queries",
            [
                Rate(name, counts["type", name], met, weight / total)
                for name, weight in zip(GAP_TYPES, held, strict=True)
                if met and (weight or counts["type", name])
            ],
        )
        nlq = config.nlq
        rest = {"slow": nlq.slow_rate, "uncertain": nlq.uncertain_rate}
        rest = {"answered": max(0.0, 1 - fsum(rest.values())), **rest}
        plain = sum(counts["outcome", name] for name in rest)
        yield (
            "outcomes of queries without a gap",
            [Rate(name, counts["outcome", name], plain, wanted) for name, wanted in rest.items() if plain],
        )
        labelled = sum(count for (kind, _), count in counts.items() if kind == "lang")
        languages = {entry.lang: entry.pct for entry in nlq.languages}
        yield (
            "languages",
            [Rate(lang, counts["lang", lang], labelled, pct) for lang, pct in languages.items() if labelled],
        )
        worded = sum(counts["difficulty", name] for name in DIFFICULTIES)
        mix = dict(zip(DIFFICULTIES, DIFFICULTY_MIX[config.difficulty], strict=True))
        yield (
            "difficulty of queries and openers about a gap",
            [Rate(name, counts["difficulty", name], worded, mix[name]) for name in DIFFICULTIES if worded],
        )
        noise = nlq.noise
        wanted = {
            "typo": noise.typos_pct,
            "abbreviation": noise.abbreviations_pct,
            "vague_time": noise.vague_time_pct,
            "oos_term": noise.oos_term_pct,
            "casing": noise.casing_pct,
            "emoji": noise.emoji_pct,
        }
        yield (
            "noise",
            [
                Rate(name, counts["noise", name], room, rate)
                for name, rate in wanted.items()
                if (room := counts["room", name])
            ],
        )
        none = sum(count for (kind, _), count in counts.items() if kind == "none_reason")
        reasons = sorted(
            (name for kind, name in counts if kind == "none_reason"), key=lambda name: -counts["none_reason", name]
        )
        yield "reasons for no gap", [Rate(name, counts["none_reason", name], none) for name in reasons]
