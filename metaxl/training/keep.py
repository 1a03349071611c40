"""The trained model of a cell, as its training left it or made by training again; the cell's records stay as they are.

A cell's workspace is where its training leaves a model, in `model/`, for the rule that keeps it.
"""

from __future__ import annotations

import logging
import shutil
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch

from metaxl.experiment.cell import Cell
from metaxl.experiment.spec import CellSpec
from metaxl.files import read_json, read_jsonl, write_json
from metaxl.training.owner import remove_empty
from metaxl.training.train import MODEL_RECORD, train_cell

log = logging.getLogger("metaxl")
STAGED = "model"


def forget_models(cell: Cell, own: Iterable[Path], best: Path) -> None:
    """Remove the models that an earlier training of a cell left: nothing is to lie beside records of other settings.

    Args:
        cell: that is about to be trained.
        own: folders that are the cell's alone.
        best: the folder of its target's best model, which goes if it is of this cell.
    """
    for folder in own:
        _remove(folder)
    if (best / MODEL_RECORD).is_file() and read_json(best / MODEL_RECORD)["cell"] == asdict(cell):
        _remove(best)


def keep_model(
    spec: CellSpec,
    encoder: Path,
    files: dict[str, Path],
    cell: Path,
    work: Path,
    out: Path,
    device: torch.device,
    notes: Sequence[str] = (),
) -> None:
    """Put a cell's model into `out`, with the record of the training that made it as cell.json.

    The model is taken from the workspace if the training of the cell's record left it there. Else the cell is trained
    again; where another machine rounds otherwise, the model is not digit for digit that of the cell's record, which a
    warning and the notes of cell.json say.

    Args:
        spec: of the cell.
        encoder: folder with config.json, model.safetensors and tokenizer.json.
        files: encoded data by role.
        cell: the cell's folder, whose records are read.
        work: the workspace, removed at the end.
        out: the model's folder, replaced.
        device: where to train.
        notes: what cell.json shall say besides.

    Raises:
        TrainingError: a loss is not finite.
    """
    staged, said = work / STAGED, list(notes)
    if not _is_of(staged, read_json(cell / "scores.json")):
        _remove(staged)
        log.info("%s is trained again, for its model", spec.cell.path)
        train_cell(spec, encoder, files, work / "records", device, work, staged)
        said += _differences(spec.cell, cell / "predictions.jsonl", work / "records" / "predictions.jsonl")
    if said:
        record = read_json(staged / MODEL_RECORD)
        write_json(staged / MODEL_RECORD, record | {"notes": said})
    _remove(out)
    out.parent.mkdir(parents=True, exist_ok=True)
    shutil.move(staged, out)
    _remove(work)
    remove_empty(work.parent)


def _is_of(model: Path, record: dict[str, Any]) -> bool:
    """Tell whether a model was left by the training that wrote a record."""
    path = model / MODEL_RECORD
    return path.is_file() and bool(read_json(path) == record)


def _differences(cell: Cell, recorded: Path, again: Path) -> list[str]:
    """Return, and warn of, what a second training predicts otherwise than the cell's record."""
    one, other = (
        {(line["split"], line["id"]): line["predicted"] for line in read_jsonl(path)} for path in (recorded, again)
    )
    differing = sum(one.get(example) != predicted for example, predicted in other.items())
    if not differing:
        return []
    note = (
        f"{cell.path}: trained again for its model, {differing} of {len(other)} dev and test examples are predicted "
        "otherwise than in the cell's predictions.jsonl, as happens where another machine, thread count or library "
        "rounds otherwise. The scores in this file are the model's own."
    )
    log.warning(note)
    return [note]


def _remove(folder: Path) -> None:
    if folder.exists():
        shutil.rmtree(folder)
