"""Which sentences each step takes: an endless stream of steps for the training loop."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import count, islice

import numpy as np

from metaxl.data.encode import Integers
from metaxl.encoder.batch import Batch, Part, make_batch
from metaxl.errors import ConfigError, DataError
from metaxl.experiment.spec import CellSpec
from metaxl.files import sha256_text
from metaxl.method.learner import Learner, Losses, Rates
from metaxl.provenance import load
from metaxl.training.data import CellData

SOURCE, TARGET, HALF, OTHER_HALF = "source", "target", "half", "other half"
HALVES = (HALF, OTHER_HALF)
Step = Callable[[Rates], Losses]


@dataclass(frozen=True, slots=True)
class Feed:
    """The next step of a cell's method.

    Attributes:
        step: takes it.
        steps_per_epoch: how many make an epoch.
        epochs: how many epochs there are.
        scheduled: the steps after which the learning rate is 0; a fraction in the official schedule.
    """

    step: Step
    steps_per_epoch: int
    epochs: int
    scheduled: float


def make_feed(spec: CellSpec, learner: Learner, data: CellData, steps: int = 0) -> Feed:
    """Return the feed of a cell: an epoch is one pass over the source, or over the target where there is none.

    `steps` have been taken before: their sentences are passed over.

    Raises:
        ConfigError: the method takes sentences that there are none of.
        DataError: the method takes halves of target batches, and there is one target example.
    """
    _check(spec, data)
    update, vector = load(spec.recipe.step), learner.theta.vector
    stream = islice(sentences_of_steps(spec, data), steps, None)

    def make() -> list[Batch]:
        chosen = next(stream)
        parts = [[chosen[name] for name in batch.split("+")] for batch in spec.recipe.takes]
        return [make_batch(part, vector.device, vector.dtype) for part in parts]

    ready = make()

    def step(rates: Rates) -> Losses:
        nonlocal ready
        losses: Losses = update(learner, rates, *ready)
        # Made ahead, right after the update before has been launched, so that a GPU need not wait.
        ready = make()
        return losses

    return Feed(step, *_length(spec, data))


def _length(spec: CellSpec, data: CellData) -> tuple[int, int, float]:
    """Return the steps of an epoch, the number of epochs, and the steps of the schedule."""
    training, size = spec.training, spec.training.batch_size
    passed, epochs = spec.matched_size if data.source is None else len(data.source), training.epochs
    if not passed:
        passed, epochs = len(data.train), training.target_epochs
    steps = len(_bounds(passed, size)) + 1
    epochs = max(epochs, math.ceil(training.min_steps / steps))
    return steps, epochs, passed * epochs / size if spec.switches.schedule_length == "official" else steps * epochs


def _check(spec: CellSpec, data: CellData) -> None:
    known = [TARGET, *HALVES, *([] if data.source is None else [SOURCE])]
    taken = {name for batch in spec.recipe.takes for name in batch.split("+")}
    if unknown := sorted(taken - set(known)):
        raise ConfigError(
            f"{spec.cell.path}: its method takes {', '.join(map(repr, unknown))}, but there is only {', '.join(known)}."
        )
    if taken & set(HALVES) and len(data.train) < 2 and spec.switches.target_split != "shared":
        raise DataError(f"{spec.cell.path}: one target example cannot be split; give more or set target_split: shared.")


def sentences_of_steps(spec: CellSpec, data: CellData) -> Iterator[dict[str, Part]]:
    """Yield the sentences of each step by the role that they play.

    The half of the target batch joins theta's loss, and the other half judges. `target_split` is "halves" where each
    batch is cut in two, as the official code does; "disjoint" where an example never changes its role; "shared" where
    the whole batch plays both; "crossed" where an example changes its role from epoch to epoch.
    """
    size, split, seed = spec.training.batch_size, spec.switches.target_split, spec.cell.seed
    targets = draw_batches(seed, TARGET, np.arange(len(data.train)), size)
    sources = None if data.source is None else draw_batches(seed, SOURCE, np.arange(len(data.source)), size)
    roles = np.array_split(np.random.Generator(np.random.PCG64(seed)).permutation(len(data.train)), 2)
    apart = [draw_batches(seed, f"target-{i}", role, max(1, size // 2)) for i, role in enumerate(roles)]
    per_epoch, _, _ = _length(spec, data)
    for step, batch in zip(count(), targets, strict=False):
        halves = np.split(batch, [len(batch) // 2])
        if split == "shared":
            halves = [batch, batch]
        elif split in ("disjoint", "crossed"):
            halves = [next(role) for role in apart]
        if split == "crossed" and step // per_epoch % 2:
            halves.reverse()
        chosen = {name: (data.train, part) for name, part in zip((TARGET, *HALVES), (batch, *halves), strict=True)}
        yield chosen if sources is None or data.source is None else chosen | {SOURCE: (data.source, next(sources))}


def draw_batches(seed: int, stream: str, examples: Integers, size: int) -> Iterator[Integers]:
    """Yield batches of examples without end, in an order that depends on the seed and the stream's name alone.

    Each pass visits every example once, in a new order.
    """
    generator = np.random.Generator(np.random.PCG64(int(sha256_text(f"{seed}/{stream}")[:12], 16)))
    while True:
        yield from np.split(generator.permutation(examples), _bounds(len(examples), size))


def _bounds(count: int, size: int) -> list[int]:
    """Return where a pass over `count` examples is cut into batches.

    The last batch is short, as in the official code; a last batch of one is joined to the one before it, for it could
    not be halved.
    """
    bounds = list(range(size, count, size))
    return bounds[:-1] if bounds and count - bounds[-1] == 1 < size else bounds
