"""What is drawn and what the report shows: files of an experiment, and what they are made of."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from metaxl.experiment import layout
from metaxl.experiment.contrasts import PLACEMENTS, contrasts, over_joint
from metaxl.experiment.grid import cell_groups, find_table, table_cells, tables, trained_cells
from metaxl.experiment.layout import HISTORY, PREDICTIONS, SCORES, VECTORS
from metaxl.planning.plan import Plan
from metaxl.reporting.mistakes import read_cells


def figure_files(plan: Plan) -> list[Path]:
    """Return the files of Figure 1, none if the configuration has no figure, and those of every other picture."""
    own = _figures(plan, layout.FIGURE, [0] if plan.config.figure else [])
    asked = dict.fromkeys(one.table for one in contrasts(plan.config) if over_joint(one.key))
    of_methods = [table.number for table in tables(plan.config) if table.number != PLACEMENTS]
    drawn = [path for pattern in layout.OF_TRAININGS for path in _figures(plan, pattern, of_methods)]
    return [*own, *_figures(plan, layout.GAIN, list(asked)), *drawn]


def _figures(plan: Plan, pattern: str, numbers: Sequence[int]) -> list[Path]:
    return [plan.path(pattern, number=n, suffix=suffix) for n in numbers for suffix in layout.FIGURE_FORMATS]


def picture_inputs(plan: Plan, number: int) -> list[Path]:
    """Return the records of a table's trainings that are drawn: what they logged, and their vectors.

    Raises:
        ConfigError: the configuration's tasks do not give the table.
    """
    cells = trained_cells(plan.config, table_cells(plan.config, find_table(plan.config, number)))
    return plan.cell_files(cells, HISTORY, VECTORS, SCORES)


def language_files(plan: Plan) -> list[Path]:
    """Return the renderings of the table of the languages."""
    return [plan.path(layout.LANGUAGES, suffix=suffix) for suffix in layout.LANGUAGES_FORMATS]


def page_files(plan: Plan) -> list[Path]:
    """Return the pages of the report."""
    return [plan.path(layout.PAGE, page=page) for page in layout.PAGES]


def page_inputs(plan: Plan) -> list[Path]:
    """Return what the report shows: tables, evidence, pictures, data, and the records of all trainings."""
    errors = [cell for task in plan.config.tasks for cell in read_cells(plan.config, task)]
    records = dict.fromkeys(cell for cells in cell_groups(plan.config).values() for cell in cells)
    return [
        *plan.table_files(),
        *(plan.path(layout.TABLE_TYPES, number=table.number) for table in tables(plan.config)),
        *language_files(plan),
        *plan.joined_evidence(),
        *plan.evidence_files(*layout.EVIDENCE_FORMATS),
        *figure_files(plan),
        *(plan.path(layout.REPORT, suffix=suffix) for suffix in ("json", "md")),
        *plan.cell_files(errors, PREDICTIONS),
        *plan.cell_files(records, SCORES),
        *(plan.path(layout.CHECKSUMS, encoder=encoder) for encoder in plan.encoders.used()),
    ]
