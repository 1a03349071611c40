"""A fault of the machine is answered by another attempt of the next command, what would fail again likewise is not."""

from __future__ import annotations

from pathlib import Path

import pytest
from experiments import plan_of, small_config
from records import write_cell, write_failed

from metaxl.experiment.cell import Cell
from metaxl.experiment.grid import cell_groups
from metaxl.files import write_text
from metaxl.planning.failed import (
    DASHES,
    again,
    again_without_model,
    best_models,
    cell_folders,
    failures_of,
    failures_of_run,
    models_missing,
    tried_again,
)
from metaxl.planning.run_notes import told_at_end

PLAN = plan_of()
CELL = Cell("tiny", "ner", "qu", "en", "joint", 11)
INPUTS = [path for paths in PLAN.cell_inputs(CELL).values() for path in paths] + PLAN.encoder_files("tiny")


@pytest.fixture
def root(tmp_path, monkeypatch):
    """The results of an experiment called demo, in the folder that Snakemake works in, with all that the cell reads."""
    monkeypatch.chdir(tmp_path)
    for path in INPUTS:
        write_text(tmp_path / path, "there")
    return tmp_path / "results" / "demo"


def newer(root, cell=CELL, named=False):
    """Tell whether Snakemake would take the input of a cell's training for newer than its record."""
    return again(PLAN, cell, named).stat().st_mtime > (root / cell.path / "scores.json").stat().st_mtime


def test_a_cell_without_a_failure_never_has_a_newer_input(root):
    assert again(PLAN, CELL, named=False).stat().st_mtime < 100
    write_cell(root, CELL)
    assert not newer(root)


@pytest.mark.parametrize("status", [2, 75, 127, 134, 137, 139])
def test_a_fault_of_the_machine_makes_the_input_newer_and_another_each_time(root, status):
    """Snakemake compares the content of small files, and takes an equal one for unchanged."""
    before = again(PLAN, CELL, named=False).read_text()
    write_failed(root, CELL, status=status)
    assert newer(root)
    first = again(PLAN, CELL, named=False).read_text()
    write_failed(root, CELL, status=status, when="2026-01-01 00:00:01")
    assert newer(root)
    second = again(PLAN, CELL, named=False).read_text()
    assert len({before, first, second}) == 3
    write_cell(root, CELL)
    (root / CELL.path / "failed.json").unlink()
    assert not newer(root)


def test_what_fails_again_in_the_same_way_is_left_unless_a_command_names_it(root):
    write_failed(root, CELL, status=1)
    assert not newer(root)
    assert newer(root, named=True)
    write_cell(root, CELL)
    (root / CELL.path / "failed.json").unlink()
    assert not newer(root, named=True)


@pytest.mark.parametrize("path", INPUTS, ids=str)
def test_a_file_that_was_removed_may_cure_what_fails_in_the_same_way(root, path):
    write_failed(root, CELL, status=1)
    path.unlink()
    assert newer(root)


def test_a_run_says_which_cells_it_tries_again(root):
    assert tried_again([("demo", CELL)]) == ""
    write_failed(root, CELL)
    assert tried_again([("demo", CELL), ("other", CELL)]) == f"Tried again: 1 cell that failed before: {CELL.path}."


def test_a_run_ends_with_what_failed_and_what_becomes_of_it(root):
    """One line for each fate, one for each reason; first of all notes. A cell that no table shows is not told of."""
    config = small_config()
    cells = [cell for cells in cell_groups(config).values() for cell in cells]
    assert list(failures_of_run(config)) == []
    for cell in cells[:2]:
        write_failed(root, cell, "The disk is full.")
    write_failed(root, cells[2], "The loss is not finite.", status=1)
    write_failed(root, Cell("tiny", "ner", "qu", "en", "joint", 999), "Unasked.")
    for cell in cells[3:]:
        write_cell(root, cell)
    assert told_at_end(config).splitlines() == [
        "Failed:",
        f"- 2 of {len(cells)} cells failed; the next command tries again.",
        f"- 1 of {len(cells)} cells failed; a cell is tried again when its settings, data, encoder or code change, "
        "or a command names it.",
        f"- {DASHES}",
        f"- {cells[0].path}, {cells[1].path}: The disk is full.",
        f"- {cells[2].path}: The loss is not finite.",
    ]


@pytest.mark.parametrize(
    ("path", "names"),
    [
        (f"results/demo/{CELL.path}/scores.json", True),
        (f"./results/demo/{CELL.path}/history.jsonl", True),
        (f"results/demo/{CELL.path}/model", True),
        (f"results/demo/{CELL.path}", True),
        ("results/demo/cells/tiny/ner", False),
        ("results/demo/models/ner/qu", False),
        ("results/demo/encoded/tiny/ner/qu/a/b/c/train.npz", False),
        ("tables", False),
    ],
)
def test_any_path_in_its_folder_names_a_cell_and_nothing_else_does(root, path, names):
    write_failed(root, CELL, "The loss is not finite.")
    folder = Path("results", "demo", CELL.path)
    assert cell_folders([path]) == ({folder} if names else set())
    assert failures_of(cell_folders([path])) == (f"{folder} failed: The loss is not finite." if names else "")


def test_a_named_cell_that_has_a_score_or_no_record_has_not_failed(root):
    named = cell_folders([f"results/demo/{CELL.path}/scores.json"])
    assert failures_of(named) == ""
    write_cell(root, CELL)
    assert failures_of(named) == ""


@pytest.mark.parametrize("path", ["results/demo/models/ner/qu", "./results/demo/models/ner/qu/README.md"])
def test_a_named_model_that_no_cell_could_give_is_missing_and_made_again(tmp_path, monkeypatch, path):
    monkeypatch.chdir(tmp_path)
    folder = Path("results/demo/models/ner/qu")
    named = best_models([path, "tables", "results/demo/tables/table2.md", "results/demo"])
    assert named == {folder}
    assert models_missing(named) == ""  # nothing was made: Snakemake tells of that itself
    assert again_without_model(folder, named) == []
    folder.mkdir(parents=True)
    assert models_missing(named) == f"{folder} holds no model; {folder}/cell.json says why."
    first = [path.read_text() for path in again_without_model(folder, named)]
    second = [path.read_text() for path in again_without_model(folder, named)]
    assert len(first) == len(second) == 1
    assert first != second
    assert again_without_model(folder, set()) == []
    (folder / "model.safetensors").write_bytes(b"weights")
    assert models_missing(named) == ""
    assert again_without_model(folder, named) == []
