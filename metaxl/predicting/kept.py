"""A kept model's folder: found, and what it says of itself."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from metaxl.data.splitter import SPLITTER, Splitter
from metaxl.errors import DataError
from metaxl.experiment.failure import failure_of
from metaxl.experiment.layout import MODEL, MODEL_RECORD, SCORES
from metaxl.files import read_json
from metaxl.tasks import LabelSet, Task, find_task


@dataclass(frozen=True, slots=True)
class Kept:
    """What a kept model's folder says of it.

    Attributes:
        folder: where it lies.
        task: what it does.
        labels: its classes.
        limit: subwords that were read of an example when it was scored, special tokens included.
    """

    folder: Path
    task: Task
    labels: LabelSet
    limit: int

    def splitter(self) -> Splitter:
        """Return how its training data were split into words.

        Raises:
            DataError: the folder does not say it.
        """
        path = self.folder / SPLITTER
        if not path.is_file():
            raise DataError(
                f"{path}: missing, so nobody knows how the training data were split into words. Remove "
                f"{self.folder} and keep the model again, or put spaces between all words and say --tokens."
            )
        return Splitter.load(path)


def find_kept(place: Path) -> Kept:
    """Read what a kept model says of itself.

    Args:
        place: its folder, or the folder of its cell.

    Raises:
        DataError: there is no kept model, and why.
    """
    folder = place / Path(MODEL).name if (place / SCORES).is_file() else place
    path = folder / MODEL_RECORD
    if not path.is_file():
        raise DataError(_no_model(place, folder))
    record: Any = read_json(path)
    try:
        if record["cell"] is None:
            raise DataError(f"{folder}: holds no model. {' '.join(record['notes'])}")
        settings = record["provenance"]["settings"]
        labels = LabelSet(tuple(settings["labels"]["classes"]), settings["labels"]["positive"])
        return Kept(folder, find_task(record["cell"]["task"]), labels, settings["training"]["eval_max_length"])
    except (KeyError, TypeError) as error:
        raise DataError(f"{path}: no record of a kept model ({error!r}); keep the model again.") from error


def _no_model(place: Path, folder: Path) -> str:
    """Say why there is no model at a place, and how to come by one."""
    if folder != place:
        if failed := failure_of(read_json(place / SCORES)):
            return f"{place}: has no model, for its training failed: {failed.reason}"
        return (
            f"{folder}: missing; this cell's model was not kept. This makes it, and changes no score: "
            f"snakemake --cores 1 -- {folder} (with the --configfile of its experiment before --, if it has one)"
        )
    if not place.is_dir():
        return f"{place}: no such folder; name a kept model's, such as results/NAME/models/ner/CODE, or a cell's."
    return (
        f"{place}: no {MODEL_RECORD}, so this is no model that a cell has left; name a folder such as "
        "results/NAME/models/ner/CODE, or that of a cell."
    )
