"""How much memory a process has held at most."""

from __future__ import annotations

import re
import resource
from pathlib import Path

import torch

STATUS = Path("/proc/self/status")


def peak_memory() -> int:
    """Return the most memory this process has held, in bytes; on a GPU, what its allocator has held."""
    if torch.cuda.is_available():
        return torch.cuda.max_memory_allocated()
    # Linux hands ru_maxrss on from the process that started this one; VmHWM is its own.
    own = re.search(r"VmHWM:\s+(\d+) kB", STATUS.read_text()) if STATUS.is_file() else None
    kilobytes = int(own[1]) if own else resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return kilobytes * 1024
