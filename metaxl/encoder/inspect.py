"""Whether an encoder folder can serve an experiment, as far as its config.json tells."""

from __future__ import annotations

from pathlib import Path

from metaxl.encoder.open import read_config
from metaxl.errors import MetaXLError


def faults_of_encoder(folder: Path, *, layers: int, longest: int) -> list[str]:
    """Return what is wrong with an encoder folder, each a full message.

    Args:
        folder: with config.json.
        layers: the highest layer after which an RTN is to sit.
        longest: the most subwords of an example.
    """
    try:
        config = read_config(folder)
    except MetaXLError as error:
        return [str(error)]
    found, path = [], folder / "config.json"
    known, positions = config.get("num_hidden_layers"), config.get("max_position_embeddings")
    if isinstance(known, int) and layers > known:
        found.append(f"{path}: layer {layers} does not exist; it has layers 0 (the embedding output) to {known}.")
    if isinstance(positions, int) and longest > positions:
        found.append(f"{path}: {longest} subwords asked for, but it has {positions} positions; lower max_length.")
    return found
