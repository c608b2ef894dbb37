"""Render events in rows from the choices made in columns."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from datagap import clock, ids, model
from datagap.gap import INTENTS
from datagap.pack.layout import Event
from datagap.seeding import Indexes, Words
from datagap.synth.choices import (
    ANSWERED,
    DISTRACTORS,
    NO_NEED,
    SLOW,
    STATES,
    UNCERTAIN,
    Chooser,
    QueryChoices,
    ThreadChoices,
)
from datagap.synth.planting import Need, Slot, World
from datagap.synth.scenario import SLOT, Wording
from datagap.synth.speech import Noise, Speaker, Utterance, low
from datagap.synth.world import STAFF, Place

OUTCOMES: Mapping[int, model.Outcome] = {ANSWERED: "answered", SLOW: "slow", UNCERTAIN: "uncertain"}
LATENCIES_MS: Mapping[model.Outcome, tuple[int, int]] = {
    "answered": (300, 6_000),
    "slow": (20_000, 90_000),
    "uncertain": (500, 8_000),
    "blocked": (80, 900),
    "degraded": (600, 12_000),
}
"""Least and most time to an answer, by outcome."""
CODE_QUOTES = 3
"""One text in so many has its dataset names between backticks on Slack."""
TIMEOUT_MS = (120_000, 300_000)


@dataclass(frozen=True, slots=True)
class Rendered:
    """An event, what lies behind it, and the places of its need and actor."""

    event: Event
    label: model.TruthLabel
    need: int
    actor: int


class Renderer:
    """Turns choices into events and labels."""

    def __init__(self, world: World, config: model.Config, chooser: Chooser, speaker: Speaker) -> None:
        self._world = world
        self._chooser = chooser
        self._speaker = speaker
        self._langs = [share.lang for share in config.nlq.languages]
        self._people = [person.person_id for person in world.ground.people]
        self._slots = [speaker.spoken(need.slots) for need in world.needs]

    def queries(self, chosen: QueryChoices) -> Iterator[Rendered]:
        """Yield the queries of a block in its order."""
        columns = (chosen.index, chosen.when, chosen.need, chosen.ending, chosen.actor, chosen.lang)
        for row, words in zip(zip(*map(_list, columns), strict=True), _rows(chosen.words), strict=True):
            index, when, need, ending, actor, lang = row
            render = self._answered if need == NO_NEED else self._blocked
            event, label = render(ids.query_id(index), when, need, ending, actor, self._langs[lang], words)
            yield Rendered(event, label, need, actor)

    def _blocked(
        self, event_id: str, when: int, place: int, _: int, actor: int, lang: str, words: Mapping[str, int]
    ) -> tuple[model.NlQuery, model.TruthLabel]:
        need = self._world.needs[place]
        gap = need.gap
        wording = self._wording(gap.gap_type, lang, "nlq", gap.reason, words["wording"])
        noise = _noise(words)
        timeframe = self._speaker.timeframe(words["timeframe"], noise)
        slots = {**self._slots[place], "timeframe": _timeframe_slot(timeframe)}
        said = self._speaker.say(wording, slots, lang, noise)
        slow = gap.gap_type == "performance_limit"
        query = model.NlQuery(
            id=event_id,
            when=clock.render(when),
            actor=self._people[actor],
            channel="nlq",
            nl_text=said.text,
            outcome=need.outcome,
            tables=[slots[name].ref for name in ("dataset", "other") if name in wording.slots],
            dims=_spoken_of(wording, slots, ("dim", "column", "column_label")),
            metrics=_spoken_of(wording, slots, ("measure",)),
            timeframe=timeframe.name if "timeframe" in wording.slots else None,
            lang=lang,
            latency_ms=_between(TIMEOUT_MS if slow else LATENCIES_MS[need.outcome], words["latency"]),
        )
        return query, self._label(event_id, lang, wording, said, need)

    def _answered(
        self, event_id: str, when: int, _: int, ending: int, actor: int, lang: str, words: Mapping[str, int]
    ) -> tuple[model.NlQuery, model.TruthLabel]:
        outcome = OUTCOMES[ending]
        place = self._healthy[low(words["place"], len(self._healthy))]
        dataset = self._world.catalog.by_name[place.name]
        names = {column.name for column in dataset.columns}
        measure = _one([name for name in place.entity.measures if name in names], words["measure"])
        dimension = _one([name for name in place.entity.dimensions if name in names], words["dim"])
        noise = _noise(words)
        timeframe = self._speaker.timeframe(words["timeframe"], noise)
        terms = self._world.ground.terms
        slots = {
            "measure": Slot("metric", f"{place.name}.{measure}", terms[measure].labels),
            "dim": Slot("dimension", f"{place.name}.{dimension}", terms[dimension].labels),
            "timeframe": _timeframe_slot(timeframe),
        }
        act = "uncertain" if outcome == "uncertain" else "answered"
        wording = self._wording(act, lang, "nlq", None, words["wording"])
        said = self._speaker.say(wording, slots, lang, noise)
        query = model.NlQuery(
            id=event_id,
            when=clock.render(when),
            actor=self._people[actor],
            channel="nlq",
            nl_text=said.text,
            outcome=outcome,
            parsed_sql=None if outcome == "uncertain" else _sql(dataset, measure, dimension, timeframe, when),
            tables=[place.name],
            dims=_spoken_of(wording, slots, ("dim",)),
            metrics=_spoken_of(wording, slots, ("measure",)),
            timeframe=timeframe.name if "timeframe" in wording.slots else None,
            lang=lang,
            latency_ms=_between(LATENCIES_MS[outcome], words["latency"]),
        )
        label = model.TruthLabel(
            event_id=event_id,
            request=True,
            none_reason="analysis_request" if outcome == "uncertain" else "answered",
            intent="lookup",
            gap_ids=[],
            mentions=said.mentions,
            lang=lang,
            template_split=wording.split,
        )
        return query, label

    def messages(
        self, channel: model.Channel, threads: ThreadChoices, references: Mapping[int, int], block: tuple[Indexes, ...]
    ) -> Iterator[Rendered]:
        """Yield messages; `block` holds their threads, positions and instants, `references` the query of a thread."""
        thread, position, _ = block
        openers = self._chooser.message_words(channel, thread, np.zeros_like(position))
        words = {**self._chooser.message_words(channel, thread, position), "subject": openers["subject"]}
        for row, word in zip(zip(*map(_list, block), strict=True), _rows(words), strict=True):
            yield self._message(channel, threads, references, row, word)

    def _message(
        self,
        channel: model.Channel,
        threads: ThreadChoices,
        references: Mapping[int, int],
        row: tuple[int, int, int],
        words: Mapping[str, int],
    ) -> Rendered:
        number, position, when = row
        place = int(threads.need[number])
        need = None if place == NO_NEED else self._world.needs[place]
        state = STATES[int(threads.state[number])]
        lang = self._langs[int(threads.lang[number])]
        asker = int(threads.actor[number])
        act = _act(position, int(threads.replies[number]), state, need)
        actor = self._writer(act, need, asker, words["person"])
        event_id = ids.message_id(channel, number, position)
        noise = _noise(words)
        distractor = DISTRACTORS[int(threads.distractor[number])]
        wording, said = self._core(act, distractor, channel, need, place, lang, words, noise)
        text = self._framed(said.text, channel, lang, need, words) if position == 0 else said.text
        about = references.get(number) if position == 0 else None
        event = _event(
            channel,
            id=event_id,
            when=clock.render(when),
            actor=self._people[actor],
            text=text,
            subject=self._subject(channel, need, place, lang, position, words["subject"]),
            thread_id=None if position == 0 else ids.message_id(channel, number, 0),
            referenced_query_id=None if about is None else ids.query_id(about),
        )
        if need is not None and act in ("open", "me_too"):
            label = self._label(event_id, lang, wording, said, need, state=state, follow_up=act == "me_too")
            return Rendered(event, label, place, actor)
        reason: model.NoneReason = "chatter" if position or need else distractor
        label = model.TruthLabel(
            event_id=event_id,
            request=False,
            none_reason=reason,
            intent="how_to" if reason == "how_to" else "chatter",
            gap_ids=[],
            mentions=said.mentions,
            state=state if need else None,
            lang=lang,
            template_split=wording.split,
        )
        return Rendered(event, label, NO_NEED, actor)

    def _core(
        self,
        act: str,
        distractor: str,
        channel: model.Channel,
        need: Need | None,
        place: int,
        lang: str,
        words: Mapping[str, int],
        noise: Noise,
    ) -> tuple[Wording, Utterance]:
        if act == "open" and need is not None:
            wording = self._wording(need.gap.gap_type, lang, channel, need.gap.reason, words["wording"])
            timeframe = self._speaker.timeframe(words["timeframe"], noise)
            slots = {**self._slots[place], "timeframe": _timeframe_slot(timeframe)}
            quoted = channel == "slack" and words["tick"] % CODE_QUOTES == 0
            return wording, self._speaker.say(wording, slots, lang, noise, quoted=quoted)
        wording = self._wording(distractor if act == "open" else act, lang, channel, None, words["wording"])
        return wording, self._speaker.say(wording, {}, lang, noise)

    def _framed(self, core: str, channel: model.Channel, lang: str, need: Need | None, words: Mapping[str, int]) -> str:
        frames = self._speaker.wordings.cell("opening", lang, channel)
        if need is None or need.owner is None:
            frames = [frame for frame in frames if "owner" not in frame.slots]
        owner = self._people[need.owner] if need and need.owner is not None else ""
        parts = SLOT.split(_one([frame.text for frame in frames], words["frame"]))
        parts[1::2] = [{"owner": owner, "core": core}[name] for name in parts[1::2]]
        return "".join(parts)

    def _subject(
        self, channel: model.Channel, need: Need | None, place: int, lang: str, position: int, word: int
    ) -> str:
        if channel != "email":
            return ""
        act = "subject_dataset" if need and "dataset" in need.slots else "subject_none"
        wording = self._wording(act, lang, channel, None, word)
        text = wording.text
        if need and "dataset" in wording.slots:
            text = text.replace("{dataset}", self._slots[place]["dataset"].text(lang))
        return f"Re: {text}" if position else text

    def _writer(self, act: str, need: Need | None, asker: int, word: int) -> int:
        if act == "open":
            return asker
        if need is not None and act == "me_too":
            return self._chooser.follower(need, asker, word)
        if need is not None and need.owner is not None and need.owner != asker:
            return need.owner
        others = len(self._people) - 1
        return (asker + 1 + low(word, others)) % len(self._people) if others else asker

    def _wording(self, act: str, lang: str, channel: model.Channel, reason: str | None, word: int) -> Wording:
        cell = self._speaker.wordings.cell(act, lang, channel, reason)
        return cell[low(word, len(cell))]

    def _label(
        self,
        event_id: str,
        lang: str,
        wording: Wording,
        said: Utterance,
        need: Need,
        *,
        state: model.ConversationState | None = None,
        follow_up: bool = False,
    ) -> model.TruthLabel:
        return model.TruthLabel(
            event_id=event_id,
            request=True,
            intent=INTENTS[need.gap.gap_type],
            gap_ids=[need.gap.gap_id],
            mentions=said.mentions,
            state=state,
            difficulty="hard" if follow_up else wording.difficulty,
            lang=lang,
            template_split=wording.split,
        )

    @cached_property
    def _healthy(self) -> Sequence[Place]:
        """Datasets that answer a question: marts without a gap, or the nearest thing to it that the world has."""
        broken = {name for need in self._world.needs for name in need.gap.datasets}
        catalog = self._world.catalog
        open_to_all = [
            place
            for place in self._world.ground.places.values()
            if STAFF in (catalog.by_name[place.name].access_roles or ())
        ]
        well = [place for place in open_to_all if place.name not in broken]
        marts = [place for place in well if place.dataset.layer == "mart"]
        return marts or well or open_to_all


def _act(position: int, replies: int, state: model.ConversationState, need: Need | None) -> str:
    """Return what the message at `position` of a thread does."""
    if position == 0:
        return "open"
    if need is None:
        return "small_talk"
    if position == replies:
        return {"open": "me_too", "acknowledged": "acknowledge"}.get(state, "work_around")
    if position % 2 == 0:
        return "me_too"
    return "acknowledge" if position == 1 and state != "open" else "discuss"


def _event(
    channel: model.Channel,
    *,
    id: str,  # noqa: A002 - the record's own name
    when: str,
    actor: str,
    text: str,
    subject: str,
    thread_id: str | None,
    referenced_query_id: str | None,
) -> Event:
    if channel == "slack":
        return model.SlackMessage(
            id=id,
            when=when,
            actor=actor,
            channel="slack",
            text=text,
            thread_id=thread_id,
            referenced_query_id=referenced_query_id,
        )
    return model.EmailMessage(
        id=id,
        when=when,
        actor=actor,
        channel="email",
        subject=subject,
        body=text,
        thread_id=thread_id,
        referenced_query_id=referenced_query_id,
    )


def _sql(dataset: model.Dataset, measure: str, dimension: str, timeframe: model.Timeframe, when: int) -> str:
    dates = [column.name for column in dataset.columns if column.type == "date"]
    since = clock.day(clock.render(when - (timeframe.days or 30) * clock.DAY))
    where = f" where {dates[0]} >= date '{since}'" if dates else ""
    figure = f"sum({measure}) as {measure}"
    return f"select {dimension}, {figure} from {dataset.name}{where} group by {dimension}"  # noqa: S608 - never run


def _timeframe_slot(timeframe: model.Timeframe) -> Slot:
    return Slot("timeframe", timeframe.name, timeframe.labels)


def _spoken_of(wording: Wording, slots: Mapping[str, Slot], names: Sequence[str]) -> list[str]:
    """Return the columns that a wording speaks of, without their dataset."""
    return list(dict.fromkeys(slots[name].ref.rpartition(".")[2] for name in names if name in wording.slots))


def _noise(words: Mapping[str, int]) -> Noise:
    return Noise(words["typo"], words["abbreviation"], words["filler"], words["vague"])


def _between(bounds: tuple[int, int], word: int) -> int:
    return bounds[0] + low(word, bounds[1] - bounds[0])


def _one(options: Sequence[str], word: int) -> str:
    return options[low(word, len(options))]


def _list(column: Indexes) -> list[int]:
    return [int(value) for value in column.tolist()]


def _rows(columns: Mapping[str, Words]) -> Iterator[dict[str, int]]:
    names = list(columns)
    for row in zip(*(column.tolist() for column in columns.values()), strict=True):
        yield dict(zip(names, row, strict=True))
