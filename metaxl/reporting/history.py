"""Whether a cell's record is that of its history: the epochs, the dev scores, and the epoch that dev chose."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from metaxl.errors import DataError
from metaxl.files import read_jsonl
from metaxl.tasks import Task

TOLERANCE = 1e-9
Row = dict[str, Any]


def check_history(path: Path, task: Task, record: dict[str, Any]) -> None:
    """Hold what a record says of its epochs to history.jsonl beside it.

    What the last epoch scored on test stands in no other file: nothing shows it.

    Args:
        path: of history.jsonl.
        task: of the cell.
        record: scores.json, checked for its form.

    Raises:
        DataError: the history is missing, torn or malformed, or says otherwise.
    """
    rows = _rows(path, task)
    best, last = record["best"], record["last"]
    _expect(path, "last.epoch", last["epoch"], len(rows))
    _expect(path, "steps", record.get("steps"), rows[-1]["steps"])
    _expect(path, "last_fall", record.get("last_fall"), _last_fall(rows))
    _expect(path, "best.epoch", best["epoch"], _chosen(rows) or len(rows))
    _expect(path, "best.chosen_by", best["chosen_by"], "dev" if _chosen(rows) else "none")
    for name, part in (("best", best), ("last", last)):
        for metric in task.metrics:
            _expect(path, f"{name}.dev.{metric}", part["dev"][metric], rows[part["epoch"] - 1][f"dev_{metric}"])


def _rows(path: Path, task: Task) -> list[Row]:
    """Return the epochs' rows, each of which has its number, the steps so far, a training loss and the dev scores."""
    try:
        rows = read_jsonl(path)
    except (OSError, ValueError) as error:
        raise DataError(f"{path}: expected one JSON object a line ({error}). Train the cell again.") from error
    needed = {"steps", *(f"dev_{metric}" for metric in task.metrics)}
    for number, row in enumerate(rows, 1):
        whole = isinstance(row, dict) and row.get("epoch") == number and needed <= row.keys()
        if not whole or not row.keys() & {"loss", "source_loss"}:
            raise DataError(
                f"{path}:{number}: expected epoch {number} with {', '.join(sorted(needed))} and a training loss. Train "
                "the cell again."
            )
    if not rows:
        raise DataError(f"{path}: no epochs; the file is torn. Train the cell again.")
    return rows


def _chosen(rows: Sequence[Row]) -> int:
    """Return the first epoch with the highest dev F1, 0 where none is above 0: as training chooses."""
    scores = [row["dev_f1"] or 0.0 for row in rows]
    return scores.index(max(scores)) + 1 if max(scores) > 0 else 0


def _last_fall(rows: Sequence[Row]) -> float | None:
    """Return the share of the fall of the training loss that the last epoch brought; None where nobody can tell."""
    losses = [row["loss"] if "loss" in row else row["source_loss"] + row.get("target_loss", 0.0) for row in rows]
    fall = losses[0] - losses[-1] if len(losses) > 2 else 0.0
    return (losses[-2] - losses[-1]) / fall if fall > 0 else None


def _expect(path: Path, key: str, recorded: Any, told: Any) -> None:
    numbers = all(isinstance(value, int | float) for value in (recorded, told))
    if abs(recorded - told) > TOLERANCE if numbers else recorded != told:
        raise DataError(
            f"{path}: {key} of these epochs is {told!r}, but scores.json beside them says {recorded!r}. One of the two "
            "files was changed; remove the folder and train the cell again."
        )
