"""What people call things besides: mined, confirmed, and linked; the measure that mining is held to."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from datagap import model
from datagap.catalog import Catalog
from datagap.errors import DatagapError
from datagap.ids import group_id
from datagap.pack.layout import Event
from datagap.pack.reader import Pack
from datagap.report.alias import confirmed, load_aliases, phrase_key
from datagap.report.candidate import FEWEST, likelihood_ratio
from datagap.report.linking import NO_ALIASES, Aliases, Linker
from datagap.report.mining import Mined, mine
from datagap.report.phrase import Phraser, personal_words
from datagap.report.reading import Reader, open_reader
from datagap.report.result import Report
from datagap.report.run import analyse
from datagap.report.sample import Said, Smallest, Texts
from datagap.report.surrounding import Found, Surroundings
from datagap.score.scoring import score
from tests import packs
from tests.handmade import query, slack, write_pack
from tests.test_cli_aliases import DATASETS, PEOPLE, events

OPTIONS = model.load(model.RunConfig, {})
GOLD = model.Alias(phrase="gold sheet", kind="dataset", ref="mart_orders")
CATALOG = Catalog(
    datasets=[model.load(model.Dataset, one) for one in DATASETS],
    freshness=[],
    lineage=[],
    as_of="2026-03-05T18:00:00Z",
)


@cache
def plain_reader() -> Reader:
    return open_reader(CATALOG)


@pytest.fixture(scope="module")
def pack(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_pack(tmp_path_factory.mktemp("aliases") / "p1", events(), DATASETS, people=PEOPLE)


# The sample


def records(found: Sequence[Mapping[str, Any]]) -> list[Event]:
    kinds: Mapping[str, type[Event]] = {"nlq": model.NlQuery, "slack": model.SlackMessage}
    return [model.load(kinds[one["channel"]], one) for one in found]


EVENTS = records(events())
blocks = st.permutations(range(len(EVENTS))).flatmap(
    lambda order: st.lists(st.integers(0, len(EVENTS)), max_size=4).map(lambda cuts: _cut(order, sorted(cuts)))
)


def _cut(order: Sequence[int], cuts: Sequence[int]) -> list[list[Event]]:
    ends = [0, *cuts, len(order)]
    return [[EVENTS[place] for place in order[start:end]] for start, end in pairwise(ends)]


def sampled(parts: Iterable[Iterable[Event]], most: int) -> Texts:
    whole = Texts(most)
    for part in parts:
        texts = Texts(most)
        texts.add(part)
        whole.join(texts)
    return whole


def told(texts: Texts) -> tuple[object, ...]:
    return texts.events, [_said(one) for one in texts]


def _said(one: Said) -> tuple[object, ...]:
    return one.text, one.events, list(one.people), list(one.places)


def around(texts: Texts, parts: Sequence[Sequence[Event]]) -> list[Found]:
    whole = Surroundings(CATALOG, plain_reader(), texts)
    for part in parts:
        messages = Surroundings(CATALOG, plain_reader(), texts)
        messages.add_messages(part)
        whole.join(messages)
    for part in parts:
        whole.add_queries(event for event in part if isinstance(event, model.NlQuery))
    return [whole.around(place) for said in texts for _, place in said.places]


@given(blocks, st.sampled_from([1, 7, 33, 1000]))
def test_neither_order_nor_blocks_change_what_is_counted(parts: list[list[Event]], most: int) -> None:
    texts, straight = sampled(parts, most), sampled([EVENTS], most)
    assert told(texts) == told(straight)
    assert len(texts) == min(most, len({event.id for event in EVENTS}))
    assert around(texts, parts) == around(straight, [EVENTS])


@given(st.lists(st.integers(0, 40), max_size=60), st.integers(1, 9))
def test_the_smallest_keys_are_kept(keys: list[int], most: int) -> None:
    kept: Smallest[int] = Smallest(most)
    for key in keys:
        kept.put(key, -key)
    assert list(kept) == [(key, -key) for key in sorted({*keys})[:most]]
    assert kept.is_full == (len({*keys}) >= most)


def test_one_text_of_many_people_counts_each_and_keeps_few_places() -> None:
    texts = Texts()
    said = [query(f"q{place}", "where is  Café Noir", actor=f"u{place}") for place in range(60)]
    texts.add(records([*said, query("q_last", "WHERE IS cafe noir", actor="u0")]))
    (one,) = texts
    assert (one.text, one.events, len(one.people), len(one.places)) == ("WHERE IS cafe noir", 61, 60, 16)


# Phrases


def phrases(text: str, banned: Iterable[str] = ()) -> set[str]:
    return Phraser(Linker(CATALOG), frozenset(banned)).phrases(text)


@pytest.mark.parametrize(
    ("text", "found", "lacking"),
    [
        ("spend in the gold sheet", {"spend", "gold sheet", "spend in the gold sheet"}, {"the gold sheet", "in"}),
        ("Gold Sheets, by week 12", {"gold sheet", "week"}, {"gold sheet by week", "12"}),
        ("net revenue in mart_orders", set(), {"net revenue", "mart_orders", "mart order"}),
        ("what is gmv_daily?", {"gmv_daily"}, {"gmv", "daily"}),
        ("new mart orders board", {"new mart order board", "board"}, {"mart order", "order board", "new mart"}),
        ("the region of the shops", {"shop"}, {"region of the shop", "region"}),
        ("[person] says gold [email] sheet", {"gold", "sheet"}, {"person", "gold sheet", "email"}),
        ("one two three four five six", {"three four five six"}, {"two three four five six"}),
    ],
)
def test_a_phrase_is_words_that_no_name_has(text: str, found: set[str], lacking: set[str]) -> None:
    made = phrases(text)
    assert found <= made
    assert not lacking & made


def test_words_of_people_are_in_no_phrase() -> None:
    banned = personal_words(["u_ann", "bo.li"], ["Zoé Goldberg"])
    assert phrases("anns Zoe and goldberg's bo.li sheet", banned) == {"sheet"}
    assert phrases("bo_li_daily and ann.x", banned) == set()


def test_what_is_too_long_to_be_a_name_is_none() -> None:
    assert phrases(f"gold {'x' * 200} sheet {'y' * 90} {'z' * 90}") == {"gold", "sheet", "y" * 90, "z" * 90, *LONG}
    assert phrases("sheet " * 400) == {" ".join(["sheet"] * words) for words in (1, 2, 3, 4)}


LONG = {f"sheet {'y' * 90}"}


@given(st.text(max_size=200))
def test_any_text_gives_phrases_that_are_found_again(text: str) -> None:
    for phrase in phrases(text):
        assert 1 <= len(phrase_key(phrase).split() or phrase.split()) <= 8 or "_" in phrase or "." in phrase


# What is mined


def test_what_people_say_is_proposed_with_what_says_so(pack: Path) -> None:
    found = {one.phrase: one for one in mine(Pack(pack), 2).aliases}
    assert {phrase: (one.kind, one.ref, one.events, one.people) for phrase, one in found.items()} == {
        "gold sheet": ("dataset", "mart_orders", 8, 4),
        "footage": ("column", "floor_area", 6, 4),
        "carbon footprint": ("subject", "carbon footprint", 12, 4),
    }
    assert list(found["gold sheet"].sources or ()) == ["query", "telemetry", "thread"]


def test_lines_in_another_order_give_the_same(pack: Path, tmp_path: Path) -> None:
    other = write_pack(tmp_path / "p1", [*reversed(events())], DATASETS, people=PEOPLE)
    assert mine(Pack(other), 1) == mine(Pack(pack), 1)


def test_a_sample_is_told_of(pack: Path) -> None:
    assert mine(Pack(pack), most_texts=5) == Mined(aliases=[], texts=5, events=33, is_sample=True)


VERBS = ["Tracking", "Do we load", "I miss", "Who has", "There are no", "Where are the"]


def test_two_subjects_that_are_spoken_of_together_are_one(tmp_path: Path) -> None:
    made: list[dict[str, Any]] = []
    for place in range(2 * FEWEST):
        asked = query(f"q{place}", f"carbon footprint number {place}", actor=f"u{place}", tables=[])
        said = slack(f"s{place}", f"{VERBS[place]} greenhouse emissions?", actor=f"u{place}")
        made += [asked, {**said, "referenced_query_id": f"q{place}"}]
    made += [query(f"q_{place}", f"note {place} in mart_bare", tables=["mart_bare"]) for place in range(20)]
    write_pack(tmp_path / "p", made, DATASETS)
    found = {one.phrase: (one.kind, one.ref) for one in mine(Pack(tmp_path / "p")).aliases}
    assert found.get("greenhouse emission") == ("subject", "carbon footprint")


@given(st.integers(0, 30), st.integers(0, 30), st.integers(0, 30), st.integers(0, 30))
def test_a_ratio_is_of_both_alike_and_none_where_there_is_nothing_to_tell(a: int, b: int, c: int, d: int) -> None:
    ratio = likelihood_ratio(a, a + b, a + c, a + b + c + d)
    assert ratio == pytest.approx(likelihood_ratio(a, a + c, a + b, a + b + c + d))
    assert (ratio > 0) == (a * d > b * c)
    assert likelihood_ratio(20, 20, 20, 100) > likelihood_ratio(10, 20, 20, 100) > 0


# Those that are confirmed


def groups(pack: Path, aliases: Aliases = NO_ALIASES) -> dict[tuple[str, ...], set[str]]:
    report = analyse(Pack(pack), OPTIONS, aliases=aliases)
    return {tuple(one.key): set(one.event_ids) for one in report.clusters}


def test_aliases_move_only_the_events_that_use_them(pack: Path) -> None:
    before, after = groups(pack), groups(pack, confirmed([GOLD]))
    texts = {str(one["id"]): str(one.get("nl_text") or one.get("text")) for one in events()}
    moved = {event for key in before.keys() | after.keys() for event in before.get(key, set()) ^ after.get(key, set())}
    assert moved
    assert all("gold sheet" in texts[event] for event in moved if not event.startswith("s_1"))
    assert any(key[1] == "mart_orders" and "s_2" in ids for key, ids in after.items())
    assert groups(pack, confirmed([])) == before


def test_ids_stay_when_the_corpus_grows(pack: Path, tmp_path: Path) -> None:
    more = [query(f"q_more_{place}", f"gold sheet once more {place}", tables=["mart_orders"]) for place in range(9)]
    grown = write_pack(tmp_path / "p1", [*events(), *more], DATASETS, people=PEOPLE)
    small, large = (analyse(Pack(one), OPTIONS, aliases=confirmed([GOLD])) for one in (pack, grown))
    assert ids(small).items() <= ids(large).items()


def ids(report: Report) -> dict[tuple[str, ...], str]:
    found = {tuple(one.key): one.group_id for one in report.clusters}
    assert all(group_id(key) == name for key, name in found.items())
    return found


SUBJECTS = confirmed(
    [
        model.Alias(phrase="carbon footprint", kind="subject", ref="Carbon footprints"),
        model.Alias(phrase="greenhouse emissions", kind="subject", ref="Carbon footprints"),
    ]
)


def test_phrases_for_one_subject_make_one_group(tmp_path: Path) -> None:
    texts = ["do we ingest carbon footprints anywhere", "greenhouse emission data please", "a dataset on chartreuse"]
    pack = write_pack(tmp_path / "p", [query(f"q{n}", text) for n, text in enumerate(texts)], DATASETS)
    before, after = groups(pack), groups(pack, SUBJECTS)
    assert not any(ids >= {"q0", "q1"} for ids in before.values())
    assert any(key[1] == "~carbon footprint" and ids >= {"q0", "q1"} for key, ids in after.items())
    assert {key: ids for key, ids in before.items() if ids == {"q2"}} == {
        key: ids for key, ids in after.items() if ids == {"q2"}
    }


def test_the_longest_confirmed_subject_counts_and_what_is_linked_stays() -> None:
    longer = model.Alias(phrase="carbon footprint of shops", kind="subject", ref="shop emissions")
    aliases = replace(SUBJECTS, subjects={**SUBJECTS.subjects, **confirmed([longer]).subjects})
    reader: Reader = open_reader(CATALOG, aliases=aliases)
    assert reader.links("carbon footprint of the day and the carbon footprints of shops").subject == "shop emissions"
    assert reader.links("nothing of the kind").subject == plain_reader().links("nothing of the kind").subject
    assert reader.links("net_revenue in mart_orders") == plain_reader().links("net_revenue in mart_orders")


def test_an_alias_may_be_an_identifier_or_a_column() -> None:
    gmv = model.Alias(phrase="gmv_daily", kind="dataset", ref="mart_orders")
    footage = model.Alias(phrase="Footages", kind="column", ref="floor_area")
    links = open_reader(CATALOG, aliases=confirmed([gmv, footage])).links("footage in gmv_daily")
    assert (links.datasets, links.columns) == (("mart_orders",), ("floor_area",))


WRONG: list[tuple[str, str, str]] = [
    (
        "a.csv",
        "phrase,kind,ref\ngold sheet,dataset,mart_order\n",
        "no dataset of the catalog; did you mean mart_orders",
    ),
    ("a.csv", "phrase,kind,ref\ngold sheet,column,zzz\n", "no column of the catalog; give the name of a column"),
    (
        "a.csv",
        "phrase,kind,ref\ngold sheet,dataset,mart_orders\nGold sheets,dataset,mart_shops\n",
        'a.csv:3: "Gold sheets" stands for dataset mart_orders and for dataset mart_shops; keep one of them',
    ),
    ("a.csv", "phrase,kind,ref\n ,dataset,mart_orders\n", "expected at least 1 character, got 0"),
    ("a.csv", "phrase,kind,ref\n--,dataset,mart_orders\n", 'the phrase "--" has no word'),
    ("a.csv", "phrase,kind,ref\nof the,dataset,mart_orders\n", "is made of words that stand in any text"),
    ("a.csv", "phrase,kind,ref\na b c d e f g h i,dataset,mart_orders\n", "has more than 8 words"),
    ("a.csv", "phrase,kind,ref\nmart shops,dataset,mart_orders\n", "is a name of the dataset mart_shops already"),
    ("a.csv", "phrase,kind,ref\ngold sheet,subject,--\n", 'the ref "--" has no word'),
    ("a.csv", "phrase,kind,ref\ngold sheet,table,mart_orders\n", "expected one of dataset, column, subject"),
    ("a.csv", "phrase,kind,ref,confirmed\ngold sheet,dataset,mart_orders,maybe\n", 'a.csv:2: confirmed is "maybe"'),
    ("a.csv", "phrase,kind,ref,confirmed\ngold sheet,dataset,mart_orders,\n", "confirms no alias; write yes in"),
    ("a.csv", "phrase,kind,ref\n", "confirms no alias"),
    ("a.csv", "", "expected the header phrase,kind,ref"),
    ("a.csv", "phrase,ref\ngold sheet,mart_orders\n", "expected the header phrase,kind,ref"),
    ("a.csv", "phrase,kind,ref,ref\ngold,dataset,a,b\n", "expected the header phrase,kind,ref"),
    ("a.csv", "phrase,kind,ref\ngold sheet,dataset\n", "expected 3 cells, got 2"),
    ("a.yaml", "", "expected a list of aliases, got object"),
    ("a.yaml", "- phrase: gold sheet\n  kind: dataset\n  ref: mart_order\n", "a.yaml:1: the ref"),
    ("a.yaml", "- gold sheet\n", "expected object, got string"),
    ("a.jsonl", '{"phrase": "gold"}\n', "is missing"),
    ("a.jsonl", "{\n", "a.jsonl:1: is not valid JSON"),
]


@pytest.mark.parametrize(("file", "content", "message"), WRONG, ids=[message for _, _, message in WRONG])
def test_a_file_that_cannot_be_used_is_told_of_in_a_sentence(
    tmp_path: Path, file: str, content: str, message: str
) -> None:
    (tmp_path / file).write_text(content, encoding="utf-8", newline="")
    with pytest.raises(DatagapError, match=re.escape(message)) as caught:
        load_aliases(tmp_path / file, CATALOG)
    assert caught.value.exit_code == 1
    assert "\n" not in str(caught.value)


# The measure: a catalog that has forgotten a quarter of its aliases

MEASURED = {**packs.SMALL, "nlq": {"count": 900}, "slack": {"threads": 90}, "email": {"threads": 20}, "actors": 30}


@pytest.fixture(scope="module")
def generated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("generated") / "p"
    packs.make(folder, MEASURED, seed=3)
    return folder


def forgotten(source: Path, target: Path) -> dict[str, str]:
    """Write a pack without the aliases of every fourth dataset that is called by one; return these by phrase."""
    copied = packs.tree(source)
    text = b"\n".join(copied[file] for file in packs.CHANNELS.values()).decode().lower()
    datasets = json.loads(copied["catalog/datasets.json"])
    gone: dict[str, str] = {}
    used = [one for one in datasets if any(text.count(alias.lower()) >= 8 for alias in one.get("aliases", ()))]
    for one in used[::4]:
        gone |= {phrase_key(alias): one["name"] for alias in one.pop("aliases")}
    packs.write(target, {**copied, "catalog/datasets.json": json.dumps(datasets).encode()})
    return gone


def figures(truth: Path, pack: Path, aliases: Aliases = NO_ALIASES) -> model.Figures:
    found = analyse(Pack(pack), OPTIONS, aliases=aliases).detections
    return score(Pack(truth), found, resamples=0).figures


def test_forgotten_aliases_come_up_and_confirming_them_brings_groups_together(generated: Path, tmp_path: Path) -> None:
    gone = forgotten(generated, tmp_path / "p")
    mined = mine(Pack(tmp_path / "p"), 2).aliases[:50]
    right = [one for one in mined if gone.get(one.phrase) == one.ref]
    assert len(right) >= 0.75 * len(gone) >= 3
    before, after = (figures(generated, tmp_path / "p", one) for one in (NO_ALIASES, confirmed(right)))
    assert before.ari is not None
    assert after.ari is not None
    assert after.ari > before.ari + 0.02
    assert (after.datasets.recall or 0) > (before.datasets.recall or 0) + 0.01
    assert after.datasets.precision == before.datasets.precision
