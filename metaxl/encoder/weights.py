"""What is wrong with an encoder's model.safetensors: its form, its numbers' kinds, its numbers; one streaming pass.

The form is a length of 8 bytes, so many bytes of JSON that give every tensor's dtype, shape and place, and the numbers.
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

WEIGHTS = "model.safetensors"
# Of the numbers that can be trained: the unsigned type that holds one, and the bits that are all 1 in NaN and Inf.
TRAINABLE = {
    "F64": ("<u8", 0x7FF << 52),
    "F32": ("<u4", 0xFF << 23),
    "F16": ("<u2", 0x1F << 10),
    "BF16": ("<u2", 0xFF << 7),
}
PARAMETERS = ("weight", "bias", "gamma", "beta")  # how the names of trained tensors end; others are buffers
LONGEST_HEADER = 100_000_000  # bytes, as the safetensors library has it
CHUNK = 1 << 22  # numbers that are looked at together
CURE = "copy or save it again"


@dataclass(frozen=True, slots=True)
class Stored:
    """A tensor of a file: its kind, its shape, and the bytes [start, end) of the file that it takes."""

    dtype: str
    shape: list[int]
    start: int
    end: int


class DamageError(ValueError):
    """A file that is no whole safetensors file; the text says why, as a sentence without its start."""


def faults_of_absence(folder: Path) -> list[str]:
    """Return that a folder has no model.safetensors, and the way from what it has instead."""
    path = folder / WEIGHTS
    if path.is_file():
        return []
    if (folder / "pytorch_model.bin").is_file():
        return [
            f"{path}: missing; pytorch_model.bin is a pickle, and pickles are never read here: run `metaxl encoder "
            f"convert {folder} --out NEW` and name the new folder."
        ]
    if (folder / f"{WEIGHTS}.index.json").is_file():
        return [
            f"{path}: missing; the weights are in several files: save them as one (max_shard_size of transformers)."
        ]
    return [f"{path}: missing; save the encoder with safe serialization (pickles are never read)."]


def read_header(path: Path) -> dict[str, Stored]:
    """Return the tensors that a safetensors file says to hold.

    Raises:
        DamageError: the file is empty or cut, or its header is not one.
    """
    size = path.stat().st_size
    with path.open("rb") as file:
        length = int.from_bytes(file.read(8), "little")
        if size < 8 or length > min(size - 8, LONGEST_HEADER):
            raise DamageError(f"the file is cut, empty or no safetensors file: it has {size} bytes and no whole header")
        try:
            header: Any = json.loads(file.read(length))
        except (ValueError, RecursionError) as error:
            raise DamageError(f"its header is not JSON ({error})") from error
    if not isinstance(header, dict):
        raise DamageError("its header is no JSON object")
    entries = {name: entry for name, entry in header.items() if name != "__metadata__"}
    stored = {name: _stored(name, entry, 8 + length) for name, entry in entries.items()}
    end = max((tensor.end for tensor in stored.values()), default=8 + length)
    if end != size:
        raise DamageError(f"the file has {size} bytes, where its header promises {end}; it is cut, or not whole")
    return stored


def _stored(name: str, entry: Any, first: int) -> Stored:
    """Read a tensor's entry; `first` is where the numbers begin in the file."""
    try:
        dtype, shape, (start, end) = entry["dtype"], entry["shape"], entry["data_offsets"]
        found = Stored(dtype, shape, first + start, first + end)
        bits = int(np.dtype(TRAINABLE[dtype][0]).itemsize) if dtype in TRAINABLE else None
        whole = start >= 0 and (bits is None or end - start == bits * math.prod(shape)) and end >= start
    except (KeyError, TypeError, ValueError) as error:
        raise DamageError(f"its header describes {name} in another form than safetensors ({error!r})") from error
    if not whole:
        raise DamageError(f"the bytes of {name} do not fit its {dtype} numbers of shape {shape}")
    return found


def faults_of_numbers(path: Path, stored: dict[str, Stored]) -> list[str]:
    """Return that weights cannot be trained: integers or other quantised numbers, or NaN and Inf among them."""
    faults = []
    wrong = [name for name in stored if name.endswith(PARAMETERS) and stored[name].dtype not in TRAINABLE]
    if wrong:
        faults.append(
            f"{path}: {wrong[0]} and {len(wrong) - 1} more hold {stored[wrong[0]].dtype} numbers, which cannot be "
            "trained; save the encoder with its weights dequantised."
        )
    looked = [name for name, tensor in stored.items() if tensor.dtype in TRAINABLE]
    whole = np.memmap(path, np.uint8, "r")
    counts = {name: count for name in looked if (count := _not_finite(whole, stored[name]))}
    if counts:
        first = next(iter(counts))
        faults.append(
            f"{path}: {len(counts)} of {len(looked)} tensors hold NaN or Inf, {sum(counts.values())} numbers in all, "
            f"the first {first} with {counts[first]}; the training that made the encoder has diverged: use another "
            "checkpoint of it."
        )
    return faults


def _not_finite(whole: np.ndarray, tensor: Stored) -> int:
    """Count the NaN and Inf of a tensor of the file whose bytes are `whole`."""
    kind, exponent = TRAINABLE[tensor.dtype]
    numbers = whole[tensor.start : tensor.end].view(kind)
    ones = np.array(exponent, kind)
    return sum(
        int(np.count_nonzero((numbers[start : start + CHUNK] & ones) == ones))
        for start in range(0, len(numbers), CHUNK)
    )
