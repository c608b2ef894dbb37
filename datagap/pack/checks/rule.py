"""The rules that a pack is checked by. Codes and names stay what they are; a rule that goes leaves its code unused."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from datagap.errors import MisuseError
from datagap.pack.source import SYNTAX_CODE
from datagap.problem import Level, did_you_mean
from datagap.validate import SCHEMA_CODE


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """What a pack has to keep to."""

    code: str
    name: str
    summary: str
    """What is so in a pack that keeps to it, in one line."""
    why: str
    """What goes wrong where it is broken."""
    shows: str
    """A failing example: what stands in the pack, or what was done to it."""
    says: str
    """What is reported of the example."""
    level: Level = "error"
    """Warnings are for what does no harm; packs of the known prior tool break some of these."""


SCHEMA: Final = Rule(
    code=SCHEMA_CODE,
    name="schema",
    summary="every record is what its schema describes",
    why="Code that reads packs is generated from the schemas: it finds each field that is required, of the type it "
    "expects. A misspelt optional property would otherwise be lost without a word.",
    shows='"outcome": "failed"',
    says='nl_queries.jsonl:2 /outcome: expected one of answered, blocked, degraded, slow, uncertain, got "failed"',
)
SYNTAX: Final = Rule(
    code=SYNTAX_CODE,
    name="syntax",
    summary="files are strict JSON, JSON lines or CSV, in UTF-8 without a byte order mark",
    why="Parsers differ in what they let pass: NaN, the second of two equal keys, a byte order mark. What every parser "
    "reads the same way is what every reader of the pack gets to see.",
    shows='"actor": "u_ann", "channel": "slack", "actor": "u_bob"',
    says='slack.jsonl:2: has the key "actor" twice in one object; keep one',
)
MISSING: Final = Rule(
    code="DG101",
    name="missing-file",
    summary="every file that a pack must have, and every file that hashes.json lists, is there and can be read",
    why="A reader takes an absent file for an empty one or fails half-way. Links, pipes and devices are no files of "
    "the pack: what they lead to is not read.",
    shows="slack.jsonl was deleted",
    says="slack.jsonl: is missing; make the pack anew or restore the file",
)
HASH: Final = Rule(
    code="DG102",
    name="hash",
    summary="hashes.json lists every file of the pack with the digest that it has, and no file outside",
    why="A figure that was measured on a pack is worth something only as long as the pack is the same, to the byte.",
    shows="one byte of email.jsonl was edited",
    says="email.jsonl: has SHA-256 <digest>, and hashes.json:1 says <digest>; restore the file or make the pack anew",
)
EXTRA: Final = Rule(
    code="DG103",
    name="extra-file",
    level="warning",
    summary="nothing lies in the pack that is no part of a pack and not listed in hashes.json",
    why="A file that no digest covers may come from elsewhere, and can change without anybody noticing.",
    shows="a file catalog/notes.txt was added",
    says="catalog/notes.txt: is no part of a pack, and hashes.json does not list it; remove it",
)
COUNT: Final = Rule(
    code="DG104",
    name="count",
    summary="the counts of the manifest are what the files hold",
    why="A file cut off between two records is still valid line by line; its count tells.",
    shows='"nl_queries": 3',
    says="manifest.json:14 /counts/nl_queries: says 3, and nl_queries.jsonl has 2",
)
DUPLICATE: Final = Rule(
    code="DG105",
    name="duplicate-id",
    summary="ids of events are unique in the pack; datasets, freshness rows, people and gaps stand once in their file",
    why="Labels, threads and detections find an event by its id. With two events of one id, a label is about either.",
    shows='"id": "q_1"',
    says='nl_queries.jsonl:2 /id: "q_1" is taken by nl_queries.jsonl:1',
)
REFERENCE: Final = Rule(
    code="DG106",
    name="reference",
    summary="threads, referenced queries, actors and keys refer to what is in the pack",
    why="A reply whose opener is not there has lost the need that it is about; a key to a dataset that is not there "
    "joins nothing. Only what coverage.json calls complete is held against a reference.",
    shows='"thread_id": "s_9"',
    says='slack.jsonl:2 /thread_id: "s_9" is no message of this file',
)
THREAD_ORDER: Final = Rule(
    code="DG107",
    name="thread-order",
    level="warning",
    summary="threads start with their opener and run forward in time",
    why="Whoever reads a thread from the top reads an answer before its question. Ids still tell who answers whom.",
    shows='"when": "2026-03-04T10:59:59Z"',
    says="slack.jsonl:1 /when: stands before the message that opens its thread (slack.jsonl:2)",
)
WINDOW: Final = Rule(
    code="DG108",
    name="time-window",
    summary="events lie inside the time window: the configured days before the snapshot",
    why="The catalog is a snapshot as of generated_at. A later event may be about what the snapshot does not know.",
    shows='"when": "2026-03-05T18:00:01Z"',
    says="email.jsonl:1 /when: 2026-03-05T18:00:01Z is outside the pack's 2026-02-26T18:00:00Z to 2026-03-05T18:00:00Z",
)
TABLE: Final = Rule(
    code="DG109",
    name="unknown-table",
    summary="answered queries use tables that exist",
    why="What was answered was served by the catalog. A table that is not there means that the outcome or the table "
    "is made up, and a detector learns that missing datasets are no gap.",
    shows='"tables": ["mart_orders", "mart_order"]',
    says='nl_queries.jsonl:1 /tables/1: an answered query uses "mart_order", which is no dataset of the catalog; '
    "did you mean mart_orders",
)
FRESHNESS: Final = Rule(
    code="DG110",
    name="freshness-row",
    summary="freshness rows match the datasets one to one",
    why="Whether a dataset is late is read from its row. A dataset without one can be neither late nor on time, though "
    "coverage.json says that freshness is known of all. Retired datasets need none.",
    shows="freshness.csv has a row for stg_orders, and datasets.json has no such dataset",
    says='catalog/freshness.csv:3: "stg_orders" is no dataset of the catalog; did you mean mart_orders',
)
LINEAGE_END: Final = Rule(
    code="DG111",
    name="lineage-end",
    level="warning",
    summary="both ends of a lineage edge are datasets",
    why="An edge to a dashboard or from a file outside the catalog is no error, but nothing is known of that end.",
    shows='{"from": "src", "to": "raw_orders"}',
    says='catalog/lineage.json:6 /1/from: "src" is no dataset of the catalog',
)
CYCLE: Final = Rule(
    code="DG112",
    name="lineage-cycle",
    summary="no dataset is upstream of itself",
    why="Late datasets are grouped by the one that is late first. In a circle there is none.",
    shows='{"from": "mart_orders", "to": "raw_orders"}',
    says='catalog/lineage.json:2 /0: "mart_orders" is upstream of itself, through raw_orders',
)
COLUMN_TWICE: Final = Rule(
    code="DG113",
    name="duplicate-column",
    level="warning",
    summary="a dataset lists each of its columns once",
    why="Of two columns with one name a reader gets the first or the last; types and descriptions may differ.",
    shows="raw_orders has its column order_date at the start of its list and twice at the end",
    says='catalog/datasets.json:2 /0/columns: raw_orders lists the column "order_date" 3 times',
)
LABEL: Final = Rule(
    code="DG114",
    name="label",
    summary="the answer key has exactly one label for each event",
    why="Scores divide by the events of the key. An event without a label counts as neither right nor wrong.",
    shows="the line of q_1 was removed from truth/labels.jsonl",
    says='nl_queries.jsonl:1 /id: "q_1" has no label in truth/labels.jsonl',
)
FILE_ORDER: Final = Rule(
    code="DG115",
    name="file-order",
    level="warning",
    summary="events stand in the order of when, then id",
    why="Whoever streams a file sees the traffic as it happened, and two packs of the same events are the same bytes.",
    shows="the two lines of nl_queries.jsonl were swapped",
    says="nl_queries.jsonl:2: comes after a later event; sort by when, then id",
)
COLUMN: Final = Rule(
    code="DG116",
    name="unknown-column",
    level="warning",
    summary="the SQL of answered queries uses columns that exist",
    why="As for tables, but the known prior tool draws columns at random, so that packs of its making stay readable.",
    shows='"parsed_sql": "select sum(net_revenu) from mart_orders"',
    says='nl_queries.jsonl:1 /parsed_sql: an answered query uses "net_revenu", which is no column of mart_orders; '
    "did you mean net_revenue",
)
SQL: Final = Rule(
    code="DG117",
    name="unread-sql",
    level="warning",
    summary="the SQL of answered queries can be parsed",
    why="What cannot be parsed cannot be held against the catalog. It may be a dialect that is not known here.",
    shows='"parsed_sql": "select sum( from mart_orders"',
    says="nl_queries.jsonl:1 /parsed_sql: cannot be parsed as SQL (line 1, column 28)",
)
GAP_REFERENCE: Final = Rule(
    code="DG118",
    name="gap-reference",
    summary="gaps are about datasets that exist, and labels name gaps that exist",
    why="A detection is compared with the gap of its event by type and datasets. There has to be one.",
    shows='"gap_ids": ["g_1", "g_7"]',
    says='truth/labels.jsonl:2 /gap_ids/1: "g_7" is no gap of this pack',
)
GAP_FACT: Final = Rule(
    code="DG119",
    name="gap-fact",
    summary="what stands at a gap's fact in the catalog is what the gap says",
    why="A gap is a fact about the catalog. If the catalog says something else, a detector that looks is marked wrong.",
    shows='"fact": {"file": "catalog/datasets.json", "pointer": "/1/colums", "value": []}',
    says="truth/gaps.jsonl:1 /fact/pointer: catalog/datasets.json has no /1/colums",
)
GAP_TIME: Final = Rule(
    code="DG120",
    name="gap-time",
    summary="gaps begin before they end and not after the snapshot, and hold when somebody runs into them",
    why="A gap is true from began_at until resolved_at. An event outside that time cannot have met it.",
    shows="a message of 2026-02-26 is labelled with g_2, which began on 2026-03-01",
    says='truth/labels.jsonl:5 /gap_ids/0: "g_2" did not hold at 2026-02-26T17:59:59Z, when "e_1" was written',
)
LABEL_SENSE: Final = Rule(
    code="DG121",
    name="label-sense",
    summary="type and reason of a gap, and request, reason for none and gaps of a label, fit together",
    why="An event carries gaps, and then it asks for something, or the reason why it carries none. All who ask in a "
    "thread are after one need, and a gap is about some dataset unless none was ever loaded.",
    shows='"request": false, "gap_ids": ["g_1"]',
    says='truth/labels.jsonl:2 /gap_ids: "q_2" asks for nothing and has a gap behind it',
)
DEMAND: Final = Rule(
    code="DG122",
    name="demand",
    summary="the demand of a gap is the requests that its labels count, and the people who wrote them",
    why="Rankings are scored against demand.people.",
    shows='"demand": {"people": 1, "events": 5}',
    says="truth/gaps.jsonl:1 /demand/events: says 5 for g_1, and the labels give 2",
)
GAP_TRUTH: Final = Rule(
    code="DG123",
    name="gap-truth",
    summary="an open gap is true of the catalog: the column is absent, the dataset late, the asker without a role",
    why="The answer key is right because it agrees with the catalog. Where the catalog has the column that is said to "
    "be missing, a detector that finds it is right and the key is wrong.",
    shows='"datasets": ["mart_orders"], "columns": ["region"]',
    says='truth/gaps.jsonl:1 /columns: is still open, and mart_orders has the column "region"',
)

RULES: Final[Mapping[str, Rule]] = {
    rule.code: rule
    for rule in (
        SCHEMA,
        SYNTAX,
        MISSING,
        HASH,
        EXTRA,
        COUNT,
        DUPLICATE,
        REFERENCE,
        THREAD_ORDER,
        WINDOW,
        TABLE,
        FRESHNESS,
        LINEAGE_END,
        CYCLE,
        COLUMN_TWICE,
        LABEL,
        FILE_ORDER,
        COLUMN,
        SQL,
        GAP_REFERENCE,
        GAP_FACT,
        GAP_TIME,
        LABEL_SENSE,
        DEMAND,
        GAP_TRUTH,
    )
}
"""All rules, by code."""


def find_rule(given: str) -> Rule:
    """Return the rule with this code or name; raise MisuseError if there is none."""
    for rule in RULES.values():
        if given.upper() == rule.code or given.lower() == rule.name:
            return rule
    raise _unknown(given)


def chosen(select: Iterable[str] = (), ignore: Iterable[str] = ()) -> frozenset[str]:
    """Return the codes of the rules that count: those selected, or all, less those ignored.

    Rules are given by code, by name, or several by what their codes begin with. With any rule those are selected that
    it rests upon: that files are there and records can be read. Raises MisuseError for an unknown rule, and if none
    is left.
    """
    selected = {code for given in select for code in _codes(given)}
    codes = (selected | {SCHEMA.code, SYNTAX.code, MISSING.code} if selected else {*RULES}).difference(
        *map(_codes, ignore)
    )
    if not codes or (selected and not selected & codes):
        raise MisuseError("no rule is left to check by", hint="select more or ignore less")
    return frozenset(codes)


def _codes(given: str) -> frozenset[str]:
    begun = frozenset(code for code in RULES if len(given) > 1 and code.startswith(given.upper()))
    return begun or frozenset({find_rule(given).code})


def _unknown(given: str) -> MisuseError:
    known = [*RULES, *(rule.name for rule in RULES.values())]
    hint = did_you_mean(given, known) or "datagap-synth validate --rules lists them"
    return MisuseError(f"there is no rule {given!r}", hint=hint)
