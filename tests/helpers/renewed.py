"""A clone that the tests of a file use in turn, as new for each; its commands run in forks.

To copy a checkout and to write its registry takes half a second, and to import what a command needs takes longer still.
"""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

from clone import Site
from forks import forks
from loopback import Loopback

LIBRARIES = (
    *("filelock", "httpx2", "jsonschema", "numpy", "pyarrow.parquet", "requests"),
    *("safetensors", "tabulate", "tokenizers", "tqdm.auto", "yaml"),
)


class RenewedSite(Site):
    """A site that `renew` makes what it was at first, and whose `run` forks; `start` starts Python as a user does."""

    def __init__(self, folder: Path, hub: Loopback, *libraries: str):
        super().__init__(folder, hub)
        self.libraries = (*LIBRARIES, *libraries)
        self.url, self.registered = hub.url, self.registry.read_text()
        self.first = dict(contents(folder))
        self.forked = True

    def renew(self, hub: Loopback) -> RenewedSite:
        """Remove whatever tests have left, name another hub, and return the site.

        A test may change the registry, the lock and what is not there at first. What else it changed, it must mend.
        """
        self.hub, self.forked = hub, True
        for path in [path for path, _ in contents(self.folder) if path not in self.first]:
            remove(path)
        self.lock_path.write_text("{}")
        self.registry.write_text(self.registered.replace(self.url, hub.url))
        found, own = dict(contents(self.folder)), (self.lock_path, self.registry)
        changed = [path for path in self.first if path not in own and found.get(path) != self.first[path]]
        assert not changed, changed
        return self

    def run(self, *arguments, **variables):
        if not self.forked:
            return super().run(*arguments, **variables)
        command = [sys.executable, "-m", "metaxl", *arguments]
        done = forks(*self.libraries).run(command, self.folder, self.environment(**variables), merged=True)
        return done.returncode, done.stdout


def contents(folder: Path) -> Iterator[tuple[Path, tuple[int, int] | None]]:
    """Yield what is in a folder, with size and time of files, but for what Python has compiled."""
    for entry in os.scandir(folder):
        if entry.name == "__pycache__":
            continue
        if entry.is_dir(follow_symlinks=False):
            yield Path(entry.path), None
            yield from contents(entry.path)
        else:
            facts = entry.stat(follow_symlinks=False)
            yield Path(entry.path), (facts.st_size, facts.st_mtime_ns)


def remove(path: Path) -> None:
    """Remove a file or a folder, if it has not gone with the one around it."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
