"""The [CLS] vectors that a cell keeps, of source and target, and how far the two sets are apart."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from metaxl.errors import DataError
from metaxl.experiment.cell import Cell
from metaxl.experiment.failure import failure_of
from metaxl.experiment.layout import SCORES, VECTORS, cell_file
from metaxl.experiment.slug import parse_slug
from metaxl.files import read_json
from metaxl.reporting.kept import is_kept

Vectors = NDArray[np.float64]


def has_vectors(root: Path, cell: Cell) -> bool:
    """Tell whether a cell has vectors: one that failed has none, nor has one whose record alone was kept."""
    path = root / cell_file(cell, SCORES)
    return path.is_file() and not is_kept(path.parent) and failure_of(read_json(path)) is None


def read_vectors(root: Path, cell: Cell) -> tuple[Vectors, Vectors]:
    """Return a cell's vectors of the source, (sentences, hidden), and of the target, likewise.

    Raises:
        DataError: the file is missing or malformed, or holds no usable vectors.
    """
    method = parse_slug(cell.method).method
    names = ("transformed" if method.has_layers else "source", "target")
    path = root / cell_file(cell, VECTORS)
    try:
        with np.load(path, allow_pickle=False) as arrays:
            if (owner := str(arrays["cell"])) != cell.path:
                raise ValueError(f"these are of {owner!r}")
            source, target = (_usable(name, arrays[name]) for name in names)
        if source.shape[1] != target.shape[1]:
            raise ValueError(f"they differ in hidden size: {source.shape} and {target.shape}")
    except (OSError, ValueError, KeyError, EOFError, RuntimeError, BadZipFile) as error:
        raise DataError(
            f"{path}: expected this cell's .npz file with {names[0]!r} and 'target', each at least two finite vectors "
            f"(sentences, hidden), none of them zero: {error}. Train the cell again."
        ) from error
    return source, target


def _usable(name: str, array: NDArray[Any]) -> Vectors:
    vectors = np.asarray(array, dtype=np.float64)
    if vectors.ndim != 2 or len(vectors) < 2 or not np.isfinite(vectors).all() or not vectors.any(axis=1).all():
        raise ValueError(f"{name!r} of shape {vectors.shape} is not so")
    return vectors


def hausdorff(a: Vectors, b: Vectors) -> float:
    """Return the symmetric Hausdorff distance of two sets of vectors, each (n, hidden), under 1 - cos.

    It is the larger of the two directed distances: how far the loneliest vector of one set is from the
    nearest of the other (the measure of the paper's Figure 1).
    """
    a, b = (vectors / np.linalg.norm(vectors, axis=1, keepdims=True) for vectors in (a, b))
    distances = np.maximum(1 - a @ b.T, 0)  # rounding may leave -1e-16
    return float(max(distances.min(axis=1).max(), distances.min(axis=0).max()))
