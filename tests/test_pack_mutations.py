"""Break a made pack in one place: the rule that owns the place reports it, by file and line."""

from __future__ import annotations

import copy
import json
import shutil
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path
from typing import Any, Final, NamedTuple, TypeAlias

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from datagap import model
from datagap.pack.checks import check_pack
from datagap.validate import embedded
from tests import packs
from tests.mutations import mutations
from tests.tiny import COUNTED, DATASETS, FRESHNESS, GAPS, LABELS, LINEAGE

PEOPLE: Final = "catalog/people.jsonl"
EVENTS: Final = tuple(packs.CHANNELS.values())
RECORDS: Final[dict[str, model.RecordName]] = {
    DATASETS: "dataset",
    FRESHNESS: "freshness_row",
    LINEAGE: "lineage_edge",
    PEOPLE: "person",
    "nl_queries.jsonl": "nl_query",
    "slack.jsonl": "slack_message",
    "email.jsonl": "email_message",
    GAPS: "truth_gap",
    LABELS: "truth_label",
}
"""Files of many records."""
DOCUMENTS: Final[dict[str, model.RecordName]] = {
    "manifest.json": "manifest",
    "catalog/coverage.json": "coverage",
}
Content: TypeAlias = dict[str, Any]


class Expected(NamedTuple):
    """What has to be reported of a mutation."""

    code: str
    file: str
    line: int | None = None
    pointer: str | None = None
    """A pointer that has to be named; None where the record as a whole is wrong."""


Mutate: TypeAlias = Callable[[Content, st.DataObject], Expected]


@pytest.fixture(scope="module")
def content(tmp_path_factory: pytest.TempPathFactory) -> Content:
    """What a made pack holds, by file: lists of records, or documents."""
    made = packs.make(tmp_path_factory.mktemp("made") / "pack")
    found: Content = {file: made.json(file) for file in (DATASETS, LINEAGE, *DOCUMENTS)}
    found[FRESHNESS] = [row | {"sla_hours": int(row["sla_hours"])} for row in made.csv(FRESHNESS)]
    return found | {file: made.lines(file) for file in (PEOPLE, *EVENTS, GAPS, LABELS)}


def line_of(file: str, place: int) -> int:
    """Return the line on which `written` puts a record."""
    return place + (2 if file in (DATASETS, LINEAGE, FRESHNESS) else 1)


def written(content: Content) -> dict[str, bytes]:
    """Return the bytes of each file, a record a line."""
    return {file: "".join(_text(file, held)).encode() for file, held in content.items()}


def _text(file: str, held: Any) -> Iterator[str]:
    if file in DOCUMENTS:
        yield json.dumps(held, indent=1)
    elif file == FRESHNESS:
        yield "dataset,max_loaded_at,sla_hours\n"
        yield from (",".join(str(cell) for cell in row.values()) + "\n" for row in held)
    elif file in (DATASETS, LINEAGE):
        yield "[\n" + ",\n".join(json.dumps(record) for record in held) + "\n]\n"
    else:
        yield from (json.dumps(record) + "\n" for record in held)


SERIAL = count()


def reported(content: Content, folder: Path, edit: Callable[[Path], None] = lambda _: None) -> set[Expected]:
    """Return what is reported of a pack with this content, each problem with and without its pointer."""
    target = packs.write(folder / str(next(SERIAL)), written(content))
    edit(target)
    found = check_pack(target, embedded()).problems
    shutil.rmtree(target)
    exact = {Expected(problem.code, problem.file, problem.line, problem.pointer) for problem in found}
    return exact | {one._replace(pointer=None) for one in exact}


def recount(content: Content) -> None:
    content["manifest.json"]["counts"].update({name: len(content[file]) for name, file in COUNTED.items()})


def count_line(content: Content, file: str) -> Expected:
    """Return the report of a file whose count in the manifest is wrong."""
    name = next(name for name, counted in COUNTED.items() if counted == file)
    pointer = f"/counts/{name}"
    return Expected("DG104", "manifest.json", document_line(content["manifest.json"], pointer), pointer)


def any_place(data: st.DataObject, records: list[Any]) -> int:
    return data.draw(st.integers(0, len(records) - 1), label="place")


def place_where(data: st.DataObject, records: list[Any], holds: Callable[[Any], object]) -> int:
    return data.draw(st.sampled_from([place for place, one in enumerate(records) if holds(one)]), label="place")


def label_of(content: Content, event_id: str) -> int:
    """Return the line of an event's label."""
    return 1 + next(place for place, label in enumerate(content[LABELS]) if label["event_id"] == event_id)


# Drop


def dropped(file: str) -> Mutate:
    def mutate(content: Content, data: st.DataObject) -> Expected:
        del content[file][any_place(data, content[file])]
        return count_line(content, file)

    return mutate


def dropped_event(file: str) -> Mutate:
    def mutate(content: Content, data: st.DataObject) -> Expected:
        gone = content[file].pop(any_place(data, content[file]))
        recount(content)
        return Expected("DG114", LABELS, label_of(content, gone["id"]), "/event_id")

    return mutate


def dropped_dataset(content: Content, data: st.DataObject) -> Expected:
    loaded = [row["dataset"] for row in content[FRESHNESS]]
    gone = content[DATASETS].pop(place_where(data, content[DATASETS], lambda one: one["name"] in loaded))
    recount(content)
    return Expected("DG110", FRESHNESS, 2 + loaded.index(gone["name"]))


def dropped_load(content: Content, data: st.DataObject) -> Expected:
    gone = content[FRESHNESS].pop(any_place(data, content[FRESHNESS]))
    recount(content)
    (place,) = (place for place, one in enumerate(content[DATASETS]) if one["name"] == gone["dataset"])
    return Expected("DG110", DATASETS, line_of(DATASETS, place), f"/{place}/name")


def dropped_person(content: Content, data: st.DataObject) -> Expected:
    actors = {event["actor"] for file in EVENTS for event in content[file]}
    gone = content[PEOPLE].pop(place_where(data, content[PEOPLE], lambda one: one["person_id"] in actors))
    recount(content)
    first = next(
        (file, place)
        for file in EVENTS
        for place, event in enumerate(content[file])
        if event["actor"] == gone["person_id"]
    )
    return Expected("DG106", first[0], line_of(*first), "/actor")


def dropped_gap(content: Content, data: st.DataObject) -> Expected:
    gone = content[GAPS].pop(place_where(data, content[GAPS], lambda gap: gap["demand"]["events"]))
    recount(content)
    place = next(place for place, label in enumerate(content[LABELS]) if gone["gap_id"] in label["gap_ids"])
    return Expected("DG118", LABELS, place + 1, "/gap_ids/0")


def dropped_label(content: Content, data: st.DataObject) -> Expected:
    gone = content[LABELS].pop(any_place(data, content[LABELS]))
    recount(content)
    ((file, place),) = (
        (file, place) for file in EVENTS for place, event in enumerate(content[file]) if event["id"] == gone["event_id"]
    )
    return Expected("DG114", file, line_of(file, place), "/id")


# Retype, rename, drop a property, and whatever else breaks a schema


def broken(file: str) -> Mutate:
    """Break a record's schema in one place; of CSV only what its three cells can hold."""

    def mutate(content: Content, data: st.DataObject) -> Expected:
        place = any_place(data, content[file])
        record = content[file][place]
        ways = [one for one in mutations(model.schema(RECORDS[file]), record) if file != FRESHNESS or in_cells(one)]
        chosen = data.draw(st.sampled_from(ways), label="mutation")
        content[file][place] = chosen.applied(record)
        under = f"/{place}" if file in (DATASETS, LINEAGE) else ""
        return Expected("DG001", file, line_of(file, place), under + chosen.pointer)

    return mutate


def in_cells(mutation: Any) -> bool:
    return len(mutation.path) == 1 and isinstance(mutation.value, str) and "\n" not in mutation.value


def broken_document(file: str) -> Mutate:
    def mutate(content: Content, data: st.DataObject) -> Expected:
        ways = list(mutations(model.schema(DOCUMENTS[file]), content[file]))
        chosen = data.draw(st.sampled_from([one for one in ways if one.path]), label="mutation")
        content[file] = chosen.applied(content[file])
        return Expected("DG001", file, document_line(content[file], chosen.pointer), chosen.pointer)

    return mutate


def document_line(document: Any, pointer: str) -> int:
    """Return the line of the value at a pointer, or of what is around it, by writing all that stands before it."""
    parts = [part.replace("~1", "/").replace("~0", "~") for part in pointer.split("/")[1:]]
    line, value = 1, document
    for part in parts:
        keys: list[Any] = list(value) if isinstance(value, dict) else list(range(len(value)))
        key: Any = int(part) if isinstance(value, list) else part
        if key not in keys:
            break
        before = keys[: keys.index(key)]
        line += 1 + sum(json.dumps(value[one], indent=1).count("\n") + 1 for one in before)
        value = value[key]
    return line


def renamed_dataset(content: Content, data: st.DataObject) -> Expected:
    place = place_where(
        data, content[DATASETS], lambda one: one["name"] in {row["dataset"] for row in content[FRESHNESS]}
    )
    content[DATASETS][place]["name"] += "_old"
    return Expected("DG110", DATASETS, line_of(DATASETS, place), f"/{place}/name")


def renamed_event(file: str) -> Mutate:
    def mutate(content: Content, data: st.DataObject) -> Expected:
        place = any_place(data, content[file])
        content[file][place]["id"] += "_old"
        return Expected("DG114", file, line_of(file, place), "/id")

    return mutate


# Reorder


def reordered(file: str) -> Mutate:
    def mutate(content: Content, data: st.DataObject) -> Expected:
        events = content[file]
        place = data.draw(st.integers(0, len(events) - 2), label="place")
        events[place], events[place + 1] = events[place + 1], events[place]
        return Expected("DG115", file, line_of(file, place + 1), "")

    return mutate


def reply_first(file: str) -> Mutate:
    def mutate(content: Content, data: st.DataObject) -> Expected:
        events = content[file]
        reply = place_where(data, events, lambda event: event.get("thread_id") not in (None, event["id"]))
        opener = next(place for place, event in enumerate(events) if event["id"] == events[reply]["thread_id"])
        events.insert(opener, events.pop(reply))
        return Expected("DG107", file, line_of(file, opener), "/when")

    return mutate


# Duplicate


def duplicated(file: str, code: str, pointer: str) -> Mutate:
    def mutate(content: Content, data: st.DataObject) -> Expected:
        place = any_place(data, content[file])
        content[file].append(copy.deepcopy(content[file][place]))
        recount(content)
        last = len(content[file]) - 1
        return Expected(code, file, line_of(file, last), pointer.replace("#", str(last)))

    return mutate


# Swap references


def swapped(file: str, key: str, other: str, other_key: str, code: str = "DG106") -> Mutate:
    """Make a reference lead to something of another kind."""

    def mutate(content: Content, data: st.DataObject) -> Expected:
        place = place_where(data, content[file], lambda one: one.get(key))
        content[file][place][key] = content[other][any_place(data, content[other])][other_key]
        return Expected(code, file, line_of(file, place), f"/{key}")

    return mutate


def answered_elsewhere(content: Content, data: st.DataObject) -> Expected:
    queries = content["nl_queries.jsonl"]
    place = place_where(data, queries, lambda query: query["outcome"] == "answered" and query.get("tables"))
    queries[place]["tables"][0] = data.draw(st.sampled_from(content[PEOPLE]))["person_id"]
    return Expected("DG109", "nl_queries.jsonl", place + 1, "/tables/0")


def answered_from_another_table(content: Content, data: st.DataObject) -> Expected:
    queries, columns = content["nl_queries.jsonl"], {one["name"]: one["columns"] for one in content[DATASETS]}
    place = place_where(data, queries, lambda query: query["outcome"] == "answered" and query.get("parsed_sql"))
    table = data.draw(st.sampled_from(sorted(columns)), label="table")
    queries[place]["parsed_sql"] = f"select {table}_no_column from {table}"
    return Expected("DG116", "nl_queries.jsonl", place + 1, "/parsed_sql")


def turned_edge(content: Content, data: st.DataObject) -> Expected:
    edge = content[LINEAGE][any_place(data, content[LINEAGE])]
    content[LINEAGE].append({"from": edge["to"], "to": edge["from"]})
    recount(content)
    ends = {edge["from"], edge["to"]}
    first = next(place for place, one in enumerate(content[LINEAGE]) if {one["from"], one["to"]} == ends)
    return Expected("DG112", LINEAGE, line_of(LINEAGE, first), f"/{first}")


def edge_from_nowhere(content: Content, data: st.DataObject) -> Expected:
    place = any_place(data, content[LINEAGE])
    content[LINEAGE][place]["from"] = content[PEOPLE][0]["person_id"]
    return Expected("DG111", LINEAGE, line_of(LINEAGE, place), f"/{place}/from")


def key_elsewhere(content: Content, data: st.DataObject) -> Expected:
    place = place_where(data, content[DATASETS], lambda one: one.get("foreign_keys"))
    content[DATASETS][place]["foreign_keys"][0]["references"] = content[PEOPLE][0]["person_id"]
    return Expected("DG106", DATASETS, line_of(DATASETS, place), f"/{place}/foreign_keys/0/references")


def facts_swapped(content: Content, data: st.DataObject) -> Expected:
    gaps = content[GAPS]
    place = place_where(data, gaps, lambda gap: gap["fact"]["pointer"])
    fact = gaps[place]["fact"]
    others = [gap["fact"] for gap in gaps if gap["fact"]["pointer"] and gap["fact"]["value"] != fact["value"]]
    fact["value"] = data.draw(st.sampled_from(others), label="other")["value"]
    return Expected("DG119", GAPS, place + 1, "/fact/value")


def labels_swapped(content: Content, data: st.DataObject) -> Expected:
    labels = content[LABELS]
    gap = place_where(data, labels, lambda label: label["gap_ids"])
    none = place_where(data, labels, lambda label: not label["gap_ids"])
    labels[gap]["gap_ids"], labels[none]["gap_ids"] = [], labels[gap]["gap_ids"]
    return Expected("DG121", LABELS, gap + 1 if "none_reason" not in labels[gap] else none + 1)


def gap_of_another_time(content: Content, data: st.DataObject) -> Expected:
    place = place_where(data, content[LABELS], lambda label: label["gap_ids"])
    label = content[LABELS][place]
    when = next(event["when"] for file in EVENTS for event in content[file] if event["id"] == label["event_id"])
    gap = next(gap for gap in content[GAPS] if gap["gap_id"] == label["gap_ids"][0])
    gap["resolved_at"] = when
    return Expected("DG120", LABELS, place + 1, "/gap_ids/0")


def outside(file: str) -> Mutate:
    def mutate(content: Content, data: st.DataObject) -> Expected:
        place = any_place(data, content[file])
        content[file][place]["when"] = data.draw(st.sampled_from(["1999-12-31T23:59:59Z", "2999-12-31T23:59:59Z"]))
        return Expected("DG108", file, line_of(file, place), "/when")

    return mutate


def demanded(key: str) -> Mutate:
    def mutate(content: Content, data: st.DataObject) -> Expected:
        place = any_place(data, content[GAPS])
        content[GAPS][place]["demand"][key] += 1
        return Expected("DG122", GAPS, place + 1, f"/demand/{key}")

    return mutate


MUTATIONS: Final[dict[str, Mutate]] = {
    **{f"drop a record of {file}": dropped(file) for file in COUNTED.values()},
    **{f"drop an event of {file} and count again": dropped_event(file) for file in EVENTS},
    "drop a dataset and count again": dropped_dataset,
    "drop a freshness row and count again": dropped_load,
    "drop a person and count again": dropped_person,
    "drop a gap and count again": dropped_gap,
    "drop a label and count again": dropped_label,
    **{f"retype, rename or drop within a record of {file}": broken(file) for file in RECORDS},
    **{f"retype, rename or drop within {file}": broken_document(file) for file in DOCUMENTS},
    "rename a dataset": renamed_dataset,
    **{f"rename an event of {file}": renamed_event(file) for file in EVENTS},
    **{f"swap two lines of {file}": reordered(file) for file in EVENTS},
    **{f"put a reply first in {file}": reply_first(file) for file in EVENTS[1:]},
    **{f"duplicate an event of {file}": duplicated(file, "DG105", "/id") for file in EVENTS},
    "duplicate a dataset": duplicated(DATASETS, "DG105", "/#/name"),
    "duplicate a freshness row": duplicated(FRESHNESS, "DG105", ""),
    "duplicate a person": duplicated(PEOPLE, "DG105", ""),
    "duplicate a gap": duplicated(GAPS, "DG105", "/gap_id"),
    "duplicate a label": duplicated(LABELS, "DG114", "/event_id"),
    "swap a thread for one of another channel": swapped("slack.jsonl", "thread_id", "email.jsonl", "id"),
    "swap a thread for a query": swapped("email.jsonl", "thread_id", "nl_queries.jsonl", "id"),
    "swap a query for a message": swapped("slack.jsonl", "referenced_query_id", "email.jsonl", "id"),
    "swap a table for a person": answered_elsewhere,
    "swap a column for another": answered_from_another_table,
    "swap the ends of an edge": turned_edge,
    "swap an end of an edge for a person": edge_from_nowhere,
    "swap a key for a person": key_elsewhere,
    "swap the facts of two gaps": facts_swapped,
    "swap the gaps of two labels": labels_swapped,
    "swap a gap for one that was over": gap_of_another_time,
    **{f"move an event of {file} out of the window": outside(file) for file in EVENTS},
    **{f"ask for more {key}": demanded(key) for key in ("events", "people")},
}


@pytest.mark.parametrize("name", MUTATIONS)
@given(data=st.data())
@settings(max_examples=6, deadline=None)
def test_a_mutation_is_reported_by_the_rule_that_owns_it(
    name: str, content: Content, tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    mutated = copy.deepcopy(content)
    expected = MUTATIONS[name](mutated, data)
    assert expected in reported(mutated, tmp_path_factory.getbasetemp())


@pytest.mark.parametrize("file", [*RECORDS, *DOCUMENTS])
@given(data=st.data())
@settings(max_examples=6, deadline=None)
def test_an_edited_byte_is_reported_for_its_file(
    file: str, content: Content, tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    def edit(folder: Path) -> None:
        before = (folder / file).read_bytes()
        place = data.draw(st.integers(0, len(before) - 1), label="place")
        byte = data.draw(st.integers(0, 255).filter(lambda value: value != before[place]), label="byte")
        (folder / file).write_bytes(before[:place] + bytes([byte]) + before[place + 1 :])

    assert Expected("DG102", file) in reported(content, tmp_path_factory.getbasetemp(), edit)


def test_nothing_is_reported_of_what_is_not_mutated(content: Content, tmp_path: Path) -> None:
    assert reported(content, tmp_path) == set()
