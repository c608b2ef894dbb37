"""Put the options of a run together: the schema's defaults, then a file, then the command line."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from datagap import model
from datagap.errors import MisuseError
from datagap.pack.document import read_csv
from datagap.problem import Problem, kind_of
from datagap.settings import SettingsError, read_yaml
from datagap.validate import InvalidError, embedded

RECORDED = frozenset({"pack", "generator_version", "spec_digest", "events"})
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
    return embedded().read(model.RunConfig, options, where)


def load_owners(path: Path) -> Mapping[str, str]:
    """Return owners by dataset, from CSV with the columns dataset and owner, or from a YAML or JSON mapping."""
    if path.suffix.lower() == ".csv" and path.is_file():
        return dict(_owner_rows(path))
    value = read_yaml(path)
    if not isinstance(value, dict) or not all(isinstance(owner, str) for owner in value.values()):
        raise SettingsError("expected an owner for each dataset", where=str(path), hint="write `dataset: owner` lines")
    return value


def _owner_rows(path: Path) -> list[tuple[str, str]]:
    rows = []
    for _, row in read_csv(path.parent, path.name, OWNER_COLUMNS):
        if isinstance(row, Problem):
            raise InvalidError([row])
        rows.append((row["dataset"], row["owner"]))
    return rows


def check_llm(options: model.RunConfig, key: str | None) -> None:
    """Raise MisuseError if language-model stages are asked for: without a key, or because there are none yet."""
    if options.llm == "off":
        return
    if not key:
        raise MisuseError("needs a key", where="--llm on", hint="set LLM_API_KEY, or run with --llm off")
    raise MisuseError(
        "is not available: this version has no language-model stages", where="--llm on", hint="run with --llm off"
    )
