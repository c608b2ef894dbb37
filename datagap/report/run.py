"""Make a report: read a pack as a stream, detect, verify, group, rank, and write whole or not at all."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path

from datagap import __version__, clock, model
from datagap.catalog import Catalog
from datagap.errors import DatagapError
from datagap.gap import INTENTS
from datagap.pack import layout
from datagap.pack.document import read_json
from datagap.pack.folder import files_in, refuse_occupied, staged
from datagap.pack.reader import Pack
from datagap.pack.source import digest
from datagap.problem import show
from datagap.report.backlog import build
from datagap.report.claim import Checked
from datagap.report.classifier import load_classifier
from datagap.report.detecting import Detector
from datagap.report.finding import Detected, focused, redacted_quote
from datagap.report.hindsight import in_hindsight
from datagap.report.linking import NO_ALIASES, Aliases
from datagap.report.memory import Memory
from datagap.report.privacy import hidden
from datagap.report.rank import Group
from datagap.report.reading import Reading, open_reader
from datagap.report.redaction import Redactor
from datagap.report.render import FILES, render
from datagap.report.result import Export, FreshnessEntry, Report, Tallies
from datagap.report.verifying import Verifier, percentile_95
from datagap.validate import embedded

RUN_CONFIG = "artifacts/run_config.json"
NOTHING_SPENT = model.Spend(
    calls=0,
    cache_hits=0,
    failures=0,
    input_tokens=0,
    cached_input_tokens=0,
    output_tokens=0,
    reasoning_tokens=0,
    usd=0,
)
UNSERVED = ("blocked", "degraded")
STANDS_OUT = 2
"""How many times the usual latency of datasets one has to have for it to be told of."""
EXPLAINED = ("how_to", "analysis_request", "wrong_tool", "bot_error", "chatter")
"""Why a query may fail though the catalog lacks nothing."""
LATENCIES_NEEDED = 20
"""Queries that a dataset needs for a 95th percentile of their latency to mean something."""


def write_report(
    pack: Pack,
    options: model.RunConfig,
    out: Path,
    *,
    force: bool = False,
    memory: Memory | None = None,
    aliases: Aliases = NO_ALIASES,
) -> Report:
    """Write the report on `pack` to `out` and return it; raise MisuseError if `out` holds something else."""
    refuse_occupied(out, force=force, is_ours=is_report)
    report = analyse(pack, options, memory, aliases)
    with staged(out, force=force, is_ours=is_report) as staging:
        for file, content in render(report).items():
            staging.write(file, content)
    return report


def is_report(path: Path) -> bool:
    """Return whether the folder holds a report and nothing else."""
    try:
        embedded().read(model.RunConfig, read_json(path, RUN_CONFIG), RUN_CONFIG)
    except DatagapError:
        return False
    return files_in(path) <= set(FILES)


def analyse(
    pack: Pack, options: model.RunConfig, memory: Memory | None = None, aliases: Aliases = NO_ALIASES
) -> Report:
    """Return the report on `pack`, held to what is known from before; its answer key is never read."""
    return _Analysis(pack, options, aliases).report(memory or Memory())


class _Analysis:
    def __init__(self, pack: Pack, options: model.RunConfig, aliases: Aliases) -> None:
        self._pack = pack
        self._options = options
        self._manifest = pack.manifest()
        self._catalog = pack.catalog()
        self._aliases = aliases
        self._reader = open_reader(self._catalog, aliases=aliases)

    def report(self, memory: Memory) -> Report:
        catalog, options, window = self._catalog, self._options, self._window
        detected = memory.corrected(self._detected, self._verifier.check, catalog)
        if options.focus_gaps:
            detected = [focused(one, options.focus_gaps) for one in detected]
        backlog = build(detected, catalog, options, memory, window.days if window else None)
        groups, ids_held = backlog.remembered.groups, backlog.remembered.id_of
        report = Report(
            run=self._run(memory),
            cost=model.Cost(llm=options.llm, total=NOTHING_SPENT, stages={}),
            tallies=_tallies(detected),
            items=backlog.items,
            detections=[_detection(one, ids_held) for one in detected if one.request or one.none_reason != "chatter"],
            intents=[_intent(one) for one in detected if one.request],
            clusters=[_cluster(one) for one in groups],
            freshness=_freshness(catalog, options.owners or {}, groups),
            lineage=catalog.lineage,
            exports=_exports([one.group for one in backlog.remembered.standings]),
            decided=backlog.remembered.decided,
        )
        return hidden(report, groups, options.min_people)

    # Reading

    @cached_property
    def _readings(self) -> Sequence[Reading]:
        channels: list[model.Channel] = ["nlq", "slack", "email"]
        if self._options.source != "all":
            channels = [self._options.source]
        readings = [self._reader.read(event) for channel in channels for event in self._sampled(channel)]
        _refuse_twice(readings)
        return readings

    def _sampled(self, channel: model.Channel) -> Iterator[layout.Event]:
        """Yield the events of a channel, or as many as were asked for, spread evenly."""
        wanted = self._options.sample
        total = max(1, getattr(self._manifest.counts, layout.COUNT_NAMES[channel]))
        for place, event in enumerate(self._pack.events(channel)):
            if not wanted or wanted >= total or place * wanted // total != (place + 1) * wanted // total:
                yield event

    # Detecting

    @cached_property
    def _redactor(self) -> Redactor:
        people = self._catalog.people or ()
        handles = {*(person.person_id for person in people), *(reading.actor for reading in self._readings)}
        return Redactor(handles, (person.name for person in people if person.name))

    @cached_property
    def _verifier(self) -> Verifier:
        answered = _answered(self._readings, self._redactor)
        return Verifier(self._catalog, self._options.p95_ms, _latencies(self._readings), answered)

    @cached_property
    def _detected(self) -> Sequence[Detected]:
        """Every event with what is behind it, in order of (when, id)."""
        conversations: defaultdict[str, list[Reading]] = defaultdict(list)
        for reading in self._readings:
            conversations[reading.thread].append(reading)
        queries = {reading.event_id: reading for reading in self._readings if reading.channel == "nlq"}
        detector = Detector(self._catalog, self._verifier, self._reader, load_classifier(), self._redactor, queries)
        detected = [one for conversation in conversations.values() for one in detector.detect(conversation)]
        ordered = sorted(detected, key=lambda one: (one.finding.when, one.finding.event_id))
        return in_hindsight(ordered)

    # Records

    def _run(self, memory: Memory) -> model.RunConfig:
        hashes = digest(self._pack.path, layout.HASHES) if self._pack.has(layout.HASHES) else None
        manifest = self._manifest
        return replace(
            self._options,
            pack=model.PackReference(
                pack_id=manifest.pack_id, generated_at=manifest.generated_at, hashes_digest=hashes
            ),
            generator_version=__version__,
            spec_digest=model.SPEC_DIGEST,
            events=len(self._readings),
            window=self._window,
            aliases=self._aliases.reference,
            triage=memory.ledger.reference if memory.ledger.entries else None,
            previous=memory.past.run.pack if memory.past else None,
        )

    @property
    def _window(self) -> model.Window | None:
        days = sorted({clock.day(reading.when) for reading in self._readings})
        if not days:
            return None
        first, last = (clock.parse(f"{day}T00:00:00Z") for day in (days[0], days[-1]))
        return model.Window(first_day=days[0], last_day=days[-1], days=(last - first) // clock.DAY + 1)


def _tallies(detected: Sequence[Detected]) -> Tallies:
    gaps = [one for one in detected if one.gaps]
    refuted = [one for one in gaps if all(gap.verdict == "contradicted" for gap in one.gaps)]
    failed = [one for one in detected if not one.gaps and one.none_reason not in EXPLAINED]
    return Tallies(
        events=len(detected),
        by_channel=Counter(one.finding.channel for one in detected),
        requests=sum(one.request for one in detected),
        with_gap=len(gaps) - len(refuted),
        contradicted=len(refuted),
        unexplained=sum(one.finding.outcome in UNSERVED for one in failed),
        none_reasons=Counter(one.none_reason for one in detected if one.none_reason),
    )


def _detection(one: Detected, ids_held: Mapping[tuple[str, ...], str]) -> model.Detection:
    gaps = [
        _gap(one, gap, confidence, ids_held[gap.key]) for gap, confidence in zip(one.gaps, one.confidences, strict=True)
    ]
    return model.Detection(event_id=one.finding.event_id, request=one.request, none_reason=one.none_reason, gaps=gaps)


def _gap(one: Detected, gap: Checked, confidence: float, group_id: str) -> model.DetectedGap:
    finding = one.finding
    quote = finding.quote_for(gap.claim.gap_type)
    quotes = [model.Evidence(event_id=finding.event_id, quote=quote)] if quote else []
    return model.DetectedGap(
        gap_type=gap.claim.gap_type,
        reason=gap.reason,
        group_id=group_id,
        subject=gap.claim.subject,
        datasets=gap.datasets,
        columns=gap.columns,
        confidence=confidence,
        verdict=gap.verdict,
        settled_by=gap.settled_by,
        evidence=[*quotes, *gap.facts],
        source="rules",
    )


def _intent(one: Detected) -> model.Intent:
    known = 0.9 if one.finding.outcome else 0.5
    return model.Intent(
        event_id=one.finding.event_id,
        request=True,
        none_reason=one.none_reason,
        intent=INTENTS[one.gaps[0].claim.gap_type] if one.gaps else "lookup",
        mentions=one.finding.links.mentions,
        confidence=one.confidence if one.gaps else known,
        source="rules",
    )


def _refuse_twice(findings: Sequence[Reading]) -> None:
    for event_id, times in Counter(finding.event_id for finding in findings).items():
        if times > 1:
            file = next(layout.EVENT_FILES[finding.channel] for finding in findings if finding.event_id == event_id)
            raise DatagapError(
                f"the id {show(event_id)} stands {times} times", where=file, hint="give each event its own"
            )


def _latencies(readings: Iterable[Reading]) -> Mapping[str, int]:
    """Return the 95th percentile of query latency in milliseconds, by dataset that is slower than most.

    Where slowness is everywhere, it says nothing of a dataset.
    """
    by_dataset: defaultdict[str, list[int]] = defaultdict(list)
    for reading in readings:
        about = reading.links.datasets or reading.considered.datasets
        for name in about[:1] if reading.latency_ms is not None else ():
            by_dataset[name].append(reading.latency_ms or 0)
    slow = {name: percentile_95(values) for name, values in by_dataset.items() if len(values) >= LATENCIES_NEEDED}
    usual = sorted(slow.values())[(len(slow) - 1) // 2] if len(slow) > 1 else 0
    return {name: p95 for name, p95 in slow.items() if p95 >= STANDS_OUT * usual}


def _answered(readings: Iterable[Reading], redactor: Redactor) -> Mapping[tuple[str, str], model.Evidence]:
    """Return the first answered query on each dataset and column, first by id."""
    first: dict[tuple[str, str], Reading] = {}
    for reading in readings:
        datasets = reading.links.datasets or reading.considered.datasets
        if reading.outcome == "answered" and datasets:
            for column in reading.links.columns or reading.considered.columns:
                key = (datasets[0], column)
                if key not in first or reading.event_id < first[key].event_id:
                    first[key] = reading
    quotes = {key: (reading.event_id, redacted_quote(reading.text, redactor)) for key, reading in first.items()}
    return {key: model.Evidence(event_id=event, quote=quote) for key, (event, quote) in quotes.items() if quote}


def _cluster(one: Group) -> model.Cluster:
    return model.Cluster(
        group_id=one.group_id,
        key=one.key,
        gap_type=one.lead.claim.gap_type,
        datasets=one.lead.datasets,
        columns=one.lead.columns,
        event_ids=sorted(detected.finding.event_id for detected, _ in one.members),
        aliases=one.aliases or None,
    )


def _freshness(catalog: Catalog, owners: Mapping[str, str], groups: Sequence[Group]) -> list[FreshnessEntry]:
    """Return an entry for each dataset with a known load, the latest relative to its service level first."""
    complaints: Counter[str] = Counter()
    for one in groups:
        for _, checked in one.members if one.lead.claim.gap_type == "freshness_breach" else ():
            complaints.update(set(checked.claim.datasets))
    entries = []
    for row in catalog.freshness:
        name = row.dataset
        age = catalog.age_hours(name) or 0.0
        late = bool(catalog.is_late(name))
        dataset = catalog.by_name.get(name)
        entries.append(
            FreshnessEntry(
                dataset=name,
                owner=owners.get(name) or (dataset.owner if dataset else None),
                max_loaded_at=row.max_loaded_at,
                sla_hours=row.sla_hours,
                age_hours=round(age, 2),
                late=late,
                root=catalog.late_root(name) if late else None,
                complaints=complaints[name],
            )
        )
    return sorted(entries, key=lambda entry: (entry.sla_hours - entry.age_hours, entry.dataset))


def _exports(groups: Sequence[Group]) -> list[Export]:
    claims = Counter(
        checked.settled_by
        for one in groups
        for _, checked in one.members
        if checked.verdict == "unverifiable" and checked.settled_by
    )
    return [
        Export(fact_class=name, claims=count) for name, count in sorted(claims.items(), key=lambda it: (-it[1], it[0]))
    ]
