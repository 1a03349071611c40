"""Tiny random encoders of many families, each a complete encoder folder: config.json, weights, tokenizer.json."""

from __future__ import annotations

from pathlib import Path

import torch
from conftest import WORDS, make_tokenizer

from metaxl.encoder.blocks import find_blocks
from metaxl.encoder.wrapped_network import WrappedNetwork

USUAL = {"hidden_size": 16, "num_hidden_layers": 3, "num_attention_heads": 4, "intermediate_size": 32}
IDS = {"bos_token_id": 0, "cls_token_id": 0, "eos_token_id": 2, "sep_token_id": 2}
# What is said beside the vocabulary, the padding, the number of positions and the weights' spread.
KINDS: dict[str, dict] = {
    "xlm-roberta": USUAL,
    "modernbert": USUAL | IDS | {"local_attention": 8, "global_attn_every_n_layers": 2},
    "deberta-v2": USUAL
    | {
        "relative_attention": True,
        "position_buckets": 8,
        "pos_att_type": ["p2c", "c2p"],
        "share_att_key": True,
        "norm_rel_ebd": "layer_norm",
        "position_biased_input": False,
        "type_vocab_size": 0,
        "conv_kernel_size": 3,
    },
    "electra": USUAL | {"embedding_size": 8},
    "rembert": USUAL | {"input_embedding_size": 8},
    "eurobert": USUAL | IDS | {"num_key_value_heads": 4},
    "distilbert": {"dim": 16, "n_layers": 3, "n_heads": 4, "hidden_dim": 32},
}


def make_family(folder: Path, kind: str, dropout: float = 0.0, **changes: object) -> Path:
    """Write an encoder folder of random weights.

    Args:
        folder: made if need be.
        kind: a model_type, one of KINDS or another with the usual names in its configuration.
        dropout: everywhere.
        changes: to the configuration.
    """
    from transformers import AutoConfig, AutoModel

    config = AutoConfig.for_model(
        kind,
        **{
            "vocab_size": len(WORDS) + 5,
            "pad_token_id": 1,
            "max_position_embeddings": 40,
            "initializer_range": 0.4,
            **KINDS.get(kind, USUAL),
            **changes,
        },
    )
    for name in config.to_dict():
        if "dropout" in name and isinstance(getattr(config, name), float):
            setattr(config, name, dropout)
    torch.manual_seed(0)
    folder.mkdir(exist_ok=True)
    AutoModel.from_config(config).save_pretrained(folder)
    make_tokenizer(folder)
    return folder


def keep_masks_finite(network: WrappedNetwork) -> None:
    """Keep the attention masks of a network in float64 finite in float32, in which some models take the softmax.

    Float64's lowest number becomes -inf there, and a row of nothing else gives NaN: a padding token whose local window
    is all padding has one (ModernBERT). Training is in float32, whose lowest number stays what it is.
    """

    def clamped(value: object) -> object:
        wide = isinstance(value, torch.Tensor) and value.dtype == torch.float64 and value.dim() == 4
        return value.clamp(min=torch.finfo(torch.float32).min) if wide else value

    for block in find_blocks(network.model.base_model, network.layers)[1]:
        block.register_forward_pre_hook(
            lambda _, args, kwargs: (tuple(map(clamped, args)), {name: clamped(x) for name, x in kwargs.items()}),
            with_kwargs=True,
        )
