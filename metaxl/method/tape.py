"""One batch through a network, recorded: gradients, and their inner product with another batch's, from factors.

For a linear map y = W x the gradient of W is a sum of outer products over the batch's tokens,

    G = sum_i y_bar_i x_i^T,

with y_bar the gradient of the loss with respect to y. So the inner product of two batches' gradients needs neither (a
prime marks the other batch):

    <G, G'> = sum_ij <y_bar_i, y_bar'_j> <x_i, x'_j>

(the *ghost dot product*: Goodfellow, "Efficient per-example gradient computations", arXiv:1510.01799; Wang et al.,
"Data Shapley in one training run", arXiv:2406.11011). Instead of tokens * in * out multiplications it takes
tokens * tokens' * (in + out): a tenth for a batch of short sentences. An embedding is the same with one-hot x, so that
<x_i, x'_j> says whether two tokens read the same row. Everything here is plain autograd, so the inner product can be
differentiated: MetaXL's hypergradient is the gradient of `dot` (`metaxl.method.steps`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.autograd import grad

from metaxl.encoder.batch import Batch
from metaxl.encoder.network import Between, Network, Parameters, unchanged


class Tape:
    """A batch's way through a network: its loss, and what the gradient of theta is made of.

    Attributes:
        loss: a scalar; until `backward`, it can be differentiated in what `between` and `share` depend on.
        weights: the factors of each linear map's gradient, by the parameter's name; after `backward`.
        tables: those of each embedding; after `backward`.
        others: the gradients of all other parameters, by name; after `backward`.
    """

    def __init__(
        self,
        network: Network,
        theta: Parameters,
        batch: Batch,
        between: Between = unchanged,
        share: Tensor | float = 1.0,
    ) -> None:
        """Compute the loss.

        Args:
            network: what to compute.
            theta: its parameters.
            batch: the sentences.
            between: what happens to the states after each layer.
            share: of this batch's mean loss in the whole loss.
        """
        factored = network.factored()
        # A weight needs no gradient of its own: it follows from what goes into its map and what comes back.
        self._theta = {name: value.detach().requires_grad_(name not in factored) for name, value in theta.items()}
        self._linear: list[tuple[str, Tensor, Tensor]] = []
        self._lookup: list[tuple[dict[str, Tensor], Tensor]] = []
        scores = network.scores(self._theta, batch, self, between)
        self.loss = share * (batch.weights @ F.cross_entropy(scores, batch.labels, reduction="none"))

    def linear(self, name: str, x: Tensor, y: Tensor) -> Tensor:
        """Record a linear map; see `Recorder`."""
        self._linear.append((f"{name}.weight", x, y))
        return y

    def lookup(self, tables: dict[str, Tensor], y: Tensor) -> Tensor:
        """Record an embedding; see `Recorder`. Its tables are constants, so the graph begins with their sum."""
        self._lookup.append((tables, y.requires_grad_()))
        return y

    def backward(self, also: Sequence[Tensor] = (), create_graph: bool = False) -> list[Tensor]:
        """Differentiate the loss, once; return its gradients with respect to `also`.

        Args:
            also: tensors that the loss depends on besides theta.
            create_graph: keep what it takes to differentiate the gradients again, for `dot`.
        """
        linear, lookup = self._linear, self._lookup
        leaves = {name: value for name, value in self._theta.items() if value.requires_grad}
        ends = [[y for _, _, y in linear], [y for _, y in lookup], list(leaves.values()), list(also)]
        y_bars, table_bars, leaf_bars, also_bars = _gradients(self.loss, ends, create_graph)
        self.weights = _join([(n, x, bar) for (n, x, _), bar in zip(linear, y_bars, strict=True) if bar is not None])
        self.tables = [
            _Rows.of(rows, bar) for (rows, _), bar in zip(lookup, table_bars, strict=True) if bar is not None
        ]
        self.others = {name: bar for name, bar in zip(leaves, leaf_bars, strict=True) if bar is not None}
        self.loss = self.loss.detach()
        del self._linear, self._lookup, self._theta
        return [torch.zeros_like(x) if bar is None else bar for x, bar in zip(also, also_bars, strict=True)]

    @torch.no_grad()
    def write_gradients(self, to: Parameters, onto: bool = False) -> None:
        """Write theta's gradients to `to`, or add them to what is there."""
        for name, value in to.items():
            if name in self.weights:
                factors = self.weights[name]
                torch.addmm(value, factors.y_bar.t(), factors.x, beta=float(onto), out=value)
            elif name in self.others:
                value.copy_(value + self.others[name] if onto else self.others[name])
            elif not onto:
                value.zero_()
        for rows in self.tables:
            rows.add_to(to)


def dot(tapes: Sequence[Tape], other: Tape) -> Tensor:
    """Return <sum of the tapes' gradients, the other tape's gradient>, a scalar, differentiable on the tapes' side."""
    total = torch.zeros((), dtype=other.loss.dtype, device=other.loss.device)
    for tape in tapes:
        common = [name for name in tape.others if name in other.others]
        mine, theirs = (torch.cat([side.others[name].flatten() for name in common]) for side in (tape, other))
        total = total + mine @ theirs.detach()
        for rows, others in product(tape.tables, other.tables):
            total = total + rows.dot(others)
    for name, factors in other.weights.items():
        for part in factors.dots([tape.weights[name] for tape in tapes if name in tape.weights]):
            total = total + part
    return total


@dataclass(frozen=True, slots=True)
class _Factors:
    """A weight's gradient, sum_i y_bar_i x_i^T, from x, (rows, in), and y_bar, (rows, out)."""

    x: Tensor
    y_bar: Tensor

    def dots(self, others: Sequence[_Factors]) -> list[Tensor]:
        """Return the inner products with other gradients; this one is made a matrix first where that costs less."""
        x, y_bar = self.x.detach(), self.y_bar.detach()
        if factors_cost_less(sum(len(other.x) for other in others), len(x), x.shape[1], y_bar.shape[1]):
            return [(other.y_bar * ((other.x @ x.t()) @ y_bar)).sum() for other in others]
        matrix = x.t() @ y_bar
        return [(other.y_bar * (other.x @ matrix)).sum() for other in others]


@dataclass(frozen=True, slots=True)
class _Rows:
    """The gradients of an embedding's tables: token i adds y_bar_i to row numbers[name][i] of each.

    Attributes:
        numbers: (tokens,) by the table's name; -1 for none.
        y_bar: (tokens, hidden).
    """

    numbers: dict[str, Tensor]
    y_bar: Tensor

    @classmethod
    def of(cls, numbers: dict[str, Tensor], y_bar: Tensor) -> _Rows:
        """Return them of a packed or of a padded batch, (...) and (..., hidden)."""
        return cls({name: rows.flatten() for name, rows in numbers.items()}, _flat(y_bar))

    def add_to(self, to: Parameters) -> None:
        """Add them to the tables of `to`."""
        for name, rows in self.numbers.items():
            kept = rows >= 0
            to[name].index_add_(0, rows.clamp(min=0), self.y_bar * kept[:, None])

    def dot(self, other: _Rows) -> Tensor:
        """Return the inner product with another's: two tokens count as often as they read a common row."""
        common = torch.zeros((len(self.y_bar), len(other.y_bar)), dtype=self.y_bar.dtype, device=self.y_bar.device)
        for name in self.numbers.keys() & other.numbers.keys():
            mine, theirs = self.numbers[name], other.numbers[name]
            common += (mine[:, None] == theirs) & (theirs >= 0)
        return ((self.y_bar @ other.y_bar.detach().t()) * common).sum()


def factors_cost_less(rows: int, others: int, inner: int, outer: int) -> bool:
    """Return whether `rows` products with `others` outer products cost less than with their sum, (outer, inner)."""
    return rows * others * (inner + outer) < (rows + others) * inner * outer


def _gradients(loss: Tensor, ends: list[list[Tensor]], create_graph: bool) -> list[tuple[Tensor | None, ...]]:
    """Return the gradients with respect to each group of tensors; None where the loss does not depend on one.

    It does not below an RTN without residual whose input is cut from the graph.
    """
    flat = grad(loss, [end for group in ends for end in group], create_graph=create_graph, allow_unused=True)
    bars: list[tuple[Tensor | None, ...]] = []
    for group in ends:
        bars.append(flat[: len(group)])
        flat = flat[len(group) :]
    return bars


def _join(records: list[tuple[str, Tensor, Tensor]]) -> dict[str, _Factors]:
    """Return each weight's factors by name; a map that was applied twice has the rows of both."""
    found: dict[str, list[tuple[Tensor, Tensor]]] = {}
    for name, x, y_bar in records:
        found.setdefault(name, []).append((_flat(x), _flat(y_bar)))
    return {
        name: _Factors(*(pairs[0] if len(pairs) == 1 else map(torch.cat, zip(*pairs, strict=True))))
        for name, pairs in found.items()
    }


def _flat(values: Tensor) -> Tensor:
    """Return (rows, width) of (..., width)."""
    return values.reshape(-1, values.shape[-1])
