"""The table of the paired tests."""

from __future__ import annotations

import csv
import math
from dataclasses import replace
from pathlib import Path

import pandas as pd

from metaxl.errors import DataError
from metaxl.experiment.cell import Cell
from metaxl.experiment.config import Config
from metaxl.experiment.grid import compared_pairs, tables, trained_cells
from metaxl.experiment.layout import PREDICTIONS, cell_file
from metaxl.files import atomic_path
from metaxl.reporting.facts import read_weights
from metaxl.reporting.frame import shown_scores
from metaxl.reporting.records import Prediction, read_predictions
from metaxl.reporting.stats import Comparison, compare
from metaxl.reporting.titles import made_of
from metaxl.tasks import LabelSet, find_task

HEADER = (
    *("table", "target", "source", "seed", "method", "rival", "method_f1", "rival_f1"),
    *("difference", "low", "high", "p_value", "sentences", "data"),
)


def significance(config: Config, labels: dict[str, LabelSet], frame: pd.DataFrame, root: Path, path: Path) -> None:
    """Write significance.csv: MetaXL against JT and the frozen RTN, per target of Tables 2 and 3 and per seed.

    F1, difference and bounds are in percent. Pairs of which the frame lacks a score are left out; predictions are read
    beneath `root`, results/<name>.

    Raises:
        DataError: a pair's predictions are malformed or of different sentences.
    """
    scored = shown_scores(frame)
    with atomic_path(path) as temporary, temporary.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(HEADER)
        weights = read_weights(root, (task.encoder for task in config.tasks))
        titles = {table.number: made_of(config, table.entries(), weights) for table in tables(config)}
        for table, cell, rival in compared_pairs(config):
            defined = all(not math.isnan(scored.get(one, math.nan)) for one in (cell, rival))
            if defined:
                about = [table, cell.target, cell.source, cell.seed, cell.method, rival.method]
                pair = [_predictions(config, labels[cell.task], root, one) for one in (cell, rival)]
                writer.writerow([*about, *_numbers(_compare(cell, rival, labels[cell.task], *pair)), titles[table]])


def _predictions(config: Config, labels: LabelSet, root: Path, cell: Cell) -> list[Prediction]:
    """Return a cell's predictions of test; of a cross-validated target those of all folds, whose ids may be alike."""
    found = []
    for part in trained_cells(config, [cell]):
        of_part = read_predictions(root / cell_file(part, PREDICTIONS), find_task(cell.task), labels)["test"]
        found += of_part if part == cell else [replace(one, id=f"{part.target} {one.id}") for one in of_part]
    return found


def _compare(
    cell: Cell, rival: Cell, labels: LabelSet, first: list[Prediction], second: list[Prediction]
) -> Comparison:
    try:
        return compare(cell.task, labels, first, second)
    except DataError as error:
        raise DataError(f"{cell.path} and {rival.path}: {error}") from error


def _numbers(found: Comparison) -> list[str]:
    percents = [found.first, found.second, found.difference, found.low, found.high]
    return [*(f"{100 * value:.2f}" for value in percents), f"{found.p_value:.4f}", str(found.sentences)]
