"""The three update rules. `metaxl_step` is Algorithm 1 of the paper."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.utils import get_total_norm

from metaxl.encoder.batch import Batch
from metaxl.encoder.shape import Parameters
from metaxl.method.adam import Adam
from metaxl.method.flat import Flat
from metaxl.method.model import Model
from metaxl.method.passes import Pass


@dataclass(frozen=True, slots=True)
class Learner:
    """What a step reads and updates: theta (encoder and head), phi (RTN) and their optimisers.

    `gradients` and `ahead` are room for theta's gradients and for the look-ahead theta', the same in every step;
    `ahead` is None where phi does not learn from a look-ahead.
    """

    model: Model
    theta: Flat
    phi: Parameters
    theta_optimizer: Adam
    phi_optimizer: Adam | None
    clip_norm: float
    gradients: Flat
    ahead: Flat | None

    @property
    def inner_rate(self) -> float:
        """Return eta, the rate of the virtual inner step: the scheduled learning rate or a constant."""
        rate = self.model.method.inner_rate
        return self.theta_optimizer.rate if rate == "scheduled" else rate


Report = dict[str, Tensor]


@torch.no_grad()
def plain_step(learner: Learner, batch: Batch) -> Report:
    """Descend the mean loss of a batch's parts: target-only training, or joint training of source and target."""
    work = Pass(learner.model, learner.theta, {}, batch, share=1 / len(batch.weights))
    work.backward(learner.gradients)
    norm = _update_theta(learner)
    return {"loss": work.target_loss() * work.share, "gradient_norm": norm}


@torch.no_grad()
def joint_rtn_step(learner: Learner, batch: Batch) -> Report:
    """Joint training with the source passing through the RTN, which descends the same loss (no meta-learning)."""
    work = Pass(learner.model, learner.theta, learner.phi, batch, share=1 / 2)
    work.backward(learner.gradients)
    norm = _update_theta(learner)
    _update_phi(learner, work.phi_gradients())
    source_loss = work.source_loss()
    return {
        "loss": (source_loss + work.target_loss()) / 2,
        "source_loss": source_loss,
        "gradient_norm": norm,
    }


@torch.no_grad()
def metaxl_step(learner: Learner, batch: Batch, meta: Batch) -> Report:
    """Take one step of Algorithm 1 with exact second-order gradients.

    Args:
        learner: updated in place.
        batch: source sentences, which pass through the RTN, and the target sentences that join theta's loss.
        meta: target sentences that judge the look-ahead theta'.
    """
    model, theta, phi, ahead = learner.model, learner.theta, learner.phi, learner.ahead
    eta = learner.inner_rate

    # Gradient of theta.
    work = Pass(model, theta, phi, batch, second=ahead is not None)
    work.backward(learner.gradients)
    report = {"source_loss": work.source_loss()}
    if model.method.theta_loss == "source+target":
        report["target_loss"] = work.target_loss()

    if ahead is not None:
        # Look ahead: theta' = theta - eta * gradient. The meta-loss's gradient there, v, takes its place, or stays in
        # factors.
        torch.sub(theta.vector, learner.gradients.vector, alpha=eta, out=ahead.vector)
        judged = Pass(model, ahead, {}, meta, moved_rows=work.source_tokens)
        judged.backward(ahead)
        report["meta_loss"] = judged.target_loss()

        # d meta-loss / d phi = -eta * d <gradient(phi), v> / d phi.
        hypergradient = {name: -eta * value for name, value in work.hypergradient(judged).items()}
        report["hypergradient_norm"] = get_total_norm(hypergradient.values())
        _update_phi(learner, hypergradient)

    if ahead is not None and model.method.update_order == "official":
        # The official code lets theta see the new phi, at the price of a second forward and backward pass.
        del work, judged
        Pass(model, theta, phi, batch).backward(learner.gradients)
    report["gradient_norm"] = _update_theta(learner)
    return report


def _update_theta(learner: Learner) -> Tensor:
    """Step theta against its gradients, scaled down to the clip norm where they exceed it; return their norm."""
    norm = get_total_norm(learner.gradients.values())
    divisor = torch.clamp((norm + 1e-6) / learner.clip_norm, min=1.0)
    learner.theta_optimizer.step([learner.gradients.vector], divisor)
    return norm


def _update_phi(learner: Learner, gradients: Parameters) -> None:
    if learner.phi_optimizer is not None:
        learner.phi_optimizer.step(list(gradients.values()))
