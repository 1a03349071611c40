"""The parts of an encoder with a task: embedding, transformer layer, head and loss, each with its second derivative.

The transformers modules give the same numbers (a test holds them together); these parts compute on packed tokens,
take any parameters (theta or the look-ahead theta'), and leave room after every layer, where an RTN sits.
See `metaxl.operations` for the four methods and the names of what they pass.
"""

from __future__ import annotations

import torch
from torch import Tensor

from metaxl.attention import Attention, Places
from metaxl.batches import Batch
from metaxl.encoder import NORM, POSITION_OFFSET, POSITIONS, TOKEN_TYPES, WORDS, Parameters, Shape, layer_names
from metaxl.operations import (
    GELU,
    RELU,
    TANH,
    Activation,
    Dropout,
    Linear,
    Mode,
    Norm,
    Operation,
    aten,
    softmax_change,
)

FUNCTIONS = {"gelu": GELU, "relu": RELU}


class Embedding:
    """Layer 0: the normalised sum of word, position and token-type vectors."""

    def __init__(self, theta: Parameters, shape: Shape, batch: Batch, mode: Mode) -> None:
        """Embed the tokens of `batch`."""
        self.theta, self.ids = theta, batch.ids
        self.positions = batch.positions + POSITION_OFFSET[shape.family]
        self.norm = Norm(*_weight_and_bias(theta, NORM), shape.norm_eps)
        self.dropout = Dropout(shape.hidden_dropout, mode)

    def forward(self) -> Tensor:
        """Return (tokens, hidden)."""
        return self.dropout.forward(self.norm.forward(self._sum(self.theta, len(self.ids))))

    def backward(self, y_bar: Tensor) -> Parameters:
        """Return the gradients of the embedding's parameters."""
        sum_bar = self.norm.backward(self.dropout.again(y_bar))
        types = torch.zeros_like(self.theta[TOKEN_TYPES])
        types[0] = sum_bar.sum(0)
        norm_weight, norm_bias = self.norm.gradients
        return {
            WORDS: aten.embedding_dense_backward(sum_bar, self.ids, len(self.theta[WORDS]), -1, False),
            POSITIONS: aten.embedding_dense_backward(sum_bar, self.positions, len(self.theta[POSITIONS]), -1, False),
            TOKEN_TYPES: types,
            f"{NORM}.weight": norm_weight,
            f"{NORM}.bias": norm_bias,
        }

    def tangent(self, v: Parameters, tokens: int) -> Tensor:
        """Return y_dot of the first tokens."""
        self.norm.direction = _weight_and_bias(v, NORM)
        return self.dropout.again(self.norm.tangent(self._sum(v, tokens)))

    def _sum(self, theta: Parameters, tokens: int) -> Tensor:
        words = theta[WORDS].index_select(0, self.ids[:tokens])
        words += theta[POSITIONS].index_select(0, self.positions[:tokens])
        return words.add_(theta[TOKEN_TYPES][0])


class Layer:
    """A transformer layer (post-norm): attention, then a widening network, each with dropout and a residual."""

    def __init__(self, theta: Parameters, number: int, shape: Shape, places: Places, mode: Mode) -> None:
        """Take the parameters of the layer of this number, from 0."""
        self.names = layer_names(number)
        values = [theta[name] for name in self.names]
        qkv, out, norm1, inner, outer, norm2 = zip(values[::2], values[1::2], strict=True)
        self.qkv, self.out, self.inner, self.outer = (Linear(*pair, mode) for pair in (qkv, out, inner, outer))
        self.norm1, self.norm2 = Norm(*norm1, shape.norm_eps), Norm(*norm2, shape.norm_eps)
        self.attention = Attention(places, shape.attention_dropout, mode)
        self.activation = Activation(FUNCTIONS[shape.activation])
        self.dropout1, self.dropout2 = (Dropout(shape.hidden_dropout, mode) for _ in range(2))
        # In the order of their names.
        self.parts: list[Operation] = [self.qkv, self.out, self.norm1, self.inner, self.outer, self.norm2]

    def forward(self, x: Tensor) -> Tensor:
        """Return (tokens, hidden)."""
        attended = self.out.forward(self.attention.forward(self.qkv.forward(x)))
        middle = self.norm1.forward(self.dropout1.forward(attended).add_(x))
        changed = self.outer.forward(self.activation.forward(self.inner.forward(middle)))
        return self.norm2.forward(self.dropout2.forward(changed).add_(middle))

    def backward(self, y_bar: Tensor) -> Tensor:
        """Return x_bar."""
        sum2_bar = self.norm2.backward(y_bar)
        inner_bar = self.activation.backward(self.outer.backward(self.dropout2.again(sum2_bar)))
        sum1_bar = self.norm1.backward(self.inner.backward(inner_bar, sum2_bar))
        context_bar = self.out.backward(self.dropout1.again(sum1_bar))
        return self.qkv.backward(self.attention.backward(context_bar), sum1_bar)

    def tangent(self, x_dot: Tensor, v: Parameters, places: Places) -> Tensor:
        """Return y_dot for the sentences of `places`."""
        directions = [v[name] for name in self.names]
        for part, weight_dot, bias_dot in zip(self.parts, directions[::2], directions[1::2], strict=True):
            part.direction = weight_dot, bias_dot
        attended = self.out.tangent(self.attention.tangent(self.qkv.tangent(x_dot), places))
        middle = self.norm1.tangent(self.dropout1.again(attended).add(x_dot))
        changed = self.outer.tangent(self.activation.tangent(self.inner.tangent(middle)))
        return self.norm2.tangent(self.dropout2.again(changed).add(middle))

    def backward_tangent(self, y_bar_dot: Tensor, places: Places) -> Tensor:
        """Return x_bar_dot for the sentences of `places`."""
        sum2 = self.norm2.backward_tangent(y_bar_dot)
        inner = self.activation.backward_tangent(self.outer.backward_tangent(self.dropout2.again(sum2)))
        sum1 = self.norm1.backward_tangent(self.inner.backward_tangent(inner, sum2))
        context = self.out.backward_tangent(self.dropout1.again(sum1))
        return self.qkv.backward_tangent(self.attention.backward_tangent(context, places), sum1)

    def gradients(self) -> Parameters:
        """Return the parameters' gradients."""
        values = [gradient for part in self.parts for gradient in part.gradients]
        return dict(zip(self.names, values, strict=True))

    def drop_bars(self) -> None:
        """Give back the memory that `backward_tangent` alone would need."""
        for part in (*self.parts, self.attention, self.activation):
            part.bars = ()


class Head:
    """The scores of the labelled tokens: dropout and a linear map.

    For sentiment the first token passes a dense layer and tanh (the pooler) before.
    """

    def __init__(self, theta: Parameters, task: str, shape: Shape, batch: Batch, mode: Mode) -> None:
        """Read the labelled tokens of `batch`."""
        self.labelled, self.tokens = batch.labelled, len(batch.ids)
        self.pools = task == "sentiment"
        self.out = Linear(*_weight_and_bias(theta, "head.out"), mode)
        self.dropout = Dropout(shape.hidden_dropout, mode)
        if self.pools:
            self.dense = Linear(*_weight_and_bias(theta, "head.dense"), mode)
            self.tanh = Activation(TANH)

    def forward(self, states: Tensor) -> Tensor:
        """Return (labels, classes) from (tokens, hidden)."""
        chosen = states.index_select(0, self.labelled)
        if self.pools:
            chosen = self.tanh.forward(self.dense.forward(chosen))
        return self.out.forward(self.dropout.forward(chosen))

    def backward(self, scores_bar: Tensor) -> Tensor:
        """Return states_bar."""
        chosen_bar = self.dropout.again(self.out.backward(scores_bar))
        if self.pools:
            chosen_bar = self.dense.backward(self.tanh.backward(chosen_bar))
        return self._spread(chosen_bar, self.tokens)

    def tangent(self, states_dot: Tensor, v: Parameters, labels: int) -> Tensor:
        """Return scores_dot of the first labels."""
        chosen = states_dot.index_select(0, self.labelled[:labels])
        self.out.direction = _weight_and_bias(v, "head.out")
        if self.pools:
            self.dense.direction = _weight_and_bias(v, "head.dense")
            chosen = self.tanh.tangent(self.dense.tangent(chosen))
        return self.out.tangent(self.dropout.again(chosen))

    def backward_tangent(self, scores_bar_dot: Tensor, tokens: int) -> Tensor:
        """Return states_bar_dot of the first tokens."""
        chosen = self.dropout.again(self.out.backward_tangent(scores_bar_dot))
        if self.pools:
            chosen = self.dense.backward_tangent(self.tanh.backward_tangent(chosen))
        return self._spread(chosen, tokens)

    def gradients(self) -> Parameters:
        """Return the parameters' gradients."""
        parts = {"head.dense": self.dense, "head.out": self.out} if self.pools else {"head.out": self.out}
        return {
            f"{name}.{kind}": gradient
            for name, part in parts.items()
            for kind, gradient in zip(("weight", "bias"), part.gradients, strict=True)
        }

    def _spread(self, chosen: Tensor, tokens: int) -> Tensor:
        rows = self.labelled[: len(chosen)]
        return chosen.new_zeros(tokens, chosen.shape[1]).index_copy_(0, rows, chosen)


class CrossEntropy:
    """The loss: each part's mean cross-entropy, times the part's share, summed."""

    def __init__(self, batch: Batch, shares: Tensor) -> None:
        """Judge the labels of `batch`; `shares` is (parts,)."""
        self.labels, self.means, self.shares = batch.labels, batch.weights, shares

    def forward(self, scores: Tensor) -> Tensor:
        """Return (parts,) the mean losses from scores, (labels, classes)."""
        log_probabilities = torch.log_softmax(scores, dim=1)
        rows = torch.arange(len(scores), device=scores.device)
        losses = -log_probabilities[rows, self.labels]
        self.probabilities = log_probabilities.exp()
        self.surplus = self.probabilities.clone()
        self.surplus[rows, self.labels] -= 1
        return self.means @ losses

    def backward(self) -> Tensor:
        """Return scores_bar."""
        self.weights = (self.shares @ self.means)[:, None]
        return self.surplus * self.weights

    def tangent(self, scores_dot: Tensor) -> Tensor:
        """Return (parts,) the change of the first parts' mean losses."""
        labels = len(scores_dot)
        return self.means[:, :labels] @ (self.surplus[:labels] * scores_dot).sum(1)

    def backward_tangent(self, scores_dot: Tensor) -> Tensor:
        """Return scores_bar_dot."""
        labels = len(scores_dot)
        return softmax_change(scores_dot, self.probabilities[:labels]) * self.weights[:labels]


def _weight_and_bias(values: Parameters, name: str) -> tuple[Tensor, Tensor]:
    return values[f"{name}.weight"], values[f"{name}.bias"]
