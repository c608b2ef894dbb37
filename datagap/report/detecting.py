"""Find the gap behind an event: from its words, its conversation, and the catalog."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from datagap import clock, model
from datagap.catalog import Catalog
from datagap.gap import GAP_TYPES
from datagap.report.claim import Checked, Claim, Moment, relevant
from datagap.report.classifier import ACTS, GAPS, SUPPORTS, Classifier, Scores, probabilities
from datagap.report.finding import Detected, Finding, redacted_links, redacted_quote
from datagap.report.reading import Reader, Reading
from datagap.report.redaction import Redactor
from datagap.report.verifying import PERIOD_ORDER, Verifier

SERVED: Final[Mapping[model.Outcome, model.NoneReason]] = {
    "answered": "answered",
    "slow": "answered",
    "uncertain": "analysis_request",
}
"""Why a query that ended so is about no gap."""
RESOLVED, FOLLOW_UP, REFUTED = (ACTS.index(act) for act in ("resolved", "follow_up", "refuted"))
NONE_REASONS: Final[Mapping[str, model.NoneReason]] = {
    "answered": "answered",
    "how_to": "how_to",
    "analysis_request": "analysis_request",
    "wrong_tool": "wrong_tool",
    "bot_error": "bot_error",
    "resolved": "resolved",
}
ASKING: Final = frozenset(["answered", "analysis_request", "bot_error", "working_as_intended"])
"""Reasons for no gap of events that ask data for something all the same."""


UNLIKELY: Final = 0.5
"""Probability of no gap from which none is told of."""
MOST_COLUMNS: Final = 8
"""Missing columns of one event that are told of."""
ASKS: Final = 0.35
"""Probability that a reply asks for what its opener asks for from which it counts."""
REMEMBERED: Final = 1 << 17
"""Claims, quotes and links that are kept in mind."""
Logits: TypeAlias = NDArray[np.float64]
NOBODY: Final = "nobody"
ASKING_ACTS: Final = [*range(GAPS), FOLLOW_UP]
NO_QUOTES: Final[Mapping[model.GapType, str]] = {}
SECOND: Final = 0.35
"""Probability from which a further gap is told of."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """What a conversation says around its opener."""

    datasets: tuple[str, ...] = ()
    columns: tuple[str, ...] = ()
    periods: tuple[model.Period, ...] = ()
    subject: str | None = None
    mended: bool = False
    refuted: bool = False


_ALONE: Final = Context()


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """What an event would claim, were it about a gap, and what the catalog says of that."""

    claim: Claim
    """Of no type in particular."""
    checks: tuple[Checked, ...]
    """By gap type."""
    worth: Logits
    """What the catalog's word is worth, by gap type, and nothing for none."""


def _due(row: model.FreshnessRow) -> tuple[str, str]:
    """Return when a dataset was loaded, and until when that will do."""
    loaded = clock.parse(row.max_loaded_at)
    return clock.render(loaded), clock.render(loaded + row.sla_hours * clock.HOUR)


class Detector:
    """Finds the gaps behind events, conversation by conversation."""

    def __init__(
        self,
        catalog: Catalog,
        verifier: Verifier,
        reader: Reader,
        classifier: Classifier,
        redactor: Redactor,
        queries: Mapping[str, Reading],
    ) -> None:
        """Take the queries that messages may refer to, by id."""
        self._check = lru_cache(maxsize=REMEMBERED)(verifier.check)
        self._redactor = redactor
        self._due = {row.dataset: _due(row) for row in catalog.freshness}
        self._case = lru_cache(maxsize=REMEMBERED)(self._fresh_case)
        self._speaking_against = lru_cache(maxsize=64)(self._against)
        self._reader = reader
        self._classifier = classifier
        self._as_of = catalog.as_of
        self._queries = queries
        self._quote = lru_cache(maxsize=REMEMBERED)(lambda text: redacted_quote(text, redactor))
        self._links = lru_cache(maxsize=REMEMBERED)(lambda links: redacted_links(links, redactor))
        self._roles = {
            person.person_id: frozenset(person.access_roles)
            for person in catalog.people or ()
            if person.access_roles is not None
        }

    def logits(self, scores: Scores) -> Logits:
        """Return the log-probability of each act by the words alone."""
        raw = (scores + self._classifier.bias) / self._classifier.scale
        raw -= raw.max()
        return np.asarray(raw - np.log(np.exp(raw).sum()))

    def case(self, reading: Reading, context: Context) -> Case:
        """Return what an event would claim, were it about a gap, and what the catalog says of that."""
        links, considered = reading.links, reading.considered
        datasets = links.datasets or considered.datasets or context.datasets
        return self._case(
            datasets,
            (*links.columns, *(name for name in considered.columns if name not in links.columns)) or context.columns,
            links.unknown,
            links.periods or context.periods,
            None if datasets else links.subject or context.subject,
            self._roles.get(reading.actor),
            self._moment(datasets, reading.when),
            reading.channel == "nlq",
            context.mended or (reading.outcome is not None and reading.outcome not in SERVED),
        )

    def _fresh_case(
        self,
        datasets: tuple[str, ...],
        columns: tuple[str, ...],
        unknown: tuple[str, ...],
        periods: tuple[model.Period, ...],
        subject: str | None,
        roles: frozenset[str] | None,
        moment: Moment,
        queried: bool,
        borne_out: bool,
    ) -> Case:
        claim = Claim(
            gap_type=GAP_TYPES[0],
            datasets=datasets,
            columns=columns,
            unknown=tuple(word for word in unknown if self._redactor.redact(word) == word),
            periods=tuple(sorted(periods, key=PERIOD_ORDER.index)),
            subject=None if subject is None else self._redactor.redact(subject),
            roles=roles,
            moment=moment,
            queried=queried,
            borne_out=borne_out,
        )
        checks = tuple(self._check(relevant(claim, gap_type)) for gap_type in GAP_TYPES)
        weights = self._classifier.judgement.support
        worth = [weights[place][SUPPORTS.index(one.support)] for place, one in enumerate(checks)]
        return Case(claim=claim, checks=checks, worth=np.array([*worth, 0.0]))

    def _moment(self, datasets: Sequence[str], at: str) -> Moment:
        """Return whether the first dataset with a known load was late at an instant."""
        for name in datasets:
            if name in self._due:
                loaded, due = self._due[name]
                return "before" if at < loaded else "late" if at > due else "fresh"
        return "unknown"

    def detect(self, conversation: Sequence[Reading]) -> Iterator[Detected]:
        """Yield what is behind each event of a conversation, the earliest first."""
        if len(conversation) == 1 and conversation[0].opens:
            yield self._alone(conversation[0], _ALONE)[0]
            return
        ordered = sorted(conversation, key=lambda one: (one.when, one.event_id))
        opener = next((one for one in ordered if one.opens), None)
        chances = {one.event_id: probabilities(self.logits(one.scores)) for one in ordered if one is not opener}
        context = self.context(ordered, opener, chances)
        first = None if opener is None else self._alone(opener, context)
        for one in ordered:  # a reply may stand before its opener, where clocks differ
            if first is not None and one is opener:
                yield first[0]
            else:
                yield self._reply(one, first, context, chances[one.event_id])

    def detect_text(self, event_id: str, text: str) -> Detected:
        """Return what is behind a text that nobody in particular wrote, now."""
        message = model.SlackMessage(id=event_id, when=self._as_of, actor=NOBODY, channel="slack", text=text)
        return self._alone(self._reader.read(message), _ALONE)[0]

    def context(self, ordered: Sequence[Reading], opener: Reading | None, chances: Mapping[str, Logits]) -> Context:
        """Return what the query that is referred to and the replies say of what the opener is about."""
        others = [one for one in ordered if one is not opener]
        referred = self._queries.get(opener.query) if opener is not None and opener.query else None
        sources = [*([referred.links, referred.considered] if referred else []), *(one.links for one in others)]
        acts = {int(chances[one.event_id].argmax()) for one in others}
        return Context(
            datasets=next((one.datasets for one in sources if one.datasets), ()),
            columns=next((one.columns for one in sources if one.columns), ()),
            periods=next((one.periods for one in sources if one.periods), ()),
            subject=next((one.subject for one in sources if one.subject), None) if referred else None,
            mended=RESOLVED in acts,
            refuted=REFUTED in acts,
        )

    def utilities(self, reading: Reading, context: Context, logits: Logits, case: Case) -> Logits:
        """Return how likely each gap type is, and none of them last, in units of log-odds."""
        judge = self._classifier.judgement
        words = np.append(logits[:GAPS], np.log(np.exp(logits[GAPS:]).sum()))
        utility = judge.words * words + case.worth
        utility[GAPS] += self._speaking_against(flags(reading, context))
        return np.asarray(utility)

    def _against(self, flagged: tuple[str, ...]) -> float:
        return math.fsum(self._classifier.judgement.none[flag] for flag in flagged)

    def _alone(self, reading: Reading, context: Context) -> tuple[Detected, Case]:
        case = self.case(reading, context)
        served = SERVED.get(reading.outcome) if reading.outcome else None
        if served == "answered":
            return self._nothing(reading, case, served), case
        logits = self.logits(reading.scores)
        act = ACTS[int(logits.argmax())]
        if served is not None:
            return self._nothing(reading, case, NONE_REASONS.get(act, served)), case
        chances = probabilities(self.utilities(reading, context, logits, case)).tolist()
        if chances[GAPS] >= min(UNLIKELY, max(chances[:GAPS])):
            fallback: model.NoneReason = "chatter" if act == "chatter" else "working_as_intended"
            return self._nothing(reading, case, NONE_REASONS.get(act, fallback)), case
        best = max(range(GAPS), key=chances.__getitem__)
        others = [place for place in range(GAPS) if chances[place] >= SECOND and place != best]
        kept = [best, *sorted(others, key=lambda place: -chances[place])]
        gaps = [(one, chances[place]) for place in kept for one in _apart(case.checks[place])]
        return self._found(reading, case, tuple(one for one, _ in gaps), [chance for _, chance in gaps]), case

    def _reply(
        self, reading: Reading, first: tuple[Detected, Case] | None, context: Context, chances: Logits
    ) -> Detected:
        act = int(chances.argmax())
        if first is None:
            case = self.case(reading, context)
            return self._alone(reading, context)[0] if act < GAPS else self._nothing(reading, case, "chatter")
        detected, opened = first
        asks = self.asks(chances)
        if detected.gaps and asks >= ASKS:
            case = self._of_actor(opened, reading)
            gaps = _apart(case.checks[GAP_TYPES.index(detected.gaps[0].claim.gap_type)])
            return self._found(reading, case, gaps, [detected.confidence * asks] * len(gaps))
        return self._nothing(reading, opened, "resolved" if act == RESOLVED else "chatter")

    def asks(self, chances: Logits) -> float:
        """Return how likely a reply asks for what its opener asks for, which is about a gap."""
        likely = float(chances[ASKING_ACTS].sum())
        odds = math.exp(self._classifier.judgement.reply) * likely / max(1e-9, 1 - likely)
        return odds / (1 + odds)

    def _of_actor(self, case: Case, reading: Reading) -> Case:
        """Return the case of an opener as it is for whoever replies, then."""
        claim = case.claim
        return self._case(
            claim.datasets,
            claim.columns,
            claim.unknown,
            claim.periods,
            claim.subject,
            self._roles.get(reading.actor),
            self._moment(claim.datasets, reading.when),
            claim.queried,
            claim.borne_out,
        )

    def _found(self, reading: Reading, case: Case, gaps: tuple[Checked, ...], chances: Sequence[float]) -> Detected:
        quotes = {}
        for gap in gaps:
            kind = gap.claim.gap_type
            if quote := self._quote(self._reader.quote(reading.text, GAP_TYPES.index(kind))):
                quotes[kind] = quote
        confidences = tuple(round(chance, 2) for chance in chances)
        return Detected(
            finding=self._finding(reading, quotes), claim=case.claim, gaps=gaps, confidences=confidences, request=True
        )

    def _nothing(self, reading: Reading, case: Case, reason: model.NoneReason) -> Detected:
        finding = self._finding(reading, NO_QUOTES)
        return Detected(finding=finding, claim=case.claim, request=reason in ASKING, none_reason=reason)

    def _finding(self, reading: Reading, quotes: Mapping[model.GapType, str]) -> Finding:
        return Finding(
            event_id=reading.event_id,
            channel=reading.channel,
            actor=reading.actor,
            when=reading.when,
            links=self._links(reading.links),
            outcome=reading.outcome,
            quotes=quotes,
        )


def _apart(checked: Checked) -> tuple[Checked, ...]:
    """Return one gap for each column that is missing."""
    if checked.claim.gap_type != "missing_column" or len(checked.columns) < 2:
        return (checked,)
    return tuple(replace(checked, columns=(column,)) for column in checked.columns[:MOST_COLUMNS])


def flags(reading: Reading, context: Context) -> tuple[str, ...]:
    """Return what speaks for or against a gap of any type."""
    outcome = reading.outcome
    found = {
        "query": outcome is not None,
        "unserved": outcome is not None and outcome not in SERVED,
        "mended": context.mended,
        "refuted": context.refuted,
        "unlinked": not (reading.links.datasets or reading.considered.datasets or context.datasets),
    }
    return ("any", *(flag for flag, holds in found.items() if holds))
