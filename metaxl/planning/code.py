"""The digests of the code that rules run, worked out once for each state of the package.

A plan asks for two dozen, each of the syntax trees of dozens of modules: two seconds of every start of Snakemake, a
cluster's job too. So they are kept where Python keeps what it has compiled, beside the sources.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from contextlib import suppress
from functools import cache
from importlib.util import cache_from_source
from pathlib import Path

from metaxl import provenance
from metaxl.errors import DataError
from metaxl.experiment import spec
from metaxl.experiment.spec import Recipe
from metaxl.files import read_json, write_json


def digest(module: str) -> str:
    """Return `provenance.digest` of a module.

    Raises:
        ModuleNotFoundError: this package has no such module.
    """
    return _kept(module, lambda: provenance.digest(module))


def training_digest(recipe: Recipe, *networks: str) -> str:
    """Return `spec.training_digest` of a recipe and the modules that serve its encoder."""
    name = " ".join(["training", *recipe.modules(), *networks])
    return _kept(name, lambda: spec.training_digest(recipe, *networks))


def _kept(name: str, make: Callable[[], str]) -> str:
    """Return what `make` gives, or what it gave of the same sources; in a folder that is not ours, it is only made."""
    sources, known = _known()
    if name in known:
        return known[name]
    made = make()
    # Of sources that are edited meanwhile, nobody knows which the digest was made of.
    if sources and _sources() == sources:
        known[name] = made
        with suppress(OSError):
            write_json(_place(), {"sources": sources, "digests": known})
    return made


@cache
def _known() -> tuple[str, dict[str, str]]:
    """Return the digest of the sources, and what is kept of them."""
    sources = _sources()
    try:
        kept = read_json(_place())
        return sources, dict(kept["digests"]) if kept["sources"] == sources else {}
    except (DataError, TypeError, KeyError, ValueError):
        return sources, {}


def _sources() -> str:
    """Return a digest of all modules of the package, byte by byte; nothing where one of them cannot be read."""
    found = hashlib.sha256()
    try:
        for path in _modules(provenance.PACKAGE):
            content = path.read_bytes()
            found.update(f"{path.relative_to(provenance.PACKAGE)}\0{len(content)}\0".encode())
            found.update(content)
    except OSError:
        return ""
    return found.hexdigest()


def _modules(package: Path) -> list[Path]:
    """Return the modules below a package, as an import finds them: in folders that are links, too."""
    found, entered = [], set()
    for folder, folders, names in os.walk(package, followlinks=True):
        if os.path.realpath(folder) in entered:
            folders.clear()
            continue
        entered.add(os.path.realpath(folder))
        found += [path for name in names if name.endswith(".py") and (path := Path(folder, name)).is_file()]
    return sorted(found)


def _place() -> Path:
    return Path(cache_from_source(str(provenance.PACKAGE / "digests.py"))).with_suffix(".json")
