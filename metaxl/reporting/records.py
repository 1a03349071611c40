"""A cell's records on disk, read and checked."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from metaxl.errors import DataError
from metaxl.experiment.cell import Cell
from metaxl.experiment.layout import SCORES, cell_file
from metaxl.files import read_json, read_jsonl
from metaxl.tasks import SCORED_SPLITS, LabelSet, Task, find_task

CHECKPOINTS = ("best", "last")


@dataclass(frozen=True, slots=True)
class Prediction:
    """The true and the predicted label of every word of one sentence; a review has one label."""

    id: str
    gold: list[str]
    predicted: list[str]


def read_record(root: Path, cell: Cell) -> dict[str, Any]:
    """Read and check a cell's scores.json.

    Raises:
        DataError: it is missing or malformed, or belongs to another cell.
    """
    path = root / cell_file(cell, SCORES)
    record = read_json(path)
    again = "Remove the folder and train the cell again."
    if not isinstance(record, dict) or record.get("cell") != asdict(cell):
        raise DataError(f'{path}: "cell" is not {asdict(cell)}; the record was moved here or is damaged. {again}')
    for checkpoint in CHECKPOINTS:
        part = record.get(checkpoint)
        if not isinstance(part, dict) or type(part.get("epoch")) is not int:
            raise DataError(f'{path}: "{checkpoint}" lacks its "epoch". {again}')
        if checkpoint == "best" and part.get("chosen_by") not in ("dev", "none"):
            raise DataError(f"{path}: best.chosen_by is {part.get('chosen_by')!r}, expected dev or none. {again}")
        for split in SCORED_SPLITS:
            scores = part.get(split)
            for metric in find_task(cell.task).metrics:
                value = scores.get(metric, "absent") if isinstance(scores, dict) else "absent"
                if value is not None and not _is_fraction(value):
                    place = f"{checkpoint}.{split}.{metric}"
                    raise DataError(f"{path}: {place} is {value!r}, expected a fraction from 0 to 1, or null. {again}")
    provenance = record.get("provenance")
    if not isinstance(provenance, dict) or not isinstance(provenance.get("code"), str):
        raise DataError(f"{path}: provenance.code, the digest of the code that trained, is missing. {again}")
    return record


def _is_fraction(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= 1


def read_predictions(path: Path, task: Task, labels: LabelSet) -> dict[str, list[Prediction]]:
    """Read a cell's predictions.jsonl by split, dev and test.

    Raises:
        DataError: the file is missing, torn or malformed, lacks a split, names an example twice, has an unknown label,
            or gives an example of a task with one label each another number of them.
    """
    try:
        lines = read_jsonl(path)
    except (OSError, ValueError) as error:
        raise DataError(f"{path}: expected one JSON object a line ({error}). Train the cell again.") from error
    known = set(labels.classes)
    splits: dict[str, list[Prediction]] = {split: [] for split in SCORED_SPLITS}
    for number, line in enumerate(lines, 1):
        if not _is_prediction(line):
            raise DataError(
                f"{path}:{number}: expected split (dev or test), id, and as many predicted as gold labels. "
                "Train the cell again."
            )
        if not known.issuperset([*line["gold"], *line["predicted"]]) or (not task.has_words and len(line["gold"]) != 1):
            one = "" if task.has_words else "one label, "
            raise DataError(
                f"{path}:{number}: {line['id']!r} must have {one}{' or '.join(labels.classes)}, gold and predicted. "
                "Train the cell again."
            )
        splits[line["split"]].append(Prediction(line["id"], line["gold"], line["predicted"]))
    for split, predictions in splits.items():
        if not predictions:
            raise DataError(f"{path}: no {split} predictions; the file is torn. Train the cell again.")
        name, count = Counter(prediction.id for prediction in predictions).most_common(1)[0]
        if count > 1:
            raise DataError(f"{path}: {split} example {name!r} stands there {count} times; ids must be unique.")
    return splits


def _is_prediction(line: Any) -> bool:
    if not isinstance(line, dict) or line.get("split") not in SCORED_SPLITS or not isinstance(line.get("id"), str):
        return False
    gold, predicted = line.get("gold"), line.get("predicted")
    if not isinstance(gold, list) or not isinstance(predicted, list) or len(gold) != len(predicted):
        return False
    return all(isinstance(label, str) for label in (*gold, *predicted))
