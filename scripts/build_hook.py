"""Build hook of hatchling: package a generated/ that is what spec/ gives."""

from __future__ import annotations

import sys
import tomllib
from pathlib import Path
from typing import Any

from hatchling.builders.config import BuilderConfig
from hatchling.builders.hooks.plugin.interface import BuildHookInterface

sys.path.insert(0, str(Path(__file__).resolve().parent))

from codegen import is_stale, write
from datagap.schema import SchemaError

SHOWN = 3
"""Stale paths that the notice names."""


class GeneratedCode(BuildHookInterface[BuilderConfig]):
    """Regenerate generated/ when it is stale; a build of a fresh tree needs no generator."""

    def dependencies(self) -> list[str]:
        """Return what the generator needs if it has to run."""
        if not is_stale(Path(self.root)):
            return []
        settings = tomllib.loads((Path(self.root) / "pyproject.toml").read_text(encoding="utf-8"))
        group: list[str] = settings["dependency-groups"]["codegen"]
        return group

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:  # noqa: ARG002
        """Regenerate if need be, and package the result even where version control ignores it."""
        if stale := is_stale(Path(self.root)):
            self._regenerate(stale)
        build_data["artifacts"].append("/generated/datagap_spec/")

    def _regenerate(self, stale: list[str]) -> None:
        try:
            write(Path(self.root))
        except SchemaError as error:
            sys.exit(f"datagap: {error}")
        more = f" and {len(stale) - SHOWN} more" if len(stale) > SHOWN else ""
        paths = ", ".join(stale[:SHOWN]) + more
        print(f"datagap: generated/ was stale and has been made anew from spec/; stale: {paths}.", file=sys.stderr)
