"""What is written down of an epoch: losses on sentences that are and are not trained on, and what moves phi."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from metaxl.data.encode import Encoded
from metaxl.encoder.batch import make_batch
from metaxl.encoder.network import Parameters
from metaxl.method.learner import Learner

SAMPLE = 32  # source sentences over which what an RTN does is averaged


def phi_facts(learner: Learner, source: Encoded | None, first: Parameters) -> dict[str, Any]:
    """Return what has become of phi since it was drawn, and what the RTNs do to source sentences.

    * `phi_norm`, `phi_travel`: |phi| and |phi - phi0|;
    * `phi_decay_norm`: |decay * phi|, the decay's term beside `hypergradient_norm`, the mean norm of the epoch's
      hypergradients;
    * `phi_towards_zero`: the cosine of phi's travel with -phi0, near 1 where phi does nothing but shrink;
    * of each RTN, `rtn_change_L<n>`: the mean of |RTN(h) - h| / |h| over tokens, `gate_mean_L<n>`; and `alpha`, the
      weights of several.

    Args:
        learner: as it is now.
        source: source sentences; None for methods without any.
        first: phi0, phi as it was drawn.
    """
    if learner.rtn is None or source is None:
        return {}
    now, start = _vector(learner.phi), _vector(first)
    travel = now - start
    along = -float(travel @ start) / max(float(travel.norm() * start.norm()), torch.finfo(torch.float64).tiny)
    network, vector = learner.network.evaluating(), learner.theta.vector
    sample = make_batch([(source, np.arange(min(SAMPLE, len(source))))], vector.device, vector.dtype)
    with torch.inference_mode():
        facts = learner.rtn.facts(learner.phi, lambda layer: network.states(learner.theta, sample, layer))
    return {
        "phi_norm": float(now.norm()),
        "phi_travel": float(travel.norm()),
        "phi_decay_norm": learner.phi_optimizer.decay * float(now.norm()),
        "phi_towards_zero": along,
        **facts,
    }


def last_fall(losses: Sequence[float]) -> float | None:
    """Return the share of the whole fall of the training loss, epoch by epoch, that the last epoch brought.

    None where there are fewer than three epochs, or where the loss did not fall.
    """
    whole = losses[0] - losses[-1] if len(losses) > 2 else math.nan
    return (losses[-2] - losses[-1]) / whole if whole > 0 else None


def _vector(phi: Parameters) -> Tensor:
    return torch.cat([value.detach().double().flatten() for value in phi.values()])
