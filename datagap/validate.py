"""Check records against the schemas: jsonschema-rs accepts, jsonschema explains what it rejects."""

from __future__ import annotations

import re
from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar

from datagap import model
from datagap.errors import DatagapError
from datagap.problem import Problem, did_you_mean, kind_of, pointer, show
from datagap.schema import COMMON, SUFFIX, JsonSchema, SchemaError, inline, read_folder, read_schema

if TYPE_CHECKING:
    import jsonschema
    import jsonschema_rs

T = TypeVar("T")
_Pair: TypeAlias = "tuple[jsonschema_rs.Draft202012Validator, jsonschema.Draft202012Validator]"
_Finding: TypeAlias = tuple[tuple[str | int, ...], str, str]
SCHEMA_CODE = "DG001"


class InvalidError(DatagapError):
    """Report a record that breaks its schema."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        first = next((problem for problem in problems if problem.hint.startswith("did you mean")), problems[0])
        more = len(problems) - 1
        message = first.message + (f" (and {more} more)" if more else "")
        super().__init__(message, where=first.where, hint=first.hint)
        self.problems = tuple(problems)


class Validator:
    """Check records against the embedded schemas, or against those that a folder has in their place."""

    def __init__(self, folder: Path | None = None) -> None:
        """Read the schemas in `folder`, if any; raise SchemaError if one of them is broken."""
        self._replaced = {} if folder is None else _replacements(folder)

    @property
    def replaced(self) -> tuple[str, ...]:
        """Names of the records that are checked against a schema of the folder's."""
        return tuple(sorted(self._replaced))

    def acceptor(self, record: model.RecordName) -> Callable[[object], bool]:
        """Return the function that tells at full speed whether an object is a valid `record`."""
        return self._pair(record)[0].is_valid

    def problems(
        self, record: model.RecordName, data: object, file: str, line: int | None = None, under: str = ""
    ) -> list[Problem]:
        """Return what is wrong with `data`, at the pointer `under`, as a `record`; empty when nothing is."""
        accepts, explains = self._pair(record)
        if _is_valid(accepts, data):
            return []
        findings = [found for error in _leaves(explains.iter_errors(data)) for found in _findings(error)]
        problems = {
            Problem(code=SCHEMA_CODE, file=file, line=line, pointer=under + pointer(path), message=message, hint=hint)
            for path, message, hint in findings or _unexplained(accepts, data)
        }
        return sorted(problems, key=lambda problem: (problem.pointer, problem.message))

    def read(self, record_type: type[T], data: object, file: str, line: int | None = None, under: str = "") -> T:
        """Return `data`, at the pointer `under`, as a record; raise InvalidError if it is not a valid one."""
        if problems := self.problems(model.RECORDS[record_type], data, file, line, under):
            raise InvalidError(problems)
        return model.load(record_type, data)

    def _pair(self, record: model.RecordName) -> _Pair:
        if record in self._replaced:
            return self._replaced[record]
        return model.acceptor(record), model.explainer(record)


@lru_cache(maxsize=1)
def embedded() -> Validator:
    """Return the validator over the embedded schemas."""
    return Validator()


def _replacements(folder: Path) -> dict[str, _Pair]:
    own = read_folder(folder)
    for name, document in own.items():
        _check(document, folder / f"{name}{SUFFIX}")
    documents = _embedded_documents() | own
    replaced = model.RECORD_NAMES if COMMON in own else [name for name in model.RECORD_NAMES if name in own]
    return {name: _compile(name, documents, own, folder) for name in replaced}


def _check(document: JsonSchema, path: Path) -> None:
    import jsonschema

    try:
        jsonschema.Draft202012Validator.check_schema(document)
    except jsonschema.SchemaError as error:
        where = f"{path} {pointer(error.absolute_path)}".rstrip()
        raise SchemaError(f"is not a valid schema ({error.message})", where=where, hint="mend the schema") from error


def _compile(record: str, documents: Mapping[str, JsonSchema], own: Container[str], folder: Path) -> _Pair:
    """Return the validators of a record that a file of the folder bears on; blame that file for what is wrong."""
    try:
        schema = inline(record, documents)
    except SchemaError as error:
        blamed = error.where.removesuffix(SUFFIX)
        path = folder / f"{blamed if blamed in own else record if record in own else COMMON}{SUFFIX}"
        raise SchemaError(error.message, where=str(path), hint=error.hint) from error
    try:
        return model.accepting(schema), model.explaining(schema)
    except ValueError as error:
        path = folder / f"{record if record in own else COMMON}{SUFFIX}"
        reason = str(error).splitlines()[0]
        raise SchemaError(f"is not a valid schema ({reason})", where=str(path), hint="mend the schema") from error


def _embedded_documents() -> dict[str, JsonSchema]:
    folder = model.schema_files()
    return {name: read_schema(folder / f"{name}{SUFFIX}") for name in (COMMON, *model.RECORD_NAMES)}


def _is_valid(accepts: jsonschema_rs.Draft202012Validator, data: object) -> bool:
    try:
        return accepts.is_valid(data)
    except ValueError:  # YAML can hold what JSON has no type for
        return False


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


def _findings(error: jsonschema.ValidationError) -> Iterator[_Finding]:
    """Yield what an error says, a property at a time."""
    path = tuple(error.absolute_path)
    rule = error.validator
    value: Any = error.validator_value
    instance: Any = error.instance
    if rule == "required":
        for name in value:
            if name not in instance:
                yield (*path, name), "is missing", ""
    elif rule == "dependentRequired":
        for name, needed in value.items():
            for other in needed if name in instance else ():
                if other not in instance:
                    yield (*path, other), f"is needed beside {name}", ""
    elif rule == "additionalProperties" and value is False:
        yield from _unknown_properties(error, path)
    elif "propertyNames" in list(error.schema_path)[-2:-1]:
        yield (*path, instance), *_explain(error)
    else:
        yield path, *_explain(error)


def _unknown_properties(error: jsonschema.ValidationError, path: tuple[str | int, ...]) -> Iterator[_Finding]:
    schema: Any = error.schema
    instance: Any = error.instance
    known = schema.get("properties", {})
    allowed = [re.compile(pattern) for pattern in schema.get("patternProperties", {})]
    for name in instance:
        if name not in known and not any(pattern.search(name) for pattern in allowed):
            absent = [other for other in known if other not in instance]
            hint = did_you_mean(str(name), absent) or did_you_mean(str(name), known)
            yield (*path, name), "is not a known property", hint or f"known are {', '.join(known) or 'none'}"


def _explain(error: jsonschema.ValidationError) -> tuple[str, str]:
    """Return the message and a hint for an error about a whole value."""
    rule = error.validator
    value: Any = error.validator_value
    instance = error.instance
    got = f"got {show(instance)}"
    if rule == "type":
        kinds = value if isinstance(value, list) else [value]
        return f"expected {' or '.join(kinds)}, got {kind_of(instance)} ({show(instance)})", ""
    if rule == "enum":
        return f"expected one of {', '.join(map(str, value))}, {got}", did_you_mean(str(instance), map(str, value))
    if rule == "const":
        return f"expected {show(value)}, {got}", ""
    if rule in ("oneOf", "anyOf"):
        kinds = [str(branch.get("type", "something else")) for branch in value if isinstance(branch, dict)]
        return f"expected {' or '.join(dict.fromkeys(kinds))}, {got}", ""
    if rule in _LIMITS:
        return f"{_LIMITS[rule]} {value}, {got}", ""
    if rule == "pattern":
        return f"does not match {value}, {got}", _example(error.schema)
    if rule == "format":
        return f"expected a valid {value}, {got}", _example(error.schema)
    if rule == "uniqueItems":
        return f"lists something twice, {got}", ""
    return error.message if len(error.message) < 200 else f"breaks {rule}, {got}", ""


def _example(schema: Any) -> str:
    return f"write it like {schema['examples'][0]}" if schema.get("examples") else ""


def _unexplained(accepts: jsonschema_rs.Draft202012Validator, data: object) -> Iterator[_Finding]:
    """Yield what jsonschema-rs refuses and jsonschema has no objection to."""
    try:
        for error in accepts.iter_errors(data):
            value: Any = data
            for part in error.instance_path:
                value = value[part]
            yield tuple(error.instance_path), f"breaks {error.schema_path[-1]}, got {show(value)}", ""
    except ValueError as error:
        yield (), f"is not JSON data ({error})", ""


_LIMITS = {
    "minimum": "expected at least",
    "maximum": "expected at most",
    "minLength": "expected a length of at least",
    "maxLength": "expected a length of at most",
    "minItems": "expected a number of items of at least",
    "maxItems": "expected a number of items of at most",
    "minProperties": "expected a number of properties of at least",
}
