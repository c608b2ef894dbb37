"""Texts to train the detector on, with what each of them does: from the generator and from the corpus."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, cast

import numpy as np

from datagap import model
from datagap.catalog import Catalog
from datagap.gap import GAP_TYPES
from datagap.pack.layout import Event, event_text
from datagap.settings import load_settings, read_yaml
from datagap.synth.acts import ASKING, CLAIM, MESSAGE_ACTS, QUERY_ACTS
from datagap.synth.choices import NOTHING
from datagap.synth.rendering import Rendered
from datagap.synth.scenario import load_vocabulary
from datagap.synth.studio import Studio, open_studio

SCENARIOS: Final = ("enterprise", "fintech", "ecommerce")
"""The scenarios that detectors may be built on."""
CORPUS: Final = Path(__file__).parent / "corpus"
MASKED: Final = "zqx"
"""Stands for each word of a subject, which is another one in every company."""
RENDERED: Final = 6
"""Renderings of one wording, in one scenario, that are learnt from."""
QUERIES: Final = 4000
CHANNELS: Final[tuple[model.Channel, ...]] = ("slack", "email")
ACT_OF: Final[dict[str, model.SpeechAct]] = {
    **{gap: gap for gap in GAP_TYPES},
    **dict.fromkeys(("answered", "answered_top", "answered_join"), "answered"),
    **{act: act for act in ("how_to", "analysis_request", "wrong_tool", "bot_error", "resolved")},
    "me_too": "follow_up",
    "bump": "follow_up",
    "acknowledge": "acknowledged",
    "work_around": "worked_around",
    "resolve": "resolved",
    f"answer_{CLAIM}": "refuted",
}
"""What the classifier calls what wordings do; all else is chatter."""


@dataclass(frozen=True, kw_only=True)
class Sample:
    """A text and what it does."""

    text: str
    act: model.SpeechAct
    wording: str
    """What it shares with its like: these are never both learnt from and tested on."""
    catalog: Catalog | None
    """Catalog that it speaks of."""
    lang: str
    weight: float = 1.0
    also: tuple[model.SpeechAct, ...] = ()


def corpus(folder: Path = CORPUS) -> Iterator[Sample]:
    """Yield the texts of the corpus, which speak of no catalog."""
    for path in sorted(folder.glob("*.yaml")):
        data = cast("dict[str, object]", read_yaml(path))
        for place, entry in enumerate(cast("list[dict[str, object]]", data["texts"])):
            label = str(entry["label"])
            yield Sample(
                text=str(entry["text"]),
                act=cast("model.SpeechAct", "chatter" if label == "none" else label),
                wording=f"{path.stem}/{place}",
                catalog=None,
                lang=str(data["lang"]),
                also=tuple(cast("list[model.SpeechAct]", entry.get("also", ()))),
            )


def generated(seed: int, scenarios: tuple[str, ...] = SCENARIOS) -> Iterator[Sample]:
    """Yield texts of the generator, a few of each wording that detectors may be built on."""
    for scenario in scenarios:
        for difficulty in ("easy", "hard"):
            yield from _of_studio(_studio(scenario, difficulty, seed, WIDE))


WIDE: Final[dict[str, object]] = {
    "gap_prevalence": 0.7,
    "gaps": {"count": 80},
    "nlq": {
        "count": QUERIES,
        "success_rate": 0.2,
        "uncertain_rate": 0.5,
        "languages": [{"lang": "en", "pct": 0.4}, {"lang": "es", "pct": 0.3}, {"lang": "fr", "pct": 0.3}],
    },
    "slack": {"threads": 1200},
    "email": {"threads": 700},
}
"""Settings under which every wording of every language comes up."""


def _usual(complete: float) -> dict[str, object]:
    """Return settings as users have them, but for how much the catalog tells."""
    return {
        "catalog_completeness": complete,
        "nlq": {"count": 3000},
        "slack": {"threads": 400},
        "email": {"threads": 150},
    }


def _studio(scenario: str, difficulty: str, seed: int, settings: Mapping[str, object]) -> Studio:
    chosen = {"seed": seed, "scenario": scenario, "templates": "train", "difficulty": difficulty}
    config = load_settings(model.Config, {"catalog": {"domains": None}, **settings, **chosen}, scenario)
    return open_studio(config, load_vocabulary(scenario))


def _of_studio(studio: Studio) -> Iterator[Sample]:
    seen: Counter[tuple[str, model.SpeechAct]] = Counter()
    for rendered, act, wording in _rendered(studio):
        key = (studio.chooser.deck.wordings[wording].name, act)
        seen[key] += 1
        if seen[key] <= RENDERED:
            yield Sample(
                text=_masked(rendered),
                act=act,
                wording=key[0],
                catalog=studio.world.catalog,
                lang=rendered.label.lang,
            )


def _rendered(studio: Studio) -> Iterator[tuple[Rendered, model.SpeechAct, int]]:
    """Yield every event, what it does, and the place of its wording."""
    chooser = studio.chooser
    queries = chooser.queries(np.arange(studio.config.nlq.count, dtype=np.int64))
    for place, rendered in enumerate(studio.renderer.queries(queries)):
        need = int(queries.need[place])
        name = QUERY_ACTS[int(queries.act[place])] if need == NOTHING else chooser.needs[need].gap_type
        yield rendered, ACT_OF.get(name, "chatter"), int(queries.wording[place])
    for channel in CHANNELS:
        threads = getattr(studio.config, channel).threads
        chosen = chooser.messages(channel, chooser.threads(channel, np.arange(threads, dtype=np.int64)))
        for place, rendered in enumerate(studio.renderer.messages(channel, chosen)):
            role, need = int(chosen.role[place]), int(chosen.need[place])
            name = chooser.needs[need].gap_type if role == ASKING else MESSAGE_ACTS[role]
            yield rendered, ACT_OF.get(name, "chatter"), int(chosen.wording[place])


@dataclass(frozen=True, kw_only=True)
class Told:
    """An event with the wording it was made from and the gap type behind it."""

    event: Event
    wording: str
    gap_type: model.GapType | None
    claimed: bool
    """Whether it claims a gap that is none."""


def told(seed: int) -> Iterator[tuple[Catalog, list[Told]]]:
    """Yield catalogs with their events."""
    for scenario in SCENARIOS:
        for difficulty, complete in (("easy", 1.0), ("medium", 1.0), ("hard", 1.0), ("medium", 0.5)):
            studio = _studio(scenario, difficulty, seed, _usual(complete))
            types = {need.gap.gap_id: need.gap_type for need in studio.world.needs if need.gap}
            events = []
            for rendered, _, wording in _rendered(studio):
                ids = rendered.label.gap_ids
                events.append(
                    Told(
                        event=rendered.event,
                        wording=studio.chooser.deck.wordings[wording].name,
                        gap_type=types[ids[0]] if ids else None,
                        claimed=rendered.label.none_reason == "working_as_intended",
                    )
                )
            yield studio.world.catalog, events


def _masked(rendered: Rendered) -> str:
    text = event_text(rendered.event)
    for mention in rendered.label.mentions:
        if mention.kind == "subject":
            text = text.replace(mention.text, " ".join(MASKED for _ in mention.text.split()))
    return text
