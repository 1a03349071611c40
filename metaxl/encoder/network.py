"""What training asks of any encoder with a task head: scores, states, and a record of its linear maps."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from torch import Tensor

from metaxl.encoder.batch import Batch

Parameters = dict[str, Tensor]
# What happens to the hidden states after a layer, (layer, (..., hidden)) -> (..., hidden): the RTN acts here.
Between = Callable[[int, Tensor], Tensor]


def unchanged(_layer: int, hidden: Tensor) -> Tensor:
    """Return the states as they are: the way of target sentences."""
    return hidden


class Recorder(Protocol):
    """Sees what goes into every linear map of a batch and what comes out; hands on what the network goes on with."""

    def linear(self, name: str, x: Tensor, y: Tensor) -> Tensor:
        """Record y, (..., out), of x, (..., in), and the parameter `<name>.weight`, (out, in); return y."""

    def lookup(self, tables: dict[str, Tensor], y: Tensor) -> Tensor:
        """Record y, (..., hidden), the sum of rows of tables; return y.

        Args:
            tables: the rows' numbers, (...), by the table's name; -1 stands for a row that has no gradient.
            y: the sum.
        """


class _Nothing:
    """A recorder for evaluation: it keeps nothing."""

    def linear(self, _name: str, _x: Tensor, y: Tensor) -> Tensor:
        return y

    def lookup(self, _tables: dict[str, Tensor], y: Tensor) -> Tensor:
        return y


NOTHING = _Nothing()


class Network(Protocol):
    """An encoder with a task head, as a function of its parameters; it holds none itself.

    Attributes:
        layers: how many blocks it has.
        hidden: the width of its states.
        max_length: the tokens that have a position; None where any number has.
    """

    @property
    def layers(self) -> int: ...  # noqa: D102

    @property
    def hidden(self) -> int: ...  # noqa: D102

    @property
    def max_length(self) -> int | None: ...  # noqa: D102

    def factored(self) -> frozenset[str]:
        """Return the names of the parameters whose gradients follow from the records alone."""

    def of_head(self) -> frozenset[str]:
        """Return the names of the head's parameters."""

    def evaluating(self) -> Network:
        """Return the same network without dropout."""

    def scores(
        self, theta: Parameters, batch: Batch, record: Recorder = NOTHING, between: Between = unchanged
    ) -> Tensor:
        """Return (labels, classes): the scores of the labelled tokens."""

    def states(self, theta: Parameters, batch: Batch, layer: int, between: Between = unchanged) -> Tensor:
        """Return (tokens, hidden) after `layer`; 0 is what enters the first block."""
