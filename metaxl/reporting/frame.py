"""The records of all cells as one tidy frame; every score is computed again from the predictions first."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pandas as pd

from metaxl.errors import DataError
from metaxl.experiment.cell import Cell
from metaxl.files import atomic_path
from metaxl.reporting.records import CHECKPOINTS, check_labels, read_predictions, read_record
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
}
COLUMNS = list(TYPES)
TOLERANCE = 1e-9


def gather(root: Path, cells: Sequence[Cell]) -> pd.DataFrame:
    """Return one row per cell, checkpoint, split and metric of every cell that has a record; values are fractions.

    Args:
        root: the experiment's folder, results/<name>.
        cells: what to look for. A cell without scores.json is absent from the frame.

    Raises:
        DataError: a record is torn or malformed, or its scores are not those of its predictions.
    """
    found = [(cell, read_record(root, cell)) for cell in cells if (root / cell.path / "scores.json").is_file()]
    _warn_of_mixed_code(record for _, record in found)
    rows = [row for cell, record in found for row in _rows(root, cell, record)]
    return pd.DataFrame(rows, columns=COLUMNS).astype(TYPES)


def write_scores(frame: pd.DataFrame, path: Path) -> None:
    """Write the frame as CSV, sorted, with every digit of each value, atomically."""
    with atomic_path(path) as temporary:
        frame[COLUMNS].sort_values(COLUMNS, kind="stable").to_csv(temporary, index=False, lineterminator="\n")


def _rows(root: Path, cell: Cell, record: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield a cell's rows; those of the best epoch, the one whose predictions are kept, after a second scoring."""
    again = _score_again(root, cell, record)
    for checkpoint in CHECKPOINTS:
        for split in SCORED_SPLITS:
            values = again[split] if checkpoint == "best" else record[checkpoint][split]
            about = {"checkpoint": checkpoint, "epoch": record[checkpoint]["epoch"], "split": split}
            for metric in find_task(cell.task).metrics:
                yield asdict(cell) | about | {"metric": metric, "value": values[metric]}


def _score_again(root: Path, cell: Cell, record: dict[str, Any]) -> dict[str, dict[str, float]]:
    path = root / cell.path / "predictions.jsonl"
    scores = {}
    for split, predictions in read_predictions(path).items():
        check_labels(path, find_task(cell.task), predictions)
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


def _warn_of_mixed_code(records: Iterator[dict[str, Any]]) -> None:
    """Warn when the cells were trained by several versions of the code: their scores may not be comparable."""
    digests = Counter(record["provenance"]["code"] for record in records)
    if len(digests) > 1:
        counts = ", ".join(f"{count} by {code}" for code, count in digests.most_common())
        total = digests.total()
        LOG.warning("%d cells were trained by %d versions of the code: %s.", total, len(digests), counts)
