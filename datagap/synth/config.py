"""Load a config and check what its schema cannot say."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import fsum
from pathlib import Path
from typing import Any, Final

from datagap import model
from datagap.errors import DatagapError, MisuseError
from datagap.gap import GAP_TYPES
from datagap.problem import kind_of, pointer
from datagap.settings import SettingsError, load_settings, parse_yaml, read_content
from datagap.synth.scenario import Vocabulary, load_vocabulary
from datagap.validate import InvalidError

_SLACK = 1e-9
DIFFICULTIES: Final[tuple[model.Difficulty, ...]] = ("easy", "medium", "hard")
DIFFICULTY_MIX: Final[Mapping[model.Difficulty, tuple[float, float, float]]] = {
    "easy": (0.80, 0.15, 0.05),
    "medium": (0.35, 0.45, 0.20),
    "hard": (0.10, 0.35, 0.55),
}
"""Shares of easy, medium and hard wordings, by the config's difficulty."""


class ConfigError(DatagapError):
    """Report a config whose values do not fit together."""


def load_config(path: Path, overrides: Sequence[str] = ()) -> tuple[model.Config, Vocabulary]:
    """Return the config in a YAML file, `overrides` such as `nlq.count=5000` put in and checked, and its scenario."""
    config = _load(path, overrides)
    vocabulary = load_vocabulary(config.scenario, str(path), path.parent)
    check_config(config, vocabulary, str(path))
    return config, vocabulary


def _load(path: Path, overrides: Sequence[str]) -> model.Config:
    content = read_content(path)
    value = _unshared(parse_yaml(content, str(path)))
    places = {}
    for override in overrides:
        name, found = parse_override(override)
        _put(value, name, found)
        places[pointer(name)] = f"--set {'.'.join(name)}"
    try:
        return load_settings(model.Config, value, str(path), content)
    except InvalidError as error:
        for problem in error.problems:
            for place, where in places.items():
                if f"{problem.pointer}/".startswith(f"{place}/") or place.startswith(f"{problem.pointer}/"):
                    raise MisuseError(problem.message, where=where, hint=problem.hint) from error
        raise


def parse_override(text: str) -> tuple[list[str], object]:
    """Return the key path and the value of a text such as `nlq.count=5000`; the value is YAML."""
    name, equals, value = text.partition("=")
    parts = name.strip().split(".")
    if not equals or not all(parts):
        raise MisuseError("is no KEY=VALUE", where=f"--set {text}", hint="write it like --set nlq.count=5000")
    try:
        found = parse_yaml(f"- {value}".encode(), "")
    except SettingsError as error:
        raise MisuseError(error.message, where=f"--set {name}", hint=error.hint) from error
    return parts, found[0] if isinstance(found, list) else found


def _unshared(value: Any) -> Any:
    """Return a copy of YAML in which no two places share a value, as aliases make them."""
    if isinstance(value, dict):
        return {name: _unshared(part) for name, part in value.items()}
    return [_unshared(part) for part in value] if isinstance(value, list) else value


def _put(value: Any, name: Sequence[str], found: object) -> None:
    """Put a value into nested mappings, which are made where they are missing."""
    here = value
    for place, part in enumerate(name):
        if not isinstance(here, dict):
            where, above = ".".join(name), ".".join(name[:place]) or "the config"
            raise MisuseError(f"{above} is {kind_of(here)} and has no keys", where=f"--set {where}")
        if place + 1 < len(name):
            here = here.setdefault(part, {})
        else:
            here[part] = found


def gap_weights(config: model.Config) -> list[float]:
    """Return the weight of each gap type, in the order of GAP_TYPES."""
    return [getattr(config.nlq.gaps_distribution, gap_type) for gap_type in GAP_TYPES]


def prevalence(config: model.Config) -> float:
    """Return the share of queries and threads that are about a gap."""
    return fsum(gap_weights(config)) if config.gap_prevalence is None else config.gap_prevalence


def check_config(config: model.Config, vocabulary: Vocabulary, where: str) -> None:
    """Raise ConfigError if values do not fit together, ScenarioError if the vocabulary does not serve them."""
    if not model.understands(config.schema_version):
        message = f"is for schema {config.schema_version[:40]}, this is {model.SCHEMA_VERSION}"
        raise ConfigError(message, where=f"{where} /schema_version", hint="use a version of datagap that knows it")
    nlq = config.nlq
    _at_most_one(sum(gap_weights(config)), f"{where} /nlq/gaps_distribution", "the shares")
    if config.gap_prevalence and not any(gap_weights(config)):
        hint = "give some type a weight, or set gap_prevalence to 0"
        raise ConfigError("asks for gaps and every weight of gaps_distribution is 0", where=where, hint=hint)
    rates = nlq.success_rate + nlq.slow_rate + nlq.uncertain_rate
    _at_most_one(rates, f"{where} /nlq", "success_rate, slow_rate and uncertain_rate")
    shares = sum(share.pct for share in nlq.languages)
    if abs(shares - 1) > 1e-6:
        raise ConfigError(f"the shares sum to {shares:.12g} and not to 1", where=f"{where} /nlq/languages")
    names = [share.lang for share in nlq.languages]
    if len(set(names)) < len(names):
        raise ConfigError("a language stands twice", where=f"{where} /nlq/languages")
    if not any(config.audience_weights.values()):
        raise ConfigError("every weight is 0", where=f"{where} /audience_weights")
    vocabulary.check_languages(nlq.languages, where)
    vocabulary.domains(config.catalog.domains, where)


def _at_most_one(total: float, where: str, what: str) -> None:
    if total > 1 + _SLACK:
        raise ConfigError(f"{what} sum to {total:.12g}, which is more than 1", where=where, hint="lower one of them")
