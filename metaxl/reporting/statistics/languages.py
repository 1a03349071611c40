"""Over languages: what a difference says about the method, for languages like these."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from metaxl.errors import DataError
from metaxl.reporting.statistics.estimate import Estimate, estimate

EXACT = 20  # languages up to which all 2^K signs are tried
DRAWS = 100_000
# With fewer languages no signs of their differences have p < .05, and two may agree by luck: then the standard error is
# never below what the languages' own seeds and sentences leave open.
FEW = 6
TIE = 1e-9  # of the observed sum: sums that differ by rounding alone are equal


@dataclass(frozen=True, slots=True)
class OverLanguages:
    """A difference over languages, each language's being one number.

    Attributes:
        estimate: Student's t interval of the mean over languages, with K - 1 degrees of freedom.
        flip_p: two-sided p value of the sign-flip test, which needs no normal distribution.
        exact: whether all 2^K signs were tried; else `flip_p` is a seeded Monte Carlo estimate over DRAWS of them.
        d_z: mean divided by the standard deviation over languages; NaN of one language.
        wins: languages whose difference is above 0.
        losses: those below 0.
        count: how many languages, K.
    """

    estimate: Estimate
    flip_p: float
    exact: bool
    d_z: float
    wins: int
    losses: int
    count: int


def over_languages(differences: Sequence[float]) -> OverLanguages:
    """Return what differences in points, one a language (each the mean over its seeds), say together.

    The language is the unit: seeds and sentences of one language are repeated looks at the same language, and a test
    over all pairs of language and seed takes them for new ones.

    Raises:
        DataError: there is none, or one is not a number.
    """
    values = np.asarray(differences, np.float64)
    if values.size == 0 or not np.isfinite(values).all():
        raise DataError(
            f"Differences over languages are {list(map(float, values))}: one finite number a language is expected. "
            "Leave out languages without a score."
        )
    count = len(values)
    mean, sd = float(values.mean()), float(values.std(ddof=1)) if count > 1 else math.nan
    return OverLanguages(
        estimate=estimate(mean, sd / math.sqrt(count), count - 1),
        flip_p=flip_p(values.tolist()),
        exact=count <= EXACT,
        d_z=mean / sd if count > 1 and sd > 0 else math.nan,
        wins=int((values > 0).sum()),
        losses=int((values < 0).sum()),
        count=count,
    )


def flip_p(values: Sequence[float]) -> float:
    """Return the share of all signs of the values whose sum is at least as far from 0 as the observed one.

    If a method made no difference, each language's difference could as well have had the other sign (Fisher, The
    Design of Experiments, 1935, section 21). Of more than EXACT values, signs are drawn, with the observed ones among
    them, so that no p is 0 (Phipson and Smyth, Statistical Applications in Genetics and Molecular Biology 9, 2010).
    """
    observed = abs(sum(values))
    least = observed - TIE * sum(map(abs, values))
    if len(values) > EXACT:
        signs = np.random.default_rng(0).integers(0, 2, (DRAWS, len(values))) * 2.0 - 1
        return (1 + int((np.abs(signs @ np.asarray(values)) >= least).sum())) / (1 + DRAWS)
    sums = np.zeros(1)
    for value in values:
        sums = np.concatenate([sums + value, sums - value])
    return float((np.abs(sums) >= least).mean())
