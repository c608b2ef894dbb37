"""Write the files that a user starts from: a config with every default, and the schemas."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path

import yaml

from datagap import model
from datagap.errors import MisuseError, system_reason
from datagap.pack.folder import OutputError
from datagap.schema import COMMON, SUFFIX, JsonSchema
from datagap.synth.scenario import Vocabulary

CONFIG = "config.yaml"
SCHEMAS = "schemas"
_WIDTH = 110


def starter_files(vocabulary: Vocabulary, scenario: str | None = None) -> dict[str, bytes]:
    """Return the content of `config.yaml`, for a scenario and what a config calls it, and of each schema, by path."""
    files = {CONFIG: render_config(vocabulary, scenario).encode()}
    for name in (COMMON, *model.RECORD_NAMES):
        schema = json.loads((model.schema_files() / f"{name}{SUFFIX}").read_bytes())
        schema.pop("$comment")
        files[f"{SCHEMAS}/{name}{SUFFIX}"] = json.dumps(schema, indent=2, ensure_ascii=False).encode() + b"\n"
    return files


def write_starter(folder: Path, vocabulary: Vocabulary, scenario: str | None = None, *, force: bool) -> list[str]:
    """Write the starter files into `folder` and return their paths; raise MisuseError if one is there already."""
    files = starter_files(vocabulary, scenario)
    taken = [file for file in files if (folder / file).exists()]
    if taken and not force:
        more = f", and {len(taken) - 1} more are" if len(taken) > 1 else ""
        raise MisuseError(f"is there already{more}", where=str(folder / taken[0]), hint="overwrite with --force")
    hidden = {file: (folder / file).with_name(f".{Path(file).name}.partial") for file in files}
    try:
        for file, content in files.items():
            hidden[file].parent.mkdir(parents=True, exist_ok=True)
            hidden[file].write_bytes(content)
        for file, path in hidden.items():
            path.replace(folder / file)
    except OSError as error:
        where = str(error.filename or folder)
        raise OutputError(f"cannot be written ({system_reason(error)})", where=where) from error
    finally:
        for path in hidden.values():
            with suppress(OSError):
                path.unlink(missing_ok=True)
    return list(files)


def render_config(vocabulary: Vocabulary, called: str | None = None) -> str:
    """Return YAML with every default of the config schema, for a scenario, and its descriptions as comments."""
    header = f"# yaml-language-server: $schema={SCHEMAS}/config{SUFFIX}"
    scenario = vocabulary.scenario
    own = {"/scenario": called or scenario.name, "/catalog/domains": [domain.name for domain in scenario.domains]}
    lines = [header, *_render(model.schema("config"), "", "", own)]
    return "\n".join(lines) + "\n"


def _render(schema: JsonSchema, indent: str, path: str, own: Mapping[str, object]) -> Iterator[str]:
    """Yield the properties of a schema; `own` has the values, by pointer, that are not the schema's defaults."""
    for place, (name, part) in enumerate(schema["properties"].items()):
        comment = f"{indent}# "
        if place or not indent:
            yield ""
        yield from textwrap.wrap(part["description"], _WIDTH, initial_indent=comment, subsequent_indent=comment)
        if "properties" in part and not part["default"]:
            yield f"{indent}{name}:"
            yield from _render(part, indent + "  ", f"{path}/{name}", own)
        else:
            yield from _entry(f"{indent}{name}", own.get(f"{path}/{name}", part["default"]), indent + "  ")


def _entry(key: str, value: object, indent: str) -> Iterator[str]:
    """Yield a key and its value, on one line if it is short."""
    if len(line := f"{key}: {_flow(value)}") <= _WIDTH or not isinstance(value, dict | list):
        yield line
    elif isinstance(value, dict):
        yield f"{key}:"
        yield from (f"{indent}{name}: {_flow(part)}" for name, part in value.items())
    else:
        yield f"{key}:"
        yield from (f"{indent}- {_flow(part)}" for part in value)


def _flow(value: object) -> str:
    text = yaml.safe_dump(value, default_flow_style=True, sort_keys=False, width=10_000)
    return str(text).removesuffix("\n").removesuffix("\n...")
