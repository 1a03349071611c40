"""Which sentences each method's step takes: an endless stream of steps for the training loop."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from metaxl.batches import Batch, Sampler, make_batch
from metaxl.cell import MethodSlug
from metaxl.encode import Encoded, Integers
from metaxl.encoder import WORDS
from metaxl.errors import DataError
from metaxl.files import sha256_text
from metaxl.settings import Method
from metaxl.spec import CellData, CellSpec
from metaxl.steps import Learner, Report, joint_rtn_step, metaxl_step, plain_step

Step = Callable[[], Report]
Part = tuple[Encoded, Integers]


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
        step = _plain(learner, ((data.train, chosen) for chosen in targets))
        if not spec.matched_size:
            return Feed(step, target.batches_per_pass(), spec.training.target_epochs)
        # The matched control takes the steps that a source set of `matched_size` would give.
        matched = _sampler(spec, "matched", np.arange(spec.matched_size), size)
        return Feed(step, matched.batches_per_pass(), spec.training.epochs)
    source = _sampler(spec, "source", np.arange(len(data.source)), size)
    sources = ((data.source, chosen) for chosen in source)
    if kind == "joint":
        step = _plain(learner, sources, ((data.train, chosen) for chosen in targets))
    elif kind == "joint-rtn":
        step = _joint_rtn(learner, data.train, sources, targets)
    else:
        step = _metaxl(learner, data.train, sources, _halves(spec, learner.model.method, len(data.train), targets))
    return Feed(step, source.batches_per_pass(), spec.training.epochs)


def _plain(learner: Learner, *streams: Iterator[Part]) -> Step:
    def step() -> Report:
        return plain_step(learner, _batch(learner, *map(next, streams)))

    return step


def _joint_rtn(learner: Learner, train: Encoded, sources: Iterator[Part], targets: Iterator[Integers]) -> Step:
    def step() -> Report:
        parts = [next(sources)] * learner.model.source_parts()
        return joint_rtn_step(learner, _batch(learner, *parts, (train, next(targets))))

    return step


def _metaxl(
    learner: Learner, train: Encoded, sources: Iterator[Part], halves: Iterator[tuple[Integers, Integers]]
) -> Step:
    def step() -> Report:
        descend, judge = next(halves)
        parts = [next(sources)] * learner.model.source_parts()
        if learner.model.method.theta_loss == "source+target":
            parts.append((train, descend))
        return metaxl_step(learner, _batch(learner, *parts), _batch(learner, (train, judge)))

    return step


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


def _batch(learner: Learner, *parts: Part) -> Batch:
    words = learner.theta[WORDS]
    return make_batch(list(parts), words.device, words.dtype)
