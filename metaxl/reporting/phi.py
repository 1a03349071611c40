"""The picture of the RTN's parameters, phi: how far they travel, and what moves them, meta-gradient or decay."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from metaxl.experiment.config import Config
from metaxl.experiment.contrasts import NO_GROUP
from metaxl.reporting.curves import facts, source_title
from metaxl.reporting.drawing import draw_words
from metaxl.reporting.lines import STYLES, Lines, draw_lines
from metaxl.reporting.traces import Trace, groups_of

TRAVEL, HYPERGRADIENT, DECAY = "phi_travel", "hypergradient_norm", "phi_decay_norm"
NOTHING = "No cell has an RTN that learns, so there is nothing to draw."
TOLD = (
    "Travel: the distance of phi from where it began. Meta-gradient: the norm of the gradient of the meta-objective "
    "with respect to phi. L2 term: the norm of what weight decay adds to it. Where that is the larger one, decay moves "
    "phi, and not what helps the target. Each line: the mean over languages and seeds."
)


def draw_phi(config: Config, task: str, found: Sequence[Trace], title: str) -> tuple[Figure, dict[str, Any]]:
    """Return the picture of what moves the RTNs of a table's cells, and its numbers."""
    moving = {
        group: [row for row in rows if row.group != NO_GROUP and _moves(row)]
        for group, rows in groups_of(found).items()
    }
    if not any(moving.values()):
        return draw_words([NOTHING]), {"caption": NOTHING, "panels": []}
    panels = [
        [_travel(config, task, group, rows) for group, rows in moving.items()],
        [_forces(config, task, group, rows) for group, rows in moving.items()],
    ]
    told = [f"{title}.", TOLD]
    return draw_lines(panels, told, STYLES[1:]), facts(panels, told)


def _moves(row: Trace) -> bool:
    travel = row.mean(TRAVEL)
    return travel is not None and bool(np.nanmax(travel) > 0)


def _travel(config: Config, task: str, group: str, rows: Sequence[Trace]) -> Lines:
    curves = {f"{row.label}: travel": mean for row in rows if (mean := row.mean(TRAVEL)) is not None}
    return Lines(source_title(config, task, group), "travel of phi", curves)


def _forces(config: Config, task: str, group: str, rows: Sequence[Trace]) -> Lines:
    curves = {}
    for row in rows:
        for name, key in (("meta-gradient", HYPERGRADIENT), ("L2 term", DECAY)):
            mean = row.mean(key)
            if mean is not None and np.nanmax(mean) > 0:
                curves[f"{row.label}: {name}"] = mean
    return Lines(source_title(config, task, group), "norm (log scale)", curves, log=True)
