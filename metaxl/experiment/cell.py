"""A cell: one training run, the address of one number."""

from __future__ import annotations

import re
from dataclasses import dataclass

from metaxl.errors import ConfigError, did_you_mean
from metaxl.experiment.settings import Placement

LAYERED = ("metaxl", "metaxl-frozen", "joint-rtn")
PLAIN = ("target", "target-matched", "joint")
METHOD_PATTERN = rf"(?:{'|'.join(PLAIN)}|(?:{'|'.join(LAYERED)})-L\d+(?:-\d+)*)"
NO_SOURCE = "none"


@dataclass(frozen=True, slots=True)
class MethodSlug:
    """A training method and the layers after which its RTNs sit, written as one path part."""

    kind: str
    layers: Placement = ()

    @property
    def needs_source(self) -> bool:
        """Whether the method trains on a source language."""
        return not self.kind.startswith("target")

    def __str__(self) -> str:
        """Return the path part, for instance `metaxl-L0-12`."""
        return f"{self.kind}-L{'-'.join(map(str, self.layers))}" if self.layers else self.kind

    @classmethod
    def parse(cls, slug: str) -> MethodSlug:
        """Read a path part back.

        Raises:
            ConfigError: `slug` is no method.
        """
        kind, _, layers = slug.rpartition("-L") if slug not in PLAIN else (slug, "", "")
        if re.fullmatch(METHOD_PATTERN, slug):
            method = cls(kind, tuple(sorted({int(layer) for layer in layers.split("-")})) if layers else ())
            if str(method) == slug:
                return method
        known = [*PLAIN, *(f"{kind}-L12" for kind in LAYERED)]
        raise ConfigError(
            f"Unknown method {slug!r}; expected one such as {', '.join(known)}.{did_you_mean(slug, known)}"
        )


@dataclass(frozen=True, slots=True)
class Cell:
    """One training run: the address of one number."""

    encoder: str
    task: str
    target: str
    source: str
    method: str
    seed: int

    @property
    def path(self) -> str:
        """Return the cell's folder below results/<name>/."""
        return f"cells/{self.encoder}/{self.task}/{self.target}/{self.source}/{self.method}/seed{self.seed}"
