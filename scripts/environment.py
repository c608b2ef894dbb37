"""The virtual environment of the scripts, and the steps that run in it.

An old Python must be able to read this file and the scripts that import it, to say in one sentence that it is old.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NoReturn

ROOT = Path(__file__).resolve().parent.parent
NEEDED = (3, 11)
NEWER = ("python3.13", "python3.12", "python3.11")
PATIENCE = 3
"""Seconds that an interrupted step has to end by itself."""


class StepError(Exception):
    """Stop a script with one sentence and an exit code."""

    def __init__(self, message: str, code: int) -> None:
        super().__init__(message)
        self.code = code


def run_script(main: Callable[[list[str]], int]) -> NoReturn:
    """Exit with what `main` returns for the arguments, under a Python that is new enough."""
    try:
        sys.exit(main(sys.argv[1:]) if sys.version_info >= NEEDED else _run_newer())
    except StepError as error:
        print(f"{_shown(sys.argv[0])}: {error}.", file=sys.stderr)
        sys.exit(error.code)
    except KeyboardInterrupt:
        sys.exit(130)


def step(purpose: str, command: Sequence[str], cwd: Path = ROOT) -> None:
    """Say what is done and do it; raise StepError if `command` fails."""
    code = run(purpose, command, cwd)
    if code:
        raise StepError(f"this step failed with exit code {code}: {purpose}", code)


def run(purpose: str, command: Sequence[str], cwd: Path = ROOT) -> int:
    """Say what is done, do it and return the exit code, 128 and up for a signal."""
    print(f"==> {purpose}", flush=True)
    return _wait(command, cwd)


class Environment:
    """The virtual environment in `folder`."""

    def __init__(self, folder: Path = ROOT / ".venv") -> None:
        self.folder = folder
        self.python = self.program("python")

    def program(self, name: str) -> str:
        """Return the path of a program in the environment."""
        windows = os.name == "nt"
        return str(self.folder / ("Scripts" if windows else "bin") / (name + ".exe" if windows else name))

    def make(self) -> None:
        """Make the environment, unless one is there that works."""
        if _version(self.python) < NEEDED:
            again = " anew, for it does not work" if self.folder.exists() else ""
            make = [sys.executable, "-m", "venv", "--clear", str(self.folder)]
            step(f"Make the virtual environment {_shown(self.folder)}{again}", make)

    def install_tools(self) -> None:
        """Install a current pip and the development tools."""
        self.install("a current pip", "--upgrade", "pip")
        self.install("the development tools", "--group", "dev")

    def install(self, what: str, *arguments: str) -> None:
        """Install `what` by pip, unless that was done and pyproject.toml is still the same."""
        stamps = self._stamps()
        key, digest = " ".join(arguments), self._digest()
        if stamps.get(key) == digest and ("--editable" not in arguments or self._runs_the_source()):
            return
        if _output([self.python, "-c", "import pip"]) is None:
            step("Add pip to the virtual environment", [self.python, "-m", "ensurepip"])
        step(f"Install {what}", [self.python, "-m", "pip", "install", "-qq", *arguments])
        stamps[key] = digest
        self._stamp_file.write_text(json.dumps(stamps, indent=2), encoding="utf-8")

    def fetch_source(self, package: str, why: str) -> None:
        """Download the source of a package as it is installed, unless it is there."""
        code = f"from importlib.metadata import version; print(version({package!r}))"
        version = (_output([self.python, "-c", code]) or "").strip()
        folder = self.folder / "sources"
        if not (folder / f"{package}-{version}.tar.gz").is_file():
            what = [f"{package}=={version}", "--no-deps", "--no-binary", package, "--dest", str(folder)]
            step(f"Fetch the source of {package}, {why}", [self.python, "-m", "pip", "download", "-qq", *what])

    @property
    def _stamp_file(self) -> Path:
        return self.folder / "installed.json"

    def _stamps(self) -> dict[str, str]:
        try:
            stamps = json.loads(self._stamp_file.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}
        return stamps if isinstance(stamps, dict) else {}

    def _digest(self) -> str:
        """Return a digest of what decides on an installation: the project, its place and the Python."""
        files = [(ROOT / name).read_bytes() for name in ("pyproject.toml", "datagap/__init__.py")]
        return hashlib.sha256(repr((files, str(ROOT), _version(self.python))).encode()).hexdigest()

    def _runs_the_source(self) -> bool:
        """Tell whether the environment imports datagap from here, and generated/ is what spec/ gives."""
        from codegen import is_stale

        code = "import datagap, datagap_spec; print(datagap.__file__); print(datagap_spec.__file__)"
        places = (_output([self.python, "-I", "-c", code]) or "").splitlines()
        expected = [ROOT / "datagap" / "__init__.py", ROOT / "generated" / "datagap_spec" / "__init__.py"]
        return [Path(place).resolve() for place in places] == expected and not is_stale(ROOT)


def _run_newer() -> int:
    """Run the script again under a newer Python and return its exit code."""
    for name in NEWER:
        python = shutil.which(name)
        if python and _version(python) >= NEEDED:
            return _wait([python, *sys.argv], Path.cwd())
    here = ".".join(map(str, sys.version_info[:2]))
    raise StepError(f"Python 3.11 or newer is needed and this is {here}; install one and run the script with it", 1)


def _wait(command: Sequence[str], cwd: Path) -> int:
    try:
        process = subprocess.Popen(command, cwd=cwd, env=_environ())
    except OSError as error:
        raise StepError(f"{_shown(command[0])} cannot be run ({error.strerror})", 127) from error
    try:
        code = process.wait()
    except KeyboardInterrupt:
        _end(process)
        raise
    return code if code >= 0 else 128 - code


def _end(process: subprocess.Popen[bytes]) -> None:
    try:
        process.wait(PATIENCE)
    except subprocess.TimeoutExpired:
        process.terminate()
        process.wait()


def _version(python: str) -> tuple[int, ...]:
    """Return the major and minor version of a Python, () if it does not run."""
    output = _output([python, "-c", "import sys; print(*sys.version_info[:2])"])
    return tuple(map(int, (output or "").split()))


def _output(command: Sequence[str]) -> str | None:
    """Return what `command` prints, None if it fails."""
    try:
        done = subprocess.run(command, env=_environ(), capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return None
    return done.stdout


def _environ() -> dict[str, str]:
    """Return the environment variables without those that lead a Python out of its environment."""
    return {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "PYTHONHOME")}


def _shown(path: str | Path) -> str:
    """Return `path` from the root of the project, if it is in there."""
    try:
        return Path(path).absolute().relative_to(ROOT).as_posix()
    except ValueError:
        return str(path)
