"""Read JSON Schemas and inline their references.

The code generator and `--schemas DIR` share this module, so it needs the standard library alone.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any, TypeAlias

from datagap.errors import DatagapError, system_reason

JsonSchema: TypeAlias = dict[str, Any]
SUFFIX = ".schema.json"
COMMON = "common"


class SchemaError(DatagapError):
    """Report a schema that cannot be used."""


def read_schema(path: Path | Traversable) -> JsonSchema:
    """Return the schema in `path`; raise SchemaError if it is not a JSON object."""
    try:
        if not path.is_file():
            raise SchemaError("is not a regular file", where=str(path))
        schema = json.loads(path.read_bytes(), object_pairs_hook=_object)
    except OSError as error:
        raise SchemaError(f"cannot be read ({system_reason(error)})", where=str(path)) from error
    except (ValueError, RecursionError) as error:
        raise SchemaError(f"is not valid JSON ({error})", where=str(path), hint="mend the schema") from error
    if not isinstance(schema, dict):
        raise SchemaError("is not a JSON object", where=str(path), hint="mend the schema")
    return schema


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    names = [name for name, _ in pairs]
    for name in names:
        if names.count(name) > 1:
            raise ValueError(f"key {name} stands twice")
    return dict(pairs)


def read_folder(folder: Path) -> dict[str, JsonSchema]:
    """Return the schemas in `folder` by record name, sorted."""
    try:
        paths = sorted(path for path in folder.iterdir() if path.name.endswith(SUFFIX))
    except OSError as error:
        raise SchemaError(f"cannot be listed ({system_reason(error)})", where=str(folder)) from error
    return {path.name.removesuffix(SUFFIX): read_schema(path) for path in paths}


def inline(record: str, documents: Mapping[str, JsonSchema]) -> JsonSchema:
    """Return the schema of `record` with every `$ref` replaced by what it refers to.

    Keywords beside a `$ref` win over the target's. Raises SchemaError for a reference that leads nowhere or back
    to itself.
    """
    inlined = _inline(documents[record], record, documents, ())
    assert isinstance(inlined, dict)
    inlined.pop("$defs", None)
    return inlined


def _inline(node: Any, here: str, documents: Mapping[str, JsonSchema], trail: tuple[tuple[str, str], ...]) -> Any:
    if isinstance(node, list):
        return [_inline(item, here, documents, trail) for item in node]
    if not isinstance(node, dict):
        return node
    if "$ref" not in node:
        return {key: _inline(value, here, documents, trail) for key, value in node.items() if key != "$defs"}
    document, pointer, target = _resolve(node["$ref"], here, documents)
    if (document, pointer) in trail:
        raise SchemaError(f"{node['$ref']} refers to itself", where=here + SUFFIX, hint="mend the reference")
    resolved = _inline(target, document, documents, (*trail, (document, pointer)))
    beside = {key: _inline(value, here, documents, trail) for key, value in node.items() if key != "$ref"}
    return {key: value for key, value in resolved.items() if key != "$schema"} | beside


def _resolve(ref: Any, here: str, documents: Mapping[str, JsonSchema]) -> tuple[str, str, JsonSchema]:
    file, _, pointer = str(ref).partition("#")
    document = file.removesuffix(SUFFIX) or here
    try:
        anchor, *parts = pointer.split("/")
        target: Any = None if anchor else documents[document]
        for part in parts:
            target = target[part]
    except (KeyError, TypeError) as error:
        raise SchemaError(f"{ref} leads nowhere", where=here + SUFFIX, hint="mend the reference") from error
    if not isinstance(target, dict):
        raise SchemaError(f"{ref} is no schema", where=here + SUFFIX, hint="mend the reference")
    return document, pointer, target


def defaults(schema: JsonSchema, value: Any) -> Any:
    """Return `value` with the defaults that the inlined `schema` gives for what is absent; null stays null."""
    if isinstance(value, dict) and "properties" in schema:
        filled = dict(value)
        for name, part in schema["properties"].items():
            if name in filled:
                filled[name] = defaults(part, filled[name])
            elif part.get("default") is not None:
                filled[name] = defaults(part, part["default"])
        return filled
    if isinstance(value, dict) and isinstance(schema.get("additionalProperties"), dict):
        return {name: defaults(schema["additionalProperties"], part) for name, part in value.items()}
    if isinstance(value, list) and isinstance(schema.get("items"), dict):
        return [defaults(schema["items"], item) for item in value]
    return value
