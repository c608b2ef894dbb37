"""Time the command that makes a report, as a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from pack_score import make

COMMAND: Final = "from datagap.cli.report import main; main()"
SHARES: Final = {"nlq.count": 0.63, "slack.threads": 0.05, "email.threads": 0.0167}
"""Queries and threads for each event, as in the default config."""
KIBIBYTE: Final = 1 if sys.platform == "darwin" else 1024
"""What a system counts the memory of a process in."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Timed:
    """What a report on a pack takes."""

    events: int
    seconds: float
    """CPU time, from start to end."""
    peak: float
    """Most memory, in MiB."""

    @property
    def rate(self) -> float:
        """Events for each second of CPU time."""
        return self.events / self.seconds


def timed(events: int, overrides: Sequence[str]) -> Timed:
    """Return what a report on a pack of about so many events takes."""
    sized = [f"{name}={max(1, round(events * share))}" for name, share in SHARES.items()]
    with TemporaryDirectory(prefix="datagap-", ignore_cleanup_errors=True) as folder:
        pack = Path(folder) / "pack"
        counts = make(pack, 1, [*overrides, *sized]).counts
        seconds, peak = _run(["gen", "--quiet", "--pack", str(pack), "--out", str(Path(folder) / "report")])
    return Timed(events=counts.nl_queries + counts.slack + counts.email, seconds=seconds, peak=peak)


def _run(arguments: Sequence[str]) -> tuple[float, float]:
    """Return CPU seconds and peak memory of the command; raise CalledProcessError if it fails."""
    command = [sys.executable, "-c", COMMAND, *arguments]
    child = subprocess.Popen(command, env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)})
    _, status, usage = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode:
        raise subprocess.CalledProcessError(child.returncode, command)
    return usage.ru_utime + usage.ru_stime, usage.ru_maxrss * KIBIBYTE / (1 << 20)
