"""The official JSON Schema test suite, run through what accepts records and what explains why they are rejected."""

from __future__ import annotations

import json
import os
import sys
import tarfile
from collections.abc import Iterator
from functools import cache, lru_cache
from importlib.metadata import version
from pathlib import Path
from typing import Any, NamedTuple

import jsonschema
import jsonschema_rs
import pytest

from datagap import model
from datagap.rejection import explanation

KNOWN = [
    "vocabulary.json: schema that uses custom metaschema with with no validation vocabulary: "
    "no validation: invalid number, but it still validates"
]
"""Cases that what explains would reject; nobody asks it about what is accepted."""

pytestmark = pytest.mark.slow

SOURCE = Path(sys.prefix) / "sources" / f"jsonschema-{version('jsonschema')}.tar.gz"
"""Where scripts/test puts the source of jsonschema, which has the suite in it."""
DRAFT = "json/tests/draft2020-12/"
REMOTES = "json/remotes/"
OURS = f"{REMOTES}draft2020-12/"
OTHER_DRAFTS = ("optional/cross-draft.json",)
"""Cases about schemas of another draft, which are none of ours."""
FEWEST = 1250
"""Required cases that the suite has had since it was first run here."""


class Case(NamedTuple):
    name: str
    required: bool
    schema: Any
    data: Any
    valid: bool


@cache
def sources() -> dict[str, Any]:
    """Return the JSON files of the suite, by their path in the source."""
    if not SOURCE.is_file():
        reason = "scripts/test --slow fetches the source of jsonschema, which has the suite"
        pytest.fail(reason) if os.environ.get("CI") else pytest.skip(reason)
    with tarfile.open(SOURCE) as archive:
        members = [member for member in archive if member.isfile() and member.name.endswith(".json")]
        files = {member.name.partition("/")[2]: archive.extractfile(member) for member in members}
        return {
            name: json.load(stream) for name, stream in files.items() if stream and name.startswith((DRAFT, REMOTES))
        }


def cases() -> Iterator[Case]:
    for path, groups in sources().items():
        file = path.removeprefix(DRAFT)
        if file == path or file in OTHER_DRAFTS:
            continue
        for group in groups:
            for test in group["tests"]:
                name = f"{file}: {group['description']}: {test['description']}"
                yield Case(name, not file.startswith("optional/"), group["schema"], test["data"], test["valid"])


@cache
def remotes() -> dict[str, Any]:
    return {
        f"http://localhost:1234/{path.removeprefix(REMOTES)}": schema
        for path, schema in sources().items()
        if path.startswith(REMOTES) and (path.startswith(OURS) or not path.startswith(f"{REMOTES}draft"))
    }


def pair(case: Case) -> tuple[jsonschema_rs.Draft202012Validator, jsonschema.Draft202012Validator]:
    return _pair(json.dumps(case.schema))


@lru_cache(maxsize=1)
def _pair(schema: str) -> tuple[jsonschema_rs.Draft202012Validator, jsonschema.Draft202012Validator]:
    return model.accepting(json.loads(schema), remotes()), model.explaining(json.loads(schema), remotes())


def test_what_is_not_accepted_is_always_explained_and_what_is_accepted_is_right() -> None:
    silent, wrong, required = [], [], 0
    for case in cases():
        required += case.required
        accepts, explains = pair(case)
        accepted = accepts.is_valid(case.data)
        if not accepted and not explanation(accepts, explains, case.data):
            silent.append(case.name)
        if accepted is not case.valid and case.required:
            wrong.append(case.name)
    assert required >= FEWEST
    assert silent == []
    assert [name for name in wrong if not name.startswith("format.json: ")] == []


def test_a_format_is_a_rule_here_and_a_note_in_the_suite() -> None:
    """The suite takes a format for a note; of the records here a timestamp has to be one."""
    noted = [case for case in cases() if case.name.startswith("format.json: date-time format: invalid date-time")]
    assert [case.valid for case in noted] == [True]
    assert [model.accepting(case.schema).is_valid(case.data) for case in noted] == [False]


def test_what_explains_finds_nothing_wrong_with_what_is_accepted() -> None:
    accepted = []
    for case in cases():
        accepts, explains = pair(case)
        if case.required and accepts.is_valid(case.data) and not explains.is_valid(case.data):
            accepted.append(case.name)
    assert accepted == KNOWN
