"""What a model says of one example beside what is true, and what that counts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from struct import Struct

import numpy as np
from numpy.typing import NDArray

from metaxl.reporting.spans import Found, Tags, find_entities

KEPT = 20_000  # gold labels that are remembered
NUMBERS = Struct("=9I")  # three numbers of each of the three definitions, as numpy's uint32


@dataclass(frozen=True, eq=False)
class Prediction:
    """The true and the predicted label of every word of one sentence; a review has one label.

    Cells that predict the same for the same sentence share one object, in which what it counts is found once.
    """

    id: str
    gold: Sequence[str]
    predicted: Sequence[str]

    @cached_property
    def entities(self) -> tuple[Found, Found]:
        """Return the entities of the gold and those that are found."""
        return find_entities(tuple(self.gold)), find_entities(tuple(self.predicted))

    @cached_property
    def numbers(self) -> bytes:
        """Return what `entity_counts` returns of it, as it lies in memory."""
        parts = zip(*self.entities, strict=True)
        return NUMBERS.pack(*(number for true, found in parts for number in (len(true & found), len(found), len(true))))

    @cached_property
    def by_type(self) -> tuple[str, ...]:
        """Return what each entity of our own definition counts as, with its type, as in "right:PER" or "found:PER"."""
        true, found = (entities.own for entities in self.entities)
        parts = (("right", true & found), ("found", found), ("true", true))
        return tuple(f"{what}:{kind}" for what, spans in parts for kind, _, _ in spans)


def entity_counts(predictions: Sequence[Prediction]) -> NDArray[np.uint32]:
    """Return (sentences, definitions, 3): how many entities of the gold are found, how many are found, how many it has.

    The definitions are those of `Found`: seqeval's default, its strict mode and our own.
    """
    return np.frombuffer(b"".join([one.numbers for one in predictions]), np.uint32).reshape(-1, len(Found._fields), 3)


@lru_cache(KEPT)
def shared(tags: Tags) -> Tags:
    """Return the same tuple for the same labels: two that are one object are compared at once."""
    return tags
