"""The memory of a training process: what is kept, and how much there was at most."""

from __future__ import annotations

import ctypes
import os
import re
import resource
from pathlib import Path

import torch

STATUS = Path("/proc/self/status")
# Names of malloc.h; the threshold is the largest that glibc takes. Blocks above it come from the system one by one and
# go back to it, so that holes of their size cannot pile up.
M_TRIM_THRESHOLD, M_MMAP_THRESHOLD = -1, -3
LARGEST_KEPT = 32 * 2**20


# oneDNN keeps a kernel, and torch its arguments, for each shape of a product: by default 1,024 of each. Batches of
# varied length bring new shapes with every step, and what is kept for them splits the heap between the tensors. A step
# uses fewer than this many.
KERNELS_KEPT = 64
KERNEL_CACHES = ("ONEDNN_PRIMITIVE_CACHE_CAPACITY", "LRU_CACHE_CAPACITY")


def set_up_memory() -> None:
    """Keep freed memory for the tensors of the next step, where the C library is glibc, and few of oneDNN's kernels.

    By default freed memory goes back to the system and returns page by page: a tenth to a fifth of a step's time. To be
    called before the first product of matrices.
    """
    for name in KERNEL_CACHES:
        os.environ.setdefault(name, str(KERNELS_KEPT))
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(M_MMAP_THRESHOLD, LARGEST_KEPT)
        mallopt(M_TRIM_THRESHOLD, -1)  # never


def peak_memory(device: torch.device) -> int:
    """Return the most memory this process has held, in bytes; on a GPU, what its allocator has held there."""
    if device.type == "cuda":
        return torch.cuda.max_memory_allocated(device)
    # Linux hands ru_maxrss on from the process that started this one; VmHWM is its own.
    own = re.search(r"VmHWM:\s+(\d+) kB", STATUS.read_text()) if STATUS.is_file() else None
    kilobytes = int(own[1]) if own else resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return kilobytes * 1024
