"""What events are about, in columns: every array is a pure function of the seed and the events' indexes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Final, TypeAlias, TypeVar

import numpy as np
from numpy.typing import NDArray

from datagap import model
from datagap.seeding import Indexes, Words
from datagap.synth.acts import ASKING, ASKING_ACTS, ROLES

Flags: TypeAlias = NDArray[np.bool_]
T = TypeVar("T", "QueryChoices", "MessageChoices")
NOTHING: Final = -1
"""No need, no owner, no timeframe in particular."""
ANSWERED, SLOW, UNCERTAIN = range(3)
"""How a query ends that meets no gap."""
MESSAGES: Final = 64
"""A thread has fewer messages than this: replies_mean is at most 30."""
NOISE: Final[tuple[model.NoiseKind, ...]] = ("typo", "abbreviation", "vague_time", "oos_term", "casing", "emoji")
SLOT_WORDS: Final = (
    "face",
    "measure",
    "dim",
    "synonym",
    "stakeholder",
    "project",
    "weekday",
    "timeframe",
    "filler",
    "courtesy",
    "emoji",
    "typo",
    "casing",
    "error",
    "quoted",
    "ticket",
)
"""Words that decide what fills the slots."""


@dataclass(frozen=True, kw_only=True)
class QueryChoices:
    """What queries are about; all arrays are as long as `index`."""

    index: Indexes
    when: Indexes
    need: Indexes
    """Place of the need, or NOTHING."""
    act: Indexes
    """Place in QUERY_ACTS, where there is no need."""
    outcome: Indexes
    """For a need, a place in its outcomes; else ANSWERED, SLOW or UNCERTAIN."""
    actor: Indexes
    lang: Indexes
    difficulty: Indexes
    wording: Indexes
    frame: Indexes
    place: Indexes
    """Place among the sound datasets, where there is no need."""
    joint: Indexes
    """Place among the joints, where two datasets are asked of."""
    timeframe: Indexes
    """Place in NAMES; with vague_time it is not said."""
    latency: Indexes
    noise: Mapping[model.NoiseKind, Flags]
    words: Mapping[str, Words]


@dataclass(frozen=True, kw_only=True)
class ThreadChoices:
    """What threads are about; all arrays are as long as `index`."""

    index: Indexes
    when: Indexes
    need: Indexes
    """Place of the need or, beyond the needs, of the claim; or NOTHING."""
    act: Indexes
    """Place in OPENING_ACTS, where there is no need."""
    actor: Indexes
    lang: Indexes
    difficulty: Indexes
    replies: Indexes
    state: Indexes
    refers: Flags
    place: Indexes
    """Place among the sound datasets, where there is no need."""


@dataclass(frozen=True, kw_only=True)
class MessageChoices:
    """What messages are; all arrays are as long as `thread`, and those of the thread are repeated in each message."""

    thread: Indexes
    position: Indexes
    when: Indexes
    opened: Indexes
    """When the thread was opened."""
    need: Indexes
    opening: Indexes
    """What the thread is about, as a place in OPENING_ACTS, where there is no need."""
    role: Indexes
    """Place in MESSAGE_ACTS, or ASKING for an opener about a need."""
    actor: Indexes
    asker: Indexes
    to: Indexes
    """Who is written to, as a place among the people."""
    lang: Indexes
    state: Indexes
    difficulty: Indexes
    place: Indexes
    wording: Indexes
    opener: Indexes
    """Wording of the thread's opener."""
    frame: Indexes
    subject: Indexes
    closing: Indexes
    quote: Indexes
    timeframe: Indexes
    """Timeframe of the opener."""
    reference: Indexes
    """Index of the query that is referred to, or NOTHING."""
    noise: Mapping[model.NoiseKind, Flags]
    words: Mapping[str, Words]
    """Words for the slots of this message."""
    opener_noise: Mapping[model.NoiseKind, Flags]
    """Noise of the opener."""
    opener_words: Mapping[str, Words]
    """Words for the slots of the opener."""


def take(choices: T, rows: Indexes) -> T:
    """Return the choices in these rows."""
    taken: dict[str, object] = {}
    for field in fields(choices):
        column = getattr(choices, field.name)
        taken[field.name] = (
            {name: part[rows] for name, part in column.items()} if isinstance(column, dict) else column[rows]
        )
    return replace(choices, **taken)  # type: ignore[arg-type]


def asks(messages: MessageChoices, gaps: int) -> Flags:
    """Return which messages ask for what one of the first so many needs is about, which are gaps."""
    roles = [ASKING, *(ROLES[act] for act in ASKING_ACTS)]
    return np.asarray(np.isin(messages.role, roles) & (messages.need != NOTHING) & (messages.need < gaps))


def message_index(thread: Indexes, position: Indexes) -> Indexes:
    """Return the index of a message in its channel's stream."""
    return thread * MESSAGES + position
