"""Parquet files of the hub."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from metaxl.errors import DataError

if TYPE_CHECKING:
    from datasets import Features

NAMES = {"train": "train.parquet", "dev": "validation.parquet", "test": "test.parquet"}


def read_parquet(folder: Path, split: str, columns: Sequence[str]) -> tuple[Path, list[tuple[Any, ...]], Features]:
    """Read some columns of a split: the file's path, for messages, its rows, and what it says of its columns.

    Raises:
        DataError: the file is missing, is not parquet or lacks a column.
    """
    import pyarrow as pa
    from datasets import Features
    from datasets.exceptions import DatasetsError
    from pyarrow.parquet import ParquetFile

    path = folder / NAMES[split]
    if not path.is_file():
        raise DataError(f"{path}: missing; expected the {split} split: download it, or place it there by hand.")
    try:
        with ParquetFile(path) as file:
            found = file.schema_arrow.names
            table = file.read(columns)
            features = Features.from_arrow_schema(table.schema)
    except (pa.ArrowException, DatasetsError, OSError, ValueError, TypeError, KeyError) as error:
        raise DataError(f"{path}: cannot be read as parquet ({error}); remove it and download it again.") from error
    missing = [column for column in columns if column not in found]
    if missing:
        raise DataError(f"{path}: no column {' and '.join(missing)}; found {', '.join(found)}. Is it another data set?")
    return path, list(zip(*table.to_pydict().values(), strict=True)), features
