"""Paired tests against their definitions and against every assignment, enumerated."""

from __future__ import annotations

import csv
import random
from itertools import product

import numpy as np
import pytest
from experiments import small_config
from records import gathered, golden, usual_labels, write_cell
from sklearn.metrics import f1_score

from metaxl.errors import DataError
from metaxl.experiment.cell import Cell
from metaxl.experiment.grid import all_cells, trained_cells
from metaxl.reporting.frame import shown_scores
from metaxl.reporting.records import Prediction
from metaxl.reporting.significance import significance
from metaxl.reporting.stats import RESAMPLES
from metaxl.reporting.stats import compare as compare_with
from metaxl.tasks import LabelSet, ner_scores

LABELS = {task: usual_labels(task) for task in ("ner", "sentiment")}


def compare(task, first, second, labels=None):
    return compare_with(task, labels or LABELS[task], first, second)


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


MOODS = LabelSet(("bad", "fair", "good", "odd"))


def moods(right, count, seed):
    draw = random.Random(seed)
    golds = [draw.choice(MOODS.classes[:3]) for _ in range(count)]  # none is odd, though some are called so
    noise = random.Random(seed + 1)
    return golds, [gold if noise.random() < right else noise.choice(MOODS.classes) for gold in golds]


def predicted(golds, guesses):
    return [Prediction(f"s{i}", [gold], [guess]) for i, (gold, guess) in enumerate(zip(golds, guesses, strict=True))]


def macro(golds, guesses):
    return f1_score(golds, guesses, labels=sorted(set(golds)), average="macro", zero_division=0)


def test_macro_f1_is_compared_as_brute_force_does():
    """With several classes, none named: differences, p over every assignment, and interval, by scikit-learn's score."""
    golds, ones = moods(0.9, 10, seed=3)
    _, others = moods(0.4, 10, seed=3)
    others = [guess if i % 3 else MOODS.classes[-1] for i, guess in enumerate(others)]
    found = compare("sentiment", predicted(golds, ones), predicted(golds, others), MOODS)
    assert (found.first, found.second) == pytest.approx((macro(golds, ones), macro(golds, others)))
    pairs = list(zip(ones, others, strict=True))
    differences = [
        macro(golds, [pair[bit] for pair, bit in zip(pairs, bits, strict=True)])
        - macro(golds, [pair[1 - bit] for pair, bit in zip(pairs, bits, strict=True)])
        for bits in product((0, 1), repeat=len(golds))
    ]
    extreme = np.abs(differences) >= abs(found.difference) - 1e-12
    assert found.p_value == pytest.approx(extreme.mean(), abs=0.02)
    assert found.p_value >= 1 / (RESAMPLES + 1)


def test_interval_of_macro_f1_is_the_bootstraps():
    """Of resamples that may lack a class, as scikit-learn scores each of them over the classes that it has."""
    (golds, ones), (_, others) = moods(0.9, 60, seed=3), moods(0.6, 60, seed=3)
    found = compare("sentiment", predicted(golds, ones), predicted(golds, others), MOODS)
    draw, resampled = np.random.default_rng(5), []
    for _ in range(500):
        chosen = draw.integers(0, len(golds), len(golds))
        gold, one, other = ([part[i] for i in chosen] for part in (golds, ones, others))
        resampled.append(macro(gold, one) - macro(gold, other))
    assert (found.low, found.high) == pytest.approx(tuple(np.quantile(resampled, [0.025, 0.975])), abs=0.03)
    rare = [Prediction(f"s{i}", [gold], [gold]) for i, gold in enumerate(["good", *["bad"] * 20])]
    wrong = [Prediction(one.id, one.gold, ["odd"]) for one in rare]
    assert compare("sentiment", rare, wrong, MOODS).low == 1, "many resamples lack the one good review"


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
    significance(config, LABELS, gathered(root, trained_cells(config, all_cells(config))), root, path)
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
    assert {r["data"] for r in rows} == {"synthetic languages; encoder: tiny, pre-trained here"}
    assert all(float(r["low"]) <= float(r["difference"]) <= float(r["high"]) for r in rows)
    gone = Cell("tiny", "ner", "qu", "es", "joint", 11)
    (tmp_path / gone.path / "scores.json").unlink()
    assert len(rows_of(config, tmp_path)) == len(rows) - 1


def test_folds_are_compared_together(tmp_path):
    """A cross-validated target is one pair over the sentences of all its folds, though their ids may be alike."""
    config = small_config(
        ner={"source": "en", "targets": [{"language": "qu"}], "placement": [4], "placements": [[4]]},
        files={"ner": {"qu": {"path": "qu.tsv", "folds": 3}}},
        sentiment={"source": "en", "targets": []},
        figure=None,
    )
    for cell in trained_cells(config, all_cells(config)):
        part = int(cell.target[-1])
        gold = {split: ones[part * 8 : part * 8 + 8] for split, ones in golden("ner", LABELS["ner"]).items()}
        write_cell(tmp_path, cell, right=0.9 if cell.method.startswith("metaxl") else 0.5, gold=gold)
    (row,) = rows_of(config, tmp_path)
    assert (row["target"], row["method"], row["rival"], row["sentences"]) == ("qu", "metaxl-L4", "joint", "24")
    shown = shown_scores(gathered(tmp_path, trained_cells(config, all_cells(config))))
    assert row["method_f1"] == f"{100 * shown[Cell('tiny', 'ner', 'qu', 'en', 'metaxl-L4', 11)]:.2f}"


def test_pairs_without_a_defined_score_are_left_out(tmp_path):
    config = small_config()
    empty = {"dev": [["O", "B-PER"]], "test": [["O", "O"]]}
    for cell in all_cells(config):
        write_cell(tmp_path, cell, gold=empty if cell.target == "gn" else None)
    assert {row["target"] for row in rows_of(config, tmp_path)} == {"qu", "te"}


def test_significance_names_the_files_that_do_not_pair(tmp_path):
    """An error tells which two cells were trained on different data."""
    config = small_config()
    for cell in all_cells(config):
        write_cell(tmp_path, cell)
    frame = gathered(tmp_path, all_cells(config))
    for cell in all_cells(config):
        folder = tmp_path / cell.path
        if cell.method == "joint" and cell.target == "te":
            path = folder / "predictions.jsonl"
            path.write_text(path.read_text().replace('"s7"', '"other"'))
    with pytest.raises(DataError, match=r"te/en/metaxl-L4/.* and .*te/en/joint/"):
        significance(config, LABELS, frame, tmp_path, tmp_path / "significance.csv")
