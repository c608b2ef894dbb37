"""Render events in rows from the choices made in columns."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from datagap import clock, ids, model
from datagap.pack.layout import Event
from datagap.synth.acts import ASKING, ASKING_ACTS, MESSAGE_ACTS, OPENINGS, QUERY_ACTS, STATES
from datagap.synth.bot import Bot, face_of, latency
from datagap.synth.choices import ANSWERED, NOTHING, SLOW, UNCERTAIN, MessageChoices, QueryChoices
from datagap.synth.chooser import Chooser
from datagap.synth.config import DIFFICULTIES
from datagap.synth.labelling import ASKED_NOTHING, Labeller, none_reason
from datagap.synth.need import Face, Filling, Need, World
from datagap.synth.phrasebook import Act, Wording
from datagap.synth.rows import Row, noises_of, rows, words_of
from datagap.synth.speech import Draw, Speaker, Utterance, framed
from datagap.synth.timeframe import NAMES

OUTCOMES: Final[Mapping[int, model.Outcome]] = {ANSWERED: "answered", SLOW: "slow", UNCERTAIN: "uncertain"}
ERRORS_SHOWN: Final = 4
"""One message in so many that states its gap shows what the system printed."""
QUOTED: Final = 3
"""One Slack message in so many has its names between backticks."""
ERROR_REASONS: Final = frozenset[model.GapReason](
    [
        "not_ingested",
        "retired",
        "absent",
        "not_exposed",
        "wrong_type",
        "wrong_format",
        "no_key",
        "no_grant",
        "too_large",
        "unpartitioned",
        "no_aggregate",
    ]
)
"""Reasons of gaps that a system prints an error about."""
FRAMED_BY: Final = frozenset(["project", "stakeholder"])
"""Slots of the frames of queries."""
TICKETS: Final = 4000
DAYS_AHEAD: Final = 3
"""Working days after a message by which its writer may want or promise something."""
_WORD: Final = re.compile(r"[a-z]+")


@dataclass(frozen=True, slots=True)
class Rendered:
    """An event, what lies behind it, and the places of its gap and actor."""

    event: Event
    label: model.TruthLabel
    gap: int
    """Place among the gaps, or NOTHING where it asks for none of them."""
    actor: int
    template: str
    """Name of the wording that it was made from."""


class Renderer:
    """Turns choices into events and labels."""

    def __init__(self, world: World, config: model.Config, chooser: Chooser) -> None:
        self._world = world
        self._deck = chooser.deck
        self._needs = chooser.needs
        shares = [share for share in config.nlq.languages if share.pct > 0]
        self._langs = [share.lang for share in shares]
        self._speakers = [Speaker(world.vocabulary.phrasebook(lang)) for lang in self._langs]
        self._people = world.staff.people
        self._bot = Bot(world)
        self._labeller = Labeller(self._langs, world.vocabulary.scenario.split)

    # Queries

    def queries(self, chosen: QueryChoices) -> Iterator[Rendered]:
        """Yield the queries of a block in its order."""
        for row, words, noise in rows(chosen):
            yield self._query(row, words, noise)

    def _query(self, row: Row, words: Row, noise: Sequence[model.NoiseKind]) -> Rendered:
        need = None if row["need"] == NOTHING else self._needs[row["need"]]
        act = QUERY_ACTS[row["act"]]
        face = self._query_face(need, act, row, words)
        draw = Draw(words, noise, NAMES[row["timeframe"]])
        speaker = self._speakers[row["lang"]]
        wording = self._deck.wordings[row["wording"]]
        said = speaker.say(wording, face, draw)
        outcome = OUTCOMES[row["outcome"]] if need is None else need.outcomes[row["outcome"]]
        asks = need is not None or none_reason(act) not in ASKED_NOTHING
        said = speaker.with_asides(said, draw, message=False) if asks else said
        text = said.text
        if asks and row["frame"] != NOTHING and ":" not in said.text:
            frame = self._deck.wordings[row["frame"]]
            named = wording.slots | ({"project"} if "oos_term" in said.noise else set())
            if not FRAMED_BY & frame.slots & named:  # one project, or one reader, is enough
                text = speaker.say(frame, {"core": [_plain(said.text)]}, Draw(words)).text
        refs = {
            mention.kind: [one.ref for one in said.mentions if one.kind == mention.kind] for mention in said.mentions
        }
        timeframes = refs.get("timeframe", [])
        query = model.NlQuery(
            id=ids.query_id(row["index"]),
            when=clock.render(row["when"]),
            actor=self._people[row["actor"]].person_id,
            channel="nlq",
            nl_text=text,
            outcome=outcome,
            parsed_sql=self._bot.sql(need, act, row, words, said.mentions),
            tables=self._bot.tables(need, act, row, wording, face),
            dims=_columns([*refs.get("dimension", ()), *refs.get("column", ())]),
            metrics=_columns(refs.get("metric", ())),
            timeframe=timeframes[0] if timeframes else None,
            lang=self._langs[row["lang"]],
            latency_ms=latency(need, outcome, row["latency"]),
        )
        label = self._labeller.label(query.id, row["lang"], said, wording, need, act, asks=need is not None)
        return Rendered(query, label, row["need"], row["actor"], wording.name)

    def _query_face(self, need: Need | None, act: Act, row: Row, words: Row) -> Face:
        if need is not None:
            return face_of(need, words)
        if act == "answered_join":
            joint = self._world.joints[row["joint"]]
            return {**joint.face, "dataset": [Filling("dataset", joint.left.name, joint.left.name)]}
        return self._world.sound[row["place"]].face

    # Messages

    def messages(self, channel: model.Channel, chosen: MessageChoices) -> Iterator[Rendered]:
        """Yield messages in the order of `chosen`."""
        count = len(chosen.thread)
        openers = zip(words_of(chosen.opener_words, count), noises_of(chosen.opener_noise, count), strict=True)
        for (row, words, noise), (opener, opener_noise) in zip(rows(chosen), openers, strict=True):
            yield self._message(channel, row, words, noise, opener, opener_noise)

    def _message(
        self,
        channel: model.Channel,
        row: Row,
        words: Row,
        noise: Sequence[model.NoiseKind],
        opener: Row,
        opener_noise: Sequence[model.NoiseKind],
    ) -> Rendered:
        need = None if row["need"] == NOTHING else self._needs[row["need"]]
        gap = need if need is not None and need.gap is not None else None
        act = "ask" if row["role"] == ASKING else MESSAGE_ACTS[row["role"]]
        wording = self._deck.wordings[row["wording"]]
        said = self._said(channel, act, wording, row, words, opener, noise)
        if channel == "slack":
            text = self._posted(said, row, words, opener, need, act)
        else:
            text = self._mail(said, row, words, opener, opener_noise, need, act)
        event_id = ids.message_id(channel, row["thread"], row["position"])
        follows = row["position"] > 0
        when, actor = clock.render(row["when"]), self._people[row["actor"]].person_id
        thread = ids.message_id(channel, row["thread"], 0) if follows else None
        query = None if row["reference"] == NOTHING else ids.query_id(row["reference"])
        event: Event
        if channel == "slack":
            event = model.SlackMessage(
                id=event_id,
                when=when,
                actor=actor,
                channel="slack",
                text=text,
                thread_id=thread,
                referenced_query_id=query,
            )
        else:
            subject = self._subject(row, opener)
            event = model.EmailMessage(
                id=event_id,
                when=when,
                actor=actor,
                channel="email",
                subject=f"Re: {subject}" if follows else subject,
                body=text,
                thread_id=thread,
                referenced_query_id=query,
            )
        asks = gap is not None and act in ("ask", *ASKING_ACTS)
        label = self._labeller.label(
            event_id,
            row["lang"],
            said,
            wording,
            need,
            act,
            asks=asks,
            state=STATES[row["state"]] if gap else None,
        )
        return Rendered(event, label, row["need"] if asks else NOTHING, row["actor"], wording.name)

    def _said(
        self,
        channel: model.Channel,
        act: Act,
        wording: Wording,
        row: Row,
        words: Row,
        opener: Row,
        noise: Sequence[model.NoiseKind],
    ) -> Utterance:
        """Return the core of a message."""
        speaker = self._speakers[row["lang"]]
        kept = () if act == "me_too" else ("measure", "dim", "project") if act == "bump" else ("measure", "dim")
        quoted = channel == "slack" and Draw(opener).pick("quoted", QUOTED) == 0
        own = {**words, **{name: opener[name] for name in kept}}
        draw = Draw(own, noise, NAMES[row["timeframe"]], capital=True, quoted=quoted)
        said = speaker.say(wording, self._message_face(row, opener, act), draw)
        if act in ("ask", *ASKING_ACTS) or none_reason(act) not in ASKED_NOTHING:
            said = speaker.with_asides(said, draw, message=True)
        return speaker.with_emoji(said, draw)

    def _message_face(self, row: Row, opener: Row, act: Act) -> Face:
        """Return what fills the slots of every message of a thread: all are about the same dataset."""
        if row["need"] == NOTHING:
            face = self._world.sound[row["place"]].face
            ticket = f"DATA-{TICKETS + Draw(opener).pick('ticket', TICKETS)}"
        else:
            face = face_of(self._needs[row["need"]], opener)
            ticket = f"DATA-{TICKETS // 4 + 7 * row['need']}"
        if act != "ask":  # the day of the last load is the asker's to name; others speak of the days to come
            face = {**face, "weekday": self._speakers[row["lang"]].weekdays(_days_ahead(row["when"]))}
        return {**face, "ticket": [_plain(ticket)]}

    def _posted(self, said: Utterance, row: Row, words: Row, opener: Row, need: Need | None, act: Act) -> str:
        """Return the text of a Slack message: its core, framed if it opens a thread, and what a system printed."""
        text = said.text
        to = None if row["to"] == NOTHING else self._people[row["to"]]
        if row["position"] == 0 and row["frame"] != NOTHING:
            frame = self._deck.wordings[row["frame"]]
            if "owner" not in frame.slots or to is not None:
                text = framed(frame, said, {"owner": to.person_id if to else ""}).text
        error = self._error(row, words, opener, need, act, said.text)
        return f"{text}\n```\n{error}\n```" if error else text

    def _mail(
        self,
        said: Utterance,
        row: Row,
        words: Row,
        opener: Row,
        opener_noise: Sequence[model.NoiseKind],
        need: Need | None,
        act: Act,
    ) -> str:
        """Return the body of a mail: greeting, core, closing, signature, and in a reply what it answers."""
        wordings, position = self._deck.wordings, row["position"]
        to = None if row["to"] == NOTHING else self._people[row["to"]]
        greeting = framed(wordings[row["frame"]], Utterance(""), {"name": _given(to) if to else ""}).text
        parts = [greeting] if position == 0 or Draw(words).pick("quoted", 2) else []
        parts.append(said.text)
        if error := self._error(row, words, opener, need, act, said.text):
            parts.append(f"    {error}")
        writer = self._people[row["actor"]]
        signature = [wordings[row["closing"]].literals[0]]
        signature += [_given(writer)] if position else [writer.name or writer.person_id, *_job(writer)]
        parts.append("\n".join(signature))
        if position and Draw(words).pick("error", 3):
            parts.append(self._quoted(row, opener, opener_noise, need))
        return "\n\n".join(parts)

    def _quoted(self, row: Row, opener: Row, noise: Sequence[model.NoiseKind], need: Need | None) -> str:
        """Return the opener of a thread as a reply quotes it."""
        act = OPENINGS[row["opening"]] if need is None else "ask"
        wording = self._deck.wordings[row["opener"]]
        said = self._said("email", act, wording, row, opener, opener, noise)
        date = clock.render(row["opened"])
        asker = self._people[row["asker"]]
        fillings = {"date": f"{date[:10]} {date[11:16]}", "name": asker.name or asker.person_id}
        above = framed(self._deck.wordings[row["quote"]], Utterance(""), fillings).text
        return "\n".join([above, *(f"> {line}" for line in said.text.splitlines())])

    def _subject(self, row: Row, opener: Row) -> str:
        """Return the subject of a mail's thread."""
        speaker = self._speakers[row["lang"]]
        wording = self._deck.wordings[row["subject"]]
        face = self._message_face(row, opener, "ask")
        return speaker.say(wording, face, Draw(opener, capital=True)).text

    def _error(self, row: Row, words: Row, opener: Row, need: Need | None, act: Act, text: str) -> str:
        """Return what a system printed, where the writer shows it: those who decide rather than query do not."""
        writer = self._people[row["actor"]]
        if row["position"] or writer.audience == "Exec" or Draw(words).pick("error", ERRORS_SHOWN):
            return ""
        errors = self._world.vocabulary.errors
        if need is None:
            shown = errors.get(act, ()) if act in ("wrong_tool", "bot_error") else ()
            return _one(shown if act == "bot_error" else _alike(shown, text), opener)
        hard = DIFFICULTIES[row["difficulty"]] == "hard"
        if need.gap is None or hard or need.reason not in ERROR_REASONS:
            return ""
        face = face_of(need, opener)
        line = _one(errors.get(need.gap_type, ()), opener)
        table = need.gap.subject or face["dataset"][0].text
        fillings = {name: face[name][0].text for name in ("dataset", "other", "column") if name in face}
        for name, filling in {"dataset": table, "table": table, **fillings}.items():
            line = line.replace(f"{{{name}}}", filling)
        return "" if "{" in line else line


def _alike(lines: Sequence[str], text: str) -> list[str]:
    """Return the lines that share a word with a text, one that says more than `the` and `with`."""
    told = {word for word in _WORD.findall(text.lower()) if len(word) > 4 or word in ("ssh", "vpn", "git")}
    return [line for line in lines if told & {*_WORD.findall(line.lower())}]


def _plain(text: str) -> Filling:
    return Filling(None, text, text)


def _one(texts: Sequence[str], words: Row) -> str:
    return texts[Draw(words).pick("error", len(texts))] if texts else ""


def _days_ahead(instant: int) -> list[int]:
    """Return the next working days after an instant."""
    today = clock.weekday(instant)
    return [day % 7 for day in range(today + 1, today + 6) if day % 7 < 5][:DAYS_AHEAD]


def _given(person: model.Person) -> str:
    """Return the name by which somebody is greeted."""
    return (person.name or person.person_id).split()[0]


def _job(person: model.Person) -> list[str]:
    return [f"{person.role}, {person.team}"] if person.role and person.team else []


def _columns(refs: Iterable[str]) -> list[str]:
    """Return columns without their datasets."""
    return list(dict.fromkeys(ref.rpartition(".")[2] for ref in refs))
