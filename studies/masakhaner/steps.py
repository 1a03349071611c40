"""The picture of where MetaXL's difference to joint training comes from, and of what its phi did."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from metaxl.reporting.drawing import BLUE, FONT, INK, ORANGE, QUIET, WIDTH, quieten, save


@dataclass(frozen=True, slots=True)
class Step:
    """A difference between two arms over languages, in points of F1, with its 95 % interval."""

    name: str
    mean: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Moved:
    """What a learnt phi did in one language.

    Attributes:
        language: its name.
        change: |RTN(h) - h| / |h| at the end, a fraction.
        frozen: the same of the RTN that stays as drawn.
        gain: F1 of MetaXL less F1 of the frozen RTN, in points.
    """

    language: str
    change: float
    frozen: float
    gain: float


def draw_steps(steps: Sequence[Step], moved: Sequence[Moved], paths: Sequence[Path]) -> None:
    """Write the picture to each path: the steps from joint training to MetaXL, and phi's change beside its gain."""
    with mpl.rc_context(FONT):
        drawn = Figure(figsize=(WIDTH, 2.9), layout="constrained")
        left, right = drawn.subplots(1, 2, width_ratios=(3, 2))
        _steps(left, steps)
        _moved(right, moved)
        save(drawn, paths)


def _steps(ax: Axes, steps: Sequence[Step]) -> None:
    for place, step in enumerate(reversed(steps)):
        last = place == 0
        ax.plot([step.low, step.high], [place, place], color=INK if last else BLUE, linewidth=1.6)
        ax.plot(step.mean, place, "D" if last else "o", color=INK if last else BLUE, markersize=5)
        ax.annotate(
            f"{step.mean:+.2f}",
            (step.mean, place),
            (0, 6),
            textcoords="offset points",
            ha="center",
            size=7,
            color=QUIET,
        )
    ax.axvline(0, color=QUIET, linewidth=0.8)
    ax.set_yticks(range(len(steps)), [step.name for step in reversed(steps)])
    ax.set_ylim(-0.6, len(steps) - 0.3)
    ax.set_xlabel("difference in F1, 95 % interval over languages", size=7, color=QUIET)
    ax.set_title("From joint training to MetaXL", size=9, loc="left")
    quieten(ax, "x")


def _moved(ax: Axes, moved: Sequence[Moved]) -> None:
    ax.axhline(0, color=QUIET, linewidth=0.8)
    ax.plot([one.change for one in moved], [one.gain for one in moved], "o", color=BLUE, markersize=4.5)
    start = sum(one.frozen for one in moved) / len(moved)
    ax.axvline(start, color=ORANGE, linewidth=1.6)
    ax.annotate(
        "frozen", (start, 1), (3, -2), xycoords=("data", "axes fraction"), textcoords="offset points", va="top", size=7
    )
    ax.set_xlabel("|RTN(h) - h| / |h| at the end", size=7, color=QUIET)
    ax.set_ylabel("MetaXL - frozen RTN, F1", size=7, color=QUIET)
    ax.set_title("How far phi went", size=9, loc="left")
    quieten(ax)
