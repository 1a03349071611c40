"""What a cell that could not be trained leaves: the reason in failed.json, and a stand-in in place of its scores.

The stand-in is what lets tables be made: the cell has a record, which says that there is no score, and why.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields
from typing import Any

from metaxl.experiment.cell import Cell

FAILED = "failed"  # the key of a stand-in
FINAL = 1  # the exit status of what goes wrong again in the same way: an error of ours, or a fault of the program


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a cell has no score.

    Attributes:
        reason: the last sentence of its log.
        status: the exit status of the last attempt.
        attempts: how many were made in one run.
        host: where the last one was made.
        when: it was given up, as local time.
        spec: the SHA-256 of what was to be trained.
    """

    reason: str
    status: int
    attempts: int
    host: str
    when: str
    spec: str

    @property
    def is_final(self) -> bool:
        """Whether another attempt with the same settings, data and code would fail likewise."""
        return self.status == FINAL

    @property
    def next(self) -> str:
        """Return what becomes of the cell."""
        if self.is_final:
            return "a cell is tried again when its settings, data, encoder or code change, or a command names it"
        return "the next command tries again"


def stand_in(cell: Cell, failure: Failure) -> dict[str, Any]:
    """Return what scores.json holds of a cell that failed."""
    return {"cell": asdict(cell), FAILED: asdict(failure)}


def failure_of(record: Any) -> Failure | None:
    """Return the failure that a parsed scores.json tells of; None for any other content."""
    told = record.get(FAILED) if isinstance(record, dict) else None
    if not isinstance(told, dict) or told.keys() != {field.name for field in fields(Failure)}:
        return None
    return Failure(**told)
