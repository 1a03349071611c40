"""The scores of the tasks as seqeval and scikit-learn compute them: the second opinion on every record."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from itertools import chain

from metaxl.reporting.prediction import Prediction, entity_counts
from metaxl.tasks import Labels, LabelSet, Scores, find_task

WHAT = ("right", "found", "true")  # the numbers of entities, as `Prediction.by_type` calls them


def library_scores(task: str, labels: LabelSet, predictions: Sequence[Prediction]) -> Scores:
    """Return the scores of a task, None where one is not defined."""
    return _ner_scores(predictions) if find_task(task).has_words else _class_scores(labels, predictions)


def _ner_scores(predictions: Sequence[Prediction]) -> Scores:
    """Return micro F1, precision and recall of the entities that seqeval finds by default (conlleval), and strict F1.

    These are the numbers of seqeval's own f1_score and its like (a test says so), which look for the entities of the
    same sentence again and again.
    """
    lenient, strict, _ = entity_counts(predictions).sum(axis=0).tolist()
    precision, recall, f1 = _rates(*lenient)
    return {"f1": f1, "precision": precision, "recall": recall, "strict_f1": _rates(*strict)[2]}


def _rates(right: int, found: int, true: int) -> tuple[float, float, float] | tuple[None, None, None]:
    """Return precision, recall and F1 as `metaxl.tasks.prf` does, from the numbers of entities."""
    if not true:
        return None, None, None
    precision = right / found if found else 0.0
    recall = right / true
    return precision, recall, 2 * precision * recall / (precision + recall) if right else 0.0


def scores_by_type(task: str, labels: LabelSet, predictions: Sequence[Prediction]) -> dict[str, Scores]:
    """Return what `Task.score_by_type` does; what a sentence adds is remembered."""
    kind = find_task(task)
    if not kind.has_words:
        return kind.score_by_type(labels, *_pairs(predictions))
    counts = Counter(chain.from_iterable(one.by_type for one in predictions))
    return {name: _of_type(*(counts[f"{what}:{name}"] for what in WHAT)) for name in kind.kinds(labels)}


def _of_type(right: int, found: int, true: int) -> Scores:
    precision, recall, f1 = _rates(right, found, true)
    return {"precision": precision, "recall": recall, "f1": f1, "support": true}


def _pairs(predictions: Sequence[Prediction]) -> tuple[Labels, Labels]:
    return [one.gold for one in predictions], [one.predicted for one in predictions]


def _class_scores(labels: LabelSet, predictions: Sequence[Prediction]) -> Scores:
    """Return scikit-learn's scores: F1 of the positive class or macro F1, macro F1, accuracy."""
    from sklearn.metrics import accuracy_score, f1_score

    true, guess = ([label for (label,) in part] for part in _pairs(predictions))
    macro = float(f1_score(true, guess, labels=sorted(set(true)), average="macro", zero_division=0))
    shown: float | None = macro
    if labels.positive:
        one = f1_score(true, guess, labels=[labels.positive], average="macro", zero_division=0)
        shown = float(one) if labels.positive in true else None
    return {"f1": shown, "macro_f1": macro, "accuracy": float(accuracy_score(true, guess))}
