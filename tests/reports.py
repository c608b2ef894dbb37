"""Reports to render: a believable one, and one with the same text in every field."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import hypothesis
from hypothesis import strategies as st

from datagap import model
from datagap.report.rank import score
from datagap.report.result import Export, FreshnessEntry, Report, Tallies

SNAPSHOT = "2025-09-26T22:36:40Z"
HOSTILE = [
    "<script>alert(1)</script>",
    "]]>--><!-- <![CDATA[ <?php ?>",
    '"\' onmouseover="alert(1)" x=\'',
    "</style></title></textarea><svg onload=alert(1)>",
    "=cmd|' /C calc'!A0",
    "x; =1+1;\t@SUM(A1);\n-2+3",
    "\uff1d1+1",
    "`code` ```fence``` | pipe | \\| [a](javascript:alert(1)) ![i](http://x.example/i.png)",
    "# heading\n- item\n1. one\n> quote\n---\n===\n| a | b |\n|---|---|",
    "http://evil.example www.evil.example <http://evil.example> mailto:a@b.example &lt;b&gt; &#60;",
    "\u202egnp.exe\u2066\u200f\u061c\ufeff\u200b\U000e0041",
    "nul \x00 bell \x07 escape \x1b[31mred\x1b[0m delete \x7f next\x85line\u2028",
    '"]; evil [label="x"]; } digraph { \\" \\\\',
    "\\N \\G \\l &amp; trailing\\",
    "w" * 3000,
    "unknown",
]


def any_text(test: Callable[..., None]) -> Callable[..., None]:
    """Run a test on every hostile text and on drawn ones, none of them blank."""
    for text in HOSTILE:
        test = hypothesis.example(text=text)(test)
    return hypothesis.given(text=st.text(min_size=1).filter(lambda text: bool(text.strip())))(test)


_SPEND = model.Spend(
    calls=0,
    cache_hits=0,
    failures=0,
    input_tokens=0,
    cached_input_tokens=0,
    output_tokens=0,
    reasoning_tokens=0,
    usd=0.0,
)


class Sketch(NamedTuple):
    gap_type: model.GapType
    dataset: str
    people: int
    title: str
    quote: str
    verdict: model.Verdict = "confirmed"
    owner: str | None = "data-platform"
    severity: model.Severity | None = "medium"
    effort: model.Effort | None = "small"


SKETCHES = (
    Sketch("freshness_breach", "raw_payments", 48, "raw_payments is 39 hours late, with 6 datasets behind it",
           "why is mart_revenue still showing Tuesday? month end is tomorrow"),
    Sketch("access_denied", "mart_marketing_spend", 31, "Regional analysts have no grant on mart_marketing_spend",
           "permission denied on mart_marketing_spend, who do I ask?", "unverifiable", "growth-data", "high", "small"),
    Sketch("quality_issue", "mart_orders", 22, "mart_orders counts cancelled orders twice since the 12th",
           "the orders do not match finance, we are ~4% over", "confirmed", "orders-team", "high", "medium"),
    Sketch("quality_issue", "mart_stores", 4, "mart_stores lacks the stores opened in August",
           "the new Porto store is nowhere in the data", "unverifiable", None, None, None),
    Sketch("freshness_breach", "stg_inventory", 3, "stg_inventory is 2 hours late", "stock looks stale?"),
    Sketch("missing_asset", "", 57, "No dataset on refunds by reason",
           "is there a table for refunds by reason? support keeps asking", "confirmed", None, "high", "large"),
    Sketch("missing_column", "mart_orders", 41, "mart_orders has no region", "can we break orders down by region",
           "confirmed", "orders-team", "medium", "small"),
    Sketch("grain_mismatch", "agg_sessions_monthly", 26, "Sessions are kept by month, people ask by day",
           "daily sessions for the last two weeks please", "confirmed", "web-analytics", "medium", "medium"),
    Sketch("joinability_issue", "mart_campaigns", 19, "No declared key joins mart_campaigns to mart_orders",
           "how do I connect spend to orders, there is no common id", "confirmed", "growth-data", "high", "large"),
    Sketch("docs_missing", "mart_revenue", 17, "Two definitions of net revenue compete",
           "which net_revenue is the right one, finance says theirs", "confirmed", "finance-data", "low", "small"),
    Sketch("performance_limit", "fct_events", 12, "fct_events is read whole for every question about one day",
           "query timed out again after 10 min", "unverifiable", "web-analytics", "medium", None),
    Sketch("type_mismatch", "stg_returns", 9, "returned_at in stg_returns is text", "cannot filter returns by month",
           "confirmed", "orders-team", "low", "small"),
    Sketch("missing_column", "mart_customers", 8, "mart_customers has no churn date", "when did they churn?",
           "contradicted", "crm", "low", "small"),
    Sketch("docs_missing", "mart_nps", 5, "Nobody finds mart_nps when asking for satisfaction scores",
           "do we have any CSAT/NPS data at all?", "unverifiable", None, None, "small"),
    Sketch("missing_asset", "", 2, "No dataset on supplier lead times", "supplier lead times anywhere?"),
)  # fmt: skip
_INCIDENTS = ("freshness_breach", "access_denied", "quality_issue")


def summary(text: str, **changes: Any) -> model.BacklogSummary:
    fields: dict[str, Any] = {
        "title": text,
        "problem": f"{text}.",
        "action": "Add what is missing to the model and declare it in the catalog.",
        "done_when": "catalog/datasets.json lists it.",
        "source": "rules",
    }
    return model.BacklogSummary(**(fields | changes))


def quoted(text: str, event_id: str = "slack_000123") -> model.Evidence:
    return model.Evidence(event_id=event_id, quote=text)


def fact(value: model.FactValue, file: str = "catalog/datasets.json", pointer: str = "/3/columns") -> model.Evidence:
    return model.Evidence(file=file, pointer=pointer, value=value, as_of=SNAPSHOT)


def item(rank: int, sketch: Sketch = SKETCHES[6], **changes: Any) -> model.BacklogItem:
    people = sketch.people
    lane: model.Lane = "incidents" if sketch.gap_type in _INCIDENTS else "backlog"
    fields: dict[str, Any] = {
        "rank": rank,
        "group_id": f"g_{rank:012x}",
        "lane": lane,
        "gap_type": sketch.gap_type,
        "summary": summary(sketch.title),
        "datasets": [sketch.dataset] if sketch.dataset else [],
        "columns": [],
        "subject": None if sketch.dataset else "refunds",
        "owner": sketch.owner,
        "verdict": sketch.verdict,
        "verdicts": model.VerdictCounts(confirmed=people, contradicted=1, unverifiable=2),
        "settled_by": "access" if sketch.verdict == "unverifiable" else None,
        "confidence": 0.83,
        "people": people,
        "person_days": people + people // 3,
        "events": 2 * people,
        "by_channel": model.ChannelCounts(nlq=people, slack=people - people // 4, email=people // 4),
        "audiences": {"analyst": people - people // 3, "executive": people // 3},
        "downstream": 6,
        "first_seen": "2025-09-01T08:12:05Z",
        "last_seen": "2025-09-26T17:40:59Z",
        "tier": 1 if people > 20 else None,
        "severity": sketch.severity,
        "effort": sketch.effort,
        "score": score(people + people // 3, sketch.severity, sketch.effort),
        "status": "open",
        "unblocks": model.Unblocked(questions=2 * people - 3, people=people, teams=2, downstream=6),
        "cumulative": model.Unblocked(questions=2 * people + 10 * rank, people=people + rank, teams=3, downstream=9),
        "evidence": [quoted(sketch.quote), quoted("+1, same here", "slack_000124"), fact(["order_id", "ordered_at"])],
    }
    return model.BacklogItem(**(fields | changes))


def detection(entry: model.BacklogItem, event_id: str) -> model.Detection:
    gap = model.DetectedGap(
        gap_type=entry.gap_type,
        group_id=entry.group_id,
        datasets=entry.datasets,
        columns=entry.columns,
        confidence=0.9,
        verdict=entry.verdict,
        evidence=entry.evidence,
    )
    return model.Detection(event_id=event_id, request=True, gaps=[gap])


def intent(event_id: str, text: str = "orders") -> model.Intent:
    mention = model.Mention(text=text, kind="dataset", ref="mart_orders")
    return model.Intent(
        event_id=event_id, request=True, intent="lookup", mentions=[mention], confidence=0.9, source="rules"
    )


def cluster(entry: model.BacklogItem, event_ids: Sequence[str]) -> model.Cluster:
    return model.Cluster(
        group_id=entry.group_id,
        key=[entry.gap_type, *entry.datasets],
        gap_type=entry.gap_type,
        datasets=entry.datasets,
        columns=entry.columns,
        event_ids=event_ids,
    )


def decided(group_id: str = "g_dismissed", **changes: Any) -> model.DecidedGroup:
    fields: dict[str, Any] = {
        "group_id": group_id,
        "status": "dismissed",
        "title": "mart_nps lacks the wording of the question",
        "by": "ann.lee",
        "at": "2025-09-20T08:45:00Z",
        "reason": "the vendor keeps it",
        "people": 3,
        "events": 4,
    }
    return model.DecidedGroup(**(fields | changes))


def load(dataset: str, *, late: bool = True, root: str | None = "raw_payments", complaints: int = 7) -> FreshnessEntry:
    return FreshnessEntry(
        dataset=dataset,
        owner="data-platform",
        max_loaded_at="2025-09-24T07:30:00Z",
        sla_hours=24,
        age_hours=63.11 if late else 3.0,
        late=late,
        root=root if late else None,
        complaints=complaints,
    )


def report(items: Sequence[model.BacklogItem], **changes: Any) -> Report:
    pack = model.PackReference(pack_id="retail_week_39", generated_at=SNAPSHOT)
    fields: dict[str, Any] = {
        "run": replace(model.load(model.RunConfig, {}), pack=pack, generator_version="0.1.0", events=4210),
        "cost": model.Cost(llm="off", total=_SPEND, stages={}),
        "tallies": Tallies(
            events=4210,
            by_channel={"nlq": 3000, "slack": 900, "email": 310},
            requests=1684,
            with_gap=611,
            contradicted=43,
            unexplained=28,
            none_reasons={"answered": 2400, "chatter": 702, "how_to": 204, "bot_error": 61, "wrong_tool": 12},
        ),
        "items": items,
        "detections": [detection(entry, f"nlq_{entry.rank:06}") for entry in items],
        "intents": [intent(f"nlq_{entry.rank:06}") for entry in items],
        "clusters": [cluster(entry, [f"nlq_{entry.rank:06}"]) for entry in items],
        "freshness": [
            load("raw_payments"),
            load("mart_revenue", complaints=40),
            load("stg_inventory", root="stg_inventory"),
            load("mart_orders", late=False),
        ],
        "lineage": [
            model.LineageEdge(from_="stg_orders", to="mart_orders"),
            model.LineageEdge(from_="raw_payments", to="mart_revenue"),
            model.LineageEdge(from_="mart_orders", to="dash_orders"),
            model.LineageEdge(from_="raw_weather", to="stg_weather"),
        ],
        "exports": [Export(fact_class="access", claims=31), Export(fact_class="checks", claims=4)],
    }
    return Report(**(fields | changes))


def example() -> Report:
    """Return a report on a shop's week."""
    return report([item(place, sketch) for place, sketch in enumerate(SKETCHES, 1)])


def empty() -> Report:
    """Return a report without items."""
    tallies = Tallies(events=0, by_channel={}, requests=0, with_gap=0, contradicted=0, unexplained=0, none_reasons={})
    return report([], tallies=tallies, freshness=[], lineage=[], exports=[])


def name_from(text: str) -> str:
    """Return what of `text` may be a name in a pack: one line of at most 512 characters."""
    return re.sub("[\x00-\x1f\x7f]", "", text)[:512] or "x"


def filled(text: str) -> Report:
    """Return a report with `text` wherever it may stand."""
    name = name_from(text)
    told = summary(text, problem=text, action=text, done_when=text, source="model", model=text)
    evidence = [quoted(text, name), fact(text, name, text), fact([text]), fact(None), quoted(text, name)]
    entries = [
        item(
            place,
            SKETCHES[place],
            group_id=name if place == 1 else f"g_{place}",
            summary=told,
            subject=name,
            datasets=[name, "mart_orders"],
            columns=[name],
            owner=text,
            audiences={text: 3, "analyst": 2},
            status="assigned",
            assignee=name,
            ticket=text,
            aliases=[name],
            evidence=evidence,
        )
        for place in (1, 6)
    ]
    pack = model.PackReference(pack_id=name, generated_at=SNAPSHOT)
    run = replace(model.load(model.RunConfig, {}), pack=pack, generator_version="0.1.0")
    late = replace(load(name), owner=text, root=f"{name}'s source")
    edges = [model.LineageEdge(from_=f"{name}'s source", to=name), model.LineageEdge(from_=name, to=f"{name}'s mart")]
    cost = model.Cost(llm="on", total=_SPEND, stages={}, model=text)
    aside = [decided("g_aside", title=text, by=name, reason=text, ticket=text, assignee=name, aliases=[name])]
    intents = [intent(name, text)]
    return report(entries, run=run, cost=cost, freshness=[late], lineage=edges, intents=intents, decided=aside)
