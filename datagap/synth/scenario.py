"""Load scenarios: the vocabulary of a world, embedded or of a user's own."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from importlib.resources import files
from pathlib import Path
from typing import Final, TypeAlias, TypeVar

from datagap import clock, model
from datagap.errors import DatagapError, MisuseError
from datagap.gap import GAP_TYPES
from datagap.problem import did_you_mean, pointer, show
from datagap.settings import Lines, parse_settings, read_content
from datagap.synth.phrasebook import LANGUAGES, SLOT, Phrasebook, load_words, misfits

T = TypeVar("T")
Finding: TypeAlias = tuple[tuple[str | int, ...], str, str]
"""Path in the scenario, what is wrong there, and a hint."""
SUFFIXES: Final = (".yaml", ".yml")
NAMING_SLOTS: Final[Mapping[str, frozenset[str]]] = {
    "source": frozenset(["system", "table"]),
    "staging": frozenset(["system", "table"]),
    "thing": frozenset(["table"]),
    "event": frozenset(["table"]),
    "aggregate": frozenset(["table", "period"]),
}
_NAMING: Final = re.compile(r"[\w.]*")
ERROR_ACTS: Final = (*GAP_TYPES, "wrong_tool", "bot_error")
ERROR_SLOTS: Final = frozenset(["dataset", "other", "column", "table"])


class ScenarioError(DatagapError):
    """Report a scenario, domain or language that is not there."""


@dataclass(frozen=True)
class Vocabulary:
    """A scenario with what its names lead to."""

    scenario: model.Scenario
    source: bytes | None = None
    """The file of a user's own scenario, to be kept in the pack; None for an embedded one."""

    @cached_property
    def terms(self) -> Mapping[str, model.Term]:
        """Dimensions and measures by name."""
        return {term.name: term for term in (*self.scenario.dimensions, *self.scenario.measures)}

    @cached_property
    def entities(self) -> Mapping[str, model.Entity]:
        """Entities by name."""
        return {entity.name: entity for domain in self.scenario.domains for entity in domain.entities}

    @cached_property
    def errors(self) -> Mapping[str, Sequence[str]]:
        """What systems print, by act."""
        found: dict[str, tuple[str, ...]] = {}
        for phrases in self.scenario.errors:
            found[phrases.act] = (*found.get(phrases.act, ()), *phrases.texts)
        return found

    def phrasebook(self, lang: str) -> Phrasebook:
        """Return the phrasebook of a language, with the scenario's own wordings."""
        return Phrasebook(load_words(lang), (self.scenario.wordings or {}).get(lang, ()))

    def domains(self, names: Sequence[str] | None, source: str = "config") -> list[model.Domain]:
        """Return the domains that `source` asks for, all for None; raise ScenarioError if there is none of a name."""
        known = {domain.name: domain for domain in self.scenario.domains}
        for place, name in enumerate(names or ()):
            if name not in known:
                raise ScenarioError(
                    f"scenario {self.scenario.name} has no domain {show(name)}",
                    where=f"{source} /catalog/domains/{place}",
                    hint=did_you_mean(name, known) or f"known are {', '.join(known)}; null stands for all of them",
                )
        return [known[name] for name in names] if names is not None else list(known.values())

    def check_languages(self, shares: Sequence[model.LanguageShare], source: str = "config") -> None:
        """Raise ScenarioError if a language that `source` asks for has no wordings, or the scenario no words in it."""
        for place, share in enumerate(shares):
            where = f"{source} /nlq/languages/{place}/lang"
            if share.lang not in LANGUAGES:
                hint = f"known are {', '.join(LANGUAGES)}"
                raise ScenarioError(f"there are no wordings in {share.lang}", where=where, hint=hint)
            if share.pct > 0 and (nameless := next(self._nameless(share.lang), None)):
                raise ScenarioError(
                    f"scenario {self.scenario.name} has no label for {nameless} in {share.lang}",
                    where=where,
                    hint="add the label to the scenario or leave the language out",
                )

    def _nameless(self, lang: str) -> Iterator[str]:
        labels = [(term.name, term.labels) for term in self.terms.values()]
        labels += [(entity.name, entity.labels) for entity in self.entities.values()]
        labels += [(metric.name, metric.labels) for metric in self.scenario.metrics]
        labels += [(one.name, one.labels) for domain in self.scenario.domains for one in domain.absent_subjects]
        yield from (name for name, by_language in labels if lang not in by_language)


def scenario_names() -> list[str]:
    """Return the names of the embedded scenarios, the default first."""
    folder = files("datagap.synth") / "scenarios"
    names = sorted(entry.name.removesuffix(".yaml") for entry in folder.iterdir() if entry.name.endswith(".yaml"))
    default = model.schema("config")["properties"]["scenario"]["default"]
    return sorted(names, key=lambda name: name != default)


def scenario_file(name: str, source: str = "config") -> bytes:
    """Return the file of an embedded scenario; raise ScenarioError if there is none of that name."""
    known = scenario_names()
    if name not in known:
        of_config = source == "config" or Path(source).suffix in (*SUFFIXES, ".json")
        raise (ScenarioError if of_config else MisuseError)(
            f"there is no scenario {show(name)}",
            where=f"{source} /scenario" if of_config else source,
            hint=did_you_mean(name, known) or f"known are {', '.join(known)}",
        )
    return (files("datagap.synth") / "scenarios" / f"{name}.yaml").read_bytes()


def is_path(name: str) -> bool:
    """Return whether a config's `scenario` is the path of a file and not a name."""
    return "/" in name or "\\" in name or name.endswith(SUFFIXES)


def load_vocabulary(name: str, source: str = "config", folder: Path | None = None) -> Vocabulary:
    """Return the scenario that `source` asks for: by name, or as a file relative to `folder`."""
    if not is_path(name):
        return _embedded(name, source)
    path = (folder or Path()) / name
    return parse_vocabulary(read_content(path), str(path))


def parse_vocabulary(content: bytes, where: str) -> Vocabulary:
    """Return the scenario in YAML of a user's own; errors name the line."""
    return Vocabulary(_parse(content, where), content)


@cache
def _embedded(name: str, source: str) -> Vocabulary:
    return Vocabulary(_parse(scenario_file(name, source), f"{name}.yaml"))


def _parse(content: bytes, where: str) -> model.Scenario:
    scenario = parse_settings(model.Scenario, content, where)
    for path, message, hint in _findings(scenario):
        at = pointer(path)
        raise ScenarioError(message, where=f"{where}:{Lines(content).of(at)} {at}", hint=hint)
    return scenario


def _findings(scenario: model.Scenario) -> Iterator[Finding]:
    """Yield what is wrong with a scenario that its schema cannot say."""
    yield from _duplicates(scenario)
    yield from _undefined(scenario)
    yield from _misnamed(scenario)
    yield from _braced(model.dump(scenario))
    for lang, groups in (scenario.wordings or {}).items():
        if lang not in LANGUAGES:
            yield ("wordings", lang), f"there is no phrasebook in {lang}", f"known are {', '.join(LANGUAGES)}"
            continue
        for place, group in enumerate(groups):
            for number, text in enumerate(group.texts):
                for message in misfits(group, text, lang):
                    yield ("wordings", lang, place, "texts", number), message, "mend the wording"


def _duplicates(scenario: model.Scenario) -> Iterator[Finding]:
    domains = scenario.domains
    named: dict[str, list[tuple[tuple[str | int, ...], str]]] = {
        "term": [
            ((kind, place, "name"), term.name)
            for kind, terms in (("dimensions", scenario.dimensions), ("measures", scenario.measures))
            for place, term in enumerate(terms)
        ],
        "domain": [(("domains", place, "name"), domain.name) for place, domain in enumerate(domains)],
        "metric": [(("metrics", place, "name"), metric.name) for place, metric in enumerate(scenario.metrics)],
    }
    for field in ("name", "plural"):
        named[f"entity's {field}"] = [
            (("domains", place, "entities", number, field), getattr(entity, field))
            for place, domain in enumerate(domains)
            for number, entity in enumerate(domain.entities)
        ]
    for kind, entries in named.items():
        seen: set[str] = set()
        for path, name in entries:
            if name in seen:
                yield path, f"the {kind} {show(name)} stands twice", "rename one of them"
            seen.add(name)


def _undefined(scenario: model.Scenario) -> Iterator[Finding]:
    terms = {
        "dimensions": {term.name for term in scenario.dimensions},
        "measures": {term.name for term in scenario.measures},
    }
    entities = {entity.name: entity for domain in scenario.domains for entity in domain.entities}
    things = {name for name, entity in entities.items() if entity.kind == "thing"}
    for place, domain in enumerate(scenario.domains):
        for number, entity in enumerate(domain.entities):
            at = ("domains", place, "entities", number)
            uses = (
                ("dimensions", entity.dimensions, terms["dimensions"], "dimension"),
                ("measures", entity.measures, terms["measures"], "measure"),
                ("references", entity.references or (), things - {entity.name}, "other entity of kind thing"),
            )
            for field, names, known, kind in uses:
                for position, name in enumerate(names):
                    if name not in known:
                        hint = did_you_mean(name, known) or f"define it or remove it from {entity.name}"
                        yield (*at, field, position), f"{show(name)} is no {kind} of the scenario", hint
    for place, metric in enumerate(scenario.metrics):
        if metric.entity not in entities:
            hint = did_you_mean(metric.entity, entities) or "name one of the entities"
            yield ("metrics", place, "entity"), f"{show(metric.entity)} is no entity of the scenario", hint
    yield from _circular(entities)


def _circular(entities: Mapping[str, model.Entity]) -> Iterator[Finding]:
    for name in entities:
        front, seen = {name}, set[str]()
        while front:
            front = {target for source in front for target in entities[source].references or ()} - seen
            seen |= front
            front &= entities.keys()
        if name in seen:
            yield ("domains",), f"the references of {show(name)} lead back to it", "remove one of them"


def _braced(value: object, path: tuple[str | int, ...] = ()) -> Iterator[Finding]:
    """Yield the labels that hold a brace, as if there were something to fill in."""
    if isinstance(value, str):
        if {"labels", "synonyms"} & {*path} and set("{}") & {*value}:
            yield path, f"{show(value)} is no plain label", "leave out the braces"
        return
    parts = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, part in parts:
        yield from _braced(part, (*path, key))


def _misnamed(scenario: model.Scenario) -> Iterator[Finding]:
    for kind, slots in NAMING_SLOTS.items():
        pattern = getattr(scenario.naming, kind)
        rest = SLOT.sub("", pattern)
        named = Counter(name for name, form, options in SLOT.findall(pattern) if not form and not options)
        if named != Counter(slots) or not _NAMING.fullmatch(rest):
            wanted = " and ".join(f"{{{slot}}}" for slot in sorted(slots))
            yield ("naming", kind), f"{show(pattern)} is no pattern of {wanted}", "use these, letters, digits, _ and ."
    for place, phrases in enumerate(scenario.errors):
        if phrases.act not in ERROR_ACTS:
            hint = did_you_mean(phrases.act, ERROR_ACTS) or f"known are {', '.join(ERROR_ACTS)}"
            yield ("errors", place, "act"), f"{show(phrases.act)} is no kind of trouble", hint
        for number, text in enumerate(phrases.texts):
            for name, form, options in SLOT.findall(text):
                if name not in ERROR_SLOTS or form or options:
                    hint = f"known are {', '.join(sorted(ERROR_SLOTS))}"
                    yield ("errors", place, "texts", number), f"has the slot {name}, which nothing fills", hint
    for place, office in enumerate(scenario.people.offices):
        try:
            clock.local(0, office.timezone)
        except LookupError:
            at = ("people", "offices", place, "timezone")
            yield at, f"{show(office.timezone)} is no time zone", "write it like Europe/Madrid"
