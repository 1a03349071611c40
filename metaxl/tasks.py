"""What a task is, once: its classes, its metrics, its head, its scores, and how a reader calls its examples.

The scores are light enough for the training loop. Span F1 is conlleval's, as seqeval computes it by default; a test
holds the two together on random tags, and `metaxl.reporting.rescore` scores every cell again with seqeval itself before
anything shows it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from statistics import fmean
from typing import Literal

from metaxl.errors import ConfigError, did_you_mean

SPLITS = ("train", "dev", "test")  # of a target language; of a source language the first alone
SCORED_SPLITS = ("dev", "test")
Spans = set[tuple[int, str, int, int]]
Labels = Sequence[Sequence[str]]  # of every word of every sentence; of a review the one that it has
Scores = dict[str, float | None]  # as fractions; None where a score is not defined
OUTSIDE = "O"


@dataclass(frozen=True, slots=True)
class LabelSet:
    """The classes of a task in one experiment, which its data and the mapping of their labels decide.

    Attributes:
        classes: in the order of the model's outputs; of NER "O" is the first, then B- and I- of each type.
        positive: of two classes the one whose F1 is shown; empty where the mean over classes is.
    """

    classes: tuple[str, ...]
    positive: str = ""


def ner_scores(gold: Labels, predicted: Labels) -> Scores:
    """Return micro-averaged span precision, recall and F1, and strict F1; None where there is no entity to find.

    Args:
        gold: tags of every word of every sentence.
        predicted: likewise; words without a prediction are "O".
    """
    lenient = prf(_spans(gold, strict=False), _spans(predicted, strict=False))
    strict = prf(_spans(gold, strict=True), _spans(predicted, strict=True))
    return {"f1": lenient[2], "precision": lenient[0], "recall": lenient[1], "strict_f1": strict[2]}


def class_scores(gold: Labels, predicted: Labels, positive: str) -> Scores:
    """Return the score that is shown, macro F1 and accuracy of texts with one label each.

    Args:
        gold: the one label of every text, each in a list of its own.
        predicted: likewise.
        positive: the class whose F1 is shown, None where the gold has none of it; empty to show macro F1, the mean over
            the classes that the gold has.
    """
    true, guess = _all_classes(gold), _all_classes(predicted)
    by_class: dict[str, float] = {}
    for name in sorted({label for (label,) in gold}):
        _, _, f1 = prf({span for span in true if span[1] == name}, {span for span in guess if span[1] == name})
        by_class[name] = f1 or 0.0
    macro = fmean(by_class.values())
    right = sum(a == b for a, b in zip(gold, predicted, strict=True))
    return {
        "f1": by_class.get(positive) if positive else macro,
        "macro_f1": macro,
        "accuracy": right / len(gold),
    }


def _all_classes(labels: Labels) -> Spans:
    return {(i, label, 0, 0) for i, (label,) in enumerate(labels)}


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


def prf(gold: Spans, predicted: Spans) -> tuple[float, float, float] | tuple[None, None, None]:
    """Return precision, recall and F1: None where there is nothing to find, 0 where nothing is found (as seqeval)."""
    if not gold:
        return None, None, None
    right = len(gold & predicted)
    precision = right / len(predicted) if predicted else 0.0
    recall = right / len(gold)
    f1 = 2 * precision * recall / (precision + recall) if right else 0.0
    return precision, recall, f1


@dataclass(frozen=True, slots=True)
class Task:
    """A task.

    Attributes:
        name: in paths and in the configuration.
        title: at the head of its table.
        usual: the labels of the paper's corpora and of the demo's.
        head: whether each word of an example has a label of its own ("token") or the example has one ("sequence").
        units: what its examples are called.
        metrics: the names of its scores; the first is shown and chooses the best epoch.
    """

    name: str
    title: str
    usual: tuple[str, ...]
    head: Literal["token", "sequence"]
    units: str
    metrics: tuple[str, ...]

    @property
    def has_words(self) -> bool:
        """Whether an example is a list of words with a label each, not a text with one label."""
        return self.head == "token"

    def label_set(self, labels: Iterable[str], positive: str = "positive") -> LabelSet:
        """Return the classes that these labels make: types of the paper's corpora first, all others by their name."""
        if not self.has_words:
            classes = tuple(sorted(set(labels)))
            return LabelSet(classes, positive if len(classes) == 2 and positive in classes else "")
        usual = list(dict.fromkeys(map(type_of, self.usual)))
        types = sorted({type_of(label) for label in labels} - {""})
        types.sort(key=lambda kind: usual.index(kind) if kind in usual else len(usual))  # the others stay in order
        return LabelSet((OUTSIDE, *(f"{mark}-{kind}" for kind in types for mark in "BI")))

    def score(self, labels: LabelSet, gold: Labels, predicted: Labels) -> Scores:
        """Return the scores of predictions, as fractions."""
        return ner_scores(gold, predicted) if self.has_words else class_scores(gold, predicted, labels.positive)

    def score_by_type(self, labels: LabelSet, gold: Labels, predicted: Labels) -> dict[str, Scores]:
        """Return precision, recall, F1 and support, the count in the gold, of each type of entity or each class."""
        find = partial(_spans, strict=False) if self.has_words else _all_classes
        true, guess = find(gold), find(predicted)
        by_type: dict[str, Scores] = {}
        for kind in self.kinds(labels):
            own = {span for span in true if span[1] == kind}
            precision, recall, f1 = prf(own, {span for span in guess if span[1] == kind})
            by_type[kind] = {"precision": precision, "recall": recall, "f1": f1, "support": len(own)}
        return by_type

    def kinds(self, labels: LabelSet) -> tuple[str, ...]:
        """Return the types of entity, or the classes."""
        return tuple(map(type_of, labels.classes[1::2])) if self.has_words else labels.classes

    def measure(self, labels: LabelSet) -> str:
        """Return what the first metric is, for the notes below a table."""
        if self.has_words:
            return "micro F1 over entity spans as seqeval computes it by default (conlleval)"
        return f"F1 of the {labels.positive} class" if labels.positive else "macro F1 over classes"


def type_of(tag: str) -> str:
    """Return the type of entity that a tag of IOB2 is of; empty for "O"."""
    return tag.partition("-")[2]


NER = Task(
    name="ner",
    title="NER",
    usual=("O", "B-PER", "I-PER", "B-ORG", "I-ORG", "B-LOC", "I-LOC"),
    head="token",
    units="sentences",
    metrics=("f1", "precision", "recall", "strict_f1"),
)
SENTIMENT = Task(
    name="sentiment",
    title="Sentiment classification",
    usual=("negative", "positive"),
    head="sequence",
    units="reviews",
    metrics=("f1", "macro_f1", "accuracy"),
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
