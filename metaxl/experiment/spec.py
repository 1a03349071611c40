"""What a cell is made of besides its data, as one JSON text: all that its training process is told."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import Any

from metaxl.experiment.cell import Cell
from metaxl.experiment.settings import Placement, Switches, Training
from metaxl.files import canonical_json
from metaxl.provenance import code_digest
from metaxl.tasks import LabelSet


@dataclass(frozen=True, slots=True)
class Recipe:
    """How a method trains, from its entry in the registry (`metaxl.methods`).

    Training does not read the registry itself: a new entry would count as a change to every cell's code.

    Attributes:
        step: "module:function" of its update.
        takes: the batches of a step.
        rtn: "module:class" of its RTNs; empty for none.
    """

    step: str
    takes: tuple[str, ...]
    rtn: str

    def modules(self) -> list[str]:
        """Return the modules whose code is the method's own."""
        return [address.partition(":")[0] for address in (self.step, self.rtn) if address]


def training_digest(recipe: Recipe, *networks: str) -> str:
    """Return the digest of the code that trains a cell: the loop's, the method's and that of its kind of encoder.

    Args:
        recipe: of the cell's method.
        networks: the module that serves its encoder; every module that may, where nobody knows yet which.
    """
    return code_digest("metaxl.training.train", *recipe.modules(), *networks)


@dataclass(frozen=True, slots=True)
class CellSpec:
    """All that a cell's result depends on, besides its data, its encoder and the code.

    The plan makes neutral what a method does not read, so that an edit to it retrains nothing.

    Attributes:
        cell: its address.
        recipe: how its method trains.
        placement: the layers after which its RTNs sit.
        training: hyper-parameters.
        switches: where the paper and the official code differ.
        matched_size: for `target-matched`, the source-set size that fixes the number of steps; 0 for other methods.
        labels: the classes.
    """

    cell: Cell
    recipe: Recipe
    placement: Placement
    training: Training
    switches: Switches
    matched_size: int
    labels: LabelSet

    def settings(self) -> dict[str, dict[str, Any]]:
        """Return what a record says of the settings, as JSON gives it back."""
        parts = {
            "training": asdict(self.training),
            "method": asdict(self.switches),
            "recipe": asdict(self.recipe) | {"placement": self.placement, "matched_size": self.matched_size},
            "labels": asdict(self.labels),
        }
        return dict(json.loads(canonical_json(parts)))

    def to_json(self) -> str:
        """Return the canonical text that the workflow passes on its command line."""
        return canonical_json(asdict(self))

    @classmethod
    def from_dict(cls, value: dict[str, Any]) -> CellSpec:
        """Read a parsed `to_json` back."""
        recipe = value["recipe"]
        return cls(
            cell=Cell(**value["cell"]),
            recipe=Recipe(**{**recipe, "takes": tuple(recipe["takes"])}),
            placement=tuple(value["placement"]),
            training=Training(**value["training"]),
            switches=Switches(**value["switches"]),
            matched_size=value["matched_size"],
            labels=LabelSet(tuple(value["labels"]["classes"]), value["labels"]["positive"]),
        )
