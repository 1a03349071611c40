"""Whether an encoder folder can serve an experiment, without torch: configuration, weights and tokenizer."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

from tokenizers import Tokenizer

from metaxl.encoder.header import Stored, not_finite, read_header
from metaxl.encoder.open import FAMILIES, read_config
from metaxl.errors import EncoderError, MetaXLError

# What a family calls the usual keys of its configuration.
OTHER_NAMES = {
    "hidden_size": ("dim", "d_model", "n_embd", "emb_dim"),
    "num_hidden_layers": ("n_layers", "n_layer", "num_layers"),
    "num_attention_heads": ("n_heads", "n_head", "num_heads"),
}
FLOATS = ("F64", "F32", "F16", "BF16")
WORDS = "word_embeddings.weight"


def faults_of_encoder(folder: Path, *, layers: int, longest: int) -> list[str]:
    """Return all that is wrong with an encoder folder, each a full message.

    Args:
        folder: with config.json, model.safetensors and the files of a tokenizer.
        layers: the highest layer after which an RTN is to sit.
        longest: the most subwords of an example.
    """
    path = folder / "config.json"
    try:
        config = read_config(folder)
    except MetaXLError as error:
        return [str(error)]
    return [
        *(f"{path}: {text}" for text in _of_shape(config)),
        *(f"{path}: {text}" for text in _of_wishes(config, layers, longest)),
        *_of_weights(folder / "model.safetensors", config),
        *_of_tokenizer(folder / "tokenizer.json", config),
    ]


def faults_of_folder(folder: Path) -> list[str]:
    """Return what is wrong with an encoder folder whatever is asked of it."""
    return faults_of_encoder(folder, layers=0, longest=0)


def _number(config: dict[str, Any], key: str) -> int | None:
    """Return a number of a configuration, under whichever name the family has it; None where it is no whole number."""
    value = next((config[name] for name in (key, *OTHER_NAMES.get(key, ())) if name in config), None)
    return value if isinstance(value, int) and not isinstance(value, bool) and value > 0 else None


def _of_shape(config: dict[str, Any]) -> Iterator[str]:
    """Yield what the configuration lacks of the encoder's shape."""
    for key in ("hidden_size", "num_hidden_layers", "num_attention_heads", "vocab_size"):
        if _number(config, key) is None:
            yield f"{key} is {config.get(key)!r}; expected a whole number above 0, as the encoder's own file has it."
    hidden, heads = _number(config, "hidden_size"), _number(config, "num_attention_heads")
    if hidden and heads and hidden % heads:
        yield f"hidden_size {hidden} is no multiple of num_attention_heads {heads}; one of the two is wrong."


def _of_wishes(config: dict[str, Any], layers: int, longest: int) -> Iterator[str]:
    """Yield which layers and lengths are asked for beyond those that there are."""
    known, positions = _number(config, "num_hidden_layers"), _number(config, "max_position_embeddings")
    if known and layers > known:
        yield (
            f"layer {layers} does not exist; it has layers 0 (the embedding output) to {known}. Change placement and "
            "placements."
        )
    padding = config.get("pad_token_id", 1)
    if positions and config["model_type"] in ("roberta", "xlm-roberta") and isinstance(padding, int):
        positions -= padding + 1  # rows before the first position
    if positions and longest > positions:
        yield f"{longest} subwords asked for, but it has {positions} positions; lower max_length and eval_max_length."


def _of_weights(path: Path, config: dict[str, Any]) -> Iterator[str]:
    if not path.is_file():
        pickled = sorted(file.name for file in path.parent.glob("pytorch_model*.bin"))
        cure = f"`metaxl encoder convert {path.parent}` makes it of {pickled[0]}" if pickled else "save it there"
        yield f"{path}: missing; {cure} (pickles are never read in a run)."
        return
    try:
        tensors = read_header(path)
    except EncoderError as error:
        yield str(error)
        return
    whole = [tensor for tensor in tensors if tensor.name.endswith("weight") and tensor.kind not in FLOATS]
    if whole:
        yield (
            f"{path}: {whole[0].name} {f'and {len(whole) - 1} more hold' if whole[1:] else 'holds'} {whole[0].kind} "
            "numbers, which cannot be trained; save the encoder with its weights dequantised."
        )
    if config["model_type"] in FAMILIES:
        yield from (f"{path}: {text}" for text in _of_shapes(tensors, config))
    for tensor, count in islice(not_finite(path, tensors), 1):
        yield (
            f"{path}: {count:,} numbers of {tensor.name} are NaN or infinite, so that every loss would be; get the "
            "file again, or another encoder."
        )


def _of_shapes(tensors: list[Stored], config: dict[str, Any]) -> Iterator[str]:
    """Yield where the weights of the BERT family differ from what the configuration promises."""
    hidden, vocabulary = _number(config, "hidden_size"), _number(config, "vocab_size")
    expected = {WORDS: (vocabulary, hidden), "attention.self.query.weight": (hidden, hidden)}
    if inner := _number(config, "intermediate_size"):
        expected["intermediate.dense.weight"] = (inner, hidden)
    if positions := _number(config, "max_position_embeddings"):
        expected["position_embeddings.weight"] = (positions, hidden)
    for end, shape in expected.items():
        found = [tensor for tensor in tensors if tensor.name.endswith(f".{end}")]
        if not found:
            yield f"holds no {end}; is it a {config['model_type']} model?"
        for tensor in islice((one for one in found if one.shape != shape and None not in shape), 1):
            yield f"{tensor.name} is {list(tensor.shape)}, where config.json promises {list(shape)}."


def _of_tokenizer(path: Path, config: dict[str, Any]) -> Iterator[str]:
    """Yield what is wrong with tokenizer.json; without one it is made of other files when the encoder is prepared."""
    if not path.is_file():
        return
    try:
        tokenizer = Tokenizer.from_file(str(path))
    except Exception as error:  # tokenizers raises nothing more special
        yield f"{path}: cannot be read as a tokenizer ({error}); save the encoder's own fast tokenizer again."
        return
    known, expected = tokenizer.get_vocab_size(), _number(config, "vocab_size")
    if expected and 2 * known <= expected:
        yield (
            f"{path}: its tokenizer has {known} tokens, where the embedding has {expected}; save the encoder's own "
            "fast tokenizer beside its weights."
        )
    highest = max(tokenizer.get_vocab().values(), default=0)
    if expected and highest >= expected:
        yield f"{path}: its highest id is {highest}, but the embedding has {expected} rows; is it another encoder's?"
