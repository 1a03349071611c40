"""Planning: what a design of languages, seeds and sentences can show."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy.special import chdtri, nctdtr, ndtr, stdtrit

from metaxl.errors import ConfigError
from metaxl.reporting.statistics.components import Components
from metaxl.reporting.statistics.estimate import ALPHA
from metaxl.reporting.statistics.languages import FEW
from metaxl.reporting.statistics.runs import MeanSquares

TARGET = 0.8  # the power that is asked for
MOST = {"languages": 10_000, "seeds": 1_000, "sentences": 10_000_000}  # beyond them a number is called out of reach
POINTS = 2_000  # at which the power of few languages is averaged
FEWEST_SEEDS = 2  # with fewer, nothing is said of the methods in one language


@dataclass(frozen=True, slots=True)
class Needed:
    """How many of each would give the power, the other two as they are; None where no number does."""

    languages: int | None
    seeds: int | None
    sentences: int | None


def standard_error(components: Components, languages: int, seeds: int, sentences: int) -> float:
    """Return the standard error in points of a mean difference.

    One language alone speaks for itself: `language` is left out. If it has one seed, so is `run`: the statement is then
    on two trained models.

    Raises:
        ConfigError: a number is below 1.
    """
    return _error(components, languages, seeds, sentences)[0]


def power(
    components: Components, languages: int, seeds: int, sentences: int, effect: float, alpha: float = ALPHA
) -> float:
    """Return how often a true effect in points is found by the two-sided test at `alpha`, by the noncentral t.

    Over languages it has K - 1 degrees of freedom; within one language those of the expected mean squares. It is of one
    question asked alone: adjusted for others, it is less. NaN where nothing can be tested, as one sentence alone.

    Raises:
        ConfigError: a number is below 1.
    """
    error, df = _error(components, languages, seeds, sentences)
    return _power(error, df, effect, alpha, _floor(components, languages, seeds, sentences))


def smallest(
    components: Components, languages: int, seeds: int, sentences: int, target: float = TARGET, alpha: float = ALPHA
) -> float:
    """Return the smallest true effect in points that is found with a power of `target`; NaN as in `power`.

    Raises:
        ConfigError: a number is below 1, or the target is not between alpha and 1.
    """
    _require_target(target, alpha)
    error, df = _error(components, languages, seeds, sentences)
    floor = _floor(components, languages, seeds, sentences)
    if not df > 0 or math.isnan(error):
        return math.nan
    if error == 0:
        return 0.0
    low, high = 0.0, error
    while _power(error, df, high, alpha, floor) < target:
        low, high = high, 2 * high
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if _power(error, df, middle, alpha, floor) < target else (low, middle)
    return high


def needed(
    components: Components,
    languages: int,
    seeds: int,
    sentences: int,
    effect: float,
    target: float = TARGET,
    alpha: float = ALPHA,
) -> Needed:
    """Return how many languages, seeds or sentences would find an effect with a power of `target`, each by itself.

    A number may be below the design's own, where that has power to spare. One language asks for no number of
    languages: its question is another than theirs.

    Raises:
        ConfigError: a number is below 1, the target is not between alpha and 1, or the effect is 0.
    """
    _require_target(target, alpha)
    if effect == 0:
        raise ConfigError("No design finds an effect of 0. Ask for the smallest gain that matters to you, such as 1.")
    _error(components, languages, seeds, sentences)

    def enough(languages: int, seeds: int, sentences: int) -> bool:
        return power(components, languages, seeds, sentences, effect, alpha) >= target

    fewest = FEWEST_SEEDS if languages == 1 else 1
    return Needed(
        None if languages == 1 else _least(lambda n: enough(n, seeds, sentences), 2, MOST["languages"]),
        _least(lambda n: enough(languages, n, sentences), fewest, MOST["seeds"]),
        _least(lambda n: enough(languages, seeds, n), 2, MOST["sentences"]),
    )


def _error(components: Components, languages: int, seeds: int, sentences: int) -> tuple[float, float]:
    """Return a design's standard error and degrees of freedom."""
    for name, number in (("languages", languages), ("seeds", seeds), ("sentences", sentences)):
        if number < 1:
            raise ConfigError(f"A design with {number} {name} was asked for; 1 or more are expected.")
    if languages > 1:
        variance = components.language + components.within(seeds, sentences)
        return math.sqrt(variance / languages), languages - 1
    if seeds == 1:
        return math.sqrt(components.sentence / sentences), sentences - 1
    shared = components.sentence - components.residual
    expected = MeanSquares(
        seeds,
        sentences,
        seed=sentences * components.run + components.residual,
        sentence=seeds * shared + components.residual,
        residual=components.residual,
        seed_df=seeds - 1,
    )
    variance, df = expected.of_mean()
    return math.sqrt(variance), df


def _floor(components: Components, languages: int, seeds: int, sentences: int) -> float:
    """Return what the standard error of few languages is never below: what their seeds and sentences leave open."""
    few = 1 < languages < FEW
    return math.sqrt(components.within(seeds, sentences) / languages) if few else 0.0


def _power(error: float, df: float, effect: float, alpha: float, floor: float) -> float:
    """Return the power of a t test whose standard error, `error` in expectation, is never below `floor`."""
    if not df > 0 or math.isnan(error):
        return math.nan
    if error == 0:
        return 1.0 if effect else 0.0
    critical, shift = float(stdtrit(df, 1 - alpha / 2)), abs(effect) / error
    if floor:  # the mean and its standard error are independent: average over the latter's distribution
        bound = critical * np.maximum(_seen(df), floor / error)
        return float(np.mean(ndtr(shift - bound) + ndtr(-shift - bound)))
    wrong = float(nctdtr(df, shift, -critical))  # of the wrong sign; far out scipy has no number for it
    return float(nctdtr(df, -shift, -critical)) + (0.0 if math.isnan(wrong) else wrong)  # P(t > c) is P(-t < -c)


@lru_cache
def _seen(df: float) -> NDArray[np.float64]:
    """Return the quantiles of the standard error that is seen, in units of the expected one."""
    quantiles: NDArray[np.float64] = np.sqrt(chdtri(df, (np.arange(POINTS) + 0.5) / POINTS) / df)
    quantiles.setflags(write=False)
    return quantiles


def _least(enough: Callable[[int], bool], low: int, most: int) -> int | None:
    """Return the smallest number from `low` to `most` that is enough, by doubling and halving: more is never worse.

    Within one language it can be worse (more sentences give the seeds more weight, and they have few degrees of
    freedom); the number is then one that is enough where one less is not.
    """
    if enough(low):
        return low
    high = low
    while not enough(high):
        if high == most:
            return None
        low, high = high, min(2 * high, most)
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if enough(middle) else (middle, high)
    return high


def _require_target(target: float, alpha: float) -> None:
    if not alpha < target < 1:
        raise ConfigError(f"A power of {target} was asked for; it must be above the level, {alpha}, and below 1.")
