"""Every template of every phrasebook says something whole, in every scenario and language."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from functools import cache
from typing import Any, get_args

import numpy as np
import pytest

from datagap import model
from datagap.gap import GAP_TYPES, REASONS, TYPE_OF
from datagap.seeding import Stream
from datagap.synth.acts import ACTS, UNDATED, UNFILLED
from datagap.synth.choices import SLOT_WORDS
from datagap.synth.config import DIFFICULTIES
from datagap.synth.deck import CHANNELS
from datagap.synth.need import Face, Filling, World
from datagap.synth.noise import abbreviated
from datagap.synth.phrasebook import ACT_SLOTS, ASK_SLOTS, LANGUAGES, Phrasebook, Wording, load_words, misfits
from datagap.synth.scenario import load_vocabulary, scenario_names
from datagap.synth.speech import Draw, Speaker
from datagap.synth.timeframe import NAMES
from datagap.synth.world import build_world
from tests import packs

DRAWS = 6
"""Ways in which each template is filled."""
RICH = {
    "gaps": {"count": 100, "resolved_share": 0.2},
    "catalog": {"mart_tables": 70, "staging_tables": 60, "inject_freshness_breaches": 0.05},
    "nlq": {"languages": [{"lang": lang, "pct": 1 / len(LANGUAGES)} for lang in LANGUAGES]},
}
"""A config of whose worlds one or the other holds each reason."""
WRONG = {
    "en": (
        r"(?i:\b(?:the the|a a|an an|a an|of of|by by)\b)"
        r"|\b(?:[Aa] (?=[aeio][a-z])(?!one|inner|all)|[Aa]n (?=[bcdfgjklmnpqrstvwxz][a-z]))"
    ),
    "es": (
        r"(?i:\b(?:el el|la la|los los|las las|de de|del (?:el|la|los|las)|de el|a el|el las?|la los?|un una)\b)"
        r"|\b(?:[Yy] (?=i\w)|[Oo] (?=o\w))"
    ),
    "fr": (
        r"(?i:\b(?:le le|la la|les les|de de|du (?:le|la|les|de)|des (?:de|des|les)|à les?|aux? les?)\b)"
        r"|\b[Dd]e les? (?!\w+(?:er|ir|re)\b)"
        r"|(?<!-)\b(?:[Ll]e|[Ll]a|[Dd]e|[Qq]ue|[Nn]e|[Jj]e|[Ss]e|[Jj]usque|[Ll]orsque) "
        r"(?=[aeiouéèêàâôîû])(?!onz|un\b|oui)"
    ),
}
"""What an article, a contraction or an elision looks like that went wrong."""
ALIKE = re.compile(r"[{}]|  |\s[.,]|(?<![.])[.][.](?![.])|,,|[?!][.]|\b[ldjnsmtc]['\u2019]\s")


@cache
def worlds_of(scenario: str) -> list[World]:
    seeds = (2, 5, 8)
    return [
        build_world(packs.config({**RICH, "scenario": scenario}), load_vocabulary(scenario), seed) for seed in seeds
    ]


def draws(number: int, *, capital: bool) -> Iterator[Draw]:
    """Yield different fillings for a template."""
    index = np.arange(number * DRAWS, (number + 1) * DRAWS, dtype=np.int64)
    stream = Stream(7, "templates")
    words = {name: stream.words(name, index).tolist() for name in SLOT_WORDS}
    for place in range(DRAWS):
        yield Draw({name: words[name][place] for name in words}, (), NAMES[(number + place) % len(NAMES)], capital)


def complaints(text: str, lang: str, identifiers: frozenset[str]) -> list[str]:
    """Return what is wrong with a text; identifiers are taken out, since they follow no grammar."""
    plain = re.sub(r"[`\w.]*_[`\w.]*", "X", text)
    for name in identifiers:
        plain = plain.replace(name, "X")
    found = [match[0] for match in re.finditer(WRONG[lang], plain)]
    return [*found, *(match[0] for match in ALIKE.finditer(plain.replace("...", "…").replace(" ...", "…")))]


def asks(book: Phrasebook, reason: model.GapReason, channel: model.Channel) -> list[Wording]:
    cells = [book.cell(TYPE_OF[reason], channel, reason, difficulty) for difficulty in DIFFICULTIES]
    return list({wording.name: wording for cell in cells for wording in cell}.values())


@pytest.mark.parametrize("scenario", scenario_names())
@pytest.mark.parametrize("lang", LANGUAGES)
def test_every_template_of_a_need_renders_whole(lang: str, scenario: str) -> None:
    needs = [need for world in worlds_of(scenario) for need in world.needs]
    book = load_vocabulary(scenario).phrasebook(lang)
    speaker = Speaker(book)
    names = frozenset(book.words.projects)
    wrong = []
    for reason in get_args(model.GapReason):
        faces = [face for need in needs if need.reason == reason for face in need.faces]
        assert faces, f"{scenario} holds no {reason}"
        for channel in CHANNELS:
            for number, wording in enumerate(asks(book, reason, channel)):
                for place, draw in enumerate(draws(number, capital=channel != "nlq")):
                    said = speaker.say(wording, faces[place % len(faces)], draw)
                    wrong += [(wording.name, said.text, found) for found in complaints(said.text, lang, names)]
                    assert all(mention.text in said.text for mention in said.mentions)
    assert wrong == []


@pytest.mark.parametrize("scenario", scenario_names())
@pytest.mark.parametrize("lang", LANGUAGES)
def test_every_template_of_an_act_renders_whole(lang: str, scenario: str) -> None:
    book = load_vocabulary(scenario).phrasebook(lang)
    speaker = Speaker(book)
    names = frozenset(book.words.projects)
    whole = face_of_everything(worlds_of(scenario))
    wrong = []
    for (act, channel), entries in book.wordings.items():
        if act in GAP_TYPES:
            continue
        for number, (_, wording) in enumerate(entries):
            for draw in draws(number, capital=channel != "nlq"):
                text = speaker.say(wording, whole, draw).text
                wrong += [(act, text, found) for found in complaints(text, lang, names)]
    assert wrong == []


def face_of_everything(worlds: list[World]) -> Face:
    """Return a face that fills every slot of every act."""
    whole: dict[str, Any] = {}
    faces = [face for world in worlds for need in world.needs for face in need.faces]
    for face in [*faces, *(joint.face for world in worlds for joint in world.joints)]:
        whole = {**face, **whole}
    plain = {
        "core": "Core",
        "Core": "Core",
        "owner": "ana.ruiz",
        "name": "Ana",
        "ticket": "DATA-12",
        "date": "2026-01-02",
    }
    return {**{name: [Filling(None, text, text)] for name, text in plain.items()}, **whole}


# What a phrasebook must have


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("gap_type", GAP_TYPES)
def test_each_type_has_twelve_core_wordings_over_three_difficulties_two_of_them_held_out(
    gap_type: model.GapType, lang: str
) -> None:
    book = Phrasebook(load_words(lang))
    for channel in CHANNELS:
        found = {wording for reason in REASONS[gap_type] for wording in asks(book, reason, channel)}
        texts = {wording.literals for wording in found}
        levels = Counter(wording.difficulty for wording in found)
        held_out = Counter(wording.difficulty for wording in found if wording.split == "held_out")
        assert len(texts) >= 12
        assert all(levels[difficulty] >= 4 for difficulty in DIFFICULTIES)
        assert held_out.total() >= 2
        assert all(held_out[difficulty] for difficulty in DIFFICULTIES)


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("reason", get_args(model.GapReason))
def test_each_reason_has_wordings_of_its_own_for_every_channel_difficulty_and_split(
    reason: model.GapReason, lang: str
) -> None:
    book = Phrasebook(load_words(lang))
    for channel in CHANNELS:
        for difficulty in DIFFICULTIES:
            for split in get_args(model.Split):
                cell = book.cell(TYPE_OF[reason], channel, reason, difficulty, split)
                assert {(wording.difficulty, wording.split) for wording in cell} == {(difficulty, split)}


@pytest.mark.parametrize("lang", LANGUAGES)
def test_every_act_is_worded_with_slots_that_are_filled(lang: str) -> None:
    book = Phrasebook(load_words(lang))
    for channel, acts in ACTS.items():
        for act in acts:
            found = book.cell(act.partition("/")[0], channel)
            if act.endswith(UNDATED):
                found = [wording for wording in found if "timeframe" not in wording.slots]
            if act.endswith(UNFILLED):
                found = [wording for wording in found if not wording.slots & {"measure", "dim", "entity"}]
            if act.endswith("/nameless"):
                found = [wording for wording in found if "column" not in wording.slots]
            assert len(found) >= (1 if act == "email_quote" or "/" in act else 3), (act, channel)


@pytest.mark.parametrize("lang", LANGUAGES)
def test_no_text_asks_for_a_slot_or_a_form_that_nothing_gives(lang: str) -> None:
    for group in load_words(lang).wordings:
        for text in group.texts:
            assert list(misfits(group, text, lang)) == []


@pytest.mark.parametrize("lang", LANGUAGES)
def test_no_need_is_worded_twice_and_held_out_wordings_are_not_in_train(lang: str) -> None:
    seen: Counter[tuple[str, str]] = Counter()
    for group in load_words(lang).wordings:
        if group.act in GAP_TYPES:
            seen.update((text, "") for text in group.texts)
    assert [text for text, count in seen.items() if count > 1] == []


@pytest.mark.parametrize("lang", LANGUAGES)
def test_easy_wordings_name_the_table_and_hard_openers_do_not(lang: str) -> None:
    book = Phrasebook(load_words(lang))
    for reason in get_args(model.GapReason):
        about = {"dataset", "dataset_label", "subject"}
        for wording in asks(book, reason, "slack"):
            if wording.difficulty == "hard":
                assert not wording.slots & {"dataset", "column", "other", "key"}, wording.name
            else:
                assert wording.slots & about, wording.name
        assert all(wording.slots & about for wording in asks(book, reason, "nlq"))


@pytest.mark.parametrize("lang", LANGUAGES)
def test_short_forms_are_used_by_the_wordings(lang: str) -> None:
    words = load_words(lang)
    texts = [text for group in words.wordings for text in group.texts]
    for name, short in words.abbreviations.items():
        assert any(abbreviated([text], {name: short}) for text in texts), name


def test_every_reason_and_act_says_what_fills_its_slots() -> None:
    assert {*ASK_SLOTS} == {*get_args(model.GapReason)}
    assert {act.partition("/")[0] for acts in ACTS.values() for act in acts} <= {*ACT_SLOTS}
    assert {*ACT_SLOTS} == {group.act for group in load_words("en").wordings} - {*GAP_TYPES}
