"""A cell's records on disk, read and checked."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict
from functools import lru_cache
from pathlib import Path
from typing import Any

from metaxl.errors import DataError
from metaxl.experiment.cell import Cell
from metaxl.experiment.layout import SCORES, cell_file
from metaxl.files import read_json
from metaxl.reporting.prediction import Prediction, shared
from metaxl.tasks import SCORED_SPLITS, LabelSet, Task, find_task

CHECKPOINTS = ("best", "last")
KEPT = 20_000  # lines that are remembered: the cells of a target mostly predict the same for the same sentence


Line = tuple[str, Prediction, frozenset[str]]


def read_record(root: Path, cell: Cell) -> dict[str, Any]:
    """Read and check a cell's scores.json.

    Raises:
        DataError: it is missing or malformed, or belongs to another cell.
    """
    path = root / cell_file(cell, SCORES)
    record = read_json(path)
    if not isinstance(record, dict) or record.get("cell") != asdict(cell):
        raise _damage(path, f'"cell" is not {asdict(cell)}; the record was moved here or is damaged')
    for checkpoint in CHECKPOINTS:
        part = record.get(checkpoint)
        if not isinstance(part, dict) or type(part.get("epoch")) is not int:
            raise _damage(path, f'"{checkpoint}" lacks its "epoch"')
        for split in SCORED_SPLITS:
            _check_scores(path, cell, f"{checkpoint}.{split}", part.get(split))
    _check_epochs(path, record["best"], record["last"])
    _check_provenance(path, record.get("provenance"))
    return record


def _check_scores(path: Path, cell: Cell, place: str, scores: object) -> None:
    """Raise for a score, of all or of one type or class, that can be none."""
    found = scores if isinstance(scores, dict) else {}
    by_type = found.get("by_type")
    if not isinstance(by_type, dict) or not all(isinstance(of_type, dict) for of_type in by_type.values()):
        raise _damage(path, f"{place}.by_type, the scores of each type, is missing")
    every = {metric: found.get(metric, "absent") for metric in find_task(cell.task).metrics}
    for kind, of_type in by_type.items():
        support = of_type.get("support")
        if type(support) is not int or support < 0:
            raise _damage(path, f"{place}.by_type.{kind}.support is {support!r}, expected a count")
        every |= {f"by_type.{kind}.{name}": value for name, value in of_type.items() if name != "support"}
    for metric, value in every.items():
        if value is not None and not _is_fraction(value):
            raise _damage(path, f"{place}.{metric} is {value!r}, expected a fraction from 0 to 1, or null")


def _check_epochs(path: Path, best: dict[str, Any], last: dict[str, Any]) -> None:
    """Raise where best and last contradict one another: the best epoch is one of those up to the last."""
    if best.get("chosen_by") not in ("dev", "none"):
        raise _damage(path, f"best.chosen_by is {best.get('chosen_by')!r}, expected dev or none")
    if not 1 <= best["epoch"] <= last["epoch"]:
        raise _damage(path, f"best.epoch is {best['epoch']}, expected one from 1 to the last, {last['epoch']}")
    if best["chosen_by"] == "none" and best["epoch"] < last["epoch"]:
        raise _damage(path, f"best.epoch is {best['epoch']}, not the last, but best.chosen_by is none")
    if best["epoch"] == last["epoch"] and any(best[split] != last[split] for split in SCORED_SPLITS):
        raise _damage(path, "best and last are of one epoch, but of different scores")


def _check_provenance(path: Path, provenance: object) -> None:
    """Raise where a record does not say of what it was made: nobody could hold it to a plan."""
    facts = provenance if isinstance(provenance, dict) else {}
    settings, code = facts.get("settings"), facts.get("code")
    if not isinstance(code, str):
        raise _damage(path, "provenance.code, the digest of the code that trained, is missing")
    if not isinstance(settings, dict) or not all(isinstance(part, dict) for part in settings.values()):
        raise _damage(path, "provenance.settings, what it was trained with, is missing")
    labels = settings.get("labels", {})
    classes, positive = labels.get("classes"), labels.get("positive")
    if not isinstance(classes, list) or not all(isinstance(part, str) for part in (*classes, positive)):
        raise _damage(path, "provenance.settings.labels, its classes, is missing")
    if not isinstance(facts.get("data"), dict):
        raise _damage(path, "provenance.data, the digests of its data, is missing")
    if not isinstance(facts.get("libraries", {}), dict):
        raise _damage(path, "provenance.libraries does not say a version of each")


def _damage(path: Path, what: str) -> DataError:
    return DataError(f"{path}: {what}. Remove the folder and train the cell again.")


def _is_fraction(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= 1


def read_predictions(path: Path, task: Task, labels: LabelSet) -> dict[str, list[Prediction]]:
    """Read a cell's predictions.jsonl by split, dev and test.

    Raises:
        DataError: the file is missing, torn or malformed, lacks a split, names an example twice, has an unknown label,
            or gives an example of a task with one label each another number of them.
    """
    lines = _lines(path)
    if None in lines:
        raise DataError(
            f"{path}:{lines.index(None) + 1}: expected split (dev or test), id, and as many predicted as gold labels. "
            "Train the cell again."
        )
    found = [line for line in lines if line]
    _check_labels(path, found, task, labels)
    splits = {name: [one for split, one, _ in found if split == name] for name in SCORED_SPLITS}
    for split, predictions in splits.items():
        if not predictions:
            raise DataError(f"{path}: no {split} predictions; the file is torn. Train the cell again.")
        if len({one.id for one in predictions}) < len(predictions):
            name, count = Counter(one.id for one in predictions).most_common(1)[0]
            raise DataError(f"{path}: {split} example {name!r} stands there {count} times; ids must be unique.")
    return splits


def _check_labels(path: Path, lines: Sequence[Line], task: Task, labels: LabelSet) -> None:
    """Raise for a label that the task does not have, or another number of them than one of a text."""
    known = set(labels.classes)
    if task.has_words and all(map(known.issuperset, {told for _, _, told in lines})):
        return
    for number, (_, one, told) in enumerate(lines, 1):
        if not known >= told or (len(one.gold) != 1 and not task.has_words):
            single = "" if task.has_words else "one label, "
            raise DataError(
                f"{path}:{number}: {one.id!r} must have {single}{' or '.join(labels.classes)}, gold and predicted. "
                "Train the cell again."
            )


def _lines(path: Path) -> list[Line | None]:
    """Return what each line of a file says, None of one that is no prediction."""
    try:
        with path.open(encoding="utf-8", newline="\n") as lines:
            return list(map(_line, lines))
    except (OSError, ValueError) as error:
        raise DataError(f"{path}: expected one JSON object a line ({error}). Train the cell again.") from error


@lru_cache(KEPT)
def _line(text: str) -> Line | None:
    """Return split, prediction and labels of a line; of those that were read before, the very same."""
    line = json.loads(text)
    if not _is_prediction(line):
        return None
    one = Prediction(line["id"], shared(tuple(line["gold"])), tuple(line["predicted"]))
    return line["split"], one, frozenset((*one.gold, *one.predicted))


def _is_prediction(line: Any) -> bool:
    if not isinstance(line, dict) or line.get("split") not in SCORED_SPLITS or not isinstance(line.get("id"), str):
        return False
    gold, predicted = line.get("gold"), line.get("predicted")
    if not isinstance(gold, list) or not isinstance(predicted, list) or len(gold) != len(predicted):
        return False
    return set(map(type, (*gold, *predicted))) <= {str}
