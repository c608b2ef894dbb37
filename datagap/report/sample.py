"""A sample of the texts of a corpus that depends neither on the order of events nor on how they are cut into blocks."""

from __future__ import annotations

import hashlib
import heapq
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Final, Generic, TypeVar

from datagap import model
from datagap.pack.layout import Event, event_text
from datagap.report.text import fold, own_words

T = TypeVar("T")
TEXTS: Final = 50_000
"""Distinct texts that are kept."""
PEOPLE: Final = 256
"""People of a text that are told apart."""
PLACES: Final = 16
"""Events of a text whose conversation is looked at."""


class Smallest(Generic[T]):
    """The values with the smallest keys of all that were put in; the same in any order."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._values: dict[int, T] = {}
        self._largest: list[int] = []

    def __iter__(self) -> Iterator[tuple[int, T]]:
        return iter(sorted(self._values.items(), key=lambda item: item[0]))

    def __len__(self) -> int:
        return len(self._values)

    @property
    def is_full(self) -> bool:
        """Return whether there may have been more."""
        return len(self._values) >= self._most

    def get(self, key: int) -> T | None:
        """Return the value that is kept under a key."""
        return self._values.get(key)

    def put(self, key: int, value: T) -> None:
        """Put a value in under a key that is not there; the one with the largest key goes if there are too many."""
        if key in self._values or (self.is_full and key > -self._largest[0]):
            return
        self._values[key] = value
        heapq.heappush(self._largest, -key)
        if len(self._values) > self._most:
            del self._values[-heapq.heappop(self._largest)]


@dataclass(frozen=True, slots=True)
class Place:
    """Where a text stands."""

    thread: str | None
    """Id of the opener of its conversation; None for a query."""
    query: str | None
    """The query that it is, or that it refers to."""
    opens: bool = True
    """Whether it is no reply."""


@dataclass(slots=True)
class Said:
    """A distinct text, and who says it where."""

    text: str
    """As it is written; of several spellings the first in order."""
    events: int = 0
    people: Smallest[None] = field(default_factory=lambda: Smallest(PEOPLE))
    places: Smallest[Place] = field(default_factory=lambda: Smallest(PLACES))

    def join(self, other: Said) -> None:
        """Take in the same text of another block."""
        self.text = min(self.text, other.text)
        self.events += other.events
        for key, _ in other.people:
            self.people.put(key, None)
        for key, place in other.places:
            self.places.put(key, place)


class Texts:
    """The distinct texts with the smallest hashes."""

    def __init__(self, most: int = TEXTS) -> None:
        self._said: Smallest[Said] = Smallest(most)
        self.events = 0
        """Events that were read."""

    def __iter__(self) -> Iterator[Said]:
        return (said for _, said in self._said)

    def __len__(self) -> int:
        return len(self._said)

    @property
    def is_full(self) -> bool:
        """Return whether there may be more texts than are kept."""
        return self._said.is_full

    def add(self, events: Iterable[Event]) -> None:
        """Take in the events of a block."""
        for event in events:
            self.events += 1
            text = own_words(event_text(event)).strip()
            one = Said(text, events=1)
            one.people.put(hashed(event.actor), None)
            one.places.put(hashed(event.id), place_of(event))
            self._put(hashed(" ".join(fold(text).split())), one)

    def join(self, other: Texts) -> None:
        """Take in what was made of another block."""
        self.events += other.events
        for key, said in other._said:
            self._put(key, said)

    def _put(self, key: int, said: Said) -> None:
        known = self._said.get(key)
        if known is None:
            self._said.put(key, said)
        else:
            known.join(said)


def place_of(event: Event) -> Place:
    """Return where an event stands."""
    if isinstance(event, model.NlQuery):
        return Place(thread=None, query=event.id)
    thread = event.thread_id or event.id
    return Place(thread=thread, query=event.referenced_query_id, opens=thread == event.id)


def hashed(text: str) -> int:
    """Return a number that stands for a text, the same on every machine."""
    return int.from_bytes(hashlib.blake2b(text.encode(errors="surrogatepass"), digest_size=8).digest(), "big")
