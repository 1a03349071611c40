"""Cells that failed: which of them a run tries again, and what a person is told of them."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from metaxl.experiment import layout
from metaxl.experiment.cell import Cell
from metaxl.experiment.config import Config
from metaxl.experiment.failure import Failure, failure_of
from metaxl.experiment.grid import cell_groups
from metaxl.experiment.layout import FAILURE, MODEL_RECORD, SCORES, cell_file
from metaxl.files import canonical_json, read_json
from metaxl.planning.staged import stage
from metaxl.planning.told import named

if TYPE_CHECKING:
    from metaxl.planning.plan import Plan

AGAIN = "again.json"  # an input of every training
MOST = 3  # cells that a line names
CELLS = layout.CELL.partition("/")[0]
PARTS = len(Path(layout.of_any(layout.CELL)).parts) - 1  # of the path of a cell's folder
MODELS = layout.BEST_MODEL.partition("/")[0]
PARTS_OF_BEST = len(Path(layout.of_any(layout.BEST_MODEL)).parts)
DASHES = "Tables and figures do without them and count as made; with `strict: true` they would not be made."


def again(plan: Plan, cell: Cell, named: bool) -> Path:
    """Return an input of a cell's training that is newer than the cell's stand-in where the cell is to be tried again.

    So the next command trains the cell again, and a dry run says so. It tells the failure, for Snakemake takes a small
    file of the same content for unchanged. A failure that is final is not tried again, unless the cell is named; nor
    once a file that the cell is trained from was removed: that is the cure of a damaged one, and Snakemake makes no
    file again for a record that is there.

    Args:
        plan: of the cell's experiment.
        cell: that may have failed.
        named: whether the command names the cell by a path of its own.

    Raises:
        ConfigError: the cell's path names a method, task, encoder or language that does not fit.
    """
    root = layout.root(plan.config.name)
    failure = failure_in(root / cell.path)
    if failure and failure.is_final and not named:
        data = [path for paths in plan.cell_inputs(cell).values() for path in paths]
        if all(path.exists() for path in (*data, *plan.encoder_files(cell.encoder))):
            failure = None
    return stage(root / cell_file(cell, AGAIN), canonical_json(asdict(failure)) if failure else "", failure is None)


def failure_in(folder: Path) -> Failure | None:
    """Return why the cell whose folder this is has no score; None unless it failed."""
    there = (folder / SCORES).is_file() and (folder / FAILURE).is_file()  # most cells lack the latter
    return failure_of(read_json(folder / SCORES)) if there else None


def cell_folders(paths: Iterable[str]) -> set[Path]:
    """Return the folders of the cells of which these paths name a file or a model."""
    folders = (Path(*Path(path).parts[:PARTS]) for path in paths)
    return {folder for folder in folders if len(folder.parts) == PARTS and folder.parts[2] == CELLS}


def failures_of(folders: Iterable[Path]) -> str:
    """Return which of the cells with these folders failed, with the reasons; empty for none."""
    failed = ((folder, failure_in(folder)) for folder in sorted(folders))
    return "\n".join(f"{folder} failed: {failure.reason}" for folder, failure in failed if failure)


def best_models(paths: Iterable[str]) -> set[Path]:
    """Return the folders of the targets' best models that these paths name, or of which they name a file."""
    folders = {Path(*Path(path).parts[:PARTS_OF_BEST]) for path in paths}
    return {folder for folder in folders if len(folder.parts) == PARTS_OF_BEST and folder.parts[2] == MODELS}


def models_missing(folders: Iterable[Path]) -> str:
    """Return which of these folders of best models were made without one, as where all cells failed; empty for none."""
    empty = filter(_lacks_model, sorted(folders))
    return "\n".join(f"{one} holds no model; {one / MODEL_RECORD} says why." for one in empty)


def again_without_model(folder: Path, named: set[Path]) -> list[Path]:
    """Return an input that has a best model made again, if its folder is named by the command and holds none.

    What it says is new each time, for Snakemake takes a small file of the same content for unchanged.
    """
    return [stage(folder / AGAIN, str(time.time_ns()), same=False)] if folder in named and _lacks_model(folder) else []


def _lacks_model(folder: Path) -> bool:
    return folder.is_dir() and not any(folder.glob("*.safetensors"))


def tried_again(cells: Iterable[tuple[str, Cell]]) -> str:
    """Return which of the cells, (experiment, cell), that a run trains have failed before; empty for none."""
    failed = [cell.path for name, cell in cells if failure_in(layout.root(name) / cell.path)]
    many = f"{len(failed)} cell{'s' * (len(failed) > 1)}"
    return f"Tried again: {many} that failed before: {named(failed, MOST)}." if failed else ""


def failures_of_run(config: Config) -> Iterator[str]:
    """Yield which of the cells that tables and figures show failed, with the reasons, and what becomes of them."""
    root = layout.root(config.name)
    cells = [cell for cells in cell_groups(config).values() for cell in cells]
    failed: dict[Cell, Failure] = {cell: failure for cell in cells if (failure := failure_in(root / cell.path))}
    later: dict[str, int] = {}
    alike: dict[str, list[str]] = {}
    for cell, failure in failed.items():
        later[failure.next] = later.get(failure.next, 0) + 1
        alike.setdefault(failure.reason, []).append(cell.path)
    yield from (f"{count} of {len(cells)} cells failed; {what}." for what, count in later.items())
    if failed:
        yield DASHES
    yield from (f"{named(paths, MOST)}: {reason}" for reason, paths in alike.items())
