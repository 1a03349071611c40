"""Figure 1: source and target [CLS] vectors after joint training and after MetaXL, and how far apart they are."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib import figure as canvas
from matplotlib.axes import Axes

from metaxl.errors import ConfigError, DataError
from metaxl.experiment.cell import Cell
from metaxl.experiment.config import Config
from metaxl.experiment.grid import Entry, figure_cells
from metaxl.experiment.layout import FIGURE, fill
from metaxl.experiment.slug import parse_slug
from metaxl.files import write_json
from metaxl.reporting.beside import paper_of_figure
from metaxl.reporting.doubts import other_makings
from metaxl.reporting.drawing import BLUE, FONT, INK, ORANGE, QUIET, WIDTH, draw_words, quieten, save, write_note
from metaxl.reporting.facts import read_weights
from metaxl.reporting.failures import failed_cells
from metaxl.reporting.filled_table import DASH
from metaxl.reporting.frame import shown_scores
from metaxl.reporting.kept import is_kept
from metaxl.reporting.paper import language_name
from metaxl.reporting.titles import made_of
from metaxl.reporting.vectors import Vectors, hausdorff, read_vectors

LEFT, RIGHT, GAP, TOP = 0.65, 0.15, 0.35, 0.8  # inches beside, between and above the panels
SOURCE_STYLE: dict[str, Any] = {"marker": "o", "s": 12, "color": BLUE}
TARGET_STYLE: dict[str, Any] = {"marker": "^", "s": 16, "color": ORANGE}
WITHOUT = "{}: its record was kept without vectors. Remove its folder and run the workflow to draw them."
TITLES = {"joint": "Joint training"}  # where a panel is not called as the table's row


@dataclass(frozen=True, slots=True)
class Panel:
    """One cell's part of the figure.

    Attributes:
        title: the method as a reader calls it.
        cell: where its records are.
        f1: on test, of the best epoch, in percent; None where it is not defined.
        source: (source sentences, hidden), for MetaXL after the RTN.
        target: (target sentences, hidden).
    """

    title: str
    cell: Cell
    f1: float | None
    source: Vectors
    target: Vectors


def draw_figure(config: Config, frame: pd.DataFrame, root: Path, out: Path) -> list[Path]:
    """Write figure1.pdf, figure1.png and figure1.json to `out`, of the cells' vectors beneath `root`; return the paths.

    Where a cell failed, or its record was kept without vectors, the figure says so and shows nothing.

    Raises:
        ConfigError: the configuration has no figure.
        DataError: a cell has no score, or its vectors are missing or malformed.
    """
    if config.figure is None:
        raise ConfigError("figure: this configuration has none; name its task, encoder, target, source and placement.")
    failed = failed_cells(frame)
    lost = [f"{cell.path} failed: {failed[cell]}" for cell in figure_cells(config) if cell in failed]
    if lost := lost or [WITHOUT.format(cell.path) for cell in figure_cells(config) if is_kept(root / cell.path)]:
        return _save(draw_words(lost), {"caption": " ".join(lost), "panels": []}, out)
    panels = [load_panel(_title(cell), cell, frame, root) for cell in figure_cells(config)]
    weights = read_weights(root, [config.figure.encoder])
    told = [*caption(config, panels, weights), *other_makings(figure_cells(config), frame)]
    return _save(_draw(config, panels, told), facts(config, panels, told), out)


def _title(cell: Cell) -> str:
    method = parse_slug(cell.method).method
    return TITLES.get(method.name, method.label)


def _save(drawn: canvas.Figure, told: dict[str, Any], out: Path) -> list[Path]:
    """Write a figure in its formats, and what is told of it; return the paths."""
    paths = [out / fill(FIGURE, suffix=suffix).name for suffix in ("pdf", "png", "json")]
    save(drawn, paths[:2])
    write_json(paths[-1], told)
    return paths


def load_panel(title: str, cell: Cell, frame: pd.DataFrame, root: Path) -> Panel:
    """Find a cell's test F1 and read its vectors, the source's after the RTN where the method has one.

    Raises:
        DataError: the frame lacks the cell, or the file is missing or malformed, or holds no usable vectors.
    """
    scores = shown_scores(frame)
    if cell not in scores:
        raise DataError(f"{cell.path}: no score of this cell was gathered. Run the workflow to train it.")
    source, target = read_vectors(root, cell)
    return Panel(title, cell, None if math.isnan(scores[cell]) else 100 * scores[cell], source, target)


def project(source: Vectors, target: Vectors) -> tuple[Vectors, Vectors, list[float]]:
    """Return both sets on their two joint principal components, and each component's share of the variance.

    Components are oriented so that the target's mean lies left of and below the source's.
    """
    both = np.vstack([source, target])
    centred = both - both.mean(axis=0)
    _, singular, axes = np.linalg.svd(centred, full_matrices=False)
    plane = centred @ axes[:2].T
    ones, others = plane[: len(source)], plane[len(source) :]
    sign = np.where(others.mean(axis=0) > ones.mean(axis=0), -1.0, 1.0)
    share = singular[:2] ** 2 / max((singular**2).sum(), np.finfo(np.float64).tiny)
    return ones * sign, others * sign, [float(value) for value in share]


def facts(config: Config, panels: Sequence[Panel], told: Sequence[str]) -> dict[str, Any]:
    """Return the numbers behind the figure and its caption, for figure1.json."""
    shown = panels[0].cell
    return {
        "caption": " ".join(told),
        "data": told[0],
        **{key: getattr(shown, key) for key in ("encoder", "task", "target", "source")},
        "panels": [
            {
                "title": panel.title,
                "cell": panel.cell.path,
                "seed": panel.cell.seed,
                "f1_percent": panel.f1,
                "hausdorff_cosine": hausdorff(panel.source, panel.target),
                "explained_variance": project(panel.source, panel.target)[2],
                "source_sentences": len(panel.source),
                "target_sentences": len(panel.target),
                "hidden": panel.source.shape[1],
            }
            for panel in panels
        ],
        "paper": paper_of_figure(config, panels[-1].cell)[0],
    }


def caption(config: Config, panels: Sequence[Panel], weights: dict[str, str]) -> list[str]:
    """Return the sentences that a reader needs beside the figure; the first tells data and encoder."""
    shown, hidden = panels[0].cell, panels[0].source.shape[1]
    entry = Entry(shown.encoder, shown.task, (shown.target,), (shown.source,), shown.method)
    paper, left_out = paper_of_figure(config, panels[-1].cell)
    made = made_of(config, [entry], weights)
    sentences = [
        f"{made[0].upper()}{made[1:]}; seed {shown.seed}.",
        "[CLS] vectors on the two principal components of both languages together; MetaXL's source after the RTN.",
        f"Hausdorff: symmetric, cosine distance (1 - cos) in all {hidden} dimensions, not in the plane.",
    ]
    if paper:
        sentences.append(
            f"The paper ({paper['encoder']}): "
            f"Hausdorff {paper['hausdorff']['joint']:.2f} to {paper['hausdorff']['metaxl']:.2f}, "
            f"F1 {paper['f1']['joint']:.2f} to {paper['f1']['metaxl']:.2f}."
        )
    return [*sentences, *filter(None, [left_out])]


def _draw(config: Config, panels: Sequence[Panel], told: Sequence[str]) -> canvas.Figure:
    """Draw on a figure of its own: no pyplot, so no state outside it."""
    shown = panels[0].cell
    names = [language_name(config, shown.task, code) or code for code in (shown.source, shown.target)]
    planes = [project(panel.source, panel.target) for panel in panels]
    reach = 1.06 * max(np.abs(points).max() for plane in planes for points in plane[:2])
    side = (WIDTH - LEFT - RIGHT - GAP * (len(panels) - 1)) / len(panels)
    with mpl.rc_context(FONT):
        drawn = canvas.Figure(figsize=(WIDTH, WIDTH))
        foot = write_note(drawn, told) + 0.5
        total = foot + side + TOP
        drawn.set_figheight(total)
        axes = drawn.subplots(1, len(panels), squeeze=False, sharey=True)[0]
        for panel, plane, ax in zip(panels, planes, axes, strict=True):
            _draw_panel(ax, panel, plane, names, reach)
        handles, labels = axes[0].get_legend_handles_labels()
        drawn.legend(handles, labels, loc="upper center", ncols=2, frameon=False, bbox_to_anchor=(0.5, 1))
        drawn.subplots_adjust(
            left=LEFT / WIDTH,
            right=1 - RIGHT / WIDTH,
            top=1 - TOP / total,
            bottom=foot / total,
            wspace=GAP / side,
        )
    return drawn


def _draw_panel(
    ax: Axes, panel: Panel, plane: tuple[Vectors, Vectors, list[float]], names: Sequence[str], reach: float
) -> None:
    """Draw one cell's vectors; all panels have the same scale on both axes, so that distances can be compared."""
    source, target, share = plane
    for points, name, role, style in (
        (source, names[0], "source", SOURCE_STYLE),
        (target, names[1], "target", TARGET_STYLE),
    ):
        ax.scatter(*points.T, label=f"{name} ({role})", alpha=0.85, edgecolors="white", linewidths=0.3, **style)
    ax.set_title(panel.title, loc="left", weight="bold", size=9.5, color=INK, pad=17)
    distance, f1 = hausdorff(panel.source, panel.target), DASH if panel.f1 is None else f"{panel.f1:.2f}"
    ax.text(0, 1.03, f"F1 {f1}   Hausdorff {distance:.2f}", transform=ax.transAxes, size=8, color=INK)
    ax.set_xlabel(f"first component ({100 * share[0]:.0f} % of variance)", color=QUIET, size=7)
    ax.set_ylabel(f"second component ({100 * share[1]:.0f} %)", color=QUIET, size=7, labelpad=2)
    ax.set_xlim(-reach, reach)
    ax.set_ylim(-reach, reach)
    ax.set_aspect("equal")
    for axis in (ax.xaxis, ax.yaxis):
        axis.set_major_locator(mpl.ticker.MaxNLocator(4))
        axis.set_major_formatter(mpl.ticker.StrMethodFormatter("{x:.3g}"))
    quieten(ax)
