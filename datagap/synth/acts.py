"""Acts: what the words of an event do, and how often each is done."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from datagap import model
from datagap.synth.phrasebook import Act

SERVED_ACTS: Final[Mapping[Act, float]] = {"answered": 0.72, "answered_top": 0.13, "answered_join": 0.15}
"""What queries ask that are answered, and how often."""
UNSURE_ACTS: Final[Mapping[Act, float]] = {
    "analysis_request": 0.50,
    "how_to": 0.12,
    "wrong_tool": 0.10,
    "bot_error": 0.18,
    "chatter": 0.10,
}
"""What queries ask that leave the bot unsure, and how often."""
OPENING_ACTS: Final[Mapping[Act, float]] = {
    "answered": 0.14,
    "how_to": 0.10,
    "analysis_request": 0.14,
    "wrong_tool": 0.13,
    "bot_error": 0.06,
    "working_as_intended": 0.14,
    "chatter": 0.22,
    "resolved": 0.07,
}
"""What threads are about that are about no gap, and how often."""
CLAIM: Final = "working_as_intended"
"""What threads are about in which something is claimed that is false."""
OPENINGS: Final = tuple(OPENING_ACTS)
CLARIFYING: Final[tuple[Act, ...]] = (
    "clarify_dataset",
    "clarify_column",
    "clarify_pair",
    "clarify_metric",
    "clarify_grain",
    "clarify_subject",
)
REPLYING: Final[tuple[Act, ...]] = (
    *CLARIFYING,
    "me_too",
    "bump",
    "discuss",
    "acknowledge",
    "work_around",
    "resolve",
    "thanks",
    "small_talk",
    "aside",
    *(f"answer_{act}" for act in OPENING_ACTS if act != "chatter"),
)
UNDATED: Final = "/undated"
"""Ends the name of the part of an act's wordings that name no timeframe, for things, which have no date."""
PLAIN_ACTS: Final = ("answered", "answered_top", "analysis_request", "bot_error")
"""Acts about one dataset that serves a plain question."""
QUERY_ACTS: Final = (*SERVED_ACTS, *UNSURE_ACTS, "query_frame")
MESSAGE_ACTS: Final = (*(act for act in OPENING_ACTS if act != "working_as_intended"), *REPLYING)
ROLES: Final[Mapping[Act, int]] = {act: place for place, act in enumerate(MESSAGE_ACTS)}
"""Numbers of what messages do, as choices have them."""
ASKING: Final = len(MESSAGE_ACTS)
"""Number of the role of an opener about a need."""
ASKING_ACTS: Final = ("me_too", "bump")
"""Replies that ask for what the opener asked for."""
UNFILLED: Final = "/unfilled"
"""Ends the name of the part of an act's wordings that speak of no dataset."""
BARE: Final[Mapping[Act, Act]] = {f"{act}{UNFILLED}": act for act in ("me_too", "discuss", "work_around")}
"""Acts by their part that speaks of no dataset, for needs that are about none."""
NAMELESS: Final = "clarify_column/nameless"
"""The part of its act that does not name the column, for a column whose name nobody knows."""
_UNDATED_OPENERS: Final = tuple(f"{act}{UNDATED}" for act in PLAIN_ACTS if act in MESSAGE_ACTS)
ACTS: Final[Mapping[model.Channel, tuple[Act, ...]]] = {
    "nlq": (*QUERY_ACTS, *(f"{act}{UNDATED}" for act in PLAIN_ACTS)),
    "slack": (*MESSAGE_ACTS, *BARE, NAMELESS, *_UNDATED_OPENERS, "slack_frame"),
    "email": (
        *MESSAGE_ACTS,
        *BARE,
        NAMELESS,
        *_UNDATED_OPENERS,
        "email_greeting",
        "email_greeting_all",
        "email_closing",
        "email_quote",
        "subject_gap",
        "subject_subject",
        "subject_none",
        "subject_news",
        "subject_hard",
    ),
}
"""Acts of each channel."""
DATED: Final = frozenset([*PLAIN_ACTS, "answered_join"])
"""Acts that need a timeframe in the past where nothing is up to date."""
STATES: Final[tuple[model.ConversationState, ...]] = ("open", "acknowledged", "worked_around", "resolved")
OPEN, ACKNOWLEDGED, WORKED_AROUND, RESOLVED = range(4)
