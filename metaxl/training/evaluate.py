"""Predictions over whole sentences, and their scores."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import torch

from metaxl.data.encode import Encoded, Integers
from metaxl.encoder.batch import make_batch
from metaxl.encoder.network import Network, Parameters
from metaxl.tasks import LabelSet

TOKENS_PER_BATCH = 4096


def predict(network: Network, labels: LabelSet, theta: Parameters, data: Encoded) -> list[list[str]]:
    """Return the predicted label of every word of every example, in the order of `data`.

    Words without a labelled subword, and words beyond the length limit, are predicted as the first label ("O").
    """
    classes = np.zeros(len(data.gold), dtype=np.int64)
    example = next(iter(theta.values()))
    evaluating = network.evaluating()
    with torch.inference_mode():
        for chosen in length_sorted(data):
            batch = make_batch([(data, chosen)], example.device, example.dtype)
            if not len(batch.labelled):
                continue
            best = evaluating.scores(theta, batch).argmax(dim=1).cpu().numpy()
            classes[_word_places(data, chosen)] = best
    return [[labels.classes[i] for i in part] for part in np.split(classes, data.word_starts[1:-1])]


def gold_labels(labels: LabelSet, data: Encoded) -> list[list[str]]:
    """Return the true label of every word of every example."""
    return [[labels.classes[i] for i in part] for part in np.split(data.gold, data.word_starts[1:-1])]


def length_sorted(data: Encoded, limit: int | None = None) -> Iterator[Integers]:
    """Yield the first `limit` example numbers in batches of like length and at most TOKENS_PER_BATCH padded tokens."""
    lengths = data.lengths()[:limit]
    order = np.argsort(lengths, kind="stable")[::-1]
    start = 0
    while start < len(order):
        size = max(1, TOKENS_PER_BATCH // int(lengths[order[start]]))
        yield order[start : start + size]
        start += size


def _word_places(data: Encoded, chosen: Integers) -> Integers:
    """Return, for each labelled subword of the chosen examples, its word's index in `data.gold`."""
    return np.concatenate(
        [data.word_starts[i] + data.words[data.label_starts[i] : data.label_starts[i + 1]] for i in chosen]
    )
