"""Which code serves an encoder: the packed path for the BERT family, transformers' own modules for all others.

Both kinds are loaded by name, so that a packed encoder neither imports transformers nor depends on the code for it.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from metaxl.encoder.shape import FAMILIES
from metaxl.errors import EncoderError
from metaxl.files import read_json

PACKED, WRAPPED = "metaxl.encoder.packed", "metaxl.encoder.wrapped"


def model_type(folder: Path) -> str:
    """Return the model_type of an encoder folder's config.json.

    Raises:
        EncoderError: the file is missing or names none.
    """
    path = folder / "config.json"
    if not path.is_file():
        raise EncoderError(f"{path}: missing; an encoder folder holds config.json, model.safetensors, tokenizer.json.")
    config: Any = read_json(path)
    if not isinstance(config, dict) or not isinstance(config.get("model_type"), str):
        raise EncoderError(f"{path}: names no model_type, so nobody knows what encoder it is of.")
    return str(config["model_type"])


def network_module(kind: str) -> str:
    """Return the module that opens and saves encoders of a model_type.

    It has `open_network(folder, task, rows, generator)` and `save_model(out, folder, task, theta, rows, phi)`.
    """
    return PACKED if kind in FAMILIES else WRAPPED
