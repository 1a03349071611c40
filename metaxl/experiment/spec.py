"""What a cell is made of: its settings, as one JSON text, and its encoded data."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from metaxl.experiment.cell import Cell
from metaxl.experiment.settings import Method, Training
from metaxl.files import canonical_json


@dataclass(frozen=True, slots=True)
class CellSpec:
    """All that a cell's result depends on, besides its data, its encoder and the code.

    `matched_size`, the source-set size whose number of steps the control `target-matched` takes, is 0 elsewhere. The
    plan makes neutral what a method does not use, so that an edit to it retrains nothing.
    """

    cell: Cell
    training: Training
    method: Method
    matched_size: int
    keep_model: bool

    def to_json(self) -> str:
        """Return the canonical text that the workflow passes on its command line."""
        return canonical_json(asdict(self))

    @classmethod
    def from_dict(cls, value: dict[str, Any]) -> CellSpec:
        """Read a parsed `to_json` back."""
        return cls(
            cell=Cell(**value["cell"]),
            training=Training(**value["training"]),
            method=Method(**value["method"]),
            matched_size=value["matched_size"],
            keep_model=value["keep_model"],
        )
