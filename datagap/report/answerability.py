"""Whether a question can be answered with a schema, and if not, what is missing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from datagap.report.evidence import Evidence
from datagap.report.junction import Junctions
from datagap.report.scope import Scope
from datagap.report.shortfall import Shortfall, answerable, surest
from datagap.report.thesaurus import load_thesaurus
from datagap.report.vocabulary import Vocabulary
from datagap.report.wording import Wording, read_question

MOST_CONTEXT = 3
"""Earlier questions that a question may refer to."""
EVEN = 0.5


@dataclass(frozen=True, slots=True)
class Judgement:
    """Whether a question can be answered."""

    answerable: float
    """The likelihood that it can, by the names of the schema alone."""
    gaps: tuple[Shortfall, ...]
    """What is missing, the surest first; empty for a question that likely can be answered."""


class Answerability:
    """Judges questions by the names in one schema, which it is slow to read and fast to use."""

    def __init__(
        self, schema: Mapping[str, Sequence[str]], foreign_keys: Sequence[tuple[str, str]] | None = None
    ) -> None:
        """Read columns by table, and pairs of columns as "table.column" that rows are joined by, if they are known."""
        self._thesaurus = load_thesaurus()
        self._vocabulary = Vocabulary(schema, self._thesaurus)
        self._junctions = Junctions(self._vocabulary.tables, self._vocabulary.columns, foreign_keys, self._thesaurus)

    def judge(self, question: str, context: Sequence[str] = ()) -> Judgement:
        """Return whether `question`, asked after those of `context`, can be answered."""
        shortfalls = self.shortfalls(question, context)
        likely = answerable(shortfalls)
        return Judgement(round(likely, 4), tuple(shortfalls) if likely < EVEN else ())

    def shortfalls(self, question: str, context: Sequence[str] = ()) -> list[Shortfall]:
        """Return all that may be missing, however unlikely, the surest first."""
        wording = self._read(question)
        before = [self._read(text) for text in context[-MOST_CONTEXT:]]
        scope = Scope(wording, before, self._vocabulary, self._junctions, self._thesaurus)
        evidence = Evidence(wording, scope, self._vocabulary, self._junctions, self._thesaurus, follows=bool(context))
        found = list(evidence.shortfalls())
        return surest(found, [self._thesaurus.stem(shortfall.phrase) for shortfall in found])

    def _read(self, text: str) -> Wording:
        return read_question(text, self._vocabulary, self._thesaurus)
