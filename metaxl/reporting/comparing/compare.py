"""Whether one experiment is better than another: row by row, over languages, seeds and test sentences."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, replace

from metaxl.experiment.cell import NO_SOURCE, Cell
from metaxl.experiment.contrasts import CONFIRMATORY, NO_GROUP, RELATED, Contrast
from metaxl.experiment.grid import Entry
from metaxl.reporting.comparing.pairs import Pair, Paired, pair_up
from metaxl.reporting.comparing.results import Results
from metaxl.reporting.evidence.judged import Judged, judge

QUESTION = "Is the first better than the second?"
FIRST, SECOND = "first", "second"  # in place of encoders, by which the cells of the two are told apart


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two experiments and what their differences say; a difference is the first's minus the second's."""

    first: Results
    second: Results
    paired: Paired
    judged: tuple[Judged, ...]


def compare(first: Results, second: Results) -> Comparison:
    """Compare two experiments; the rows' answers are adjusted for one another.

    Raises:
        DataError: there is no pair of cells, or a pair is of different test sentences.
    """
    paired = pair_up(first, second)
    rows: dict[tuple[str, str, str], list[Pair]] = defaultdict(list)
    for pair in paired.pairs:
        rows[pair.first.task, _group(first, pair.first), pair.first.method].append(pair)
    contrasts = [_contrast(*row, own) for row, own in rows.items()]
    counts = {replace(pair.first, encoder=FIRST): first.cells[pair.first].counted for pair in paired.pairs}
    counts |= {replace(pair.first, encoder=SECOND): second.cells[pair.second].counted for pair in paired.pairs}
    seeds = sorted({pair.first.seed for pair in paired.pairs})
    return Comparison(first, second, paired, tuple(judge(contrasts, counts, seeds, lambda _: False)))


def _group(results: Results, cell: Cell) -> str:
    """Return the source as a table calls it: that of all targets, "related", or "-" of none."""
    if cell.source == NO_SOURCE:
        return NO_GROUP
    tasks = results.config.tasks if results.config else ()
    task = next((task for task in tasks if task.name == cell.task), None)
    targets = {target.language: target.related for target in task.targets} if task else {}
    if task and cell.source != task.source and targets.get(cell.target) == cell.source:
        return RELATED
    return cell.source


def _contrast(task: str, group: str, method: str, pairs: list[Pair]) -> Contrast:
    """Return the question that a row of pairs puts."""
    sources = {pair.first.target: pair.first.source for pair in pairs}
    first = Entry(FIRST, task, tuple(sources), tuple(sources.values()), method)
    return Contrast(
        key=f"{task}-{group}-{method}",
        table=0,
        group=group,
        role=CONFIRMATORY,
        question=QUESTION,
        labels=(FIRST, SECOND),
        first=first,
        second=replace(first, encoder=SECOND),
    )
