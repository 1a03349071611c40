"""Keep what was computed without the data it was computed from, and count it as done on another machine."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from metaxl.errors import ConfigError, DataError
from metaxl.experiment import layout
from metaxl.experiment.cell import Cell
from metaxl.experiment.config import Config
from metaxl.experiment.grid import all_cells, trained_cells
from metaxl.experiment.layout import COUNTED, HISTORY, PREDICTIONS, SCORES, VECTORS, cell_file
from metaxl.experiment.neutral import cell_spec
from metaxl.files import atomic_path, write_text
from metaxl.planning.plan import Plan
from metaxl.reporting.evidence.counter import counted
from metaxl.reporting.expected import Expected, check_record, read_labels
from metaxl.reporting.facts import facts_files
from metaxl.reporting.failures import failure_in
from metaxl.reporting.kept import write_counted
from metaxl.reporting.records import read_record
from metaxl.reporting.scored import scored


def keep(plan: Plan, out: Path) -> list[Cell]:
    """Write the records of an experiment's finished cells to a folder, with the facts that its tables need.

    Neither a word nor a label of the data is among them. The folder has the layout of results/<name>.

    Returns:
        The cells.

    Raises:
        ConfigError: a target is cross-validated; its score is of predictions that would not be there.
        DataError: a record is torn, or of another making than the plan.
    """
    root, wanted = plan.path(""), all_cells(plan.config)
    cells = [cell for cell in trained_cells(plan.config, wanted) if (root / cell_file(cell, SCORES)).exists()]
    if trained_cells(plan.config, wanted) != wanted:
        raise ConfigError("A cross-validated target cannot be kept: its score is that of all folds' predictions.")
    kept = []
    for cell in cells:
        expected = Expected.from_dict(plan.expected(cell), plan.config.other_records)
        if failure_in(root, expected):
            continue
        one = scored(root, expected)
        for name in (SCORES, HISTORY):
            _copy(root, out, cell_file(cell, name))
        write_counted(out / cell_file(cell, COUNTED), one.counted or counted(one))
        kept.append(cell)
    write_text(out / layout.CONFIG, plan.content("config"))
    write_text(out / layout.LABELS, plan.content("asked/labels"))
    for path in [*facts_files(plan.config, kept), layout.fill(layout.REPORT, suffix="md")]:
        _copy(root, out, path)
    return kept


def restore(plan: Plan, folder: Path) -> tuple[list[Cell], list[Cell]]:
    """Place kept records among an experiment's results, so that their cells count as done.

    They are held to the data and the encoder, which must be here: what was kept of other data would be no result of
    this experiment. A cell that has a record is left alone.

    Returns:
        The cells that were placed, and those that had a record.

    Raises:
        ConfigError: nothing is kept there of this experiment, or its data are not encoded yet.
        DataError: a record is torn, or of another making than the plan.
    """
    root, placed, left = plan.path(""), [], []
    for cell in _kept_cells(plan.config, folder):
        expected = Expected.from_dict(plan.expected(cell), plan.config.other_records)
        missing = [path for path in (*expected.files.values(), expected.checksums) if not path.exists()]
        if missing:
            raise ConfigError(
                f"{missing[0]}: not here yet. Kept records are held to the data that they are of; make these first: "
                f"snakemake --cores 2 -- {plan.path(layout.REPORT, suffix='md')}"
            )
        if (root / cell_file(cell, SCORES)).exists():
            left.append(cell)
            continue
        check_record(expected, read_record(folder, cell), folder / cell_file(cell, SCORES))
        _place(folder, root, cell)
        placed.append(cell)
    return placed, left


def kept_records(config: Config, folder: Path) -> Iterator[Expected]:
    """Yield what the records of a folder must say to be of its own configuration, where their data are elsewhere.

    Settings, classes and encoder are held to it. The code is that of the record: what trained it stands there.

    Raises:
        ConfigError: nothing is kept there of this configuration.
        DataError: a record is torn.
    """
    labels = read_labels(folder / layout.LABELS)
    for cell in _kept_cells(config, folder):
        code = read_record(folder, cell)["provenance"]["code"]
        checksums = folder / layout.fill(layout.CHECKSUMS, encoder=cell.encoder)
        yield Expected(cell_spec(config, cell, labels[cell.task]), (code,), {}, checksums, "refuse")


def _kept_cells(config: Config, folder: Path) -> list[Cell]:
    cells = [cell for cell in all_cells(config) if (folder / cell_file(cell, COUNTED)).exists()]
    if not cells:
        raise ConfigError(
            f"{folder}: no record of a cell of the experiment {config.name!r} is kept here. Give the folder that has "
            "cells/, and the configuration that it was made with."
        )
    return cells


def _place(folder: Path, root: Path, cell: Cell) -> None:
    """Copy a cell's kept record, the scores last, with stand-ins for what is not kept."""
    write_text(root / cell_file(cell, PREDICTIONS), "")
    with atomic_path(root / cell_file(cell, VECTORS)) as temporary, temporary.open("wb") as file:
        np.savez(file, cell=np.array(cell.path))
    for name in (HISTORY, COUNTED, SCORES):
        _copy(folder, root, cell_file(cell, name))


def _copy(source: Path, target: Path, path: Path) -> None:
    if not (source / path).exists():
        raise DataError(f"{source / path}: missing. Run the workflow, or get the folder anew.")
    with atomic_path(target / path) as temporary:
        shutil.copyfile(source / path, temporary)
