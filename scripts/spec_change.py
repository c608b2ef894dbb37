"""Weigh the changes between two states of spec/: whom each breaks, and which bump of the version it asks for.

Breaking for writers: some record valid under OLD is not valid under NEW. Whoever writes records breaks, and so does
every pack that lies on a disk.

Breaking for readers: some record valid under NEW is not valid under OLD, other than by having a property that OLD does
not know; or a property was removed, or its default changed. Code made for OLD meets a value, a null or an absence that
it does not expect. Properties that OLD does not know are taken to be dropped, so one that may stand in for others
(minProperties), or tell members of a set apart (uniqueItems), is breaking.

Another unit gives every value another meaning, so it is breaking for both.

What is breaking for either asks for a major bump, a new record or property for a minor one, anything else for a patch.
Where it cannot be told (another pattern, a union with other branches), it counts as breaking for both.
"""

from __future__ import annotations

import copy
import json
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import IntEnum
from typing import Any, Final, TypeAlias

from datagap.problem import kind_of, show
from datagap.schema import COMMON, SUFFIX, JsonSchema, inline
from spec_lint import nodes

Documents: TypeAlias = Mapping[str, JsonSchema]

VERSION_AT = f"config{SUFFIX}#/properties/schema_version/default"
MARK = "\0"
"""Opens the keys that note, beside each keyword, where it stands in spec/."""
NOTES: Final = ("title", "description", "examples", "$comment", "unit")
UNIONS: Final = frozenset({"oneOf", "anyOf"})
LEAST: Final = {"minimum": -math.inf, "minLength": 0, "minItems": 0, "minProperties": 0, "uniqueItems": False}
MOST: Final = {"maximum": math.inf, "maxLength": math.inf, "maxItems": math.inf}
"""Bounds from below and from above, with what their absence means."""
KINDS: Final = {
    "null": {"null"},
    "boolean": {"boolean"},
    "integer": {"integer"},
    "number": {"integer", "number"},
    "string": {"string"},
    "array": {"array"},
    "object": {"object"},
}
"""The kinds of value that each type takes; the kind `number` is what is not whole."""


class Bump(IntEnum):
    """A step of the schema version."""

    NONE = 0
    PATCH = 1
    MINOR = 2
    MAJOR = 3

    def __str__(self) -> str:
        return self.name.lower()


@dataclass(frozen=True, kw_only=True)
class Change:
    """One change, whether it is breaking for `readers` and for `writers`, and the `records` that it reaches."""

    place: str
    message: str
    readers: bool = False
    writers: bool = False
    bump: Bump
    records: tuple[str, ...] = ()

    def __str__(self) -> str:
        whom = [name for name, broken in (("readers", self.readers), ("writers", self.writers)) if broken]
        verdict = f"breaking for {' and '.join(whom)}" if whom else "compatible"
        elsewhere = self.records not in ((), (self.place.partition(SUFFIX)[0],))
        reach = f"; reaches {', '.join(self.records)}" if elsewhere else ""
        return f"{self.place}: {self.message} - {verdict}; asks for a {self.bump} bump{reach}"


def compare(old: Documents, new: Documents) -> list[Change]:
    """Return the changes from `old` to `new`, the gravest first; raise SchemaError for a reference that leads nowhere.

    A change in a shared definition is listed once, with the records that it reaches.
    """
    reached: dict[Change, set[str]] = {}
    marked_old, marked_new = _marked(old), _marked(new)
    for record in sorted({*old, *new} - {COMMON}):
        for change in _record_changes(record, marked_old, marked_new):
            reached.setdefault(change, set()).add(record)
    changes = [replace(change, records=tuple(sorted(records))) for change, records in reached.items()]
    for name in sorted(old.keys() & new.keys()):
        changes += _note_changes(old[name], new[name], name)
    touched = {change.place.partition("#")[0] for change in changes}
    for name in sorted({*old, *new}):
        if name + SUFFIX not in touched and _text(_versionless(old, name)) != _text(_versionless(new, name)):
            changes.append(_change(name + SUFFIX, "says the same in another way"))
    return sorted(changes, key=lambda change: (-change.bump, change.place, change.message))


def _record_changes(record: str, old: Documents, new: Documents) -> Iterator[Change]:
    where = record + SUFFIX
    if record not in old:
        inline(record, new)
        yield _change(where, "record added", bump=Bump.MINOR)
    elif record not in new:
        yield _change(where, "record removed", narrows=True, widens=True)
    else:
        yield from _differ(_Pair(inline(record, old), inline(record, new), f"{where}#"))


def _note_changes(old: JsonSchema, new: JsonSchema, name: str) -> Iterator[Change]:
    definitions = [node.get("$defs", {}) for node in (old, new)]
    for key in sorted(definitions[0].keys() ^ definitions[1].keys()):
        place = f"{name}{SUFFIX}#/$defs/{key}"
        yield _change(place, f"definition {'added' if key in definitions[1] else 'removed'}")
    before = dict(_schemas(old, f"{name}{SUFFIX}#"))
    for place, node in _schemas(new, f"{name}{SUFFIX}#"):
        for key in NOTES:
            if place in before and _text(before[place].get(key)) != _text(node.get(key)):
                other = key == "unit" and key in before[place] and key in node
                yield _change(f"{place}/{key}", _verb(key, before[place], node), narrows=other, widens=other)


def _versionless(documents: Documents, name: str) -> JsonSchema | None:
    """Return a document without the schema version, which is no change of its own."""
    document = copy.deepcopy(documents.get(name))
    if document is not None and name == "config" and version_of(document) is not None:
        del document["properties"]["schema_version"]["default"]
    return document


@dataclass(frozen=True)
class _Pair:
    """A schema in OLD and what stands in its place in NEW, both inlined and marked."""

    old: JsonSchema
    new: JsonSchema
    place: str

    def at(self, key: str) -> str:
        """Return where a keyword stands: in a shared definition if both sides have it from there."""
        marks = {node[MARK + key] for node in (self.old, self.new) if MARK + key in node}
        both = key in self.old and key in self.new
        shared = len(marks) == 1 and (both or self.old.get(f"{MARK}$ref") == self.new.get(f"{MARK}$ref"))
        return marks.pop() if shared else f"{self.place}/{key}"

    def get(self, key: str, absent: Any) -> tuple[Any, Any]:
        """Return the values of a keyword in OLD and in NEW."""
        return self.old.get(key, absent), self.new.get(key, absent)

    @property
    def added(self) -> set[str]:
        """Properties that OLD does not know and would refuse."""
        old, new = self.get("properties", {})
        return set(new.keys() - old.keys()) if self.old.get("additionalProperties") is False else set()

    @property
    def removed(self) -> set[str]:
        """Properties that NEW does not know."""
        old, new = self.get("properties", {})
        return set(old.keys() - new.keys())

    @property
    def may_starve(self) -> bool:
        """Whether an object of NEW, less what OLD does not know, may lack properties that OLD counts or needs."""
        known = self.old.get("properties", {}).keys()
        kept = known & set(self.new.get("required", ()))
        needed = {*self.old.get("required", ())}.union(*self.old.get("dependentRequired", {}).values())
        return bool(self.old.get("minProperties", 0) > len(kept)) or not needed <= known


def _differ(pair: _Pair) -> Iterator[Change]:
    """Yield whom the differences in what is valid, and in defaults, break.

    A schema is the conjunction of its keywords: if each of them takes what it took, so does the schema. Annotations
    are compared elsewhere.
    """
    if not pair.old and not pair.new:
        return
    if _is_opaque(pair.old) or _is_opaque(pair.new) or pair.old.get("$schema") != pair.new.get("$schema"):
        if _text(_bare(pair.old)) != _text(_bare(pair.new)):
            yield _change(pair.place, "differs in a way that cannot be weighed", narrows=True, widens=True)
        return
    yield from _default(pair)
    if (pair.old.keys() | pair.new.keys()) & UNIONS:
        yield from _union(pair)
        return
    yield from _types(pair)
    yield from _values(pair)
    shared = _kinds(pair.old) & _kinds(pair.new)
    for kinds, rule in RULES:
        if kinds & shared:
            yield from rule(pair)


def _default(pair: _Pair) -> Iterator[Change]:
    old, new = pair.get("default", None)
    if _text(old) != _text(new) and pair.at("default") != VERSION_AT:
        yield _change(pair.at("default"), f"default was {show(old)}, is {show(new)}", widens=True)


def _types(pair: _Pair) -> Iterator[Change]:
    old, new = _kinds(pair.old), _kinds(pair.new)
    if old != new and _text(pair.old.get("type")) != _text(pair.new.get("type")):
        yield _sets("type", old, new, pair.at("type"))


def _values(pair: _Pair) -> Iterator[Change]:
    old, new = _allowed(pair.old), _allowed(pair.new)
    place = pair.at("enum" if "enum" in pair.old.keys() | pair.new.keys() else "const")
    if old is None and new is not None:
        yield _change(place, f"takes only {_listed(new)} now", narrows=True)
    elif old is not None and new is None:
        yield _change(place, f"took only {_listed(old)}, takes other values too", widens=True)
    elif old is not None and new is not None and old != new:
        yield _sets("value", old, new, place)


def _sets(noun: str, old: set[str], new: set[str], place: str) -> Change:
    parts = [
        f"{noun}{'s'[: len(names) != 1]} {_listed(names)} {verb}"
        for names, verb in ((new - old, "added"), (old - new, "removed"))
        if names
    ]
    return _change(place, ", ".join(parts), narrows=bool(old - new), widens=bool(new - old))


def _bounds(*keys: str) -> Callable[[_Pair], Iterator[Change]]:
    def rule(pair: _Pair) -> Iterator[Change]:
        for key in keys:
            absent = LEAST[key] if key in LEAST else MOST[key]
            old, new = pair.get(key, absent)
            narrows = new > old if key in LEAST else new < old
            if old != new:
                was, now = (show(node.get(key)) if key in node else "absent" for node in (pair.old, pair.new))
                yield _change(pair.at(key), f"was {was}, is {now}", narrows=narrows, widens=not narrows)

    return rule


def _texts(pair: _Pair) -> Iterator[Change]:
    for key in ("pattern", "format"):
        old, new = pair.get(key, None)
        if old != new:
            message = _verb(key, pair.old, pair.new)
            yield _change(pair.at(key), message, narrows=new is not None, widens=old is not None)


def _items(pair: _Pair) -> Iterator[Change]:
    old, new = (_schema(part) for part in pair.get("items", True))
    changes = list(_differ(_Pair(old, new, pair.at("items"))))
    yield from changes
    if changes and pair.old.get("uniqueItems") and _kinds(new) & {"array", "object"}:
        yield _change(pair.at("uniqueItems"), "items may be alike in all that OLD knows of them", widens=True)


def _property_names(pair: _Pair) -> Iterator[Change]:
    old, new = ({"type": "string"} | _schema(part) for part in pair.get("propertyNames", True))
    yield from _differ(_Pair(old, new, pair.at("propertyNames")))


def _required(pair: _Pair) -> Iterator[Change]:
    old, new = (set(names) for names in pair.get("required", ()))
    for name in sorted(new - old - pair.added):
        yield _change(pair.at("required"), f"{name} is required now", narrows=True)
    for name in sorted(old - new - pair.removed):
        yield _change(pair.at("required"), f"{name} is no longer required", widens=True)


def _needs(pair: _Pair) -> Iterator[Change]:
    old, new = pair.get("dependentRequired", {})
    for name in sorted(old.keys() | new.keys()):
        place = f"{pair.at('dependentRequired')}/{name}"
        before, after = set(old.get(name, ())), set(new.get(name, ()))
        if name not in pair.added and after - before:
            yield _change(place, f"{name} needs {_listed(after - before)} now", narrows=True)
        if name not in pair.removed and before - after:
            yield _change(place, f"{name} no longer needs {_listed(before - after)}", widens=True)


def _properties(pair: _Pair) -> Iterator[Change]:
    old, new = pair.get("properties", {})
    for name in sorted(old.keys() | new.keys()):
        place = f"{pair.at('properties')}/{name}"
        if name in pair.added:
            yield _added_property(pair, name, place)
        elif name in pair.removed:
            yield _change(place, "property removed", narrows=True, widens=True)
        else:
            before = old.get(name, pair.old.get("additionalProperties", True))
            yield from _differ(_Pair(_schema(before), _schema(new[name]), place))


def _added_property(pair: _Pair, name: str, place: str) -> Change:
    required = name in pair.new.get("required", ())
    message = "required property added" if required else "property added"
    if pair.may_starve:
        message += "; objects may hold it in place of those that OLD counts or needs"
    return _change(place, message, narrows=required, widens=pair.may_starve, bump=Bump.MINOR)


def _other_properties(pair: _Pair) -> Iterator[Change]:
    old, new = pair.get("additionalProperties", True)
    place = pair.at("additionalProperties")
    if new is False and old is not False:
        yield _change(place, "properties beside those listed are refused now", narrows=True)
    elif old is False and new is not False:
        message = "properties beside those listed are taken now"
        yield _change(place, message, widens=pair.may_starve, bump=Bump.MINOR)
    elif old is not False:
        yield from _differ(_Pair(_schema(old), _schema(new), place))


def _union(pair: _Pair) -> Iterator[Change]:
    """Compare the branches of two unions, or of a union and what was or becomes its only branch.

    Where each branch meets one at most on the other side, no value can gain or lose a second branch of a `oneOf`.
    """
    old, new = _branches(pair.old), _branches(pair.new)
    place = pair.at(next(key for key in ("oneOf", "anyOf") if key in pair.old.keys() | pair.new.keys()))
    couples = [(i, j) for i in range(len(old)) for j in range(len(new)) if not _are_apart(old[i], new[j])]
    lefts, rights = ([couple[side] for couple in couples] for side in (0, 1))
    is_clear = len({*lefts}) == len(lefts) and len({*rights}) == len(rights)
    if not is_clear:
        if _union_text(pair.old) != _union_text(pair.new):
            yield _change(place, "branches differ in a way that cannot be weighed", narrows=True, widens=True)
        return
    for i in sorted({*range(len(old))} - {*lefts}):
        yield _change(place, f"branch for {_listed(_kinds(old[i]))} removed", narrows=True)
    for j in sorted({*range(len(new))} - {*rights}):
        yield _change(place, f"branch for {_listed(_kinds(new[j]))} added", widens=True)
    for i, j in couples:
        yield from _differ(_Pair(old[i], new[j], f"{place}/{j}"))


def _branches(node: JsonSchema) -> list[JsonSchema]:
    """Return the branches of a union, or a schema taken apart by type."""
    for key in node.keys() & UNIONS:
        return [_schema(branch) for branch in node[key]]
    alone = {key: value for key, value in node.items() if key != "default"}
    kinds = node.get("type")
    return [alone | {"type": kind} for kind in kinds] if isinstance(kinds, list) else [alone]


def _are_apart(a: JsonSchema, b: JsonSchema) -> bool:
    """Return whether no value is in both: they differ in kind, or in a required property that takes listed values."""
    shared = _kinds(a) & _kinds(b)
    if shared != {"object"}:
        return not shared
    for name in {*a.get("required", ())} & {*b.get("required", ())}:
        tags = [_allowed(_schema(node.get("properties", {}).get(name))) for node in (a, b)]
        if tags[0] is not None and tags[1] is not None and not tags[0] & tags[1]:
            return True
    return False


def _union_text(node: JsonSchema) -> tuple[str, list[str]]:
    return "".join(node.keys() & UNIONS), sorted(_text(_bare(branch)) for branch in _branches(node))


def _is_opaque(node: JsonSchema) -> bool:
    """Return whether the keywords cannot be weighed one by one, as those beside a union."""
    keys = {key for key in node if not key.startswith(MARK)} - {"$schema", "default", *NOTES}
    listed = [*node.get("enum", ()), node.get("const")]
    crowded = bool(keys & UNIONS) and len(keys) > 1
    return crowded or not keys <= KNOWN or any(isinstance(value, dict | list) for value in listed)


def _kinds(node: JsonSchema) -> set[str]:
    """Return the kinds of value that a schema may take."""
    types = node.get("type", list(KINDS))
    kinds = set().union(*(KINDS[kind] for kind in ([types] if isinstance(types, str) else types)))
    allowed = _allowed(node)
    if allowed is not None:
        kinds &= {_kind(json.loads(value)) for value in allowed}
    for key in node.keys() & UNIONS:
        kinds &= set().union(*(_kinds(_schema(branch)) for branch in node[key]))
    return kinds


def _kind(value: object) -> str:
    return "integer" if isinstance(value, float) and value.is_integer() else kind_of(value)


def _allowed(node: JsonSchema) -> set[str] | None:
    """Return the values that `enum` and `const` leave, as JSON; None if there is neither."""
    lists = [node["enum"]] if "enum" in node else []
    lists += [[node["const"]]] if "const" in node else []
    sets = [{_text(value) for value in values} for values in lists]
    return set.intersection(*sets) if sets else None


def _schema(node: object) -> JsonSchema:
    """Return a schema as an object, also if it is true, false or absent."""
    if isinstance(node, dict):
        return node
    return {"enum": []} if node is False else {}


def _schemas(node: object, place: str) -> Iterator[tuple[str, JsonSchema]]:
    """Yield a schema and every schema in it, each with its place."""
    return ((where, part) for where, part in nodes(node, place) if isinstance(part, dict))


def _marked(documents: Documents) -> dict[str, JsonSchema]:
    """Return copies that note beside each keyword where it stands, and for `$ref` where it leads."""
    marked = {name: copy.deepcopy(document) for name, document in documents.items()}
    for name, document in marked.items():
        for place, node in list(_schemas(document, f"{name}{SUFFIX}#")):
            marks = {MARK + key: f"{place}/{key}" for key in node}
            if "$ref" in node:
                marks[f"{MARK}$ref"] = f"{name}{SUFFIX}{node['$ref']}" if node["$ref"][:1] == "#" else node["$ref"]
            node.update(marks)
    return marked


def _bare(node: JsonSchema) -> JsonSchema:
    """Return a copy without marks and annotations."""
    bare = copy.deepcopy(node)
    for _, part in list(_schemas(bare, "")):
        for key in [key for key in part if key.startswith(MARK) or key in NOTES]:
            del part[key]
    return bare


def _change(
    place: str, message: str, *, narrows: bool = False, widens: bool = False, bump: Bump = Bump.PATCH
) -> Change:
    """Return a change; what narrows the valid records breaks writers, what widens them breaks readers."""
    worst = Bump.MAJOR if narrows or widens else bump
    return Change(place=place, message=message, readers=widens, writers=narrows, bump=worst)


def _verb(key: str, old: JsonSchema, new: JsonSchema) -> str:
    return f"{key} {'changed' if key in old and key in new else 'added' if key in new else 'removed'}"


def _listed(names: set[str]) -> str:
    return ", ".join(sorted(names)) or "nothing"


def _text(value: object) -> str:
    return json.dumps(value, sort_keys=True)


NUMBERS: Final = frozenset({"integer", "number"})
STRINGS: Final = frozenset({"string"})
ARRAYS: Final = frozenset({"array"})
OBJECTS: Final = frozenset({"object"})
RULES: Final[Sequence[tuple[frozenset[str], Callable[[_Pair], Iterator[Change]]]]] = (
    (NUMBERS, _bounds("minimum", "maximum")),
    (STRINGS, _bounds("minLength", "maxLength")),
    (STRINGS, _texts),
    (ARRAYS, _bounds("minItems", "maxItems", "uniqueItems")),
    (ARRAYS, _items),
    (OBJECTS, _bounds("minProperties")),
    (OBJECTS, _properties),
    (OBJECTS, _other_properties),
    (OBJECTS, _property_names),
    (OBJECTS, _required),
    (OBJECTS, _needs),
)
"""What bears on which kinds of value."""
KNOWN: Final = (
    frozenset({"$schema", "type", "enum", "const", "default", "pattern", "format", "items"})
    | {"properties", "additionalProperties", "propertyNames", "required", "dependentRequired"}
    | LEAST.keys()
    | MOST.keys()
    | UNIONS
    | set(NOTES)
)
"""Keywords that an inlined schema may have; one with any other counts as changed in all if it is changed at all."""


def version_of(config: JsonSchema) -> str | None:
    """Return the schema version that the config's schema gives, if it does."""
    node: object = config
    for key in ("properties", "schema_version", "default"):
        node = node.get(key) if isinstance(node, dict) else None
    return None if node is None else str(node)
