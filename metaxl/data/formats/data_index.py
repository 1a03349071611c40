"""data_index.txt, in which the paper's authors published their splits of Sentiraama and SentiPers."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import Any

from metaxl.errors import DataError


def official_index(path: Path, name: str, split: str) -> list[list[Any]]:
    """Return the lists that data_index.txt has of a split: of "tir" line numbers and files, of "fa" row numbers.

    Raises:
        DataError: the file is missing or not the official one.
    """
    heading = f"# {name} {split} index"
    _, found, rest = f"\n{read_text(path)}".partition(f"\n{heading}")
    expected = 2 if name == "tir" else 1
    try:
        lists = [ast.literal_eval(line) for line in rest.split("\n")[1 : 1 + expected]]
    except (ValueError, SyntaxError) as error:
        raise DataError(f"{path}: what follows '{heading}' is no list ({error}); download it again.") from error
    if not found or len(lists) != expected or not all(isinstance(each, list) for each in lists):
        raise DataError(f"{path}: expected {expected} list(s) after a line '{heading}'; download the file again.")
    return lists


def read_text(path: Path) -> str:
    """Read a UTF-8 file, with or without a byte order mark, with LF or CRLF line ends.

    Raises:
        DataError: the file is missing or not UTF-8.
    """
    try:
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise DataError(f"{path}: not UTF-8 at byte {error.start}; download it again.") from error
    except OSError as error:
        raise DataError(
            f"{path}: cannot be read ({error.strerror}); download it, or place it there by hand."
        ) from error
