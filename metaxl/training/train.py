"""One cell, from its encoded data to its records on disk."""

from __future__ import annotations

import json
import logging
import time
from importlib import import_module
from pathlib import Path
from typing import Any, TextIO

import torch

from metaxl.encoder.open import network_module
from metaxl.experiment.spec import CellSpec
from metaxl.files import write_json
from metaxl.tasks import find_task
from metaxl.training.build import build_learner
from metaxl.training.data import CellData
from metaxl.training.guard import INTERVAL, Guard
from metaxl.training.loop import Row, Run, training_loss
from metaxl.training.records import (
    device_name,
    kind_of_network,
    predict_splits,
    provenance_of,
    record_of,
    representations,
    resources_of,
    write_records,
)

log = logging.getLogger("metaxl")
MODEL_RECORD = "cell.json"  # a copy of scores.json, in the folder of a kept model
RESUMED_WITH = ("spec", "data", "encoder", "code", "libraries")  # of the provenance: what a state is bound to


def train_cell(
    spec: CellSpec,
    encoder: Path,
    files: dict[str, Path],
    out: Path,
    device: torch.device,
    work: Path,
    model: Path | None = None,
    interval: float = INTERVAL,
) -> None:
    """Train one cell; write scores.json, predictions.jsonl, history.jsonl, representations.npz.

    A training that was interrupted goes on from its newest state in `work`, to the same results.

    Args:
        spec: what to train.
        encoder: folder with config.json, model.safetensors and tokenizer.json.
        files: encoded data by role: train, dev, test and, for methods with a source, source.
        out: the cell's folder.
        device: where to train.
        work: the cell's workspace: who trains it, and the states that it goes on from; nothing is left in the end.
        model: where the trained model goes, with the cell's record in it as cell.json; None to keep none.
        interval: seconds from one state to the next.

    Raises:
        ConfigError: the encoder has no such layer, or fewer positions than the length limit.
        EncoderError: the encoder folder is incomplete.
        TrainingError: a loss is not finite; there is no score.
        InterruptedTrainingError: a signal ended the training; its state is kept.
        ReplacedError: another process has begun to train the cell; this one has written nothing.
    """
    began = time.perf_counter()
    provenance = provenance_of(spec, encoder, files, device)
    bound_to = {key: provenance[key] for key in RESUMED_WITH} | {"device": device.type}
    guard = Guard(work, bound_to, interval)
    data = CellData.load(files)
    run = Run(spec, build_learner(spec, encoder, data.rows, device), data)
    guard.resume(run)
    start, place = time.process_time(), f"{device_name(device)}, {kind_of_network(encoder)} network"
    log.info("%s on %s, %d steps an epoch", spec.cell.path, place, run.feed.steps_per_epoch)
    _train(run, guard, out / "history.jsonl")
    best, vectors = predict_splits(run, run.best_theta), representations(run)
    resources = resources_of(began, start, device) | {"resumed_at_step": guard.resumed_at}
    record = record_of(run, best, provenance, resources)
    with guard.owner.publishing():
        if model is not None:
            _save_model(model, encoder, run, record)
        write_records(out, run, best, vectors, record)
    guard.finish()


def _train(run: Run, guard: Guard, history: Path) -> None:
    """Train the epochs that are left; the file of the history has every epoch's row as soon as it is known.

    It is a new file under that name: a process that was left behind goes on writing to the old one.
    """
    history.parent.mkdir(parents=True, exist_ok=True)
    history.unlink(missing_ok=True)
    with guard.signals(), history.open("w", encoding="utf-8", newline="\n") as file:
        for row in run.history:
            _write(file, row)
        run.train(lambda row: _tell(file, row), lambda: guard.between_steps(run))


def _save_model(model: Path, encoder: Path, run: Run, record: dict[str, Any]) -> None:
    """Keep the best epoch's parameters, with the cell's record beside them."""
    save, task = import_module(network_module(encoder)).save_model, find_task(run.spec.cell.task)
    save(model, encoder, task, run.spec.labels, run.best_theta, run.data.rows, run.best_phi)
    write_json(model / MODEL_RECORD, record)


def _write(history: TextIO, row: Row) -> None:
    """Write an epoch's row where it can be read at once."""
    history.write(json.dumps(row) + "\n")
    history.flush()


def _tell(history: TextIO, row: Row) -> None:
    """Write an epoch's row, and a line of it to the log."""
    _write(history, row)
    f1 = "not defined" if row["dev_f1"] is None else f"{100 * row['dev_f1']:.2f}"
    log.info("epoch %d, step %d: training loss %.4f, dev F1 %s", row["epoch"], row["steps"], training_loss(row), f1)
