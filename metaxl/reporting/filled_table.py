"""What Tables 2, 3 and 5 say: each entry's mean, spread and paper number."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, replace
from statistics import fmean, stdev

import pandas as pd

from metaxl.downloads.registry import find_corpus
from metaxl.experiment.cell import Cell
from metaxl.experiment.config import Config, TaskSettings
from metaxl.experiment.grid import Entry, Row, Table, table_cells, trained_cells
from metaxl.reporting.beside import paper_number
from metaxl.reporting.doubts import doubts
from metaxl.reporting.evidence.told import Told
from metaxl.reporting.facts import Facts
from metaxl.reporting.failures import failed_cells
from metaxl.reporting.frame import shown_scores
from metaxl.reporting.titles import heading, made_of, short_name, table_title
from metaxl.reporting.trivial import trivial_scores
from metaxl.tasks import SENTIMENT, find_task

DASH = "–"


@dataclass(frozen=True, slots=True)
class Value:
    """What stands for one entry of a table, in percent.

    Attributes:
        mean: over the seeds; None as soon as one of the entry's records is absent, or its score not defined.
        spread: sample standard deviation over the seeds; a single seed has none.
        absent: the cells without a record.
        undefined: the cells whose score is not defined.
        paper: the paper's number, where it has one, all is as there, and the configuration asks for it.
        best: whether the value is shown in bold: the evidence says that it is better.
    """

    mean: float | None
    spread: float | None = None
    absent: tuple[Cell, ...] = ()
    undefined: tuple[Cell, ...] = ()
    paper: float | None = None
    best: bool = False


Values = dict[str, Value | None]


@dataclass(frozen=True, slots=True)
class FilledTable:
    """A table with its numbers; a value is None where the row does not apply to the column.

    Attributes:
        config: the configuration.
        table: what is where.
        facts: of the data and encoders.
        rows: with their values.
        trained: the cells that have a record.
        failed: the cells that have none because their training failed, with the reasons.
        doubts: what makes numbers doubtful, a sentence each.
        told: what the evidence says of the table's questions.
    """

    config: Config
    table: Table
    facts: Facts
    rows: tuple[tuple[Row, Values], ...]
    trained: frozenset[Cell]
    failed: dict[Cell, str]
    doubts: tuple[str, ...]
    told: Told

    @property
    def title(self) -> str:
        """Return caption and facts without the table's number, which LaTeX gives itself."""
        return table_title(self.config, self.table, self.facts.weights)

    @property
    def heading(self) -> str:
        """Return the title with its number, where the table is one of the paper's."""
        return heading(self.config, self.table, self.facts.weights)

    @property
    def made_of(self) -> str:
        """Return what the numbers come from."""
        return made_of(self.config, self.table.entries(), self.facts.weights)

    @property
    def tasks(self) -> list[TaskSettings]:
        """Return the tasks that the table shows."""
        names = {entry.task for entry in self.table.entries()}
        return [task for task in self.config.tasks if task.name in names]

    @property
    def absent(self) -> list[Cell]:
        """Return the cells without a record, each once."""
        return _each_once(value.absent for value in self._values())

    @property
    def undefined(self) -> list[Cell]:
        """Return the cells whose score is not defined, each once."""
        return _each_once(value.undefined for value in self._values())

    @property
    def measure(self) -> str:
        """Return what the numbers are."""
        measures = ((task.name, find_task(task.name).measure(self.facts.labels[task.name])) for task in self.tasks)
        return "; ".join(f"{short_name(name)}: {measure}" for name, measure in measures)

    @property
    def caveats(self) -> list[str]:
        """Return what the registry warns of in the corpora that the table's tasks read, each warning once."""
        languages = [(task.name, language) for task in self.tasks for language in (*task.sources(), *_targets(task))]
        corpora = dict.fromkeys(self.config.corpus(*place) for place in languages)
        found = [find_corpus(corpus).citation.caveat for corpus in corpora if corpus not in ("files", "synthetic")]
        return list(filter(None, found))

    def _values(self) -> list[Value]:
        return [value for _, row in self.rows for value in row.values() if value]


def fill_table(
    config: Config, table: Table, frame: pd.DataFrame, facts: Facts, told: Told | None = None
) -> FilledTable:
    """Put the scores into a table: F1 on test of the best dev epoch, the mean over each entry's targets and seeds.

    Bold is what its evidence says to be better; without evidence nothing is.
    """
    told = told or Told()
    scores = shown_scores(frame)
    rows: list[Values] = [
        {column: _value(config, table, column, entry, scores) for column, entry in row.entries.items()}
        for row in table.rows
    ]
    rows = [_marked(row, values, told) for row, values in zip(table.rows, rows, strict=True)]
    shown = (*_trivial_rows(config, table, facts), *zip(table.rows, rows, strict=True))
    trained = frozenset(cell for cell in trained_cells(config, table_cells(config, table)) if cell in scores)
    found = tuple(doubts(config, table, frame, facts))
    return FilledTable(config, table, facts, shown, trained, failed_cells(frame), found, told)


def _value(config: Config, table: Table, column: str, entry: Entry | None, scores: dict[Cell, float]) -> Value | None:
    if entry is None:
        return None
    cells = [cell for seed in config.seeds for cell in entry.cells(seed)]
    absent = tuple(cell for cell in cells if cell not in scores)
    undefined = tuple(cell for cell in cells if cell in scores and math.isnan(scores[cell]))
    value = Value(None, None, absent, undefined, paper_number(config, table.number, column, entry))
    if absent or undefined:
        return value
    means = [100 * fmean(scores[cell] for cell in entry.cells(seed)) for seed in config.seeds]
    return replace(value, mean=fmean(means), spread=stdev(means) if len(means) > 1 else None)


def _marked(row: Row, values: Values, told: Told) -> Values:
    """Return a row's values with those marked that are shown to be better."""
    return {
        column: replace(value, best=(row.group, row.label, column) in told.bold)
        if value and value.mean is not None
        else value
        for column, value in values.items()
    }


def _trivial_rows(config: Config, table: Table, facts: Facts) -> list[tuple[Row, Values]]:
    """Return the rows of the sentiment table that have learnt nothing."""
    tasks = {entry.task for entry in table.entries()}
    if tasks != {SENTIMENT.name} or table.number == 5:
        return []
    rows: dict[str, Values] = {}
    for target in table.columns:
        for label, score in trivial_scores(config, facts, SENTIMENT.name, target):
            rows.setdefault(label, {})[target] = Value(None if math.isnan(score) else 100 * score)
    return [(Row("-", label, dict.fromkeys(values)), values) for label, values in rows.items()]


def _each_once(cells: Iterable[tuple[Cell, ...]]) -> list[Cell]:
    return list(dict.fromkeys(cell for several in cells for cell in several))


def _targets(task: TaskSettings) -> list[str]:
    return [target.language for target in task.targets]
