"""The scores of one trained model on its test sentences, of everything and of each type, with intervals."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from metaxl.reporting.prediction import Prediction
from metaxl.reporting.statistics.counts import Counts, f1, influences, sentence_counts
from metaxl.reporting.statistics.estimate import Estimate, estimate
from metaxl.tasks import OUTSIDE, LabelSet, Task, type_of

ALL = ""  # in place of a type: everything together


@dataclass(frozen=True, slots=True)
class Score:
    """A line of the card's table.

    Attributes:
        kind: a type of entity or a class; ALL for everything.
        f1: as a fraction; None where the test set has nothing to find.
        precision: likewise; None where it is not counted.
        recall: likewise.
        support: how often the test set has it; None where that means nothing.
        found: F1 in percent with its interval over test sentences of this one model; None where nobody can tell.
    """

    kind: str
    f1: float | None
    precision: float | None
    recall: float | None
    support: int | None
    found: Estimate | None


def scores_with_intervals(
    task: Task, labels: LabelSet, test: dict[str, Any], predictions: Sequence[Prediction]
) -> list[Score]:
    """Return the scores of a record's test set, with intervals where the predictions behind it are there.

    Args:
        task: of the model.
        labels: its classes.
        test: what the record says of test.
        predictions: of test; none where they are not those of the model.
    """
    whole = Score(ALL, test["f1"], test.get("precision"), test.get("recall"), None, None)
    of_types = [
        Score(kind, about["f1"], about["precision"], about["recall"], about["support"], None)
        for kind, about in test["by_type"].items()
    ]
    return [replace(score, found=_interval(task, labels, score, predictions)) for score in (whole, *of_types)]


def _interval(task: Task, labels: LabelSet, score: Score, predictions: Sequence[Prediction]) -> Estimate | None:
    """Return F1 with its interval; None where it has none, or all sentences say the same."""
    if score.f1 is None or len(predictions) < 2:
        return None
    counts = _counts(task, labels, score.kind, predictions)
    spread, size = influences(counts), len(counts)
    error = math.sqrt(float((spread**2).sum()) / (size - 1) / size)
    return estimate(100 * float(f1(counts.sum(axis=0))), 100 * error, size - 1) if error else None


def _counts(task: Task, labels: LabelSet, kind: str, predictions: Sequence[Prediction]) -> Counts:
    """Return what each sentence adds to the F1 of a type of entity, or of a class."""
    if kind == ALL:
        return sentence_counts(task.name, labels, predictions)
    if not task.has_words:
        return sentence_counts(task.name, replace(labels, positive=kind), predictions)
    alone = [
        replace(one, gold=_of_type(one.gold, kind), predicted=_of_type(one.predicted, kind)) for one in predictions
    ]
    return sentence_counts(task.name, labels, alone)


def _of_type(tags: Sequence[str], kind: str) -> list[str]:
    return [tag if type_of(tag) == kind else OUTSIDE for tag in tags]
