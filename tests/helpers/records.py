"""Cells' records as training would write them."""

from __future__ import annotations

import random
from dataclasses import asdict
from pathlib import Path

import numpy as np

from metaxl.experiment.cell import Cell
from metaxl.files import write_json, write_jsonl
from metaxl.tasks import TASKS


def predictions(task: str, right: float, seed: int, count: int = 40) -> list[dict]:
    """Return `count` dev and test predictions, each label right with probability `right`; gold never changes."""
    truth, noise = random.Random(0), random.Random(seed)
    lines = []
    for number in range(2 * count):
        gold = [truth.choice(TASKS[task].usual) for _ in range(6 if task == "ner" else 1)]
        guess = [label if noise.random() < right else noise.choice(TASKS[task].usual) for label in gold]
        lines.append({"split": ("dev", "test")[number % 2], "id": f"s{number // 2}", "gold": gold, "predicted": guess})
    return lines


def write_cell(root: Path, cell: Cell, right: float = 0.8, code: str = "c0de", apart: float = 2.0) -> Path:
    """Write a cell's records as training does, with invented predictions and vectors; return its folder."""
    folder = root / cell.path
    lines = predictions(cell.task, right, seed=cell.seed)
    scores = {}
    for split in ("dev", "test"):
        gold, guess = ([line[key] for line in lines if line["split"] == split] for key in ("gold", "predicted"))
        scores[split] = TASKS[cell.task].score(gold, guess)
    write_jsonl(folder / "predictions.jsonl", lines)
    write_jsonl(folder / "history.jsonl", [{"epoch": 1, "steps": 10}])
    generator = np.random.default_rng(cell.seed)
    centre = np.eye(16)[0] * 4
    vectors = {"target": generator.normal(size=(60, 16)) + centre}
    vectors["source"] = generator.normal(size=(80, 16)) + centre + np.eye(16)[1] * apart
    if cell.method.startswith("metaxl"):
        vectors["transformed"] = vectors["source"] - np.eye(16)[1] * apart * 0.8
    np.savez(folder / "representations.npz", **{name: array.astype(np.float32) for name, array in vectors.items()})
    checkpoint = {"epoch": 3, **scores}
    record = {"cell": asdict(cell), "best": checkpoint, "last": {**checkpoint, "epoch": 5}, "steps": 10}
    write_json(folder / "scores.json", record | {"provenance": {"code": code}, "resources": {"seconds": 1.0}})
    return folder
