"""Lines of text from bytes that nobody has checked, in batches."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from metaxl.data.formats.text import cure_of_encoding
from metaxl.errors import DataError

MARK = "\ufeff"  # a byte order mark
CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")  # a tab is a space
TAGGED = re.compile(r"\S+[\t ]+(?:\S+[\t ]+)*(?:O|[BIES]-\S+)\s*")  # as CoNLL has it
OBJECT = re.compile(r"\s*\{\s*\".*\}\s*")
FEWEST = 3  # lines that tell what a stream holds
log = logging.getLogger("metaxl")


class Line(NamedTuple):
    """A line of text, and where it stands: "file:line"."""

    place: str
    text: str


def read_lines(raw: Iterable[bytes], name: str) -> Iterator[Line]:
    """Yield the lines of a stream, without their ends; one that is empty too, so that answers can be counted off.

    A control character stays, where it is as good as a space; the first is told. A line with as many NUL bytes as
    UTF-16 has is none of UTF-8.

    Args:
        raw: the stream's lines.
        name: what to call it.

    Raises:
        DataError: a line is not UTF-8.
    """
    told, start = False, b""
    for number, line in enumerate(raw, 1):
        place, start = f"{name}:{number}", start or line
        try:
            text = line.decode("utf-8").removesuffix("\n").removesuffix("\r")
        except UnicodeDecodeError as error:
            where = f"byte 0x{line[error.start]:02x} after {error.start} others"
            raise DataError(f"{place}: not UTF-8 ({where}); {cure_of_encoding(start)}.") from error
        if 4 * line.count(b"\x00") > len(line):
            raise DataError(f"{place}: not UTF-8, by its many NUL bytes; {cure_of_encoding(start)}.")
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


def refuse_annotated(lines: Sequence[Line]) -> None:
    """Refuse lines that are a word and its tag each, or JSON objects: their labels would be labelled like words.

    Args:
        lines: the first ones of a stream.

    Raises:
        DataError: all of them that are not empty, but at least three, are such.
    """
    filled = [line for line in lines if line.text.strip()]
    for pattern, what in ((TAGGED, "a word and a tag"), (OBJECT, "a JSON object")):
        if len(filled) >= FEWEST and all(pattern.fullmatch(line.text) for line in filled):
            raise DataError(
                f"{filled[0].place}: each line is {what}; expected text alone, a sentence or a review on each line "
                "(with --tokens where spaces stand between all words already)."
            )
