"""The records of cells as a tidy frame, every score computed again from the predictions first; what reads it back.

This is the only place where scores are computed again: tables, figure and paired tests read the frame.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

import pandas as pd

from metaxl.errors import DataError
from metaxl.experiment.cell import Cell
from metaxl.experiment.layout import PREDICTIONS, SCORES, cell_file
from metaxl.files import atomic_path
from metaxl.reporting.records import CHECKPOINTS, read_predictions, read_record
from metaxl.reporting.rescore import LIBRARY_SCORES
from metaxl.tasks import SCORED_SPLITS, find_task

LOG = logging.getLogger(__name__)
TYPES = {
    "encoder": "str",
    "task": "str",
    "target": "str",
    "source": "str",
    "method": "str",
    "seed": "int64",
    "checkpoint": "str",
    "epoch": "int64",
    "split": "str",
    "metric": "str",
    "value": "float64",
    "code": "str",
}
COLUMNS = list(TYPES)
TOLERANCE = 1e-9


def gather(root: Path, cells: Sequence[Cell]) -> pd.DataFrame:
    """Return one row per cell, checkpoint, split and metric of every cell that has a record; values are fractions.

    The records lie beneath `root`, results/<name>.

    Raises:
        DataError: a record is torn or malformed, or its scores are not those of its predictions.
    """
    found = [(cell, read_record(root, cell)) for cell in cells if (root / cell_file(cell, SCORES)).is_file()]
    rows = [row for cell, record in found for row in _rows(root, cell, record)]
    return pd.DataFrame(rows, columns=COLUMNS).astype(TYPES)


def write_scores(frame: pd.DataFrame, path: Path) -> None:
    """Write the frame as CSV, sorted, with every digit of each value, atomically."""
    with atomic_path(path) as temporary:
        frame[COLUMNS].sort_values(COLUMNS, kind="stable").to_csv(temporary, index=False, lineterminator="\n")


def read_scores(paths: Sequence[Path]) -> pd.DataFrame:
    """Read what `write_scores` wrote as one frame; warn where a method was trained by several versions of the code.

    Raises:
        DataError: a file is missing or is no table of scores.
    """
    frame = pd.concat([_read(path) for path in paths], ignore_index=True)
    _warn_of_mixed_code(frame)
    return frame


def shown_scores(frame: pd.DataFrame) -> dict[Cell, float]:
    """Return what tables and figure show of each cell: F1 on test of the epoch that is best on dev, as a fraction."""
    chosen = frame[(frame["checkpoint"] == "best") & (frame["split"] == "test") & (frame["metric"] == "f1")]
    addresses = chosen[[field.name for field in fields(Cell)]].itertuples(index=False, name=None)
    return {Cell(*address): value for address, value in zip(addresses, chosen["value"].tolist(), strict=True)}


def _read(path: Path) -> pd.DataFrame:
    # As text first: a language may be called "na" or "null", and each value keeps its every digit.
    try:
        frame = pd.read_csv(path, dtype=str, keep_default_na=False)[COLUMNS].astype(TYPES)
    except (OSError, ValueError, KeyError) as error:
        raise DataError(f"{path}: expected a table of scores ({error}). Remove it and run the workflow.") from error
    return frame


def _rows(root: Path, cell: Cell, record: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield a cell's rows; those of the best epoch, the one whose predictions are kept, after a second scoring."""
    again = _score_again(root, cell, record)
    for checkpoint in CHECKPOINTS:
        for split in SCORED_SPLITS:
            values = again[split] if checkpoint == "best" else record[checkpoint][split]
            about = {"checkpoint": checkpoint, "epoch": record[checkpoint]["epoch"], "split": split}
            for metric in find_task(cell.task).metrics:
                score = {"metric": metric, "value": values[metric], "code": record["provenance"]["code"]}
                yield asdict(cell) | about | score


def _score_again(root: Path, cell: Cell, record: dict[str, Any]) -> dict[str, dict[str, float]]:
    path = root / cell_file(cell, PREDICTIONS)
    scores = {}
    for split, predictions in read_predictions(path, find_task(cell.task)).items():
        gold, predicted = [p.gold for p in predictions], [p.predicted for p in predictions]
        scores[split] = LIBRARY_SCORES[cell.task](gold, predicted)
        for metric, value in scores[split].items():
            recorded = record["best"][split][metric]
            if abs(value - recorded) > TOLERANCE:
                raise DataError(
                    f"{path}: {split} {metric} of these predictions is {value!r}, but scores.json beside them says "
                    f"{recorded!r}. One of the two files was changed; remove the folder and train the cell again."
                )
    return scores


def _warn_of_mixed_code(frame: pd.DataFrame) -> None:
    """Warn where several versions of the code trained an encoder's cells of a method: they may not be comparable."""
    cells = frame.drop_duplicates([field.name for field in fields(Cell)])
    for (encoder, method), codes in cells.groupby(["encoder", "method"])["code"]:
        counts = codes.value_counts()
        if len(counts) > 1:
            listed = ", ".join(f"{count} by {code}" for code, count in counts.items())
            LOG.warning(
                "%s, %s: %d cells were trained by %d versions of the code: %s.",
                *(encoder, method, len(codes), len(counts), listed),
            )
