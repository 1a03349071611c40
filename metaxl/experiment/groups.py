"""Cells by their readers: a group holds the cells that exactly the same tables and figures read.

Each cell is in one group, so that it is scored again once, and a table alone waits for the groups that it reads, which
hold its own cells and no others.
"""

from __future__ import annotations

from collections.abc import Iterator

from metaxl.experiment.cell import Cell
from metaxl.experiment.config import Config
from metaxl.experiment.grid import figure_cells, table_cells, tables

FIGURE_READER = "figure1"
BETWEEN = "+"  # the readers in a group's name


def table_reader(number: int) -> str:
    """Return what a table is called as a reader of cells."""
    return f"table{number}"


def cell_groups(config: Config) -> dict[str, list[Cell]]:
    """Return the cells of every table and of the figure by group, each cell once.

    A group's name joins its readers' names: "table2+table5".
    """
    readers: dict[Cell, list[str]] = {}
    for reader, cells in _cells_read(config):
        for cell in cells:
            readers.setdefault(cell, []).append(reader)
    groups: dict[str, list[Cell]] = {}
    for cell, names in readers.items():
        groups.setdefault(BETWEEN.join(names), []).append(cell)
    return groups


def groups_of(config: Config, reader: str) -> list[str]:
    """Return the names of the groups that a table or the figure reads."""
    return [name for name in cell_groups(config) if reader in name.split(BETWEEN)]


def _cells_read(config: Config) -> Iterator[tuple[str, list[Cell]]]:
    for table in tables(config):
        yield table_reader(table.number), table_cells(config, table)
    yield FIGURE_READER, figure_cells(config)
