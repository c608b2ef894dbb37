"""What stands before a noun follows from the noun, in every language."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from datagap import model
from datagap.synth.grammar import FORMS, RULES, agree, inflect
from datagap.synth.scenario import load_vocabulary, scenario_names

Forms = tuple[str, str, str, str, str]


def noun(text: str, agreement: str = "", *, aspirated: bool | None = None) -> model.Noun:
    """Return a noun; its agreement is written as m or f and p."""
    gender: model.Gender | None = "f" if "f" in agreement else "m" if "m" in agreement else None
    return model.Noun(text=text, gender=gender, plural="p" in agreement or None, aspirated=aspirated)


INFLECTED: list[tuple[str, model.Noun, Forms]] = [
    ("en", noun("budget"), ("the budget", "a budget", "of budget", "of the budget", "to the budget")),
    ("en", noun("order"), ("the order", "an order", "of order", "of the order", "to the order")),
    ("en", noun("Item"), ("the Item", "an Item", "of Item", "of the Item", "to the Item")),
    ("en", noun("unit cost"), ("the unit cost", "a unit cost", "of unit cost", "of the unit cost", "to the unit cost")),
    ("en", noun("orders", "p"), ("the orders", "orders", "of orders", "of the orders", "to the orders")),
    ("es", noun("pedido", "m"), ("el pedido", "un pedido", "de pedido", "del pedido", "al pedido")),
    ("es", noun("factura", "f"), ("la factura", "una factura", "de factura", "de la factura", "a la factura")),
    ("es", noun("pedidos", "mp"), ("los pedidos", "unos pedidos", "de pedidos", "de los pedidos", "a los pedidos")),
    ("es", noun("cajas", "fp"), ("las cajas", "unas cajas", "de cajas", "de las cajas", "a las cajas")),
    ("es", noun("hora", "f"), ("la hora", "una hora", "de hora", "de la hora", "a la hora")),
    ("es", noun("TMO"), ("el TMO", "un TMO", "de TMO", "del TMO", "al TMO")),
    ("fr", noun("panier", "m"), ("le panier", "un panier", "de panier", "du panier", "au panier")),
    ("fr", noun("vente", "f"), ("la vente", "une vente", "de vente", "de la vente", "à la vente")),
    ("fr", noun("paniers", "mp"), ("les paniers", "des paniers", "de paniers", "des paniers", "aux paniers")),
    ("fr", noun("ventes", "fp"), ("les ventes", "des ventes", "de ventes", "des ventes", "aux ventes")),
    ("fr", noun("avoir", "m"), ("l'avoir", "un avoir", "d'avoir", "de l'avoir", "à l'avoir")),
    ("fr", noun("étape", "f"), ("l'étape", "une étape", "d'étape", "de l'étape", "à l'étape")),
    ("fr", noun("Écart", "m"), ("l'Écart", "un Écart", "d'Écart", "de l'Écart", "à l'Écart")),
    ("fr", noun("œuvre", "f"), ("l'œuvre", "une œuvre", "d'œuvre", "de l'œuvre", "à l'œuvre")),
    ("fr", noun("heure", "f"), ("l'heure", "une heure", "d'heure", "de l'heure", "à l'heure")),
    ("fr", noun("Histoire", "f"), ("l'Histoire", "une Histoire", "d'Histoire", "de l'Histoire", "à l'Histoire")),
    ("fr", noun("heures", "fp"), ("les heures", "des heures", "d'heures", "des heures", "aux heures")),
    ("fr", noun("avoirs", "mp"), ("les avoirs", "des avoirs", "d'avoirs", "des avoirs", "aux avoirs")),
    ("fr", noun("hub", "m", aspirated=True), ("le hub", "un hub", "de hub", "du hub", "au hub")),
    ("fr", noun("hanse", "f", aspirated=True), ("la hanse", "une hanse", "de hanse", "de la hanse", "à la hanse")),
    ("fr", noun("hubs", "mp", aspirated=True), ("les hubs", "des hubs", "de hubs", "des hubs", "aux hubs")),
    ("fr", noun("avoir", "m", aspirated=True), ("l'avoir", "un avoir", "d'avoir", "de l'avoir", "à l'avoir")),
    ("fr", noun("yen", "m"), ("le yen", "un yen", "de yen", "du yen", "au yen")),
]  # fmt: skip


@pytest.mark.parametrize(("lang", "one", "forms"), INFLECTED, ids=[f"{case[0]} {case[1].text}" for case in INFLECTED])
def test_a_noun_takes_the_article_that_its_language_asks_for(lang: str, one: model.Noun, forms: Forms) -> None:
    assert tuple(inflect(one, form, lang) for form in FORMS) == forms


@pytest.mark.parametrize(("text", "expected"), [("hour", "an hour"), ("unpaid invoice", "an unpaid invoice")])
def test_the_english_article_goes_by_the_sound(text: str, expected: str) -> None:
    assert inflect(noun(text), "a", "en") == expected


@pytest.mark.parametrize("lang", [*RULES, "de", ""])
def test_a_noun_without_a_form_stands_as_it_is(lang: str) -> None:
    assert inflect(noun("hora", "f"), "", lang) == "hora"


@pytest.mark.parametrize("number", ["", "p"])
@pytest.mark.parametrize("text", ["order", "budget"])
@pytest.mark.parametrize("lang", RULES)
@pytest.mark.parametrize("form", ["The", "with", "of the", "of_a", " "])
def test_a_form_that_is_not_known_is_refused(form: str, lang: str, text: str, number: str) -> None:
    with pytest.raises(KeyError):
        inflect(noun(text, number), form, lang)


@pytest.mark.parametrize("form", FORMS)
def test_a_language_without_rules_is_refused(form: str) -> None:
    with pytest.raises(KeyError):
        inflect(noun("Auftrag", "m"), form, "de")


@pytest.mark.parametrize(
    ("agreement", "of_two", "of_four"),
    [("", "is", "neto"), ("m", "is", "neto"), ("f", "is", "neta"),
     ("p", "are", "netos"), ("mp", "are", "netos"), ("fp", "are", "netas")],
)  # fmt: skip
def test_of_two_options_the_number_picks_and_of_four_the_gender_too(agreement: str, of_two: str, of_four: str) -> None:
    assert agree(noun("x", agreement), ("is", "are")) == of_two
    assert agree(noun("x", agreement), ("neto", "neta", "netos", "netas")) == of_four


def test_a_noun_that_says_it_is_singular_agrees_as_one_that_does_not_say() -> None:
    assert agree(model.Noun(text="x", plural=False), ("is", "are")) == "is"
    assert inflect(model.Noun(text="vente", gender="f", plural=False, aspirated=False), "of_the", "fr") == "de la vente"


WORD = st.text("abehilmosuyzàéîœñABEHIOUYÉŒ0123456789'-", min_size=1, max_size=8)
NOUNS = st.builds(
    model.Noun,
    text=st.lists(WORD, min_size=1, max_size=4).map(" ".join),
    gender=st.none() | st.sampled_from(["m", "f"]),
    plural=st.none() | st.booleans(),
    aspirated=st.none() | st.booleans(),
)


@given(NOUNS, st.sampled_from(["", *FORMS]), st.sampled_from([*RULES]))
@example(noun("orders", "p"), "a", "en")
def test_what_is_added_stands_before_the_noun_and_apart_from_it(one: model.Noun, form: str, lang: str) -> None:
    said = inflect(one, form, lang)
    assert said.endswith(one.text)
    assert "  " not in said
    before = said.removesuffix(one.text)
    assert before == "" or (before[0].isalpha() and before.endswith((" ", "l'", "d'")))


@given(NOUNS)
def test_the_forms_of_a_noun_differ_but_for_what_french_and_spanish_contract(one: model.Noun) -> None:
    for lang in RULES:
        said = {form: inflect(one, form, lang) for form in FORMS}
        assert len({said["the"], said["a"], said["of"], said["to_the"]}) == 4
        assert (said["of_the"] == said["a"]) is (lang == "fr" and bool(one.plural))


@given(NOUNS, st.sampled_from(FORMS))
def test_french_leaves_no_vowel_behind_an_article_that_it_elides(one: model.Noun, form: str) -> None:
    said = inflect(one, form, "fr")
    hiatus = re.match(r"(?:(?:de|à) )?(?:le|la|de|du|au) [aeiouàâäéèêëîïôöœùûü]", said, re.IGNORECASE)
    assert hiatus is None, said


def spoken(lang: str) -> Iterator[model.Noun]:
    """Yield the nouns of a language that the scenarios have."""
    for name in scenario_names():
        vocabulary = load_vocabulary(name)
        scenario = vocabulary.scenario
        subjects = [subject for domain in scenario.domains for subject in domain.absent_subjects]
        named: list[model.Term | model.Entity | model.ScenarioMetric | model.Subject] = [*vocabulary.terms.values()]
        named += [*vocabulary.entities.values(), *scenario.metrics, *subjects]
        yield from (one.labels[lang] for one in named)
        yield from (synonym for metric in scenario.metrics for synonym in (metric.synonyms or {}).get(lang, ()))


@pytest.mark.parametrize("lang", RULES)
def test_every_noun_of_the_embedded_scenarios_takes_every_form(lang: str) -> None:
    for one in spoken(lang):
        assert (one.gender is None) is (lang == "en"), f"{one.text} has no gender, or needs none"
        for form in FORMS:
            assert re.fullmatch(rf"(?:\S+(?: |(?<=')))*{re.escape(one.text)}", inflect(one, form, lang))


def test_no_embedded_noun_opens_in_a_way_that_the_rules_do_not_know() -> None:
    sounds_otherwise = re.compile(r"(?:hour|heir|hono|hones|u|eu|one)", re.IGNORECASE)
    english = {one.text for one in spoken("en") if not one.plural and sounds_otherwise.match(one.text)}
    assert english == {"unit cost", "usage intensity"}
    takes_el = re.compile(r"(?:h?á|agua|ala|alma|alta|arma|aula|habla)", re.IGNORECASE)
    assert not [one for one in spoken("es") if not one.plural and one.gender == "f" and takes_el.match(one.text)]
