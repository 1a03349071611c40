"""A kept model opened: the network that trained it, its parameters with the trained head, and its tokenizer."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module

import numpy as np
import torch
from safetensors import safe_open
from tokenizers import Tokenizer

from metaxl.data.encode import load_tokenizer
from metaxl.encoder.folder import refuse_missing, weights_file
from metaxl.encoder.network import Network, Parameters
from metaxl.encoder.open import PACKED, network_module, read_config
from metaxl.predicting.kept import Kept


@dataclass(frozen=True, slots=True)
class Opened:
    """A kept model that is ready to answer.

    Attributes:
        tokenizer: cuts texts at the limit, as scoring did, and words nowhere.
        limit: subwords that it reads at once, special tokens included.
    """

    kept: Kept
    network: Network
    theta: Parameters
    tokenizer: Tokenizer
    limit: int


def open_kept(kept: Kept, device: torch.device) -> Opened:
    """Open a kept model with all of its vocabulary.

    Raises:
        EncoderError: a file is missing, or is not what config.json promises.
    """
    rows = np.arange(_vocabulary(kept))
    opening = import_module(network_module(kept.folder)).open_network
    network, theta = opening(kept.folder, kept.task, kept.labels, rows, torch.Generator())
    theta |= _head(kept, network)  # an encoder is opened with a fresh one
    limit = min(kept.limit, network.max_length or kept.limit)
    placed = {name: value.to(device) for name, value in theta.items()}
    tokenizer = load_tokenizer(kept.folder, kept.task.name)
    if kept.task.has_words:
        tokenizer.no_truncation()
    else:
        tokenizer.enable_truncation(limit)
    return Opened(kept, network.evaluating(), placed, tokenizer, limit)


def _vocabulary(kept: Kept) -> int:
    """Return how many rows the word embedding has."""
    return int(read_config(kept.folder)["vocab_size"])


def _head(kept: Kept, network: Network) -> Parameters:
    """Return the trained head's parameters by the network's names."""
    path = weights_file(kept.folder)
    family = read_config(kept.folder)["model_type"]
    packed = network_module(kept.folder) == PACKED
    stored = {name: _stored(name, family, kept.task.head) if packed else name for name in network.of_head()}
    with safe_open(str(path), framework="pt") as file:
        refuse_missing(path, set(stored.values()) - set(file.keys()), family)
        return {name: file.get_tensor(known).float() for name, known in stored.items()}


def _stored(name: str, family: str, head: str) -> str:
    """Return what the transformers class calls one of the packed head's parameters."""
    _, part, kind = name.split(".")
    if head == "token":
        return f"classifier.{kind}"
    if part == "dense":
        return f"bert.pooler.dense.{kind}" if family == "bert" else f"classifier.dense.{kind}"
    return f"classifier.{kind}" if family == "bert" else f"classifier.out_proj.{kind}"
