"""The scores of who has learnt nothing: always the commonest class of the target's train, or always the positive one.

Where F1 of a positive class is shown, the commonest class scores 0 if it is another: then the score to beat is that of
always answering with the positive one.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator

from metaxl.experiment.config import Config
from metaxl.reporting.facts import Facts
from metaxl.tasks import find_task

COMMONEST = "commonest class"


def trivial_scores(config: Config, facts: Facts, task: str, language: str) -> Iterator[tuple[str, float]]:
    """Yield what always answers the same and its shown score on a target's test, a fraction; NaN if undefined.

    Of a cross-validated target each fold's test gets the commonest class of the fold's own train.
    """
    positive = facts.labels[task].positive
    yield COMMONEST, _score(config, facts, task, language, "")
    if positive:
        yield f"always {positive}", _score(config, facts, task, language, positive)


def _score(config: Config, facts: Facts, task: str, language: str, answer: str) -> float:
    """Return the score of an answer; of the commonest class where it is empty."""
    gold: list[list[str]] = []
    guess: list[list[str]] = []
    trains, tests = (facts.split(config, task, language, split) for split in ("train", "test"))
    for train, test in zip(trains, tests, strict=True):
        counts = Counter(test["labels"])
        gold += [[label] for label in counts.elements()]
        guess += [[answer or _commonest(train["labels"])]] * counts.total()
    score = find_task(task).score(facts.labels[task], gold, guess)["f1"]
    return math.nan if score is None else score


def _commonest(counts: dict[str, int]) -> str:
    """Return the label with the largest count; of several the first in the order of the classes."""
    return max(sorted(counts), key=lambda label: counts[label])
