"""A line a trained cell on the screen while a run goes on, with the time that is left."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from metaxl.errors import DataError
from metaxl.experiment import layout
from metaxl.experiment.cell import Cell
from metaxl.experiment.failure import failure_of
from metaxl.experiment.layout import SCORES, cell_file
from metaxl.files import read_json
from metaxl.planning.pace import Pace, duration, whole_seconds

TRAIN = "train"  # the rule
STARTED, FINISHED = "job_started", "job_finished"  # Snakemake's names of the events


@dataclass(slots=True)
class Progress:
    """The trainings of one run.

    Attributes:
        cells: the folder of the results and the cell, by the number of Snakemake's job.
        pace: how long the trainings that this run ended took in all; what was there before it is no work.
    """

    cells: dict[int, tuple[Path, Cell]]
    pace: Pace = field(default_factory=Pace)
    _began: float | None = None
    _done: int = 0
    _worked: float = 0.0  # seconds of this run's own training

    def started(self, jobs: Iterable[int], now: float) -> None:
        """Note that jobs have been started; the time of what comes before the first training does not count."""
        if self._began is None and any(job in self.cells for job in jobs):
            self._began = now

    def finished(self, job: int, now: float) -> str:
        """Return what to say of a job that has succeeded; empty for one that trains no cell."""
        known = self.cells.pop(job, None)
        if known is None:
            return ""
        root, cell = known
        self._done += 1
        about, seconds, whole = _outcome(root / cell_file(cell, SCORES))
        self.pace.add(kind_of(cell), whole)
        self._worked += seconds
        count = f"{self._done}/{self._done + len(self.cells)}"
        return ", ".join(filter(None, [f"{count} {told(cell)} {about}", self._left(now)]))

    def _left(self, now: float) -> str:
        """Return how long the rest takes if it goes on as since the first training began."""
        elapsed = now - self._began if self._began is not None else 0.0
        if not self.cells or not self._worked or not self.pace.count or elapsed <= 0:
            return ""
        work = sum(self.pace.expected(kind_of(cell)) for _, cell in self.cells.values())
        return f"about {duration(work * elapsed / self._worked)} left"


class Ticker(logging.Handler):
    """Hears of Snakemake's events and tells of each trained cell."""

    def __init__(self, progress: Progress, tell: Callable[[str], None]) -> None:
        """Listen for the jobs of `progress`; `tell` shows a line."""
        super().__init__(logging.INFO)
        self._progress, self._show = progress, tell

    def emit(self, record: logging.LogRecord) -> None:
        """Take an event; other messages are passed over."""
        event = getattr(record, "event", None)
        name = str(getattr(event, "value", event))
        if name == STARTED:
            self._progress.started(getattr(record, "jobs", None) or [], time.monotonic())
        elif name == FINISHED:
            self._show(self._progress.finished(getattr(record, "job_id", -1), time.monotonic()))


def cells_of_run(jobs: Iterable[tuple[int, str, Any]]) -> dict[int, tuple[Path, Cell]]:
    """Return the results' folder and the cell of each training among jobs, (number, rule, wildcards)."""
    return {number: (layout.root(of.name), _cell(of)) for number, rule, of in jobs if rule == TRAIN}


def told(cell: Cell) -> str:
    """Return a cell as a line has it: what its tables need not say, its encoder, is left out."""
    return f"{cell.task} {cell.target} {cell.source} {cell.method} seed{cell.seed}"


def kind_of(cell: Cell) -> str:
    """Return what the time of a cell depends on; the languages and the seed matter less."""
    return f"{cell.encoder}/{cell.task}/{cell.method}"


def _cell(of: Any) -> Cell:
    return Cell(of.encoder, of.task, of.target, of.source, of.method, int(of.seed))


def _outcome(path: Path) -> tuple[str, float, float]:
    """Return what a record says of its training, how many seconds that took in this run, and in all, 0 if unknown."""
    try:
        record = read_json(path)
    except DataError:
        return "done", 0.0, 0.0
    if failure := failure_of(record):
        return f"FAILED: {failure.reason}", 0.0, 0.0
    f1, seconds, whole = record["best"]["dev"]["f1"], record["resources"]["seconds"], whole_seconds(record)
    score = "not defined" if f1 is None else f"{100 * f1:.1f}"
    in_all = f"; about {duration(whole)} in all" if whole else ""
    resumed = f" (resumed{in_all})" if whole != seconds else ""
    return f"dev {score} in {duration(seconds)}{resumed}", seconds, whole
