"""The parts of an encoder with a task: embedding, transformer layer, head and loss, each with its second derivative.

The transformers modules give the same numbers (a test holds them together); these parts compute on packed tokens,
take any parameters (theta or the look-ahead theta'), and leave room after every layer, where an RTN sits.
See `metaxl.method.operations` for the four methods and the names of what they pass.
"""

from __future__ import annotations

import torch
from torch import Tensor

from metaxl.encoder.batch import Batch
from metaxl.encoder.shape import NORM, POSITION_OFFSET, POSITIONS, TOKEN_TYPES, WORDS, Parameters, Shape, layer_names
from metaxl.method.attention import Attention, Places
from metaxl.method.linear import Linear
from metaxl.method.operations import (
    GELU,
    RELU,
    TANH,
    Activation,
    Dropout,
    Norm,
    Operation,
    softmax_change,
)
from metaxl.method.products import Mode
from metaxl.tasks import find_task

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

    def backward(self, y_bar: Tensor, gradients: Parameters) -> None:
        """Write the gradients of the embedding's parameters."""
        self.gradients = gradients
        self.norm.gradients = _weight_and_bias(gradients, NORM)
        sum_bar = self.norm.backward(self.dropout.again(y_bar))
        gradients[WORDS].zero_().index_add_(0, self.ids, sum_bar)
        gradients[POSITIONS].zero_().index_add_(0, self.positions, sum_bar)
        torch.sum(sum_bar, 0, out=gradients[TOKEN_TYPES].zero_()[0])

    def tangent(self, direction: Embedding, tokens: int) -> Tensor:
        """Return y_dot of the first tokens."""
        self.norm.direction = direction.norm
        return self.dropout.again(self.norm.tangent(self._sum(direction.gradients, tokens)))

    def _sum(self, theta: Parameters, tokens: int) -> Tensor:
        words = theta[WORDS].index_select(0, self.ids[:tokens])
        words += theta[POSITIONS].index_select(0, self.positions[:tokens])
        return words.add_(theta[TOKEN_TYPES][0])


class Layer:
    """A transformer layer (post-norm): attention, then a widening network, each with dropout and a residual."""

    def __init__(self, theta: Parameters, number: int, shape: Shape, places: Places, mode: Mode) -> None:
        """Take the parameters of the layer of this number, from 0."""
        self.names = layer_names(number)
        qkv, out, norm1, inner, outer, norm2 = self._pairs(theta)
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

    def backward(self, y_bar: Tensor, gradients: Parameters) -> Tensor:
        """Return x_bar; write the gradients of the layer's parameters."""
        for part, pair in zip(self.parts, self._pairs(gradients), strict=True):
            part.gradients = pair
        sum2_bar = self.norm2.backward(y_bar)
        inner_bar = self.activation.backward(self.outer.backward(self.dropout2.again(sum2_bar)))
        sum1_bar = self.norm1.backward(self.inner.backward(inner_bar, sum2_bar))
        context_bar = self.out.backward(self.dropout1.again(sum1_bar))
        return self.qkv.backward(self.attention.backward(context_bar), sum1_bar)

    def tangent(self, x_dot: Tensor, direction: Layer, places: Places) -> Tensor:
        """Return y_dot for the sentences of `places`."""
        for part, other in zip(self.parts, direction.parts, strict=True):
            part.direction = other
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

    def keep_gradients_alone(self) -> None:
        """Give back the memory that a direction does not need."""
        for part in self.parts:
            part.bars = ()
            del part.x
        del self.attention, self.activation, self.dropout1, self.dropout2

    def drop_bars(self) -> None:
        """Give back the memory that `backward_tangent` alone would need."""
        for part in (*self.parts, self.attention, self.activation):
            part.bars = ()

    def _pairs(self, values: Parameters) -> list[tuple[Tensor, Tensor]]:
        """Return each part's weight and bias."""
        own = [values[name] for name in self.names]
        return list(zip(own[::2], own[1::2], strict=True))


class Head:
    """The scores of the labelled tokens: dropout and a linear map.

    For sentiment the first token passes a dense layer and tanh (the pooler) before.
    """

    def __init__(self, theta: Parameters, task: str, shape: Shape, batch: Batch, mode: Mode) -> None:
        """Read the labelled tokens of `batch`."""
        self.labelled, self.tokens = batch.labelled, len(batch.ids)
        self.pools = find_task(task).head == "sequence"
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

    def backward(self, scores_bar: Tensor, gradients: Parameters) -> Tensor:
        """Return states_bar; write the gradients of the head's parameters."""
        self.out.gradients = _weight_and_bias(gradients, "head.out")
        chosen_bar = self.dropout.again(self.out.backward(scores_bar))
        if self.pools:
            self.dense.gradients = _weight_and_bias(gradients, "head.dense")
            chosen_bar = self.dense.backward(self.tanh.backward(chosen_bar))
        return self._spread(chosen_bar, self.tokens)

    def tangent(self, states_dot: Tensor, direction: Head, labels: int) -> Tensor:
        """Return scores_dot of the first labels."""
        chosen = states_dot.index_select(0, self.labelled[:labels])
        self.out.direction = direction.out
        if self.pools:
            self.dense.direction = direction.dense
            chosen = self.tanh.tangent(self.dense.tangent(chosen))
        return self.out.tangent(self.dropout.again(chosen))

    def backward_tangent(self, scores_bar_dot: Tensor, tokens: int) -> Tensor:
        """Return states_bar_dot of the first tokens."""
        chosen = self.dropout.again(self.out.backward_tangent(scores_bar_dot))
        if self.pools:
            chosen = self.dense.backward_tangent(self.tanh.backward_tangent(chosen))
        return self._spread(chosen, tokens)

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
