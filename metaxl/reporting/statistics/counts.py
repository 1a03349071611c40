"""What each sentence adds to F1: its counts, and its influence on the difference between two models."""

from __future__ import annotations

from collections.abc import Sequence, Set
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from metaxl.errors import DataError
from metaxl.reporting.prediction import Prediction, entity_counts
from metaxl.tasks import LabelSet, find_task

Counts = NDArray[np.float64]  # (sentences, 3 * groups): true positives, false positives, false negatives of a group
T = TypeVar("T")


def sentence_counts(task: str, labels: LabelSet, predictions: Sequence[Prediction]) -> Counts:
    """Return (sentences, 3 * groups) true positives, false positives and false negatives of each sentence.

    The score is the mean of the groups' F1: all entities are one group, so is the positive class; where macro F1 is
    shown, each class of the gold is one.
    """
    if find_task(task).has_words:
        right, found, true = entity_counts(predictions)[:, -1].T.astype(np.float64)
        return np.stack([right, found - right, true - right], axis=1)
    classes = [labels.positive] if labels.positive else sorted({label for p in predictions for label in p.gold})
    rows = [
        tuple(count for name in classes for count in _compared({name} & set(p.gold), {name} & set(p.predicted)))
        for p in predictions
    ]
    return np.array(rows, np.float64).reshape(len(rows), 3 * len(classes))


def _compared(gold: Set[T], guess: Set[T]) -> tuple[int, int, int]:
    return len(gold & guess), len(guess - gold), len(gold - guess)


def f1(totals: Counts) -> Counts:
    """Return the mean F1 (...), a fraction, over the groups of totals (..., 3 * groups) that the gold has.

    It is 0 where nothing is right. A part of the sentences may lack a class: its macro F1 is the mean over the others.
    """
    groups, there, weight = _groups(totals)
    scores = 2 * groups[..., 0] / weight
    mean: Counts = scores.sum(axis=-1, where=there) / np.maximum(there.sum(axis=-1), 1)
    return mean


def influences(counts: Counts) -> Counts:
    """Return each sentence's influence (sentences,) on F1 as a fraction; their mean is 0.

    F1 of a group is the ratio of two sums, 2 tp over w = 2 tp + fp + fn. The delta method (the infinitesimal jackknife:
    Efron, The Jackknife, the Bootstrap and Other Resampling Plans, 1982, chapter 6) linearises it: with n sentences,
    influence i is n (2 tp_i - F1 w_i) / sum(w), and F1's variance about that of the influences divided by n.
    """
    totals = counts.sum(axis=0)
    groups, there, weight = _groups(totals)
    own = counts.reshape(len(counts), -1, 3)
    scores = 2 * groups[:, 0] / weight
    parts = 2 * own[..., 0] - scores * (2 * own[..., 0] + own[..., 1] + own[..., 2])
    mean: Counts = len(counts) * (parts / weight).sum(axis=-1, where=there) / max(int(there.sum()), 1)
    return mean


def _groups(totals: Counts) -> tuple[Counts, NDArray[np.bool_], Counts]:
    """Return counts (..., groups, 3), which groups the gold has, and F1's divisor of each, 1 where all counts are 0."""
    groups = totals.reshape(*totals.shape[:-1], -1, 3)
    there = groups[..., 0] + groups[..., 2] > 0
    return groups, there, np.maximum(2 * groups[..., 0] + groups[..., 1] + groups[..., 2], 1)


def difference(a: Counts, b: Counts) -> tuple[float, Counts]:
    """Return F1 of a minus F1 of b, in points, and each sentence's influence (sentences,) on it, also in points.

    Raises:
        DataError: the two are not of the same sentences.
    """
    _require_pair(a, b)
    return float(100 * (f1(a.sum(axis=0)) - f1(b.sum(axis=0)))), 100 * (influences(a) - influences(b))


def differing(a: Counts, b: Counts) -> int:
    """Return of how many sentences the counts of the two differ.

    Raises:
        DataError: the two are not of the same sentences.
    """
    _require_pair(a, b)
    return int((a != b).any(axis=1).sum())


def _require_pair(a: Counts, b: Counts) -> None:
    if a.shape != b.shape:
        raise DataError(
            f"The counts of two models are of {len(a)} and {len(b)} sentences with {a.shape[1]} and {b.shape[1]} "
            "columns: a pair is compared on the same sentences and classes. Train both on the same data."
        )
    if len(a) == 0:
        raise DataError("Two models are to be compared on no sentence at all. Give a test set with sentences.")
    if ((a - b)[:, 0::3] + (a - b)[:, 2::3]).any():  # tp + fn of a group is how often the gold has it
        raise DataError(
            "The counts of two models belong to other gold labels: a sentence's true positives and false negatives do "
            "not add up to the same. Train both on the same data."
        )
