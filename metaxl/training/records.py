"""What is written down of a trained cell: scores, predictions, vectors, and what it was made of."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import torch

from metaxl.data.encode import Encoded
from metaxl.encoder.batch import make_batch
from metaxl.encoder.network import Between, Parameters, unchanged
from metaxl.encoder.open import network_module
from metaxl.experiment.spec import CellSpec, training_digest
from metaxl.files import atomic_path, sha256_file, sha256_text, write_json, write_jsonl
from metaxl.machine import cpu_model, host, scheduler_job
from metaxl.provenance import library_versions
from metaxl.tasks import find_task
from metaxl.training.evaluate import gold_labels, length_sorted, predict
from metaxl.training.loop import Run

Predicted = dict[str, list[list[str]]]  # the labels of every example's words, by split
REPRESENTED = 250  # sentences of each language whose [CLS] vectors are kept for the figure


def record_of(run: Run, best: Predicted, provenance: dict[str, Any], resources: dict[str, Any]) -> dict[str, Any]:
    """Return the record of a run that is over, scores.json; `best` are the predictions of its best epoch."""
    last = best if run.best_epoch == run.feed.epochs else predict_splits(run, run.learner.theta)
    return {
        "cell": asdict(run.spec.cell),
        "best": {"epoch": run.best_epoch, "chosen_by": run.chosen_by} | _scores(run, best),
        "last": {"epoch": run.feed.epochs} | _scores(run, last),
        "steps": run.steps,
        "last_fall": run.last_fall,
        "provenance": provenance,
        "resources": resources,
    }


def write_records(out: Path, run: Run, best: Predicted, vectors: dict[str, np.ndarray], record: dict[str, Any]) -> None:
    """Write predictions.jsonl, representations.npz and, last, scores.json: a cell without it counts as not trained."""
    write_jsonl(out / "predictions.jsonl", _predictions(run, best))
    with atomic_path(out / "representations.npz") as temporary:
        np.savez(temporary, allow_pickle=False, **vectors)
    write_json(out / "scores.json", record)


def _splits(run: Run) -> dict[str, Encoded]:
    return {"dev": run.data.dev, "test": run.data.test}


def predict_splits(run: Run, theta: Parameters) -> Predicted:
    """Return the predicted labels of dev and test."""
    network, labels = run.learner.network, run.spec.labels
    return {name: predict(network, labels, theta, data) for name, data in _splits(run).items()}


def _scores(run: Run, predicted: Predicted) -> dict[str, dict[str, Any]]:
    """Return the scores of dev and test, those of each type or class among them."""
    task, labels = find_task(run.spec.cell.task), run.spec.labels
    pairs = {name: (gold_labels(labels, data), predicted[name]) for name, data in _splits(run).items()}
    return {
        name: task.score(labels, *pair) | {"by_type": task.score_by_type(labels, *pair)} for name, pair in pairs.items()
    }


def _predictions(run: Run, predicted: Predicted) -> Iterator[dict[str, Any]]:
    """Yield every dev and test example: its words or text, its gold and its predicted labels."""
    content = "tokens" if find_task(run.spec.cell.task).has_words else "text"
    for split, data in _splits(run).items():
        gold = gold_labels(run.spec.labels, data)
        for name, words, true, guess in zip(data.names, data.contents(), gold, predicted[split], strict=True):
            yield {"split": split, "id": str(name), content: words, "gold": true, "predicted": guess}


def representations(run: Run) -> dict[str, np.ndarray]:
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


def provenance_of(spec: CellSpec, encoder: Path, files: dict[str, Path], device: torch.device) -> dict[str, Any]:
    """Return what a cell is made of and where: its spec, encoder, data, code, libraries, device, host and job."""
    job = scheduler_job()
    return {
        "spec": sha256_text(spec.to_json()),
        "settings": spec.settings(),
        "encoder": sha256_file(encoder / "model.safetensors"),
        "network": kind_of_network(encoder),
        "data": {role: sha256_file(path) for role, path in files.items()},
        "code": training_digest(spec.recipe, network_module(encoder)),
        "libraries": library_versions(),
        "device": device_name(device),
        "threads": torch.get_num_threads(),
        "host": host(),
        "machine": device_name(device) if device.type == "cuda" else cpu_model(),
    } | ({"job": job} if job else {})


def device_name(device: torch.device) -> str:
    """Return what a record calls a device."""
    return torch.cuda.get_device_name(device) if device.type == "cuda" else "cpu"


def kind_of_network(encoder: Path) -> str:
    """Return which path served the encoder: "packed" or "wrapped"."""
    return network_module(encoder).rpartition(".")[2]


def resources_of(began: float, start: float, device: torch.device) -> dict[str, Any]:
    """Return what a cell took: wall and CPU seconds, those before its first step, and on a GPU its most memory."""
    taken: dict[str, Any] = {
        "seconds": round(time.perf_counter() - began, 2),
        "cpu_seconds": round(time.process_time(), 2),
        "cpu_seconds_before_first_step": round(start, 2),
    }
    return taken | ({"gpu_memory_bytes": torch.cuda.max_memory_allocated(device)} if device.type == "cuda" else {})
