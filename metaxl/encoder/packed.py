"""BERT, RoBERTa and XLM-R with a task head on packed tokens: only attention sees padding. The fast path.

The transformers modules give the same numbers (a test holds the two together). Here tokens are packed, any parameters
serve (theta or the look-ahead theta'), and there is room after every layer, where an RTN sits.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor

from metaxl.data.encode import Integers
from metaxl.encoder.batch import Batch
from metaxl.encoder.checkpoint import initialise_head, load_parameters, save_model
from metaxl.encoder.network import NOTHING, Between, Parameters, Recorder, unchanged
from metaxl.encoder.product import linear_map
from metaxl.encoder.shape import NORM, POSITIONS, TOKEN_TYPES, WORDS, Shape
from metaxl.tasks import LabelSet, Task

__all__ = ["PackedNetwork", "open_network", "save_model"]
ACTIVATIONS: dict[str, Callable[[Tensor], Tensor]] = {"gelu": F.gelu, "relu": F.relu}
TABLES = (WORDS, POSITIONS, TOKEN_TYPES)


def open_network(
    folder: Path, task: Task, labels: LabelSet, rows: Integers, generator: torch.Generator
) -> tuple[PackedNetwork, Parameters]:
    """Return the network of an encoder folder with a fresh head, and its parameters for the vocabulary `rows`.

    Raises:
        EncoderError: a file is missing, or its content is not what config.json promises.
    """
    shape = Shape.load(folder)
    theta, pooler = load_parameters(folder, shape, rows)
    return PackedNetwork(shape, task.head), theta | initialise_head(task, labels, shape, pooler, generator)


@dataclass(frozen=True, slots=True)
class PackedNetwork:
    """An encoder of the BERT family with a head on each labelled token, or on the first token of a sequence.

    The head's parameters are called `head.out.*` and, for sequences, `head.dense.*`, beside the encoder's.
    """

    shape: Shape
    head: Literal["token", "sequence"]
    training: bool = True

    @property
    def layers(self) -> int:
        """Return how many blocks it has."""
        return self.shape.layers

    @property
    def hidden(self) -> int:
        """Return the width of its states."""
        return self.shape.hidden

    @property
    def max_length(self) -> int:
        """Return how many tokens of a sentence have a position."""
        return self.shape.max_length

    def factored(self) -> frozenset[str]:
        """Return the names of all matrices: the weights of the linear maps, and the embedding's tables."""
        maps = [name for name in self.shape.parameter_names() if name.endswith("dense.weight") or "qkv.weight" in name]
        heads = ("head.out.weight", *(("head.dense.weight",) if self.head == "sequence" else ()))
        return frozenset((*TABLES, *maps, *heads))

    def of_head(self) -> frozenset[str]:
        """Return the names of the head's parameters."""
        dense = ("head.dense.weight", "head.dense.bias") if self.head == "sequence" else ()
        return frozenset(("head.out.weight", "head.out.bias", *dense))

    def evaluating(self) -> PackedNetwork:
        """Return the same network without dropout."""
        return replace(self, training=False)

    def scores(
        self, theta: Parameters, batch: Batch, record: Recorder = NOTHING, between: Between = unchanged
    ) -> Tensor:
        """Return (labels, classes): the scores of the labelled tokens."""
        forward = _Forward(self, theta, batch, record)
        return forward.classify(forward.states(self.layers, between))

    def states(self, theta: Parameters, batch: Batch, layer: int, between: Between = unchanged) -> Tensor:
        """Return (tokens, hidden) after `layer`; 0 is what enters the first block."""
        return _Forward(self, theta, batch, NOTHING).states(layer, between)


@dataclass(frozen=True, slots=True)
class _Forward:
    """One batch on its way through a network."""

    network: PackedNetwork
    theta: Parameters
    batch: Batch
    record: Recorder

    def states(self, last: int, between: Between) -> Tensor:
        """Return (tokens, hidden) after layer `last`."""
        hidden = between(0, self.embed())
        for number in range(last):
            hidden = between(number + 1, self.block(f"encoder.layer.{number}", hidden))
        return hidden

    def embed(self) -> Tensor:
        """Return the normalised sum of word, position and token-type vectors."""
        ids, first = self.batch.ids, self.network.shape.first_position
        rows = dict(zip(TABLES, (ids, self.batch.positions + first, torch.zeros_like(ids)), strict=True))
        total = self.theta[WORDS][ids] + self.theta[POSITIONS][rows[POSITIONS]] + self.theta[TOKEN_TYPES][0]
        return self.dropout(self.norm(NORM, self.record.lookup(rows, total)))

    def block(self, name: str, x: Tensor) -> Tensor:
        """Return the states after a post-norm transformer block: attention, then a widening network."""
        attended = self.dropout(self.linear(f"{name}.attention.output.dense", self.attention(name, x)))
        middle = self.norm(f"{name}.attention.output.LayerNorm", attended + x)
        wide = ACTIVATIONS[self.network.shape.activation](self.linear(f"{name}.intermediate.dense", middle))
        changed = self.dropout(self.linear(f"{name}.output.dense", wide))
        return self.norm(f"{name}.output.LayerNorm", changed + middle)

    def attention(self, name: str, x: Tensor) -> Tensor:
        """Return dropout(softmax(q k^T / sqrt(width))) v of each sentence and head, (tokens, hidden).

        Padding is zero on the grid: as keys it gets no probability, and as queries nobody collects it.
        """
        shape, (sentences, longest) = self.network.shape, self.batch.grid
        heads, width = shape.heads, shape.hidden // shape.heads
        packed = self.linear(f"{name}.attention.self.qkv", x)
        grid = packed.new_zeros(sentences * longest, 3 * shape.hidden).index_copy(0, self.batch.unpad, packed)
        split = grid.view(sentences, longest, 3, heads, width).permute(2, 0, 3, 1, 4)
        query, key, value = split.reshape(3, sentences * heads, longest, width)
        bias = self.batch.bias.repeat_interleave(heads, dim=0)
        weights = torch.softmax(torch.baddbmm(bias, query, key.mT, alpha=1 / math.sqrt(width)), dim=-1)
        context = self.dropout(weights, shape.attention_dropout) @ value
        joined = context.view(sentences, heads, longest, width).transpose(1, 2).reshape(sentences * longest, -1)
        collected: Tensor = joined.index_select(0, self.batch.unpad)
        return collected

    def classify(self, states: Tensor) -> Tensor:
        """Return (labels, classes); a sequence's first token passes a dense layer and tanh (the pooler) before."""
        chosen = states.index_select(0, self.batch.labelled)
        if self.network.head == "sequence":
            chosen = torch.tanh(self.linear("head.dense", chosen))
        return self.linear("head.out", self.dropout(chosen))

    def linear(self, name: str, x: Tensor) -> Tensor:
        y = linear_map(x, self.theta[f"{name}.weight"], self.theta[f"{name}.bias"])
        return self.record.linear(name, x, y)

    def norm(self, name: str, x: Tensor) -> Tensor:
        scale, shift = self.theta[f"{name}.weight"], self.theta[f"{name}.bias"]
        return F.layer_norm(x, x.shape[-1:], scale, shift, self.network.shape.norm_eps)

    def dropout(self, x: Tensor, rate: float | None = None) -> Tensor:
        rate = self.network.shape.hidden_dropout if rate is None else rate
        return F.dropout(x, rate) if self.network.training and rate else x
