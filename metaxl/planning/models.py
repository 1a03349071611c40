"""Which trained models are kept, and what the rules that keep them need."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from metaxl.errors import ConfigError
from metaxl.experiment import layout
from metaxl.experiment.cell import Cell
from metaxl.experiment.folds import split_code
from metaxl.experiment.grid import all_cells, trained_cells

if TYPE_CHECKING:
    from metaxl.planning.plan import Plan


@dataclass(frozen=True, slots=True)
class ModelPlan:
    """What the rules of kept models need."""

    plan: Plan

    def files(self) -> list[Path]:
        """Return the folders of the models that the configuration wants kept: of cells that the tables show."""
        config = self.plan.config
        match config.keep_models:
            case "best":
                return [self.best(*place) for place in self.plan.shown_cells()]
            case "all":
                cells = trained_cells(config, all_cells(config))
                return [self.plan.path(layout.MODEL, **asdict(cell)) for cell in cells]
            case "none":
                return []

    def best_of(self, cell: Cell) -> Path:
        """Return the folder of the best model of a cell's target, of which a fold is a part."""
        language, fold = split_code(cell.target)
        folds = self.plan.config.folds(cell.task, language)
        return self.best(cell.task, language if 0 < fold <= folds else cell.target)

    def candidates(self, task: str, target: str) -> list[dict[str, Any]]:
        """Return the cells of which one's model is a target's best, in the tables' order; see `Candidate`.

        Raises:
            ConfigError: no table shows the target.
        """
        return [
            {"cell": asdict(cell), "trainings": list(map(self.plan.expected, trainings))}
            for cell, trainings in self._trainings(task, target).items()
        ]

    def best_inputs(self, task: str, target: str) -> dict[str, list[Path]]:
        """Return what a target's best model is chosen by and trained from, but for the encoders' files.

        Raises:
            ConfigError: no table shows the target.
        """
        cells, plan = self.cells(task, target), self.plan
        files = [path for cell in cells for paths in plan.cell_inputs(cell).values() for path in paths]
        return {
            "records": plan.cell_files(cells, layout.SCORES, layout.PREDICTIONS, layout.HISTORY),
            "encoded": list(dict.fromkeys(files)),
            "checksums": [plan.path(layout.CHECKSUMS, encoder=name) for name in _encoders(cells)],
        }

    def best_encoders(self, task: str, target: str) -> list[Path]:
        """Return the files of the encoders that a target's cells are trained from."""
        return [path for name in _encoders(self.cells(task, target)) for path in self.plan.encoder_files(name)]

    def cells(self, task: str, target: str) -> list[Cell]:
        """Return the trainings of which one's model is a target's best.

        Raises:
            ConfigError: no table shows the target.
        """
        return [cell for trainings in self._trainings(task, target).values() for cell in trainings]

    def _trainings(self, task: str, target: str) -> dict[Cell, list[Cell]]:
        """Return a target's cells, as the tables show them, with the trainings behind each."""
        config = self.plan.config
        shown = self.plan.shown_cells()
        if (task, target) not in shown:
            known = ", ".join(other for its_task, other in shown if its_task == task) or "none"
            raise ConfigError(
                f"{self.best(task, target)}: no table shows {target!r} as a target of {task}; there are {known}."
            )
        return {cell: trained_cells(config, [cell]) for cell in shown[task, target]}

    def best(self, task: str, target: str) -> Path:
        """Return the folder of a target's best model."""
        return self.plan.path(layout.BEST_MODEL, task=task, target=target)


def _encoders(cells: list[Cell]) -> list[str]:
    return list(dict.fromkeys(cell.encoder for cell in cells))
