"""`datagap-report`: turn a pack into a ranked, evidenced backlog of gaps."""

from __future__ import annotations

import os
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import click

from datagap.cli.aliases import aliases
from datagap.cli.reporter import Verdict
from datagap.cli.shell import Session, common_options, console, example, run, verdict_options, version_option
from datagap.cli.triage import triage
from datagap.errors import MisuseError
from datagap.problem import did_you_mean, printable

if TYPE_CHECKING:
    from datagap import model
    from datagap.report.memory import Memory

NAME = "datagap-report"
SAMPLE = 5
MAX = 1_000_000_000
DAY_MS = 86_400_000


def _gap_types(_: click.Context, __: click.Parameter, value: str | None) -> list[str] | None:
    """Return the gap types in a comma-separated text; raise BadParameter for an unknown one."""
    from datagap.gap import GAP_TYPES

    if value is None:
        return None
    names = [name.strip() for name in value.split(",") if name.strip()]
    for name in names:
        if name not in GAP_TYPES:
            hint = did_you_mean(name, GAP_TYPES) or f"known are {', '.join(GAP_TYPES)}"
            raise click.BadParameter(f"{name!r} is no gap type; {hint}")
    if not names:
        raise click.BadParameter("expected at least one gap type")
    return list(dict.fromkeys(names))


@click.group(
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog=example("datagap-report gen --pack packs/p1 --out report"),
)
@version_option(NAME)
@common_options
def cli() -> None:
    """Read the questions people ask beside a data catalog, and write what the catalog cannot serve."""


@cli.command(
    epilog=example(
        "datagap-report gen --pack packs/p1 --out report",
        "datagap-report gen --pack packs/p1 --out report --source slack --focus-gaps freshness_breach,access_denied",
    )
)
@click.option("--pack", type=click.Path(path_type=Path), required=True, help="Folder of the pack to read.")
@click.option("--out", type=click.Path(path_type=Path), required=True, help="Folder to write.")
@click.option("--llm", type=click.Choice(["on", "off"]), help="Use language-model stages.  [default: off]")
@click.option("--model", "model_name", metavar="NAME", help="Language model.  [default: gpt-5-mini]")
@click.option("--embed", metavar="NAME", help="Embedding model.  [default: text-embedding-3-small]")
@click.option("--api-base", metavar="URL", help="Model service.  [default: https://api.openai.com]")
@click.option("--config", type=click.Path(path_type=Path), help="YAML file with these options; the command line wins.")
@click.option("--owners", type=click.Path(path_type=Path), help="Owners by dataset: YAML, or CSV (dataset,owner).")
@click.option("--source", type=click.Choice(["all", "nlq", "slack", "email"]), help="Channel to read.  [default: all]")
@click.option(
    "--focus-gaps", metavar="CSV", callback=_gap_types, help="Gap types to report, separated by commas.  [default: all]"
)
@click.option("--sample", type=click.IntRange(0, MAX), help="Events to read per channel; 0 reads all.  [default: 0]")
@click.option("--min-frequency", type=click.IntRange(1, MAX), help="Events that an item needs.  [default: 1]")
@click.option("--min-people", type=click.IntRange(1, MAX), help="People needed to show quotes.  [default: 1]")
@click.option("--p95-ms", type=click.IntRange(1, DAY_MS), help="Query latency that counts as slow.  [default: 30000]")
@click.option("--triage", "decisions", type=click.Path(path_type=Path), help="Decisions to apply: a triage.jsonl.")
@click.option("--previous", type=click.Path(path_type=Path), help="Earlier report, for trends and ids.")
@click.option("--aliases", "names", type=click.Path(path_type=Path), help="Confirmed aliases: CSV, YAML or JSON.")
@click.option("--force", is_flag=True, help="Replace a report that is there.")
@common_options
@click.pass_obj
def gen(
    session: Session,
    /,
    pack: Path,
    out: Path,
    config: Path | None,
    owners: Path | None,
    decisions: Path | None,
    previous: Path | None,
    names: Path | None,
    force: bool,
    model_name: str | None,
    **given: object,
) -> None:
    """Write a report on a pack.

    Every event is read unless --sample says otherwise. The answer key, the query bot's gap types and Slack labels
    are never read.
    """
    from datagap.pack.reader import Pack
    from datagap.report.alias import load_aliases
    from datagap.report.linking import NO_ALIASES
    from datagap.report.options import check_llm, load_options
    from datagap.report.render.overview import put_aside
    from datagap.report.run import write_report

    options = load_options(config, owners, {**given, "model": model_name})
    check_llm(options, os.environ.get("LLM_API_KEY"))
    memory = _memory(session, out, decisions, previous, options)
    session.detail(f"reading {pack}")
    source = Pack(pack)
    known = NO_ALIASES if names is None else load_aliases(names, source.catalog())
    report = write_report(source, options, out, force=force, memory=memory, aliases=known)
    tallies = report.tallies
    aside = f"; {put_aside(report)}" if report.decided else ""
    session.say(
        f"wrote {out}: {len(report.items)} gaps behind {tallies.with_gap} of {tallies.events} events; "
        f"{tallies.contradicted} contradicted by the catalog, {tallies.unexplained} failed queries unexplained{aside}"
    )


def _memory(
    session: Session, out: Path, decisions: Path | None, previous: Path | None, options: model.RunConfig
) -> Memory:
    """Return what is known from before; warn where the earlier report counts something else."""
    from datagap.report.ledger import Ledger, read_ledger
    from datagap.report.memory import Memory
    from datagap.report.past import differing, read_report

    if decisions is not None and decisions.absolute().is_relative_to(out.absolute()):
        raise MisuseError("is inside --out, which is replaced", where=str(decisions), hint="keep it elsewhere")
    past = None if previous is None else read_report(previous)
    for caveat in differing(past.run, options) if past else ():
        session.warn(f"{previous}: {caveat}")
    return Memory(ledger=Ledger() if decisions is None else read_ledger(decisions), past=past)


@cli.command(
    epilog=example(
        "datagap-report validate --out report",
        "datagap-report validate --out report --format json",
    )
)
@click.option("--out", type=click.Path(path_type=Path), required=True, help="Folder of the report.")
@verdict_options
@common_options
@click.pass_obj
def validate(session: Session, out: Path, form: str, max_errors: int) -> int:
    """Check a report: every record against its schema, and the files against each other."""
    from datagap.report.checking import check_report

    problems = check_report(out)
    totals = Counter(problem.code for problem in problems)
    listed = problems[: max_errors or None]
    return session.conclude(Verdict(folder=out, problems=listed, errors=len(problems), totals=totals), form)


@cli.command("print-sample", epilog=example("datagap-report print-sample --out report --count 3"))
@click.option("--out", type=click.Path(path_type=Path), required=True, help="Folder of the report.")
@click.option("--count", type=click.IntRange(1), default=SAMPLE, show_default=True, help="Items of each lane.")
@common_options
@click.pass_obj
def print_sample(session: Session, out: Path, count: int) -> None:
    """Print the top items of a report, lane by lane."""
    from datagap.report.checking import read_backlog
    from datagap.report.rank import LANES

    items = read_backlog(out)
    if session.quiet:
        return
    printer = console()
    for lane in LANES:
        ranked = [item for item in items if item.lane == lane]
        session.say(f"{lane}: top {min(count, len(ranked))} of {len(ranked)}")
        for item in ranked[:count]:
            printer.print(printable(_headline(item)), soft_wrap=True)
            for evidence in item.evidence[:2]:
                if evidence.quote:
                    quote = printable(f'      "{evidence.quote}" ({evidence.event_id})')
                    printer.print(quote, style="dim", soft_wrap=True)


def _headline(item: model.BacklogItem) -> str:
    standing = "" if item.status in (None, "open") else f", {item.status}"
    people = f"{item.people} {'person' if item.people == 1 else 'people'}"
    events = f"{item.events} event{'' if item.events == 1 else 's'}"
    return f"{item.rank:>4}  {item.summary.title}: {people}, {events}, {item.verdict}{standing}"


@cli.command(
    epilog=example(
        "datagap-report diff reports/week38 reports/week39",
        "datagap-report diff reports/week38 reports/week39 --format md > changes.md",
    )
)
@click.argument("before", type=click.Path(path_type=Path))
@click.argument("after", type=click.Path(path_type=Path))
@click.option(
    "--format", "form", type=click.Choice(["text", "json", "md"]), default="text", show_default=True, help="Output."
)
@common_options
@click.pass_obj
def diff(session: Session, before: Path, after: Path, form: str) -> None:
    """Say what changed from one report to another: new, escalating, shrinking, resolved and regressed items."""
    from datagap.pack import canonical
    from datagap.report.diff import compare
    from datagap.report.render import changes

    found = compare(before, after)
    if form == "json":
        click.echo(canonical.document(found).decode(), nl=False)
    elif form == "md":
        click.echo(changes.markdown(found), nl=False)
    else:
        for line in changes.text(found):
            session.say(line)


@cli.command(
    epilog=example(
        'echo \'{"id": "t1", "text": "permission denied on fct_orders"}\' | datagap-report classify',
        "datagap-report classify --input texts.jsonl --pack packs/p1 > found.jsonl",
    )
)
@click.option("--input", "source", type=click.Path(path_type=Path), help="JSON lines to read.  [default: stdin]")
@click.option("--pack", type=click.Path(path_type=Path), help="Pack whose catalog the texts are about.")
@click.option("--aliases", "names", type=click.Path(path_type=Path), help="Confirmed aliases of that catalog.")
@common_options
@click.pass_obj
def classify(session: Session, source: Path | None, pack: Path | None, names: Path | None) -> None:
    """Classify texts: JSON lines with id and text in, JSON lines with gap types out.

    A line may have a schema ({table: [columns]}), foreign_keys and context (earlier questions) of its own.
    """
    from datagap.pack import canonical
    from datagap.pack.reader import Pack
    from datagap.report.alias import load_aliases
    from datagap.report.classifying import Judge, requests
    from datagap.report.linking import NO_ALIASES

    if names is not None and pack is None:
        raise MisuseError("needs the catalog that they are of", where="--aliases", hint="give its --pack")
    catalog = None if pack is None else Pack(pack).catalog()
    judge = Judge(catalog, NO_ALIASES if names is None or catalog is None else load_aliases(names, catalog))
    session.detail(f"reading {source or 'standard input'}")
    for request in requests(source):
        click.echo(canonical.line(judge.classify(request)).decode(), nl=False)


cli.add_command(triage)
cli.add_command(aliases)


def main() -> None:
    """Run `datagap-report`."""
    run(cli, NAME)
