"""The floating-point operations of a call on tensors without data, each kind of operation counted once.

For each operation of a call torch derives in Python what its result looks like, and its counter looks at its name; the
layers of an encoder ask the same again and again. Here the counter is asked once for a kind of operation, which is its
name and all that a tensor without data has: shape, strides and type.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode

from benchmarks import flops


class Known(TorchDispatchMode):
    """Within it each operation adds to `total` what the counter said of the first of its kind."""

    def __init__(self) -> None:
        super().__init__()
        self.total = 0
        self._known: dict[tuple, tuple[int, Callable[[], Any]]] = {}

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        """Do an operation; where it only makes tensors, the like of those that the first of its kind made."""
        kwargs = kwargs or {}
        key = (func, kind(args), kind(tuple(kwargs.items())))
        if key in self._known:
            operations, again = self._known[key]
            result = again() if makes_new(func) else func(*args, **kwargs)
        else:
            results = []
            operations = flops.count(lambda: results.append(func(*args, **kwargs)))
            (result,) = results
            self._known[key] = operations, maker(result)
        self.total += operations
        return result


KNOWN = Known()


def count(function: Callable[..., Any], *arguments: Any) -> int:
    """Return what `benchmarks.flops.count` returns, in a fifth of the time."""
    before = KNOWN.total
    with KNOWN:
        function(*arguments)
    return KNOWN.total - before


@cache
def makes_new(func: Any) -> bool:
    """Tell whether all that an operation returns is new, and nothing that it is given changes."""
    return not any(part.alias_info for part in (*func._schema.arguments, *func._schema.returns))


def kind(value: Any) -> Any:
    """Return all of an argument that a result, or the cost, may depend on."""
    if isinstance(value, Tensor):
        assert value.device.type == "meta", "a tensor with data: what an operation does may depend on them"
        return value.dtype, value.shape, value.stride()
    return tuple(map(kind, value)) if isinstance(value, list | tuple) else (type(value), value)


def maker(result: Any) -> Callable[[], Any]:
    """Return a function that makes a result's like; of what holds no tensor, the same."""
    if isinstance(result, Tensor):
        size, stride, dtype = result.shape, result.stride(), result.dtype
        return lambda: torch.empty_strided(size, stride, dtype=dtype, device="meta")
    if isinstance(result, list | tuple):
        makers, whole = list(map(maker, result)), type(result)
        return lambda: whole(make() for make in makers)
    return lambda: result
