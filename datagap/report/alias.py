"""Confirmed aliases: what else people call datasets, columns and subjects, as a person wrote it down."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final, TypeAlias

from datagap import model
from datagap.catalog import Catalog
from datagap.errors import MisuseError
from datagap.pack.document import json_lines
from datagap.pack.source import digest, lines
from datagap.pack.table import read_csv
from datagap.problem import Problem, did_you_mean, kind_of, show
from datagap.report.linking import LONGEST, Aliases, words_of
from datagap.report.phrase import grammar_words
from datagap.settings import Lines, SettingsError, read_content, read_yaml
from datagap.validate import SCHEMA_CODE, InvalidError, embedded

NEEDED: Final = ("phrase", "kind", "ref")
"""Columns that a CSV file of aliases needs; `confirmed` may be beside them, and others are for people."""
YES: Final = frozenset(["yes", "y", "true", "1", "x", "ok"])
NO: Final = frozenset(["", "no", "n", "false", "0", "-"])
Entries: TypeAlias = Iterable[tuple[int | None, object]]
"""Entries as they were read, each with the line that it stands on."""


def phrase_key(phrase: str) -> str:
    """Return a phrase as it is looked up."""
    return " ".join(words_of(phrase))


def confirmed(aliases: Iterable[model.Alias], reference: model.AliasReference | None = None) -> Aliases:
    """Return aliases that a catalog was checked to have the names of."""
    found: dict[str, dict[str, str]] = {"dataset": {}, "column": {}, "subject": {}}
    for alias in aliases:
        found[alias.kind][phrase_key(alias.phrase)] = alias.ref
    return Aliases(datasets=found["dataset"], columns=found["column"], subjects=found["subject"], reference=reference)


def load_aliases(path: Path, catalog: Catalog) -> Aliases:
    """Return the confirmed aliases in a file: CSV, JSON lines, or a list in YAML or JSON.

    Raises MisuseError if there is no such file, SettingsError or InvalidError if it cannot be used: all that is wrong
    with its entries is told at once.
    """
    if not path.is_file():
        reason = "is not a file" if path.exists() else "does not exist"
        raise MisuseError(reason, where=str(path), hint="give what datagap-report aliases proposed and you confirmed")
    numbered = [(line, embedded().read(model.Alias, value, str(path), line)) for line, value in _entries(path)]
    kept = [(line, alias) for line, alias in numbered if alias.confirmed is not False]
    problems = list(_Check(catalog, str(path)).problems(kept))
    if problems:
        raise InvalidError(problems)
    if not kept:
        raise SettingsError("confirms no alias", where=str(path), hint="write yes in the column `confirmed`")
    reference = model.AliasReference(entries=len(kept), digest=digest(path.parent, path.name))
    return confirmed((alias for _, alias in kept), reference)


class _Check:
    """Holds aliases against a catalog and against each other."""

    def __init__(self, catalog: Catalog, where: str) -> None:
        self._where = where
        metrics = [metric.name for dataset in catalog.datasets for metric in dataset.metrics or ()]
        columns = [column.name for dataset in catalog.datasets for column in dataset.columns]
        self._known: Mapping[str, Sequence[str]] = {
            "dataset": [dataset.name for dataset in catalog.datasets],
            "column": list(dict.fromkeys([*columns, *metrics])),
        }
        self._names: dict[str, str] = {}
        for dataset in catalog.datasets:
            for name in (*(dataset.aliases or ()), dataset.name):
                self._names[phrase_key(name)] = dataset.name
        self._common = grammar_words()

    def problems(self, aliases: Iterable[tuple[int | None, model.Alias]]) -> Iterator[Problem]:
        """Yield what is wrong, in the order of the file."""
        given: dict[str, model.Alias] = {}
        for line, alias in aliases:
            key = phrase_key(alias.phrase)
            for message, hint in (*self._about_phrase(alias, key), *self._about_ref(alias)):
                yield Problem(code=SCHEMA_CODE, file=self._where, line=line, message=message, hint=hint)
            other = given.setdefault(key, alias)
            if key and (other.kind, other.ref) != (alias.kind, alias.ref):
                message = f"{show(alias.phrase)} stands for {other.kind} {other.ref} and for {alias.kind} {alias.ref}"
                yield Problem(code=SCHEMA_CODE, file=self._where, line=line, message=message, hint="keep one of them")

    def _about_phrase(self, alias: model.Alias, key: str) -> Iterator[tuple[str, str]]:
        words = key.split()
        if all(word in self._common for word in words):
            reason = "has no word" if not words else "is made of words that stand in any text"
            yield f"the phrase {show(alias.phrase)} {reason}", "give one that stands for something"
        if len(words) > LONGEST:
            yield f"the phrase {show(alias.phrase)} has more than {LONGEST} words", "give a shorter one"
        bearer = self._names.get(key)
        if bearer is not None and (alias.kind, alias.ref) != ("dataset", bearer):
            yield f"the phrase {show(alias.phrase)} is a name of the dataset {bearer} already", "leave it out"

    def _about_ref(self, alias: model.Alias) -> Iterator[tuple[str, str]]:
        if alias.kind == "subject":
            if not words_of(alias.ref):
                yield f"the ref {show(alias.ref)} has no word", "give the phrase that stands for all"
            return
        known = self._known[alias.kind]
        if alias.ref not in known:
            hint = did_you_mean(alias.ref, known) or f"give the name of a {alias.kind} of the catalog"
            yield f"the ref {show(alias.ref)} is no {alias.kind} of the catalog", hint


# Reading the forms that a file may have


def _entries(path: Path) -> Entries:
    suffix = path.suffix.lower()
    if suffix == ".csv":
        return _csv_entries(path)
    if suffix == ".jsonl":
        return _good(json_lines(path.parent, path.name))
    return _listed(path)


def _listed(path: Path) -> Entries:
    value = read_yaml(path)
    if not isinstance(value, list):
        raise SettingsError(
            f"expected a list of aliases, got {kind_of(value)}", where=str(path), hint="write `- phrase:` entries"
        )
    places = Lines(read_content(path))
    return [(places.of(f"/{place}"), entry) for place, entry in enumerate(value)]


def _csv_entries(path: Path) -> Entries:
    columns = _header(path)
    for line, row in _good(read_csv(path.parent, path.name, columns)):
        assert isinstance(row, dict)
        yield line, _entry(row, f"{path}:{line}")


def _entry(row: Mapping[str, str], where: str) -> dict[str, object]:
    entry: dict[str, object] = {name: row[name].strip().removeprefix("'") for name in NEEDED}
    answer = row.get("confirmed", "yes").strip().lower()
    if answer not in YES | NO:
        raise SettingsError(f"confirmed is {show(answer)}", where=where, hint="write yes, or nothing")
    return entry | {"confirmed": answer in YES}


def _header(path: Path) -> tuple[str, ...]:
    """Return the columns of a CSV file; those that are expected if it does not have them all."""
    first = next((line for _, line in lines(path.parent, path.name)), b"")
    text = first.decode(errors="replace") if isinstance(first, bytes) else ""
    found = tuple(next(csv.reader([text]), ()))
    return found if set(NEEDED) <= set(found) and len(set(found)) == len(found) else (*NEEDED, "confirmed")


def _good(numbered: Iterable[tuple[int, object]]) -> Entries:
    for line, value in numbered:
        if isinstance(value, Problem):
            raise InvalidError([value])
        yield line, value
