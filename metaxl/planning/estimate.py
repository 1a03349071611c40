"""What an experiment will take before it is begun: `metaxl estimate`."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from tabulate import tabulate

from metaxl.experiment.cell import Cell
from metaxl.experiment.slug import parse_slug
from metaxl.planning.cell_states import states
from metaxl.planning.effort import Effort, Work, effort_of
from metaxl.planning.extent import EXAMPLES, SUBWORDS, extents_of
from metaxl.planning.geometry import XLMR_BASE, geometry_of
from metaxl.planning.inventory import find_resources, room
from metaxl.planning.pace import duration
from metaxl.planning.plan import Plan
from metaxl.planning.speed import Speed

GIB = 2.0**30


@dataclass(frozen=True, slots=True)
class Foretold:
    """What training one cell takes; `measured` has the seconds that it took, where it is done, and 0 elsewhere."""

    cell: Cell
    effort: Effort
    measured: float
    done: bool


def foretold(plan: Plan) -> list[Foretold]:
    """Return what each cell takes, and what it took.

    Raises:
        ConfigError: a cell does not fit.
    """
    return [
        Foretold(state.cell, effort_of(plan, state.cell), state.seconds, state.state == "done")
        for state in states(plan.config)
    ]


def heaviest(plan: Plan, cells: Sequence[Foretold]) -> Work:
    """Return the work of the cell with the most operations: the one that this machine should be judged by."""
    cell = max(cells, key=lambda item: item.effort.flops).cell
    method, placement, variant = parse_slug(cell.method)
    config = plan.config.varied(variant)
    task, geometry = config.task(cell.task), geometry_of(plan.encoders, cell.encoder)
    return Work(geometry, method, placement, task.training, config.method, extents_of(plan, cell))


def describe(plan: Plan, cells: Sequence[Foretold], speed: Speed, cores: int, here: bool) -> str:
    """Return what an experiment takes and how sure that is.

    Args:
        plan: of the experiment.
        cells: what each of its cells takes.
        speed: of one core or GPU.
        cores: how many cells train at once.
        here: whether the cells that are done were trained on what `speed` is of, as far as anybody knows.
    """
    rest = [item for item in cells if not item.done]
    seconds = sum(_seconds(speed, item) for item in rest)
    memory = max((item.effort.memory for item in cells), default=0.0) / GIB
    at_once = f", {duration(seconds / cores)} with {cores} cells at once" if cores > 1 else ""
    resources = find_resources(plan.data.downloads(), [(plan, name) for name in plan.encoders.used()])
    done = len(cells) - len(rest)
    parts = [
        f"{plan.config.name}: {len(cells)} cells{f', {done} of them are done' if done else ''}.",
        _by_method(cells, speed),
        f"Left: {duration(seconds)} of one core or GPU{at_once}. A cell takes up to {memory:.1f} GiB of memory.",
        room(plan, resources),
        "\n".join([f"How sure: {_certainty(speed)}", *_doubts(plan, cells, speed, here)]),
    ]
    return "\n\n".join(parts)


def cells_at_once(here: bool, is_gpu: bool) -> int:
    """Return how many cells train at once: on this machine as many as it has cores, one on a GPU or another machine."""
    return (os.cpu_count() or 1) if here and not is_gpu else 1


def _seconds(speed: Speed, item: Foretold) -> float:
    return speed.seconds(item.effort.steps, item.effort.flops, item.effort.looks_ahead)


def _by_method(cells: Sequence[Foretold], speed: Speed) -> str:
    """Return a table: how many cells of each encoder, task and method, the steps and the time of one, and of all."""
    groups: dict[tuple[str, str, str], list[Foretold]] = defaultdict(list)
    for item in cells:
        groups[item.cell.encoder, item.cell.task, item.cell.method].append(item)
    rows = []
    for (encoder, task, method), items in groups.items():
        times = [_seconds(speed, item) for item in items]
        steps = round(sum(item.effort.steps for item in items) / len(items))
        rows.append([encoder, task, method, len(items), steps, duration(sum(times) / len(times)), duration(sum(times))])
    heading = ["encoder", "task", "method", "cells", "steps", "a cell", "all"]
    return str(tabulate(rows, heading, tablefmt="simple", colalign=["left"] * 3 + ["right"] * 4))


def _certainty(speed: Speed) -> str:
    return f"within a factor of about {speed.factor:.1f} ({speed.source})."


def _doubts(plan: Plan, cells: Sequence[Foretold], speed: Speed, here: bool) -> Iterator[str]:
    """Yield what else the numbers rest on."""
    assumed = sum(not all(path.is_file() for path in _inputs(plan, item.cell)) for item in cells)
    if assumed:
        yield (
            f"- The data of {assumed} cells are not encoded yet: where nobody knows their size, {EXAMPLES} examples of "
            f"{SUBWORDS[True]:.0f} subwords (texts: {SUBWORDS[False]:.0f}) are assumed."
        )
    for name in plan.encoders.used():
        folder = plan.encoders.at_hand(name)
        if "pretrain" not in plan.encoders.find(name) and (folder is None or not (folder / "config.json").is_file()):
            yield f"- Encoder {name} is not here; it counts as {XLMR_BASE.layers} layers of width {XLMR_BASE.hidden}."
    known = [item.measured / _seconds(speed, item) for item in cells if item.measured]
    if known and here:
        which = "1 cell that has" if len(known) == 1 else f"{len(known)} cells that have"
        yield f"- The {which} been trained took {median(known):.1f} times what is said here."


def _inputs(plan: Plan, cell: Cell) -> list[Path]:
    return [path for paths in plan.cell_inputs(cell).values() for path in paths]
