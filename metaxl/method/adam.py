"""Adam with a weight decay of a chosen form.

The official code has the L2 term inside Adam (torch.optim.Adam's weight_decay): it joins the gradient before the
moments, so that a parameter with a small gradient moves by its L2 term at nearly the full rate. Decoupled decay
(Loshchilov and Hutter, "Decoupled weight decay regularization", arXiv:1711.05101) shrinks by rate * decay and no more.

The arithmetic is torch's own fused kernel through its functional interface: constructing torch.optim.Adam imports
the compiler stack, 1.8 CPU seconds that a small cell would spend mostly on that.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Literal

import torch
from torch import Tensor
from torch.optim.adam import adam

Decay = Literal["adam-l2", "touched", "decoupled", "decoupled-to-start"]


class Adam:
    """An optimiser of fixed parameters.

    The forms of decay:

    * `adam-l2`: decay * p joins the gradient of p;
    * `touched`: the same, but only where the gradient is not exactly 0, so that the rows of an embedding that no token
      of a batch reads are left alone;
    * `decoupled`: before the step, p moves towards 0 by rate * decay * p;
    * `decoupled-to-start`: the same, towards the value that p had at first.
    """

    def __init__(
        self,
        parameters: Iterable[Tensor],
        decay: float,
        form: Decay = "adam-l2",
        factors: Sequence[float] | None = None,
    ) -> None:
        """Start with zero moments.

        Args:
            parameters: what is moved, in place.
            decay: the weight of the decay.
            form: the form of the decay.
            factors: what each parameter's rate is multiplied by; 1 where None.
        """
        self.parameters = list(parameters)
        self.decay, self.form = decay, form
        self.factors = list(factors or [1.0] * len(self.parameters))
        self.means = [torch.zeros_like(p) for p in self.parameters]
        self.squares = [torch.zeros_like(p) for p in self.parameters]
        self.counts = [torch.zeros((), dtype=torch.float32, device=p.device) for p in self.parameters]
        to_start = form == "decoupled-to-start"
        self.ends = [p.detach().clone() if to_start else torch.zeros((), device=p.device) for p in self.parameters]

    def step(self, rate: float, gradients: Sequence[Tensor], divisor: Tensor | None = None) -> None:
        """Move the parameters against `gradients`, one a parameter, in place, at a learning rate.

        The gradients are divided by `divisor`, a scalar, in place.
        """
        with torch.no_grad():
            if self.form != "adam-l2" and self.decay:
                divisor = self._decay(rate, gradients, divisor)
            for factor in dict.fromkeys(self.factors):
                self._kernel(factor, rate * factor, gradients, divisor)

    def _decay(self, rate: float, gradients: Sequence[Tensor], divisor: Tensor | None) -> Tensor | None:
        """Apply a decay that torch's kernel does not know; return what the gradients must still be divided by."""
        if self.form == "touched":
            for p, gradient in zip(self.parameters, gradients, strict=True):
                if divisor is not None:
                    gradient.div_(divisor)
                gradient.add_((gradient != 0) * p, alpha=self.decay)
            return None
        for p, end, factor in zip(self.parameters, self.ends, self.factors, strict=True):
            p.add_(end - p, alpha=rate * factor * self.decay)
        return divisor

    def _kernel(self, factor: float, rate: float, gradients: Sequence[Tensor], divisor: Tensor | None) -> None:
        """Move the parameters of one factor, all at one rate."""
        chosen = [number for number, own in enumerate(self.factors) if own == factor]
        adam(
            [self.parameters[i] for i in chosen],
            [gradients[i] for i in chosen],
            [self.means[i] for i in chosen],
            [self.squares[i] for i in chosen],
            [],
            [self.counts[i] for i in chosen],
            fused=True,
            grad_scale=None if divisor is None else divisor.float(),
            amsgrad=False,
            beta1=0.9,
            beta2=0.999,
            lr=rate,
            weight_decay=self.decay if self.form == "adam-l2" else 0.0,
            eps=1e-8,
            maximize=False,
        )
