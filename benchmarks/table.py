"""What the benchmarks share: their settings, the device, and the table that one writes and prints."""

from __future__ import annotations

import csv
from itertools import product
from pathlib import Path
from typing import Any

import torch
from tabulate import tabulate

from benchmarks.workload import GEOMETRIES, LENGTHS

HERE = Path(__file__).parent
Row = dict[str, Any]


def device() -> torch.device:
    """Return the GPU if there is one."""
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def settings() -> list[tuple[str, str]]:
    """Return every geometry with every length."""
    return list(product(GEOMETRIES, LENGTHS))


def about(geometry: str, lengths: str, method: str, implementation: str) -> Row:
    """Return the columns that tell rows apart."""
    return {"geometry": geometry, "lengths": lengths, "method": method, "implementation": implementation}


def write(name: str, rows: list[Row]) -> None:
    """Write rows as CSV beside this file, and print them; numbers have four digits."""
    shown = [{key: f"{v:.4g}" if isinstance(v, float) else v for key, v in row.items()} for row in rows]
    with (HERE / name).open("w", newline="") as file:
        writer = csv.DictWriter(file, shown[0], lineterminator="\n")
        writer.writeheader()
        writer.writerows(shown)
    print(tabulate(shown, headers="keys", disable_numparse=True))
