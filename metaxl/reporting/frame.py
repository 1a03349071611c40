"""The records of cells as a tidy frame, every score computed again from the predictions first; what reads it back.

This is the only place where scores are computed again: tables, figure and evidence read what it writes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

import pandas as pd

from metaxl.errors import DataError
from metaxl.experiment.cell import Cell
from metaxl.experiment.failure import FAILED
from metaxl.files import atomic_path
from metaxl.reporting.expected import Expected
from metaxl.reporting.failures import failures
from metaxl.reporting.scored import Scored, scored_cells
from metaxl.tasks import SCORED_SPLITS, find_task

TYPES = {
    "encoder": "str",
    "task": "str",
    "target": "str",
    "source": "str",
    "method": "str",
    "seed": "int64",
    "checkpoint": "str",
    "epoch": "int64",
    "chosen_by": "str",
    "split": "str",
    "metric": "str",
    "value": "float64",
    "code": "str",
    "differs": "str",
    "last_fall": "float64",
    "machine": "str",
    "libraries": "str",
    "failed": "str",
}
COLUMNS = list(TYPES)
Row = tuple[Any, ...]  # a value a column
ADDRESS = [field.name for field in fields(Cell)]


def gather(root: Path, cells: Sequence[Expected], each: Callable[[Scored], object] = lambda one: None) -> pd.DataFrame:
    """Return one row per cell, split and metric of the best epoch of every cell that has a record, as fractions.

    A score of one type of entity, or of one class, is the metric "f1:PER". A cross-validated target has rows of each
    fold, and rows of its own from the predictions of all folds together. The column `differs` names, with spaces
    between them, the keys in which a record is of another making than the active plan. `last_fall` is the share of
    the fall of the training loss that the cell's last epoch brought; NaN where nobody knows. `machine` is the processor
    or GPU that trained it, `libraries` the versions of what computed. A cell that failed has one row, of the checkpoint
    "failed", with the reason in the column `failed`. The records lie beneath `root`, results/<name>. `each` is called
    with every cell that has scores, while its predictions are at hand.

    Raises:
        DataError: a record is torn, malformed or of another making, or its scores are not those of its predictions.
    """
    rows: list[Row] = []
    for one in scored_cells(root, cells):
        rows += _rows(one)
        each(one)
    rows += [_failed(cell, failure.reason) for cell, failure in failures(root, cells).items()]
    return pd.DataFrame(rows, columns=COLUMNS).astype(TYPES)


def write_scores(frame: pd.DataFrame, path: Path) -> None:
    """Write the frame as CSV, sorted, with every digit of each value, atomically."""
    with atomic_path(path) as temporary:
        frame[COLUMNS].sort_values(COLUMNS, kind="stable").to_csv(temporary, index=False, lineterminator="\n")


def read_scores(paths: Sequence[Path]) -> pd.DataFrame:
    """Read what `write_scores` wrote as one frame.

    Raises:
        DataError: a file is missing or is no table of scores.
    """
    return pd.concat([_read(path) for path in paths], ignore_index=True)


def shown_scores(frame: pd.DataFrame, metric: str = "f1") -> dict[Cell, float]:
    """Return what tables and figure show of each cell: F1 on test of the epoch that is best on dev, as a fraction.

    A score that is not defined is NaN. Another metric is shown beside it.
    """
    return shown_column(frame, "value", metric)


def shown_column(frame: pd.DataFrame, column: str, metric: str = "f1") -> dict[Cell, Any]:
    """Return what a column says of each cell's score on test, of the epoch that is best on dev."""
    chosen = frame[(frame["checkpoint"] == "best") & (frame["split"] == "test") & (frame["metric"] == metric)]
    addresses = chosen[ADDRESS].itertuples(index=False, name=None)
    return {Cell(*address): value for address, value in zip(addresses, chosen[column].tolist(), strict=True)}


def mixed_code(frame: pd.DataFrame) -> list[str]:
    """Tell where several versions of the code trained an encoder's cells of a method: they may not be comparable."""
    cells = frame[frame["epoch"] > 0].drop_duplicates(ADDRESS)  # the folds' own: epoch 0 is of all folds together
    told = []
    for (encoder, method), codes in cells.groupby(["encoder", "method"])["code"]:
        counts = codes.value_counts()
        if len(counts) > 1:
            listed = ", ".join(f"{count} by {code}" for code, count in counts.items())
            told.append(f"{encoder}, {method}: {len(codes)} cells by {len(counts)} versions of the code ({listed})")
    return told


def _read(path: Path) -> pd.DataFrame:
    # As text first: a language may be called "na" or "null", and each value keeps its every digit.
    try:
        frame = pd.read_csv(path, dtype=str, keep_default_na=False)[COLUMNS]
        numbers = ["value", "last_fall"]
        frame[numbers] = frame[numbers].replace("", "nan")  # a score that is not defined, or a fall that nobody knows
        frame = frame.astype(TYPES)
    except (OSError, ValueError, KeyError) as error:
        raise DataError(f"{path}: expected a table of scores ({error}). Remove it and run the workflow.") from error
    return frame


def _failed(cell: Cell, reason: str) -> Row:
    """Return the row of a cell that failed: it has no score, and so no split or metric."""
    nothing = dict.fromkeys(("chosen_by", "split", "metric", "code", "differs", "machine", "libraries"), "")
    values = asdict(cell) | nothing | {"checkpoint": FAILED, "epoch": 0, FAILED: reason}
    return tuple(values.get(column) for column in COLUMNS)


def _rows(one: Scored) -> Iterator[Row]:
    """Yield a cell's rows."""
    address = tuple(asdict(one.cell).values())
    made = (one.code, " ".join(one.differs), one.last_fall, one.machine, one.libraries, "")
    for split in SCORED_SPLITS:
        values = one.best.scores[split]
        types = values.get("by_type", {}).items()
        metrics = {name: values[name] for name in find_task(one.cell.task).metrics}
        metrics |= {f"{name}:{kind}": value for kind, scores in types for name, value in scores.items()}
        place = (*address, "best", one.best.epoch, one.best.chosen_by, split)
        yield from ((*place, metric, value, *made) for metric, value in metrics.items())
