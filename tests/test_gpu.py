"""On a GPU the step is the CPU's and never waits for the device; skipped where there is no GPU."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from conftest import LAYERS, encoded
from test_steps import DEFAULT

from metaxl import rtn
from metaxl.adam import Adam
from metaxl.batches import make_batch
from metaxl.checkpoint import initialise_head, load_parameters
from metaxl.encoder import Shape
from metaxl.flat import Flat
from metaxl.loop import tf32
from metaxl.model import Model
from metaxl.steps import Learner, metaxl_step

pytestmark = pytest.mark.skipif(not torch.cuda.is_available(), reason="needs an NVIDIA GPU")
PLACEMENTS = [(0,), (1,), (LAYERS,), (0, LAYERS)]
RATE = 1e-3


def learner_on(device, folder, placement, dtype=torch.float32, precision="float32"):
    shape = Shape.load(folder)
    generator = torch.Generator().manual_seed(1)
    theta, pooler = load_parameters(folder, shape, np.arange(65))
    theta |= initialise_head("ner", shape, pooler, generator)
    phi = rtn.initialise(placement, shape.hidden, 8, DEFAULT, generator)
    flat = Flat.of({name: value.to(device, dtype) for name, value in theta.items()})
    phi = {name: value.to(device, dtype).requires_grad_() for name, value in phi.items()}
    optimizers = Adam([flat.vector], 0.0), Adam(phi.values(), 0.0)
    for optimizer in optimizers:
        optimizer.rate = RATE
    model = Model(shape, "ner", placement, replace(DEFAULT, inner_rate=RATE), precision)
    return Learner(model, flat, phi, *optimizers, 10.0, flat.empty_like(), flat.empty_like())


def take_step(learner, folder, device, dtype=torch.float32):
    source, target, judge = (
        (data, np.arange(len(data)))
        for data in (encoded(folder, "ner", count, seed) for count, seed in ((6, 1), (3, 2), (4, 3)))
    )
    batch = make_batch([source] * learner.model.source_parts() + [target], device, dtype)
    meta = make_batch([judge], device, dtype)
    return lambda: metaxl_step(learner, batch, meta)


@pytest.mark.parametrize("placement", PLACEMENTS, ids=str)
def test_the_step_is_the_cpus(encoders, placement):
    after = []
    for name in ("cpu", "cuda"):
        device = torch.device(name)
        learner = learner_on(device, encoders["xlm-roberta"], placement, torch.float64)
        take_step(learner, encoders["xlm-roberta"], device, torch.float64)()
        after.append([learner.gradients.vector.cpu(), *(value.detach().cpu() for value in learner.phi.values())])
    for cpu, cuda in zip(*after, strict=True):
        torch.testing.assert_close(cuda, cpu, rtol=1e-8, atol=1e-10)


@pytest.mark.parametrize("precision", ["float32", "tf32", "bf16"])
@pytest.mark.parametrize("placement", PLACEMENTS, ids=str)
def test_no_step_waits_for_the_device(encoders, placement, precision):
    device = torch.device("cuda")
    learner = learner_on(device, encoders["xlm-roberta"], placement, precision=precision)
    step = take_step(learner, encoders["xlm-roberta"], device)
    step()
    torch.cuda.set_sync_debug_mode("error")
    try:
        with tf32(precision == "tf32"):
            report = step()
    finally:
        torch.cuda.set_sync_debug_mode("default")
    assert all(torch.isfinite(value) for value in report.values())
