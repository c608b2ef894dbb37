"""Which tables of a schema can be joined."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence

from datagap.report.morphology import name_words
from datagap.report.text import fold
from datagap.report.thesaurus import Thesaurus

MOST_NEIGHBOURS = 32


class Junctions:
    """Tables joined by declared keys, by columns that are named alike, and by columns named for another table."""

    def __init__(
        self,
        tables: Sequence[str],
        columns: Sequence[Sequence[str]],
        foreign_keys: Sequence[tuple[str, str]] | None,
        thesaurus: Thesaurus,
    ) -> None:
        self._thesaurus = thesaurus
        self._parents = list(range(len(tables)))
        self._neighbours: list[dict[int, None]] = [{} for _ in tables]
        self.is_declared = bool(foreign_keys)
        self._used = {fold(end) for pair in foreign_keys or () for end in pair}
        self._tables = tables
        self._link_declared(tables, foreign_keys or ())
        self._link_named(tables, columns)

    def are_joined(self, first: int, second: int) -> bool:
        """Tell whether a path of keys leads from one table to the other."""
        return self._root(first) == self._root(second)

    def neighbours(self, table: int) -> Iterable[int]:
        """Return tables that are one key away, not all of very many."""
        return self._neighbours[table]

    def is_used(self, table: int, column: str) -> bool:
        """Tell whether a declared key has `column` at either end."""
        return f"{fold(self._tables[table])}.{fold(column)}" in self._used

    def _root(self, table: int) -> int:
        while self._parents[table] != table:
            self._parents[table] = self._parents[self._parents[table]]
            table = self._parents[table]
        return table

    def _link(self, first: int, second: int) -> None:
        if first == second:
            return
        self._parents[self._root(second)] = self._root(first)
        for one, other in ((first, second), (second, first)):
            if len(self._neighbours[one]) < MOST_NEIGHBOURS:
                self._neighbours[one][other] = None

    def _link_declared(self, tables: Sequence[str], foreign_keys: Iterable[tuple[str, str]]) -> None:
        places = {fold(name): place for place, name in enumerate(tables)}
        for pair in foreign_keys:
            first, second = (places.get(fold(end.rpartition(".")[0])) for end in pair)
            if first is not None and second is not None:
                self._link(first, second)

    def _link_named(self, tables: Sequence[str], columns: Sequence[Sequence[str]]) -> None:
        holders: defaultdict[str, list[int]] = defaultdict(list)
        for table, names in enumerate(columns):
            for name in names:
                if key := self._key(name):
                    holders[key].append(table)
        for sharing in holders.values():
            for other in sharing[1:]:
                self._link(sharing[0], other)
        for table, name in enumerate(tables):
            entity = "".join(self._thesaurus.stem(word) for word in name_words(name))
            for suffix in ("id", "code", "key", ""):
                for other in holders.get(entity + suffix, ())[:MOST_NEIGHBOURS]:
                    self._link(table, other)

    def _key(self, name: str) -> str | None:
        """Return what columns that rows can be joined by have in common, or None for any other column."""
        words = [self._thesaurus.stem(word) for word in name_words(name)]
        joined = "".join(words)
        is_key = len(words) > 1 and words[-1] in self._thesaurus.keys
        runs_together = len(words) == 1 and len(joined) > 4 and joined.endswith(("id", "key", "code"))
        return joined if is_key or runs_together else None
