"""What a transformer layer is made of besides attention: operations, their gradients, and how both change with theta.

Training needs `forward` and `backward`. MetaXL's second derivative also needs `tangent`, the change of the value
while the input and the weights move along a direction, and `backward_tangent`, the change of the input's gradient
meanwhile; `direction` is that of the weights. Autograd's double backward takes the same matrix products, but many
small operations for each norm and activation besides, and keeps a graph of the gradient; written out, they are few.

For a value y, `y_bar` is the loss's gradient with respect to it, `y_dot` its change along the direction, and
`y_bar_dot` the change of its gradient. An operation serves one batch: each method keeps what the next ones need.
The tangents may concern fewer rows, the first ones. The Jacobians of softmax and of normalisation are symmetric, so
the library's kernels for their gradients compute their tangents too.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple, Self

import torch
from torch import Tensor
from torch.nn.functional import gelu, relu

from metaxl.method.products import Mode

aten = torch.ops.aten


class Operation:
    """What its methods leave for one another.

    Attributes:
        x: what went in.
        bars: gradients that `backward` met and `backward_tangent` alone needs.
        gradients: where `backward` writes those of weight and bias; set before it. It reads a parameter for the last
            time before it writes that parameter's gradient, which may take the parameter's place if no tangents follow.
        direction: the same operation on another batch; weight and bias move along its gradients. Set before `tangent`.
    """

    x: Tensor
    bars: tuple[Tensor, ...]
    gradients: tuple[Tensor, Tensor]
    direction: Self


class Dropout:
    """Zeroes elements with probability `rate` and scales the others up; its own gradient and tangent."""

    def __init__(self, rate: float, mode: Mode) -> None:
        """Keep everything where `rate` is 0, and when not training."""
        self.rate = rate if mode.training else 0.0

    def forward(self, x: Tensor) -> Tensor:
        """Draw a mask and return x through it; x itself where nothing is dropped."""
        if not self.rate:
            return x
        dropped, self.mask = torch.native_dropout(x, self.rate, True)
        return dropped

    def again(self, x: Tensor) -> Tensor:
        """Return x through the first rows of the same mask."""
        if not self.rate:
            return x
        dropped: Tensor = aten.native_dropout_backward(x, self.mask[: len(x)], 1 / (1 - self.rate))
        return dropped


class Norm(Operation):
    """LayerNorm: y = w n(x) + b, where n subtracts a row's mean and divides by its standard deviation."""

    def __init__(self, weight: Tensor, bias: Tensor, eps: float) -> None:
        """Normalise rows of len(weight) values."""
        self.weight, self.bias, self.eps = weight, bias, eps

    def forward(self, x: Tensor) -> Tensor:
        """Return (rows, width)."""
        self.x = x
        y, self.mean, self.rstd = torch.native_layer_norm(x, self.weight.shape, self.weight, self.bias, self.eps)
        return y

    def backward(self, y_bar: Tensor) -> Tensor:
        """Return x_bar; write the gradients."""
        inputs = (self.x, list(self.weight.shape), self.mean, self.rstd, self.weight, self.bias)
        x_bar: Tensor
        x_bar, *gradients = aten.native_layer_norm_backward(y_bar, *inputs, [True, True, True])
        for place, gradient in zip(self.gradients, gradients, strict=True):
            place.copy_(gradient)
        self.bars = y_bar, x_bar
        return x_bar

    def tangent(self, x_dot: Tensor) -> Tensor:
        """Return y_dot for the rows of x_dot."""
        weight_dot, bias_dot = self.direction.gradients
        self.x_dot, rows = x_dot, len(x_dot)
        self.n = (self.x[:rows] - self.mean[:rows]).mul_(self.rstd[:rows])
        self.n_dot = self._normalise_change(x_dot)
        return torch.addcmul(torch.addcmul(bias_dot, self.n, weight_dot), self.n_dot, self.weight)

    def backward_tangent(self, y_bar_dot: Tensor) -> Tensor:
        """Return x_bar_dot: of r (n_bar - mean(n_bar) - n mean(n n_bar)), with r the reciprocal deviation."""
        rows = len(y_bar_dot)
        n, n_dot, rstd = self.n[:rows], self.n_dot[:rows], self.rstd[:rows]
        y_bar, x_bar = (bar[:rows] for bar in self.bars)
        n_bar = y_bar * self.weight
        n_bar_dot = torch.addcmul(y_bar_dot * self.weight, y_bar, self.direction.gradients[0])
        x_bar_dot = self._normalise_change(n_bar_dot)
        x_bar_dot.addcmul_(x_bar, _row_mean(n, self.x_dot[:rows]) * rstd, value=-1)
        x_bar_dot.addcmul_(n_dot, _row_mean(n, n_bar) * rstd, value=-1)
        return x_bar_dot.addcmul_(n, _row_mean(n_dot, n_bar) * rstd, value=-1)

    def _normalise_change(self, change: Tensor) -> Tensor:
        """Return the Jacobian of n, at the first rows of x, times `change`."""
        rows = len(change)
        inputs = (self.x[:rows], list(self.weight.shape), self.mean[:rows], self.rstd[:rows], None, None)
        changed: Tensor = aten.native_layer_norm_backward(change, *inputs, [True, False, False])[0]
        return changed


def _row_mean(a: Tensor, b: Tensor) -> Tensor:
    return (a * b).mean(1, keepdim=True)


class Function(NamedTuple):
    """A pointwise function with its first and second derivative."""

    value: Callable[[Tensor], Tensor]
    slope: Callable[[Tensor], Tensor]
    curvature: Callable[[Tensor], Tensor]


def _gelu_slope(x: Tensor) -> Tensor:
    slope: Tensor = aten.gelu_backward(x.new_ones(()).expand_as(x), x)
    return slope


def _gelu_curvature(x: Tensor) -> Tensor:
    """Return (2 - x^2) * the normal density of x, the second derivative of x * Phi(x)."""
    square = x * x
    density = (square * -0.5).exp_().mul_(1 / math.sqrt(2 * math.pi))
    return square.neg_().add_(2).mul_(density)


def _tanh_slope(x: Tensor) -> Tensor:
    return 1 - torch.tanh(x).square()


def _tanh_curvature(x: Tensor) -> Tensor:
    return -2 * torch.tanh(x) * _tanh_slope(x)


GELU = Function(gelu, _gelu_slope, _gelu_curvature)
RELU = Function(relu, lambda x: (x > 0).to(x.dtype), torch.zeros_like)
TANH = Function(torch.tanh, _tanh_slope, _tanh_curvature)


class Activation(Operation):
    """y = f(x), pointwise."""

    def __init__(self, function: Function) -> None:
        """Apply `function`."""
        self.function = function

    def forward(self, x: Tensor) -> Tensor:
        """Return f(x)."""
        self.x = x
        return self.function.value(x)

    def backward(self, y_bar: Tensor) -> Tensor:
        """Return x_bar."""
        self.bars, self.slope = (y_bar,), self.function.slope(self.x)
        return y_bar * self.slope

    def tangent(self, x_dot: Tensor) -> Tensor:
        """Return y_dot for the rows of x_dot."""
        self.x_dot = x_dot
        return x_dot * self.slope[: len(x_dot)]

    def backward_tangent(self, y_bar_dot: Tensor) -> Tensor:
        """Return x_bar_dot."""
        rows = len(y_bar_dot)
        bend = self.function.curvature(self.x[:rows]).mul_(self.x_dot[:rows])
        return (y_bar_dot * self.slope[:rows]).addcmul_(bend, self.bars[0][:rows])


def softmax_change(change: Tensor, weights: Tensor) -> Tensor:
    """Return the Jacobian of softmax, at its output `weights`, times `change`."""
    changed: Tensor = aten._softmax_backward_data(change, weights, -1, weights.dtype)
    return changed
