"""What was logged while cells trained, as the mean over languages and seeds of each row of a table."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from metaxl.experiment.cell import Cell
from metaxl.experiment.config import Config
from metaxl.experiment.contrasts import NO_GROUP
from metaxl.experiment.grid import AVERAGE, Table, trained_cells
from metaxl.experiment.layout import HISTORY, cell_file
from metaxl.files import read_jsonl

Curve = NDArray[np.float64]
POINTS = 41  # of a curve, from the start of the training to its end
SHARES: Curve = np.linspace(0, 1, POINTS)


@dataclass(frozen=True, slots=True)
class Trace:
    """What was logged of one row of a table.

    Attributes:
        group: the source of the row; `NO_GROUP` without one.
        label: the method's, as the table has it.
        histories: of the cells that have one, each a list of rows, one an epoch.
    """

    group: str
    label: str
    histories: tuple[list[dict[str, float | None]], ...]

    def mean(self, key: str) -> Curve | None:
        """Return the mean over the cells of what is logged under a key, at `SHARES` of the training.

        Before the end of the first epoch nothing is known: NaN. None where no cell logs it.
        """
        curves = [curve for history in self.histories if (curve := _curve(history, key)) is not None]
        return np.mean(curves, axis=0) if curves else None


def _curve(history: Sequence[dict[str, float | None]], key: str) -> Curve | None:
    """Return one cell's curve; a value that is not defined, or nowhere logged, is left out."""
    known = [(row["epoch"], row[key]) for row in history if row.get(key) is not None]
    if not known:
        return None
    epochs, values = np.array(known, dtype=np.float64).T
    last = max(float(row["epoch"] or 0) for row in history)
    curve: Curve = np.interp(SHARES, epochs / last, values, left=np.nan)
    return curve


def traces(config: Config, table: Table, root: Path) -> Iterator[Trace]:
    """Yield what was logged of each row of a table.

    Args:
        config: the configuration.
        table: of one task.
        root: results/<name>, beneath which the records lie.
    """
    for row in table.rows:
        entries = [entry for name, entry in row.entries.items() if entry and name != AVERAGE]
        asked = [cell for entry in entries for seed in config.seeds for cell in entry.cells(seed)]
        histories = [_history(root, cell) for cell in trained_cells(config, asked)]
        yield Trace(row.group, row.label, tuple(filter(None, histories)))


def _history(root: Path, cell: Cell) -> list[dict[str, float | None]]:
    """Return what a cell has logged; nothing of one that failed."""
    path = root / cell_file(cell, HISTORY)
    return read_jsonl(path) if path.is_file() else []


def groups_of(found: Sequence[Trace]) -> dict[str, list[Trace]]:
    """Return the rows of each source, those without a source first in each; where there is no source, those alone."""
    alone = [trace for trace in found if trace.group == NO_GROUP]
    sources = dict.fromkeys(trace.group for trace in found if trace.group != NO_GROUP)
    return {group: [*alone, *(trace for trace in found if trace.group == group)] for group in sources or [NO_GROUP]}
