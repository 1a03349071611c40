"""Any encoder of transformers, with its own head, on padded batches.

The model runs as it is, with theta in place of its parameters. Hooks show its linear maps to the recorder, and its
hidden states to the RTN.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor, nn
from torch.func import functional_call
from transformers import PreTrainedModel

from metaxl.encoder.batch import Batch
from metaxl.encoder.blocks import first_output, with_first_output
from metaxl.encoder.network import NOTHING, Between, Parameters, Recorder, unchanged
from metaxl.encoder.restricted import RestrictedEmbedding
from metaxl.encoder.wrapped_model import is_head

Hook = Callable[[nn.Module, tuple[Any, ...], Any], Any]


@dataclass(frozen=True, slots=True)
class WrappedNetwork:
    """A transformers model as a `Network`.

    Attributes:
        model: the encoder with its head; its parameters are empty, its buffers are not.
        head: "token" or "sequence".
        places: the modules whose outputs are the states: what enters the first block, then those after each.
        recorded: the linear maps, and the word embedding, whose weights' gradients come from the records, by name.
        rows: (vocabulary of the cell,) the original id of each of the batches' ids.
        training: whether dropout is active.
    """

    model: PreTrainedModel
    head: str
    layers: int
    hidden: int
    max_length: int | None
    places: tuple[nn.Module, ...]
    recorded: dict[str, nn.Module]
    rows: Tensor
    training: bool = True

    @property
    def padding(self) -> int:
        """Return the id of padding; any will do where the model has none, for the mask hides it."""
        return int(self.model.config.pad_token_id or 0)

    def factored(self) -> frozenset[str]:
        """Return the parameters whose gradients come from the records alone."""
        return frozenset(f"{name}.weight" for name in self.recorded)

    def of_head(self) -> frozenset[str]:
        """Return the names of the head's parameters."""
        return frozenset(name for name, _ in self.model.named_parameters() if is_head(self.model, name))

    def evaluating(self) -> WrappedNetwork:
        """Return the same network without dropout."""
        return replace(self, training=False)

    def scores(
        self, theta: Parameters, batch: Batch, record: Recorder = NOTHING, between: Between = unchanged
    ) -> Tensor:
        """Return (labels, classes): the scores of the labelled tokens, or of each sentence."""
        self.model.train(self.training)
        device = batch.ids.device
        ids = torch.full(batch.grid, self.padding, device=device)
        mask = torch.zeros_like(ids)
        ids.view(-1)[batch.unpad] = self.rows.to(device)[batch.ids]
        mask.view(-1)[batch.unpad] = 1
        buffers = {name: value.to(device) for name, value in self.model.named_buffers()}
        with ExitStack() as hooks:
            # The recorder first: a module may both be a linear map and give the states.
            for name, module in self.recorded.items():
                hooks.enter_context(module.register_forward_hook(_record(name, record)))
            for layer, place in enumerate(self.places):
                hooks.enter_context(place.register_forward_hook(_change(layer, between)))
            inputs = {"input_ids": ids, "attention_mask": mask}
            scores: Tensor = functional_call(self.model, (theta, buffers), kwargs=inputs).logits
        return scores.flatten(0, 1)[batch.unpad[batch.labelled]] if self.head == "token" else scores

    def states(self, theta: Parameters, batch: Batch, layer: int, between: Between = unchanged) -> Tensor:
        """Return (tokens, hidden) after `layer`, without padding."""
        found: list[Tensor] = []

        def keep(number: int, hidden: Tensor) -> Tensor:
            found.append(between(number, hidden))
            return found[-1]

        self.scores(theta, batch, between=keep)
        return found[layer].flatten(0, 1)[batch.unpad]


def _record(name: str, record: Recorder) -> Hook:
    def hook(module: nn.Module, args: tuple[Any, ...], y: Tensor) -> Tensor:
        if isinstance(module, RestrictedEmbedding):
            return record.lookup({f"{name}.weight": module.trained_rows(args[0])}, y)
        return record.linear(name, args[0], y)

    return hook


def _change(layer: int, between: Between) -> Hook:
    return lambda module, args, output: with_first_output(output, between(layer, first_output(output)))
