"""Fuzz the readers, guided by coverage (Atheris, libFuzzer); scripts/fuzz installs what this needs and runs it."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "generated")]


def main(arguments: Sequence[str]) -> None:
    """Fuzz for some seconds from a corpus that grows; the process ends with 77 when something was found."""
    import atheris

    with atheris.instrument_imports(include=["datagap"]):
        from tests.fuzzing import LONGEST, one, seeds

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=int, default=600, help="how long (default: 600)")
    parser.add_argument("--corpus", type=Path, default=ROOT / "out" / "fuzz", help="folder of the inputs")
    options = parser.parse_args(arguments)
    options.corpus.mkdir(parents=True, exist_ok=True)
    for name, data in seeds().items():
        (options.corpus / name).write_bytes(data)
    flags = {
        "max_total_time": options.seconds,
        "max_len": LONGEST,
        "timeout": 30,
        "rss_limit_mb": 2048,
        "artifact_prefix": f"{options.corpus.resolve()}.",
    }
    atheris.Setup([sys.argv[0], *(f"-{name}={value}" for name, value in flags.items()), str(options.corpus)], one)
    atheris.Fuzz()


if __name__ == "__main__":
    main(sys.argv[1:])
