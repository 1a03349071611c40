"""The linear map, with its second derivative along a gradient that need not be formed; see `metaxl.method.operations`.

MetaXL's second derivative moves theta along v, the gradient of a few target sentences. For a weight matrix v is the sum
of y_bar x' over those sentences' tokens, and all that is asked of it are products with the source tokens' vectors. From
the factors they cost tokens * target tokens * (in + out) instead of tokens * in * out, and v itself nothing.
"""

from __future__ import annotations

import torch
from torch import Tensor

from metaxl.method.operations import Operation
from metaxl.method.products import Mode


class Linear(Operation):
    """y = W x + b over rows.

    Attributes:
        factors: y_bar and x, whose product is W's gradient; None where the matrix is written.
    """

    def __init__(self, weight: Tensor, bias: Tensor, mode: Mode) -> None:
        """Apply `weight`, (out, in), and `bias`, (out,)."""
        self.weight, self.bias, self.mode = weight, bias, mode
        self.factors: tuple[Tensor, Tensor] | None = None

    def forward(self, x: Tensor) -> Tensor:
        """Return (rows, out) from (rows, in)."""
        self.x = x
        return self.mode.product_onto(self.bias, x, self.weight.t())

    def backward(self, y_bar: Tensor, onto: Tensor | None = None) -> Tensor:
        """Return x_bar, added to `onto`; write the gradients, that of W perhaps in factors."""
        self.bars = (y_bar,)
        x_bar = self._back(y_bar, onto)
        weight_bar, bias_bar = self.gradients
        torch.sum(y_bar, 0, out=bias_bar)
        if self._factors_save(len(y_bar)):
            self.factors = y_bar, self.x
        else:
            self.mode.product(y_bar.t(), self.x, weight_bar)
        return x_bar

    def tangent(self, x_dot: Tensor) -> Tensor:
        """Return y_dot for the rows of x_dot."""
        y_dot = self.direction._change(self.x[: len(x_dot)])
        return self.mode.add_product(y_dot, x_dot, self.weight.t())

    def backward_tangent(self, y_bar_dot: Tensor, onto: Tensor | None = None) -> Tensor:
        """Return x_bar_dot, added to `onto`."""
        (y_bar,) = self.bars
        return self.direction._change_back(y_bar[: len(y_bar_dot)], self._back(y_bar_dot, onto))

    def _factors_save(self, rows: int) -> bool:
        """Return whether one product with the factors costs less than the matrix and one product with it."""
        moved, size, ends = self.mode.moved_rows, self.weight.numel(), sum(self.weight.shape)
        return 0 < moved * rows * ends < (rows + moved) * size

    def _change(self, x: Tensor) -> Tensor:
        """Return the change of y at x along the own gradients."""
        weight_bar, bias_bar = self.gradients
        if self.factors is None:
            return self.mode.product_onto(bias_bar, x, weight_bar.t())
        y_bar, own_x = self.factors
        return self.mode.product_onto(bias_bar, self.mode.product(x, own_x.t()), y_bar)

    def _change_back(self, y_bar: Tensor, onto: Tensor) -> Tensor:
        """Return the change of x_bar at y_bar along the own gradients, added to `onto`, which may be used up."""
        if self.factors is None:
            return self.mode.add_product(onto, y_bar, self.gradients[0])
        own_y_bar, own_x = self.factors
        return self.mode.add_product(onto, self.mode.product(y_bar, own_y_bar.t()), own_x)

    def _back(self, y_bar: Tensor, onto: Tensor | None) -> Tensor:
        if onto is None:
            return self.mode.product(y_bar, self.weight)
        return self.mode.product_onto(onto, y_bar, self.weight)
