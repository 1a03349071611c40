"""Which models are kept, and of what: the cells that tables show, one a target or all of them."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from experiments import metaxl_cell, plan_of

from metaxl.errors import ConfigError
from metaxl.experiment import layout
from metaxl.experiment.grid import all_cells, trained_cells
from metaxl.reporting.best import Candidate
from metaxl.tasks import TASKS

ROOT = Path("results/demo")
FOLDED = {"files": {"ner": {"gn": {"path": "data/gn", "folds": 5}}}}


@pytest.fixture(autouse=True)
def _usual_labels(monkeypatch):
    """The classes are those of the paper's corpora: no file of a user's is opened."""
    monkeypatch.setattr("metaxl.planning.plan.label_set", lambda _, task: TASKS[task].label_set(TASKS[task].usual))


@pytest.mark.parametrize("changes", [{}, FOLDED], ids=["whole", "folded"])
def test_what_is_kept(changes):
    """Nothing, one model a target, or that of each training behind the tables; Figure 1's other cells have none."""
    plans = {which: plan_of(keep_models=which, **changes) for which in ("none", "best", "all")}
    files = {which: plan.models.files() for which, plan in plans.items()}
    assert files["none"] == []
    assert files["best"] == [ROOT / "models" / place for place in ("ner/qu", "ner/gn", "sentiment/te")]
    config = plans["all"].config
    trained = trained_cells(config, all_cells(config))
    assert files["all"] == [ROOT / cell.path / "model" for cell in trained]
    assert any("gn-fold5" in cell.path for cell in trained) == bool(changes)


def test_models_are_kept_where_data_are_the_users_own_unless_they_say_otherwise():
    assert plan_of().models.files() == []
    assert ROOT / "models/ner/gn" in plan_of(**FOLDED).models.files()


def test_the_best_model_of_a_cells_target():
    """The model of a fold may be the best of its language; a language may be called like a fold and be none."""
    plan = plan_of(**FOLDED)
    cell = metaxl_cell(plan, target="gn-fold2")
    assert plan.models.best_of(cell) == ROOT / "models/ner/gn"
    for name in ("gn-fold6", "qu-fold1"):
        assert plan.models.best_of(replace(cell, target=name)) == ROOT / "models/ner" / name


@pytest.mark.parametrize(("target", "folds"), [("qu", 0), ("gn", 5)])
def test_candidates_are_all_the_cells_of_a_target_with_all_that_they_are_made_of(target, folds):
    plan = plan_of(**FOLDED)
    asked = [Candidate.from_dict(value, "refuse") for value in json.loads(plan.content(f"asked/best-ner-{target}"))]
    shown = [cell for cell in all_cells(plan.config) if (cell.task, cell.target) == ("ner", target)]
    assert [candidate.cell for candidate in asked] == shown
    inputs = plan.models.best_inputs("ner", target)
    for candidate in asked:
        assert len(candidate.trainings) == max(1, folds)
        for training in candidate.trainings:
            assert set(training.files.values()) <= set(inputs["encoded"])
            assert training.checksums in inputs["checksums"]
            names = ("scores.json", "predictions.jsonl", "history.jsonl")
            assert {ROOT / training.spec.cell.path / name for name in names} <= set(inputs["records"])
    assert plan.models.best_encoders("ner", target) == plan.encoder_files("tiny")
    assert len(inputs["records"]) == 3 * len(shown) * max(1, folds)


def test_candidates_do_not_change_with_what_is_not_theirs():
    """So that no best model is trained again for another label, another task, or another target."""
    text = plan_of().content("asked/best-ner-qu")
    for changes in ({"label": "another"}, {"sentiment": {"source_size": 7}}, {"figure": None}, {"keep_models": "all"}):
        assert plan_of(**changes).content("asked/best-ner-qu") == text
    assert plan_of(seeds=[1]).content("asked/best-ner-qu") != text


def test_a_target_that_no_table_shows_is_told():
    plan = plan_of()
    message = "results/demo/models/ner/te: no table shows 'te' as a target of ner; there are qu, gn."
    for act in (lambda: plan.models.best_inputs("ner", "te"), lambda: plan.content("asked/best-ner-te")):
        with pytest.raises(ConfigError) as caught:
            act()
        assert str(caught.value) == message


def test_model_paths_are_patterns_of_their_own():
    """A cell's address fills in the folder of its model and its workspace."""
    cell = metaxl_cell(plan_of())
    about = {name: getattr(cell, name) for name in ("encoder", "task", "target", "source", "method", "seed")}
    assert layout.fill(layout.MODEL, **about) == Path(cell.path, "model")
    assert layout.fill(layout.WORK, **about) == Path("work", cell.path)
