"""The path part of a method, with its RTNs' layers and its variant: `joint`, `metaxl-L0-12`, `metaxl-L12.no-l2`."""

from __future__ import annotations

import re
from functools import cache
from typing import NamedTuple

from metaxl.errors import ConfigError, did_you_mean
from metaxl.experiment.settings import Placement
from metaxl.methods import METHODS, Method, find_method


class Slug(NamedTuple):
    """What a path part says: the method, the layers of its RTNs, and the variant's name, empty for none."""

    method: Method
    placement: Placement
    variant: str


def method_slug(name: str, placement: Placement, variant: str = "") -> str:
    """Return the path part of a method, with the layers of its RTNs where it has any, and of its variant.

    Raises:
        ConfigError: the method is not registered.
    """
    slug = f"{name}-L{'-'.join(map(str, placement))}" if find_method(name).has_layers else name
    return f"{slug}.{variant}" if variant else slug


@cache
def parse_slug(slug: str) -> Slug:
    """Return the method, the layers and the variant that a path part names.

    Raises:
        ConfigError: `slug` is no method, or not in the one way to write it: layers ascending, each once.
    """
    parts = re.fullmatch(r"([^.]+?)(?:-L(\d+(?:-\d+)*))?(?:\.([a-z][a-z0-9-]*))?", slug)
    if parts and parts[1] in METHODS:
        method = METHODS[parts[1]]
        layers = tuple(sorted({int(layer) for layer in (parts[2] or "").split("-") if layer}))
        if bool(layers) == method.has_layers and method_slug(method.name, layers, parts[3] or "") == slug:
            return Slug(method, layers, parts[3] or "")
    known = [method_slug(name, (12,)) for name in METHODS]
    raise ConfigError(f"Unknown method {slug!r}; expected one such as {', '.join(known)}.{did_you_mean(slug, known)}")
