"""model.safetensors without loading it: its header, whether the file is whole, and whether its numbers are finite."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from metaxl.errors import EncoderError

# How numpy reads each type; bfloat16, which it lacks, as whole numbers of the same bits.
TYPES = {"F64": np.float64, "F32": np.float32, "F16": np.float16, "BF16": np.uint16}
BFLOAT16_EXPONENT = np.uint16(0x7F80)  # all of its bits are set in an infinity and in a NaN
LONGEST_HEADER = 100_000_000  # bytes, as the format's own reader allows
CHUNK = 1 << 22  # numbers looked at in one go
SAVE_AGAIN = "get the file again, or save the encoder again"


@dataclass(frozen=True, slots=True)
class Stored:
    """A tensor as the header describes it: its type, its shape, and the bytes of the file that hold it."""

    name: str
    kind: str
    shape: tuple[int, ...]
    begin: int
    end: int


def read_header(path: Path) -> list[Stored]:
    """Return the tensors of a safetensors file.

    Raises:
        EncoderError: the file is empty, cut, or no safetensors file.
    """
    size = path.stat().st_size
    with path.open("rb") as file:
        length = int.from_bytes(file.read(8), "little")
        if size < 8 or length > min(LONGEST_HEADER, size - 8):
            raise EncoderError(f"{path}: is empty, cut, or no safetensors file ({size:,} bytes); {SAVE_AGAIN}.")
        text = file.read(length)
    start = 8 + length
    try:
        header = json.loads(text)
        found = [
            Stored(name, about["dtype"], tuple(about["shape"]), *(start + place for place in about["data_offsets"]))
            for name, about in header.items()
            if name != "__metadata__"
        ]
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise EncoderError(f"{path}: its header is not that of a safetensors file; {SAVE_AGAIN}.") from error
    expected = max((tensor.end for tensor in found), default=start)
    if expected != size:
        raise EncoderError(f"{path}: has {size:,} bytes, where its header promises {expected:,}; {SAVE_AGAIN}.")
    return found


def not_finite(path: Path, tensors: list[Stored]) -> Iterator[tuple[Stored, int]]:
    """Yield the tensors that hold a NaN or an infinity, and how many, in one pass over the file."""
    content = np.memmap(path, dtype=np.uint8, mode="r")
    for tensor in tensors:
        if tensor.kind in TYPES:
            numbers = content[tensor.begin : tensor.end].view(TYPES[tensor.kind])
            count = sum(_not_finite(numbers[i : i + CHUNK]) for i in range(0, len(numbers), CHUNK))
            if count:
                yield tensor, count


def _not_finite(numbers: NDArray[Any]) -> int:
    if numbers.dtype == np.uint16:
        return int(((numbers & BFLOAT16_EXPONENT) == BFLOAT16_EXPONENT).sum())
    return int((~np.isfinite(numbers)).sum())
