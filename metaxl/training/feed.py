"""Which sentences each method's step takes: an endless stream of steps for the training loop."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from metaxl.data.encode import Encoded, Integers
from metaxl.encoder.batch import Batch, make_batch
from metaxl.encoder.shape import WORDS
from metaxl.errors import DataError
from metaxl.experiment.cell import MethodSlug
from metaxl.experiment.settings import Method
from metaxl.experiment.spec import CellSpec
from metaxl.files import sha256_text
from metaxl.method.model import Model
from metaxl.method.steps import Learner, Report, joint_rtn_step, metaxl_step, plain_step
from metaxl.training.data import CellData

Step = Callable[[], Report]
Parts = list[tuple[Encoded, Integers]]


@dataclass(frozen=True, slots=True)
class Feed:
    """The next step of a cell's method, how many of them make an epoch, and how many epochs there are."""

    step: Step
    steps_per_epoch: int
    epochs: int


def make_feed(spec: CellSpec, learner: Learner, data: CellData) -> Feed:
    """Return the feed of a cell: an epoch is one pass over the source, or over the target where there is none."""
    kind = MethodSlug.parse(spec.cell.method).kind
    size = spec.training.batch_size
    target = _sampler(spec, "target", np.arange(len(data.train)), size)
    targets = iter(target)
    if data.source is None:
        step = _step(learner, plain_step, ((_part(data.train, chosen),) for chosen in targets))
        if not spec.matched_size:
            return Feed(step, target.batches_per_pass(), spec.training.target_epochs)
        # The matched control takes the steps that a source set of `matched_size` would give.
        matched = _sampler(spec, "matched", np.arange(spec.matched_size), size)
        return Feed(step, matched.batches_per_pass(), spec.training.epochs)
    source = _sampler(spec, "source", np.arange(len(data.source)), size)
    sources = (_part(data.source, chosen) for chosen in source)
    if kind in ("joint", "joint-rtn"):
        copies = learner.model.source_parts() if kind == "joint-rtn" else 1
        update = joint_rtn_step if kind == "joint-rtn" else plain_step
        pairs = zip(sources, targets, strict=True)
        step = _step(learner, update, ((source * copies + _part(data.train, chosen),) for source, chosen in pairs))
    else:
        halves = _halves(spec, learner.model.method, len(data.train), targets)
        step = _step(learner, metaxl_step, _metaxl_parts(learner.model, data.train, sources, halves))
    return Feed(step, source.batches_per_pass(), spec.training.epochs)


def _step(learner: Learner, update: Callable[..., Report], stream: Iterator[tuple[Parts, ...]]) -> Step:
    """Return the step that updates with the stream's next batches.

    They are made ahead, right after the update before them has been launched, so that a GPU need not wait.
    """
    words = learner.theta[WORDS]

    def make() -> list[Batch]:
        return [make_batch(parts, words.device, words.dtype) for parts in next(stream)]

    ready = make()

    def step() -> Report:
        nonlocal ready
        report = update(learner, *ready)
        ready = make()
        return report

    return step


def _metaxl_parts(
    model: Model, train: Encoded, sources: Iterator[Parts], halves: Iterator[tuple[Integers, Integers]]
) -> Iterator[tuple[Parts, Parts]]:
    for source, (descend, judge) in zip(sources, halves, strict=True):
        joined = _part(train, descend) if model.method.theta_loss == "source+target" else []
        yield source * model.source_parts() + joined, _part(train, judge)


def _part(data: Encoded, chosen: Integers) -> Parts:
    return [(data, chosen)]


def _halves(
    spec: CellSpec, method: Method, count: int, batches: Iterator[Integers]
) -> Iterator[tuple[Integers, Integers]]:
    """Yield the target examples that join theta's loss, and those that judge the look-ahead.

    "halves" cuts each batch in two, as the official code does; "disjoint" never lets an example change its role;
    "shared" lets the whole batch play both.
    """
    split = method.target_split
    if count < 2 and split != "shared":
        raise DataError(f"{spec.cell.path}: one target example cannot be split; give more or set target_split: shared.")
    if split == "halves":
        return ((batch[: len(batch) // 2], batch[len(batch) // 2 :]) for batch in batches)
    if split == "shared":
        return ((batch, batch) for batch in batches)
    roles = np.array_split(np.random.Generator(np.random.PCG64(spec.cell.seed)).permutation(count), 2)
    half = max(1, spec.training.batch_size // 2)
    first, second = (_sampler(spec, f"target-{i}", role, half) for i, role in enumerate(roles))
    return zip(first, second, strict=True)


def _sampler(spec: CellSpec, stream: str, examples: Integers, size: int) -> Sampler:
    """Return a sampler whose order depends on the cell's seed and the stream's name alone."""
    return Sampler(examples, size, seed=int(sha256_text(f"{spec.cell.seed}/{stream}")[:12], 16))


class Sampler:
    """An endless stream of example numbers: each pass visits every example once, in a new order."""

    def __init__(self, examples: Integers, batch_size: int, seed: int) -> None:
        """Draw batches of `batch_size` from `examples`, reproducibly from `seed`.

        The last batch of a pass is short, as in the official code; a last batch of one is joined to the one
        before it, for it could not be halved.
        """
        self.examples = examples
        self.generator = np.random.Generator(np.random.PCG64(seed))
        self.bounds = list(range(batch_size, len(examples), batch_size))
        if self.bounds and len(examples) - self.bounds[-1] == 1 < batch_size:
            self.bounds.pop()

    def __iter__(self) -> Iterator[Integers]:
        """Yield (batch,) example numbers without end."""
        while True:
            yield from np.split(self.generator.permutation(self.examples), self.bounds)

    def batches_per_pass(self) -> int:
        """Return how many batches one pass over the examples gives."""
        return len(self.bounds) + 1
