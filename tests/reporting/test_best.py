"""The model that is kept of a target is that of its best cell on dev, as the tables' order and the folds have it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from experiments import plan_of

from metaxl.experiment.cell import Cell
from metaxl.reporting import best
from metaxl.reporting.best import Candidate, choose
from metaxl.reporting.expected import Expected
from metaxl.reporting.prediction import Prediction
from metaxl.reporting.scored import Best, Scored
from metaxl.tasks import NER

CELLS = [Cell("tiny", "ner", "lug", "en", method, seed) for method in ("joint", "metaxl-L1") for seed in (11, 12)]
LABELS = NER.label_set(["B-PER"])


def candidates(folds=0):
    """Return the four cells as candidates, each with one training or with one a fold."""
    expected = Expected.from_dict(plan_of().expected(Cell("tiny", "ner", "qu", "en", "joint", 11)), "refuse")
    trainings = [
        [replace(cell, target=f"lug-fold{fold}") for fold in range(1, folds + 1)] if folds else [cell] for cell in CELLS
    ]
    return [
        Candidate(cell, tuple(replace(expected, spec=replace(expected.spec, cell=one)) for one in parts))
        for cell, parts in zip(CELLS, trainings, strict=True)
    ]


def scoring(monkeypatch, dev):
    """Let each cell have the dev F1 that `dev` gives, and dev predictions of which its first `dev` of 10 are right."""

    def read(_root, expected):
        cell, value = expected.spec.cell, dev(expected.spec.cell)
        gold = [["B-PER"]] * (10 if value is not None else 0)
        found = [[("B-PER" if number < 10 * (value or 0) else "O")] for number in range(10)]
        names = [f"{cell.target}-{number}" for number in range(10)]
        made = [Prediction(*one) for one in zip(names, gold or [["O"]] * 10, found, strict=True)]
        scores = {"dev": {"f1": value}, "test": {"f1": 1.0}}
        return Scored(cell, LABELS, "c0de", (), Best(1, "dev", scores), {"dev": made, "test": made})

    monkeypatch.setattr(best, "scored", read)


@pytest.mark.parametrize(
    ("values", "chosen"),
    [
        ((0.1, 0.4, 0.3, 0.2), 1),
        ((0.1, 0.4, 0.4, 0.4), 1),
        ((None, 0.0, None, 0.2), 3),
        ((None, 0.0, None, 0.0), 1),
    ],
)
def test_the_highest_dev_score_wins_of_equal_ones_the_first_and_an_undefined_one_never(monkeypatch, values, chosen):
    scoring(monkeypatch, lambda cell: values[CELLS.index(cell)])
    found, said = choose(Path("results/x"), candidates())
    assert found.spec.cell == CELLS[chosen]
    assert said == f"lug: dev F1 of {CELLS[chosen].path}, {values[chosen]:.4f}, is the highest of its 4 cells."


def test_where_no_dev_score_is_defined_no_cell_is_the_best(monkeypatch):
    scoring(monkeypatch, lambda _: None)
    found, said = choose(Path("results/x"), candidates())
    assert found is None
    assert "dev F1 is not defined for any of its 4 cells" in said
    assert "cells/.../seed<k>/model" in said


def test_of_folds_the_pooled_score_decides_and_the_first_is_kept(monkeypatch):
    """One cell is best on one fold, another on all of them together."""
    by_fold = {("joint", 11): (1.0, 0.1, 0.1), ("metaxl-L1", 12): (0.5, 0.6, 0.7)}
    scores = lambda cell: by_fold.get((cell.method, cell.seed), (0.2, 0.2, 0.2))[int(cell.target[-1]) - 1]  # noqa: E731
    scoring(monkeypatch, scores)
    found, said = choose(Path("results/x"), candidates(folds=3))
    assert found.spec.cell == replace(CELLS[3], target="lug-fold1")
    assert said.endswith("It is pooled over 3 folds, and this is the model of fold 1.")
