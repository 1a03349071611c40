"""The training loop: schedule, steps, history, dev selection and the guard against losses that are not finite."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch

from metaxl.data.encode import Encoded
from metaxl.encoder.batch import make_batch
from metaxl.encoder.shape import WORDS, Parameters
from metaxl.errors import TrainingError
from metaxl.experiment.spec import CellSpec
from metaxl.method import rtn
from metaxl.method.steps import Learner, Report
from metaxl.tasks import Scores
from metaxl.training.data import CellData
from metaxl.training.evaluate import gold_labels, predict, score
from metaxl.training.feed import make_feed

CHECK_EVERY = 50  # steps between two looks at the losses; a look waits for the device
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
        self.best_epoch = 0
        self.best_theta: Parameters = {}
        self.best_phi: Parameters = {}

    def train(self) -> None:
        """Run all epochs; remember the parameters of the first epoch with the best dev F1.

        Raises:
            TrainingError: a loss is not finite.
        """
        best = -1.0
        for epoch in range(1, self.feed.epochs + 1):
            row = {"epoch": epoch, **self._epoch()}
            dev = self.evaluate(self.learner.theta, self.data.dev)
            self.history.append(row | {f"dev_{name}": value for name, value in dev.items()} | self._rtn_facts())
            if dev["f1"] > best:
                best, self.best_epoch = dev["f1"], epoch
                self.best_theta, self.best_phi = snapshot(self.learner.theta), snapshot(self.learner.phi)

    def evaluate(self, theta: Parameters, data: Encoded) -> Scores:
        """Return the scores of parameters on a data set."""
        task = self.spec.cell.task
        return score(task, gold_labels(task, data), predict(self.learner.model, theta, data))

    def _epoch(self) -> dict[str, Any]:
        """Take one epoch's steps; return the mean of each quantity they report."""
        reports: list[Report] = []
        for number in range(1, self.feed.steps_per_epoch + 1):
            self._set_rates()
            with tf32(self.learner.model.precision == "tf32"):
                reports.append(self.feed.step())
            self.steps += 1
            if number % CHECK_EVERY == 0 or number == self.feed.steps_per_epoch:
                self._check_finite(reports[-CHECK_EVERY:])
        means = {name: torch.stack([report[name] for report in reports]).mean().item() for name in reports[0]}
        return {"steps": self.steps, **means}

    def _set_rates(self) -> None:
        factor = self._schedule(self.steps)
        training = self.spec.training
        self.learner.theta_optimizer.rate = training.learning_rate * factor
        if self.learner.phi_optimizer is not None:
            self.learner.phi_optimizer.rate = training.meta_learning_rate * factor

    def _schedule(self, step: int) -> float:
        """Return the factor of both rates at `step` (from 0): linear warm-up, then linear decay to 0."""
        total = self.feed.steps_per_epoch * self.feed.epochs
        warmup = int(self.spec.training.warmup * total)
        return step / warmup if step < warmup else (total - step) / max(1, total - warmup)

    def _check_finite(self, reports: list[Report]) -> None:
        """Raise for the first of the last steps whose report is not finite; one look at the device if all are."""
        if torch.isfinite(torch.stack([value for report in reports for value in report.values()])).all():
            return
        for step, report in enumerate(reports, self.steps - len(reports) + 1):
            bad = [name for name, value in report.items() if not torch.isfinite(value)]
            if bad:
                rate = self.spec.training.learning_rate * self._schedule(step - 1)
                raise TrainingError(
                    f"{self.spec.cell.path}: {', '.join(bad)} not finite at step {step}, learning rate {rate:.2e}. "
                    f"Nothing was written. Lower {self.spec.cell.task}.training.learning_rate or clip_norm."
                )

    def _rtn_facts(self) -> dict[str, Any]:
        """Return how far phi has travelled, how open its gates are and, for several layers, their weights."""
        phi, source = self.learner.phi, self.data.source
        if not phi or source is None:
            return {}
        travel = sum(float((phi[name].detach() - first).square().sum()) for name, first in self.first_phi.items())
        facts: dict[str, Any] = {"phi_travel": travel**0.5}
        model, words = self.learner.model.evaluating(), self.learner.theta[WORDS]
        sample = make_batch([(source, np.arange(min(GATE_SAMPLE, len(source))))], words.device, words.dtype)
        with torch.inference_mode():
            # One nested pass gives a later RTN states that an earlier one has changed; only the first is seen plainly.
            plain = model.placement if model.method.layer_composition == "separate" else model.placement[:1]
            for layer in plain:
                states = model.states(self.learner.theta, {}, sample, layer)
                facts[f"gate_mean_L{layer}"] = rtn.gate_mean(phi, layer, states, model.method)
            if rtn.ALPHA in phi:
                facts["alpha"] = torch.softmax(phi[rtn.ALPHA], dim=0).tolist()
        return facts


@contextmanager
def tf32(allowed: bool) -> Iterator[None]:
    """Let a GPU round the factors of matrix products to TF32 meanwhile, or not."""
    before = torch.backends.cuda.matmul.allow_tf32
    torch.backends.cuda.matmul.allow_tf32 = allowed
    try:
        yield
    finally:
        torch.backends.cuda.matmul.allow_tf32 = before


def snapshot(parameters: Parameters) -> Parameters:
    """Return a detached copy of parameters."""
    return {name: value.detach().clone() for name, value in parameters.items()}
