"""A cell's settings with those made neutral that its method does not read, so that an edit to them retrains nothing.

Apart from `metaxl.experiment.spec`: training must not import the configuration, whose code would count as training's.
"""

from __future__ import annotations

from dataclasses import asdict, replace
from typing import Any

from metaxl.experiment.cell import Cell
from metaxl.experiment.config import Config, default_switches
from metaxl.experiment.settings import Switches, Training
from metaxl.experiment.slug import parse_slug
from metaxl.experiment.spec import CellSpec, Recipe
from metaxl.methods import Method
from metaxl.tasks import LabelSet


def cell_spec(config: Config, cell: Cell, labels: LabelSet) -> CellSpec:
    """Return what a cell's training process is told; `labels` are the classes of its task.

    Raises:
        ConfigError: the cell's method is not registered, or the configuration has no such task.
    """
    method, placement, variant = parse_slug(cell.method)
    config = config.varied(variant)
    task = config.task(cell.task)
    return CellSpec(
        cell=cell,
        recipe=recipe_of(method),
        placement=placement,
        training=used_training(method, task.training),
        switches=used_switches(method, config.method),
        matched_size=task.source_size if "source_size" in method.reads else 0,
        labels=labels,
    )


def recipe_of(method: Method) -> Recipe:
    """Return how a method trains."""
    return Recipe(method.step, method.takes, method.rtn)


def used_training(method: Method, training: Training) -> Training:
    """Return the hyper-parameters with 0 for those that the method does not read."""
    neutral: dict[str, Any] = dict.fromkeys(set(asdict(training)) - method.reads, 0)
    return replace(training, **neutral)


def used_switches(method: Method, switches: Switches) -> Switches:
    """Return the switches with the default for those that the method does not read.

    `joint_rtn_forward: official` becomes what it stands for: the official JT with RTN has no residual and no detach;
    it also sums the two losses, which its step does.
    """
    used = {name: value for name, value in asdict(switches).items() if name in method.reads}
    if used.get("joint_rtn_forward") == "official":
        used |= {"residual": "none", "rtn_input": "attached"}
    return replace(default_switches(), **used)
