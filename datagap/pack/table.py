"""Read untrusted CSV strictly."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path

from datagap.pack.source import BOM_REASON, lines, syntax_problem
from datagap.problem import Problem, show


def read_csv(folder: Path, file: str, columns: tuple[str, ...]) -> Iterator[tuple[int, dict[str, str] | Problem]]:
    """Yield, by line, each row of a CSV file with exactly these columns, or the problem that the line has.

    What is not CSV ends the reading; a row with too few or too many cells does not.
    """
    reader = csv.reader(_texts(folder, file), strict=True)
    try:
        header = next(reader, None)
        if header is None or tuple(header) != columns:
            yield 1, syntax_problem(file, 1, _not_the_header(columns, header))
            return
        for row in reader:
            if len(row) == len(columns):
                yield reader.line_num, dict(zip(columns, row, strict=True))
            else:
                message = f"expected {len(columns)} cells, got {len(row)}"
                yield reader.line_num, syntax_problem(file, reader.line_num, message)
    except csv.Error as error:
        reason = str(error).partition(" - ")[0]
        yield reader.line_num, syntax_problem(file, reader.line_num, f"is not valid CSV ({reason})")
    except _NoTextError as error:
        yield error.problem.line or 1, error.problem


class _NoTextError(Exception):
    """Carry the problem of a line that is no text out of the CSV reader."""

    def __init__(self, problem: Problem) -> None:
        super().__init__()
        self.problem = problem


def _texts(folder: Path, file: str) -> Iterator[str]:
    for number, line in lines(folder, file):
        if isinstance(line, Problem):
            raise _NoTextError(line)
        try:
            yield line.decode()
        except UnicodeDecodeError as error:
            message = f"is not valid UTF-8 (byte {error.start + 1})"
            raise _NoTextError(syntax_problem(file, number, message)) from error


def _not_the_header(columns: tuple[str, ...], header: list[str] | None) -> str:
    if header and header[0].startswith("\ufeff"):
        return BOM_REASON
    got = "an empty file" if header is None else show(",".join(header))
    return f"expected the header {','.join(columns)}, got {got}"
