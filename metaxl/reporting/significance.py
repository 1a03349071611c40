"""Which cells are compared, and the table of the comparisons."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from metaxl.errors import DataError
from metaxl.experiment.cell import Cell
from metaxl.experiment.config import Config
from metaxl.experiment.grid import slug, table_cells, tables
from metaxl.experiment.slug import MethodSlug
from metaxl.files import atomic_path
from metaxl.reporting.records import read_predictions
from metaxl.reporting.stats import Comparison, compare

COMPARED_TABLES = (2, 3)


HEADER = (
    *("table", "target", "source", "seed", "method", "rival", "method_f1", "rival_f1"),
    *("difference", "low", "high", "p_value", "sentences", "data"),
)


def significance(config: Config, root: Path, out: Path) -> Path:
    """Write out/significance.csv: MetaXL against JT and the frozen RTN, per target of Tables 2 and 3 and per seed.

    F1, difference and bounds are in percent. Pairs without both records are left out.

    Raises:
        DataError: a pair's predictions are malformed or of different sentences.
    """
    path = out / "significance.csv"
    with atomic_path(path) as temporary, temporary.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(HEADER)
        for table, cell, rival in _pairs(config):
            if all((root / one.path / "scores.json").is_file() for one in (cell, rival)):
                about = [table, cell.target, cell.source, cell.seed, cell.method, rival.method]
                writer.writerow([*about, *_numbers(_compare_cells(root, cell, rival)), config.label])
    return path


def _pairs(config: Config) -> Iterator[tuple[int, Cell, Cell]]:
    """Yield (table, a cell of MetaXL, a cell that differs from it in nothing but the method)."""
    for table in tables(config):
        cells = table_cells(config, table) if table.number in COMPARED_TABLES else []
        for cell in cells:
            parsed = MethodSlug.parse(cell.method)
            rivals = [replace(cell, method=slug(rival, parsed.layers)) for rival in parsed.method.rivals]
            yield from ((table.number, cell, rival) for rival in rivals if rival in cells)


def _compare_cells(root: Path, cell: Cell, rival: Cell) -> Comparison:
    files = [root / one.path / "predictions.jsonl" for one in (cell, rival)]
    first, second = (read_predictions(file)["test"] for file in files)
    try:
        return compare(cell.task, first, second)
    except DataError as error:
        raise DataError(f"{files[0]} and {files[1]}: {error}") from error


def _numbers(found: Comparison) -> list[str]:
    percents = [found.first, found.second, found.difference, found.low, found.high]
    return [*(f"{100 * value:.2f}" for value in percents), f"{found.p_value:.4f}", str(found.sentences)]
