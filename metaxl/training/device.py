"""Where a cell is trained. Apart from training: which device is asked for changes no score's code."""

from __future__ import annotations

import os
import socket

import torch

from metaxl.errors import OF_MACHINE, MetaXLError
from metaxl.experiment.spec import CellSpec
from metaxl.files import sha256_text


class DeviceError(MetaXLError):
    """The device that is asked for is not here; another machine may have it."""

    exit_code = OF_MACHINE


def choose_device(spec: CellSpec, asked: str) -> torch.device:
    """Return where to train a cell; see `device_for`."""
    return device_for(spec.cell.path, asked)


def device_for(address: str, asked: str) -> torch.device:
    """Return the CPU, or one of the GPUs that this process may see, over which cells spread by their address.

    Args:
        address: the cell's path, or what else is to spread.
        asked: "gpu" or "cpu"; "auto" for a GPU where one is visible, otherwise the CPU.

    Raises:
        DeviceError: a GPU is asked for, and none is visible.
    """
    if asked == "cpu" or (asked == "auto" and not torch.cuda.is_available()):
        return torch.device("cpu")
    if not torch.cuda.is_available():
        raise DeviceError(_no_gpu())
    device = torch.device("cuda", int(sha256_text(address)[:8], 16) % torch.cuda.device_count())
    torch.cuda.set_device(device)
    return device


def _no_gpu() -> str:
    """Say that there is no GPU, and why that may be."""
    seen = os.environ.get("CUDA_VISIBLE_DEVICES")
    reason = "the job was given none" if seen is None else f"CUDA_VISIBLE_DEVICES is {seen!r}"
    if torch.version.cuda is None and torch.version.hip is None:
        reason = f"torch {torch.__version__} is a build for CPUs alone"
    return (
        f"device: gpu is asked for, but no GPU is visible on {socket.gethostname()}: {reason}. Ask the scheduler for "
        "one (gpu: 1 under set-resources in the profile), or set device: auto or cpu."
    )
