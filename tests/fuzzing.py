"""Feed bytes of a fuzzer's choice to everything that reads what users bring.

scripts/fuzz chooses them by what they cover; the tests run a few inputs through it without a fuzzer.
"""

from __future__ import annotations

import copy
import json
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any, Final, TypeAlias

from datagap import model
from datagap.cli.reporter import REPORTERS, Verdict
from datagap.errors import DatagapError
from datagap.pack import layout
from datagap.pack.array import json_items
from datagap.pack.checks import check_pack
from datagap.pack.checks.statement import read_statement
from datagap.pack.document import JsonError, json_lines, line_of, parse_json
from datagap.pack.reader import Pack
from datagap.pack.table import read_csv
from datagap.problem import Problem
from datagap.report.classifying import Judge
from datagap.validate import Validator, embedded
from tests.tiny import TINY, Documents, rendered, tiny

Target: TypeAlias = Callable[[bytes], None]
LONGEST: Final = 1 << 16
"""Bytes of an input."""


@cache
def folder() -> Path:
    """A folder with a pack that is fine, for one process."""
    return tiny(Path(tempfile.mkdtemp(prefix="fuzzing-")) / "pack")


def parse(content: bytes) -> None:
    """Parse strict JSON and find every value in it again."""
    lines = content.count(b"\n") + 1
    try:
        value = parse_json(content)
    except JsonError as error:
        reason = error
    else:
        assert all(0 <= line_of(content, pointer) < lines for pointer in pointers(value))
        return
    assert 1 <= reason.line <= lines
    assert str(reason).isprintable()


def pointers(value: object) -> Iterator[str]:
    yield ""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, part in inner:
        name = str(key).replace("~", "~0").replace("/", "~1")
        yield from (f"/{name}{rest}" for rest in pointers(part))


def read(content: bytes) -> None:
    """Read one file in each of the ways in which files are read."""
    where = folder().parent
    (where / "any").write_bytes(content)
    with suppress(DatagapError):
        values = [item.value for item in json_items(where, "any")]
        with suppress(JsonError):
            assert values == parse_json(content)
    list(json_lines(where, "any"))
    list(read_csv(where, "any", ("a", "b")))


def sql(content: bytes) -> None:
    """Read a statement."""
    with suppress(ValueError):
        read_statement(content.decode(errors="replace"))


@cache
def judges() -> tuple[Judge, Judge]:
    """What classifies texts by their words, and beside the catalog of the pack."""
    return Judge(), Judge(Pack(folder()).catalog())


def text(content: bytes) -> None:
    """Classify a text by its words, by a catalog and by a schema."""
    said = content.decode(errors="replace")
    plain, beside = judges()
    names = said.split()[:8]
    asked = model.ClassifyRequest(id="t", text=said)
    about = model.ClassifyRequest(id="t", text=said, schema=dict.fromkeys(names, names), context=names)
    for judge, request in ((plain, asked), (beside, asked), (plain, about)):
        found = model.dump(judge.classify(request))
        assert embedded().problems("classification", found, "stdout") == []


def schema(content: bytes) -> None:
    """Take the bytes for a schema of the user's own."""
    where = folder().parent / "schemas"
    where.mkdir(exist_ok=True)
    (where / "person.schema.json").write_bytes(content)
    with suppress(DatagapError):
        validator = Validator(where)
        people: tuple[object, ...] = ({"person_id": "ann"}, {}, [], 5)
        for person in people:
            printed(validator.problems("person", person, "people.jsonl", 1))


def replaced(file: str) -> Target:
    """Return a target that takes the bytes for a file of a pack."""

    def target(content: bytes) -> None:
        path = folder() / file
        before = path.read_bytes()
        try:
            path.write_bytes(content)
            check()
        finally:
            path.write_bytes(before)

    return target


def edited(content: bytes) -> None:
    """Take the bytes for places in a pack's records and for what to put there."""
    documents = copy.deepcopy(TINY)
    choices = iter(content)
    with suppress(StopIteration):
        for _ in range(4):
            edit(documents, choices)
    documents["manifest.json"].pop("counts", None)
    before = {path: path.read_bytes() for path in folder().rglob("*") if path.is_file()}
    try:
        for file, bytes_ in rendered(documents).items():
            (folder() / file).write_bytes(bytes_)
        check()
    finally:
        for path, bytes_ in before.items():
            path.write_bytes(bytes_)


ODD: Final[tuple[Any, ...]] = (
    None, True, 0, -1, 0.5, 2**64, "", "\x00", "q_1", "s_1", "e_1", "g_1", "raw_orders", "/0", "\u202e", "x" * 600,
    "2026-03-04T10:00:00Z", "2999-01-01T00:00:00Z", "select a from b", "select", [], ["raw_orders"], [[]], {}, {"a": 1},
)  # fmt: skip


def edit(documents: Documents, choices: Iterator[int]) -> None:
    """Replace, remove or double one value, as the choices say."""
    files = [file for file, held in documents.items() if isinstance(held, list | dict)]
    target: Any = documents[files[next(choices) % len(files)]]
    while True:
        keys = sorted(target) if isinstance(target, dict) else list(range(len(target)))
        if not keys:
            return
        key = keys[next(choices) % len(keys)]
        if not (isinstance(target[key], dict | list) and next(choices) % 4):
            break
        target = target[key]
    action = next(choices)
    if action % 8 == 0:
        del target[key]
    elif action % 8 == 1 and isinstance(target, list):
        target.append(copy.deepcopy(target[key]))
    else:
        target[key] = copy.deepcopy(ODD[action % len(ODD)])


def check() -> None:
    """Check the pack, read it, and print what is found in every format."""
    checked = check_pack(folder(), embedded(), limit=20)
    printed(checked.problems)
    assert checked.errors + checked.warnings == sum(checked.totals.values()) >= len(checked.problems)
    with suppress(DatagapError):
        pack = Pack(folder())
        pack.catalog()
        for channel in layout.EVENT_FILES:
            list(pack.events(channel))
        list(pack.gaps())
        list(pack.labels())


def printed(problems: list[Problem]) -> None:
    errors = sum(problem.level == "error" for problem in problems)
    verdict = Verdict(folder=Path("p"), problems=problems, errors=errors, warnings=len(problems) - errors, totals={})
    for name, reporter in REPORTERS.items():
        lines = list(reporter(verdict))
        assert name == "json" or all(line.isprintable() for line in lines), lines
    assert embedded().problems("validation", json.loads(*REPORTERS["json"](verdict)), "stdout") == []


TARGETS: Final[Mapping[str, Target]] = {
    "json": parse,
    "file": read,
    "sql": sql,
    "text": text,
    "schema": schema,
    "edits": edited,
    **{file: replaced(file) for file in (*TINY, layout.HASHES)},
}


def one(data: bytes) -> None:
    """Give the bytes after the first to the target that the first chooses."""
    if data:
        [*TARGETS.values()][data[0] % len(TARGETS)](data[1:LONGEST])


def seeds() -> dict[str, bytes]:
    """Return inputs to start from, by name: every file of a pack for the targets that read such a file."""
    number = {name: bytes([place]) for place, name in enumerate(TARGETS)}
    found = {file.replace("/", "-"): number[file] + content for file, content in rendered(copy.deepcopy(TINY)).items()}
    person = (model.schema_files() / "person.schema.json").read_bytes()
    return found | {
        "hashes": number[layout.HASHES] + (folder() / layout.HASHES).read_bytes(),
        "json": number["json"] + b'{"a": [1, {"b": "\\u00e9\\n"}],\n "c": null}',
        "array": number["file"] + b'[\n {"a": "]"},\n [1, "x\\""]\n]\n',
        "csv": number["file"] + b'a,b\n"x,""y",1\n',
        "sql": number["sql"] + b"with t as (select a, b as c from d) select t.c, e.* from t join e using (a)",
        "text": number["text"] + b"why is raw_orders.region from Tuesday? it's stale, orders.amount too",
        "schema": number["schema"] + person,
        "edits": number["edits"] + bytes(range(64)),
    }
