"""Whether placements of the RTN differ at all: one test before any pair of them is looked at."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import fdtrc

from metaxl.errors import DataError


class LayersDiffer(NamedTuple):
    """An F test: its statistic, corrected degrees of freedom and p value."""

    statistic: float
    df1: float
    df2: float
    p_value: float


def layers_differ(matrix: NDArray[np.float64]) -> LayersDiffer:
    """Return the repeated-measures F test of scores (languages, placements), each language measured at every placement.

    F is the mean square of placements over that of languages by placements. Both degrees of freedom are multiplied by
    Greenhouse and Geisser's epsilon (Psychometrika 24, 1959), since placements near each other vary together:
    epsilon = trace(C)^2 / ((k - 1) trace(C C)), with C the doubly centred covariance of the k placements. Scores alike
    in every respect give F = 0 and p = 1. With one language there is no error to compare with, and all is NaN.

    Raises:
        DataError: there are fewer than two placements, or a score is missing.
    """
    scores = np.asarray(matrix, np.float64)
    if scores.ndim != 2 or scores.shape[1] < 2 or not np.isfinite(scores).all():
        raise DataError(
            f"Scores of shape {scores.shape} were to be compared over placements: a table of languages by two "
            "placements or more, without gaps, is expected. Leave out languages that lack one."
        )
    count, placements = scores.shape
    if count < 2:
        return LayersDiffer(*[float("nan")] * 4)
    of_layers = count * float(np.square(scores.mean(axis=0) - scores.mean()).sum())
    rest = scores - scores.mean(axis=1, keepdims=True)
    covariance = np.cov(rest, rowvar=False)  # doubly centred: each row of `rest` sums to 0
    error = float(np.trace(covariance)) * (count - 1)
    df1, df2 = placements - 1, (placements - 1) * (count - 1)
    if error <= 1e-20 * float(np.square(scores).sum()):
        differ = of_layers > error
        return LayersDiffer(float("inf") if differ else 0.0, df1, df2, 0.0 if differ else 1.0)
    epsilon = float(np.trace(covariance) ** 2 / (df1 * np.square(covariance).sum()))
    statistic = (of_layers / df1) / (error / df2)
    return LayersDiffer(statistic, epsilon * df1, epsilon * df2, float(fdtrc(epsilon * df1, epsilon * df2, statistic)))
