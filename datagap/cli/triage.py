"""`datagap-report triage`: write the team's decisions and corrections down."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from datagap.cli.shell import Session, common_options, example
from datagap.errors import MisuseError
from datagap.problem import did_you_mean

if TYPE_CHECKING:
    from datagap import model
    from datagap.report.register import Register

Command = TypeVar("Command", bound=Callable[..., Any])
FILE = "triage.jsonl"
USERS = ("DATAGAP_BY", "USER", "LOGNAME", "USERNAME")
"""Environment variables that name who decides, the first that is set."""
_HELP = {"file": "Where decisions are kept.", "report": "Report that the groups, ranks and events are in."}


@click.group(
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog=example(
        "datagap-report triage dismiss g_8b918f --report report --reason 'loyalty is out of scope'",
        "datagap-report triage snooze 3 --report report --until 2026-01-31",
        "datagap-report triage list",
        "datagap-report gen --pack packs/p2 --out report2 --triage triage.jsonl",
    ),
)
@click.option("--file", type=click.Path(path_type=Path), help=f"{_HELP['file']}  [default: {FILE}]")
@click.option("--report", type=click.Path(path_type=Path), help=_HELP["report"])
@click.option("--by", metavar="NAME", help="Who decides.  [default: the user]")
@common_options
@click.pass_context
def triage(context: click.Context, /, **given: object) -> None:
    """Write down what the team decides about groups and corrects about events.

    Decisions are appended to a file that belongs under version control; `gen --triage` applies them. GROUP is a
    group's id, what it begins with, or its rank in the report.
    """
    kept = {name: value for name, value in given.items() if value is not None}
    context.default_map = dict.fromkeys(triage.commands, kept)


def _gap_type(_: click.Context, __: click.Parameter, value: str | None) -> str | None:
    from datagap.gap import GAP_TYPES

    if value is not None and value not in GAP_TYPES:
        hint = did_you_mean(value, GAP_TYPES) or f"known are {', '.join(GAP_TYPES)}"
        raise click.BadParameter(f"{value!r} is no gap type; {hint}")
    return value


def _options(command: Command) -> Command:
    """Add the options that every command has that writes."""
    options = [
        click.option(
            "--file", type=click.Path(path_type=Path), default=Path(FILE), show_default=True, help=_HELP["file"]
        ),
        click.option("--report", type=click.Path(path_type=Path), help=_HELP["report"]),
        click.option("--reason", metavar="TEXT", help="Why."),
        click.option("--ticket", metavar="ID", help="Ticket, as an id or an address."),
        click.option("--by", metavar="NAME", help="Who decides.  [default: the user]"),
        click.option("--at", metavar="TIME", help="When, as YYYY-MM-DDThh:mm:ssZ.  [default: now]"),
    ]
    for option in reversed(options):
        command = option(command)
    return common_options(command)


def _decision(name: str, decision: model.TriageDecision, example_line: str, text: str) -> None:
    """Add a command for a decision that needs nothing more than a group."""

    @triage.command(name, epilog=example(f"datagap-report triage {example_line}"), help=text)
    @click.argument("group", metavar="GROUP...", nargs=-1, required=True)
    @_options
    @click.pass_obj
    def command(session: Session, /, group: Sequence[str], **given: Any) -> None:
        _decide(session, group, decision, given)


_decision(
    "dismiss",
    "dismissed",
    "dismiss g_8b918f --report report --reason 'out of scope'",
    "Keep a group out of the backlog.",
)
_decision(
    "working-as-intended", "working_as_intended", "working-as-intended 4 --report report", "Say that it is meant so."
)
_decision("fix", "fixed", "fix g_8b918f --report report", "Say that it is fixed; new demand makes it regressed.")
_decision("reopen", "reopened", "reopen g_8b918f --report report", "Take back what was decided before.")
_decision("split", "split", "split g_05ace9 --report report", "Take a group out of another, and keep the two apart.")


@triage.command(epilog=example("datagap-report triage snooze g_8b918f --report report --until-people 5"))
@click.argument("group", metavar="GROUP...", nargs=-1, required=True)
@click.option("--until", metavar="DATE", help="Day that it comes back on, as YYYY-MM-DD.")
@click.option("--until-people", type=click.IntRange(1, 1_000_000_000), help="Further people that bring it back.")
@_options
@click.pass_obj
def snooze(
    session: Session, /, group: Sequence[str], until: str | None, until_people: int | None, **given: Any
) -> None:
    """Keep a group out of the backlog until a day, or until so many more people ran into it."""
    if until is None and until_people is None:
        raise click.UsageError("a snooze needs --until or --until-people")
    _decide(session, group, "snoozed", given, until=until, until_people=until_people)


@triage.command(epilog=example("datagap-report triage assign g_8b918f --report report --to hugo.santos"))
@click.argument("group", metavar="GROUP...", nargs=-1, required=True)
@click.option("--to", metavar="NAME", required=True, help="Who is to serve it.")
@_options
@click.pass_obj
def assign(session: Session, /, group: Sequence[str], to: str, **given: Any) -> None:
    """Assign a group to somebody."""
    _decide(session, group, "assigned", given, assignee=to)


@triage.command(epilog=example("datagap-report triage link g_8b918f --report report --ticket DATA-412"))
@click.argument("group", metavar="GROUP...", nargs=-1, required=True)
@_options
@click.pass_obj
def link(session: Session, /, group: Sequence[str], **given: Any) -> None:
    """Link a group to a ticket."""
    if given["ticket"] is None:
        raise click.UsageError("Missing option '--ticket'")
    _decide(session, group, "linked", given)


@triage.command(epilog=example("datagap-report triage merge g_8b918f --into g_05ace9 --report report"))
@click.argument("group", metavar="GROUP...", nargs=-1, required=True)
@click.option("--into", metavar="GROUP", required=True, help="Group that it becomes part of.")
@_options
@click.pass_obj
def merge(session: Session, /, group: Sequence[str], into: str, **given: Any) -> None:
    """Make groups part of another group, under its id."""
    register = _register(given)
    target = register.group(into).group_id
    if target in {register.group(name).group_id for name in group}:
        raise click.UsageError(f"{target} cannot be merged into itself")
    _decide(session, group, "merged", given, into=target)


@triage.command(
    epilog=example(
        "datagap-report triage correct s_0000003_00 --report report --not-a-request",
        "datagap-report triage correct q_00000012 --report report --gap-type docs_missing --dataset fct_orders",
    )
)
@click.argument("event", metavar="EVENT...", nargs=-1, required=True)
@click.option("--not-a-request", is_flag=True, help="It asks for nothing that data should serve.")
@click.option("--gap-type", metavar="TYPE", callback=_gap_type, help="The right type of gap.")
@click.option("--dataset", metavar="NAME", help="The right dataset.")
@click.option("--pack", type=click.Path(path_type=Path), help="Pack that the events are in, for those without a gap.")
@_options
@click.pass_obj
def correct(
    session: Session,
    /,
    event: Sequence[str],
    not_a_request: bool,
    gap_type: model.GapType | None,
    dataset: str | None,
    pack: Path | None,
    **given: Any,
) -> None:
    """Correct what was detected about events; later runs go by it."""
    if not_a_request is bool(gap_type or dataset):
        raise click.UsageError("a correction is --not-a-request, or --gap-type and --dataset")
    register = _register(given)
    register.require_events(event, pack)
    if dataset is not None and (hint := register.doubt(dataset)):
        session.warn(hint)
    blank = _blank(given)
    made = [replace(blank, correction="not_a_request")] if not_a_request else []
    made += [replace(blank, correction="gap_type", gap_type=gap_type)] if gap_type else []
    made += [replace(blank, correction="dataset", dataset=dataset)] if dataset else []
    entries = [replace(entry, event_id=event_id) for event_id in dict.fromkeys(event) for entry in made]
    _append(session, given, entries)


@triage.command("list", epilog=example("datagap-report triage list --report report"))
@click.option("--file", type=click.Path(path_type=Path), default=Path(FILE), show_default=True, help=_HELP["file"])
@click.option("--report", type=click.Path(path_type=Path), help="Report whose day and demand count.")
@click.option("--by", metavar="NAME", help="Only what they decided last.")
@click.option("--at", metavar="TIME", help="Moment that counts.  [default: the report's, or now]")
@common_options
@click.pass_obj
def list_(session: Session, /, file: Path, report: Path | None, by: str | None, at: str | None) -> None:
    """List every group that was decided on with where it stands, and every corrected event."""
    from datagap.report.register import Register, check_time

    register = Register.of(file, report, must_exist=True)
    for line in register.listed(check_time(at) if at else None, by):
        session.say(line)


def _decide(
    session: Session, groups: Sequence[str], decision: model.TriageDecision, given: dict[str, Any], **more: Any
) -> None:
    register = _register(given)
    blank = replace(_blank(given), decision=decision, **more)
    entries = [register.about(blank, name) for name in groups]
    _append(session, given, list({entry.group_id: entry for entry in entries}.values()))


def _append(session: Session, given: dict[str, Any], entries: Sequence[model.TriageEntry]) -> None:
    from datagap.report.ledger import append
    from datagap.report.register import told

    append(given["file"], entries)
    for entry in entries:
        session.say(f"{given['file']}: {told(entry)}")


def _register(given: dict[str, Any]) -> Register:
    from datagap.report.register import Register

    return Register.of(given["file"], given["report"])


def _blank(given: dict[str, Any]) -> model.TriageEntry:
    from datagap import clock, model
    from datagap.report.register import check_time

    at = check_time(given["at"]) if given["at"] else clock.render(clock.now())
    return model.TriageEntry(by=_by(given["by"]), at=at, reason=given["reason"], ticket=given["ticket"])


def _by(given: str | None) -> str:
    """Return who decides: as given, as the environment says, or as git knows them."""
    by = given or next((os.environ[name] for name in USERS if os.environ.get(name)), "") or _git_user()
    if not by.strip():
        raise MisuseError("is not known", where="--by", hint="say who decides with --by NAME")
    return by.strip()


def _git_user() -> str:
    git = shutil.which("git")
    if git is None:
        return ""
    done = subprocess.run([git, "config", "user.name"], capture_output=True, encoding="utf-8", check=False)  # noqa: S603
    return done.stdout.strip()
