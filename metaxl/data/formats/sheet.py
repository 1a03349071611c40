"""Rows of a spreadsheet saved as CSV, or as TSV with a header: a text a row, or a word a row."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from metaxl.data.formats.examples import Example
from metaxl.data.formats.faults import Faults
from metaxl.data.formats.table_columns import KNOWN, SENTENCES, find_columns
from metaxl.data.formats.text import LINE_END
from metaxl.data.tags import is_tag

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
        if delimiter == "\t" and any(LINE_END.search(cell) for cell in row):
            faults.add("break", place, "a line break stands between two quotation marks; remove it, or the marks.")
            continue
        yield place, row if any(cell.strip() for cell in row) else []


def delimiter_of(text: str) -> str:
    """Return the comma or semicolon, whichever the first line has more of."""
    first = LINE_END.split(text, maxsplit=1)[0]
    return max(",;\t", key=first.count)


def named_rows(
    file: str, rows: Iterator[tuple[str, list[str]]], columns: Mapping[str, Any], faults: Faults
) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the rows below a header, their cells by its names in lower case, or by number where there is no header.

    There is none where `columns` has the label's number and the first row has a label there that recurs.
    """
    table = [(place, row) for place, row in rows if row]
    if not table:
        return
    first = [cell.strip() for cell in table[0][1]]
    number = columns.get("label")
    bare = isinstance(number, int) and any(
        len(row) == len(first) >= number > 0 and row[number - 1].strip() == first[number - 1] for _, row in table[1:]
    )
    header = _numbers(first) if bare else [cell.lower() for cell in first]
    for place, row in table if bare else table[1:]:
        if len(row) != len(header):
            faults.add("width", place, f"expected {len(header)} cells as the header has, found {len(row)}.")
            continue
        yield place, dict(zip(header, row, strict=True))


def _numbers(row: Sequence[str]) -> list[str]:
    return [str(number) for number in range(1, len(row) + 1)]


def read_word_rows(
    file: str, rows: Iterator[tuple[str, list[str]]], columns: Mapping[str, Any], faults: Faults
) -> Iterator[Example]:
    """Yield the sentences of rows with a word each.

    A column that numbers the sentences, each row or only the first row of a sentence filled, or blank rows divide them.

    Raises:
        DataError: the columns of words and tags are not told by a header or by their content.
    """
    table = list(rows)
    while table and not table[0][1]:
        table.pop(0)
    if not table:
        return
    first = [cell.strip().lower() for cell in table[0][1]]
    has_header = first[0] in KNOWN or not any(is_tag(cell.strip()) for cell in table[0][1])
    header, body = (first, table[1:]) if has_header else (_numbers(first), table)
    good = [row for _, row in body if len(row) == len(header)]
    word, tag = find_columns(file, header if has_header else [], good, columns) if good else (0, 0)
    numbered = next((header.index(name) for name in SENTENCES if name in header), None)
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


def _sentence(rows: Sequence[tuple[str, list[str]]], word: int, tag: int) -> Example:
    words, tags = [row[word] for _, row in rows], [row[tag].strip() for _, row in rows]
    return Example(rows[0][0], words, tags, [place for place, _ in rows])
