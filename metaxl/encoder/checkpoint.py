"""The BERT family's folders in, fine-tuned Hugging Face checkpoints out; safetensors only, no code is run."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

import torch
from safetensors import safe_open
from safetensors.torch import save_file
from torch import Tensor

from metaxl.data.encode import Integers
from metaxl.encoder.network import Parameters
from metaxl.encoder.shape import WORDS, Shape
from metaxl.encoder.tokenizer_files import save_tokenizer
from metaxl.errors import EncoderError
from metaxl.files import atomic_folder, read_json, write_json
from metaxl.tasks import Task

WEIGHTS = "model.safetensors"
QKV = "attention.self.qkv"
# How the transformers classes name the parts of our parameters, by family.
PREFIX = {"bert": "bert", "roberta": "roberta", "xlm-roberta": "roberta"}
CLASS_PREFIX = {"bert": "Bert", "roberta": "Roberta", "xlm-roberta": "XLMRoberta"}
CLASS_SUFFIX = {"token": "ForTokenClassification", "sequence": "ForSequenceClassification"}


def load_parameters(folder: Path, shape: Shape, rows: Integers) -> tuple[Parameters, Parameters]:
    """Load an encoder's weights, the word embedding restricted to `rows`.

    Returns:
        The encoder's parameters by the base model's names, and the pooler's (`head.dense.*`) where it has one.

    Raises:
        EncoderError: model.safetensors is missing, lacks a parameter of `shape`, holds more layers or is quantised.
    """
    path = folder / WEIGHTS
    if not path.is_file():
        raise EncoderError(f"{path}: missing; save the encoder with safe serialization (pickles are never read).")
    with safe_open(str(path), framework="pt") as file:
        stored = {_base_name(name): name for name in file.keys()}  # noqa: SIM118 - a safe_open is no mapping
        parts = {name: _parts(name) for name in shape.parameter_names()}
        missing = [part for names in parts.values() for part in names if part not in stored]
        if missing:
            raise EncoderError(
                f"{path}: lacks {len(missing)} of the parameters that config.json promises, "
                f"among them {', '.join(missing[:3])}; is it a {shape.family} model?"
            )
        _refuse_more_layers(path, shape, stored)
        _refuse_integers(
            path, {name: file.get_slice(stored[name]).get_dtype() for ours in parts.values() for name in ours}
        )
        table = file.get_tensor(stored[WORDS])
        theta = {
            name: torch.cat([file.get_tensor(stored[part]) for part in names]).float()
            for name, names in parts.items()
            if name != WORDS
        }
        pooler = {
            f"head.dense.{kind}": file.get_tensor(stored[f"pooler.dense.{kind}"]).float()
            for kind in ("weight", "bias")
            if f"pooler.dense.{kind}" in stored
        }
    if rows[-1] >= len(table):
        raise EncoderError(f"{path}: the tokenizer gives id {rows[-1]}, but the embedding has {len(table)} rows.")
    return {WORDS: table[torch.from_numpy(rows)].float(), **theta}, pooler


def _refuse_more_layers(path: Path, shape: Shape, stored: Iterable[str]) -> None:
    """Refuse weights of a deeper encoder: without its last layers it would be another."""
    numbers = [int(found[1]) for name in stored if (found := re.match(r"encoder\.layer\.(\d+)\.", name))]
    if max(numbers) >= shape.layers:
        raise EncoderError(
            f"{path}: holds {max(numbers) + 1} layers, but num_hidden_layers of config.json is {shape.layers}; correct "
            "the one or save the weights of those layers alone."
        )


def _refuse_integers(path: Path, kinds: dict[str, str]) -> None:
    """Refuse quantised weights: as numbers they are not the encoder's."""
    integers = [name for name, kind in kinds.items() if not kind.startswith(("F", "BF"))]
    if integers:
        raise EncoderError(
            f"{path}: {integers[0]} and {len(integers) - 1} more are of type {kinds[integers[0]]}, not floating-point; "
            "save the encoder with its weights dequantised."
        )


def _parts(name: str) -> list[str]:
    """Return the names under which a checkpoint has one of our parameters: query, key and value are its own three."""
    return [name.replace("self.qkv", f"self.{part}") for part in ("query", "key", "value")] if QKV in name else [name]


def _base_name(name: str) -> str:
    """Return a checkpoint's parameter name as the base model has it, in today's spelling."""
    for prefix in ("bert.", "roberta."):
        name = name.removeprefix(prefix)
    return name.replace("LayerNorm.gamma", "LayerNorm.weight").replace("LayerNorm.beta", "LayerNorm.bias")


def initialise_head(task: Task, shape: Shape, pooler: Parameters, generator: torch.Generator) -> Parameters:
    """Return the head's parameters: normal weights, zero biases; the pooler's own weights where it has them."""
    head: Parameters = {}
    if task.head == "sequence":
        head["head.dense.weight"] = _normal((shape.hidden, shape.hidden), shape, generator)
        head["head.dense.bias"] = torch.zeros(shape.hidden)
        head |= pooler
    head["head.out.weight"] = _normal((len(task.labels), shape.hidden), shape, generator)
    head["head.out.bias"] = torch.zeros(len(task.labels))
    return head


def _normal(size: tuple[int, int], shape: Shape, generator: torch.Generator) -> Tensor:
    return torch.empty(size).normal_(std=shape.initializer_range, generator=generator)


def save_model(out: Path, encoder: Path, task: Task, theta: Parameters, rows: Integers, phi: Parameters) -> None:
    """Write a folder that AutoModelFor{Token,Sequence}Classification loads; the RTN lies beside it.

    Embedding rows outside `rows` stay as pre-trained: no data of the cell has a gradient for them. (The official
    optimiser's L2 term would also move them, by data-independent amounts that no prediction depends on.)
    """
    shape = Shape.load(encoder)
    with safe_open(str(encoder / WEIGHTS), framework="pt") as file:
        name = next(name for name in file.keys() if _base_name(name) == WORDS)  # noqa: SIM118
        table = file.get_tensor(name).float()
    table[torch.from_numpy(rows)] = theta[WORDS].cpu()
    tensors = {
        _saved_name(part, shape.family, task): value.cpu()
        for name, whole in theta.items()
        for part, value in zip(_parts(name), whole.chunk(len(_parts(name))), strict=True)
    }
    tensors[f"{PREFIX[shape.family]}.{WORDS}"] = table
    labels = task.labels
    config = read_json(encoder / "config.json") | {
        "architectures": [CLASS_PREFIX[shape.family] + CLASS_SUFFIX[task.head]],
        "id2label": {str(number): label for number, label in enumerate(labels)},
        "label2id": {label: number for number, label in enumerate(labels)},
    }
    with atomic_folder(out) as folder:
        save_file({name: value.contiguous() for name, value in tensors.items()}, folder / WEIGHTS, {"format": "pt"})
        if phi:
            save_file({name: value.detach().cpu() for name, value in phi.items()}, folder / "rtn.safetensors")
        write_json(folder / "config.json", config)
        save_tokenizer(encoder, folder, task)


def _saved_name(name: str, family: str, task: Task) -> str:
    """Return what the transformers classification class calls one of our parameters."""
    if not name.startswith("head."):
        return f"{PREFIX[family]}.{name}"
    _, part, kind = name.split(".")
    if task.head == "token":
        return f"classifier.{kind}"
    if family == "bert":
        return f"bert.pooler.dense.{kind}" if part == "dense" else f"classifier.{kind}"
    return f"classifier.dense.{kind}" if part == "dense" else f"classifier.out_proj.{kind}"
