"""Text of others, written so that no format reads it as markup."""

from __future__ import annotations

import re
from html import escape as escape_html
from unicodedata import category

LATEX = {
    **{char: f"\\{char}" for char in "&%$#_{}"},
    **{"\\": r"\textbackslash{}", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}"},
    **{"<": r"\textless{}", ">": r"\textgreater{}", "|": r"\textbar{}", "±": r"$\pm$"},
    **{"–": "--", "…": r"\dots{}"},
}


def markdown(text: str) -> str:
    """Escape what GitHub Markdown would read as markup, a table's pipe included."""
    return re.sub(r"([\\`*|\[\]$~])|(?<![A-Za-z0-9])_|_(?![A-Za-z0-9])", r"\\\g<0>", escape_html(text, quote=False))


def code(text: str) -> str:
    """Return text as GitHub Markdown sets code: on one line, within more backticks than it has."""
    line = "".join(char if char.isprintable() else ascii(char)[1:-1] for char in text)
    fence = "`" * (max(map(len, re.findall("`+", line)), default=0) + 1)
    space = " " if line.startswith("`") or line.endswith("`") else ""
    return f"{fence}{space}{line}{space}{fence}"


def latex(text: str) -> str:
    """Escape what LaTeX would read as a command; what has no glyph stops it, so it goes, or becomes a space."""
    visible = (" " if char.isspace() else "" if category(char).startswith("C") else char for char in text)
    return "".join(LATEX.get(char, char) for char in visible)
