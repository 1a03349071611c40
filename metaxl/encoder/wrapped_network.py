"""Any encoder of transformers, with its own head, on padded batches.

The model runs as it is, with theta in place of its parameters. Hooks show its linear maps to the recorder, and its
hidden states to the RTN.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
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


@dataclass(frozen=True, slots=True)
class WrappedNetwork:
    """A transformers model as a `Network`.

    Attributes:
        model: the encoder with its head; its parameters are empty, its buffers are not.
        head: "token" or "sequence".
        layers: of the encoder.
        hidden: width of its states.
        max_length: the longest sentence that it takes, in subwords; None for any.
        words: the name of the word embedding's table.
        places: the modules whose outputs are the states: what enters the first block, then those after each.
        maps: the linear maps whose weights' gradients come from the records, by name.
        table: the word embedding, if its gradient comes from the records.
        rows: (vocabulary of the cell,) the original id of each of the batches' ids.
        training: whether dropout is active.
    """

    model: PreTrainedModel
    head: str
    layers: int
    hidden: int
    max_length: int | None
    words: str
    places: tuple[nn.Module, ...]
    maps: dict[str, nn.Linear]
    table: RestrictedEmbedding | None
    rows: Tensor
    training: bool = True

    @property
    def padding(self) -> int:
        """Return the id of padding; any will do where the model has none, for the mask hides it."""
        return int(self.model.config.pad_token_id or 0)

    def factored(self) -> frozenset[str]:
        """Return the parameters whose gradients come from the records alone."""
        return frozenset([f"{name}.weight" for name in self.maps] + ([self.words] if self.table is not None else []))

    def evaluating(self) -> WrappedNetwork:
        """Return the same network without dropout."""
        return replace(self, training=False)

    def scores(
        self, theta: Parameters, batch: Batch, record: Recorder = NOTHING, between: Between = unchanged
    ) -> Tensor:
        """Return (labels, classes): the scores of the labelled tokens, or of each sentence."""
        found = self.padded_scores(theta, *self.padded(batch), record, between)
        return found.flatten(0, 1)[batch.unpad[batch.labelled]] if self.head == "token" else found

    def states(self, theta: Parameters, batch: Batch, layer: int, between: Between = unchanged) -> Tensor:
        """Return (tokens, hidden) after `layer`, without padding."""
        return self.padded_states(theta, *self.padded(batch), between)[layer].flatten(0, 1)[batch.unpad]

    def padded_states(self, theta: Parameters, ids: Tensor, mask: Tensor, between: Between) -> list[Tensor]:
        """Return the states (sentences, longest, hidden) after every layer, from `padded` inputs."""
        found: list[Tensor] = []

        def keep(layer: int, hidden: Tensor) -> Tensor:
            found.append(between(layer, hidden))
            return found[-1]

        self.padded_scores(theta, ids, mask, NOTHING, keep)
        return found

    def padded(self, batch: Batch) -> tuple[Tensor, Tensor]:
        """Return a batch's original ids and its mask, 1 for tokens and 0 for padding, each (sentences, longest)."""
        ids = torch.full(batch.grid, self.padding, device=batch.ids.device)
        mask = torch.zeros_like(ids)
        ids.view(-1)[batch.unpad] = self.rows.to(batch.ids.device)[batch.ids]
        mask.view(-1)[batch.unpad] = 1
        return ids, mask

    def padded_scores(self, theta: Parameters, ids: Tensor, mask: Tensor, record: Recorder, between: Between) -> Tensor:
        """Return what the model returns, (sentences, longest, classes) or (sentences, classes).

        Args:
            theta: in place of the model's parameters.
            ids: (sentences, longest) original ids.
            mask: (sentences, longest) 1 for tokens, 0 for padding.
            record: sees the linear maps and the word embedding.
            between: sees the states and may change them.
        """
        self.model.train(self.training)
        buffers = {name: value.to(ids.device) for name, value in self.model.named_buffers()}
        with self._hooked(record, between):
            inputs = {"input_ids": ids, "attention_mask": mask}
            scores: Tensor = functional_call(self.model, (theta, buffers), kwargs=inputs).logits
        return scores

    @contextmanager
    def _hooked(self, record: Recorder, between: Between) -> Iterator[None]:
        """Hook the recorder first: a module may both be a linear map and give the states."""
        with ExitStack() as stack:
            for name, linear in self.maps.items():
                stack.enter_context(linear.register_forward_hook(_record_linear(name, record)))
            if self.table is not None:
                stack.enter_context(self.table.register_forward_hook(_record_lookup(self.words, record)))
            for layer, place in enumerate(self.places):
                stack.enter_context(place.register_forward_hook(_apply_between(layer, between)))
            yield


def _record_linear(name: str, record: Recorder) -> Any:
    return lambda module, args, y: record.linear(name, args[0], y)


def _record_lookup(name: str, record: Recorder) -> Any:
    return lambda module, args, y: record.lookup({name: module.trained_rows(args[0])}, y)


def _apply_between(layer: int, between: Between) -> Any:
    return lambda module, args, output: with_first_output(output, between(layer, first_output(output)))
