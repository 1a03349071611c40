"""Records kept without the data: a cell's scores, its history, and what each test sentence adds to its score.

From these every table, test and picture can be made again by anyone, without a word of the corpus and without training.
A kept cell has counts.csv in place of predictions.jsonl: true positives, false positives and false negatives of each
test sentence, by its id.
"""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import numpy as np

from metaxl.errors import DataError
from metaxl.experiment.cell import Cell
from metaxl.experiment.layout import COUNTED, cell_file
from metaxl.files import atomic_path
from metaxl.reporting.evidence.counted import Counted
from metaxl.reporting.statistics.counts import f1

COLUMNS = ("tp", "fp", "fn")
TOLERANCE = 1e-9


def is_kept(folder: Path) -> bool:
    """Tell whether the record in a cell's folder was kept without its predictions and vectors."""
    return (folder / COUNTED).exists()


def write_counted(path: Path, counted: Counted) -> None:
    """Write a cell's counts as CSV, atomically; the columns repeat where the score is a mean over classes."""
    groups = counted.counts.shape[1] // len(COLUMNS)
    with atomic_path(path) as temporary, temporary.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["id", *COLUMNS * groups])
        writer.writerows([name, *row] for name, row in zip(counted.names, counted.counts.astype(int), strict=True))


def read_counted(root: Path, cell: Cell, record: dict[str, Any]) -> Counted | None:
    """Return what each test sentence of a kept cell counts; None for a cell that has predictions.

    Args:
        root: the folder of the results.
        cell: the cell.
        record: its parsed scores.json.

    Raises:
        DataError: the file is torn, or its counts do not add up to the record's score.
    """
    path = root / cell_file(cell, COUNTED)
    if not is_kept(path.parent):
        return None
    try:
        with path.open(encoding="utf-8", newline="") as file:
            _, *rows = csv.reader(file)
        counts = np.array([[int(value) for value in row[1:]] for row in rows], dtype=np.float64)
        counted = Counted(np.array([row[0] for row in rows], dtype=np.str_), counts)
        found = float(f1(counts.sum(axis=0))) if counted.defined else None
    except (ValueError, IndexError) as error:
        raise DataError(f"{path}: expected an id and counts on each line ({error}). Get the file anew.") from error
    recorded = record["best"]["test"]["f1"]
    if found is None or recorded is None or abs(found - recorded) > TOLERANCE:
        raise DataError(
            f"{path}: these counts give an F1 of {found!r}, but scores.json beside them says {recorded!r}. One of the "
            "two files was changed; get both anew."
        )
    return counted
