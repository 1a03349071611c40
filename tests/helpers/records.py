"""Cells' records as training would write them, and what a plan would expect of them."""

from __future__ import annotations

import random
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pandas as pd
from switches import DEFAULT

from metaxl.experiment.cell import NO_SOURCE, Cell
from metaxl.experiment.config import Config
from metaxl.experiment.failure import Failure, stand_in
from metaxl.experiment.layout import FAILURE, PREDICTIONS, SCORES, cell_file
from metaxl.experiment.neutral import recipe_of, used_switches, used_training
from metaxl.experiment.settings import Training
from metaxl.experiment.slug import parse_slug
from metaxl.experiment.spec import CellSpec
from metaxl.files import sha256_file, sha256_text, write_json, write_jsonl
from metaxl.reporting.expected import Expected
from metaxl.reporting.facts import Facts
from metaxl.reporting.frame import gather
from metaxl.tasks import SPLITS, TASKS, LabelSet

CODE = "c0de"
COUNTED = {
    "ner": {"examples": 100, "labels": {"B-PER": 90, "O": 510}, "entities": {"PER": 90}, "notes": []},
    "sentiment": {"examples": 100, "labels": {"negative": 67, "positive": 33}, "entities": {}, "notes": []},
}
TRAINING = Training(
    epochs=5,
    target_epochs=5,
    min_steps=0,
    batch_size=4,
    learning_rate=1e-3,
    head_learning_rate=1.0,
    meta_learning_rate=1e-3,
    weight_decay=5e-4,
    warmup=0.1,
    clip_norm=10.0,
    max_length=32,
    eval_max_length=32,
    bottleneck=8,
)


def usual_labels(task: str) -> LabelSet:
    """Return the classes of the paper's corpora."""
    return TASKS[task].label_set(TASKS[task].usual)


def golden(task: str, labels: LabelSet, count: int = 40) -> dict[str, list[list[str]]]:
    """Return the gold labels of `count` dev and test examples, always the same."""
    truth = random.Random(0)
    drawn = [[truth.choice(labels.classes) for _ in range(6 if task == "ner" else 1)] for _ in range(2 * count)]
    return {"dev": drawn[::2], "test": drawn[1::2]}


def predictions(
    labels: LabelSet, right: float, seed: int | str, gold: dict[str, list[list[str]]] | None = None
) -> list[dict]:
    """Return dev and test predictions, each label right with probability `right`; gold is usual NER's by default."""
    noise, lines = random.Random(seed), []
    for split, examples in (gold or golden("ner", labels)).items():
        for number, true in enumerate(examples):
            guess = [label if noise.random() < right else noise.choice(labels.classes) for label in true]
            lines.append({"split": split, "id": f"s{number}", "gold": true, "predicted": guess})
    return lines


def spec_of(cell: Cell, labels: LabelSet | None = None) -> CellSpec:
    """Return what a cell's training would be told."""
    method, placement, _ = parse_slug(cell.method)
    return CellSpec(
        cell=cell,
        recipe=recipe_of(method),
        placement=placement,
        training=used_training(method, TRAINING),
        switches=used_switches(method, DEFAULT),
        matched_size=12 if "source_size" in method.reads else 0,
        labels=labels or usual_labels(cell.task),
    )


def expected_of(root: Path, cell: Cell, labels: LabelSet | None = None, others: str = "refuse") -> Expected:
    """Return what a plan expects of a cell's record; its files are beneath `root` once `write_cell` wrote the cell."""
    folder = root / "encoded" / cell.encoder / cell.task
    files = {split: folder / cell.target / f"{split}.npz" for split in ("train", "dev", "test")}
    files |= {"source": folder / f"{cell.source}-12.npz"} if cell.source != NO_SOURCE else {}
    return Expected(spec_of(cell, labels), (CODE,), files, root / "encoders" / cell.encoder / "sha256.json", others)


def gathered(root: Path, cells: Iterable[Cell], others: str = "refuse") -> pd.DataFrame:
    """Return the scores of those cells that have a record of the plan's own making, of the usual classes."""
    return gather(root, [expected_of(root, cell, others=others) for cell in cells])


def write_inputs(expected: Expected, gold: dict[str, list[list[str]]]) -> None:
    """Write a cell's encoded data, of which no more is read than names and gold, and its encoder's checksums."""
    index = {label: number for number, label in enumerate(expected.spec.labels.classes)}
    for role, path in expected.files.items():
        examples = gold.get(role, [])
        path.parent.mkdir(parents=True, exist_ok=True)
        starts = np.cumsum([0, *map(len, examples)])
        numbers = np.array([index[label] for labels in examples for label in labels], dtype=np.int64)
        names = np.array([f"s{number}" for number in range(len(examples))], dtype=str)
        np.savez(path, names=names, gold=numbers, word_starts=starts)
    write_json(expected.checksums, {"model.safetensors": sha256_text(expected.spec.cell.encoder)})


def write_cell(
    root: Path,
    cell: Cell,
    right: float = 0.8,
    code: str = CODE,
    apart: float = 2.0,
    labels: LabelSet | None = None,
    gold: dict[str, list[list[str]]] | None = None,
    chosen_by: str = "dev",
    luck: str = "",
) -> Path:
    """Write a cell's records and data as the workflow does, predictions and vectors invented; return its folder.

    Cells of one seed err in the same places, unless their `luck` differs.
    """
    folder, expected = root / cell.path, expected_of(root, cell, labels)
    task, labels = TASKS[cell.task], expected.spec.labels
    gold = gold or golden(cell.task, labels)
    write_inputs(expected, gold)
    lines = predictions(labels, right, f"{luck}{cell.seed}" if luck else cell.seed, gold)
    if chosen_by == "none":
        lines = [line | {"predicted": [labels.classes[0]] * len(line["gold"])} for line in lines]
    write_jsonl(folder / "predictions.jsonl", lines)
    scores = {}
    for split in ("dev", "test"):
        pair = [[line[key] for line in lines if line["split"] == split] for key in ("gold", "predicted")]
        scores[split] = task.score(labels, *pair) | {"by_type": task.score_by_type(labels, *pair)}
    _write_vectors(folder / "representations.npz", cell, apart)
    chosen_by = chosen_by if scores["dev"]["f1"] else "none"  # where no epoch finds anything, none is chosen
    best = {"epoch": 5 if chosen_by == "none" else 3, "chosen_by": chosen_by, **scores}
    write_jsonl(folder / "history.jsonl", _history(best["epoch"], scores["dev"]))
    record = {"cell": asdict(cell), "best": best, "last": {"epoch": 5, **scores}, "steps": 10, "last_fall": 0.0}
    made_of = {
        "spec": sha256_text(expected.spec.to_json()),
        "settings": expected.spec.settings(),
        "encoder": sha256_text(cell.encoder),
        "data": {role: sha256_file(path) for role, path in expected.files.items()},
        "code": code,
    }
    write_json(folder / "scores.json", record | {"provenance": made_of, "resources": {"seconds": 1.0}})
    return folder


def _history(best: int, dev: dict) -> list[dict]:
    """Return the rows of five epochs: the loss does not fall any more, and the best and the last are alike."""
    rows = [{"epoch": n, "steps": 2 * n, "loss": 2.0 if n == 1 else 1.0} for n in range(1, 6)]
    metrics = {name: value for name, value in dev.items() if name != "by_type"}
    return [row | {f"dev_{k}": v if row["epoch"] in (best, 5) else 0.0 for k, v in metrics.items()} for row in rows]


def _write_vectors(path: Path, cell: Cell, apart: float) -> None:
    generator = np.random.default_rng(cell.seed)
    centre = np.eye(16)[0] * 4
    vectors = {"target": generator.normal(size=(60, 16)) + centre}
    vectors["source"] = generator.normal(size=(80, 16)) + centre + np.eye(16)[1] * apart
    if cell.method.startswith("metaxl"):
        vectors["transformed"] = vectors["source"] - np.eye(16)[1] * apart * 0.8
    named = {name: array.astype(np.float32) for name, array in vectors.items()}
    np.savez(path, cell=np.array(cell.path), **named)


def facts_of(config: Config, changes: dict | None = None, labels: dict[str, LabelSet] | None = None) -> Facts:
    """Return made-up facts: 100 examples a file, a third of them positive; `changes` lie over those of a place.

    Args:
        config: the configuration.
        changes: by (task, code, split); of an encoded file's facts by ("encoded", task, code, split).
        labels: the classes of each task, by default the usual ones.
    """
    data, encoded = {}, {}
    for task in config.tasks:
        codes = [code for target in task.targets for code in config.codes(task.name, target.language)]
        places = [(code, split) for code in codes for split in SPLITS]
        for code, split in [*places, *((code, "train") for code in task.sources())]:
            data[task.name, code, split] = dict(COUNTED[task.name])
        for code, split in [*places, *((code, "source") for code in task.sources())]:
            encoded[task.name, code, split] = {"words": 600, "words_lost": 0, "notes": []}
    for place, change in (changes or {}).items():
        of_place = encoded[place[1:]] if place[0] == "encoded" else data[place]
        of_place.update(change)
    usual = {task: usual_labels(task) for task in TASKS}
    weights = dict.fromkeys(config.encoders, "0123456789abcdef" * 4)
    return Facts(usual | (labels or {}), data, encoded, weights)


def write_failed(
    root: Path, cell: Cell, reason: str = "The disk is full.", status: int = 75, **changes: str
) -> Failure:
    """Write what a cell leaves that could not be trained, its data besides; return the failure."""
    expected = expected_of(root, cell)
    write_inputs(expected, golden(cell.task, expected.spec.labels))
    about = {"host": "here", "when": "2026-01-01 00:00:00", "spec": sha256_text(expected.spec.to_json())}
    failure = Failure(reason, status, 3, **(about | changes))
    write_json(root / cell_file(cell, FAILURE), {"cell": asdict(cell), **asdict(failure)})
    write_json(root / cell_file(cell, SCORES), stand_in(cell, failure))
    write_jsonl(root / cell_file(cell, PREDICTIONS), [])
    return failure
