"""Kept records that were restored count as done for the whole workflow, and a cell that is trained again is its own."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys

import pytest
from test_workflow import CELL, MINIATURE, Project

pytestmark = pytest.mark.slow
MADE = ("tables", "evidence")


def metaxl(project, *arguments):
    command = [sys.executable, "-m", "metaxl", *arguments]
    environment = os.environ | {"PYTHONPATH": str(project.folder), "OMP_NUM_THREADS": "1"}
    return subprocess.run(command, cwd=project.folder, env=environment, capture_output=True, text=True, timeout=300)


@pytest.fixture(scope="module")
def restored(tmp_path_factory):
    """Return a finished project whose cells were kept, removed and restored, and what its folders held before."""
    project = Project(tmp_path_factory.mktemp("kept") / "project")
    project.run("--", "all")
    before = {name: project.bytes_of(f"results/mini/{name}") for name in MADE}
    kept = metaxl(project, "keep", "kept", "--configfile", "mini.yaml")
    assert kept.returncode == 0, kept.stderr
    shutil.rmtree(project.folder / "results/mini/cells")
    placed = metaxl(project, "restore", "kept", "--configfile", "mini.yaml")
    assert placed.returncode == 0, placed.stderr
    return project, before


def test_nothing_is_trained_and_everything_is_made(restored):
    """Tables and evidence to the byte; what needs vectors or predictions says that they are elsewhere."""
    project, before = restored
    assert "train" not in project.planned("--", "tables")
    project.run("--", "all")
    assert {name: project.bytes_of(f"results/mini/{name}") for name in MADE} == before
    figure = json.loads((project.folder / "results/mini/figures/figure1.json").read_text(encoding="utf-8"))
    assert "was kept without vectors" in figure["caption"]
    errors = (project.folder / "results/mini/report/errors.html").read_text(encoding="utf-8")
    assert "kept without predictions" in errors


def test_a_comparison_says_what_it_lacks(restored):
    """It cannot hold test sentences to one another."""
    compared = metaxl(restored[0], "compare", "results/mini", "results/mini")
    assert compared.returncode == 1
    assert "was kept without predictions" in compared.stderr


def test_a_cell_that_is_trained_again_leaves_what_was_kept(restored):
    """After an edit of its settings its record is that of the new training, with predictions and vectors."""
    project, _ = restored
    training = MINIATURE["ner"]["training"] | {"meta_learning_rate": 5e-3}
    project.configure(MINIATURE | {"ner": MINIATURE["ner"] | {"training": training}})
    project.run("--", f"{CELL}/scores.json", "table2")
    assert not (project.folder / CELL / "counts.csv").exists()
    assert (project.folder / CELL / "predictions.jsonl").stat().st_size > 0
