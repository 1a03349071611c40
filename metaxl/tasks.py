"""What a task is, once: its labels, its metrics, its head, its scores, and how a reader calls its examples.

The scores are light enough for the training loop. Span F1 is conlleval's, as seqeval computes it by default; a test
holds the two together on random tags, and `metaxl.reporting.rescore` scores every cell again with seqeval itself before
anything shows it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from metaxl.errors import ConfigError, did_you_mean

SPLITS = ("train", "dev", "test")  # of a target language; of a source language the first alone
SCORED_SPLITS = ("dev", "test")
Spans = set[tuple[int, str, int, int]]
Labels = Sequence[Sequence[str]]  # of every word of every sentence; of a review the one that it has
Scores = dict[str, float]


def ner_scores(gold: Sequence[Sequence[str]], predicted: Sequence[Sequence[str]]) -> Scores:
    """Return micro-averaged span precision, recall and F1, and strict F1, as fractions.

    Args:
        gold: tags of every word of every sentence.
        predicted: likewise; words without a prediction are "O".
    """
    lenient = _f1(_spans(gold, strict=False), _spans(predicted, strict=False))
    strict = _f1(_spans(gold, strict=True), _spans(predicted, strict=True))
    return {"f1": lenient[2], "precision": lenient[0], "recall": lenient[1], "strict_f1": strict[2]}


def sentiment_scores(gold: Sequence[Sequence[str]], predicted: Sequence[Sequence[str]]) -> Scores:
    """Return F1 of the positive class, macro F1 and accuracy, as fractions.

    Args:
        gold: the one label of every review, each in a list of its own.
        predicted: likewise.
    """
    by_label = {
        label: _f1(
            {(i, label, 0, 0) for i, (value,) in enumerate(gold) if value == label},
            {(i, label, 0, 0) for i, (value,) in enumerate(predicted) if value == label},
        )[2]
        for label in ("positive", "negative")
    }
    right = sum(a == b for a, b in zip(gold, predicted, strict=True))
    return {"f1": by_label["positive"], "macro_f1": sum(by_label.values()) / 2, "accuracy": right / len(gold)}


def _spans(sentences: Sequence[Sequence[str]], strict: bool) -> Spans:
    return {(i, *span) for i, tags in enumerate(sentences) for span in entity_spans(tags, strict)}


def entity_spans(tags: Sequence[str], strict: bool) -> list[tuple[str, int, int]]:
    """Return (type, first word, last word) of each entity in IOB2 tags.

    An I- tag that continues nothing starts an entity (conlleval), or is ignored with all its followers if strict.
    """
    spans: list[tuple[str, int, int]] = []
    open_type, start = "", 0
    for place, tag in enumerate([*tags, "O"]):
        prefix, _, kind = tag.partition("-")
        if prefix == "I" and kind == open_type:
            continue
        if open_type:
            spans.append((open_type, start, place - 1))
        starts = prefix == "B" or (prefix == "I" and not strict)
        open_type, start = (kind, place) if starts else ("", place)
    return spans


def _f1(gold: Spans, predicted: Spans) -> tuple[float, float, float]:
    """Return precision, recall and F1; 0 where a denominator is 0, as seqeval does."""
    right = len(gold & predicted)
    precision = right / len(predicted) if predicted else 0.0
    recall = right / len(gold) if gold else 0.0
    f1 = 2 * precision * recall / (precision + recall) if right else 0.0
    return precision, recall, f1


@dataclass(frozen=True, slots=True)
class Task:
    """A task.

    Attributes:
        name: in paths and in the configuration.
        title: at the head of its table.
        labels: its classes; the first is predicted where there is no prediction.
        head: whether each word of an example has a label of its own ("token") or the example has one ("sequence").
        units: what its examples are called.
        metrics: the names of its scores; the first is shown and chooses the best epoch.
        measure: what the first metric is, for the notes below a table.
        score: the scores, as fractions, from the gold and the predicted labels.
    """

    name: str
    title: str
    labels: tuple[str, ...]
    head: Literal["token", "sequence"]
    units: str
    metrics: tuple[str, ...]
    measure: str
    score: Callable[[Labels, Labels], Scores]

    @property
    def has_words(self) -> bool:
        """Whether an example is a list of words with a label each, not a text with one label."""
        return self.head == "token"


NER = Task(
    name="ner",
    title="NER",
    labels=("O", "B-PER", "I-PER", "B-ORG", "I-ORG", "B-LOC", "I-LOC"),
    head="token",
    units="sentences",
    metrics=("f1", "precision", "recall", "strict_f1"),
    measure="micro F1 over entity spans as seqeval computes it by default (conlleval)",
    score=ner_scores,
)
SENTIMENT = Task(
    name="sentiment",
    title="Sentiment classification",
    labels=("negative", "positive"),
    head="sequence",
    units="reviews",
    metrics=("f1", "macro_f1", "accuracy"),
    measure="F1 of the positive class",
    score=sentiment_scores,
)
TASKS = {task.name: task for task in (NER, SENTIMENT)}


def find_task(name: str) -> Task:
    """Return the task called `name`.

    Raises:
        ConfigError: there is none.
    """
    if name not in TASKS:
        raise ConfigError(f"No task {name!r}; there are {', '.join(TASKS)}.{did_you_mean(name, TASKS)}")
    return TASKS[name]
