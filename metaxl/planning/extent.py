"""How many examples a cell reads and how long they are: counted where they are encoded, otherwise assumed."""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from zipfile import BadZipFile

import numpy as np

from metaxl.experiment.cell import Cell
from metaxl.experiment.slug import parse_slug
from metaxl.planning.inspection import SYNTHETIC, inspect
from metaxl.planning.plan import Plan
from metaxl.tasks import SPLITS, find_task

# Of data that have not come: more than most splits of a low-resource language, and longer than most examples.
EXAMPLES = 1000
SUBWORDS = {True: 24.0, False: 128.0}  # of a sentence with words to label, and of a text
# What numpy raises for a damaged file.
UNREADABLE = (OSError, ValueError, KeyError, EOFError, RuntimeError, BadZipFile, zlib.error)


@dataclass(frozen=True, slots=True)
class Extent:
    """The examples of one encoded file.

    Attributes:
        examples: how many.
        mean: the mean number of subwords of one.
        longest: the number of subwords of the longest.
    """

    examples: int
    mean: float
    longest: int

    def batch(self, size: int, padded: bool = False) -> int:
        """Return the most tokens that a batch of `size` examples may have."""
        widest = min(size, self.examples) * self.longest
        return widest if padded else min(widest, round(self.examples * self.mean))


def extents_of(plan: Plan, cell: Cell) -> dict[str, Extent]:
    """Return the extents of a cell's data by role: train, dev, test and, where it has one, source.

    Raises:
        ConfigError: the cell's path names what does not fit.
    """
    inputs = plan.cell_inputs(cell)
    files = dict(zip(SPLITS, inputs["target"], strict=True)) | (
        {"source": inputs["source"][0]} if inputs["source"] else {}
    )
    limits = dict(zip((*SPLITS, "source"), (*plan.lengths(cell.task), plan.lengths(cell.task)[0]), strict=True))
    return {role: _known(path) or _assumed(plan, cell, role, limits[role]) for role, path in files.items()}


def _known(path: Path) -> Extent | None:
    """Return what an encoded file holds; None for one that is missing, or damaged, which its training tells."""
    try:
        return _counted(path, *_stamp(path))
    except UNREADABLE:
        return None


def _stamp(path: Path) -> tuple[int, int]:
    about = path.stat()
    return about.st_mtime_ns, about.st_size


@cache
def _counted(path: Path, _changed: int, _size: int) -> Extent:
    """Count what an encoded file holds; its time and size tell whether it was counted before."""
    with np.load(path, allow_pickle=False) as arrays:
        lengths = np.diff(arrays["starts"])
    return Extent(len(lengths), float(lengths.mean()), int(lengths.max())) if len(lengths) else Extent(0, 0.0, 0)


def _assumed(plan: Plan, cell: Cell, role: str, limit: int) -> Extent:
    return Extent(_examples(plan, cell, role), min(SUBWORDS[find_task(cell.task).has_words], limit), limit)


def _examples(plan: Plan, cell: Cell, role: str) -> int:
    """Return how many examples there will be: of a user's files as counted, of synthetic data as asked for."""
    if role == "source":
        variant = parse_slug(cell.method).variant
        return plan.config.varied(variant).task(cell.task).source_size
    corpus = plan.config.corpus(cell.task, cell.target)
    if corpus == SYNTHETIC:
        return plan.data.made(cell.task, cell.target, role)
    counted = inspect(plan.config, cell.task, cell.target, role).facts if corpus == "files" else {}
    return int(counted.get("examples", EXAMPLES))
