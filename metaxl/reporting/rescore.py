"""The scores of the tasks as seqeval and scikit-learn compute them: the second opinion on every record."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache

from metaxl.tasks import Labels, LabelSet, Scores, Spans, find_task, prf

KEPT = 200_000  # sequences of tags whose entities are remembered: many cells predict the same for the same sentence
Entities = frozenset[tuple[str, int, int]]


def library_scores(task: str, labels: LabelSet, gold: Labels, predicted: Labels) -> Scores:
    """Return the scores of a task, None where one is not defined."""
    return _ner_scores(gold, predicted) if find_task(task).has_words else _class_scores(labels, gold, predicted)


def _ner_scores(gold: Labels, predicted: Labels) -> Scores:
    """Return micro F1, precision and recall of the entities that seqeval finds by default (conlleval), and strict F1.

    These are the numbers of seqeval's own f1_score and its like (a test says so), which look for the entities of the
    same sentence again and again.
    """
    precision, recall, f1 = prf(_all(gold, _lenient), _all(predicted, _lenient))
    strict_f1 = prf(_all(gold, _strict), _all(predicted, _strict))[2]
    return {"f1": f1, "precision": precision, "recall": recall, "strict_f1": strict_f1}


def _all(sentences: Labels, find: Callable[[tuple[str, ...]], Entities]) -> Spans:
    return {(number, *entity) for number, tags in enumerate(sentences) for entity in find(tuple(tags))}


@lru_cache(KEPT)
def _lenient(tags: Sequence[str]) -> Entities:
    from seqeval.metrics.sequence_labeling import get_entities

    return frozenset(get_entities(list(tags)))


@lru_cache(KEPT)
def _strict(tags: Sequence[str]) -> Entities:
    from seqeval.scheme import IOB2, Entities

    (found,) = Entities([list(tags)], IOB2).entities
    return frozenset((entity.tag, entity.start, entity.end) for entity in found)


def _class_scores(labels: LabelSet, gold: Labels, predicted: Labels) -> Scores:
    """Return scikit-learn's scores: F1 of the positive class or macro F1, macro F1, accuracy."""
    from sklearn.metrics import accuracy_score, f1_score

    true, guess = [label for (label,) in gold], [label for (label,) in predicted]
    macro = float(f1_score(true, guess, labels=sorted(set(true)), average="macro", zero_division=0))
    shown: float | None = macro
    if labels.positive:
        one = f1_score(true, guess, labels=[labels.positive], average="macro", zero_division=0)
        shown = float(one) if labels.positive in true else None
    return {"f1": shown, "macro_f1": macro, "accuracy": float(accuracy_score(true, guess))}
