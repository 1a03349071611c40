"""What Tables 2, 3 and 5 say: each entry's mean, spread and paper number, and the notes below."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from statistics import fmean, stdev

import pandas as pd

from metaxl.downloads.registry import find_corpus
from metaxl.experiment.cell import Cell
from metaxl.experiment.config import Config, TaskSettings
from metaxl.experiment.grid import Entry, Row, Table, table_cells
from metaxl.experiment.layout import SCORES, cell_file
from metaxl.reporting.frame import shown_scores
from metaxl.reporting.paper import language_notes, load_paper
from metaxl.tasks import NER, find_task

DASH = "–"
DECIDING = {2: ("average",)}  # the columns whose best is bold; all where a table is not listed
NAMED_RECORDS = 3  # absent records that a footnote names before it counts the rest


@dataclass(frozen=True, slots=True)
class Value:
    """What stands for one entry of a table, in percent.

    Attributes:
        mean: over the seeds; None as soon as one of the entry's records is absent.
        spread: sample standard deviation over the seeds; a single seed has none.
        absent: the cells without a record.
        paper: the paper's number, where it has one and the configuration asks for it.
        best: whether the value is shown in bold.
    """

    mean: float | None
    spread: float | None
    absent: tuple[Cell, ...]
    paper: float | None
    best: bool = False


Values = dict[str, Value | None]


@dataclass(frozen=True, slots=True)
class FilledTable:
    """A table with its numbers; a value is None where the row does not apply to the column."""

    config: Config
    table: Table
    rows: tuple[tuple[Row, Values], ...]

    @property
    def title(self) -> str:
        """Return caption and label without the table's number, which LaTeX gives itself."""
        return f"{self.table.caption} ({' '.join(self.config.label.split())})"

    @property
    def tasks(self) -> list[TaskSettings]:
        """Return the tasks that the table shows."""
        names = {entry.task for entry in self.table.entries()}
        return [task for task in self.config.tasks if task.name in names]

    @property
    def absent(self) -> list[Cell]:
        """Return the cells without a record, each once."""
        values = [value for _, row in self.rows for value in row.values() if value]
        return list(dict.fromkeys(cell for value in values for cell in value.absent))

    @property
    def measure(self) -> str:
        """Return what the numbers are."""
        return "; ".join(f"{_short(task)}: {find_task(task.name).measure}" for task in self.tasks)

    @property
    def caveats(self) -> list[str]:
        """Return what the registry warns of in the corpora that the table's tasks read, each warning once."""
        languages = [(task.name, language) for task in self.tasks for language in (*task.sources(), *_targets(task))]
        corpora = dict.fromkeys(self.config.corpus(*place) for place in languages)
        found = [find_corpus(corpus).citation.caveat for corpus in corpora if corpus not in ("files", "synthetic")]
        return list(filter(None, found))


def fill_table(config: Config, table: Table, frame: pd.DataFrame) -> FilledTable:
    """Put the scores into a table: F1 on test of the best dev epoch, the mean over each entry's targets and seeds."""
    scores = shown_scores(frame)
    rows: list[Values] = [
        {column: _value(config, table, column, entry, scores) for column, entry in row.entries.items()}
        for row in table.rows
    ]
    _mark_best(rows, DECIDING.get(table.number, table.columns))
    return FilledTable(config, table, tuple(zip(table.rows, rows, strict=True)))


def _value(config: Config, table: Table, column: str, entry: Entry | None, scores: dict[Cell, float]) -> Value | None:
    if entry is None:
        return None
    paper = load_paper().number(table.number, column, entry) if config.paper_numbers == "beside" else None
    absent = tuple(cell for seed in config.seeds for cell in entry.cells(seed) if cell not in scores)
    if absent:
        return Value(None, None, absent, paper)
    means = [100 * fmean(scores[cell] for cell in entry.cells(seed)) for seed in config.seeds]
    return Value(fmean(means), stdev(means) if len(means) > 1 else None, absent, paper)


def _mark_best(rows: list[Values], columns: Iterable[str]) -> None:
    """Mark the best value of each column, and those that look the same at two decimals."""
    for column in columns:
        values = [value for row in rows if (value := row[column]) and value.mean is not None]
        best = max((f"{value.mean:.2f}" for value in values), key=float, default="")
        for row in rows:
            value = row[column]
            if value and value.mean is not None:
                row[column] = replace(value, best=f"{value.mean:.2f}" == best)


def notes(filled: FilledTable) -> Iterator[str]:
    """Yield what a reader must know to read the numbers, one sentence or two each."""
    config, number = filled.config, filled.table.number
    yield f"F1 in percent on test, of the epoch that is best on dev. {filled.measure[0].upper()}{filled.measure[1:]}."
    sizes = ", ".join(f"{task.source_size:,} {find_task(task.name).units} ({_short(task)})" for task in filled.tasks)
    yield f"Each source set: {sizes}."
    seeds = ", ".join(map(str, config.seeds))
    many = len(config.seeds) > 1
    yield f"Seeds {seeds}: mean ± sample standard deviation." if many else f"Seed {seeds} alone: no spread is known."
    yield from language_notes(config, filled.tasks, related=number != 5)
    yield "Bold: the best average." if number in DECIDING else "Bold: the best of each column."
    yield from filled.caveats
    if config.paper_numbers == "beside":
        yield f"In brackets: the paper's number, where it has one. {load_paper().note(number)}".rstrip()
    absent = filled.absent
    if absent:
        named = ", ".join(f"{cell_file(cell, SCORES)}" for cell in absent[:NAMED_RECORDS])
        more = f" and {len(absent) - NAMED_RECORDS} more" if len(absent) > NAMED_RECORDS else ""
        total = len(table_cells(config, filled.table))
        yield f"{DASH}: {len(absent)} of {total} records are absent: {named}{more}. Run the workflow to train them."


def _short(task: TaskSettings) -> str:
    return "NER" if task.name == NER.name else task.name


def _targets(task: TaskSettings) -> list[str]:
    return [target.language for target in task.targets]
