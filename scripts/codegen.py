#!/usr/bin/env python3
"""Generate the package datagap_spec and the data dictionary in generated/ from the JSON Schemas in spec/.

python scripts/codegen.py            write generated/
python scripts/codegen.py --check    fail, with a diff, if generated/ is not what spec/ gives
"""

from __future__ import annotations

import argparse
import copy
import difflib
import hashlib
import json
import sys
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from datagap.schema import COMMON, SUFFIX, JsonSchema, SchemaError, inline, read_folder  # noqa: E402

REMAKE = "python scripts/codegen.py"
MANIFEST = "MANIFEST.json"
PACKAGE = "datagap_spec"
DOCS = "docs"
VALIDATORS = Path(__file__).with_name("templates") / "validators.py"
GENERATORS = (
    "scripts/codegen.py",
    "scripts/dictionary.py",
    "scripts/spec_lint.py",
    "scripts/templates/validators.py",
    "datagap/schema.py",
)


def render(root: Path) -> dict[str, bytes]:
    """Return every file of generated/ by its path there; raise SchemaError if the spec is not in order."""
    from dictionary import pages
    from spec_lint import lint

    documents = read_folder(root / "spec")
    if problems := lint(documents):
        raise SchemaError("\n".join(["spec/ is not in order:", *problems]))
    records = {name: documents[name]["title"] for name in documents if name != COMMON}
    files: dict[str, str] = {
        f"{PACKAGE}/__init__.py": _render_init(documents),
        f"{PACKAGE}/models.py": _render_models(documents, root),
        f"{PACKAGE}/records.py": _render_records(records, documents),
        f"{PACKAGE}/validators.py": _render_validators(),
        f"{PACKAGE}/py.typed": "",
    }
    for name, schema in documents.items():
        files[f"{PACKAGE}/schemas/{name}{SUFFIX}"] = _render_schema(name, schema)
    for name in records:
        files[f"{PACKAGE}/inlined/{name}{SUFFIX}"] = _render_schema(name, inline(name, documents))
    for page, text in pages(documents).items():
        files[f"{DOCS}/{page}"] = _render_page(page, text)
    encoded = {path: text.encode() for path, text in sorted(files.items())}
    encoded[MANIFEST] = _render_manifest(root, encoded)
    return encoded


def is_stale(root: Path) -> list[str]:
    """Return the inputs and outputs that are not as the manifest in generated/ has them; empty when all are."""
    try:
        manifest = json.loads((root / "generated" / MANIFEST).read_bytes())
        recorded = manifest["inputs"] | {f"generated/{path}": digest for path, digest in manifest["outputs"].items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return [f"generated/{MANIFEST}"]
    actual = _input_digests(root)
    for path in _existing(root / "generated"):
        if path != MANIFEST:
            actual[f"generated/{path}"] = _digest((root / "generated" / path).read_bytes())
    return sorted(path for path in recorded.keys() | actual.keys() if recorded.get(path) != actual.get(path))


def write(root: Path) -> list[str]:
    """Write generated/, remove what no longer belongs there, and return the paths that changed."""
    files = render(root)
    folder = root / "generated"
    changed = []
    for path in sorted(_existing(folder) - files.keys()):
        (folder / path).unlink()
        changed.append(path)
    for path, content in files.items():
        target = folder / path
        if not target.is_file() or target.read_bytes() != content:
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content)
            changed.append(path)
    return changed


def drift(root: Path) -> Iterator[str]:
    """Yield the lines of a diff from generated/ as it is to what spec/ gives."""
    files = render(root)
    folder = root / "generated"
    for path in sorted(_existing(folder) | files.keys()):
        before = (folder / path).read_bytes() if (folder / path).is_file() else None
        after = files.get(path)
        if before == after:
            continue
        names = (
            f"generated/{path}" + (" (missing)" if before is None else ""),
            f"generated/{path}" + (" (orphan: no schema gives it)" if after is None else " (from spec/)"),
        )
        old, new = ((content or b"").decode(errors="replace").splitlines() for content in (before, after))
        lines = list(difflib.unified_diff(old, new, *names, lineterm=""))
        yield from lines or [f"--- {names[0]}", f"+++ {names[1]}", "(empty, or only line ends differ)"]


def _render_models(documents: Mapping[str, JsonSchema], root: Path) -> str:
    from datamodel_code_generator import generate, load_pyproject_config

    source = generate(json.dumps(_bundle(documents)), config=load_pyproject_config(root))
    assert isinstance(source, str)
    body = source[source.index("from __future__") :].rstrip()
    return _banner("The records as frozen dataclasses.", "spec/*.schema.json") + body + "\n"


def _bundle(documents: Mapping[str, JsonSchema]) -> JsonSchema:
    """Return one schema with every record and shared definition under `$defs`, by title.

    A property with a default is required there: `datagap.schema.defaults` fills it in before a dataclass is made,
    so that defaults live in the schemas alone.
    """
    titles = {f"{name}{SUFFIX}": schema["title"] for name, schema in documents.items()}
    for name, schema in documents.items():
        titles |= {f"{name}{SUFFIX}#/$defs/{key}": part["title"] for key, part in schema.get("$defs", {}).items()}
    definitions: JsonSchema = {}
    for name, schema in documents.items():
        parts = [*schema.get("$defs", {}).values(), *([schema] if name != COMMON else [])]
        for part in parts:
            definitions[part["title"]] = _typed(part, name + SUFFIX, titles)
    return {"$schema": documents[COMMON]["$schema"], "$defs": definitions}


def _typed(node: Any, here: str, titles: Mapping[str, str]) -> Any:
    if isinstance(node, list):
        return [_typed(item, here, titles) for item in node]
    if not isinstance(node, dict):
        return node
    typed = {key: _typed(value, here, titles) for key, value in node.items() if key not in ("$defs", "$schema")}
    if "$ref" in node:
        ref = node["$ref"] if not node["$ref"].startswith("#") else here + node["$ref"]
        typed["$ref"] = f"#/$defs/{titles[ref]}"
    typed.pop("dependentRequired", None)
    for name, part in node.get("properties", {}).items():
        if typed["properties"][name].pop("default", None) is not None:
            typed["required"] = sorted({*typed.get("required", []), name})
        if part.get("format") == "date-time":
            typed["properties"][name].pop("format")
    if typed.get("format") == "date-time":
        typed.pop("format")
    return typed


def _render_init(documents: Mapping[str, JsonSchema]) -> str:
    digest = hashlib.sha256(json.dumps(documents, sort_keys=True).encode()).hexdigest()
    version = documents["config"]["properties"]["schema_version"]["default"]
    return (
        _banner("The records of datagap, generated from its JSON Schemas.", "spec/*.schema.json")
        + f'SCHEMA_VERSION = "{version}"\n'
        + '"""Version of the schemas."""\n\n'
        + f'SPEC_DIGEST = "{digest}"\n'
        + '"""SHA-256 over the schemas, keys sorted."""\n'
    )


def _render_records(records: Mapping[str, str], documents: Mapping[str, JsonSchema]) -> str:
    from spec_lint import FIELD_NAMES

    classes = {name: title for name, title in records.items() if "properties" in documents[name]}
    lines = [
        _banner("Which class stands for which record, and which field for which property.", "spec/*.schema.json"),
        "from __future__ import annotations\n\n",
        "from collections.abc import Mapping\n",
        "from typing import Final, Literal, TypeAlias\n\n",
        f"from {PACKAGE} import models\n\n",
        "RecordName: TypeAlias = Literal[\n",
        *(f'    "{name}",\n' for name in records),
        "]\n\n",
        "RECORD_NAMES: Final[tuple[RecordName, ...]] = (\n",
        *(f'    "{name}",\n' for name in records),
        ")\n\n",
        "RECORDS: Final[Mapping[type, RecordName]] = {\n",
        *(f'    models.{title}: "{name}",\n' for name, title in classes.items()),
        "}\n",
        '"""Records that are objects with named properties, by class."""\n\n',
        "FIELD_NAMES: Final[Mapping[str, str]] = {\n",
        *(f'    "{prop}": "{field}",\n' for prop, field in FIELD_NAMES.items()),
        "}\n",
        '"""Properties that Python reserves, and the fields that stand for them."""\n',
    ]
    return "".join(lines)


def _render_validators() -> str:
    docstring, _, code = VALIDATORS.read_text(encoding="utf-8").partition("\n\n")
    return _banner(docstring.strip('"'), "spec/*.schema.json and scripts/templates/validators.py") + code


def _render_page(page: str, text: str) -> str:
    from dictionary import INDEX

    name = page.removesuffix(".md") if page != INDEX else "*"
    made = f"Generated by scripts/codegen.py from spec/{name}{SUFFIX}"
    return f"<!-- {made}. Do not edit: change the schema, then remake it with: {REMAKE} -->\n\n{text}"


def _render_schema(name: str, schema: JsonSchema) -> str:
    comment = f"Generated from spec/{name}{SUFFIX}. Do not edit; remake it with: {REMAKE}"
    return json.dumps({"$comment": comment} | copy.deepcopy(schema), indent=2, ensure_ascii=False) + "\n"


def _render_manifest(root: Path, files: Mapping[str, bytes]) -> bytes:
    manifest = {
        "generated": f"Digests of what generated/ was made from and of what was made. Remake it with: {REMAKE}",
        "inputs": _input_digests(root),
        "outputs": {path: _digest(content) for path, content in files.items()},
    }
    return json.dumps(manifest, indent=2).encode() + b"\n"


def _input_digests(root: Path) -> dict[str, str]:
    paths = sorted((root / "spec").glob(f"*{SUFFIX}")) + [root / path for path in GENERATORS]
    digests = {path.relative_to(root).as_posix(): _digest(path.read_bytes()) for path in paths}
    settings = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))
    parts = [settings["dependency-groups"]["codegen"], settings["tool"]["datamodel-codegen"]]
    return digests | {"pyproject.toml": _digest(json.dumps(parts, sort_keys=True).encode())}


def _existing(folder: Path) -> set[str]:
    """Return the files in `folder`, apart from what Python and file managers leave there."""
    found = (path.relative_to(folder) for path in folder.rglob("*") if path.is_file())
    return {path.as_posix() for path in found if "__pycache__" not in path.parts and not path.name.startswith(".")}


def _banner(purpose: str, source: str) -> str:
    return (
        f"# Generated by scripts/codegen.py from {source}.\n"
        f"# Do not edit: change the schema, then remake it with: {REMAKE}\n"
        f'"""{purpose}"""\n\n'
    )


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def main(arguments: Sequence[str]) -> int:
    """Write generated/, or compare it with `--check`; return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--check", action="store_true", help="fail, with a diff, if generated/ is not what spec/ gives")
    parser.add_argument("--root", type=Path, default=ROOT, help="the repository (default: this one)")
    options = parser.parse_args(arguments)
    try:
        if not options.check:
            changed = write(options.root)
            gone = {path for path in changed if not (options.root / "generated" / path).exists()}
            lines = [f"generated/{path}" + (" (removed)" if path in gone else "") for path in changed]
            print("\n".join(lines) or "generated/ is up to date")
            return 0
        lines = list(drift(options.root))
    except SchemaError as error:
        print(f"codegen: {error}", file=sys.stderr)
        return 1
    except ModuleNotFoundError as error:
        print(f"codegen: {error.name} is not installed; run: pip install --group codegen", file=sys.stderr)
        return 1
    if not lines:
        print("generated/ is up to date")
        return 0
    with suppress(BrokenPipeError):  # whoever reads has seen enough
        print("\n".join(lines), flush=True)
    print(f"codegen: generated/ has drifted from spec/; run: {REMAKE}", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
