"""Lines of UTF-8 text, numbered for messages."""

from __future__ import annotations

from collections.abc import Iterator

from metaxl.errors import DataError


def numbered_lines(place: str, content: bytes) -> Iterator[tuple[int, str]]:
    """Yield (number, line without its end); LF or CRLF ends a line, and a leading byte order mark is removed.

    Raises:
        DataError: the content is not UTF-8; the message names the line.
    """
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise DataError(f"{place}:{line}: byte {error.start} is not UTF-8; convert the file to UTF-8.") from error
    # Not splitlines(): it would also cut at U+0085 and U+2028, which may stand inside a token.
    for number, line_with_return in enumerate(text.split("\n"), 1):
        yield number, line_with_return.removesuffix("\r")
