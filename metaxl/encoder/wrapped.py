"""Any encoder of transformers as a network: opened from its folder, saved with its head."""

from __future__ import annotations

from pathlib import Path

import torch
from torch import nn
from transformers import PreTrainedModel

from metaxl.data.encode import Integers
from metaxl.encoder.folder import model_folder, refuse_unknown_ids
from metaxl.encoder.network import Parameters
from metaxl.encoder.probe import probed
from metaxl.encoder.restricted import RestrictedEmbedding
from metaxl.encoder.wrapped_model import draw, load_model, word_embedding
from metaxl.encoder.wrapped_network import WrappedNetwork
from metaxl.tasks import LabelSet, Task


def open_network(
    folder: Path, task: Task, labels: LabelSet, rows: Integers, generator: torch.Generator
) -> tuple[WrappedNetwork, Parameters]:
    """Return the network of an encoder folder with a fresh head, and its parameters for the vocabulary `rows`.

    The parameters bear the model's own names.

    Raises:
        EncoderError: the folder is incomplete, or the model is no encoder that MetaXL can see through.
    """
    model, fresh = load_model(folder, task, labels)
    draw(model, fresh, generator)
    _, whole = word_embedding(model)
    refuse_unknown_ids(folder, rows, whole.num_embeddings)
    max_length = _max_length(model)
    model.set_input_embeddings(RestrictedEmbedding(whole, rows))
    theta = {name: value.detach() for name, value in model.named_parameters()}
    for parameter in model.parameters():
        parameter.data = parameter.data.new_empty(0)  # theta always takes its place
    recorded = {name: part for name, part in model.named_modules() if type(part) in (nn.Linear, RestrictedEmbedding)}
    network = WrappedNetwork(
        model=model,
        head=task.head,
        layers=model.config.num_hidden_layers,
        hidden=model.config.hidden_size,
        max_length=max_length,
        places=(),
        recorded={name: part for name, part in recorded.items() if f"{name}.weight" in theta},
        rows=torch.from_numpy(rows),
        training=False,
    )
    return probed(network, theta), theta


def _max_length(model: PreTrainedModel) -> int | None:
    """Return the longest sentence that the positions allow; RoBERTa's family keeps rows of them for the padding."""
    limit: int | None = getattr(model.config, "max_position_embeddings", None)
    for module in model.modules():
        if isinstance(module, nn.Embedding) and module.num_embeddings == limit and module.padding_idx is not None:
            return limit - module.padding_idx - 1
    return limit


def save_model(
    out: Path, encoder: Path, task: Task, labels: LabelSet, theta: Parameters, rows: Integers, phi: Parameters
) -> None:
    """Write a folder that AutoModelFor{Token,Sequence}Classification loads; the RTN lies beside it.

    Embedding rows outside `rows` stay as pre-trained: no data of the cell has a gradient for them.
    """
    model, _ = load_model(encoder, task, labels)
    words, embedding = word_embedding(model)
    whole = embedding.weight.detach().clone()
    whole[torch.from_numpy(rows)] = theta[words].cpu()
    model.load_state_dict(theta | {words: whole}, strict=False)  # theta names a shared parameter once
    with model_folder(out, encoder, task, phi) as folder:
        model.save_pretrained(folder)
