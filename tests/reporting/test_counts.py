"""Counts of sentences are those of the tables' scores, and an influence is a derivative."""

from __future__ import annotations

import numpy as np
import pytest
from paired import ENTITIES, MOODS, pairs_of, reviews, sentences
from sklearn.metrics import f1_score

from metaxl.errors import DataError
from metaxl.reporting.statistics.counts import difference, differing, f1, influences, sentence_counts
from metaxl.reporting.statistics.runs import over_runs
from metaxl.tasks import LabelSet, ner_scores


def test_counts_give_the_scores_of_the_tables():
    """Entities as seqeval counts them; one positive class; macro F1 over the classes that the gold has."""
    found = sentences(60, 0.8, 1)
    score = f1(sentence_counts("ner", ENTITIES, found).sum(axis=0))
    assert score == pytest.approx(ner_scores([p.gold for p in found], [p.predicted for p in found])["f1"])
    found = reviews(60, 0.6, 1)
    gold, guess = [p.gold[0] for p in found], [p.predicted[0] for p in found]
    score = f1(sentence_counts("sentiment", MOODS, found).sum(axis=0))
    assert score == pytest.approx(f1_score(gold, guess, average="macro"))
    one = LabelSet(("bad", "good"), positive="good")
    score = f1(sentence_counts("sentiment", one, found).sum(axis=0))
    assert score == pytest.approx(f1_score([g == "good" for g in gold], [g == "good" for g in guess]))


def test_macro_f1_leaves_out_a_class_that_the_gold_lacks():
    assert sentence_counts("ner", ENTITIES, []).shape == (0, 3)
    totals = np.array([3.0, 1, 2, 0, 4, 0])
    assert f1(totals) == pytest.approx(6 / 9)
    assert f1(np.zeros(6)) == 0


@pytest.mark.parametrize(("make", "task", "labels"), [(sentences, "ner", ENTITIES), (reviews, "sentiment", MOODS)])
def test_influence_is_the_derivative_by_a_sentences_weight(make, task, labels):
    """F1 of weighted sentences, weights (1 + h) for one, differentiated numerically; and the jackknife to order 1/n."""
    counts = sentence_counts(task, labels, make(150, 0.7, 3))
    found, total, h = influences(counts), counts.sum(axis=0), 1e-6
    numeric = [len(counts) * (f1(total + h * row) - f1(total - h * row)) / (2 * h) for row in counts]
    assert found == pytest.approx(np.array(numeric), abs=1e-7)
    jackknife = (len(counts) - 1) * (f1(total) - f1(total - counts))
    assert np.abs(found - jackknife).max() < 0.06 * np.abs(found).max()
    assert found.std() > 0.1
    assert found.mean() == pytest.approx(0, abs=1e-12)


def test_difference_is_of_the_scores_and_its_influences_sum_to_nothing():
    ((a, b),) = pairs_of(1)
    there, back = difference(a, b), difference(b, a)
    assert there[0] == pytest.approx(100 * (f1(a.sum(axis=0)) - f1(b.sum(axis=0))))
    assert there[0] == -back[0]
    assert there[1] == pytest.approx(-back[1])
    assert there[1].mean() == pytest.approx(0, abs=1e-9)
    assert differing(a, b) == sum(list(x) != list(y) for x, y in zip(a, b, strict=True)) > 0
    assert differing(a, a) == 0


def test_pairs_of_other_sentences_or_other_gold_are_refused():
    ((a, b),) = pairs_of(1)
    with pytest.raises(DataError, match="80 and 79 sentences"):
        difference(a, b[1:])
    with pytest.raises(DataError, match="other gold labels"):
        difference(a, b[::-1])
    with pytest.raises(DataError, match="no sentence"):
        difference(a[:0], b[:0])
    with pytest.raises(DataError, match="same"):
        over_runs([(a, b), (a[1:], b[1:])])
    with pytest.raises(DataError, match="one pair a seed"):
        over_runs([])
