"""The scores of the tasks as seqeval and scikit-learn compute them: the second opinion on every record."""

from __future__ import annotations

from metaxl.tasks import Labels, LabelSet, Scores, entity_spans, find_task


def library_scores(task: str, labels: LabelSet, gold: Labels, predicted: Labels) -> Scores:
    """Return the scores of a task, None where one is not defined."""
    return _ner_scores(gold, predicted) if find_task(task).has_words else _class_scores(labels, gold, predicted)


def _ner_scores(gold: Labels, predicted: Labels) -> Scores:
    """Return seqeval's scores: micro F1, precision and recall by default (conlleval), and strict IOB2 F1."""
    from seqeval.metrics import f1_score, precision_score, recall_score
    from seqeval.scheme import IOB2

    names = ("f1", "precision", "recall", "strict_f1")
    if not any(entity_spans(tags, strict=False) for tags in gold):
        return dict.fromkeys(names)
    strict = any(entity_spans(tags, strict=True) for tags in gold)
    return {
        "f1": float(f1_score(gold, predicted, zero_division=0)),
        "precision": float(precision_score(gold, predicted, zero_division=0)),
        "recall": float(recall_score(gold, predicted, zero_division=0)),
        "strict_f1": float(f1_score(gold, predicted, mode="strict", scheme=IOB2, zero_division=0)) if strict else None,
    }


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
