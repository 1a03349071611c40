"""Which columns of a table with a word a row hold the words and the tags."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from metaxl.data.formats.text import shown
from metaxl.data.tags import is_tag
from metaxl.errors import DataError

logger = logging.getLogger(__name__)
WORDS = ("word", "token", "tokens", "form")
TAGS = ("tag", "ner", "ner_tag", "ner_tags", "label", "labels", "tags")
SENTENCES = ("sentence", "sentence #", "sentence_id", "sent_id", "sentence id")
KNOWN = {*WORDS, *TAGS, *SENTENCES}
MOSTLY = 0.9  # the share of a column's values that are tags, or a count, for it to be taken as such
COUNT = re.compile(r"(?:sentence\W*)?[0-9]*", re.IGNORECASE)


def find_columns(
    file: str, header: Sequence[str], rows: Sequence[Sequence[str]], columns: Mapping[str, Any]
) -> tuple[int, int]:
    """Return the places of word and tag: as given, as the header names them, or as their content tells them.

    Args:
        file: for messages.
        header: its names in lower case; empty where there is none.
        rows: below it, of one width.
        columns: numbers from 1 or names, of "word" and "tag".

    Raises:
        DataError: a given column is not there, or nothing tells which is meant.
    """
    word, tag = _given(file, header, columns, "word", rows), _given(file, header, columns, "tag", rows)
    word = _called(header, WORDS) if word is None else word
    asked = tag is not None
    tag = _called(header, TAGS) if tag is None else tag
    counts = {i for i, name in enumerate(header) if name in SENTENCES} | {
        i for i in range(len(rows[0])) if share(COUNT.fullmatch(row[i].strip()) is not None for row in rows) >= MOSTLY
    }
    tagged = [i for i in range(len(rows[0])) if i != word and share(is_tag(row[i].strip()) for row in rows) >= MOSTLY]
    if tag is None:
        tag = tagged[-1] if tagged else (None if header else len(rows[0]) - 1)
    if word is None:
        left = [i for i in range(len(rows[0])) if i not in counts and i != tag and i not in tagged]
        word = left[0] if left and (len(left) == 1 or not header) else None
    if word is None or tag is None:
        what = " and ".join(name for name, place in (("words", word), ("tags", tag)) if place is None)
        names = shown(", ".join(header)) if header else "no header"
        raise DataError(
            f"{file}: the first row, {names}, does not tell which column holds the {what}; write columns: "
            "{word: 2, tag: 3}, by number from 1 or by name, beside path under files."
        )
    if not asked:
        tell_several(file, [i + 1 for i in tagged], tag + 1)
    return word, tag


def tell_several(file: str, tagged: Sequence[int], taken: int) -> None:
    """Warn where several columns hold tags: which was taken; all are numbered from 1."""
    if len(tagged) > 1:
        numbers = ", ".join(map(str, tagged))
        logger.warning(
            "%s: the columns %s hold tags, of which column %d is taken; name another under columns.",
            *(file, numbers, taken),
        )


def share(values: Iterable[bool]) -> float:
    """Return the share of values that are true, 0 where there are none."""
    known = list(values)
    return sum(known) / len(known) if known else 0.0


def _called(header: Sequence[str], names: Sequence[str]) -> int | None:
    return next((header.index(name) for name in names if name in header), None)


def _given(
    file: str, header: Sequence[str], columns: Mapping[str, Any], what: str, rows: Sequence[Sequence[str]]
) -> int | None:
    """Return where the column is that the configuration names, or None."""
    column, width = columns.get(what), len(rows[0])
    if column is None:
        return None
    if isinstance(column, int) and 1 <= column <= width:
        return column - 1
    if str(column).strip().lower() in header:
        return header.index(str(column).strip().lower())
    if header:
        raise DataError(f"{file}: no column {column!r}; there are {', '.join(header)}.")
    raise DataError(f"{file}: has no header; columns.{what} is {column!r}, expected a number from 1 to {width}.")
