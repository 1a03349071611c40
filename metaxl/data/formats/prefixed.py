"""WikiANN's original form: a line "language:token<TAB>tag" a token, and a blank line after each sentence."""

from __future__ import annotations

from collections.abc import Iterator

from metaxl.data.formats.lines import numbered_lines
from metaxl.data.formats.records import Record, Sentence, number_sentences
from metaxl.errors import DataError
from metaxl.tasks import NER


def parse_prefixed(place: str, content: bytes, language: str, split: str) -> list[Record]:
    """Return the sentences of one split as `number_sentences` does; `place` is what messages call the file.

    Raises:
        DataError: there is no sentence, or a line is malformed; the message names the line.
    """
    return number_sentences(place, _sentences(place, content, language), split)


def _sentences(place: str, content: bytes, language: str) -> Iterator[Sentence]:
    tokens: list[str] = []
    tags: list[str] = []
    for number, line in numbered_lines(place, content):
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
    if fields[1] not in NER.labels:
        raise DataError(f"{place}: unknown tag {fields[1]!r}; allowed are {', '.join(NER.labels)}.")
    return token, fields[1]
