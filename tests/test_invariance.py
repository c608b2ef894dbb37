"""What must not matter to a report does not: order, the answer key, the bot's guesses, and what things are called."""

from __future__ import annotations

import json
import random
import re
import shutil
from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

import pytest

from datagap import model
from datagap.pack.reader import Pack
from datagap.report.reading import open_reader
from datagap.report.render import render
from datagap.report.run import analyse
from datagap.report.text import stem
from tests import packs

pytestmark = pytest.mark.slow

OPTIONS: Final = model.load(model.RunConfig, {})
EVENTS: Final = tuple(packs.CHANNELS.values())
NOISY: Final = {"noise": {"typos_pct": 0.3, "abbreviations_pct": 0.2, "casing_pct": 0.2, "emoji_pct": 0.2}}
MADE: Final[Mapping[str, Mapping[str, Any]]] = {
    "enterprise, easy": {"difficulty": "easy"},
    "fintech, hard and partial": {"scenario": "fintech", "difficulty": "hard", "catalog_completeness": 0.5},
    "ecommerce in three languages, noisy": {
        "scenario": "ecommerce",
        "nlq": {"languages": [{"lang": name, "pct": share} for name, share in (("en", 0.4), ("es", 0.3), ("fr", 0.3))]}
        | NOISY,
    },
}


@pytest.fixture(scope="module", params=MADE)
def pack(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small pack; tests that change it copy it first. The folder's name is its id."""
    out = tmp_path_factory.mktemp("made") / "p"
    packs.make(out, packs.merged(packs.SMALL, dict(MADE[request.param])), seed=5)
    return out


@pytest.fixture(scope="module")
def reported(pack: Path) -> Mapping[str, bytes]:
    return outputs(pack)


def outputs(folder: Path) -> dict[str, bytes]:
    """Return every file of the report on a pack, without the hash of what was read."""
    files = {}
    for file, content in render(analyse(Pack(folder), OPTIONS)).items():
        data = content if isinstance(content, bytes) else content.encode()
        files[file] = re.sub(rb'"hashes_digest":\s*"[0-9a-f]+"', b'"hashes_digest":""', data)
    return files


def copied(pack: Path, to: Path) -> Path:
    return shutil.copytree(pack, to / "p")


def rewritten(folder: Path, file: str, change: Callable[[dict[str, Any]], object]) -> None:
    """Change each record of a file in place."""
    records = [json.loads(line) for line in (folder / file).read_text(encoding="utf-8").splitlines()]
    for record in records:
        change(record)
    (folder / file).write_text("".join(json.dumps(record) + "\n" for record in records), encoding="utf-8")


# Order


def test_two_runs_give_the_same_bytes(pack: Path, reported: Mapping[str, bytes]) -> None:
    assert outputs(pack) == reported
    assert {"report.md", "report.html", "backlog.jsonl", "artifacts/detections.jsonl"} <= {*reported}


@pytest.mark.parametrize("seed", [1, 2])
def test_the_order_of_lines_changes_nothing(
    pack: Path, reported: Mapping[str, bytes], seed: int, tmp_path: Path
) -> None:
    folder = copied(pack, tmp_path)
    for file in (*EVENTS, "catalog/people.jsonl"):
        if (folder / file).exists():
            lines = (folder / file).read_bytes().splitlines(keepends=True)
            random.Random(seed).shuffle(lines)
            (folder / file).write_bytes(b"".join(lines))
    assert outputs(folder) == reported


def test_the_order_of_keys_and_the_spaces_of_lines_change_nothing(
    pack: Path, reported: Mapping[str, bytes], tmp_path: Path
) -> None:
    folder = copied(pack, tmp_path)
    for file in EVENTS:
        records = [json.loads(line) for line in (folder / file).read_text(encoding="utf-8").splitlines()]
        text = "".join(json.dumps(dict(reversed(one.items())), separators=(" , ", " : ")) + "\r\n" for one in records)
        (folder / file).write_bytes(text.encode())
    assert outputs(folder) == reported


# What a detector may not read


def test_the_answer_key_and_the_bots_guesses_change_nothing(
    pack: Path, reported: Mapping[str, bytes], tmp_path: Path
) -> None:
    folder = copied(pack, tmp_path)
    shutil.rmtree(folder / "truth")
    rewritten(folder, "nl_queries.jsonl", lambda query: query.update(gap_types=["quality_issue", "access_denied"]))
    rewritten(folder, "slack.jsonl", lambda message: message.update(labels=["freshness_breach"]))
    assert outputs(folder) == reported
    for file in EVENTS[:2]:
        rewritten(folder, file, lambda event: [event.pop(key, None) for key in ("gap_types", "labels")])
    assert outputs(folder) == reported


def test_an_answer_key_that_lies_changes_nothing(pack: Path, reported: Mapping[str, bytes], tmp_path: Path) -> None:
    folder = copied(pack, tmp_path)
    for file in ("truth/gaps.jsonl", "truth/labels.jsonl"):
        (folder / file).write_text("this is no JSON\n")
    assert outputs(folder) == reported


def test_the_bots_tables_dimensions_and_metrics_change_nothing_in_linking(pack: Path) -> None:
    source = Pack(pack)
    reader = open_reader(source.catalog())
    queries = [query for query in source.events("nlq") if isinstance(query, model.NlQuery)]
    assert any(query.tables for query in queries)
    for query in queries:
        plain = model.dump(query)
        for key in ("tables", "dims", "metrics", "parsed_sql"):
            plain.pop(key, None)
        bare = reader.read(model.load(model.NlQuery, plain))
        full = reader.read(query)
        assert (bare.links, bare.scores.tolist()) == (full.links, full.scores.tolist())
        assert (bare.considered.datasets, bare.considered.columns) == ((), ())


# What things are called

KEPT: Final = frozenset(
    [
        "mart",
        "stg",
        "raw",
        "src",
        "agg",
        "fct",
        "dim",
        "rpt",
        "int",
        "hourly",
        "daily",
        "weekly",
        "monthly",
        "quarterly",
        "yearly",
        "hour",
        "day",
        "week",
        "month",
        "quarter",
        "year",
        "id",
        "code",
        "key",
        "no",
        "number",
        "date",
        "time",
        "at",
        "on",
        "by",
        "of",
        "per",
        "to",
        "in",
        "the",
        "and",
        "is",
        "a",
        "for",
        "from",
        "with",
        "table",
        "data",
        "name",
        "type",
        "status",
        "string",
        "text",
        "integer",
        "decimal",
        "timestamp",
        "boolean",
        "varchar",
    ]
)
"""Words of names that mean the same in every catalog."""
LEFT_ALONE: Final = frozenset(
    [
        "id",
        "event_id",
        "gap_id",
        "gap_ids",
        "gap_type",
        "reason",
        "layer",
        "type",
        "kind",
        "status",
        "period",
        "owner",
        "access_roles",
        "format",
        "channel",
        "actor",
        "when",
        "outcome",
        "thread_id",
        "referenced_query_id",
        "none_reason",
        "intent",
        "state",
        "difficulty",
        "lang",
        "severity",
        "source",
        "pack_id",
        "file",
        "pointer",
        "began_at",
        "resolved_at",
        "max_loaded_at",
        "ran_at",
        "retired_at",
        "as_of",
        "template_split",
        "person_id",
        "role",
        "audience",
        "team",
    ]
)
"""Keys whose values are no names of things."""
LETTERS: Final = re.compile(r"[^\W\d_]+")


def new_word(number: int) -> str:
    """Return a word of no language."""
    syllables = [first + second for first in "bdfgklmnprtvz" for second in "aeiou"]
    return (
        syllables[number % 65]
        + syllables[number // 65 * 7 % 65]
        + syllables[(number * 11 + 3) % 65]
        + "x"[: number % 2]
    )


def renaming(names: set[str]) -> Callable[[str], str]:
    """Return what puts another word for every word that names are made of, in any text, in the plural as well."""
    words = sorted({stem(word.lower()) for name in names for word in LETTERS.findall(name)} - KEPT)
    new = {word: new_word(number) for number, word in enumerate(words) if len(word) > 2}
    assert len({*new.values()}) == len(new)

    def put(match: re.Match[str]) -> str:
        word = match[0]
        single = stem(word.lower())
        if single not in new:
            return word
        other = new[single] + ("s" if word.lower() != single else "")
        return other.upper() if word.isupper() else other.capitalize() if word[0].isupper() else other

    return lambda text: LETTERS.sub(put, text)


def renamed(value: Any, rename: Callable[[str], str], key: str = "") -> Any:
    if isinstance(value, dict):
        return {name: renamed(part, rename, name) for name, part in value.items()}
    if isinstance(value, list):
        return [renamed(part, rename, key) for part in value]
    return rename(value) if isinstance(value, str) and key not in LEFT_ALONE else value


def under_other_names(pack: Path, out: Path) -> Path:
    """Write a pack in which every dataset and column is called something else, in the catalog and in all texts."""
    catalog = json.loads((pack / "catalog/datasets.json").read_text(encoding="utf-8"))
    names = {one["name"] for one in catalog} | {column["name"] for one in catalog for column in one["columns"]}
    rename = renaming(names)
    files: dict[str, bytes] = {}
    for file, content in packs.tree(pack).items():
        if file.endswith(".jsonl") and "people" not in file:
            rows = [renamed(json.loads(line), rename) for line in content.decode().splitlines()]
            content = "".join(json.dumps(row) + "\n" for row in rows).encode()
        elif file in ("catalog/datasets.json", "catalog/lineage.json"):
            content = json.dumps([renamed(row, rename) for row in json.loads(content)]).encode()
        elif file == "catalog/freshness.csv":
            head, *rows = content.decode().splitlines()
            content = "\n".join(
                [head, *(rename(row.split(",")[0]) + row[row.index(",") :] for row in rows), ""]
            ).encode()
        if file != "hashes.json":
            files[file] = content
    after = {one["name"] for one in json.loads(files["catalog/datasets.json"])}
    assert not after & {one["name"] for one in catalog}
    assert len(after) == len(catalog)
    return packs.write(out, files)


def macro_f1(folder: Path) -> float:
    """Return the mean over the gap types in the answer key of F1 over pairs of event and type."""
    key = packs.Files(folder)
    found = {one.event_id: one for one in analyse(Pack(folder), OPTIONS).detections}
    hits, told, wanted = Counter[str](), Counter[str](), Counter[str]()
    for event_id, label in key.labels.items():
        true = {key.gaps[gap_id]["gap_type"] for gap_id in label["gap_ids"]}
        gaps = found[event_id].gaps if event_id in found else ()
        said = {gap.gap_type for gap in gaps if gap.verdict != "contradicted"}
        hits.update(true & said)
        told.update(said)
        wanted.update(true)
    return sum(2 * hits[name] / (told[name] + wanted[name]) for name in wanted) / len(wanted)


@pytest.mark.slow
@pytest.mark.parametrize("scenario", ["enterprise", "saas"])
def test_what_datasets_and_columns_are_called_changes_little(scenario: str, tmp_path: Path) -> None:
    data = {
        "scenario": scenario,
        "nlq": {
            "count": 600,
            "languages": [{"lang": "en", "pct": 1}],
            "noise": {"typos_pct": 0, "abbreviations_pct": 0},
        },
        "slack": {"threads": 80},
        "email": {"threads": 40},
        "gaps": {"count": 60},
    }
    packs.make(tmp_path / "p", packs.merged(packs.SMALL, data), seed=9)
    assert abs(macro_f1(tmp_path / "p") - macro_f1(under_other_names(tmp_path / "p", tmp_path / "other" / "p"))) <= 0.03
