"""What a step costs, counted at XLM-R base's geometry on tensors without data: nothing is computed and thrown away.

The unit F is the forward pass of a step's source sentences; the target half that joins theta's loss and the half
that judges have half of it each.
"""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from test_steps import DEFAULT
from torch.utils.flop_counter import FlopCounterMode

from metaxl import rtn
from metaxl.batches import make_batch
from metaxl.checkpoint import initialise_head
from metaxl.encode import Encoded
from metaxl.encoder import LAYER_PARTS, NORM, POSITIONS, TOKEN_TYPES, WORDS, Shape, layer_names
from metaxl.model import Model
from metaxl.passes import Pass
from metaxl.steps import Learner, metaxl_step, plain_step

META = torch.device("meta")
BASE = Shape("xlm-roberta", 12, 768, 12, 512, "gelu", 1e-5, 0.1, 0.1, 0.02)
ROWS = 1000


def product_flops(_sum, left, right, **_):
    """Return the cost of a matrix product, or of a batch of them, from the shapes of its factors."""
    return 2 * math.prod(left) * right[-1]


# The counter knows these products by their other names only.
IN_PLACE = {torch.ops.aten.addmm_: product_flops, torch.ops.aten.baddbmm_: product_flops}


class NoDescent:
    """An optimiser that costs nothing: the element-wise work of a step is not counted here."""

    rate = 1e-3

    def step(self, gradients, divisor=None):
        """Do nothing."""


def meta_theta():
    """Return theta of XLM-R base with 1,000 words, without values."""
    hidden, wide = BASE.hidden, 4 * BASE.hidden
    sizes = {
        "attention.self.qkv": (3 * hidden, hidden),
        "attention.output.dense": (hidden, hidden),
        "intermediate.dense": (wide, hidden),
        "output.dense": (hidden, wide),
    }
    shapes = {WORDS: (ROWS, hidden), POSITIONS: (514, hidden), TOKEN_TYPES: (1, hidden)}
    shapes |= {f"{NORM}.weight": (hidden,), f"{NORM}.bias": (hidden,)}
    for number in range(BASE.layers):
        weights, biases = layer_names(number)[::2], layer_names(number)[1::2]
        for part, weight, bias in zip(LAYER_PARTS, weights, biases, strict=True):
            size = sizes.get(part, (hidden,))
            shapes |= {weight: size, bias: size[:1]}
    theta = {name: torch.empty(shape, device=META) for name, shape in shapes.items()}
    head = initialise_head("ner", BASE, {}, torch.Generator())
    return theta | {name: value.to(META) for name, value in head.items()}


def sentences(count, length):
    """Return `count` sentences of `length` tokens, every second of which has a label."""
    labelled = np.arange(1, length - 1, 2)
    flat = np.tile(labelled, count)
    ends = np.arange(count + 1)
    return Encoded(
        ids=np.arange(count * length) % ROWS,
        starts=ends * length,
        labelled=flat,
        labels=np.zeros_like(flat),
        words=np.tile(np.arange(len(labelled)), count),
        label_starts=ends * len(labelled),
        gold=np.zeros_like(flat),
        word_starts=ends * len(labelled),
        names=np.array([str(i) for i in range(count)]),
    )


def learner_of(placement, learns=True):
    phi = rtn.initialise(placement, BASE.hidden, 384, DEFAULT, torch.Generator())
    phi = {name: value.to(META).requires_grad_() for name, value in phi.items()}
    optimizer = NoDescent()
    return Learner(
        Model(BASE, "ner", placement, DEFAULT), meta_theta(), phi, optimizer, optimizer if learns else None, 10.0
    )


def part(count, length):
    return sentences(count, length), np.arange(count)


def flops(function, *arguments):
    with FlopCounterMode(display=False, custom_mapping=IN_PLACE) as counter:
        function(*arguments)
    return counter.get_total_flops()


def forward(length):
    batch = make_batch([part(10, length)], META, torch.float32)
    with torch.no_grad():
        return flops(Pass, Model(BASE, "ner", (), DEFAULT), meta_theta(), {}, batch)


def metaxl(placement, length, learns=True):
    copies = len(placement)
    batch = make_batch([part(10, length)] * copies + [part(5, length)], META, torch.float32)
    meta = make_batch([part(5, length)], META, torch.float32)
    return flops(metaxl_step, learner_of(placement, learns), batch, meta)


@pytest.mark.parametrize("length", [24, 128])
@pytest.mark.parametrize(("placement", "bound"), [((12,), 8.05), ((6,), 9.1), ((0,), 10.1), ((0, 12), 15.2)], ids=str)
def test_an_exact_metaxl_step_costs_what_the_formula_says(placement, bound, length):
    """6 + 4 u + 2 (1 - u) for the share u of layers above the RTN, where the source counts once for each RTN."""
    cost = metaxl(placement, length) / forward(length)
    assert bound - 0.2 < cost < bound


def test_joint_training_costs_six_forward_passes():
    batch = make_batch([part(10, 24), part(10, 24)], META, torch.float32)
    assert flops(plain_step, learner_of(()), batch) / forward(24) == pytest.approx(6, rel=0.03)


def test_a_frozen_rtn_costs_no_look_ahead():
    assert metaxl((12,), 24, learns=False) / forward(24) == pytest.approx(4.5, rel=0.03)
