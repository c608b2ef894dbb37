"""Everything that makes events of a config: the world, what is decided in it, and how it is rendered."""

from __future__ import annotations

from dataclasses import dataclass, replace

from datagap import model
from datagap.seeding import draw_seed
from datagap.synth.chooser import Chooser
from datagap.synth.config import check_config
from datagap.synth.need import World
from datagap.synth.rendering import Renderer
from datagap.synth.scenario import Vocabulary
from datagap.synth.world import build_world


@dataclass(frozen=True, kw_only=True)
class Studio:
    """A world and what makes events of it; the same from the same config and vocabulary, in any process."""

    config: model.Config
    """The config, with a seed."""
    world: World
    chooser: Chooser
    renderer: Renderer


def open_studio(config: model.Config, vocabulary: Vocabulary, where: str = "config") -> Studio:
    """Return what makes the events of `config`; without a seed in it one is drawn.

    Raises ConfigError and ScenarioError if the config does not fit together or the scenario does not serve it.
    """
    check_config(config, vocabulary, where)
    seed = draw_seed() if config.seed is None else config.seed
    config = replace(config, seed=seed)
    world = build_world(config, vocabulary, seed)
    chooser = Chooser(world, config, seed)
    return Studio(config=config, world=world, chooser=chooser, renderer=Renderer(world, config, chooser))
