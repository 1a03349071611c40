"""Where the uncertainty of a difference comes from: runs, sentences, languages."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from metaxl.errors import DataError
from metaxl.reporting.statistics.runs import OneLanguage


@dataclass(frozen=True, slots=True)
class Components:
    """Variances of a difference between two methods, in points squared.

    With S seeds and n sentences a language's difference has the variance
    language + run / S + (sentence - residual) / n + residual / (S n).

    Attributes:
        run: of the difference between runs; NaN where no language had two seeds, so that it stands in `language`.
        sentence: of one sentence's influence in one pair of runs; divide by n.
        language: of the true difference between languages; NaN where one language alone was seen.
        residual: the part of `sentence` that is another in every run, so that more seeds average it out too. Leaving
            it at 0 plans with care: it then takes more sentences to do so.
    """

    run: float
    sentence: float
    language: float
    residual: float = 0.0

    def within(self, seeds: float, sentences: float) -> float:
        """Return the variance of one language's difference around its truth."""
        run = 0.0 if math.isnan(self.run) else self.run
        return run / seeds + (self.sentence - self.residual + self.residual / seeds) / sentences


def components(per_language: Sequence[OneLanguage], differences: Sequence[float]) -> Components:
    """Return the components by the method of moments, floored at 0, from each language's analysis and difference.

    Runs and sentences are the means over languages of their unbiased estimates. What the differences vary beyond them
    is the languages' own. If no language has two seeds, runs and languages cannot be told apart: both then stand in
    `language`, so that a plan does not count on more seeds.

    Raises:
        DataError: the two are of different numbers of languages, or of none.
    """
    if not per_language or len(per_language) != len(differences):
        raise DataError(
            f"Components of variance were asked of {len(per_language)} languages with {len(differences)} differences: "
            "one of each a language is expected."
        )
    repeated = [one for one in per_language if one.seeds > 1]
    run = _floored([one.run_variance for one in repeated]) if repeated else math.nan
    residual = _floored([one.residual_variance for one in repeated])
    shared = _floored([one.sentence_variance for one in repeated])
    sentence = shared + residual if repeated else _floored([one.sentence_variance for one in per_language])
    known = Components(run, sentence, math.nan, residual)
    if len(differences) == 1:
        return known
    within = float(np.mean([known.within(one.seeds, one.sentences) for one in per_language]))
    return Components(run, sentence, max(0.0, float(np.var(differences, ddof=1)) - within), residual)


def _floored(estimates: Sequence[float]) -> float:
    return max(0.0, float(np.mean(estimates))) if estimates else 0.0
