"""The cells of an experiment as their records tell of them: what their test sentences count, what they were made of."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from metaxl.errors import DataError
from metaxl.experiment.cell import Cell
from metaxl.experiment.config import Config
from metaxl.experiment.failure import failure_of
from metaxl.experiment.folds import split_code
from metaxl.experiment.layout import CONFIG, PREDICTIONS, SCORES
from metaxl.experiment.load import read_config
from metaxl.files import canonical_json, read_json, read_jsonl, sha256_text
from metaxl.reporting.evidence.counted import Counted
from metaxl.reporting.expected import read_label_set
from metaxl.reporting.kept import is_kept
from metaxl.reporting.prediction import Prediction
from metaxl.reporting.records import read_predictions, read_record
from metaxl.reporting.statistics.counts import f1, sentence_counts
from metaxl.tasks import LabelSet, find_task

TOLERANCE = 1e-9


@dataclass(frozen=True, slots=True)
class Trained:
    """A cell with a score; of a cross-validated target all of its folds together.

    Attributes:
        counted: what each test sentence adds to the score.
        sentences: a digest of the test sentences and their gold labels.
        made_of: the provenance of its record, one a fold.
    """

    counted: Counted
    sentences: str
    made_of: tuple[dict[str, Any], ...]


@dataclass(frozen=True, slots=True)
class Results:
    """An experiment's folder.

    Attributes:
        name: of the folder, as it was given.
        config: its effective configuration; None where cells were asked for by their paths alone.
        cells: those that have a score.
        failed: those that could not be trained.
    """

    name: str
    config: Config | None
    cells: dict[Cell, Trained]
    failed: tuple[Cell, ...]


@dataclass(frozen=True, slots=True)
class _Part:
    """What is read of one record, before folds are joined."""

    labels: LabelSet
    predictions: Sequence[Prediction]
    contents: dict[str, str]  # by the example's id, its words or text with its gold
    made_of: dict[str, Any]


def read_results(root: Path) -> Results:
    """Read the records beneath results/<name>.

    Raises:
        ConfigError: its configuration is not what the workflow wrote.
        DataError: there is no such folder or no cell in it, or a record is torn or not of its predictions.
    """
    if not (root / "cells").is_dir():
        raise DataError(f"{root}: no cells in it; name the folder of an experiment's results, results/NAME.")
    parts: dict[Cell, list[_Part]] = defaultdict(list)
    failed = []
    for path in sorted(root.glob(f"cells/*/*/*/*/*/seed*/{SCORES}")):
        cell = _cell(path)
        if failure_of(read_json(path)):
            failed.append(cell)
        else:
            parts[replace(cell, target=split_code(cell.target)[0])].append(_read(root, cell))
    if not parts:
        raise DataError(f"{root}: no cell has a score yet; run the workflow first.")
    cells = {cell: _joined(cell.task, own) for cell, own in parts.items()}
    config = read_config(root / CONFIG) if (root / CONFIG).is_file() else None
    return Results(str(root), config, cells, tuple(failed))


def _cell(path: Path) -> Cell:
    encoder, task, target, source, method, seed = path.parts[-7:-1]
    return Cell(encoder, task, target, source, method, int(seed.removeprefix("seed")))


def _read(root: Path, cell: Cell) -> _Part:
    record, task = read_record(root, cell), find_task(cell.task)
    labels = read_label_set(record["provenance"]["settings"]["labels"])
    path = root / cell.path / PREDICTIONS
    if is_kept(path.parent):
        raise DataError(
            f"{path.parent}: its record was kept without predictions, so nobody can tell that two experiments have the "
            "same test sentences. Remove the folder and run the workflow to train the cell."
        )
    predictions = read_predictions(path, task, labels)["test"]
    _check(path, sentence_counts(cell.task, labels, predictions), record["best"]["test"]["f1"])
    lines = [line for line in read_jsonl(path) if line["split"] == "test"]
    fold = f"{cell.target} " if split_code(cell.target)[1] else ""  # ids may be alike in two folds
    contents = {
        f"{fold}{line['id']}": canonical_json([line.get("tokens", line.get("text")), line["gold"]]) for line in lines
    }
    named = [replace(one, id=f"{fold}{one.id}") for one in predictions]
    return _Part(labels, named, contents, record["provenance"])


def _check(path: Path, counts: np.ndarray, recorded: float | None) -> None:
    """Raise where predictions are not those that the record beside them scored."""
    found = float(f1(counts.sum(axis=0)))
    if recorded is not None and abs(found - recorded) > TOLERANCE:
        raise DataError(
            f"{path}: F1 of these predictions is {found!r}, but scores.json beside them says {recorded!r}. One of the "
            "two files was changed; remove the folder and train the cell again."
        )


def _joined(task: str, parts: Sequence[_Part]) -> Trained:
    """Return a cell of one record, or of those of all its folds."""
    ordered = sorted((one for part in parts for one in part.predictions), key=lambda one: one.id)
    names = np.array([one.id for one in ordered], dtype=np.str_)
    contents = sorted(f"{name} {content}" for part in parts for name, content in part.contents.items())
    counted = Counted(names, sentence_counts(task, parts[0].labels, ordered))
    return Trained(counted, sha256_text("\n".join(contents)), tuple(part.made_of for part in parts))
