"""Panels of lines, one a method, that are told apart by their dashes as by their colours."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import cycle
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure

from metaxl.reporting.drawing import BLUE, FONT, INK, ORANGE, QUIET, WIDTH, quieten, write_note
from metaxl.reporting.traces import SHARES, Curve

# Okabe and Ito's colours from dark to light, each with dashes of its own for grey print.
STYLES: tuple[dict[str, Any], ...] = (
    {"color": QUIET, "linestyle": (0, (1, 1.5))},
    {"color": INK, "linestyle": "-"},
    {"color": BLUE, "linestyle": "-", "linewidth": 2.4},
    {"color": ORANGE, "linestyle": (0, (5, 1.5)), "linewidth": 2},
    {"color": "#009E73", "linestyle": (0, (4, 1, 1, 1))},
    {"color": "#CC79A7", "linestyle": (0, (2, 1))},
    {"color": "#56B4E9", "linestyle": (0, (6, 1, 1, 1, 1, 1))},
    {"color": "#D55E00", "linestyle": (0, (8, 2))},
)
HEIGHT, TOP, BETWEEN, LINE = 1.7, 0.45, 0.75, 0.19  # inches: of a panel, above it, between two, of a line of the legend
MARK, LETTER, MOST = 0.75, 0.066, 3  # inches of a name's line and of a letter in the legend; names beside one another


@dataclass(frozen=True, slots=True)
class Lines:
    """One panel.

    Attributes:
        title: above it.
        unit: of what is drawn.
        curves: by the name of the method.
        log: whether the scale is logarithmic.
    """

    title: str
    unit: str
    curves: dict[str, Curve]
    log: bool = False


def draw_lines(panels: Sequence[Sequence[Lines]], told: Sequence[str], of: Sequence[dict[str, Any]] = STYLES) -> Figure:
    """Draw rows of panels, each row on one scale, over the share of the training; one legend, a note at the foot.

    Args:
        panels: a list for each row, equally long.
        told: the sentences of the note.
        of: the styles that the names take in turn.
    """
    names = list(dict.fromkeys(name for row in panels for panel in row for name in panel.curves))
    styles = dict(zip(names, cycle(of), strict=False))
    rows, columns = len(panels), len(panels[0])
    abreast = max(1, min(MOST, int(WIDTH / (MARK + LETTER * max(map(len, names))))))
    legend = LINE * math.ceil(len(names) / abreast) + 0.1
    with mpl.rc_context(FONT):
        drawn = Figure(figsize=(WIDTH, WIDTH))
        foot = write_note(drawn, told) + 0.5
        total = foot + rows * HEIGHT + (rows - 1) * BETWEEN + TOP + legend
        drawn.set_figheight(total)
        every = drawn.subplots(rows, columns, squeeze=False, sharey="row")
        for axes, row in zip(every, panels, strict=True):
            for ax, panel in zip(axes, row, strict=True):
                _draw_panel(ax, panel, styles)
        handles = [mpl.lines.Line2D([], [], **styles[name]) for name in names]
        drawn.legend(handles, names, loc="upper center", ncols=abreast, frameon=False, fontsize=8, handlelength=3.2)
        drawn.subplots_adjust(
            left=0.085,
            right=0.985,
            bottom=foot / total,
            top=1 - (TOP + legend) / total,
            hspace=BETWEEN / HEIGHT,
            wspace=0.26,
        )
    return drawn


def _draw_panel(ax: mpl.axes.Axes, panel: Lines, styles: dict[str, dict[str, Any]]) -> None:
    for name, curve in panel.curves.items():
        ax.plot(100 * SHARES, curve, **styles[name])
    if panel.log and any(np.nanmax(curve) > 0 for curve in panel.curves.values()):
        ax.set_yscale("log")
        ax.yaxis.set_minor_formatter(mpl.ticker.NullFormatter())
    ax.set_xlim(0, 100)
    quieten(ax)
    ax.set_title(panel.title, loc="left", weight="bold", size=8.5, color=INK, parse_math=False)
    ax.set_xlabel("% of the training", color=QUIET, size=7.5)
    ax.set_ylabel(panel.unit, color=QUIET, size=7.5)
