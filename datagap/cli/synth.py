"""`datagap-synth`: make and check telemetry packs."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from datagap.cli.shell import Session, common_options, console, example, run, version_option
from datagap.errors import DatagapError, MisuseError
from datagap.problem import Problem, printable

if TYPE_CHECKING:
    from datagap import model

NAME = "datagap-synth"
SHOWN = 100
"""Problems that `validate` prints; the rest is counted."""
MAX_SEED = (1 << 64) - 1


@click.group(context_settings={"help_option_names": ["-h", "--help"]}, epilog=example("datagap-synth init"))
@version_option(NAME)
@common_options
def cli() -> None:
    """Make telemetry packs: a catalog, the questions people ask of it, and the answer key."""


@cli.command(epilog=example("datagap-synth init", "datagap-synth gen --config config.yaml --out packs/p1"))
@click.option("--force", is_flag=True, help="Overwrite files that are there.")
@common_options
@click.pass_obj
def init(session: Session, force: bool) -> None:
    """Write a starter config.yaml and schemas/ into the working directory."""
    from datagap.synth.starter import CONFIG, SCHEMAS, write_starter

    files = write_starter(Path(), force=force)
    session.say(f"wrote {CONFIG} and {len(files) - 1} schemas into {SCHEMAS}/")


@cli.command(epilog=example("datagap-synth gen --config config.yaml --out packs/p1 --seed 7"))
@click.option("--config", "config_path", type=click.Path(path_type=Path), required=True, help="YAML config to follow.")
@click.option("--out", type=click.Path(path_type=Path), required=True, help="Folder to write; its name is the pack id.")
@click.option("--seed", type=click.IntRange(0, MAX_SEED), help="Seed that fixes every byte; wins over the config's.")
@click.option("--force", is_flag=True, help="Replace a pack that is there.")
@common_options
@click.pass_obj
def gen(session: Session, config_path: Path, out: Path, seed: int | None, force: bool) -> None:
    """Generate a pack."""
    from datagap.synth.config import load_config
    from datagap.synth.run import generate

    config = load_config(config_path)
    config = config if seed is None else replace(config, seed=seed)
    session.detail(f"generating {config.nlq.count} queries in scenario {config.scenario}")
    manifest = generate(config, out, force=force)
    for gap_type in manifest.dropped_gap_types or ():
        session.warn(f"no {gap_type} gap fits into this world, so the pack has none")
    session.say(f"wrote {out}: {_describe(manifest.counts)}; seed {manifest.seed}")


def _describe(counts: model.Counts) -> str:
    return (
        f"{counts.catalog_datasets} datasets, {counts.nl_queries} queries, {counts.slack} Slack messages, "
        f"{counts.email} emails, {counts.truth_gaps or 0} gaps"
    )


@cli.command(epilog=example("datagap-synth validate --pack packs/p1"))
@click.option("--pack", type=click.Path(path_type=Path), required=True, help="Folder of the pack.")
@click.option("--schemas", type=click.Path(path_type=Path), help="Folder of schemas to use in place of ./schemas.")
@common_options
@click.pass_obj
def validate(session: Session, pack: Path, schemas: Path | None) -> int:
    """Check a pack: every record against its schema, and the files against each other.

    Schemas in ./schemas win over the embedded ones, file by file. Exits with 1 if there is an error; warnings pass.
    """
    from datagap.pack.checking import check_pack
    from datagap.validate import Validator

    folder = _schema_folder(schemas)
    validator = Validator(folder)
    session.say(_schemas_used(folder, len(validator.replaced)))
    checked = check_pack(pack, validator)
    errors, warnings = checked.of_level("error"), checked.of_level("warning")
    for problem in [*errors, *warnings][:SHOWN]:
        click.echo(_line(problem)) if problem.level == "error" else session.say(_line(problem))
    left_out = len(errors) + len(warnings) - SHOWN
    if left_out > 0:
        session.say(f"({left_out} more not shown)")
    verdict = "invalid" if errors else "valid"
    session.say(f"{pack}: {verdict}, {_count(len(errors), 'error')}, {_count(len(warnings), 'warning')}")
    return 1 if errors else 0


def _schema_folder(given: Path | None) -> Path | None:
    if given is not None and not given.is_dir():
        raise MisuseError("is not a folder", where=str(given), hint="give a folder of schemas")
    own = Path("schemas")
    return given or (own if own.is_dir() else None)


def _schemas_used(folder: Path | None, replaced: int) -> str:
    if folder is None:
        return "schemas: embedded"
    from datagap.model import RECORD_NAMES

    rest = len(RECORD_NAMES) - replaced
    return f"schemas: {folder}{os.sep} for {_count(replaced, 'record')}, embedded for {rest}"


def _line(problem: Problem) -> str:
    return printable(f"{problem.level} {problem.code} {problem}")


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" + ("" if number == 1 else "s")


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
