"""Read which tables and columns an SQL statement uses."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, cast

if TYPE_CHECKING:
    from sqlglot import exp

LONGEST: Final = 20_000
"""Characters of a statement that is read; the time that a parser takes may grow with their square."""
DIALECTS: Final = ("", "bigquery", "snowflake", "tsql", "databricks")
"""Dialects in which a statement is read, until one can: the first is what most have in common."""
SYSTEM: Final = frozenset({"information_schema", "pg_catalog", "sys"})
"""Schemas that every warehouse has and no catalog lists; the table `dual` is another."""
PSEUDO: Final = frozenset(
    {"rownum", "rowid", "level", "sysdate", "systimestamp", "user", "_partitiontime", "_partitiondate", "_table_suffix"}
)
"""Columns that every table has and no catalog lists."""
PARTS: Final = frozenset(
    {"year", "quarter", "month", "week", "isoweek", "day", "dayofweek", "hour", "minute", "second", "millisecond"}
)
"""Parts of a date, which a function may take without quotes."""


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
    from sqlglot import exp

    if len(sql) > LONGEST:
        raise ValueError(f"is longer than {LONGEST} characters and is not parsed")
    trees = _parsed(sql)
    if not trees or not all(isinstance(tree, exp.Query) for tree in trees):
        raise ValueError("cannot be parsed as SQL (it is no query)")
    return _uses([node for tree in trees for node in tree.dfs()])


def _parsed(sql: str) -> list[exp.Expr]:
    """Return the statements of a text in the first dialect in which they can be read."""
    import sqlglot
    from sqlglot.errors import SqlglotError

    logging.getLogger("sqlglot").setLevel(logging.CRITICAL)  # what it warns of is reported by whoever calls
    reasons = []
    for dialect in DIALECTS:
        try:
            return [tree for tree in sqlglot.parse(sql, dialect=dialect) if tree is not None]
        except SqlglotError as error:
            reasons.append(_reason(error))
        except RecursionError as error:
            raise ValueError("is nested too deeply to be parsed as SQL") from error
    raise ValueError(f"cannot be parsed as SQL ({reasons[0]})")


def _reason(error: Exception) -> str:
    """Return where a parser stopped; the words of the parser are about itself."""
    for place in getattr(error, "errors", ()):
        if "line" in place:
            return f"line {place['line']}, column {place['col']}"
    return "a text or name has no end"


def _uses(nodes: Sequence[exp.Expr]) -> Statement:
    from sqlglot import exp

    tables = [node for node in nodes if isinstance(node, exp.Table) and node.name]
    defined = _defined(nodes)
    physical = {_dotted(table): None for table in tables if _is_physical(table, defined)}
    named = {(table.alias or table.name).lower(): _dotted(table) for table in tables}
    if any(isinstance(node, exp.Pivot) for node in nodes):  # which makes columns out of values
        return Statement(tuple(physical), ())
    columns: dict[tuple[str, str | None], None] = {}
    for node in nodes:
        if not isinstance(node, exp.Column) or isinstance(node.this, exp.Star) or _is_no_column(node):
            continue
        name, owner = node.name.lower(), named.get(node.table.lower())
        if (name, owner) not in columns and (owner in physical if node.table else _is_used(node, defined.get(name))):
            columns[name, owner] = None
    return Statement(tuple(physical), tuple(columns))


def _is_used(column: exp.Column, makers: Sequence[exp.Expr] | None) -> bool:
    """Return whether a name is that of a column: nothing defines it but expressions that it stands in."""
    if not makers:
        return True
    around, node = set[int](), cast("exp.Expr | None", column)
    while node is not None:
        around.add(id(node))
        node = node.parent
    return all(id(maker) in around for maker in makers)


def _defined(nodes: Iterable[exp.Expr]) -> dict[str, list[exp.Expr]]:
    """Return what a statement defines, by name: an alias defines its name everywhere but in its own expression."""
    from sqlglot import exp

    defined: dict[str, list[exp.Expr]] = {}
    for node in nodes:
        if isinstance(node, exp.CTE | exp.Subquery | exp.Alias):
            defined.setdefault(node.alias.lower(), []).append(node)
        elif isinstance(node, exp.Table | exp.TableAlias):  # a table's name stands for the whole row
            defined.setdefault(node.name.lower(), []).append(node)
            for column in node.columns if isinstance(node, exp.TableAlias) else ():
                defined.setdefault(column.name.lower(), []).append(node)
    return defined


def _is_physical(table: exp.Table, defined: Mapping[str, Sequence[exp.Expr]]) -> bool:
    """Return whether a table is one of the warehouse: not defined by the statement and not the system's."""
    from sqlglot import exp

    makers = [node for node in defined.get(table.name.lower(), ()) if isinstance(node, exp.CTE)]
    if table.db:
        return table.db.lower() not in SYSTEM
    return not makers and table.name.lower() != "dual"


def _is_no_column(column: exp.Column) -> bool:
    """Return whether what looks like a column is a pseudo-column or a part of a date."""
    from sqlglot import exp

    name = column.name.lower()
    part = name in PARTS and isinstance(column.parent, exp.Func)
    return part or name in PSEUDO or name.startswith("$") or not name


def _dotted(table: exp.Table) -> str:
    return ".".join(part.name for part in table.parts).lower()
