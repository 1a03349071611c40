"""What it took a while to find out about files, remembered until they change."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from functools import cache
from pathlib import Path
from typing import Any

from metaxl.experiment.layout import STAGED
from metaxl.files import canonical_json, sha256_file, sha256_text, write_json

REMEMBERED = STAGED / "inspected"


def remembered(made_of: list[str], make: Callable[[], Any]) -> Any:
    """Return what `make` gives as JSON, or what it gave when it was made of the same before; no error is kept."""
    path = REMEMBERED / f"{sha256_text(canonical_json(made_of))[:32]}.json"
    if path.is_file():
        return json.loads(path.read_text(encoding="utf-8"))
    value = make()
    write_json(path, value)
    return value


def fingerprint(files: Iterable[Path]) -> list[str]:
    """Return path, size, times and inode of files; of a folder, those of what it holds.

    A copy can be given any time of modification, but not one of change.
    """
    known = ((path, path.stat()) for path in files_of(files))
    return [f"{path}:{of.st_size}:{of.st_mtime_ns}:{of.st_ctime_ns}:{of.st_ino}" for path, of in known]


def files_of(paths: Iterable[Path]) -> list[Path]:
    """Return files, and in a folder's place those that it holds."""
    every = (part for path in paths for part in (sorted(path.rglob("*")) if path.is_dir() else [path]))
    return [path for path in every if not path.is_dir()]


def sha256_of(path: Path) -> str:
    """Return a file's SHA-256, computed again when its size, times or inode have changed."""
    return _sha256(path, *fingerprint([path]))


@cache
def _sha256(path: Path, known: str) -> str:
    return sha256_file(path)
