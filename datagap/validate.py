"""Check records against the schemas: jsonschema-rs accepts, jsonschema explains what it rejects."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from datagap import model
from datagap.errors import DatagapError
from datagap.problem import Problem, did_you_mean, kind_of, pointer, show
from datagap.schema import COMMON, SUFFIX, JsonSchema, SchemaError, inline, read_folder, read_schema

if TYPE_CHECKING:
    import jsonschema
    import jsonschema_rs

T = TypeVar("T")
SCHEMA_CODE = "DG001"


class InvalidError(DatagapError):
    """Report a record that breaks its schema."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        first, more = problems[0], len(problems) - 1
        place = first.file if first.line is None else f"{first.file}:{first.line}"
        where = f"{place} {first.pointer}" if first.pointer else place
        message = first.message + (f" (and {more} more)" if more else "")
        super().__init__(message, where=where, hint=first.hint)
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

    def problems(self, record: model.RecordName, data: object, file: str, line: int | None = None) -> list[Problem]:
        """Return what is wrong with `data` as a `record`; empty when nothing is."""
        accepts, explains = self._pair(record)
        if accepts.is_valid(data):
            return []
        found = [_problem(error, file, line) for error in _leaves(explains.iter_errors(data))]
        if not found:
            found = [
                Problem(
                    code=SCHEMA_CODE, file=file, line=line, pointer=pointer(error.instance_path), message=error.message
                )
                for error in accepts.iter_errors(data)
            ]
        return sorted(found, key=lambda problem: (problem.pointer, problem.message))

    def read(self, record_type: type[T], data: object, file: str, line: int | None = None) -> T:
        """Return `data` as a record; raise InvalidError if it is not a valid one."""
        if problems := self.problems(model.RECORDS[record_type], data, file, line):
            raise InvalidError(problems)
        return model.load(record_type, data)

    def _pair(
        self, record: model.RecordName
    ) -> tuple[jsonschema_rs.Draft202012Validator, jsonschema.Draft202012Validator]:
        if record in self._replaced:
            return self._replaced[record]
        return model.acceptor(record), model.explainer(record)


@lru_cache(maxsize=1)
def embedded() -> Validator:
    """Return the validator over the embedded schemas."""
    return Validator()


def _replacements(
    folder: Path,
) -> dict[str, tuple[jsonschema_rs.Draft202012Validator, jsonschema.Draft202012Validator]]:
    import jsonschema
    import jsonschema_rs

    own = read_folder(folder)
    documents = _embedded_documents() | own
    validators: dict[str, tuple[jsonschema_rs.Draft202012Validator, jsonschema.Draft202012Validator]] = {}
    for record in model.RECORD_NAMES:
        if record not in own and COMMON not in own:
            continue
        path = folder / f"{record if record in own else COMMON}{SUFFIX}"
        schema = inline(record, documents)
        try:
            jsonschema.Draft202012Validator.check_schema(schema)
            fast = jsonschema_rs.Draft202012Validator(schema, validate_formats=True)
        except (jsonschema.SchemaError, ValueError) as error:
            raise SchemaError(f"is not a valid schema ({str(error).splitlines()[0]})", where=str(path)) from error
        validators[record] = (fast, jsonschema.Draft202012Validator(schema))
    return validators


def _embedded_documents() -> dict[str, JsonSchema]:
    folder = model.schema_files()
    return {name: read_schema(folder / f"{name}{SUFFIX}") for name in (COMMON, *model.RECORD_NAMES)}


def _leaves(errors: Iterator[jsonschema.ValidationError]) -> Iterator[jsonschema.ValidationError]:
    """Yield the errors, a failed union replaced by the errors of the branch that was meant."""
    for error in errors:
        meant = _meant_branch(error) if error.validator in ("oneOf", "anyOf") else []
        yield from _leaves(iter(meant)) if meant else (error,)


def _meant_branch(error: jsonschema.ValidationError) -> list[jsonschema.ValidationError]:
    by_branch: dict[int, list[jsonschema.ValidationError]] = {}
    for part in error.context or []:
        by_branch.setdefault(int(part.schema_path[0]), []).append(part)
    fitting = [
        parts for parts in by_branch.values() if not any(part.validator == "type" and not part.path for part in parts)
    ]
    return fitting[0] if len(fitting) == 1 else []


def _problem(error: jsonschema.ValidationError, file: str, line: int | None) -> Problem:
    path: list[object] = list(error.absolute_path)
    message, hint, extra = _explain(error)
    return Problem(code=SCHEMA_CODE, file=file, line=line, pointer=pointer([*path, *extra]), message=message, hint=hint)


def _explain(error: jsonschema.ValidationError) -> tuple[str, str, list[object]]:
    """Return the message, a hint, and what to add to the pointer."""
    rule = error.validator
    value: Any = error.validator_value
    schema: dict[str, Any] = error.schema if isinstance(error.schema, dict) else {}
    instance: Any = error.instance
    got = f"got {show(instance)}"
    if rule == "type":
        kinds = value if isinstance(value, list) else [value]
        return f"expected {' or '.join(kinds)}, got {kind_of(instance)} ({show(instance)})", "", []
    if rule == "required":
        missing = next(name for name in value if name not in instance and repr(name) in error.message)
        return "is missing", "", [missing]
    if rule == "additionalProperties" and value is False:
        known = schema.get("properties", {})
        unknown = next(name for name in instance if name not in known and repr(name) in error.message)
        hint = did_you_mean(unknown, [name for name in known if name not in instance] or known)
        return "is not a known property", hint or f"known are {', '.join(known)}", [unknown]
    if rule == "enum":
        return f"expected one of {', '.join(map(str, value))}, {got}", did_you_mean(str(instance), map(str, value)), []
    if rule == "const":
        return f"expected {show(value)}, {got}", "", []
    if rule in ("oneOf", "anyOf"):
        kinds = [branch.get("type", "something else") for branch in value]
        return f"expected {' or '.join(map(str, kinds))}, {got}", "", []
    if rule in _LIMITS:
        return f"{_LIMITS[rule]} {value}, {got}", "", []
    if rule == "pattern":
        return f"does not match {value}, {got}", str(schema.get("description", "")).rstrip(".").lower(), []
    if rule == "uniqueItems":
        return f"lists something twice, {got}", "", []
    if rule == "dependentRequired":
        return error.message.replace("a dependency of", "needed beside"), "", []
    return error.message if len(error.message) < 200 else f"breaks {rule}, {got}", "", []


_LIMITS = {
    "minimum": "expected at least",
    "maximum": "expected at most",
    "minLength": "expected a length of at least",
    "maxLength": "expected a length of at most",
    "minItems": "expected a number of items of at least",
    "maxItems": "expected a number of items of at most",
    "minProperties": "expected a number of properties of at least",
}
