"""Which tables and columns an SQL statement uses, and which it makes up itself."""

from __future__ import annotations

from pathlib import Path

import pytest

from datagap.pack.checks import check_pack, events
from datagap.pack.checks.statement import LONGEST, Statement, read_statement
from datagap.validate import embedded
from tests.tiny import tiny

READ: list[tuple[str, tuple[str, ...], tuple[str, ...]]] = [
    ("select 1", (), ()),
    ("select * from t", ("t",), ()),
    ("select count(*) from T", ("t",), ()),
    ("select A, t.B from t", ("t",), ("a", "t.b")),
    ('select "Order Id" from "My Table"', ("my table",), ("order id",)),
    ("select x.a from t as x", ("t",), ("t.a",)),
    ("select a from db.schema.t", ("db.schema.t",), ("a",)),
    ("select sum(a) as a from t order by a", ("t",), ("a",)),
    ("select sum(a) as total from t group by b having total > 1 order by total", ("t",), ("a", "b")),
    ("select a + 1 as b, b + 1 as c from t", ("t",), ("a",)),
    ("select t.a, u.b from t join u on t.k = u.k where c", ("t", "u"), ("t.a", "t.k", "u.b", "u.k", "c")),
    ("select a from t join u using (k)", ("t", "u"), ("a",)),
    ("with x as (select a as b from t) select b, x.b from x", ("t",), ("a",)),
    ("with x(p) as (select a from t) select p from x", ("t",), ("a",)),
    ("with recursive x as (select a from t union all select a from x) select a from x", ("t",), ("a",)),
    ("select s.b from (select a as b from t) as s", ("t",), ("a",)),
    ("select b from (select a as b from t)", ("t",), ("a",)),
    ("select a from t where exists (select 1 from u where u.k = t.k)", ("t", "u"), ("a", "t.k", "u.k")),
    ("select a from t union select b from u", ("t", "u"), ("a", "b")),
    ("select row_number() over (partition by a order by b) as n from t qualify n = 1", ("t",), ("a", "b")),
    ("select date_trunc('week', d) as w from t where d >= current_date - interval '7 day' group by 1", ("t",), ("d",)),
    ("select e.x from t, unnest(t.items) as e(x)", ("t",), ("t.items",)),
    ("select case when a then b else 'c' end from t -- from z", ("t",), ("a", "b")),
    ("select a from t; select b from u", ("t", "u"), ("a", "b")),
    ("select sysdate from dual", (), ()),
    ("select table_name from information_schema.tables", (), ("table_name",)),
    ("select datediff(day, a, current_date), dateadd(day, -7, b) from t", ("t",), ("a", "b")),
    ("select tag from t cross join unnest(tags) as tag", ("t",), ("tags",)),
    ("select day from generate_series(1, 9) as day", (), ()),
    ("select array(select x from unnest(tags) as x) from t", ("t",), ("tags",)),
    ("select * from t unpivot (v for k in (a, b))", ("t",), ()),
    ("select o from t o", ("t",), ()),
    ("select to_json(o), row_to_json(t), count(distinct o) from t o", ("t",), ()),
    ("select rownum, rowid, _partitiontime, sysdate - 7 from t", ("t",), ()),
    ("select `a` from `p-x.d.t`", ("p-x.d.t",), ("a",)),
    ("select [a b] from [t]", ("t",), ("a b",)),
    ("select top 10 a from t", ("t",), ("a",)),
    ("select payload:a.b::string from t", ("t",), ("payload",)),
]


@pytest.mark.parametrize(("sql", "tables", "columns"), READ)
def test_what_is_used_is_told_from_what_is_defined(sql: str, tables: tuple[str, ...], columns: tuple[str, ...]) -> None:
    statement = read_statement(sql)
    assert sorted(statement.tables) == sorted(tables)
    found = [name if owner is None else f"{owner}.{name}" for name, owner in statement.columns]
    assert sorted(found) == sorted(columns)


UNREAD = [
    ("", "cannot be parsed as SQL (it is no query)"),
    ("-- select 1", "cannot be parsed as SQL (it is no query)"),
    ("hello there", "cannot be parsed as SQL (it is no query)"),
    ("drop table t", "cannot be parsed as SQL (it is no query)"),
    ("vacuum full", "cannot be parsed as SQL (it is no query)"),
    ("select a from", "cannot be parsed as SQL (line 1, column 13)"),
    ("select sum(\nfrom t", "cannot be parsed as SQL (line 2, column 6)"),
    ("select 'a", "cannot be parsed as SQL (a text or name has no end)"),
    ("(" * 20_000, "is nested too deeply to be parsed as SQL"),
    ("x" * (LONGEST + 1), f"is longer than {LONGEST} characters and is not parsed"),
]


@pytest.mark.parametrize(("sql", "reason"), UNREAD, ids=lambda value: value[:20])
def test_what_is_no_sql_is_refused_with_the_reason(sql: str, reason: str, capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(ValueError, match=r"^(is|cannot) ") as caught:
        read_statement(sql)
    assert str(caught.value).startswith(reason)
    assert str(caught.value).isprintable()
    assert capfd.readouterr() == ("", "")


def test_each_distinct_statement_is_read_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def counted(sql: str) -> Statement:
        read.append(sql)
        return read_statement(sql)

    read: list[str] = []
    monkeypatch.setattr(events, "read_statement", counted)
    texts = ["select region from mart_orders", "select order_date from mart_orders", "select oops from mart_orders"]
    answered = {
        "when": "2026-03-04T10:00:00Z",
        "actor": "u_ann",
        "channel": "nlq",
        "nl_text": "?",
        "outcome": "answered",
    }
    folder = tiny(
        tmp_path,
        lambda docs: docs["nl_queries.jsonl"].extend(
            {"id": f"q_{number:03}", **answered, "parsed_sql": texts[number % 3]} for number in range(60)
        ),
    )
    checked = check_pack(folder, embedded())
    assert sorted(read[1:]) == sorted(texts)
    assert checked.totals["DG116"] == 20
