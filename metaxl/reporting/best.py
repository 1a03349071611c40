"""Of a target's cells the one whose model is kept: the best on dev."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from metaxl.experiment.cell import Cell
from metaxl.reporting.expected import Expected
from metaxl.reporting.failures import failures
from metaxl.reporting.scored import pooled, scored
from metaxl.tasks import find_task


@dataclass(frozen=True, slots=True)
class Candidate:
    """A cell as tables show it, and its trainings: those of its folds where the target is cross-validated."""

    cell: Cell
    trainings: tuple[Expected, ...]

    @classmethod
    def from_dict(cls, value: dict[str, Any], others: str) -> Candidate:
        """Read back what the workflow wrote to a file."""
        return cls(
            Cell(**value["cell"]), tuple(Expected.from_dict(training, others) for training in value["trainings"])
        )


def choose(root: Path, candidates: Sequence[Candidate]) -> tuple[Expected | None, str]:
    """Return the training whose model is kept of a target, and a sentence that says how it was chosen.

    It is that of the cell with the highest score on dev; of equal ones the first counts, and of a cross-validated one
    the first fold. A cell that failed has no score. Where no dev score is defined there is none.

    Args:
        root: results/<name>, beneath which the records lie.
        candidates: in the order of the tables.

    Raises:
        DataError: a record is torn, malformed or of another making, or its scores are not those of its predictions.
    """
    trainings = [training for candidate in candidates for training in candidate.trainings]
    failed = failures(root, trainings)
    trained = [scored(root, training) for training in trainings if training.spec.cell not in failed]
    together = pooled(trained, [training.spec.cell for training in trainings])
    shown = {one.cell: one.best.scores["dev"] for one in (*trained, *together)}
    first = candidates[0].cell
    metric = find_task(first.task).metrics[0]
    scores = [shown[candidate.cell][metric] if candidate.cell in shown else None for candidate in candidates]
    measure, count = f"{first.target}: dev {metric.upper()}", f"its {len(candidates)} cells"
    count += f" ({len(failed)} of {len(trainings)} trainings failed)" if failed else ""
    defined = [score for score in scores if score is not None]
    if not defined:
        return None, (
            f"{measure} is not defined for any of {count}, so none of them is the best and no model is kept. "
            "Ask for the one that you want by its path, cells/.../seed<k>/model."
        )
    best = candidates[scores.index(max(defined))]
    said = f"{measure} of {best.cell.path}, {max(defined):.4f}, is the highest of {count}."
    if len(best.trainings) > 1:
        said += f" It is pooled over {len(best.trainings)} folds, and this is the model of fold 1."
    return best.trainings[0], said
