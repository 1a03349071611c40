"""What a table takes from its evidence: the sentences below it, and which numbers are bold."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from metaxl.errors import DataError
from metaxl.files import read_json

Place = tuple[str, str, str]  # group and label of a row, and a column
PARTS = {"table", "told", "components"}  # of the JSON of a table's evidence


@dataclass(frozen=True, slots=True)
class Told:
    """What stands under a table and in it.

    Attributes:
        sentences: one a question.
        bold: the places of the numbers that are shown to be better.
    """

    sentences: tuple[str, ...] = ()
    bold: frozenset[Place] = frozenset()

    def to_dict(self) -> dict[str, Any]:
        """Return it as JSON has it."""
        return {"sentences": list(self.sentences), "bold": sorted(map(list, self.bold))}


def read_told(path: Path) -> Told:
    """Return what the JSON of a table's evidence tells.

    Raises:
        DataError: the file is no such evidence.
    """
    value = read_evidence(path)["told"]
    return Told(tuple(value["sentences"]), frozenset((a, b, c) for a, b, c in value["bold"]))


def read_evidence(path: Path) -> dict[str, Any]:
    """Return the JSON of a table's evidence.

    Raises:
        DataError: the file is no such evidence.
    """
    value = read_json(path)
    if not isinstance(value, dict) or not value.keys() >= PARTS:
        raise DataError(f"{path}: expected the evidence of a table. Remove it and run the workflow.")
    return value
