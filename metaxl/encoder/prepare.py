"""Prepare an encoder folder in the one form that everything downstream reads, whatever it comes from."""

from __future__ import annotations

import logging
import shutil
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
from tokenizers import Tokenizer

from metaxl.downloads.encoders import fetch_encoder
from metaxl.downloads.lock import record
from metaxl.encoder.open import network_module
from metaxl.encoder.tokenizer_files import convert_tokenizer
from metaxl.errors import EncoderError
from metaxl.files import atomic_folder, link_or_copy, read_json
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
            _check(Path(spec["folder"]))
            _link(Path(spec["folder"]), folder)
            _check_tokenizer(spec["folder"], folder)
        else:
            from metaxl.demo.encoder import make_encoder  # its libraries take seconds to load

            log.info("%s", make_encoder(spec, folder))
    record(entries)


def check_encoder(who: str, folder: Path) -> None:
    """Refuse a prepared folder that holds no encoder which MetaXL can train, or another one's tokenizer.

    Raises:
        EncoderError: with what is wrong; `who` is whose tokenizer it is.
    """
    _check(folder)
    _check_tokenizer(who, folder)


def _check(folder: Path) -> None:
    """Open the encoder once as every cell will, so that one which cannot be trained is told before anything else."""
    from torch import Generator  # it takes seconds to load

    import_module(network_module(folder)).open_network(folder, NER, NER.label_set(NER.usual), SOME_IDS, Generator())


def _check_tokenizer(who: str, folder: Path) -> None:
    """Refuse a tokenizer that knows less than half of the embedding's rows: it is not the encoder's.

    Of a folder without any vocabulary transformers makes a tokenizer of a few special tokens, and says nothing.
    """
    known = Tokenizer.from_file(str(folder / "tokenizer.json")).get_vocab_size()
    expected = read_json(folder / "config.json").get("vocab_size", 0)
    if 2 * known <= expected:
        raise EncoderError(
            f"{who}: its tokenizer has {known} tokens, where the embedding has {expected}; save the encoder's own fast "
            "tokenizer, tokenizer.json, beside its weights."
        )


def _link(source: Path, out: Path) -> None:
    """Link the weights of a user's folder, which may be large, and copy the small files."""
    link_or_copy(source / "model.safetensors", out / "model.safetensors")
    for name in COPIED:
        if (source / name).is_file():
            shutil.copyfile(source / name, out / name)
    if not (source / "tokenizer.json").is_file():
        convert_tokenizer(source, out / "tokenizer.json")
