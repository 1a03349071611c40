"""What each test sentence adds to a cell's score, as it was gathered: nothing reads predictions for it again."""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from metaxl.errors import DataError
from metaxl.experiment.cell import Cell
from metaxl.reporting.statistics.counts import Counts

NAMES = "names"  # of a target's test sentences, in the order of the rows of its cells


@dataclass(frozen=True, slots=True)
class Counted:
    """A cell's counts on test, of the epoch that is best on dev.

    Attributes:
        names: of the sentences (sentences,), sorted.
        counts: (sentences, 3 * groups) true positives, false positives and false negatives.
    """

    names: NDArray[np.str_]
    counts: Counts

    @property
    def defined(self) -> bool:
        """Tell whether there is anything to find: without it no F1 is defined."""
        return bool(self.counts[:, 0::3].any() or self.counts[:, 2::3].any())

    def pairs_with(self, other: Counted) -> bool:
        """Tell whether the other counts are of the same sentences with the same gold labels."""
        alike = self.counts.shape == other.counts.shape and np.array_equal(self.names, other.names)
        return bool(alike and np.array_equal(_gold(self.counts), _gold(other.counts)))


def _gold(counts: Counts) -> Counts:
    return counts[:, 0::3] + counts[:, 2::3]


def read_counts(paths: Sequence[Path], cells: Iterable[Cell]) -> dict[Cell, Counted]:
    """Return the counts of those of the cells that have some.

    Raises:
        DataError: a file is missing or torn.
    """
    found: dict[str, Counted] = {}
    wanted = {cell.path: cell for cell in cells}
    for path in paths:
        try:
            with np.load(path, allow_pickle=False) as arrays:
                found |= _read(arrays, wanted)
        except (OSError, ValueError, KeyError, EOFError, RuntimeError, BadZipFile, zlib.error) as error:
            raise DataError(
                f"{path}: expected the counts of test sentences ({error}). Remove it and run the workflow."
            ) from error
    return {cell: found[path] for path, cell in wanted.items() if path in found}


def _read(arrays: Mapping[str, NDArray[np.generic]], wanted: Mapping[str, Cell]) -> Iterator[tuple[str, Counted]]:
    """Yield the counts of the wanted cells by their paths."""
    names: dict[str, NDArray[np.str_]] = {}
    there = set(arrays)
    for path in there & wanted.keys():
        cell = wanted[path]
        own, usual = f"{NAMES}/{path}", f"{NAMES}/{cell.task}/{cell.target}"
        place = own if own in there else usual
        if place not in names:
            names[place] = arrays[place].astype(np.str_)
        yield path, Counted(names[place], arrays[path].astype(np.float64))
