"""Any encoder of transformers as a network: opened from its folder, saved with its head."""

from __future__ import annotations

from pathlib import Path

import torch
from torch import Tensor, nn
from transformers import PreTrainedModel

from metaxl.data.encode import Integers
from metaxl.encoder.network import Parameters
from metaxl.encoder.probe import probed
from metaxl.encoder.restricted import RestrictedEmbedding
from metaxl.encoder.wrapped_checkpoint import draw, load_model, save_model, words_of
from metaxl.encoder.wrapped_network import WrappedNetwork
from metaxl.errors import EncoderError
from metaxl.tasks import Task

__all__ = ["open_network", "save_model"]


def open_network(
    folder: Path, task: Task, rows: Integers, generator: torch.Generator
) -> tuple[WrappedNetwork, Parameters]:
    """Load an encoder of any family with a fresh head, its word embedding restricted to `rows`.

    Args:
        folder: with config.json and model.safetensors.
        task: whose head it gets.
        rows: (vocabulary of the cell,) ids that occur, ascending.
        generator: on the CPU; draws the head.

    Returns:
        The network, and theta by the model's own names.

    Raises:
        EncoderError: the folder is incomplete, or the model is no encoder that MetaXL can see through.
    """
    model, fresh = load_model(folder, task)
    draw(model, fresh, generator)
    words, whole = words_of(model), model.get_input_embeddings()
    if rows[-1] >= whole.num_embeddings:
        raise EncoderError(
            f"{folder}: the tokenizer gives id {rows[-1]}, but the embedding has {whole.num_embeddings} rows."
        )
    table = RestrictedEmbedding(whole, rows)
    model.set_input_embeddings(table)
    theta = {name: value.detach() for name, value in model.named_parameters()}
    _empty(model)
    maps = {name: part for name, part in model.named_modules() if type(part) is nn.Linear}
    network = WrappedNetwork(
        model=model,
        head=task.head,
        layers=model.config.num_hidden_layers,
        hidden=model.config.hidden_size,
        max_length=_max_length(model),
        words=words,
        places=(),
        maps={name: part for name, part in maps.items() if f"{name}.weight" in theta},
        table=table,
        rows=torch.from_numpy(rows),
        training=False,
    )
    return probed(network, theta), theta


def _empty(model: nn.Module) -> None:
    """Free the memory of a model's parameters: theta always takes their place. A shared one stays shared."""
    empty: dict[Tensor, nn.Parameter] = {}
    for module in model.modules():
        for name, parameter in module.named_parameters(recurse=False):
            hollow = nn.Parameter(torch.empty_like(parameter, device="meta"), requires_grad=False)
            setattr(module, name, empty.setdefault(parameter, hollow))


def _max_length(model: PreTrainedModel) -> int | None:
    """Return the longest sentence that the positions allow; RoBERTa's family keeps rows of them for the padding."""
    limit: int | None = getattr(model.config, "max_position_embeddings", None)
    for module in model.modules():
        if isinstance(module, nn.Embedding) and module.num_embeddings == limit and module.padding_idx is not None:
            return limit - module.padding_idx - 1
    return limit
