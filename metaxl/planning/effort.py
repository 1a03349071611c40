"""What training a cell takes: steps, operations, seconds and memory, foretold from its settings and its data.

The operations are those of docs/method.md, section 5; what they take was measured (benchmarks/, and cells of the demo).
A scheduler ends a job that asked for too little, and one that asked for too much waits: requests are the foretold
values with a margin, and the next attempt asks for more.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Literal

from metaxl.errors import DataError, EncoderError
from metaxl.experiment.cell import Cell
from metaxl.experiment.settings import Placement, Switches, Training
from metaxl.experiment.slug import parse_slug
from metaxl.methods import Method
from metaxl.planning.extent import Extent, extents_of
from metaxl.planning.geometry import XLMR_BASE, Geometry, geometry_of
from metaxl.planning.plan import Plan

Device = Literal["auto", "cpu", "gpu"]
SOURCE, TARGET, HALVES, JUDGE = "source", "target", ("half", "other half"), "other half"


@dataclass(frozen=True, slots=True)
class Rates:
    """What a kind of device was measured to take.

    Attributes:
        flops: operations a second within a step.
        step: seconds of a step besides, for what is not a product of matrices.
        look_ahead: the same of a step that differentiates a gradient.
        margin: what the time that is asked for is multiplied by.
    """

    flops: float
    step: float
    look_ahead: float
    margin: float


# One core of a 2.6 GHz server made 50 to 70 GFLOP a second (benchmarks/results); older ones have half its vector width.
# A GPU's products stand for a fifth of what one made for training does in float32. To launch the many kernels of a step
# was measured beside an H100, 0.035 and 0.16 s (benchmarks/README.md); other hosts are slower.
RATES: dict[Device, Rates] = {
    "cpu": Rates(flops=45e9, step=0.02, look_ahead=0.02, margin=2.5),
    "gpu": Rates(flops=3e12, step=0.05, look_ahead=0.2, margin=2.0),
}
RATES["auto"] = RATES["cpu"]
START = 30.0  # seconds until the first step: libraries from a shared disk, and the encoder's weights
LEAST_MINUTES = 10
PROCESS = 0.6e9  # bytes of Python with its libraries
DRIVER = 4e9  # bytes of host memory that a GPU's driver and libraries take
PARAMETER = 20  # bytes of a parameter: itself, its gradient, Adam's two moments (16 in all), and the best epoch's copy
TRAINED_ROWS = 60_000  # the most words of the vocabulary that a cell's data have; the others are only read
# Of one token in one block, for the way back: numbers a unit of width, and numbers a head and token of its sentence.
KEPT_OF_WIDTH, KEPT_OF_HEAD = 32, 3.2
PADDED = 1.5  # what plain autograd over padded batches takes more of than the packed path
MARGIN_OF_MEMORY = 1.15


@dataclass(frozen=True, slots=True)
class Effort:
    """What training one cell takes.

    Attributes:
        steps: of training.
        flops: floating-point operations of matrix products, evaluation included.
        seconds: expected, on the kind of device that was asked about.
        looks_ahead: whether a step differentiates a gradient.
        memory: the most bytes of the job's host memory.
        margin: of the time asked for over the time expected.
    """

    steps: int
    flops: float
    seconds: float
    looks_ahead: bool
    memory: float
    margin: float

    def runtime(self, attempt: int = 1) -> int:
        """Return the minutes to ask a scheduler for."""
        return attempt * max(LEAST_MINUTES, math.ceil(self.margin * self.seconds / 60))

    def mem_mb(self, attempt: int = 1) -> int:
        """Return the megabytes to ask a scheduler for."""
        return attempt * 100 * math.ceil(MARGIN_OF_MEMORY * self.memory / 1e8)


@dataclass(frozen=True, slots=True)
class Work:
    """All that a cell's effort depends on; `data` has the roles train, dev, test and, where there is one, source."""

    geometry: Geometry
    method: Method
    placement: Placement
    training: Training
    switches: Switches
    data: dict[str, Extent]
    matched_size: int = 0

    def steps(self) -> tuple[int, int]:
        """Return the steps of an epoch and the epochs, as training counts them."""
        passed, epochs = self.matched_size, self.training.epochs
        if SOURCE in self.data:
            passed = self.data[SOURCE].examples
        elif not passed:
            passed, epochs = self.data["train"].examples, self.training.target_epochs
        steps = max(1, math.ceil(passed / self.training.batch_size))
        return steps, max(epochs, math.ceil(self.training.min_steps / steps))

    def above(self) -> list[float]:
        """Return, for each pass of the source, the share of blocks above the RTN that it goes through."""
        layers = self.geometry.layers
        shares = [max(0.0, 1 - layer / layers) for layer in self.placement]
        return shares[:1] if self.switches.layer_composition == "nested" else shares

    def looks_ahead(self) -> bool:
        """Tell whether a step judges theta after it by another batch, which differentiates the gradient."""
        return JUDGE in self.method.takes

    def parts(self) -> list[list[tuple[Extent, float]]]:
        """Return, for each batch of a step, whose examples it holds, and how much of a full batch of them."""
        half = 1.0 if self.switches.target_split == "shared" else 0.5
        share = {SOURCE: float(max(1, len(self.above()))), TARGET: 1.0, **dict.fromkeys(HALVES, half)}
        whose = {SOURCE: self.data.get(SOURCE, self.data["train"])}
        names = [batch.split("+") for batch in self.method.takes]
        return [[(whose.get(name, self.data["train"]), share[name]) for name in batch] for batch in names]


def effort_of(plan: Plan, cell: Cell, device: Device | None = None) -> Effort:
    """Return what training a cell takes on a device, by default the configuration's; "auto" counts as a CPU.

    Raises:
        ConfigError: the cell's path names what does not fit.
        DataError: its encoder's config.json is no JSON.
        EncoderError: its encoder's folder has no encoder's config.json.
    """
    return _effort_with(geometry_of(plan.encoders, cell.encoder), plan, cell, device)


def request_of(plan: Plan, cell: Cell) -> Effort:
    """Return what a scheduler is asked for to train a cell: as foretold, but for an encoder with a damaged config.json.

    That counts as one that has not come. Its cells fail, and say why; a job without an answer would end the whole run.

    Raises:
        ConfigError: the cell's path names what does not fit.
    """
    try:
        geometry = geometry_of(plan.encoders, cell.encoder)
    except (DataError, EncoderError):
        geometry = XLMR_BASE
    return _effort_with(geometry, plan, cell, None)


def _effort_with(geometry: Geometry, plan: Plan, cell: Cell, device: Device | None) -> Effort:
    method, placement, variant = parse_slug(cell.method)
    config = plan.config.varied(variant)
    task = config.task(cell.task)
    work = Work(
        geometry=geometry,
        method=method,
        placement=placement,
        training=task.training,
        switches=config.method,
        data=extents_of(plan, cell),
        matched_size=task.source_size if "source_size" in method.reads else 0,
    )
    return effort(work, device or config.device)


def request_of_best(plan: Plan, task: str, target: str) -> Effort:
    """Return what training a target's best cell again takes at most; which one it is shows when all are trained.

    Raises:
        ConfigError: no table shows the target.
    """
    efforts = [request_of(plan, cell) for cell in plan.models.cells(task, target)]
    return replace(max(efforts, key=lambda found: found.seconds), memory=max(found.memory for found in efforts))


def effort(work: Work, device: Device = "auto") -> Effort:
    """Return what a training takes on one core or one GPU."""
    rates, slower = RATES[device], PADDED if work.geometry.padded else 1.0
    steps = math.prod(work.steps())
    training, evaluating = slower * steps * step_flops(work), slower * evaluation_flops(work)
    besides = rates.look_ahead if work.looks_ahead() else rates.step
    seconds = START + steps * besides + (training + evaluating) / rates.flops
    return Effort(steps, training + evaluating, seconds, work.looks_ahead(), _memory(work, device), rates.margin)


def forward_flops(geometry: Geometry, tokens: float, length: float) -> float:
    """Return the operations of a forward pass over `tokens` tokens in examples of a mean length."""
    return tokens * geometry.layers * (2 * geometry.block_weights + 4 * length * geometry.hidden)


def step_flops(work: Work) -> float:
    """Return the operations of one step.

    A batch costs 3 F: forward, back to the inputs, and the weights' gradients. A look-ahead adds 2 (1 - u) + 4 u for
    each pass of the source; the official order computes theta's gradient a second time.
    """
    costs = [3 * sum(share * _forward(work, data) for data, share in batch) for batch in work.parts()]
    total = sum(costs)
    if work.looks_ahead():
        total += sum(2 * (1 - u) + 4 * u for u in work.above()) * _forward(work, work.data[SOURCE])
        total += sum(costs[:-1]) if work.switches.update_order == "official" else 0
    return total


def _forward(work: Work, data: Extent) -> float:
    """Return the operations of a forward pass over one batch of these examples."""
    count = min(work.training.batch_size, data.examples)
    length = data.longest if work.geometry.padded else data.mean
    return forward_flops(work.geometry, count * length, length)


def evaluation_flops(work: Work) -> float:
    """Return the operations of scoring dev after each epoch, and dev and test for the best and the last one."""
    _, epochs = work.steps()
    passes = {"dev": epochs + 2, "test": 2}
    return sum(
        times * forward_flops(work.geometry, work.data[role].examples * work.data[role].mean, work.data[role].mean)
        for role, times in passes.items()
    )


def _memory(work: Work, device: Device) -> float:
    """Return the most bytes of host memory; of a GPU's job the host keeps copies of the parameters alone."""
    geometry = work.geometry
    unused = max(0, geometry.vocabulary - TRAINED_ROWS) * geometry.hidden
    parameters = PARAMETER * (geometry.parameters - unused) + 4 * unused
    return PROCESS + parameters + (DRIVER if device == "gpu" else graph_memory(work))


def graph_memory(work: Work) -> float:
    """Return the bytes of the largest graphs that a step keeps, for batches of the longest examples.

    A look-ahead keeps the graph of the source's backward pass beside that of its forward pass: measured, 2.45 times the
    latter for an RTN after the last layer, 3.05 times for L0, and 4.8 times for both.
    """
    if work.looks_ahead():
        return (0.7 + sum(1.75 + 0.6 * u for u in work.above())) * _graph(work, work.data[SOURCE])
    return sum(share * _graph(work, data) for batch in work.parts() for data, share in batch)


def _graph(work: Work, data: Extent) -> float:
    """Return the bytes that a forward pass of one batch of the longest examples keeps for the way back."""
    geometry = work.geometry
    tokens = data.batch(work.training.batch_size, geometry.padded)
    kept = KEPT_OF_WIDTH * geometry.hidden + KEPT_OF_HEAD * geometry.heads * data.longest
    return (PADDED if geometry.padded else 1.0) * 4 * tokens * geometry.layers * kept
