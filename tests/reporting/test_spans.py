"""Entities that are found run by run are those of the whole sentence, by each of the three definitions."""

from __future__ import annotations

from random import Random

from seqeval.metrics.sequence_labeling import get_entities
from seqeval.scheme import IOB2, Entities

from metaxl.reporting.spans import Found, find_entities
from metaxl.tasks import entity_spans

TAGS = ("O", "O", "B-PER", "I-PER", "B-LOC", "I-LOC", "B-LOC-2", "I-LOC-2")


def whole(tags):
    """Return what the three definitions find where they look at all tags at once."""
    (strict,) = Entities([list(tags)], IOB2).entities
    return Found(
        frozenset(get_entities(list(tags))),
        frozenset((entity.tag, entity.start, entity.end) for entity in strict),
        frozenset(entity_spans(tags, strict=False)),
    )


def test_runs_give_what_the_whole_sentence_gives():
    draw = Random(7)
    sentences = [tuple(draw.choices(TAGS, k=draw.randrange(14))) for _ in range(2000)]
    assert all(find_entities(tags) == whole(tags) for tags in sentences)
    assert any(len(find_entities(tags).own) > 2 for tags in sentences)
    assert any(find_entities(tags).strict != find_entities(tags).lenient for tags in sentences)


def test_a_sentence_without_words_or_entities_has_none():
    assert find_entities(()) == find_entities(("O", "O")) == Found(frozenset(), frozenset(), frozenset())
