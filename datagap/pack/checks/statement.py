"""Read which tables and columns an SQL statement uses."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from sqlglot import exp

LONGEST: Final = 100_000
"""Characters of a statement that is read."""


@dataclass(frozen=True, slots=True)
class Statement:
    """What a statement uses, names in lower case."""

    tables: tuple[str, ...]
    """Tables in the order of the text, as written with dots, without those that the statement itself defines."""
    columns: tuple[tuple[str, str | None], ...]
    """Columns in the order of the text, each with the table that it is taken from where the text says so; without
    those that the statement itself defines."""


def read_statement(sql: str) -> Statement:
    """Return what a statement uses; raise ValueError, with the reason, if it cannot be parsed."""
    import sqlglot
    from sqlglot import exp
    from sqlglot.errors import ParseError, SqlglotError

    if len(sql) > LONGEST:
        raise ValueError(f"is longer than {LONGEST} characters and is not parsed")
    logging.getLogger("sqlglot").setLevel(logging.CRITICAL)  # what it warns of is reported below
    try:
        trees = [tree for tree in sqlglot.parse(sql) if tree is not None]
    except ParseError as error:
        first = error.errors[0] if error.errors else {}
        place = f" (line {first['line']}, column {first['col']})" if "line" in first else ""
        raise ValueError(f"cannot be parsed as SQL{place}") from error
    except SqlglotError as error:
        raise ValueError(f"cannot be parsed as SQL ({str(error).splitlines()[0]})") from error
    except RecursionError as error:
        raise ValueError("is nested too deeply to be parsed as SQL") from error
    if not trees or not all(isinstance(tree, exp.Query) for tree in trees):
        raise ValueError("cannot be parsed as SQL (it is no query)")
    return _uses([node for tree in trees for node in tree.dfs()])


def _uses(nodes: Sequence[exp.Expr]) -> Statement:
    from sqlglot import exp

    tables = [node for node in nodes if isinstance(node, exp.Table) and node.name]
    defined = _defined(nodes)
    physical = {_dotted(table): None for table in tables if table.db or table.name.lower() not in defined}
    named = {(table.alias or table.name).lower(): _dotted(table) for table in tables}
    columns: dict[tuple[str, str | None], None] = {}
    for node in nodes:
        if not isinstance(node, exp.Column) or isinstance(node.this, exp.Star):
            continue
        name, owner = node.name.lower(), named.get(node.table.lower())
        within = set(map(id, _around(node)))
        if (owner in physical) if node.table else all(id(one) in within for one in defined.get(name, ())):
            columns[name, owner] = None
    return Statement(tuple(physical), tuple(columns))


def _defined(nodes: Iterable[exp.Expr]) -> dict[str, list[exp.Expr]]:
    """Return what a statement defines, by name: an alias defines its name everywhere but in its own expression."""
    from sqlglot import exp

    defined: dict[str, list[exp.Expr]] = {}
    for node in nodes:
        if isinstance(node, exp.CTE | exp.Subquery | exp.Alias):
            defined.setdefault(node.alias.lower(), []).append(node)
        elif isinstance(node, exp.TableAlias):
            for column in node.columns:
                defined.setdefault(column.name.lower(), []).append(node)
    return defined


def _around(node: exp.Expr) -> Iterator[exp.Expr]:
    while node.parent is not None:
        node = node.parent
        yield node


def _dotted(table: exp.Table) -> str:
    return ".".join(part.name for part in table.parts).lower()
