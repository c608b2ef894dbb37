from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import Phase, find, settings

import codegen
from tests.strategies import from_schema

ROOT = Path(__file__).resolve().parent.parent
NEEDED = (
    "spec",
    "generated",
    "pyproject.toml",
    "scripts/codegen.py",
    "scripts/dictionary.py",
    "scripts/spec_lint.py",
    "scripts/templates",
    "datagap/__init__.py",
    "datagap/errors.py",
    "datagap/problem.py",
    "datagap/schema.py",
)
MODELS = "generated/datagap_spec/models.py"
PAGE = "generated/docs/person.md"


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    for path in NEEDED:
        target = tmp_path / path
        target.parent.mkdir(parents=True, exist_ok=True)
        if (ROOT / path).is_dir():
            shutil.copytree(ROOT / path, target, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copyfile(ROOT / path, target)
    return tmp_path


def run(*command: str | Path, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *command], env=os.environ | environment, capture_output=True, text=True, check=False
    )


def edit_schema(root: Path, name: str, change: Callable[[dict[str, Any]], object]) -> None:
    path = root / "spec" / f"{name}.schema.json"
    schema = json.loads(path.read_bytes())
    change(schema)
    path.write_text(json.dumps(schema, indent=2), encoding="utf-8")


def add_fingers(root: Path) -> None:
    fingers = {
        "description": "Fingers they type with.",
        "type": "integer",
        "minimum": 0,
        "unit": "fingers",
        "examples": [2],
    }
    edit_schema(root, "person", lambda schema: schema["properties"].update(fingers=fingers))


def generated(root: Path) -> dict[str, bytes]:
    folder = root / "generated"
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*.*") if path.suffix != ".pyc"}


def test_what_is_committed_is_what_the_spec_gives() -> None:
    checked = run(ROOT / "scripts/codegen.py", "--check")
    assert (checked.returncode, checked.stdout, checked.stderr) == (0, "generated/ is up to date\n", "")
    assert codegen.is_stale(ROOT) == []


REPORT = """
import dataclasses, json
from datagap_spec import SPEC_DIGEST, models
from datagap_spec.validators import acceptor, explainer, schema, schema_files
people = [{"person_id": "ann"}, {"person_id": "ann", "fingers": 10}, {"person_id": "ann", "fingers": "ten"}]
embedded = json.loads((schema_files() / "person.schema.json").read_bytes())
print(json.dumps({
    "fields": {field.name: field.type for field in dataclasses.fields(models.Person)},
    "made": models.Person(person_id="ann", fingers=10).fingers,
    "accepted": [acceptor("person").is_valid(person) for person in people],
    "explained": [error.json_path for person in people for error in explainer("person").iter_errors(person)],
    "embedded": "fingers" in embedded["properties"],
    "digest": SPEC_DIGEST,
}))
"""


def test_a_new_property_reaches_class_validator_copy_strategy_and_page_with_no_other_edit(copy: Path) -> None:
    before = generated(copy)
    add_fingers(copy)
    written = run(copy / "scripts/codegen.py")
    assert written.returncode == 0, written.stderr
    assert set(written.stdout.split()) == {
        "generated/MANIFEST.json",
        "generated/datagap_spec/__init__.py",
        MODELS,
        PAGE,
        "generated/datagap_spec/inlined/person.schema.json",
        "generated/datagap_spec/schemas/person.schema.json",
    }

    reported = run("-c", REPORT, PYTHONPATH=str(copy / "generated"))
    assert reported.returncode == 0, reported.stderr
    report = json.loads(reported.stdout)
    assert report["fields"]["fingers"] == "int | None"
    assert report["made"] == 10
    assert report["accepted"] == [True, True, False]
    assert report["explained"] == ["$.fingers"]
    assert report["embedded"]
    assert report["digest"].encode() not in before["datagap_spec/__init__.py"]

    row = "| `fingers` | integer |  | fingers | at least 0 | `2` | Fingers they type with. |"
    assert row in (copy / PAGE).read_text(encoding="utf-8").splitlines()

    inlined = json.loads((copy / "generated/datagap_spec/inlined/person.schema.json").read_bytes())
    quickly = settings(phases=[Phase.generate])
    assert find(from_schema(inlined), lambda person: "fingers" in person, settings=quickly)["fingers"] >= 0


def append(path: str, content: bytes) -> Callable[[Path], None]:
    def change(root: Path) -> None:
        with (root / path).open("ab") as stream:
            stream.write(content)

    return change


def remove(path: str) -> Callable[[Path], None]:
    return lambda root: (root / path).unlink()


def with_carriage_returns(root: Path) -> None:
    path = root / MODELS
    path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))


DRIFTS: list[tuple[Callable[[Path], None], str, str]] = [
    (append(MODELS, b"# mine\n"), MODELS, MODELS),
    (add_fingers, "spec/person.schema.json", "generated/datagap_spec/schemas/person.schema.json"),
    (remove(MODELS), MODELS, f"{MODELS} (missing)"),
    (append("generated/left.json", b"{}\n"), "generated/left.json", "generated/left.json (orphan: no schema gives it)"),
    (append("generated/left.py", b""), "generated/left.py", "generated/left.py (orphan: no schema gives it)"),
    (
        remove("generated/datagap_spec/py.typed"),
        "generated/datagap_spec/py.typed",
        "generated/datagap_spec/py.typed (missing)",
    ),
    (with_carriage_returns, MODELS, MODELS),
    (append(PAGE, b"Mine.\n"), PAGE, PAGE),
    (remove(PAGE), PAGE, f"{PAGE} (missing)"),
    (
        append("generated/docs/left.md", b"# left\n"),
        "generated/docs/left.md",
        "generated/docs/left.md (orphan: no schema gives it)",
    ),
    (remove("generated/MANIFEST.json"), "generated/MANIFEST.json", "generated/MANIFEST.json (missing)"),
]
drifts = pytest.mark.parametrize(
    ("change", "stale", "shown"),
    DRIFTS,
    ids=[
        "hand edit",
        "changed schema",
        "missing file",
        "orphan",
        "empty orphan",
        "missing empty file",
        "line ends",
        "hand edit of a page",
        "missing page",
        "orphan page",
        "no manifest",
    ],
)


@drifts
def test_drift_fails_the_check_with_a_diff_that_names_the_file(
    change: Callable[[Path], None], stale: str, shown: str, copy: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    change(copy)
    assert codegen.is_stale(copy) == [stale]

    assert codegen.main(["--check", "--root", str(copy)]) == 1
    output, errors = capsys.readouterr()
    assert {f"--- {shown}", f"+++ {shown}"} & set(output.replace(" (from spec/)", "").splitlines())
    assert errors == "codegen: generated/ has drifted from spec/; run: python scripts/codegen.py\n"


def test_a_run_mends_every_drift(copy: Path) -> None:
    (copy / "generated/datagap_spec/py.typed").unlink()
    (copy / "generated/left.py").touch()
    with_carriage_returns(copy)
    assert codegen.write(copy) == ["left.py", "datagap_spec/models.py", "datagap_spec/py.typed"]
    assert codegen.is_stale(copy) == []
    assert generated(copy) == generated(ROOT)


def test_a_drift_leaves_the_process_with_exit_code_1(copy: Path) -> None:
    append(MODELS, b"# mine\n")(copy)
    checked = run(copy / "scripts/codegen.py", "--check")
    assert checked.returncode == 1
    assert "-# mine" in checked.stdout.splitlines()


def replace(path: str, old: str, new: str) -> Callable[[Path], None]:
    def change(root: Path) -> None:
        text = (root / path).read_text(encoding="utf-8")
        assert old in text
        (root / path).write_text(text.replace(old, new), encoding="utf-8")

    return change


@pytest.mark.parametrize(
    ("change", "stale"),
    [
        (append("scripts/codegen.py", b"# changed\n"), ["scripts/codegen.py"]),
        (append("scripts/dictionary.py", b"# changed\n"), ["scripts/dictionary.py"]),
        (append("datagap/schema.py", b"# changed\n"), ["datagap/schema.py"]),
        (replace("pyproject.toml", "use-exact-imports = true", "use-exact-imports = false"), ["pyproject.toml"]),
        (replace("pyproject.toml", "line-length = 120", "line-length = 99"), []),
    ],
)
def test_what_generation_depends_on_and_nothing_else_makes_it_stale(
    change: Callable[[Path], None], stale: list[str], copy: Path
) -> None:
    change(copy)
    assert codegen.is_stale(copy) == stale


def test_the_output_does_not_depend_on_the_hash_seed(copy: Path) -> None:
    outputs = []
    for seed in ("1", "2"):
        shutil.rmtree(copy / "generated")
        assert run(copy / "scripts/codegen.py", PYTHONHASHSEED=seed).returncode == 0
        outputs.append(generated(copy))
    assert outputs[0] == outputs[1] == generated(ROOT)


def test_a_spec_that_is_not_in_order_is_reported_and_nothing_is_written(copy: Path) -> None:
    before = generated(copy)
    edit_schema(copy, "person", lambda schema: schema["properties"].update(Fingers={"type": "integer"}))
    written = run(copy / "scripts/codegen.py")
    assert (written.returncode, written.stdout) == (1, "")
    assert written.stderr.splitlines() == [
        "codegen: spec/ is not in order:",
        "person.schema.json/properties/Fingers: description is missing",
        "person.schema.json/properties/Fingers: property name is not snake_case",
    ]
    assert generated(copy) == before


@pytest.mark.parametrize("path", sorted(path for path, content in generated(ROOT).items() if content))
def test_a_generated_file_opens_with_what_made_it_and_how_to_remake_it(path: str) -> None:
    text = (ROOT / "generated" / path).read_text(encoding="utf-8")
    opening = "\n".join(text.splitlines()[:2])
    assert ("from spec/" in opening) is (path != codegen.MANIFEST)
    assert "python scripts/codegen.py" in opening
