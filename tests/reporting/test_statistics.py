"""The laws of the statistics, each against an independent definition."""

from __future__ import annotations

import math
from itertools import permutations, product

import numpy as np
import pytest
from paired import pairs_of
from scipy import stats

from metaxl.errors import DataError
from metaxl.reporting.statistics.counts import difference, differing
from metaxl.reporting.statistics.estimate import estimate
from metaxl.reporting.statistics.family import holm
from metaxl.reporting.statistics.languages import over_languages
from metaxl.reporting.statistics.layers import layers_differ
from metaxl.reporting.statistics.runs import MeanSquares, OneLanguage, mean_squares, over_runs, with_common_runs
from metaxl.reporting.statistics.verdict import PAPER, WORTH, verdict

PAPER_TABLE_2 = {  # the paper's, languages in its order: qu cdo ilo xmf mhr mi tk gn
    "target": [57.14, 37.72, 61.32, 59.07, 55.17, 76.27, 55.56, 48.89],
    "en joint": [66.10, 55.83, 80.77, 69.32, 71.11, 82.29, 61.61, 65.44],
    "en metaxl": [68.67, 55.97, 77.57, 73.73, 68.16, 88.56, 66.99, 69.37],
    "related joint": [79.65, 53.91, 78.87, 79.67, 66.96, 87.86, 64.49, 70.54],
    "related metaxl": [77.06, 57.26, 75.93, 78.37, 69.33, 86.46, 73.15, 71.96],
}


def test_estimate_is_students():
    """The interval, both one-sided bounds and p are scipy's t test of the same numbers."""
    values = np.random.default_rng(0).normal(1, 2, 9)
    found = estimate(values.mean(), values.std(ddof=1) / 3, 8)
    reference = stats.ttest_1samp(values, 0)
    interval = reference.confidence_interval(0.95)
    assert (found.low, found.high, found.p_value) == pytest.approx((*interval, reference.pvalue))
    above = stats.ttest_1samp(values, 0, alternative="less").confidence_interval(0.95).high
    below = stats.ttest_1samp(values, 0, alternative="greater").confidence_interval(0.95).low
    assert (found.lower, found.upper) == pytest.approx((below, above))


def test_p_is_at_most_5_percent_where_the_interval_excludes_0():
    draw = np.random.default_rng(1)
    for mean, se, df in zip(draw.normal(0, 3, 500), draw.uniform(0.1, 3, 500), draw.uniform(0.5, 30, 500), strict=True):
        found = estimate(mean, se, df)
        assert (found.p_value <= 0.05) == (not found.low <= 0 <= found.high)


def test_an_error_of_nothing_and_an_unknown_error():
    """Where all are alike the interval is the mean; where nothing tells the error, everything but the mean is NaN."""
    assert (estimate(0, 0, 3).low, estimate(0, 0, 3).high, estimate(0, 0, 3).p_value) == (0, 0, 1)
    assert (estimate(2, 0, 3).low, estimate(2, 0, 3).upper, estimate(2, 0, 3).p_value) == (2, 2, 0)
    unknown = estimate(2, 0.5, 0)
    assert unknown.mean == 2
    assert all(map(math.isnan, (unknown.low, unknown.high, unknown.p_value, unknown.upper, unknown.lower)))


def test_over_languages_is_scipys_t_test_and_every_sign():
    values = [1.2, -0.3, 2.5, 0.8, -1.1, 3.0, 0.4, 0.9]
    found = over_languages(values)
    assert found.estimate.p_value == pytest.approx(stats.ttest_1samp(values, 0).pvalue)
    signs = [abs(np.dot(s, values)) >= abs(sum(values)) - 1e-9 for s in product((-1, 1), repeat=len(values))]
    assert found.flip_p == np.mean(signs)
    by_scipy = stats.permutation_test((values,), np.mean, permutation_type="samples", n_resamples=np.inf)
    assert found.flip_p == pytest.approx(by_scipy.pvalue)
    assert (found.wins, found.losses, found.count, found.exact) == (6, 2, 8, True)
    assert found.d_z == pytest.approx(np.mean(values) / np.std(values, ddof=1))
    back = over_languages([-value for value in values])
    assert (back.flip_p, back.estimate.mean, back.wins) == (found.flip_p, -found.estimate.mean, 2)


def test_many_languages_draw_their_signs_and_repeat():
    values = list(np.random.default_rng(2).normal(0.5, 1, 24))
    found = over_languages(values)
    assert not found.exact
    assert found == over_languages(values)
    assert found.flip_p == pytest.approx(found.estimate.p_value, abs=0.01)
    assert over_languages([5.0 + i / 100 for i in range(24)]).flip_p == pytest.approx(1e-5, rel=0.1)


def test_one_language_has_a_mean_and_no_interval_and_alike_ones_have_no_width():
    one = over_languages([1.5])
    assert (one.estimate.mean, one.count, one.flip_p) == (1.5, 1, 1)
    assert math.isnan(one.estimate.low)
    assert verdict(one.estimate, one.estimate.p_value).word == "cannot tell"
    alike = over_languages([0.0, 0.0, 0.0])
    assert (alike.estimate.p_value, alike.flip_p, alike.wins, alike.losses) == (1, 1, 0, 0)
    for wrong in ([], [1.0, math.nan]):
        with pytest.raises(DataError, match="finite number a language"):
            over_languages(wrong)


@pytest.mark.parametrize(
    ("first", "second", "mean", "t", "p", "interval", "flip", "wins", "word"),
    [
        ("en metaxl", "en joint", 2.07, 1.59, 0.155, (-1.00, 5.14), 0.148, 6, "cannot tell"),
        ("related metaxl", "related joint", 0.95, 0.69, 0.513, (-2.30, 4.19), None, 4, "cannot tell"),
        ("en joint", "target", 12.67, 6.6, None, None, 2 / 2**8, 8, "yes"),
        ("related joint", "target", 16.35, 9.0, None, None, 2 / 2**8, 8, "yes"),
        ("related joint", "en joint", 3.69, None, 0.138, None, None, 5, "cannot tell"),
        ("related metaxl", "en metaxl", 2.56, None, 0.089, None, None, None, "cannot tell"),
    ],
)
def test_the_papers_own_table_under_the_same_tests(first, second, mean, t, p, interval, flip, wins, word):
    """Numbers that were worked out by hand from the paper's Table 2."""
    found = over_languages(np.subtract(PAPER_TABLE_2[first], PAPER_TABLE_2[second]).tolist())
    assert found.estimate.mean == pytest.approx(mean, abs=0.0051)
    assert t is None or found.estimate.mean / found.estimate.se == pytest.approx(t, abs=0.05)
    assert p is None or found.estimate.p_value == pytest.approx(p, abs=0.0006)
    assert interval is None or (found.estimate.low, found.estimate.high) == pytest.approx(interval, abs=0.006)
    assert flip is None or found.flip_p == pytest.approx(flip, abs=0.0006)
    assert wins is None or found.wins == wins
    assert verdict(found.estimate, found.estimate.p_value).word == word


def test_mean_squares_are_those_of_the_analysis_of_variance():
    """Sums of squares add up to the whole; each is the loss of fit when its term is left out of a linear model."""
    table = np.random.default_rng(3).normal(size=(4, 7))
    found = mean_squares(table)
    parts = found.seed * 3 + found.sentence * 6 + found.residual * 18
    assert parts == pytest.approx(np.square(table - table.mean()).sum())
    rows, columns = np.repeat(np.arange(4), 7), np.tile(np.arange(7), 4)
    both = np.hstack([np.eye(4)[rows], np.eye(7)[columns]])

    def left(design):
        return np.square(table.ravel() - design @ np.linalg.lstsq(design, table.ravel(), rcond=None)[0]).sum()

    assert found.residual * 18 == pytest.approx(left(both))
    assert found.seed * 3 == pytest.approx(left(both[:, 4:]) - left(both))
    assert found.sentence * 6 == pytest.approx(left(both[:, :4]) - left(both))


def test_over_runs_averages_the_seeds_and_never_falls_below_either_error():
    pairs = pairs_of(4)
    found = over_runs(pairs)
    differences = [difference(a, b)[0] for a, b in pairs]
    averaged = np.mean([difference(a, b)[1] for a, b in pairs], axis=0)
    assert found.estimate.mean == pytest.approx(np.mean(differences))
    assert found.estimate.se >= stats.sem(differences) - 1e-12
    assert found.estimate.se >= stats.sem(averaged) - 1e-12
    assert 3 <= found.estimate.df <= 79
    assert (found.seeds, found.sentences) == (4, 80)
    assert found.differing == np.mean([differing(a, b) for a, b in pairs])
    back = over_runs([(b, a) for a, b in pairs])
    assert (back.estimate.mean, back.estimate.se) == pytest.approx((-found.estimate.mean, found.estimate.se))


def test_the_critical_value_lies_between_those_of_seeds_and_sentences():
    """Cochran and Cox's weighted mean; t over seeds where only they vary; t over sentences where seeds show nothing."""
    variance, df = MeanSquares(4, 50, seed=900.0, sentence=700.0, residual=400.0, seed_df=3).of_mean()
    assert variance == pytest.approx(1200 / 200)
    weighted = 0.75 * stats.t.ppf(0.975, 3) + 0.25 * stats.t.ppf(0.975, 49)
    assert stats.t.ppf(0.975, df) == pytest.approx(weighted)
    assert MeanSquares(4, 50, seed=900.0, sentence=0.0, residual=0.0, seed_df=3).of_mean() == pytest.approx(
        (900 / 200, 3)
    )
    median = 400 * stats.f.ppf(0.5, 3, 147)
    assert MeanSquares(4, 50, 0.99 * median, 700.0, 400.0, 3).of_mean() == pytest.approx((700 / 200, 49))
    assert MeanSquares(4, 50, 1.01 * median, 700.0, 400.0, 3).of_mean()[1] < 20
    assert MeanSquares(2, 50, 1.0, 700.0, 400.0, 1).of_mean()[1] < 49, "two seeds never lose their weight"


def test_one_seed_speaks_of_its_sentences_alone():
    """It is the t interval of the influences around the difference; nothing is known of runs."""
    ((a, b),) = pairs_of(1)
    found, (mean, influence) = over_runs([(a, b)]), difference(a, b)
    reference = stats.ttest_1samp(mean + influence, 0)
    assert found.estimate.p_value == pytest.approx(reference.pvalue)
    assert (found.estimate.low, found.estimate.high) == pytest.approx(tuple(reference.confidence_interval(0.95)))
    assert math.isnan(found.run_variance)
    assert found.sentence_variance == pytest.approx(np.var(influence, ddof=1))


def invented(spread, seeds, sentences, draw, shift=0.0):
    """Return the analysis of one language whose runs differ by a spread and whose sentences by little."""
    table = shift + spread * draw.standard_normal((seeds, 1)) + draw.standard_normal((seeds, sentences))
    squares = mean_squares(table)
    variance, df = squares.of_mean()
    found = estimate(float(table.mean()), math.sqrt(variance), df)
    return OneLanguage(found, seeds, sentences, 0.0, *squares.components(), squares)


def test_languages_of_few_seeds_share_what_they_say_of_runs():
    """A language has n A + C in place of its mean square, A being the mean over all and C its own."""
    draw = np.random.default_rng(3)
    shape = ((2, 100), (2, 900), (3, 400), (6, 400))
    seen = [invented(2.0, seeds, sentences, draw) for seeds, sentences in shape]
    assert with_common_runs(seen[:1]) == seen[:1]
    shared = with_common_runs(seen)
    assert shared[3] == seen[3]
    weights = np.array([1, 1, 2, 5])
    run = float(weights @ [one.run_variance for one in seen]) / 9
    for before, after in zip(seen[:3], shared, strict=False):
        squares = before.squares
        seed = before.sentences * run + squares.residual
        assert seed > squares.sentence, "the sentences would decide whatever the seeds say"
        whole = (seed + squares.sentence - squares.residual) / (before.seeds * before.sentences)
        assert after.estimate.se**2 == pytest.approx(whole)
        assert after.estimate.mean == before.estimate.mean
        assert after.run_variance == before.run_variance
        critical = stats.t.ppf(0.975, after.estimate.df)
        share = seed / (seed + squares.sentence - squares.residual)
        columns = before.sentences - 1
        assert critical == pytest.approx(share * stats.t.ppf(0.975, 9) + (1 - share) * stats.t.ppf(0.975, columns))


def test_a_language_whose_runs_collapse_keeps_its_own_spread_and_lends_it_to_none():
    draw = np.random.default_rng(4)
    calm = [invented(1.0, 2, 500, draw) for _ in range(7)]
    wild = invented(60.0, 2, 500, draw)
    shared = with_common_runs([*calm, wild])
    assert shared[7] == wild
    assert shared[:7] == with_common_runs(calm)
    assert all(after.estimate.df > 5 for after in shared[:7])


def test_no_spread_at_all_tells_nothing():
    """Whether the differences are all 0 or all the same gain: nothing is known of another language's."""
    assert verdict(estimate(0.0, 0.0, 7), 1.0).word == "cannot tell"
    assert verdict(estimate(4.88, 0.0, 7), 0.0).word == "cannot tell"
    assert verdict(estimate(math.nan, math.nan, 0), math.nan).word == "cannot tell"


def test_seeds_that_are_copies_say_no_more_than_one():
    """The same pair three times has the interval of one pair: repeating a run is no evidence."""
    (pair,) = pairs_of(1)
    once, thrice = over_runs([pair]).estimate, over_runs([pair] * 3).estimate
    assert (thrice.mean, thrice.se) == pytest.approx((once.mean, once.se))
    assert thrice.df == once.df


def test_models_without_a_difference_and_a_single_sentence():
    ((a, _),) = pairs_of(1)
    same = over_runs([(a, a)] * 3)
    assert (same.estimate.low, same.estimate.high, same.estimate.p_value, same.differing) == (0, 0, 1, 0)
    assert math.isnan(over_runs([(a[:1], a[:1])]).estimate.low)


def test_holm_is_the_step_down_procedure():
    """A question is rejected by the adjusted p exactly where Holm's steps reject it, at any level and in any order."""

    def rejected(p_values, level):
        out = set()
        for i in sorted(range(len(p_values)), key=p_values.__getitem__):
            if p_values[i] > level / (len(p_values) - len(out)):
                break
            out.add(i)
        return out

    for order in permutations([0.01, 0.013, 0.03, 0.2]):
        for level in (0.005, 0.02, 0.039, 0.041, 0.06, 0.1, 0.25):
            assert {i for i, p in enumerate(holm(order)) if p <= level} == rejected(order, level)
    assert holm([0.03, math.nan, 0.04])[::2] == [0.06, 0.06]
    assert holm([0.9, 0.8]) == [1, 1]
    assert holm([]) == []


def test_layers_of_two_are_the_paired_t_test():
    scores = np.random.default_rng(4).normal([0, 0.8], size=(9, 2))
    statistic, df1, df2, p_value = layers_differ(scores)
    reference = stats.ttest_rel(scores[:, 0], scores[:, 1])
    assert (statistic, df1, df2, p_value) == pytest.approx((reference.statistic**2, 1, 8, reference.pvalue))


def test_layers_are_corrected_by_the_eigenvalues_of_contrasts():
    """Greenhouse and Geisser's epsilon from any orthonormal contrasts; a language's level changes nothing."""
    draw = np.random.default_rng(5)
    scores = draw.normal(size=(10, 4)) @ np.diag([1, 1, 2, 4]) + draw.normal(size=(10, 1))
    statistic, df1, df2, p_value = layers_differ(scores)
    contrasts = np.linalg.qr(np.hstack([np.ones((4, 1)), draw.normal(size=(4, 3))]))[0][:, 1:]
    values = np.linalg.eigvalsh(np.cov(scores @ contrasts, rowvar=False))
    epsilon = values.sum() ** 2 / (3 * np.square(values).sum())
    assert (df1, df2) == pytest.approx((3 * epsilon, 27 * epsilon))
    assert p_value == pytest.approx(stats.f.sf(statistic, df1, df2))
    moved = layers_differ(scores + draw.normal(0, 50, (10, 1)))
    assert moved == pytest.approx((statistic, df1, df2, p_value))
    with pytest.raises(DataError, match="without gaps"):
        layers_differ(np.array([[1.0, math.nan], [1, 2]]))
    assert layers_differ(np.ones((3, 3)))[3] == 1
    assert math.isnan(layers_differ(np.ones((1, 3)))[3])


def test_every_word_stands_where_its_definition_holds():
    def words(mean, se=0.1, adjusted=None):
        found = estimate(mean, se, 7)
        return verdict(found, found.p_value if adjusted is None else adjusted)

    assert words(0.9).word == "yes", "an effect that is there, though it is small"
    assert words(-0.9).word == "worse"
    assert words(-0.9, adjusted=0.06).word == "no such gain"
    assert (words(0.1).word, words(0.1).bound) == ("no such gain", WORTH)
    assert (words(0.9, 0.5).word, words(0.9, 0.5).bound) == ("no such gain", PAPER)
    assert words(0.9, 1.0) == verdict(estimate(math.nan, math.nan, 0), math.nan)
    assert words(0.9, 1.0).word == "cannot tell"
