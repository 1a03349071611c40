"""One writer a cell: who trains it, and what becomes of an older process that still does.

A process that begins to train a cell writes its name into owner.json of the cell's workspace. A process that was left
behind, by a Snakemake that was killed or by a job that a cluster started twice, finds another name there, at the latest
before it publishes, and ends without having written anything. Reading the name and publishing happen under one lock
(flock), so that nobody can take a cell over in between. Where a network file system has no locks, as NFS without its
lock service, the name is still looked at right before each publication, and what remains is the blink between the two.
"""

from __future__ import annotations

import fcntl
import logging
import os
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import takewhile
from pathlib import Path
from typing import Any

from metaxl.errors import MetaXLError
from metaxl.files import is_alive, read_json, write_json

WORK = "work"  # the folder of an experiment's workspaces
TRIES = 100  # to begin in a folder that others may be removing
log = logging.getLogger("metaxl")


class ReplacedError(MetaXLError):
    """Another process has begun to train the same cell."""

    exit_code = 76


def left(folder: Path) -> bool:
    """Forget the owner of a cell's workspace, whose process has ended; False if one of this machine still runs.

    Of a process of another machine nobody here knows; it writes nothing once its name is gone.
    """
    path = folder / "owner.json"
    owner = read_json(path) if path.is_file() else None
    if owner and owner["host"] == socket.gethostname() and is_alive(owner["pid"]):
        return False
    path.unlink(missing_ok=True)
    return True


def remove_empty(folder: Path) -> None:
    """Remove a workspace and what is above it, below the folder of all workspaces, as far as it is empty."""
    if WORK not in folder.parts:
        return
    for empty in takewhile(lambda above: above.name != WORK, (folder, *folder.parents)):
        try:
            empty.rmdir()
        except FileNotFoundError:
            continue  # another training was faster
        except OSError:
            return  # another workspace lies there


class Owner:
    """This process as the one that trains a cell."""

    def __init__(self, folder: Path) -> None:
        """Take the cell over whose workspace is `folder`."""
        self.path, self._lock = folder / "owner.json", folder / "owner.lock"
        self._own = {"host": socket.gethostname(), "pid": os.getpid(), "since": time.strftime("%Y-%m-%d %H:%M:%S")}
        self._own["token"] = f"{self._own['host']}-{self._own['pid']}-{time.time_ns()}"
        before = self._take()
        mine = (self._own["host"], self._own["pid"])
        if before and (before["host"] != mine[0] or (before["pid"] != mine[1] and is_alive(before["pid"]))):
            log.warning(
                "The cell is taken over from process %s on %s (since %s); if that still runs, it will write nothing.",
                *(before["pid"], before["host"], before["since"]),
            )

    def check(self) -> None:
        """Look whether this process still is the owner.

        Raises:
            ReplacedError: another one has taken the cell over.
        """
        now = self._read()
        if now is None or now["token"] != self._own["token"]:
            who = "process {pid} on {host}, since {since}".format(**now) if now else "nobody, for its folder is gone"
            raise ReplacedError(f"{self.path.parent}: this cell is now trained by {who}. This process writes nothing.")

    @contextmanager
    def publishing(self) -> Iterator[None]:
        """Hold the cell while results are moved into place.

        Raises:
            ReplacedError: another process has taken the cell over.
        """
        self.check()  # a training that has ended has taken the folder with it
        with self._locked():
            self.check()
            yield

    def release(self) -> None:
        """Leave the cell to nobody, and no empty folder of a workspace."""
        with self._locked():
            self.path.unlink(missing_ok=True)
        self._lock.unlink(missing_ok=True)
        remove_empty(self.path.parent)

    def _take(self) -> dict[str, Any] | None:
        """Write this process's name; return what stood there.

        The folder may vanish meanwhile: a training that ends removes those above its own that it finds empty.
        """
        tries = 0
        while True:
            try:
                self.path.parent.mkdir(parents=True, exist_ok=True)
                with self._locked():
                    before = self._read()
                    write_json(self.path, self._own)
                return before
            except (FileNotFoundError, FileExistsError):
                tries += 1
                if tries == TRIES:
                    raise

    def _read(self) -> dict[str, Any] | None:
        return dict(read_json(self.path)) if self.path.is_file() else None

    @contextmanager
    def _locked(self) -> Iterator[None]:
        with self._lock.open("a") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX)
            except OSError:  # a network file system without locks
                log.info("%s: the file system has no locks.", self._lock)
            yield
