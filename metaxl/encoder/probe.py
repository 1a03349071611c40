"""What an unknown encoder is found to do with two short sentences, before a cell trusts it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor
from torch.autograd import grad

from metaxl.data.encode import Encoded
from metaxl.encoder.batch import Batch, make_batch
from metaxl.encoder.blocks import find_blocks, find_states
from metaxl.encoder.network import Parameters
from metaxl.encoder.wrapped_network import WrappedNetwork
from metaxl.errors import EncoderError

LONG, SHORT = 5, 3


def probed(network: WrappedNetwork, theta: Parameters) -> WrappedNetwork:
    """Return the network ready for training: where its states are, and which gradients its records give, is found.

    Args:
        network: with every linear map, the word embedding and no places yet; without dropout.
        theta: its parameters; at least two rows of words beside the padding's.

    Raises:
        EncoderError: its layers cannot be told apart, it is a decoder, or padding disturbs it.
    """
    words = np.flatnonzero(network.rows.numpy() != network.padding)
    # Each word of the cycle differs from the next.
    long, other, short = (words[np.arange(start, start + LONG) % len(words)] for start in (0, 1, LONG))
    other, short = np.append(long[:-1], other[-1]), short[:SHORT]
    batch = _batch(long, short)
    _, blocks = find_blocks(network.model.base_model, network.layers)
    with torch.no_grad():
        shape = (*batch.grid, network.hidden)
        places = find_states(network.model, blocks, lambda: network.scores(theta, batch), shape)
        network = replace(network, places=tuple(places))
        states, changed, alone = (
            network.states(theta, some, network.layers) for some in (batch, _batch(other, short), _batch(short))
        )
    _check_attention(type(network.model).__name__, states, changed, alone)
    plain = _plain_leaves(network, theta, batch)
    recorded = {name: module for name, module in network.recorded.items() if f"{name}.weight" not in plain}
    return replace(network, recorded=recorded, training=True)


def _batch(*sentences: np.ndarray) -> Batch:
    """Return sentences, given as row numbers, as a batch in which every token is labelled."""
    ids, bounds = np.concatenate(sentences), np.cumsum([0, *map(len, sentences)])
    places = np.concatenate([np.arange(len(sentence)) for sentence in sentences])
    names, labels = np.array([str(number) for number in range(len(sentences))]), np.zeros_like(ids)
    data = Encoded(ids, bounds, places, labels, places, bounds, labels, bounds, names, np.zeros(0, np.uint8))
    return make_batch([(data, np.arange(len(data)))], torch.device("cpu"), torch.float32)


def _check_attention(who: str, states: Tensor, changed: Tensor, alone: Tensor) -> None:
    """Check that the first token sees the last, which `changed` replaces, and that padding changes nothing.

    `states` and `changed` are (LONG + SHORT, hidden), of both sentences; `alone` is (SHORT, hidden), without padding.
    """
    if torch.equal(states[0], changed[0]):
        raise EncoderError(
            f"{who}: the first of {LONG} tokens does not see the last, as in a decoder; MetaXL needs an encoder."
        )
    tolerance = torch.finfo(states.dtype).eps ** 0.5
    if not torch.allclose(states[LONG:], alone, rtol=tolerance, atol=tolerance):
        raise EncoderError(
            f"{who}: padding changes what it makes of a sentence, although the attention mask marks it; use another "
            "encoder."
        )


def _plain_leaves(network: WrappedNetwork, theta: Parameters, batch: Batch) -> set[str]:
    """Return the recorded parameters whose gradients must be autograd's, for the records would not give them.

    The gradient of a map's weight is Y_bar' X only if the network reads it in y = W x + b alone. So the graph is cut
    behind every map: a weight to which the scores, or what goes into a map, still lead is read elsewhere as well.
    """
    leaves = {name: value.detach().requires_grad_() for name, value in theta.items()}
    cut = _Cut(leaves)
    total = network.scores(leaves, batch, cut).sum() + cut.total
    names = sorted(network.factored())
    bars = grad(total, [leaves[name] for name in names], allow_unused=True)
    return cut.altered | {name for name, bar in zip(names, bars, strict=True) if bar is not None}


class _Cut:
    """A recorder that cuts the graph behind every map."""

    def __init__(self, theta: Parameters) -> None:
        self.theta = theta
        self.total = torch.zeros(())  # the sum of all that went into a map
        self.altered: set[str] = set()  # weights of maps whose output is not W x + b, or whose input is a constant

    def linear(self, name: str, x: Tensor, y: Tensor) -> Tensor:
        product = F.linear(x, self.theta[f"{name}.weight"], self.theta.get(f"{name}.bias"))
        if not x.requires_grad or not torch.equal(y, product):
            self.altered.add(f"{name}.weight")
        self.total = self.total + x.sum()
        return y.detach().requires_grad_()

    def lookup(self, tables: dict[str, Tensor], y: Tensor) -> Tensor:
        return y.detach().requires_grad_()
