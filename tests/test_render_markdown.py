"""report.md against a CommonMark parser with tables and strikethrough."""

from __future__ import annotations

import re
from collections.abc import Iterable
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from markdown_it.token import Token

from datagap.report.render.markdown import escape, render
from datagap.report.render.text import visible
from tests.reports import HOSTILE, SKETCHES, any_text, empty, example, filled, item, report

PARSER = MarkdownIt("commonmark").enable(["table", "strikethrough"])
AUTOLINK = re.compile(r"https?://|ftp://|www\.|mailto:|xmpp:", re.IGNORECASE)
SNIPPETS = (
    "*", "_", "`", "|", "\\", "<b>", "]", "](", "![", "[a](b)", "# ", "- ", "1. ", "12) ", "+ ", "> ", "~~", "&amp;",
    "&#35;", "<!--", "http://a.b", "www.a.b", "a@b.c", ":-", "--", "==", "$x$", "1", "x", " ", "\n", "\t", "\x00",
)  # fmt: skip
ROUGH = st.one_of(st.lists(st.sampled_from(SNIPPETS), min_size=3).map("".join), st.text())
PLACES = (
    "{}",
    "before\n{}\nafter",
    "- {}",
    "- **Label:** {}",
    "> “{}” (id)",
    "# {}",
    "### 1. {}",
    "| a | b |\n|---|---|\n| {} | x |",
    "| {} | b |\n|---|---|\n| a | x |",
)
TEXT_TOKENS = {"text", "text_special", "softbreak"}


def flat(tokens: Iterable[Token]) -> Iterable[Token]:
    for token in tokens:
        yield token
        yield from flat(token.children or ())


def parsed(source: str) -> tuple[list[str], str]:
    """Return the tokens that are not text, and the text."""
    tokens = list(flat(PARSER.parse(source)))
    shape = [token.type + token.tag for token in tokens if token.type not in TEXT_TOKENS]
    return shape, "".join(token.content for token in tokens if token.type in TEXT_TOKENS)


def assert_shown(place: str, text: str) -> None:
    if shown := visible(text):
        shape, content = parsed(place.format(escape(text)))
        plain_shape, plain_content = parsed(place.format("plain"))
        assert shape == plain_shape, text
        assert content == plain_content.replace("plain", shown), text


@pytest.mark.parametrize("place", PLACES)
def test_two_snippets_of_markup_come_back_as_text(place: str) -> None:
    for pair in product(SNIPPETS, ("", *SNIPPETS)):
        assert_shown(place, "".join(pair))


@pytest.mark.parametrize("place", PLACES)
@given(text=ROUGH)
def test_any_text_comes_back(place: str, text: str) -> None:
    assert_shown(place, text)


@pytest.mark.parametrize("text", [*SNIPPETS, *HOSTILE, "HTTPS://A.B", "see ftp://a.b", "mailto:a", "xmpp:a@b.c"])
def test_no_address_is_left_for_a_reader_to_link(text: str) -> None:
    assert not AUTOLINK.search(escape(text))


def test_ordinary_text_stays_legible() -> None:
    assert escape("orders by region, 4.5% up (+1): why?") == "orders by region, 4.5% up (+1): why?"
    assert escape("61.5 = 41") == "61.5 = 41"
    assert escape("1. one") == "1\\. one"


@any_text
def test_page_has_the_same_shape_whatever_the_text(text: str) -> None:
    assert parsed(render(filled(text)).decode())[0] == parsed(render(filled("plain")).decode())[0]


def test_page_reads_as_promised() -> None:
    page = render(example()).decode()
    assert page.startswith("# Data gaps in retail\\_week\\_39\n\nCatalog snapshot: 2025-09-26 22:36 UTC\n\n")
    assert "- **4,210** events read (3,000 queries, 900 Slack messages, 310 emails)\n" in page
    assert (
        "| 4 | mart\\_stores lacks the stores opened in August | 4 | 8 | unverifiable | open | unknown | unknown |"
        in page
    )
    assert "- **Score:** 43.5 = 29 person-days \N{MULTIPLICATION SIGN} 3 (high severity) ÷ 2 (medium effort)\n" in page
    assert "> “\\+1, same here” (slack\\_000124)" not in page
    assert "- access: would settle 31 claims\n- checks: would settle 4 claims\n" in page
    headings = re.findall(r"^## (.*)$", page, re.MULTILINE)
    assert headings == ["Incidents", "Backlog", "Details", "What is not a gap", "Freshness", "Export this next"]
    assert page.count("\n### ") == len(SKETCHES)


def test_empty_page_says_so() -> None:
    page = render(empty()).decode()
    assert page.count("Nothing in this lane.") == 2
    assert "No export would settle further claims." in page


def test_a_hundred_items_are_shown_and_the_rest_counted() -> None:
    page = render(report([item(rank) for rank in range(1, 104)])).decode()
    assert page.count("\n### ") == 100
    assert "3 further items are in backlog.csv." in page
