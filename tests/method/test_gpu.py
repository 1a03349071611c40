"""On a GPU the step is the CPU's and never waits for the device; skipped where there is no GPU."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from cells import METHODS, files_of, spec_of
from conftest import LAYERS, encoded
from switches import DEFAULT

from metaxl.encoder.batch import make_batch
from metaxl.encoder.packed import open_network
from metaxl.method.adam import Adam
from metaxl.method.flat import Flat
from metaxl.method.learner import Learner, Rates
from metaxl.method.rtn import RTN
from metaxl.method.steps import metaxl_step
from metaxl.tasks import NER
from metaxl.training.build import build_learner
from metaxl.training.data import CellData
from metaxl.training.feed import make_feed

pytestmark = pytest.mark.skipif(not torch.cuda.is_available(), reason="needs an NVIDIA GPU")
PLACEMENTS = [(0,), (1,), (LAYERS,), (0, LAYERS)]
RATES = Rates(1e-3, 1e-3, 1e-3)


def learner_on(device, folder, placement):
    generator = torch.Generator().manual_seed(1)
    network, theta = open_network(folder, NER, NER.label_set(NER.usual), np.arange(65), generator)
    rtn = RTN(placement, DEFAULT)
    phi = rtn.initialise(network.hidden, 8, generator)
    theta = Flat.of({name: value.to(device, torch.float64) for name, value in theta.items()})
    phi = {name: value.to(device, torch.float64).requires_grad_() for name, value in phi.items()}
    return Learner(network, theta, Adam([theta.vector], 0.0), 10.0, DEFAULT, rtn, phi, Adam(phi.values(), 0.0))


def take_step(learner, folder, device):
    parts = [encoded(folder, "ner", count, seed) for count, seed in ((6, 1), (3, 2), (4, 3))]
    batches = [make_batch([(data, np.arange(len(data)))], device, torch.float64) for data in parts]
    metaxl_step(learner, RATES, *batches)


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


@pytest.mark.parametrize("task", ["ner", "sentiment"])
@pytest.mark.parametrize("method", METHODS)
def test_no_step_waits_for_the_device(place, method, task):
    """From the making of its batch to the update."""
    spec = spec_of(method, task)
    data = CellData.load(files_of(place, spec))
    learner = build_learner(spec, place, data.rows, torch.device("cuda"))
    feed = make_feed(spec, learner, data)
    feed.step(RATES)
    torch.cuda.set_sync_debug_mode("error")
    try:
        losses = feed.step(RATES)
    finally:
        torch.cuda.set_sync_debug_mode("default")
    assert all(torch.isfinite(value) for value in losses.values())
