"""What figures are held to."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from operator import ge, gt, le, lt
from pathlib import Path
from typing import Final

from datagap.settings import SettingsError, read_yaml

FILE: Final = Path(__file__).parent / "targets.yaml"
SIGNS: Final[Mapping[str, Callable[[float, float], bool]]] = {">=": ge, "<=": le, ">": gt, "<": lt}


@dataclass(frozen=True, slots=True)
class Target:
    """What a figure must be."""

    sign: str
    bound: str

    def __str__(self) -> str:
        """Return the target as it was written."""
        return f"{self.sign} {self.bound}"

    def met(self, value: float) -> bool:
        """Tell whether a figure is what it must be; one that is not defined is not."""
        return not math.isnan(value) and SIGNS[self.sign](value, float(self.bound))


def load_targets(path: Path = FILE) -> Mapping[tuple[str, str], Target]:
    """Return the targets in a file, by setting and figure."""
    listed = read_yaml(path)
    if not isinstance(listed, dict):
        raise SettingsError("expected targets by setting and figure", where=str(path))
    return {(setting, name): _target(text, path) for setting, part in listed.items() for name, text in part.items()}


def _target(text: str, path: Path) -> Target:
    sign, _, bound = text.partition(" ")
    if sign not in SIGNS or not bound.replace(".", "", 1).isdigit():
        raise SettingsError(f"expected a target such as '>= 0.9', got {text!r}", where=str(path))
    return Target(sign, bound)
