"""Classify single texts, for bots and for measuring: by their words, by a catalog, or by the names of a schema."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Final

from datagap import model
from datagap.catalog import Catalog
from datagap.errors import MisuseError
from datagap.gap import GAP_TYPES
from datagap.pack.document import json_lines_in
from datagap.pack.source import lines, lines_in
from datagap.problem import Problem
from datagap.report.answerability import Answerability
from datagap.report.classifier import GAPS, load_classifier, probabilities
from datagap.report.detecting import SECOND, UNLIKELY, Detector
from datagap.report.finding import redacted_quote
from datagap.report.linking import NO_ALIASES, Aliases
from datagap.report.reading import Reader, open_reader
from datagap.report.redaction import Redactor
from datagap.report.verifying import Verifier
from datagap.validate import InvalidError, embedded

NOWHERE: Final = Catalog(datasets=[], freshness=[], lineage=[], as_of="")
REMEMBERED: Final = 64
"""Schemas that are kept in mind."""
Found = tuple[model.GapType, float, model.Verdict]


class Judge:
    """Classifies texts."""

    def __init__(self, catalog: Catalog | None = None, aliases: Aliases = NO_ALIASES) -> None:
        """Take the catalog that texts without a schema of their own are about."""
        self._classifier = load_classifier()
        self._redactor = Redactor(())
        self._reader = open_reader(catalog or NOWHERE, aliases=aliases)
        self._detector = None if catalog is None else self._open(catalog, self._reader)
        self._answerability = lru_cache(maxsize=REMEMBERED)(_answerability)

    def _open(self, catalog: Catalog, reader: Reader) -> Detector:
        return Detector(catalog, Verifier(catalog), reader, self._classifier, self._redactor, {})

    def classify(self, request: model.ClassifyRequest) -> model.Classification:
        """Return what is found in a text."""
        if request.schema is not None:
            return self._by_schema(request, request.schema)
        return self._by_catalog(request) if self._detector else self._by_words(request)

    def _by_words(self, request: model.ClassifyRequest) -> model.Classification:
        found: list[Found] = [(kind, chance, "unverifiable") for kind, chance in self._worded(request.text)]
        return self._told(request, found, self._quotes(request, [kind for kind, _, _ in found]))

    def _worded(self, text: str) -> list[tuple[model.GapType, float]]:
        """Return the types that the words speak of, the likeliest first, with their probabilities."""
        scores = self._reader.scores(text)
        chances = probabilities((scores + self._classifier.bias) / self._classifier.scale)
        if chances[GAPS:].sum() >= UNLIKELY:
            return []
        order = sorted(range(GAPS), key=lambda place: -chances[place])
        kept = [place for place in order if place == order[0] or chances[place] >= SECOND]
        return [(GAP_TYPES[place], float(chances[place])) for place in kept]

    def _by_schema(self, request: model.ClassifyRequest, schema: Mapping[str, Sequence[str]]) -> model.Classification:
        tables = tuple((table, tuple(columns)) for table, columns in schema.items())
        keys = None if request.foreign_keys is None else tuple((left, right) for left, right in request.foreign_keys)
        judgement = self._answerability(tables, keys).judge(request.text, request.context or ())
        best: dict[model.GapType, float] = {}
        for gap in judgement.gaps:
            best[gap.gap_type] = max(gap.confidence, best.get(gap.gap_type, 0.0))
        found: list[Found] = [(kind, chance, "unverifiable") for kind, chance in best.items()]
        phrases = dict.fromkeys(gap.phrase for gap in judgement.gaps if gap.phrase)
        evidence = [model.Evidence(event_id=request.id, quote=phrase) for phrase in phrases]
        return self._told(request, found, evidence)

    def _by_catalog(self, request: model.ClassifyRequest) -> model.Classification:
        assert self._detector is not None
        detected = self._detector.detect_text(request.id, request.text)
        kept = [
            (gap, chance)
            for gap, chance in zip(detected.gaps, detected.confidences, strict=True)
            if gap.verdict != "contradicted"
        ]
        found: list[Found] = [(gap.claim.gap_type, chance, gap.verdict) for gap, chance in kept]
        quotes = dict.fromkeys(detected.finding.quote_for(gap.claim.gap_type) for gap, _ in kept)
        evidence = [model.Evidence(event_id=request.id, quote=quote) for quote in quotes if quote]
        return self._told(request, found, [*evidence, *(fact for gap, _ in kept for fact in gap.facts)])

    def _quotes(self, request: model.ClassifyRequest, types: Sequence[model.GapType]) -> list[model.Evidence]:
        lines = dict.fromkeys(self._reader.quote(request.text, GAP_TYPES.index(kind)) for kind in types)
        quotes = [redacted_quote(line, self._redactor) for line in lines]
        return [model.Evidence(event_id=request.id, quote=quote) for quote in quotes if quote]

    def _told(
        self, request: model.ClassifyRequest, found: Sequence[Found], evidence: Sequence[model.Evidence]
    ) -> model.Classification:
        ordered = sorted(found, key=lambda one: -one[1])
        return model.Classification(
            id=request.id,
            gap_types=[kind for kind, _, _ in ordered],
            confidence=[round(min(1.0, chance), 4) for _, chance, _ in ordered],
            verdict=[verdict for _, _, verdict in ordered],
            evidence=evidence,
        )


def _answerability(
    tables: tuple[tuple[str, tuple[str, ...]], ...], keys: tuple[tuple[str, str], ...] | None
) -> Answerability:
    return Answerability(dict(tables), keys)


def requests(path: Path | None) -> Iterator[model.ClassifyRequest]:
    """Yield the requests in a file of JSON lines, or on the standard input; of a line, only the keys of a request.

    Raises MisuseError if there is no such file, and InvalidError for a line that is no request.
    """
    where = "standard input" if path is None else str(path)
    if path is not None and not path.is_file():
        raise MisuseError("is no file", where=where, hint="give a file of JSON lines")
    numbered = lines_in(sys.stdin.buffer, where) if path is None else lines(path.parent, path.name)
    known = frozenset(model.schema("classify_request")["properties"])
    for number, value in json_lines_in(numbered, where):
        if isinstance(value, Problem):
            raise InvalidError([value])
        if isinstance(value, dict):
            value = {key: part for key, part in value.items() if key in known}
        yield embedded().read(model.ClassifyRequest, value, where, number)
