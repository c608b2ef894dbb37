"""Make a pack: decide in columns, render in rows, by several processes if wanted; write whole or not at all."""

from __future__ import annotations

import os
import signal
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Executor, Future, ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path
from threading import Thread
from typing import Final, TypeAlias

import numpy as np

from datagap import __version__, clock, model
from datagap.errors import DatagapError, MisuseError
from datagap.pack import canonical, layout
from datagap.pack.document import read_json
from datagap.pack.folder import Staging, destination, files_in, staged
from datagap.pack.reader import Pack
from datagap.seeding import Indexes
from datagap.synth.choices import NOTHING, Flags, MessageChoices, asks, take
from datagap.synth.need import World
from datagap.synth.scenario import Vocabulary, load_vocabulary
from datagap.synth.studio import Studio, open_studio

BLOCK: Final = 8192
"""Events that are decided and rendered at a time."""
AHEAD: Final = 4
"""Blocks for each process that may wait to be written."""
WORTHWHILE: Final = 4
"""Blocks that make a process worth starting."""
Job: TypeAlias = tuple[model.Channel, Indexes | MessageChoices]
"""A channel, and the indexes of its queries or the choices of its messages."""
Lines: TypeAlias = tuple[bytes, bytes, int]
"""Events and labels as JSON lines, and how many there are."""


class _Demand:
    """Who ran into each gap."""

    def __init__(self, world: World) -> None:
        self._people = len(world.staff.people)
        self._events = np.zeros(len(world.needs), dtype=np.int64)
        self._met: set[int] = set()

    def count(self, need: Indexes, actor: Indexes, flags: Flags) -> None:
        """Count those events that the flags pick; `need` is a place among the gaps there."""
        need, actor = need[flags], actor[flags]
        self._events += np.bincount(need, minlength=len(self._events))
        self._met.update(np.unique(need * self._people + actor).tolist())

    def of_each(self) -> list[model.Demand]:
        """Return the demand for each gap."""
        met = np.array(sorted(self._met), dtype=np.int64) // self._people
        people = np.bincount(met, minlength=len(self._events))
        return [
            model.Demand(people=int(here), events=int(events))
            for here, events in zip(people, self._events, strict=True)
        ]


def generate(
    config: model.Config,
    out: Path,
    *,
    vocabulary: Vocabulary | None = None,
    force: bool = False,
    workers: int | None = None,
) -> model.Manifest:
    """Write a pack to `out` and return its manifest; any number of workers writes the same bytes.

    Without a seed in `config` one is drawn and recorded; without a vocabulary the config's scenario is loaded; without
    a number of workers there are as many as it is worth. Raises MisuseError if
    `out` holds something else, or has a name that a pack cannot have.
    """
    pack_id = destination(out).name
    if not pack_id.isprintable():
        raise MisuseError("is no name for a pack", where=str(out), hint="choose one of printable characters for --out")
    vocabulary = vocabulary or load_vocabulary(config.scenario)
    studio = open_studio(config, vocabulary)
    workers = workers or _worth(config)
    with staged(out, force=force, is_ours=is_pack) as staging, _rendering(studio, vocabulary, workers) as render:
        return _Writer(staging, pack_id, studio, vocabulary, render).write()


def _worth(config: model.Config) -> int:
    """Return how many processes are worth starting: each takes as long to start as some blocks to render."""
    messages = [part.threads * (1 + part.replies_mean) for part in (config.slack, config.email)]
    blocks = (config.nlq.count + sum(messages)) / BLOCK
    return max(1, min(os.cpu_count() or 1, int(blocks / WORTHWHILE)))


def is_pack(path: Path) -> bool:
    """Return whether the folder holds a pack, and nothing that the pack does not list."""
    try:
        Pack(path).manifest()
        listed = read_json(path, layout.HASHES)
    except DatagapError:
        return False
    return isinstance(listed, dict) and files_in(path) <= {layout.HASHES, *listed}


# Rendering, here or in other processes

_Render: TypeAlias = Callable[[Iterable[Job]], Iterator[Lines]]
_here: list[Studio] = []
"""The studio of a worker process."""


@contextmanager
def _rendering(studio: Studio, vocabulary: Vocabulary, workers: int) -> Iterator[_Render]:
    """Yield what renders jobs in their order, by so many processes."""
    if workers <= 1:
        yield lambda jobs: (_lines(studio, job) for job in jobs)
        return
    context = get_context("spawn")
    reader, writer = context.Pipe(duplex=False)
    pool = ProcessPoolExecutor(workers, context, initializer=_start, initargs=(reader, studio.config, vocabulary))
    try:
        yield lambda jobs: _in_order(pool, jobs, AHEAD * workers)
    except BaseException:
        writer.close()  # ends the processes, whatever they are at
        raise
    finally:
        pool.shutdown(cancel_futures=True)


def _start(reader: Connection, config: model.Config, vocabulary: Vocabulary) -> None:
    Thread(target=_end_with, args=[reader], daemon=True).start()
    _here[:] = [open_studio(config, vocabulary)]


def _end_with(reader: Connection) -> None:
    """End this process when the other end of a pipe is closed: by whoever holds it, or because that has ended."""
    reader.poll(None)
    os._exit(1)


def _work(job: Job) -> Lines:
    return _lines(_here[0], job)


@contextmanager
def _uninterrupted() -> Iterator[None]:
    """Let no process that is started here be interrupted from the keyboard: this one is, and ends the others."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT])
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _in_order(pool: Executor, jobs: Iterable[Job], ahead: int) -> Iterator[Lines]:
    waiting: deque[Future[Lines]] = deque()
    for job in jobs:
        with _uninterrupted():
            waiting.append(pool.submit(_work, job))
        if len(waiting) > ahead:
            yield waiting.popleft().result()
    while waiting:
        yield waiting.popleft().result()


def _lines(studio: Studio, job: Job) -> Lines:
    channel, chosen = job
    if isinstance(chosen, MessageChoices):
        rendered = studio.renderer.messages(channel, chosen)
    else:
        rendered = studio.renderer.queries(studio.chooser.queries(chosen))
    events, labels = [], []
    for one in rendered:
        events.append(canonical.line(one.event))
        labels.append(canonical.line(one.label))
    return b"".join(events), b"".join(labels), len(events)


class _Writer:
    def __init__(self, staging: Staging, pack_id: str, studio: Studio, vocabulary: Vocabulary, render: _Render) -> None:
        self._staging = staging
        self._pack_id = pack_id
        self._world = studio.world
        self._config = studio.config
        self._chooser = studio.chooser
        self._vocabulary = vocabulary
        self._render = render
        self._demand = _Demand(studio.world)
        self._counts: dict[model.Channel, int] = {}

    def write(self) -> model.Manifest:
        self._write_catalog()
        order = self._query_order()
        blocks = (order[first : first + BLOCK] for first in range(0, len(order), BLOCK))
        with self._staging.open(layout.TRUTH_LABELS) as labels:
            self._write_events("nlq", (("nlq", block) for block in blocks), labels)
            self._write_events("slack", self._messages("slack", self._config.slack.threads), labels)
            self._write_events("email", self._messages("email", self._config.email.threads), labels)
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
        if catalog.people is not None:
            self._staging.write(layout.PEOPLE, canonical.lines(catalog.people))
        if catalog.coverage:
            self._staging.write(layout.COVERAGE, canonical.document(catalog.coverage))
        if self._vocabulary.source is not None:
            self._staging.write(layout.SCENARIO, self._vocabulary.source)

    def _write_events(self, channel: model.Channel, jobs: Iterable[Job], labels: Callable[[bytes], None]) -> None:
        self._counts[channel] = 0
        with self._staging.open(layout.EVENT_FILES[channel]) as output:
            for events, truth, count in self._render(jobs):
                output(events)
                labels(truth)
                self._counts[channel] += count

    def _query_order(self) -> Indexes:
        """Return the indexes of all queries in the order of (when, id), deciding them block by block."""
        count = self._config.nlq.count
        when = np.empty(count, dtype=np.int64)
        for first in range(0, count, BLOCK):
            index = np.arange(first, min(first + BLOCK, count), dtype=np.int64)
            chosen = self._chooser.queries(index)
            when[index] = chosen.when
            self._demand.count(chosen.need, chosen.actor, chosen.need != NOTHING)
        return np.argsort(when, kind="stable").astype(np.int64)

    def _messages(self, channel: model.Channel, count: int) -> Iterator[Job]:
        threads = self._chooser.threads(channel, np.arange(count, dtype=np.int64))
        messages = self._chooser.messages(channel, threads)
        self._demand.count(messages.need, messages.actor, asks(messages, len(self._world.needs)))
        order = np.lexsort((messages.position, messages.thread, messages.when))
        for first in range(0, len(order), BLOCK):
            yield channel, take(messages, order[first : first + BLOCK])

    def _gaps(self) -> Iterator[model.TruthGap]:
        for need, demand in zip(self._world.needs, self._demand.of_each(), strict=True):
            assert need.gap is not None
            yield replace(need.gap, demand=demand)

    def _manifest(self) -> model.Manifest:
        catalog = self._world.catalog
        counts = model.Counts(
            catalog_datasets=len(catalog.datasets),
            catalog_freshness_rows=len(catalog.freshness),
            catalog_lineage_edges=len(catalog.lineage),
            catalog_people=None if catalog.people is None else len(catalog.people),
            nl_queries=self._counts["nlq"],
            slack=self._counts["slack"],
            email=self._counts["email"],
            truth_gaps=len(self._world.needs),
            truth_labels=sum(self._counts.values()),
        )
        return model.Manifest(
            pack_id=self._pack_id,
            generated_at=clock.render(self._world.generated_at),
            generator_version=__version__,
            schema_version=model.SCHEMA_VERSION,
            spec_digest=model.SPEC_DIGEST,
            seed=self._config.seed,
            counts=counts,
            config_echo=self._config,
            dropped_gap_types=list(self._world.dropped) or None,
        )
