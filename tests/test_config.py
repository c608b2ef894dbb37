"""What a config may say, what it says when nothing is said, and how a wrong one is refused."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from datagap import model
from datagap.errors import DatagapError, MisuseError
from datagap.synth.config import load_config
from datagap.synth.run import generate
from datagap.synth.scenario import load_vocabulary
from datagap.synth.starter import render_config, starter_files
from datagap.validate import InvalidError
from tests import packs

TABLE: dict[str, Any] = {
    "schema_version": "2.0.0",
    "time_window_days": 7,
    "seed": None,
    "scenario": "enterprise",
    "templates": "all",
    "difficulty": "medium",
    "gap_prevalence": None,
    "catalog_completeness": 1.0,
    "gaps": {"count": None, "resolved_share": 0.15},
    "actors": 60,
    "audience_weights": {"Exec": 3, "Ops": 2, "Eng": 1},
    "nlq": {
        "count": 1500,
        "success_rate": 0.65,
        "slow_rate": 0.1,
        "uncertain_rate": 0.05,
        "gaps_distribution": {
            "missing_asset": 0.10,
            "missing_column": 0.12,
            "grain_mismatch": 0.06,
            "type_mismatch": 0.05,
            "freshness_breach": 0.08,
            "joinability_issue": 0.05,
            "access_denied": 0.03,
            "docs_missing": 0.12,
            "performance_limit": 0.04,
            "quality_issue": 0.05,
        },
        "languages": [{"lang": "en", "pct": 0.9}, {"lang": "es", "pct": 0.05}, {"lang": "fr", "pct": 0.05}],
        "noise": {
            "typos_pct": 0.07,
            "abbreviations_pct": 0.12,
            "vague_time_pct": 0.10,
            "oos_term_pct": 0.12,
            "casing_pct": 0.05,
            "emoji_pct": 0.1,
        },
    },
    "slack": {"threads": 120, "replies_mean": 5},
    "email": {"threads": 40, "replies_mean": 3},
    "catalog": {
        "domains": ["orders", "customers", "products", "marketing", "finance"],
        "mart_tables": 30,
        "staging_tables": 50,
        "freshness_sla_hours": [24, 48, 72],
        "inject_freshness_breaches": 0.15,
    },
}
"""Every key of a config, and its default."""
ENTERPRISE = load_vocabulary("enterprise")
DEFAULT = model.load(model.Config, {})
PRIOR = """\
schema_version: "1.0.0"
time_window_days: 7
seed: null
actors: [u_alex, u_riley, u_jamie]
audience_weights: {Exec: 3, Ops: 2, Eng: 1}
nlq:
  count: 80
  success_rate: 0.65
  slow_rate: 0.1
  uncertain_rate: 0.05
  gaps_distribution:
    missing_asset: 0.10
    missing_column: 0.12
    grain_mismatch: 0.06
    type_mismatch: 0.05
    freshness_breach: 0.08
    joinability_issue: 0.05
    access_denied: 0.03
    docs_missing: 0.12
    performance_limit: 0.04
slack: {threads: 6, replies_mean: 4}
email: {threads: 2, replies_mean: 3}
catalog:
  domains: [orders, customers, products, marketing]
  mart_tables: 10
  staging_tables: 20
  freshness_sla_hours: [24, 48, 72]
  inject_freshness_breaches: 0.15
"""
"""A config of the known prior tool: nine gap types, three actors, no scenario, languages or noise."""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "config.yaml"


def refused(path: Path, content: str | bytes) -> str:
    """Return what is said against a config, without path and line, after checking that it is one sentence with them."""
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(DatagapError) as caught:
        load_config(path)
    sentence = str(caught.value)
    assert caught.value.exit_code == 1
    assert sentence.startswith(str(path))
    assert "\n" not in sentence
    return re.sub(r"^:[0-9]+ /", " /", sentence.removeprefix(str(path)))


# Defaults


def test_the_starter_config_is_the_table_of_defaults() -> None:
    assert yaml.safe_load(render_config(ENTERPRISE)) == TABLE


def test_the_starter_config_read_back_is_every_default(path: Path) -> None:
    path.write_text(render_config(ENTERPRISE), encoding="utf-8")
    named = {"catalog": {"domains": TABLE["catalog"]["domains"]}}
    assert load_config(path)[0] == model.load(model.Config, named) == model.load(model.Config, TABLE)


def test_an_empty_config_is_every_default(path: Path) -> None:
    path.write_bytes(b"")
    assert load_config(path)[0] == DEFAULT


def test_the_starter_config_tells_editors_where_its_schema_is() -> None:
    header = render_config(ENTERPRISE).splitlines()[0]
    assert header == "# yaml-language-server: $schema=schemas/config.schema.json"
    assert header.partition("=")[2] in starter_files(ENTERPRISE)


def test_every_key_of_the_starter_config_but_the_short_ones_of_a_mapping_is_explained() -> None:
    lines = render_config(ENTERPRISE).splitlines()
    described = 0
    for place, line in enumerate(lines):
        key = line.strip().partition(":")[0]
        if line.lstrip().startswith("#") or not line or key in TABLE["nlq"]["gaps_distribution"]:
            continue
        assert lines[place - 1].lstrip().startswith("# "), line
        described += 1
    assert described == len([*keys(TABLE)]) - len(packs.GAP_TYPES)


def test_the_starter_schemas_are_valid_json_for_editors_without_a_mark_of_the_generator() -> None:
    files = {file: content for file, content in starter_files(ENTERPRISE).items() if file.startswith("schemas/")}
    assert len(files) == len(model.RECORD_NAMES) + 1
    for content in files.values():
        schema = json.loads(content)
        assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
        assert "$comment" not in schema


@pytest.mark.parametrize("part", ["nlq", "slack", "email", "catalog"])
def test_a_part_that_is_given_keeps_the_defaults_of_its_other_keys(part: str, path: Path) -> None:
    key, value = next((key, value) for key, value in TABLE[part].items() if isinstance(value, int))
    path.write_text(f"{part}: {{{key}: {value + 1}}}\n")
    assert load_config(path)[0] == model.load(model.Config, packs.merged(model.dump(DEFAULT), {part: {key: value + 1}}))


def test_gap_types_that_are_left_out_of_a_distribution_get_none(path: Path) -> None:
    path.write_text("nlq: {gaps_distribution: {docs_missing: 0.5}}\n")
    shares = model.dump(load_config(path)[0].nlq.gaps_distribution)
    assert shares == dict.fromkeys(TABLE["nlq"]["gaps_distribution"], 0) | {"docs_missing": 0.5}


# The prior tool


def test_a_config_of_the_prior_tool_makes_a_valid_pack(path: Path) -> None:
    path.write_text(PRIOR)
    config, _ = load_config(path)
    assert config.actors == ["u_alex", "u_riley", "u_jamie"] or config.actors == ("u_alex", "u_riley", "u_jamie")
    assert config.nlq.gaps_distribution.quality_issue == 0
    generate(config, path.parent / "pack")
    pack = packs.Files(path.parent / "pack")
    assert packs.faults(pack) == []
    assert {*pack.people} == {"u_alex", "u_riley", "u_jamie"}
    assert pack.of_type("quality_issue") == []


def test_a_config_of_the_prior_tool_is_taken_as_json_too(path: Path) -> None:
    path.write_text(json.dumps(yaml.safe_load(PRIOR)))
    assert load_config(path)[0].email.threads == 2


# Misspelt keys


def keys(data: Mapping[str, Any], parent: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    for key, value in data.items():
        yield (*parent, key), value
        if isinstance(value, dict) and key != "audience_weights":
            yield from keys(value, (*parent, key))


def misspelt(key: str) -> Iterator[str]:
    middle = len(key) // 2
    yield key[:middle] + key[middle + 1 :]
    yield key[:middle] + key[middle] + key[middle:]
    yield key[: middle - 1] + key[middle] + key[middle - 1] + key[middle + 1 :]
    yield key.capitalize()
    yield key.replace("_", "-") if "_" in key else f"{key}s"


KEYS = [*keys(TABLE)]


@pytest.mark.parametrize(("parts", "value"), KEYS, ids=["/".join(parts) for parts, _ in KEYS])
def test_a_misspelt_key_says_which_was_meant_at_every_level(parts: tuple[str, ...], value: Any, path: Path) -> None:
    *parents, key = parts
    for wrong in {*misspelt(key)} - {key}:
        whole: Any = {wrong: value}
        for parent in reversed(parents):
            whole = [whole] if parent == "0" else {parent: whole}
        place = "/".join(["", *parents, wrong])
        assert refused(path, json.dumps(whole)) == f" {place}: is not a known property; did you mean {key}"


@pytest.mark.parametrize("key", ["lang", "pct"])
def test_a_misspelt_key_that_must_be_there_says_so_too(key: str, path: Path) -> None:
    for wrong in {*misspelt(key)} - {key}:
        share = {wrong if name == key else name: value for name, value in TABLE["nlq"]["languages"][0].items()}
        path.write_text(json.dumps({"nlq": {"languages": [share]}}))
        with pytest.raises(InvalidError) as caught:
            load_config(path)
        said = {(problem.pointer, problem.message, problem.hint) for problem in caught.value.problems}
        assert said == {
            (f"/nlq/languages/0/{wrong}", "is not a known property", f"did you mean {key}"),
            (f"/nlq/languages/0/{key}", "is missing", ""),
        }


def test_a_key_that_is_like_none_is_answered_with_all_there_are(path: Path) -> None:
    assert refused(path, "email: {qqq: 1}\n") == " /email/qqq: is not a known property; known are threads, replies_mean"


# Values that do not fit


TWO = "lang: en, pct: 0.5"
WRONG: list[tuple[str, str, str]] = [
    # Sums
    ("gaps over 1", "nlq: {gaps_distribution: {missing_asset: 0.5, docs_missing: 0.51}}",
     " /nlq/gaps_distribution: the shares sum to 1.01, which is more than 1; lower one of them"),
    ("gaps hardly over 1", "nlq: {gaps_distribution: {missing_asset: 1, docs_missing: 0.0000001}}",
     " /nlq/gaps_distribution: the shares sum to 1.0000001, which is more than 1; lower one of them"),
    ("rates over 1", "nlq: {success_rate: 0.9}",
     " /nlq: success_rate, slow_rate and uncertain_rate sum to 1.05, which is more than 1; lower one of them"),
    ("languages under 1", f"nlq: {{languages: [{{{TWO}}}]}}", " /nlq/languages: the shares sum to 0.5 and not to 1"),
    ("languages over 1", "nlq: {languages: [{lang: en, pct: 0.9}, {lang: fr, pct: 0.2}]}",
     " /nlq/languages: the shares sum to 1.1 and not to 1"),
    ("a language twice", f"nlq: {{languages: [{{{TWO}}}, {{{TWO}}}]}}", " /nlq/languages: a language stands twice"),
    ("nobody", "audience_weights: {Exec: 0, Ops: 0}", " /audience_weights: every weight is 0"),
    # Names that are not known
    ("a scenario", "scenario: enterprize",
     ' /scenario: there is no scenario "enterprize"; did you mean enterprise'),
    ("a domain", "catalog: {domains: [orders, costumers]}",
     ' /catalog/domains/1: scenario enterprise has no domain "costumers"; did you mean customers'),
    ("a far domain", "catalog: {domains: [hr]}",
     ' /catalog/domains/0: scenario enterprise has no domain "hr";'
     " known are orders, customers, products, marketing, finance; null stands for all of them"),
    ("a language", "nlq: {languages: [{lang: en, pct: 1}, {lang: xx, pct: 0}]}",
     " /nlq/languages/1/lang: there are no wordings in xx; known are en, es, fr"),
    ("a later major version", "schema_version: 3.0.0",
     f" /schema_version: is for schema 3.0.0, this is {model.SCHEMA_VERSION}; use a version of datagap that knows it"),
    ("a later major version of two digits", "schema_version: 10.0.0",
     f" /schema_version: is for schema 10.0.0, this is {model.SCHEMA_VERSION}; use a version of datagap that knows it"),
    # Types and ranges
    ("text for a number", "nlq: {count: many}", ' /nlq/count: expected integer, got string ("many")'),
    ("a fraction for a count", "nlq: {count: 1.5}", " /nlq/count: expected integer, got number (1.5)"),
    ("null for a part", "nlq: null", " /nlq: expected object, got null"),
    ("null for a list", "catalog: {freshness_sla_hours: null}",
     " /catalog/freshness_sla_hours: expected array, got null"),
    ("a list for a part", "slack: []", " /slack: expected object, got array ([])"),
    ("a number for a version", "schema_version: 1.0", " /schema_version: expected string, got number (1.0)"),
    ("a truth for a seed", "seed: true", " /seed: expected integer or null, got boolean (true)"),
    ("a seed too large", "seed: 18446744073709551616",
     " /seed: expected at most 18446744073709551615, got 18446744073709551616"),
    ("a seed below 0", "seed: -1", " /seed: expected at least 0, got -1"),
    ("no actors", "actors: 0", " /actors: expected at least 1, got 0"),
    ("an empty list of actors", "actors: []", " /actors: expected at least 1 item, got 0"),
    ("an actor twice", "actors: [a, a]", ' /actors: lists "a" twice'),
    ("actors of the wrong type", "actors: [1]", " /actors/0: expected string, got integer (1)"),
    ("actors in words", "actors: sixty", ' /actors: expected integer or array, got string ("sixty")'),
    ("a share over 1", "nlq: {slow_rate: 1.5}", " /nlq/slow_rate: expected at most 1, got 1.5"),
    ("a share below 0", "catalog: {inject_freshness_breaches: -0.1}",
     " /catalog/inject_freshness_breaches: expected at least 0, got -0.1"),
    ("no audience", "audience_weights: {}",
     " /audience_weights: expected at least 1 property, got 0"),
    ("no day", "time_window_days: 0", " /time_window_days: expected at least 1, got 0"),
    ("a list", "- 1", ":1: expected object, got array ([1])"),
    ("text", "hello", ':1: expected object, got string ("hello")'),
    # YAML
    ("on stays text", "scenario: on",
     ' /scenario: there is no scenario "on"; known are enterprise, ecommerce, fintech, saas'),
    ("off stays text", "actors: off", ' /actors: expected integer or array, got string ("off")'),
    ("no stays text", "nlq: {languages: [{lang: no, pct: 1}]}",
     " /nlq/languages/0/lang: there are no wordings in no; known are en, es, fr"),
    ("not a number", "nlq:\n  slow_rate: .nan", " /nlq/slow_rate: expected a number, got nan"),
    ("a key twice", "nlq:\n  count: 1\n  count: 2", ':3: is not valid YAML (key "count" stands twice)'),
    ("a tab", "nlq:\n\tcount: 1", ":2: is not valid YAML (found character '\\t' that cannot start any token)"),
    ("a bomb", "".join(f"k{n}: &k{n} [{', '.join([f'*k{n - 1}' if n else '1'] * 10)}]\n" for n in range(9)),
     ": holds more than 200000 values"),
    ("binary", "\x00\x01", ": is not valid YAML (unacceptable character #x0000: special characters are not allowed)"),
    ("a set", "actors: !!set {a, b}", " /actors: expected integer or array, got set ('set')"),
    ("a date", "scenario: !!timestamp 2025-01-01", " /scenario: expected string, got date ('date')"),
    ("half a character", 'actors: ["\\ud800"]', ":1: is not valid YAML (half a character in a text)"),
]  # fmt: skip


@pytest.mark.parametrize(("content", "sentence"), [case[1:] for case in WRONG], ids=[case[0] for case in WRONG])
def test_a_wrong_config_is_refused_by_file_and_place(content: str, sentence: str, path: Path) -> None:
    assert refused(path, content) == sentence


def test_a_config_that_is_no_utf_8_is_refused(path: Path) -> None:
    assert refused(path, b"scenario: caf\xe9\n") == ": is not valid UTF-8 (byte 14)"


@pytest.mark.parametrize(("name", "reason"), [("gone.yaml", "does not exist"), ("", "is not a file")])
def test_a_config_that_is_not_there_is_misuse(name: str, reason: str, tmp_path: Path) -> None:
    with pytest.raises(MisuseError) as caught:
        load_config(tmp_path / name)
    assert str(caught.value) == f"{tmp_path / name}: {reason}; give the path of a YAML file"
    assert caught.value.exit_code == 2


FINE: list[tuple[str, str]] = [
    ("ten tenths", json.dumps({"nlq": {"gaps_distribution": dict.fromkeys(packs.GAP_TYPES, 0.1)}})),
    ("nine tenths and one", "nlq: {success_rate: 0, slow_rate: 0.9, uncertain_rate: 0.1}"),
    ("thirds", "nlq: {languages: [{lang: en, pct: 0.333333}, {lang: es, pct: 0.333333}, {lang: fr, pct: 0.333334}]}"),
    ("a later minor version", "schema_version: 2.9.3"),
    ("an earlier major version", "schema_version: 1.9.3"),
    ("a version of before the first", "schema_version: 0.1.0"),
    ("a version with a zero before", "schema_version: 02.0.0"),
    ("the largest seed", "seed: 18446744073709551615"),
    ("numbers as YAML 1.2 has them", "nlq: {slow_rate: 1e-3, uncertain_rate: .5, success_rate: 0.}"),
    ("a whole number with a point", "nlq: {count: 3.0}"),
    ("strange actors", 'actors: ["a b", "ü", "{core}", "=1+1", "<b>"]'),
    ("an audience that the scenario has no roles for", "audience_weights: {Interns: 0.5, Exec: 0}"),
    ("every domain", "catalog: {domains: null}"),
    ("nothing to make", "nlq: {count: 0}\nslack: {threads: 0}\nemail: {threads: 0}"),
]


@pytest.mark.parametrize("content", [case[1] for case in FINE], ids=[case[0] for case in FINE])
def test_what_is_unusual_and_means_something_is_accepted(content: str, path: Path) -> None:
    path.write_text(content, encoding="utf-8")
    assert isinstance(load_config(path)[0], model.Config)


def test_a_config_made_in_python_is_checked_like_one_in_a_file(tmp_path: Path) -> None:
    config = packs.config({"nlq": {"gaps_distribution": {"missing_asset": 0.9, "docs_missing": 0.9}}})
    with pytest.raises(DatagapError) as caught:
        generate(config, tmp_path / "pack")
    assert str(caught.value).startswith("config /nlq/gaps_distribution: the shares sum to 1.8")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["a\nb", "a\x1b[31m", "a\u202eb"])
def test_a_folder_name_that_cannot_be_a_pack_id_is_misuse(name: str, tmp_path: Path) -> None:
    with pytest.raises(MisuseError) as caught:
        generate(packs.config(packs.SMALL), tmp_path / name)
    assert "is no name for a pack; choose one of printable characters for --out" in str(caught.value)
    assert list(tmp_path.iterdir()) == []
