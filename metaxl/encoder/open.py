"""An encoder's config.json, and which code serves it: packed for the BERT family, transformers' modules for all others.

Both kinds are loaded by name, so that a packed encoder neither imports transformers nor depends on the code for it.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from metaxl.errors import EncoderError
from metaxl.files import read_json

FAMILIES = ("bert", "roberta", "xlm-roberta")
PACKED, WRAPPED = "metaxl.encoder.packed", "metaxl.encoder.wrapped"


def read_config(folder: Path) -> dict[str, Any]:
    """Read config.json of an encoder folder.

    Raises:
        EncoderError: the file is missing, names no model_type, or describes a decoder or quantised weights.
    """
    path = folder / "config.json"
    if not path.is_file():
        raise EncoderError(f"{path}: missing; an encoder folder holds config.json, model.safetensors, tokenizer.json.")
    config: Any = read_json(path)
    if faults := faults_of_kind(path, config):
        raise EncoderError("\n".join(faults))
    return dict(config)


def faults_of_kind(path: Path, config: Any) -> list[str]:
    """Return what makes the content of config.json at `path` that of no encoder which can be trained."""
    if not isinstance(config, dict):
        return [
            f"{path}: names no model_type, as it is a {type(config).__name__}, not an object of settings; copy the "
            "encoder's own config.json."
        ]
    faults, family = [], config.get("model_type")
    if not isinstance(family, str) or not family:
        faults.append(f"{path}: names no model_type, so nobody knows what encoder it is of (found {family!r}).")
    faults += [
        f"{path}: {flag} is true, so {family!r} is or has a decoder; MetaXL needs an encoder alone, whose tokens see "
        "what follows them."
        for flag in ("is_decoder", "is_encoder_decoder")
        if config.get(flag)
    ]
    if "quantization_config" in config:
        faults.append(f"{path}: the weights are quantised and cannot be trained; use the original encoder.")
    return faults


def network_module(folder: Path) -> str:
    """Return the module that opens and saves the encoder of a folder.

    It has `open_network(folder, task, labels, rows, generator)` and
    `save_model(out, folder, task, labels, theta, rows, phi)`.

    Raises:
        EncoderError: its config.json is missing, or no encoder's.
    """
    return module_of(read_config(folder)["model_type"])


def module_of(model_type: str) -> str:
    """Return the module that serves encoders of a model_type."""
    return PACKED if model_type in FAMILIES else WRAPPED
