"""Tables 2, 3 and 5 in the paper's own shape, rendered as CSV, Markdown, LaTeX and plain text."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from html import escape as escape_html
from itertools import groupby
from pathlib import Path

import pandas as pd
from tabulate import tabulate

from metaxl.experiment import layout
from metaxl.experiment.config import Config
from metaxl.experiment.grid import Row, Table
from metaxl.files import write_text
from metaxl.reporting.paper import language_name
from metaxl.reporting.sheet import DASH, Place, Sheet, caveats, fill, measure, tasks_of

WIDE = 6  # columns from which a LaTeX table is shrunk to the width of the text
LATEX = {
    **{char: f"\\{char}" for char in "&%$#_{}"},
    **{"\\": r"\textbackslash{}", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}"},
    **{"<": r"\textless{}", ">": r"\textgreater{}", "|": r"\textbar{}", DASH: "--", "±": r"$\pm$"},
}


@dataclass(frozen=True, slots=True)
class Style:
    """How a format writes text, the best number, and the paper's number beside ours."""

    text: Callable[[str], str]
    best: Callable[[str], str]
    beside: str = " ({:.2f})"


def render_table(config: Config, table: Table, frame: pd.DataFrame, out: Path) -> list[Path]:
    """Write a table as CSV, Markdown, LaTeX and plain text to `out`; return the paths."""
    sheet = fill(config, table, frame)
    texts = {
        "csv": to_csv(config, sheet),
        "md": to_markdown(config, sheet),
        "tex": to_latex(config, sheet),
        "txt": terminal(config, table, frame),
    }
    paths = [out / layout.fill(layout.TABLE, number=table.number, suffix=suffix).name for suffix in texts]
    for path, text in zip(paths, texts.values(), strict=True):
        write_text(path, text)
    return paths


def terminal(config: Config, table: Table, frame: pd.DataFrame) -> str:
    """Return a table as plain text; a star marks the best."""
    sheet = fill(config, table, frame)
    grid = _tabulate(config, sheet, Style(text=str, best="*{}".format, beside="\n({:.2f})"), "simple")
    return (
        "\n".join([f"Table {table.number}: {sheet.title}", "", grid, "", *sheet.notes]).replace("Bold:", "Starred:")
        + "\n"
    )


def to_markdown(config: Config, sheet: Sheet) -> str:
    """Return the table as GitHub Markdown: title, table, notes."""
    grid = _tabulate(config, sheet, Style(text=_markdown, best="**{}**".format), "pipe")
    title = f"**{_markdown(f'Table {sheet.table.number}: {sheet.title}')}**"
    return "\n".join([title, "", grid, "", *(f"- {_markdown(note)}" for note in sheet.notes)]) + "\n"


def to_latex(config: Config, sheet: Sheet) -> str:
    """Return the table as a LaTeX environment for booktabs (and graphicx, where it is wide)."""
    head = _head(sheet.table)
    wide = len(head) - 2 >= WIDE
    place = "table*" if wide else "table"
    rows = zip(sheet.rows, _body(config, sheet, Style(text=_latex, best=r"\textbf{{{}}}".format)), strict=True)
    groups = groupby(rows, key=lambda pair: pair[0][0].group)
    lines = [
        rf"% needs \usepackage{{booktabs{',graphicx' if wide else ''}}}",
        *(rf"\begin{{{place}}}[t]", r"\centering", r"\small"),
        *([r"\resizebox{\linewidth}{!}{%"] if wide else []),
        rf"\begin{{tabular}}{{ll{'r' * (len(head) - 2)}}}",
        *(r"\toprule", " & ".join(map(_latex, head)) + r" \\"),
        *(line for _, group in groups for line in (r"\midrule", *(" & ".join(cells) + r" \\" for _, cells in group))),
        *(r"\bottomrule", r"\end{tabular}" + ("}" if wide else "")),
        rf"\caption{{{_latex(' '.join([f'{sheet.title}.', *sheet.notes]))}}}",
        *(rf"\label{{tab:metaxl-{sheet.table.number}}}", rf"\end{{{place}}}"),
    ]
    return "\n".join(lines) + "\n"


def to_csv(config: Config, sheet: Sheet) -> str:
    """Return the table as CSV: two decimals, spread and the paper's number in columns of their own, nothing in bold.

    An empty number is absent if `absent_records` counts it, and does not apply otherwise.
    """
    beside = config.paper_numbers == "beside"
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    columns = [[name, f"{name}_sd", *([f"{name}_paper"] if beside else [])] for name in sheet.table.columns]
    about = ["absent_records", "seeds", "source_sentences", "measure", "data"]
    writer.writerow(["group", "row", *(name for names in columns for name in names), *about])
    tasks = tasks_of(config, sheet.table)
    facts = [
        " ".join(map(str, config.seeds)),
        " ".join(str(task.source_size) for task in tasks),
        "; ".join(measure(task) for task in tasks),
        " ".join([config.label, *caveats(config, tasks)]),
    ]
    for row, places in sheet.rows:
        numbers = [number for place in places.values() for number in _csv_numbers(place, beside)]
        absent = {cell for place in places.values() if place for cell in place.absent}
        writer.writerow([row.group, row.label, *numbers, len(absent), *facts])
    return text.getvalue()


def _tabulate(config: Config, sheet: Sheet, style: Style, form: str) -> str:
    head = [style.text(name) for name in _head(sheet.table)]
    align = ("left", "left", *("right",) * (len(head) - 2))
    return tabulate(_body(config, sheet, style), headers=head, tablefmt=form, disable_numparse=True, colalign=align)


def _head(table: Table) -> list[str]:
    first = ["Method", "RTN after"] if table.number == 5 else ["Source", "Method"]
    return [*first, *("NER average" if column == "NER" else column for column in table.columns)]


def _body(config: Config, sheet: Sheet, style: Style) -> Iterator[list[str]]:
    """Yield each row's texts; a group's name stands in its first row only."""
    before = ""
    for row, places in sheet.rows:
        group, label = _row_name(config, sheet.table, row)
        numbers = [_number(place, style) for place in places.values()]
        yield [style.text("" if group == before else group), style.text(label), *numbers]
        before = group


def _row_name(config: Config, table: Table, row: Row) -> tuple[str, str]:
    if table.number == 5:
        return (row.label, "") if row.group == "-" else (row.group, row.label)
    if row.group in ("-", "related"):
        return {"-": "none"}.get(row.group, row.group), row.label
    task = tasks_of(config, table)[0]
    return language_name(config, task.name, row.group) or row.group, row.label


def _number(place: Place | None, style: Style) -> str:
    if place is None:
        return ""
    text = DASH
    if place.summary:
        spread = "" if place.summary.sd is None else f" ± {place.summary.sd:.2f}"
        text = f"{place.summary.mean:.2f}{spread}"
    shown = style.text(text)
    beside = "" if place.paper is None else style.beside.format(place.paper)
    return (style.best(shown) if place.best else shown) + beside


def _csv_numbers(place: Place | None, beside: bool) -> list[str]:
    summary, paper = (place.summary, place.paper) if place else (None, None)
    numbers = [summary.mean if summary else None, summary.sd if summary else None, *([paper] if beside else [])]
    return ["" if number is None else f"{number:.2f}" for number in numbers]


def _markdown(text: str) -> str:
    """Escape what GitHub Markdown would read as markup, a table's pipe included."""
    return re.sub(r"([\\`*|\[\]$~])|(?<![A-Za-z0-9])_|_(?![A-Za-z0-9])", r"\\\g<0>", escape_html(text, quote=False))


def _latex(text: str) -> str:
    return "".join(LATEX.get(char, char) for char in text)
