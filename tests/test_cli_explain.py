"""What `explain`, `stats`, `scenarios` and `gen` with its overrides print, and what a scenario of one's own does."""

from __future__ import annotations

import json
import shutil
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import yaml

from datagap.synth import run as synth_run
from datagap.synth.config import load_config
from datagap.synth.scenario import load_vocabulary, scenario_file, scenario_names
from tests import packs
from tests.packs import Files, Run, run, transcript
from tests.test_cli_synth import SMALL

TINY = packs.merged(
    SMALL, {"nlq": {"count": 12}, "slack": {"threads": 3}, "email": {"threads": 2}, "gaps": {"count": None}}
)
"""A config whose packs hold few events."""


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a config and the pack `p` of it, which no test changes."""
    folder = tmp_path_factory.mktemp("explain")
    (folder / "config.yaml").write_text(json.dumps(SMALL))
    assert run("gen", "--config", "config.yaml", "--seed", "7", "--out", "p", cwd=folder).code == 0
    return folder


@pytest.fixture(scope="module")
def pack(shared: Path) -> Files:
    return Files(shared / "p")


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A folder with a config of few events, which has no seed."""
    (tmp_path / "config.yaml").write_text(json.dumps(TINY))
    return tmp_path


def gen(home: Path, *arguments: str, seed: int = 7) -> Run:
    return run("gen", "--config", "config.yaml", "--seed", str(seed), *arguments, cwd=home)


# Explain


def chosen(pack: Files) -> dict[str, str]:
    """Return events to explain: a query and a Slack opener about a gap, a reply to it, a mail, and one about none."""
    about = {event_id: bool(label["gap_ids"]) for event_id, label in pack.labels.items()}
    query = next(event["id"] for event in pack.channels["nlq"] if about[event["id"]])
    opener = next(one for one, messages in pack.threads.items() if about[one] and len(messages) > 1)
    mail = next(event["id"] for event in pack.channels["email"] if "thread_id" in event)
    none = next(one for one in pack.threads if not about[one])
    return {"query": query, "opener": opener, "reply": pack.threads[opener][1], "mail": mail, "none": none}


def test_a_session_of_explaining_events(shared: Path, pack: Files, tmp_path: Path) -> None:
    events = chosen(pack)
    assert events["opener"].startswith("s_")
    edited = Path(shutil.copytree(shared / "p", tmp_path / "edited"))
    (edited / "slack.jsonl").write_bytes(b"")
    session = transcript([["explain", event_id, "--pack", "p"] for event_id in events.values()], shared)
    doubted = transcript([["explain", events["reply"], "--pack", "edited", "--quiet"]], tmp_path)
    beyond = transcript([["explain", one, "--pack", "p"] for one in ("q_00000120", "s_0000099_00", "q_12")], shared)
    packs.check_snapshot("cli_explain", "\n".join([session, doubted, beyond]))


@pytest.mark.parametrize("kind", ["query", "opener", "reply", "mail", "none"])
def test_an_explanation_as_json_holds_event_label_chain_and_doubts(kind: str, shared: Path, pack: Files) -> None:
    event_id = chosen(pack)[kind]
    ran = run("explain", event_id, "--pack", "p", "--format", "json", cwd=shared)
    assert (ran.code, ran.err) == (0, "")
    found = json.loads(ran.out)
    assert found.keys() == {"event", "label", "chain", "doubts"}
    assert (found["event"], found["label"]) == (pack.events[event_id], pack.labels[event_id])
    assert found["doubts"] == []
    words = " ".join(run("explain", event_id, "--pack", "p", cwd=shared).out.split())
    assert words.startswith(f"{event_id} {pack.events[event_id]['when']} {pack.events[event_id]['actor']} ")
    for name, said in found["chain"].items():
        assert " ".join(f"{name} {said}".split()) in words


def test_doubts_are_warnings_and_stand_in_the_json(shared: Path, tmp_path: Path) -> None:
    shutil.copytree(shared / "p", tmp_path / "p")
    (tmp_path / "p" / "slack.jsonl").write_bytes(b"")
    ran = run("explain", "s_0000000_00", "--pack", "p", "--format", "json", "--quiet", cwd=tmp_path)
    assert (ran.code, ran.err) == (0, "warning: the pack has no event with this id\n")
    assert json.loads(ran.out)["doubts"] == ["the pack has no event with this id"]


# Stats


def test_a_session_of_counting_a_pack(shared: Path, tmp_path: Path) -> None:
    shutil.copytree(shared / "p", tmp_path / "keyless")
    shutil.rmtree(tmp_path / "keyless" / "truth")
    session = transcript([["stats", "--pack", "p"]], shared)
    packs.check_snapshot("cli_stats", session + "\n" + transcript([["stats", "--pack", "keyless"]], tmp_path))


def test_statistics_as_json_are_those_of_the_pack(shared: Path, pack: Files) -> None:
    ran = run("stats", "--pack", "p", "--format", "json", cwd=shared)
    assert (ran.code, ran.err) == (0, "")
    found = json.loads(ran.out)
    assert found["pack_id"] == "p"
    assert found["events"] == {channel: len(events) for channel, events in pack.channels.items()}
    assert {one["gap_id"]: one["people"] for one in found["demand"]} == {
        gap_id: gap["demand"]["people"] for gap_id, gap in pack.gaps.items()
    }
    assert [rate["name"] for rate in found["rates"]["gaps"]] == ["nlq queries", "slack threads", "email threads"]
    assert sum(found["hours"]) == len(pack.events)


# Scenarios


def test_a_session_of_listing_scenarios(tmp_path: Path) -> None:
    session = transcript([["scenarios"], ["scenarios", "fintec"], ["scenarios", "./mine.yaml"]], tmp_path)
    packs.check_snapshot("cli_scenarios", session)


@pytest.mark.parametrize("name", scenario_names())
def test_a_scenario_is_printed_as_its_file_is_with_the_schema_that_init_writes(name: str, tmp_path: Path) -> None:
    ran = run("scenarios", name, cwd=tmp_path)
    assert (ran.code, ran.err) == (0, "")
    [schema, *rest] = ran.out.splitlines()
    assert rest == scenario_file(name).decode().splitlines()[1:]
    assert run("init", cwd=tmp_path).code == 0
    assert (tmp_path / schema.partition("$schema=")[2]).is_file()


@pytest.mark.parametrize("name", scenario_names())
def test_init_writes_a_config_of_a_scenario_with_its_domains_that_generates(name: str, tmp_path: Path) -> None:
    assert run("init", "--scenario", name, cwd=tmp_path).code == 0
    domains = [domain.name for domain in load_vocabulary(name).scenario.domains]
    config = yaml.safe_load((tmp_path / "config.yaml").read_text(encoding="utf-8"))
    assert (config["scenario"], config["catalog"]["domains"]) == (name, domains)
    few = ["nlq.count=9", "slack.threads=2", "email.threads=1", "catalog.mart_tables=9", "catalog.staging_tables=5"]
    assert gen(tmp_path, "--out", "p", *(f"--set={one}" for one in few)).code == 0
    pack = Files(tmp_path / "p")
    assert {one["domain"] for one in pack.datasets.values()} <= {*domains}
    assert run("validate", "--pack", "p", cwd=tmp_path).code == 0


# Scenarios of a user's own


@pytest.fixture
def mine(home: Path) -> Path:
    """A scenario of the user's own beside the config, in a folder that is not the working directory."""
    (home / "there").mkdir()
    printed = run("scenarios", "ecommerce", cwd=home).out
    path = home / "there" / "mine.yaml"
    path.write_text(printed.replace("\nname: ecommerce\n", "\nname: mine\n").replace('staging: "', 'staging: "own_'))
    (home / "there" / "config.yaml").write_text(json.dumps({**TINY, "scenario": "./mine.yaml"}))
    return path


OWN = ("gen", "--config", "there/config.yaml", "--seed", "7", "--out", "p")


def test_a_scenario_relative_to_the_config_is_used_and_stored_in_the_pack(mine: Path, home: Path) -> None:
    ran = run(*OWN, "--verbose", cwd=home)
    assert (ran.code, ran.err.splitlines()[0]) == (0, "generating 12 queries in scenario mine")
    pack = Files(home / "p")
    assert (home / "p" / "scenario.yaml").read_bytes() == mine.read_bytes()
    assert "scenario.yaml" in pack.json("hashes.json")
    staging = [name for name, one in pack.datasets.items() if one["layer"] == "staging"]
    assert staging
    assert all(name.startswith("own_") for name in staging)
    assert pack.manifest["config_echo"]["scenario"] == "./mine.yaml"
    assert run("validate", "--pack", "p", cwd=home).out.endswith("p: valid, 0 errors, 0 warnings\n")
    assert "./mine.yaml" in run("list", "--root", ".", cwd=home).out


def test_a_pack_of_an_own_scenario_is_explained_and_replaced_without_the_file(mine: Path, home: Path) -> None:
    assert run(*OWN, cwd=home).code == 0
    content = mine.read_bytes()
    mine.unlink()
    ran = run("explain", "q_00000000", "--pack", "p", cwd=home)
    assert (ran.code, ran.err) == (0, "")
    mine.write_bytes(content)
    assert run(*OWN, "--force", cwd=home).code == 0


def test_an_own_scenario_makes_the_same_pack_wherever_it_lies(mine: Path, home: Path) -> None:
    assert run(*OWN, cwd=home).code == 0
    shutil.copytree(mine.parent, home / "elsewhere")
    here = ("gen", "--config", "config.yaml", "--seed", "7", "--out", "../q/p")
    assert run(*here, cwd=home / "elsewhere").code == 0
    assert packs.tree(home / "p") == packs.tree(home / "q" / "p")


def test_an_own_scenario_that_is_not_there_or_broken_is_named_with_its_place(mine: Path, home: Path) -> None:
    with mine.open("a") as output:
        output.write("moods: [bleak]\n")
    line = mine.read_text().count("\n")
    ran = run(*OWN, cwd=home)
    assert ran.code == 1
    assert ran.err.startswith(f"error: {Path('there', 'mine.yaml')}:{line} /moods: is not a known property")
    mine.unlink()
    gone = f"error: {Path('there', 'mine.yaml')}: does not exist; give the path of a YAML file\n"
    assert run(*OWN, cwd=home) == Run(2, "", gone)
    assert not (home / "p").exists()


@pytest.mark.usefixtures("mine")
def test_init_from_a_file_of_ones_own_gives_a_config_that_leads_to_it_or_is_refused(home: Path) -> None:
    ran = run("init", "--scenario", "there/mine.yaml", "--force", cwd=home)
    assert ran.code == 2 or gen(home, "--preview", "1").code == 0


# Preview


def test_a_preview_prints_the_first_events_of_the_pack_and_writes_nothing(home: Path) -> None:
    before = packs.tree(home)
    ran = gen(home, "--preview", "2")
    assert (ran.code, ran.err) == (0, "")
    assert packs.tree(home) == before
    assert gen(home, "--out", "p").code == 0
    pack = Files(home / "p")
    wanted = ["q_00000000", "q_00000001"]
    wanted += [one for name in "se" for thread in range(2) for one in pack.threads[f"{name}_{thread:07d}_00"]]
    lines = ran.out.splitlines()
    headed = [line for line in lines if line.split("  ")[0] in pack.events]
    assert headed == [f"{one}  {pack.events[one]['when']}  {pack.events[one]['actor']}" for one in wanted]
    for event_id in wanted:
        for line in packs.text_of(pack.events[event_id]).splitlines():
            assert line in [printed.strip() for printed in lines]
    meant = [line.strip() for line in lines if line.startswith("    -> ")]
    assert len(meant) == len(wanted)
    for said, label in zip(meant, (pack.labels[event_id] for event_id in wanted), strict=True):
        level = f", {label['difficulty']}" if label["gap_ids"] else ""
        assert said == f"-> {', '.join(label['gap_ids']) or label['none_reason']}{level}, {label['lang']}"
    assert lines[-1] == "seed 7; nothing was written"


def test_a_preview_of_more_than_there_is_prints_all_of_it(home: Path) -> None:
    assert gen(home, "--out", "p").code == 0
    printed = {line.split("  ")[0] for line in gen(home, "--preview", "1000").out.splitlines()}
    assert Files(home / "p").events.keys() <= printed


def test_the_seed_that_an_unseeded_preview_prints_makes_the_same_events(home: Path) -> None:
    first = run("gen", "--config", "config.yaml", "--preview", "1", cwd=home)
    seed = int(first.out.splitlines()[-1].removeprefix("seed ").partition(";")[0])
    assert gen(home, "--preview", "1", seed=seed) == first


@pytest.mark.parametrize("arguments", [[], ["--preview", "1", "--out", "p"]], ids=" ".join)
def test_gen_takes_either_a_preview_or_a_folder(arguments: Sequence[str], home: Path) -> None:
    ran = gen(home, *arguments)
    assert ran == Run(2, "", "error: Give either --out or --preview; see datagap-synth gen --help\n")
    assert [*packs.tree(home)] == ["config.yaml"]


# Overrides


ES: dict[str, Any] = {"lang": "es", "pct": 1}
OVERRIDES: list[tuple[list[str], dict[str, Any]]] = [
    (["nlq.count=5"], {"nlq": {"count": 5}}),
    (["nlq.count = 5 "], {"nlq": {"count": 5}}),
    (["nlq.count=5", "nlq.count=6"], {"nlq": {"count": 6}}),
    (["nlq.count=5", "slack.threads=1"], {"nlq": {"count": 5}, "slack": {"threads": 1}}),
    (["nlq.noise.typos_pct=5e-1"], {"nlq": {"noise": {"typos_pct": 0.5}}}),
    (["nlq.languages=[{lang: es, pct: 1}]"], {"nlq": {"languages": [ES]}}),
    (["slack={threads: 1}", "slack.replies_mean=0"], {"slack": {"threads": 1, "replies_mean": 0}}),
    (["actors=[ann, 'ben']"], {"actors": ["ann", "ben"]}),
    (["scenario='saas'", "catalog.domains=[revenue]"], {"scenario": "saas", "catalog": {"domains": ["revenue"]}}),
    (["gap_prevalence="], {"gap_prevalence": None}),
    (["gaps.count=null"], {"gaps": {"count": None}}),
    (["audience_weights={Ops: 1}"], {"audience_weights": {"Ops": 1}}),
    (["audience_weights.Ops=9"], {"audience_weights": {"Ops": 9}}),
]


@pytest.mark.parametrize(("overrides", "change"), OVERRIDES, ids=[" ".join(one) for one, _ in OVERRIDES])
def test_an_override_is_as_if_it_stood_in_the_config(overrides: list[str], change: dict[str, Any], home: Path) -> None:
    overridden, _ = load_config(home / "config.yaml", overrides)
    (home / "config.yaml").write_text(json.dumps(packs.merged(TINY, change)))
    assert overridden == load_config(home / "config.yaml")[0]


def test_overrides_reach_the_pack_also_where_their_mappings_do_not_stand_in_the_config(home: Path) -> None:
    (home / "config.yaml").write_bytes(b"")
    small = ["nlq.count=3", "slack.threads=0", "email.threads=0", "catalog.mart_tables=5", "catalog.staging_tables=0"]
    assert gen(home, "--out", "p", *(f"--set={one}" for one in small)).code == 0
    pack = Files(home / "p")
    assert (pack.counts["nl_queries"], pack.counts["slack"], pack.counts["email"]) == (3, 0, 0)
    assert Counter(one["layer"] for one in pack.datasets.values())["mart"] == 5


def test_an_override_changes_its_own_key_alone_where_the_config_uses_an_alias(home: Path) -> None:
    (home / "config.yaml").write_text("slack: &some {threads: 3, replies_mean: 1}\nemail: *some\nnlq: {count: 2}\n")
    assert gen(home, "--out", "p", "--set", "slack.threads=5").code == 0
    echo = Files(home / "p").manifest["config_echo"]
    assert (echo["slack"]["threads"], echo["email"]["threads"]) == (5, 3)


NO_KEY_VALUE = "is no KEY=VALUE; write it like --set nlq.count=5000"
REFUSED: list[tuple[str, str]] = [
    ("nlq.count", f"nlq.count: {NO_KEY_VALUE}"),
    ("", f": {NO_KEY_VALUE}"),
    ("=5", f"=5: {NO_KEY_VALUE}"),
    ("nlq..count=5", f"nlq..count=5: {NO_KEY_VALUE}"),
    ("nlq.slow_rat=1", "nlq.slow_rat: is not a known property; did you mean slow_rate"),
    ("nlq.coutn=5", "nlq.coutn: is not a known property; did you mean count"),
    ("dificulty=hard", "dificulty: is not a known property; did you mean difficulty"),
    ("slack.thread=3", "slack.thread: is not a known property; did you mean threads"),
    ("nql.count=5", "nql.count: is not a known property; "),
    ("nlq.noise.typo/s=0", "nlq.noise.typo/s: is not a known property; did you mean typos_pct"),
    ("difficulty=esay", 'difficulty: expected one of easy, medium, hard, got "esay"; did you mean easy'),
    ("nlq.count=many", 'nlq.count: expected integer, got string ("many")'),
    ("nlq.count=-1", "nlq.count: expected at least 0, got -1"),
    ("nlq.count=", "nlq.count: expected integer, got null"),
    ("nlq.count=null", "nlq.count: expected integer, got null"),
    ("nlq=5", "nlq: expected object, got integer (5)"),
    ("nlq.count.x=5", "nlq.count.x: nlq.count is integer and has no keys"),
    ("seed.x=5", "seed.x: expected integer or null, got object"),
    ("nlq.languages.0.pct=1", "nlq.languages.0.pct: expected array, got object"),
    ("nlq.noise.typos_pct=2", "nlq.noise.typos_pct: expected at most 1, got 2"),
    ("nlq.languages=[{lang: es, pct: 2}]", "nlq.languages: expected at most 1, got 2"),
    ("nlq.count=[", "nlq.count"),
]


@pytest.mark.parametrize(("override", "said"), REFUSED, ids=[one for one, _ in REFUSED])
def test_a_wrong_override_is_misuse_that_names_it_and_not_the_config(override: str, said: str, home: Path) -> None:
    ran = gen(home, "--preview", "1", "--set", override)
    assert (ran.code, ran.out, ran.err.count("\n")) == (2, "", 1)
    assert ran.err.startswith(f"error: --set {said}")


def test_a_wrong_key_over_the_starter_config_is_answered_with_the_right_one(home: Path) -> None:
    assert run("init", "--force", cwd=home).code == 0
    ran = gen(home, "--preview", "1", "--set", "nlq.coutn=5")
    assert ran.err == "error: --set nlq.coutn: is not a known property; did you mean count\n"


def test_what_is_wrong_in_the_config_itself_is_not_blamed_on_an_override(home: Path) -> None:
    (home / "config.yaml").write_text("nlq:\n  count: many\n")
    ran = gen(home, "--preview", "1", "--set", "slack.threads=3")
    assert ran == Run(1, "", 'error: config.yaml:2 /nlq/count: expected integer, got string ("many")\n')
    for content in ("- 1\n", "5\n"):
        (home / "config.yaml").write_text(content)
        ran = gen(home, "--preview", "1", "--set", "slack.threads=3")
        assert (ran.code, ran.out) == (2, "")
        assert ran.err.startswith("error: --set slack.threads: the config is ")


# Workers


def test_two_workers_write_the_same_bytes_as_one(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(synth_run, "BLOCK", 4)
    for folder, workers in (("x", "1"), ("y", "2")):
        assert gen(home, "--out", f"{folder}/p", "--workers", workers).code == 0
    assert packs.tree(home / "x") == packs.tree(home / "y")
