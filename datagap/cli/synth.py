"""`datagap-synth`: make and check telemetry packs."""

from __future__ import annotations

import os
import shutil
import textwrap
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from datagap.cli.reporter import Verdict, count
from datagap.cli.shell import Session, common_options, console, example, run, verdict_options, version_option
from datagap.errors import DatagapError, MisuseError
from datagap.problem import did_you_mean, printable

if TYPE_CHECKING:
    from datagap import model
    from datagap.pack.checks.rule import Rule
    from datagap.pack.layout import Event
    from datagap.synth.scenario import Vocabulary
    from datagap.validate import Validator

NAME = "datagap-synth"
MAX_SEED = (1 << 64) - 1
MAX_WORKERS = 256
MAX_RESAMPLES = 100_000
MIN_WIDTH = 40


def _listed(_: click.Context, __: click.Parameter, values: tuple[str, ...]) -> list[str]:
    """Return the parts of values that are separated by commas."""
    return [part.strip() for value in values for part in value.split(",") if part.strip()]


@click.group(context_settings={"help_option_names": ["-h", "--help"]}, epilog=example("datagap-synth init"))
@version_option(NAME)
@common_options
def cli() -> None:
    """Make telemetry packs: a catalog, the questions people ask of it, and the answer key."""


@cli.command(
    epilog=example(
        "datagap-synth init --scenario fintech",
        "datagap-synth gen --config config.yaml --out packs/p1",
    )
)
@click.option("--scenario", default=None, help="Scenario to start from; datagap-synth scenarios lists them.")
@click.option("--force", is_flag=True, help="Overwrite files that are there.")
@common_options
@click.pass_obj
def init(session: Session, scenario: str | None, force: bool) -> None:
    """Write a starter config.yaml and schemas/ into the working directory."""
    from datagap.synth.scenario import load_vocabulary, scenario_names
    from datagap.synth.starter import CONFIG, SCHEMAS, write_starter

    vocabulary = load_vocabulary(scenario or scenario_names()[0], "--scenario")
    files = write_starter(Path(), vocabulary, scenario, force=force)
    session.say(f"wrote {CONFIG} and {len(files) - 1} schemas into {SCHEMAS}/")


@cli.command(epilog=example("datagap-synth scenarios", "datagap-synth scenarios fintech > mine.yaml"))
@click.argument("name", required=False)
@common_options
@click.pass_obj
def scenarios(session: Session, name: str | None) -> None:
    """List the scenarios, or print the file of the one called NAME, to make one of your own from."""
    from rich.table import Table
    from rich.text import Text

    from datagap.synth.scenario import load_vocabulary, scenario_file, scenario_names
    from datagap.synth.starter import SCHEMAS

    if name is not None:
        click.echo(scenario_file(name, "scenarios").decode().replace("../../../spec/", f"{SCHEMAS}/", 1), nl=False)
        return
    table = Table(box=None, pad_edge=False)
    for heading in ("scenario", "split", "domains", "what it is"):
        table.add_column(heading, overflow="fold")
    for known in scenario_names():
        scenario = load_vocabulary(known).scenario
        domains = ", ".join(domain.name for domain in scenario.domains)
        table.add_row(*(Text(printable(cell)) for cell in (known, scenario.split, domains, scenario.description)))
    if not session.quiet:
        console().print(table)


@cli.command(
    epilog=example(
        "datagap-synth gen --config config.yaml --out packs/p1 --seed 7",
        "datagap-synth gen --config config.yaml --seed 7 --set nlq.count=5000 --set difficulty=hard --preview 3",
    )
)
@click.option("--config", "config_path", type=click.Path(path_type=Path), required=True, help="YAML config to follow.")
@click.option("--out", type=click.Path(path_type=Path), help="Folder to write; its name is the pack id.")
@click.option("--seed", type=click.IntRange(0, MAX_SEED), help="Seed that fixes every byte; wins over the config's.")
@click.option(
    "--set", "overrides", multiple=True, metavar="KEY=VALUE", help="Value for a key of the config; may be repeated."
)
@click.option("--preview", type=click.IntRange(1), metavar="N", help="Print N queries and threads, and write nothing.")
@click.option(
    "--workers", type=click.IntRange(1, MAX_WORKERS), help="Processes that render; by default as many as it is worth."
)
@click.option("--force", is_flag=True, help="Replace a pack that is there.")
@common_options
@click.pass_obj
def gen(
    session: Session,
    config_path: Path,
    out: Path | None,
    seed: int | None,
    overrides: tuple[str, ...],
    preview: int | None,
    workers: int | None,
    force: bool,
) -> None:
    """Generate a pack, or preview one."""
    from datagap.synth.config import load_config
    from datagap.synth.run import generate

    if (out is None) is (preview is None):
        raise click.UsageError("Give either --out or --preview.", click.get_current_context())
    config, vocabulary = load_config(config_path, overrides)
    config = config if seed is None else replace(config, seed=seed)
    if out is None:
        assert preview is not None
        _preview(session, config, vocabulary, preview)
        return
    session.detail(f"generating {config.nlq.count} queries in scenario {vocabulary.scenario.name}")
    manifest = generate(config, out, vocabulary=vocabulary, force=force, workers=workers)
    for gap_type in manifest.dropped_gap_types or ():
        session.warn(f"the pack has no {gap_type} gap: none fits into this world, or gaps are too few for one")
    planted, wanted = manifest.counts.truth_gaps or 0, config.gaps.count
    if wanted is not None and planted != wanted:
        session.warn(f"{planted} gaps are planted and not {wanted}: late datasets are kept, and no more fit than these")
    session.say(f"wrote {out}: {_describe(manifest.counts)}; seed {manifest.seed}")


def _preview(session: Session, config: model.Config, vocabulary: Vocabulary, count: int) -> None:
    """Print the first queries and threads that a pack of this config would hold."""
    from datagap.synth.preview import preview

    seed, events = preview(config, vocabulary, count)
    for event, label in events:
        for line in (*_headed(event), f"{'':4}{_meaning(label)}"):
            session.say(line)
    session.say(f"seed {seed}; nothing was written")


def _headed(event: Event) -> list[str]:
    """Return the lines of an event as people read it: who and when, then the text, indented."""
    from datagap.pack.layout import event_text

    indent = " " * (8 if getattr(event, "thread_id", None) else 4)
    text = ((indent + line).rstrip() for line in event_text(event).splitlines())
    return [f"{event.id}  {event.when}  {event.actor}", *text]


def _meaning(label: model.TruthLabel) -> str:
    about = ", ".join(label.gap_ids) or label.none_reason or "nothing"
    level = f", {label.difficulty}" if label.difficulty else ""
    return f"-> {about}{level}, {label.lang}"


@cli.command(epilog=example("datagap-synth explain q_00000012 --pack packs/p1"))
@click.argument("event_id")
@click.option("--pack", type=click.Path(path_type=Path), required=True, help="Folder of the pack.")
@click.option(
    "--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True, help="Output."
)
@common_options
@click.pass_obj
def explain(session: Session, event_id: str, pack: Path, form: str) -> None:
    """Show what lies behind one event: need, gap, catalog fact, actor, template and noise.

    The event is derived anew from the pack's seed and config; what makes it doubtful is said on stderr.
    """
    import json

    from datagap import model
    from datagap.synth.explanation import explain as explained

    found = explained(pack, event_id)
    for doubt in found.doubts:
        session.warn(doubt)
    if form == "json":
        event, label = model.dump(found.event), model.dump(found.label)
        content = {"event": event, "label": label, "chain": dict(found.chain), "doubts": list(found.doubts)}
        click.echo(json.dumps(content, ensure_ascii=True, indent=2))
        return
    for line in _headed(found.event):
        session.say(line)
    width = max(MIN_WIDTH, shutil.get_terminal_size().columns)
    for name, text in found.chain.items():
        for line in textwrap.wrap(f"{name:>9}  {text}", width, subsequent_indent=" " * 11, break_long_words=False):
            session.say(line)


@cli.command(epilog=example("datagap-synth stats --pack packs/p1", "datagap-synth stats --pack packs/p1 --format json"))
@click.option("--pack", type=click.Path(path_type=Path), required=True, help="Folder of the pack.")
@click.option(
    "--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True, help="Output."
)
@common_options
@click.pass_obj
def stats(session: Session, pack: Path, form: str) -> None:
    """Show what a pack holds: realised against configured rates, demand, threads, hours and variety."""
    import json

    from datagap.cli.charts import as_data, draw
    from datagap.pack.reader import Pack
    from datagap.synth.stats import measure

    measured = measure(Pack(pack))
    if form == "json":
        click.echo(json.dumps(as_data(measured), ensure_ascii=True, indent=2))
        return
    for line in draw(measured):
        session.say(line)


@cli.command(
    epilog=example(
        "datagap-synth score --pack packs/p1 --detections report/artifacts/detections.jsonl --baseline",
        "datagap-synth score --pack packs/p1 --detections mine.jsonl --format json",
    )
)
@click.option("--pack", type=click.Path(path_type=Path), required=True, help="Folder of the pack.")
@click.option("--detections", type=click.Path(path_type=Path), help="File of detections to score, a line an event.")
@click.option("--baseline", is_flag=True, help="Score three trivial detectors too: none, commonest, keywords.")
@click.option("--triage", type=click.Path(path_type=Path), help="File of triage entries whose corrections count.")
@click.option("--backlog", type=click.Path(path_type=Path), help="backlog.jsonl whose order is scored too.")
@click.option(
    "--resamples",
    type=click.IntRange(0, MAX_RESAMPLES),
    default=500,
    show_default=True,
    help="Resamples behind the intervals; 0 gives none.",
)
@click.option(
    "--format", "form", type=click.Choice(["text", "json", "md"]), default="text", show_default=True, help="Output."
)
@common_options
@click.pass_obj
def score(
    session: Session,
    /,
    pack: Path,
    detections: Path | None,
    baseline: bool,
    triage: Path | None,
    backlog: Path | None,
    resamples: int,
    form: str,
) -> None:
    """Score detections against the answer key of a pack, or against a team's corrections.

    Detected gaps that the catalog contradicts are left out. A dash stands for a figure that is not defined.
    With --baseline, json is a list of scores.
    """
    import json

    from datagap import model
    from datagap.cli import scorecard

    if detections is None and not baseline:
        raise click.UsageError("Give --detections, --baseline or both.", click.get_current_context())
    if detections is None and backlog is not None:
        raise click.UsageError("--backlog needs --detections.", click.get_current_context())
    scores, main = _scores(session, pack, detections, baseline, triage, backlog, resamples)
    if form == "json":
        listed = [model.dump(one) for one in scores.values()]
        click.echo(json.dumps(listed if baseline else listed[0], ensure_ascii=True, indent=2))
        return
    lines = list(scorecard.headline([*scores.values()], main))
    render = scorecard.text if form == "text" else scorecard.markdown
    for line in render(lines, list(scorecard.tables(scores, main))):
        session.say(line)


def _scores(
    session: Session,
    folder: Path,
    detections: Path | None,
    baseline: bool,
    triage: Path | None,
    backlog: Path | None,
    resamples: int,
) -> tuple[dict[str, model.Score], model.Score | None]:
    """Return the scores by the names of their columns, and that of the detections, if any were given."""
    from datagap.pack.reader import Pack
    from datagap.score import Scorer
    from datagap.score.baseline import detectors
    from datagap.score.reading import read_backlog, read_corrections, read_detections

    pack = Pack(folder)
    found = None if detections is None else read_detections(detections)
    order = None if backlog is None else read_backlog(backlog)
    scorer = Scorer(pack, None if triage is None else read_corrections(triage))
    main, scores = None, {}
    if found is not None:
        session.detail(f"scoring {detections}")
        main = scorer.score(found, backlog=order, resamples=resamples, detector=str(detections))
        scores["detector"] = main
    for name, made in detectors(pack, scorer.gold).items() if baseline else ():
        session.detail(f"scoring the baseline {name}")
        scores[name] = scorer.score(made, resamples=resamples, detector=name)
    return scores, main


def _describe(counts: model.Counts) -> str:
    return (
        f"{counts.catalog_datasets} datasets, {counts.nl_queries} queries, {counts.slack} Slack messages, "
        f"{counts.email} emails, {counts.truth_gaps or 0} gaps"
    )


@cli.command(
    epilog=example(
        "datagap-synth validate --pack packs/p1",
        "datagap-synth validate --pack packs/p1 --strict --ignore lineage-end --format github",
        "datagap-synth validate --explain DG104",
    )
)
@click.option("--pack", type=click.Path(path_type=Path), help="Folder of the pack.")
@click.option("--schemas", type=click.Path(path_type=Path), help="Folder of schemas to use in place of ./schemas.")
@click.option("--select", multiple=True, metavar="RULES", callback=_listed, help="Rules to check by.  [default: all]")
@click.option("--ignore", multiple=True, metavar="RULES", callback=_listed, help="Rules to leave out.")
@click.option("--strict", is_flag=True, help="Let warnings fail too.")
@verdict_options
@click.option("--rules", "list_rules", is_flag=True, help="List the rules, and check nothing.")
@click.option("--explain", "explained", metavar="RULE", help="Say why a rule is there, and check nothing.")
@common_options
@click.pass_obj
def validate(
    session: Session,
    /,
    pack: Path | None,
    schemas: Path | None,
    select: list[str],
    ignore: list[str],
    strict: bool,
    form: str,
    max_errors: int,
    list_rules: bool,
    explained: str | None,
) -> int:
    """Check a pack: every record against its schema, and the files against each other.

    Schemas in ./schemas win over the embedded ones, file by file. RULES are codes, what codes begin with, or names,
    separated by commas. Exits with 1 if there is an error; warnings pass unless --strict is given.
    """
    from datagap.pack.checks import check_pack
    from datagap.pack.checks.rule import RULES, chosen, find_rule
    from datagap.validate import Validator

    if [pack is not None, list_rules, explained is not None].count(True) != 1:
        raise click.UsageError("Give one of --pack, --rules and --explain.", click.get_current_context())
    if list_rules:
        for line in _rule_table(RULES.values()):
            session.say(line)
        return 0
    if explained is not None:
        for line in _explained(find_rule(explained)):
            session.say(line)
        return 0
    assert pack is not None
    codes = chosen(select, ignore)
    folder = _schema_folder(schemas)
    validator = Validator(folder)
    checked = check_pack(pack, validator, codes, max_errors or None)
    verdict = Verdict(
        folder=pack,
        problems=checked.problems,
        errors=checked.errors,
        warnings=checked.warnings,
        totals=checked.totals,
        records=checked.counts,
        names={code: rule.name for code, rule in RULES.items()},
        schemas=_schemas_used(folder, validator),
        strict=strict,
    )
    return session.conclude(verdict, form)


def _rule_table(rules: Iterable[Rule]) -> Iterator[str]:
    """Yield a line for each rule."""
    for rule in rules:
        yield f"{rule.code}  {rule.level:<7}  {rule.name:<16}  {rule.summary}"


def _explained(rule: Rule) -> Iterator[str]:
    """Yield what a rule asks for, why, and an example that fails."""
    width = max(MIN_WIDTH, shutil.get_terminal_size().columns)
    yield f"{rule.code} {rule.name} ({rule.level})"
    for heading, words in (("", f"{rule.summary[0].upper()}{rule.summary[1:]}."), ("Why", rule.why)):
        yield ""
        yield from [heading] if heading else []
        yield from textwrap.wrap(words, width, break_long_words=False, break_on_hyphens=False)
    yield from ("", "For example", f"  {rule.shows}", "is reported as", f"  {rule.level} {rule.code} {rule.says}")


def _schema_folder(given: Path | None) -> Path | None:
    if given is not None and not given.is_dir():
        raise MisuseError("is not a folder", where=str(given), hint="give a folder of schemas")
    own = Path("schemas")
    return given or (own if own.is_dir() else None)


def _schemas_used(folder: Path | None, validator: Validator) -> str:
    from datagap.model import RECORD_NAMES

    replaced = len(validator.replaced)
    used = "embedded"
    if replaced:
        used = f"{folder}{os.sep} for {count(replaced, 'record')}, embedded for {len(RECORD_NAMES) - replaced}"
    elif folder is not None:
        used = f"embedded, {folder}{os.sep} has none"
    for name in validator.strangers:
        hint = did_you_mean(name, RECORD_NAMES)
        used += f"; there is no record {name}" + (f", {hint}" if hint else "")
    return used


@cli.command("list", epilog=example("datagap-synth list --root packs"))
@click.option("--root", type=click.Path(path_type=Path), required=True, help="Folder that holds packs.")
@common_options
@click.pass_obj
def list_packs(session: Session, root: Path) -> None:
    """List the packs in a folder."""
    from rich.table import Table
    from rich.text import Text

    from datagap.pack.layout import MANIFEST
    from datagap.pack.reader import Pack

    if not root.is_dir():
        raise MisuseError("is not a folder", where=str(root), hint="give the folder that holds packs")
    table = Table(box=None, pad_edge=False)
    for heading in ("pack", "made", "seed", "scenario", "datasets", "queries", "slack", "email", "gaps"):
        table.add_column(
            heading, overflow="fold", justify="left" if heading in ("pack", "made", "scenario") else "right"
        )
    folders = sorted(path for path in root.iterdir() if (path / MANIFEST).is_file() and not path.name.startswith("."))
    for path in folders:
        try:
            manifest = Pack(path).manifest()
        except DatagapError as error:
            session.warn(f"{path}: {str(error).removeprefix(str(path) + os.sep)}")
            continue
        counts = manifest.counts
        numbers = (counts.catalog_datasets, counts.nl_queries, counts.slack, counts.email)
        cells = [
            path.name,
            manifest.generated_at,
            manifest.seed,
            manifest.config_echo.scenario,
            *numbers,
            counts.truth_gaps,
        ]
        table.add_row(*(Text(printable("-" if cell is None else str(cell))) for cell in cells))
    if table.row_count and not session.quiet:
        console().print(table)
    else:
        session.say(f"no packs in {root}")


def main() -> None:
    """Run `datagap-synth`."""
    run(cli, NAME)
