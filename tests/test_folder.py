from __future__ import annotations

import hashlib
import os
import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from datagap.errors import DatagapError, MisuseError
from datagap.pack.folder import OutputError, staged

posix = pytest.mark.skipif(sys.platform == "win32", reason="needs POSIX files")
linux = pytest.mark.skipif(sys.platform != "linux", reason="needs /proc")

OCCUPIED = "is not empty; choose another --out, or replace it with --force"
FOREIGN = "is not empty and was not written by this command; choose another --out"
NO_FOLDER = "is not a folder; choose another --out"


def is_ours(path: Path) -> bool:
    return (path / "ours").exists()


def tree(folder: Path) -> dict[str, bytes | None]:
    """Return every file's content by its path, and None for folders."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes() if path.is_file() else None
        for path in sorted(folder.rglob("*"))
    }


def fill(out: Path, *, force: bool = False) -> None:
    with staged(out, force=force, is_ours=is_ours) as staging:
        staging.write("ours", b"new")
        staging.write("a/b.jsonl", [b"1\n", b"2\n"])


FILLED = {"ours": b"new", "a": None, "a/b.jsonl": b"1\n2\n"}


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return tmp_path / "pack"


def test_a_folder_appears_with_everything_in_it_and_nothing_beside_it(out: Path) -> None:
    fill(out)
    assert tree(out) == FILLED
    assert list(out.parent.iterdir()) == [out]


def test_nothing_is_at_the_place_while_the_folder_is_in_the_making(out: Path) -> None:
    with staged(out, force=False, is_ours=is_ours) as staging:
        staging.write("ours", b"new")
        assert not out.exists()
        assert staging.path.parent == out.parent
        assert re.fullmatch(r"[.]pack[.]\w+[.]partial", staging.path.name)
    assert out.exists()


def test_missing_parents_are_made(tmp_path: Path) -> None:
    fill(tmp_path / "a" / "b" / "pack")
    assert tree(tmp_path / "a" / "b" / "pack") == FILLED


def test_a_relative_path_is_taken_from_where_the_run_began(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path)
    with staged(Path("pack"), force=False, is_ours=is_ours) as staging:
        monkeypatch.chdir("elsewhere")
        staging.write("ours", b"new")
    assert tree(tmp_path) == {"elsewhere": None, "pack": None, "pack/ours": b"new"}


@pytest.mark.parametrize("content", [b"", b"one", [b"one", b"", b"two"]])
def test_digests_are_those_of_the_files(content: bytes | list[bytes], out: Path) -> None:
    with staged(out, force=False, is_ours=is_ours) as staging:
        staging.write("a/b", content)
    assert staging.digests == {"a/b": hashlib.sha256((out / "a" / "b").read_bytes()).hexdigest()}


def test_a_file_can_be_written_bit_by_bit_beside_another(out: Path) -> None:
    with staged(out, force=False, is_ours=is_ours) as staging:
        with staging.open("a/one") as one, staging.open("two") as two:
            for number in range(3):
                one(b"1" * number)
                two(b"2")
        assert set(staging.digests) == {"a/one", "two"}
    assert tree(out) == {"a": None, "a/one": b"111", "two": b"222"}
    assert staging.digests["two"] == hashlib.sha256(b"222").hexdigest()


class OurError(Exception):
    """Something that a block may raise."""


def fail_halfway(out: Path, error: BaseException) -> None:
    with staged(out, force=True, is_ours=is_ours) as staging:
        staging.write("ours", b"new")
        staging.write("half", failing_chunks(error))


def failing_chunks(error: BaseException) -> Iterator[bytes]:
    yield b"half"
    raise error


@pytest.mark.parametrize("error", [OurError(), KeyboardInterrupt(), SystemExit(3), DatagapError("no")])
@pytest.mark.parametrize("existing", [False, True])
def test_whatever_goes_wrong_inside_leaves_things_as_they_were(error: BaseException, existing: bool, out: Path) -> None:
    if existing:
        out.mkdir()
        (out / "ours").write_bytes(b"old")
    before = tree(out.parent)
    with pytest.raises(type(error)) as caught:
        fail_halfway(out, error)
    assert caught.value is error
    assert tree(out.parent) == before


def test_a_refusal_of_the_system_inside_is_one_sentence(out: Path) -> None:
    with pytest.raises(OutputError) as caught, staged(out, force=False, is_ours=is_ours) as staging:
        staging.write("x" * 300, b"")
    reason = os.strerror(36).lower()
    assert str(caught.value) == f"{out}: cannot be written ({reason}); choose another --out"
    assert tree(out.parent) == {}


def test_a_file_is_written_once(out: Path) -> None:
    with staged(out, force=False, is_ours=is_ours) as staging:
        staging.write("a", b"1")
        with pytest.raises(FileExistsError):
            staging.write("a", b"2")
    assert tree(out) == {"a": b"1"}


def empty(out: Path) -> None:
    out.mkdir()


def ours(out: Path) -> None:
    out.mkdir()
    (out / "ours").write_bytes(b"old")
    (out / "more").write_bytes(b"old")


def foreign(out: Path) -> None:
    out.mkdir()
    (out / "thesis.txt").write_bytes(b"old")


def file(out: Path) -> None:
    out.write_bytes(b"old")


def link_to_folder(out: Path) -> None:
    out.with_name("target").mkdir()
    out.symlink_to("target")


def broken_link(out: Path) -> None:
    out.symlink_to("target")


@pytest.mark.parametrize(
    ("make", "force"), [(empty, False), (empty, True), (ours, True)], ids=["empty", "empty, forced", "ours, forced"]
)
def test_what_may_be_replaced_is_replaced_whole(make: Callable[[Path], None], force: bool, out: Path) -> None:
    make(out)
    fill(out, force=force)
    assert tree(out) == FILLED
    assert list(out.parent.iterdir()) == [out]


REFUSED = [
    (ours, False, OCCUPIED),
    (foreign, False, OCCUPIED),
    (foreign, True, FOREIGN),
    (file, False, NO_FOLDER),
    (file, True, NO_FOLDER),
    pytest.param(link_to_folder, True, NO_FOLDER, marks=posix),
    pytest.param(broken_link, True, NO_FOLDER, marks=posix),
]


@pytest.mark.parametrize(("make", "force", "message"), REFUSED)
def test_what_may_not_be_replaced_is_refused_before_anything_is_written(
    make: Callable[[Path], None], force: bool, message: str, out: Path
) -> None:
    make(out)
    before = tree(out.parent)
    with pytest.raises(MisuseError) as caught:
        fill(out, force=force)
    assert str(caught.value) == f"{out}: {message}"
    assert tree(out.parent) == before


@pytest.mark.parametrize("force", [False, True])
def test_what_others_left_beside_the_folder_is_kept_and_in_nobodys_way(force: bool, out: Path) -> None:
    for name in (".pack.partial", ".pack.old"):
        out.with_name(name).mkdir()
        (out.with_name(name) / "mine").write_bytes(b"old")
    if force:
        ours(out)
    fill(out, force=force)
    assert tree(out) == FILLED
    assert sorted(path.name for path in out.parent.iterdir()) == [".pack.old", ".pack.partial", "pack"]


def test_of_two_runs_side_by_side_the_last_to_end_wins_whole(out: Path) -> None:
    with staged(out, force=True, is_ours=is_ours) as slow:
        slow.write("ours", b"slow")
        with staged(out, force=True, is_ours=is_ours) as quick:
            quick.write("ours", b"quick")
        assert tree(out) == {"ours": b"quick"}
    assert tree(out) == {"ours": b"slow"}
    assert list(out.parent.iterdir()) == [out]


def test_without_force_the_first_to_end_stays(out: Path) -> None:
    slow = staged(out, force=False, is_ours=is_ours)
    with pytest.raises(MisuseError, match="is not empty"), slow:
        fill(out)
    assert tree(out) == FILLED


def test_the_working_directory_is_never_replaced(out: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ours(out)
    (out / "below").mkdir()
    monkeypatch.chdir(out / "below")
    for given in (Path("..").joinpath("..", "pack"), out):
        with pytest.raises(MisuseError, match="is the working directory or holds it"):
            fill(given, force=True)


@pytest.mark.parametrize("below", ["pack", "a/pack"])
def test_a_file_above_the_folder_is_refused(below: str, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"mine")
    with pytest.raises(OutputError) as caught:
        fill(tmp_path / "file" / below)
    assert str(caught.value).startswith(f"{tmp_path}/file")
    assert "cannot be written (" in str(caught.value)
    assert tree(tmp_path) == {"file": b"mine"}


@linux
def test_a_parent_that_cannot_be_written_is_one_sentence() -> None:
    with pytest.raises(OutputError) as caught:
        fill(Path("/proc/pack"))
    assert str(caught.value).startswith("/proc/")
    assert str(caught.value).endswith("; choose another --out")


@posix
@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write everywhere")
def test_a_parent_without_permission_is_one_sentence(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(OutputError) as caught:
        fill(tmp_path / "pack")
    assert os.strerror(13).lower() in str(caught.value)


def test_parents_made_for_a_run_that_fails_are_removed_and_others_stay(tmp_path: Path) -> None:
    (tmp_path / "there").mkdir()
    with pytest.raises(KeyError), staged(tmp_path / "there/a/b/out", force=False, is_ours=is_ours):
        raise KeyError
    assert list(tmp_path.rglob("*")) == [tmp_path / "there"]
