"""Predictions over whole sentences, and their scores."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from metaxl.data.encode import Encoded, Integers
from metaxl.encoder.batch import Batch, make_batch
from metaxl.encoder.network import Network, Parameters
from metaxl.tasks import LabelSet

TOKENS_PER_BATCH = 4096


def predict(network: Network, labels: LabelSet, theta: Parameters, data: Encoded) -> list[list[str]]:
    """Return the predicted label of every word of every example, in the order of `data`.

    Words without a labelled subword, and words beyond the length limit, are predicted as the first label ("O").
    """
    return predict_with_loss(network, labels, theta, data)[0]


def predict_with_loss(
    network: Network, labels: LabelSet, theta: Parameters, data: Encoded
) -> tuple[list[list[str]], float | None]:
    """Return what `predict` does, and the mean cross-entropy over all labelled subwords; None where there is none."""
    classes, loss, count = np.zeros(len(data.gold), dtype=np.int64), 0.0, 0
    for chosen, batch, scores in _passes(network, theta, data):
        classes[_word_places(data, chosen)] = scores.argmax(dim=1).cpu().numpy()
        loss += float(F.cross_entropy(scores, batch.labels, reduction="sum"))
        count += len(batch.labels)
    predicted = [[labels.classes[i] for i in part] for part in np.split(classes, data.word_starts[1:-1])]
    return predicted, loss / count if count else None


def mean_loss(network: Network, theta: Parameters, data: Encoded, limit: int) -> float | None:
    """Return the mean cross-entropy over the labelled subwords of the first `limit` examples; None where there is none.

    Without dropout.
    """
    pairs = [(scores, batch.labels) for _, batch, scores in _passes(network, theta, data, limit)]
    count = sum(len(labels) for _, labels in pairs)
    total = sum(float(F.cross_entropy(scores, labels, reduction="sum")) for scores, labels in pairs)
    return total / count if count else None


def _passes(
    network: Network, theta: Parameters, data: Encoded, limit: int | None = None
) -> Iterator[tuple[Integers, Batch, Tensor]]:
    """Yield example numbers, their batch and its scores, (labelled subwords, classes), for all examples with any."""
    example = next(iter(theta.values()))
    evaluating = network.evaluating()
    with torch.inference_mode():
        for chosen in length_sorted(data, limit):
            batch = make_batch([(data, chosen)], example.device, example.dtype)
            if len(batch.labelled):
                yield chosen, batch, evaluating.scores(theta, batch)


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
