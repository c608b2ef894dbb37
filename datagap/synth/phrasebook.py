"""Wordings, by what they do: loaded, parsed into literals and slots, and found by act, language and channel."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from importlib.resources import files
from typing import Final, TypeAlias

from datagap import model
from datagap.gap import GAP_TYPES, REASONS
from datagap.settings import parse_yaml
from datagap.synth.grammar import FORMS, RULES
from datagap.validate import embedded

Act: TypeAlias = str
SLOT: Final = re.compile(r"\{([A-Za-z_]+)(?::([a-z_]+))?((?:\|[^{}|]*)*)\}")
NOUNS: Final = frozenset(
    [
        "measure",
        "dim",
        "column_label",
        "subject",
        "entity",
        "other_entity",
        "dataset_label",
        "other_label",
        "grain",
        "has_grain",
        "metric",
        "stakeholder",
    ]
)
"""Slots that nouns fill, so that they take forms and agreement."""
PLAIN: Final = frozenset(
    [
        "dataset",
        "other",
        "column",
        "key",
        "other_key",
        "system",
        "weekday",
        "hours",
        "project",
        "owner",
        "name",
        "ticket",
        "timeframe",
        "date",
        "core",
        "Core",
        "measure_name",
        "dim_name",
    ]
)
"""Slots that a name or a text fills as it is."""
_COMMON: Final = frozenset(
    ["dataset", "dataset_label", "measure", "dim", "entity", "timeframe", "stakeholder", "project"]
)
_COLUMN: Final = _COMMON | {"column", "column_label"}
_OTHER: Final = _COMMON | {"other", "other_label"}
_ABSENT: Final = frozenset(["subject", "timeframe", "stakeholder", "project"])
ASK_SLOTS: Final[Mapping[model.GapReason, frozenset[str]]] = {
    "not_ingested": _ABSENT,
    "not_modelled": _ABSENT | {"dataset", "system"},
    "retired": _COMMON,
    "absent": _COLUMN,
    "not_exposed": _COLUMN,
    "too_coarse": _COMMON | {"grain", "has_grain"},
    "incompatible_period": _COMMON | {"grain", "has_grain"},
    "wrong_type": _COLUMN,
    "wrong_format": _COLUMN,
    "upstream_late": _COMMON | {"weekday"},
    "failed_run": _COMMON | {"weekday"},
    "late_arriving": _COMMON,
    "sla_insufficient": _COMMON | {"hours"},
    "no_key": _OTHER,
    "key_mismatch": _OTHER | {"key", "other_key"},
    "no_grant": _COMMON,
    "masked": _COLUMN,
    "undocumented": _COLUMN,
    "undiscoverable": _COMMON | {"column_label"},
    "conflicting_definitions": _OTHER | {"metric"},
    "stale": _COLUMN,
    "too_large": _COMMON,
    "unpartitioned": _COMMON,
    "no_aggregate": _COMMON | {"grain"},
    "incomplete": _COLUMN,
    "duplicates": _COMMON | {"column"},
    "wrong_values": _COLUMN,
    "conflicting_numbers": _OTHER,
}
"""Slots that a need fills, by the reason of its gap."""
_PLAIN_ASK: Final = frozenset(["measure", "dim", "entity", "timeframe"])
_NAMED_ASK: Final = _PLAIN_ASK | {"dataset", "dataset_label", "measure_name", "dim_name"}
ACT_SLOTS: Final[Mapping[Act, frozenset[str]]] = {
    "answered": _NAMED_ASK | {"stakeholder", "project"},
    "answered_top": _NAMED_ASK,
    "answered_join": _PLAIN_ASK | {"other_entity", "dataset"},
    "analysis_request": _PLAIN_ASK | {"stakeholder", "project"},
    "how_to": frozenset(),
    "wrong_tool": frozenset(),
    "bot_error": _PLAIN_ASK,
    "chatter": frozenset(),
    "resolved": frozenset(["dataset", "measure", "entity"]),
    "query_frame": frozenset(["core", "project", "stakeholder"]),
    "clarify_dataset": frozenset(["dataset", "entity"]),
    "clarify_column": frozenset(["dataset", "column", "column_label", "entity"]),
    "clarify_pair": frozenset(["dataset", "other"]),
    "clarify_metric": frozenset(["dataset", "other", "metric"]),
    "clarify_grain": frozenset(["dataset", "grain"]),
    "clarify_subject": frozenset(["subject"]),
    "me_too": frozenset(["measure", "dim", "stakeholder", "project", "entity"]),
    "bump": frozenset(["stakeholder", "project", "weekday"]),
    "discuss": frozenset(["entity"]),
    "acknowledge": frozenset(["ticket", "weekday"]),
    "work_around": frozenset(["weekday", "entity"]),
    "resolve": frozenset(["ticket"]),
    "thanks": frozenset(),
    "answer_answered": frozenset(["dataset", "measure", "dim"]),
    "answer_analysis_request": frozenset(),
    "answer_how_to": frozenset(),
    "answer_wrong_tool": frozenset(),
    "answer_bot_error": frozenset(),
    "answer_working_as_intended": frozenset(["dataset"]),
    "answer_resolved": frozenset(),
    "small_talk": frozenset(),
    "aside": frozenset(),
    "slack_frame": frozenset(["core", "Core", "owner"]),
    "email_greeting": frozenset(["name"]),
    "email_greeting_all": frozenset(),
    "email_closing": frozenset(),
    "email_quote": frozenset(["date", "name"]),
    "subject_gap": frozenset(["dataset", "entity", "dataset_label"]),
    "subject_subject": frozenset(["subject"]),
    "subject_none": frozenset(),
    "subject_news": frozenset(),
    "subject_hard": frozenset(),
}
"""Slots that the parts of a conversation fill."""


@dataclass(frozen=True, slots=True)
class Placeholder:
    """A slot: the name of what fills it, and the form of a noun or the options that agree with it."""

    name: str
    form: str = ""
    options: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Wording:
    """One way to say something, as literals and placeholders in turn: the first and the last part are literals."""

    name: str
    """Language, act and number, such as en/missing_column/12."""
    literals: tuple[str, ...]
    placeholders: tuple[Placeholder, ...]
    difficulty: model.Difficulty | None
    split: model.Split
    slots: frozenset[str]
    """Slots that are named in it; one whose options alone stand there is not."""


@dataclass(frozen=True)
class Phrasebook:
    """The words of one language."""

    words: model.Phrasebook
    extra: Sequence[model.WordingGroup] = ()
    """Wordings of a scenario's own."""

    @property
    def lang(self) -> str:
        """The language."""
        return self.words.lang

    @cached_property
    def wordings(self) -> Mapping[tuple[Act, model.Channel], Sequence[tuple[model.WordingGroup, Wording]]]:
        """Wordings by act and channel, each with the group that it stands in."""
        cells: dict[tuple[Act, model.Channel], list[tuple[model.WordingGroup, Wording]]] = {}
        numbers: dict[Act, int] = {}
        for group in (*self.words.wordings, *self.extra):
            for text in group.texts:
                numbers[group.act] = number = numbers.get(group.act, 0) + 1
                wording = parse(text, f"{self.lang}/{group.act}/{number}", group)
                for channel in group.channels:
                    cells.setdefault((group.act, channel), []).append((group, wording))
        return cells

    def cell(
        self,
        act: Act,
        channel: model.Channel,
        reason: model.GapReason | None = None,
        difficulty: model.Difficulty | None = None,
        templates: model.Templates = "all",
    ) -> list[Wording]:
        """Return the wordings for all of these; where there are none of the split, or the difficulty, all others."""
        found = [
            (group, wording)
            for group, wording in self.wordings.get((act, channel), ())
            if reason is None or group.reasons is None or reason in group.reasons
        ]
        found = [entry for entry in found if templates in ("all", entry[0].split)] or found
        nearest = [entry for entry in found if difficulty in (None, entry[0].difficulty)] or found
        return [wording for _, wording in nearest]


def parse(text: str, name: str, group: model.WordingGroup) -> Wording:
    """Return a wording parsed; braces that are no slots stay as they are."""
    parts = SLOT.split(text)
    placeholders = [
        Placeholder(slot, form or "", tuple(options[1:].split("|")) if options else ())
        for slot, form, options in zip(parts[1::4], parts[2::4], parts[3::4], strict=True)
    ]
    return Wording(
        name=name,
        literals=tuple(parts[::4]),
        placeholders=tuple(placeholders),
        difficulty=group.difficulty,
        split=group.split,
        slots=frozenset(slot.name for slot in placeholders if not slot.options),
    )


def misfits(group: model.WordingGroup, text: str, lang: str) -> Iterator[str]:
    """Yield what is wrong with a text of a group: a slot that nothing fills, a form that no noun has."""
    allowed = _allowed(group)
    if allowed is None:
        yield f"{group.act} is no gap type and no part of a conversation"
        return
    yield from (f"{reason} is no reason of {group.act}" for reason in _strangers(group))
    for name, form, options in SLOT.findall(text):
        if name not in allowed:
            known = ", ".join(sorted(allowed)) or "none"
            yield f"has the slot {name}, which {group.act} does not fill; it fills {known}"
        elif name in PLAIN and (form or options):
            yield f"asks for a form of {name}, which is no noun"
        elif form and form not in FORMS:
            yield f"asks for the form {form}; known are {', '.join(FORMS)}"
        elif options and options.count("|") not in ((2, 4) if lang != "en" else (2,)):
            choices = "singular|plural" if lang == "en" else "singular|plural or ms|fs|mp|fp"
            yield f"gives {options.count('|')} options to agree with {name}; give {choices}"
    if set("{}") & set(SLOT.sub("", text)):
        yield "has a brace that belongs to no slot"


def _strangers(group: model.WordingGroup) -> list[model.GapReason]:
    """Return the reasons of a group that its act does not have."""
    known = next((REASONS[kind] for kind in GAP_TYPES if kind == group.act), ())
    return [reason for reason in group.reasons or () if reason not in known]


def _allowed(group: model.WordingGroup) -> frozenset[str] | None:
    """Return the slots that every need or act of a group fills; None for an act that is not known."""
    if group.act in GAP_TYPES:
        reasons: Iterable[model.GapReason] = group.reasons or next(
            REASONS[kind] for kind in GAP_TYPES if kind == group.act
        )
        return frozenset.intersection(*(ASK_SLOTS[reason] for reason in reasons))
    return ACT_SLOTS.get(group.act)


@cache
def load_words(lang: str) -> model.Phrasebook:
    """Return the embedded phrasebook of a language; raise LookupError if there is none."""
    if lang not in LANGUAGES:
        raise LookupError(lang)
    where = f"{lang}.yaml"
    content = (files("datagap.synth") / "phrasebooks" / where).read_bytes()
    return embedded().read(model.Phrasebook, parse_yaml(content, where), where)


LANGUAGES: Final = tuple(RULES)
"""Languages that have a phrasebook."""
