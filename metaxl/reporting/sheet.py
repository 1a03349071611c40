"""What Tables 2, 3 and 5 say: each place's mean, spread and paper number, and the notes below."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from statistics import fmean

import pandas as pd

from metaxl.downloads.registry import find_corpus
from metaxl.experiment.cell import Cell
from metaxl.experiment.config import Config, TaskSettings
from metaxl.experiment.grid import Entry, Row, Table, table_cells
from metaxl.reporting.paper import language_notes, load_paper
from metaxl.reporting.stats import Summary, summarize
from metaxl.tasks import NER, find_task

DASH = "–"
DECIDING = {2: ("average",)}  # the columns whose best is bold; all where a table is not listed
NAMED_RECORDS = 3  # absent records that a footnote names before it counts the rest


@dataclass(frozen=True, slots=True)
class Place:
    """What one place of a table shows, in percent.

    Attributes:
        summary: mean and spread over the seeds; None as soon as one of the place's records is absent.
        absent: the cells without a record.
        paper: the paper's number, where it has one and the configuration asks for it.
        best: whether the place is shown in bold.
    """

    summary: Summary | None
    absent: tuple[Cell, ...]
    paper: float | None
    best: bool = False


Places = dict[str, Place | None]


@dataclass(frozen=True, slots=True)
class Sheet:
    """A table with its numbers; a place is None where the row does not apply to the column.

    `title` is without the table's number, which LaTeX gives itself.
    """

    table: Table
    title: str
    notes: tuple[str, ...]
    rows: tuple[tuple[Row, Places], ...]


def fill(config: Config, table: Table, frame: pd.DataFrame) -> Sheet:
    """Put the scores into a table: F1 on test of the best dev epoch, the mean over each place's targets and seeds."""
    chosen = frame[(frame["checkpoint"] == "best") & (frame["split"] == "test") & (frame["metric"] == "f1")]
    addresses = chosen[["encoder", "task", "target", "source", "method", "seed"]].itertuples(index=False, name=None)
    scores = {Cell(*address): value for address, value in zip(addresses, chosen["value"].tolist(), strict=True)}
    rows: list[Places] = [
        {column: _place(config, table, column, entry, scores) for column, entry in row.entries.items()}
        for row in table.rows
    ]
    _mark_best(rows, DECIDING.get(table.number, table.columns))
    title = f"{table.caption} ({_line(config.label)})"
    absent = [cell for cell in table_cells(config, table) if cell not in scores]
    return Sheet(table, title, tuple(_notes(config, table, absent)), tuple(zip(table.rows, rows, strict=True)))


def _place(config: Config, table: Table, column: str, entry: Entry | None, scores: dict[Cell, float]) -> Place | None:
    if entry is None:
        return None
    paper = load_paper().number(table.number, column, entry) if config.paper_numbers == "beside" else None
    absent = tuple(cell for seed in config.seeds for cell in entry.cells(seed) if cell not in scores)
    if absent:
        return Place(None, absent, paper)
    values = [100 * fmean(scores[cell] for cell in entry.cells(seed)) for seed in config.seeds]
    return Place(summarize(values), absent, paper)


def _mark_best(rows: list[Places], columns: Iterable[str]) -> None:
    """Mark the best place of each column, and those that look the same at two decimals."""
    for column in columns:
        means = {i: p.summary.mean for i, row in enumerate(rows) if (p := row[column]) and p.summary}
        for i, mean in means.items():
            place = rows[i][column]
            if place and f"{mean:.2f}" == f"{max(means.values()):.2f}":
                rows[i][column] = replace(place, best=True)


def measure(task: TaskSettings) -> str:
    """Return what the numbers of a task are."""
    return f"{_short(task)}: {find_task(task.name).measure}"


def _short(task: TaskSettings) -> str:
    return "NER" if task.name == NER.name else task.name


def tasks_of(config: Config, table: Table) -> list[TaskSettings]:
    """Return the tasks that a table shows."""
    names = {entry.task for entry in table.entries()}
    return [task for task in config.tasks if task.name in names]


def caveats(config: Config, tasks: Iterable[TaskSettings]) -> list[str]:
    """Return what the registry warns of in the corpora that tasks read, each warning once."""
    languages = [(task.name, language) for task in tasks for language in (*task.sources(), *_targets(task))]
    corpora = dict.fromkeys(config.corpus(*place) for place in languages)
    found = [find_corpus(corpus).citation.caveat for corpus in corpora if corpus not in ("files", "synthetic")]
    return [caveat for caveat in found if caveat]


def _targets(task: TaskSettings) -> list[str]:
    return [target.language for target in task.targets]


def _notes(config: Config, table: Table, absent: list[Cell]) -> Iterator[str]:
    """Yield what a reader must know to read the numbers, one sentence or two each."""
    tasks = tasks_of(config, table)
    measures = "; ".join(measure(task) for task in tasks)
    yield f"F1 in percent on test, of the epoch that is best on dev. {measures[0].upper()}{measures[1:]}."
    sizes = ", ".join(f"{task.source_size:,} {find_task(task.name).units} ({_short(task)})" for task in tasks)
    yield f"Each source set: {sizes}."
    seeds = ", ".join(map(str, config.seeds))
    many = len(config.seeds) > 1
    yield f"Seeds {seeds}: mean ± sample standard deviation." if many else f"Seed {seeds} alone: no spread is known."
    yield from language_notes(config, tasks, related=table.number != 5)
    yield "Bold: the best average." if table.number in DECIDING else "Bold: the best of each column."
    yield from caveats(config, tasks)
    if config.paper_numbers == "beside":
        yield f"In brackets: the paper's number, where it has one. {load_paper().note(table.number)}".rstrip()
    if absent:
        named = ", ".join(f"{cell.path}/scores.json" for cell in absent[:NAMED_RECORDS])
        more = f" and {len(absent) - NAMED_RECORDS} more" if len(absent) > NAMED_RECORDS else ""
        total = len(table_cells(config, table))
        yield f"{DASH}: {len(absent)} of {total} records are absent: {named}{more}. Run the workflow to train them."


def _line(text: str) -> str:
    return " ".join(text.split())
