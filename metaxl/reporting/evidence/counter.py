"""Counts what each test sentence adds to a cell's score, while its predictions are at hand, and writes that."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from metaxl.errors import DataError
from metaxl.files import atomic_path
from metaxl.reporting.evidence.counted import NAMES, Counted
from metaxl.reporting.scored import Scored
from metaxl.reporting.statistics.counts import sentence_counts

LARGEST = 2**16 - 1  # entities in a sentence


def counted(one: Scored) -> Counted:
    """Return what each sentence of a cell's predictions of test counts."""
    predictions = sorted(one.predictions["test"], key=lambda prediction: prediction.id)
    names = np.array([prediction.id for prediction in predictions], dtype=np.str_)
    return Counted(names, sentence_counts(one.cell.task, one.labels, predictions))


@dataclass(frozen=True, slots=True)
class Counter:
    """Collects the counts of cells and writes them."""

    counts: dict[str, NDArray[np.uint16]] = field(default_factory=dict)  # by the cell's path
    names: dict[str, NDArray[np.str_]] = field(default_factory=dict)  # likewise; shared by cells of the same sentences
    places: dict[str, str] = field(default_factory=dict)  # the task and target of each
    last: dict[str, NDArray[np.str_]] = field(default_factory=dict)  # the names that were the last of a place

    def add(self, one: Scored) -> None:
        """Count a cell's predictions of test; of a kept cell take what was counted.

        Raises:
            DataError: a sentence has more entities than can be written.
        """
        cell, place = one.cell.path, f"{one.cell.task}/{one.cell.target}"
        found = one.counted or counted(one)
        if found.counts.max(initial=0) > LARGEST:
            raise DataError(f"{cell}: a test sentence with more than {LARGEST} entities cannot be counted.")
        if place not in self.last or not np.array_equal(self.last[place], found.names):
            self.last[place] = found.names
        self.counts[cell], self.names[cell], self.places[cell] = found.counts.astype(np.uint16), self.last[place], place

    def write(self, path: Path) -> None:
        """Write all of them as npz, atomically; the same cells give the same bytes."""
        arrays: dict[str, NDArray[np.generic]] = {}
        for cell in sorted(self.counts):
            names, place = self.names[cell], f"{NAMES}/{self.places[cell]}"
            if not np.array_equal(arrays.setdefault(place, names), names):
                arrays[f"{NAMES}/{cell}"] = names  # a record of other data, which the configuration accepts
            arrays[cell] = self.counts[cell]
        with atomic_path(path) as temporary, temporary.open("wb") as file:
            np.savez_compressed(file, **arrays)  # type: ignore[arg-type]
