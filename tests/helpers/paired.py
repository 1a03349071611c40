"""Predictions of two invented methods on the same sentences."""

from __future__ import annotations

import random

from metaxl.reporting.prediction import Prediction
from metaxl.reporting.statistics.counts import sentence_counts
from metaxl.tasks import LabelSet

MOODS = LabelSet(("bad", "fair", "good"))
ENTITIES = LabelSet(("O", "B-PER", "I-PER", "B-LOC", "I-LOC"))


def noisy(golds, right, classes, seed):
    """Return the golds with a share of them replaced."""
    draw = random.Random(seed)
    return [gold if draw.random() < right else draw.choice(classes) for gold in golds]


def reviews(count, right, seed, classes=MOODS.classes):
    draw = random.Random(0)
    golds = [draw.choice(classes) for _ in range(count)]
    guesses = noisy(golds, right, classes, seed)
    return [Prediction(f"s{i}", [gold], [guess]) for i, (gold, guess) in enumerate(zip(golds, guesses, strict=True))]


def sentences(count, right, seed):
    draw = random.Random(0)
    golds = [[draw.choice(ENTITIES.classes) for _ in range(6)] for _ in range(count)]
    return [
        Prediction(f"s{i}", gold, noisy(gold, right, ENTITIES.classes, f"{seed} {i}")) for i, gold in enumerate(golds)
    ]


def pairs_of(seeds, count=80, make=sentences, task="ner", labels=ENTITIES):
    """Return counts of pairs of runs, the second method a little worse."""
    return [
        tuple(sentence_counts(task, labels, make(count, right, seed)) for right, seed in ((0.9, s), (0.85, 100 + s)))
        for s in range(seeds)
    ]
