from __future__ import annotations

import itertools
import json
import random
import shutil
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from datagap import model
from datagap.errors import DatagapError, MisuseError
from datagap.pack.checks import check_pack
from datagap.pack.reader import Pack
from datagap.report.checking import check_report
from datagap.report.claim import Claim
from datagap.report.clause import Links
from datagap.report.finding import Detected, Finding
from datagap.report.result import Report
from datagap.report.run import _tallies, analyse, write_report
from datagap.synth.run import generate
from datagap.validate import embedded
from tests.handmade import FULL, column, dataset, email, query, slack, write_pack

OPTIONS = model.load(model.RunConfig, {})


@pytest.fixture(scope="module")
def pack(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A generated pack; tests that change it copy it first."""
    folder = tmp_path_factory.mktemp("packs") / "p"
    generate(replace(model.load(model.Config, {}), seed=11), folder)
    return folder


def files_of(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def lines(folder: Path, file: str) -> Iterator[dict[str, Any]]:
    return map(json.loads, (folder / file).read_text(encoding="utf-8").splitlines())


def written(pack: Path, out: Path, **options: Any) -> dict[str, bytes]:
    write_report(Pack(pack), replace(OPTIONS, **options), out)
    return files_of(out)


def rewrite(folder: Path, file: str, change: Any) -> None:
    records = [change(record) for record in lines(folder, file)]
    (folder / file).write_text("".join(json.dumps(record) + "\n" for record in records), encoding="utf-8", newline="\n")


# What is written


def test_a_report_is_valid_and_covers_every_event(pack: Path, tmp_path: Path) -> None:
    report = write_report(Pack(pack), OPTIONS, tmp_path / "r")
    assert check_report(tmp_path / "r") == []
    events = sum(len(list(lines(pack, file))) for file in ("nl_queries.jsonl", "slack.jsonl", "email.jsonl"))
    assert report.tallies.events == events == report.run.events


def test_the_same_pack_gives_the_same_bytes(pack: Path, tmp_path: Path) -> None:
    assert written(pack, tmp_path / "a") == written(pack, tmp_path / "b")


def test_the_order_of_events_in_their_files_changes_nothing(pack: Path, tmp_path: Path) -> None:
    shuffled = shutil.copytree(pack, tmp_path / "p")
    for file in ("nl_queries.jsonl", "slack.jsonl", "email.jsonl"):
        rows = (shuffled / file).read_bytes().splitlines(keepends=True)
        random.Random(5).shuffle(rows)
        (shuffled / file).write_bytes(b"".join(rows))
    assert written(shuffled, tmp_path / "a") == written(pack, tmp_path / "b")


def test_the_answer_key_and_the_bots_guesses_are_never_read(pack: Path, tmp_path: Path) -> None:
    blind = shutil.copytree(pack, tmp_path / "p")
    shutil.rmtree(blind / "truth")
    rewrite(blind, "nl_queries.jsonl", lambda query: query | {"gap_types": ["quality_issue"]})
    rewrite(blind, "slack.jsonl", lambda message: message | {"labels": ["access_denied"]})
    assert written(blind, tmp_path / "a") == written(pack, tmp_path / "b")


def test_what_the_texts_of_a_pack_state_outright_is_found_in_part(tmp_path: Path) -> None:
    """The rules know few wordings, and nothing of what was so before the snapshot: a floor, not to be lowered."""
    plain: dict[str, Any] = {"difficulty": "easy", "templates": "train", "gaps": {"resolved_share": 0, "count": 40}}
    generate(replace(model.load(model.Config, plain), seed=11), tmp_path / "p")
    pack = tmp_path / "p"
    types = {gap["gap_id"]: gap["gap_type"] for gap in lines(pack, "truth/gaps.jsonl")}
    found = {detection.event_id: detection for detection in analyse(Pack(pack), OPTIONS).detections}
    hits, extra, missed = Counter[str](), Counter[str](), Counter[str]()
    for label in lines(pack, "truth/labels.jsonl"):
        true = {types[gap_id] for gap_id in label["gap_ids"]}
        detection = found.get(label["event_id"])
        said = {gap.gap_type for gap in detection.gaps if gap.verdict != "contradicted"} if detection else set()
        hits.update(true & said)
        extra.update(said - true)
        missed.update(true - said)
    scores = [2 * hits[name] / (2 * hits[name] + extra[name] + missed[name]) for name in sorted(set(types.values()))]
    assert len(scores) == 10
    assert sum(scores) / len(scores) > 0.35


def test_items_name_most_of_the_planted_gaps_that_most_people_ran_into(pack: Path) -> None:
    items = analyse(Pack(pack), OPTIONS).items
    named = {(item.gap_type, name) for item in items for name in item.datasets}
    gaps = [gap for gap in lines(pack, "truth/gaps.jsonl") if gap["datasets"] and not gap["resolved_at"]]
    wanted = sorted(gaps, key=lambda gap: -gap["demand"]["people"])[:12]
    assert sum((gap["gap_type"], gap["datasets"][0]) in named for gap in wanted) >= 8


# What a claim is worth

MARTS = [
    dataset("mart_orders_daily"),
    dataset("mart_orders_monthly", grain={"keys": ["region"], "period": "month"}),
    dataset("mart_locked", access_roles=["vault"]),
    dataset("mart_bare", description=""),
    dataset("mart_huge", row_count=9_000_000_000),
    dataset("mart_text", column("paid_on", "varchar"), column("region")),
    dataset("mart_dirty", checks=[{"name": "u", "kind": "unique", "column": "region", "status": "fail"}]),
    dataset("mart_late"),
]
LATE = {"mart_late": ("2026-03-01T00:00:00Z", 24)}
TRUE: dict[model.GapType, str] = {
    "missing_asset": "I cannot find any dataset on parking fees. Do we have a table for them?",
    "missing_column": "There is no column brand_name in mart_orders_daily.",
    "grain_mismatch": "mart_orders_monthly only has one row per month, but I need it per day.",
    "type_mismatch": "paid_on in mart_text is stored as a string, so date filters fail.",
    "freshness_breach": "mart_late is stale: it has not been updated since Sunday, the load is late.",
    "docs_missing": "mart_bare has no description. What exactly is in it?",
    "joinability_issue": "How do I join mart_orders_daily to mart_text? I see no common key.",
    "access_denied": "I get permission denied on mart_locked, who can give me access?",
    "performance_limit": "Queries on mart_huge time out, it is too big to scan.",
    "quality_issue": "mart_dirty has duplicate rows, the same region shows up twice.",
}
"""Claims that the catalog bears out."""
FALSE: dict[model.GapType, str] = {
    "missing_column": "There is no column region in mart_orders_daily.",
    "type_mismatch": "order_date in mart_orders_daily is stored as a string.",
    "freshness_breach": "mart_orders_daily is stale: it has not been updated since Sunday, the load is late.",
    "docs_missing": "mart_orders_daily has no description. What exactly is in it?",
    "access_denied": "I get permission denied on mart_orders_daily, who can give me access?",
    "performance_limit": "Queries on mart_orders_daily time out, it is too big to scan.",
}
"""Claims that the catalog has a fact against, if they are made after the newest load."""
LOADED = "2026-03-05T17:30:00Z"


def report_on(folder: Path, *events: Mapping[str, Any], **more: Any) -> Report:
    write_pack(folder, events, more.pop("datasets", MARTS), **{"loads": LATE, **more})
    assert check_pack(folder, embedded()).of_level("error") == []
    return analyse(Pack(folder), OPTIONS)


@pytest.mark.parametrize("gap_type", TRUE)
def test_a_claim_that_the_catalog_bears_out_is_an_item(tmp_path: Path, gap_type: model.GapType) -> None:
    report = report_on(tmp_path / "p", slack("s1", TRUE[gap_type]))
    [detection] = report.detections
    assert [(gap.gap_type, gap.verdict) for gap in detection.gaps] == [(gap_type, "confirmed")]
    assert [item.gap_type for item in report.items] == [gap_type]
    assert detection.gaps[0].evidence[0].quote == TRUE[gap_type]
    assert [fact for fact in detection.gaps[0].evidence if fact.file]


@pytest.mark.parametrize("gap_type", FALSE)
def test_a_claim_that_the_catalog_refutes_is_no_item(tmp_path: Path, gap_type: model.GapType) -> None:
    """It may be told of as a contradicted one, or not at all."""
    report = report_on(tmp_path / "p", slack("s1", FALSE[gap_type], when=LOADED))
    assert report.items == []
    assert report.tallies.with_gap == 0
    gaps = [gap for detection in report.detections for gap in detection.gaps]
    assert [(gap.gap_type, gap.verdict) for gap in gaps] in ([], [(gap_type, "contradicted")])
    assert report.tallies.contradicted == len(gaps)


def test_claims_that_the_catalog_refutes_are_told_of_as_such(tmp_path: Path) -> None:
    events = [slack(f"s{place}", text, when=LOADED) for place, text in enumerate(FALSE.values())]
    assert report_on(tmp_path / "p", *events).tallies.contradicted >= len(FALSE) // 2


UNKNOWN: list[tuple[str, model.FactClass]] = [
    ("I get permission denied on mart_orders_daily, who can give me access?", "access"),
    ("mart_orders_daily has no description. What exactly is in it?", "descriptions"),
    ("mart_orders_daily only has one row per month, but I need it per day.", "grain"),
    ("How do I join mart_orders_daily to mart_text? I see no common key.", "keys"),
    ("Queries on mart_orders_daily time out, it is too big to scan.", "row_counts"),
    ("mart_orders_daily has duplicate rows, the same region shows up twice.", "checks"),
]
OF_CLASS = {
    "access": "access_roles",
    "descriptions": "description",
    "grain": "grain",
    "keys": "foreign_keys",
    "row_counts": "row_count",
    "checks": "checks",
}


@pytest.mark.parametrize(("text", "fact_class"), UNKNOWN, ids=[fact_class for _, fact_class in UNKNOWN])
def test_what_the_catalog_lacks_is_unknown_and_not_empty(
    tmp_path: Path, text: str, fact_class: model.FactClass
) -> None:
    bare = [{key: value for key, value in one.items() if key != OF_CLASS[fact_class]} for one in MARTS]
    coverage = {name: entry for name, entry in FULL.items() if name != fact_class}
    report = report_on(tmp_path / "p", slack("s1", text), datasets=bare, coverage=coverage)
    [gap] = report.detections[0].gaps
    assert (gap.verdict, gap.settled_by) == ("unverifiable", fact_class)
    assert [(export.fact_class, export.claims) for export in report.exports] == [(fact_class, 1)]


def test_a_freshness_claim_is_checked_as_of_its_message_and_names_the_late_root(tmp_path: Path) -> None:
    early = slack("s1", TRUE["freshness_breach"], when="2026-02-28T09:00:00Z")
    later = slack("s2", TRUE["freshness_breach"], when="2026-03-04T09:00:00Z")
    source = dataset("src_late", layer="source")
    loads = {"src_late": ("2026-03-01T00:00:00Z", 24), "mart_late": ("2026-03-01T01:00:00Z", 24)}
    report = report_on(
        tmp_path / "p",
        early,
        later,
        datasets=[source, dataset("mart_late")],
        loads=loads,
        lineage=[("src_late", "mart_late")],
    )
    verdicts = {detection.event_id: detection.gaps[0] for detection in report.detections}
    assert verdicts["s1"].verdict == "unverifiable"  # loaded since: what the newest load was then is not known
    assert verdicts["s2"].verdict == "confirmed"
    assert verdicts["s2"].datasets == ("src_late", "mart_late")


def test_a_follow_up_shares_the_need_of_its_thread_and_an_answer_does_not(tmp_path: Path) -> None:
    opener = slack("s1", "There is no column brand_name in mart_orders_daily.")
    events = [
        opener,
        slack("s2", "Looking into it.", thread_id="s1", actor="u_owner"),
        slack("s3", "Same here, this blocks us too.", thread_id="s1", actor="u_bob"),
    ]
    report = report_on(tmp_path / "p", *events)
    assert [detection.event_id for detection in report.detections] == ["s1", "s3"]
    assert (report.items[0].people, report.items[0].events) == (2, 2)


def test_a_failed_query_is_explained_by_the_catalog_or_by_its_words(tmp_path: Path) -> None:
    report = report_on(
        tmp_path / "p",
        query("q1", "split net revenue in mart_orders_daily by brand_name"),
        query("q2", "thank you bot"),
        query("q3", "split net revenue in mart_orders_daily by brand_name", "answered"),
    )
    assert [(one.event_id, one.gaps[0].columns) for one in report.detections if one.gaps] == [("q1", ("brand_name",))]
    assert report.tallies.unexplained == 0


def test_a_failed_query_that_is_about_data_and_no_gap_is_counted_as_unexplained() -> None:
    def failed(outcome: model.Outcome, reason: model.NoneReason) -> Detected:
        finding = Finding(event_id="q1", channel="nlq", actor="u_ann", when=LOADED, links=Links(), outcome=outcome)
        return Detected(finding=finding, claim=Claim(gap_type="missing_asset"), none_reason=reason)

    assert _tallies([failed("blocked", "working_as_intended")] * 2).unexplained == 2
    assert _tallies([failed("blocked", "chatter"), failed("degraded", "bot_error")]).unexplained == 0
    assert _tallies([failed("answered", "working_as_intended")]).unexplained == 0


def test_look_alikes_are_no_gaps(tmp_path: Path) -> None:
    texts = ["git push says permission denied (publickey)", "Can we join the call later?", "My laptop is too slow"]
    report = report_on(tmp_path / "p", *(slack(f"s{place}", text) for place, text in enumerate(texts)))
    assert report.items == []
    assert sum(report.tallies.none_reasons.values()) == 3


# Options


def test_options_narrow_what_is_read_and_listed(pack: Path) -> None:
    everything = analyse(Pack(pack), OPTIONS)
    slack_only = analyse(Pack(pack), replace(OPTIONS, source="slack"))
    assert set(slack_only.tallies.by_channel) == {"slack"}
    focused = analyse(Pack(pack), replace(OPTIONS, focus_gaps=["docs_missing"]))
    assert {item.gap_type for item in focused.items} == {"docs_missing"}
    frequent = analyse(Pack(pack), replace(OPTIONS, min_frequency=20))
    kept = [item.group_id for item in everything.items if item.events >= 20]
    assert [item.group_id for item in frequent.items] == kept
    sampled = analyse(Pack(pack), replace(OPTIONS, sample=50))
    assert dict(sampled.tallies.by_channel) == {"nlq": 50, "slack": 50, "email": 50}


def test_given_owners_win_over_the_catalogs(tmp_path: Path) -> None:
    write_pack(tmp_path / "p", [slack("s1", "mart_bare has no description.")], MARTS)
    catalogued = analyse(Pack(tmp_path / "p"), OPTIONS)
    given = analyse(Pack(tmp_path / "p"), replace(OPTIONS, owners={"mart_bare": "team-x"}))
    assert (catalogued.items[0].owner, given.items[0].owner) == ("u_owner", "team-x")


def test_latency_over_the_limit_confirms_slowness(tmp_path: Path) -> None:
    asked = [query(f"q{n}", "net revenue by region in mart_text", "answered", latency_ms=50_000) for n in range(30)]
    report = report_on(tmp_path / "p", *asked, slack("s1", "Queries on mart_text time out, it is too big to scan."))
    assert [gap.verdict for one in report.detections for gap in one.gaps] == ["confirmed"]


# Personal data

SECRETS = ["jane.doe@corp.example", "+49 30 1234567", "DE89370400440532013000", "123456789012", "u_bob", "U024BE7LH"]
ID = "3f2504e0-4f89-11d3-9a0c-0305e82c3301"


def test_nothing_personal_is_written_anywhere(tmp_path: Path) -> None:
    text = (
        f"There is no column brand_name in mart_orders_daily, call +49 30 1234567 or mail jane.doe@corp.example, "
        f"account DE89370400440532013000, ticket {ID}, customer 123456789012, cc @u_bob and <@U024BE7LH>, u_bob."
    )
    events = [slack("s1", text, actor="u_bob"), email("e1", text, f"Hi u_bob,\n{text}"), query("q1", text)]
    write_pack(tmp_path / "p", events, MARTS)
    outputs = written(tmp_path / "p", tmp_path / "r")
    for file, content in outputs.items():
        for secret in [*SECRETS, ID]:
            assert secret.encode() not in content, (file, secret)
    assert b"u_owner" in outputs["report.html"]
    assert b"mart_orders_daily" in outputs["backlog.csv"]


# The prior tool's packs


def test_a_pack_of_the_prior_tools_shape_gives_warnings_and_a_report(tmp_path: Path) -> None:
    plain = {"domain": "orders", "layer": "mart", "owner": "u_alex"}
    names = [{"name": "units", "type": "integer"}, {"name": "units", "type": "number"}, {"name": "dt", "type": "date"}]
    events = [
        slack(
            "s2",
            "I'll check the docs",
            thread_id="s1",
            when="2026-03-03T00:00:00Z",
            labels=[],
            referenced_query_id=None,
        ),
        slack("s1", "Docs missing on orders table", thread_id=None, labels=[], referenced_query_id="q1"),
        query(
            "q1",
            "split units in mart_orders_1 by us_state",
            tables=["mart_orders_1"],
            dims=["us_state"],
            parsed_sql=None,
        ),
    ]
    folder = write_pack(
        tmp_path / "p",
        events,
        [{**plain, "name": "mart_orders_1", "columns": names}],
        lineage=[("src_orders", "mart_orders_1")],
        coverage=None,
        people=None,
    )
    checked = check_pack(folder, embedded())
    assert checked.of_level("error") == []
    codes = {problem.code for problem in checked.of_level("warning")}
    assert codes >= {"DG107", "DG111", "DG113"}
    report = analyse(Pack(folder), OPTIONS)
    assert [item.summary.title for item in report.items if item.gap_type == "missing_column"] == [
        "mart_orders_1 lacks us_state"
    ]


def test_an_existing_folder_is_replaced_only_if_it_is_a_report_and_forced(pack: Path, tmp_path: Path) -> None:
    out = tmp_path / "r"
    write_report(Pack(pack), OPTIONS, out)
    with pytest.raises(MisuseError, match="is not empty"):
        write_report(Pack(pack), OPTIONS, out)
    write_report(Pack(pack), OPTIONS, out, force=True)
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "letter.txt").write_text("keep")
    with pytest.raises(MisuseError, match="was not written by this command"):
        write_report(Pack(pack), OPTIONS, tmp_path / "mine", force=True)
    assert (tmp_path / "mine" / "letter.txt").read_text() == "keep"


def test_a_long_quote_is_redacted_before_it_is_cut(tmp_path: Path) -> None:
    for place in range(205, 245):
        start = "There is no column brand_name in mart_orders_daily " + "x" * (place - 52) + " "
        folder = write_pack(tmp_path / str(place), [slack("s1", start + "jane.doe@corp.example and more")], MARTS)
        [quote] = [one.quote for one in analyse(Pack(folder), OPTIONS).items[0].evidence if one.quote]
        assert "jane" not in quote
        assert "corp" not in quote


def test_an_event_id_that_stands_twice_is_refused(tmp_path: Path) -> None:
    write_pack(tmp_path / "p", [slack("s1", "mart_bare has no description.")] * 2, MARTS)
    with pytest.raises(DatagapError, match=r'slack\.jsonl: the id "s1" stands 2 times'):
        analyse(Pack(tmp_path / "p"), OPTIONS)


def test_force_keeps_what_else_is_in_the_folder_of_a_report(pack: Path, tmp_path: Path) -> None:
    out = tmp_path / "r"
    write_report(Pack(pack), OPTIONS, out)
    shutil.copytree(pack, out / "pack")
    with pytest.raises(MisuseError, match="was not written by this command"):
        write_report(Pack(out / "pack"), OPTIONS, out, force=True)
    assert files_of(out / "pack") == files_of(pack)


@pytest.mark.parametrize("file", ["backlog.jsonl", "report.html", "artifacts/detections.jsonl"])
def test_an_emptied_file_makes_a_report_invalid(pack: Path, tmp_path: Path, file: str) -> None:
    write_report(Pack(pack), OPTIONS, tmp_path / "r")
    (tmp_path / "r" / file).write_bytes(b"")
    assert check_report(tmp_path / "r") != []


def test_answered_queries_that_belie_the_catalog_are_shown(tmp_path: Path) -> None:
    wide = [*MARTS, dataset("mart_brands", column("brand_name"), column("net_revenue", "decimal"))]
    failed = query("q1", "split net revenue in mart_orders_daily by brand name")
    served = query("q2", "net revenue by brand name in mart_orders_daily", "answered")
    plain = report_on(tmp_path / "plain", failed, datasets=wide).items[0]
    disputed = report_on(tmp_path / "disputed", failed, served, datasets=wide).items[0]
    assert disputed.verdict == plain.verdict == "confirmed"
    assert disputed.confidence <= plain.confidence
    assert "Yet the query bot has answered with it" in disputed.summary.problem
    assert "q2" in {one.event_id for one in disputed.evidence}


def test_a_subject_keeps_its_spelling_and_is_grouped_without_accents(tmp_path: Path) -> None:
    texts = [
        "Je ne trouve aucune table sur les paniers abandonn\u00e9s.",
        "Je ne trouve aucune table sur les paniers abandonnes.",
    ]
    report = report_on(tmp_path / "p", *(slack(f"s{place}", text) for place, text in enumerate(texts)))
    [item] = report.items
    assert item.summary.title.startswith("No dataset for ")
    assert item.summary.title.endswith("abandonn\u00e9s")
    assert item.people == 1
    assert item.events == 2


@pytest.mark.xfail(strict=True, reason="common words are cut off a subject, and 'anywhere' is taken for a part of it")
def test_a_subject_is_named_whole_and_the_same_however_it_is_asked_for(tmp_path: Path) -> None:
    subjects = ["parking fees", "supplier lead times", "gift cards", "loyalty points", "carbon emissions"]
    asked = [
        "I cannot find any dataset on {}. Do we have a table for them?",
        "Is there any table about {} anywhere? I cannot find one.",
    ]
    events = [
        slack(f"s{place}", text.format(subject))
        for place, (subject, text) in enumerate(itertools.product(subjects, asked))
    ]
    report = report_on(tmp_path / "p", *events)
    assert sorted(item.subject or "" for item in report.items) == sorted(subjects)


@pytest.mark.xfail(strict=True, reason="a gap is told of though no gap is likelier than any of a type")
def test_a_failed_query_of_no_words_about_data_is_no_item(tmp_path: Path) -> None:
    report = report_on(tmp_path / "p", *(query(f"q{place}", text) for place, text in enumerate(["hello", "ok", "bye"])))
    assert report.items == []
