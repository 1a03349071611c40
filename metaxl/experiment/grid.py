"""The cells: which of them each table and the figure show.

Pure Python: the workflow, the tables and the tests share it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import product
from typing import TypeVar

from metaxl.errors import ConfigError
from metaxl.experiment.cell import NO_SOURCE, Cell
from metaxl.experiment.config import Config, TaskSettings
from metaxl.experiment.folds import fold_cells
from metaxl.experiment.settings import Placement
from metaxl.experiment.slug import method_slug
from metaxl.experiment.variants import differs, variant_slug
from metaxl.methods import BASE, METHODS, Method
from metaxl.tasks import NER, SENTIMENT

T = TypeVar("T")
AVERAGE = "average"  # the column over all languages
FROZEN = ("metaxl-frozen",)  # the control that Figure 1 shows between joint training and MetaXL


@dataclass(frozen=True, slots=True)
class Entry:
    """One place of a table: the mean over `targets`, cell by cell and seed by seed."""

    encoder: str
    task: str
    targets: tuple[str, ...]
    sources: tuple[str, ...]
    method: str

    def cells(self, seed: int) -> list[Cell]:
        """Return the cells of one seed, one a target."""
        pairs = zip(self.targets, self.sources, strict=True)
        return [Cell(self.encoder, self.task, target, source, self.method, seed) for target, source in pairs]


@dataclass(frozen=True, slots=True)
class Row:
    """A table's row; an entry is None where the row does not apply to the column.

    The variant is named here, for its cells may be those of another one, or of none.
    """

    group: str
    label: str
    entries: dict[str, Entry | None]
    variant: str = ""


@dataclass(frozen=True, slots=True)
class Table:
    """A table of the paper: its number, caption and rows."""

    number: int
    caption: str
    rows: tuple[Row, ...]

    @property
    def columns(self) -> list[str]:
        """Return the column names in order."""
        return list(self.rows[0].entries)

    def entries(self) -> Iterator[Entry]:
        """Yield every entry of every row."""
        return (entry for row in self.rows for entry in row.entries.values() if entry)


def tables(config: Config) -> list[Table]:
    """Return the tables that the configuration's tasks allow, in the paper's order."""
    by_name = {task.name: task for task in config.tasks}
    built = []
    for number, task, average in ((2, NER, True), (3, SENTIMENT, False)):
        if task.name in by_name:
            built.append(Table(number, task.title, _method_rows(config, by_name[task.name], average)))
    if config.tasks:
        built.append(Table(5, "Placement of the RTN", _placement_rows(config)))
    return built


def find_table(config: Config, number: int) -> Table:
    """Return the table of that number.

    Raises:
        ConfigError: the configuration's tasks do not give it.
    """
    found = {table.number: table for table in tables(config)}
    if number not in found:
        raise ConfigError(f"Table {number} is not among this configuration's tables: {', '.join(map(str, found))}.")
    return found[number]


def table_cells(config: Config, table: Table) -> list[Cell]:
    """Return the cells that a table needs, each once, in the order of first use."""
    return _unique(cell for entry, seed in product(table.entries(), config.seeds) for cell in entry.cells(seed))


def trained_cells(config: Config, cells: Iterable[Cell]) -> list[Cell]:
    """Return the trainings behind cells, each once: of a cross-validated target those of its folds."""
    return _unique(part for cell in cells for part in fold_cells(cell, config.folds(cell.task, cell.target)))


def figure_cells(config: Config) -> list[Cell]:
    """Return Figure 1's cells, of the first seed: joint training, the frozen RTN if it is a control, and MetaXL."""
    figure = config.figure
    if figure is None:
        return []
    methods = ("joint", *(name for name in FROZEN if name in config.controls), "metaxl")
    slugs = [method_slug(name, figure.placement) for name in methods]
    return [Cell(figure.encoder, figure.task, figure.target, figure.source, slug, config.seeds[0]) for slug in slugs]


def all_cells(config: Config) -> list[Cell]:
    """Return the cells of every table, each once."""
    return _unique(cell for table in tables(config) for cell in table_cells(config, table))


def cell_groups(config: Config) -> dict[str, list[Cell]]:
    """Return the cells of every table and of the figure, each once, by their readers: "table2+table5".

    So each cell is scored again once, and a table alone waits for the groups that it reads, which hold its own cells
    and no others.
    """
    readers: dict[Cell, list[str]] = {}
    for table in tables(config):
        for cell in trained_cells(config, table_cells(config, table)):
            readers.setdefault(cell, []).append(f"table{table.number}")
    for cell in figure_cells(config):
        readers.setdefault(cell, []).append("figure1")
    groups: dict[str, list[Cell]] = {}
    for cell, names in readers.items():
        groups.setdefault("+".join(names), []).append(cell)
    return groups


def _method_rows(config: Config, task: TaskSettings, average: bool) -> tuple[Row, ...]:
    """Return Table 2's or 3's rows: methods without a source, then each source's methods."""
    related = {target.language: target.related for target in task.targets}
    groups: dict[str, Mapping[str, str | None]] = {
        "-": dict.fromkeys(related, NO_SOURCE),
        task.source: dict.fromkeys(related, task.source),
    }
    rows = []
    for group, sources in (groups | ({"related": related} if any(related.values()) else {})).items():
        for method, variant in _shown(config, task):
            if method.needs_source == (group != "-"):
                slug = method_slug(method.name, task.placement)
                settings = config.varied(variant).task(task.name)
                entries = _entries(settings, variant_slug(config, task.name, slug, variant), sources)
                mean = {AVERAGE: _average(entries)} if average and len(entries) > 1 else {}
                label = f"{method.label}, {config.variants[variant].label}" if variant else method.label
                rows.append(Row(group, label, entries | mean, variant))
    return tuple(rows)


def _shown(config: Config, task: TaskSettings) -> Iterator[tuple[Method, str]]:
    """Yield the methods of Table 2's or 3's rows, each alone (variant "") and then under each variant that matters."""
    for name, method in METHODS.items():
        if name in (*BASE, *config.controls):
            yield method, ""
        for variant, about in config.variants.items():
            asked = name in about.methods and task.name in about.tasks
            if asked and differs(config, task.name, method_slug(name, task.placement), variant):
                yield method, variant


def _placement_rows(config: Config) -> tuple[Row, ...]:
    """Return Table 5's rows: joint training, then MetaXL at each placement, from the common source."""
    placements = _unique(placement for task in config.tasks for placement in task.placements)
    joint, metaxl = METHODS["joint"], METHODS["metaxl"]
    rows = []
    for placement in [(), *placements]:
        entries: dict[str, Entry | None] = {}
        for task in config.tasks:
            method = method_slug(metaxl.name, placement) if placement else joint.name
            shown = _entries(task, method, {target.language: task.source for target in task.targets})
            if task.name == NER.name:
                shown = {NER.title: _average(shown)}
            entries |= shown if not placement or placement in task.placements else dict.fromkeys(shown)
        label = (metaxl.label, placement_label(placement)) if placement else ("-", joint.label)
        rows.append(Row(*label, entries))
    return tuple(rows)


def _entries(task: TaskSettings, method: str, sources: Mapping[str, str | None]) -> dict[str, Entry | None]:
    """Return a row's entry of each target, None where the target has no source."""
    return {
        target: Entry(task.encoder, task.name, (target,), (source,), method) if source else None
        for target, source in sources.items()
    }


def _average(entries: dict[str, Entry | None]) -> Entry | None:
    """Return the entry over all targets of a row, None where one of them has none."""
    known = [entry for entry in entries.values() if entry]
    if len(known) < len(entries):
        return None
    targets, sources = zip(*((entry.targets[0], entry.sources[0]) for entry in known), strict=True)
    return replace(known[0], targets=targets, sources=sources)


def placement_label(placement: Placement) -> str:
    """Return a placement as the paper writes it, for instance `L0,12`."""
    return "L" + ",".join(map(str, placement))


def _unique(items: Iterable[T]) -> list[T]:
    return list(dict.fromkeys(items))
