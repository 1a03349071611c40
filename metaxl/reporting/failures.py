"""The cells of which there is a record that says why they have no score."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import pandas as pd

from metaxl.errors import DataError
from metaxl.experiment.cell import Cell
from metaxl.experiment.failure import FAILED, Failure, failure_of
from metaxl.experiment.layout import SCORES, cell_file
from metaxl.files import read_json, sha256_text
from metaxl.reporting.expected import Expected


def failure_in(root: Path, expected: Expected) -> Failure | None:
    """Return why a cell has no score; None where it has one, or no record at all.

    Raises:
        DataError: the record is torn, or of a training with other settings, which the configuration does not accept.
    """
    path = root / cell_file(expected.spec.cell, SCORES)
    failure = failure_of(read_json(path)) if path.exists() else None
    if failure and expected.others == "refuse" and failure.spec != sha256_text(expected.spec.to_json()):
        raise DataError(
            f"{path}: the cell failed with other settings than those of the active plan. Remove {path.parent} to train "
            "it again, or set other_records: accept to show the failure all the same."
        )
    return failure


def failures(root: Path, cells: Iterable[Expected]) -> dict[Cell, Failure]:
    """Return why cells have no score, of those that failed."""
    found = ((expected.spec.cell, failure_in(root, expected)) for expected in cells)
    return {cell: failure for cell, failure in found if failure}


def failed_cells(frame: pd.DataFrame) -> dict[Cell, str]:
    """Return the cells that the gathered scores say to have failed, with the reasons."""
    rows = frame[frame["checkpoint"] == FAILED]
    address = [*Cell.__dataclass_fields__]
    return {Cell(*row[:-1]): row[-1] for row in rows[[*address, FAILED]].itertuples(index=False, name=None)}
