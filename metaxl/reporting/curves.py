"""The picture of the learning curves: F1 on dev and the loss on unseen target sentences while the cells train."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from matplotlib.figure import Figure

from metaxl.experiment.config import Config
from metaxl.experiment.contrasts import NO_GROUP, RELATED
from metaxl.reporting.drawing import draw_words
from metaxl.reporting.lines import Lines, draw_lines
from metaxl.reporting.paper import language_name
from metaxl.reporting.traces import SHARES, Trace, groups_of

SHOWN = (("dev_f1", "F1 on dev, %", 100.0), ("target_loss_unseen", "loss on dev", 1.0))
NOTHING = "No cell has logged anything, so there is nothing to draw."
TOLD = (
    "Each line: the mean over languages and seeds, from the end of the first epoch on. Trainings of different lengths "
    "are laid over one another: 100 % is the end of each."
)


def draw_curves(config: Config, task: str, found: Sequence[Trace], title: str) -> tuple[Figure, dict[str, Any]]:
    """Return the picture of a table's learning curves, and its numbers."""
    panels = [
        [_panel(config, task, group, rows, *shown) for group, rows in groups_of(found).items()] for shown in SHOWN
    ]
    if not any(panel.curves for row in panels for panel in row):
        return draw_words([NOTHING]), {"caption": NOTHING, "panels": []}
    told = [f"{title}.", TOLD]
    return draw_lines(panels, told), facts(panels, told)


def _panel(config: Config, task: str, group: str, rows: Sequence[Trace], key: str, unit: str, scale: float) -> Lines:
    means = {row.label: row.mean(key) for row in rows}
    curves = {label: scale * mean for label, mean in means.items() if mean is not None}
    return Lines(source_title(config, task, group), unit, curves)


def source_title(config: Config, task: str, group: str) -> str:
    """Return what stands above a source's panel."""
    if group == NO_GROUP:
        return "Without a source"
    return "From the related source" if group == RELATED else f"From {language_name(config, task, group) or group}"


def facts(panels: Sequence[Sequence[Lines]], told: Sequence[str]) -> dict[str, Any]:
    """Return the numbers behind rows of panels of lines; null where nothing is known."""
    return {
        "caption": " ".join(told),
        "share_of_training": [round(float(share), 4) for share in SHARES],
        "panels": [
            {
                "title": panel.title,
                "unit": panel.unit,
                "curves": {
                    name: [None if value != value else float(f"{value:.6g}") for value in curve]
                    for name, curve in panel.curves.items()
                },
            }
            for row in panels
            for panel in row
        ],
    }
