"""The representation transformation network (RTN), phi in the paper (section 3.1; official `Raptors`, models.py)."""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.autograd import grad

from metaxl.encoder.shape import Parameters
from metaxl.experiment.settings import Method, Placement

ALPHA = "alpha"


def initialise(
    placement: Placement, hidden: int, bottleneck: int, method: Method, generator: torch.Generator
) -> Parameters:
    """Return fresh RTN parameters: Xavier-normal weights, zero biases, one RTN a layer.

    Several separate RTNs also get `alpha`, (layers,), zero: the logits of their losses' weights.
    """
    width = hidden + (method.gate == "token")
    phi: Parameters = {}
    for layer in placement:
        for name, shape in (("down", (bottleneck, hidden)), ("up", (width, bottleneck))):
            weight = torch.empty(shape)
            torch.nn.init.xavier_normal_(weight, generator=generator)
            phi[f"{layer}.{name}.weight"] = weight
            phi[f"{layer}.{name}.bias"] = torch.zeros(shape[0])
    if len(placement) > 1 and method.layer_composition == "separate":
        phi[ALPHA] = torch.zeros(len(placement))
    return phi


def transform(phi: Parameters, layer: int, hidden: Tensor, method: Method) -> Tensor:
    """Return (tokens, hidden): h + sigmoid(g) * r with (r, g) = W2 ReLU(W1 h).

    h inside the RTN is cut from the graph when `rtn_input` is "detached", as in the official code.
    """
    seen = hidden.detach() if method.rtn_input == "detached" else hidden
    change, gate = _change_and_gate(phi, layer, seen, method)
    if gate is not None:
        change = gate * change
    return hidden + change if method.residual == "add" else change


class Transformation:
    """An RTN at work on some tokens of a batch, the first derivatives and second; see `metaxl.method.operations`.

    It is small and has many forms, so autograd differentiates it.
    """

    def __init__(self, phi: Parameters, layer: int, method: Method, tokens: slice, lowest: bool, second: bool) -> None:
        """Transform `tokens`.

        Args:
            phi: the RTNs' parameters.
            layer: after which this one acts.
            method: its form.
            tokens: of the batch.
            lowest: no other RTN acts on these tokens in a layer below.
            second: keep what the tangents need.
        """
        self.phi, self.layer, self.method = phi, layer, method
        self.tokens, self.lowest, self.second = tokens, lowest, second

    def forward(self, x: Tensor) -> Tensor:
        """Return (tokens, hidden) with the own tokens transformed."""
        with torch.enable_grad():
            self.h = x[self.tokens].detach().requires_grad_()
            self.z = transform(self.phi, self.layer, self.h, self.method)
        return self._put(x, self.z.detach())

    def backward(self, y_bar: Tensor) -> Tensor:
        """Return x_bar."""
        self.z_bar = y_bar[self.tokens].detach().requires_grad_()
        with torch.enable_grad():
            # None where the RTN neither looks at h (its input is detached) nor hands it on (no residual).
            options = {"retain_graph": True, "create_graph": self.second, "allow_unused": True}
            (self.h_bar,) = grad(self.z, self.h, self.z_bar, **options)
        return self._put(y_bar, torch.zeros_like(self.z_bar) if self.h_bar is None else self.h_bar.detach())

    def gradients(self) -> Parameters:
        """Return phi's gradients, of what `backward` was given."""
        return self._named(grad(self.z, self._own(), self.z_bar.detach(), retain_graph=True))

    def tangent(self, x_dot: Tensor) -> Tensor:
        """Return y_dot."""
        self.h_dot = x_dot[self.tokens]
        if self.h_bar is None:
            return self._put(x_dot, torch.zeros_like(self.h_dot))
        # h_bar = J' z_bar is linear in z_bar, so its gradient along h_dot is J h_dot.
        (z_dot,) = grad(self.h_bar, self.z_bar, self.h_dot, retain_graph=True)
        return self._put(x_dot, z_dot)

    def backward_tangent(self, y_bar_dot: Tensor) -> tuple[Tensor, Parameters]:
        """Return x_bar_dot of the tokens that another RTN below has changed, and the change of phi's gradients."""
        pairs = [(self.z, y_bar_dot[self.tokens])]
        if self.h_bar is not None:
            pairs.append((self.h_bar, self.h_dot))
        values, directions = zip(*pairs, strict=True)
        inputs = self._own() if self.lowest else [*self._own(), self.h]
        changes = grad(values, inputs, directions, materialize_grads=True)
        below = y_bar_dot[: self.tokens.start] if self.lowest else self._put(y_bar_dot, changes[-1])
        return below, self._named(changes)

    def _put(self, x: Tensor, own: Tensor) -> Tensor:
        return torch.cat((x[: self.tokens.start], own, x[self.tokens.stop :]))

    def _own(self) -> list[Tensor]:
        return [value for name, value in self.phi.items() if name.startswith(f"{self.layer}.")]

    def _named(self, values: Sequence[Tensor]) -> Parameters:
        names = [name for name in self.phi if name.startswith(f"{self.layer}.")]
        return dict(zip(names, values, strict=False))


def gate_mean(phi: Parameters, layer: int, hidden: Tensor, method: Method) -> float | None:
    """Return the mean gate over tokens, in (0, 1), or None for an RTN without a gate."""
    gate = _change_and_gate(phi, layer, hidden, method)[1]
    return None if gate is None else float(gate.mean())


def _change_and_gate(phi: Parameters, layer: int, seen: Tensor, method: Method) -> tuple[Tensor, Tensor | None]:
    inner = F.relu(F.linear(seen, phi[f"{layer}.down.weight"], phi[f"{layer}.down.bias"]))
    out = F.linear(inner, phi[f"{layer}.up.weight"], phi[f"{layer}.up.bias"])
    if method.gate == "none":
        return out, None
    return out[:, :-1], torch.sigmoid(out[:, -1:])
