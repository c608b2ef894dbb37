"""An explained event is the pack's own, what is said to lie behind it is so, and what makes it doubtful is said."""

from __future__ import annotations

import json
import shutil
from collections import Counter
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from datagap import __version__, model
from datagap.errors import DatagapError, MisuseError
from datagap.gap import REASONS
from datagap.synth import explanation, scenario
from datagap.synth.explanation import Explanation, ExplanationError, explain
from datagap.synth.run import generate
from datagap.synth.scenario import parse_vocabulary, scenario_file
from datagap.synth.studio import Studio, open_studio
from tests import packs
from tests.handmade import dataset, query, write_pack
from tests.packs import Files

VARIED = packs.merged(
    packs.SMALL,
    {
        "gap_prevalence": 0.5,
        "gaps": {"count": 24, "resolved_share": 0.5},
        "slack": {"threads": 60},
        "email": {"threads": 30},
    },
)
"""A config whose packs hold gaps that are open and resolved, claims, and events of every kind that are about none."""
OTHER = "the pack's event with this id is not the one derived here"


@pytest.fixture(scope="module")
def pack(tmp_path_factory: pytest.TempPathFactory) -> Files:
    return packs.make(tmp_path_factory.mktemp("explanation") / "p", VARIED)


def all_explained(pack: Files) -> dict[str, Explanation]:
    """Explain every event of a pack; its scenario is read and its world is built once."""
    opened: list[Studio] = []

    def once(*arguments: Any) -> Studio:
        if not opened:
            opened.append(open_studio(*arguments))
        return opened[0]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(explanation, "open_studio", once)
        patch.setattr(explanation, "parse_vocabulary", cache(parse_vocabulary))
        return {event_id: explain(pack.folder, event_id) for event_id in pack.events}


@pytest.fixture(scope="module")
def explained(pack: Files) -> Mapping[str, Explanation]:
    return all_explained(pack)


@pytest.fixture
def copy(pack: Files, tmp_path: Path) -> Path:
    """A copy of the pack, to be edited by hand."""
    return Path(shutil.copytree(pack.folder, tmp_path / "p"))


def edit_manifest(folder: Path, **change: Any) -> None:
    manifest = json.loads((folder / "manifest.json").read_bytes())
    (folder / "manifest.json").write_text(json.dumps(packs.merged(manifest, change)))


def edit_lines(folder: Path, file: str, change: Any) -> None:
    """Replace each line of a file by what `change` makes of its record; None leaves it out."""
    records = [json.loads(line) for line in (folder / file).read_text(encoding="utf-8").splitlines()]
    lines = [json.dumps(made) + "\n" for made in map(change, records) if made is not None]
    (folder / file).write_text("".join(lines), encoding="utf-8", newline="\n")


# The event


def wrongly_explained(pack: Files, explained: Mapping[str, Explanation]) -> Iterator[str]:
    for event_id, found in explained.items():
        if model.dump(found.event) != pack.events[event_id]:
            yield f"{event_id}: {found.event}"
        if model.dump(found.label) != pack.labels[event_id]:
            yield f"{event_id}: {found.label}"
        yield from (f"{event_id}: {doubt}" for doubt in found.doubts)


def test_every_event_of_every_channel_is_explained_as_the_pack_and_its_key_have_it(
    pack: Files, explained: Mapping[str, Explanation]
) -> None:
    assert {found.event.channel for found in explained.values()} == {*packs.CHANNELS}
    assert list(wrongly_explained(pack, explained)) == []


@pytest.mark.parametrize("channel", packs.CHANNELS)
def test_an_event_that_is_explained_alone_is_explained_alike(
    channel: str, pack: Files, explained: Mapping[str, Explanation]
) -> None:
    event_id = pack.channels[channel][-1]["id"]
    assert explain(pack.folder, event_id) == explained[event_id]


FEW: dict[str, Any] = {"nlq": {"count": 40}, "slack": {"threads": 8}, "email": {"threads": 5}}
SHAPES: dict[str, dict[str, Any]] = {
    "languages": {"nlq": {"languages": [{"lang": "es", "pct": 0.5}, {"lang": "fr", "pct": 0.5}]}},
    "held out": {"scenario": "saas", "templates": "held_out"},
    "incomplete catalog": {"catalog_completeness": 0.3},
    "late": {"catalog": {"inject_freshness_breaches": 1}},
    "one person": {"actors": ["ann"]},
}


@pytest.mark.parametrize("shape", SHAPES)
def test_packs_of_other_configs_are_explained_as_exactly(shape: str, tmp_path: Path) -> None:
    made = packs.make(tmp_path / "p", packs.merged(packs.merged(packs.SMALL, FEW), SHAPES[shape]), 11)
    assert list(wrongly_explained(made, all_explained(made))) == []


def test_the_answer_key_and_the_catalog_are_not_read(copy: Path, explained: Mapping[str, Explanation]) -> None:
    for name in ("truth", "catalog"):
        shutil.rmtree(copy / name)
    assert explain(copy, "s_0000000_00") == explained["s_0000000_00"]


# The chain


def opener(pack: Files, event_id: str) -> str:
    opened: str = pack.events[event_id].get("thread_id", event_id)
    return opened


def of_kind(pack: Files, reason: str) -> list[str]:
    """Return the queries and openers that carry no gap for this reason."""
    return [
        one for one, label in pack.labels.items() if label.get("none_reason") == reason and opener(pack, one) == one
    ]


def the_gap(pack: Files, event_id: str) -> dict[str, Any] | None:
    """Return the gap that an event, or the thread that it stands in, is about."""
    gap_ids = pack.labels[opener(pack, event_id)]["gap_ids"]
    return pack.gaps[gap_ids[0]] if gap_ids else None


def test_what_is_about_a_gap_shows_it_with_its_time_and_the_fact_as_the_key_has_them(
    pack: Files, explained: Mapping[str, Explanation]
) -> None:
    ends = Counter[bool]()
    for event_id, found in explained.items():
        gap = the_gap(pack, event_id)
        if gap is None:
            assert not {"about", "fact", "state"} & found.chain.keys()
            continue
        end = f"until {gap['resolved_at']}" if gap["resolved_at"] else "and still is"
        said = f"{gap['gap_id']}: {gap['gap_type']} ({gap['reason']}), true since {gap['began_at']} {end}"
        assert found.chain["need"] == said
        named = [gap["subject"]] if "subject" in gap else []
        more = ["…"] if len(gap["datasets"]) > 4 else []
        assert found.chain["about"].split(", ") == [*named, *gap["datasets"][:4], *more, *gap["columns"]]
        fact = gap["fact"]
        assert found.chain["fact"].startswith(f"{fact['file']} {fact['pointer'] or '(nowhere in it)'} is ")
        shown = found.chain["fact"].partition(" is ")[2]
        assert json.dumps(fact["value"]).startswith(shown.removesuffix("…"))
        assert len(shown) <= 60
        ends[gap["resolved_at"] is None] += 1
    assert min(ends[True], ends[False]) > 10


def test_what_asks_for_nothing_in_a_thread_about_a_gap_says_so(
    pack: Files, explained: Mapping[str, Explanation]
) -> None:
    parts = {
        event_id: f"asks for nothing itself: {label['none_reason']}"
        for event_id, label in pack.labels.items()
        if the_gap(pack, event_id) and not label["gap_ids"]
    }
    assert {event_id: found.chain["part"] for event_id, found in explained.items() if "part" in found.chain} == parts
    assert {*parts.values()} == {f"asks for nothing itself: {reason}" for reason in ("chatter", "resolved")}


def test_a_claim_is_shown_to_be_false_and_of_what_in_its_whole_thread(
    pack: Files, explained: Mapping[str, Explanation]
) -> None:
    openers = of_kind(pack, "working_as_intended")
    assert openers
    for event_id in openers:
        label = pack.labels[event_id]
        assert explained[event_id].chain["act"].endswith(": asks")
        for other in pack.threads[event_id]:
            need = explained[other].chain["need"]
            claimed, _, rest = need.removeprefix("none: claims ").partition(" (")
            reason, _, rest = rest.partition(") of ")
            assert reason in REASONS[claimed]  # type: ignore[index]
            named = rest.removesuffix(", which is false")
            assert named in pack.datasets
            assert need == f"none: claims {claimed} ({reason}) of {named}, which is false"
            refs = {one["ref"].partition(".")[0] for one in label["mentions"] if one["kind"] in ("dataset", "column")}
            assert not refs or named in refs


DISTRACTORS = ("answered", "analysis_request", "how_to", "wrong_tool", "bot_error", "chatter", "resolved")


@pytest.mark.parametrize("reason", DISTRACTORS)
def test_what_is_about_no_gap_says_why_and_a_thread_what_it_is_about(
    reason: str, pack: Files, explained: Mapping[str, Explanation]
) -> None:
    threads = [event_id for event_id in of_kind(pack, reason) if event_id in pack.threads]
    assert threads
    for event_id in threads:
        count = len(pack.threads[event_id])
        for place, other in enumerate(pack.threads[event_id], 1):
            chain = explained[other].chain
            assert chain["need"] == f"none: {pack.labels[other]['none_reason']}"
            act = (
                chain["act"].removeprefix(f"message {place} of {count}: ").removesuffix(f" in a thread about {reason}")
            )
            assert chain["act"] == f"message {place} of {count}: {act} in a thread about {reason}"
            assert (act == reason) is (place == 1)


def test_a_query_says_whether_it_asks_for_a_gap_or_else_what_it_does(
    pack: Files, explained: Mapping[str, Explanation]
) -> None:
    for event in pack.channels["nlq"]:
        label, chain = pack.labels[event["id"]], explained[event["id"]].chain
        reason = label.get("none_reason")
        act = chain["act"].removeprefix("query: ")
        assert act.partition("_")[0] == "answered" if reason == "answered" else act == (reason or "asks")
        assert chain["outcome"] == f"{event['outcome']} after {event['latency_ms']} ms"
        if reason:
            assert chain["need"] == f"none: {reason}"


def test_the_rest_of_the_chain_is_the_actor_wording_mentions_noise_reference_state_and_clock(
    pack: Files, explained: Mapping[str, Explanation]
) -> None:
    seen = Counter[str]()
    for event_id, found in explained.items():
        event, label, chain = pack.events[event_id], pack.labels[event_id], found.chain
        person = pack.people[event["actor"]]
        who = f"{event['actor']} ({person['role']}, {person['audience']})"
        assert chain["actor"] == f"{who}, {person['timezone']}, holds {', '.join(person['access_roles'])}"
        name, _, kind = chain["template"].removesuffix(")").partition(" (")
        level, _, split = kind.rpartition(", ")
        assert name.startswith(f"{label['lang']}/")
        assert split == label["template_split"]
        assert level in (("", label["difficulty"]) if label["gap_ids"] else ("", "easy", "medium", "hard"))
        mentions = [f"{one['kind']} {json.dumps(one['text'])} = {one['ref']}" for one in label["mentions"]]
        assert chain["mentions"] == ("; ".join(mentions) or "nothing")
        assert chain["noise"] == (", ".join(label.get("noise", ())) or "none")
        assert chain.get("refers to") == event.get("referenced_query_id")
        assert chain.get("state") == (f"the thread ends {label['state']}" if "state" in label else None)
        assert chain["clock"] == f"now is {pack.manifest['generated_at']} in this pack"
        assert next(iter(chain)) == "need"
        assert [*chain][-1] == "clock"
        seen.update(chain.keys())
    assert seen["refers to"] > 5


# Doubts


def test_an_event_that_was_edited_is_doubted_and_its_neighbours_are_not(copy: Path) -> None:
    edit_lines(copy, "nl_queries.jsonl", lambda one: {**one, "nl_text": "Why?"} if one["id"] == "q_00000003" else one)
    found = explain(copy, "q_00000003")
    assert found.doubts == (OTHER,)
    assert isinstance(found.event, model.NlQuery)
    assert found.event.nl_text != "Why?"
    assert explain(copy, "q_00000004").doubts == explain(copy, "s_0000000_00").doubts == ()


def test_an_event_that_is_merely_written_otherwise_is_not_doubted(copy: Path) -> None:
    edit_lines(copy, "slack.jsonl", lambda one: dict(reversed(one.items())))
    assert explain(copy, "s_0000000_00").doubts == ()


def test_an_event_that_was_removed_is_doubted(copy: Path) -> None:
    edit_lines(copy, "email.jsonl", lambda one: None if one["id"] == "e_0000000_00" else one)
    assert explain(copy, "e_0000000_00").doubts == ("the pack has no event with this id",)


def test_a_line_that_is_no_event_is_passed_over(copy: Path) -> None:
    content = (copy / "slack.jsonl").read_bytes()
    (copy / "slack.jsonl").write_bytes(b'{"id": \n[]\n' + content)
    assert explain(copy, "s_0000000_00").doubts == ()


BY_VERSION = f"the pack was made by version 0.0.9, and this is {__version__}"
BY_SPEC = "the pack was made from another spec than this version's"


@pytest.mark.parametrize(
    ("change", "doubts"),
    [
        ({"generator_version": "0.0.9"}, (BY_VERSION,)),
        ({"spec_digest": "0" * 64}, (BY_SPEC,)),
        ({"generator_version": "0.0.9", "spec_digest": "0" * 64}, (BY_VERSION,)),
        ({"config_echo": {"difficulty": "hard"}}, (OTHER,)),
    ],
)
def test_a_pack_of_another_version_spec_or_config_is_doubted(
    change: dict[str, Any], doubts: tuple[str, ...], copy: Path, explained: Mapping[str, Explanation]
) -> None:
    edit_manifest(copy, **change)
    changed = [event_id for event_id, found in explained.items() if found.label.difficulty == "easy"][:3]
    assert {explain(copy, event_id).doubts for event_id in changed} == {doubts}


def test_two_doubts_are_both_said(copy: Path) -> None:
    edit_manifest(copy, generator_version="0.0.9")
    edit_lines(copy, "slack.jsonl", lambda one: {**one, "text": "?"})
    assert explain(copy, "s_0000000_00").doubts == (BY_VERSION, OTHER)


def test_the_seed_is_that_of_the_manifest_whatever_the_echoed_config_says(
    copy: Path, explained: Mapping[str, Explanation]
) -> None:
    edit_manifest(copy, config_echo={"seed": None})
    assert explain(copy, "q_00000003") == explained["q_00000003"]


# Ids


@pytest.mark.parametrize(
    "event_id",
    [
        "", "12", "q_12", "q_0000012", "Q_00000012", "q_00000012 ", "q_00000012\n", "q-00000012", "q_0000001\uff12",
        "q_00000003_00", "s_0000003", "s_0000003_0", "e_000003_00", "x_0000003_00", "gap_0003", "../q_00000012",
        "q_000000012", "s_00000003_00", "s_0000003_000",
    ],
)  # fmt: skip
def test_what_no_event_can_be_called_is_misuse(event_id: str, pack: Files) -> None:
    with pytest.raises(MisuseError) as caught:
        explain(pack.folder, event_id)
    said = f"{pack.folder}: {json.dumps(event_id)} is no id of an event; give an id such as q_00000012 or s_0000003_00"
    assert str(caught.value) == said


@pytest.mark.parametrize(
    ("event_id", "said"),
    [
        ("q_00000120", 'has no query "q_00000120"; its last one is q_00000119'),
        ("s_0000060_00", 'has no thread for "s_0000060_00"; its last thread opens with s_0000059_00'),
        ("e_0000030_00", 'has no thread for "e_0000030_00"; its last thread opens with e_0000029_00'),
        ("s_0000000_99", 'has no message "s_0000000_99"; its last message is <last>'),
    ],
)
def test_an_id_beyond_the_last_is_misuse_and_the_last_is_named(event_id: str, said: str, pack: Files) -> None:
    with pytest.raises(MisuseError) as caught:
        explain(pack.folder, event_id)
    assert str(caught.value) == f"{pack.folder}: " + said.replace("<last>", pack.threads["s_0000000_00"][-1])


def test_an_id_with_more_digits_than_a_number_may_have_is_misuse(pack: Files) -> None:
    with pytest.raises(MisuseError):
        explain(pack.folder, "q_" + "9" * 5000)


@pytest.mark.parametrize(
    ("event_id", "said"),
    [
        ("q_00000000", "it has no queries"),
        ("s_0000000_00", "it has no threads there"),
        ("e_0000000_00", "it has no threads there"),
    ],
)
def test_a_channel_without_events_has_no_last_one(event_id: str, said: str, tmp_path: Path) -> None:
    none: dict[str, Any] = {"nlq": {"count": 0}, "slack": {"threads": 0}, "email": {"threads": 0}}
    made = packs.make(tmp_path / "p", packs.merged(packs.SMALL, none))
    with pytest.raises(MisuseError) as caught:
        explain(made.folder, event_id)
    assert str(caught.value).endswith(f"; {said}")


# Packs that cannot be explained


def test_a_pack_without_a_seed_cannot_be_explained(tmp_path: Path) -> None:
    folder = write_pack(tmp_path / "p", [query("q_00000000", "Why?")], [dataset("mart_orders")])
    with pytest.raises(ExplanationError) as caught:
        explain(folder, "q_00000000")
    said = "records no seed, so its events cannot be derived"
    assert (str(caught.value), caught.value.exit_code) == (f"{folder / 'manifest.json'}: {said}", 1)


def test_a_folder_that_is_no_pack_cannot_be_explained(tmp_path: Path) -> None:
    with pytest.raises(MisuseError, match="does not exist; give the folder of a pack"):
        explain(tmp_path / "gone", "q_00000000")
    with pytest.raises(DatagapError, match=r"manifest\.json: is missing or cannot be read"):
        explain(tmp_path, "q_00000000")


# Scenarios of a user's own

MINE = (
    scenario_file("fintech").replace(b"name: fintech\n", b"name: mine\n").replace(b"split: train", b"split: held_out")
)


@pytest.fixture
def own(tmp_path: Path) -> Files:
    """A pack that was made from a user's own scenario, whose file is not there any more."""
    assert MINE.count(b"\nname: mine\n") + MINE.startswith(b"name: mine\n") == 1
    config = packs.config(packs.merged(packs.merged(packs.SMALL, FEW), {"scenario": "./mine.yaml"}))
    generate(config, tmp_path / "own", vocabulary=parse_vocabulary(MINE, "mine.yaml"))
    return Files(tmp_path / "own")


def test_a_pack_of_a_users_own_scenario_is_explained_by_the_copy_in_it_and_by_nothing_embedded(
    own: Files, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert (own.folder / "scenario.yaml").read_bytes() == MINE
    monkeypatch.setattr(scenario, "_embedded", None)
    assert list(wrongly_explained(own, all_explained(own))) == []
    assert {label["template_split"] for label in own.labels.values()} == {"held_out"}


def test_a_copy_of_a_scenario_that_was_edited_makes_its_events_doubtful(own: Files) -> None:
    copied = own.folder / "scenario.yaml"
    copied.write_bytes(copied.read_bytes().replace(b"given_names: [", b"given_names: [zebulon, "))
    doubts = {explain(own.folder, f"q_{place:08d}").doubts for place in range(5)}
    assert (OTHER,) in doubts


def test_a_copy_of_a_scenario_that_is_broken_is_reported_by_its_line(own: Files) -> None:
    (own.folder / "scenario.yaml").write_bytes(MINE + b"moods: [bleak]\n")
    with pytest.raises(DatagapError) as caught:
        explain(own.folder, "q_00000000")
    line = MINE.count(b"\n") + 1
    assert str(caught.value).startswith(f"{own.folder / 'scenario.yaml'}:{line} /moods: is not a known property")


def test_a_pack_whose_own_scenario_was_removed_says_so_and_never_looks_at_the_users_folder(
    own: Files, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (own.folder / "scenario.yaml").unlink()
    (tmp_path / "mine.yaml").write_bytes(MINE)
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ExplanationError) as caught:
        explain(own.folder, "q_00000000")
    said = "is missing, and the pack was made from a scenario of the user's own"
    assert str(caught.value) == f"{own.folder / 'scenario.yaml'}: {said}"
