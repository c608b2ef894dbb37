"""Texts that have nothing to do with data are about no gap, beside whatever catalog they are read."""

from __future__ import annotations

import itertools
import json
from pathlib import Path
from typing import Any, Final

import pytest
import yaml

from datagap import model
from datagap.pack.reader import Pack
from datagap.report.classifying import Judge
from datagap.report.run import analyse
from tests import packs
from tests.handmade import email, slack

TEXTS: Final[dict[str, list[str]]] = yaml.safe_load(Path(__file__).with_name("off_topic.yaml").read_text("utf-8"))
OPTIONS: Final = model.load(model.RunConfig, {})
MOST: Final = 0.05
"""Share of such texts that may be taken for something else."""
REPLIES: Final = ("Sounds good.", "Haha", "Thanks!", "I'm in", "+1", "On my way", "Noted.")


def off_topic(prefix: str, *, replies: bool) -> list[dict[str, Any]]:
    """Return an event for each text, and where asked a few replies to it."""
    when = "2026-03-04T12:00:00Z"
    events = [slack(f"{prefix}s{place}", text, when=when) for place, text in enumerate(TEXTS["slack"])]
    for place, text in enumerate(TEXTS["email"]):
        subject, _, body = text.partition(" | ")
        events.append(email(f"{prefix}e{place}", subject, body, when=when))
    said = itertools.cycle(REPLIES)
    for event in [*events] if replies else ():
        more = {"thread_id": event["id"], "actor": "u_bob", "when": when}
        reply = f"{event['id']}_r"
        is_slack = event["channel"] == "slack"
        events.append(slack(reply, next(said), **more) if is_slack else email(reply, "Re", next(said), **more))
    return events


@pytest.fixture(scope="module", params=["enterprise", "fintech", "ecommerce", "saas"])
def pack(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("made") / "p"
    packs.make(out, packs.merged(packs.SMALL, {"scenario": request.param}))
    return out


def test_they_are_no_gaps_in_a_pack(pack: Path, tmp_path: Path) -> None:
    events = off_topic("x_", replies=True)
    folder = packs.write(tmp_path / "p", packs.tree(pack) | with_events(pack, events))
    mine = {event["id"] for event in events}
    found = {one.event_id: [gap.gap_type for gap in one.gaps] for one in analyse(Pack(folder), OPTIONS).detections}
    wrong = {event: found[event] for event in mine & {*found} if found[event]}
    assert len(wrong) <= MOST * len(mine), wrong


def test_they_change_nothing_that_is_found_beside_them(pack: Path, tmp_path: Path) -> None:
    folder = packs.write(tmp_path / "p", packs.tree(pack) | with_events(pack, off_topic("x_", replies=False)))
    before = {one.event_id: one for one in analyse(Pack(pack), OPTIONS).detections}
    after = {one.event_id: one for one in analyse(Pack(folder), OPTIONS).detections}
    assert {event: one for event, one in after.items() if not event.startswith("x_")} == before


def with_events(pack: Path, events: list[dict[str, Any]]) -> dict[str, bytes]:
    """Return the event files of a pack with more events in them."""
    files = {}
    for channel in ("slack", "email"):
        file = packs.CHANNELS[channel]
        more = "".join(json.dumps(event) + "\n" for event in events if event["channel"] == channel)
        files[file] = (pack / file).read_bytes() + more.encode()
    return files


def test_most_are_no_gaps_by_their_words_alone() -> None:
    """Without a catalog that knows nothing of them, `late` and `stuck` are all there is to go by."""
    judge = Judge()
    texts = [
        "\n".join(event[key] for key in ("subject", "body", "text") if key in event)
        for event in off_topic("x_", replies=False)
    ]
    found = [judge.classify(model.ClassifyRequest(id="t", text=text)).gap_types for text in texts]
    wrong = {text: types for text, types in zip(texts, found, strict=True) if types}
    assert len(wrong) <= 0.3 * len(texts), wrong
