"""Within one language: what its seeds and its test sentences say about the two methods there."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray
from scipy.special import fdtrc, fdtri, stdtridf, stdtrit

from metaxl.errors import DataError
from metaxl.reporting.statistics.counts import Counts, difference, differing
from metaxl.reporting.statistics.estimate import ALPHA, Estimate, estimate

FEW_SEEDS = 4  # up to which a language by itself hardly tells how much its runs differ
OUTLYING = 0.001


@dataclass(frozen=True, slots=True)
class OneLanguage:
    """A difference between two methods in one language.

    Attributes:
        estimate: in points, over seeds and sentences; of one seed it is about its two trained models, not the methods.
        seeds: how many pairs of runs.
        sentences: how many test sentences, the same of every run.
        differing: sentences whose counts differ between the two, the mean over seeds.
        run_variance: between runs of the difference, in points squared; unbiased, so that it may be below 0. NaN of one
            seed.
        sentence_variance: between sentences of what they add to the difference in every run alike; also unbiased. Of
            one seed it is the sum of this and the next.
        residual_variance: between sentences of what they add in one run alone; NaN of one seed.
        squares: what these come from.
    """

    estimate: Estimate
    seeds: int
    sentences: int
    differing: float
    run_variance: float
    sentence_variance: float
    residual_variance: float
    squares: MeanSquares = field(repr=False)


def over_runs(pairs: Sequence[tuple[Counts, Counts]]) -> OneLanguage:
    """Return the difference of the firsts from the seconds, a pair a seed, over the same sentences in the same order.

    Seeds and sentences are crossed random effects. With d_s the difference of seed s and its influences by sentence
    (see `counts.influences`), x_si = d_s + influence_si is a two-way table of S seeds and n sentences, whose mean is
    the mean difference and whose mean squares have the expectations

        seed: n A + C        sentence: S B + C        residual: C

    with A the variance of runs, B of sentences, C of both together. The mean's variance, A/S + B/n + C/(S n), is thus
    (seed + sentence - residual) / (S n) (Cornfield and Tukey, Annals of Mathematical Statistics 27, 1956). It is never
    less than either mean square says by itself. `MeanSquares.of_mean` says with which degrees of freedom it is used.
    One seed leaves the sentences alone: a statement on these two trained models.

    Raises:
        DataError: there is no pair, or the pairs are not of the same sentences.
    """
    _require_alike(pairs)
    seeds, sentences = len(pairs), len(pairs[0][0])
    differences, influences = zip(*(difference(a, b) for a, b in pairs), strict=True)
    squares = mean_squares(np.array(differences)[:, None] + np.stack(influences))
    variance, df = squares.of_mean()
    run, sentence, residual = squares.components()
    return OneLanguage(
        estimate=estimate(float(np.mean(differences)), math.sqrt(variance), df),
        seeds=seeds,
        sentences=sentences,
        differing=float(np.mean([differing(a, b) for a, b in pairs])),
        run_variance=run,
        sentence_variance=sentence,
        residual_variance=residual,
        squares=squares,
    )


def with_common_runs(languages: Sequence[OneLanguage]) -> list[OneLanguage]:
    """Return analyses of the same two methods, those of few seeds with the variance between runs of all languages.

    Two seeds say next to nothing of how runs differ: an interval with one degree of freedom is 13 standard errors wide.
    Several languages together say enough, if runs differ as much in one as in another. The variance A between runs is
    then the mean over languages, with their degrees of freedom as weights, and the mean square of a language's seeds is
    n A + C with its own C. A language whose runs differ far more than the others' (F test, p < OUTLYING) keeps its own
    variance and lends it to none.
    """
    pool = _alike([one for one in languages if one.seeds > 1])
    if len(pool) < 2:
        return list(languages)
    df = sum(one.squares.seed_df for one in pool)
    run = math.fsum(one.squares.seed_df * one.run_variance for one in pool) / df
    return [_with_run(one, run, df) if one in pool and one.seeds <= FEW_SEEDS else one for one in languages]


def _alike(pool: list[OneLanguage]) -> list[OneLanguage]:
    """Return the analyses without those whose runs differ far more than the others', the worst taken out first."""
    while len(pool) > 1:
        tails = [_tail(one, [other for other in pool if other is not one]) for one in pool]
        if min(tails) >= OUTLYING:
            break
        pool = [one for one, tail in zip(pool, tails, strict=True) if tail > min(tails)]
    return pool


def _tail(one: OneLanguage, others: Sequence[OneLanguage]) -> float:
    """Return how often runs that differ as the others' do would differ as much as these."""
    df = sum(other.squares.seed_df for other in others)
    usual = math.fsum(other.squares.seed_df * other.squares.seed / other.sentences for other in others) / df
    own = one.squares.seed / one.sentences
    return float(fdtrc(one.squares.seed_df, df, own / usual)) if usual > 0 else float(own == 0)


def _with_run(one: OneLanguage, run: float, df: int) -> OneLanguage:
    """Return an analysis with another variance between runs, unbiased and so perhaps below 0, of so many df."""
    squares = replace(one.squares, seed=max(0.0, one.sentences * run + one.squares.residual), seed_df=df)
    variance, of_mean = squares.of_mean()
    return replace(one, estimate=estimate(one.estimate.mean, math.sqrt(variance), of_mean))


@dataclass(frozen=True, slots=True)
class MeanSquares:
    """Mean squares of a table of S seeds and n sentences; seed and residual are NaN of one seed.

    `seed_df` are the degrees of freedom of `seed`: S - 1, or more where other languages have a part in it.
    """

    seeds: int
    sentences: int
    seed: float
    sentence: float
    residual: float
    seed_df: int

    def of_mean(self) -> tuple[float, float]:
        """Return the variance of the table's mean and the degrees of freedom of its t interval.

        The interval's critical value is Cochran and Cox's (Experimental Designs, 1950): the mean of those of t(S - 1)
        and t(n - 1), weighted by what the seeds and the rest contribute to the variance; the degrees of freedom are
        those whose t quantile it is. Satterthwaite's fail here: with 3 seeds, a seed mean square that comes out small
        by chance makes the error small and its degrees of freedom many, and 95 % intervals hold the truth in 92 %.
        Seeds of more than one degree of freedom get no weight where they spread less than the residual alone would make
        them in half of all cases (the median of F): there is then no sign that runs differ.
        """
        cells, rows, columns = self.seeds * self.sentences, self.seed_df, self.sentences - 1
        if columns == 0:
            return math.nan, 0.0
        if rows == 0:
            return self.sentence / cells, columns
        whole = max(self.seed + self.sentence - self.residual, self.seed, self.sentence)
        rest = (self.seeds - 1) * columns  # degrees of freedom of the residual
        if whole == 0 or (rows > 1 and self.seed < self.residual * fdtri(rows, rest, 0.5)):
            return whole / cells, columns
        weight = self.seed / whole
        critical = weight * stdtrit(rows, 1 - ALPHA / 2) + (1 - weight) * stdtrit(columns, 1 - ALPHA / 2)
        return whole / cells, min(max(float(stdtridf(1 - ALPHA / 2, critical)), rows), columns)

    def components(self) -> tuple[float, float, float]:
        """Return the unbiased estimates of the variances A, B and C; of one seed NaN, B + C and NaN."""
        if self.seeds == 1:
            return math.nan, self.sentence, math.nan
        run = (self.seed - self.residual) / self.sentences
        return run, (self.sentence - self.residual) / self.seeds, self.residual


def mean_squares(table: NDArray[np.float64]) -> MeanSquares:
    """Return the mean squares of a table (seeds, sentences)."""
    seeds, sentences = table.shape
    by_seed, by_sentence, mean = table.mean(axis=1), table.mean(axis=0), table.mean()
    rest = table - by_seed[:, None] - by_sentence + mean
    rows, columns = seeds - 1, sentences - 1
    return MeanSquares(
        seeds,
        sentences,
        seed=sentences * float(np.square(by_seed - mean).sum()) / rows if rows else math.nan,
        sentence=seeds * float(np.square(by_sentence - mean).sum()) / columns if columns else math.nan,
        residual=float(np.square(rest).sum()) / (rows * columns) if rows and columns else math.nan,
        seed_df=rows,
    )


def _require_alike(pairs: Sequence[tuple[Counts, Counts]]) -> None:
    shapes = {a.shape for a, _ in pairs}
    if len(shapes) != 1:
        raise DataError(
            f"Pairs of runs of one language have counts of shapes {sorted(shapes)}: one pair a seed, all of the same "
            "sentences, is expected. Train all seeds on the same data."
        )
