"""Load the vocabulary of a world and the wordings of its events."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from importlib.resources import files
from typing import TypeAlias

from datagap import model
from datagap.errors import DatagapError
from datagap.problem import did_you_mean, show
from datagap.settings import parse_yaml
from datagap.validate import embedded

Cell: TypeAlias = tuple[str, str, model.Channel]
"""Act, language and channel."""
SLOT = re.compile(r"\{([a-z_]+)\}")


class ScenarioError(DatagapError):
    """Report a scenario, domain or language that is not there."""


@dataclass(frozen=True, slots=True)
class Wording:
    """One way to say something, with slots in braces."""

    text: str
    difficulty: model.Difficulty | None
    split: model.Split
    reasons: Sequence[str] | None

    @property
    def slots(self) -> frozenset[str]:
        """Names of the slots."""
        return frozenset(SLOT.findall(self.text))


@dataclass(frozen=True)
class Wordings:
    """Every wording of a phrasebook, by what it does."""

    book: model.Phrasebook

    @cached_property
    def _cells(self) -> Mapping[Cell, Sequence[Wording]]:
        cells: dict[Cell, list[Wording]] = {}
        for group in self.book.wordings:
            for channel in group.channels:
                cell = cells.setdefault((group.act, group.lang, channel), [])
                cell.extend(Wording(text, group.difficulty, group.split, group.reasons) for text in group.texts)
        return cells

    @cached_property
    def languages(self) -> tuple[str, ...]:
        """Languages that have wordings."""
        return tuple(sorted({lang for _, lang, _ in self._cells}))

    def cell(self, act: str, lang: str, channel: model.Channel, reason: str | None = None) -> list[Wording]:
        """Return the wordings of an act, those for `reason` where some are made for reasons; never an empty list."""
        found = [
            wording
            for wording in self._cells.get((act, lang, channel), ())
            if reason is None or wording.reasons is None or reason in wording.reasons
        ]
        if not found:
            raise ScenarioError(f"no wording for {act} in {lang} on {channel}", where="phrasebook.yaml")
        return found


@cache
def load_scenario(name: str, source: str = "config") -> model.Scenario:
    """Return the embedded scenario that `source` asks for by name; raise ScenarioError if there is none."""
    folder = files("datagap.synth") / "scenarios"
    known = sorted(entry.name.removesuffix(".yaml") for entry in folder.iterdir() if entry.name.endswith(".yaml"))
    if name not in known:
        raise ScenarioError(
            f"there is no scenario {show(name)}",
            where=f"{source} /scenario",
            hint=did_you_mean(name, known) or f"known are {', '.join(known)}",
        )
    where = f"{name}.yaml"
    scenario = embedded().read(model.Scenario, parse_yaml((folder / where).read_bytes(), where), where)
    check_scenario(scenario)
    return scenario


@cache
def load_wordings() -> Wordings:
    """Return the embedded phrasebook's wordings."""
    where = "phrasebook.yaml"
    content = (files("datagap.synth") / where).read_bytes()
    return Wordings(embedded().read(model.Phrasebook, parse_yaml(content, where), where))


def choose_domains(scenario: model.Scenario, names: Sequence[str], source: str = "config") -> list[model.Domain]:
    """Return the domains that `source` asks for by name; raise ScenarioError if the scenario lacks one."""
    known = {domain.name: domain for domain in scenario.domains}
    for place, name in enumerate(names):
        if name not in known:
            raise ScenarioError(
                f"scenario {scenario.name} has no domain {show(name)}",
                where=f"{source} /catalog/domains/{place}",
                hint=did_you_mean(name, known) or f"known are {', '.join(known)}",
            )
    return [known[name] for name in names]


def check_languages(wordings: Wordings, languages: Sequence[model.LanguageShare], source: str = "config") -> None:
    """Raise ScenarioError if a language that `source` asks for has no wordings."""
    for place, share in enumerate(languages):
        if share.lang not in wordings.languages:
            raise ScenarioError(
                f"there are no wordings in {share.lang}",
                where=f"{source} /nlq/languages/{place}/lang",
                hint=f"known are {', '.join(wordings.languages)}",
            )


def check_scenario(scenario: model.Scenario) -> None:
    """Raise ScenarioError if a scenario names a dimension, measure or entity that it does not define."""
    terms = {term.name for term in [*scenario.dimensions, *scenario.measures]}
    entities = {entity.name for domain in scenario.domains for entity in domain.entities}
    for domain in scenario.domains:
        for entity in domain.entities:
            for name in [*entity.dimensions, *entity.measures]:
                if name not in terms:
                    raise ScenarioError(f"{entity.name} uses {name}, which is not defined", where=scenario.name)
            for name in entity.references or ():
                if name not in entities:
                    raise ScenarioError(f"{entity.name} refers to {name}, which is not defined", where=scenario.name)
