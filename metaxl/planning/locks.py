"""Snakemake's locks where several runs share a folder: a run that ends removes its own alone."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path
from typing import Any


def remove_own_locks_only(record: Callable[[Iterable[str]], None]) -> None:
    """Have each Snakemake that locks its files remove at its end what it has locked itself.

    Args:
        record: keeps which files these locks are, for those who find them when this run was killed.

    Snakemake 9 removes the whole folder of locks. So a run that needs none of another's files, or stops before its
    first job, would unlock the other, and a third could write the very files that the other writes. `--unlock`, which
    locks nothing, still removes all. What is changed is not Snakemake's promise; where another version has it
    elsewhere, there is nothing to do.
    """
    try:
        from snakemake.persistence.file import FilePersistence

        write = FilePersistence._write_locks
    except (ImportError, AttributeError):
        return

    def write_locks(self: Any, kind: str, files: Iterable[str]) -> None:
        self._delete_locks = partial(remove, self._lockfile)
        write(self, kind, files)
        record(self._lockfile.values())

    def remove(locks: dict[str, str]) -> None:
        record([])  # first: what a killed run leaves may be nobody's, but never another's that has taken its name
        for path in locks.values():
            Path(path).unlink(missing_ok=True)
        locks.clear()

    FilePersistence._write_locks = write_locks
