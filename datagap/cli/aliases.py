"""`datagap-report aliases`: propose what else people call things, for a person to confirm."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from datagap.cli.shell import Session, common_options, example

if TYPE_CHECKING:
    from datagap import model

TOP = 50
PEOPLE = 2
COLUMNS = ("phrase", "kind", "ref", "confirmed", "events", "people", "texts", "share", "score", "sources", "examples")


@click.command(
    epilog=example(
        "datagap-report aliases --pack packs/p1",
        "datagap-report aliases --pack packs/p1 --format csv > aliases.csv",
        "datagap-report gen --pack packs/p1 --out report --aliases aliases.csv",
    )
)
@click.option("--pack", type=click.Path(path_type=Path), required=True, help="Folder of the pack to read.")
@click.option("--top", type=click.IntRange(0), default=TOP, show_default=True, help="Candidates to list; 0 lists all.")
@click.option(
    "--min-people", type=click.IntRange(1), default=PEOPLE, show_default=True, help="People who must use a phrase."
)
@click.option(
    "--format", "form", type=click.Choice(["text", "json", "csv"]), default="text", show_default=True, help="Output."
)
@common_options
@click.pass_obj
def aliases(session: Session, pack: Path, top: int, min_people: int, form: str) -> None:
    """Propose aliases: phrases that people use for what the catalog calls otherwise, or for what it lacks.

    Those that would link most events come first. Write yes into the column `confirmed` of the CSV where one is right,
    correct its ref where not, and give the file to `gen --aliases`: nothing counts that nobody confirmed.
    """
    from datagap.pack import canonical
    from datagap.pack.reader import Pack
    from datagap.report.mining import mine

    found = mine(Pack(pack), min_people)
    listed = found.aliases[: top or None]
    if form == "json":
        click.echo(canonical.document(listed).decode(), nl=False)
    elif form == "csv":
        click.echo(canonical.table(COLUMNS, map(_row, listed)).decode(), nl=False)
    else:
        kept = "those with the smallest hashes of " if found.is_sample else ""
        source = f"{found.texts} distinct texts, {kept}{found.events} events"
        session.say(f"{len(listed)} of {len(found.aliases)} candidates, from {source}")
        for one in listed:
            for line in _lines(one):
                session.say(line)


def _row(one: model.Alias) -> Sequence[object]:
    from datagap.report.render.table import plain

    values = {name: getattr(one, name) for name in COLUMNS}
    values |= {"confirmed": "", "sources": " ".join(one.sources or ()), "examples": " | ".join(one.examples or ())}
    return [plain(value) for value in values.values()]


def _lines(one: model.Alias) -> Iterator[str]:
    people = f"{one.people} {'person' if one.people == 1 else 'people'}"
    sources = ", ".join(one.sources or ()) or "their own texts"
    yield f'"{one.phrase}" for {one.kind} {one.ref}: {one.events} events, {people}, {one.share:.0%} by {sources}'
    for text in (one.examples or ())[:1]:
        yield f"      {text}"
