"""The training loop: schedule, steps, history, dev selection and the guard against losses that are not finite."""

from __future__ import annotations

import logging
from typing import Any

import numpy as np
import torch

from metaxl.data.encode import Encoded
from metaxl.encoder.batch import make_batch
from metaxl.encoder.network import Parameters
from metaxl.errors import TrainingError
from metaxl.experiment.spec import CellSpec
from metaxl.method.learner import Learner, Losses, Rates
from metaxl.tasks import Scores, find_task
from metaxl.training.data import CellData
from metaxl.training.evaluate import gold_labels, predict
from metaxl.training.feed import make_feed

log = logging.getLogger(__name__)
CHECK_EVERY = 50  # steps between two looks at the losses; a look waits for the device
OF_LOOK_AHEAD = {"meta_loss", "hypergradient_norm"}  # what a step reports of theta', which has felt the inner rate
GATE_SAMPLE = 32  # source sentences over which a gate's mean is taken


class Run:
    """The training of one cell: its state from step to step, and the best epoch so far."""

    def __init__(self, spec: CellSpec, learner: Learner, data: CellData) -> None:
        """Prepare the feed; nothing is trained yet."""
        self.spec = spec
        self.learner = learner
        self.data = data
        self.feed = make_feed(spec, learner, data)
        self.steps = 0
        self.history: list[dict[str, Any]] = []
        self.first_phi = snapshot(learner.phi)
        self.best_epoch = 0  # until dev has a score above 0
        self.best_theta: Parameters = {}
        self.best_phi: Parameters = {}

    def train(self) -> None:
        """Run all epochs; remember the parameters of the first epoch with the best dev F1.

        A dev set that holds no entity, or of which no epoch finds any, cannot choose: then the last epoch counts.

        Raises:
            TrainingError: a loss is not finite.
        """
        best = 0.0
        for epoch in range(1, self.feed.epochs + 1):
            row = {"epoch": epoch, **self._epoch()}
            dev = self.evaluate(self.learner.theta, self.data.dev)
            self.history.append(row | {f"dev_{name}": value for name, value in dev.items()} | self._rtn_facts())
            if (dev["f1"] or 0.0) > best:
                best, self.best_epoch = dev["f1"] or 0.0, epoch
                self.best_theta, self.best_phi = snapshot(self.learner.theta), snapshot(self.learner.phi)
        self.chosen_by = "dev" if self.best_epoch else "none"
        if not self.best_epoch:
            log.warning(
                "%s: dev F1 is %s in every epoch and cannot choose one; the last epoch counts.",
                *(self.spec.cell.path, "not defined" if dev["f1"] is None else 0),
            )
            self.best_epoch, self.best_theta, self.best_phi = epoch, self.learner.theta, self.learner.phi

    def evaluate(self, theta: Parameters, data: Encoded) -> Scores:
        """Return the scores of parameters on a data set."""
        labels = self.spec.labels
        predicted = predict(self.learner.network, labels, theta, data)
        return find_task(self.spec.cell.task).score(labels, gold_labels(labels, data), predicted)

    def _epoch(self) -> dict[str, Any]:
        """Take one epoch's steps; return the mean of each quantity they report."""
        reports: list[Losses] = []
        for number in range(1, self.feed.steps_per_epoch + 1):
            reports.append(self.feed.step(self._rates()))
            self.steps += 1
            if number % CHECK_EVERY == 0 or number == self.feed.steps_per_epoch:
                self._check_finite(reports[-CHECK_EVERY:])
        means = {name: torch.stack([report[name] for report in reports]).mean().item() for name in reports[0]}
        return {"steps": self.steps, **means}

    def _rates(self) -> Rates:
        """Return the rates of the next step; eta is theta's scheduled rate or a constant."""
        training, factor = self.spec.training, self._schedule(self.steps)
        theta, inner = training.learning_rate * factor, self.spec.switches.inner_rate
        return Rates(theta, training.meta_learning_rate * factor, theta if inner == "scheduled" else inner)

    def _schedule(self, step: int) -> float:
        """Return the factor of both rates at `step` (from 0): linear warm-up, then linear decay to 0."""
        total = self.feed.steps_per_epoch * self.feed.epochs
        warmup = int(self.spec.training.warmup * total)
        return step / warmup if step < warmup else (total - step) / max(1, total - warmup)

    def _check_finite(self, reports: list[Losses]) -> None:
        """Raise for the first of the last steps whose report is not finite; one look at the device if all are."""
        if torch.isfinite(torch.stack([value for report in reports for value in report.values()])).all():
            return
        for step, report in enumerate(reports, self.steps - len(reports) + 1):
            bad = [name for name, value in report.items() if not torch.isfinite(value)]
            if bad:
                raise TrainingError(self._divergence(bad, step))

    def _divergence(self, bad: list[str], step: int) -> str:
        """Return what to say of quantities that are not finite; at the first step no rate has changed a weight yet."""
        cell, rate = self.spec.cell, self.spec.training.learning_rate * self._schedule(step - 1)
        advice = f"Lower {cell.task}.training.learning_rate or clip_norm."
        if step == 1 and set(bad) <= OF_LOOK_AHEAD:
            advice = f"Lower method.inner_rate; where it is scheduled, {cell.task}.training.learning_rate."
        elif step == 1:
            advice = (
                f"No rate had changed a weight by then: look at the weights of encoder {cell.encoder!r} for NaN, Inf "
                "or huge numbers, or use another checkpoint of it."
            )
        return (
            f"{cell.path}: {', '.join(bad)} not finite at step {step}, learning rate {rate:.2e}, encoder "
            f"{cell.encoder!r}. Nothing was written. {advice}"
        )

    def _rtn_facts(self) -> dict[str, Any]:
        """Return how far phi has travelled, how open its gates are and, for several layers, their weights."""
        learner, source = self.learner, self.data.source
        if learner.rtn is None or source is None:
            return {}
        travel = sum(
            float((learner.phi[name].detach() - first).square().sum()) for name, first in self.first_phi.items()
        )
        network, vector = learner.network.evaluating(), learner.theta.vector
        sample = make_batch([(source, np.arange(min(GATE_SAMPLE, len(source))))], vector.device, vector.dtype)
        with torch.inference_mode():
            facts = learner.rtn.facts(learner.phi, lambda layer: network.states(learner.theta, sample, layer))
        return {"phi_travel": travel**0.5, **facts}


def snapshot(parameters: Parameters) -> Parameters:
    """Return a detached copy of parameters."""
    return {name: value.detach().clone() for name, value in parameters.items()}
