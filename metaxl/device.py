"""Where a cell trains: the GPU that the fewest others are using, or the CPU."""

from __future__ import annotations

import fcntl
import os
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import count
from pathlib import Path

import torch


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
    """Hold the lowest free place, and yield the index of its device: a second cell shares one when each has a first.

    Args:
        identities: of the devices, the same in every process.
        folder: of the locks; the system releases a lock when its process ends, however it ends.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for place in count():
        for index, identity in enumerate(identities):
            with (folder / f"{identity}-{place}.lock").open("w") as file:
                try:
                    fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                except BlockingIOError:
                    continue
                yield index
                return


def device_name(device: torch.device) -> str:
    """Return a GPU's product name, or "cpu"."""
    return torch.cuda.get_device_name(device) if device.type == "cuda" else "cpu"
