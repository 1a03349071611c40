"""Adam with L2 inside, as the official code has it (torch.optim.Adam's weight_decay; not AdamW's decoupled decay).

The arithmetic is torch's own fused kernel through its functional interface: constructing torch.optim.Adam imports
the compiler stack, 1.8 CPU seconds that a small cell would spend mostly on that.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import torch
from torch import Tensor
from torch.optim.adam import adam


class Adam:
    """An optimiser of fixed parameters."""

    def __init__(self, parameters: Iterable[Tensor], l2: float) -> None:
        """Start with zero moments."""
        self.parameters = list(parameters)
        self.l2 = l2
        self.means = [torch.zeros_like(p) for p in self.parameters]
        self.squares = [torch.zeros_like(p) for p in self.parameters]
        self.counts = [torch.zeros((), dtype=torch.float32, device=p.device) for p in self.parameters]

    def step(self, rate: float, gradients: Sequence[Tensor], divisor: Tensor | None = None) -> None:
        """Move the parameters against `gradients`, one a parameter, in place, at a learning rate.

        The gradients are divided by `divisor`, a scalar, in place and within the same kernel.
        """
        with torch.no_grad():
            adam(
                self.parameters,
                list(gradients),
                self.means,
                self.squares,
                [],
                self.counts,
                fused=True,
                grad_scale=None if divisor is None else divisor.float(),
                amsgrad=False,
                beta1=0.9,
                beta2=0.999,
                lr=rate,
                weight_decay=self.l2,
                eps=1e-8,
                maximize=False,
            )
