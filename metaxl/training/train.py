"""One cell, from its encoded data to its records on disk."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from metaxl.data.encode import Encoded, Integers
from metaxl.encoder.batch import make_batch
from metaxl.encoder.checkpoint import initialise_head, load_parameters, save_model
from metaxl.encoder.shape import WORDS, Parameters, Shape
from metaxl.errors import ConfigError
from metaxl.experiment.cell import MethodSlug
from metaxl.experiment.spec import CellSpec
from metaxl.files import atomic_path, sha256_file, sha256_text, write_json, write_jsonl
from metaxl.method import rtn
from metaxl.method.adam import Adam
from metaxl.method.flat import Flat
from metaxl.method.model import Model
from metaxl.method.steps import Learner
from metaxl.provenance import digest, library_versions
from metaxl.tasks import Scores
from metaxl.training.data import CellData
from metaxl.training.evaluate import gold_labels, length_sorted, predict, score
from metaxl.training.loop import Run
from metaxl.training.memory import peak_memory

log = logging.getLogger("metaxl")
REPRESENTED = 250  # sentences of each language whose [CLS] vectors are kept for the figure


def train_cell(spec: CellSpec, encoder: Path, files: dict[str, Path], out: Path, device: torch.device) -> None:
    """Train one cell; write scores.json, predictions.jsonl, history.jsonl, representations.npz, perhaps model/.

    Args:
        spec: what to train.
        encoder: folder with config.json, model.safetensors and tokenizer.json.
        files: encoded data by role: train, dev, test and, for methods with a source, source.
        out: the cell's folder.
        device: where to train.

    Raises:
        ConfigError: the encoder has no such layer, or fewer positions than the length limit.
        EncoderError: the encoder folder is incomplete.
        TrainingError: a loss is not finite; nothing is written.
    """
    began = time.perf_counter()
    shape = Shape.load(encoder)
    _check(spec, shape)
    data = CellData.load(files)
    run = Run(spec, build_learner(spec, encoder, shape, data.rows, device), data)
    start = time.process_time()
    log.info("%s on %s, %d steps an epoch", spec.cell.path, _device_name(device), run.feed.steps_per_epoch)
    run.train()
    best = _predict_splits(run, run.best_theta)
    last = best if run.best_epoch == run.feed.epochs else _predict_splits(run, run.learner.theta)
    record = {
        "cell": asdict(spec.cell),
        "best": {"epoch": run.best_epoch} | _scores(run, best),
        "last": {"epoch": run.feed.epochs} | _scores(run, last),
        "steps": run.steps,
        "provenance": _provenance(spec, encoder, files, device),
        "resources": {
            "seconds": round(time.perf_counter() - began, 2),
            "cpu_seconds": round(time.process_time(), 2),
            "cpu_seconds_before_first_step": round(start, 2),
            "peak_memory_bytes": peak_memory(device),
        },
    }
    write_jsonl(out / "predictions.jsonl", _predictions(run, best))
    write_jsonl(out / "history.jsonl", run.history)
    _save_representations(out / "representations.npz", run)
    if spec.keep_model:
        save_model(out / "model", encoder, spec.cell.task, run.best_theta, data.rows, run.best_phi or None)
    write_json(out / "scores.json", record)


def build_learner(spec: CellSpec, encoder: Path, shape: Shape, rows: Integers, device: torch.device) -> Learner:
    """Load theta, draw the head and phi from the cell's seed, and set up the optimisers."""
    slug = MethodSlug.parse(spec.cell.method)
    generator = torch.Generator().manual_seed(spec.cell.seed)
    theta, pooler = load_parameters(encoder, shape, rows)
    theta |= initialise_head(spec.cell.task, shape, pooler, generator)
    method = spec.method
    if slug.kind == "joint-rtn" and method.joint_rtn_forward == "official":
        method = replace(method, residual="none", rtn_input="attached")
    phi = rtn.initialise(slug.layers, shape.hidden, spec.training.bottleneck, method, generator)
    theta = Flat.of({name: value.to(device) for name, value in theta.items()})
    phi = {name: value.to(device).requires_grad_() for name, value in phi.items()}
    torch.manual_seed(spec.cell.seed)  # dropout
    return Learner(
        model=Model(shape, spec.cell.task, slug.layers, method, spec.training.precision),
        theta=theta,
        phi=phi,
        theta_optimizer=Adam([theta.vector], spec.training.weight_decay),
        phi_optimizer=Adam(phi.values(), method.meta_weight_decay) if phi and slug.kind != "metaxl-frozen" else None,
        clip_norm=spec.training.clip_norm,
        gradients=theta.empty_like(),
        ahead=theta.empty_like() if slug.kind == "metaxl" else None,
    )


def _check(spec: CellSpec, shape: Shape) -> None:
    layers = MethodSlug.parse(spec.cell.method).layers
    if layers and layers[-1] > shape.layers:
        raise ConfigError(
            f"{spec.cell.path}: layer {layers[-1]} does not exist; encoder {spec.cell.encoder!r} has layers "
            f"0 (the embedding output) to {shape.layers}. Change {spec.cell.task}.placement or .placements, or the "
            "method in the cell's path."
        )
    longest = max(spec.training.max_length, spec.training.eval_max_length)
    if longest > shape.max_length:
        raise ConfigError(
            f"{spec.cell.task}.training: {longest} subwords asked for, but encoder {spec.cell.encoder!r} has "
            f"{shape.max_length} positions; lower max_length and eval_max_length."
        )


def _splits(run: Run) -> dict[str, Encoded]:
    return {"dev": run.data.dev, "test": run.data.test}


def _predict_splits(run: Run, theta: Parameters) -> dict[str, list[list[str]]]:
    return {name: predict(run.learner.model, theta, data) for name, data in _splits(run).items()}


def _scores(run: Run, predicted: dict[str, list[list[str]]]) -> dict[str, Scores]:
    task = run.spec.cell.task
    return {name: score(task, gold_labels(task, data), predicted[name]) for name, data in _splits(run).items()}


def _predictions(run: Run, predicted: dict[str, list[list[str]]]) -> Iterator[dict[str, Any]]:
    """Yield gold and predicted labels of every dev and test example."""
    for split, data in _splits(run).items():
        gold = gold_labels(run.spec.cell.task, data)
        for name, true, guess in zip(data.names, gold, predicted[split], strict=True):
            yield {"split": split, "id": str(name), "gold": true, "predicted": guess}


def _save_representations(path: Path, run: Run) -> None:
    """Keep [CLS] vectors of the best epoch, each (sentences, hidden).

    `target`: test sentences; `source`: training sentences; `transformed`: the same through the RTN. Several separate
    RTNs were never trained to act together, so they have no transformed vectors.
    """
    vectors = {"target": _first_states(run, run.data.test, {})}
    if run.data.source is not None:
        vectors["source"] = _first_states(run, run.data.source, {})
    if run.data.source is not None and run.best_phi and rtn.ALPHA not in run.best_phi:
        vectors["transformed"] = _first_states(run, run.data.source, run.best_phi)
    with atomic_path(path) as temporary:
        np.savez(temporary, allow_pickle=False, **vectors)


def _first_states(run: Run, data: Encoded, phi: Parameters) -> np.ndarray:
    words, model = run.best_theta[WORDS], run.learner.model.evaluating()
    states = np.zeros((min(REPRESENTED, len(data)), model.shape.hidden), dtype=np.float32)
    with torch.inference_mode():
        for chosen in length_sorted(data, REPRESENTED):
            batch = make_batch([(data, chosen)], words.device, words.dtype)
            states[chosen] = model.first_states(run.best_theta, phi, batch).float().cpu().numpy()
    return states


def _provenance(spec: CellSpec, encoder: Path, files: dict[str, Path], device: torch.device) -> dict[str, Any]:
    return {
        "spec": sha256_text(spec.to_json()),
        "settings": {"training": asdict(spec.training), "method": asdict(spec.method)},
        "encoder": sha256_file(encoder / "model.safetensors"),
        "data": {role: sha256_file(path) for role, path in files.items()},
        "code": digest("metaxl.training.train"),
        "libraries": library_versions(),
        "device": _device_name(device),
        "threads": torch.get_num_threads(),
    }


def _device_name(device: torch.device) -> str:
    return torch.cuda.get_device_name(device) if device.type == "cuda" else "cpu"
