"""The score of who has learnt nothing: always the commonest class of the target's train."""

from __future__ import annotations

import math
from collections import Counter

from metaxl.experiment.config import Config
from metaxl.reporting.facts import Facts
from metaxl.tasks import find_task

LABEL = "commonest class"


def commonest_class(config: Config, facts: Facts, task: str, language: str) -> float:
    """Return the shown score on a target's test of the commonest class of its train, as a fraction; NaN if undefined.

    Of a cross-validated target each fold's test gets the commonest class of the fold's own train.
    """
    gold: list[list[str]] = []
    guess: list[list[str]] = []
    trains, tests = (facts.split(config, task, language, split) for split in ("train", "test"))
    for train, test in zip(trains, tests, strict=True):
        counts = Counter(test["labels"])
        gold += [[label] for label in counts.elements()]
        guess += [[_commonest(train["labels"])]] * counts.total()
    score = find_task(task).score(facts.labels[task], gold, guess)["f1"]
    return math.nan if score is None else score


def _commonest(counts: dict[str, int]) -> str:
    """Return the label with the largest count; of several the first in the order of the classes."""
    return max(sorted(counts), key=lambda label: counts[label])
