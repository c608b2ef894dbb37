"""Check a pack: every record against its schema, then the files against each other, by named rules."""

from __future__ import annotations

from collections.abc import Container
from pathlib import Path

from datagap.errors import MisuseError
from datagap.pack import layout
from datagap.pack.checks.catalog import CatalogIndex
from datagap.pack.checks.events import EventIndex
from datagap.pack.checks.files import check_counts, check_files, check_version
from datagap.pack.checks.finding import CheckedPack, Findings
from datagap.pack.checks.intake import Intake
from datagap.pack.checks.rule import RULES
from datagap.pack.checks.truth import AnswerKey
from datagap.schema import SchemaError
from datagap.validate import Validator

__all__ = ["CheckedPack", "check_pack"]


def check_pack(
    path: Path, validator: Validator, codes: Container[str] = RULES.keys(), limit: int | None = None
) -> CheckedPack:
    """Return what is wrong with the pack in folder `path`, by the rules with these codes.

    Of the problems of each level at most `limit` are kept, and all are counted. Memory grows with the number of
    events, datasets, gaps and distinct statements, never with their length. Raises MisuseError if there is no such
    folder, SchemaError if the validator's schemas are too lax for the checks.
    """
    if not path.is_dir():
        reason = "is not a folder" if path.exists() else "does not exist"
        raise MisuseError(reason, where=str(path), hint="give the folder of a pack")
    try:
        return _check(Intake(path, validator, Findings(codes, limit)))
    except (LookupError, TypeError, ValueError, AttributeError) as error:
        if not validator.replaced:
            raise
        reason = f"{type(error).__name__}: {error}"
        raise SchemaError(
            f"your schemas accept a record that the checks cannot use ({reason})",
            where=str(path),
            hint="keep what the embedded schemas require",
        ) from error


def _check(intake: Intake) -> CheckedPack:
    check_files(intake)
    manifest = intake.document(layout.MANIFEST, "manifest")
    if manifest is not None:
        check_version(intake, manifest)
    key = AnswerKey(intake)
    catalog = CatalogIndex(intake, key.gaps)
    events = EventIndex(intake, catalog, manifest)
    if key.present:
        key.check(catalog, events, None if manifest is None else manifest["generated_at"])
    if manifest is not None:
        check_counts(intake, manifest)
    found = intake.found
    return CheckedPack(
        problems=found.kept(),
        totals=found.totals,
        errors=found.total("error"),
        warnings=found.total("warning"),
        counts=intake.counts,
    )
