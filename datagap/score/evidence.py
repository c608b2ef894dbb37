"""Hold the quotes and facts that detections cite to the pack."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from datagap import model
from datagap.pack import layout
from datagap.pack.array import json_items
from datagap.pack.document import json_lines, read_json
from datagap.pack.pointer import at
from datagap.pack.reader import FRESHNESS_COLUMNS, Pack
from datagap.pack.table import read_csv
from datagap.problem import Problem
from datagap.validate import InvalidError

PLACEHOLDER: Final = re.compile(r"\[[a-z][a-z_ ]{0,30}\]")
"""What stands in a redacted quote for personal data."""
LISTS: Final = (layout.DATASETS, layout.LINEAGE)
DOCUMENTS: Final = (layout.MANIFEST, layout.COVERAGE)
CITABLE: Final = frozenset([*LISTS, *DOCUMENTS, layout.FRESHNESS, layout.PEOPLE, *layout.EVENT_FILES.values()])
"""Files of a pack whose facts count; the answer key is not among them."""


def is_verbatim(quote: str, text: str) -> bool:
    """Return whether a quote stands in a text; a placeholder such as `[person]` stands for anything."""
    if quote in text:
        return True
    pieces = PLACEHOLDER.split(quote)
    if not any(piece.strip() for piece in pieces):
        return False
    place = 0
    for piece in pieces:
        found = text.find(piece, place)
        if found < 0:
            return False
        place = found + len(piece)
    return True


class Citations:
    """The quotes and facts of some detections, each looked up once in the pack."""

    def __init__(self, pack: Pack, detections: Iterable[model.Detection]) -> None:
        """Look up what the detections cite. The pack is read as a stream, its events only if one is quoted."""
        self._pack = pack
        self._citable = {file for file in CITABLE if pack.has(file)}
        self._quotes: defaultdict[str, set[str]] = defaultdict(set)
        self._wanted: defaultdict[str, defaultdict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
        for detection in detections:
            for gap in detection.gaps:
                for evidence in gap.evidence:
                    self._want(evidence)
        self._verbatim = set(self._verbatim_quotes()) if self._quotes else set()
        self._facts = {(file, pointer): value for file in self._wanted for pointer, value in self._found(file)}

    def is_verbatim(self, evidence: model.Evidence) -> bool:
        """Return whether the quote stands in the text of its event."""
        return (evidence.event_id, evidence.quote) in self._verbatim

    def holds(self, evidence: model.Evidence) -> bool:
        """Return whether what the fact says stands where it says, or nothing stands there and it says so."""
        pointer = evidence.pointer or ""
        if evidence.file not in self._citable or pointer[:1] not in ("", "/"):
            return False
        return _same(self._facts.get((evidence.file, pointer)), evidence.value)

    def _want(self, evidence: model.Evidence) -> None:
        if evidence.event_id is not None and evidence.quote is not None:
            self._quotes[evidence.event_id].add(evidence.quote)
        pointer = evidence.pointer or ""
        if evidence.file in self._citable and pointer.startswith("/"):
            head = pointer[1:].partition("/")[0]
            self._wanted[evidence.file][head].add(pointer)

    def _verbatim_quotes(self) -> Iterator[tuple[str, str]]:
        for channel in layout.EVENT_FILES:
            for event in self._pack.events(channel):
                for quote in self._quotes.get(event.id, ()):
                    if is_verbatim(quote, layout.event_text(event)):
                        yield event.id, quote

    def _found(self, file: str) -> Iterator[tuple[str, object]]:
        """Yield what stands at the pointers into a file."""
        for head, content in self._parts(file):
            for pointer in self._wanted[file].get(head, ()):
                try:
                    yield pointer, at(content, pointer[1:].partition("/")[2])
                except LookupError:
                    continue

    def _parts(self, file: str) -> Iterator[tuple[str, object]]:
        """Yield the entries of a file by what a pointer to them begins with."""
        folder = self._pack.path
        if file in DOCUMENTS:
            content = read_json(folder, file)
            yield from content.items() if isinstance(content, dict) else ()
            return
        entries: Iterator[object]
        if file in LISTS:
            entries = (value for _, _, value, _ in json_items(folder, file))
        elif file == layout.FRESHNESS:
            entries = (row for _, row in read_csv(folder, file, FRESHNESS_COLUMNS))
        else:
            entries = (value for _, value in json_lines(folder, file))
        for place, entry in enumerate(entries):
            if isinstance(entry, Problem):
                raise InvalidError([entry])
            yield str(place), entry


def _same(found: object, said: object) -> bool:
    """Return whether two values are the same; true is not 1, and names may be listed in any order."""
    if isinstance(found, list) and isinstance(said, Sequence) and not isinstance(said, str):
        return Counter(map(repr, found)) == Counter(map(repr, said))
    return found == said and isinstance(found, bool) is isinstance(said, bool)
