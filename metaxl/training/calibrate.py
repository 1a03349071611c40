"""How fast this machine trains: the package's own steps, timed on a small encoder of random weights."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from statistics import median

import numpy as np
import torch

from metaxl.data.encode import Encoded
from metaxl.encoder.batch import Batch, make_batch
from metaxl.encoder.network import Parameters
from metaxl.encoder.packed import PackedNetwork
from metaxl.encoder.shape import LAYER_PARTS, NORM, POSITIONS, TOKEN_TYPES, WORDS, Shape, layer_names
from metaxl.experiment.settings import Switches
from metaxl.method.adam import Adam
from metaxl.method.flat import Flat
from metaxl.method.learner import Learner, Rates
from metaxl.method.plain import plain_step
from metaxl.method.rtn import RTN
from metaxl.method.steps import metaxl_step

CLASSES = 7
ROWS = 2000  # of the word embedding; a cell's data use some thousand
RATES = Rates(theta=3e-5, phi=1e-6, eta=3e-5)
LEAST = 2  # steps that are timed, however long they take


@dataclass(frozen=True, slots=True)
class Sizes:
    """What the time of a step depends on.

    Attributes:
        layers: blocks of the encoder.
        hidden: its width.
        intermediate: the inner width of each block.
        heads: attention heads.
        batch: examples of a batch.
        length: subwords of an example.
        bottleneck: the inner width of the RTN.
    """

    layers: int
    hidden: int
    intermediate: int
    heads: int
    batch: int
    length: int
    bottleneck: int


def time_step(sizes: Sizes, looks_ahead: bool, switches: Switches, device: torch.device, budget: float) -> float:
    """Return the median seconds of a step: of MetaXL with an RTN after the last layer, or of joint training.

    Steps are taken for `budget` seconds, but never fewer than LEAST; one before them is not timed. On a CPU these are
    the seconds of one core, as a cell has one, which other work on the machine hardly changes. Numbers that are drawn
    elsewhere in the process stay as they are.
    """
    clock = time.perf_counter if device.type == "cuda" else time.process_time
    with torch.random.fork_rng(devices=[device] if device.type == "cuda" else []), _one_thread():
        torch.manual_seed(0)
        learner = _learner(sizes, switches, device)
        source, descend, judge = (_batch(sizes.length, n, device) for n in _counts(sizes.batch))

        def step() -> float:
            began = clock()
            if looks_ahead:
                losses = metaxl_step(learner, RATES, source, descend, judge)
            else:
                losses = plain_step(learner, RATES, _batch(sizes.length, 2 * sizes.batch, device))
            next(iter(losses.values())).item()  # waits for the device
            return clock() - began

        step()
        taken: list[float] = []
        while len(taken) < LEAST or sum(taken) < budget:
            taken.append(step())
    return median(taken)


def random_theta(shape: Shape, wide: int, rows: int, device: torch.device, classes: int = CLASSES) -> Parameters:
    """Return parameters with the scale of a fresh encoder of `rows` words and inner width `wide`, and of a head."""
    hidden = shape.hidden
    matrices = {
        "attention.self.qkv": (3 * hidden, hidden),
        "attention.output.dense": (hidden, hidden),
        "intermediate.dense": (wide, hidden),
        "output.dense": (hidden, wide),
    }

    def draw(*size: int) -> torch.Tensor:
        return torch.randn(size, device=device) * shape.initializer_range

    positions = shape.max_length + shape.first_position
    theta = {WORDS: draw(rows, hidden), POSITIONS: draw(positions, hidden), TOKEN_TYPES: draw(1, hidden)}
    theta |= {f"{NORM}.weight": torch.ones(hidden, device=device), f"{NORM}.bias": torch.zeros(hidden, device=device)}
    for number in range(shape.layers):
        names = layer_names(number)
        for part, weight, bias in zip(LAYER_PARTS, names[::2], names[1::2], strict=True):
            size = matrices.get(part)
            theta[weight] = draw(*size) if size else torch.ones(hidden, device=device)
            theta[bias] = torch.zeros(size[0] if size else hidden, device=device)
    return theta | {"head.out.weight": draw(classes, hidden), "head.out.bias": torch.zeros(classes, device=device)}


@contextmanager
def _one_thread() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def _counts(batch: int) -> tuple[int, int, int]:
    """Return how many sentences are of the source, of the target half that is descended and of the one that judges."""
    return batch, max(1, batch // 2), max(1, batch - batch // 2)


def _learner(sizes: Sizes, switches: Switches, device: torch.device) -> Learner:
    shape = Shape("xlm-roberta", sizes.layers, sizes.hidden, sizes.heads, 512, 2, "gelu", 1e-5, 0.1, 0.1, 0.02)
    theta = Flat.of(random_theta(shape, sizes.intermediate, ROWS, device))
    rtn = RTN((sizes.layers,), switches)
    phi = rtn.initialise(sizes.hidden, sizes.bottleneck, torch.Generator().manual_seed(0))
    phi = {name: value.to(device).requires_grad_() for name, value in phi.items()}
    optimizers = Adam([theta.vector], 5e-4), Adam(phi.values(), 5e-4)
    return Learner(
        network=PackedNetwork(shape, "token"),
        theta=theta,
        theta_optimizer=optimizers[0],
        clip_norm=10.0,
        switches=switches,
        rtn=rtn,
        phi=phi,
        phi_optimizer=optimizers[1],
    )


def _batch(length: int, count: int, device: torch.device) -> Batch:
    """Return a batch of examples of one length; every second inner token has a label."""
    random = np.random.default_rng(count)
    places = np.arange(1, max(2, length - 1), 2)
    labels = np.tile(places % CLASSES, count)
    bounds = np.arange(count + 1)
    encoded = Encoded(
        ids=random.integers(4, ROWS, length * count),
        starts=bounds * length,
        labelled=np.tile(places, count),
        labels=labels,
        words=np.tile(np.arange(len(places)), count),
        label_starts=bounds * len(places),
        gold=labels,
        word_starts=bounds * len(places),
        names=np.array([str(number) for number in range(count)]),
        texts=np.zeros(0, np.uint8),
    )
    return make_batch([(encoded, np.arange(count))], device, torch.float32)
