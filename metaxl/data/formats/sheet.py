"""Rows of a spreadsheet saved as CSV, or as TSV with a header: a text a row, or a word a row."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from metaxl.data.formats.examples import Example
from metaxl.data.formats.faults import Faults
from metaxl.data.formats.text import LINE_END
from metaxl.data.tags import is_tag
from metaxl.errors import DataError

WORDS = ("word", "token", "tokens", "form")
TAGS = ("tag", "ner", "ner_tag", "ner_tags", "label", "labels", "tags")
SENTENCES = ("sentence", "sentence #", "sentence_id", "sent_id", "sentence id")
CSV_LIMIT = 2**31 - 1  # the longest cell; Python's own limit is below some documents


def rows_of(file: str, text: str, delimiter: str, faults: Faults) -> Iterator[tuple[str, list[str]]]:
    """Yield the place of each row, by the line that it begins on, and its cells; of a blank line no cells."""
    csv.field_size_limit(CSV_LIMIT)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    while True:
        place = f"{file}:{reader.line_num + 1}"
        try:
            row = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            faults.add("csv", place, f"cannot be read as CSV ({error}); look at its quotation marks.")
            return
        yield place, row if any(cell.strip() for cell in row) else []


def delimiter_of(text: str) -> str:
    """Return the comma or semicolon, whichever the first line has more of."""
    first = LINE_END.split(text, maxsplit=1)[0]
    return max(",;\t", key=first.count)


def named_rows(
    file: str, rows: Iterator[tuple[str, list[str]]], faults: Faults
) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the rows below a header, their cells by its names in lower case."""
    header: list[str] = []
    for place, row in rows:
        if not row:
            continue
        if not header:
            header = [cell.strip().lower() for cell in row]
            continue
        if len(row) != len(header):
            faults.add("width", place, f"expected {len(header)} cells as the header has, found {len(row)}.")
            continue
        yield place, dict(zip(header, row, strict=True))


def read_word_rows(
    file: str, rows: Iterator[tuple[str, list[str]]], columns: Mapping[str, Any], faults: Faults
) -> Iterator[Example]:
    """Yield the sentences of rows with a word each.

    A column that numbers the sentences, each row or only the first row of a sentence filled, or blank rows divide them.

    Raises:
        DataError: the columns of words and tags are not told by a header or by their content.
    """
    table = [(place, row) for place, row in rows]
    filled = [row for _, row in table if row]
    if not filled:
        return
    has_header = not any(is_tag(cell.strip()) for cell in filled[0])
    header = [cell.strip().lower() for cell in filled[0]] if has_header else [str(i + 1) for i in range(len(filled[0]))]
    word, tag = (
        _place(file, header, columns.get("word"), WORDS, 0),
        _place(file, header, columns.get("tag"), TAGS, len(header) - 1),
    )
    numbered = next((header.index(name) for name in SENTENCES if name in header), None)
    body = table[next(i for i, (_, row) in enumerate(table) if row) + 1 :] if has_header else table
    sentence: list[tuple[str, list[str]]] = []
    current = ""
    for place, row in body:
        if row and len(row) != len(header):
            faults.add("width", place, f"expected {len(header)} cells as the first row has, found {len(row)}.")
            continue
        number = row[numbered].strip() if row and numbered is not None else ""
        ends = not row if numbered is None else bool(number) and number != current
        if ends and sentence:
            yield _sentence(sentence, word, tag)
            sentence = []
        current = number or current
        if row:
            sentence.append((place, row))
    if sentence:
        yield _sentence(sentence, word, tag)


def _place(file: str, header: Sequence[str], given: object, names: Sequence[str], usual: int) -> int:
    """Return where a column is: as given by number or name, by one of its usual names, or at its usual place."""
    if given is None:
        return next((header.index(name) for name in names if name in header), usual)
    if isinstance(given, int) and given <= len(header):
        return given - 1
    if str(given).lower() in header:
        return header.index(str(given).lower())
    raise DataError(f"{file}: no column {given!r}; there are {', '.join(header)}.")


def _sentence(rows: Sequence[tuple[str, list[str]]], word: int, tag: int) -> Example:
    words, tags = [row[word] for _, row in rows], [row[tag].strip() for _, row in rows]
    return Example(rows[0][0], words, tags, [place for place, _ in rows])
