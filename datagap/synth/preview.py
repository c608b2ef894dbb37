"""Show a few events of a config without making a pack."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from datagap import model
from datagap.pack.layout import Event
from datagap.synth.scenario import Vocabulary
from datagap.synth.studio import Studio, open_studio


def preview(
    config: model.Config, vocabulary: Vocabulary, count: int
) -> tuple[int, list[tuple[Event, model.TruthLabel]]]:
    """Return the seed, drawn if there was none, and the first so many queries and threads of each channel."""
    studio = open_studio(config, vocabulary)
    assert studio.config.seed is not None
    return studio.config.seed, list(_events(studio, count))


def _events(studio: Studio, count: int) -> Iterator[tuple[Event, model.TruthLabel]]:
    chooser, config = studio.chooser, studio.config
    queries = chooser.queries(np.arange(min(count, config.nlq.count), dtype=np.int64))
    for one in studio.renderer.queries(queries):
        yield one.event, one.label
    shares: tuple[tuple[model.Channel, int], ...] = (("slack", config.slack.threads), ("email", config.email.threads))
    for channel, threads in shares:
        chosen = chooser.threads(channel, np.arange(min(count, threads), dtype=np.int64))
        messages = chooser.messages(channel, chosen)
        for one in studio.renderer.messages(channel, messages):
            yield one.event, one.label
