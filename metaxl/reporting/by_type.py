"""Scores by type of entity or by class behind a table, as CSV."""

from __future__ import annotations

import csv
import math
from collections.abc import Callable, Iterator, Sequence
from functools import cache, partial
from pathlib import Path
from statistics import fmean

import pandas as pd

from metaxl.experiment.cell import Cell
from metaxl.experiment.config import Config
from metaxl.experiment.grid import AVERAGE, Entry, Table
from metaxl.experiment.layout import TABLE_TYPES, fill
from metaxl.files import atomic_path
from metaxl.reporting.frame import shown_scores
from metaxl.tasks import LabelSet, find_task

Scores = Callable[[str], dict[Cell, float]]  # those of a metric
SCORES = ("precision", "recall", "f1")
HEADER = ("group", "row", "target", "source", "type", *SCORES, "support", "seeds")


def write_types(config: Config, table: Table, frame: pd.DataFrame, labels: dict[str, LabelSet], out: Path) -> Path:
    """Write table<number>.types.csv: in percent on test, the mean over the seeds; empty where a score is not defined.

    Support is the count in the gold. A target whose record of a seed is absent has no lines.
    """
    path, scores = out / fill(TABLE_TYPES, number=table.number).name, cache(partial(shown_scores, frame))
    with atomic_path(path) as temporary, temporary.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(HEADER)
        for row in table.rows:
            for column, entry in row.entries.items():
                if entry and column != AVERAGE:  # whose targets have columns of their own
                    kinds = find_task(entry.task).kinds(labels[entry.task])
                    writer.writerows(
                        [row.group, row.label, *line] for line in _lines(config.seeds, entry, kinds, scores)
                    )
    return path


def _lines(seeds: Sequence[int], entry: Entry, kinds: Sequence[str], scores: Scores) -> Iterator[list[object]]:
    """Yield a line for each type of each of an entry's targets."""
    for target, source in zip(entry.targets, entry.sources, strict=True):
        cells = [Cell(entry.encoder, entry.task, target, source, entry.method, seed) for seed in seeds]
        for kind in kinds:
            support = scores(f"support:{kind}")
            if all(cell in support for cell in cells):
                means = [fmean(scores(f"{name}:{kind}")[cell] for cell in cells) for name in SCORES]
                numbers = ["" if math.isnan(mean) else f"{100 * mean:.2f}" for mean in means]
                yield [target, source, kind, *numbers, int(support[cells[0]]), " ".join(map(str, seeds))]
