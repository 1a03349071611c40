"""Paired tests against their definitions and against every assignment, enumerated."""

from __future__ import annotations

import csv
import random
from itertools import product

import numpy as np
import pytest
from experiments import small_config
from records import write_cell

from metaxl.errors import DataError
from metaxl.experiment.cell import Cell
from metaxl.experiment.grid import all_cells
from metaxl.reporting.frame import gather
from metaxl.reporting.records import Prediction
from metaxl.reporting.rescore import ner_scores
from metaxl.reporting.significance import significance
from metaxl.reporting.stats import compare


def reviews(right: float, count: int = 200, seed: int = 1) -> list[Prediction]:
    """Return reviews, half of them positive, of which a share `right` is predicted well."""
    draw = random.Random(seed)
    flip = {"positive": "negative", "negative": "positive"}
    golds = ["positive", "negative"] * (count // 2)
    return [
        Prediction(f"s{i}", [gold], [gold if draw.random() < right else flip[gold]]) for i, gold in enumerate(golds)
    ]


def test_identical_predictions_differ_in_nothing():
    """The p value is 1, the interval a point."""
    found = compare("sentiment", reviews(0.8), reviews(0.8))
    assert (found.difference, found.p_value, found.low, found.high) == (0, 1, 0, 0)


def test_clear_difference_is_seen_and_chance_is_not():
    """A far better cell has a small p and an interval above 0; two equally good ones have neither."""
    clear = compare("sentiment", reviews(0.95), reviews(0.6, seed=2))
    assert clear.p_value < 0.001
    assert 0 < clear.low < clear.difference < clear.high
    chance = compare("sentiment", reviews(0.8, seed=3), reviews(0.8, seed=4))
    assert chance.p_value > 0.05
    assert chance.low < 0 < chance.high


def test_comparison_is_antisymmetric_and_repeatable():
    """Swapping the cells flips the sign and keeps p; the same seed gives the same numbers."""
    a, b = reviews(0.8, seed=1), reviews(0.7, seed=2)
    there, back = compare("sentiment", a, b), compare("sentiment", b, a)
    assert there == compare("sentiment", a, b)
    assert back.difference == -there.difference
    assert back.p_value == pytest.approx(there.p_value, abs=0.02)
    assert (back.low, back.high) == pytest.approx((-there.high, -there.low))


def test_randomization_agrees_with_every_assignment():
    """On few sentences p is the share of all 2^n assignments with a difference as large."""
    a, b = reviews(0.9, count=10, seed=5), reviews(0.5, count=10, seed=6)

    def f1(predictions):
        right = sum(p.gold == p.predicted == ["positive"] for p in predictions)
        wrong = sum((p.gold == ["positive"]) != (p.predicted == ["positive"]) for p in predictions)
        return 2 * right / (2 * right + wrong) if right else 0.0

    observed = abs(f1(a) - f1(b))
    extreme = [
        abs(f1([pair[i] for pair, i in zip(zip(a, b, strict=True), bits, strict=True)]) - f1(other)) >= observed - 1e-12
        for bits in product((0, 1), repeat=10)
        for other in [[pair[1 - i] for pair, i in zip(zip(a, b, strict=True), bits, strict=True)]]
    ]
    assert compare("sentiment", a, b).p_value == pytest.approx(np.mean(extreme), abs=0.02)


def test_interval_covers_the_true_difference():
    """Of many draws from one population, about 95 % of the intervals hold the population's difference."""
    truth = 0.2 / 2  # F1 of balanced reviews predicted right with probability q is q, nearly
    covered = 0
    for seed in range(40):
        found = compare("sentiment", reviews(0.8, 100, seed), reviews(0.7, 100, 1000 + seed))
        covered += found.low <= truth <= found.high
    assert 34 <= covered <= 40


def test_spans_are_seqevals():
    """The F1 that is compared is the one of the tables."""
    draw = random.Random(7)
    tags = ["O", "B-PER", "I-PER", "B-LOC", "I-LOC"]

    def sentences():
        return [[draw.choice(tags) for _ in range(5)] for _ in range(60)]

    gold, one, other = sentences(), sentences(), sentences()
    a, b = (
        [Prediction(str(i), g, p) for i, (g, p) in enumerate(zip(gold, part, strict=True))] for part in (one, other)
    )
    found = compare("ner", a, b)
    assert found.first == pytest.approx(ner_scores(gold, one)["f1"])
    assert found.second == pytest.approx(ner_scores(gold, other)["f1"])


def test_sentences_pair_by_id():
    """Order does not matter; an id or a gold label that only one cell has is an error."""
    a, b = reviews(0.9), reviews(0.7, seed=2)
    assert compare("sentiment", a, b) == compare("sentiment", a, b[::-1])
    with pytest.raises(DataError, match="1 sentences, among them 's199'"):
        compare("sentiment", a[:-1], b)
    relabelled = [Prediction("s0", ["negative"], ["negative"]), *b[1:]]
    with pytest.raises(DataError, match="1 sentences, among them 's0', have other gold labels"):
        compare("sentiment", a, relabelled)


def rows_of(config, root):
    """Return the rows of significance.csv for the records beneath a folder."""
    path = root / "significance.csv"
    significance(config, gather(root, all_cells(config)), root, path)
    return list(csv.DictReader(path.open()))


def test_significance_has_every_pair_that_is_there(tmp_path):
    """MetaXL against JT and against the frozen RTN, per target, source and seed; pairs without records are left out."""
    config = small_config(controls=["metaxl-frozen"], seeds=[11, 12])
    cells = all_cells(config)
    for cell in cells:
        write_cell(tmp_path, cell, right=0.9 if cell.method.startswith("metaxl") else 0.5)
    rows = rows_of(config, tmp_path)
    pairs = {(r["target"], r["source"], r["seed"], r["rival"]) for r in rows}
    # qu from en and es, gn from en, te from en; two rivals and two seeds each
    assert len(rows) == len(pairs) == 4 * 2 * 2
    assert {r["method"] for r in rows} == {"metaxl-L4"}
    assert all(float(r["low"]) <= float(r["difference"]) <= float(r["high"]) for r in rows)
    gone = Cell("tiny", "ner", "qu", "es", "joint", 11)
    (tmp_path / gone.path / "scores.json").unlink()
    assert len(rows_of(config, tmp_path)) == len(rows) - 1


def test_significance_names_the_files_that_do_not_pair(tmp_path):
    """An error tells which two cells were trained on different data."""
    config = small_config()
    for cell in all_cells(config):
        write_cell(tmp_path, cell)
    frame = gather(tmp_path, all_cells(config))
    for cell in all_cells(config):
        folder = tmp_path / cell.path
        if cell.method == "joint" and cell.target == "te":
            path = folder / "predictions.jsonl"
            path.write_text(path.read_text().replace('"s7"', '"other"'))
    with pytest.raises(DataError, match=r"te/en/metaxl-L4/.* and .*te/en/joint/"):
        significance(config, frame, tmp_path, tmp_path / "significance.csv")
