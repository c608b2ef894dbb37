"""What people run into: a planted gap, or a claim that is false, and how it is spoken of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from datagap import model
from datagap.catalog import Catalog
from datagap.synth.people import Staff
from datagap.synth.scenario import Vocabulary
from datagap.synth.warehouse import Place


@dataclass(frozen=True, slots=True)
class Filling:
    """What fills a slot: a noun in each language, or a text that serves them all, and what it refers to."""

    kind: model.MentionKind | None
    ref: str
    text: str = ""
    nouns: Mapping[str, Sequence[model.Noun]] = field(default_factory=dict)
    """Nouns by language: the usual one first, then synonyms."""


Face: TypeAlias = Mapping[str, Sequence[Filling]]
"""What fills each slot when a need is spoken of: one of several that the writer chooses from."""


@dataclass(frozen=True, kw_only=True)
class Need:
    """Something people run into, who can, and when."""

    gap: model.TruthGap | None
    """The gap that lies behind it; None for a claim that is false."""
    gap_type: model.GapType
    reason: model.GapReason
    faces: Sequence[Face]
    """Ways in which it shows; the first is the plainest."""
    lacking: str = ""
    """Access role that those who run into it lack; empty where everybody can."""
    since: int
    """Instant from which every claim about it is true."""
    until: int
    """Instant before which it is asked about."""
    owner: int | None
    """Place of the person who answers for it."""
    outcomes: Sequence[model.Outcome]
    """How queries end that meet it."""
    incident: bool = False
    """Whether people write about it in a burst after it began."""

    @property
    def resolved(self) -> bool:
        """Whether it ends before the snapshot."""
        return self.gap is not None and self.gap.resolved_at is not None


@dataclass(frozen=True, kw_only=True)
class Sound:
    """A dataset that serves a plain question."""

    place: Place
    face: Face


@dataclass(frozen=True, kw_only=True)
class Joint:
    """Two such datasets and the declared key that joins them."""

    left: Place
    right: Place
    key: str
    face: Face
    """Measures of the left one, dimensions that the right one alone has."""


@dataclass(frozen=True, kw_only=True)
class World:
    """A catalog with gaps in it, and what follows from them."""

    generated_at: int
    vocabulary: Vocabulary
    staff: Staff
    places: Mapping[str, Place]
    """Datasets as they are, by name; what the catalog tells of them is in `catalog`."""
    catalog: Catalog
    """What the catalog tells."""
    needs: Sequence[Need]
    claims: Sequence[Need]
    """Claims that are false."""
    sound: Sequence[Sound]
    """Datasets that serve a plain question; never empty."""
    joints: Sequence[Joint]
    """Pairs of them that serve a question about both."""
    past_only: bool
    """Whether these serve questions about the past alone, because all of them are late."""
    dropped: Sequence[model.GapType]
    """Gap types that were asked for and that this world cannot hold."""
    wanted: int
    """Gaps that were asked for."""
