"""Where the hidden states of a transformers encoder can be seen and changed: before its first block and after each."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any

from torch import Tensor, nn

from metaxl.errors import EncoderError


def find_blocks(base: nn.Module, layers: int) -> tuple[str, nn.ModuleList]:
    """Return the name and the list of an encoder's blocks: the outermost list of as many modules as it has layers.

    Raises:
        EncoderError: there is no such list, or more than one.
    """
    lists = {name: module for name, module in base.named_modules() if isinstance(module, nn.ModuleList)}
    found = {name: module for name, module in lists.items() if len(module) == layers}
    outermost = [name for name in found if not any(name.startswith(f"{other}.") for other in found)]
    if len(outermost) != 1:
        raise EncoderError(
            f"{type(base).__name__}: {len(outermost)} of its parts are a list of {layers} modules, one a layer, and "
            "exactly one should be: its layers cannot be told apart (some models, ALBERT among them, have one block "
            "for all layers). Use another encoder."
        )
    return outermost[0], found[outermost[0]]


def find_states(
    module: nn.Module, blocks: nn.ModuleList, run: Callable[[], object], shape: tuple[int, ...]
) -> list[nn.Module]:
    """Return the modules whose outputs are the hidden states: what enters each block, and the last block's output.

    What enters a block comes from the block before, or from a module that follows it and belongs to its layer, as
    DeBERTa's convolution does. A hook on that module changes the states for all that read them, not for the next block
    alone.

    Args:
        module: the whole model.
        blocks: its blocks.
        run: compute a batch.
        shape: of the batch's hidden states, (sentences, longest, hidden).

    Raises:
        EncoderError: the blocks are not called once each, one after the other, or no module gives what enters a block.
    """
    who, watch = type(module).__name__, _Watch()
    with ExitStack() as stack:
        for part in module.modules():
            stack.enter_context(part.register_forward_hook(watch.left))
        for block in blocks:
            stack.enter_context(block.register_forward_pre_hook(watch.entered, with_kwargs=True))
        try:
            run()
        except (TypeError, ValueError) as error:
            raise EncoderError(f"{who} does not run on ids and an attention mask alone: {error}") from error
    if [block for block, _ in watch.entries] != list(blocks):
        raise EncoderError(
            f"{who}: its {len(blocks)} blocks were called {len(watch.entries)} times in one pass, where each should be "
            "called once, in order (some models share a block among layers). Use another encoder."
        )
    states = []
    for layer, source in enumerate([*(source for _, source in watch.entries), blocks[-1]]):
        if source is None or watch.calls[source] != 1 or tuple(watch.outputs[source].shape) != shape:
            raise EncoderError(
                f"{who}: no part of it gives the states after layer {layer} as (sentences, length, hidden) "
                f"{shape}, so the RTN has no place there. Use another encoder."
            )
        states.append(source)
    return states


@dataclass
class _Watch:
    """What the modules give in one pass.

    Attributes:
        outputs: each module's output; keeping them all keeps the identities distinct.
        calls: how often each module was called.
        entries: each call of a block, and the outermost module that gave what entered it, if any did.
    """

    outputs: dict[nn.Module, Tensor] = field(default_factory=dict)
    calls: dict[nn.Module, int] = field(default_factory=dict)
    entries: list[tuple[nn.Module, nn.Module | None]] = field(default_factory=list)

    def left(self, module: nn.Module, args: tuple[Any, ...], output: Any) -> None:
        first = first_output(output)
        if isinstance(first, Tensor):
            self.outputs[module] = first
            self.calls[module] = self.calls.get(module, 0) + 1

    def entered(self, block: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        hidden = args[0] if args else kwargs.get("hidden_states")
        givers = [module for module, output in self.outputs.items() if output is hidden]
        self.entries.append((block, givers[-1] if givers else None))


def first_output(output: Any) -> Any:
    """Return a module's output, or the first of several."""
    return output[0] if isinstance(output, tuple) else output


def with_first_output(output: Any, hidden: Tensor) -> Any:
    """Return a module's output with `hidden` as the first of it."""
    return (hidden, *output[1:]) if isinstance(output, tuple) else hidden
