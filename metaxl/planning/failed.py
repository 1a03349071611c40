"""Cells that failed: which of them a run tries again, and what a person is told of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from metaxl.experiment import layout
from metaxl.experiment.cell import Cell
from metaxl.experiment.config import Config
from metaxl.experiment.failure import Failure, failure_of
from metaxl.experiment.grid import cell_groups
from metaxl.experiment.layout import FAILURE, SCORES, cell_file
from metaxl.files import canonical_json, read_json
from metaxl.planning.staged import stage
from metaxl.planning.told import named

if TYPE_CHECKING:
    from metaxl.planning.plan import Plan

AGAIN = "again.json"  # an input of every training
MOST = 3  # cells that a line names


def again(plan: Plan, cell: Cell) -> Path:
    """Return an input of a cell's training that is newer than the cell's stand-in where another attempt may succeed.

    So the next command trains the cell again, and a dry run says so. It tells the failure, for Snakemake takes a small
    file of the same content for unchanged. A failure that is final is not, once a file that the cell is trained from
    was removed: that is the cure of a damaged one, and Snakemake makes no file again for a record that is there.

    Raises:
        ConfigError: the cell's path names a method, task, encoder or language that does not fit.
    """
    root = layout.root(plan.config.name)
    failure = failure_at(root, cell)
    if failure and failure.is_final:
        data = [path for paths in plan.cell_inputs(cell).values() for path in paths]
        if all(path.exists() for path in (*data, *plan.encoder_files(cell.encoder))):
            failure = None
    return stage(root / cell_file(cell, AGAIN), canonical_json(asdict(failure)) if failure else "", failure is None)


def failure_at(root: Path, cell: Cell) -> Failure | None:
    """Return why a cell of the experiment whose results lie beneath `root` has no score; None unless it failed."""
    path = root / cell_file(cell, SCORES)
    there = path.is_file() and (root / cell_file(cell, FAILURE)).is_file()  # most cells lack the latter
    return failure_of(read_json(path)) if there else None


def tried_again(cells: Iterable[tuple[str, Cell]]) -> str:
    """Return which of the cells, (experiment, cell), that a run trains have failed before; empty for none."""
    failed = [cell.path for name, cell in cells if failure_at(layout.root(name), cell)]
    many = f"{len(failed)} cell{'s' * (len(failed) > 1)}"
    return f"Tried again: {many} that failed before: {named(failed, MOST)}." if failed else ""


def failures_of_run(config: Config) -> Iterator[str]:
    """Yield which of the cells that tables and figures show failed, with the reasons, and what becomes of them."""
    root = layout.root(config.name)
    cells = [cell for cells in cell_groups(config).values() for cell in cells]
    failed: dict[Cell, Failure] = {cell: failure for cell in cells if (failure := failure_at(root, cell))}
    later: dict[str, int] = {}
    alike: dict[str, list[str]] = {}
    for cell, failure in failed.items():
        later[failure.next] = later.get(failure.next, 0) + 1
        alike.setdefault(failure.reason, []).append(cell.path)
    yield from (f"{count} of {len(cells)} cells failed; {what}." for what, count in later.items())
    yield from (f"{named(paths, MOST)}: {reason}" for reason, paths in alike.items())
