"""A cell: one training run, the address of one number."""

from __future__ import annotations

from dataclasses import dataclass

NO_SOURCE = "none"


@dataclass(frozen=True, slots=True)
class Cell:
    """One training run: the address of one number."""

    encoder: str
    task: str
    target: str
    source: str
    method: str
    seed: int

    @property
    def path(self) -> str:
        """Return the cell's folder below results/<name>/."""
        return f"cells/{self.encoder}/{self.task}/{self.target}/{self.source}/{self.method}/seed{self.seed}"
