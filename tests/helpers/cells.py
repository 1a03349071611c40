"""Cells of the tiny encoder, trained in process."""

from __future__ import annotations

from dataclasses import replace

import torch
from switches import DEFAULT

from metaxl.experiment.cell import Cell
from metaxl.experiment.neutral import used_switches, used_training
from metaxl.experiment.settings import Training
from metaxl.experiment.slug import parse_slug
from metaxl.experiment.spec import CellSpec, Recipe
from metaxl.files import read_json
from metaxl.tasks import TASKS
from metaxl.training.build import build_learner
from metaxl.training.data import CellData
from metaxl.training.loop import Run
from metaxl.training.train import train_cell

CPU = torch.device("cpu")


TRAINING = Training(
    epochs=2,
    target_epochs=3,
    min_steps=0,
    batch_size=4,
    learning_rate=1e-2,
    head_learning_rate=1.0,
    meta_learning_rate=1e-2,
    weight_decay=5e-4,
    warmup=0.1,
    clip_norm=10.0,
    max_length=32,
    eval_max_length=32,
    bottleneck=8,
)


SWITCHES = replace(DEFAULT, inner_rate="scheduled", meta_weight_decay=5e-4)


METHODS = [
    *("target", "target-matched", "joint", "joint-half", "zero-shot"),
    *("metaxl-L1", "metaxl-L0-3", "metaxl-frozen-L1", "metaxl-decay-L1", "joint-rtn-L3"),
]


def spec_of(method, task="ner", seed=1, switches=SWITCHES, **training):
    entry, placement, _ = parse_slug(method)
    source = "en" if entry.needs_source else "none"
    return CellSpec(
        cell=Cell("tiny", task, "qu", source, method, seed),
        recipe=Recipe(entry.step, entry.takes, entry.rtn),
        placement=placement,
        training=used_training(entry, replace(TRAINING, **training)),
        switches=used_switches(entry, switches),
        matched_size=12 if method == "target-matched" else 0,
        labels=TASKS[task].label_set(TASKS[task].usual),
    )


def files_of(place, spec):
    roles = ["train", "dev", "test", *(["source"] if spec.cell.source != "none" else [])]
    return {role: place / f"{spec.cell.task}-{role}.npz" for role in roles}


def train(place, out, spec, model=None):
    train_cell(spec, place, files_of(place, spec), out, CPU, out.with_name(f"{out.name}-work"), model)
    return read_json(out / "scores.json")


def train_on(place, out, spec):
    """Train a cell, or go on where it was killed; a state is saved after each step."""
    torch.set_num_threads(1)
    train_cell(spec, place, files_of(place, spec), out, CPU, out.with_name(f"{out.name}-work"), interval=0.0)


def run_of(place, spec):
    data = CellData.load(files_of(place, spec))
    return Run(spec, build_learner(spec, place, data.rows, CPU), data)
