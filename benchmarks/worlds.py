"""Invented worlds whose truth is known: two methods, languages, seeds and test sentences with entities.

A sentence has 0 to 3 entities and a difficulty; a run finds each entity with a probability that depends on both, and
may add a false one. Runs share much of their luck: two runs of one method more than two of different methods, as real
models do. One draw of luck decides how many of a sentence's entities are found, by inversion of the binomial.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from metaxl.reporting.statistics.counts import Counts

Floats = NDArray[np.float64]
ENTITIES = np.array([0.2, 0.4, 0.25, 0.15])  # of 0, 1, 2, 3 entities a sentence
EASE = 0.6  # log odds of finding an entity in a sentence of average difficulty
DIFFICULTY = 1.0  # its standard deviation between sentences
FALSE = 0.5  # false entities a sentence, times the probability of missing one
GRID = np.linspace(-3, 3, 601)  # shifts of the log odds for which F1 is known


@dataclass(frozen=True)
class World:
    """What is alike in all draws.

    Attributes:
        sentences: of a test set.
        seeds: pairs of runs.
        run_sd: standard deviation between runs of one method, in points of F1.
        effect: true mean difference between the methods, in points.
        language_sd: standard deviation of the true difference between languages, in points.
        shared: share of sentences in which a run's luck is that of every run of both methods.
        own: share in which it is that of all runs of its method; in the rest it is its own.
    """

    sentences: int
    seeds: int
    run_sd: float
    effect: float = 0.0
    language_sd: float = 0.0
    shared: float = 0.7
    own: float = 0.15

    @cached_property
    def score(self) -> Floats:
        """Return F1 in points, expected of a run, for each shift of GRID; a run's own shift is averaged over."""
        nodes, weights = np.polynomial.hermite_e.hermegauss(15)
        shifts = GRID[:, None] + self.run_shift * nodes
        mean: Floats = _true_f1(shifts) @ (weights / weights.sum())
        return mean

    @cached_property
    def run_shift(self) -> float:
        """Return the standard deviation of a run's log odds that moves F1 by run_sd."""
        step = 0.01
        slope = (_true_f1(np.array([step])) - _true_f1(np.array([-step])))[0] / (2 * step)
        return float(self.run_sd / slope)

    def language(self, draw: np.random.Generator) -> list[tuple[Counts, Counts]]:
        """Return the counts of both methods' runs in one language, a pair a seed."""
        truth = self.effect + self.language_sd * draw.standard_normal()
        middle = np.interp(0.0, GRID, self.score)
        # One method gains half of the difference and the other loses half.
        shifts = np.interp([middle + truth / 2, middle - truth / 2], self.score, GRID)
        n, size = self.sentences, (2, self.seeds, self.sentences)
        entities = draw.choice(4, n, p=ENTITIES)
        ease = EASE + DIFFICULTY * draw.standard_normal(n)
        moved = shifts[:, None] + self.run_shift * draw.standard_normal((2, self.seeds))
        found = 1 / (1 + np.exp(-(ease + moved[..., None])))
        kind = draw.random(size)
        sharing = np.where(kind < self.shared, 0, np.where(kind < self.shared + self.own, 1, 2))
        right, wrong = (self._luck(sharing, draw) for _ in range(2))
        tp = _inverse_binomial(right, entities, found)
        fp = wrong < FALSE * (1 - found)  # fewer false ones where more is found
        counts = np.stack([tp, fp, entities - tp], axis=-1).astype(np.float64)
        return list(zip(counts[0], counts[1], strict=True))

    def _luck(self, sharing: NDArray[np.int64], draw: np.random.Generator) -> Floats:
        """Return uniform numbers (2, seeds, sentences): the same for all runs, for a method's, or a run's own."""
        _, seeds, n = sharing.shape
        ours = [draw.random((1, 1, n)), draw.random((2, 1, n)), draw.random((2, seeds, n))]
        return np.choose(sharing, [np.broadcast_to(one, sharing.shape) for one in ours])


def _true_f1(shifts: Floats) -> Floats:
    """Return F1 in points of endless sentences at shifts (...) of the log odds."""
    nodes, weights = np.polynomial.hermite_e.hermegauss(41)
    odds = EASE + DIFFICULTY * nodes + shifts[..., None]
    found = (1 / (1 + np.exp(-odds))) @ (weights / weights.sum())
    entities = float(np.arange(4) @ ENTITIES)
    score: Floats = 100 * 2 * entities * found / (entities * (1 + found) + FALSE * (1 - found))
    return score


def _inverse_binomial(luck: Floats, trials: NDArray[np.int64], chance: Floats) -> NDArray[np.int64]:
    """Return successes (...) of trials (n,), at most 3, at a chance (..., n): the masses that luck passes."""
    miss = 1 - chance
    none = miss**trials
    one = none + trials * chance * miss ** np.maximum(trials - 1, 0)
    two = np.where(trials == 3, 1 - chance**3, 1.0)
    return (luck > none).astype(np.int64) + (luck > np.minimum(one, 1)) + (luck > two)
