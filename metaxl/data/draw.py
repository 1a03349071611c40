"""The source set that is drawn from a source language's training split."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from metaxl.data.formats.records import Record
from metaxl.errors import DataError
from metaxl.files import sha256_text


def draw_source(order: str, records: Sequence[Record], size: int, seed: int, place: str) -> list[Record]:
    """Draw `size` records by an order of `ORDERS`.

    Raises:
        DataError: there are fewer records than asked for.
    """
    if size > len(records):
        raise DataError(f"{place}: {size} examples asked for, {len(records)} are there; lower source_size.")
    return ORDERS[order](records, size, seed)


def by_hash(records: Sequence[Record], size: int, seed: int) -> list[Record]:
    """Return the first by hash(seed, id): nested over sizes, independent of file order and platform."""
    return sorted(records, key=lambda record: sha256_text(f"{seed}/{record['id']}"))[:size]


def as_official(records: Sequence[Record], size: int, seed: int) -> list[Record]:
    """Return what the official code draws, whose seed is 42: numpy's choice over file order; all in order if all."""
    if size == len(records):
        return list(records)
    chosen = np.random.RandomState(seed).choice(len(records), size, replace=False)
    return [records[i] for i in chosen]


ORDERS: dict[str, Callable[[Sequence[Record], int, int], list[Record]]] = {"hash": by_hash, "official": as_official}
