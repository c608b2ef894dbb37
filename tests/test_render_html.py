"""report.html as a browser would parse it."""

from __future__ import annotations

import base64
import hashlib
import re
from collections import Counter
from html.parser import HTMLParser
from itertools import pairwise

import pytest

from datagap.report.render.article import anchor
from datagap.report.render.html import render
from datagap.report.render.text import visible
from datagap.report.result import Report
from tests.reports import HOSTILE, SKETCHES, any_text, empty, example, fact, filled, item, quoted, report

VOID = {"meta", "rect"}
TAGS = {
    "html", "head", "meta", "title", "style", "body", "header", "main", "footer", "nav", "section", "article", "h1",
    "h2", "h3", "p", "a", "b", "small", "span", "ul", "li", "dl", "dt", "dd", "div", "table", "caption", "thead",
    "tbody", "tr", "th", "td", "details", "summary", "blockquote", "svg", "rect",
}  # fmt: skip
ATTRIBUTES = {
    "lang", "charset", "http-equiv", "content", "name", "id", "class", "href", "scope", "aria-label", "aria-hidden",
    "viewbox", "preserveaspectratio", "width", "height",
}  # fmt: skip


class Page(HTMLParser):
    """The elements of a page in order, checked to be nested properly."""

    def __init__(self, content: bytes) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[tuple[str, str]] = []
        self._open: list[str] = []
        self.feed(content.decode())
        self.close()
        assert not self._open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert len(attrs) == len(dict(attrs))
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self._open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert tag in VOID
        self.handle_starttag(tag, attrs)

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        if data.strip():
            self.texts.append((self._open[-1], data))

    def handle_comment(self, data: str) -> None:
        raise AssertionError(data)

    def handle_pi(self, data: str) -> None:
        raise AssertionError(data)

    def unknown_decl(self, data: str) -> None:
        raise AssertionError(data)

    @property
    def shape(self) -> list[tuple[str, tuple[str, ...]]]:
        return [(tag, tuple(attributes)) for tag, attributes in self.elements]

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.elements if name == tag]


def page(made: Report) -> Page:
    return Page(render(made))


@pytest.mark.parametrize("made", [example(), empty(), *map(filled, HOSTILE)])
def test_only_known_elements_and_attributes(made: Report) -> None:
    parsed = page(made)
    assert {tag for tag, _ in parsed.elements} <= TAGS
    assert {name for _, attributes in parsed.elements for name in attributes} <= ATTRIBUTES
    assert all(str(link["href"]).startswith("#") for link in parsed.all("a"))


@any_text
def test_page_has_the_same_shape_whatever_the_text(text: str) -> None:
    text = "x" + text  # the very text `unknown` is dimmed
    assert page(filled(text)).shape == page(filled("plain")).shape


@any_text
def test_text_is_shown_as_it_stands(text: str) -> None:
    shown = visible(text)[:499]
    assert sum(shown in data for tag, data in page(filled(text)).texts if tag == "p") >= 4


@pytest.mark.parametrize("made", [example(), empty(), filled(HOSTILE[0]), filled("two\twords")])
def test_links_lead_somewhere(made: Report) -> None:
    parsed = page(made)
    ids = Counter(attributes["id"] for _, attributes in parsed.elements if "id" in attributes)
    assert set(ids.values()) == {1}
    assert {str(link["href"])[1:] for link in parsed.all("a")} <= set(ids)
    assert all(re.fullmatch(r"[A-Za-z][\w-]*", str(identity)) for identity in ids)


def test_items_are_found_by_group_id() -> None:
    parsed = page(example())
    assert [entry["id"] for entry in parsed.all("article")] == [f"g_{rank:012x}" for rank in range(1, 16)]
    assert anchor("g_0a1B-2_c") == "g_0a1B-2_c"
    assert re.fullmatch(r"g_[0-9a-f]{16}", anchor('g_x" onload="'))
    assert anchor("a b") != anchor("a_b")


def test_policy_allows_the_one_style_and_nothing_else() -> None:
    parsed = page(example())
    policy = next(entry["content"] for entry in parsed.all("meta") if "http-equiv" in entry)
    style = "".join(data for tag, data in parsed.texts if tag == "style")
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    assert policy == f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    assert not re.search(r"url\(|@import|<|expression", style)
    assert len(parsed.all("style")) == 1


def test_structure_is_accessible() -> None:
    parsed = page(example())
    assert parsed.elements[0] == ("html", {"lang": "en"})
    levels = [int(tag[1]) for tag, _ in parsed.elements if re.fullmatch("h[1-6]", tag)]
    assert levels.count(1) == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))
    assert len(parsed.all("main")) == len(parsed.all("nav")) == 1
    assert len(parsed.all("table")) == len(parsed.all("caption"))
    assert {entry["scope"] for entry in parsed.all("th")} == {"col", "row"}
    assert all(entry["aria-hidden"] == "true" for entry in parsed.all("svg"))


def test_bars_are_on_one_scale() -> None:
    widths = [int(str(entry["width"])) for entry in page(example()).all("rect")][: len(SKETCHES)]
    assert widths == [max(1, sketch.people * 100 // 57) for sketch in SKETCHES]
    assert [entry["width"] for entry in page(report([item(1, people=0)], tallies=empty().tallies)).all("rect")] == ["0"]


def test_evidence_is_capped_and_the_rest_counted() -> None:
    evidence = [*(quoted(f"quote {n}", f"nlq_{n}") for n in range(20)), fact("x")]
    texts = [data for _, data in page(report([item(1, evidence=evidence)])).texts]
    assert "Evidence: 8 quotes, 1 catalog fact" in texts
    assert "12 more pieces of evidence in backlog.jsonl." in texts
    assert not page(report([item(1, evidence=[])])).all("details")


def test_five_hundred_items_are_shown_and_the_rest_counted() -> None:
    parsed = page(report([item(rank) for rank in range(1, 504)]))
    assert len(parsed.all("article")) == 500
    assert "3 further items are in backlog.csv." in [data for _, data in parsed.texts]
