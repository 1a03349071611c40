"""Where the hidden states of a transformers encoder can be seen and changed: before its first block and after each."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
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
    who = type(module).__name__
    outputs, entries = _watch(module, blocks, run)
    if [block for block, _ in entries] != list(blocks):
        raise EncoderError(
            f"{who}: its {len(blocks)} blocks were called {len(entries)} times in one pass, where each should be "
            "called once, in order (some models share a block among layers). Use another encoder."
        )
    states = []
    for layer, source in enumerate([*(source for _, source in entries), blocks[-1]]):
        given = [output for giver, output in outputs if giver is source]
        if source is None or len(given) != 1 or tuple(given[0].shape) != shape:
            raise EncoderError(
                f"{who}: no part of it gives the states after layer {layer} as (sentences, length, hidden) "
                f"{shape}, so the RTN has no place there. Use another encoder."
            )
        states.append(source)
    return states


def _watch(
    module: nn.Module, blocks: nn.ModuleList, run: Callable[[], object]
) -> tuple[list[tuple[nn.Module, Tensor]], list[tuple[nn.Module, nn.Module | None]]]:
    """Return each module's output, and each call of a block with the outermost module that gave what entered it."""
    outputs: list[tuple[nn.Module, Tensor]] = []
    entries: list[tuple[nn.Module, nn.Module | None]] = []

    def leave(part: nn.Module, args: tuple[Any, ...], output: Any) -> None:
        if isinstance(first_output(output), Tensor):
            outputs.append((part, first_output(output)))

    def enter(block: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        hidden = args[0] if args else kwargs.get("hidden_states")
        givers = [part for part, output in outputs if output is hidden]
        entries.append((block, givers[-1] if givers else None))

    with ExitStack() as hooks:
        for part in module.modules():
            hooks.enter_context(part.register_forward_hook(leave))
        for block in blocks:
            hooks.enter_context(block.register_forward_pre_hook(enter, with_kwargs=True))
        try:
            run()
        except (TypeError, ValueError) as error:
            raise EncoderError(
                f"{type(module).__name__} does not run on ids and an attention mask alone ({error}); use another."
            ) from error
    return outputs, entries


def first_output(output: Any) -> Any:
    """Return a module's output, or the first of several."""
    return output[0] if isinstance(output, tuple) else output


def with_first_output(output: Any, hidden: Tensor) -> Any:
    """Return a module's output with `hidden` as the first of it."""
    return (hidden, *output[1:]) if isinstance(output, tuple) else hidden
