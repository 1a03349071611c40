"""What every picture has in common: type and colours, quiet axes, a note below, files that are the same every time."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from metaxl.files import atomic_path

# Okabe and Ito's blue and orange: apart for colour-blind eyes, and dark against light in grey print.
BLUE, ORANGE = "#0072B2", "#F0B03C"
INK, QUIET, RULE = "#222222", "#666666", "#BBBBBB"
FONT: dict[Any, Any] = {"font.family": "DejaVu Sans", "font.size": 9, "pdf.fonttype": 42}
WIDTH = 7.2  # inches, of a printed page
_DATELESS = {".pdf": {"CreationDate": None}, ".png": {"Software": None}}


def quieten(ax: Axes, grid: str = "both") -> None:
    """Leave of an axis what is read: two sides, small ticks, a pale grid."""
    ax.tick_params(colors=QUIET, labelsize=7, length=2)
    ax.grid(axis=grid, color="#EEEEEE", linewidth=0.6)  # type: ignore[arg-type]
    ax.set_axisbelow(True)
    for side, spine in ax.spines.items():
        spine.set_visible(side in ("left", "bottom"))
        spine.set_color(RULE)


def write_note(drawn: Figure, told: Sequence[str]) -> float:
    """Write sentences at the foot of a picture, whose height may still change; return their height in inches."""
    note = "\n".join(line for text in told for line in textwrap.wrap(text, 112))
    drawn.text(0.5, 0, f"{note}\n", ha="center", va="bottom", size=7, color=QUIET, parse_math=False, linespacing=1.25)
    return 0.125 * (note.count("\n") + 1.8)


def draw_words(told: Sequence[str]) -> Figure:
    """Return a picture that holds sentences alone, where there is nothing to draw."""
    drawn = Figure(figsize=(WIDTH, 4.5))
    text = "\n".join(line for sentence in told for line in textwrap.wrap(sentence, 90))
    drawn.text(0.5, 0.5, text, ha="center", va="center", size=8, color=INK, parse_math=False)
    return drawn


def save(drawn: Figure, paths: Sequence[Path]) -> None:
    """Write a picture to each path, in the format that the path's end names and without a date."""
    with mpl.rc_context(FONT):
        for path in paths:
            with atomic_path(path) as temporary:
                drawn.savefig(temporary, metadata=_DATELESS[path.suffix], dpi=200)
