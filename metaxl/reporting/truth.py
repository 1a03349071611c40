"""Whether predictions are of the data that their cell was scored on: the examples and the gold labels of its files."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from zipfile import BadZipFile

import numpy as np

from metaxl.errors import DataError
from metaxl.reporting.prediction import Prediction, shared
from metaxl.tasks import LabelSet

KEPT = 4  # files: the cells of a target follow one another
Gold = dict[str, tuple[str, ...]]  # the gold labels of every example, by its id


def check_truth(path: Path, predictions: Sequence[Prediction], data: Path, labels: LabelSet) -> None:
    """Hold the ids and gold labels of a split's predictions to the encoded file that they are of.

    Args:
        path: predictions.jsonl, for the message.
        predictions: of one split.
        data: the split's encoded file.
        labels: the classes of the task.

    Raises:
        DataError: an example is missing or too many, or has other gold labels; or the file cannot be read.
    """
    gold = _gold(data, labels.classes)
    told = {one.id: tuple(one.gold) for one in predictions}
    if told == gold:
        return
    if others := sorted(told.keys() ^ gold.keys()):
        raise DataError(
            f"{path}: {len(others)} examples, among them {others[0]!r}, stand either here or in {data} and not in "
            "both. The predictions were changed; remove the folder and train the cell again."
        )
    name = next(name for name in told if told[name] != gold[name])
    raise DataError(
        f"{path}: the gold labels of {name!r} are {' '.join(told[name])}, in {data} {' '.join(gold[name])}. "
        "The predictions were changed; remove the folder and train the cell again."
    )


@lru_cache(KEPT)
def _gold(data: Path, classes: tuple[str, ...]) -> Gold:
    try:
        with np.load(data, allow_pickle=False) as arrays:
            numbers, starts, names = arrays["gold"], arrays["word_starts"], arrays["names"]
        examples = np.split(numbers, starts[1:-1])
        return {
            str(name): shared(tuple(classes[i] for i in labels)) for name, labels in zip(names, examples, strict=True)
        }
    except (OSError, ValueError, KeyError, IndexError, EOFError, RuntimeError, BadZipFile) as error:
        raise DataError(
            f"{data}: no encoded data of these classes ({error}). Remove the file; the workflow makes it again."
        ) from error
