"""The representation transformation network (RTN), phi in the paper (section 3.1; official `Raptors`, models.py)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from metaxl.encoder.network import Between, Parameters
from metaxl.experiment.settings import Placement, Switches

ALPHA = "alpha"


@dataclass(frozen=True, slots=True)
class RTN:
    """The form of the RTNs after some layers; their parameters, phi, are handed in.

    Attributes:
        placement: the layers after which one sits; 0 is what enters the first block.
        switches: their form.
    """

    placement: Placement
    switches: Switches

    def initialise(self, hidden: int, bottleneck: int, generator: torch.Generator) -> Parameters:
        """Return fresh parameters: Xavier-normal weights, zero biases, one RTN a layer.

        Several separate RTNs also get `alpha`, (layers,), zero: the logits of their losses' weights.
        """
        width = hidden + (self.switches.gate == "token")
        phi: Parameters = {}
        for layer in self.placement:
            for name, shape in (("down", (bottleneck, hidden)), ("up", (width, bottleneck))):
                weight = torch.empty(shape)
                torch.nn.init.xavier_normal_(weight, generator=generator)
                phi[f"{layer}.{name}.weight"] = weight
                phi[f"{layer}.{name}.bias"] = torch.zeros(shape[0])
        if len(self.placement) > 1 and not self._nested:
            phi[ALPHA] = torch.zeros(len(self.placement))
        return phi

    def paths(self, phi: Parameters) -> list[tuple[Tensor | float, Between]]:
        """Return the ways of source sentences, each with its share of the loss.

        The loss of several RTNs is the softmax(alpha)-weighted sum of separate passes with one each (mlt.py,
        step_metaxl; there the passes share the layers and dropout masks below their RTNs, here each has its own), or
        that of one pass through all of them when composition is "nested".
        """
        if ALPHA not in phi:
            return [(1.0, self.between(phi, *self.placement))]
        # A softmax for each, since each path is differentiated by itself.
        return [
            (torch.softmax(phi[ALPHA], dim=0)[number], self.between(phi, layer))
            for number, layer in enumerate(self.placement)
        ]

    def between(self, phi: Parameters, *layers: int) -> Between:
        """Return what sends the states after each of `layers` through its RTN."""
        return lambda layer, hidden: self.transform(phi, layer, hidden) if layer in layers else hidden

    def transform(self, phi: Parameters, layer: int, hidden: Tensor) -> Tensor:
        """Return h + sigmoid(g) * r with (r, g) = W2 ReLU(W1 h), (..., hidden), or as the switches have it.

        With `residual: keep-norm` the sum is scaled to the norm of h, token by token.

        h inside the RTN is cut from the graph when `rtn_input` is "detached", as in the official code.
        """
        change, gate = self._change_and_gate(phi, layer, hidden)
        if gate is not None:
            change = gate * change
        if self.switches.residual == "none":
            return change
        if self.switches.residual == "keep-norm":
            total = hidden + change
            scale: Tensor = hidden.norm(dim=-1, keepdim=True) / total.norm(dim=-1, keepdim=True)
            return total * scale
        return hidden + change

    def facts(self, phi: Parameters, states: Callable[[int], Tensor]) -> dict[str, Any]:
        """Return what each RTN does to states, and the weights of separate RTNs.

        Of the RTN after layer n, over tokens: the mean gate, in (0, 1), and the mean of |RTN(h) - h| / |h|.

        Args:
            phi: the parameters.
            states: of source sentences after a layer, (tokens, hidden), which no RTN has changed.
        """
        # One nested pass gives a later RTN states that an earlier one has changed; only the first is seen plainly.
        plain = self.placement[:1] if self._nested else self.placement
        facts: dict[str, Any] = {}
        for layer in plain:
            hidden = states(layer)
            gate, change = self._change_and_gate(phi, layer, hidden)[1], self.transform(phi, layer, hidden) - hidden
            facts[f"gate_mean_L{layer}"] = None if gate is None else float(gate.mean())
            facts[f"rtn_change_L{layer}"] = float((change.norm(dim=-1) / hidden.norm(dim=-1)).mean())
        return facts | ({"alpha": torch.softmax(phi[ALPHA], dim=0).tolist()} if ALPHA in phi else {})

    def _change_and_gate(self, phi: Parameters, layer: int, hidden: Tensor) -> tuple[Tensor, Tensor | None]:
        seen = hidden.detach() if self.switches.rtn_input == "detached" else hidden
        inner = F.relu(F.linear(seen, phi[f"{layer}.down.weight"], phi[f"{layer}.down.bias"]))
        out = F.linear(inner, phi[f"{layer}.up.weight"], phi[f"{layer}.up.bias"])
        if self.switches.gate == "none":
            return out, None
        return out[..., :-1], torch.sigmoid(out[..., -1:])

    @property
    def _nested(self) -> bool:
        return self.switches.layer_composition == "nested"
