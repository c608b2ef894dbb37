"""Explain one event of a pack: derive it anew from seed and config, and show what lies behind it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import numpy as np

from datagap import __version__, clock, ids, model
from datagap.errors import DatagapError, MisuseError
from datagap.pack import canonical, layout
from datagap.pack.document import json_lines
from datagap.pack.reader import Pack
from datagap.pack.source import read_bytes
from datagap.problem import show
from datagap.synth.acts import ASKING, MESSAGE_ACTS, OPENINGS, QUERY_ACTS
from datagap.synth.choices import NOTHING
from datagap.synth.need import Need
from datagap.synth.rendering import Rendered
from datagap.synth.scenario import Vocabulary, is_path, load_vocabulary, parse_vocabulary
from datagap.synth.studio import Studio, open_studio

_ID: Final = re.compile(r"(?:(q)_([0-9]{8,12})|([se])_([0-9]{7,12})_([0-9]{2,3}))", re.ASCII)
_CHANNELS: Final[Mapping[str, model.Channel]] = {"s": "slack", "e": "email"}


class ExplanationError(DatagapError):
    """Report an event or a pack that cannot be explained."""


@dataclass(frozen=True, kw_only=True)
class Explanation:
    """One event, what lies behind it, and how sure that is."""

    event: layout.Event
    label: model.TruthLabel
    chain: Mapping[str, str]
    """What caused what, from the need to the noise, by what it is."""
    doubts: tuple[str, ...]
    """Why the event of the pack may be another one; empty where it is this one."""


def explain(path: Path, event_id: str) -> Explanation:
    """Return what lies behind an event of the pack in folder `path`, without making the pack.

    Raises MisuseError for an id that no event of the pack can have, ExplanationError for a pack that has no seed.
    """
    pack = Pack(path)
    manifest = pack.manifest()
    match = _ID.fullmatch(event_id)
    if match is None or event_id != _written(match):
        hint = f"give an id such as {ids.query_id(12)} or {ids.message_id('slack', 3, 0)}"
        raise MisuseError(f"{show(event_id)} is no id of an event", where=str(path), hint=hint)
    if manifest.seed is None:
        raise ExplanationError("records no seed, so its events cannot be derived", where=str(path / layout.MANIFEST))
    config = replace(manifest.config_echo, seed=manifest.seed)
    studio = open_studio(config, vocabulary_of(pack, manifest), str(path / layout.MANIFEST))
    if match[1]:
        rendered, chain = _query(studio, int(match[2]), event_id, path)
    else:
        rendered, chain = _message(studio, _CHANNELS[match[3]], int(match[4]), int(match[5]), event_id, path)
    return Explanation(
        event=rendered.event,
        label=rendered.label,
        chain=chain,
        doubts=tuple(_doubts(pack, manifest, rendered)),
    )


def _written(match: re.Match[str]) -> str:
    """Return the id that has these numbers, as it is written."""
    if match[1]:
        return ids.query_id(int(match[2]))
    return ids.message_id(_CHANNELS[match[3]], int(match[4]), int(match[5]))


def vocabulary_of(pack: Pack, manifest: model.Manifest) -> Vocabulary:
    """Return the scenario that a pack was made from: its own copy, or the embedded one."""
    if pack.has(layout.SCENARIO):
        return parse_vocabulary(read_bytes(pack.path, layout.SCENARIO), str(pack.path / layout.SCENARIO))
    if is_path(manifest.config_echo.scenario):
        where = str(pack.path / layout.SCENARIO)
        raise ExplanationError("is missing, and the pack was made from a scenario of the user's own", where=where)
    return load_vocabulary(manifest.config_echo.scenario, str(pack.path / layout.MANIFEST))


def _query(studio: Studio, index: int, event_id: str, path: Path) -> tuple[Rendered, Mapping[str, str]]:
    if index >= studio.config.nlq.count:
        raise MisuseError(f"has no query {show(event_id)}", where=str(path), hint=_last("nlq", studio))
    chosen = studio.chooser.queries(np.array([index], dtype=np.int64))
    (rendered,) = studio.renderer.queries(chosen)
    place = int(chosen.need[0])
    need = None if place == NOTHING else studio.chooser.needs[place]
    act = f"query: {'asks' if need else QUERY_ACTS[int(chosen.act[0])]}"
    return rendered, dict(_chain(studio, rendered, need, act, int(chosen.wording[0])))


def _message(
    studio: Studio, channel: model.Channel, thread: int, position: int, event_id: str, path: Path
) -> tuple[Rendered, Mapping[str, str]]:
    config = studio.config.slack if channel == "slack" else studio.config.email
    if thread >= config.threads:
        raise MisuseError(f"has no thread for {show(event_id)}", where=str(path), hint=_last(channel, studio))
    threads = studio.chooser.threads(channel, np.array([thread], dtype=np.int64))
    messages = studio.chooser.messages(channel, threads)
    count = len(messages.thread)
    if position >= count:
        hint = f"its last message is {ids.message_id(channel, thread, count - 1)}"
        raise MisuseError(f"has no message {show(event_id)}", where=str(path), hint=hint)
    rendered = list(studio.renderer.messages(channel, messages))[position]
    place = int(messages.need[position])
    need = None if place == NOTHING else studio.chooser.needs[place]
    role = int(messages.role[position])
    act = "asks" if role == ASKING else MESSAGE_ACTS[role]
    about = "" if need else f" in a thread about {OPENINGS[int(messages.opening[position])]}"
    described = f"message {position + 1} of {count}: {act}{about}"
    return rendered, dict(_chain(studio, rendered, need, described, int(messages.wording[position])))


def _last(channel: model.Channel, studio: Studio) -> str:
    config = studio.config
    if channel == "nlq":
        return f"its last one is {ids.query_id(config.nlq.count - 1)}" if config.nlq.count else "it has no queries"
    threads = (config.slack if channel == "slack" else config.email).threads
    last = ids.message_id(channel, threads - 1, 0)
    return f"its last thread opens with {last}" if threads else "it has no threads there"


def _chain(studio: Studio, rendered: Rendered, need: Need | None, act: str, wording: int) -> Iterator[tuple[str, str]]:
    label, person = rendered.label, studio.world.staff.people[rendered.actor]
    if need is not None and need.gap is not None:
        gap = need.gap
        until = f"until {gap.resolved_at}" if gap.resolved_at else "and still is"
        yield "need", f"{gap.gap_id}: {gap.gap_type} ({gap.reason}), true since {gap.began_at} {until}"
        about = [*gap.datasets[:4], *(["…"] if len(gap.datasets) > 4 else []), *gap.columns]
        yield "about", ", ".join([*([gap.subject] if gap.subject else []), *about])
        yield "fact", f"{gap.fact.file} {gap.fact.pointer or '(nowhere in it)'} is {show(gap.fact.value)}"
    elif need is not None:
        yield (
            "need",
            f"none: claims {need.gap_type} ({need.reason}) of {need.faces[0]['dataset'][0].text}, which is false",
        )
    else:
        yield "need", f"none: {label.none_reason}"
    if label.none_reason and need is not None and need.gap is not None:
        yield "part", f"asks for nothing itself: {label.none_reason}"
    yield "act", act
    roles = ", ".join(person.access_roles or ())
    yield (
        "actor",
        f"{person.person_id} ({person.role or 'no role'}, {person.audience}), {person.timezone}, holds {roles}",
    )
    wordings = studio.chooser.deck.wordings[wording]
    level = f"{wordings.difficulty}, " if wordings.difficulty else ""
    yield "template", f"{wordings.name} ({level}{label.template_split})"
    mentions = [f"{mention.kind} {show(mention.text)} = {mention.ref}" for mention in label.mentions]
    yield "mentions", "; ".join(mentions) or "nothing"
    yield "noise", ", ".join(label.noise or ()) or "none"
    if isinstance(rendered.event, model.NlQuery):
        yield "outcome", f"{rendered.event.outcome} after {rendered.event.latency_ms} ms"
    elif rendered.event.referenced_query_id:
        yield "refers to", rendered.event.referenced_query_id
    if label.state:
        yield "state", f"the thread ends {label.state}"
    yield "clock", f"now is {clock.render(studio.world.generated_at)} in this pack"


def _doubts(pack: Pack, manifest: model.Manifest, rendered: Rendered) -> Iterator[str]:
    if manifest.generator_version != __version__:
        yield f"the pack was made by version {manifest.generator_version}, and this is {__version__}"
    elif manifest.spec_digest != model.SPEC_DIGEST:
        yield "the pack was made from another spec than this version's"
    found = _found(pack, rendered.event)
    if found is None:
        yield "the pack has no event with this id"
    elif found != canonical.line(rendered.event).rstrip(b"\n"):
        yield "the pack's event with this id is not the one derived here"


def _found(pack: Pack, event: layout.Event) -> bytes | None:
    """Return the line of the pack's event with the id of `event`."""
    for _, value in json_lines(pack.path, layout.EVENT_FILES[event.channel]):
        if isinstance(value, dict) and value.get("id") == event.id:
            return canonical.compact(value)
    return None
