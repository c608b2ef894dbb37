"""Scenarios are used as they are when they are right, and refused by file, line and pointer when they are not."""

from __future__ import annotations

import itertools
import json
import re
from collections import Counter
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any, TypeAlias

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from datagap import model
from datagap.errors import DatagapError, MisuseError
from datagap.problem import pointer
from datagap.settings import MAX_SETTINGS, Lines, SettingsError
from datagap.synth.people import hire
from datagap.synth.phrasebook import ACT_SLOTS, LANGUAGES
from datagap.synth.scenario import (
    ScenarioError,
    Vocabulary,
    is_path,
    load_vocabulary,
    parse_vocabulary,
    scenario_file,
    scenario_names,
)
from datagap.synth.warehouse import build_warehouse
from datagap.validate import InvalidError
from tests import packs

Edit: TypeAlias = tuple[str, str]
"""A stretch of a scenario's file, and what stands there instead; `§` marks the line that is to be named."""
BASE = "enterprise"
NAMES = scenario_names()

# Embedded ones


def test_there_are_several_scenarios_and_the_default_comes_first() -> None:
    default = model.load(model.Config, {}).scenario
    assert [default, *sorted({*NAMES} - {default})] == NAMES
    assert len(NAMES) >= 4
    assert {load_vocabulary(name).scenario.split for name in NAMES} == {"train", "held_out"}


@pytest.mark.parametrize("name", NAMES)
def test_every_embedded_scenario_loads_and_is_called_as_its_file(name: str) -> None:
    vocabulary = load_vocabulary(name)
    assert vocabulary.scenario.name == name
    assert vocabulary.source is None
    vocabulary.check_languages([model.LanguageShare(lang=lang, pct=1) for lang in LANGUAGES])


def labels_of(vocabulary: Vocabulary, lang: str) -> Iterator[str]:
    """Yield what people call everything in a language."""
    scenario = vocabulary.scenario
    subjects = [subject for domain in scenario.domains for subject in domain.absent_subjects]
    named: list[model.Term | model.Entity | model.ScenarioMetric | model.Subject] = [*vocabulary.terms.values()]
    named += [*vocabulary.entities.values(), *scenario.metrics, *subjects]
    yield from (one.labels[lang].text for one in named)
    yield from (noun.text for metric in scenario.metrics for noun in (metric.synonyms or {}).get(lang, ()))


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("name", NAMES)
def test_no_label_stands_for_two_things(name: str, lang: str) -> None:
    labels = Counter(label.casefold() for label in labels_of(load_vocabulary(name), lang))
    assert [label for label, count in labels.items() if count > 1] == []


@pytest.mark.parametrize("name", NAMES)
def test_no_name_stands_for_two_things(name: str) -> None:
    vocabulary = load_vocabulary(name)
    scenario = vocabulary.scenario
    subjects = [subject.name for domain in scenario.domains for subject in domain.absent_subjects]
    names = [*vocabulary.terms, *vocabulary.entities, *(metric.name for metric in scenario.metrics), *subjects]
    assert [one for one, count in Counter(names).items() if count > 1] == []


@cache
def dataset_names(scenario: str) -> frozenset[str]:
    """Return the names of very many datasets in which nothing is planted yet."""
    vocabulary = load_vocabulary(scenario)
    domains = vocabulary.domains(None)
    named = [domain.name for domain in domains]
    catalog = {"domains": named, "mart_tables": 600, "staging_tables": 400}
    config = packs.config({"scenario": scenario, "catalog": catalog})
    staff = hire(config, vocabulary.scenario, named, 7)
    return frozenset(place.name for place in build_warehouse(config, vocabulary, domains, staff, 1_772_668_800, 7))


def stems(text: str) -> set[str]:
    """Return the words of a name or text, without the s of a plural."""
    return {word.removesuffix("s") for word in re.findall(r"[^\W_]+", text.casefold())}


@pytest.mark.parametrize("name", NAMES)
def test_what_nobody_has_data_on_shares_no_word_with_any_dataset(name: str) -> None:
    vocabulary, datasets = load_vocabulary(name), dataset_names(name)
    assert len(datasets) > 1000
    taken = set[str]().union(*map(stems, datasets))
    for domain in vocabulary.scenario.domains:
        for subject in domain.absent_subjects:
            assert not (stems(subject.name) | stems(subject.labels["en"].text)) & taken, subject.name


# A user's own


FULL = scenario_file(BASE).decode()


def shortened(text: str) -> str:
    """Return the file of a scenario with English labels and three domains alone, which is read faster."""
    text = re.sub(r", (?:es|fr): \[?\{[^}]*\}\]?", "", text)
    text = re.sub(r"_names: \[[^]]*\]", "_names: [ana, ben]", text)
    text = re.sub(r"    absent_subjects:\n(?:      - .*\n)+", "    absent_subjects: []\n", text)
    text = re.sub(r"(?s)  - name: marketing\n.*?\n\n", "\n", text)
    text = re.sub(r"  - \{[^{]*entity: (?:web_session|invoice|budget),(?:.*\n){3}", "", text)
    return re.sub(r"  - \{name: (\w+), type.*\n", lambda term: term[0] if text.count(term[1]) > 1 else "", text)


SHORT = shortened(FULL)


def edited(*edits: Edit, text: str = SHORT) -> tuple[bytes, int]:
    """Return an embedded scenario's file with edits made, and the line that they mark."""
    for old, new in edits:
        assert old in text, old
        text = text.replace(old, new, 1)
    before, mark, after = text.partition("§")
    assert mark, "no line is marked"
    return (before + after).encode(), before.count("\n") + 1


def own(*texts: str, act: str = "resolved", lang: str = "en") -> Edit:
    """Return the edit that adds wordings of the scenario's own, a line for each."""
    lines = [f"    - act: {act}", "      channels: [slack, email]", "      split: train", "      texts:"]
    lines += [f"        - {json.dumps(text, ensure_ascii=False)}" for text in texts]
    return "\nerrors:\n", "\n".join(["", "wordings:", f"  {lang}:", *lines, "errors:", ""])


def test_a_file_of_one_s_own_is_used_and_kept() -> None:
    content, _ = edited(own("Fine now.", "§It works again, {dataset} has {entity:the}, and they are complete."))
    vocabulary = parse_vocabulary(content, "own.yaml")
    assert vocabulary.source == content
    wordings = [one.literals[0] for one in vocabulary.phrasebook("en").cell("resolved", "slack")]
    assert {"Fine now.", "It works again, "} <= {*wordings}


def test_a_wording_of_one_s_own_need_not_say_its_split() -> None:
    content, _ = edited(own("§It works again."))
    wordings = parse_vocabulary(content.replace(b"      split: train\n", b""), "own.yaml").scenario.wordings
    assert wordings is not None
    assert wordings["en"][0].split == "train"


@pytest.mark.parametrize(
    ("lang", "text"),
    [
        ("en", "{dataset}, {measure:a} of {entity:of_the} {entity|is|are} there"),
        ("es", "{measure:of_the} {measure|llega|llegan} {measure|completo|completa|completos|completas}"),
        ("fr", "{entity:to_the} {entity|complet|complète|complets|complètes}"),
        ("fr", "no slot at all"),
    ],
)
def test_a_wording_that_fits_is_accepted(lang: str, text: str) -> None:
    content, _ = edited(own("§Fine now.", text, lang=lang))
    wordings = parse_vocabulary(content, "own.yaml").scenario.wordings
    assert wordings is not None
    assert [*wordings[lang][0].texts] == ["Fine now.", text]


FILLS = f"; it fills {', '.join(sorted(ACT_SLOTS['resolved']))}; mend the wording"
AGREE = "; give singular|plural; mend the wording"
AGREE_FR = "; give singular|plural or ms|fs|mp|fp; mend the wording"
WORDING = "/wordings/en/0/texts/1"
SHOP_OF_CUSTOMER = ("key: shop_id\n", "key: shop_id\n        references: [customer]\n")
CUSTOMER_OF_SHOP = ("key: customer_id\n", "key: customer_id\n        references: [shop]\n")
REFUSED: list[tuple[str, tuple[Edit, ...], str, str]] = [
    ("a dimension twice", (("{name: country,", "{name: §region,"),),
     "/dimensions/1/name", 'the term "region" stands twice; rename one of them'),
    ("a dimension as measure", (("{name: units_sold,", "{name: §region,"),),
     "/measures/1/name", 'the term "region" stands twice; rename one of them'),
    ("a domain twice", (("- name: products\n", "- name: §customers\n"),),
     "/domains/2/name", 'the domain "customers" stands twice; rename one of them'),
    ("a metric twice", (("{name: average_refund,", "{name: §discount_rate,"),),
     "/metrics/2/name", 'the metric "discount_rate" stands twice; rename one of them'),
    ("an entity twice", (("- name: support_case\n", "- name: §order\n"),),
     "/domains/1/entities/1/name", """the entity's name "order" stands twice; rename one of them"""),
    ("a plural twice", (("plural: returns\n", "plural: §orders\n"),),
     "/domains/0/entities/1/plural", """the entity's plural "orders" stands twice; rename one of them"""),
    ("an undefined dimension", (("dimensions: [region, sales_channel,", "dimensions: [region, §sales_chanel,"),),
     "/domains/0/entities/0/dimensions/1",
     '"sales_chanel" is no dimension of the scenario; did you mean sales_channel'),
    ("a dimension like no other", (("dimensions: [region, sales_channel,", "dimensions: [§xyzzy, sales_channel,"),),
     "/domains/0/entities/0/dimensions/0",
     '"xyzzy" is no dimension of the scenario; define it or remove it from order'),
    ("a measure as dimension", (("dimensions: [region, sales_channel,", "dimensions: [§net_revenue, sales_channel,"),),
     "/domains/0/entities/0/dimensions/0",
     '"net_revenue" is no dimension of the scenario; define it or remove it from order'),
    ("an undefined measure", (("measures: [refund_amount, units_returned]", "measures:\n          - §refundamount"),),
     "/domains/0/entities/1/measures/0", '"refundamount" is no measure of the scenario; did you mean refund_amount'),
    ("an undefined reference", (("references: [customer, product, shop]", "references: [customer, §prodct]"),),
     "/domains/0/entities/0/references/1",
     '"prodct" is no other entity of kind thing of the scenario; did you mean product'),
    ("a reference to an event", (("references: [customer, product]", "references: [§support_case]"),),
     "/domains/0/entities/1/references/0",
     '"support_case" is no other entity of kind thing of the scenario; define it or remove it from return'),
    ("a reference to itself", (("key: shop_id\n", "key: shop_id\n        references: [§shop]\n"),),
     "/domains/0/entities/2/references/0",
     '"shop" is no other entity of kind thing of the scenario; define it or remove it from shop'),
    ("a metric of an unknown entity", (("entity: return,", "entity: §retrun,"),),
     "/metrics/2/entity", '"retrun" is no entity of the scenario; did you mean return'),
    ("a metric of nothing known", (("entity: return,", "entity: §xyzzy,"),),
     "/metrics/2/entity", '"xyzzy" is no entity of the scenario; name one of the entities'),
    ("references in a circle", (SHOP_OF_CUSTOMER, CUSTOMER_OF_SHOP, ("domains:\n  - ", "§domains:\n  - ")),
     "/domains", 'the references of "shop" lead back to it; remove one of them'),
    ("a pattern without its slot", (('thing: "dim_{table}"', 'thing: §"dim"'),),
     "/naming/thing", '"dim" is no pattern of {table}; use these, letters, digits, _ and .'),
    ("a pattern without one of its slots", (('"agg_{table}_{period}"', '§"agg_{table}"'),),
     "/naming/aggregate", '"agg_{table}" is no pattern of {period} and {table}; use these, letters, digits, _ and .'),
    ("a pattern with another slot", (('event: "fct_{table}"', 'event: §"fct_{system}_{table}"'),),
     "/naming/event", '"fct_{system}_{table}" is no pattern of {table}; use these, letters, digits, _ and .'),
    ("a pattern with an unknown slot", (('"raw_{system}__{table}"', '§"raw_{sytem}__{table}"'),),
     "/naming/source",
     '"raw_{sytem}__{table}" is no pattern of {system} and {table}; use these, letters, digits, _ and .'),
    ("a staging pattern without slots", (('"stg_{system}__{table}"', '§"stg"'),),
     "/naming/staging", '"stg" is no pattern of {system} and {table}; use these, letters, digits, _ and .'),
    ("a space in a pattern", (('thing: "dim_{table}"', 'thing: §"dim {table}"'),),
     "/naming/thing", '"dim {table}" is no pattern of {table}; use these, letters, digits, _ and .'),
    ("a slot in a label", (("{en: {text: country}", "{en: {text: §'{column}'}"),),
     "/dimensions/1/labels/en/text", '"{column}" is no plain label; leave out the braces'),
    ("an unknown slot in an error", (('- "kinit: Password', '- §"kinit: {user}: Password'),),
     "/errors/6/texts/5", "has the slot user, which nothing fills; known are column, dataset, other, table"),
    ("an unknown time zone", (("timezone: Europe/Brussels", "timezone: §Europe/Brusels"),),
     "/people/offices/3/timezone", '"Europe/Brusels" is no time zone; write it like Europe/Madrid'),
    ("a continent as time zone", (("timezone: Europe/Paris", "timezone: §Europe"),),
     "/people/offices/1/timezone", '"Europe" is no time zone; write it like Europe/Madrid'),
    ("a path as time zone", (("timezone: Europe/Paris", "timezone: §../../etc/passwd"),),
     "/people/offices/1/timezone", '"../../etc/passwd" is no time zone; write it like Europe/Madrid'),
    ("a wording with an unknown slot", (own("Fine now.", "§Fixed in {tabel}."),),
     WORDING, f"has the slot tabel, which resolved does not fill{FILLS}"),
    ("a wording with a slot of another act", (own("Fine now.", "§Fixed on {weekday}."),),
     WORDING, f"has the slot weekday, which resolved does not fill{FILLS}"),
    ("a wording with a slot where none is filled", (own("Fine now.", "§Thanks for {dataset}.", act="thanks"),),
     WORDING, "has the slot dataset, which thanks does not fill; it fills none; mend the wording"),
    ("a wording that does not fit all reasons", (own("Fine now.", "§{column} is not there", act="missing_asset"),),
     WORDING, "has the slot column, which missing_asset does not fill; it fills project, stakeholder, timeframe;"
     " mend the wording"),
    ("a wording with an unknown form", (own("Fine now.", "§Fixed {entity:with}."),),
     WORDING, "asks for the form with; known are the, a, of, of_the, to_the; mend the wording"),
    ("a form of a name", (own("Fine now.", "§Fixed {dataset:the}."),),
     WORDING, "asks for a form of dataset, which is no noun; mend the wording"),
    ("options for a name", (own("Fine now.", "§{dataset|is|are} fixed."),),
     WORDING, "asks for a form of dataset, which is no noun; mend the wording"),
    ("one option", (own("Fine now.", "§{measure|is} fixed."),),
     WORDING, f"gives 1 options to agree with measure{AGREE}"),
    ("three options", (own("Fine now.", "§{measure|a|b|c}"),),
     WORDING, f"gives 3 options to agree with measure{AGREE}"),
    ("five options", (own("Fine now.", "§{measure|a|b|c|d|e}", lang="fr"),),
     "/wordings/fr/0/texts/1", f"gives 5 options to agree with measure{AGREE_FR}"),
    ("genders in English", (own("Fine now.", "§{measure|a|b|c|d}"),),
     WORDING, f"gives 4 options to agree with measure{AGREE}"),
    ("a stray brace", (own("Fine now.", "§Fixed {measure}}."),),
     WORDING, "has a brace that belongs to no slot; mend the wording"),
    ("a brace that is not closed", (own("Fine now.", "§Fixed {measure."),),
     WORDING, "has a brace that belongs to no slot; mend the wording"),
    ("spaces in a slot", (own("Fine now.", "§Fixed { measure }."),),
     WORDING, "has a brace that belongs to no slot; mend the wording"),
    ("an unknown act", (own("§Fine now.", "Fixed.", act="resolvd"),),
     "/wordings/en/0/texts/0", "resolvd is no gap type and no part of a conversation; mend the wording"),
]  # fmt: skip
INVALID: list[tuple[str, tuple[Edit, ...], str, str]] = [
    ("a key is missing at the top", (("split: train\n", ""), ("name: enterprise", "§name: enterprise")),
     "/split", "is missing"),
    ("a key is missing in a list", (("{name: country, type: string,", "§{name: country,"),),
     "/dimensions/1/type", "is missing"),
    ("a key is missing in a block", (("rows: 6000000\n        ", ""), ("- name: return\n", "- §name: return\n")),
     "/domains/0/entities/1/rows", "is missing"),
    ("a key is misspelt", (("key: return_id", "kye: §return_id"),),
     "/domains/0/entities/1/kye", "is not a known property (and 1 more); did you mean key"),
    ("a key is misspelt and needless", (("references: [customer, product, shop]", "refrences: §[customer]"),),
     "/domains/0/entities/0/refrences", "is not a known property; did you mean references"),
    ("a key is nothing known", (("split: train", "split: train\ncolour: §blue"),),
     "/colour", "is not a known property; known are name, description, split, naming, people, dimensions, measures,"
     " metrics, domains, errors, wordings"),
    ("a number is a text", (("rows: 6000000", "rows: §many"),),
     "/domains/0/entities/1/rows", 'expected integer, got string ("many")'),
    ("a list is a text", (("systems: [manhattan, netsuite]", "systems: §netsuite"),),
     "/domains/2/systems", 'expected array, got string ("netsuite")'),
    ("a mapping is a list", (("people:\n  given_names", "§people:\n  - given_names"),
                             ("  family_names", "    family_names"), ("  offices", "    offices"),
                             ("  roles", "    roles")),
     "/people", "expected object, got array"),
    ("a value is not one of several", (("split: train", "split: §trian"),),
     "/split", 'expected one of train, held_out, got "trian"; did you mean train'),
    ("a name is written in capitals", (("name: enterprise", "name: §Enterprise"),),
     "/name", 'does not match ^[a-z][a-z0-9_]*$, got "Enterprise"; write it like enterprise'),
    ("a text is empty", (("type: string, description: ISO 3166", "type: §'', description: ISO 3166"),),
     "/dimensions/1/type", 'expected at least 1 character, got 0'),
    ("a list is empty", (("measures: [refund_amount, units_returned]", "measures: §[]"),),
     "/domains/0/entities/1/measures", "expected at least 1 item, got 0"),
    ("a reference twice", (("references: [customer, product, shop]", "references: §[shop, shop]"),),
     "/domains/0/entities/0/references", 'lists "shop" twice'),
    ("a language is no code", (("labels: {en: {text: country}", "labels: {english: §{text: country}"),),
     "/dimensions/1/labels/english", 'is not an allowed name: does not match ^[a-z]{2}$, got "english"'),
    ("a label has two lines", (("{en: {text: country}", '{en: {text: §"coun\\ntry"}'),),
     "/dimensions/1/labels/en/text",
     r'does not match ^[^\u0000-\u001f\u007f]+$, got "coun\ntry"; write it like orders'),
    ("a gender is unknown", (("{en: {text: country}", "{en: {text: country, gender: §n}"),),
     "/dimensions/1/labels/en/gender", 'expected one of m, f, got "n"'),
]  # fmt: skip


@pytest.mark.parametrize(
    ("edits", "where", "sentence"), [case[1:] for case in REFUSED], ids=[case[0] for case in REFUSED]
)
def test_what_its_schema_cannot_say_is_refused_by_line(edits: tuple[Edit, ...], where: str, sentence: str) -> None:
    content, line = edited(*edits)
    with pytest.raises(ScenarioError) as caught:
        parse_vocabulary(content, "own.yaml")
    assert str(caught.value) == f"own.yaml:{line} {where}: {sentence}"
    assert str(caught.value).isprintable()
    assert caught.value.exit_code == 1


@pytest.mark.parametrize(
    ("edits", "where", "sentence"), [case[1:] for case in INVALID], ids=[case[0] for case in INVALID]
)
def test_what_breaks_the_schema_is_refused_by_line(edits: tuple[Edit, ...], where: str, sentence: str) -> None:
    content, line = edited(*edits)
    with pytest.raises(InvalidError) as caught:
        parse_vocabulary(content, "own.yaml")
    assert str(caught.value).startswith(f"own.yaml:{line} {where}: {sentence}")
    assert sentence.endswith("array") or str(caught.value).endswith(sentence)
    assert str(caught.value).isprintable()
    assert caught.value.exit_code == 1


def test_what_is_no_yaml_is_refused_by_line() -> None:
    content, line = edited(("split: train", "split: train\n§split: train"))
    with pytest.raises(SettingsError) as caught:
        parse_vocabulary(content, "own.yaml")
    assert str(caught.value) == f'own.yaml:{line}: is not valid YAML (key "split" stands twice)'


def test_nothing_is_no_scenario() -> None:
    with pytest.raises(InvalidError) as caught:
        parse_vocabulary(b"# nothing\n", "own.yaml")
    assert str(caught.value).startswith("own.yaml /")
    assert "is missing (and 9 more)" in str(caught.value)


# Finding a scenario


@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("enterprise", False),
        ("own", False),
        ("", False),
        ("own.yaml", True),
        ("own.yml", True),
        ("./own", True),
        ("scenarios/own", True),
        ("scenarios\\own", True),
        ("/own", True),
        ("own.yaml.bak", False),
    ],
)
def test_a_name_with_a_slash_or_a_suffix_is_a_path(name: str, path: bool) -> None:
    assert is_path(name) is path


@pytest.mark.parametrize("name", ["own.yaml", "own.yml", "./own", "deep/own"])
def test_a_path_leads_from_the_folder_to_the_file(name: str, tmp_path: Path) -> None:
    content = SHORT.replace("name: enterprise", "name: own").encode()
    (tmp_path / name).parent.mkdir(exist_ok=True)
    (tmp_path / name).write_bytes(content)
    vocabulary = load_vocabulary(name, folder=tmp_path)
    assert (vocabulary.scenario.name, vocabulary.source) == ("own", content)


def test_the_error_in_a_file_names_its_path(tmp_path: Path) -> None:
    content, line = edited(("split: train", "split: §trian"))
    (tmp_path / "own.yaml").write_bytes(content)
    with pytest.raises(DatagapError, match=re.escape(f"{tmp_path / 'own.yaml'}:{line} /split: ")):
        load_vocabulary("own.yaml", folder=tmp_path)


@pytest.mark.parametrize(
    ("name", "reason"), [("gone.yaml", "does not exist"), ("a/gone", "does not exist"), ("./", "is not a file")]
)
def test_a_path_to_no_file_is_misuse(name: str, reason: str, tmp_path: Path) -> None:
    with pytest.raises(MisuseError) as caught:
        load_vocabulary(name, folder=tmp_path)
    assert str(caught.value) == f"{tmp_path / name}: {reason}; give the path of a YAML file"
    assert caught.value.exit_code == 2


def test_a_file_that_is_too_long_is_refused(tmp_path: Path) -> None:
    (tmp_path / "own.yaml").write_bytes(b"#" * (MAX_SETTINGS + 1))
    with pytest.raises(SettingsError, match=r"is longer than 4 MiB$") as caught:
        load_vocabulary("own.yaml", folder=tmp_path)
    assert caught.value.exit_code == 1


@pytest.mark.parametrize(
    ("source", "where"), [("config", "config /scenario"), ("c.yaml", "c.yaml /scenario"), ("--scenario", "--scenario")]
)
@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("entreprise", "did you mean enterprise"),
        ("xyzzy", f"known are {', '.join(NAMES)}"),
        ("", f"known are {', '.join(NAMES)}"),
    ],
)
def test_a_name_that_is_not_known_is_refused(name: str, hint: str, source: str, where: str) -> None:
    """In a config it is invalid content, and on the command line misuse."""
    with pytest.raises(MisuseError if source.startswith("--") else ScenarioError) as caught:
        load_vocabulary(name, source)
    assert str(caught.value) == f"{where}: there is no scenario {json.dumps(name)}; {hint}"


@pytest.mark.parametrize(
    ("name", "code", "printed"),
    [
        ("own.yaml", 1, "own.yaml:4 /split: expected one of train, held_out"),
        ("gone.yaml", 2, "gone.yaml: does not exist; give the path of a YAML file"),
        ("xyzzy", 1, 'c.yaml /scenario: there is no scenario "xyzzy"; known are enterprise'),
    ],
)
def test_the_command_ends_with_the_code_of_the_error(name: str, code: int, printed: str, tmp_path: Path) -> None:
    (tmp_path / "own.yaml").write_bytes(edited(("split: train", "split: §trian"))[0])
    (tmp_path / "c.yaml").write_text(f"scenario: {name}\n")
    ended = packs.run("gen", "--config", "c.yaml", "--preview", "1", cwd=tmp_path)
    assert (ended.code, ended.out) == (code, "")
    assert ended.err.startswith(f"error: {printed}")
    assert ended.err.count("\n") == 1


# What a config asks of it


def test_all_domains_are_meant_where_none_is_named() -> None:
    vocabulary = load_vocabulary(BASE)
    assert vocabulary.domains(None) == list(vocabulary.scenario.domains)
    assert vocabulary.domains([]) == []
    assert [domain.name for domain in vocabulary.domains(["finance", "orders"])] == ["finance", "orders"]


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("finances", "did you mean finance"),
        ("xyzzy", "known are orders, customers, products, marketing, finance; null stands for all of them"),
    ],
)
def test_a_domain_that_is_not_there_is_refused(name: str, hint: str) -> None:
    with pytest.raises(ScenarioError) as caught:
        load_vocabulary(BASE).domains(["orders", name], "c.yaml")
    assert str(caught.value) == f'c.yaml /catalog/domains/1: scenario enterprise has no domain "{name}"; {hint}'


def shares(**pct: float) -> list[model.LanguageShare]:
    return [model.LanguageShare(lang=lang, pct=share) for lang, share in pct.items()]


@pytest.mark.parametrize("share", [0, 1])
def test_a_language_without_wordings_is_refused(share: float) -> None:
    with pytest.raises(ScenarioError) as caught:
        load_vocabulary(BASE).check_languages(shares(en=1, de=share), "c.yaml")
    assert str(caught.value) == "c.yaml /nlq/languages/1/lang: there are no wordings in de; known are en, es, fr"


@pytest.mark.parametrize(
    ("name", "label"),
    [
        ("region", ", fr: {text: région, gender: f}"),
        ("units_sold", ", fr: {text: unités vendues, gender: f, plural: true}"),
        ("return", ", fr: {text: retours, gender: m, plural: true}"),
        ("stockout_rate", ", fr: {text: taux de rupture, gender: m}"),
        ("payslips", ", fr: {text: bulletins de paie, gender: m, plural: true}"),
    ],
)
def test_a_language_that_a_label_lacks_is_refused_where_it_is_used(name: str, label: str) -> None:
    vocabulary = parse_vocabulary(edited((label, "§"), text=FULL)[0], "own.yaml")
    vocabulary.check_languages(shares(en=0.5, es=0.5, fr=0))
    with pytest.raises(ScenarioError) as caught:
        vocabulary.check_languages(shares(en=0.5, es=0.4, fr=0.1))
    assert str(caught.value) == (
        f"config /nlq/languages/2/lang: scenario enterprise has no label for {name} in fr;"
        " add the label to the scenario or leave the language out"
    )
    assert caught.value.exit_code == 1


# The line of a value

LINES = b"""\
# what follows is read by line
a: 1
b:
  - x
  - y: 2
    z: {k: v,
        l: [1,
            2]}
"c/d": >
  folded
e~f: &here
  0: nought
again: *here
"""


@pytest.mark.parametrize(
    ("at", "line"),
    [
        ("", 2),
        ("/a", 2),
        ("/b", 3),
        ("/b/0", 4),
        ("/b/1", 5),
        ("/b/1/y", 5),
        ("/b/1/z", 6),
        ("/b/1/z/k", 6),
        ("/b/1/z/l", 7),
        ("/b/1/z/l/1", 8),
        ("/c~1d", 9),
        ("/e~0f", 11),
        ("/e~0f/0", 12),
        ("/again/0", 12),
    ],
)
def test_the_line_is_that_on_which_the_value_begins(at: str, line: int) -> None:
    assert Lines(LINES).of(at) == line


@pytest.mark.parametrize(
    ("at", "line"),
    [("/gone", 2), ("/gone/deeper", 2), ("/b/2", 3), ("/b/x", 3), ("/b/-1", 3), ("/b/1/gone", 5), ("/a/deeper", 2)],
)
def test_the_line_of_what_is_not_there_is_that_of_what_is_around_it(at: str, line: int) -> None:
    assert Lines(LINES).of(at) == line


@pytest.mark.parametrize("content", [b"", b"# nothing\n", b"\n\n"])
def test_an_empty_text_has_no_lines(content: bytes) -> None:
    assert Lines(content).of("") is None
    assert Lines(content).of("/a") is None


KEYS = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs", "Cn", "Co", "Zl", "Zp"]))
LEAVES = st.none() | st.booleans() | st.integers() | KEYS
VALUES: st.SearchStrategy[Any] = st.dictionaries(
    KEYS,
    st.recursive(LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3)),
    min_size=1,
    max_size=4,
)


def leaves(value: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[tuple[str | int, ...], Any]]:
    """Yield everything that holds nothing else, with its path."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    deeper = [leaves(part, (*path, key)) for key, part in inner]
    yield from itertools.chain(*deeper) if deeper else [(path, value)]


@given(VALUES)
@example({"~1": {"/": [{"": 0}, []]}, "0": {"~": {}}})
def test_every_value_is_found_on_its_line(value: dict[str, Any]) -> None:
    content = json.dumps(value, indent=1, ensure_ascii=False)
    lines, found = content.split("\n"), Lines(content.encode())
    for path, leaf in leaves(value):
        line = found.of(pointer(path))
        assert line is not None
        assert lines[line - 1].removesuffix(",").endswith(json.dumps(leaf, ensure_ascii=False))
