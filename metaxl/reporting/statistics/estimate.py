"""A mean difference with its t interval and the p value that belongs to it."""

from __future__ import annotations

import math
from dataclasses import dataclass

from scipy.special import stdtr, stdtrit

ALPHA = 0.05  # the level of every test; intervals hold 1 - ALPHA


@dataclass(frozen=True, slots=True)
class Estimate:
    """A mean in points of F1 with a two-sided 95 % interval, the inversion of the test that gives the p value.

    Attributes:
        mean: the estimate.
        se: its standard error.
        df: degrees of freedom of the t distribution; may be fractional.
        low: lower bound of the interval; with `high` NaN where df is 0, as of one language or one sentence alone.
        high: upper bound.
        p_value: two-sided, of the hypothesis that the truth is 0; at most .05 if and only if the interval excludes 0.
    """

    mean: float
    se: float
    df: float
    low: float
    high: float
    p_value: float

    @property
    def upper(self) -> float:
        """Return the one-sided 95 % upper bound: the truth lies above it in 5 % of worlds."""
        return self.mean + _reach(self.se, self.df, ALPHA)

    @property
    def lower(self) -> float:
        """Return the one-sided 95 % lower bound."""
        return self.mean - _reach(self.se, self.df, ALPHA)


def estimate(mean: float, se: float, df: float) -> Estimate:
    """Return the estimate with Student's t interval; all but the mean is NaN where nothing is known of its error.

    A standard error of 0 is taken at its word: the interval is the mean itself, and p is 1 where the mean is 0, else 0.
    """
    if math.isnan(se) or not df > 0:
        return Estimate(mean, math.nan, 0.0, math.nan, math.nan, math.nan)
    reach = _reach(se, df, ALPHA / 2)
    certain = 1.0 if mean == 0 else 0.0
    p_value = 2 * float(stdtr(df, -abs(mean) / se)) if se > 0 else certain
    return Estimate(float(mean), float(se), float(df), float(mean - reach), float(mean + reach), p_value)


def _reach(se: float, df: float, tail: float) -> float:
    """Return how far the bound lies from the mean that leaves `tail` of the distribution outside."""
    return float(se * stdtrit(df, 1 - tail)) if df > 0 else math.nan
