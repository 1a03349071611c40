"""A user's parquet files, and folders that `datasets.save_to_disk` wrote."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from metaxl.data.formats.objects import Names
from metaxl.errors import DataError

if TYPE_CHECKING:
    from datasets import Dataset, Features

# What the library raises of metadata that are JSON, but not of the form that it expects; JSON faults are ValueErrors.
DAMAGED = (OSError, ValueError, TypeError, AttributeError, KeyError, IndexError)
MARKS = ("dataset_dict.json", "state.json", "dataset_info.json")


def is_saved(folder: Path) -> bool:
    """Return whether `datasets.save_to_disk` wrote a folder."""
    return (folder / MARKS[0]).is_file() or all((folder / name).is_file() for name in MARKS[1:])


def splits_of(folder: Path) -> list[str]:
    """Return the names of the splits of a saved folder; none where it holds one data set without splits."""
    if not (folder / MARKS[0]).is_file():
        return []
    return sorted(path.name for path in folder.iterdir() if path.is_dir())


def saved_rows(folder: Path) -> tuple[Iterator[tuple[str, dict[str, Any]]], Names]:
    """Return the rows of a saved data set with their places, and the names of each column's integer labels.

    Raises:
        DataError: the folder is damaged.
    """
    import pyarrow as pa
    from datasets import load_from_disk
    from datasets.exceptions import DatasetsError

    try:
        data: Dataset = load_from_disk(str(folder))
        names = names_of(data.features)
        rows = [(f"{folder}, row {number}", row) for number, row in enumerate(data)]
    except (DatasetsError, pa.ArrowException, *DAMAGED) as error:
        raise DataError(f"{folder}: cannot be read as a saved data set ({error}); save it again.") from error
    return iter(rows), names


def parquet_rows(paths: Sequence[Path]) -> tuple[Iterator[tuple[str, dict[str, Any]]], Names]:
    """Return the rows of parquet files with their places, and the names of each column's integer labels.

    Raises:
        DataError: a file is missing or is not parquet.
    """
    import pyarrow as pa
    from datasets import Features
    from datasets.exceptions import DatasetsError
    from pyarrow.parquet import read_table

    rows: list[tuple[str, dict[str, Any]]] = []
    names: Names = {}
    for path in paths:
        try:
            table = read_table(path)
            names = names or names_of(Features.from_arrow_schema(table.schema))
            rows += [(f"{path}, row {number}", row) for number, row in enumerate(table.to_pylist())]
        except (pa.ArrowException, DatasetsError, *DAMAGED) as error:
            raise DataError(f"{path}: cannot be read as parquet ({error}); get the file again.") from error
    return iter(rows), names


def names_of(features: Features) -> Names:
    """Return the names of the integer labels of each column that has any."""
    kinds = {column: getattr(kind, "feature", kind) for column, kind in features.items()}
    return {column: list(kind.names) for column, kind in kinds.items() if getattr(kind, "names", None)}
