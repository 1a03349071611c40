"""Sentences of any length as windows that a model can read at once, each word read where most stands around it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate

import numpy as np
from tokenizers import Encoding

from metaxl.data.encode import Encoded

OVERLAP = 0.5  # of a window that the next one has too: no word is nearer than a quarter to an inner edge


@dataclass(frozen=True, slots=True)
class Window:
    """A part of a sentence that is read at once.

    Attributes:
        sentence: its number.
        ids: its subwords, special tokens included.
        words: the words that are labelled here, by their place in the sentence.
        places: where in `ids` the first subword of each of them stands.
    """

    sentence: int
    ids: Sequence[int]
    words: Sequence[int]
    places: Sequence[int]


def windows(sentence: int, encoding: Encoding, limit: int) -> Iterator[Window]:
    """Yield the windows of a sentence, of at most `limit` subwords: one where it is no longer.

    A word without a subword is labelled nowhere. Consecutive windows share OVERLAP of what they read, and each labels
    the half of it that lies nearer to its own middle.
    """
    special = encoding.special_tokens_mask
    head = next((place for place, mask in enumerate(special) if not mask), len(special))
    tail = next((place for place, mask in enumerate(reversed(special)) if not mask), 0)
    ids, end = encoding.ids, len(encoding.ids) - tail
    firsts = _first_subwords(encoding)
    width = limit - head - tail if len(ids) > limit else max(end - head, 1)
    step = max(1, width - int(OVERLAP * width))
    bound = head  # the first place that this window labels
    for start in range(head, max(end, head + 1), step):
        stop = min(start + width, end)
        last = stop == end
        until = end if last else (start + step + stop) // 2
        own = [(place, word) for place, word in firsts if bound <= place < until]
        if own:
            content = [*ids[:head], *ids[start:stop], *ids[end:]]
            yield Window(sentence, content, [word for _, word in own], [head + place - start for place, _ in own])
        if last:
            return
        bound = until


def _first_subwords(encoding: Encoding) -> list[tuple[int, int]]:
    """Return (place, word) of the first subword of each word that has one."""
    firsts: dict[int, int] = {}
    for place, word in enumerate(encoding.word_ids):
        if word is not None:
            firsts.setdefault(word, place)
    return [(place, word) for word, place in firsts.items()]


def as_data(parts: Sequence[Window]) -> Encoded:
    """Return windows as a data set without true labels: what batches are made of."""
    bounds = np.array([0, *accumulate(len(part.words) for part in parts)])
    words = np.array([word for part in parts for word in part.words], dtype=np.int64)
    nothing = np.zeros_like(words)
    return Encoded(
        ids=np.array([number for part in parts for number in part.ids], dtype=np.int64),
        starts=np.array([0, *accumulate(len(part.ids) for part in parts)]),
        labelled=np.array([place for part in parts for place in part.places], dtype=np.int64),
        labels=nothing,
        words=words,
        label_starts=bounds,
        gold=nothing,
        word_starts=bounds,
        names=np.array([str(part.sentence) for part in parts]),
        texts=np.zeros(0, np.uint8),
    )
