"""The entities of a sentence, by seqeval and by our own definition, remembered: cells mostly predict the same tags."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import lru_cache

from metaxl.tasks import OUTSIDE, entity_spans

KEPT = 20_000  # sentences that are remembered
Tags = tuple[str, ...]
Entities = frozenset[tuple[str, int, int]]


@lru_cache(KEPT)
def own_entities(tags: Tags) -> Entities:
    """Return the entities by `metaxl.tasks.entity_spans`, whose default is conlleval's."""
    return frozenset(entity_spans(tags, strict=False))


@lru_cache(KEPT)
def seqeval_entities(tags: Tags) -> tuple[Entities, Entities]:
    """Return the entities that seqeval finds by default, and in its strict mode.

    They are those of each run of tags between "O"s, which no entity goes beyond; there are few different runs, and
    seqeval takes long.
    """
    runs = list(_runs(tags))
    return _of_runs(runs, _lenient), _of_runs(runs, _strict)


def _runs(tags: Tags) -> Iterator[tuple[int, Tags]]:
    """Yield each run of tags other than "O", with its place."""
    begin = 0
    for place, tag in enumerate((*tags, OUTSIDE)):
        if tag == OUTSIDE:
            if begin < place:
                yield begin, tags[begin:place]
            begin = place + 1


def _of_runs(runs: list[tuple[int, Tags]], find: Callable[[Tags], Entities]) -> Entities:
    return frozenset((kind, at + first, at + last) for at, run in runs for kind, first, last in find(run))


@lru_cache(KEPT)
def _lenient(tags: Tags) -> Entities:
    from seqeval.metrics.sequence_labeling import get_entities

    return frozenset(get_entities(list(tags)))


@lru_cache(KEPT)
def _strict(tags: Tags) -> Entities:
    from seqeval.scheme import IOB2, Entities

    (found,) = Entities([list(tags)], IOB2).entities
    return frozenset((entity.tag, entity.start, entity.end) for entity in found)
