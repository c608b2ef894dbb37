"""A conversation is about what its opener is about: who shares the need, who answers, and what becomes of it.

The words here are worth what the tests say, so that nothing turns on what the classifier was last trained on.
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

import pytest

from datagap import model
from datagap.report.classifier import ACTS, Classifier
from datagap.report.detecting import Detector
from datagap.report.finding import Detected
from datagap.report.hindsight import in_hindsight
from datagap.report.reading import Reading, open_reader
from datagap.report.redaction import Redactor
from datagap.report.verifying import Verifier
from tests.handmade import catalog, column, dataset, query, slack

SURE: Final = 800
MEANT: Mapping[str, model.SpeechAct] = {
    "wantcolumn": "missing_column",
    "toolate": "freshness_breach",
    "lockedout": "access_denied",
    "nosuchthing": "missing_asset",
    "cannotjoin": "joinability_issue",
    "saysnothing": "docs_missing",
    "thankyou": "chatter",
    "metoo": "follow_up",
    "allfixed": "resolved",
    "looking": "acknowledged",
    "notso": "refuted",
    "howdoi": "how_to",
}
"""Words, and what whoever writes them is after."""
SUPPORT: Mapping[str, int] = {"confirmed": 400, "contradicted": 0}
GRADES: Final = ("confirmed", "possible", "past", "open", "contradicted", "elsewhere", "unlinked")


def meaning(words: Mapping[str, model.SpeechAct], **none: int) -> Classifier:
    """Return a classifier to whom these words mean that, and all others nothing."""
    bias = {"chatter": 300}
    rows = {word: [SURE if act == meant else 0 for act in ACTS] for word, meant in words.items()}
    flags = dict.fromkeys(["any", "query", "unserved", "mended", "refuted", "unlinked"], 0) | none
    return Classifier(
        model.Classifier(
            acts=ACTS,
            scale=100,
            bias=[bias.get(act, 0) for act in ACTS],
            features=rows,
            common=["there", "please", "again", "team", "ann", "bob"],
            judgement=model.Judgement(
                words=100, support=[[SUPPORT.get(grade, 0) for grade in GRADES]] * 10, none=flags, reply=0
            ),
        )
    )


HELD = catalog(
    [
        dataset("mart_orders"),
        dataset("mart_stores", column("store_id"), column("floor_area")),
        dataset("mart_locked", access_roles=["vault"]),
        dataset("mart_late"),
        dataset("mart_bare", description=""),
    ],
    loads={"mart_late": ("2026-03-01T00:00:00Z", 24)},
    people=[
        {"person_id": "u_ann", "access_roles": ["staff"]},
        {"person_id": "u_bob", "access_roles": ["staff", "vault"]},
    ],
)


def detected(*events: Mapping[str, Any], words: Classifier | None = None) -> dict[str, Detected]:
    """Return what is behind each event, by its id."""
    classifier = words or meaning(MEANT)
    reader = open_reader(HELD, classifier)
    types = {"nlq": model.NlQuery, "slack": model.SlackMessage}
    readings = [reader.read(model.load(types[event["channel"]], event)) for event in events]
    threads: dict[str, list[Reading]] = {}
    for reading in readings:
        threads.setdefault(reading.thread, []).append(reading)
    queries = {reading.event_id: reading for reading in readings if reading.channel == "nlq"}
    detector = Detector(HELD, Verifier(HELD), reader, classifier, Redactor(()), queries)
    found = [one for thread in threads.values() for one in detector.detect(thread)]
    return {one.finding.event_id: one for one in found}


def told(one: Detected) -> list[tuple[str, str, Sequence[str]]]:
    return [(gap.claim.gap_type, gap.verdict, list(gap.datasets)) for gap in one.gaps]


def thread(*texts: str | Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return messages of one thread, an hour apart: s0, which opens it, s1 and so on."""
    events = []
    for place, text in enumerate(texts):
        more = {"text": text} if isinstance(text, str) else dict(text)
        when = f"2026-03-04T{place // 60 + 1:02}:{place % 60:02}:00Z"
        opened = {"thread_id": "s0"} if place else {}
        events.append(slack(f"s{place}", more.pop("text"), when=when, **opened, **more))
    return events


LATE = "mart_late toolate"
CONFIRMED_LATE = [("freshness_breach", "confirmed", ["mart_late"])]

# Who shares the need


def test_whoever_joins_in_has_the_need_of_the_opener() -> None:
    found = detected(*thread(LATE, {"text": "metoo", "actor": "u_bob"}, {"text": "hm metoo please"}))
    assert [told(found[event]) for event in ("s0", "s1", "s2")] == [CONFIRMED_LATE] * 3
    assert {found[event].gaps[0].key for event in found} == {found["s0"].gaps[0].key}
    assert [found[event].request for event in ("s0", "s1", "s2")] == [True] * 3


@pytest.mark.parametrize("text", ["thankyou", "looking", "allfixed", "notso", "and now for something else"])
def test_thanks_answers_and_mends_are_no_request(text: str) -> None:
    reply = detected(*thread(LATE, {"text": text, "actor": "u_bob"}))["s1"]
    assert (reply.gaps, reply.request) == ((), False)
    assert reply.none_reason == ("resolved" if text == "allfixed" else "chatter")


def test_a_reply_that_tells_of_the_gap_in_its_own_words_has_it() -> None:
    assert told(detected(*thread(LATE, "still toolate over here"))["s1"]) == CONFIRMED_LATE


def test_who_joins_in_a_conversation_about_nothing_has_nothing() -> None:
    found = detected(*thread("lunch thankyou", "metoo", "metoo metoo"))
    assert [told(one) for one in found.values()] == [[], [], []]
    assert {one.none_reason for one in found.values()} == {"chatter"}


def test_a_need_is_checked_for_whoever_has_it() -> None:
    """The one who joins in may read what the opener may not."""
    found = detected(
        *thread("mart_locked lockedout", {"text": "metoo", "actor": "u_bob"}, {"text": "metoo", "actor": "u_x"})
    )
    assert told(found["s0"]) == [("access_denied", "confirmed", ["mart_locked"])]
    assert [gap.verdict for gap in found["s1"].gaps] == ["contradicted"]
    assert [(gap.verdict, gap.settled_by) for gap in found["s2"].gaps] == [("unverifiable", "people")]


def test_a_need_is_checked_as_of_when_it_was_told_of() -> None:
    early, later = "2026-02-28T09:00:00Z", "2026-03-04T09:00:00Z"
    found = detected(
        *[event | {"when": when} for event, when in zip(thread(LATE, "metoo"), (early, later), strict=True)]
    )
    assert [found[event].gaps[0].verdict for event in ("s0", "s1")] == ["unverifiable", "confirmed"]


# What is said elsewhere in a conversation


@pytest.mark.parametrize("reply", ["you mean mart_late", "that is mart_late looking", "mart_late thankyou"])
def test_an_answer_that_names_the_dataset_tells_what_the_opener_is_about(reply: str) -> None:
    found = detected(*thread("my numbers are toolate", reply, "metoo"))
    assert told(found["s0"]) == CONFIRMED_LATE
    assert told(found["s2"]) == CONFIRMED_LATE


def test_the_dataset_of_the_opener_counts_and_not_that_of_a_reply() -> None:
    found = detected(*thread(LATE, "mart_orders metoo"))
    assert {tuple(gap.datasets) for one in found.values() for gap in one.gaps} == {("mart_late",)}


def test_a_message_is_about_the_query_that_it_refers_to() -> None:
    asked = query("q1", "split mart_stores by floor area", "answered")
    found = detected(asked, *thread({"text": "this is toolate", "referenced_query_id": "q1"}, "mart_late thankyou"))
    assert found["s0"].claim.datasets == ("mart_stores",)
    assert found["s0"].claim.columns == ("floor_area",)


def test_a_reference_to_a_query_that_is_not_there_is_none() -> None:
    found = detected(*thread({"text": LATE, "referenced_query_id": "q_gone"}))
    assert told(found["s0"]) == CONFIRMED_LATE


def test_a_conversation_that_somebody_mended_was_right_whatever_holds_now() -> None:
    claim = "mart_stores wantcolumn floor_area"
    assert [gap.verdict for gap in detected(*thread(claim))["s0"].gaps] == ["contradicted"]
    mended = detected(*thread(claim, {"text": "allfixed", "actor": "u_bob"}))
    assert [(gap.support, gap.verdict) for gap in mended["s0"].gaps] == [("past", "unverifiable")]
    assert mended["s1"].gaps == ()


def test_a_mend_speaks_against_a_gap_where_it_is_worth_something() -> None:
    talk = thread("mart_orders saysnothing", "allfixed")
    assert detected(*talk)["s0"].gaps != ()
    assert detected(*talk, words=meaning(MEANT, mended=5000))["s0"].gaps == ()
    assert detected(*talk[:1], words=meaning(MEANT, mended=5000))["s0"].gaps != ()


def test_an_objection_speaks_against_a_gap_where_it_is_worth_something() -> None:
    talk = thread("mart_orders saysnothing", "notso")
    assert detected(*talk)["s0"].gaps != ()
    assert detected(*talk, words=meaning(MEANT, refuted=5000))["s0"].gaps == ()


def test_who_replies_to_what_is_not_there_speaks_alone() -> None:
    orphan = slack("s9", LATE, thread_id="s_gone")
    thanks = slack("s8", "thankyou", thread_id="s_gone", when="2026-03-04T12:00:00Z")
    found = detected(orphan, thanks)
    assert told(found["s9"]) == CONFIRMED_LATE
    assert (found["s8"].gaps, found["s8"].none_reason) == ((), "chatter")


def test_a_reply_that_stands_before_its_opener_is_one_all_the_same() -> None:
    first, second = thread(LATE, "metoo")
    found = detected(first | {"when": "2026-03-04T10:00:00Z"}, second | {"when": "2026-03-04T09:00:00Z"})
    assert [told(one) for one in found.values()] == [CONFIRMED_LATE] * 2


def test_the_order_in_which_a_conversation_is_read_changes_nothing() -> None:
    talk = thread(LATE, "metoo", "mart_orders looking", "allfixed", "thankyou", {"text": "metoo", "actor": "u_bob"})
    expected = detected(*talk)
    for seed in range(5):
        random.Random(seed).shuffle(talk)
        assert detected(*talk) == expected


# Several gaps


def test_a_text_may_tell_of_several_gaps_the_likeliest_first() -> None:
    both = detected(*thread("mart_bare saysnothing wantcolumn brand_name"))["s0"]
    assert [gap.claim.gap_type for gap in both.gaps] == ["missing_column", "docs_missing"]
    assert [*both.confidences] == sorted(both.confidences, reverse=True)
    assert sum(both.confidences) <= 1.01
    assert {*both.finding.quotes} == {"missing_column", "docs_missing"}


def test_one_who_joins_in_shares_the_first_of_several() -> None:
    found = detected(*thread("mart_bare saysnothing wantcolumn brand_name", "metoo"))
    assert [gap.claim.gap_type for gap in found["s1"].gaps] == ["missing_column"]


def test_the_line_that_shows_a_gap_best_is_quoted() -> None:
    text = "Dear team,\nmart_bare saysnothing at all.\nI also wantcolumn brand_name there.\nAnn"
    quotes = detected(*thread(text))["s0"].finding.quotes
    assert dict(quotes) == {
        "docs_missing": "mart_bare saysnothing at all.",
        "missing_column": "I also wantcolumn brand_name there.",
    }


def test_nobody_is_surer_of_a_reply_than_of_its_opener() -> None:
    found = detected(*thread(LATE, "metoo", "still toolate"))
    assert found["s1"].confidence <= found["s0"].confidence
    assert found["s2"].confidence <= found["s0"].confidence


# Queries


@pytest.mark.parametrize(("outcome", "reason"), [("answered", "answered"), ("slow", "answered")])
def test_a_query_that_was_served_has_no_gap_whatever_its_words(outcome: str, reason: str) -> None:
    one = detected(query("q1", LATE, outcome))["q1"]
    assert (one.gaps, one.none_reason, one.request) == ((), reason, True)


def test_a_query_that_was_not_served_may_have_one() -> None:
    for outcome in ("blocked", "degraded"):
        assert told(detected(query("q1", LATE, outcome, when="2026-03-04T10:00:00Z"))["q1"]) == CONFIRMED_LATE


def test_who_asks_how_to_do_something_is_told_so() -> None:
    one = detected(*thread("howdoi share a chart"))["s0"]
    assert (one.gaps, one.none_reason, one.request) == ((), "how_to", False)


def test_each_event_is_told_of_once_and_as_what_it_is() -> None:
    events = [query("q1", LATE), *thread(LATE, "metoo", "thankyou")]
    found = detected(*events)
    assert {(one.finding.event_id, one.finding.actor, one.finding.channel) for one in found.values()} == {
        (event["id"], event["actor"], event["channel"]) for event in events
    }
    for one in found.values():
        assert bool(one.gaps) != bool(one.none_reason)
        assert len(one.gaps) == len(one.confidences)
        assert all(0 <= confidence <= 1 for confidence in one.confidences)


# In hindsight


def test_a_refuted_claim_is_believed_where_an_unserved_query_shows_that_it_was_true() -> None:
    served = detected(*thread("mart_stores wantcolumn floor_area"))["s0"]
    failed = detected(query("q1", "mart_stores wantcolumn floor_area"))["q1"]
    assert (served.gaps[0].support, failed.gaps[0].support) == ("contradicted", "past")
    believed = in_hindsight([served, failed])
    assert [one.gaps[0].support for one in believed] == ["past", "past"]
    assert in_hindsight([served]) == [served]


def test_what_others_were_held_up_by_says_nothing_of_another_need() -> None:
    other = detected(*thread("mart_orders wantcolumn region"))["s0"]
    failed = detected(query("q1", "mart_stores wantcolumn floor_area"))["q1"]
    assert [one.gaps[0].support for one in in_hindsight([other, failed])] == ["contradicted", "past"]


def test_hindsight_keeps_events_in_their_order_and_those_without_a_gap_as_they_are() -> None:
    chatter = detected(*thread("thankyou"))["s0"]
    failed = detected(query("q1", "mart_stores wantcolumn floor_area"))["q1"]
    assert in_hindsight([chatter, failed, replace(chatter)]) == [chatter, failed, chatter]
