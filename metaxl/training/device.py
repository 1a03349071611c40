"""Where a cell trains: the GPU that the fewest of the user's other cells hold, or the CPU."""

from __future__ import annotations

import fcntl
import os
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from itertools import count
from pathlib import Path

import torch

from metaxl.errors import MetaXLError


@contextmanager
def claim_device() -> Iterator[torch.device]:
    """Hold a place on a visible GPU, or the CPU where there is none.

    How many cells run at once is for the workflow to say (`gpu_slots`); this spreads them over the machine's GPUs.
    """
    if not torch.cuda.is_available():
        yield torch.device("cpu")
        return
    identities = [str(torch.cuda.get_device_properties(i).uuid) for i in range(torch.cuda.device_count())]
    with claim_place(identities, Path(tempfile.gettempdir(), f"metaxl-gpu-{os.getuid()}")) as index:
        device = torch.device("cuda", index)
        torch.cuda.set_device(device)
        yield device


@contextmanager
def claim_place(identities: Sequence[str], folder: Path) -> Iterator[int]:
    """Hold a place on the device with the fewest held ones, and yield the device's index.

    Args:
        identities: of the devices, the same in every process.
        folder: of the locks, one a place; the system releases a lock when its holder ends, however it ends.

    Raises:
        MetaXLError: the folder is another user's.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if folder.stat().st_uid != os.getuid():
        raise MetaXLError(f"{folder}: belongs to another user; remove it or set TMPDIR to a folder of your own.")
    with ExitStack() as held:
        with ExitStack() as looking:
            _lock(looking, folder / "looking.lock", fcntl.LOCK_EX)  # one process at a time
            taken = [_held_places(folder, identity) for identity in identities]
            index = taken.index(min(taken, key=len))
            place = next(number for number in count() if number not in taken[index])
            _lock(held, folder / f"{identities[index]}.{place}.lock", fcntl.LOCK_EX)
        yield index


def _held_places(folder: Path, identity: str) -> set[int]:
    """Return the numbers of a device's places that other processes hold."""
    places = set()
    for path in folder.glob(f"{identity}.*.lock"):
        with ExitStack() as trial:
            try:
                _lock(trial, path, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                places.add(int(path.name.split(".")[-2]))
    return places


def _lock(stack: ExitStack, path: Path, how: int) -> None:
    """Lock a file until the stack closes."""
    fcntl.flock(stack.enter_context(path.open("a")), how)
