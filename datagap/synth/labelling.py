"""Label events: what lies behind each, as the answer key has it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from datagap import model
from datagap.gap import INTENTS
from datagap.synth.acts import CLAIM
from datagap.synth.need import Need
from datagap.synth.phrasebook import Act, Wording
from datagap.synth.speech import Utterance

ASKED_NOTHING: Final = frozenset[model.NoneReason](["how_to", "wrong_tool", "chatter", "resolved"])
"""Reasons for no gap in which no data are asked for."""
_REASONS: Final[Mapping[Act, model.NoneReason]] = {
    "answered": "answered",
    "answered_join": "answered",
    "answered_top": "answered",
    "analysis_request": "analysis_request",
    "how_to": "how_to",
    "wrong_tool": "wrong_tool",
    "bot_error": "bot_error",
    "resolved": "resolved",
    "resolve": "resolved",
    "ask": CLAIM,
}


def none_reason(act: Act) -> model.NoneReason:
    """Return why what does this, and asks for no gap, carries none."""
    return _REASONS.get(act, "chatter")


class Labeller:
    """Writes the answer key's labels."""

    def __init__(self, languages: Sequence[str], scenario: model.Split) -> None:
        """Take the languages of events, and the split of the scenario, which is that of all of its events too."""
        self._languages = languages
        self._held_out = scenario == "held_out"

    def label(
        self,
        event_id: str,
        lang: int,
        said: Utterance,
        wording: Wording,
        need: Need | None,
        act: Act,
        *,
        asks: bool,
        state: model.ConversationState | None = None,
    ) -> model.TruthLabel:
        """Return the label of an event.

        `need` is the gap or the claim that it is about, if any, and `asks` whether it asks for it.
        """
        gap = need.gap if need and asks else None
        reason = None if gap else none_reason(act)
        return model.TruthLabel(
            event_id=event_id,
            request=reason not in ASKED_NOTHING,
            none_reason=reason,
            intent=_intent(need, reason),
            gap_ids=[gap.gap_id] if gap else [],
            mentions=said.mentions,
            state=state,
            difficulty=(wording.difficulty or "hard") if gap else None,  # a follow-up says it in its thread alone
            lang=self._languages[lang],
            template_split="held_out" if self._held_out else wording.split,
            noise=list(said.noise) or None,
        )


def _intent(need: Need | None, reason: model.NoneReason | None) -> model.IntentKind:
    if need is not None and reason in (None, CLAIM):
        return INTENTS[need.gap_type]
    if reason == "how_to":
        return "how_to"
    return "chatter" if reason in ASKED_NOTHING else "lookup"
