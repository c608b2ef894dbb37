"""What scoring is tested with: known events and detections of them, at random or by rule."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from hypothesis import strategies as st

from datagap import model
from datagap.gap import GAP_TYPES
from datagap.score.gold import Event, Gap, Gold, Label
from datagap.score.scoring import evaluate

TYPES = GAP_TYPES[:4]
CHANNELS: Sequence[model.Channel] = ("nlq", "slack", "email")
NAMES = ("orders", "returns", "shops")


def score(gold: Gold, found: Mapping[str, model.Detection], **more: Any) -> model.Score:
    """Score detections whose quotes and facts all hold."""
    return evaluate(gold, found, lambda _: True, lambda _: True, **{"resamples": 0, **more})


def gap(gap_type: model.GapType, group: str, confidence: float = 1.0, **more: Any) -> model.DetectedGap:
    rest = {"datasets": [], "columns": [], "verdict": "confirmed", "evidence": [], **more}
    return model.DetectedGap(gap_type=gap_type, group_id=group, confidence=confidence, **rest)


def perfect(gold: Gold) -> dict[str, model.Detection]:
    """Return the detections that say what is so."""
    return {
        event_id: model.Detection(
            event_id=event_id,
            request=bool(label.request),
            none_reason=label.none_reason,
            gaps=[_as_it_is(one) for one in label.gaps],
        )
        for event_id, label in gold.labels.items()
    }


def _as_it_is(one: Gap) -> model.DetectedGap:
    assert one.gap_type is not None
    assert one.gap_id is not None
    fact = model.Evidence(file="catalog/datasets.json", pointer="", value=None)
    quote = model.Evidence(event_id="any", quote="any")
    return gap(
        one.gap_type,
        f"of {one.gap_id}",
        datasets=one.datasets or [],
        columns=one.columns or [],
        evidence=[quote, fact],
    )


@st.composite
def golds(draw: st.DrawFn, least: int = 0, most: int = 30) -> Gold:
    """Draw an answer key; the people of its gaps are those who met them."""
    gaps = [
        Gap(
            gap_id=f"gap_{number}",
            gap_type=draw(st.sampled_from(TYPES)),
            datasets=draw(st.lists(st.sampled_from(NAMES), unique=True)),
            columns=draw(st.lists(st.sampled_from(NAMES), unique=True, max_size=2)),
        )
        for number in range(draw(st.integers(1, 5)))
    ]
    events, labels = {}, {}
    for number in range(draw(st.integers(least, most))):
        event_id = f"e_{number}"
        actor, conversation = draw(st.sampled_from("abcde")), f"c_{draw(st.integers(0, most // 2))}"
        events[event_id] = Event(channel=draw(st.sampled_from(CHANNELS)), actor=actor, conversation=conversation)
        labels[event_id] = draw(_labels(gaps))
    met = {one.gap_id: {events[key].actor for key, label in labels.items() if one in label.gaps} for one in gaps}
    people = {one.gap_id: replace(one, people=len(met[one.gap_id])) for one in gaps}
    labels = {key: replace(one, gaps=[people[each.gap_id] for each in one.gaps]) for key, one in labels.items()}
    return Gold(pack_id="p", kind="answer_key", events=events, labels=labels, gaps=list(people.values()))


def _labels(gaps: Sequence[Gap]) -> st.SearchStrategy[Label]:
    none = st.builds(Label, request=st.booleans(), none_reason=st.sampled_from(["answered", "chatter"]), lang=_LANGS)
    some = st.builds(
        Label,
        request=st.just(True),
        gaps=st.lists(st.sampled_from(gaps), min_size=1, max_size=2, unique_by=lambda one: one.gap_id),
        lang=_LANGS,
        difficulty=st.sampled_from(["easy", "hard"]),
    )
    return none | some


_LANGS = st.sampled_from(["en", "es"])
_REASONS: st.SearchStrategy[model.NoneReason | None] = st.sampled_from([None, "answered", "chatter"])
_FOUND = st.builds(
    gap,
    st.sampled_from(TYPES),
    st.sampled_from(["g_1", "g_2", "g_3"]),
    st.sampled_from([0.0, 0.1, 0.25, 0.7, 1.0]),
    datasets=st.lists(st.sampled_from(NAMES), unique=True),
    columns=st.lists(st.sampled_from(NAMES), unique=True, max_size=2),
    verdict=st.sampled_from(["confirmed", "unverifiable", "contradicted"]),
)


@st.composite
def cases(draw: st.DrawFn, least: int = 0) -> tuple[Gold, dict[str, model.Detection]]:
    """Draw an answer key and detections of some of its events."""
    gold = draw(golds(least))
    detected = draw(st.lists(st.sampled_from([*gold.labels]), unique=True)) if gold.labels else []
    found = {}
    for event_id in detected:
        gaps = draw(st.lists(_FOUND, max_size=3))
        reason = draw(_REASONS)
        found[event_id] = model.Detection(event_id=event_id, request=draw(st.booleans()), none_reason=reason, gaps=gaps)
    return gold, found
