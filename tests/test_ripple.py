"""A property is added to schemas in a copy of the repository, generated/ is remade, and nothing else is edited."""

from __future__ import annotations

import ast
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final, TypeAlias

import pytest

from datagap import model

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parent.parent
PARTS = ("LICENSE", "README.md", "datagap", "generated", "pyproject.toml", "scripts", "spec", "tests")
FROZEN: Final = {"description": "Whether it is frozen.", "type": "boolean"}
OF_PACKS: Final[tuple[model.RecordName, ...]] = ("dataset", "nl_query", "slack_message", "email_message", "truth_label")
"""Records that datagap.synth makes."""
OF_REPORTS: Final[tuple[model.RecordName, ...]] = ("backlog_item", "detection", "cluster")
"""Records that datagap.report makes."""
CHANGED: Final = (*OF_PACKS, *OF_REPORTS)
CLASSES: Final = frozenset(record.__name__ for record, name in model.RECORDS.items() if name in CHANGED)
Place: TypeAlias = tuple[str, int]
"""A file with forward slashes and a line."""

SMALL_CONFIG = """\
seed: 5
actors: 12
nlq: {count: 60}
slack: {threads: 6, replies_mean: 2}
email: {threads: 3, replies_mean: 1}
gaps: {count: 12}
catalog: {mart_tables: 12, staging_tables: 12}
"""
SYNTH = "from datagap.cli.synth import main; main()"
REPORT = "from datagap.cli.report import main; main()"
KNOWN = """
import sys
from hypothesis import Phase, find, settings
from datagap.validate import embedded
from tests import strategies

for name in sys.argv[1:]:
    drawn = find(strategies.data(name), lambda value: "frozen" in value, settings=settings(phases=[Phase.generate]))
    assert embedded().problems(name, drawn, name) == []
    print(*embedded().problems(name, drawn | {"frozen": "yes"}, name))
"""


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(scope="module")
def required(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = copied(tmp_path_factory.mktemp("required"))
    for path in (root / "datagap").rglob("*.py"):
        path.write_bytes(b"\n" + path.read_bytes())  # lines that mypy names can then be those of the copy alone
    return with_property(root, required=True)


@pytest.fixture(scope="module")
def optional(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return with_property(copied(tmp_path_factory.mktemp("optional")), required=False)


def copied(root: Path) -> Path:
    """Copy to `root` what the project is made of."""
    for part in PARTS:
        if (ROOT / part).is_dir():
            shutil.copytree(ROOT / part, root / part, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copyfile(ROOT / part, root / part)
    return root


def with_property(root: Path, *, required: bool) -> Path:
    """Add the property to the schemas in a copy and remake generated/ there."""
    for name in CHANGED:
        path = root / "spec" / f"{name}.schema.json"
        schema = json.loads(path.read_bytes())
        schema["properties"]["frozen"] = FROZEN
        schema["required"] += ["frozen"] * required
        path.write_text(json.dumps(schema, indent=2), encoding="utf-8")
    succeed(root, "scripts/codegen.py")
    return root


def run(root: Path, *command: str | Path) -> subprocess.CompletedProcess[str]:
    """Run Python in a copy, on the packages of the copy."""
    environment = os.environ | {"PYTHONPATH": f"{root}{os.pathsep}{root / 'generated'}"}
    return subprocess.run(
        [sys.executable, *command], cwd=root, env=environment, capture_output=True, encoding="utf-8", check=False
    )


def succeed(root: Path, *command: str | Path) -> str:
    """Run Python in a copy and return what it prints; fail if it does."""
    ended = run(root, *command)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return ended.stdout


def typed(root: Path, cache: Path) -> list[str]:
    """Return the errors that mypy finds in a copy."""
    options = ("--no-error-summary", "--no-color-output", "--no-pretty")
    checked = run(root, "-m", "mypy", *options, "--cache-dir", cache)
    assert checked.returncode in (0, 1), checked.stdout + checked.stderr
    return [line.replace("\\", "/") for line in checked.stdout.splitlines() if ": error: " in line]


def places_that_make(classes: frozenset[str], root: Path) -> Iterator[Place]:
    """Yield the places in the package datagap of a copy where one of the classes is called."""
    for path in sorted((root / "datagap").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_bytes())):
            if isinstance(node, ast.Call) and ast.unparse(node.func).removeprefix("model.") in classes:
                yield path.relative_to(root).as_posix(), node.lineno


def test_a_required_property_is_missed_wherever_its_record_is_made_and_nowhere_else(
    required: Path, cache: Path
) -> None:
    errors = [re.fullmatch(r"(.+?):([0-9]+): error: (.+)", line) for line in typed(required, cache)]
    found = [(error[1], int(error[2]), error[3]) for error in errors if error and not error[1].startswith("tests/")]
    assert {(file, line) for file, line, _ in found} == {*places_that_make(CLASSES, required)}
    assert {re.sub('"[A-Z][A-Za-z]*"', "<record>", message) for _, _, message in found} == {
        'Missing named argument "frozen" for <record>  [call-arg]'
    }
    assert {file.split("/")[1] for file, _, _ in found} == {"synth", "report", "score"}


@pytest.mark.parametrize("name", CHANGED)
def test_every_record_that_is_changed_is_made_somewhere(name: model.RecordName) -> None:
    (record,) = (record.__name__ for record, of in model.RECORDS.items() if of == name)
    package = "datagap/synth/" if name in OF_PACKS else "datagap/report/"
    made = [file for file, _ in places_that_make(frozenset([record]), ROOT)]
    assert any(file.startswith(package) for file in made)


def test_an_optional_property_breaks_no_type(optional: Path, cache: Path) -> None:
    assert typed(optional, cache) == []


def test_what_is_made_of_a_schema_with_an_optional_property_is_up_to_date(optional: Path) -> None:
    assert succeed(optional, "scripts/codegen.py", "--check") == "generated/ is up to date\n"


def test_validators_and_strategies_know_an_optional_property(optional: Path) -> None:
    assert succeed(optional, "-c", KNOWN, *CHANGED).splitlines() == [
        f'{name} /frozen: expected boolean, got string ("yes")' for name in CHANGED
    ]


def test_packs_and_reports_are_made_and_valid_with_an_optional_property(optional: Path, tmp_path: Path) -> None:
    config, pack, report = tmp_path / "config.yaml", tmp_path / "pack", tmp_path / "report"
    config.write_text(SMALL_CONFIG, encoding="utf-8")
    succeed(optional, "-c", SYNTH, "gen", "--config", config, "--out", pack)
    succeed(optional, "-c", SYNTH, "validate", "--pack", pack)
    succeed(optional, "-c", REPORT, "gen", "--pack", pack, "--out", report)
    succeed(optional, "-c", REPORT, "validate", "--out", report)
    assert "frozen" in (report / "backlog.csv").read_text(encoding="utf-8").splitlines()[0].split(",")


def test_the_tests_of_records_pass_with_an_optional_property(optional: Path) -> None:
    files = [f"tests/test_{name}.py" for name in ("records", "strategies", "validate")]
    succeed(optional, "-m", "pytest", "-q", "-p", "no:cacheprovider", *files)
