"""Batches without padding: the tokens of all sentences in one row, and where attention finds them.

Linear maps and LayerNorm see real tokens only; attention alone works on the padded grid. The result equals the padded
computation to rounding, and a batch of short sentences costs what its tokens cost.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from metaxl.data.encode import Encoded, Integers

Part = tuple[Encoded, Integers]  # a data set and the numbers of some of its examples


@dataclass(frozen=True, slots=True)
class Batch:
    """Packed sentences on one device.

    Attributes:
        ids: (tokens,) vocabulary ids of all sentences, one after the other.
        positions: (tokens,) place of each token in its sentence, from 0.
        grid: (sentences, longest), the size of the padded grid.
        unpad: (tokens,) index of each token in the flattened grid.
        bias: (sentences, 1, longest) added to attention scores: 0 for tokens, -inf for padding.
        firsts: (sentences,) index into `ids` of each sentence's first token.
        labelled: (labels,) index into `ids` of the tokens that carry a label.
        labels: (labels,) their classes.
        weights: (labels,) of each label in the loss, the mean over the parts of a part's mean.
    """

    ids: Tensor
    positions: Tensor
    grid: tuple[int, int]
    unpad: Tensor
    bias: Tensor
    firsts: Tensor
    labelled: Tensor
    labels: Tensor
    weights: Tensor


def make_batch(parts: list[Part], device: torch.device, dtype: torch.dtype) -> Batch:
    """Pack the chosen examples of one or more data sets into a batch.

    Args:
        parts: data sets with example numbers; in the loss each part weighs the same.
        device: where the tensors go.
        dtype: of `bias` and `weights`, the encoder's.
    """
    spans = [(data, example) for data, chosen in parts for example in chosen]
    tokens = [data.ids[data.starts[i] : data.starts[i + 1]] for data, i in spans]
    lengths = np.array([len(sentence) for sentence in tokens])
    starts = np.cumsum(lengths) - lengths
    places = np.arange(lengths.max())
    real = places < lengths[:, None]
    owned = [slice(data.label_starts[i], data.label_starts[i + 1]) for data, i in spans]
    labelled = [start + data.labelled[own] for start, own, (data, _) in zip(starts, owned, spans, strict=True)]
    arrays = {
        "ids": np.concatenate(tokens),
        "positions": np.broadcast_to(places, real.shape)[real],
        "unpad": np.flatnonzero(real),
        "firsts": starts,
        "labelled": np.concatenate(labelled),
        "labels": np.concatenate([data.labels[own] for own, (data, _) in zip(owned, spans, strict=True)]),
    }
    return Batch(
        **{name: _moved(array, device) for name, array in arrays.items()},
        grid=(len(spans), len(places)),
        bias=_moved(np.where(real, 0.0, -np.inf)[:, None, :], device, dtype),
        weights=_moved(_mean_weights(parts), device, dtype),
    )


def _moved(array: np.ndarray, device: torch.device, dtype: torch.dtype | None = None) -> Tensor:
    """Return the array on a device; from pinned memory the copy to a GPU does not wait for the work before it."""
    tensor = torch.from_numpy(array).to(dtype=dtype)
    return tensor.pin_memory().to(device, non_blocking=True) if device.type == "cuda" else tensor.to(device)


def _mean_weights(parts: list[Part]) -> np.ndarray:
    """Return (labels,): 1 / (parts * labels of the own part)."""
    counts = [int(np.diff(data.label_starts)[chosen].sum()) for data, chosen in parts]
    return np.concatenate([np.full(count, 1 / (len(parts) * max(count, 1))) for count in counts])
