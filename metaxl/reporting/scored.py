"""A cell's scores, computed again from its predictions; those of a cross-validated target from all its folds."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from metaxl.errors import DataError
from metaxl.experiment.cell import Cell
from metaxl.experiment.folds import split_code
from metaxl.experiment.layout import HISTORY, PREDICTIONS, SCORES, cell_file
from metaxl.reporting.evidence.counted import Counted
from metaxl.reporting.expected import Expected, check_record, read_label_set
from metaxl.reporting.failures import failure_in
from metaxl.reporting.history import check_history
from metaxl.reporting.kept import read_counted
from metaxl.reporting.prediction import Prediction
from metaxl.reporting.records import read_predictions, read_record
from metaxl.reporting.rescore import library_scores, scores_by_type
from metaxl.reporting.truth import check_truth
from metaxl.tasks import SCORED_SPLITS, LabelSet, find_task

TOLERANCE = 1e-9


@dataclass(frozen=True, slots=True)
class Best:
    """The scores of the best epoch by split, and how it was chosen: by "dev", or by nothing dev could tell ("none")."""

    epoch: int
    chosen_by: str
    scores: dict[str, dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Scored:
    """A cell with its scores and the predictions of its best epoch.

    Attributes:
        cell: its address.
        labels: the classes.
        code: the digest of the code that trained it.
        differs: the keys in which its record differs from the active plan, which accepts that.
        best: the scores of its best epoch.
        predictions: by split.
        last_fall: the share of the fall of the training loss that the last epoch brought; None where not known.
        machine: the processor or GPU that trained it; empty where not known.
        libraries: what computed, Python among them, each with its version, commas between them; empty where not known.
        counted: of a kept cell, which has no predictions, what each of its test sentences counts.
    """

    cell: Cell
    labels: LabelSet
    code: str
    differs: tuple[str, ...]
    best: Best
    predictions: dict[str, list[Prediction]]
    last_fall: float | None = None
    machine: str = ""
    libraries: str = ""
    counted: Counted | None = None


def scored(root: Path, expected: Expected) -> Scored:
    """Read a cell's record, hold it to its history and its predictions to its data, and score them again.

    Raises:
        DataError: the record is torn, malformed or of another making, its predictions are not of its data, or its
            scores not those of its predictions or its epochs.
    """
    cell, record = expected.spec.cell, read_record(root, expected.spec.cell)
    differs = check_record(expected, record, root / cell_file(cell, SCORES))
    labels = (
        read_label_set(record["provenance"]["settings"]["labels"]) if _relabelled(differs) else expected.spec.labels
    )
    check_history(root / cell_file(cell, HISTORY), find_task(cell.task), record)
    counted = read_counted(root, cell, record)
    predictions = {} if counted else _predictions(root, expected, differs, labels)
    again = {split: scores_of(cell.task, labels, found) for split, found in predictions.items()}
    for split, scores in again.items():
        _compare(root / cell_file(cell, PREDICTIONS), split, scores, record["best"][split])
    recorded = {split: record["best"][split] for split in SCORED_SPLITS}  # all that there is of a kept cell
    best = Best(record["best"]["epoch"], record["best"]["chosen_by"], again or recorded)
    made_by, fall = record["provenance"], record.get("last_fall")
    about = (made_by["code"], tuple(differs), best, predictions, fall, str(made_by.get("machine", "")))
    libraries = ", ".join(f"{name} {version}" for name, version in sorted(made_by.get("libraries", {}).items()))
    return Scored(cell, labels, *about, libraries, counted)


def _predictions(
    root: Path, expected: Expected, differs: Sequence[str], labels: LabelSet
) -> dict[str, list[Prediction]]:
    """Read a cell's predictions, and hold them to the data where these are those of the plan."""
    path = root / cell_file(expected.spec.cell, PREDICTIONS)
    predictions = read_predictions(path, find_task(expected.spec.cell.task), labels)
    for split, found in predictions.items():
        if f"data.{split}" not in differs and not _relabelled(differs):
            check_truth(path, found, expected.files[split], labels)
    return predictions


def _relabelled(differs: Iterable[str]) -> bool:
    return any(key.startswith("labels.") for key in differs)


def scores_of(task: str, labels: LabelSet, predictions: Sequence[Prediction]) -> dict[str, Any]:
    """Return the scores of predictions by the libraries, and of each type or class by our own."""
    by_type = scores_by_type(task, labels, predictions)
    return library_scores(task, labels, predictions) | {"by_type": by_type}


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


def scored_cells(root: Path, cells: Sequence[Expected]) -> Iterator[Scored]:
    """Yield every cell that has scores, then every cross-validated target; see `scored` and `pooled`.

    No more than the folds' predictions are held in memory. The cells of a target follow one another, for they predict
    the same sentences, often in the same way, and what a sentence gives is remembered for a while.
    """
    folds = []
    for expected in sorted(cells, key=lambda one: (one.spec.cell.task, one.spec.cell.target)):
        if (root / cell_file(expected.spec.cell, SCORES)).exists() and not failure_in(root, expected):
            one = scored(root, expected)
            folds += [one] if split_code(one.cell.target)[1] else []
            yield one
    yield from pooled(folds, [expected.spec.cell for expected in cells])


def pooled(found: Iterable[Scored], wanted: Iterable[Cell]) -> Iterator[Scored]:
    """Yield, for every cross-validated target all of whose wanted folds were found, the scores of all predictions.

    Each example was predicted in one fold, by a model that had it neither in train nor in dev. Its id is preceded by
    the fold's code, for ids may be alike in two folds.
    """
    by_cell = {one.cell: one for one in found}
    folds: dict[Cell, list[Scored | None]] = defaultdict(list)
    for cell in wanted:
        language, fold = split_code(cell.target)
        if fold:
            folds[replace(cell, target=language)].append(by_cell.get(cell))
    for cell, scores in folds.items():
        parts = [part for part in scores if part]
        if len(parts) == len(scores):
            yield _pool(cell, parts)


def _pool(cell: Cell, parts: list[Scored]) -> Scored:
    predictions = {
        split: [replace(one, id=f"{part.cell.target} {one.id}") for part in parts for one in part.predictions[split]]
        for split in SCORED_SPLITS
    }
    labels = parts[0].labels
    scores = {split: scores_of(cell.task, labels, ones) for split, ones in predictions.items()}
    chosen = {part.best.chosen_by for part in parts}
    best = Best(0, "dev" if chosen == {"dev"} else "none", scores)
    codes = "+".join(sorted({part.code for part in parts}))
    differs = tuple(dict.fromkeys(key for part in parts for key in part.differs))
    return Scored(cell, labels, codes, differs, best, predictions)
