"""How fast a machine trains: known kinds, and this machine from steps that were timed on it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.optimize import nnls

from metaxl.errors import ConfigError
from metaxl.methods import METHODS
from metaxl.planning.effort import RATES, START, Device, Work, step_flops
from metaxl.planning.extent import Extent
from metaxl.planning.geometry import Geometry

HERE = "this-machine"
DEPTHS = (1, 2)  # layers of the encoders that are timed: what more layers take follows from the difference
JUDGED_BY = ("joint", "metaxl")  # the methods whose steps are timed


@dataclass(frozen=True, slots=True)
class Speed:
    """What a core or a GPU takes.

    Attributes:
        flops: operations a second within a step.
        step: seconds of a step besides.
        look_ahead: the same of a step that differentiates a gradient.
        start: seconds until the first step.
        factor: by which the time may be too long or too short.
        source: where these numbers are from.
    """

    flops: float
    step: float
    look_ahead: float
    start: float
    factor: float
    source: str

    def seconds(self, steps: int, flops: float, looks_ahead: bool) -> float:
        """Return what a training takes."""
        return self.start + steps * (self.look_ahead if looks_ahead else self.step) + flops / self.flops


def _rates(device: Device) -> tuple[float, float, float, float]:
    rates = RATES[device]
    return rates.flops, rates.step, rates.look_ahead, START


KINDS = {
    "cpu-core": Speed(
        *(*_rates("cpu"), 2.0),
        "one core of a 2.6 GHz server of 2023, measured; older ones have half its vector width",
    ),
    "gpu": Speed(
        *(*_rates("gpu"), 4.0),
        "a GPU of 15 TFLOP a second in float32, not measured: a fifth of that",
    ),
    "h100": Speed(
        *(13e12, 0.035, 0.16, START, 3.0),
        "an H100: a small encoder's step was measured, a product is a fifth of the 67 TFLOP a second in float32 of its "
        "data sheet",
    ),
}


@dataclass(frozen=True, slots=True)
class Sample:
    """A step to be timed.

    Attributes:
        sizes: of the encoder and the batch, as `metaxl.training.calibrate.Sizes` has them.
        looks_ahead: whether it is MetaXL's step; else joint training's.
        flops: its operations.
    """

    sizes: dict[str, int]
    looks_ahead: bool
    flops: float


def find_kind(name: str) -> Speed:
    """Return a known kind of core or GPU.

    Raises:
        ConfigError: there is no such kind.
    """
    if name not in KINDS:
        raise ConfigError(f"--on {name}: no such kind of machine; there are {HERE}, {', '.join(KINDS)}.")
    return KINDS[name]


def samples(work: Work) -> list[Sample]:
    """Return the steps by whose time a machine is known, of encoders as wide as that of `work` and batches like its."""
    geometry, batch = work.geometry, work.training.batch_size
    length = max(2, round(work.data["train"].mean))
    examples = Extent(10 * batch, float(length), length)
    found = []
    for layers in DEPTHS:
        narrow = Geometry(layers, geometry.hidden, geometry.intermediate, geometry.heads, geometry.vocabulary)
        sizes = {key: getattr(narrow, key) for key in ("layers", "hidden", "intermediate", "heads")}
        sizes |= {"batch": batch, "length": length, "bottleneck": work.training.bottleneck or geometry.hidden // 2}
        for name in JUDGED_BY:
            method, placement = METHODS[name], (layers,) if METHODS[name].has_layers else ()
            data = dict.fromkeys(("train", "dev", "test", "source"), examples)
            timed = Work(narrow, method, placement, work.training, work.switches, data)
            found.append(Sample(sizes, method.has_layers, step_flops(timed)))
    return found


def fit(timed: Sequence[tuple[Sample, float]], start: float, source: str) -> Speed:
    """Return the speed that fits the seconds of steps best, each by its own relative error.

    seconds = step or look_ahead + operations / speed, by least squares; nothing takes less than nothing.
    """
    operations, seconds = (np.array(values) for values in zip(*((s.flops, t) for s, t in timed), strict=True))
    ahead = np.array([sample.looks_ahead for sample, _ in timed])
    design = np.stack([~ahead, ahead, operations / operations.max()], axis=1) / seconds[:, None]
    (step, look_ahead, each), _ = nnls(design, np.ones(len(seconds)))
    each /= operations.max()
    if each == 0:  # noise alone
        step, look_ahead, each = 0.0, 0.0, (operations / seconds).sum() / ((operations / seconds) ** 2).sum()
    off = np.abs(np.log((np.where(ahead, look_ahead, step) + each * operations) / seconds)).max()
    return Speed(float(1 / each), float(step), float(look_ahead), start, 1.5 * float(np.exp(off)), source)
