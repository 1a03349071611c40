"""Which cells the paired tests compare: MetaXL and its rivals, which differ from it in nothing but the method."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from metaxl.experiment.cell import Cell
from metaxl.experiment.config import Config
from metaxl.experiment.grid import slug, table_cells, tables
from metaxl.experiment.slug import MethodSlug

COMPARED_TABLES = (2, 3)


def compared_pairs(config: Config) -> Iterator[tuple[int, Cell, Cell]]:
    """Yield (table, a cell of MetaXL, a cell that differs from it in nothing but the method)."""
    for table in tables(config):
        cells = table_cells(config, table) if table.number in COMPARED_TABLES else []
        for cell in cells:
            parsed = MethodSlug.parse(cell.method)
            rivals = [replace(cell, method=slug(rival, parsed.layers)) for rival in parsed.method.rivals]
            yield from ((table.number, cell, rival) for rival in rivals if rival in cells)


def compared_cells(config: Config) -> list[Cell]:
    """Return every cell that stands in a pair, each once."""
    return list(dict.fromkeys(cell for _, *pair in compared_pairs(config) for cell in pair))
