"""A table as LaTeX, for booktabs."""

from __future__ import annotations

from collections.abc import Sequence

from metaxl.reporting.markup import latex

LETTER, APART = 5.8, 12.0  # points: of a letter in small type, of a wide font, and between two columns
COLUMN = 225.0  # points of one column of a page that has two; what is wider takes the width of the page


def latex_table(
    head: Sequence[str], groups: Sequence[Sequence[Sequence[str]]], caption: str, number: int, words: int | None = None
) -> str:
    """Return a LaTeX environment for booktabs, with a rule before each group of rows.

    Args:
        head: the columns, plain text.
        groups: rows of texts that are LaTeX already.
        caption: plain text.
        number: of the table, for its label.
        words: how many of the first columns are words; None of all. Those of numbers stand to the right.
    """
    left = len(head) if words is None else words
    numbers = len(head) - left
    rows = [list(map(latex, head)), *(row for group in groups for row in group)]
    letters = sum(max(map(len, column)) for column in zip(*rows, strict=True))
    wide = LETTER * letters + APART * len(head) > COLUMN
    place = "table*" if wide else "table"
    lines = [
        rf"% needs \usepackage{{booktabs{',graphicx' if wide else ''}}}{_engine(caption + _texts(groups))}",
        *(rf"\begin{{{place}}}[t]", r"\centering", r"\small"),
        *([r"\resizebox{\linewidth}{!}{%"] if wide else []),
        rf"\begin{{tabular}}{{{'l' * left}{'r' * numbers}}}",
        *(r"\toprule", " & ".join(map(latex, head)) + r" \\"),
        *(line for group in groups for line in (r"\midrule", *(" & ".join(cells) + r" \\" for cells in group))),
        *(r"\bottomrule", r"\end{tabular}" + ("}" if wide else "")),
        rf"\caption{{{latex(caption)}}}",
        *(rf"\label{{tab:metaxl-{number}}}", rf"\end{{{place}}}"),
    ]
    return "\n".join(lines) + "\n"


def _texts(groups: Sequence[Sequence[Sequence[str]]]) -> str:
    return "".join(text for group in groups for row in group for text in row)


def _engine(text: str) -> str:
    """Return what LaTeX must be to set letters that pdfLaTeX cannot."""
    known = all(char < "\u0180" or "\u2010" <= char <= "\u2026" for char in latex(text))
    return "" if known else "; its letters need LuaLaTeX or XeLaTeX"
