"""The table of the paired tests."""

from __future__ import annotations

import csv
from pathlib import Path

import pandas as pd

from metaxl.errors import DataError
from metaxl.experiment.cell import Cell
from metaxl.experiment.config import Config
from metaxl.experiment.grid import compared_pairs
from metaxl.experiment.layout import PREDICTIONS, cell_file
from metaxl.files import atomic_path
from metaxl.reporting.frame import shown_scores
from metaxl.reporting.records import read_predictions
from metaxl.reporting.stats import Comparison, compare
from metaxl.tasks import find_task

HEADER = (
    *("table", "target", "source", "seed", "method", "rival", "method_f1", "rival_f1"),
    *("difference", "low", "high", "p_value", "sentences", "data"),
)


def significance(config: Config, frame: pd.DataFrame, root: Path, path: Path) -> None:
    """Write significance.csv: MetaXL against JT and the frozen RTN, per target of Tables 2 and 3 and per seed.

    F1, difference and bounds are in percent. Pairs of which the frame lacks a cell are left out; predictions are read
    beneath `root`, results/<name>.

    Raises:
        DataError: a pair's predictions are malformed or of different sentences.
    """
    scored = shown_scores(frame)
    with atomic_path(path) as temporary, temporary.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(HEADER)
        for table, cell, rival in compared_pairs(config):
            if cell in scored and rival in scored:
                about = [table, cell.target, cell.source, cell.seed, cell.method, rival.method]
                writer.writerow([*about, *_numbers(_compare_cells(root, cell, rival)), config.label])


def _compare_cells(root: Path, cell: Cell, rival: Cell) -> Comparison:
    files = [root / cell_file(one, PREDICTIONS) for one in (cell, rival)]
    first, second = (read_predictions(file, find_task(cell.task))["test"] for file in files)
    try:
        return compare(cell.task, first, second)
    except DataError as error:
        raise DataError(f"{files[0]} and {files[1]}: {error}") from error


def _numbers(found: Comparison) -> list[str]:
    percents = [found.first, found.second, found.difference, found.low, found.high]
    return [*(f"{100 * value:.2f}" for value in percents), f"{found.p_value:.4f}", str(found.sentences)]
