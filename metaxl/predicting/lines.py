"""Lines of text from bytes that nobody has checked, in batches."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from metaxl.errors import DataError

MARK = "\ufeff"  # a byte order mark
CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")  # a tab is a space
log = logging.getLogger("metaxl")


class Line(NamedTuple):
    """A line of text, and where it stands: "file:line"."""

    place: str
    text: str


def read_lines(raw: Iterable[bytes], name: str) -> Iterator[Line]:
    """Yield the lines of a stream, without their ends; one that is empty too, so that answers can be counted off.

    A control character stays, where it is as good as a space; the first is told.

    Args:
        raw: the stream's lines.
        name: what to call it.

    Raises:
        DataError: a line is not UTF-8.
    """
    told = False
    for number, line in enumerate(raw, 1):
        place = f"{name}:{number}"
        try:
            text = line.decode("utf-8").removesuffix("\n").removesuffix("\r")
        except UnicodeDecodeError as error:
            raise DataError(
                f"{place}: not UTF-8 (byte 0x{line[error.start]:02x} after {error.start} others). Save the text as "
                "UTF-8, for instance with: iconv -f WINDOWS-1252 -t UTF-8"
            ) from error
        text = text.removeprefix(MARK) if number == 1 else text
        if not told and (found := CONTROL.search(text)):
            told = True
            log.warning("%s: a control character, U+%04X; such characters count as spaces.", place, ord(found[0]))
        yield Line(place, text)


def batches(lines: Iterable[Line], size: int) -> Iterator[list[Line]]:
    """Yield lines in batches of `size`; what stands before a line that cannot be read comes before the error."""
    batch: list[Line] = []
    try:
        for line in lines:
            batch.append(line)
            if len(batch) == size:
                yield batch
                batch = []
    except DataError:
        if batch:
            yield batch
        raise
    if batch:
        yield batch
