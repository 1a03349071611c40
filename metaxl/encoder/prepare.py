"""Prepare an encoder folder in the one form that everything downstream reads, whatever it comes from."""

from __future__ import annotations

import logging
import shutil
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np

from metaxl.downloads.encoders import fetch_encoder
from metaxl.downloads.lock import record
from metaxl.encoder.inspect import faults_of_encoder
from metaxl.encoder.open import PACKED, WRAPPED, network_module
from metaxl.encoder.tokenizer_files import convert_tokenizer
from metaxl.errors import EncoderError
from metaxl.files import atomic_folder, link_or_copy
from metaxl.tasks import NER

COPIED = ("config.json", "tokenizer.json", "tokenizer_config.json", "special_tokens_map.json")
SOME_IDS = np.arange(4)
log = logging.getLogger("metaxl")


def prepare_encoder(spec: dict[str, Any], out: Path) -> None:
    """Write config.json, model.safetensors and tokenizer.json of an encoder into `out`.

    Args:
        spec: {"hub", "revision"}, {"folder"}, or {"pretrain", "sources", "targets", "seed"}.
        out: replaced as a whole, or left as it was on an error.

    Raises:
        EncoderError: the folder lacks a file, or holds no encoder that MetaXL can train.
        DownloadError: the hub cannot be reached, or has no safetensors.
    """
    entries = {}
    with atomic_folder(out) as folder:
        if "hub" in spec:
            entries = fetch_encoder(spec["hub"], spec["revision"], folder)
            check_encoder(f"{spec['hub']} at {spec['revision']}", folder)
        elif "folder" in spec:
            check_encoder(spec["folder"], Path(spec["folder"]).expanduser())
            _link(Path(spec["folder"]).expanduser(), folder)
        else:
            from metaxl.demo.encoder import make_encoder  # its libraries take seconds to load

            log.info("%s", make_encoder(spec, folder, out.name))
    record(entries)


def check_encoder(who: str, folder: Path) -> None:
    """Tell an encoder that cannot be trained before anything else is made of it.

    One that is opened with transformers is opened once, as every cell will, to see what it does.

    Args:
        who: what the user calls it.
        folder: where it is.

    Raises:
        EncoderError: with all that is wrong.
    """
    if faults := faults_of_encoder(folder, layers=(), longest=0):
        raise EncoderError("\n".join(faults).replace(str(folder), who))
    if network_module(folder) == PACKED:
        return
    from torch import Generator  # it takes seconds to load

    try:
        import_module(WRAPPED).open_network(folder, NER, NER.label_set(NER.usual), SOME_IDS, Generator())
    except EncoderError as error:
        raise EncoderError(str(error).replace(str(folder), who)) from error


def _link(source: Path, out: Path) -> None:
    """Link the weights of a user's folder, which may be large, and copy the small files."""
    link_or_copy(source / "model.safetensors", out / "model.safetensors")
    for name in COPIED:
        if (source / name).is_file():
            shutil.copyfile(source / name, out / name)
    if not (source / "tokenizer.json").is_file():
        convert_tokenizer(source, out / "tokenizer.json")
