"""Render the data dictionary, a page of Markdown for each record, from the JSON Schemas in spec/."""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from datagap.schema import COMMON, SUFFIX, JsonSchema, inline

INDEX = "README.md"
HEADER = ("field", "type", "required", "unit", "constraint", "example", "what it is")
WORDS = {"string": "text", "boolean": "true/false"}
KINDS = {
    str: "string",
    bool: "boolean",
    int: "integer",
    float: "number",
    type(None): "null",
    list: "array",
    dict: "object",
}
LONG = 2**53 - 1
"""From here on a bound is written as a power of two."""
LEGEND = """\
## How to read a page

- **required**: `yes` where a record without the field is not valid.
- **unit**: what a number counts or measures. `share` is a part of 1, `ratio` a weight that counts relative to the
  others, `1` a plain number without a unit.
- **constraint**: what else the value has to keep to, and what stands for it when it is left out.
- **example**: one value of the field, a text of one line without its quotes. Fields that hold objects have none; the
  type links to the fields of the object.
"""


def pages(documents: Mapping[str, JsonSchema]) -> dict[str, str]:
    """Return the page of each record, and the list of records, by file name; the schemas are in order."""
    marked = _marked(documents)
    records = {name: inline(name, marked) for name in documents if name != COMMON}
    found = {INDEX: _index(records, marked[COMMON])}
    return found | {f"{name}.md": _page(name, schema) for name, schema in records.items()}


def examples(node: JsonSchema) -> list[Any]:
    """Return values that an inlined schema gives as examples or that follow from it; empty when none do.

    An object has none: the dictionary gives it a table of its own.
    """
    if "examples" in node:
        return list(node["examples"])
    if "const" in node:
        return [node["const"]]
    if node.get("default") not in (None, {}, []):
        return [node["default"]]
    if "enum" in node:
        return list(node["enum"][:1])
    return _derived_examples(node)


def _derived_examples(node: JsonSchema) -> list[Any]:
    found = kinds(node)
    if "boolean" in found:
        return [True]
    if "array" in found:
        return [items] if (items := examples(node["items"])) else []
    return next(filter(None, map(examples, _branches(node))), [])


def holds_objects(node: JsonSchema) -> bool:
    """Return whether an inlined schema is for objects with properties, or for a list, map or union of them."""
    return "properties" in node or any(holds_objects(part) for part in _parts(node))


def kinds(node: JsonSchema) -> list[str]:
    """Return the types that a schema names, or those of the values that it lists."""
    named = node.get("type", [])
    values = [node["const"]] if "const" in node else node.get("enum", [])
    return [named] if isinstance(named, str) else named or list(dict.fromkeys(KINDS[type(value)] for value in values))


def _marked(documents: Mapping[str, JsonSchema]) -> dict[str, JsonSchema]:
    """Return the schemas with a mark on what a page links to, so that inlining does not lose its name.

    `page` is the name of a record, `section` that of a definition with properties, `shared` that of a text with a
    pattern that several records share; `about` describes the definition, whatever its use says of itself.
    """
    marked = copy.deepcopy(dict(documents))
    for name, schema in marked.items():
        schema["page"] = name
        for key, part in schema.get("$defs", {}).items():
            if "properties" in part:
                part |= {"section": key, "about": part["description"]}
            elif name == COMMON and "pattern" in part:
                part["shared"] = key
    return marked


def _index(records: Mapping[str, JsonSchema], common: JsonSchema) -> str:
    lines = ["# Data dictionary", "", "The records of datagap, a page for each.", ""]
    lines += [f"- [{name}]({name}.md): {_prose(schema['description'])}" for name, schema in records.items()]
    lines += ["", LEGEND, "## Kinds of text", "", "Constraints that many fields share."]
    for key, part in common["$defs"].items():
        if "shared" in part:
            rules = _sentence([*_texts(part), *(f"such as {_shown(value)}" for value in examples(part)[:1])])
            lines += ["", f"### {key}", "", f"{_prose(part['description'])} {rules}"]
    return "\n".join(lines) + "\n"


def _page(name: str, schema: JsonSchema) -> str:
    called = f", class `datagap.model.{schema['title']}`" if "properties" in schema else ""
    source = f"Schema [`{name}{SUFFIX}`](../../spec/{name}{SUFFIX}){called}. [All records]({INDEX})."
    lines = [f"# {name}", "", _prose(schema["description"]), "", source, "", *_fields(schema)]
    for key, part in _sections(schema).items():
        lines += ["", f"## {key}", "", _prose(part["about"]), "", *_fields(part)]
    return "\n".join(lines) + "\n"


def _sections(schema: JsonSchema) -> dict[str, JsonSchema]:
    """Return the objects in a record by name, those nearest to its own fields first."""
    found: dict[str, JsonSchema] = {}
    waiting = [schema]
    for node in waiting:
        for part in [*node.get("properties", {}).values(), *_parts(node)]:
            if "page" not in part and part.get("section") not in found:
                waiting.append(part)
                if "section" in part:
                    found[part["section"]] = part
    return found


def _fields(node: JsonSchema) -> Iterator[str]:
    """Yield the lines that tell the fields of an object: what holds of them together, then a table."""
    if together := _sentence(_entries(node)):
        yield from (together, "")
    yield _row(HEADER)
    yield _row(["---"] * len(HEADER))
    required, needed = node.get("required", []), node.get("dependentRequired", {})
    for name, part in node.get("properties", {}).items():
        rules = [*_constraints(part), *_needs(needed.get(name, [])), *_default(part)]
        yield _field(_code(name), part, name in required, rules)
    if "properties" not in node:
        value = node["additionalProperties"]
        yield _field("any name", value, False, _constraints(value))


def _field(name: str, part: JsonSchema, required: bool, rules: list[str]) -> str:
    example = _shown(examples(part)[0]) if examples(part) and not holds_objects(part) else ""
    units = ", ".join(dict.fromkeys(_units(part)))
    return _row(
        (name, _type(part), "yes" if required else "", units, "; ".join(rules), example, _prose(part["description"]))
    )


def _row(cells: list[str] | tuple[str, ...]) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def _type(node: JsonSchema) -> str:
    """Return the type of a value in words, with links to the fields of objects."""
    if "page" in node:
        return f"[{node['page']}]({node['page']}.md)"
    if "section" in node:
        return f"[{node['section']}](#{node['section']})"
    return _either([_type(branch) for branch in _branches(node)] or [_word(kind, node) for kind in kinds(node)])


def _word(kind: str, node: JsonSchema) -> str:
    if kind == "array":
        return f"list of {_type(node['items'])}"
    if kind == "object":
        return f"map of name to {_type(node['additionalProperties'])}"
    return WORDS.get(kind, kind)


def _either(words: list[str]) -> str:
    *others, last = words
    if len(others) == 1 and " " not in others[0]:
        return f"{others[0]} or {last}"
    return ", ".join([*others, f"or {last}"]) if others else last


def _units(node: JsonSchema) -> Iterator[str]:
    if "unit" in node:
        yield node["unit"]
    if "properties" not in node:
        for part in _parts(node):
            yield from _units(part)


def _constraints(node: JsonSchema) -> list[str]:
    """Return what a value has to keep to beside its type, in words."""
    if "properties" in node or "page" in node:
        return []
    if "shared" in node:
        return [f"[{node['shared']}]({INDEX}#{node['shared']})"]
    rules = [*_values(node), *_bounds(node), *_texts(node), *_items(node), *_entries(node)]
    for key in ("items", "additionalProperties"):
        if isinstance(node.get(key), dict):
            rules += [f"each {rule.removeprefix('each ')}" for rule in _constraints(node[key])]
    return [*rules, *_branch_constraints(node)]


def _branch_constraints(node: JsonSchema) -> list[str]:
    branches = [branch for branch in _branches(node) if branch.get("type") != "null"]
    if len(branches) == 1:
        return _constraints(branches[0])
    return [f"{_type(branch)}: {', '.join(rules)}" for branch in branches if (rules := _constraints(branch))]


def _values(node: JsonSchema) -> Iterator[str]:
    if "const" in node:
        yield f"always {_shown(node['const'])}"
    if "enum" in node:
        yield f"one of {', '.join(map(_shown, node['enum']))}"


def _bounds(node: JsonSchema) -> Iterator[str]:
    yield from _range(node.get("minimum"), node.get("maximum"))


def _texts(node: JsonSchema) -> Iterator[str]:
    yield from _range(node.get("minLength"), node.get("maxLength"), "character", "characters")
    if "format" in node:
        yield f"format {_code(node['format'])}"
    if "pattern" in node:
        yield f"matches {_code(node['pattern'])}"


def _items(node: JsonSchema) -> Iterator[str]:
    yield from _range(node.get("minItems"), node.get("maxItems"), "item", "items")
    if node.get("uniqueItems"):
        yield "no item twice"


def _entries(node: JsonSchema) -> Iterator[str]:
    """Yield what holds of the fields of an object, or the entries of a map, taken together."""
    nouns = ("of the fields is there", "of the fields are there") if "properties" in node else ("entry", "entries")
    yield from _range(node.get("minProperties"), None, *nouns)
    if "propertyNames" in node:
        yield from (f"each name {rule}" for rule in _constraints(node["propertyNames"]))


def _needs(others: list[str]) -> Iterator[str]:
    if others:
        yield f"needs {' and '.join(map(_code, others))}"


def _default(node: JsonSchema) -> Iterator[str]:
    if "default" in node:
        yield f"default {_shown(node['default'])}"


def _range(low: float | None, high: float | None, one: str = "", many: str = "") -> Iterator[str]:
    if low is None and high is None:
        return
    noun = one if (low if high is None else high) == 1 else many
    if low == high or None not in (low, high):
        words = " to ".join(dict.fromkeys(_number(bound) for bound in (low, high) if bound is not None))
    else:
        words = f"at most {_number(high)}" if high is not None else f"at least {_number(low or 0)}"
    yield f"{words} {noun}".rstrip()


def _number(value: float) -> str:
    if isinstance(value, int) and abs(value) >= LONG and (abs(value) + 1).bit_count() == 1:
        power = f"2^{abs(value).bit_length()} - 1"
        return power if value > 0 else f"-({power})"
    return f"{value:,}"


def _branches(node: JsonSchema) -> list[JsonSchema]:
    branches: list[JsonSchema] = node.get("oneOf") or node.get("anyOf") or []
    return branches


def _parts(node: JsonSchema) -> list[JsonSchema]:
    """Return the schemas of what a list, a map or a union holds."""
    inner = [node[key] for key in ("items", "additionalProperties") if isinstance(node.get(key), dict)]
    return [*inner, *_branches(node)]


def _sentence(rules: Iterator[str] | list[str]) -> str:
    text = "; ".join(rules)
    return f"{text[:1].upper()}{text[1:]}." if text else ""


def _shown(value: object) -> str:
    plain = isinstance(value, str) and value == value.strip() != "" and value.isprintable()
    return _code(str(value) if plain else json.dumps(value, ensure_ascii=False))


def _code(text: str) -> str:
    """Return a code span, fenced by more backticks than the text has in a row."""
    fence = "`" * (max(map(len, re.findall("`+", text)), default=0) + 1)
    pad = " " if text.startswith("`") or text.endswith("`") else ""
    return f"{fence}{pad}{text}{pad}{fence}"


def _prose(text: str) -> str:
    """Return a description as Markdown: its code spans as they are, of the rest nothing that Markdown would read."""
    parts = re.split("(`[^`]+`)", " ".join(text.split()))
    parts[::2] = [re.sub(r"([\\`*\[\]<>&~]|\b_|_\b)", r"\\\1", part) for part in parts[::2]]
    return "".join(parts)
