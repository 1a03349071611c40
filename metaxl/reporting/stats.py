"""How certain a difference is: paired tests of two cells over the same sentences."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from metaxl.errors import DataError
from metaxl.reporting.records import Prediction
from metaxl.tasks import LabelSet, entity_spans, find_task

RESAMPLES = 9_999
CONFIDENCE = 0.95
CHUNK = 500  # resamples held in memory at a time
Counts = NDArray[np.float64]
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Comparison:
    """F1 of two cells on the same sentences, as fractions.

    Attributes:
        first: F1 of the one.
        second: F1 of the other, which `difference` is taken from.
        p_value: of approximate randomization, two-sided: how often a difference as large arises when it does
            not matter which cell a sentence's prediction came from.
        low: lower bound of the paired bootstrap's 95 % percentile interval of the difference.
        high: its upper bound.
        sentences: how many the two were compared on.
    """

    first: float
    second: float
    p_value: float
    low: float
    high: float
    sentences: int

    @property
    def difference(self) -> float:
        """Return first minus second."""
        return self.first - self.second


def compare(
    task: str, labels: LabelSet, first: Sequence[Prediction], second: Sequence[Prediction], seed: int = 0
) -> Comparison:
    """Compare two cells' predictions of the same sentences; `seed` draws the resamples.

    Raises:
        DataError: the two did not predict the same sentences.
    """
    ones, others = _aligned(first, second)
    a, b = _counts(task, labels, ones), _counts(task, labels, others)
    low, high = _bootstrap_interval(a, b, np.random.default_rng(seed))
    return Comparison(
        first=float(_f1(a.sum(axis=0))),
        second=float(_f1(b.sum(axis=0))),
        p_value=_randomization_p(a, b, np.random.default_rng(seed)),
        low=low,
        high=high,
        sentences=len(a),
    )


def _aligned(first: Sequence[Prediction], second: Sequence[Prediction]) -> tuple[list[Prediction], list[Prediction]]:
    """Return both in the order of the first, sentence by sentence."""
    by_id = {prediction.id: prediction for prediction in second}
    unpaired = {prediction.id for prediction in first} ^ set(by_id)
    if unpaired:
        raise DataError(
            f"Predictions of {len(unpaired)} sentences, among them {min(unpaired)!r}, belong to one of the two cells "
            "only: they were trained on different data. Train both again."
        )
    others = [by_id[prediction.id] for prediction in first]
    changed = [a.id for a, b in zip(first, others, strict=True) if a.gold != b.gold]
    if changed:
        raise DataError(
            f"{len(changed)} sentences, among them {changed[0]!r}, have other gold labels in the other cell: the two "
            "were trained on different data. Train both again."
        )
    return list(first), others


def _counts(task: str, labels: LabelSet, predictions: Sequence[Prediction]) -> Counts:
    """Return (sentences, 3 a group) true positives, false positives and false negatives of each sentence.

    The score is the mean of the groups' F1: all entities are one group, so is the positive class; where macro F1 is
    shown, each class of the gold is one.
    """
    if find_task(task).has_words:
        return np.array([_compared(_entities(p.gold), _entities(p.predicted)) for p in predictions], np.float64)
    classes = [labels.positive] if labels.positive else sorted({label for p in predictions for label in p.gold})
    rows = [[_compared({name} & set(p.gold), {name} & set(p.predicted)) for name in classes] for p in predictions]
    return np.array(rows, np.float64).reshape(len(rows), -1)


def _entities(tags: Sequence[str]) -> set[tuple[str, int, int]]:
    return set(entity_spans(tags, strict=False))


def _compared(gold: set[T], guess: set[T]) -> tuple[int, int, int]:
    return len(gold & guess), len(guess - gold), len(gold - guess)


def _f1(totals: Counts) -> Counts:
    """Return the mean F1 (...) over the groups of totals (..., 3 a group) that the gold has; 0 where nothing is right.

    A resample may lack a class: its macro F1 is then the mean over the others, as that of any gold.
    """
    groups = totals.reshape(*totals.shape[:-1], -1, 3)
    right, there = 2 * groups[..., 0], groups[..., 0] + groups[..., 2] > 0
    scores = right / np.maximum(right + groups[..., 1] + groups[..., 2], 1)
    mean: Counts = scores.sum(axis=-1, where=there) / np.maximum(there.sum(axis=-1), 1)
    return mean


def _randomization_p(a: Counts, b: Counts, generator: np.random.Generator) -> float:
    """Return the p value of paired approximate randomization: each sentence's two predictions trade places or not.

    The observed assignment counts as one of the resamples, so that no p value is 0.
    """
    observed = abs(_f1(a.sum(axis=0)) - _f1(b.sum(axis=0)))
    extreme = 0
    for size in _chunks():
        swapped = generator.integers(0, 2, size=(size, len(a))).astype(np.float64)
        moved = swapped @ (b - a)
        differences = np.abs(_f1(a.sum(axis=0) + moved) - _f1(b.sum(axis=0) - moved))
        extreme += int((differences >= observed - 1e-12).sum())
    return (extreme + 1) / (RESAMPLES + 1)


def _bootstrap_interval(a: Counts, b: Counts, generator: np.random.Generator) -> tuple[float, float]:
    """Return the percentile interval of the difference over sentences drawn with replacement, the same for both."""
    both = np.hstack([a, b])
    differences = []
    for size in _chunks():
        totals = both[generator.integers(0, len(a), size=(size, len(a)))].sum(axis=1)
        differences.append(_f1(totals[:, : a.shape[1]]) - _f1(totals[:, a.shape[1] :]))
    tail = (1 - CONFIDENCE) / 2
    low, high = np.quantile(np.concatenate(differences), [tail, 1 - tail])
    return float(low), float(high)


def _chunks() -> Iterator[int]:
    """Yield sizes that add up to RESAMPLES."""
    return (min(CHUNK, RESAMPLES - start) for start in range(0, RESAMPLES, CHUNK))
