"""Decide conversations: threads on Slack and by mail, and the messages in them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import numpy as np

from datagap import model
from datagap.seeding import Indexes, Stream
from datagap.synth.acts import (
    ACTS,
    ASKING,
    BARE,
    CLAIM,
    CLARIFYING,
    MESSAGE_ACTS,
    NAMELESS,
    OPEN,
    OPENING_ACTS,
    OPENINGS,
    RESOLVED,
    ROLES,
    WORKED_AROUND,
)
from datagap.synth.calendar import BUSINESS
from datagap.synth.choices import MESSAGES, NOTHING, SLOT_WORDS, MessageChoices, ThreadChoices, message_index
from datagap.synth.config import DIFFICULTIES
from datagap.synth.draws import MARGIN, Draws
from datagap.synth.need import Need
from datagap.synth.phrasebook import Act

STATE_WEIGHTS: Final = (4, 3, 3)
"""How threads end about a gap that is not resolved: open, acknowledged, worked around."""
TALK_WEIGHTS: Final = (40, 60)
"""How often a reply in between says me too, or discusses."""
TURNS: Final = 4
"""The asker asks again in every fourth message, if at all."""
PAUSE: Final = 150
"""Minutes of business that the asker waits before."""
BUMPS: Final = 0.6
"""Share of the messages in which the asker may ask again in which he does."""
REFERENCES: Final = 0.5
"""Share of the threads about a gap that refer to a query, where there is one."""
ADDRESSED: Final = 0.6
"""Share of the messages about a need that are written to who answers for it."""
OPENERS_FRAMED: Final = 0.6
"""Share of the openers on Slack with a greeting or the like."""
DELAYS: Final[Mapping[model.Channel, tuple[int, int, int]]] = {"slack": (2, 90, 60), "email": (6, 260, 140)}
"""Minutes between replies: at least, and the product of two draws below the second over the third."""
HARD: Final = DIFFICULTIES.index("hard")


class Threads:
    """Decides what threads are about, and their messages."""

    def __init__(self, draws: Draws) -> None:
        self._draws = draws
        world, needs = draws.world, draws.needs
        self._claims = np.arange(len(world.needs), len(needs), dtype=np.int64)
        opening = dict(OPENING_ACTS)
        if not world.claims:
            opening[CLAIM] = 0.0
        self._opening = [*opening.values()]
        self._clarify = np.array([ROLES[_clarifying(need)] for need in needs] or [0], dtype=np.int64)
        self._nameless = np.array(["column" not in need.faces[0] for need in needs] or [False])
        self._bare = np.array(["entity" not in need.faces[0] for need in needs] or [False])
        troubled = {filling.ref for need in world.needs for face in need.faces for filling in face.get("dataset", ())}
        calm = [place for place, one in enumerate(world.sound) if one.place.name not in troubled]
        self._calm = np.array(calm or range(len(world.sound)), dtype=np.int64)
        """Places among the sound datasets that no gap is about: news that all is well there is true."""

    def decide(self, channel: model.Channel, index: Indexes) -> ThreadChoices:
        """Decide the threads with these indexes."""
        stream = Stream(self._draws.seed, channel)
        need = self._draws.need(stream, index)
        opening = stream.pick("opening", index, self._opening)
        if len(self._claims):
            claimed = (need == NOTHING) & (opening == OPENINGS.index(CLAIM))
            need = np.where(claimed, self._claims[stream.below("claim", index, len(self._claims))], need)
        mean = self._replies_mean(channel)
        whole = int(mean)
        replies = stream.below("replies", index, 2 * whole + 1)
        replies = replies + stream.chance("replies/more", index, mean - whole)
        difficulty = self._draws.difficulty(stream, index)
        difficulty = np.where((difficulty == HARD) & (replies == 0), HARD - 1, difficulty)  # nobody there to clarify
        lang = self._draws.lang(stream, index)
        actor = self._draws.actor(stream, index, need, lang)
        known = np.maximum(need, 0)
        gap = (need != NOTHING) & (need < len(self._draws.world.needs))
        answered = replies - (gap & (difficulty == HARD))
        state = stream.pick("state", index, STATE_WEIGHTS)
        state = np.where(self._draws.resolved[known] & gap, RESOLVED, state)
        state = np.where(answered > 0, state, OPEN)
        place = stream.below("place", index, len(self._draws.world.sound))
        news = (need == NOTHING) & (opening == OPENINGS.index("resolved"))
        place = np.where(news, self._calm[place % len(self._calm)], place)
        return ThreadChoices(
            index=index,
            when=self._draws.when(stream, index, need, actor, self._elapsed(channel, index, replies)),
            need=need,
            act=opening,
            actor=actor,
            lang=lang,
            difficulty=difficulty,
            replies=replies,
            state=state,
            refers=stream.chance("refers", index, REFERENCES) & gap,
            place=place,
        )

    def _replies_mean(self, channel: model.Channel) -> float:
        return (self._draws.config.slack if channel == "slack" else self._draws.config.email).replies_mean

    def _delays(self, channel: model.Channel, thread: Indexes, position: Indexes) -> Indexes:
        """Return the working units between each message and the one before it; none before an opener."""
        stream = Stream(self._draws.seed, channel)
        index = message_index(thread, position)
        least, spread, over = DELAYS[channel]
        product = stream.below("delay/a", index, spread) * stream.below("delay/b", index, spread)
        pause = np.where(position % TURNS == TURNS - 1, PAUSE, 0)  # before the asker asks again
        return np.where(position == 0, 0, BUSINESS * (least + product // over + pause))

    def _elapsed(self, channel: model.Channel, thread: Indexes, replies: Indexes) -> Indexes:
        """Return the working units between the opener and the last message of each thread."""
        row, position = _spread(replies + 1)
        delays = self._delays(channel, thread[row], position)
        return np.bincount(row, weights=delays, minlength=len(thread)).astype(np.int64)

    def messages(self, channel: model.Channel, threads: ThreadChoices, references: Indexes) -> MessageChoices:
        """Decide the messages of `threads`: each after the one before it, all before the end.

        `references` has the index of the query that each thread refers to, or NOTHING.
        """
        stream = Stream(self._draws.seed, channel)
        row, position = _spread(threads.replies + 1)
        thread = threads.index[row]
        index, first = message_index(thread, position), message_index(thread, np.zeros_like(position))
        need, lang = threads.need[row], threads.lang[row]
        role = self._role(stream, index, threads, row, position)
        actor, to = self._writer(stream, index, threads, row, role)
        wording = self._wording(channel, stream, index, role, need, lang, threads.difficulty[row], threads.place[row])
        starts = np.flatnonzero(position == 0)
        opener = np.repeat(wording[starts], threads.replies + 1)
        subject = self._subject_act(channel, threads)
        deck, closing = self._draws.deck, stream.numbers("sign", index)
        timeframe = self._draws.timeframe(stream, first[starts], threads.need, threads.place)
        reference = np.where(position == 0, references[row], NOTHING)
        return MessageChoices(
            thread=thread,
            position=position,
            when=self._message_times(channel, stream, threads, row, position, role),
            opened=threads.when[row],
            need=need,
            opening=threads.act[row],
            role=role,
            actor=actor,
            asker=threads.actor[row],
            to=to,
            lang=lang,
            state=threads.state[row],
            difficulty=threads.difficulty[row],
            place=threads.place[row],
            wording=wording,
            opener=opener,
            frame=self._frame(channel, stream, index, lang, to),
            subject=deck.for_acts(channel, subject, threads.lang, stream.numbers("subject", first[starts]))[row]
            if channel == "email"
            else np.zeros_like(row),
            closing=self._of(channel, "email_closing", lang, closing),
            quote=self._of(channel, "email_quote", lang, closing),
            timeframe=np.repeat(timeframe, threads.replies + 1),
            reference=reference,
            noise=self._draws.noise(stream, index, need, channel),
            words={name: stream.words(name, index) for name in SLOT_WORDS},
            opener_noise=self._draws.noise(stream, first, need, channel),
            opener_words={name: stream.words(name, first) for name in SLOT_WORDS},
        )

    def _of(self, channel: model.Channel, act: Act, lang: Indexes, word: Indexes) -> Indexes:
        """Return wordings of an act of mails; nothing on other channels."""
        if channel != "email":
            return np.zeros_like(lang)
        return self._draws.deck.for_acts(channel, np.full_like(lang, self._draws.deck.act(channel, act)), lang, word)

    def _frame(self, channel: model.Channel, stream: Stream, index: Indexes, lang: Indexes, to: Indexes) -> Indexes:
        deck, word = self._draws.deck, stream.numbers("frame", index)
        if channel == "slack":
            frame = deck.for_acts(channel, np.full_like(lang, deck.act(channel, "slack_frame")), lang, word)
            return np.where(stream.chance("framed", index, OPENERS_FRAMED), frame, NOTHING)
        named, unnamed = deck.act(channel, "email_greeting"), deck.act(channel, "email_greeting_all")
        return deck.for_acts(channel, np.where(to == NOTHING, unnamed, named), lang, word)

    def _subject_act(self, channel: model.Channel, threads: ThreadChoices) -> Indexes:
        if channel != "email":
            return np.zeros_like(threads.index)
        deck = self._draws.deck
        number = {name: deck.act(channel, name) for name in ACTS["email"] if name.startswith("subject_")}
        subjects = [
            number["subject_subject" if need.reason in ("not_ingested", "not_modelled") else "subject_gap"]
            for need in self._draws.needs
        ]
        about = np.array(subjects or [0], dtype=np.int64)[np.maximum(threads.need, 0)]
        hard = threads.difficulty == HARD
        about = np.where(hard, number["subject_hard"], about)
        news = threads.act == OPENINGS.index("resolved")
        none = np.where(news, number["subject_news"], number["subject_none"])
        return np.where(threads.need == NOTHING, none, about)

    def _role(self, stream: Stream, index: Indexes, threads: ThreadChoices, row: Indexes, position: Indexes) -> Indexes:
        """Return what each message does in its thread."""
        need, replies, state = threads.need[row], threads.replies[row], threads.state[row]
        gap = (need != NOTHING) & (need < len(self._draws.world.needs))
        claim = need >= len(self._draws.world.needs)
        hard = gap & (threads.difficulty[row] == HARD)
        # What threads are about no gap open and answer with
        openers = np.array([ROLES.get(name, ASKING) for name in OPENINGS], dtype=np.int64)
        answers = np.array([ROLES.get(f"answer_{name}", ROLES["small_talk"]) for name in OPENINGS], dtype=np.int64)
        opening = np.where(claim, OPENINGS.index(CLAIM), threads.act[row])
        chatter, news = opening == OPENINGS.index("chatter"), opening == OPENINGS.index("resolved")
        role = np.where(chatter, ROLES["small_talk"], ROLES["aside"])
        role = np.where((position == 2) & ~chatter & ~news, ROLES["thanks"], role)
        role = np.where(position == 1, answers[opening], role)
        role = np.where(position == 0, np.where(claim, ASKING, openers[opening]), role)
        # Threads about a gap: asked, clarified if hard, talked over, and ended
        talked = np.where(stream.pick("talk", index, TALK_WEIGHTS), ROLES["discuss"], ROLES["me_too"])
        bumps = (position % TURNS == TURNS - 1) & stream.chance("bump", index, BUMPS)
        talked = np.where(bumps, ROLES["bump"], talked)
        told = np.array([0, *(ROLES[name] for name in ("acknowledge", "work_around", "resolve"))], dtype=np.int64)
        ends = np.where(state == OPEN, talked, told[state])
        thanked = (state >= WORKED_AROUND) & (replies - hard >= 3)
        ending = np.where(thanked, replies - 1, replies)
        asked = np.where(position == ending, ends, talked)
        asked = np.where(thanked & (position == replies), ROLES["thanks"], asked)
        asked = np.where(hard & (position == 1), self._clarify[np.maximum(need, 0)], asked)
        return np.where(gap, np.where(position == 0, ASKING, asked), role)

    def _writer(
        self, stream: Stream, index: Indexes, threads: ThreadChoices, row: Indexes, role: Indexes
    ) -> tuple[Indexes, Indexes]:
        """Return who writes each message, and to whom."""
        need, lang, asker = threads.need[row], threads.lang[row], threads.actor[row]
        first = message_index(threads.index, np.zeros_like(threads.index))
        word, stride = stream.numbers("writer", first)[row], stream.numbers("writer/stride", first)[row]
        position = index - first[row]
        owner = self._draws.owner_of(need)
        other = self._draws.crowd.anybody(lang, word, (asker, owner), position, stride)
        follower = self._draws.crowd.able(need, lang, word, (asker, owner), position, stride)
        answering = np.where((owner != NOTHING) & (owner != asker), owner, other)
        mine = np.isin(role, [ASKING, ROLES["bump"], ROLES["thanks"]])
        mine |= np.isin(role, [ROLES[name] for name in OPENINGS if name in ROLES])
        answers = [*CLARIFYING, "acknowledge", "work_around", "resolve"]
        answers += [act for act in MESSAGE_ACTS if act.startswith("answer_")]
        actor = np.where(np.isin(role, [ROLES[name] for name in answers]), answering, other)
        actor = np.where(role == ROLES["me_too"], follower, actor)
        actor = np.where(mine, asker, actor)
        addressed = stream.chance("addressed", index, ADDRESSED)
        to = np.where((owner != NOTHING) & (owner != actor) & addressed, owner, NOTHING)
        return actor, np.where(mine, to, asker)

    def _wording(
        self,
        channel: model.Channel,
        stream: Stream,
        index: Indexes,
        role: Indexes,
        need: Indexes,
        lang: Indexes,
        difficulty: Indexes,
        place: Indexes,
    ) -> Indexes:
        position = index % MESSAGES
        word = stream.numbers("wording", index - position)  # of the thread, so that replies differ by their position
        asks = role == ASKING
        bare = self._bare[np.maximum(need, 0)] | (need == NOTHING)
        for name, act in BARE.items():
            role = np.where(bare & (role == ROLES[act]), self._draws.deck.act(channel, name), role)
        nameless = self._nameless[np.maximum(need, 0)] & (need != NOTHING) & (role == ROLES["clarify_column"])
        role = np.where(nameless, self._draws.deck.act(channel, NAMELESS), role)
        acts = self._draws.undate(channel, np.where(asks, 0, role), place)
        wording = self._draws.deck.for_acts(channel, acts, lang, word, position)
        wording[asks] = self._draws.deck.for_needs(channel, need[asks], lang[asks], difficulty[asks], word[asks])
        return wording

    def _message_times(
        self,
        channel: model.Channel,
        stream: Stream,
        threads: ThreadChoices,
        row: Indexes,
        position: Indexes,
        role: Indexes,
    ) -> Indexes:
        """Return when the messages are written: replies in working time, a resolution after what it tells."""
        delays = self._delays(channel, threads.index[row], position)
        so_far = np.cumsum(delays)
        starts = np.cumsum(threads.replies + 1) - threads.replies - 1
        elapsed = so_far - (so_far[starts][row] if len(row) else so_far)
        total = self._elapsed(channel, threads.index, threads.replies)
        need = threads.need
        ends = np.where(need == NOTHING, self._draws.end, self._draws.until[np.maximum(need, 0)])
        when = np.empty(len(row), dtype=np.int64)
        zone = self._draws.world.staff.zone[threads.actor]
        index = message_index(threads.index[row], position)
        for place, calendar in enumerate(self._draws.calendars):
            here = np.flatnonzero(zone[row] == place)
            if not len(here):
                continue
            of = row[here]
            opened = calendar.before(threads.when)
            room = np.maximum(calendar.until(ends) - opened - MARGIN, 0)
            squeezed = np.where(
                total[of] > room[of], elapsed[here] * room[of] // np.maximum(total[of], 1), elapsed[here]
            )
            when[here] = calendar.at(opened[of] + squeezed) + stream.below("second", index[here], 60)
        opened = threads.when[row]
        when = np.where(position == 0, opened, when)
        resolved = (need != NOTHING) & self._draws.resolved[np.maximum(need, 0)]
        told = resolved[row] & np.isin(role, [ROLES["resolve"], ROLES["thanks"]])
        later = ends[row] + 60 * (2 + stream.below("told", index, 30) + 45 * (role == ROLES["thanks"]))
        when = np.where(told, np.maximum(when, later), when)
        return _rising(when, row, position, self._draws.end)


def _spread(lengths: Indexes) -> tuple[Indexes, Indexes]:
    """Return the row and the position in it of every element of rows of these lengths."""
    row = np.repeat(np.arange(len(lengths), dtype=np.int64), lengths)
    first = np.cumsum(lengths) - lengths
    return row, np.arange(len(row), dtype=np.int64) - first[row]


def _rising(when: Indexes, row: Indexes, position: Indexes, end: int) -> Indexes:
    """Return instants that rise within each row, by a second at least, and lie before the end."""
    if not len(when):
        return when
    base = int(when.min())
    span = int(when.max()) - base + MESSAGES + 1
    flat = (when - position - base) + row * span
    risen = np.maximum.accumulate(flat) - row * span + base + position
    longest = np.bincount(row)[row]
    return np.asarray(np.minimum(risen, end - longest + position))


def _clarifying(need: Need) -> Act:
    """Return the act that says what a need is about, for who wrote of it in riddles."""
    face = need.faces[0]
    if "subject" in face:
        return "clarify_subject"
    if "metric" in face:
        return "clarify_metric"
    if "other" in face:
        return "clarify_pair"
    if "column_label" in face:
        return "clarify_column"
    return "clarify_grain" if "grain" in face else "clarify_dataset"
