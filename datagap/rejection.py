"""Say in words why a schema rejects a record."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from datagap.problem import did_you_mean, kind_of, show

if TYPE_CHECKING:
    import jsonschema
    import jsonschema_rs

MAX_FINDINGS: Final = 50
"""Findings that are told of one record."""
LONGEST_EXAMPLE: Final = 40
"""Characters of an example that a hint shows."""
_SHADOWING: Final = ("type", "const", "enum", "maxLength", "minLength", "format", "pattern")
"""Rules about one value: one that is broken makes those after it idle."""


class Finding(NamedTuple):
    """One thing that is wrong with a record: where, what, a hint, and the keyword of the schema that says so."""

    path: tuple[str | int, ...]
    message: str
    hint: str
    rule: str


def explanation(
    accepts: jsonschema_rs.Draft202012Validator, explains: jsonschema.Draft202012Validator, data: object
) -> Sequence[Finding]:
    """Return why `accepts` rejects `data`, never without a finding."""
    try:
        found = (finding for error in _leaves(explains.iter_errors(data)) for finding in _findings(error))
        findings = list(islice(found, MAX_FINDINGS))
    except (RecursionError, ValueError, re.error):  # too deep, no JSON, or a pattern that is none of Python's
        findings = []
    return _telling(findings) or list(_unexplained(accepts, data))


def _telling(findings: Iterable[Finding]) -> list[Finding]:
    """Return the findings without those about a value of which a more basic one is told."""
    found = list(findings)
    best: dict[tuple[str | int, ...], int] = {}
    for path, _, _, rule in found:
        if rule in _SHADOWING:
            best[path] = min(best.get(path, len(_SHADOWING)), _SHADOWING.index(rule))
    return [one for one in found if one.rule not in _SHADOWING or _SHADOWING.index(one.rule) == best[one.path]]


def _leaves(errors: Iterable[jsonschema.ValidationError]) -> Iterator[jsonschema.ValidationError]:
    """Yield the errors, a failed union replaced by the errors of the branch that was meant."""
    for error in errors:
        meant = _meant_branch(error) if error.validator in ("oneOf", "anyOf") else []
        yield from _leaves(meant) if meant else (error,)


def _meant_branch(error: jsonschema.ValidationError) -> list[jsonschema.ValidationError]:
    """Return the errors of the one branch with the value's type or, among several, with its tag; empty if unclear."""
    by_branch: dict[int, list[jsonschema.ValidationError]] = {}
    for part in error.context or []:
        if part.schema_path:  # a branch that is `false` has none
            by_branch.setdefault(int(part.schema_path[0]), []).append(part)
    for rule, depth in (("type", 0), ("const", 1)):
        if len(by_branch) > 1:
            by_branch = {
                branch: parts
                for branch, parts in by_branch.items()
                if not any(part.validator == rule and len(part.path) == depth for part in parts)
            }
    return next(iter(by_branch.values())) if len(by_branch) == 1 else []


def _findings(error: jsonschema.ValidationError) -> Iterator[Finding]:
    """Yield what an error says, a property at a time."""
    path, rule = tuple(error.absolute_path), str(error.validator)
    if "propertyNames" in list(error.schema_path)[-2:-1]:
        message, hint = _explain(error)
        yield Finding((*path, str(error.instance)), f"is not an allowed name: {message}", hint, "propertyNames")
    elif rule in _BY_PROPERTY and (found := list(_BY_PROPERTY[rule](error))):
        yield from (Finding((*path, name), message, hint, rule) for name, message, hint in found)
    else:
        yield Finding(path, *_explain(error), rule)


_Part = tuple[str, str, str]
"""A property, what is wrong with it, and a hint."""


def _missing(error: jsonschema.ValidationError) -> Iterator[_Part]:
    value: Any = error.validator_value
    yield from ((name, "is missing", "") for name in value if name not in _members(error))


def _needed(error: jsonschema.ValidationError) -> Iterator[_Part]:
    value: Any = error.validator_value
    beside: dict[str, list[str]] = {}
    for name, needed in value.items():
        for other in needed if name in _members(error) else ():
            if other not in _members(error):
                beside.setdefault(other, []).append(name)
    yield from ((other, f"is needed beside {' and '.join(names)}", "") for other, names in beside.items())


def _unknown(error: jsonschema.ValidationError) -> Iterator[_Part]:
    schema: Any = error.schema
    if error.validator_value is not False:
        return
    known = schema.get("properties", {})
    allowed = [re.compile(pattern) for pattern in schema.get("patternProperties", {})]
    absent = [other for other in known if other not in _members(error)]
    for name in _members(error):
        if name not in known and not any(pattern.search(name) for pattern in allowed):
            hint = did_you_mean(str(name), absent) or did_you_mean(str(name), known)
            yield name, "is not a known property", hint or f"known are {', '.join(known) or 'none'}"


def _members(error: jsonschema.ValidationError) -> Mapping[str, Any]:
    members: Any = error.instance
    return members if isinstance(members, dict) else {}


def _mistagged(error: jsonschema.ValidationError) -> Iterator[_Part]:
    """Yield the one property that tells the branches of a failed union apart, if it says none of them."""
    tags: dict[str | int, list[str]] = {}
    for part in error.context or ():
        if part.validator == "const" and len(part.path) == 1:
            tags.setdefault(part.path[0], []).append(str(part.validator_value))
    for name, known in tags.items() if len(tags) == 1 else ():
        value = _members(error).get(str(name))
        yield str(name), f"expected one of {', '.join(known)}, got {show(value)}", did_you_mean(str(value), known)


_BY_PROPERTY: Final[Mapping[str, Callable[[jsonschema.ValidationError], Iterator[_Part]]]] = {
    "required": _missing,
    "dependentRequired": _needed,
    "additionalProperties": _unknown,
    "oneOf": _mistagged,
    "anyOf": _mistagged,
}


def _explain(error: jsonschema.ValidationError) -> tuple[str, str]:
    """Return the message and a hint for an error about a whole value."""
    rule = error.validator
    value: Any = error.validator_value
    instance: Any = error.instance
    got = f"got {show(instance)}"
    if rule == "type":
        kinds = value if isinstance(value, list) else [value]
        return f"expected {' or '.join(kinds)}, got {_typed(instance)}", ""
    if rule == "enum":
        return f"expected one of {', '.join(map(str, value))}, {got}", did_you_mean(str(instance), map(str, value))
    if rule == "const":
        return f"expected {show(value)}, {got}", ""
    if rule in ("oneOf", "anyOf"):
        kinds = [str(branch.get("type", "something else")) for branch in value if isinstance(branch, dict)]
        if kind_of(instance) in kinds:
            return f"fits none of the {len(value)} forms that are allowed, {got}", ""
        return f"expected {' or '.join(dict.fromkeys(kinds))}, got {_typed(instance)}", ""
    if rule in _BOUNDS:
        return f"{_BOUNDS[rule]} {value}, {got}", ""
    if rule in _SIZES:
        most, noun = _SIZES[rule]
        plural = noun if value == 1 else {"property": "properties"}.get(noun, f"{noun}s")
        return f"expected at {most} {value} {plural}, got {len(instance)}", ""
    if rule == "pattern":
        return f"does not match {value}, {got}", _example(error.schema)
    if rule == "format":
        return f"expected a valid {value}, {got}", _example(error.schema)
    if rule == "uniqueItems":
        return f"lists {show(_repeated(instance))} twice", ""
    return error.message if len(error.message) < 200 else f"breaks {rule}, {got}", ""


def _typed(instance: object) -> str:
    kind = kind_of(instance)
    return kind if instance is None else f"{kind} ({show(instance)})"


def _repeated(items: Sequence[object]) -> object:
    """Return the first item that an earlier one equals."""
    seen: set[str] = set()
    for item in items:
        key = json.dumps(item, sort_keys=True)
        if key in seen:
            return item
        seen.add(key)
    return items  # equal in value and not in writing, such as 1 and 1.0


def _example(schema: Any) -> str:
    example = str(schema["examples"][0]) if schema.get("examples") else ""
    return f"write it like {example}" if 0 < len(example) <= LONGEST_EXAMPLE else ""


def _unexplained(accepts: jsonschema_rs.Draft202012Validator, data: object) -> Iterator[Finding]:
    """Yield what jsonschema-rs refuses and jsonschema has no objection to."""
    from jsonschema_rs import ValidationError

    try:
        accepts.validate(data)
    except ValidationError as error:
        value: Any = data
        for part in error.instance_path:
            value = value[part]
        rule = str(error.schema_path[-1]) if error.schema_path else "false"
        yield Finding(tuple(error.instance_path), f"breaks {rule}, got {show(value)}", "", rule)
    except ValueError as error:
        yield Finding((), f"is not JSON data ({error})", "", "type")


_BOUNDS: Final = {"minimum": "expected at least", "maximum": "expected at most"}
_SIZES: Final = {
    "minLength": ("least", "character"),
    "maxLength": ("most", "character"),
    "minItems": ("least", "item"),
    "maxItems": ("most", "item"),
    "minProperties": ("least", "property"),
    "maxProperties": ("most", "property"),
}
