"""A user's text file: plain or gzipped, in UTF-8; anything else is told with what to do."""

from __future__ import annotations

import gzip
import re
import zlib
from pathlib import Path

from metaxl.data.formats.archive import MAX_ARCHIVE_BYTES
from metaxl.errors import DataError

GZIP = ".gz"
SHOWN = 60  # characters of a value in a message
LINE_END = re.compile(r"\r\n|\r|\n")
MARKS = (b"\xff\xfe", b"\xfe\xff")  # of UTF-16
NO_TEXTS = {
    b"\x89PNG": "a picture",
    b"\xff\xd8\xff": "a picture",
    b"%PDF": "a PDF",
    b"PK\x03\x04": "a zip archive, as .docx and .xlsx are",
    b"\x1f\x8b": "gzipped",
    b"\x7fELF": "a program",
}


def read_text(path: Path) -> str:
    """Return the text of a file; a leading byte order mark is removed.

    Raises:
        DataError: it is no plain file, cannot be unpacked, or is not UTF-8.
    """
    return decoded(str(path), _unpacked(path) if path.suffix == GZIP else read_bytes(path))


def decoded(file: str, content: bytes) -> str:
    """Return bytes in UTF-8 as text; a leading byte order mark is removed.

    Raises:
        DataError: they are not UTF-8.
    """
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise DataError(f"{file}:{line}: byte {error.start} is not UTF-8; {cure_of_encoding(content)}.") from error


def cure_of_encoding(start: bytes) -> str:
    """Return what to do about a file that is not UTF-8, by the bytes that it begins with."""
    for mark, kind in NO_TEXTS.items():
        if start.startswith(mark):
            return f"it is {kind}; bring its text as a file in UTF-8"
    likely = "UTF-16" if start.startswith(MARKS) or b"\x00" in start[:2] else "WINDOWS-1252"
    return f"convert the file to UTF-8, if it is {likely} with: iconv -f {likely} -t UTF-8"


def read_bytes(path: Path) -> bytes:
    """Return the bytes of a plain file.

    Raises:
        DataError: it is missing, no plain file (a pipe would never end), or may not be read.
    """
    if not path.is_file():
        state = "is no plain file" if path.exists() else "is missing, or a link to nothing"
        raise DataError(f"{path}: {state}; expected a file with data.")
    try:
        return path.read_bytes()
    except OSError as error:
        raise DataError(f"{path}: cannot be read ({error.strerror}); look at its permissions.") from error


def refuse_long_name(path: Path) -> None:
    """Refuse a name that the system cannot look up, as one of 300 letters.

    Raises:
        DataError: it cannot.
    """
    try:
        path.exists()
    except OSError as error:
        raise DataError(f"{shown(str(path))}: cannot be looked up ({error.strerror}); expected a path.") from error


def _unpacked(path: Path) -> bytes:
    read_bytes(path)
    try:
        with gzip.open(path) as file:
            content = file.read(MAX_ARCHIVE_BYTES + 1)
    except (OSError, EOFError, zlib.error) as error:
        raise DataError(f"{path}: cannot be unpacked ({error}); get the file again.") from error
    if len(content) > MAX_ARCHIVE_BYTES:
        raise DataError(f"{path}: unpacks to more than {MAX_ARCHIVE_BYTES:,} bytes; refused.")
    return content


def lines_of(text: str) -> list[str]:
    """Return the lines of a text; LF, CRLF or a lone CR, as of old Macs, ends one.

    Not splitlines(): it would also cut at U+0085 and U+2028, which may stand inside a word.
    """
    return LINE_END.split(text)


def shown(value: object) -> str:
    """Return a value as messages show it: as Python writes it, and of a long one the beginning."""
    whole = value[: SHOWN + 1] if isinstance(value, str) else value
    text = repr(whole)
    return text if len(text) <= SHOWN else f"{text[:SHOWN]}..."


def fault_of_text(text: object) -> str | None:
    """Return what makes a word or text of no use, or None: it is no text, is blank, or holds what no file can."""
    if isinstance(text, int | float) and not isinstance(text, bool):
        return "is a number; write it in quotes"
    if not isinstance(text, str):
        return "is no text; write it in quotes"
    if not text.strip():
        return "is empty, or only spaces; remove it"
    if "\x00" in text:
        return "holds a NUL character; remove it"
    if half := re.search(r"[\ud800-\udfff]", text):
        return f"holds half of a surrogate pair (\\u{ord(half[0]):04x}); remove it, or write the whole character"
    return None
