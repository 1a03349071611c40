"""Whether the placements of the RTN differ at all, asked before any of them is looked at by itself."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from metaxl.experiment.contrasts import PLACEMENTS
from metaxl.reporting.evidence.judged import Judged
from metaxl.reporting.statistics.estimate import ALPHA
from metaxl.reporting.statistics.layers import LayersDiffer, layers_differ


@dataclass(frozen=True, slots=True)
class Layers:
    """One test over a task's languages and the placements of MetaXL.

    Attributes:
        task: the task.
        placements: the labels of the rows.
        languages: those with a score at every placement.
        test: of the hypothesis that all placements score alike; not a number of one language.
    """

    task: str
    placements: tuple[str, ...]
    languages: tuple[str, ...]
    test: LayersDiffer

    @property
    def word(self) -> str:
        """Return the answer."""
        return "yes" if self.test.p_value < ALPHA else "cannot tell"


def layers(judged: Sequence[Judged]) -> Iterator[Layers]:
    """Yield a task's test, where there are two placements or more of one source."""
    for task in dict.fromkeys(one.contrast.task for one in judged if one.contrast.table == PLACEMENTS):
        own = [one for one in judged if one.contrast.task == task]
        languages = [
            target for target in own[0].contrast.languages if all(_scored(one, target) is not None for one in own)
        ]
        if len(own) > 1:
            matrix = np.array([[_scored(one, target) for one in own] for target in languages]).reshape(-1, len(own))
            test = layers_differ(matrix) if languages else LayersDiffer(*[math.nan] * 4)
            yield Layers(task, tuple(one.contrast.labels[0] for one in own), tuple(languages), test)


def _scored(one: Judged, target: str) -> float | None:
    """Return F1 of a placement in percent."""
    return next((found.scores[0] for found in one.languages if found.target == target and found.found), None)
