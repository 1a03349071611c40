"""Parquet files of the hub, read as the datasets library reads them."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from metaxl.errors import DataError

if TYPE_CHECKING:
    from datasets import Dataset

NAMES = {"train": "train.parquet", "dev": "validation.parquet", "test": "test.parquet"}


def read_parquet(folder: Path, split: str, columns: Sequence[str]) -> tuple[Path, Dataset]:
    """Read some columns of a split.

    Args:
        folder: holds train.parquet, validation.parquet and test.parquet.
        split: "train", "dev" or "test".
        columns: to read.

    Returns:
        The file's path, for messages, and its rows in memory.

    Raises:
        DataError: the file is missing, is not parquet or lacks a column.
    """
    import pyarrow as pa
    from datasets import Dataset, disable_progress_bars
    from datasets.exceptions import DatasetsError
    from pyarrow.parquet import read_schema

    path = folder / NAMES[split]
    if not path.is_file():
        raise DataError(f"{path}: missing; expected the {split} split: download it, or place it there by hand.")
    disable_progress_bars()
    try:
        found = read_schema(path).names
        missing = [column for column in columns if column not in found]
        if missing:
            raise DataError(
                f"{path}: no column {' and '.join(missing)}; found {', '.join(found)}. Is it another data set?"
            )
        # The library writes a copy to its cache, which nobody reads a second time.
        with tempfile.TemporaryDirectory() as cache:
            rows = Dataset.from_parquet(str(path), cache_dir=cache, keep_in_memory=True, columns=list(columns))
    except (pa.ArrowException, DatasetsError, OSError, ValueError, TypeError, KeyError) as error:
        raise DataError(f"{path}: cannot be read as parquet ({error}); remove it and download it again.") from error
    return path, rows
