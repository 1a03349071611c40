"""One cell, from its encoded data to its records on disk."""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Iterator
from dataclasses import asdict
from importlib import import_module
from pathlib import Path
from typing import Any, TextIO

import numpy as np
import torch

from metaxl.data.encode import Encoded, Integers
from metaxl.encoder.batch import make_batch
from metaxl.encoder.network import Between, Network, Parameters, unchanged
from metaxl.encoder.open import network_module
from metaxl.errors import ConfigError
from metaxl.experiment.spec import CellSpec, training_digest
from metaxl.files import atomic_path, sha256_file, sha256_text, write_json, write_jsonl
from metaxl.method.adam import Adam
from metaxl.method.flat import Flat
from metaxl.method.learner import Learner
from metaxl.provenance import library_versions, load
from metaxl.tasks import find_task
from metaxl.training.data import CellData
from metaxl.training.evaluate import gold_labels, length_sorted, predict
from metaxl.training.guard import INTERVAL, Guard
from metaxl.training.loop import Row, Run, training_loss

log = logging.getLogger("metaxl")
MODEL_RECORD = "cell.json"  # a copy of scores.json, in the folder of a kept model
REPRESENTED = 250  # sentences of each language whose [CLS] vectors are kept for the figure


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
    provenance = _provenance(spec, encoder, files, device)
    guard = Guard(work, {key: provenance[key] for key in ("spec", "data", "encoder", "code", "libraries")}, interval)
    data = CellData.load(files)
    run = Run(spec, build_learner(spec, encoder, data.rows, device), data)
    guard.resume(run)
    start, kind = time.process_time(), _kind_of_network(encoder)
    log.info(
        "%s on %s, %s network, %d steps an epoch", spec.cell.path, _device_name(device), kind, run.feed.steps_per_epoch
    )
    with guard.signals(), _fresh(out / "history.jsonl") as history:
        for row in run.history:
            _write(history, row)
        run.train(lambda row: _tell(history, row), lambda: guard.between_steps(run))
    best = _predict_splits(run, run.best_theta)
    last = best if run.best_epoch == run.feed.epochs else _predict_splits(run, run.learner.theta)
    record = {
        "cell": asdict(spec.cell),
        "best": {"epoch": run.best_epoch, "chosen_by": run.chosen_by} | _scores(run, best),
        "last": {"epoch": run.feed.epochs} | _scores(run, last),
        "steps": run.steps,
        "last_fall": run.last_fall,
        "provenance": provenance,
        "resources": _resources(began, start, device) | {"resumed_at_step": guard.resumed_at},
    }
    vectors = _representations(run)
    with guard.owner.publishing():
        write_jsonl(out / "predictions.jsonl", _predictions(run, best))
        _save_representations(out / "representations.npz", vectors)
        if model is not None:
            save = import_module(network_module(encoder)).save_model
            task = find_task(spec.cell.task)
            save(model, encoder, task, spec.labels, run.best_theta, data.rows, run.best_phi)
            write_json(model / MODEL_RECORD, record)
        write_json(out / "scores.json", record)
    guard.finish()


def _fresh(path: Path) -> TextIO:
    """Open a file anew, under its own name at once: a process that was left behind goes on writing to the old one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    return path.open("w", encoding="utf-8", newline="\n")


def _write(history: TextIO, row: Row) -> None:
    """Write an epoch's row where it can be read at once."""
    history.write(json.dumps(row) + "\n")
    history.flush()


def _tell(history: TextIO, row: Row) -> None:
    """Write an epoch's row, and a line of it to the log."""
    _write(history, row)
    f1 = "not defined" if row["dev_f1"] is None else f"{100 * row['dev_f1']:.2f}"
    log.info("epoch %d, step %d: training loss %.4f, dev F1 %s", row["epoch"], row["steps"], training_loss(row), f1)


def build_learner(spec: CellSpec, encoder: Path, rows: Integers, device: torch.device) -> Learner:
    """Load theta, draw the head and phi from the cell's seed, and set up the optimisers.

    Raises:
        ConfigError: the encoder has no such layer, or fewer positions than the length limit.
        EncoderError: the encoder folder is incomplete, or not what it says it is.
    """
    generator = torch.Generator().manual_seed(spec.cell.seed)
    opened = import_module(network_module(encoder)).open_network(
        encoder, find_task(spec.cell.task), spec.labels, rows, generator
    )
    network, theta = opened
    _check(spec, network)
    rtn = load(spec.recipe.rtn)(spec.placement, spec.switches) if spec.recipe.rtn else None
    phi = rtn.initialise(network.hidden, spec.training.bottleneck, generator) if rtn else {}
    theta = Flat.of({name: value.to(device) for name, value in theta.items()})
    phi = {name: value.to(device).requires_grad_() for name, value in phi.items()}
    torch.manual_seed(spec.cell.seed)  # dropout
    return Learner(
        network=network,
        theta=theta,
        theta_optimizer=_optimizer_of_theta(spec, network, theta),
        clip_norm=spec.training.clip_norm,
        switches=spec.switches,
        rtn=rtn,
        phi=phi,
        phi_optimizer=Adam(phi.values(), spec.switches.meta_weight_decay, spec.switches.phi_decay),
    )


def _optimizer_of_theta(spec: CellSpec, network: Network, theta: Flat) -> Adam:
    """Return the optimiser of theta as one vector, or, where the head has a rate of its own, as vector and head."""
    decay, form, factor = spec.training.weight_decay, spec.switches.theta_decay, spec.training.head_learning_rate
    if factor == 1:
        return Adam([theta.vector], decay, form)
    pieces, of_head = theta.pieces(network.of_head())
    return Adam(pieces, decay, form, [factor if head else 1.0 for head in of_head])


def _check(spec: CellSpec, network: Network) -> None:
    layers = spec.placement
    if layers and layers[-1] > network.layers:
        raise ConfigError(
            f"{spec.cell.path}: layer {layers[-1]} does not exist; encoder {spec.cell.encoder!r} has layers "
            f"0 (the embedding output) to {network.layers}. Change {spec.cell.task}.placement or .placements, or the "
            "method in the cell's path."
        )
    longest = max(spec.training.max_length, spec.training.eval_max_length)
    if network.max_length is not None and longest > network.max_length:
        raise ConfigError(
            f"{spec.cell.task}.training: {longest} subwords asked for, but encoder {spec.cell.encoder!r} has "
            f"{network.max_length} positions; lower max_length and eval_max_length."
        )


def _splits(run: Run) -> dict[str, Encoded]:
    return {"dev": run.data.dev, "test": run.data.test}


def _predict_splits(run: Run, theta: Parameters) -> dict[str, list[list[str]]]:
    network, labels = run.learner.network, run.spec.labels
    return {name: predict(network, labels, theta, data) for name, data in _splits(run).items()}


def _scores(run: Run, predicted: dict[str, list[list[str]]]) -> dict[str, dict[str, Any]]:
    """Return the scores of dev and test, those of each type or class among them."""
    task, labels = find_task(run.spec.cell.task), run.spec.labels
    pairs = {name: (gold_labels(labels, data), predicted[name]) for name, data in _splits(run).items()}
    return {
        name: task.score(labels, *pair) | {"by_type": task.score_by_type(labels, *pair)} for name, pair in pairs.items()
    }


def _predictions(run: Run, predicted: dict[str, list[list[str]]]) -> Iterator[dict[str, Any]]:
    """Yield every dev and test example: its words or text, its gold and its predicted labels."""
    content = "tokens" if find_task(run.spec.cell.task).has_words else "text"
    for split, data in _splits(run).items():
        gold = gold_labels(run.spec.labels, data)
        for name, words, true, guess in zip(data.names, data.contents(), gold, predicted[split], strict=True):
            yield {"split": split, "id": str(name), content: words, "gold": true, "predicted": guess}


def _representations(run: Run) -> dict[str, np.ndarray]:
    """Return [CLS] vectors of the best epoch, each (sentences, hidden).

    `target`: test sentences; `source`: training sentences; `transformed`: the same through the RTN. Several separate
    RTNs were never trained to act together, so they have no transformed vectors. `cell`: whose they are, its path.
    """
    source, rtn = run.data.source, run.learner.rtn
    vectors = {"target": _first_states(run, run.data.test, unchanged)}
    if source is not None:
        vectors["source"] = _first_states(run, source, unchanged)
        if rtn is not None and len(paths := rtn.paths(run.best_phi)) == 1:
            vectors["transformed"] = _first_states(run, source, paths[0][1])
    return vectors | {"cell": np.array(run.spec.cell.path)}


def _save_representations(path: Path, vectors: dict[str, np.ndarray]) -> None:
    with atomic_path(path) as temporary:
        np.savez(temporary, allow_pickle=False, **vectors)


def _first_states(run: Run, data: Encoded, between: Between) -> np.ndarray:
    """Return (sentences, hidden): the last layer's vectors of the first tokens."""
    vector, network = run.learner.theta.vector, run.learner.network.evaluating()
    states = np.zeros((min(REPRESENTED, len(data)), network.hidden), dtype=np.float32)
    with torch.inference_mode():
        for chosen in length_sorted(data, REPRESENTED):
            batch = make_batch([(data, chosen)], vector.device, vector.dtype)
            last = network.states(run.best_theta, batch, network.layers, between)
            states[chosen] = last[batch.firsts].float().cpu().numpy()
    return states


def _provenance(spec: CellSpec, encoder: Path, files: dict[str, Path], device: torch.device) -> dict[str, Any]:
    return {
        "spec": sha256_text(spec.to_json()),
        "settings": spec.settings(),
        "encoder": sha256_file(encoder / "model.safetensors"),
        "network": _kind_of_network(encoder),
        "data": {role: sha256_file(path) for role, path in files.items()},
        "code": training_digest(spec.recipe, network_module(encoder)),
        "libraries": library_versions(),
        "device": _device_name(device),
        "threads": torch.get_num_threads(),
    }


def _device_name(device: torch.device) -> str:
    return torch.cuda.get_device_name(device) if device.type == "cuda" else "cpu"


def _kind_of_network(encoder: Path) -> str:
    """Return which path served the encoder: "packed" or "wrapped"."""
    return network_module(encoder).rpartition(".")[2]


def _resources(began: float, start: float, device: torch.device) -> dict[str, Any]:
    """Return what a cell took: wall and CPU seconds, those before its first step, and on a GPU its most memory."""
    taken: dict[str, Any] = {
        "seconds": round(time.perf_counter() - began, 2),
        "cpu_seconds": round(time.process_time(), 2),
        "cpu_seconds_before_first_step": round(start, 2),
    }
    return taken | ({"gpu_memory_bytes": torch.cuda.max_memory_allocated(device)} if device.type == "cuda" else {})
