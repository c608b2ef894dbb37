"""Make a pack: decide in columns, render in rows, write whole or not at all."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import numpy as np

from datagap import __version__, clock, model
from datagap.errors import DatagapError, MisuseError
from datagap.pack import canonical, layout
from datagap.pack.document import read_json
from datagap.pack.folder import Staging, destination, files_in, staged
from datagap.pack.reader import Pack
from datagap.seeding import Indexes, draw_seed
from datagap.synth.choices import NO_NEED, Chooser, MessageChoices, ThreadChoices
from datagap.synth.config import check_config
from datagap.synth.planting import World, plant
from datagap.synth.rendering import Rendered, Renderer
from datagap.synth.scenario import load_scenario, load_wordings
from datagap.synth.speech import Speaker
from datagap.synth.world import build_ground

BLOCK = 8192
"""Events that are decided and rendered at a time."""


@dataclass
class _Demand:
    """Who ran into each gap, counted while events are rendered."""

    people: list[set[int]]
    events: list[int]

    def count(self, rendered: Rendered) -> None:
        if rendered.need != NO_NEED:
            self.people[rendered.need].add(rendered.actor)
            self.events[rendered.need] += 1


def generate(config: model.Config, out: Path, *, force: bool = False) -> model.Manifest:
    """Write a pack to `out` and return its manifest.

    Without a seed in `config` one is drawn and recorded. Raises MisuseError if `out` holds something else, or has a
    name that a pack cannot have.
    """
    pack_id = destination(out).name
    if not pack_id.isprintable():
        raise MisuseError("is no name for a pack", where=str(out), hint="choose one of printable characters for --out")
    seed = draw_seed() if config.seed is None else config.seed
    config = replace(config, seed=seed)
    check_config(config, "config")
    scenario, wordings = load_scenario(config.scenario), load_wordings()
    world = plant(build_ground(config, scenario, seed), config, seed)
    chooser = Chooser(world, config, seed)
    renderer = Renderer(world, config, chooser, Speaker(wordings, config.nlq.noise))
    with staged(out, force=force, is_ours=is_pack) as staging:
        return _Writer(staging, pack_id, world, config, chooser, renderer).write()


def is_pack(path: Path) -> bool:
    """Return whether the folder holds a pack, and nothing that the pack does not list."""
    try:
        Pack(path).manifest()
        listed = read_json(path, layout.HASHES)
    except DatagapError:
        return False
    return isinstance(listed, dict) and files_in(path) <= {layout.HASHES, *listed}


class _Writer:
    def __init__(
        self, staging: Staging, pack_id: str, world: World, config: model.Config, chooser: Chooser, renderer: Renderer
    ) -> None:
        self._staging = staging
        self._pack_id = pack_id
        self._world = world
        self._config = config
        self._chooser = chooser
        self._renderer = renderer
        self._demand = _Demand([set() for _ in world.needs], [0] * len(world.needs))
        self._counts: dict[model.Channel, int] = {}

    def write(self) -> model.Manifest:
        self._write_catalog()
        query_order = self._query_order()
        slack = self._config.slack.threads, self._config.slack.replies_mean
        email = self._config.email.threads, self._config.email.replies_mean
        with self._staging.open(layout.TRUTH_LABELS) as labels:
            self._write_events("nlq", self._queries(query_order), labels)
            self._write_events("slack", self._messages("slack", *slack), labels)
            self._write_events("email", self._messages("email", *email), labels)
        self._staging.write(layout.TRUTH_GAPS, canonical.lines(self._gaps()))
        manifest = self._manifest()
        self._staging.write(layout.MANIFEST, canonical.document(manifest))
        self._staging.write(layout.HASHES, canonical.plain(self._staging.digests))
        return manifest

    def _write_catalog(self) -> None:
        catalog = self._world.catalog
        self._staging.write(layout.DATASETS, canonical.document(catalog.datasets))
        self._staging.write(layout.LINEAGE, canonical.document(catalog.lineage))
        self._staging.write(layout.FRESHNESS, canonical.rows("freshness_row", catalog.freshness))
        self._staging.write(layout.PEOPLE, canonical.lines(catalog.people or ()))
        if catalog.coverage:
            self._staging.write(layout.COVERAGE, canonical.document(catalog.coverage))

    def _write_events(
        self, channel: model.Channel, events: Iterator[Rendered], labels: Callable[[bytes], None]
    ) -> None:
        count = 0
        with self._staging.open(layout.EVENT_FILES[channel]) as output:
            for rendered in events:
                output(canonical.line(rendered.event))
                labels(canonical.line(rendered.label))
                self._demand.count(rendered)
                count += 1
        self._counts[channel] = count

    def _query_order(self) -> Indexes:
        """Return the indexes of all queries in the order of (when, id), deciding them block by block."""
        count = self._config.nlq.count
        when = np.empty(count, dtype=np.int64)
        self._need = np.empty(count, dtype=np.int32)
        for first in range(0, count, BLOCK):
            index = np.arange(first, min(first + BLOCK, count), dtype=np.int64)
            chosen = self._chooser.queries(index)
            when[index] = chosen.when
            self._need[index] = chosen.need
        self._when = when
        return np.argsort(when, kind="stable").astype(np.int64)

    def _queries(self, order: Indexes) -> Iterator[Rendered]:
        for first in range(0, len(order), BLOCK):
            yield from self._renderer.queries(self._chooser.queries(order[first : first + BLOCK]))

    def _messages(self, channel: model.Channel, count: int, replies_mean: float) -> Iterator[Rendered]:
        threads = self._chooser.threads(channel, count, replies_mean)
        messages = self._chooser.messages(channel, threads)
        references = self._references(threads)
        order = np.lexsort((messages.position, messages.thread, messages.when))
        for first in range(0, len(order), BLOCK):
            yield from self._renderer.messages(
                channel, threads, references, _block(messages, order[first : first + BLOCK])
            )

    def _references(self, threads: ThreadChoices) -> Mapping[int, int]:
        """Return, for each thread that refers to a query, the first one asked before it that met the same gap.

        First means lowest index, so that more queries change no reference that is there.
        """
        references = {}
        for number in np.flatnonzero(threads.refers).tolist():
            index, earliest = self._met[int(threads.need[number])]
            place = int(np.searchsorted(-earliest, -threads.when[number], side="right"))
            if place < len(index):
                references[number] = int(index[place])
        return references

    @cached_property
    def _met(self) -> Sequence[tuple[Indexes, Indexes]]:
        """The queries that met each gap, and the earliest instant among them so far."""
        met = (np.flatnonzero(self._need == place) for place in range(len(self._world.needs)))
        return [(index, np.minimum.accumulate(self._when[index])) for index in met]

    def _gaps(self) -> Iterator[model.TruthGap]:
        for place, need in enumerate(self._world.needs):
            demand = model.Demand(people=len(self._demand.people[place]), events=self._demand.events[place])
            yield replace(need.gap, demand=demand)

    def _manifest(self) -> model.Manifest:
        catalog = self._world.catalog
        counts = model.Counts(
            catalog_datasets=len(catalog.datasets),
            catalog_freshness_rows=len(catalog.freshness),
            catalog_lineage_edges=len(catalog.lineage),
            catalog_people=len(catalog.people or ()),
            nl_queries=self._counts["nlq"],
            slack=self._counts["slack"],
            email=self._counts["email"],
            truth_gaps=len(self._world.needs),
            truth_labels=sum(self._counts.values()),
        )
        return model.Manifest(
            pack_id=self._pack_id,
            generated_at=clock.render(self._world.ground.generated_at),
            generator_version=__version__,
            schema_version=model.SCHEMA_VERSION,
            spec_digest=model.SPEC_DIGEST,
            seed=self._config.seed,
            counts=counts,
            config_echo=self._config,
            dropped_gap_types=list(self._world.dropped) or None,
        )


def _block(messages: MessageChoices, order: Indexes) -> tuple[Indexes, Indexes, Indexes]:
    return messages.thread[order], messages.position[order], messages.when[order]
