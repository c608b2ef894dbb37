from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from datagap import model
from datagap.errors import DatagapError, MisuseError
from datagap.pack import layout
from datagap.pack.reader import Pack
from datagap.validate import Validator

NOON = "2025-01-10T12:00:00Z"
COUNTS = dict.fromkeys(model.schema("manifest")["properties"]["counts"]["required"], 0)
MANIFEST = {
    "pack_id": "tiny",
    "generated_at": NOON,
    "generator_version": "0.1.0",
    "seed": None,
    "counts": COUNTS,
    "config_echo": {},
}
ORDERS: dict[str, Any] = {"name": "orders", "domain": "sales", "layer": "mart", "owner": None, "columns": []}
QUERY = {"id": "q_1", "when": NOON, "actor": "ann", "channel": "nlq", "nl_text": "Orders?", "outcome": "answered"}
SLACK = {"id": "s_1", "when": NOON, "actor": "ann", "channel": "slack", "text": "Orders?"}
EMAIL = {"id": "e_1", "when": NOON, "actor": "ann", "channel": "email", "subject": "Orders", "body": "?"}


def as_json(value: object) -> bytes:
    return json.dumps(value).encode()


FILES: dict[str, bytes] = {
    layout.MANIFEST: as_json(MANIFEST),
    layout.DATASETS: as_json([ORDERS]),
    layout.LINEAGE: as_json([{"from": "raw", "to": "orders"}]),
    layout.FRESHNESS: f"dataset,max_loaded_at,sla_hours\norders,{NOON},24\n".encode(),
    layout.EVENT_FILES["nlq"]: as_json(QUERY) + b"\n" + as_json(QUERY | {"id": "q_2"}) + b"\n",
    layout.EVENT_FILES["slack"]: as_json(SLACK) + b"\n",
    layout.EVENT_FILES["email"]: as_json(EMAIL),
}


def write(folder: Path, files: dict[str, bytes]) -> Pack:
    for file, content in files.items():
        (folder / file).parent.mkdir(parents=True, exist_ok=True)
        (folder / file).write_bytes(content)
    return Pack(folder)


@pytest.fixture
def pack(tmp_path: Path) -> Pack:
    return write(tmp_path, FILES)


def test_a_pack_of_the_prior_tools_files_alone_is_read(pack: Pack) -> None:
    catalog = pack.catalog()
    assert pack.manifest().pack_id == "tiny"
    assert list(catalog.by_name) == ["orders"]
    assert catalog.freshness == [model.FreshnessRow(dataset="orders", max_loaded_at=NOON, sla_hours=24)]
    assert catalog.ancestors("orders") == ["raw"]
    assert (catalog.as_of, catalog.coverage, catalog.people) == (NOON, None, None)
    assert not pack.has(layout.TRUTH_GAPS)


def test_what_a_pack_has_besides_is_read_too(tmp_path: Path) -> None:
    coverage, person = {"keys": {"status": "complete"}}, {"person_id": "ann"}
    pack = write(tmp_path, FILES | {layout.COVERAGE: as_json(coverage), layout.PEOPLE: as_json(person)})
    assert pack.catalog().covers("keys")
    assert not pack.catalog().covers("columns")
    assert list(pack.catalog().person) == ["ann"]


def test_events_come_in_the_order_of_the_file_with_what_their_writer_wrote(pack: Pack) -> None:
    queries = list(pack.events("nlq"))
    assert [query.id for query in queries] == ["q_1", "q_2"]
    texts = [layout.event_text(next(pack.events(channel))) for channel in layout.EVENT_FILES]
    assert texts == ["Orders?", "Orders?", "Orders\n?"]


def catalog(pack: Pack) -> object:
    return pack.catalog()


def queries(pack: Pack) -> object:
    return list(pack.events("nlq"))


BROKEN: list[tuple[str, bytes, Callable[[Pack], object], str]] = [
    (layout.MANIFEST, b"{", catalog, "{folder}/manifest.json:1: is not valid JSON ("),
    (layout.MANIFEST, b"{}", catalog, "manifest.json /config_echo: is missing (and 5 more)"),
    (layout.DATASETS, as_json({}), catalog, "{folder}/catalog/datasets.json:1: expected an array of records"),
    (
        layout.DATASETS,
        as_json([ORDERS, ORDERS | {"tier": 9}]),
        catalog,
        "catalog/datasets.json:1 /1/tier: expected at most 5, got 9",
    ),
    (layout.LINEAGE, as_json([{"from": "a"}]), catalog, "catalog/lineage.json:1 /0/to: is missing"),
    (
        layout.FRESHNESS,
        b"dataset,max_loaded_at,sla_hours\norders,2025-01-10T12:00:00Z,soon\n",
        catalog,
        'catalog/freshness.csv:2 /sla_hours: expected integer, got string ("soon")',
    ),
    (
        layout.FRESHNESS,
        b"dataset,max_loaded_at,sla_hours\norders,2025-01-10T12:00:00Z,-1\n",
        catalog,
        'catalog/freshness.csv:2 /sla_hours: expected integer, got string ("-1")',
    ),
    (layout.FRESHNESS, b"dataset\n", catalog, "catalog/freshness.csv:1: expected the header dataset,max_loaded_at,"),
    (layout.EVENT_FILES["nlq"], as_json(QUERY) + b"\n{\n", queries, "nl_queries.jsonl:2: is not valid JSON ("),
    (
        layout.EVENT_FILES["nlq"],
        as_json(QUERY | {"outcome": "answred"}),
        queries,
        "nl_queries.jsonl:1 /outcome: expected one of answered, blocked, degraded, slow, uncertain,",
    ),
]


@pytest.mark.parametrize(("file", "content", "read", "message"), BROKEN)
def test_a_broken_file_is_one_sentence_with_its_place(
    file: str, content: bytes, read: Callable[[Pack], object], message: str, tmp_path: Path
) -> None:
    pack = write(tmp_path, FILES | {file: content})
    with pytest.raises(DatagapError) as caught:
        read(pack)
    assert str(caught.value).startswith(message.replace("{folder}", str(tmp_path)))


def test_events_before_a_broken_line_are_read(tmp_path: Path) -> None:
    events = write(tmp_path, FILES | {layout.EVENT_FILES["nlq"]: as_json(QUERY) + b"\n{\n"}).events("nlq")
    assert next(events).id == "q_1"
    with pytest.raises(DatagapError):
        next(events)


@pytest.mark.parametrize(("name", "reason"), [("gone", "does not exist"), ("file", "is not a folder")])
def test_what_is_no_folder_is_no_pack(name: str, reason: str, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(MisuseError) as caught:
        Pack(tmp_path / name)
    assert str(caught.value) == f"{tmp_path / name}: {reason}; give the folder of a pack"


def test_a_pack_is_checked_against_the_users_schemas_where_there_are_any(pack: Pack, tmp_path: Path) -> None:
    own: dict[str, Any] = {"type": "object", "properties": {"id": {"const": "other"}}}
    (tmp_path / "nl_query.schema.json").write_bytes(as_json(own))
    with pytest.raises(DatagapError) as caught:
        next(Pack(pack.path, Validator(tmp_path)).events("nlq"))
    assert str(caught.value) == 'nl_queries.jsonl:1 /id: expected "other", got "q_1"'
