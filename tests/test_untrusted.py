"""Packs that mean harm: a clear verdict, in bounded memory, and nothing outside the pack is read."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from datagap.pack.checks import check_pack
from datagap.validate import embedded
from tests import packs
from tests.tiny import DATASETS, FRESHNESS, LINEAGE, tiny

posix = pytest.mark.skipif(sys.platform == "win32", reason="needs POSIX files")
linux = pytest.mark.skipif(sys.platform != "linux", reason="measures memory as Linux counts it")

LINES = "slack.jsonl"
FILES = [LINES, DATASETS, LINEAGE, FRESHNESS, "manifest.json", "catalog/coverage.json", "hashes.json"]


def found(folder: Path) -> list[str]:
    """Return what is reported, without the file that has changed, which is reported too."""
    problems = check_pack(folder, embedded()).problems
    return [f"{problem.code} {problem}" for problem in problems if problem.code != "DG102"]


def content(file: str, inside: bytes) -> bytes:
    """Return the content of a file whose first record, or whole, is `inside`."""
    return b"[" + inside + b"]" if file in (DATASETS, LINEAGE) else inside + b"\n"


HARMFUL: dict[str, tuple[bytes, str]] = {
    "a key twice": (b'{"id": 1, "id": 1}', 'has the key "id" twice in one object; keep one'),
    "NaN": (b'{"id": NaN}', "has NaN, which is not JSON; use null"),
    "minus infinity": (b'{"id": -Infinity}', "has Infinity, which is not JSON; use null"),
    "nested 5,000 deep": (b"[" * 5000 + b"]" * 5000, "is not valid JSON (column"),
    "objects nested 5,000 deep": (b'{"a":' * 5000 + b"1" + b"}" * 5000, "is not valid JSON (column"),
    "nested 300 deep": (b'{"a":' * 300 + b"1" + b"}" * 300, "is nested too deeply"),
    "no UTF-8": (b'{"id": "\xff"}', "is not valid UTF-8 (byte 9)"),
    "a NUL byte": (b'{"id": "\x00"}', "is not valid JSON (column"),
    "half a surrogate": (b'{"id": "\\ud800"}', "is not valid JSON (column"),
    "UTF-16": ("{}".encode("utf-16"), "is not valid UTF-8 (byte 1)"),
    "a number beyond floats": (b'{"id": 1e999}', "is not valid JSON (column"),
}


@pytest.mark.parametrize("file", [file for file in FILES if file != FRESHNESS])
@pytest.mark.parametrize("name", HARMFUL)
def test_what_parsers_disagree_on_is_refused_with_its_line(name: str, file: str, tmp_path: Path) -> None:
    inside, said = HARMFUL[name]
    folder = tiny(tmp_path)
    (folder / file).write_bytes(content(file, inside))
    assert [problem for problem in found(folder) if problem.startswith(f"DG002 {file}:1: {said}")]


@pytest.mark.parametrize("file", FILES)
def test_a_byte_order_mark_is_named(file: str, tmp_path: Path) -> None:
    folder = tiny(tmp_path)
    (folder / file).write_bytes(b"\xef\xbb\xbf" + (folder / file).read_bytes())
    message = f"DG002 {file}:1: starts with a byte order mark; save it as UTF-8 without one"
    assert [problem for problem in found(folder) if problem.startswith(f"DG002 {file}:1")] == [message]


@pytest.mark.parametrize("file", FILES)
def test_windows_line_ends_are_read(file: str, tmp_path: Path) -> None:
    folder = tiny(tmp_path)
    (folder / file).write_bytes((folder / file).read_bytes().replace(b"\n", b"\r\n"))
    assert found(folder) == []


# Files that are none


def fifo(path: Path) -> None:
    os.mkfifo(path)


def link_to_a_device(path: Path) -> None:
    path.symlink_to("/dev/zero")


def link_to_itself(path: Path) -> None:
    path.symlink_to(path.name)


def link_elsewhere(path: Path) -> None:
    secret = Path("secret").absolute()
    secret.write_text('{"secret": true}\n')
    path.symlink_to(secret)


def socket(path: Path) -> None:
    import socket

    with socket.socket(socket.AF_UNIX) as server:
        os.chdir(path.parent)
        server.bind(path.name)


@posix
@pytest.mark.parametrize("file", [LINES, DATASETS, FRESHNESS, "manifest.json", "hashes.json", "truth/labels.jsonl"])
@pytest.mark.parametrize("make", [fifo, link_to_a_device, link_to_itself, link_elsewhere, socket])
def test_what_is_no_file_is_named_and_not_read(
    make: Callable[[Path], None], file: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    folder = tiny(tmp_path / "pack")
    (folder / file).unlink()
    make(folder / file)
    problems = found(folder)
    assert [problem for problem in problems if problem.startswith(f"DG101 {file}: is not a regular file")]
    assert "secret" not in " ".join(problems)


@posix
def test_a_folder_that_leads_out_of_the_pack_is_not_entered(tmp_path: Path) -> None:
    folder = tiny(tmp_path / "pack")
    (folder / "catalog").rename(tmp_path / "elsewhere")
    (folder / "catalog").symlink_to(tmp_path / "elsewhere")
    problems = found(folder)
    for file in (DATASETS, FRESHNESS, LINEAGE):
        assert f"DG101 {file}: is not a regular file; put the file itself there" in problems
    assert "DG103 catalog: is no part of a pack, and hashes.json does not list it; remove it" in problems


@posix
def test_what_lies_about_is_listed_and_not_opened(tmp_path: Path) -> None:
    folder = tiny(tmp_path)
    (folder / "loop").symlink_to(folder)
    (folder / "truth" / "device").symlink_to("/dev/zero")
    os.mkfifo(folder / "pipe")
    (folder / "\x1b[31m\udcff").write_text("?")
    assert [problem.partition(":")[0] for problem in found(folder)] == [
        "DG103 \x1b[31m\udcff",
        "DG103 loop",
        "DG103 pipe",
        "DG103 truth/device",
    ]
    printed = packs.run("validate", "--pack", folder, cwd=folder.parent).out
    assert all(line.isprintable() for line in printed.splitlines())


NAMES = ["../secret", "catalog/../../secret", "/etc/passwd", "catalog/../slack.jsonl", "..", ".", "a\x00b", "x" * 5000]


@pytest.mark.parametrize("name", NAMES)
def test_a_name_in_the_hashes_leads_nowhere_outside(name: str, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("secret")
    folder = tiny(tmp_path / "pack")
    hashes = json.loads((folder / "hashes.json").read_text())
    (folder / "hashes.json").write_text(json.dumps(hashes | {name: "0" * 64}))
    problems = check_pack(folder, embedded()).problems
    assert problems
    assert {problem.code for problem in problems} <= {"DG001", "DG101", "DG102"}
    assert not any("has SHA-256" in problem.message for problem in problems)


# Size

MEASURED = """
import resource, sys
from pathlib import Path
from datagap.pack.checks import check_pack
from datagap.validate import embedded

before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
checked = check_pack(Path(sys.argv[1]), embedded(), limit=5)
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
print(checked.errors, checked.warnings, *(f"{code}={total}" for code, total in sorted(checked.totals.items())))
for problem in checked.problems:
    print(problem.code, problem)
"""


def measured(folder: Path) -> tuple[float, list[str]]:
    """Return the memory in MiB that a check takes beyond that of starting, and what it prints."""
    command = [sys.executable, "-c", MEASURED, str(folder)]
    grown, *lines = subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()
    return int(grown) / 1024, lines


def write(path: Path, count: int, one: Callable[[int], bytes], between: bytes = b"", *ends: bytes) -> None:
    with path.open("wb") as stream:
        stream.writelines(ends[:1])
        for number in range(count):
            stream.write((between if number else b"") + one(number))
        stream.writelines(ends[1:])


@linux
@pytest.mark.slow
@pytest.mark.parametrize("file", FILES)
def test_a_line_of_200_megabytes_is_named_in_little_memory(file: str, tmp_path: Path) -> None:
    folder = tiny(tmp_path)
    with (folder / file).open("wb") as stream:
        stream.write(b'[{"id": "' if file in (DATASETS, LINEAGE) else b'{"id": "')
        for _ in range(200):
            stream.write(b"x" * (1 << 20))
    grown, lines = measured(folder)
    assert [line for line in lines if f" {file}" in line and "longer than" in line]
    assert grown < 150


@linux
@pytest.mark.slow
def test_a_catalog_of_a_million_datasets_is_checked_in_a_bounded_memory(tmp_path: Path) -> None:
    folder, many = tiny(tmp_path), 1_000_000
    shape: dict[str, Any] = {"domain": "d", "layer": "mart", "owner": None}
    columns = [{"name": f"column_{number}", "type": "string"} for number in range(5)]

    def dataset(number: int) -> bytes:
        return json.dumps({"name": f"dataset_{number}", **shape, "columns": columns}).encode()

    write(folder / DATASETS, many, dataset, b",\n", b"[\n", b"\n]\n")
    write(
        folder / FRESHNESS,
        many,
        lambda number: b"dataset_%d,2026-03-05T06:00:00Z,24\n" % number,
        b"",
        b"dataset,max_loaded_at,sla_hours\n",
    )
    write(
        folder / LINEAGE,
        many - 1,
        lambda number: b'{"from": "dataset_%d", "to": "dataset_%d"}' % (number, number + 1),
        b",\n",
        b"[",
        b"]",
    )
    grown, lines = measured(folder)
    assert "DG112" not in lines[0]
    assert "DG110" not in lines[0]
    assert "DG104=3" in lines[0].split(" ")
    assert grown < 1000


@linux
@pytest.mark.slow
def test_a_circle_of_a_hundred_thousand_is_found_at_once(tmp_path: Path) -> None:
    folder, many = tiny(tmp_path), 100_000

    def edge(number: int) -> bytes:
        return b'{"from": "d%d", "to": "d%d"}' % (number, (number + 1) % many)

    write(folder / LINEAGE, many, edge, b",\n", b"[", b"]")
    _, lines = measured(folder)
    assert "DG112=1" in lines[0].split(" ")


BROKEN: dict[str, tuple[bytes, bytes, tuple[bytes, ...]]] = {
    LINES: (b'{"id": 1, "wehn": [1, 2, 3]}\n', b"", ()),
    DATASETS: (b'{"nmae": 1}', b",\n", (b"[", b"]")),
    FRESHNESS: (b"orders,yesterday,soon\n", b"", (b"dataset,max_loaded_at,sla_hours\n",)),
}
"""A broken record of each kind of file, what stands between two, and around all."""


@linux
@pytest.mark.slow
@pytest.mark.parametrize(("file", "many"), [(LINES, 3_000_000), (DATASETS, 300_000), (FRESHNESS, 300_000)])
def test_a_file_that_is_broken_through_and_through_is_given_up(file: str, many: int, tmp_path: Path) -> None:
    folder, (record, between, ends) = tiny(tmp_path), BROKEN[file]
    write(folder / file, many, lambda _: record, between, *ends)
    grown, lines = measured(folder)
    (told,) = (int(part.partition("=")[2]) for part in lines[0].split(" ") if part.startswith("DG001="))
    assert 100_000 <= told < 100_100
    assert "DG002=1" in lines[0].split(" ")
    assert grown < 100


@pytest.mark.parametrize("value", [b"[" + b"{}," * 400_000 + b"{}]", b"[" + b"1," * 900_000 + b"1]"], ids=["{}", "1"])
def test_a_record_that_is_wrong_a_million_times_is_told_of_a_few_times(value: bytes, tmp_path: Path) -> None:
    folder = tiny(tmp_path)
    (folder / LINES).write_bytes(b'{"id": "s_1", "labels": ' + value + b"}\n")
    assert 0 < len([problem for problem in found(folder) if problem.startswith(f"DG001 {LINES}:1 ")]) < 100
