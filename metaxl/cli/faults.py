"""Faults of the machine in one sentence: a full disk, missing rights, too little memory."""

from __future__ import annotations

import errno
import re
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from safetensors import SafetensorError

from metaxl.errors import EncoderError

AGAIN = "then run the same command again; what is finished stays"
OF_FILES = {
    errno.ENOSPC: f"the disk is full; make room, {AGAIN}",
    errno.EDQUOT: f"your quota of the disk is used up; make room, {AGAIN}",
    errno.EFBIG: f"the file is larger than the system or a limit (ulimit -f) allows; raise it, {AGAIN}",
    errno.EROFS: f"the file system is read-only; put results/ on one that can be written, {AGAIN}",
    errno.EACCES: f"your user may not read or write it; change its rights (ls -l, chmod), {AGAIN}",
    errno.EPERM: f"the system forbids it; change its rights or its owner, {AGAIN}",
    errno.ENAMETOOLONG: "the name is too long for the file system; shorten the names in the configuration",
    errno.EMFILE: f"too many files are open; raise the limit (ulimit -n), {AGAIN}",
    errno.ENFILE: f"too many files are open on this machine; close some, {AGAIN}",
    errno.ENOMEM: f"the memory is used up; give the job more (mem_mb) or run fewer at once, {AGAIN}",
    errno.EIO: "the disk cannot be read or written; look whether it or its network is at fault",
    errno.ESTALE: f"the network file system has lost it; look whether it is still there, {AGAIN}",
}
MEMORY = (
    "{what}; give the job more (mem_mb), run fewer at once, or lower batch_size or max_length in the configuration, "
    f"{AGAIN}."
)
# What torch says where an allocation fails: of the CPU in an ordinary RuntimeError, of a device in one of its own type.
ALLOCATION = re.compile(r"can't allocate memory|not enough memory: you tried to allocate|alloc_cpu")
SYSTEM_ERROR = re.compile(r"\(os error (\d+)\)")  # as safetensors and tokenizers pass it on
READING = "deserializing"  # what safetensors says it was at, where it does not write
SHORT_WRITE = re.compile(r"\d+ requested and \d+ written")  # numpy's words for a full disk
MACHINE = (OSError, MemoryError, RuntimeError, SafetensorError, zlib.error)


def explain_fault(error: BaseException) -> str | None:
    """Return what a fault of the machine is, where, and what to do; None if it is none, but a fault of the program."""
    for link in _chain(error):
        if isinstance(link, MemoryError):
            return MEMORY.format(what="The memory is used up")
        if type(link).__name__ == "OutOfMemoryError" and isinstance(link, RuntimeError):
            return MEMORY.format(what="The memory of the device is used up")
        if isinstance(link, RuntimeError) and ALLOCATION.search(str(link)):
            return MEMORY.format(what="The memory is used up")
        if isinstance(link, OSError) and SHORT_WRITE.search(str(link)):
            return _explain_file(errno.ENOSPC, link.filename or "", "")
        if isinstance(link, OSError) and (link is error or link.errno in OF_FILES):
            return _explain_file(link.errno, link.filename or "", link.strerror or str(link))
        if isinstance(link, SafetensorError) and (code := SYSTEM_ERROR.search(str(link))):
            return _explain_file(int(code[1]), "", str(link))
    return None


@contextmanager
def reading_weights(encoder: Path) -> Iterator[None]:
    """Name the encoder whose weights turn out to be damaged within: the library that reads them says no file.

    Raises:
        EncoderError: a file of weights is no whole safetensors file.
    """
    try:
        yield
    except SafetensorError as error:
        if SYSTEM_ERROR.search(str(error)) or READING not in str(error):
            raise
        raise EncoderError(
            f"{encoder / 'model.safetensors'}: damaged ({error}); make the encoder whole where it comes from, remove "
            f"{encoder}, {AGAIN}."
        ) from error


def _explain_file(code: int | None, where: object, said: str) -> str:
    advice = OF_FILES.get(code or 0, f"{said}; look at the file or folder, {AGAIN}")
    return f"{where}: {advice}." if where else f"{advice[0].upper()}{advice[1:]}."


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    """Yield an error and those during whose handling it was raised: a full disk may show as an error of zlib's."""
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__
