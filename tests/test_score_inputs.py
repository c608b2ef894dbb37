"""What scoring reads: the answer key, corrections, evidence held to the pack, and the baselines."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from datagap import model
from datagap.errors import DatagapError, MisuseError
from datagap.gap import GAP_TYPES
from datagap.pack.pointer import at as stands_at
from datagap.pack.reader import Pack
from datagap.report.redaction import Redactor
from datagap.score import Scorer, library, score
from datagap.score.baseline import detectors, keywords
from datagap.score.evidence import Citations, is_verbatim
from datagap.score.gold import Gap, Label, corrected, read_gold
from datagap.score.triage import Correction, corrections
from tests import handmade
from tests.scoring import gap
from tests.tiny import DATASETS, FRESHNESS, GAPS, LABELS, add, at, drop, tiny


def without_key(documents: dict[str, Any]) -> None:
    del documents[GAPS], documents[LABELS]


def entry(event_id: str, correction: Any, **more: Any) -> tuple[str, model.TriageEntry]:
    made = model.TriageEntry(by="ann", at=handmade.NOW, event_id=event_id, correction=correction, **more)
    return "triage.jsonl:1", made


def detection(event_id: str, *gaps: model.DetectedGap, request: bool = True) -> model.Detection:
    return model.Detection(event_id=event_id, request=request, gaps=gaps)


# The answer key


def test_gold_is_what_the_answer_key_says(tmp_path: Path) -> None:
    gold = read_gold(Pack(tiny(tmp_path / "p")))
    assert (gold.pack_id, gold.kind, gold.corrected) == ("tiny", "answer_key", 0)
    assert {key: [one.gap_id for one in label.gaps] for key, label in gold.labels.items()} == {
        "q_1": [],
        "q_2": ["g_1"],
        "s_1": ["g_1"],
        "s_2": [],
        "e_1": ["g_2"],
    }
    assert gold.events["s_2"].conversation == gold.events["s_1"].conversation == "s_1"
    assert gold.labels["q_1"].none_reason == "answered"


def test_events_without_a_label_are_left_out_and_their_detections_counted(tmp_path: Path) -> None:
    scored = score(Pack(tiny(tmp_path / "p", drop(LABELS, 4))), [detection("e_1"), detection("q_1")], resamples=0)
    assert (scored.events, scored.detections, scored.unscored) == (4, 2, 1)


WRONG_KEYS = [
    (at(LABELS, 1, gap_ids=["g_9"]), 'truth/labels.jsonl:2: "g_9" is no gap of this pack'),
    (at(LABELS, 1, event_id="q_9"), 'truth/labels.jsonl:2: "q_9" is no event of this pack'),
    (at(LABELS, 1, event_id="q_1"), 'truth/labels.jsonl:2: "q_1" is labelled twice; keep one label'),
    (at("slack.jsonl", 1, id="s_1"), 'slack.jsonl: the id "s_1" stands twice; give each event its own'),
    (lambda files: files.pop(GAPS), "truth/gaps.jsonl: is missing from the answer key; restore it or remove truth/"),
]


@pytest.mark.parametrize(("edit", "sentence"), WRONG_KEYS, ids=[sentence for _, sentence in WRONG_KEYS])
def test_a_broken_key_is_told_in_a_sentence(edit: Any, sentence: str, tmp_path: Path) -> None:
    with pytest.raises(DatagapError) as raised:
        read_gold(Pack(tiny(tmp_path / "p", edit)))
    assert str(raised.value) == sentence


# Corrections


REAL = Gap(gap_id="g_1", gap_type="missing_column", datasets=["orders"], columns=["x"])
LATE = Gap(gap_id="g_2", gap_type="freshness_breach", datasets=["raw", "orders"], columns=[])
KNOWN = Label(request=True, gaps=[REAL], lang="en", difficulty="hard")


@pytest.mark.parametrize(
    ("correction", "asks", "gaps"),
    [
        (Correction(refused=True), False, []),
        (Correction(gap_type="missing_column"), True, [REAL]),
        (Correction(gap_type="freshness_breach"), True, [Gap(gap_type="freshness_breach")]),
        (Correction(gap_type="freshness_breach", dataset="orders"), True, [LATE]),
        (Correction(dataset="orders"), True, [REAL]),
        (
            Correction(dataset="shops"),
            True,
            [Gap(gap_id="missing_column shops", gap_type="missing_column", datasets=("shops",))],
        ),
    ],
)
def test_a_correction_replaces_what_it_is_about_and_no_more(
    correction: Correction, asks: bool, gaps: Sequence[Gap]
) -> None:
    label = corrected(KNOWN, correction, [REAL, LATE])
    assert (label.request, [*label.gaps], label.lang) == (asks, [*gaps], "en")


def test_a_dataset_alone_tells_no_type_and_a_type_alone_no_dataset(tmp_path: Path) -> None:
    pack = Pack(tiny(tmp_path / "p", without_key))
    known = corrections(
        [entry("q_2", "dataset", dataset="mart_orders"), entry("s_1", "gap_type", gap_type="docs_missing")]
    )
    found = [
        detection("q_2", gap("missing_column", "g", datasets=["mart_orders"])),
        detection("s_1", gap("docs_missing", "g", datasets=["raw_orders"])),
    ]
    scored = score(pack, found, corrections=known, resamples=0)
    assert [*scored.types] == ["docs_missing"]
    assert scored.figures.gap_types == scored.figures.datasets == model.Rates(precision=1.0, recall=1.0, f1=1.0)
    assert scored.figures.ari is None
    assert scored.by_demand is None


def test_the_last_correction_of_a_kind_wins_and_decisions_on_groups_are_left_out() -> None:
    decision = model.TriageEntry(by="ann", at=handmade.NOW, group_id="g", decision="fixed")
    known = corrections(
        [
            entry("a", "gap_type", gap_type="docs_missing"),
            entry("a", "gap_type", gap_type="quality_issue"),
            entry("b", "dataset", dataset="orders"),
            entry("b", "not_a_request"),
            entry("c", "not_a_request"),
            entry("c", "dataset", dataset="orders"),
            ("triage.jsonl:7", decision),
        ]
    )
    assert known == {
        "a": Correction(gap_type="quality_issue"),
        "b": Correction(refused=True),
        "c": Correction(dataset="orders"),
    }


@pytest.mark.parametrize("kind", ["gap_type", "dataset"])
def test_a_correction_must_say_what_is_right(kind: str) -> None:
    with pytest.raises(DatagapError, match=f"triage.jsonl:1: corrects the {kind} and does not say which is right"):
        corrections([entry("a", kind)])


def test_without_a_key_the_corrected_events_alone_count(tmp_path: Path) -> None:
    pack = Pack(tiny(tmp_path / "p", without_key))
    with pytest.raises(MisuseError, match="has no truth/ to score against; give a pack with an answer key, or corr"):
        score(pack, [])
    with pytest.raises(DatagapError, match="no correction is of an event of this pack"):
        score(pack, [], corrections={"q_77": Correction(refused=True)})
    known = {
        "q_1": Correction(refused=True),
        "q_2": Correction(gap_type="missing_column"),
        "q_77": Correction(refused=True),
    }
    found = [detection(key, gap("missing_column", "g")) for key in ("q_1", "q_2", "s_1")]
    scored = score(pack, found, corrections=known, resamples=0)
    assert (scored.gold, scored.events, scored.corrected, scored.unscored) == ("corrections", 2, 2, 1)
    assert scored.figures.gap_types == model.Rates(precision=0.5, recall=1.0, f1=round(2 / 3, 6))
    assert scored.figures.requests == model.Rates(precision=0.5, recall=1.0, f1=round(2 / 3, 6))


def test_with_a_key_corrections_override_it(tmp_path: Path) -> None:
    pack = Pack(tiny(tmp_path / "p"))
    found = [detection(key, gap("missing_column", "g")) for key in ("q_2", "s_1")]
    assert score(pack, found, resamples=0).figures.gap_types.precision == 1.0
    scored = score(pack, found, corrections={"s_1": Correction(refused=True)}, resamples=0)
    assert (scored.gold, scored.events, scored.corrected) == ("corrected_answer_key", 5, 1)
    assert scored.figures.gap_types.precision == 0.5


# Detections


@pytest.mark.parametrize(
    ("found", "sentence"),
    [
        (["q_9"], 'mine:1: "q_9" is no event of the pack; score detections on the pack that they were made for'),
        (["q_1", "q_1"], 'mine:2: "q_1" stands twice; give each event one line'),
    ],
)
def test_detections_of_strange_events_or_twice_of_one_are_refused(
    found: Sequence[str], sentence: str, tmp_path: Path
) -> None:
    with pytest.raises(DatagapError) as raised:
        score(Pack(tiny(tmp_path / "p")), map(detection, found), detector="mine")
    assert str(raised.value) == sentence


def test_a_missing_library_is_told_with_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(library, "find_spec", lambda name: None if name == "scipy" else object())
    with pytest.raises(MisuseError, match=r"scoring needs scikit-learn and SciPy; run pip install 'datagap\[score\]'"):
        Scorer(Pack(tiny(tmp_path / "p")))


# Evidence


@pytest.mark.parametrize(
    ("quote", "text", "there"),
    [
        ("by region", "Net revenue by region", True),
        ("by  region", "Net revenue by region", False),
        ("By region", "Net revenue by region", False),
        ("ask [person] or [email] now", "please ask @ann.lee or ann@example.org now", True),
        ("[person] has it", "ann.lee has it", True),
        ("[draft] of it", "the [draft] of it", True),
        ("now [person] first", "first ann, now bob", False),
        ("[person]", "anything", False),
        ("[person] [email]", "anything at all", False),
        ("[person]!", "nobody", False),
    ],
)
def test_a_quote_is_verbatim_where_placeholders_stand_for_anything(quote: str, text: str, there: bool) -> None:
    assert is_verbatim(quote, text) is there


@given(st.text(st.sampled_from("ab. @_"), min_size=1), st.integers(0, 20), st.integers(1, 20))
def test_what_a_report_redacts_is_verbatim(text: str, start: int, length: int) -> None:
    text = f"see {text} and mail ann.lee@example.org, or call +32 470 12 34 56: ann knows"
    redacted = Redactor({"ann"}).redact(text)
    quote = redacted[start:].partition("]")[2][: 30 + length]
    assert is_verbatim(redacted, text)
    assert "[" in quote.replace("[phone]", "") or is_verbatim(quote, text)


def test_a_quote_made_to_take_long_takes_no_time() -> None:
    started = time.process_time()
    assert not is_verbatim("a[x]" * 50_000 + "b", "a" * 200_000)
    assert not is_verbatim("a" * 5_000 + "b[x]", "a" * 200_000)
    assert time.process_time() - started < 2


COLUMNS = ["order_date", "region", "net_revenue"]
FACTS: list[tuple[str, str, Any, bool]] = [
    (DATASETS, "/1/columns", COLUMNS, True),
    (DATASETS, "/1/columns", tuple(reversed(COLUMNS)), True),
    (DATASETS, "/1/columns", [*COLUMNS, "region"], False),
    (DATASETS, "/1/columns", COLUMNS[:2], False),
    (DATASETS, "/1/columns", "order_date", False),
    (DATASETS, "/1/row_count", 1000, True),
    (DATASETS, "/1/row_count", 999, False),
    (DATASETS, "/1/row_count", None, False),
    (DATASETS, "/1/columns/1/name", "region", True),
    (DATASETS, "/1/columns/-1/name", "net_revenue", False),
    (DATASETS, "/1/retired_at", None, True),
    (DATASETS, "/9/name", None, True),
    (DATASETS, "/9/name", "mart_orders", False),
    (DATASETS, "", None, True),
    (DATASETS, "", "mart_orders", False),
    (DATASETS, "1/name", None, False),
    (FRESHNESS, "/0/max_loaded_at", "2026-03-01T06:00:00Z", True),
    (FRESHNESS, "/0/sla_hours", "24", True),
    (FRESHNESS, "/0/sla_hours", 24, False),
    (FRESHNESS, "/1/dataset", "mart_orders", True),
    ("catalog/lineage.json", "/0/to", "mart_orders", True),
    ("catalog/coverage.json", "/checks/status", "complete", True),
    ("catalog/people.jsonl", "/0/person_id", "u_ann", True),
    ("nl_queries.jsonl", "/1/outcome", "blocked", True),
    ("manifest.json", "/pack_id", "tiny", True),
    (GAPS, "/0/gap_id", "g_1", False),
    ("catalog/../truth/gaps.jsonl", "/0/gap_id", "g_1", False),
    ("../elsewhere.json", "", None, False),
    ("scenario.yaml", "", None, False),
]


def fact(file: str, pointer: str, value: Any) -> model.Evidence:
    return model.Evidence(file=file, pointer=pointer, value=value)


@pytest.mark.parametrize(("file", "pointer", "value", "holds"), FACTS)
def test_a_fact_holds_if_the_pack_says_so(file: str, pointer: str, value: Any, holds: bool, tmp_path: Path) -> None:
    cited = fact(file, pointer, value)
    pack = Pack(tiny(tmp_path / "p"))
    assert Citations(pack, [detection("q_2", gap("missing_column", "g", evidence=[cited]))]).holds(cited) is holds


def test_true_is_not_one(tmp_path: Path) -> None:
    pack = Pack(tiny(tmp_path / "p", at(DATASETS, 0, row_count=1)))
    cited = fact(DATASETS, "/0/row_count", True)
    assert not Citations(pack, [detection("q_2", gap("missing_column", "g", evidence=[cited]))]).holds(cited)


def test_evidence_is_scored_by_what_holds(tmp_path: Path) -> None:
    quotes = [model.Evidence(event_id="q_2", quote=quote) for quote in ("Net revenue", "Gross revenue")]
    other = model.Evidence(event_id="nobody", quote="Net revenue")
    right, wrong = fact(DATASETS, "/1/columns", COLUMNS), fact(DATASETS, "/1/columns", ["region"])
    found = [
        detection("q_2", gap("missing_column", "g", evidence=[*quotes, right, wrong])),
        detection("s_1", gap("missing_column", "g", evidence=[other, wrong])),
        detection("e_1", gap("freshness_breach", "h", evidence=[wrong], verdict="contradicted")),
    ]
    figures = score(Pack(tiny(tmp_path / "p")), found, resamples=0).figures
    assert figures.quotes_verbatim == round(1 / 3, 6)
    assert figures.citation_precision == round(1 / 3, 6)
    assert figures.citation_recall == 0.5


def test_a_broken_file_is_told_only_if_it_is_cited(tmp_path: Path) -> None:
    pack = Pack(tiny(tmp_path / "p"))
    (pack.path / "catalog" / "lineage.json").write_bytes(b'[{"from": NaN}]')
    assert score(pack, [], resamples=0).detections == 0
    cited = detection("q_2", gap("missing_column", "g", evidence=[fact("catalog/lineage.json", "/0/to", "x")]))
    with pytest.raises(DatagapError, match=r"catalog/lineage.json"):
        score(pack, [cited], resamples=0)


NAMES = st.text(max_size=3)
SCALARS = st.none() | st.integers() | NAMES
JSON = st.recursive(SCALARS, lambda inner: st.lists(inner) | st.dictionaries(NAMES, inner))


@given(JSON, st.text(st.sampled_from("/01a~-"), max_size=8))
def test_a_pointer_leads_somewhere_or_is_a_lookup_error(value: Any, pointer: str) -> None:
    try:
        found = stands_at(value, pointer)
    except LookupError:
        return
    assert found is None or isinstance(found, (int, str, list, dict))


# Baselines


def test_baselines_say_what_they_are_said_to(tmp_path: Path) -> None:
    late = handmade.slack("s_3", "mart_orders. is stale, and raw_orders too", when="2026-03-04T13:00:00Z")
    pack = Pack(tiny(tmp_path / "p", add("slack.jsonl", late)))
    found = {name: {one.event_id: one for one in made} for name, made in detectors(pack).items()}
    assert [*found] == ["none", "commonest", "keywords"]
    assert found["none"] == {}
    assert {key: [one.gap_type for one in made.gaps] for key, made in found["commonest"].items()} == {
        key: ["missing_column"] for key in ("q_1", "q_2", "s_1", "e_1")
    }
    assert {one.gaps[0].confidence for one in found["commonest"].values()} == {0.5}
    (stale,) = found["keywords"]["s_3"].gaps
    assert (stale.gap_type, stale.group_id, stale.datasets) == (
        "freshness_breach",
        "freshness_breach mart_orders",
        ["mart_orders"],
    )
    assert "s_2" not in found["keywords"]
    for made in found.values():
        for one in made.values():
            assert model.acceptor("detection").is_valid(model.dump(one))


def test_the_keywords_have_a_pattern_for_every_type_that_matches_no_empty_text() -> None:
    assert {*keywords()} == {*GAP_TYPES}
    assert not any(pattern.search("") for pattern in keywords().values())
