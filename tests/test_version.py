"""What was written for an earlier major version of the spec is read; what was for a later one is refused."""

from __future__ import annotations

from pathlib import Path

import hypothesis
import pytest
from hypothesis import strategies as st

from datagap import model
from datagap.errors import DatagapError
from datagap.pack.checks import check_pack
from datagap.pack.reader import Pack
from datagap.synth.config import load_config
from datagap.validate import embedded
from tests.tiny import at, tiny

OWN = int(model.SCHEMA_VERSION.partition(".")[0])
READ = [model.SCHEMA_VERSION, "0.1.0", "1.0.0", "1.1.0", f"{OWN}.99.99", f"000{OWN}.0.0", "0" * 5000 + f"{OWN}.0.0"]
LATER = [f"{OWN + 1}.0.0", "10.0.0", f"000{OWN + 1}.0.0", "9" * 5000 + ".0.0"]


@hypothesis.given(major=st.integers(0, 10**30), zeros=st.integers(0, 3), rest=st.from_regex(r"\A[.][0-9]+[.][0-9]+\Z"))
def test_majors_are_compared_as_numbers(major: int, zeros: int, rest: str) -> None:
    assert model.understands("0" * zeros + str(major) + rest) is (major <= OWN)


@pytest.mark.parametrize("version", READ, ids=lambda version: version[-12:])
def test_a_pack_and_a_config_of_an_earlier_major_are_read(version: str, tmp_path: Path) -> None:
    folder = tiny(tmp_path / "pack", at("manifest.json", schema_version=version))
    assert check_pack(folder, embedded()).problems == []
    assert Pack(folder).manifest().schema_version == version
    (tmp_path / "config.yaml").write_text(f'schema_version: "{version}"\n')
    assert load_config(tmp_path / "config.yaml")[0].schema_version == version


@pytest.mark.parametrize("version", LATER, ids=lambda version: version[-12:])
def test_a_pack_and_a_config_of_a_later_major_are_refused_by_all_that_read_them(version: str, tmp_path: Path) -> None:
    said = f"is for schema {version[:40]}, "
    folder = tiny(tmp_path / "pack", at("manifest.json", schema_version=version))
    (problem,) = check_pack(folder, embedded()).problems
    assert said in str(problem)
    for read in (Pack(folder).manifest, Pack(folder).catalog):
        with pytest.raises(DatagapError, match=said):
            read()
    (tmp_path / "config.yaml").write_text(f'schema_version: "{version}"\n')
    with pytest.raises(DatagapError, match=said):
        load_config(tmp_path / "config.yaml")


def test_a_pack_that_does_not_say_its_version_is_read(tmp_path: Path) -> None:
    assert Pack(tiny(tmp_path, at("manifest.json", schema_version=...))).manifest().schema_version is None
