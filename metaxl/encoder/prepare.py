"""Prepare an encoder folder in the one form that everything downstream reads, whatever it comes from."""

from __future__ import annotations

import logging
import shutil
from pathlib import Path
from typing import Any

from metaxl.downloads.encoders import fetch_encoder
from metaxl.downloads.lock import record
from metaxl.encoder.shape import FAMILIES, Shape
from metaxl.encoder.tokenizer_files import convert_tokenizer
from metaxl.errors import EncoderError
from metaxl.files import atomic_folder, read_json

REQUIRED = ("config.json", "model.safetensors")
OPTIONAL = ("tokenizer_config.json", "special_tokens_map.json")
log = logging.getLogger("metaxl")


def prepare_encoder(spec: dict[str, Any], out: Path) -> None:
    """Write config.json, model.safetensors and tokenizer.json of an encoder into `out`.

    Args:
        spec: {"hub", "revision"}, {"folder"}, or {"pretrain", "sources", "targets", "seed"}.
        out: replaced as a whole, or left as it was on an error.

    Raises:
        EncoderError: the folder lacks a file, or holds a model of another family.
        DownloadError: the hub cannot be reached, or has no safetensors.
    """
    entries = {}
    with atomic_folder(out) as folder:
        if "hub" in spec:
            entries = fetch_encoder(spec["hub"], spec["revision"], folder)
        elif "folder" in spec:
            _link(Path(spec["folder"]), folder)
        else:
            from metaxl.demo.encoder import make_encoder  # its libraries take seconds to load

            log.info("%s", make_encoder(spec, folder))
        _check(folder)
    record(entries)


def _check(folder: Path) -> None:
    """Check that the model is an encoder that MetaXL can train.

    Raises:
        EncoderError: it is none.
    """
    if read_json(folder / "config.json").get("model_type") in FAMILIES:
        Shape.load(folder)
    else:
        from metaxl.encoder.wrapped_checkpoint import load_config  # its libraries take seconds to load

        load_config(folder)


def _link(source: Path, out: Path) -> None:
    """Link the weights of a user's folder, which may be large, and copy the small files."""
    missing = [name for name in REQUIRED if not (source / name).is_file()]
    if missing:
        raise EncoderError(
            f"{source}: no {', '.join(missing)}; an encoder folder holds {', '.join(REQUIRED)} and tokenizer.json."
        )
    (out / "model.safetensors").symlink_to((source / "model.safetensors").resolve())
    for name in ("config.json", "tokenizer.json", *OPTIONAL):
        if (source / name).is_file():
            shutil.copyfile(source / name, out / name)
    if not (source / "tokenizer.json").is_file():
        convert_tokenizer(source, out / "tokenizer.json")
