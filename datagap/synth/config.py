"""Load a config and check what its schema cannot say."""

from __future__ import annotations

from pathlib import Path

from datagap import model
from datagap.errors import DatagapError
from datagap.gap import GAP_TYPES
from datagap.settings import read_settings
from datagap.synth.scenario import check_languages, choose_domains, load_scenario, load_wordings

_SLACK = 1e-9


class ConfigError(DatagapError):
    """Report a config whose values do not fit together."""


def load_config(path: Path) -> model.Config:
    """Return the config in a YAML file, checked."""
    config = read_settings(model.Config, path)
    check_config(config, str(path))
    return config


def gap_weights(config: model.Config) -> list[float]:
    """Return the share of queries that meet each gap type, in the order of GAP_TYPES."""
    return [getattr(config.nlq.gaps_distribution, gap_type) for gap_type in GAP_TYPES]


def check_config(config: model.Config, where: str) -> None:
    """Raise ConfigError if values do not fit together, ScenarioError if a name in them is not known."""
    version = config.schema_version.split(".")[0]
    if version != model.SCHEMA_VERSION.split(".")[0]:
        message = f"is for schema {config.schema_version}, this is {model.SCHEMA_VERSION}"
        raise ConfigError(message, where=f"{where} /schema_version", hint="write it anew with datagap-synth init")
    nlq = config.nlq
    _at_most_one(sum(gap_weights(config)), f"{where} /nlq/gaps_distribution", "the shares")
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
    check_languages(load_wordings(), nlq.languages, where)
    choose_domains(load_scenario(config.scenario, where), config.catalog.domains, where)


def _at_most_one(total: float, where: str, what: str) -> None:
    if total > 1 + _SLACK:
        raise ConfigError(f"{what} sum to {total:.12g}, which is more than 1", where=where, hint="lower one of them")
