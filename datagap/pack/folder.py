"""Write a folder that appears whole or not at all."""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path, PurePosixPath
from tempfile import mkdtemp

from datagap.errors import DatagapError, MisuseError, system_reason

_BUFFER = 1 << 20
_NAME_KEPT = 100


class OutputError(DatagapError):
    """Report an output that cannot be written."""


class Staging:
    """A folder in the making; its files are hashed as they are written."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.digests: dict[str, str] = {}
        """SHA-256 of every file written so far, by its path with forward slashes."""

    @contextmanager
    def open(self, file: str) -> Iterator[Callable[[bytes], None]]:
        """Yield what appends to the new `file`, a path with forward slashes."""
        target = self.path / PurePosixPath(file)
        target.parent.mkdir(parents=True, exist_ok=True)
        hasher = hashlib.sha256()
        with target.open("xb", buffering=_BUFFER) as stream:

            def append(chunk: bytes) -> None:
                hasher.update(chunk)
                stream.write(chunk)

            yield append
        self.digests[file] = hasher.hexdigest()

    def write(self, file: str, chunks: bytes | Iterable[bytes]) -> None:
        """Write `chunks` to the new `file`, a path with forward slashes."""
        with self.open(file) as append:
            for chunk in [chunks] if isinstance(chunks, bytes) else chunks:
                append(chunk)


def destination(out: Path) -> Path:
    """Return `out` as an absolute path without `.` and `..`; links are not followed."""
    return Path(os.path.abspath(out))  # noqa: PTH100 - resolve() would follow links


@contextmanager
def staged(out: Path, *, force: bool, is_ours: Callable[[Path], bool]) -> Iterator[Staging]:
    """Yield a hidden sibling of `out` that takes its place when the block ends well, and is removed when it does not.

    An existing `out` is replaced if it is empty, or with `force` if it `is_ours`. Raises MisuseError if it is
    neither, OutputError if the system refuses to write. Runs side by side have siblings of their own; the last to
    end wins, if it has `force`.
    """
    out = destination(out)
    refuse_occupied(out, force=force, is_ours=is_ours)
    made = [folder for folder in out.parents if not folder.exists()]
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        hidden = Path(mkdtemp(prefix=f".{out.name[:_NAME_KEPT]}.", suffix=".partial", dir=out.parent))
        hidden.chmod(0o777 & ~_umask())
    except OSError as error:
        raise _refused(error, out) from error
    try:
        yield Staging(hidden)
        refuse_occupied(out, force=force, is_ours=is_ours)
        _replace(hidden, out)
    except BaseException as error:
        _remove(hidden, made)
        if isinstance(error, OSError):
            raise _refused(error, out) from error
        raise


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def files_in(folder: Path) -> set[str]:
    """Return the files below `folder`, and whatever else is there that is no folder, with forward slashes."""
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_symlink() or not path.is_dir()}


def refuse_occupied(out: Path, *, force: bool, is_ours: Callable[[Path], bool]) -> None:
    """Raise MisuseError if `out` may not be replaced: it holds something, without `force` or not of our making."""
    out = destination(out)
    try:
        if Path.cwd().is_relative_to(out):
            raise MisuseError("is the working directory or holds it", where=str(out), hint="choose another --out")
        if out.is_symlink() or (out.exists() and not out.is_dir()):
            raise MisuseError("is not a folder", where=str(out), hint="choose another --out")
        occupied = out.is_dir() and any(out.iterdir())
    except OSError as error:
        raise _refused(error, out) from error
    if occupied and not force:
        raise MisuseError("is not empty", where=str(out), hint="choose another --out, or replace it with --force")
    if occupied and not is_ours(out):
        raise MisuseError(
            "is not empty and was not written by this command", where=str(out), hint="choose another --out"
        )


def _remove(hidden: Path, made: Iterable[Path]) -> None:
    """Remove the staging folder, and the parents that were made for it if nothing else is in them."""
    shutil.rmtree(hidden, ignore_errors=True)
    with suppress(OSError):
        for folder in made:
            folder.rmdir()


def _replace(hidden: Path, out: Path) -> None:
    if not out.exists():
        hidden.rename(out)
        return
    old = hidden.with_name(hidden.name.removesuffix(".partial") + ".old")
    out.rename(old)
    try:
        hidden.rename(out)
    except BaseException:
        old.rename(out)
        raise
    shutil.rmtree(old, ignore_errors=True)
    if old.exists():
        raise OutputError("is left of the folder that was replaced, and cannot be removed", where=str(old))


def _refused(error: OSError, out: Path) -> OutputError:
    return OutputError(f"cannot be written ({system_reason(error)})", where=str(out), hint="choose another --out")
