"""A cell's encoded data, with ids renumbered to the vocabulary that occurs in it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from metaxl.data.encode import Encoded, Integers


@dataclass(frozen=True, slots=True)
class CellData:
    """A cell's encoded data with ids renumbered to the vocabulary that occurs in it.

    Attributes:
        train: target sentences; likewise dev and test.
        source: source sentences, or None for target-only training.
        rows: (vocabulary,) the original id of each renumbered one, ascending. The embedding rows of all other
            ids never have a gradient in this cell, so it trains without them.
    """

    train: Encoded
    dev: Encoded
    test: Encoded
    source: Encoded | None
    rows: Integers

    @classmethod
    def load(cls, files: dict[str, Path]) -> CellData:
        """Read the encoded files by role: train, dev, test and perhaps source."""
        parts = {role: Encoded.load(path) for role, path in files.items()}
        rows = np.unique(np.concatenate([part.ids for part in parts.values()]))
        new = {role: replace(part, ids=np.searchsorted(rows, part.ids)) for role, part in parts.items()}
        return cls(new["train"], new["dev"], new["test"], new.get("source"), rows)
