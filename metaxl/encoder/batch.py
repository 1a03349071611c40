"""Batches without padding: the tokens of all sentences in one row, and where attention finds them.

Linear layers and LayerNorm see real tokens only; attention alone works on the padded grid. The result equals the
padded computation to rounding, and a batch of short sentences costs what its tokens cost.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import accumulate

import numpy as np
import torch
from torch import Tensor

from metaxl.data.encode import Encoded, Integers


@dataclass(frozen=True, slots=True)
class Batch:
    """Packed sentences of one or more parts (source, target) on one device, part after part.

    Attributes:
        ids: (tokens,) vocabulary ids of all sentences, one after the other.
        positions: (tokens,) place of each token in its sentence, from 0.
        grid: (sentences, longest) index into `ids` of each place of the padded grid; padding points at 0.
        unpad: (tokens,) index of each token in the flattened grid.
        bias: (sentences, 1, longest) added to attention scores: 0 for tokens, -inf for padding.
        labelled: (labels,) index into `ids` of the tokens that carry a label.
        labels: (labels,) their classes.
        weights: (parts, labels) maps labels' losses to each part's mean loss.
        sentence_ends: (parts,) number of sentences up to the end of each part.
        token_ends: (parts,) number of tokens up to the end of each part.
        label_ends: (parts,) number of labels up to the end of each part.
    """

    ids: Tensor
    positions: Tensor
    grid: Tensor
    unpad: Tensor
    bias: Tensor
    labelled: Tensor
    labels: Tensor
    weights: Tensor
    sentence_ends: tuple[int, ...]
    token_ends: tuple[int, ...]
    label_ends: tuple[int, ...]

    def first_parts(self, count: int) -> Batch:
        """Return the first `count` parts, as views."""
        sentences, tokens, labels = (ends[count - 1] for ends in (self.sentence_ends, self.token_ends, self.label_ends))
        return replace(
            self,
            ids=self.ids[:tokens],
            positions=self.positions[:tokens],
            grid=self.grid[:sentences],
            unpad=self.unpad[:tokens],
            bias=self.bias[:sentences],
            labelled=self.labelled[:labels],
            labels=self.labels[:labels],
            weights=self.weights[:count, :labels],
            sentence_ends=self.sentence_ends[:count],
            token_ends=self.token_ends[:count],
            label_ends=self.label_ends[:count],
        )


def make_batch(parts: list[tuple[Encoded, Integers]], device: torch.device, dtype: torch.dtype) -> Batch:
    """Pack the chosen examples of one or more data sets into a batch.

    Args:
        parts: (data set, example numbers) pairs.
        device: where the tensors go.
        dtype: of `bias` and `weights`, the encoder's.
    """
    spans = [(data, example) for data, chosen in parts for example in chosen]
    tokens = [data.ids[data.starts[i] : data.starts[i + 1]] for data, i in spans]
    lengths = np.array([len(sentence) for sentence in tokens])
    starts = np.concatenate([[0], np.cumsum(lengths)])
    longest = int(lengths.max())
    places = np.arange(longest)
    real = places < lengths[:, None]
    labelled, labels = [], []
    for start, (data, i) in zip(starts[:-1], spans, strict=True):
        owned = slice(data.label_starts[i], data.label_starts[i + 1])
        labelled.append(start + data.labelled[owned])
        labels.append(data.labels[owned])
    arrays = {
        "ids": np.concatenate(tokens),
        "positions": np.broadcast_to(places, real.shape)[real],
        "grid": np.where(real, starts[:-1, None] + places, 0),
        "unpad": np.flatnonzero(real),
        "labelled": np.concatenate(labelled),
        "labels": np.concatenate(labels),
    }
    bias = np.where(real, 0.0, -np.inf)[:, None, :]
    sentence_ends = tuple(accumulate(len(chosen) for _, chosen in parts))
    counts = [int(np.diff(data.label_starts)[chosen].sum()) for data, chosen in parts]
    return Batch(
        **{name: _moved(array, device) for name, array in arrays.items()},
        bias=_moved(bias, device, dtype),
        weights=_moved(_mean_weights(counts), device, dtype),
        sentence_ends=sentence_ends,
        token_ends=tuple(int(starts[end]) for end in sentence_ends),
        label_ends=tuple(accumulate(counts)),
    )


def _moved(array: np.ndarray, device: torch.device, dtype: torch.dtype | None = None) -> Tensor:
    """Return the array on a device; from pinned memory the copy to a GPU does not wait for the work before it."""
    tensor = torch.from_numpy(array).to(dtype=dtype)
    return tensor.pin_memory().to(device, non_blocking=True) if device.type == "cuda" else tensor.to(device)


def _mean_weights(counts: list[int]) -> np.ndarray:
    """Return (parts, labels): 1 / labels of the part where the label is the part's, 0 elsewhere."""
    weights = np.zeros((len(counts), sum(counts)))
    for part, end in enumerate(accumulate(counts)):
        weights[part, end - counts[part] : end] = 1 / max(counts[part], 1)
    return weights
