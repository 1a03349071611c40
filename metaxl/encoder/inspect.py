"""What is wrong with an encoder folder, all at once, told without torch and before anything is trained."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from metaxl.encoder.open import FAMILIES, faults_of_kind
from metaxl.encoder.shape import base_name, faults_of_shape, sizes
from metaxl.encoder.tokenizer_files import faults_of_tokenizer
from metaxl.encoder.weights import CURE, WEIGHTS, DamageError, Stored, faults_of_absence, faults_of_numbers, read_header
from metaxl.errors import DataError
from metaxl.files import read_json

# What the families of transformers call the sizes; the first name is the one that most have.
NAMES = {
    "hidden_size": ("hidden_size", "dim", "d_model", "n_embd", "emb_dim"),
    "num_attention_heads": ("num_attention_heads", "n_heads", "n_head", "num_heads", "encoder_attention_heads"),
    "num_hidden_layers": ("num_hidden_layers", "n_layers", "n_layer", "num_layers", "encoder_layers"),
    "vocab_size": ("vocab_size", "n_words"),
}
LARGEST = 2**31 - 1
MOST = {"num_hidden_layers": 10_000}  # the names of all their parameters are held in memory
OTHER_SIZES = ("intermediate_size", "embedding_size", "max_position_embeddings")
SHARES = dict.fromkeys(
    ("hidden_dropout_prob", "attention_probs_dropout_prob", "layer_norm_eps", "initializer_range"),
    "a number from 0 to 1, 1 left out,",
)
# Families of RoBERTa's kind, whose positions begin after the row of the padding token.
AFTER_PADDING = ("roberta", "xlm-roberta", "xlm-roberta-xl", "camembert", "roberta-prelayernorm", "data2vec-text")


def faults_of_encoder(folder: Path, *, layers: Iterable[int], longest: int) -> list[str]:
    """Return all that keeps an encoder folder from being trained, one sentence each; of a sound one nothing.

    Whether MetaXL can see through a model of transformers that is none of the BERT family, only opening it tells.

    Args:
        folder: with config.json, model.safetensors and a tokenizer.
        layers: the layers after which an RTN is asked for; 0 is the embedding's output.
        longest: the most subwords of an input, special ones among them.
    """
    if not folder.is_dir():
        return [f"{folder}: no such folder; name one that holds config.json, {WEIGHTS} and tokenizer.json."]
    config, faults = _config(folder / "config.json")
    found = _sizes(config)
    faults += _faults_of_use(folder / "config.json", config, found, layers, longest)
    faults += faults_of_absence(folder)
    if (folder / WEIGHTS).is_file():
        faults += _faults_of_weights(folder / WEIGHTS, {} if faults else config)
    return faults + faults_of_tokenizer(folder, found.get("vocab_size", 0))


def _config(path: Path) -> tuple[dict[str, Any], list[str]]:
    """Return the settings of a config.json, as far as it has any, and its faults."""
    if not path.is_file():
        return {}, [f"{path}: missing; an encoder folder holds config.json, {WEIGHTS}, tokenizer.json."]
    try:
        config: Any = read_json(path)
    except DataError as error:
        return {}, [f"{str(error).removesuffix('.')}; copy the encoder's own config.json."]
    faults = faults_of_kind(path, config)
    if not isinstance(config, dict):
        return {}, faults
    wrong = _faults_of_sizes(path, config)
    if not faults and not wrong:
        wrong = _faults_of_heads(path, config)
    return config, faults + wrong


def _faults_of_sizes(path: Path, config: dict[str, Any]) -> list[str]:
    """Return which sizes are no positive integers, or missing where the packed path reads them.

    Another family may call a size otherwise or leave it to the default of transformers.
    """
    packed = config.get("model_type") in FAMILIES
    faults = []
    for key, names in NAMES.items():
        names = names[:1] if packed else names
        given = {name: config[name] for name in names if name in config}
        if packed and not given:
            faults.append(f"{path}: {key} is missing; copy the encoder's own config.json.")
        faults += [
            f"{path}: {name} is {value!r}, where a positive whole number was expected; copy the encoder's own "
            "config.json."
            for name, value in given.items()
            if not _is_size(value, MOST.get(key, LARGEST))
        ]
    return faults + _faults_of_settings(path, config)


def _faults_of_settings(path: Path, config: dict[str, Any]) -> list[str]:
    """Return which of the other numbers are none: training would stop at them, or go wrong without a word."""
    padding, types = config.get("pad_token_id"), config.get("type_vocab_size", 0)
    wrong = [name for name in SHARES if name in config and not _is_share(config[name])]
    if padding is not None and (type(padding) is not int or abs(padding) > LARGEST):
        wrong.append("pad_token_id")
    wrong += ["type_vocab_size"] if not _is_size(types) and (types != 0 or isinstance(types, bool)) else []
    wrong += [name for name in OTHER_SIZES if name in config and not _is_size(config[name])]
    expected = SHARES | {"pad_token_id": "the number of a token"}
    return [
        f"{path}: {name} is {config[name]!r}, where {expected.get(name, 'a positive whole number')} was expected; copy "
        "the encoder's own config.json."
        for name in wrong
    ]


def _is_share(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < 1


def _is_size(value: Any, most: int = LARGEST) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 < value <= most


def _sizes(config: dict[str, Any]) -> dict[str, int]:
    """Return the sizes that config.json says, by their usual names."""
    given = {key: [config[name] for name in names if name in config] for key, names in NAMES.items()}
    return {key: values[0] for key, values in given.items() if values and _is_size(values[0])}


def _faults_of_heads(path: Path, config: dict[str, Any]) -> list[str]:
    """Return whether the layers' parts fit each other, in a config.json whose sizes are sizes."""
    if config["model_type"] in FAMILIES:
        return faults_of_shape(path, config)
    found = _sizes(config)
    hidden, heads = found.get("hidden_size", 0), found.get("num_attention_heads", 1)
    if hidden % heads == 0 or config.get("head_dim"):
        return []
    return [f"{path}: its {heads} attention heads do not divide its hidden size {hidden}; correct the wrong one."]


def _faults_of_use(
    path: Path, config: dict[str, Any], found: dict[str, int], layers: Iterable[int], longest: int
) -> list[str]:
    """Return what is asked of the encoder beyond its layers and its positions."""
    faults = []
    held = found.get("num_hidden_layers")
    beyond = sorted({layer for layer in layers if held is not None and layer > held})
    if beyond:
        faults.append(
            f"{path}: layer {', '.join(map(str, beyond))} is asked for, but the encoder has layers 0 (the embedding's "
            f"output) to {held}; change the placement."
        )
    positions: Any = config.get("max_position_embeddings")
    if _is_size(positions):
        padding = config.get("pad_token_id", 1)
        if config.get("model_type") in AFTER_PADDING and isinstance(padding, int):
            positions -= padding + 1
        if longest > positions:
            faults.append(
                f"{path}: {longest} subwords are asked for, but the encoder has {positions} positions; lower "
                "max_length and eval_max_length."
            )
    return faults


def _faults_of_weights(path: Path, config: dict[str, Any]) -> list[str]:
    """Return what is wrong with the weights; held to `config` where that is a sound one of the packed path."""
    try:
        stored = read_header(path)
    except DamageError as error:
        return [f"{path}: {error}; {CURE}."]
    if not stored:
        return [f"{path}: holds no tensor; {CURE}."]
    packed = config.get("model_type") in FAMILIES
    return (_faults_of_parameters(path, stored, config) if packed else []) + faults_of_numbers(path, stored)


def _faults_of_parameters(path: Path, stored: dict[str, Stored], config: dict[str, Any]) -> list[str]:
    """Hold the weights of the packed path to the parameters and the layers that config.json promises."""
    shapes = {base_name(name): tensor.shape for name, tensor in stored.items()}
    promised, faults = sizes(config), []
    if lacking := sorted(set(promised) - set(shapes)):
        faults.append(
            f"{path}: lacks {len(lacking)} of the parameters that config.json promises, among them "
            f"{', '.join(lacking[:3])}; is it a {config['model_type']} model?"
        )
    others = [name for name in promised if name in shapes and not _fits(shapes[name], promised[name])]
    if others:
        size = " x ".join("any" if length is None else str(length) for length in promised[others[0]])
        faults.append(
            f"{path}: {len(others)} of its parameters are in another shape than config.json promises, the first "
            f"{others[0]}: "
            f"{' x '.join(map(str, shapes[others[0]]))} instead of {size}; give the weights their own config.json."
        )
    blocks = [name.split(".")[2] for name in shapes if name.startswith("encoder.layer.")]
    held = max((int(number) + 1 for number in blocks if number.isdecimal()), default=0)
    if held > config["num_hidden_layers"]:
        faults.append(
            f"{path}: holds {held} layers, but num_hidden_layers of config.json is {config['num_hidden_layers']}; "
            "correct the one or save the weights of those layers alone."
        )
    return faults


def _fits(shape: list[int], promised: list[int | None]) -> bool:
    pairs = zip(shape, promised, strict=False)
    return len(shape) == len(promised) and all(expected in (None, length) for length, expected in pairs)
