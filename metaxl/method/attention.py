"""Self-attention on packed tokens: the way to the padded grid and back, and the second derivative there.

See `metaxl.method.operations` for the four methods and the names of what they pass.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

from metaxl.encoder.batch import Batch
from metaxl.method.operations import Dropout, Operation, softmax_change
from metaxl.method.products import Mode


class Places:
    """Where the padded grid finds each head's part of a packed token, and the way back."""

    def __init__(self, batch: Batch, heads: int) -> None:
        """Number the rows of (tokens, 3, heads) and of (3, sentences, heads, longest)."""
        sentences, longest = batch.grid.shape
        head = torch.arange(heads, device=batch.grid.device)
        part = torch.arange(3, device=batch.grid.device)
        self.grid = (sentences * heads, longest)
        rows = sentences * heads * longest
        self.bias = batch.bias.repeat_interleave(heads, dim=0)
        in_token = (part * heads)[:, None, None, None] + head[:, None]
        self.qkv_from = (batch.grid[:, None, :] * (3 * heads) + in_token).flatten()
        place = batch.unpad % longest
        padded = ((batch.unpad - place) * heads + place)[:, None] + head * longest
        self.context_to = padded.flatten()
        self.qkv_to = (padded[:, None, :] + (part * rows)[:, None]).flatten()

    def spread_qkv(self, packed: Tensor) -> Tensor:
        """Return (3, sentences * heads, longest, width) of (tokens, 3 hidden); padding repeats some token."""
        return packed.view(len(self.qkv_to), -1).index_select(0, self.qkv_from).view(3, *self.grid, -1)

    def collect_qkv(self, grid: Tensor, tokens: int) -> Tensor:
        """Return (tokens, 3 hidden): the way back."""
        return grid.view(len(self.qkv_from), -1).index_select(0, self.qkv_to).view(tokens, -1)

    def spread_context(self, packed: Tensor) -> Tensor:
        """Return (sentences * heads, longest, width) of (tokens, hidden); padding is zero."""
        rows = packed.view(len(self.context_to), -1)
        grid = rows.new_zeros(self.grid[0] * self.grid[1], rows.shape[1])
        return grid.index_copy_(0, self.context_to, rows).view(*self.grid, -1)

    def collect_context(self, grid: Tensor, tokens: int) -> Tensor:
        """Return (tokens, hidden): the way back."""
        rows = grid.view(self.grid[0] * self.grid[1], -1)
        return rows.index_select(0, self.context_to).view(tokens, -1)


class Attention(Operation):
    """Each sentence's tokens attend to one another: c = dropout(softmax(q k / sqrt(width))) v, head by head.

    Values at padding are arbitrary but finite: as keys they get no probability, as queries nobody collects them, and
    their gradients are zero.
    """

    def __init__(self, places: Places, dropout: float, mode: Mode) -> None:
        """Find tokens at `places`."""
        self.places, self.dropout, self.mode = places, Dropout(dropout, mode), mode

    def forward(self, qkv: Tensor) -> Tensor:
        """Return the context, (tokens, hidden), from query, key and value, (tokens, 3 hidden)."""
        self.qkv = self.places.spread_qkv(qkv)
        query, key, value = self.qkv
        self.scale = 1 / math.sqrt(query.shape[-1])
        scores = self.mode.product_onto(self.places.bias, query, key.mT, self.scale)
        self.weights = torch.softmax(scores, dim=-1)
        self.kept = self.dropout.forward(self.weights)
        return self.places.collect_context(self.mode.product(self.kept, value), len(qkv))

    def backward(self, context_bar: Tensor) -> Tensor:
        """Return qkv_bar."""
        query, key, value = self.qkv
        spread = self.places.spread_context(context_bar)
        weights_bar = self.dropout.again(self.mode.product(spread, value.mT))
        scores_bar = softmax_change(weights_bar, self.weights).mul_(self.scale)
        self.bars = spread, weights_bar, scores_bar
        qkv_bar = torch.empty_like(self.qkv)
        self.mode.product(scores_bar, key, qkv_bar[0])
        self.mode.product(scores_bar.mT, query, qkv_bar[1])
        self.mode.product(self.kept.mT, spread, qkv_bar[2])
        return self.places.collect_qkv(qkv_bar, len(context_bar))

    def tangent(self, qkv_dot: Tensor, places: Places) -> Tensor:
        """Return context_dot for the sentences of `places`, the first ones."""
        self.qkv_dot = places.spread_qkv(qkv_dot)
        rows = places.grid[0]
        query, key, value = self.qkv[:, :rows]
        query_dot, key_dot, value_dot = self.qkv_dot
        scores_dot = self._sum_of_products(query_dot, key.mT, query, key_dot.mT).mul_(self.scale)
        self.weights_dot = softmax_change(scores_dot, self.weights[:rows])
        self.kept_dot = self.dropout.again(self.weights_dot)
        context_dot = self._sum_of_products(self.kept_dot, value, self.kept[:rows], value_dot)
        return places.collect_context(context_dot, len(qkv_dot))

    def backward_tangent(self, context_bar_dot: Tensor, places: Places) -> Tensor:
        """Return qkv_bar_dot for the sentences of `places`, the first ones."""
        rows = places.grid[0]
        (query, key, value), (query_dot, key_dot, value_dot) = self.qkv[:, :rows], self.qkv_dot[:, :rows]
        context_bar, weights_bar, scores_bar = (bar[:rows] for bar in self.bars)
        spread = places.spread_context(context_bar_dot)
        kept_bar_dot = self._sum_of_products(spread, value.mT, context_bar, value_dot.mT)
        scores_bar_dot = self._scores_bar_dot(weights_bar, self.dropout.again(kept_bar_dot))
        qkv_bar_dot = torch.empty_like(self.qkv[:, :rows], memory_format=torch.contiguous_format)
        self._sum_of_products(scores_bar_dot, key, scores_bar, key_dot, qkv_bar_dot[0])
        self._sum_of_products(scores_bar_dot.mT, query, scores_bar.mT, query_dot, qkv_bar_dot[1])
        self._sum_of_products(self.kept[:rows].mT, spread, self.kept_dot[:rows].mT, context_bar, qkv_bar_dot[2])
        return places.collect_qkv(qkv_bar_dot, len(context_bar_dot))

    def _sum_of_products(self, a: Tensor, b: Tensor, c: Tensor, d: Tensor, out: Tensor | None = None) -> Tensor:
        """Return a b + c d, in `out` if given."""
        return self.mode.add_product(self.mode.product(a, b, out), c, d)

    def _scores_bar_dot(self, p_bar: Tensor, p_bar_dot: Tensor) -> Tensor:
        """Return the change of p (p_bar - sum(p p_bar)), with p the attention weights, scaled as the scores are."""
        p, p_dot = self.weights[: len(p_bar)], self.weights_dot[: len(p_bar)]
        change = softmax_change(p_bar_dot, p)
        change.addcmul_(p_dot, p_bar - (p * p_bar).sum(-1, keepdim=True))
        return change.addcmul_(p, (p_dot * p_bar).sum(-1, keepdim=True), value=-1).mul_(self.scale)
