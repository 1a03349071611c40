"""What makes the numbers of a table doubtful: epochs that dev could not choose, strict scores apart, other makings."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Sequence
from statistics import fmean

import pandas as pd

from metaxl.experiment.cell import Cell
from metaxl.experiment.config import Config
from metaxl.experiment.folds import split_code
from metaxl.experiment.grid import Table, table_cells, trained_cells
from metaxl.experiment.layout import SCORES, cell_file
from metaxl.experiment.settings import STILL_FALLING
from metaxl.reporting.facts import Facts
from metaxl.reporting.frame import mixed_code, shown_column, shown_scores
from metaxl.reporting.titles import listed
from metaxl.tasks import find_task

APART = 1.0  # percentage points between the default and the strict F1 that a reader is told of


def doubts(config: Config, table: Table, frame: pd.DataFrame, facts: Facts) -> Iterator[str]:
    """Yield what a reader must know before trusting a table's numbers, one sentence a doubt."""
    cells = trained_cells(config, table_cells(config, table))
    yield from _unchosen(cells, frame, facts)
    yield from _under_trained(cells, frame)
    yield from _strict(config, table, frame)
    yield from other_makings(cells, frame)
    shown = frame[frame["target"].isin({cell.target for cell in cells}) & frame["task"].isin({c.task for c in cells})]
    if mixed := mixed_code(shown):
        yield f"Not all cells were trained by the same code, and may not be comparable: {'; '.join(mixed)}."
    yield from _machines(cells, frame)
    yield from _libraries(cells, frame)


def other_makings(cells: Sequence[Cell], frame: pd.DataFrame) -> Iterator[str]:
    """Yield which of the cells have a record that differs from the active plan, and in what."""
    differs = {cell: keys for cell, keys in shown_column(frame, "differs").items() if keys and cell in set(cells)}
    if differs:
        keys = ", ".join(dict.fromkeys(key for found in differs.values() for key in found.split()))
        named = listed([str(cell_file(cell, SCORES)) for cell in differs])
        yield (
            f"{len(differs)} of {len(cells)} records are of another making than the active plan and shown all the same "
            f"(other_records: accept): {keys} of {named}."
        )


def _unchosen(cells: Sequence[Cell], frame: pd.DataFrame, facts: Facts) -> Iterator[str]:
    """Yield, for each target of which dev could not choose some cell's epoch, how many they are and why."""
    chosen = shown_column(frame, "chosen_by")
    targets: dict[tuple[str, str], list[Cell]] = {}
    for cell in cells:
        if cell in chosen:
            targets.setdefault((cell.task, split_code(cell.target)[0]), []).append(cell)
    for (task, language), trained in targets.items():
        unchosen = [cell for cell in trained if chosen[cell] == "none"]
        reasons = dict.fromkeys(why_unchosen(facts, task, language, cell.target) for cell in unchosen)
        if unchosen:
            many = f"{len(unchosen)} of {len(trained)} cells"
            yield f"{' or '.join(reasons)}: the last epoch was taken ({many}).".replace("dev", "Dev", 1)


def _machines(cells: Sequence[Cell], frame: pd.DataFrame) -> Iterator[str]:
    """Yield how many cells each kind of machine trained, where there are several kinds."""
    machines = shown_column(frame, "machine")
    kinds = Counter(machines[cell] for cell in cells if machines.get(cell))
    if len(kinds) > 1:
        counted = ", ".join(f"{count} on {kind}" for kind, count in kinds.most_common())
        yield f"The cells were trained on {len(kinds)} kinds of machine, which round differently: {counted}."


def _libraries(cells: Sequence[Cell], frame: pd.DataFrame) -> Iterator[str]:
    """Yield how many cells were trained with which versions, of the libraries of which there are several."""
    libraries = shown_column(frame, "libraries")
    kinds = Counter(libraries[cell] for cell in cells if libraries.get(cell))
    if len(kinds) > 1:
        versions = {kind: kind.split(", ") for kind in kinds}
        same = set.intersection(*map(set, versions.values()))
        own = {kind: ", ".join(part for part in parts if part not in same) for kind, parts in versions.items()}
        counted = "; ".join(
            f"{count} with {own[kind] or 'fewer that are known'}" for kind, count in kinds.most_common()
        )
        yield f"The cells were trained with {len(kinds)} sets of libraries, which may compute otherwise: {counted}."


def _under_trained(cells: Sequence[Cell], frame: pd.DataFrame) -> Iterator[str]:
    """Yield how many cells were still learning fast when they ended, and of which methods."""
    falls = shown_column(frame, "last_fall")
    known = [cell for cell in cells if not math.isnan(falls.get(cell, math.nan))]
    early = [cell for cell in known if falls[cell] > STILL_FALLING]
    if early:
        methods = ", ".join(sorted({cell.method for cell in early}))
        yield (
            f"Under-trained? In {len(early)} of {len(known)} cells ({methods}) the last epoch brought more than "
            f"{100 * STILL_FALLING:.0f} % of the whole fall of the training loss; more epochs, or min_steps, may help."
        )


def why_unchosen(facts: Facts, task: str, language: str, code: str) -> str:
    """Return why dev could not choose an epoch of a cell whose target is a language, or its fold, by this code."""
    counted, positive = facts.data[task, code, "dev"], facts.labels[task].positive
    found = counted["entities"].values() if find_task(task).has_words else [counted["labels"].get(positive, 0)]
    if sum(found) == 0 and (positive or find_task(task).has_words):
        return f"dev of {language} holds no {positive or 'entity'}"
    return f"dev F1 of {language} is 0 in every epoch"


def _strict(config: Config, table: Table, frame: pd.DataFrame) -> Iterator[str]:
    """Yield where strict F1 and the default part."""
    usual, strict = shown_scores(frame), shown_scores(frame, "strict_f1")
    apart = []
    for row in table.rows:
        for column, entry in row.entries.items():
            cells = [cell for seed in config.seeds for cell in entry.cells(seed)] if entry else []
            if cells and all(cell in usual and cell in strict for cell in cells):
                a, b = (100 * fmean(scores[cell] for cell in cells) for scores in (usual, strict))
                if abs(a - b) > APART or (math.isnan(b) and not math.isnan(a)):
                    name = row.label if row.group == "-" else f"{row.group} {row.label}"
                    apart.append(f"{name}, {column} {a:.2f} and {'not defined' if math.isnan(b) else f'{b:.2f}'}")
    if apart:
        yield (
            "Strict F1, which counts an entity only if its tags are well-formed IOB2, is more than a point apart from "
            f"the F1 that is shown (shown and strict): {listed(apart, ';')}."
        )
