"""A word embedding that holds only the rows which occur in a cell's data."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from metaxl.data.encode import Integers


class RestrictedEmbedding(nn.Module):
    """Takes the place of a model's word embedding, which still sees the vocabulary's own ids.

    It must see them: RoBERTa and its kin find the positions of tokens by comparing ids with the padding's.

    Attributes:
        weight: (rows, hidden) the rows that occur.
        padding_idx: the id whose row has no gradient, as in nn.Embedding, or None.
        numbers: (vocabulary,) row number of each id, -1 where it does not occur.
    """

    numbers: Tensor

    def __init__(self, whole: nn.Embedding, rows: Integers) -> None:
        """Keep `rows` of an embedding."""
        super().__init__()
        self.num_embeddings, self.embedding_dim = whole.num_embeddings, whole.embedding_dim
        self.padding_idx = whole.padding_idx
        kept = torch.from_numpy(rows)
        self.weight = nn.Parameter(whole.weight.detach()[kept])
        numbers = torch.full((whole.num_embeddings,), -1)
        numbers[kept] = torch.arange(len(kept))
        self.register_buffer("numbers", numbers, persistent=False)

    def forward(self, ids: Tensor) -> Tensor:
        """Return (..., hidden) the rows of ids; padding that does not occur in the data gets any row."""
        found = F.embedding(self.numbers[ids].clamp(min=0), self.weight)
        return torch.where((self.trained_rows(ids) < 0)[..., None], found.detach(), found)

    def trained_rows(self, ids: Tensor) -> Tensor:
        """Return (...) the row numbers of ids that have a gradient, -1 for others."""
        numbers = self.numbers[ids]
        return numbers if self.padding_idx is None else numbers.masked_fill(ids == self.padding_idx, -1)
