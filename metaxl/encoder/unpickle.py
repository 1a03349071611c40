"""A program of its own that turns pickled weights into safetensors: whatever a pickle does, it does it here.

`python -m metaxl.encoder.unpickle RESULT PICKLE...` writes RESULT, or ends with exit code 1 and one line that says why.
"""

from __future__ import annotations

import re
import resource
import sys
import warnings
from collections.abc import Sequence
from pathlib import Path
from pickle import UnpicklingError

import torch
from safetensors.torch import save_file

from metaxl.errors import EncoderError

COPIES = 4  # of the weights: as torch reads them, as they are copied, as safetensors writes them, and one to spare
ROOM = 1 << 30  # bytes


def read_pickle(path: Path) -> dict[str, torch.Tensor]:
    """Read the tensors of a pickle, each contiguous and with memory of its own; nothing that the pickle names is run.

    Raises:
        EncoderError: it is damaged, or holds anything but tensors by name.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of pickle protocols; what cannot be read is an error
            content = torch.load(path, map_location="cpu", weights_only=True)
    except UnpicklingError as error:
        refused = re.search(r"Unsupported global: GLOBAL (\S+)", str(error))
        if refused:
            raise EncoderError(f"it asks to run {refused[1]}, which no weights need; nothing of it was run.") from error
        raise EncoderError("it is no file that torch saved, or damaged.") from error
    # What torch raises of a damaged file depends on where the damage lies.
    except (OSError, EOFError, RuntimeError, ValueError, LookupError, TypeError, AttributeError) as error:
        raise EncoderError("it is no file that torch saved, or damaged.") from error
    if not isinstance(content, dict) or not content:
        raise EncoderError(f"expected tensors by name, found {type(content).__name__}.")
    for name, value in content.items():
        if not isinstance(name, str) or not isinstance(value, torch.Tensor):
            raise EncoderError(f"expected tensors by name, found {name!r} with {type(value).__name__}.")
        if value.layout != torch.strided or value.is_quantized or value.is_complex():
            raise EncoderError(f"{name} is sparse, quantised or complex; use the original weights.")
    if sum(value.numel() * value.element_size() for value in content.values()) > COPIES * path.stat().st_size + ROOM:
        raise EncoderError("its tensors are many times larger than the file, as no weights are; it is refused.")
    return {name: value.detach().clone(memory_format=torch.contiguous_format) for name, value in content.items()}


def bound_memory(pickles: Sequence[Path]) -> None:
    """Let this process grow by a few times the size of the pickles alone: a few bytes can ask for any amount."""
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    limit = pages * resource.getpagesize() + ROOM + COPIES * sum(path.stat().st_size for path in pickles)
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))


def main(result: Path, pickles: Sequence[Path]) -> int:
    """Write the tensors of all pickles into one safetensors file; return the exit code."""
    weights: dict[str, torch.Tensor] = {}
    bound_memory(pickles)
    for path in pickles:
        try:
            weights |= read_pickle(path)
        except EncoderError as error:
            sys.stdout.write(f"{path}: {error}\n")
            return 1
    save_file(weights, result, {"format": "pt"})
    return 0


if __name__ == "__main__":
    _, out, *files = map(Path, sys.argv)
    sys.exit(main(out, files))
