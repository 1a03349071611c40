"""What an unknown encoder is found to do with two short sentences, before a cell trusts it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import torch
from torch import Tensor, nn

from metaxl.encoder.blocks import find_blocks, find_states
from metaxl.encoder.network import NOTHING, Parameters, Recorder, unchanged
from metaxl.encoder.records import not_reproduced
from metaxl.encoder.wrapped_network import WrappedNetwork
from metaxl.errors import EncoderError

LONG, SHORT = 5, 3


def probed(network: WrappedNetwork, theta: Parameters) -> WrappedNetwork:
    """Return the network ready for training: where its states are, and which gradients its records give, is found.

    Args:
        network: with every linear map, the word embedding and no places yet; without dropout.
        theta: its parameters.

    Raises:
        EncoderError: its layers cannot be told apart, it is a decoder, or padding disturbs it.
    """
    ids, mask = _sentences(network.rows, network.padding)

    def scores(leaves: Parameters, record: Recorder) -> Tensor:
        found = network.padded_scores(leaves, ids, mask, record, unchanged)
        return found[mask == 1] if network.head == "token" else found

    with torch.no_grad():
        blocks = find_blocks(network.model.base_model, network.layers)[1]
        for block in blocks:
            block.register_forward_pre_hook(_finite_mask, with_kwargs=True)
        shape = (*ids.shape, network.hidden)
        places = find_states(network.model, blocks, lambda: scores(theta, NOTHING), shape)
        network = replace(network, places=tuple(places))
        _check_attention(network, theta, ids, mask)
    leaves = set(not_reproduced(scores, theta, network.factored()))
    return replace(
        network,
        maps={name: linear for name, linear in network.maps.items() if f"{name}.weight" not in leaves},
        table=None if network.words in leaves else network.table,
        training=True,
    )


def _sentences(rows: Tensor, padding: int) -> tuple[Tensor, Tensor]:
    """Return ids and mask of a sentence of LONG tokens and a padded one of SHORT, each (2, LONG).

    Args:
        rows: ids to take, at least two other than the padding's.
        padding: the padding's id.
    """
    known = rows[rows != padding]
    ids = known[torch.arange(2 * LONG, device=rows.device) % len(known)].view(2, LONG)
    mask = torch.ones_like(ids)
    mask[1, SHORT:] = 0
    return ids.where(mask == 1, torch.full_like(ids, padding)), mask


def _check_attention(network: WrappedNetwork, theta: Parameters, ids: Tensor, mask: Tensor) -> None:
    """Check that the first token sees the last, and that padding changes nothing.

    Raises:
        EncoderError: it is not so.
    """
    who = type(network.model).__name__
    states = network.padded_states(theta, ids, mask, unchanged)[-1]
    other = ids.clone()
    other[0, -1] = ids[0, 0] if ids[0, 0] != ids[0, -1] else ids[0, 1]
    if torch.equal(network.padded_states(theta, other, mask, unchanged)[-1][0, 0], states[0, 0]):
        raise EncoderError(
            f"{who}: the first of {LONG} tokens does not see the last, as in a decoder; MetaXL needs an encoder."
        )
    alone = network.padded_states(theta, ids[1:, :SHORT], mask[1:, :SHORT], unchanged)[-1]
    tolerance = torch.finfo(states.dtype).eps ** 0.5
    if not torch.allclose(states[1:, :SHORT], alone, rtol=tolerance, atol=tolerance):
        raise EncoderError(
            f"{who}: padding changes what it makes of a sentence, although the attention mask marks it; use another "
            "encoder."
        )


def _finite_mask(block: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[Any, Any]:
    """Keep the attention mask finite in float32, in which some models take the softmax whatever the rest is in.

    Float64's lowest number becomes -inf there, and a row of nothing else gives NaN: a padding token whose local window
    is all padding has one (ModernBERT). Masks in float32 are left as they are.
    """
    return tuple(map(_clamped, args)), {name: _clamped(value) for name, value in kwargs.items()}


def _clamped(value: Any) -> Any:
    wide = isinstance(value, Tensor) and value.dtype == torch.float64 and value.dim() == 4
    return value.clamp(min=torch.finfo(torch.float32).min) if wide else value
