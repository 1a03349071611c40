"""Which sentences each step takes: an endless stream of steps for the training loop."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from metaxl.data.encode import Encoded, Integers
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
    """The next step of a cell's method, how many of them make an epoch, and how many epochs there are."""

    step: Step
    steps_per_epoch: int
    epochs: int


def make_feed(spec: CellSpec, learner: Learner, data: CellData) -> Feed:
    """Return the feed of a cell: an epoch is one pass over the source, or over the target where there is none.

    Raises:
        ConfigError: the method takes sentences that there are none of.
        DataError: the method takes halves of target batches, and there is one target example.
    """
    step = _step(spec, learner, _parts(spec, data))
    size, training = spec.training.batch_size, spec.training
    if data.source is not None:
        return Feed(step, Sampler(np.arange(len(data.source)), size, 0).batches_per_pass(), training.epochs)
    if spec.matched_size:
        return Feed(step, Sampler(np.arange(spec.matched_size), size, 0).batches_per_pass(), training.epochs)
    return Feed(step, Sampler(np.arange(len(data.train)), size, 0).batches_per_pass(), training.target_epochs)


def _step(spec: CellSpec, learner: Learner, stream: Iterator[list[list[Part]]]) -> Step:
    """Return the step that updates with the stream's next batches.

    They are made ahead, right after the update before them has been launched, so that a GPU need not wait.
    """
    update, vector = load(spec.recipe.step), learner.theta.vector

    def make() -> list[Batch]:
        return [make_batch(parts, vector.device, vector.dtype) for parts in next(stream)]

    ready = make()

    def step(rates: Rates) -> Losses:
        nonlocal ready
        losses: Losses = update(learner, rates, *ready)
        ready = make()
        return losses

    return step


def _parts(spec: CellSpec, data: CellData) -> Iterator[list[list[Part]]]:
    """Yield what each batch of a step is made of."""
    batches = [batch.split("+") for batch in spec.recipe.takes]
    named = {name for names in batches for name in names}
    sets: dict[str, Encoded] = dict.fromkeys((TARGET, *HALVES), data.train)
    streams = _target_streams(spec, len(data.train), halved=bool(named & set(HALVES)))
    if data.source is not None:
        sets[SOURCE] = data.source
        streams = _zipped({SOURCE: _sampler(spec, SOURCE, np.arange(len(data.source)))}, streams)
    if unknown := sorted(named - set(sets)):
        raise ConfigError(
            f"{spec.cell.path}: its method takes {', '.join(map(repr, unknown))}, but there is only {', '.join(sets)}."
        )
    return ([[(sets[name], chosen[name]) for name in names] for names in batches] for chosen in streams)


Choice = dict[str, Integers]  # example numbers by the part that they play in a step


def _target_streams(spec: CellSpec, count: int, halved: bool) -> Iterator[Choice]:
    """Yield the target examples of each step: the batch, the half that joins theta's loss, and the half that judges.

    "halves" cuts each batch in two, as the official code does; "disjoint" never lets an example change its role;
    "shared" lets the whole batch play both.
    """
    split = spec.switches.target_split
    if halved and count < 2 and split != "shared":
        raise DataError(f"{spec.cell.path}: one target example cannot be split; give more or set target_split: shared.")
    whole = _sampler(spec, TARGET, np.arange(count))
    if split == "shared":
        return (dict.fromkeys((TARGET, *HALVES), batch) for batch in whole)
    if split == "halves" or not halved:
        cut = ((batch, len(batch) // 2) for batch in whole)
        return ({TARGET: batch, HALF: batch[:middle], OTHER_HALF: batch[middle:]} for batch, middle in cut)
    roles = np.array_split(np.random.Generator(np.random.PCG64(spec.cell.seed)).permutation(count), 2)
    half = max(1, spec.training.batch_size // 2)
    samplers = [_sampler(spec, f"target-{number}", role, half) for number, role in enumerate(roles)]
    return _zipped({TARGET: whole, **dict(zip(HALVES, samplers, strict=True))}, None)


def _zipped(samplers: dict[str, Sampler], others: Iterator[Choice] | None) -> Iterator[Choice]:
    """Yield the choices of several endless streams together."""
    for chosen in zip(*samplers.values(), strict=True):
        yield dict(zip(samplers, chosen, strict=True)) | (next(others) if others else {})


def _sampler(spec: CellSpec, stream: str, examples: Integers, size: int | None = None) -> Sampler:
    """Return a sampler whose order depends on the cell's seed and the stream's name alone."""
    seed = int(sha256_text(f"{spec.cell.seed}/{stream}")[:12], 16)
    return Sampler(examples, spec.training.batch_size if size is None else size, seed)


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
