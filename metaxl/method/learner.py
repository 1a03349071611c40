"""What a step reads and updates, and the two moves of theta that all steps share."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

import torch
from torch import Tensor
from torch.nn.utils import get_total_norm

from metaxl.encoder.network import Between, Network, Parameters, unchanged
from metaxl.experiment.settings import Switches
from metaxl.method.adam import Adam
from metaxl.method.flat import Flat

if TYPE_CHECKING:
    from metaxl.method.rtn import RTN

Losses = dict[str, Tensor]  # what a step reports: scalars by name


class Rates(NamedTuple):
    """The rates of one step: of theta, of phi, and eta of the inner step that looks ahead."""

    theta: float
    phi: float
    eta: float


@dataclass(slots=True)
class Learner:
    """The state of a cell's training: theta (encoder and head), perhaps phi (RTN), and their optimisers.

    Attributes:
        network: the encoder with its head, a function of theta.
        theta: its parameters.
        theta_optimizer: moves theta.
        clip_norm: the norm to which theta's gradient is scaled down where it exceeds it.
        switches: how the method is carried out where paper and official code differ.
        rtn: the form of the RTNs; None for methods without any.
        phi: their parameters.
        phi_optimizer: moves phi.
        gradients: room for theta's gradient, the same in every step.
    """

    network: Network
    theta: Flat
    theta_optimizer: Adam
    clip_norm: float
    switches: Switches
    rtn: RTN | None
    phi: Parameters
    phi_optimizer: Adam
    gradients: Flat = field(init=False)
    _pieces: tuple[Tensor, ...] = field(init=False)  # of the gradient, as the optimiser has theta's
    _ahead: Flat | None = field(init=False, default=None)

    def __post_init__(self) -> None:
        """Make room for the gradient."""
        self.gradients = self.theta.empty_like()
        self._pieces = torch.split(self.gradients.vector, [p.numel() for p in self.theta_optimizer.parameters])

    def source_paths(self) -> list[tuple[Tensor | float, Between]]:
        """Return the ways of source sentences through the RTNs with their shares of the loss; one plain way without."""
        return self.rtn.paths(self.phi) if self.rtn else [(1.0, unchanged)]

    def look_ahead(self, eta: float) -> Flat:
        """Return theta' = theta - eta * gradient, in memory that the next call uses again."""
        if self._ahead is None:
            self._ahead = self.theta.empty_like()
        torch.sub(self.theta.vector, self.gradients.vector, alpha=eta, out=self._ahead.vector)
        return self._ahead

    def move_phi(self, rate: float, gradients: Sequence[Tensor]) -> Tensor:
        """Step phi against its gradient, scaled down to `meta_clip_norm` where that is set; return its norm."""
        norm, bound = get_total_norm(gradients), self.switches.meta_clip_norm
        divisor = torch.clamp((norm + 1e-6) / bound, min=1.0) if bound else None
        self.phi_optimizer.step(rate, gradients, divisor)
        return norm

    def descend(self, rate: float) -> Tensor:
        """Step theta against its gradient, scaled down to the clip norm where it exceeds that; return its norm."""
        norm = get_total_norm(self.gradients.values())
        divisor = torch.clamp((norm + 1e-6) / self.clip_norm, min=1.0)
        self.theta_optimizer.step(rate, self._pieces, divisor)
        return norm
