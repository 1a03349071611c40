"""What the steps are timed against is the official algorithm: its gradient of phi is right, its cost as described."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from transformers.models.xlm_roberta import XLMRobertaConfig

from benchmarks.flops import count
from benchmarks.official import CLASSES, Official, PaddedBatch
from benchmarks.workload import StepInput, Theirs

CPU = torch.device("cpu")


def batch(sentences, seed):
    random = np.random.default_rng(seed)
    ids = random.integers(4, 50, (sentences, 6))
    return PaddedBatch(*map(torch.from_numpy, (ids, np.ones_like(ids), random.integers(0, CLASSES, ids.shape))))


@pytest.mark.parametrize("placement", [(0,), (2,), (0, 2)], ids=str)
def test_the_gradient_of_phi_equals_central_differences_of_the_meta_loss(placement):
    torch.manual_seed(0)
    sizes = {"hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 32}
    quiet = {"hidden_dropout_prob": 0.0, "attention_probs_dropout_prob": 0.0, "initializer_range": 0.4}
    official = Official(XLMRobertaConfig(vocab_size=50, **sizes, **quiet), 8, CPU)
    for part in (official.encoder, official.classifier):
        part.double()
    metaxl = official.metaxl(placement)
    metaxl.eta = 0.05
    metaxl.rtns.double()
    metaxl.alpha = torch.zeros(len(placement), dtype=torch.float64, requires_grad=True)
    source, target, meta = (batch(count, seed) for seed, count in enumerate((4, 2, 2)))
    metaxl.hypergradient(source, target, meta)
    phi = [*metaxl.rtns.parameters(), *([metaxl.alpha] if len(placement) > 1 else [])]
    gradients = [value.grad.clone() for value in phi]
    directions = [torch.randn_like(value) for value in phi]

    def meta_loss(shift):
        with torch.no_grad():
            for value, direction in zip(phi, directions, strict=True):
                value += shift * direction
        ahead = torch.autograd.grad(metaxl.train_loss(source, target), official.theta)
        with torch.no_grad():
            for value, direction in zip(phi, directions, strict=True):
                value -= shift * direction
            for value, gradient in zip(official.theta, ahead, strict=True):
                value -= metaxl.eta * gradient
            loss = official.loss(official.states(meta)[-1], meta).item()
            for value, gradient in zip(official.theta, ahead, strict=True):
                value += metaxl.eta * gradient
        return loss

    slope = sum(float((g * d).sum()) for g, d in zip(gradients, directions, strict=True))
    assert slope == pytest.approx((meta_loss(1e-6) - meta_loss(-1e-6)) / 2e-6, rel=1e-4)


@pytest.mark.slow
@pytest.mark.parametrize(("method", "passes"), [("metaxl-L12", 19.5), ("metaxl-L6", 20.5), ("metaxl-L0", 21.5)])
def test_the_step_costs_what_the_official_code_costs(method, passes):
    """In forward passes of the padded source batch; of 128 tokens each, so that none is padded."""
    shapes = Theirs("small", torch.device("meta"))
    given = StepInput.draw("128", seed=0)
    with torch.no_grad():
        forward = count(shapes.official.states, given.source.padded(torch.device("meta")))
    assert count(shapes.step(method), given) / forward == pytest.approx(passes, rel=0.03)
