"""The path part of a method with the layers after which its RTNs sit: `joint`, `metaxl-L0-12`."""

from __future__ import annotations

import re

from metaxl.errors import ConfigError, did_you_mean
from metaxl.experiment.settings import Placement
from metaxl.methods import METHODS, Method, find_method


def method_slug(name: str, placement: Placement) -> str:
    """Return the path part of a method, with the layers of its RTNs where it has any: `metaxl-L0-12`.

    Raises:
        ConfigError: the method is not registered.
    """
    return f"{name}-L{'-'.join(map(str, placement))}" if find_method(name).has_layers else name


def parse_slug(slug: str) -> tuple[Method, Placement]:
    """Return the method and the layers that a path part names.

    Raises:
        ConfigError: `slug` is no method, or not in the one way to write it: layers ascending, each once.
    """
    parts = re.fullmatch(r"(.+?)(?:-L(\d+(?:-\d+)*))?", slug)
    if parts and parts[1] in METHODS:
        method = METHODS[parts[1]]
        layers = tuple(sorted({int(layer) for layer in (parts[2] or "").split("-") if layer}))
        if bool(layers) == method.has_layers and method_slug(method.name, layers) == slug:
            return method, layers
    known = [method_slug(name, (12,)) for name in METHODS]
    raise ConfigError(f"Unknown method {slug!r}; expected one such as {', '.join(known)}.{did_you_mean(slug, known)}")
