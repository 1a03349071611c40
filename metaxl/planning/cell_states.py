"""What has become of each cell of an experiment, from the files of its results alone."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Any, Literal, get_args

from metaxl.errors import ConfigError, DataError
from metaxl.experiment import layout
from metaxl.experiment.cell import NO_SOURCE, Cell
from metaxl.experiment.config import Config
from metaxl.experiment.failure import Failure, failure_of
from metaxl.experiment.grid import cell_groups
from metaxl.experiment.layout import HISTORY, SCORES
from metaxl.experiment.neutral import used_switches, used_training
from metaxl.experiment.settings import Training
from metaxl.experiment.slug import parse_slug
from metaxl.files import canonical_json, read_json, sha256_file
from metaxl.planning.living import Process, owner
from metaxl.planning.pace import whole_seconds
from metaxl.planning.plan import Plan
from metaxl.tasks import SPLITS

State = Literal["done", "running", "failed", "missing", "outdated"]
STATES: tuple[State, ...] = get_args(State)
OWNER, SAVED = "owner.json", "states/state-*.json"


@dataclass(frozen=True, slots=True)
class CellState:
    """What has become of one cell.

    Attributes:
        cell: its address.
        state: "outdated" where its record is of other settings than the configuration's, or of other data than are
            there as encoded; "missing" where there is none.
        seconds: what its training took, all parts of an interrupted one; 0 where that is not known.
        process: of a running cell, who trains it.
        row: of a running cell, the last row of its history; empty before the first epoch has ended.
        signs: when a running cell last wrote something, in seconds since 1970.
        saved: whether a training of it that was cut off can go on from a saved state.
        failure: of a failed cell, why it has no score.
    """

    cell: Cell
    state: State
    seconds: float = 0.0
    process: Process | None = None
    row: dict[str, Any] = field(default_factory=dict)
    signs: float = 0.0
    saved: bool = False
    failure: Failure | None = None


def cells_of(config: Config) -> list[Cell]:
    """Return the cells that an experiment trains, each once."""
    return list(dict.fromkeys(cell for cells in cell_groups(config).values() for cell in cells))


def states(config: Config) -> Iterator[CellState]:
    """Yield what has become of each cell."""
    root = layout.root(config.name)

    @cache
    def asked(task: str, slug: str) -> dict[str, Any]:
        method, _, variant = parse_slug(slug)
        varied = config.varied(variant)
        settings = {"training": used_training(method, varied.task(task).training)}
        return _plain({key: asdict(value) for key, value in settings.items()}) | {
            "method": _plain(asdict(used_switches(method, varied.method)))
        }

    data = _data_of(Plan(config, {}))
    for cell in cells_of(config):
        yield _state(root, cell, asked(cell.task, cell.method), data(replace(cell, seed=0)))


def _data_of(plan: Plan) -> Callable[[Cell], dict[str, str]]:
    """Return what gives the SHA-256 of a cell's data as encoded, by their role; of what is there.

    It is empty, as no file's is, where the user's own files have changed since they were read.
    """

    @cache
    def digest(path: Path) -> str | None:
        try:
            return sha256_file(path)
        except FileNotFoundError:  # it may also be made again just now
            return None

    @cache
    def has_changed(task: str, language: str, split: str) -> bool:
        try:
            return plan.data.has_changed(task, language, split)
        except (ConfigError, DataError):  # a run will tell
            return False

    @cache
    def data(cell: Cell) -> dict[str, str]:
        files = plan.cell_data(cell)
        there = {role: found for role, file in files.items() if (found := digest(file)) is not None}
        places = {role: (cell.target, role) if role in SPLITS else (cell.source, SPLITS[0]) for role in files}
        return there | {role: "" for role, place in places.items() if has_changed(cell.task, *place)}

    return data


def epochs_of(config: Config, state: CellState) -> int:
    """Return how many epochs a running cell has, as far as can be told before it has ended one."""
    method, _, variant = parse_slug(state.cell.method)
    training: Training = config.varied(variant).task(state.cell.task).training
    of_source = state.cell.source != NO_SOURCE or "source_size" in method.reads
    epochs = training.epochs if of_source else training.target_epochs
    if not state.row:
        return epochs
    steps_an_epoch = int(state.row["steps"]) // int(state.row["epoch"])
    return max(epochs, math.ceil(training.min_steps / steps_an_epoch))


def _state(root: Path, cell: Cell, asked: dict[str, Any], data: dict[str, str]) -> CellState:
    folder, work = root / cell.path, root / "work" / cell.path
    training = owner(work / OWNER)
    if training and (training.lives or not training.is_here):
        return CellState(cell, "running", process=training, row=_last_row(folder / HISTORY), signs=_signs(folder, work))
    record = _json(folder / SCORES)
    if failure := failure_of(record):
        return CellState(cell, "failed", failure=failure)
    if not record:
        return CellState(cell, "missing", saved=any(work.glob(SAVED)))
    made = record["provenance"]
    same = all(made["settings"].get(part) == value for part, value in asked.items())
    known = same and all(made.get("data", {}).get(role, digest) == digest for role, digest in data.items())
    return CellState(cell, "done" if known else "outdated", whole_seconds(record))


def _last_row(path: Path) -> dict[str, Any]:
    """Return the last whole line of a history that may be growing."""
    try:
        lines = path.read_text(encoding="utf-8").split("\n")[:-1]
    except OSError:
        return {}
    return dict(json.loads(lines[-1])) if lines else {}


def _signs(folder: Path, work: Path) -> float:
    found = [folder / HISTORY, work / OWNER, *work.glob(SAVED)]
    return max((path.stat().st_mtime for path in found if path.exists()), default=0.0)


def _json(path: Path) -> dict[str, Any]:
    """Return the object of a file; nothing where there is none, or a torn one, which is as good as none."""
    if not path.is_file():
        return {}
    try:
        value = read_json(path)
    except DataError:
        return {}
    return value if isinstance(value, dict) else {}


def _plain(value: dict[str, Any]) -> dict[str, Any]:
    return dict(json.loads(canonical_json(value)))
