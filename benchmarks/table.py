"""What the benchmarks share: the device, and the table that each writes and prints."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import torch
from tabulate import tabulate

RESULTS = Path(__file__).parent / "results"
Row = dict[str, Any]


def device() -> torch.device:
    """Return the GPU if there is one."""
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def about(geometry: str, lengths: str, method: str, implementation: str) -> Row:
    """Return the columns that tell rows apart, and where they were measured."""
    name = torch.cuda.get_device_name() if torch.cuda.is_available() else f"{torch.get_num_threads()} cores"
    columns = {"geometry": geometry, "lengths": lengths, "method": method, "implementation": implementation}
    return columns | {"device": name, "torch": torch.__version__}


def write(name: str, rows: list[Row]) -> None:
    """Write rows to a file in benchmarks/results, and print them; numbers have four digits."""
    RESULTS.mkdir(exist_ok=True)
    shown = [{key: f"{v:.4g}" if isinstance(v, float) else v for key, v in row.items()} for row in rows]
    with (RESULTS / name).open("w", newline="") as file:
        writer = csv.DictWriter(file, shown[0], lineterminator="\n")
        writer.writeheader()
        writer.writerows(shown)
    print(tabulate(shown, headers="keys", disable_numparse=True))
