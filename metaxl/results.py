"""The records of all cells as one tidy frame; every score is computed again from the predictions first."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from metaxl.cell import Cell
from metaxl.errors import DataError
from metaxl.files import atomic_path, read_json, read_jsonl

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
METRICS = {
    "ner": ("f1", "precision", "recall", "strict_f1"),
    "sentiment": ("f1", "macro_f1", "accuracy"),
}
CHECKPOINTS = ("best", "last")
SPLITS = ("dev", "test")
TOLERANCE = 1e-9


@dataclass(frozen=True, slots=True)
class Prediction:
    """The true and the predicted label of every word of one sentence; a review has one label."""

    id: str
    gold: list[str]
    predicted: list[str]


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


def read_record(root: Path, cell: Cell) -> dict[str, Any]:
    """Read and check a cell's scores.json.

    Raises:
        DataError: it is missing or malformed, or belongs to another cell.
    """
    path = root / cell.path / "scores.json"
    record = read_json(path)
    again = "Remove the folder and train the cell again."
    if not isinstance(record, dict) or record.get("cell") != asdict(cell):
        raise DataError(f'{path}: "cell" is not {asdict(cell)}; the record was moved here or is damaged. {again}')
    for checkpoint in CHECKPOINTS:
        part = record.get(checkpoint)
        if not isinstance(part, dict) or type(part.get("epoch")) is not int:
            raise DataError(f'{path}: "{checkpoint}" lacks its "epoch". {again}')
        for split in SPLITS:
            scores = part.get(split)
            for metric in METRICS[cell.task]:
                value = scores.get(metric) if isinstance(scores, dict) else None
                if not isinstance(value, int | float) or not 0 <= value <= 1:
                    place = f"{checkpoint}.{split}.{metric}"
                    raise DataError(f"{path}: {place} is {value!r}, expected a fraction from 0 to 1. {again}")
    provenance = record.get("provenance")
    if not isinstance(provenance, dict) or not isinstance(provenance.get("code"), str):
        raise DataError(f"{path}: provenance.code, the digest of the code that trained, is missing. {again}")
    return record


def read_predictions(path: Path) -> dict[str, list[Prediction]]:
    """Read a cell's predictions.jsonl by split, dev and test.

    Raises:
        DataError: the file is missing, torn or malformed, lacks a split or names an example twice.
    """
    try:
        lines = read_jsonl(path)
    except (OSError, ValueError) as error:
        raise DataError(f"{path}: expected one JSON object a line ({error}). Train the cell again.") from error
    splits: dict[str, list[Prediction]] = {split: [] for split in SPLITS}
    for number, line in enumerate(lines, 1):
        if not _is_prediction(line):
            raise DataError(
                f"{path}:{number}: expected split (dev or test), id, and as many predicted as gold labels. "
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


def write_scores(frame: pd.DataFrame, path: Path) -> None:
    """Write the frame as CSV, sorted, with every digit of each value, atomically."""
    with atomic_path(path) as temporary:
        frame[COLUMNS].sort_values(COLUMNS, kind="stable").to_csv(temporary, index=False, lineterminator="\n")


def ner_scores(gold: list[list[str]], predicted: list[list[str]]) -> dict[str, float]:
    """Return seqeval's scores: micro F1, precision and recall by default (conlleval), and strict IOB2 F1."""
    from seqeval.metrics import f1_score, precision_score, recall_score
    from seqeval.scheme import IOB2

    return {
        "f1": float(f1_score(gold, predicted, zero_division=0)),
        "precision": float(precision_score(gold, predicted, zero_division=0)),
        "recall": float(recall_score(gold, predicted, zero_division=0)),
        "strict_f1": float(f1_score(gold, predicted, mode="strict", scheme=IOB2, zero_division=0)),
    }


def sentiment_scores(gold: list[list[str]], predicted: list[list[str]]) -> dict[str, float]:
    """Return scikit-learn's scores: F1 of the positive class, macro F1 of both, accuracy."""
    from sklearn.metrics import accuracy_score, f1_score

    true, guess = [label for (label,) in gold], [label for (label,) in predicted]
    labels = ["positive", "negative"]
    return {
        "f1": float(f1_score(true, guess, pos_label="positive", zero_division=0)),
        "macro_f1": float(f1_score(true, guess, labels=labels, average="macro", zero_division=0)),
        "accuracy": float(accuracy_score(true, guess)),
    }


SCORERS: dict[str, Callable[[list[list[str]], list[list[str]]], dict[str, float]]] = {
    "ner": ner_scores,
    "sentiment": sentiment_scores,
}


def _rows(root: Path, cell: Cell, record: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield a cell's rows; those of the best epoch, the one whose predictions are kept, after a second scoring."""
    again = _score_again(root, cell, record)
    for checkpoint in CHECKPOINTS:
        for split in SPLITS:
            values = again[split] if checkpoint == "best" else record[checkpoint][split]
            about = {"checkpoint": checkpoint, "epoch": record[checkpoint]["epoch"], "split": split}
            for metric in METRICS[cell.task]:
                yield asdict(cell) | about | {"metric": metric, "value": values[metric]}


def _score_again(root: Path, cell: Cell, record: dict[str, Any]) -> dict[str, dict[str, float]]:
    path = root / cell.path / "predictions.jsonl"
    scores = {}
    for split, predictions in read_predictions(path).items():
        _check_labels(path, cell.task, predictions)
        gold, predicted = [p.gold for p in predictions], [p.predicted for p in predictions]
        scores[split] = SCORERS[cell.task](gold, predicted)
        for metric, value in scores[split].items():
            recorded = record["best"][split][metric]
            if abs(value - recorded) > TOLERANCE:
                raise DataError(
                    f"{path}: {split} {metric} of these predictions is {value!r}, but scores.json beside them says "
                    f"{recorded!r}. One of the two files was changed; remove the folder and train the cell again."
                )
    return scores


def _check_labels(path: Path, task: str, predictions: list[Prediction]) -> None:
    """Raise for a review with several labels or none, or with a label that sentiment does not have."""
    if task != "sentiment":
        return
    allowed = (["positive"], ["negative"])
    for prediction in predictions:
        if prediction.gold not in allowed or prediction.predicted not in allowed:
            raise DataError(f"{path}: {prediction.id!r} must have one label, positive or negative, gold and predicted.")


def _is_prediction(line: Any) -> bool:
    if not isinstance(line, dict) or line.get("split") not in SPLITS or not isinstance(line.get("id"), str):
        return False
    gold, predicted = line.get("gold"), line.get("predicted")
    if not isinstance(gold, list) or not isinstance(predicted, list) or len(gold) != len(predicted):
        return False
    return all(isinstance(label, str) for label in (*gold, *predicted))


def _warn_of_mixed_code(records: Iterator[dict[str, Any]]) -> None:
    """Warn when the cells were trained by several versions of the code: their scores may not be comparable."""
    digests = Counter(record["provenance"]["code"] for record in records)
    if len(digests) > 1:
        counts = ", ".join(f"{count} by {code}" for code, count in digests.most_common())
        total = digests.total()
        LOG.warning("%d cells were trained by %d versions of the code: %s.", total, len(digests), counts)
