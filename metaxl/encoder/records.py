"""The simplest recorder, and which gradients its records reproduce.

The gradient of a linear map's weight is Y_bar' X, from what goes in and the gradient of what comes out. That holds only
where the network applies the weight through the map itself; a network that also reads the weight elsewhere has a larger
gradient. Autograd's own gradient of one batch tells the two apart.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.autograd import grad

from metaxl.encoder.batch import Batch
from metaxl.encoder.network import Network, Parameters, Recorder
from metaxl.errors import EncoderError


class Records:
    """A recorder that keeps what goes in and what comes out.

    Attributes:
        maps: (weight's name, x, y) of each application of a linear map.
        lookups: (tables, y) of each lookup.
    """

    def __init__(self) -> None:
        """Begin empty."""
        self.maps: list[tuple[str, Tensor, Tensor]] = []
        self.lookups: list[tuple[dict[str, Tensor], Tensor]] = []

    def linear(self, name: str, x: Tensor, y: Tensor) -> Tensor:
        """Keep x and y; a y that no leaf reaches becomes one, as all that follows needs its gradient."""
        kept = y if y.requires_grad else y.detach().requires_grad_()
        self.maps.append((f"{name}.weight", x, kept))
        return kept

    def lookup(self, tables: dict[str, Tensor], y: Tensor) -> Tensor:
        """Keep the rows' numbers and y, a leaf if no leaf reaches it."""
        kept = y if y.requires_grad else y.detach().requires_grad_()
        self.lookups.append((tables, kept))
        return kept

    def outputs(self) -> list[Tensor]:
        """Return every y."""
        return [y for _, _, y in self.maps] + [y for _, y in self.lookups]

    def gradients(self, bars: Sequence[Tensor | None], theta: Parameters) -> Parameters:
        """Return the gradients of the recorded parameters.

        Args:
            bars: the gradient of each of `outputs()`, None where there is none.
            theta: for the parameters' shapes.
        """
        found: Parameters = {}
        for (name, x, _), y_bar in zip(self.maps, bars[: len(self.maps)], strict=True):
            total = found.setdefault(name, torch.zeros_like(theta[name]))
            if y_bar is not None:
                total += y_bar.flatten(0, -2).t() @ x.detach().flatten(0, -2)
        for (tables, _), y_bar in zip(self.lookups, bars[len(self.maps) :], strict=True):
            for name, rows in tables.items():
                total = found.setdefault(name, torch.zeros_like(theta[name]))
                if y_bar is not None:
                    total.index_add_(0, rows[rows >= 0], y_bar[rows >= 0])
        return found


def not_reproduced(
    scores: Callable[[Parameters, Recorder], Tensor], theta: Parameters, names: Iterable[str]
) -> list[str]:
    """Return those of `names` whose gradients differ from autograd's when they come from a batch's records alone.

    Args:
        scores: (labels, classes) of the batch from theta, through a recorder.
        theta: at which to compare.
        names: of parameters; without a record a gradient counts as zero.
    """
    leaves = {name: value.detach().requires_grad_() for name, value in theta.items()}
    records = Records()
    given = scores(leaves, records)
    loss = F.cross_entropy(given, torch.arange(len(given), device=given.device) % given.shape[1])
    found = grad(loss, [*leaves.values(), *records.outputs()], allow_unused=True)
    true = {name: value for name, value in zip(leaves, found, strict=False) if value is not None}
    ours = records.gradients(found[len(leaves) :], theta)
    tolerance = torch.finfo(given.dtype).eps ** 0.5
    noise = tolerance * max(value.norm() for value in true.values())
    zero = torch.zeros((), device=given.device)

    def differs(name: str) -> bool:
        value, expected = ours.get(name, zero), true.get(name, zero)
        return bool((value - expected).norm() > tolerance * (expected.norm() + noise))

    return sorted(filter(differs, names))


def check_records(network: Network, theta: Parameters, batch: Batch) -> None:
    """Compare the gradients from a batch's records with autograd's own.

    Raises:
        EncoderError: they differ.
    """

    def scores(leaves: Parameters, record: Recorder) -> Tensor:
        return network.scores(leaves, batch, record)

    wrong = not_reproduced(scores, theta, network.factored())
    if wrong:
        raise EncoderError(
            f"{wrong[0]}: its gradient does not follow from the inputs and outputs of its linear map (the same is true "
            f"of {len(wrong) - 1} other parameters). The encoder applies it in another way as well, and only in some "
            "batches. Use another encoder."
        )
