"""The scores of the tasks as seqeval and scikit-learn compute them: the second opinion on every record."""

from __future__ import annotations

from collections.abc import Callable

from metaxl.tasks import NER, SENTIMENT, Labels, Scores


def ner_scores(gold: Labels, predicted: Labels) -> Scores:
    """Return seqeval's scores: micro F1, precision and recall by default (conlleval), and strict IOB2 F1."""
    from seqeval.metrics import f1_score, precision_score, recall_score
    from seqeval.scheme import IOB2

    return {
        "f1": float(f1_score(gold, predicted, zero_division=0)),
        "precision": float(precision_score(gold, predicted, zero_division=0)),
        "recall": float(recall_score(gold, predicted, zero_division=0)),
        "strict_f1": float(f1_score(gold, predicted, mode="strict", scheme=IOB2, zero_division=0)),
    }


def sentiment_scores(gold: Labels, predicted: Labels) -> Scores:
    """Return scikit-learn's scores: F1 of the positive class, macro F1 of both, accuracy."""
    from sklearn.metrics import accuracy_score, f1_score

    true, guess = [label for (label,) in gold], [label for (label,) in predicted]
    labels = ["positive", "negative"]
    return {
        "f1": float(f1_score(true, guess, pos_label="positive", zero_division=0)),
        "macro_f1": float(f1_score(true, guess, labels=labels, average="macro", zero_division=0)),
        "accuracy": float(accuracy_score(true, guess)),
    }


LIBRARY_SCORES: dict[str, Callable[[Labels, Labels], Scores]] = {
    NER.name: ner_scores,
    SENTIMENT.name: sentiment_scores,
}
