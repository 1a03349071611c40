"""The BERT family's folders in, fine-tuned Hugging Face checkpoints out."""

from __future__ import annotations

from pathlib import Path

import torch
from safetensors import safe_open
from safetensors.torch import save_file
from torch import Tensor

from metaxl.data.encode import Integers
from metaxl.encoder.folder import (
    WEIGHTS,
    label_names,
    model_folder,
    refuse_missing,
    refuse_more_layers,
    refuse_unknown_ids,
    weights_file,
)
from metaxl.encoder.network import Parameters
from metaxl.encoder.open import read_config
from metaxl.encoder.shape import POSITIONS, WORDS, Shape, base_name, stored_parts
from metaxl.files import write_json
from metaxl.tasks import LabelSet, Task

QUERY = "encoder.layer.0.attention.self.query.weight"
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
    path = weights_file(folder)
    with safe_open(str(path), framework="pt") as file:
        stored = {base_name(name): name for name in file.keys()}  # noqa: SIM118 - a safe_open is no mapping
        parts = {name: stored_parts(name) for name in shape.parameter_names()}
        refuse_missing(path, [part for names in parts.values() for part in names if part not in stored], shape.family)
        refuse_more_layers(path, stored, "encoder.layer", shape.layers)
        expected = {POSITIONS: [shape.first_position + shape.max_length, shape.hidden], QUERY: [shape.hidden] * 2}
        shapes = {name: file.get_slice(stored[name]).get_shape() for name in expected}
        refuse_missing(path, [name for name, size in expected.items() if shapes[name] != size], shape.family)
        table = file.get_tensor(stored[WORDS])
        refuse_unknown_ids(path, rows, len(table))
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
    return {WORDS: table[torch.from_numpy(rows)].float(), **theta}, pooler


def initialise_head(
    task: Task, labels: LabelSet, shape: Shape, pooler: Parameters, generator: torch.Generator
) -> Parameters:
    """Return the head's parameters: normal weights, zero biases; the pooler's own weights where it has them."""
    head: Parameters = {}
    if task.head == "sequence":
        head["head.dense.weight"] = _normal((shape.hidden, shape.hidden), shape, generator)
        head["head.dense.bias"] = torch.zeros(shape.hidden)
        head |= pooler
    head["head.out.weight"] = _normal((len(labels.classes), shape.hidden), shape, generator)
    head["head.out.bias"] = torch.zeros(len(labels.classes))
    return head


def _normal(size: tuple[int, int], shape: Shape, generator: torch.Generator) -> Tensor:
    return torch.empty(size).normal_(std=shape.initializer_range, generator=generator)


def save_model(
    out: Path, encoder: Path, task: Task, labels: LabelSet, theta: Parameters, rows: Integers, phi: Parameters
) -> None:
    """Write a folder that AutoModelFor{Token,Sequence}Classification loads; the RTN lies beside it.

    Embedding rows outside `rows` stay as pre-trained: no data of the cell has a gradient for them. (The official
    optimiser's L2 term would also move them, by data-independent amounts that no prediction depends on.)
    """
    shape = Shape.load(encoder)
    with safe_open(str(encoder / WEIGHTS), framework="pt") as file:
        name = next(name for name in file.keys() if base_name(name) == WORDS)  # noqa: SIM118
        table = file.get_tensor(name).float()
    table[torch.from_numpy(rows)] = theta[WORDS].cpu()
    tensors = {
        _saved_name(part, shape.family, task): value.cpu().contiguous()
        for name, whole in (theta | {WORDS: table}).items()
        for part, value in zip(stored_parts(name), whole.chunk(len(stored_parts(name))), strict=True)
    }
    architecture = {"architectures": [CLASS_PREFIX[shape.family] + CLASS_SUFFIX[task.head]]}
    with model_folder(out, encoder, task, phi) as folder:
        save_file(tensors, folder / WEIGHTS, {"format": "pt"})
        write_json(folder / "config.json", read_config(encoder) | architecture | label_names(labels))


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
