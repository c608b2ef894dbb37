#!/usr/bin/env python3
"""Say whom the changes between two states of spec/ break, and whether the schema version has been bumped enough.

python scripts/spec_diff.py OLD [NEW]    compare two git revisions or folders; NEW is the working tree by default
python scripts/spec_diff.py --history    compare the working tree with what the branch has published

Whom a change breaks, and what for, says spec_change.py.

The exit code is 1 if a breaking change comes without a major bump, and 2 if OLD or NEW is nothing to compare.
"""

from __future__ import annotations

import argparse
import io
import json
import os
import re
import subprocess
import sys
import zipfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from importlib.resources.abc import Traversable
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "scripts")]

import jsonschema  # noqa: E402

from datagap.errors import DatagapError, MisuseError  # noqa: E402
from datagap.schema import SUFFIX, SchemaError, read_schema  # noqa: E402
from spec_change import VERSION_AT, Bump, Change, Documents, compare, version_of  # noqa: E402

WORKING_TREE = "the working tree"


@dataclass(frozen=True)
class State:
    """The schemas as they were or are."""

    name: str
    documents: Documents

    @property
    def version(self) -> str | None:
        """The schema version, if there is one."""
        return version_of(self.documents.get("config", {}))


@dataclass(frozen=True)
class Comparison:
    """Two states and the changes from one to the other."""

    old: State
    new: State
    changes: Sequence[Change]

    @property
    def asked(self) -> Bump:
        """The bump that the changes ask for in all."""
        return max((change.bump for change in self.changes), default=Bump.NONE)

    @property
    def made(self) -> Bump:
        """The bump that NEW has made; none if its version is not above OLD's, or one has no version."""
        old, new = _numbers(self.old), _numbers(self.new)
        if not old or not new or new <= old:
            return Bump.NONE
        return Bump(Bump.MAJOR - next(step for step in range(3) if old[step] != new[step]))

    @property
    def fails(self) -> bool:
        """Whether a breaking change comes without a major bump."""
        return self.made < self.asked == Bump.MAJOR

    def __str__(self) -> str:
        old, new = (f"{state.name} ({state.version or 'no version'})" for state in (self.old, self.new))
        heading = f"From {old} to {new}"
        if not self.changes:
            return f"{heading}: nothing has changed."
        breaking = sum(change.bump is Bump.MAJOR for change in self.changes)
        outcome = "has made it" if self.made >= self.asked else f"has not made it{self._least()}"
        count = f"{len(self.changes)} change{'s'[: len(self.changes) != 1]}, {breaking} breaking"
        return f"{heading}: {count}; asks for a {self.asked} bump, and the version {outcome}."

    def _least(self) -> str:
        numbers = _numbers(self.old)
        if not numbers:
            return ""
        step = Bump.MAJOR - self.asked
        least = [*numbers[:step], numbers[step] + 1, 0, 0][:3]
        return f"; it has to be {'.'.join(map(str, least))} or above"

    def as_data(self) -> dict[str, object]:
        """Return the comparison as JSON data."""
        return {
            "old": {"name": self.old.name, "version": self.old.version},
            "new": {"name": self.new.name, "version": self.new.version},
            "asked": str(self.asked),
            "made": str(self.made),
            "fails": self.fails,
            "changes": [asdict(change) | {"bump": str(change.bump)} for change in self.changes],
        }


def read_state(source: str, root: Path) -> State:
    """Return the schemas of a folder or of a revision of the repository `root`; raise MisuseError if it is neither."""
    for folder in (Path(source), Path(source, "spec")):
        if paths := list(folder.glob(f"*{SUFFIX}")):
            return _read(source, paths)
    if Path(source).is_dir():
        raise MisuseError(f"has neither *{SUFFIX} nor spec/", where=source, hint="name a folder with schemas")
    return _read_revision(source, root)


def working_tree(root: Path) -> State:
    """Return the schemas as they stand in the repository `root`."""
    paths = list((root / "spec").glob(f"*{SUFFIX}"))
    if not paths:
        raise MisuseError(f"has no *{SUFFIX}", where=str(root / "spec"))
    return _read(WORKING_TREE, paths)


def published(root: Path) -> tuple[list[str], list[str]]:
    """Return the revisions that the working tree has to be compared with, and remarks on them.

    They are the newest commit of another version and the oldest commit of the working tree's version with no other
    version after it, both on the first parents of HEAD.
    """
    if why_not := _why_no_history(root):
        return [], [why_not]
    version, own, other = working_tree(root).version, None, None
    if version is None:
        raise SchemaError("there is no schema version", where=VERSION_AT)
    commits = _git(root, "log", "--first-parent", "--format=%h", "--", "spec").stdout.decode().split()
    for commit in commits:
        found = _version_at(commit, root)
        if found == version:
            own = commit
        elif found is not None:
            other = commit
            break
    remarks = [] if own else [f"No commit before the working tree has version {version}."]
    if not other and _git(root, "rev-parse", "--is-shallow-repository").stdout.strip() == b"true":
        remarks.append("The history is shallow and shows no other version; comparing with the oldest commit there is.")
    elif not other:
        remarks.append(f"No commit has another version than {version}.")
    return [commit for commit in (other, own) if commit], remarks


def _why_no_history(root: Path) -> str:
    found = _git(root, "rev-parse", "--git-dir")
    if found.returncode == 127:
        return "Git is not installed, so there is no history to compare with."
    if found.returncode and b"not a git repository" not in found.stderr:
        raise MisuseError(_first_line(found.stderr), where=str(root))
    if found.returncode:
        return f"{root} is no git repository, so there is no history to compare with."
    if _git(root, "rev-parse", "--quiet", "--verify", "HEAD").returncode:
        return "There is no commit yet to compare with."
    return ""


def _version_at(commit: str, root: Path) -> str | None:
    shown = _git(root, "show", f"{commit}:./spec/config{SUFFIX}")
    try:
        return None if shown.returncode else version_of(json.loads(shown.stdout))
    except ValueError:
        return None


def _read_revision(revision: str, root: Path) -> State:
    found = _git(root, "rev-parse", "--quiet", "--verify", "--end-of-options", f"{revision}^{{commit}}")
    if found.returncode == 127:
        raise MisuseError("is no folder, and git is not installed to look for a revision", where=revision)
    if found.returncode:
        raise MisuseError(f"is neither a folder nor a revision of {root}", where=revision)
    archived = _git(root, "archive", "--format=zip", found.stdout.decode().strip(), "spec")
    if archived.returncode:
        raise MisuseError("has no spec/", where=revision)
    archive = zipfile.ZipFile(io.BytesIO(archived.stdout))
    archive.filename = revision  # a schema is then named REVISION/spec/NAME in messages
    paths = [path for path in zipfile.Path(archive, "spec/").iterdir() if path.name.endswith(SUFFIX)]
    return _read(revision, paths)


def _read(name: str, paths: Sequence[Path | Traversable]) -> State:
    documents = {
        path.name.removesuffix(SUFFIX): read_schema(path) for path in sorted(paths, key=lambda path: path.name)
    }
    for document, schema in documents.items():
        try:
            jsonschema.Draft202012Validator.check_schema(schema)
        except jsonschema.SchemaError as error:
            where = "/".join([f"{name}: {document}{SUFFIX}#", *map(str, error.path)])
            raise SchemaError(f"is not a valid schema ({error.message})", where=where) from error
    state = State(name, documents)
    _numbers(state)
    return state


def _numbers(state: State) -> list[int]:
    """Return the parts of the version, or nothing if there is no version."""
    if state.version is None:
        return []
    if not re.fullmatch("[0-9]+[.][0-9]+[.][0-9]+", state.version):
        raise SchemaError(f"version {state.version} is not MAJOR.MINOR.PATCH", where=f"{state.name}: {VERSION_AT}")
    return [int(part) for part in state.version.split(".")]


def _git(root: Path, *arguments: str) -> subprocess.CompletedProcess[bytes]:
    """Run git in `root`; the return code is 127 if there is none."""
    command = ["git", "-C", str(root), *arguments]
    try:
        return subprocess.run(command, env=os.environ | {"LC_ALL": "C"}, capture_output=True, check=False)
    except FileNotFoundError:
        return subprocess.CompletedProcess(command, 127, b"", b"")


def _first_line(output: bytes) -> str:
    return output.decode(errors="replace").strip().partition("\n")[0]


def _compared(old: State, new: State) -> Comparison:
    return Comparison(old, new, compare(old.documents, new.documents))


def _print(comparisons: Sequence[Comparison], remarks: Sequence[str], layout: str, least: Bump) -> None:
    """Print the comparisons; as text, only the changes that ask for a bump of at least `least`."""
    if layout == "json":
        data = {"comparisons": [comparison.as_data() for comparison in comparisons], "remarks": list(remarks)}
        print(json.dumps(data, indent=2))
        return
    lines = [*remarks]
    for comparison in comparisons:
        listed = [str(change) for change in comparison.changes if change.bump >= least]
        lines += [*listed, str(comparison)]
    try:
        print("\n".join(lines), flush=True)
    except BrokenPipeError:  # whoever reads has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def main(arguments: Sequence[str]) -> int:
    """Print the changes and what they ask for; return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("old", metavar="OLD", nargs="?", help="a git revision, or a folder with schemas or with spec/")
    parser.add_argument("new", metavar="NEW", nargs="?", help=f"the same (default: spec/ of {WORKING_TREE})")
    parser.add_argument(
        "--history", action="store_true", help="compare with what the branch has published, and list no patches"
    )
    parser.add_argument("--format", choices=["text", "json"], default="text", help="(default: text)")
    parser.add_argument("--root", type=Path, default=ROOT, help="the repository (default: this one)")
    options = parser.parse_args(arguments)
    if options.history is (options.old is not None):
        parser.error("give either OLD or --history")
    try:
        new = read_state(options.new, options.root) if options.new else working_tree(options.root)
        revisions, remarks = published(options.root) if options.history else ([options.old], [])
        comparisons = [_compared(read_state(revision, options.root), new) for revision in revisions]
    except DatagapError as error:
        print(f"spec_diff: {error}", file=sys.stderr)
        return error.exit_code
    _print(comparisons, remarks, options.format, Bump.MINOR if options.history else Bump.NONE)
    return int(any(comparison.fails for comparison in comparisons))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
