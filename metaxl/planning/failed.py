"""Cells that failed: which of them a run tries again, and what a person is told of the others."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from metaxl.experiment import layout
from metaxl.experiment.config import Config
from metaxl.experiment.failure import Failure, failure_of
from metaxl.experiment.grid import cell_groups
from metaxl.experiment.layout import FAILURE, SCORES
from metaxl.files import read_json
from metaxl.planning.told import named

LOCKS = Path(".snakemake", "locks")  # holds files while a run of Snakemake owns the folder
MOST = 3  # cells that a line names


def try_again(config: Config) -> str:
    """Remove the stand-ins of an experiment's cells that another attempt may train, so that a run makes that attempt.

    failed.json stays until the cell is trained. Nothing is removed while another run of Snakemake owns the folder, for
    that may be about to read the stand-ins.

    Returns:
        What the person is told; empty where there are none.
    """
    if LOCKS.is_dir() and any(LOCKS.iterdir()):
        return ""
    again = [(path, failure) for path, failure in _failures(layout.root(config.name)) if not failure.is_final]
    for path, _ in again:
        path.unlink()
    if not again:
        return ""
    return f"Tried again, for another attempt may succeed: {named([str(path.parent) for path, _ in again], MOST)}."


def failures_of_run(config: Config) -> Iterator[str]:
    """Yield which of the cells that tables and figures show failed, with the reason and with what becomes of them."""
    root = layout.root(config.name)
    wanted = {root / layout.cell_file(cell, SCORES): cell for cells in cell_groups(config).values() for cell in cells}
    alike: dict[tuple[str, str], list[str]] = {}
    for path, failure in _failures(root):
        if path in wanted:
            alike.setdefault((failure.reason, failure.next), []).append(wanted[path].path)
    for (reason, later), paths in alike.items():
        yield f"{len(paths)} of {len(wanted)} cells failed ({later}): {named(paths, MOST)}: {reason}"


def _failures(root: Path) -> Iterator[tuple[Path, Failure]]:
    """Yield the stand-ins for scores that lie beneath the folder of an experiment's results."""
    pattern = "/".join("*" if "{" in part else part for part in layout.CELL.split("/")[:-1])
    for told in sorted(root.glob(f"{pattern}/{FAILURE}")):
        path = told.with_name(SCORES)
        if path.is_file() and (failure := failure_of(read_json(path))):
            yield path, failure
