"""Put the options of a run together: the schema's defaults, then a file, then the command line."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

from datagap import model
from datagap.errors import MisuseError
from datagap.pack.table import read_csv
from datagap.problem import Problem, kind_of, show
from datagap.settings import SettingsError, read_yaml
from datagap.validate import InvalidError, embedded

RECORDED = frozenset({"pack", "generator_version", "spec_digest", "events", "window", "aliases", "triage", "previous"})
"""Keys that a report records and that are no options; a recorded file may serve as --config."""
OWNER_COLUMNS = ("dataset", "owner")


def load_options(config: Path | None, owners: Path | None, given: Mapping[str, object]) -> model.RunConfig:
    """Return the options of a run; `given` holds those of the command line, None where one was left out.

    Raises MisuseError for a missing file, and SettingsError or InvalidError for one that cannot be used.
    """
    options: dict[str, object] = {}
    where = "options"
    if config is not None:
        value, where = read_yaml(config), str(config)
        if not isinstance(value, dict):
            raise SettingsError(f"expected a mapping, got {kind_of(value)}", where=where)
        options = {key: part for key, part in value.items() if key not in RECORDED}
    if owners is not None:
        options["owners"] = load_owners(owners)
    options |= {key: value for key, value in given.items() if value is not None}
    loaded = embedded().read(model.RunConfig, options, where)
    return replace(loaded, api_base=_bare(loaded.api_base))


def _bare(address: str) -> str:
    """Return an address without user name, password, query and fragment; raise MisuseError if it is none."""
    try:
        parts = urlsplit(address)
    except ValueError as error:
        raise MisuseError(f"is no address ({error})", where="--api-base", hint="write it like https://host") from error
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))


def load_owners(path: Path) -> Mapping[str, str]:
    """Return owners by dataset, from CSV with the columns dataset and owner, or from a YAML or JSON mapping."""
    if path.suffix.lower() == ".csv" and path.is_file():
        return dict(_owner_rows(path))
    value = read_yaml(path)
    if not isinstance(value, dict) or not all(isinstance(owner, str) for owner in value.values()):
        raise SettingsError("expected an owner for each dataset", where=str(path), hint="write `dataset: owner` lines")
    return value


def _owner_rows(path: Path) -> list[tuple[str, str]]:
    rows: list[tuple[str, str]] = []
    for line, row in read_csv(path.parent, path.name, OWNER_COLUMNS):
        if isinstance(row, Problem):
            raise InvalidError([row])
        if any(row["dataset"] == dataset for dataset, _ in rows):
            raise SettingsError(f"{show(row['dataset'])} stands twice", where=f"{path}:{line}", hint="keep one owner")
        rows.append((row["dataset"], row["owner"]))
    return rows


def check_llm(options: model.RunConfig, key: str | None) -> None:
    """Raise MisuseError if language-model stages are asked for: without a key, or because there are none yet."""
    if options.llm == "off":
        return
    reason = "is not available: this version has no language-model stages"
    if not key:
        reason = "needs a key in LLM_API_KEY, and this version has no language-model stages to use it"
    raise MisuseError(reason, where="--llm on", hint="run with --llm off")
