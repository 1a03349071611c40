"""The training loop: schedule, steps, history, dev selection and the guard against losses that are not finite."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

import torch

from metaxl.data.encode import Encoded
from metaxl.encoder.network import Parameters
from metaxl.errors import TrainingError
from metaxl.experiment.settings import STILL_FALLING
from metaxl.experiment.spec import CellSpec
from metaxl.method.learner import Learner, Losses, Rates
from metaxl.tasks import Scores, find_task
from metaxl.training.data import CellData
from metaxl.training.evaluate import gold_labels, mean_loss, predict_with_loss
from metaxl.training.feed import make_feed
from metaxl.training.monitor import last_fall, phi_facts

log = logging.getLogger(__name__)
CHECK_EVERY = 50  # steps between two looks at the losses; a look waits for the device
OF_LOOK_AHEAD = {"meta_loss", "hypergradient_norm"}  # what a step reports of theta', which has felt the inner rate
JUDGED = 250  # target sentences, trained on, whose loss is taken after each epoch
Row = dict[str, Any]


class Run:
    """The training of one cell: its state from step to step, and the best epoch so far."""

    def __init__(self, spec: CellSpec, learner: Learner, data: CellData) -> None:
        """Prepare the feed; nothing is trained yet."""
        self.spec = spec
        self.learner = learner
        self.data = data
        self.feed = make_feed(spec, learner, data)
        self.steps = 0
        self.reports: list[Losses] = []  # of the steps of the epoch that is going on
        self.history: list[Row] = []
        self.first_phi = snapshot(learner.phi)
        self.best = 0.0  # dev F1
        self.best_epoch = 0  # until dev has a score above 0
        self.best_theta: Parameters = {}
        self.best_phi: Parameters = {}

    def train(self, tell: Callable[[Row], None] = lambda _row: None, pause: Callable[[], None] = lambda: None) -> None:
        """Run the epochs that are left; remember the parameters of the first epoch with the best dev F1.

        A dev set that holds no entity, or of which no epoch finds any, cannot choose: then the last epoch counts.

        Args:
            tell: gets each epoch's row of the history as soon as it is known.
            pause: is called between two steps.

        Raises:
            TrainingError: a loss is not finite.
        """
        for epoch in range(len(self.history) + 1, self.feed.epochs + 1):
            means = self._epoch(pause)
            dev, unseen = self.evaluate(self.data.dev)
            self.history.append({"epoch": epoch, **means, **self._facts(dev, unseen)})
            tell(self.history[-1])
            if (dev["f1"] or 0.0) > self.best:
                self.best, self.best_epoch = dev["f1"] or 0.0, epoch
                self.best_theta, self.best_phi = snapshot(self.learner.theta), snapshot(self.learner.phi)
            pause()
        self.chosen_by = "dev" if self.best_epoch else "none"
        if not self.best_epoch:
            log.warning(
                "%s: dev F1 is %s in every epoch and cannot choose one; the last epoch counts.",
                *(self.spec.cell.path, "not defined" if self.history[-1]["dev_f1"] is None else 0),
            )
            self.best_epoch = len(self.history)
            self.best_theta, self.best_phi = self.learner.theta, self.learner.phi
        self._say_if_under_trained()

    def evaluate(self, data: Encoded) -> tuple[Scores, float | None]:
        """Return the scores of theta on a data set, and its mean loss."""
        labels, learner = self.spec.labels, self.learner
        predicted, loss = predict_with_loss(learner.network, labels, learner.theta, data)
        return find_task(self.spec.cell.task).score(labels, gold_labels(labels, data), predicted), loss

    @property
    def last_fall(self) -> float | None:
        """Return the share of the fall of the training loss that the last epoch brought; see `last_fall`."""
        return last_fall([training_loss(row) for row in self.history])

    def _facts(self, dev: Scores, unseen: float | None) -> Row:
        """Return what is known after an epoch besides the means of its steps.

        `target_loss_seen` is of target sentences that are trained on, `target_loss_unseen` of dev, both without
        dropout: where the former is near 0, they cannot judge a source any more.
        """
        seen = mean_loss(self.learner.network, self.learner.theta, self.data.train, JUDGED)
        facts: Row = {f"dev_{name}": value for name, value in dev.items()}
        losses = {"target_loss_seen": seen, "target_loss_unseen": unseen}
        return facts | losses | phi_facts(self.learner, self.data.source, self.first_phi)

    def _say_if_under_trained(self) -> None:
        fall = self.last_fall
        if fall is not None and fall > STILL_FALLING:
            log.info(
                "%s: under-trained? The last of %d epochs brought %.0f %% of the whole fall of the training loss; more "
                "epochs, or %s.training.min_steps, may help.",
                *(self.spec.cell.path, len(self.history), 100 * fall, self.spec.cell.task),
            )

    def _epoch(self, pause: Callable[[], None]) -> dict[str, Any]:
        """Take the steps that are left of an epoch; return the mean of each quantity that its steps reported."""
        while (number := len(self.reports)) < self.feed.steps_per_epoch:
            self.reports.append(self.feed.step(self._rates()))
            self.steps, number = self.steps + 1, number + 1
            if number % CHECK_EVERY == 0 or number == self.feed.steps_per_epoch:
                self._check_finite(self.reports[-CHECK_EVERY:])
            if number < self.feed.steps_per_epoch:
                pause()
        reports, self.reports = self.reports, []
        means = {name: torch.stack([report[name] for report in reports]).mean().item() for name in sorted(reports[0])}
        return {"steps": self.steps, **means}

    def _rates(self) -> Rates:
        """Return the rates of the next step; eta is theta's scheduled rate or a constant."""
        training, factor = self.spec.training, self._schedule(self.steps)
        theta, inner = training.learning_rate * factor, self.spec.switches.inner_rate
        return Rates(theta, training.meta_learning_rate * factor, theta if inner == "scheduled" else inner)

    def _schedule(self, step: int) -> float:
        """Return the factor of both rates at `step` (from 0): linear warm-up, then linear decay to 0."""
        total = self.feed.scheduled
        warmup = int(self.spec.training.warmup * total)
        return step / warmup if step < warmup else max(0.0, total - step) / max(1, total - warmup)

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
        _, _, variant = cell.method.partition(".")
        place = f"variants.{variant}.training" if variant else f"{cell.task}.training"
        advice = f"Lower {place}.learning_rate or clip_norm."
        if step == 1 and set(bad) <= OF_LOOK_AHEAD:
            advice = f"Lower method.inner_rate; where it is scheduled, {place}.learning_rate."
        elif step == 1:
            advice = (
                f"No rate had changed a weight by then: look at the weights of encoder {cell.encoder!r} for NaN, Inf "
                "or huge numbers, or use another checkpoint of it."
            )
        return (
            f"{cell.path}: {', '.join(bad)} not finite at step {step}, learning rate {rate:.2e}, encoder "
            f"{cell.encoder!r}. There is no score. {advice}"
        )


def training_loss(row: Row) -> float:
    """Return the mean training loss of an epoch: that of the steps, or the sum of its parts where they report parts."""
    return float(row["loss"] if "loss" in row else row["source_loss"] + row.get("target_loss", 0.0))


def snapshot(parameters: Parameters) -> Parameters:
    """Return a detached copy of parameters."""
    return {name: value.detach().clone() for name, value in parameters.items()}
