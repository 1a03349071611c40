"""The geometry of an encoder of the BERT, RoBERTa and XLM-R family, and the names of its parameters."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch.nn.functional as F
from torch import Tensor

from metaxl.encoder.open import read_config
from metaxl.errors import EncoderError

WORDS = "embeddings.word_embeddings.weight"
POSITIONS = "embeddings.position_embeddings.weight"
TOKEN_TYPES = "embeddings.token_type_embeddings.weight"
NORM = "embeddings.LayerNorm"
ACTIVATIONS: dict[str, Callable[[Tensor], Tensor]] = {"gelu": F.gelu, "relu": F.relu}
# Query, key and value are kept as one map.
LAYER_PARTS = (
    "attention.self.qkv",
    "attention.output.dense",
    "attention.output.LayerNorm",
    "intermediate.dense",
    "output.dense",
    "output.LayerNorm",
)


@dataclass(frozen=True, slots=True)
class Shape:
    """The geometry of an encoder, from its config.json.

    Attributes:
        max_length: tokens that have a position.
        first_position: the row of the position table that a sentence's first token reads.
    """

    family: str
    layers: int
    hidden: int
    heads: int
    max_length: int
    first_position: int
    activation: str
    norm_eps: float
    hidden_dropout: float
    attention_dropout: float
    initializer_range: float

    @classmethod
    def load(cls, folder: Path) -> Shape:
        """Read config.json of an encoder folder.

        Raises:
            EncoderError: the file is missing, or describes what is not supported.
        """
        config = read_config(folder)
        family = config["model_type"]
        # RoBERTa's positions begin after the row of its padding token (create_position_ids_from_input_ids).
        padding = -1 if family == "bert" else config.get("pad_token_id", 1)
        faults = {
            "pad_token_id": not isinstance(padding, int),
            "position_embedding_type": config.get("position_embedding_type", "absolute") != "absolute",
            "num_attention_heads": config["hidden_size"] % config["num_attention_heads"] != 0,
        }
        for key in (key for key, wrong in faults.items() if wrong):
            raise EncoderError(f"{folder / 'config.json'}: {key} {config.get(key)!r} is not supported for {family!r}.")
        first = padding + 1
        activation = config.get("hidden_act", "gelu")
        if activation not in ACTIVATIONS:
            raise EncoderError(
                f"{folder / 'config.json'}: hidden_act {activation!r} is not supported; use {' or '.join(ACTIVATIONS)}."
            )
        return cls(
            family=family,
            layers=config["num_hidden_layers"],
            hidden=config["hidden_size"],
            heads=config["num_attention_heads"],
            max_length=config["max_position_embeddings"] - first,
            first_position=first,
            activation=activation,
            norm_eps=config.get("layer_norm_eps", 1e-12),
            hidden_dropout=config.get("hidden_dropout_prob", 0.1),
            attention_dropout=config.get("attention_probs_dropout_prob", 0.1),
            initializer_range=config.get("initializer_range", 0.02),
        )

    def parameter_names(self) -> list[str]:
        """Return the names of the encoder's parameters."""
        layers = [name for number in range(self.layers) for name in layer_names(number)]
        return [WORDS, POSITIONS, TOKEN_TYPES, f"{NORM}.weight", f"{NORM}.bias", *layers]


def layer_names(number: int) -> list[str]:
    """Return the names of a layer's parameters, weight and bias of each of LAYER_PARTS; layers count from 0."""
    return [f"encoder.layer.{number}.{part}.{kind}" for part in LAYER_PARTS for kind in ("weight", "bias")]
