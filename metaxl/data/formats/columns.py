"""Sentences in columns, a word a line: CoNLL's many forms."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from metaxl.data.formats.examples import Example
from metaxl.data.formats.faults import Faults
from metaxl.data.formats.table_columns import MOSTLY, TAGS, WORDS, share, tell_several
from metaxl.data.formats.text import lines_of, shown
from metaxl.data.tags import is_tag
from metaxl.errors import DataError

logger = logging.getLogger(__name__)
Column = int | str


@dataclass(frozen=True, slots=True)
class Line:
    """A line with a word."""

    place: str
    cells: list[str]


def read_columns(file: str, text: str, columns: Mapping[str, Column], faults: Faults) -> Iterator[Example]:
    """Yield the sentences of a text, between which blank lines stand.

    Columns are divided by tabs where the file has one, else by white space. Without `columns`, the word is in the first
    (after one that counts the words), and the tag in the last that holds tags throughout. Lines that begin with "#"
    before a sentence's first word, and have not the form of a word's, are comments.

    Args:
        file: for messages.
        text: of the file.
        columns: the numbers, from 1, of the columns "word" and "tag" where they are given.
        faults: where lines of another number of columns go.
    """
    by_tab = "\t" in text
    blocks = list(_blocks(file, text, by_tab))
    width = _width([line for block in blocks for line in block])
    sentences = [_without_comments(block, width) for block in blocks]
    lines = [line for sentence in sentences for line in sentence]
    comments = sum(map(len, blocks)) - len(lines)
    if comments:
        logger.warning("%s: %d comment line%s left out.", file, comments, " is" if comments == 1 else "s are")
    form = "divided by tabs" if by_tab else "divided by spaces"
    if width < 2 and lines:
        faults.add(
            "columns", lines[0].place, f"expected a word and its tag, {form}, found {shown(' '.join(lines[0].cells))}."
        )
        return
    word, tag = _chosen(file, columns, width) if columns else _found(file, sentences, width)
    if lines and _is_header(lines[0], width, word, tag):
        cells = shown(" ".join(lines[0].cells))
        faults.add("header", lines[0].place, f"{cells} looks like a header, which is no word; remove the line.")
        sentences[0] = [line for line in sentences[0] if line is not lines[0]]
        sentences = [sentence for sentence in sentences if sentence]
    for sentence in sentences:
        good = [line for line in sentence if _fits(line, width, form, faults)]
        if good:
            words, tags = [line.cells[word] for line in good], [line.cells[tag].strip() for line in good]
            yield Example(good[0].place, words, tags, [line.place for line in good])


def _is_header(line: Line, width: int, word: int, tag: int) -> bool:
    names = [cell.strip().lower() for cell in line.cells]
    return len(names) == width and names[word] in WORDS and names[tag] in TAGS


def _blocks(file: str, text: str, by_tab: bool) -> Iterator[list[Line]]:
    """Yield the lines between blank ones, each divided into its cells."""
    block: list[Line] = []
    for number, line in enumerate(lines_of(text), 1):
        if line.strip(" \t"):
            # Only spaces and tabs divide; a no-break space is a word's own.
            cells = line.rstrip("\t").split("\t") if by_tab else line.strip(" ").split(" ")
            block.append(Line(f"{file}:{number}", cells if by_tab else [cell for cell in cells if cell]))
        elif block:
            yield block
            block = []
    if block:
        yield block


def _width(lines: Sequence[Line]) -> int:
    """Return how many columns most lines have, those that may be comments left out if there are others."""
    counts = Counter(len(line.cells) for line in lines if not line.cells[0].startswith("#"))
    counts = counts or Counter(len(line.cells) for line in lines)
    return counts.most_common(1)[0][0] if counts else 0


def _without_comments(block: list[Line], width: int) -> list[Line]:
    start = 0
    while start < len(block) and block[start].cells[0].startswith("#") and not _is_word(block[start], width):
        start += 1
    return block[start:]


def _is_word(line: Line, width: int) -> bool:
    return len(line.cells) == width and any(map(is_tag, line.cells[1:]))


def _fits(line: Line, width: int, form: str, faults: Faults) -> bool:
    if len(line.cells) == width:
        return True
    if line.cells[0] != "-DOCSTART-":
        whole = "\t".join(line.cells)
        faults.add("width", line.place, f"expected {width} columns {form}, found {len(line.cells)}: {shown(whole)}.")
    return False


def _chosen(file: str, columns: Mapping[str, Column], width: int) -> tuple[int, int]:
    """Return the places of word and tag that the configuration names."""
    places = []
    for name, usual in (("word", 1), ("tag", width)):
        column = columns.get(name, usual)
        if not isinstance(column, int) or column > width:
            raise DataError(f"{file}: columns.{name} is {column!r}; expected a number from 1 to {width}.")
        places.append(column - 1)
    return places[0], places[1]


def _found(file: str, sentences: Sequence[Sequence[Line]], width: int) -> tuple[int, int]:
    """Return the places of word and tag as the columns' content tells them."""
    lines = [line for sentence in sentences for line in sentence if len(line.cells) == width]
    tags = [i for i in range(1, width) if share(is_tag(line.cells[i].strip()) for line in lines) >= MOSTLY]
    counted = [
        line.cells[0] == str(number)
        for sentence in sentences
        for number, line in enumerate((line for line in sentence if len(line.cells) == width), 1)
    ]
    word, tag = int(width > 2 and share(counted) >= MOSTLY), tags[-1] if tags else width - 1
    tell_several(file, [i + 1 for i in tags], tag + 1)
    if (word, tag) != (0, width - 1):
        logger.warning("%s: words are taken from column %d, tags from column %d of %d.", file, word + 1, tag + 1, width)
    return word, tag
