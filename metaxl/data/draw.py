"""What is drawn of a language: its source set, or a target's few examples where its data have many."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from metaxl.data.formats.records import Record
from metaxl.errors import DataError
from metaxl.files import sha256_text
from metaxl.tasks import OUTSIDE, SPLITS

TEST = SPLITS[-1]


def draw_source(order: str, records: Sequence[Record], size: int, seed: int, place: str) -> list[Record]:
    """Draw `size` records by an order of `ORDERS`.

    Raises:
        DataError: there are fewer records than asked for.
    """
    if size > len(records):
        raise DataError(f"{place}: {size} examples asked for, {len(records)} are there; lower source_size.")
    return ORDERS[order](records, size, seed)


def draw_target(records: Sequence[Record], split: str, size: int, seed: int, place: str) -> list[Record]:
    """Draw `size` records of a target's split by hash, in the order of the file.

    Sentences are drawn for train and dev from those with an entity, as WikiANN's all have one; for test from all, and a
    smaller test set is taken as it is.

    Raises:
        DataError: train or dev have fewer than asked for.
    """
    held = [one for one in records if split == TEST or "tags" not in one or any(tag != OUTSIDE for tag in one["tags"])]
    if size > len(held) and split != TEST:
        what = "examples" if len(held) == len(records) else "sentences with an entity"
        raise DataError(f"{place}: {size} {what} asked for, {len(held)} are there; lower target_sizes.{split}.")
    chosen = {record["id"] for record in by_hash(held, size, seed)}
    return [record for record in held if record["id"] in chosen]


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
