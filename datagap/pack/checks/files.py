"""Check which files a pack has, and that they are what hashes.json says."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path, PurePosixPath
from typing import Any

from datagap import model
from datagap.errors import system_reason
from datagap.pack import layout
from datagap.pack.checks import rule
from datagap.pack.checks.intake import Intake
from datagap.pack.document import line_of
from datagap.pack.source import DocumentError, digest, read_bytes, regular
from datagap.problem import pointer, show

_COUNTED: Mapping[str, str] = {
    "catalog_datasets": layout.DATASETS,
    "catalog_freshness_rows": layout.FRESHNESS,
    "catalog_lineage_edges": layout.LINEAGE,
    "catalog_people": layout.PEOPLE,
    **{layout.COUNT_NAMES[channel]: file for channel, file in layout.EVENT_FILES.items()},
    "truth_gaps": layout.TRUTH_GAPS,
    "truth_labels": layout.TRUTH_LABELS,
}
"""What a manifest's counts call the records of each file."""


def check_files(intake: Intake) -> None:
    """Report the files that are missing, changed or not listed."""
    for file in layout.REQUIRED:
        try:
            regular(intake.path, file)
        except DocumentError as error:
            if isinstance(error.__cause__, FileNotFoundError):
                intake.refuse(file, "is missing", "make the pack anew or restore the file")
            else:
                intake.refuse(file, error.message, error.hint)
    there = list(_files(intake))
    if layout.HASHES not in intake.partly:
        hashes = intake.document(layout.HASHES, "hashes")
        if hashes is not None:
            _check_hashes(intake, hashes)
            _check_listed(intake, hashes, there)


def _check_hashes(intake: Intake, hashes: Mapping[str, str]) -> None:
    content = read_bytes(intake.path, layout.HASHES)
    for file, expected in sorted(hashes.items()):
        if ".." in PurePosixPath(file).parts:
            place = pointer([file])
            message = f"lists {show(file)}, which leads out of a folder"
            line = line_of(content, place) + 1
            intake.found.report(rule.HASH, layout.HASHES, message, line=line, pointer=place, hint="remove the entry")
            continue
        try:
            actual = digest(intake.path, file)
        except DocumentError as error:
            intake.refuse(file, f"{error.message}, and {layout.HASHES} lists it", error.hint)
            continue
        if actual != expected:
            line = line_of(content, pointer([file])) + 1
            message = f"has SHA-256 {actual[:12]}…, and {layout.HASHES}:{line} says {expected[:12]}…"
            intake.found.report(rule.HASH, file, message, hint="restore the file or make the pack anew")


def _check_listed(intake: Intake, hashes: Mapping[str, str], there: Iterable[str]) -> None:
    for file in there:
        if file in hashes or file == layout.HASHES:
            continue
        if file in layout.REQUIRED or file in layout.OPTIONAL:
            hint = "restore hashes.json or make the pack anew"
            intake.found.report(rule.HASH, file, f"is not listed in {layout.HASHES}", hint=hint)
        else:
            message = f"is no part of a pack, and {layout.HASHES} does not list it"
            intake.found.report(rule.EXTRA, file, message, hint="remove it")


def _files(intake: Intake) -> Iterator[str]:
    """Yield what lies in the pack and is no folder, without following links."""

    def unreadable(error: OSError) -> None:
        folder = Path(error.filename).relative_to(intake.path).as_posix()
        intake.refuse(folder, f"cannot be listed ({system_reason(error)})")

    for folder, folders, files in os.walk(intake.path, onerror=unreadable):
        folders.sort()
        links = [name for name in folders if (Path(folder) / name).is_symlink()]
        for name in sorted([*files, *links]):
            yield (Path(folder) / name).relative_to(intake.path).as_posix()


def check_version(intake: Intake, manifest: Mapping[str, Any]) -> None:
    """Report a pack whose schema is of a later major version; what an earlier one lacks is optional."""
    version = manifest.get("schema_version") or model.SCHEMA_VERSION
    if not model.understands(version):
        message = f"is for schema {version[:40]}, and this is {model.SCHEMA_VERSION}"
        _report_manifest(intake, rule.SCHEMA, "/schema_version", message, "use a version of datagap that knows it")


def check_counts(intake: Intake, manifest: Mapping[str, Any]) -> None:
    """Report the counts of the manifest that are not what the files hold."""
    for name, file in _COUNTED.items():
        expected = manifest["counts"].get(name)
        if expected and file in layout.OPTIONAL and not intake.present(file):
            _report_manifest(intake, rule.COUNT, f"/counts/{name}", f"says {expected}, and there is no {file}")
        elif expected is not None and file in intake.counts and expected != intake.counts[file]:
            message = f"says {expected}, and {file} has {intake.counts[file]}"
            _report_manifest(intake, rule.COUNT, f"/counts/{name}", message)


def _report_manifest(intake: Intake, broken: rule.Rule, place: str, message: str, hint: str = "") -> None:
    line = line_of(read_bytes(intake.path, layout.MANIFEST), place) + 1
    intake.found.report(broken, layout.MANIFEST, message, line=line, pointer=place, hint=hint)
