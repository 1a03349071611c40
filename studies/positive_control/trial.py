"""One trial: a training in process, and what is kept of it."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from pathlib import Path

import numpy as np
import torch

from metaxl.data.encode import Encoded
from metaxl.encoder.network import Parameters
from metaxl.experiment.cell import NO_SOURCE, Cell
from metaxl.experiment.config import default_switches
from metaxl.experiment.neutral import recipe_of, used_switches, used_training
from metaxl.experiment.settings import Switches, Training
from metaxl.experiment.slug import method_slug, parse_slug
from metaxl.experiment.spec import CellSpec
from metaxl.methods import find_method
from metaxl.tasks import NER
from metaxl.training.data import CellData
from metaxl.training.evaluate import gold_labels, predict
from metaxl.training.loop import Run
from metaxl.training.train import build_learner

EXCHANGED = np.array([0, 5, 6, 3, 4, 1, 2])  # what O, B-PER, I-PER, B-ORG, I-ORG, B-LOC, I-LOC become
MEASURED = (
    "dev_f1",
    "test_f1",
    "last_dev_f1",
    "last_test_f1",
    "epoch",
    "travel",
    "source_loss",
    "meta_loss",
    "seconds",
)
Row = dict[str, str]


@dataclass(frozen=True, slots=True)
class Place:
    """Where the trials of a rung run.

    Attributes:
        encoder: its folder.
        layer: after which the RTN sits.
        training: the hyper-parameters; a trial has phi's rate.
        targets: the target languages.
        data: of a target and a seed, by role: source, train, dev, test; the source with its labels right.
    """

    encoder: Path
    layer: int
    training: Training
    targets: tuple[str, ...]
    data: Callable[[str, int], dict[str, Encoded]]


@dataclass(frozen=True, slots=True)
class Trial:
    """What tells one trial from another; the fields after `labels` are settings, with what the paper's code has.

    Attributes:
        rung: of the ladder.
        target: the language.
        seed: of head, RTN, order and dropout.
        method: as the registry names it.
        labels: of the source: exchanged, or right.
    """

    rung: str
    target: str
    seed: int
    method: str
    labels: str = "exchanged"
    meta_learning_rate: float = 0.0
    meta_weight_decay: float = 0.0
    phi_decay: str = "adam-l2"
    target_split: str = "halves"
    theta_loss: str = "source+target"
    inner_rate: float | str = "scheduled"
    meta_objective: str = "inner-product"
    meta_clip_norm: float = 0.0
    residual: str = "add"

    @classmethod
    def names(cls) -> list[str]:
        """Return the names of the columns that tell trials apart."""
        return [field.name for field in fields(cls)]

    def key(self) -> tuple[str, ...]:
        """Return the cells of those columns."""
        return tuple(self.row().values())

    def row(self) -> Row:
        """Return the trial as the cells of a table have it."""
        values = {name: getattr(self, name) for name in self.names()}
        return {name: f"{value:g}" if isinstance(value, float) else str(value) for name, value in values.items()}

    def spec(self, place: Place) -> CellSpec:
        """Return what trains it."""
        method = find_method(self.method)
        slug = method_slug(self.method, (place.layer,))
        switches = {name: getattr(self, name) for name in SWITCHES}
        return CellSpec(
            cell=Cell(
                self.rung, NER.name, self.target, "source" if method.needs_source else NO_SOURCE, slug, self.seed
            ),
            recipe=recipe_of(method),
            placement=parse_slug(slug)[1],
            training=used_training(method, replace(place.training, meta_learning_rate=self.meta_learning_rate)),
            switches=used_switches(method, replace(default_switches(), **switches)),
            matched_size=0,
            labels=NER.label_set(NER.usual),
        )


SWITCHES = sorted({field.name for field in fields(Switches)} & set(Trial.names()))


def measure(trial: Trial, place: Place) -> Row:
    """Train, and return the scores in percent, the best dev epoch and what phi did in the last one."""
    began, spec, data = time.perf_counter(), trial.spec(place), _data(trial, place)
    learner = build_learner(spec, place.encoder, data.rows, torch.device("cpu"))
    run = Run(spec, learner, data)
    run.train()
    best, last = (_f1(run, theta, data.test) for theta in (run.best_theta, run.learner.theta))
    end = run.history[-1]
    values = {
        "dev_f1": _percent(run.history[run.best_epoch - 1]["dev_f1"]),
        "test_f1": _percent(best),
        "last_dev_f1": _percent(end["dev_f1"]),
        "last_test_f1": _percent(last),
        "epoch": str(run.best_epoch),
        "seconds": f"{time.perf_counter() - began:.1f}",
    }
    values |= {name: f"{end[key]:.4g}" for name, key in _SEEN.items() if key in end}
    return trial.row() | {name: values.get(name, "") for name in MEASURED}


def _f1(run: Run, theta: Parameters, data: Encoded) -> float | None:
    labels = run.spec.labels
    return NER.score(labels, gold_labels(labels, data), predict(run.learner.network, labels, theta, data))["f1"]


def failed(trial: Trial) -> Row:
    """Return the row of a trial whose loss became infinite or not a number: it finds nothing."""
    return trial.row() | {name: "0.00" if name.endswith("_f1") else "" for name in MEASURED}


_SEEN = {"travel": "phi_travel", "source_loss": "source_loss", "meta_loss": "meta_loss"}


def _percent(share: float | None) -> str:
    return f"{100 * (share or 0.0):.2f}"


def _data(trial: Trial, place: Place) -> CellData:
    """Return a trial's data, ids renumbered to the vocabulary that occurs."""
    parts = place.data(trial.target, trial.seed)
    if not find_method(trial.method).needs_source:
        del parts["source"]
    elif trial.labels == "exchanged":
        source = parts["source"]
        parts["source"] = replace(source, labels=EXCHANGED[source.labels], gold=EXCHANGED[source.gold])
    rows = np.unique(np.concatenate([part.ids for part in parts.values()]))
    new = {role: replace(part, ids=np.searchsorted(rows, part.ids)) for role, part in parts.items()}
    return CellData(new["train"], new["dev"], new["test"], new.get("source"), rows)
