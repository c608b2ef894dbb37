"""Names of the catalog are found in texts however they are spelt, and never at a cost that grows with the catalog."""

from __future__ import annotations

import itertools
import sys
from collections.abc import Callable, Sequence
from functools import cache
from types import FrameType
from typing import Final

import hypothesis
import pytest
from hypothesis import strategies as st

from datagap import model
from datagap.report.clause import Links
from datagap.report.linking import Linker, Slips, words_of
from datagap.report.reading import Reader, open_reader
from tests.handmade import catalog, column, dataset, query, slack

NOUNS = ["customer", "order", "product", "shipment", "refund", "campaign", "session", "supplier", "invoice", "contract"]
KINDS = ["summary", "quality", "forecast"]
PERIODS = ["daily", "weekly", "monthly"]
SEVERAL = [f"mart_{noun}_{kind}_{PERIODS[place % 3]}" for place, (noun, kind) in
           enumerate(itertools.product(NOUNS, KINDS))]  # fmt: skip
STAGED = [f"stg_shop__{noun}s" for noun in NOUNS]
ODD = ["DimSupplierContract", "martStockMovements", "fct_ad_clicks", "agg_stock_levels_quarterly"]
LONG = "rpt_every_other_region_and_city_by_quarter_of_fiscal_year"


@cache
def reader() -> Reader:
    named = [dataset(name) for name in [*SEVERAL, *STAGED, *ODD, LONG, f"{LONG}_restated"]]
    wide = dataset("mart_stores_yearly", column("loyalty_tier"), column("warehouseCode"), column("category"))
    return open_reader(catalog([*named, wide | {"aliases": ["shop floor", "SF2"], "domain": "retail"}]))


def links(text: str, by: Reader | None = None) -> Links:
    """Return what a message mentions."""
    return (by or reader()).read(model.load(model.SlackMessage, slack("s1", text))).links


# One dataset in many spellings

SPELT = {
    "as it stands": "why is mart_customer_summary_daily from Tuesday?",
    "in code marks": "why is `mart_customer_summary_daily` from Tuesday?",
    "in capitals": "MART_CUSTOMER_SUMMARY_DAILY is from Tuesday",
    "in words": "the mart customer summary daily is from Tuesday",
    "in words with hyphens": "mart-customer-summary-daily is from Tuesday",
    "in camel case": "martCustomerSummaryDaily is from Tuesday",
    "in pascal case": "MartCustomerSummaryDaily is from Tuesday",
    "with a schema": "analytics.mart_customer_summary_daily is from Tuesday",
    "with a database and a schema": "prod.analytics.mart_customer_summary_daily is from Tuesday",
    "with a column": "mart_customer_summary_daily.region is empty",
    "in the plural": "the mart customers summaries daily are from Tuesday",
    "in another order": "the daily customer summary mart is from Tuesday",
    "with words between": "the mart with the daily summary of customers is from Tuesday",
    "with a letter less": "mart_custmer_summary_daily is from Tuesday",
    "with a letter more": "mart_customer_summmary_daily is from Tuesday",
    "with another letter": "mart_cusromer_summary_daily is from Tuesday",
    "with two letters swapped": "mart_cutsomer_summary_daily is from Tuesday",
    "in words with a slip": "the mart custmer summary daily is from Tuesday",
    "in Spanish": "la tabla diaria del resumen de clientes es del martes",
    "at the end of a sentence": "Nothing new in mart_customer_summary_daily.",
    "in brackets": "(mart_customer_summary_daily)",
    "before a genitive": "mart_customer_summary_daily's rows",
    "with an emoji beside it": "\U0001f525mart_customer_summary_daily\U0001f525",
    "after a long preface": "Hello all, " + "as I said before, " * 200 + "mart_customer_summary_daily is from Tuesday",
}


@pytest.mark.parametrize("text", SPELT.values(), ids=SPELT)
def test_a_dataset_is_found_however_it_is_spelt(text: str) -> None:
    assert links(text).datasets == ("mart_customer_summary_daily",)


@pytest.mark.parametrize("name", [*SEVERAL, *STAGED, *ODD, LONG, f"{LONG}_restated"])
def test_every_dataset_is_found_by_its_own_name(name: str) -> None:
    for text in (name, f"{name} is late", name.upper(), f"x.{name}"):
        assert links(text).datasets[:1] == (name,), text


ALIKE = [
    "mart_customer_summary_hourly is from Tuesday",
    "mart_visitor_summary_daily is from Tuesday",
    "the customer is always right, so says the daily",
    "stg_shop__visitors",
    "mart_customer",
]


@pytest.mark.parametrize("text", ALIKE)
def test_a_name_that_is_only_like_one_is_no_dataset(text: str) -> None:
    assert links(text).datasets == ()


def test_an_identifier_that_the_catalog_does_not_know_is_kept_as_it_stands() -> None:
    assert links("there is no mart_visitors_hourly, and no mart_x.y_z").unknown == (
        "mart_visitors_hourly",
        "mart_x.y_z",
    )


@pytest.mark.parametrize("text", ["retail.amount_due", "x.retail", "retail.retail", "see retail.loyalty_tier"])
def test_a_domain_in_an_identifier_is_a_domain(text: str) -> None:
    found = links(text)
    assert (found.domain, found.datasets) == ("retail", ())
    assert found.columns == (("loyalty_tier",) if "loyalty" in text else ())


def test_several_datasets_are_found_in_their_order() -> None:
    text = "join mart_order_quality_weekly to stg_shop__refunds, and that to DimSupplierContract"
    assert links(text).datasets == ("mart_order_quality_weekly", "stg_shop__refunds", "DimSupplierContract")


@pytest.mark.parametrize("text", ["the shop floor is late", "Shop Floor", "shop-floor", "sf2 is late"])
def test_an_alias_stands_for_its_dataset(text: str) -> None:
    assert links(text).datasets == ("mart_stores_yearly",)


WORDS = st.sampled_from(["lobster", "granite", "velvet", "cactus", "harbor", "violin", "magnet", "orchid", "saddle"])
NAMES = st.lists(WORDS, min_size=2, max_size=5, unique=True)
SPELLINGS: list[Callable[[Sequence[str]], str]] = [
    "_".join,
    " ".join,
    "-".join,
    "__".join,
    lambda words: words[0] + "".join(map(str.capitalize, words[1:])),
    lambda words: "".join(map(str.capitalize, words)),
    lambda words: "_".join(words).upper(),
    lambda words: " ".join([*words[:-1], f"{words[-1]}s"]),
]


@hypothesis.given(words=NAMES, kept=st.sampled_from(SPELLINGS[:7]), said=st.sampled_from(SPELLINGS))
def test_any_spelling_finds_any_other(words: list[str], kept: object, said: object) -> None:
    assert callable(kept)
    assert callable(said)
    name = kept(words)
    found = links(f"why is {said(words)} from Tuesday?", open_reader_on(name))
    assert found.datasets == (name,)


def open_reader_on(name: str) -> Reader:
    return open_reader(catalog([dataset(name), dataset("mart_orders"), dataset("mart_refunds")]))


# Columns

COLUMNS = {
    "loyalty_tier": ["loyalty_tier", "loyalty tier", "Loyalty Tiers", "mart_stores_yearly.loyalty_tier", "loyaltyTier"],
    "warehouseCode": ["warehouse code", "warehouse_code", "warehouseCode", "WAREHOUSECODE"],
    "category": ["category", "categories", "la categor\u00eda de mart_stores_yearly"],
}  # fmt: skip


@pytest.mark.parametrize(("name", "text"), [(name, text) for name, texts in COLUMNS.items() for text in texts])
def test_a_column_is_found_however_it_is_spelt(name: str, text: str) -> None:
    assert links(text).columns == (name,)


def test_what_a_text_mentions_is_quoted_as_it_is_written() -> None:
    text = "Loyalty Tiers of the Shop-Floor and mart_stores_yearly"
    assert [(one.text, one.kind, one.ref) for one in links(text).mentions] == [
        ("Loyalty Tiers", "column", "loyalty_tier"),
        ("Shop-Floor", "dataset", "mart_stores_yearly"),
        ("mart_stores_yearly", "dataset", "mart_stores_yearly"),
    ]


@hypothesis.given(text=st.text(max_size=200))
def test_any_mention_stands_in_the_text(text: str) -> None:
    said = f"{text} mart_stores_yearly \u0130 {text} loyalty tier {text}"
    found = links(said)
    assert found.datasets[:1] == ("mart_stores_yearly",) or text
    for mention in found.mentions:
        assert mention.text in said


PIECES: Final = [
    *(
        "mart_stores_yearly",
        "mart",
        "stores",
        "yearly",
        "loyalty_tier",
        "loyalty",
        "tier",
        "retail",
        "orders",
        "shop",
        "sf2",
    ),
    *(
        "warehouseCode",
        "stg_shop__orders",
        ".",
        "_",
        "__",
        "-",
        " ",
        "x",
        "7",
        "'s",
        "\u00e9",
        "\u0130",
        ",",
        "\n",
        "(",
        "`",
    ),
]


@hypothesis.given(text=st.lists(st.sampled_from(PIECES), max_size=25).map("".join))
@hypothesis.settings(max_examples=300)
def test_any_text_of_names_and_parts_of_names_is_read(text: str) -> None:
    found = links(text)
    assert {*found.datasets} <= {*SEVERAL, *STAGED, *ODD, LONG, f"{LONG}_restated", "mart_stores_yearly"}
    for mention in found.mentions:
        assert mention.text in text
        assert mention.ref


# Slips

KNOWN = ["invoices", "revenue", "refunds", "refunded", "tax"]


@hypothesis.given(word=st.sampled_from(["revenue"]), place=st.integers(1, 6), letter=st.sampled_from("abcxyz"))
def test_one_slip_anywhere_but_at_the_start_is_mended(word: str, place: int, letter: str) -> None:
    slips = Slips(KNOWN)
    forms = {
        word[:place] + word[place + 1 :],
        word[:place] + letter + word[place:],
        word[:place] + letter + word[place + 1 :],
        word[: place - 1] + word[place] + word[place - 1] + word[place + 1 :],
    } - {word}
    assert {slips.mend(form) for form in forms} == {word}


@pytest.mark.parametrize("word", ["revnu", "refunde", "reven", "evenue", "taxx", "x" * 50, ""])
def test_what_is_two_slips_away_or_near_two_words_or_short_is_left_alone(word: str) -> None:
    assert Slips(KNOWN).mend(word) is None


# Any size of catalog


def work(do: Callable[[], object]) -> int:
    """Return how many calls of functions something makes, those of generators and of C included."""
    count = 0

    def tick(_: FrameType, event: str, __: object) -> None:
        nonlocal count
        count += event in ("call", "c_call")

    sys.setprofile(tick)
    try:
        do()
    finally:
        sys.setprofile(None)
    return count


@cache
def many(count: int) -> Reader:
    """Return a reader of a catalog of so many datasets, whose words are as common in each size."""
    names = [f"mart_{NOUNS[n % 10]}_{KINDS[n % 3]}_{PERIODS[n % 7 % 3]}_v{n}" for n in range(count - 1)]
    return open_reader(catalog([dataset(name) for name in [*names, "mart_zebra_herd_daily"]]))


ASKED = [
    "why is mart_zebra_herd_daily from Tuesday?",
    "why is the daily zebra herd mart from Tuesday?",
    "the mart of customer orders by supplier quality forecast daily weekly summary v17",
    "mart_customer_summary_daily_v99999 " * 40,
]


@pytest.mark.slow
@pytest.mark.parametrize("text", ASKED, ids=lambda text: text[:40])
def test_a_look_up_takes_no_longer_in_50_000_datasets(text: str) -> None:
    few, lots = many(2_000), many(50_000)
    links("warm up", few), links("warm up", lots)
    small, large = (work(lambda by=by: links(text, by)) for by in (few, lots))  # type: ignore[misc]
    assert large <= 2 * small
    if "zebra" in text:
        assert links(text, lots).datasets == ("mart_zebra_herd_daily",)


def test_the_order_of_the_catalog_changes_no_link() -> None:
    named = [dataset(name, column("loyalty_tier"), column("region")) for name in [*SEVERAL, *ODD, "orders", "stores"]]
    there, back = open_reader(catalog(named)), open_reader(catalog(named[::-1]))
    for text in [*SPELT.values(), *ALIKE, "orders by region", "stores and loyalty tiers", "stock levels"]:
        assert links(text, there) == links(text, back), text


def test_words_of_names_are_folded_and_in_the_singular() -> None:
    assert words_of("Stg_Shopify__ReturnLines") == ["stg", "shopify", "return", "line"]
    assert words_of("D\u00e9p\u00f4ts 2024") == ["depot", "2024"]


def test_a_name_of_no_letters_is_still_a_name() -> None:
    linker = Linker(catalog([dataset("___"), dataset("\u65e5\u672c")]))
    assert linker.name(["\u65e5\u672c"]) is not None


# Nothing but the text is linked


def test_the_bots_own_tables_and_columns_change_no_link() -> None:
    plain = query("q1", "loyalty tiers of the shop floor")
    told = plain | {"tables": ["stg_shop__orders"], "dims": ["region"], "metrics": ["net_revenue"], "labels": None}
    told.pop("labels")
    one, other = (reader().read(model.load(model.NlQuery, event)) for event in (plain, told))
    assert one.links == other.links
    assert (one.scores == other.scores).all()
