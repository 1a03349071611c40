"""A user's parquet files, and folders that `datasets.save_to_disk` wrote."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from metaxl.errors import DataError

if TYPE_CHECKING:
    from datasets import Dataset, Features

MARKS = ("dataset_dict.json", "state.json", "dataset_info.json")


def is_saved(folder: Path) -> bool:
    """Return whether `datasets.save_to_disk` wrote a folder."""
    return (folder / MARKS[0]).is_file() or all((folder / name).is_file() for name in MARKS[1:])


def splits_of(folder: Path) -> list[str]:
    """Return the names of the splits of a saved folder; none where it holds one data set without splits."""
    if not (folder / MARKS[0]).is_file():
        return []
    return sorted(path.name for path in folder.iterdir() if path.is_dir())


def saved_rows(folder: Path) -> tuple[Iterator[tuple[str, dict[str, Any]]], Sequence[str]]:
    """Return the rows of a saved data set with their places, and the names of its integer labels.

    Raises:
        DataError: the folder is damaged.
    """
    from datasets import load_from_disk
    from datasets.exceptions import DatasetsError

    try:
        data: Dataset = load_from_disk(str(folder))
    except (DatasetsError, OSError, ValueError, KeyError) as error:
        raise DataError(f"{folder}: cannot be read as a saved data set ({error}); save it again.") from error
    return ((f"{folder}, row {number}", row) for number, row in enumerate(data)), names_of(data.features)


def parquet_rows(paths: Sequence[Path]) -> tuple[Iterator[tuple[str, dict[str, Any]]], Sequence[str]]:
    """Return the rows of parquet files with their places, and the names of their integer labels.

    Raises:
        DataError: a file is missing or is not parquet.
    """
    import pyarrow as pa
    from datasets import Features
    from pyarrow.parquet import read_table

    tables = []
    for path in paths:
        try:
            tables.append((path, read_table(path)))
        except (pa.ArrowException, OSError) as error:
            raise DataError(f"{path}: cannot be read as parquet ({error}); get the file again.") from error
    rows = ((f"{path}, row {number}", row) for path, table in tables for number, row in enumerate(table.to_pylist()))
    return rows, names_of(Features.from_arrow_schema(tables[0][1].schema))


def names_of(features: Features) -> Sequence[str]:
    """Return the names of the one column of integer labels that has any."""
    for kind in features.values():
        names = getattr(getattr(kind, "feature", kind), "names", None)
        if names:
            return list(names)
    return []
