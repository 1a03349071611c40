"""What a step costs, counted at XLM-R base's geometry on tensors without data: nothing is computed and thrown away.

The unit F is the forward pass of a step's source sentences; the target half that joins theta's loss and the half
that judges have half of it each.
"""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np
import pytest
import torch
from counted_by_kind import count
from switches import DEFAULT

from benchmarks import flops
from benchmarks.workload import Sentences, random_theta
from metaxl.encoder.batch import make_batch
from metaxl.encoder.packed import PackedNetwork
from metaxl.encoder.shape import Shape
from metaxl.method import tape
from metaxl.method.flat import Flat
from metaxl.method.learner import Learner, Rates
from metaxl.method.plain import plain_step
from metaxl.method.rtn import RTN
from metaxl.method.steps import frozen_step, metaxl_step

META = torch.device("meta")
BASE = Shape("xlm-roberta", 12, 768, 12, 512, 2, "gelu", 1e-5, 0.1, 0.1, 0.02)
RATES = Rates(1e-3, 1e-3, 1e-3)
ROWS = 1000


class NoDescent:
    """An optimiser that costs nothing: the element-wise work of a step is not counted here."""

    def __init__(self, parameters):
        self.parameters = parameters

    def step(self, rate, gradients, divisor=None):
        """Do nothing."""


def theta(shape=BASE):
    return Flat.of(random_theta(shape, 4 * shape.hidden, ROWS, META))


def learner_of(placement, shape=BASE):
    rtn = RTN(placement, DEFAULT)
    phi = rtn.initialise(shape.hidden, 384, torch.Generator())
    phi = {name: value.to(META).requires_grad_() for name, value in phi.items()}
    network, own = PackedNetwork(shape, "token"), theta(shape)
    still = NoDescent([own.vector])
    return Learner(network, own, still, 10.0, DEFAULT, rtn if placement else None, phi, still)


def part(number, length):
    sentences = Sentences([np.arange(length) % ROWS] * number)
    return sentences.encoded(), np.arange(number)


def pack(number, length):
    return make_batch([part(number, length)], META, torch.float32)


@cache
def forward(length):
    with torch.no_grad():
        return count(PackedNetwork(BASE, "token").scores, theta(), pack(10, length))


def metaxl(placement, length, **switches):
    learner = learner_of(placement)
    learner.switches = replace(learner.switches, **switches)
    return count(metaxl_step, learner, RATES, pack(10, length), pack(5, length), pack(5, length))


@cache
def usual(placement, length):
    """Return the cost of a step as it is by itself, which several tests need."""
    return metaxl(placement, length)


def test_an_operation_of_a_kind_costs_what_the_first_of_it_does():
    """Of a network of two layers: each operation counted by itself, the first of each kind, and none any more."""
    learner, batches = learner_of((0, 2), replace(BASE, layers=2)), (pack(10, 7), pack(5, 7), pack(5, 7))
    each, first, none = (one(metaxl_step, learner, RATES, *batches) for one in (flops.count, count, count))
    assert each == first == none > 0


@pytest.mark.parametrize(
    ("length", "bounds"), [(12, (6.65, 7.2, 7.75, 11.9)), (24, (6.75, 7.35, 8, 12.2)), (128, (7.65, 8.7, 9.75, 14.85))]
)
def test_an_exact_metaxl_step_costs_less_than_the_formula_says(length, bounds):
    """Factors of the gradient along which theta moves save up to 1.5 + u of 6 + 4 u + 2 (1 - u), u as below."""
    for placement, bound in zip([(12,), (6,), (0,), (0, 12)], bounds, strict=True):
        cost = usual(placement, length) / forward(length)
        assert bound - 0.1 < cost < bound


@pytest.mark.parametrize(("length", "bounds"), [(12, (0.25, 0.35, 0.45)), (128, (2, 2.5, 3))])
def test_the_objective_cosine_costs_one_more_inner_product_of_gradients(length, bounds):
    """That of the source's with itself, of twice as many tokens as the judging half has; no pass."""
    for placement, bound in zip([(12,), (6,), (0,)], bounds, strict=True):
        more = metaxl(placement, length, meta_objective="cosine") - usual(placement, length)
        assert bound - 0.1 < more / forward(length) < bound


@pytest.mark.parametrize(("placement", "formula"), [((12,), 8), ((6,), 9), ((0,), 10), ((0, 12), 15)], ids=str)
def test_with_matrices_the_formula_holds(monkeypatch, placement, formula):
    """6 + 4 u + 2 (1 - u) for the share u of layers above the RTN; the source counts once for each RTN."""
    monkeypatch.setattr(tape, "factors_cost_less", lambda *_: False)
    assert metaxl(placement, 24) / forward(24) == pytest.approx(formula, rel=0.005)


def test_joint_training_costs_six_forward_passes():
    batch = make_batch([part(10, 24), part(10, 24)], META, torch.float32)
    assert count(plain_step, learner_of(()), RATES, batch) / forward(24) == pytest.approx(6, rel=0.03)


def test_a_frozen_rtn_costs_no_look_ahead():
    cost = count(frozen_step, learner_of((12,)), RATES, pack(10, 24), pack(5, 24))
    assert cost / forward(24) == pytest.approx(4.5, rel=0.03)
