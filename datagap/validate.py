"""Check records against the schemas: jsonschema-rs accepts, jsonschema explains what it rejects."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterator, Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeAlias, TypeVar

from datagap import model
from datagap.errors import DatagapError
from datagap.problem import Problem, pointer
from datagap.rejection import explanation
from datagap.schema import COMMON, SUFFIX, JsonSchema, SchemaError, inline, read_folder, read_schema

if TYPE_CHECKING:
    import jsonschema
    import jsonschema_rs

T = TypeVar("T")
_Pair: TypeAlias = "tuple[jsonschema_rs.Draft202012Validator, jsonschema.Draft202012Validator]"
SCHEMA_CODE: Final = "DG001"


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
        own = {} if folder is None else _checked(folder)
        self._replaced = {} if folder is None else _replacements(own, folder)
        used = {name for schema in own.values() for name in _referred(schema)}
        self.strangers = tuple(sorted(own.keys() - {COMMON, *model.RECORD_NAMES} - used))
        """Names of schemas in the folder that are of no record and that no other schema refers to."""

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
        """Return what is wrong with `data`, at the pointer `under`, as a `record`; empty when nothing is.

        Of a record that breaks its schema in very many places only the first are told.
        """
        accepts, explains = self._pair(record)
        if _is_valid(accepts, data):
            return []
        problems = {
            Problem(code=SCHEMA_CODE, file=file, line=line, pointer=under + pointer(path), message=message, hint=hint)
            for path, message, hint, _ in explanation(accepts, explains, data)
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


def _checked(folder: Path) -> dict[str, JsonSchema]:
    own = read_folder(folder)
    for name, document in own.items():
        _check(document, folder / f"{name}{SUFFIX}")
    return own


def _referred(node: object) -> Iterator[str]:
    """Yield the names of the files that a schema refers to."""
    if isinstance(node, dict):
        if isinstance(node.get("$ref"), str):
            yield node["$ref"].partition("#")[0].removesuffix(SUFFIX)
        node = list(node.values())
    for part in node if isinstance(node, list) else ():
        yield from _referred(part)


def _replacements(own: Mapping[str, JsonSchema], folder: Path) -> dict[str, _Pair]:
    documents = _embedded_documents() | dict(own)
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
