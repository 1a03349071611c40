"""A cell's scores, computed again from its predictions; those of a cross-validated target from all its folds."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from metaxl.errors import DataError
from metaxl.experiment.cell import Cell
from metaxl.experiment.folds import split_code
from metaxl.experiment.layout import PREDICTIONS, SCORES, cell_file
from metaxl.reporting.expected import Expected, check_record
from metaxl.reporting.records import CHECKPOINTS, Prediction, read_predictions, read_record
from metaxl.reporting.rescore import library_scores
from metaxl.tasks import SCORED_SPLITS, LabelSet, find_task

TOLERANCE = 1e-9


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The scores of one epoch by split, and how it was chosen: by "dev", or by nothing that dev could tell ("none")."""

    epoch: int
    chosen_by: str
    scores: dict[str, dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Scored:
    """A cell with its scores and the predictions of its best epoch."""

    cell: Cell
    labels: LabelSet
    code: str
    checkpoints: dict[str, Checkpoint]
    predictions: dict[str, list[Prediction]]


def scored(root: Path, expected: Expected) -> Scored:
    """Read a cell's record and score its predictions again.

    Raises:
        DataError: the record is torn, malformed or of another making, or its scores are not those of its predictions.
    """
    cell, labels = expected.spec.cell, expected.spec.labels
    record = read_record(root, cell)
    check_record(expected, record, root / cell_file(cell, SCORES))
    path = root / cell_file(cell, PREDICTIONS)
    predictions = read_predictions(path, find_task(cell.task), labels)
    again = {split: scores_of(cell.task, labels, found) for split, found in predictions.items()}
    for split, scores in again.items():
        _compare(path, split, scores, record["best"][split])
    checkpoints = {name: _checkpoint(record[name], again if name == "best" else {}) for name in CHECKPOINTS}
    return Scored(cell, labels, record["provenance"]["code"], checkpoints, predictions)


def _checkpoint(part: dict[str, Any], again: dict[str, dict[str, Any]]) -> Checkpoint:
    scores = {split: again.get(split, part[split]) for split in SCORED_SPLITS}
    return Checkpoint(part["epoch"], part.get("chosen_by", "last"), scores)


def scores_of(task: str, labels: LabelSet, predictions: Iterable[Prediction]) -> dict[str, Any]:
    """Return the scores of predictions by the libraries, and of each type or class by our own."""
    pairs = [(one.gold, one.predicted) for one in predictions]
    gold, predicted = [pair[0] for pair in pairs], [pair[1] for pair in pairs]
    return library_scores(task, labels, gold, predicted) | {
        "by_type": find_task(task).score_by_type(labels, gold, predicted)
    }


def _compare(path: Path, split: str, again: dict[str, Any], recorded: dict[str, Any]) -> None:
    for metric, value in again.items():
        if not _same(value, recorded.get(metric)):
            raise DataError(
                f"{path}: {split} {metric} of these predictions is {value!r}, but scores.json beside them says "
                f"{recorded.get(metric)!r}. One of the two files was changed; remove the folder and train the cell "
                "again."
            )


def _same(one: Any, other: Any) -> bool:
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(_same(value, other[key]) for key, value in one.items())
    if isinstance(one, int | float) and isinstance(other, int | float):
        return abs(one - other) <= TOLERANCE
    return one is None and other is None


def pooled(cells: Iterable[Scored]) -> Iterator[Scored]:
    """Yield, for every cross-validated target whose folds are all among `cells`, the scores of all their predictions.

    Each example was predicted in one fold, by a model that had it neither in train nor in dev.
    """
    folds: dict[Cell, list[Scored]] = defaultdict(list)
    for one in cells:
        language, fold = split_code(one.cell.target)
        if fold:
            folds[replace(one.cell, target=language)].append(one)
    for cell, parts in folds.items():
        predictions = {split: [found for part in parts for found in part.predictions[split]] for split in SCORED_SPLITS}
        labels = parts[0].labels
        scores = {split: scores_of(cell.task, labels, found) for split, found in predictions.items()}
        chosen = {part.checkpoints["best"].chosen_by for part in parts}
        best = Checkpoint(0, "dev" if chosen == {"dev"} else "none", scores)
        codes = "+".join(sorted({part.code for part in parts}))
        yield Scored(cell, labels, codes, {"best": best}, predictions)
