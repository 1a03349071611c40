"""Parameters in one piece of memory: one kernel updates them all, and their gradients are written where they stay."""

from __future__ import annotations

from itertools import groupby
from operator import itemgetter

import torch
from torch import Size, Tensor

from metaxl.encoder.network import Parameters


class Flat(dict[str, Tensor]):
    """Named tensors that are views of one vector, one after another.

    Attributes:
        vector: (elements,) what they are views of.
    """

    def __init__(self, vector: Tensor, shapes: dict[str, Size]) -> None:
        """Name the parts of `vector`."""
        self.vector = vector
        parts = torch.split(vector, [shape.numel() for shape in shapes.values()])
        super().__init__((name, part.view(shape)) for (name, shape), part in zip(shapes.items(), parts, strict=True))

    @classmethod
    def of(cls, parameters: Parameters) -> Flat:
        """Return a copy of parameters that share a type and a device."""
        vector = torch.cat([value.flatten() for value in parameters.values()])
        return cls(vector, {name: value.shape for name, value in parameters.items()})

    def pieces(self, names: frozenset[str]) -> tuple[list[Tensor], list[bool]]:
        """Return the vector in consecutive pieces, and whether each holds parameters of these names or others."""
        inside = [name in names for name in self]
        groups = groupby(zip(inside, self.values(), strict=True), key=itemgetter(0))
        sizes = [(key, sum(value.numel() for _, value in group)) for key, group in groups]
        return list(torch.split(self.vector, [size for _, size in sizes])), [key for key, _ in sizes]

    def empty_like(self) -> Flat:
        """Return the same names over memory of their own, not written to."""
        return Flat(torch.empty_like(self.vector), {name: value.shape for name, value in self.items()})
