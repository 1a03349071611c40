"""What the method asks of an encoder with its head, whatever computes it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from torch import Tensor

from metaxl.encoder.batch import Batch

Parameters = dict[str, Tensor]
# (layer, hidden states (..., hidden)) -> hidden states of the same shape: the identity except at the RTN's layers.
Between = Callable[[int, Tensor], Tensor]


class Recorder(Protocol):
    """Sees every linear map of a batch: what goes in, what comes out."""

    def linear(self, name: str, x: Tensor, y: Tensor) -> Tensor:
        """Take note of y = x W' (+ b) with W, (out, in), the parameter `name`.weight.

        Args:
            name: of the map; a map that is applied twice in a batch comes twice.
            x: (..., in).
            y: (..., out).

        Returns:
            y, perhaps made a leaf, with which the network goes on.
        """
        ...

    def lookup(self, tables: dict[str, Tensor], y: Tensor) -> Tensor:
        """Take note of y, (..., hidden), the sum of `tables`' rows.

        Args:
            tables: parameter name -> (...) row of each token; -1 takes part in no gradient.
            y: (..., hidden).

        Returns:
            y, perhaps made a leaf, with which the network goes on.
        """
        ...


class Network(Protocol):
    """f(x; theta) with its head; it holds no parameters."""

    layers: int
    hidden: int

    def factored(self) -> frozenset[str]:
        """Return the parameters whose gradients come from the records alone; all others are leaves."""
        ...

    def evaluating(self) -> Network:
        """Return the same network without dropout."""
        ...

    def scores(self, theta: Parameters, batch: Batch, record: Recorder, between: Between) -> Tensor:
        """Return (labels, classes): the scores of the labelled tokens, or of each sentence."""
        ...

    def states(self, theta: Parameters, batch: Batch, layer: int, between: Between) -> Tensor:
        """Return (tokens, hidden), packed, after `layer`; 0 is what enters the first block."""
        ...
