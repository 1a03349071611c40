"""Which Snakemake and which trainings of this folder still run, and where.

Snakemake's own locks say nothing of who holds them. So each run leaves a record of itself while it lasts, and each
training has one anyway (owner.json, `metaxl.training.owner`).
"""

from __future__ import annotations

import os
import shlex
import socket
import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from metaxl.errors import DataError
from metaxl.files import is_alive, read_json, write_json

RUNS = Path(".snakemake", "metaxl-runs")  # a file for each Snakemake that was started in this folder and has not ended
RESULTS, OWNERS = Path("results"), str(Path("*", "work", "**", "owner.json"))
ENDED = "ended"
STATE, START = 0, 19  # of the fields of /proc/<pid>/stat behind the name of the program


@dataclass(frozen=True, slots=True)
class Process:
    """A process that works, or worked, in this folder.

    Attributes:
        host: the machine.
        pid: its number there.
        since: local date and time of its start.
        what: its command, or the folder of the cell that it trains.
        identity: tells it from a later process of the same number; empty where nobody knows.
        locks: of a Snakemake, the files by which it keeps others from what it reads and makes.
    """

    host: str
    pid: int
    since: str
    what: str
    identity: str = ""
    locks: tuple[str, ...] = ()

    @property
    def is_here(self) -> bool:
        """Whether it is, or was, of this machine."""
        return self.host == socket.gethostname()

    @property
    def lives(self) -> bool:
        """Whether it runs on this machine; one of another machine cannot be seen."""
        return self.is_here and is_alive(self.pid) and identity(self.pid) in {self.identity, ""} - {ENDED}

    def told(self) -> str:
        """Return a line about it."""
        return f"process {self.pid} on {self.host}, since {self.since}: {self.what}"


def this_process() -> Process:
    """Return the process that asks."""
    command = shlex.join([Path(sys.argv[0]).name, *sys.argv[1:]])
    own = os.getpid()
    return Process(socket.gethostname(), own, time.strftime("%Y-%m-%d %H:%M:%S"), command, identity(own))


def record_of(process: Process) -> Path:
    """Return the file by which a Snakemake says that it runs here."""
    return RUNS / f"{process.host}-{process.pid}.json"


def record(process: Process) -> Path:
    """Write the record of a Snakemake; return where."""
    write_json(record_of(process), asdict(process))
    return record_of(process)


def record_locks(locks: Iterable[str]) -> None:
    """Add to the record of this Snakemake what it has locked."""
    path = record_of(this_process())
    if path.exists():
        write_json(path, read_json(path) | {"locks": list(locks)})


def runs() -> list[Process]:
    """Return each Snakemake that has a record here, be it alive or dead."""
    found = []
    for path in sorted(RUNS.glob("[!.]*.json")):  # a hidden one is being written
        with suppress(DataError):  # its run has ended meanwhile
            about = read_json(path)
            found.append(Process(**about | {"locks": tuple(about.get("locks", ()))}))
    return found


def trainings(root: Path = RESULTS) -> Iterator[Process]:
    """Yield the trainings below results/ that have not ended by themselves; of this machine only those that live."""
    for path in sorted(root.glob(OWNERS)):
        training = owner(path)
        if training and (training.lives or not training.is_here):
            yield training


def owner(path: Path) -> Process | None:
    """Return the training that an owner.json names, None where the file is gone; its identity is as of now."""
    try:
        about = read_json(path)
    except DataError:  # it has ended meanwhile
        return None
    here = about["host"] == socket.gethostname()
    seen = identity(about["pid"]) if here and trains(about["pid"]) else ENDED
    return Process(about["host"], about["pid"], about["since"], str(path.parent), seen)


def made_by(training: Process) -> Path:
    """Return the folder of what a training makes."""
    root, name, _, *cell = Path(training.what).parts
    return Path(root, name, *cell)


def trains(pid: int) -> bool:
    """Tell whether a process of this machine is a command of this package; True where nobody can know."""
    command = _proc(pid, "cmdline")
    return command is None or b"metaxl" in command


def identity(pid: int) -> str:
    """Return what tells a process of this machine from a later one of its number: the boot and the tick of its start.

    ENDED for a process of which only the exit code is left; empty where there is no /proc.
    """
    stat = _proc(pid, "stat")
    if stat is None:
        return ""
    fields = stat.rpartition(b")")[2].split()
    boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    return ENDED if fields[STATE] in (b"Z", b"X") else f"{boot}/{int(fields[START])}"


def _proc(pid: int, name: str) -> bytes | None:
    try:
        return Path("/proc", str(pid), name).read_bytes()
    except OSError:
        return None
