"""What detections are scored against: an answer key, corrections by a team, or a key as corrected."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from datagap import model
from datagap.errors import DatagapError, MisuseError
from datagap.pack import layout
from datagap.pack.reader import Pack
from datagap.problem import show
from datagap.score.triage import Correction


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """What scoring asks of an event."""

    channel: model.Channel
    actor: str
    conversation: str
    """Id of the opener of its thread; of a query, its own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Gap:
    """A gap as far as it is known; None is unknown."""

    gap_id: str | None = None
    gap_type: model.GapType | None = None
    datasets: Sequence[str] | None = None
    columns: Sequence[str] | None = None
    people: int = 0
    """Distinct people who met it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Label:
    """What lies behind an event; None is unknown."""

    request: bool | None = None
    gaps: Sequence[Gap] = ()
    """The primary first."""
    none_reason: model.NoneReason | None = None
    lang: str | None = None
    difficulty: model.Difficulty | None = None
    split: model.Split | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Gold:
    """What is known of the events of a pack."""

    pack_id: str
    kind: model.Gold
    events: Mapping[str, Event]
    """Every event of the pack."""
    labels: Mapping[str, Label]
    """The events that something is known of."""
    gaps: Sequence[Gap] = ()
    """The gaps of the answer key; without one, none."""
    corrected: int = 0
    """Events that corrections decide."""


def read_gold(pack: Pack, corrections: Mapping[str, Correction] | None = None) -> Gold:
    """Return what is known of a pack's events: its answer key, as corrected, or the corrections alone.

    Corrections of events that the pack does not have are left out. Raises MisuseError if nothing is known.
    """
    events = dict(_events(pack))
    key = _has_key(pack)
    if not key and corrections is None:
        hint = "give a pack with an answer key, or corrections with --triage"
        raise MisuseError("has no truth/ to score against", where=str(pack.path), hint=hint)
    gaps = {gap.gap_id: _gap(gap) for gap in pack.gaps()} if key else {}
    labels = _labels(pack, gaps, events) if key else {}
    mine = {event_id: one for event_id, one in (corrections or {}).items() if event_id in events}
    if not key and not mine:
        hint = "correct events of this pack, or give a pack with an answer key"
        raise DatagapError("no correction is of an event of this pack", where=str(pack.path), hint=hint)
    for event_id, one in mine.items():
        labels[event_id] = corrected(labels.get(event_id, Label()), one, tuple(gaps.values()))
    return Gold(
        pack_id=pack.manifest().pack_id,
        kind=("corrected_answer_key" if mine else "answer_key") if key else "corrections",
        events=events,
        labels=labels,
        gaps=tuple(gaps.values()),
        corrected=len(mine),
    )


def corrected(label: Label, correction: Correction, gaps: Sequence[Gap]) -> Label:
    """Return a label with a correction of its event; `gaps` are those that it may turn out to be about."""
    if correction.refused:
        return replace(label, request=False, gaps=(), none_reason=None, difficulty=None)
    primary = label.gaps[0] if label.gaps else Gap()
    kept = primary
    if correction.gap_type is not None:
        of_type = (gap for gap in label.gaps if gap.gap_type == correction.gap_type)
        kept = next(of_type, Gap(gap_type=correction.gap_type))
    if correction.dataset is not None:
        kept = _about(kept.gap_type, correction.dataset, gaps)
    request = True if correction.gap_type is not None else label.request
    return replace(label, request=request, gaps=(kept,), none_reason=None)


def _about(gap_type: model.GapType | None, dataset: str, gaps: Sequence[Gap]) -> Gap:
    """Return the gap of a type that is about a dataset; if none of `gaps` is, one that is known by both."""
    found = [gap for gap in gaps if gap.gap_type == gap_type and dataset in (gap.datasets or ())]
    if found:
        return min(found, key=lambda gap: ((gap.datasets or ()).index(dataset), gap.gap_id or ""))
    name = None if gap_type is None else f"{gap_type} {dataset}"
    return Gap(gap_id=name, gap_type=gap_type, datasets=(dataset,))


def _has_key(pack: Pack) -> bool:
    files = (layout.TRUTH_GAPS, layout.TRUTH_LABELS)
    there = [pack.has(file) for file in files]
    if any(there) and not all(there):
        missing = files[there.index(False)]
        raise DatagapError("is missing from the answer key", where=missing, hint="restore it or remove truth/")
    return all(there)


def _events(pack: Pack) -> Iterator[tuple[str, Event]]:
    seen: set[str] = set()
    for channel, file in layout.EVENT_FILES.items():
        for event in pack.events(channel):
            if event.id in seen:
                raise DatagapError(f"the id {show(event.id)} stands twice", where=file, hint="give each event its own")
            seen.add(event.id)
            thread = getattr(event, "thread_id", None) or event.id
            yield event.id, Event(channel=channel, actor=event.actor, conversation=thread)


def _gap(gap: model.TruthGap) -> Gap:
    return Gap(
        gap_id=gap.gap_id,
        gap_type=gap.gap_type,
        datasets=gap.datasets,
        columns=gap.columns,
        people=gap.demand.people,
    )


def _labels(pack: Pack, gaps: Mapping[str, Gap], events: Mapping[str, Event]) -> dict[str, Label]:
    labels: dict[str, Label] = {}
    for line, label in enumerate(pack.labels(), start=1):
        where = f"{layout.TRUTH_LABELS}:{line}"
        if label.event_id not in events:
            raise DatagapError(f"{show(label.event_id)} is no event of this pack", where=where)
        if label.event_id in labels:
            raise DatagapError(f"{show(label.event_id)} is labelled twice", where=where, hint="keep one label")
        for gap_id in label.gap_ids:
            if gap_id not in gaps:
                raise DatagapError(f"{show(gap_id)} is no gap of this pack", where=where)
        labels[label.event_id] = Label(
            request=label.request,
            gaps=tuple(gaps[gap_id] for gap_id in dict.fromkeys(label.gap_ids)),
            none_reason=label.none_reason,
            lang=label.lang,
            difficulty=label.difficulty,
            split=label.template_split,
        )
    return labels
