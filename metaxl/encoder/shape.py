"""The geometry of an encoder of the BERT, RoBERTa and XLM-R family, and the names and sizes of its parameters."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from metaxl.encoder.open import read_config
from metaxl.errors import EncoderError

WORDS = "embeddings.word_embeddings.weight"
POSITIONS = "embeddings.position_embeddings.weight"
TOKEN_TYPES = "embeddings.token_type_embeddings.weight"
NORM = "embeddings.LayerNorm"
ACTIVATIONS = ("gelu", "relu")
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
        if faults := faults_of_shape(folder / "config.json", config):
            raise EncoderError("\n".join(faults))
        first = _padding(config) + 1
        return cls(
            family=config["model_type"],
            layers=config["num_hidden_layers"],
            hidden=config["hidden_size"],
            heads=config["num_attention_heads"],
            max_length=config["max_position_embeddings"] - first,
            first_position=first,
            activation=config.get("hidden_act", "gelu"),
            norm_eps=config.get("layer_norm_eps", 1e-12),
            hidden_dropout=config.get("hidden_dropout_prob", 0.1),
            attention_dropout=config.get("attention_probs_dropout_prob", 0.1),
            initializer_range=config.get("initializer_range", 0.02),
        )

    def parameter_names(self) -> list[str]:
        """Return the names of the encoder's parameters."""
        layers = [name for number in range(self.layers) for name in layer_names(number)]
        return [WORDS, POSITIONS, TOKEN_TYPES, f"{NORM}.weight", f"{NORM}.bias", *layers]


def faults_of_shape(path: Path, config: dict[str, Any]) -> list[str]:
    """Return what config.json at `path`, whose sizes are positive integers, asks for that the packed path lacks."""
    padding, positions, hidden = _padding(config), config.get("max_position_embeddings"), config["hidden_size"]
    known = isinstance(padding, int)
    unsupported = {
        "pad_token_id": not known,
        "position_embedding_type": config.get("position_embedding_type", "absolute") != "absolute",
        "hidden_act": config.get("hidden_act", "gelu") not in ACTIVATIONS,
    }
    advice = {"position_embedding_type": "; use absolute", "hidden_act": f"; use {' or '.join(ACTIVATIONS)}"}
    faults = [
        f"{path}: {key} {config.get(key)!r} is not supported{advice.get(key, '')}."
        for key, wrong in unsupported.items()
        if wrong
    ]
    if hidden % config["num_attention_heads"]:
        faults.append(
            f"{path}: num_attention_heads {config['num_attention_heads']} is not supported, as it does not divide "
            f"hidden_size {hidden}; correct the one that is wrong."
        )
    if known and not (isinstance(positions, int) and positions > padding + 1):
        faults.append(
            f"{path}: max_position_embeddings is {positions!r}, which leaves no position for a token; copy the "
            "encoder's own config.json."
        )
    return faults


def _padding(config: dict[str, Any]) -> Any:
    """Return the row of the position table after which positions begin: RoBERTa's family has its padding token there.

    (create_position_ids_from_input_ids of transformers.)
    """
    return -1 if config["model_type"] == "bert" else config.get("pad_token_id", 1)


def sizes(config: dict[str, Any]) -> dict[str, list[int | None]]:
    """Return the parameters that a checkpoint has, by the base model's names, with their sizes by config.json.

    None stands for a size that config.json does not say.
    """
    hidden, wide = config["hidden_size"], config.get("intermediate_size")
    found: dict[str, list[int | None]] = {
        WORDS: [config["vocab_size"], hidden],
        POSITIONS: [config["max_position_embeddings"], hidden],
        TOKEN_TYPES: [config.get("type_vocab_size"), hidden],
        f"{NORM}.weight": [hidden],
        f"{NORM}.bias": [hidden],
    }
    maps = {"intermediate.dense": [wide, hidden], "output.dense": [hidden, wide]}
    for number in range(config["num_hidden_layers"]):
        for name in layer_names(number):
            part, kind = name.removeprefix(f"encoder.layer.{number}.").rsplit(".", 1)
            size = [hidden] if "LayerNorm" in part else maps.get(part, [hidden, hidden])
            found |= dict.fromkeys(stored_parts(name), size[: 2 if kind == "weight" else 1])
    return found


def stored_parts(name: str) -> list[str]:
    """Return the names under which a checkpoint has one of our parameters: query, key and value are its own three."""
    parts = ("query", "key", "value") if "self.qkv" in name else ("",)
    return [name.replace("qkv", part) for part in parts]


def base_name(name: str) -> str:
    """Return a checkpoint's parameter name as the base model has it, in today's spelling."""
    for prefix in ("bert.", "roberta."):
        name = name.removeprefix(prefix)
    return name.replace("LayerNorm.gamma", "LayerNorm.weight").replace("LayerNorm.beta", "LayerNorm.bias")


def layer_names(number: int) -> list[str]:
    """Return the names of a layer's parameters, weight and bias of each of LAYER_PARTS; layers count from 0."""
    return [f"encoder.layer.{number}.{part}.{kind}" for part in LAYER_PARTS for kind in ("weight", "bias")]
