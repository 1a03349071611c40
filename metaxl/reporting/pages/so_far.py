"""An experiment as far as it has come: what the workflow has written of it, read where it is there."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from metaxl.experiment import layout
from metaxl.experiment.cell import Cell
from metaxl.experiment.config import Config
from metaxl.experiment.failure import failure_of
from metaxl.experiment.grid import all_cells, figure_cells, tables, trained_cells
from metaxl.experiment.load import read_config
from metaxl.experiment.settings import STILL_FALLING
from metaxl.files import read_json
from metaxl.reporting.doubts import APART
from metaxl.reporting.paper import language_name

NOT_YET = "Not made yet: the run has not come this far."


@dataclass(frozen=True)
class SoFar:
    """What there is of an experiment.

    Attributes:
        config: the configuration.
        root: results/<name>.
    """

    config: Config
    root: Path

    @classmethod
    def read(cls, root: Path) -> SoFar:
        """Read the configuration of an experiment from the folder of its results.

        Raises:
            DataError: nothing has been made of it yet.
        """
        return cls(read_config(root / layout.CONFIG), root)

    @property
    def numbers(self) -> list[int]:
        """Return the numbers of the tables that the configuration gives."""
        return [table.number for table in tables(self.config)]

    def path(self, pattern: str, **wildcards: object) -> Path | None:
        """Return the path of a file, or None where it is not there yet."""
        path = self.root / layout.fill(pattern, **wildcards)
        return path if path.is_file() else None

    def text(self, pattern: str, **wildcards: object) -> str | None:
        """Return what a file holds, or None where it is not there yet."""
        path = self.path(pattern, **wildcards)
        return path.read_text(encoding="utf-8") if path else None

    def json(self, pattern: str, **wildcards: object) -> Any:
        """Return the content of a JSON file, or None where it is not there yet."""
        path = self.path(pattern, **wildcards)
        return read_json(path) if path else None

    def rows(self, pattern: str, **wildcards: object) -> list[dict[str, str]]:
        """Return the rows of a CSV file; none where it is not there yet."""
        path = self.path(pattern, **wildcards)
        if path is None:
            return []
        with path.open(encoding="utf-8", newline="") as file:
            return list(csv.DictReader(file))

    @cached_property
    def cells(self) -> list[Cell]:
        """Return the trainings that the experiment asks for, each once."""
        return list(dict.fromkeys(trained_cells(self.config, [*all_cells(self.config), *figure_cells(self.config)])))

    @cached_property
    def _found(self) -> dict[Cell, Any]:
        found = ((cell, self.json(f"{cell.path}/{layout.SCORES}")) for cell in self.cells)
        return {cell: record for cell, record in found if record}

    @property
    def records(self) -> dict[Cell, dict[str, Any]]:
        """Return the records that are there, of the cells that have scores."""
        return {cell: record for cell, record in self._found.items() if not failure_of(record)}

    @property
    def failed(self) -> dict[Cell, str]:
        """Return the cells that could not be trained, and why."""
        return {cell: failure.reason for cell, record in self._found.items() if (failure := failure_of(record))}

    def doubts(self) -> list[str]:
        """Return what makes the records' numbers doubtful as a whole; the notes below each table name the cells."""
        records, told = self.records.values(), []
        falling = sum((record.get("last_fall") or 0.0) > STILL_FALLING for record in records)
        if falling:
            told.append(
                f"{falling:,} of {len(records):,} trainings ended while their loss still fell fast: more epochs may "
                "change their scores."
            )
        tested = [record["best"]["test"] for record in records]
        strict = [(one["f1"] or 0.0, one["strict_f1"] or 0.0) for one in tested if "strict_f1" in one]
        apart = sum(100 * abs(shown - other) > APART for shown, other in strict)
        if apart:
            told.append(
                f"In {apart:,} of {len(strict):,} trainings strict F1, which counts well-formed entities alone, is "
                f"more than {APART:g} point from the F1 that is shown."
            )
        return told

    def name(self, task: str, code: str) -> str:
        """Return how a reader calls a language."""
        return language_name(self.config, task, code) or code

    def state(self) -> str:
        """Return how far the run has come, in a sentence."""
        total, done, failed = len(self.cells), len(self.records), len(self.failed)
        if done == total:
            return f"All {total:,} trainings have a record."
        lost = f", {failed:,} failed" if failed else ""
        return f"Unfinished: {done:,} of {total:,} trainings have a record{lost}. What follows is of what is there."
