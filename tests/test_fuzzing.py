"""What a fuzzer gives to the readers; what it finds is added to the tests of the reader that it broke."""

from __future__ import annotations

import importlib.util
import os
import platform
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests import fuzzing

ROOT = Path(__file__).resolve().parent.parent
SEEDS = fuzzing.seeds()


@pytest.mark.parametrize("name", SEEDS)
def test_a_seed_reaches_its_target_without_an_error(name: str) -> None:
    fuzzing.one(SEEDS[name])


@pytest.mark.parametrize("name", fuzzing.TARGETS)
@given(st.binary(max_size=40))
@settings(max_examples=10)
def test_any_bytes_are_taken_by_every_target(name: str, content: bytes) -> None:
    fuzzing.TARGETS[name](content)


@pytest.mark.parametrize("name", SEEDS)
@given(st.data())
@settings(max_examples=10)
def test_a_seed_with_one_stretch_replaced_is_taken(name: str, data: st.DataObject) -> None:
    seed = SEEDS[name]
    start = data.draw(st.integers(1, len(seed)))
    end = data.draw(st.integers(start, min(len(seed), start + 20)))
    fuzzing.one(seed[:start] + data.draw(st.binary(max_size=8)) + seed[end:])


@pytest.mark.slow
def test_a_fuzzer_guided_by_coverage_finds_nothing_in_a_short_time(tmp_path: Path) -> None:
    if importlib.util.find_spec("atheris") is None:
        missing = "scripts/test --slow installs Atheris, on Linux on x86-64"
        has_to_be = os.environ.get("CI") and sys.platform == "linux" and platform.machine() == "x86_64"
        pytest.fail(missing) if has_to_be else pytest.skip(missing)
    command: list[str | Path] = [
        sys.executable,
        ROOT / "scripts/fuzzer.py",
        "--seconds",
        "20",
        "--corpus",
        tmp_path / "corpus",
    ]
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr[-3000:]
    assert "Done " in ended.stderr
