"""The entities of a sentence, by seqeval and by our own definition, remembered: cells mostly predict the same tags."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

from metaxl.tasks import OUTSIDE, entity_spans

KEPT = 20_000  # sentences, and runs of tags, that are remembered
Tags = tuple[str, ...]
Entities = frozenset[tuple[str, int, int]]  # type, first and last word


class Found(NamedTuple):
    """The entities of a sentence, by three definitions.

    Attributes:
        lenient: those that seqeval finds by default (conlleval).
        strict: those that it finds in its strict mode, in which an entity begins with B-.
        own: those of `metaxl.tasks.entity_spans`, whose default is conlleval's.
    """

    lenient: Entities
    strict: Entities
    own: Entities


NONE = Found(frozenset(), frozenset(), frozenset())


@lru_cache(KEPT)
def find_entities(tags: Tags) -> Found:
    """Return the entities of a sentence: those of each run of tags between "O"s, which no entity goes beyond.

    There are few different runs, and seqeval takes long.
    """
    runs = [_placed(run, at) for at, run in _runs(tags)]
    if len(runs) < 2:
        return runs[0] if runs else NONE
    return Found(*(frozenset().union(*parts) for parts in zip(*runs, strict=True)))


def _runs(tags: Tags) -> Iterator[tuple[int, Tags]]:
    """Yield each run of tags other than "O", with its place."""
    begin = None
    for place, tag in enumerate(tags):
        if tag != OUTSIDE:
            begin = place if begin is None else begin
        elif begin is not None:
            yield begin, tags[begin:place]
            begin = None
    if begin is not None:
        yield begin, tags[begin:]


@lru_cache(KEPT)
def _placed(run: Tags, at: int) -> Found:
    """Return the entities of a run that begins at a place of its sentence."""
    return Found(*(frozenset((kind, at + first, at + last) for kind, first, last in found) for found in _of_run(run)))


@lru_cache(KEPT)
def _of_run(run: Tags) -> Found:
    from seqeval.metrics.sequence_labeling import get_entities
    from seqeval.scheme import IOB2, Entities

    (strict,) = Entities([list(run)], IOB2).entities
    return Found(
        frozenset(get_entities(list(run))),
        frozenset((entity.tag, entity.start, entity.end) for entity in strict),
        frozenset(entity_spans(run, strict=False)),
    )
