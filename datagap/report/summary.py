"""Put a need into words: what is wrong, what would serve it, and how to tell that it is served."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from datagap import model
from datagap.report.claim import Checked

TEMPLATES: Final[Mapping[model.GapType, tuple[str, str, str, str]]] = {
    "missing_asset": (
        "No dataset for {subject}",
        "People look for data on {subject}, and no dataset, alias or metric in the catalog covers it.",
        "Decide whether to load {subject}; if it exists under another name, declare that name as an alias.",
        "a dataset or alias for {subject} is in the catalog",
    ),
    "missing_column": (
        "{dataset} lacks {columns}",
        "People want to see {dataset} by {columns}, which is not among its columns{upstream}.{disputed}",
        "Add {columns} to {dataset}, or say in its description where to find it.",
        "{columns} is listed in the columns of {dataset}",
    ),
    "grain_mismatch": (
        "{dataset} is too coarse for figures by {period}",
        "People need figures by {period}, and {dataset} has one row for a longer time.",
        "Publish the figures of {dataset} by {period}, or point to a finer dataset.",
        "a dataset with these figures declares a grain of one {period} or finer",
    ),
    "type_mismatch": (
        "{columns} in {dataset} has the wrong type",
        "People cannot filter, sort or compute with {columns} in {dataset}, because of how it is stored.",
        "Convert {columns} in {dataset} to the type that its values have.",
        "the type of {columns} in {dataset} is no longer text",
    ),
    "freshness_breach": (
        "{dataset} is late",
        "People find old figures in {dataset}{descendants}.",
        "Find out why {dataset} was not loaded, load it, and warn those who read it.",
        "the age of {dataset} is within its service level",
    ),
    "joinability_issue": (
        "{dataset} and {other} have no join key",
        "People want {dataset} together with {other}, and no declared key links the two.",
        "Declare or add a key between {dataset} and {other}, or build a dataset that holds both.",
        "declared keys lead from {dataset} to {other}",
    ),
    "access_denied": (
        "People are locked out of {dataset}",
        "People who need {dataset} hold none of the roles that may read it.",
        "Grant the role to those who should have it, and say in the description how to ask for it.",
        "the roles of those who asked may read {dataset}",
    ),
    "docs_missing": (
        "{dataset} is not documented",
        "People cannot tell what {dataset} and its columns mean.",
        "Describe {dataset} and its columns.",
        "{dataset} has a description",
    ),
    "performance_limit": (
        "{dataset} is too slow to query",
        "Questions to {dataset} time out or take too long.",
        "Partition or cluster {dataset}, or publish an aggregate for the usual questions.",
        "{dataset} is partitioned, or the 95th percentile of its query latency is below the limit",
    ),
    "quality_issue": (
        "{columns} in {dataset} cannot be trusted",
        "People find wrong, duplicate or missing values in {dataset}.",
        "Mend the values at their source, and add a check that would have caught them.",
        "the checks on {dataset} pass",
    ),
}
"""Title, problem, action and sign of success, by gap type."""


def summarise(checked: Checked) -> model.BacklogSummary:
    """Return the need in words."""
    claim, subject = checked.claim, checked.claim.subject
    about = f"data on {subject}" if subject else "a dataset that nobody named"
    columns = ", ".join(checked.columns) or ("values" if claim.gap_type == "quality_issue" else "a column")
    slots = {
        "subject": subject or ", ".join(claim.datasets[:1]) or "the subject",
        "dataset": checked.datasets[0] if checked.datasets else about,
        "other": checked.datasets[1] if len(checked.datasets) > 1 else "another dataset",
        "columns": columns,
        "period": checked.period or "a shorter period",
        "upstream": ", although an upstream dataset has it" if checked.reason == "not_exposed" else "",
        "disputed": " Yet the query bot has answered with it: either may be wrong." if checked.disputed else "",
        "descendants": f" and in {len(checked.datasets) - 1} datasets fed by it" if len(checked.datasets) > 1 else "",
    }
    title, problem, action, done_when = (template.format_map(slots) for template in TEMPLATES[claim.gap_type])
    return model.BacklogSummary(title=title, problem=problem, action=action, done_when=done_when, source="rules")
