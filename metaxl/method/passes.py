"""One batch through the model: its losses, their gradient, and the second derivative that MetaXL needs."""

from __future__ import annotations

from dataclasses import replace

import torch
from torch import Tensor

from metaxl.encoder.batch import Batch
from metaxl.encoder.shape import Parameters
from metaxl.method.attention import Places
from metaxl.method.layers import CrossEntropy, Embedding, Head, Layer
from metaxl.method.model import Model
from metaxl.method.rtn import ALPHA, Transformation


class Pass:
    """A batch on its way through the model.

    The batch's first `model.source_parts()` parts pass through one RTN each, or one part through all if nested, when
    phi is given; the other parts pass through none. See `metaxl.method.operations` for what happens at each stage.
    """

    def __init__(
        self,
        model: Model,
        theta: Parameters,
        phi: Parameters,
        batch: Batch,
        share: float = 1.0,
        second: bool = False,
        moved_rows: int = 0,
    ) -> None:
        """Compute the losses.

        Args:
            model: what to compute.
            theta: the encoder's and the head's parameters.
            phi: the RTNs' parameters; none for a batch that passes through none.
            batch: the sentences.
            share: of each part's mean loss in the loss; the source parts have it together.
            second: keep what `hypergradient` needs.
            moved_rows: the source tokens of another pass, whose `hypergradient` moves theta along this one's gradients;
                0 for a pass that is no such direction.
        """
        self.model, self.theta, self.phi, self.batch = model, theta, phi, batch
        self.share, self.second, self.moved_rows = share, second, moved_rows
        self.sources = model.source_parts() if phi else 0
        self.mixture = _mixture(phi, self.sources, batch)
        shape, mode = model.shape, replace(model.mode(), moved_rows=moved_rows)
        places = Places(batch, shape.heads)
        self.embedding = Embedding(theta, shape, batch, mode)
        self.layers = [Layer(theta, number, shape, places, mode) for number in range(shape.layers)]
        self.transformations = self._transformations()
        self.head = Head(theta, model.task, shape, batch, mode)
        plain = batch.weights.new_ones(len(batch.weights) - self.sources)
        self.cross_entropy = CrossEntropy(batch, torch.cat((self.mixture, plain)) * share)
        self.losses = self.cross_entropy.forward(self.head.forward(self._states()))

    def source_loss(self) -> Tensor:
        """Return the mean loss of the source parts, weighted by alpha; a scalar."""
        return self.mixture @ self.losses[: self.sources]

    def target_loss(self) -> Tensor:
        """Return the sum of the other parts' mean losses; a scalar."""
        return self.losses[self.sources :].sum()

    def backward(self, gradients: Parameters) -> None:
        """Write theta's gradients to `gradients`, which may be theta itself unless `hypergradient` follows.

        Of a pass that is a direction (`moved_rows`), those of linear maps that stay in factors are not written.
        """
        hidden_bar = self.head.backward(self.cross_entropy.backward(), gradients)
        for number in reversed(range(len(self.layers) + 1)):
            if number < len(self.layers):
                layer = self.layers[number] if self.second or self.moved_rows else self.layers.pop()
                hidden_bar = layer.backward(hidden_bar, gradients)
                if self.moved_rows:
                    layer.keep_gradients_alone()
                if number < min(self.transformations, default=0):
                    layer.drop_bars()
            if number in self.transformations:
                hidden_bar = self.transformations[number].backward(hidden_bar)
        self.embedding.backward(hidden_bar, gradients)

    def phi_gradients(self) -> Parameters:
        """Return phi's gradients; after `backward`."""
        gradients = {ALPHA: self._alpha(self.losses[: self.sources])}
        for transformation in self.transformations.values():
            gradients |= transformation.gradients()
        return {name: gradients[name] for name in self.phi}

    @property
    def source_tokens(self) -> int:
        """Return how many tokens pass through RTNs."""
        return self.batch.token_ends[self.sources - 1] if self.sources else 0

    def hypergradient(self, judged: Pass) -> Parameters:
        """Return d <theta's gradient, v> / d phi, exact, with v the gradient of another pass; after both `backward`.

        It is how phi's gradient changes while theta moves along v, for the order of the derivatives is free. Nothing
        but the source parts is moved, and the way back ends at the lowest RTN: with F the forward pass of the source
        sentences, 2 F below an RTN and 4 F above it where v is matrices, down to half of that where it is factors.
        """
        moved = self.batch.first_parts(self.sources)
        places = [Places(self.batch.first_parts(count + 1), self.model.shape.heads) for count in range(self.sources)]
        hidden_dot = self.embedding.tangent(judged.embedding, len(moved.ids))
        for number in range(len(self.layers) + 1):
            if number in self.transformations:
                hidden_dot = self.transformations[number].tangent(hidden_dot)
            if number < len(self.layers):
                hidden_dot = self.layers[number].tangent(hidden_dot, judged.layers[number], places[-1])
        scores_dot = self.head.tangent(hidden_dot, judged.head, len(moved.labels))
        changes = {ALPHA: self._alpha(self.cross_entropy.tangent(scores_dot)[: self.sources])}
        bar_dot = self.head.backward_tangent(self.cross_entropy.backward_tangent(scores_dot), len(moved.ids))
        for number in reversed(range(min(self.transformations), len(self.layers) + 1)):
            if number < len(self.layers):
                bar_dot = self.layers[number].backward_tangent(bar_dot, places[self._bent_parts(number) - 1])
            if number in self.transformations:
                bar_dot, change = self.transformations[number].backward_tangent(bar_dot)
                changes |= change
        return {name: changes[name] for name in self.phi}

    def _transformations(self) -> dict[int, Transformation]:
        """Return the RTN at work after each layer of the placement."""
        if not self.phi:
            return {}
        method, placement, ends = self.model.method, self.model.placement, (0, *self.batch.token_ends)
        if method.layer_composition == "nested":
            tokens = slice(0, ends[1])
            return {n: Transformation(self.phi, n, method, tokens, n == placement[0], self.second) for n in placement}
        parts = zip(placement, ends[:-1], ends[1:], strict=False)
        return {n: Transformation(self.phi, n, method, slice(*bounds), True, self.second) for n, *bounds in parts}

    def _states(self) -> Tensor:
        hidden = self.embedding.forward()
        for number in range(len(self.layers) + 1):
            if number in self.transformations:
                hidden = self.transformations[number].forward(hidden)
            if number < len(self.layers):
                hidden = self.layers[number].forward(hidden)
        return hidden

    def _bent_parts(self, layer: int) -> int:
        """Return how many parts, the first ones, an RTN has changed before they enter a layer."""
        return min(self.sources, sum(number <= layer for number in self.transformations))

    def _alpha(self, losses: Tensor) -> Tensor:
        """Return the gradient of alpha, or its change, from the source parts' losses, or theirs."""
        return self.share * self.mixture * (losses - self.mixture @ losses)


def _mixture(phi: Parameters, sources: int, batch: Batch) -> Tensor:
    """Return (sources,) the source parts' weights in the loss."""
    return torch.softmax(phi[ALPHA].detach(), dim=0) if ALPHA in phi else batch.weights.new_ones(sources)
