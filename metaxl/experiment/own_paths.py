"""Paths that the user brings: one that no rule can read is told before anything starts."""

from __future__ import annotations

from metaxl.errors import ConfigError

FAULTS = {"{": "a brace", "}": "a brace", "\0": "a NUL character"}


def check_path(key: str, path: str) -> None:
    """Refuse a path with braces, which Snakemake reads as a wildcard, or that commands read as an option.

    Args:
        key: where the configuration names it, such as "files.ner.lug".
        path: a folder, a file or an archive.

    Raises:
        ConfigError: no rule can read it.
    """
    for character in FAULTS:
        if character in path:
            raise ConfigError(f"{key}: {path!r} holds {FAULTS[character]}, which no rule can read; rename it.")
    if path.startswith("-"):
        raise ConfigError(f"{key}: {path!r} begins with a hyphen, as an option does; rename it, or give its full path.")
