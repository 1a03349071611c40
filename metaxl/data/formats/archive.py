"""WikiANN's original form, "language:token<TAB>tag": an archive of the files train, dev and test, or one of these."""

from __future__ import annotations

import gzip
import io
import logging
import tarfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from metaxl.data.formats.records import Sentence, number_sentences
from metaxl.errors import DataError
from metaxl.tasks import NER

TAGS = NER.labels
# The largest original archive unpacks to well below this; a bomb does not.
MAX_ARCHIVE_BYTES = 1 << 29
MAX_ARCHIVE_MEMBERS = 100

logger = logging.getLogger(__name__)


def read_archive(path: Path, language: str, split: str) -> list[dict[str, Any]]:
    """Read one split of <language>.tar.gz, without unpacking it to disk.

    Args:
        path: of the archive.
        language: its code in WikiANN, the prefix of every token.
        split: "train", "dev" or "test".

    Returns:
        Records as of `number_sentences`.

    Raises:
        DataError: the archive is damaged or hostile, lacks the split, or has a malformed line, which is named.
    """
    place = f"{path}, {split}"
    return number_sentences(place, _sentences(place, _member(path, split), language), split)


def read_lines(path: Path, language: str, split: str) -> list[dict[str, Any]]:
    """Read one unpacked file, as `read_archive` reads it in the archive."""
    return number_sentences(str(path), _sentences(str(path), path.read_bytes(), language), split)


def _sentences(place: str, content: bytes, language: str) -> Iterator[Sentence]:
    """Yield the sentences of the original form; blank lines part them, a byte order mark and CRLF are accepted."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        broken = content.count(b"\n", 0, error.start) + 1
        raise DataError(f"{place}:{broken}: not UTF-8 at byte {error.start}; convert the file to UTF-8.") from error
    tokens: list[str] = []
    tags: list[str] = []
    # Not splitlines(): it would also cut at characters that may stand inside a token.
    for number, line in enumerate(text.split("\n"), 1):
        line = line.removesuffix("\r")
        if line.strip():
            token, tag = _token(f"{place}:{number}", line, language)
            tokens.append(token)
            tags.append(tag)
        elif tokens:
            yield tokens, tags
            tokens, tags = [], []
    if tokens:
        yield tokens, tags


def _token(place: str, line: str, language: str) -> tuple[str, str]:
    """Split one line at its tab and its first colon: tokens may hold further colons."""
    fields = line.split("\t")
    prefix, colon, token = fields[0].partition(":")
    if len(fields) != 2 or not colon:
        raise DataError(f"{place}: expected '{language}:token<TAB>tag', found {line!r}.")
    if prefix != language:
        raise DataError(f"{place}: a token of {prefix!r} in the data of {language!r}; is it another language's file?")
    if fields[1] not in TAGS:
        raise DataError(f"{place}: unknown tag {fields[1]!r}; allowed are {', '.join(TAGS)}.")
    return token, fields[1]


class _Bounded(io.RawIOBase):
    """Reads on from a stream until more bytes came out of it than an honest archive holds."""

    def __init__(self, stream: gzip.GzipFile, limit: int, path: Path) -> None:
        super().__init__()
        self._stream, self._left, self._path = stream, limit, path

    def read(self, size: int = -1, /) -> bytes:
        """Read as the stream does.

        Raises:
            DataError: the limit is exceeded.
        """
        chunk = self._stream.read(size)
        self._left -= len(chunk)
        if self._left < 0:
            raise DataError(f"{self._path}: unpacks to more than {MAX_ARCHIVE_BYTES:,} bytes; refused.")
        return chunk


def _member(path: Path, name: str) -> bytes:
    """Return one file of a .tar.gz, without writing anything to disk.

    Raises:
        DataError: the archive is damaged, too large, lacks the file or has it twice, or holds anything else than plain
            files beneath its own folder.
    """
    found = []
    try:
        with gzip.open(path) as unpacked:
            bounded = _Bounded(unpacked, MAX_ARCHIVE_BYTES, path)
            with tarfile.open(fileobj=bounded, mode="r|") as archive:
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


def _check_member(path: Path, number: int, member: tarfile.TarInfo) -> None:
    if number >= MAX_ARCHIVE_MEMBERS:
        raise DataError(f"{path}: holds more than {MAX_ARCHIVE_MEMBERS} files; refused.")
    tarfile.data_filter(member, str(path.parent))  # raises a TarError for a path outside
    if not (member.isfile() or member.isdir()) or member.issparse():
        raise DataError(f"{path}: {member.name!r} is a link, a device or a file with holes; refused.")
    if member.size > MAX_ARCHIVE_BYTES:
        raise DataError(f"{path}: {member.name!r} unpacks to more than {MAX_ARCHIVE_BYTES:,} bytes; refused.")
