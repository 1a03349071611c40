"""Figure 1: source and target [CLS] vectors after joint training and after MetaXL, and how far apart they are."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib import figure as canvas
from matplotlib.axes import Axes
from numpy.typing import NDArray

from metaxl.errors import ConfigError, DataError
from metaxl.experiment.cell import Cell
from metaxl.experiment.config import Config
from metaxl.experiment.grid import Entry, figure_cells
from metaxl.experiment.layout import FIGURE, VECTORS, cell_file, fill
from metaxl.experiment.slug import parse_slug
from metaxl.files import write_json
from metaxl.reporting.beside import paper_of_figure
from metaxl.reporting.doubts import other_makings
from metaxl.reporting.drawing import BLUE, FONT, INK, ORANGE, QUIET, WIDTH, draw_words, quieten, save, write_note
from metaxl.reporting.facts import read_weights
from metaxl.reporting.failures import failed_cells
from metaxl.reporting.filled_table import DASH
from metaxl.reporting.frame import shown_scores
from metaxl.reporting.paper import language_name
from metaxl.reporting.titles import made_of

Vectors = NDArray[np.float64]
SOURCE_STYLE: dict[str, Any] = {"marker": "o", "s": 20, "color": BLUE}
TARGET_STYLE: dict[str, Any] = {"marker": "^", "s": 28, "color": ORANGE}
TITLES = ("Joint training", "MetaXL")  # of the cells that `figure_cells` returns


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

    Where a cell failed, the figure says so and shows nothing.

    Raises:
        ConfigError: the configuration has no figure.
        DataError: a cell has no score, or its vectors are missing or malformed.
    """
    if config.figure is None:
        raise ConfigError("figure: this configuration has none; name its task, encoder, target, source and placement.")
    failed = failed_cells(frame)
    if lost := [f"{cell.path} failed: {failed[cell]}" for cell in figure_cells(config) if cell in failed]:
        return _save(draw_words(lost), {"caption": " ".join(lost), "panels": []}, out)
    panels = [load_panel(*shown, frame, root) for shown in zip(TITLES, figure_cells(config), strict=True)]
    weights = read_weights(root, [config.figure.encoder])
    told = [*caption(config, panels, weights), *other_makings(figure_cells(config), frame)]
    return _save(_draw(config, panels, told), facts(config, panels, told), out)


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
    method = parse_slug(cell.method).method
    names = ("transformed" if method.has_layers else "source", "target")
    path = root / cell_file(cell, VECTORS)
    try:
        with np.load(path, allow_pickle=False) as arrays:
            if (owner := str(arrays["cell"])) != cell.path:
                raise ValueError(f"these are of {owner!r}")
            source, target = (_usable(name, arrays[name]) for name in names)
        if source.shape[1] != target.shape[1]:
            raise ValueError(f"they differ in hidden size: {source.shape} and {target.shape}")
    except (OSError, ValueError, KeyError, EOFError, RuntimeError, BadZipFile) as error:
        raise DataError(
            f"{path}: expected this cell's .npz file with {names[0]!r} and 'target', each at least two finite vectors "
            f"(sentences, hidden), none of them zero: {error}. Train the cell again."
        ) from error
    return Panel(title, cell, None if math.isnan(scores[cell]) else 100 * scores[cell], source, target)


def _usable(name: str, array: NDArray[Any]) -> Vectors:
    vectors = np.asarray(array, dtype=np.float64)
    if vectors.ndim != 2 or len(vectors) < 2 or not np.isfinite(vectors).all() or not vectors.any(axis=1).all():
        raise ValueError(f"{name!r} of shape {vectors.shape} is not so")
    return vectors


def hausdorff(a: Vectors, b: Vectors) -> float:
    """Return the symmetric Hausdorff distance of two sets of vectors, each (n, hidden), under 1 - cos.

    It is the larger of the two directed distances: how far the loneliest vector of one set is from the
    nearest of the other (the measure of the paper's Figure 1).
    """
    a, b = (vectors / np.linalg.norm(vectors, axis=1, keepdims=True) for vectors in (a, b))
    distances = np.maximum(1 - a @ b.T, 0)  # rounding may leave -1e-16
    return float(max(distances.min(axis=1).max(), distances.min(axis=0).max()))


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
    with mpl.rc_context(FONT):
        drawn = canvas.Figure(figsize=(WIDTH, 4.5))
        axes = drawn.subplots(1, len(panels))
        for panel, ax in zip(panels, axes, strict=True):
            _draw_panel(ax, panel, names)
        handles, labels = axes[0].get_legend_handles_labels()
        drawn.legend(handles, labels, loc="upper center", ncols=2, frameon=False, bbox_to_anchor=(0.5, 0.985))
        foot = write_note(drawn, told) / drawn.get_figheight()
        drawn.subplots_adjust(left=0.065, right=0.985, top=0.80, bottom=foot + 0.115, wspace=0.2)
    return drawn


def _draw_panel(ax: Axes, panel: Panel, names: Sequence[str]) -> None:
    source, target, share = project(panel.source, panel.target)
    for points, name, role, style in (
        (source, names[0], "source", SOURCE_STYLE),
        (target, names[1], "target", TARGET_STYLE),
    ):
        ax.scatter(*points.T, label=f"{name} ({role})", alpha=0.85, edgecolors="white", linewidths=0.4, **style)
    ax.set_title(panel.title, loc="left", weight="bold", size=11, color=INK, pad=20)
    distance, f1 = hausdorff(panel.source, panel.target), DASH if panel.f1 is None else f"{panel.f1:.2f}"
    ax.text(0, 1.03, f"F1 {f1}    Hausdorff {distance:.2f}", transform=ax.transAxes, size=9, color=INK)
    ax.set_xlabel(f"first component ({100 * share[0]:.0f} % of variance)", color=QUIET, size=8)
    ax.set_ylabel(f"second component ({100 * share[1]:.0f} %)", color=QUIET, size=8)
    ax.set_aspect("equal", adjustable="datalim")
    ax.margins(0.06)
    quieten(ax)
