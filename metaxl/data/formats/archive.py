"""WikiANN's original archives, read without writing anything to disk: one file each of train, dev and test."""

from __future__ import annotations

import gzip
import io
import tarfile
import zlib
from pathlib import Path

from metaxl.errors import DataError

# The largest original archive unpacks to well below this; a bomb does not.
MAX_ARCHIVE_BYTES = 1 << 29
MAX_ARCHIVE_MEMBERS = 100


def read_member(path: Path, name: str) -> bytes:
    """Return the file called `name`, in whichever folder of a .tar.gz it is.

    Raises:
        DataError: the archive is damaged, too large, lacks the file or has it twice, or holds anything else than plain
            files beneath its own folder.
    """
    found = []
    try:
        with gzip.open(path) as unpacked, tarfile.open(fileobj=_Bounded(unpacked, path), mode="r|") as archive:
            for number, member in enumerate(archive):
                _check_member(path, number, member)
                if member.isfile() and Path(member.name).name == name:
                    file = archive.extractfile(member)
                    found.append(file.read() if file else b"")
    except (OSError, EOFError, ValueError, zlib.error, tarfile.TarError) as error:
        raise DataError(f"{path}: cannot be unpacked ({error}); get the archive again.") from error
    if len(found) != 1:
        raise DataError(f"{path}: holds {len(found)} files {name!r}; expected one each of train, dev and test.")
    return found[0]


class _Bounded(io.RawIOBase):
    """A stream that refuses to give more bytes than an honest archive holds."""

    def __init__(self, stream: gzip.GzipFile, path: Path) -> None:
        super().__init__()
        self._stream, self._left, self._path = stream, MAX_ARCHIVE_BYTES, path

    def read(self, size: int = -1, /) -> bytes:
        """Read as the stream does, or raise a DataError where the limit is exceeded."""
        chunk = self._stream.read(size)
        self._left -= len(chunk)
        if self._left < 0:
            raise DataError(f"{self._path}: unpacks to more than {MAX_ARCHIVE_BYTES:,} bytes; refused.")
        return chunk


def _check_member(path: Path, number: int, member: tarfile.TarInfo) -> None:
    if number >= MAX_ARCHIVE_MEMBERS:
        raise DataError(f"{path}: holds more than {MAX_ARCHIVE_MEMBERS} files; refused.")
    tarfile.data_filter(member, str(path.parent))  # raises a TarError for a path outside
    if not (member.isfile() or member.isdir()) or member.issparse():
        raise DataError(f"{path}: {member.name!r} is a link, a device or a file with holes; refused.")
