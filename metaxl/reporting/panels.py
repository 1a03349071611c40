"""Panels of differences with their intervals, language by language, all on one scale."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from metaxl.reporting.drawing import BLUE, FONT, INK, ORANGE, QUIET, RULE, WIDTH, quieten, write_note

ABREAST = 2  # panels in a row
WIDEST = 2.5  # how far beyond the widest difference an interval is drawn before an arrow cuts it


@dataclass(frozen=True, slots=True)
class Gain:
    """A difference in points of F1 and its 95 % interval; NaN where there is none."""

    name: str
    mean: float
    low: float = math.nan
    high: float = math.nan


@dataclass(frozen=True, slots=True)
class Panel:
    """One comparison with joint training.

    Attributes:
        title: the two rows and the source.
        answer: the word of the evidence, with the difference over languages.
        gains: of each language that has one, as the table orders them.
        mean: over languages; None of one language alone.
        papers: whether the numbers are the paper's own.
    """

    title: str
    answer: str
    gains: tuple[Gain, ...]
    mean: Gain | None
    papers: bool = False

    @property
    def shown(self) -> tuple[Gain, ...]:
        """Return the languages and, last, their mean."""
        return (*self.gains, *filter(None, [self.mean]))


def draw_panels(panels: Sequence[Panel], told: Sequence[str]) -> Figure:
    """Draw two panels abreast, all on one scale, so that a point is a point everywhere."""
    columns = min(ABREAST, len(panels))
    rows = math.ceil(len(panels) / columns)
    longest = max(len(panel.shown) for panel in panels)
    names = 0.3 + 0.065 * max(len(gain.name) for panel in panels for gain in panel.shown)  # inches that they take
    each, between, top = 0.17 * longest, 0.75, 0.5
    with mpl.rc_context(FONT):
        drawn = Figure(figsize=(WIDTH, WIDTH))
        foot = write_note(drawn, told) + 0.3
        total = foot + top + rows * each + (rows - 1) * between
        drawn.set_figheight(total)
        width = (WIDTH - 0.1 - columns * names) / columns
        every = drawn.subplots(rows, columns, squeeze=False).flatten()
        for ax, panel in zip(every, panels, strict=False):
            _draw_panel(ax, panel, _reach(panels), longest)
        for ax in every[len(panels) :]:
            ax.remove()
        drawn.subplots_adjust(
            left=names / WIDTH,
            right=1 - 0.1 / WIDTH,
            bottom=foot / total,
            top=1 - top / total,
            wspace=names / width,
            hspace=between / each,
        )
    return drawn


def _reach(panels: Sequence[Panel]) -> float:
    """Return how far the scale goes to both sides of 0: over all differences and all but the widest intervals."""
    means = [abs(gain.mean) for panel in panels for gain in panel.gains]
    shown = [gain for panel in panels for gain in panel.shown]
    ends = [abs(end) for gain in shown for end in (gain.low, gain.high) if not math.isnan(end)]
    widest = max(means, default=1.0)
    return 1.08 * max(widest, min(max(ends, default=widest), WIDEST * widest), 1.0)


def _draw_panel(ax: Axes, panel: Panel, reach: float, longest: int) -> None:
    style = {"marker": "s", "mfc": "white", "color": ORANGE} if panel.papers else {"marker": "o", "color": BLUE}
    for place, gain in enumerate(panel.gains):
        _draw_gain(ax, place, gain, reach, {**style, "ms": 4.5})
    names = [gain.name for gain in panel.gains]
    if panel.mean:
        ax.axhline(len(names) - 0.5, color=RULE, linewidth=0.6)
        _draw_gain(ax, len(names), panel.mean, reach, {"marker": "D", "color": INK, "ms": 5})
        names.append(panel.mean.name)
    ax.axvline(0, color=QUIET, linewidth=0.9)
    ax.set_xlim(-reach, reach)
    ax.set_ylim(longest - 0.4, -0.6)
    quieten(ax, "x")
    ax.set_yticks(range(len(names)), names, color=INK)
    ax.set_title(panel.title, loc="left", weight="bold", size=8.5, color=INK, pad=16, parse_math=False)
    ax.annotate(panel.answer, (0, 1), (0, 4), xycoords="axes fraction", textcoords="offset points", size=8, color=INK)


def _draw_gain(ax: Axes, place: int, gain: Gain, reach: float, style: dict[str, Any]) -> None:
    """Draw a point and its interval; where that leaves the picture, an arrow at the edge."""
    colour = style["color"]
    if not math.isnan(gain.low):
        ax.plot([max(gain.low, -reach), min(gain.high, reach)], [place] * 2, color=colour, linewidth=1.2)
        for end, mark in ((gain.low, "<"), (gain.high, ">")):
            if abs(end) > reach:
                ax.plot(math.copysign(reach, end), place, mark, color=colour, ms=4, clip_on=False)
    ax.plot(gain.mean, place, **style, linestyle="none", clip_on=False)
