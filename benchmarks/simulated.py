"""How often what the package prints is true, in worlds whose truth is known."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np

from benchmarks.worlds import World
from metaxl.reporting.statistics.components import Components
from metaxl.reporting.statistics.counts import f1
from metaxl.reporting.statistics.estimate import ALPHA, Estimate, estimate
from metaxl.reporting.statistics.family import holm
from metaxl.reporting.statistics.languages import OverLanguages, over_languages
from metaxl.reporting.statistics.layers import layers_differ
from metaxl.reporting.statistics.power import power
from metaxl.reporting.statistics.runs import MeanSquares, OneLanguage, over_runs
from metaxl.reporting.statistics.verdict import PAPER, WORTH, verdict

LANGUAGES = 8  # as the paper's Table 2
ARMS = 4  # of the family that Holm's method is tried on: joint training and three that differ from it by nothing


@dataclass(frozen=True)
class Rate:
    """How often something came in independent draws."""

    hits: int
    draws: int

    @classmethod
    def of(cls, came: Iterable[bool]) -> Rate:
        """Count."""
        found = list(came)
        return cls(sum(found), len(found))

    @property
    def share(self) -> float:
        """Return the share."""
        return self.hits / self.draws

    @property
    def error(self) -> float:
        """Return its standard error; of 0 hits that of one."""
        share = min(max(self.hits, 1), self.draws - 1) / self.draws
        return math.sqrt(share * (1 - share) / self.draws)

    def __str__(self) -> str:
        return f"{100 * self.share:.1f} ± {100 * self.error:.1f}"


def single(world: World, draws: int, seed: int = 0) -> list[OneLanguage]:
    """Return the analyses of that many languages, each by itself."""
    draw = np.random.default_rng(seed)
    return [over_runs(world.language(draw)) for _ in range(draws)]


def pooled(world: World, draws: int, seed: int = 0) -> list[OverLanguages]:
    """Return the analyses of that many worlds of LANGUAGES languages."""
    draw = np.random.default_rng(seed)

    def one() -> float:
        pairs = world.language(draw)
        return float(np.mean([100 * (f1(a.sum(axis=0)) - f1(b.sum(axis=0))) for a, b in pairs]))

    return [over_languages([one() for _ in range(LANGUAGES)]) for _ in range(draws)]


def holds(estimates: Iterable[Estimate], truth: float) -> Rate:
    """Return how often the 95 % interval holds the truth; 95 % is nominal."""
    return Rate.of(one.low <= truth <= one.high for one in estimates)


def says(estimates: Iterable[Estimate], *words: str) -> Rate:
    """Return how often the verdict, of a question asked alone, is one of the words."""
    return Rate.of(verdict(one, one.p_value).word in words for one in estimates)


def denies(estimates: Iterable[Estimate], truth: float) -> Rate:
    """Return how often "no such gain" is said of the very gain that is true: WORTH, or PAPER by either bound."""
    verdicts = [verdict(one, one.p_value) for one in estimates]
    bounds = [bound for bound in (WORTH, PAPER) if bound <= truth]
    return Rate.of(one.word == "no such gain" and one.bound in bounds for one in verdicts)


def true_components(world: World, draws: int = 200) -> Components:
    """Return the variances of a world: what it was made with, and of its sentences the mean over many languages."""
    seen = single(replace(world, seeds=3, effect=0.0, language_sd=0.0), draws, seed=99)
    residual = float(np.mean([one.residual_variance for one in seen]))
    shared = float(np.mean([one.sentence_variance for one in seen]))
    return Components(2 * world.run_sd**2, shared + residual, world.language_sd**2, residual)


def predicted(world: World, effect: float) -> float:
    """Return the power that power.py foretells in a world."""
    return power(true_components(world), LANGUAGES, world.seeds, world.sentences, effect)


def holds_of_tables(seeds: int, sentences: int, truth: Components, draws: int, seed: int = 0) -> Rate:
    """Return how often the interval of one language holds the truth where its table of influences is normal.

    The mean squares of such a table are independent of its mean and of each other, and have chi-squared distributions
    (Cochran's theorem), so that they are drawn without a table.
    """
    draw, rows, columns = np.random.default_rng(seed), seeds - 1, sentences - 1
    shared = truth.sentence - truth.residual
    expected = (sentences * truth.run + truth.residual, seeds * shared + truth.residual, truth.residual)
    squares = [
        mean * draw.chisquare(df, draws) / df
        for mean, df in zip(expected, (rows, columns, rows * columns), strict=True)
    ]
    means = math.sqrt(truth.within(seeds, sentences)) * draw.standard_normal(draws)

    def one(mean: float, drawn: MeanSquares) -> Estimate:
        variance, df = drawn.of_mean()
        return estimate(mean, math.sqrt(variance), df)

    tables = (MeanSquares(seeds, sentences, *map(float, three)) for three in zip(*squares, strict=True))
    return holds((one(float(mean), drawn) for mean, drawn in zip(means, tables, strict=True)), 0.0)


def false_in_a_family(draws: int, adjusted: bool, seed: int = 0) -> Rate:
    """Return how often any of three equal arms is told from joint training, with Holm's method or without."""
    draw = np.random.default_rng(seed)

    def one() -> bool:
        arms = draw.standard_normal((ARMS, LANGUAGES))
        p_values = [over_languages((arm - arms[0]).tolist()).estimate.p_value for arm in arms[1:]]
        return min(holm(p_values) if adjusted else p_values) < ALPHA

    return Rate.of(one() for _ in range(draws))


def false_layers(draws: int, seed: int = 0) -> Rate:
    """Return how often four equal placements are told apart, of which two vary together and one varies most."""
    draw = np.random.default_rng(seed)
    mixing = np.array([[1, 0.9, 0, 0], [0, 0.4, 0, 0], [0, 0, 1, 0], [0, 0, 0, 3.0]])
    tests = (layers_differ(draw.standard_normal((LANGUAGES, 4)) @ mixing) for _ in range(draws))
    return Rate.of(test.p_value < ALPHA for test in tests)
