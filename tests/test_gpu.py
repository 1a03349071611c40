"""On a GPU the step is the CPU's and never waits for the device; skipped where there is no GPU."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from conftest import LAYERS, encoded
from test_steps import DEFAULT
from test_train import METHODS, files_of, place, spec_of  # noqa: F401 - a fixture

from metaxl.encoder.batch import make_batch
from metaxl.encoder.checkpoint import initialise_head, load_parameters
from metaxl.encoder.shape import Shape
from metaxl.method import rtn
from metaxl.method.adam import Adam
from metaxl.method.flat import Flat
from metaxl.method.model import Model
from metaxl.method.steps import Learner, metaxl_step
from metaxl.training.data import CellData
from metaxl.training.feed import make_feed
from metaxl.training.loop import tf32
from metaxl.training.train import build_learner

pytestmark = pytest.mark.skipif(not torch.cuda.is_available(), reason="needs an NVIDIA GPU")
PLACEMENTS = [(0,), (1,), (LAYERS,), (0, LAYERS)]
RATE = 1e-3


def learner_on(device, folder, placement):
    shape = Shape.load(folder)
    generator = torch.Generator().manual_seed(1)
    theta, pooler = load_parameters(folder, shape, np.arange(65))
    theta |= initialise_head("ner", shape, pooler, generator)
    phi = rtn.initialise(placement, shape.hidden, 8, DEFAULT, generator)
    flat = Flat.of({name: value.to(device, torch.float64) for name, value in theta.items()})
    phi = {name: value.to(device, torch.float64).requires_grad_() for name, value in phi.items()}
    optimizers = Adam([flat.vector], 0.0), Adam(phi.values(), 0.0)
    for optimizer in optimizers:
        optimizer.rate = RATE
    model = Model(shape, "ner", placement, replace(DEFAULT, inner_rate=RATE))
    return Learner(model, flat, phi, *optimizers, 10.0, flat.empty_like(), flat.empty_like())


def take_step(learner, folder, device):
    source, target, judge = (
        (data, np.arange(len(data)))
        for data in (encoded(folder, "ner", count, seed) for count, seed in ((6, 1), (3, 2), (4, 3)))
    )
    batch = make_batch([source] * learner.model.source_parts() + [target], device, torch.float64)
    metaxl_step(learner, batch, make_batch([judge], device, torch.float64))


@pytest.mark.usefixtures("direction")
@pytest.mark.parametrize("placement", PLACEMENTS, ids=str)
def test_the_step_is_the_cpus(encoders, placement):
    after = []
    for name in ("cpu", "cuda"):
        device = torch.device(name)
        learner = learner_on(device, encoders["xlm-roberta"], placement)
        take_step(learner, encoders["xlm-roberta"], device)
        after.append([learner.gradients.vector.cpu(), *(value.detach().cpu() for value in learner.phi.values())])
    for cpu, cuda in zip(*after, strict=True):
        torch.testing.assert_close(cuda, cpu, rtol=1e-8, atol=1e-10)


@pytest.mark.parametrize("precision", ["float32", "tf32", "bf16"])
@pytest.mark.parametrize("task", ["ner", "sentiment"])
@pytest.mark.parametrize("method", METHODS)
def test_no_step_waits_for_the_device(place, method, task, precision):  # noqa: F811 - a fixture
    """From the making of its batch to the update."""
    spec = spec_of(method, task, precision=precision)
    data = CellData.load(files_of(place, spec))
    learner = build_learner(spec, place, Shape.load(place), data.rows, torch.device("cuda"))
    feed = make_feed(spec, learner, data)
    feed.step()
    torch.cuda.set_sync_debug_mode("error")
    try:
        with tf32(precision == "tf32"):
            report = feed.step()
    finally:
        torch.cuda.set_sync_debug_mode("default")
    assert all(torch.isfinite(value) for value in report.values())
