"""Invented worlds whose truth is known: two methods, languages, seeds and test sentences with entities.

A sentence has 0 to 3 entities and a difficulty; a run finds each entity with a probability that depends on both, and
may add a false one. Runs share much of their luck: two runs of one method more than two of different methods, as real
models do. One draw of luck decides how many of a sentence's entities are found, by inversion of the binomial.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from math import comb

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
    def middle(self) -> float:
        """Return the F1 in points around which both methods lie."""
        return float(np.interp(0.0, GRID, self.score))

    @cached_property
    def run_shift(self) -> float:
        """Return the standard deviation of a run's log odds that moves F1 by run_sd."""
        step = 0.01
        slope = (_true_f1(np.array([step])) - _true_f1(np.array([-step])))[0] / (2 * step)
        return float(self.run_sd / slope)

    def language(self, draw: np.random.Generator) -> list[tuple[Counts, Counts]]:
        """Return the counts of both methods' runs in one language, a pair a seed."""
        truth = self.effect + self.language_sd * draw.standard_normal()
        # One method has half of the difference more than the middle, the other half of it less.
        shifts = np.interp(self.middle + np.array([truth, -truth]) / 2, self.score, GRID)
        moved = shifts[:, None] + self.run_shift * draw.standard_normal((2, self.seeds))
        sentences = draw.multinomial(self.sentences, ENTITIES)
        parts = [self._alike(entities, count, moved, draw) for entities, count in enumerate(sentences)]
        counts = np.concatenate(parts, axis=2)
        return list(zip(counts[0], counts[1], strict=True))

    def _alike(self, entities: int, count: int, moved: Floats, draw: np.random.Generator) -> Counts:
        """Return the counts (2, seeds, count, 3) in sentences that all have this many entities."""
        ease = EASE + DIFFICULTY * draw.standard_normal(count)
        found = 1 / (1 + np.exp(-(ease + moved[..., None])))
        kind = draw.random(found.shape, np.float32)
        of_all, of_method = kind < self.shared, kind > 1 - self.own
        right, wrong = (_luck(of_all, of_method, draw) for _ in range(2))
        counts = np.empty((*found.shape, 3))
        counts[..., 0] = _inverse_binomial(right, entities, found)
        counts[..., 1] = wrong < FALSE * (1 - found)  # fewer false ones where more is found
        counts[..., 2] = entities - counts[..., 0]
        return counts


def _luck(of_all: NDArray[np.bool_], of_method: NDArray[np.bool_], draw: np.random.Generator) -> NDArray[np.float32]:
    """Return uniform numbers (2, seeds, sentences): a run's own, but for those of every run or of its method's."""
    methods, _, count = of_all.shape
    luck = draw.random(of_all.shape, np.float32)
    np.copyto(luck, draw.random((1, 1, count), np.float32), where=of_all)
    np.copyto(luck, draw.random((methods, 1, count), np.float32), where=of_method)
    return luck


def _inverse_binomial(luck: NDArray[np.float32], trials: int, chance: Floats) -> Floats:
    """Return successes of 0 to 3 trials at a chance: how many of the distribution's cumulative masses luck passes."""
    passed, below = np.zeros(chance.shape), np.zeros(chance.shape)
    for successes in range(trials):
        below += comb(trials, successes) * chance**successes * (1 - chance) ** (trials - successes)
        passed += luck > below
    return passed


def _true_f1(shifts: Floats) -> Floats:
    """Return F1 in points of endless sentences at shifts (...) of the log odds."""
    nodes, weights = np.polynomial.hermite_e.hermegauss(41)
    odds = EASE + DIFFICULTY * nodes + shifts[..., None]
    found = (1 / (1 + np.exp(-odds))) @ (weights / weights.sum())
    entities = float(np.arange(4) @ ENTITIES)
    score: Floats = 100 * 2 * entities * found / (entities * (1 + found) + FALSE * (1 - found))
    return score
