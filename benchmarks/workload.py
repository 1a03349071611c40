"""The benchmark's models and batches: random weights, and sentences as long as real ones."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np
import torch
from transformers.models.xlm_roberta import XLMRobertaConfig

from benchmarks.official import CLASSES, Official, PaddedBatch
from metaxl.data.encode import Encoded
from metaxl.encoder.batch import Batch, make_batch
from metaxl.encoder.packed import PackedNetwork
from metaxl.encoder.shape import Shape
from metaxl.experiment.config import default_switches
from metaxl.method.adam import Adam
from metaxl.method.flat import Flat
from metaxl.method.learner import Learner, Rates
from metaxl.method.plain import plain_step
from metaxl.method.rtn import RTN
from metaxl.method.steps import metaxl_step
from metaxl.training.calibrate import random_theta

VOCABULARY = 250_002
# Distinct XLM-R subwords of 5,000 English PAN-X sentences and 300 target sentences, rounded up.
USED_ROWS = 12_000
BATCH = 10
BOTTLENECK = 384
RATES = Rates(theta=3e-5, phi=1e-6, eta=3e-5)
METHODS: dict[str, tuple[int, ...] | None] = {
    "target": None,
    "joint": None,
    "metaxl-L12": (12,),
    "metaxl-L6": (6,),
    "metaxl-L0": (0,),
    "metaxl-L0-12": (0, 12),
}
GEOMETRIES = {"base": (768, 3072), "small": (384, 1536)}
LENGTHS = ("panx", "128")
# At the larger geometry, batches of 128 tokens take the official-style step 18 GiB.
SETTINGS = (("base", "panx"), ("small", "panx"), ("small", "128"))


@dataclass(frozen=True)
class Sentences:
    """Token ids of some sentences; every second inner token has a label.

    Attributes:
        ids: one array a sentence.
    """

    ids: list[np.ndarray]

    def encoded(self) -> Encoded:
        """Return them as the package has them."""
        labelled = [np.arange(1, len(row) - 1, 2) for row in self.ids]
        ends = np.cumsum([0, *map(len, labelled)])
        labels = np.concatenate(labelled) % CLASSES
        return Encoded(
            ids=np.concatenate(self.ids),
            starts=np.cumsum([0, *map(len, self.ids)]),
            labelled=np.concatenate(labelled),
            labels=labels,
            words=np.concatenate([np.arange(len(row)) for row in labelled]),
            label_starts=ends,
            gold=labels,
            word_starts=ends,
            names=np.array([str(number) for number in range(len(self.ids))]),
            texts=np.zeros(0, np.uint8),
        )

    def padded(self, device: torch.device) -> PaddedBatch:
        """Return them as the official code has them."""
        shape = (len(self.ids), max(map(len, self.ids)))
        ids, mask, labels = np.ones(shape, np.int64), np.zeros(shape, np.int64), np.full(shape, -100)
        for number, row in enumerate(self.ids):
            ids[number, : len(row)], mask[number, : len(row)] = row, 1
            places = np.arange(1, len(row) - 1, 2)
            labels[number, places] = places % CLASSES
        return PaddedBatch(*(torch.from_numpy(array).to(device) for array in (ids, mask, labels)))


def draw(lengths: str, count: int, random: np.random.Generator) -> Sentences:
    """Return `count` sentences of 128 tokens, or of lengths like English PAN-X: half of them between 9 and 16."""
    sizes = np.full(count, 128)
    if lengths == "panx":
        sizes = np.clip(np.exp(random.normal(np.log(12), 0.45, count)), 5, 128).astype(int)
    return Sentences([random.integers(4, USED_ROWS, size) for size in sizes])


@dataclass(frozen=True)
class StepInput:
    """What one step takes: source, the target half of theta's loss, and the half that judges."""

    source: Sentences
    descend: Sentences
    judge: Sentences

    @classmethod
    def draw(cls, lengths: str, seed: int) -> StepInput:
        """Return a batch of source and one of target sentences."""
        random = np.random.default_rng(seed)
        return cls(*(draw(lengths, count, random) for count in (BATCH, BATCH // 2, BATCH // 2)))

    @property
    def target(self) -> Sentences:
        """Return the whole target batch."""
        return Sentences(self.descend.ids + self.judge.ids)


Step = Callable[[StepInput], object]


class Implementation(Protocol):
    """Steps of one geometry, each of which updates the same encoder."""

    def __init__(self, geometry: str, device: torch.device) -> None:
        """Draw random weights."""

    def step(self, method: str) -> Step:
        """Return a method's step."""


class Ours:
    """The package's steps."""

    switches = default_switches()

    def __init__(self, geometry: str, device: torch.device) -> None:
        """Draw random weights for the vocabulary of the data."""
        hidden, wide = GEOMETRIES[geometry]
        shape = Shape("xlm-roberta", 12, hidden, 12, 512, 2, "gelu", 1e-5, 0.1, 0.1, 0.02)
        theta = Flat.of(random_theta(shape, wide, USED_ROWS, device, CLASSES))
        self.device = device
        # One learner for all methods: they share theta and its room for gradients and look-ahead.
        self.learner = Learner(
            PackedNetwork(shape, "token"),
            theta,
            Adam([theta.vector], 5e-4),
            10.0,
            self.switches,
            None,
            {},
            Adam([], 0.0),
        )

    def step(self, method: str) -> Step:
        """Return a method's step, which packs its batches itself."""
        rtn = RTN(METHODS[method] or (), self.switches)
        phi = rtn.initialise(self.learner.network.hidden, BOTTLENECK, torch.Generator())
        phi = {name: value.to(self.device).requires_grad_() for name, value in phi.items()}
        optimizer, learner = Adam(phi.values(), 5e-4), self.learner

        def pack(*parts: Sentences) -> Batch:
            return make_batch([(s.encoded(), np.arange(len(s.ids))) for s in parts], self.device, torch.float32)

        if method == "target":
            return lambda given: plain_step(learner, RATES, pack(given.target))
        if method == "joint":
            return lambda given: plain_step(learner, RATES, pack(given.source, given.target))

        def metaxl(given: StepInput) -> object:
            learner.rtn, learner.phi, learner.phi_optimizer = rtn, phi, optimizer
            return metaxl_step(learner, RATES, pack(given.source), pack(given.descend), pack(given.judge))

        return metaxl


class OursInOfficialOrder(Ours):
    """The same in the official order of updates, to tell what Algorithm 1's order alone brings."""

    switches = replace(default_switches(), update_order="official")


class Theirs:
    """The official-style steps."""

    rows = VOCABULARY

    def __init__(self, geometry: str, device: torch.device) -> None:
        """Draw random weights for the whole vocabulary."""
        hidden, wide = GEOMETRIES[geometry]
        config = XLMRobertaConfig(
            vocab_size=self.rows,
            hidden_size=hidden,
            num_hidden_layers=12,
            num_attention_heads=12,
            intermediate_size=wide,
            max_position_embeddings=514,
            type_vocab_size=1,
            layer_norm_eps=1e-5,
        )
        self.device = device
        self.official = Official(config, BOTTLENECK, device)

    def step(self, method: str) -> Step:
        """Return a method's step; its batches are padded, as a data loader would have them."""
        if method == "target":
            return lambda given: self.official.target_step(given.target.padded(self.device))
        if method == "joint":
            return lambda given: self.official.joint_step(
                given.source.padded(self.device), given.target.padded(self.device)
            )
        step = self.official.metaxl(METHODS[method] or ()).step
        return lambda given: step(
            given.source.padded(self.device), given.descend.padded(self.device), given.judge.padded(self.device)
        )


class TheirsRestricted(Theirs):
    """The same for the vocabulary of the data, to tell what that alone brings."""

    rows = USED_ROWS


IMPLEMENTATIONS: dict[str, type[Implementation]] = {
    "official": Theirs,
    "official-restricted": TheirsRestricted,
    "ours-official-order": OursInOfficialOrder,
    "ours": Ours,
}
