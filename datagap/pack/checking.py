"""Check a pack: every record against its schema, then the files against each other."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from datagap import clock, model
from datagap.catalog import Catalog
from datagap.errors import MisuseError
from datagap.pack import layout
from datagap.pack.document import PARSE_CODE, DocumentError, digest, json_lines, read_csv, read_json, regular
from datagap.pack.reader import FRESHNESS_COLUMNS, typed_row
from datagap.pack.truth import UNIQUE, AnswerKey, Seen
from datagap.problem import Level, Problem, did_you_mean, kind_of, show
from datagap.schema import SchemaError
from datagap.validate import Validator

FILES: Final = "DG101"
HASH: Final = "DG102"
EXTRA: Final = "DG103"
COUNTS: Final = "DG104"
REFERENCE: Final = "DG106"
REPLY_ORDER: Final = "DG107"
WINDOW: Final = "DG108"
ANSWERED: Final = "DG109"
FRESHNESS: Final = "DG110"
LINEAGE_END: Final = "DG111"
LINEAGE_CYCLE: Final = "DG112"
COLUMN_TWICE: Final = "DG113"
FILE_ORDER: Final = "DG115"

WARNINGS: Final = frozenset({EXTRA, REPLY_ORDER, LINEAGE_END, COLUMN_TWICE, FILE_ORDER})
"""Rules whose breach does no harm; the prior tool's packs break some of them."""


@dataclass
class CheckedPack:
    """What a check found. Problems are in the order of the files; counts are records by file."""

    problems: list[Problem] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)

    def of_level(self, level: Level) -> list[Problem]:
        """Return the problems of one level."""
        return [problem for problem in self.problems if problem.level == level]


def check_pack(path: Path, validator: Validator) -> CheckedPack:
    """Return what is wrong with the pack in folder `path`.

    Raises MisuseError if there is no such folder, SchemaError if the validator's schemas are too lax for the checks.
    """
    if not path.is_dir():
        reason = "is not a folder" if path.exists() else "does not exist"
        raise MisuseError(reason, where=str(path), hint="give the folder of a pack")
    try:
        return _Checker(path, validator).check()
    except (LookupError, TypeError, ValueError, AttributeError) as error:
        if not validator.replaced:
            raise
        reason = f"{type(error).__name__}: {error}"
        raise SchemaError(
            f"your schemas accept a record that the checks cannot use ({reason})",
            where=str(path),
            hint="keep what the embedded schemas require",
        ) from error


class _Checker:
    def __init__(self, path: Path, validator: Validator) -> None:
        self._path = path
        self._validator = validator
        self._found = CheckedPack()
        self._events: dict[str, Seen] = {}
        self._references: list[tuple[str, int, str]] = []
        self._tables: set[str] | None = None
        self._documents: dict[str, object] = {}
        self._partly_read: set[str] = set()
        """Files of which a line or all is left out, so that what is not in them may be in the pack."""
        self._manifest: model.Manifest | None = None

    def check(self) -> CheckedPack:
        self._check_files()
        self._manifest = self._document(layout.MANIFEST, model.Manifest)
        catalog = self._check_catalog()
        for channel in layout.EVENT_FILES:
            self._check_events(channel)
        self._check_threads()
        self._check_truth(catalog)
        self._check_counts()
        return self._found

    def _report(self, code: str, file: str, message: str, *, line: int | None = None, **more: str) -> None:
        level: Level = "warning" if code in WARNINGS else "error"
        self._found.problems.append(Problem(code=code, file=file, line=line, message=message, level=level, **more))

    # Files and hashes

    def _check_files(self) -> None:
        for file in layout.REQUIRED:
            if not (self._path / file).exists():
                self._report(FILES, file, "is missing", hint="make the pack anew or restore the file")
            elif not self._present(file):
                self._report(FILES, file, "is not a regular file", hint="put the file itself there")
        if not self._present(layout.HASHES):
            return
        try:
            hashes = read_json(self._path, layout.HASHES)
        except DocumentError as error:
            self._report(PARSE_CODE, layout.HASHES, error.message)
            return
        problems = self._validator.problems("hashes", hashes, layout.HASHES)
        self._found.problems.extend(problems)
        if not problems and isinstance(hashes, dict):
            self._check_hashes(hashes)

    def _check_hashes(self, hashes: dict[str, str]) -> None:
        for file, expected in sorted(hashes.items()):
            if ".." in Path(file).parts or Path(file).is_absolute():
                self._report(HASH, layout.HASHES, f"lists {show(file)}, which is outside the pack")
                continue
            try:
                actual = digest(self._path, file)
            except DocumentError as error:
                if file not in layout.REQUIRED or self._present(file):
                    self._report(FILES, file, f"{error.message}, and {layout.HASHES} lists it")
                continue
            if actual != expected:
                self._report(HASH, file, f"has SHA-256 {actual[:12]}…, and {layout.HASHES} says {expected[:12]}…")
        for entry in sorted(self._path.rglob("*")):
            file = entry.relative_to(self._path).as_posix()
            if not entry.is_dir() and file not in hashes and file != layout.HASHES:
                self._report(EXTRA, file, f"is not listed in {layout.HASHES}")

    def _present(self, file: str) -> bool:
        return (self._path / file).is_file()

    # Catalog

    def _check_catalog(self) -> Catalog | None:
        before = len(self._found.of_level("error"))
        datasets = self._array(layout.DATASETS, model.Dataset)
        lineage = self._array(layout.LINEAGE, model.LineageEdge)
        freshness = list(self._freshness())
        people = list(self._records(layout.PEOPLE, "person")) if self._present(layout.PEOPLE) else None
        coverage = self._document(layout.COVERAGE, model.Coverage)
        if people is not None:
            self._check_unique(layout.PEOPLE, (({"line": line}, person["person_id"]) for line, person in people))
        if self._manifest is None or len(self._found.of_level("error")) > before:
            return None
        as_of = self._manifest.generated_at
        catalog = Catalog(datasets=datasets, freshness=freshness, lineage=lineage, as_of=as_of, coverage=coverage)
        self._tables = set(catalog.by_name) if catalog.covers("datasets") else None
        self._check_datasets(catalog)
        self._check_freshness(catalog)
        self._check_lineage(catalog)
        return catalog

    def _check_datasets(self, catalog: Catalog) -> None:
        placed = (({"pointer": f"/{place}/name"}, dataset.name) for place, dataset in enumerate(catalog.datasets))
        self._check_unique(layout.DATASETS, placed)
        for place, dataset in enumerate(catalog.datasets):
            names = [column.name for column in dataset.columns]
            for name, times in Counter(names).items():
                if times > 1:
                    message = f"{dataset.name} lists the column {show(name)} {times} times"
                    self._report(COLUMN_TWICE, layout.DATASETS, message, pointer=f"/{place}/columns")

    def _check_freshness(self, catalog: Catalog) -> None:
        placed = (({"line": line}, row.dataset) for line, row in enumerate(catalog.freshness, start=2))
        self._check_unique(layout.FRESHNESS, placed)
        for line, row in enumerate(catalog.freshness, start=2):
            if row.dataset not in catalog.by_name:
                message = f"{show(row.dataset)} is no dataset of the catalog"
                self._report(FRESHNESS, layout.FRESHNESS, message, line=line, hint=self._nearest(row.dataset))
        for name, dataset in catalog.by_name.items() if catalog.covers("freshness") else ():
            if name not in catalog.load and dataset.retired_at is None:
                self._report(FRESHNESS, layout.FRESHNESS, f"has no row for {show(name)}")

    def _check_lineage(self, catalog: Catalog) -> None:
        for place, edge in enumerate(catalog.lineage):
            for end, name in (("from", edge.from_), ("to", edge.to)):
                if name not in catalog.by_name:
                    message = f"{show(name)} is no dataset of the catalog"
                    self._report(LINEAGE_END, layout.LINEAGE, message, pointer=f"/{place}/{end}")
        for name in _in_cycles(catalog):
            self._report(LINEAGE_CYCLE, layout.LINEAGE, f"{show(name)} is upstream of itself")

    # Events

    def _check_events(self, channel: model.Channel) -> None:
        file = layout.EVENT_FILES[channel]
        if not self._present(file):
            self._partly_read.add(file)
            return
        bounds = self._window()
        previous = ("", "")
        for line, event in self._records(file, layout.EVENT_RECORDS[channel]):
            when, event_id = event["when"], event["id"]
            if event_id in self._events:
                self._report(UNIQUE, file, f"the id {show(event_id)} is taken by an earlier event", line=line)
                continue
            self._events[event_id] = Seen(when, line, event["actor"], event.get("thread_id"), channel)
            if (when, event_id) < previous:
                self._report(FILE_ORDER, file, "comes after a later event", line=line, hint="sort by when, then id")
            previous = (when, event_id)
            if bounds and not bounds[0] <= when <= bounds[1]:
                self._report(WINDOW, file, f"{when} is outside the pack's {bounds[0]} to {bounds[1]}", line=line)
            if event.get("referenced_query_id") is not None:
                self._references.append((file, line, event["referenced_query_id"]))
            if channel == "nlq" and event["outcome"] == "answered":
                self._check_answered(file, line, event)

    def _window(self) -> tuple[str, str] | None:
        if self._manifest is None:
            return None
        end = clock.parse(self._manifest.generated_at)
        start = end - self._manifest.config_echo.time_window_days * clock.DAY
        return clock.render(start), self._manifest.generated_at

    def _check_answered(self, file: str, line: int, event: dict[str, Any]) -> None:
        for place, table in enumerate(event.get("tables") or ()):
            if self._tables is not None and table not in self._tables:
                message = f"an answered query uses {show(table)}, which is no dataset of the catalog"
                self._report(ANSWERED, file, message, line=line, pointer=f"/tables/{place}", hint=self._nearest(table))

    def _check_threads(self) -> None:
        for event_id, seen in self._events.items():
            if seen.thread_id is None or seen.thread_id == event_id:
                continue
            file = layout.EVENT_FILES[seen.channel]
            opener = self._events.get(seen.thread_id)
            if opener is None and file in self._partly_read:
                continue
            if opener is None or opener.channel != seen.channel:
                message = f"{show(seen.thread_id)} is no message of this file"
                self._report(REFERENCE, file, message, line=seen.line, pointer="/thread_id")
            elif opener.when > seen.when:
                message = f"is written before the message that opens its thread ({opener.when})"
                self._report(REPLY_ORDER, file, message, line=seen.line, pointer="/when")
        for file, line, query in self._references:
            if query not in self._events and layout.EVENT_FILES["nlq"] in self._partly_read:
                continue
            if query not in self._events or self._events[query].channel != "nlq":
                message = f"{show(query)} is no query of this pack"
                self._report(REFERENCE, file, message, line=line, pointer="/referenced_query_id")

    # Truth

    def _check_truth(self, catalog: Catalog | None) -> None:
        files = (layout.TRUTH_GAPS, layout.TRUTH_LABELS)
        absent = [file for file in files if not self._present(file)]
        if absent:
            reported = {problem.file for problem in self._found.problems if problem.code == FILES}
            for file in {*absent} - reported if len(absent) < len(files) else ():
                self._report(FILES, file, "is missing from the answer key")
            return
        key = AnswerKey(
            self._events,
            None if catalog is None else frozenset(catalog.by_name),
            lambda file, pointer: self._fact(file, pointer.split("/")[1:]),
            self._manifest.generated_at if self._manifest else None,
        )
        all_events = not self._partly_read & {*layout.EVENT_FILES.values()}
        self._found.problems.extend(key.gaps(self._records(layout.TRUTH_GAPS, "truth_gap")))
        labels = self._records(layout.TRUTH_LABELS, "truth_label")
        all_gaps = layout.TRUTH_GAPS not in self._partly_read
        self._found.problems.extend(key.labels(labels, all_events=all_events, all_gaps=all_gaps))
        if layout.TRUTH_LABELS not in self._partly_read:
            self._found.problems.extend(key.totals(all_events=all_events))

    def _fact(self, file: str, parts: list[str]) -> object:
        if file == layout.FRESHNESS:
            rows = [row for _, row in read_csv(self._path, file, FRESHNESS_COLUMNS) if isinstance(row, dict)]
            return rows[int(parts[0])][parts[1]]
        if file not in (layout.DATASETS, layout.LINEAGE, layout.COVERAGE):
            raise LookupError(file)
        if file not in self._documents:
            self._documents[file] = read_json(self._path, file)
        found: Any = self._documents[file]
        for part in parts:
            found = found[int(part)] if isinstance(found, list) else found[part]
        if isinstance(found, list):
            return [item if isinstance(item, str) else item.get("name") or item["references"] for item in found]
        return found

    # Counts and ids

    def _check_counts(self) -> None:
        if self._manifest is None:
            return
        counted = {
            "catalog_datasets": layout.DATASETS,
            "catalog_freshness_rows": layout.FRESHNESS,
            "catalog_lineage_edges": layout.LINEAGE,
            "catalog_people": layout.PEOPLE,
            "nl_queries": layout.EVENT_FILES["nlq"],
            "slack": layout.EVENT_FILES["slack"],
            "email": layout.EVENT_FILES["email"],
            "truth_gaps": layout.TRUTH_GAPS,
            "truth_labels": layout.TRUTH_LABELS,
        }
        for name, file in counted.items():
            expected = getattr(self._manifest.counts, name)
            if expected is not None and file in self._found.counts and expected != self._found.counts[file]:
                message = f"says {expected}, and {file} has {self._found.counts[file]}"
                self._report(COUNTS, layout.MANIFEST, message, pointer=f"/counts/{name}")

    def _check_unique(self, file: str, names: Iterable[tuple[Mapping[str, Any], str]]) -> None:
        """Report the names, each with its place in the file, that an earlier one equals."""
        seen: set[str] = set()
        for place, name in names:
            if name in seen:
                self._report(UNIQUE, file, f"{show(name)} stands twice", **place)
            seen.add(name)

    def _nearest(self, name: str) -> str:
        return did_you_mean(name, self._tables or ())

    # Reading: what cannot be read is reported and left out

    def _document(self, file: str, record_type: type[model.T]) -> model.T | None:
        if not self._present(file):
            return None
        try:
            value = read_json(self._path, file)
        except DocumentError as error:
            self._report(PARSE_CODE, file, error.message)
            return None
        if problems := self._validator.problems(model.RECORDS[record_type], value, file):
            self._found.problems.extend(problems)
            return None
        return model.load(record_type, value)

    def _array(self, file: str, record_type: type[model.T]) -> list[model.T]:
        if not self._present(file):
            return []
        try:
            values = read_json(self._path, file)
        except DocumentError as error:
            self._report(PARSE_CODE, file, error.message)
            return []
        if not isinstance(values, list):
            self._report(PARSE_CODE, file, f"expected an array, got {kind_of(values)}")
            return []
        self._found.counts[file] = len(values)
        records = []
        for place, value in enumerate(values):
            problems = self._validator.problems(model.RECORDS[record_type], value, file, under=f"/{place}")
            self._found.problems.extend(problems)
            if not problems:
                records.append(model.load(record_type, value))
        return records

    def _freshness(self) -> Iterator[model.FreshnessRow]:
        if not self._present(layout.FRESHNESS):
            return
        try:
            rows = list(read_csv(self._path, layout.FRESHNESS, FRESHNESS_COLUMNS))
        except DocumentError as error:
            self._report(PARSE_CODE, layout.FRESHNESS, error.message)
            return
        if all(isinstance(row, dict) for _, row in rows):
            self._found.counts[layout.FRESHNESS] = len(rows)
        for line, row in rows:
            if isinstance(row, Problem):
                self._found.problems.append(row)
                continue
            value = typed_row(row)
            problems = self._validator.problems("freshness_row", value, layout.FRESHNESS, line)
            self._found.problems.extend(problems)
            if not problems:
                yield model.load(model.FreshnessRow, value)

    def _records(self, file: str, record: model.RecordName) -> Iterator[tuple[int, dict[str, Any]]]:
        """Yield the valid records of a file of JSON lines; report the others."""
        try:
            regular(self._path, file)
        except DocumentError as error:
            self._report(FILES, file, error.message)
            self._partly_read.add(file)
            return
        accepts = self._validator.acceptor(record)
        self._found.counts[file] = 0
        for line, value in json_lines(self._path, file):
            self._found.counts[file] += 1
            if isinstance(value, dict) and accepts(value):
                yield line, value
                continue
            problems = [value] if isinstance(value, Problem) else self._validator.problems(record, value, file, line)
            self._found.problems.extend(problems)
            self._partly_read.add(file)


def _in_cycles(catalog: Catalog) -> Iterator[str]:
    """Yield the datasets that are upstream of themselves: those left when ends without a source are taken away."""
    waiting = {name: set(sources) for name, sources in catalog.upstream.items()}
    ready = [name for name in catalog.downstream if name not in waiting]
    while ready:
        done = ready.pop()
        for name in catalog.downstream.get(done, ()):
            waiting[name].discard(done)
            if not waiting[name]:
                del waiting[name]
                ready.append(name)
    for name in sorted(waiting):
        if any(name == source or name in catalog.ancestors(source) for source in catalog.upstream[name]):
            yield name
