"""The path part of a method with its layers: `joint`, `metaxl-L0-12`."""

from __future__ import annotations

import re
from dataclasses import dataclass

from metaxl.errors import ConfigError, did_you_mean
from metaxl.experiment.settings import Placement
from metaxl.methods import METHODS, Method, find_method


@dataclass(frozen=True, slots=True)
class MethodSlug:
    """A training method and the layers after which its RTNs sit, written as one path part."""

    kind: str
    layers: Placement = ()

    @property
    def method(self) -> Method:
        """Return the method's entry in the registry.

        Raises:
            ConfigError: it is not registered.
        """
        return find_method(self.kind)

    def __str__(self) -> str:
        """Return the path part, for instance `metaxl-L0-12`."""
        return f"{self.kind}-L{'-'.join(map(str, self.layers))}" if self.layers else self.kind

    @classmethod
    def of(cls, kind: str, placement: Placement) -> MethodSlug:
        """Return a method with RTNs at `placement`, if it has any.

        Raises:
            ConfigError: it is not registered.
        """
        return cls(kind, placement if find_method(kind).has_layers else ())

    @classmethod
    def parse(cls, slug: str) -> MethodSlug:
        """Read a path part back.

        Raises:
            ConfigError: `slug` is no method, or not in the one way to write it: layers ascending, each once.
        """
        parts = re.fullmatch(r"(.+?)(?:-L(\d+(?:-\d+)*))?", slug)
        if parts and parts[1] in METHODS:
            layers = sorted({int(layer) for layer in (parts[2] or "").split("-") if layer})
            parsed = cls(parts[1], tuple(layers))
            if str(parsed) == slug and bool(layers) == parsed.method.has_layers:
                return parsed
        known = [f"{name}-L12" if method.has_layers else name for name, method in METHODS.items()]
        raise ConfigError(
            f"Unknown method {slug!r}; expected one such as {', '.join(known)}.{did_you_mean(slug, known)}"
        )
