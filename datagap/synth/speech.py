"""Turn wordings into text: fill slots, let nouns agree, add noise, and keep track of what is mentioned."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from datagap import model
from datagap.synth.grammar import agree, inflect
from datagap.synth.need import Face, Filling
from datagap.synth.noise import abbreviated, mistyped, recased
from datagap.synth.phrasebook import NOUNS, Phrasebook, Wording
from datagap.synth.timeframe import VAGUE

PRONOUNS: Final = ("I ", "I'")
"""What keeps its capital inside a sentence."""
QUOTABLE: Final = frozenset(["dataset", "other", "column", "key", "other_key", "measure_name", "dim_name"])
"""Slots of names that people put between backticks."""


@dataclass(frozen=True, slots=True)
class Utterance:
    """A text, what it mentions, and the noise that it carries."""

    text: str
    mentions: tuple[model.Mention, ...] = ()
    noise: tuple[model.NoiseKind, ...] = ()
    midway: str = ""
    """The same with a small letter at the start, where grammar asks for one inside a sentence."""


@dataclass(frozen=True, slots=True)
class Draw:
    """What one text draws its words from."""

    words: Mapping[str, int]
    noise: Sequence[model.NoiseKind] = ()
    timeframe: str = ""
    """Name of the timeframe that it may speak of."""
    capital: bool = False
    """Whether it is a sentence and not a query."""
    quoted: bool = False
    """Whether names stand between backticks."""

    def pick(self, name: str, count: int) -> int:
        """Return a whole number in [0, count) for a slot."""
        return ((self.words.get(name, 0) >> 33) * count) >> 31


class Speaker:
    """Says things in one language."""

    def __init__(self, phrasebook: Phrasebook) -> None:
        self._words = phrasebook.words
        self.lang = phrasebook.lang
        self._stakeholders = [Filling(None, noun.text, nouns={self.lang: [noun]}) for noun in self._words.stakeholders]
        self._projects = [Filling(None, project, project) for project in self._words.projects]

    def say(self, wording: Wording, face: Face, draw: Draw) -> Utterance:
        """Return the wording with its slots filled; noise touches the words between the slots only."""
        literals, noise = self._roughened(wording.literals, draw)
        parts = [literals[0]]
        mentions: dict[model.Mention, None] = {}
        chosen: dict[str, tuple[Filling, model.Noun]] = {}
        for slot, literal in zip(wording.placeholders, literals[1:], strict=True):
            if slot.name not in chosen:
                chosen[slot.name] = self._choose(slot.name, face, draw, noise)
            filling, noun = chosen[slot.name]
            if slot.options:
                text = agree(noun, slot.options)
            else:
                text = inflect(noun, slot.form, self.lang)
                spoken = noun.text
                if len(parts) == 1 and not parts[0] and draw.capital and slot.name in NOUNS:
                    text = text[0].upper() + text[1:]
                    spoken = text if not slot.form else spoken
                if filling.kind is not None:
                    mentions[model.Mention(text=spoken, kind=filling.kind, ref=filling.ref)] = None
                if draw.quoted and slot.name in QUOTABLE:
                    text = f"`{text}`"
            parts += [text, literal]
        text = "".join(parts)
        lower = _lowered(text) if self._lowers(wording, literals[0], text) else text
        return Utterance(text, tuple(mentions), tuple(noise), lower)

    def _lowers(self, wording: Wording, start: str, text: str) -> bool:
        """Return whether the text, inside a sentence, starts with a small letter."""
        if not start:
            return bool(wording.placeholders) and wording.placeholders[0].name in NOUNS
        return not text.startswith(PRONOUNS) and not (text[:2].isalpha() and text[:2].isupper())

    def _choose(self, name: str, face: Face, draw: Draw, noise: list[model.NoiseKind]) -> tuple[Filling, model.Noun]:
        """Return what fills a slot, as a noun."""
        if name == "timeframe":
            return self._timeframe(draw, noise)
        fillings = face.get(name) or self._own(name)
        filling = fillings[draw.pick(name.removesuffix("_name"), len(fillings))]
        if not filling.nouns:
            return filling, model.Noun(text=filling.text)
        nouns = filling.nouns[self.lang]
        return filling, nouns[draw.pick("synonym", len(nouns))]

    def weekdays(self, days: Iterable[int]) -> list[Filling]:
        """Return days of the week, counted from Monday, as what fills a slot."""
        names = [self._words.weekdays[day] for day in days]
        return [Filling(None, name, name) for name in names]

    def _own(self, name: str) -> Sequence[Filling]:
        return {"stakeholder": self._stakeholders, "project": self._projects}[name]

    def _timeframe(self, draw: Draw, noise: list[model.NoiseKind]) -> tuple[Filling, model.Noun]:
        if "vague_time" in draw.noise:
            noise.append("vague_time")
            vague = self._words.vague_times
            text = vague[draw.pick("timeframe", len(vague))]
            return Filling("timeframe", VAGUE), model.Noun(text=text)
        text = getattr(self._words.timeframes, draw.timeframe)
        return Filling("timeframe", draw.timeframe), model.Noun(text=text)

    def _roughened(self, literals: Sequence[str], draw: Draw) -> tuple[Sequence[str], list[model.NoiseKind]]:
        applied: list[model.NoiseKind] = []
        for kind in draw.noise:
            changed = None
            if kind == "abbreviation":
                changed = abbreviated(literals, self._words.abbreviations)
            elif kind == "typo":
                changed = mistyped(literals, self.lang, draw.words["typo"])
            elif kind == "casing":
                changed = recased(literals, draw.words["casing"])
            if changed is not None:
                literals = changed
                applied.append(kind)
        return literals, applied

    def with_asides(self, said: Utterance, draw: Draw, *, message: bool) -> Utterance:
        """Return a request with what its draw appends: an aside about a project, a short please or thanks."""
        words = self._words
        asides: list[tuple[model.NoiseKind, str]] = []
        if "oos_term" in draw.noise:
            fillers = words.fillers.message if message else words.fillers.query
            project = words.projects[draw.pick("project", len(words.projects))]
            asides.append(("oos_term", fillers[draw.pick("filler", len(fillers))].replace("{project}", project)))
        if "abbreviation" in draw.noise and "abbreviation" not in said.noise:
            courtesies = words.courtesies.message if message else words.courtesies.query
            asides.append(("abbreviation", courtesies[draw.pick("courtesy", len(courtesies))]))
        if not asides:
            return said
        joint = " " if message or not said.text[-1:].isalnum() else ", "
        added = joint + " ".join(text for _, text in asides)
        noise = (*said.noise, *(kind for kind, _ in asides))
        return replace(said, text=said.text + added, midway=said.midway + added, noise=noise)

    def with_emoji(self, said: Utterance, draw: Draw) -> Utterance:
        """Return an utterance with an emoji at its end, where the draw says so."""
        if "emoji" not in draw.noise:
            return said
        emoji = self._words.emoji[draw.pick("emoji", len(self._words.emoji))]
        return replace(said, text=f"{said.text} {emoji}", noise=(*said.noise, "emoji"))


def _lowered(text: str) -> str:
    """Return `text` with its first letter small, after an opening mark if there is one."""
    place = 1 if text[:1] in "¿¡" else 0
    return text[:place] + text[place : place + 1].lower() + text[place + 1 :]


def framed(frame: Wording, said: Utterance, fillings: Mapping[str, str]) -> Utterance:
    """Return an utterance put into a frame: at {Core} as it is, at {core} inside a sentence."""
    texts = {**fillings, "Core": said.text, "core": said.midway}
    parts = [frame.literals[0]]
    for slot, literal in zip(frame.placeholders, frame.literals[1:], strict=True):
        parts += [texts[slot.name], literal]
    return replace(said, text="".join(parts))
