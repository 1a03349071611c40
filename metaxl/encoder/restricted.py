"""A word embedding that holds only the rows which occur in a cell's data."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from metaxl.data.encode import Integers


class RestrictedEmbedding(nn.Embedding):
    """Takes the place of a model's word embedding, which still sees the vocabulary's own ids.

    It must see them: RoBERTa and its kin find the positions of tokens by comparing ids with the padding's. An id that
    does not occur in the data can only be padding, which the mask hides, so that it may read any row.

    Attributes:
        weight: (rows, hidden) the rows that occur.
        padding_idx: the row of padding, which has no gradient, as in every nn.Embedding; None if it does not occur.
        numbers: (vocabulary,) row number of each id, -1 where it does not occur.
    """

    numbers: Tensor

    def __init__(self, whole: nn.Embedding, rows: Integers) -> None:
        """Keep `rows` of an embedding."""
        kept = torch.from_numpy(rows)
        numbers = torch.full((whole.num_embeddings,), -1)
        numbers[kept] = torch.arange(len(kept))
        padding = -1 if whole.padding_idx is None else int(numbers[whole.padding_idx])
        super().__init__(len(kept), whole.embedding_dim, padding if padding >= 0 else None, device="meta")
        self.weight = nn.Parameter(whole.weight.detach()[kept])
        self.register_buffer("numbers", numbers, persistent=False)

    def forward(self, ids: Tensor) -> Tensor:
        """Return (..., hidden) the rows of ids."""
        return super().forward(self.numbers[ids].clamp(min=0))

    def trained_rows(self, ids: Tensor) -> Tensor:
        """Return (...) the row numbers of ids that have a gradient, -1 for others."""
        numbers = self.numbers[ids]
        return numbers if self.padding_idx is None else numbers.masked_fill(numbers == self.padding_idx, -1)
