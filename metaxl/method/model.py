"""The encoder with its task head, and the source path through the RTN."""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch
from torch import Tensor

from metaxl.encoder.batch import Batch
from metaxl.encoder.shape import Parameters, Shape
from metaxl.experiment.settings import Method, Placement, Precision
from metaxl.method.attention import Places
from metaxl.method.layers import Embedding, Head, Layer
from metaxl.method.products import Mode
from metaxl.method.rtn import transform


@dataclass(frozen=True, slots=True)
class Model:
    """f(x; theta) for target and f(x; phi, theta) for source sentences; holds no parameters.

    Parameters are named `head.dense.*` and `head.out.*` beside the encoder's.
    """

    shape: Shape
    task: str
    placement: Placement
    method: Method
    precision: Precision = "float32"
    training: bool = True

    def evaluating(self) -> Model:
        """Return the same model without dropout, its products in full precision."""
        return replace(self, training=False, precision="float32")

    def mode(self) -> Mode:
        """Return how its batches are computed."""
        return Mode(self.training, torch.bfloat16 if self.precision == "bf16" else None)

    def source_parts(self) -> int:
        """Return how often a batch must hold its source sentences.

        The loss of several RTNs is the softmax(alpha)-weighted sum of separate passes with one each (mlt.py,
        step_metaxl; there the passes share the layers and dropout masks below their RTNs, here each has its own), or
        that of one pass through all of them when composition is "nested".
        """
        return len(self.placement) if self.method.layer_composition == "separate" else 1

    def logits(self, theta: Parameters, batch: Batch) -> Tensor:
        """Return (labels, classes): the scores of the labelled tokens."""
        states = self.states(theta, {}, batch, self.shape.layers)
        return Head(theta, self.task, self.shape, batch, self.mode()).forward(states)

    def states(self, theta: Parameters, phi: Parameters, batch: Batch, layer: int) -> Tensor:
        """Return (tokens, hidden) after `layer`, through the RTNs up to there if there are any; keep nothing."""
        places = Places(batch, self.shape.heads)
        hidden = Embedding(theta, self.shape, batch, self.mode()).forward()
        for number in range(layer + 1):
            if phi and number in self.placement:
                hidden = transform(phi, number, hidden, self.method)
            if number < layer:
                hidden = Layer(theta, number, self.shape, places, self.mode()).forward(hidden)
        return hidden

    def first_states(self, theta: Parameters, phi: Parameters, batch: Batch) -> Tensor:
        """Return (sentences, hidden): the last layer's first-token vectors, through the RTNs if there are any."""
        return self.states(theta, phi, batch, self.shape.layers)[batch.grid[:, 0]]
