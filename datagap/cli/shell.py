"""What both commands share: options, printing, and how errors end."""

from __future__ import annotations

import os
import shutil
import signal
import sys
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from datagap import __version__
from datagap.cli.reporter import REPORTERS, Verdict, problem_line
from datagap.errors import DatagapError, system_reason
from datagap.problem import printable

if TYPE_CHECKING:
    from rich.console import Console

Command = TypeVar("Command", bound=Callable[..., Any])
SHOWN = 100
"""Problems of each level that a verdict lists; the rest is counted."""
INTERRUPTED = 130
TERMINATED = 143
MISUSED = 2
TABLE_WIDTH = 160
"""Columns that a table may take, however narrow the terminal is."""


@dataclass
class Session:
    """How much to print, as the common options say."""

    verbose: bool = False
    quiet: bool = False
    debug: bool = False

    def say(self, text: str) -> None:
        """Print a result, unless --quiet."""
        if not self.quiet:
            click.echo(printable(text))

    def detail(self, text: str) -> None:
        """Print what only --verbose wants to know, on stderr."""
        if self.verbose and not self.quiet:
            click.echo(printable(text), err=True)

    def conclude(self, verdict: Verdict, form: str) -> int:
        """Print a verdict in a format of REPORTERS and return the exit code; --quiet leaves of text what fails."""
        quiet = self.quiet and form == "text"
        for line in map(problem_line, verdict.failing) if quiet else REPORTERS[form](verdict):
            click.echo(line)
        return 0 if verdict.valid else 1

    def warn(self, text: str) -> None:
        """Print a warning on stderr, --quiet or not."""
        click.echo(f"warning: {printable(text)}", err=True)


def common_options(command: Command) -> Command:
    """Add --verbose, --quiet and --debug to a command or group."""
    texts = {
        "verbose": "Say what is done.",
        "quiet": "Print errors and warnings only.",
        "debug": "Show a traceback with an error.",
    }
    for name, text in reversed(texts.items()):
        command = click.option(f"--{name}", is_flag=True, expose_value=False, callback=_remember, help=text)(command)
    return command


def verdict_options(command: Command) -> Command:
    """Add --format and --max-errors to a command that prints a verdict."""
    most = click.option(
        "--max-errors",
        type=click.IntRange(0),
        default=SHOWN,
        show_default=True,
        help="Errors, and warnings, to list; 0 lists all.",
    )
    form = click.option(
        "--format", "form", type=click.Choice([*REPORTERS]), default="text", show_default=True, help="Output."
    )
    return form(most(command))


def _remember(context: click.Context, parameter: click.Parameter, value: bool) -> None:
    if value and parameter.name:
        setattr(context.ensure_object(Session), parameter.name, True)


def example(*lines: str) -> str:
    """Return the epilog of a command: an example that can be pasted."""
    return "\n".join(["\b", "Example:", *(f"  {line}" for line in lines)])


def version_option(name: str) -> Callable[[Command], Command]:
    """Return the --version option of the program `name`."""
    return click.version_option(__version__, prog_name=name)


def run(group: click.Group, name: str) -> None:
    """Run a command line and exit: 0 fine, 1 invalid content or I/O, 2 misuse, 130 interrupted."""
    sys.stdout = sys.stdout or Path(os.devnull).open("w")  # noqa: SIM115 - it stays open as long as the program runs
    sys.stderr = sys.stderr or sys.stdout
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure:
            reconfigure(errors="backslashreplace")
    for number in ("SIGTERM", "SIGHUP"):
        if hasattr(signal, number):
            signal.signal(getattr(signal, number), lambda *_: sys.exit(TERMINATED))
    sys.exit(_run(group, name, Session()))


def _run(group: click.Group, name: str, session: Session) -> int:
    try:
        result = group.main(prog_name=name, standalone_mode=False, obj=session)
        sys.stdout.flush()
        return result if isinstance(result, int) else 0
    except click.exceptions.NoArgsIsHelpError as error:
        click.echo(error.ctx.get_help() if error.ctx else "", err=True)
        return MISUSED
    except click.ClickException as error:
        return _fail(session, _usage(error, name), error.exit_code)
    except (KeyboardInterrupt, click.Abort):
        click.echo("interrupted; nothing was left half-written", err=True)
        return INTERRUPTED
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except DatagapError as error:
        return _fail(session, str(error), error.exit_code)
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        return _fail(session, f"{where}{system_reason(error)}", 1)
    except Exception as error:
        kind = type(error).__name__
        return _fail(session, f"unexpected {kind} ({error}); this is a bug, run again with --debug and report it", 1)


def _usage(error: click.ClickException, name: str) -> str:
    context = getattr(error, "ctx", None)
    path = context.command_path if context else name
    return f"{error.format_message().rstrip('.')}; see {path} --help"


def _fail(session: Session, sentence: str, code: int) -> int:
    if session.debug:
        traceback.print_exc()
    click.echo(f"error: {printable(sentence)}", err=True)
    return code


def console() -> Console:
    """Return what prints tables; in a narrow terminal the terminal breaks the lines and not the cells."""
    from rich.console import Console

    columns = shutil.get_terminal_size().columns
    return Console(width=max(columns, TABLE_WIDTH), highlight=False, markup=False, emoji=False)
