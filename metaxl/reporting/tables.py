"""Tables 2, 3 and 5 in the paper's own shape, rendered as CSV, Markdown, LaTeX and plain text."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

from tabulate import tabulate

from metaxl.experiment import layout
from metaxl.experiment.grid import Row, Table
from metaxl.files import write_text
from metaxl.reporting.filled_table import DASH, FilledTable, Value
from metaxl.reporting.latex import latex_table
from metaxl.reporting.markup import latex, markdown
from metaxl.reporting.notes import dashes, notes
from metaxl.reporting.paper import language_name
from metaxl.tasks import NER


@dataclass(frozen=True, slots=True)
class Style:
    """How a format writes text, a number that is shown to be better, and the paper's number beside ours."""

    text: Callable[[str], str]
    best: Callable[[str], str]
    beside: str = " ({:.2f})"


def render_table(filled: FilledTable, out: Path) -> list[Path]:
    """Write a table as CSV, Markdown, LaTeX and plain text to `out`; return the paths."""
    renderers = {"csv": to_csv, "md": to_markdown, "tex": to_latex, "txt": to_text}
    paths = [out / layout.fill(layout.TABLE, number=filled.table.number, suffix=suffix).name for suffix in renderers]
    for path, render in zip(paths, renderers.values(), strict=True):
        write_text(path, render(filled))
    return paths


def to_text(filled: FilledTable) -> str:
    """Return the table as plain text; a star marks what is bold elsewhere."""
    grid = _tabulate(filled, Style(text=str, best="*{}".format, beside="\n({:.2f})"), "simple")
    lines = [filled.heading, "", grid, "", *notes(filled)]
    return "\n".join(lines).replace("Bold:", "Starred:") + "\n"


def to_markdown(filled: FilledTable) -> str:
    """Return the table as GitHub Markdown: title, table, notes."""
    grid = _tabulate(filled, Style(text=markdown, best="**{}**".format), "pipe")
    title = f"**{markdown(filled.heading)}**"
    return "\n".join([title, "", grid, "", *(f"- {markdown(note)}" for note in notes(filled))]) + "\n"


def to_latex(filled: FilledTable) -> str:
    """Return the table as a LaTeX environment for booktabs (and graphicx, where it is wide)."""
    rows = zip(filled.rows, _body(filled, Style(text=latex, best=r"\textbf{{{}}}".format)), strict=True)
    groups = [[cells for _, cells in group] for _, group in groupby(rows, key=lambda pair: pair[0][0].group)]
    caption = " ".join([f"{filled.title}.", *notes(filled)])
    return latex_table(_head(filled.table), groups, caption, filled.table.number, words=2)


def to_csv(filled: FilledTable) -> str:
    """Return the table as CSV: two decimals, spread and the paper's number in columns of their own, nothing in bold.

    An empty number is absent if `absent_records` counts it, is not defined if a sentence in `data` tells so, and does
    not apply otherwise.
    """
    config = filled.config
    beside = config.paper_numbers == "beside"
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    columns = [name + end for name in filled.table.columns for end in ("", "_sd", "_paper")[: 3 if beside else 2]]
    writer.writerow(["group", "row", *columns, "absent_records", "seeds", "source_sentences", "measure", "data"])
    facts = [
        " ".join(map(str, config.seeds)),
        " ".join(str(task.source_size) for task in filled.tasks),
        filled.measure,
        " ".join([f"{filled.made_of}.", *filled.told.sentences, *filled.caveats, *dashes(filled), *filled.doubts]),
    ]
    for row, values in filled.rows:
        numbers = [number for value in values.values() for number in _csv_numbers(value, beside)]
        absent = {cell for value in values.values() if value for cell in value.absent}
        writer.writerow([row.group, row.label, *numbers, len(absent), *facts])
    return text.getvalue()


def _tabulate(filled: FilledTable, style: Style, form: str) -> str:
    head = [style.text(name) for name in _head(filled.table)]
    align = ("left", "left", *("right",) * (len(head) - 2))
    return tabulate(_body(filled, style), headers=head, tablefmt=form, disable_numparse=True, colalign=align)


def _head(table: Table) -> list[str]:
    first = ["Method", "RTN after"] if table.number == 5 else ["Source", "Method"]
    return [*first, *(_column(table, column) for column in table.columns)]


def _column(table: Table, column: str) -> str:
    """Return how a reader calls a column: that of NER is a mean, or of one language."""
    entry = table.rows[0].entries[column]
    if column != NER.title or entry is None:
        return column
    return f"{column} {entry.targets[0] if len(entry.targets) == 1 else 'average'}"


def _body(filled: FilledTable, style: Style) -> Iterator[list[str]]:
    """Yield each row's texts; a group's name stands in its first row only."""
    before = ""
    for row, values in filled.rows:
        group, label = _row_name(filled, row)
        numbers = [_number(value, style) for value in values.values()]
        yield [style.text("" if group == before else group), style.text(label), *numbers]
        before = group


def _row_name(filled: FilledTable, row: Row) -> tuple[str, str]:
    if filled.table.number == 5:
        return (row.label, "") if row.group == "-" else (row.group, row.label)
    if row.group in ("-", "related"):
        return {"-": "none"}.get(row.group, row.group), row.label
    return language_name(filled.config, filled.tasks[0].name, row.group) or row.group, row.label


def _number(value: Value | None, style: Style) -> str:
    if value is None:
        return ""
    text = DASH
    if value.mean is not None:
        text = f"{value.mean:.2f}" + ("" if value.spread is None else f" ± {value.spread:.2f}")
    shown = style.best(style.text(text)) if value.best else style.text(text)
    return shown + ("" if value.paper is None else style.beside.format(value.paper))


def _csv_numbers(value: Value | None, beside: bool) -> list[str]:
    numbers = [value.mean, value.spread, value.paper] if value else [None, None, None]
    return ["" if number is None else f"{number:.2f}" for number in numbers[: 3 if beside else 2]]
