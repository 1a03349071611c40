"""What every form of a user's file is read into: examples with their place, before their labels are looked at."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

DIGITS = re.compile(r"-?[0-9]{1,9}")


@dataclass(frozen=True, slots=True)
class Example:
    """A sentence or a text as it stands in a file.

    Attributes:
        place: "file:line", or the file with the row or entry.
        content: the words of a sentence, or a text.
        labels: the tag of each word, or the one label of a text, as text or as numbers.
        lines: the place of each word, where each has a line of its own.
        names: of numbers, where they are given: a label that is a number still has none of them.
    """

    place: str
    content: Any
    labels: Any
    lines: Sequence[str] = ()
    names: Sequence[str] = ()

    def place_of(self, word: int) -> str:
        """Return the place of a word, as near as the file's form tells it."""
        return self.lines[word] if self.lines else self.place

    def named(self, names: Sequence[str]) -> Example:
        """Return the example with names for its numbers; without names it stays as it is."""
        if not names:
            return self
        if isinstance(self.labels, list):
            return replace(self, labels=[_name(label, names) for label in self.labels], names=names)
        return replace(self, labels=_name(self.labels, names), names=names)


def named(examples: Iterator[Example], names: Sequence[str]) -> Iterator[Example]:
    """Yield the examples with names for their numbers."""
    return (example.named(names) for example in examples)


def _name(label: Any, names: Sequence[str]) -> Any:
    """Return the name of a number, or of digits as a table has them; what has no name stays."""
    if not _counts(label) or label in names:
        return label
    number = int(label)
    return names[number] if 0 <= number < len(names) else label


def lacks_name(label: object, names: Sequence[str]) -> bool:
    """Return whether a label is a number, or digits, that names were given for, but none for it."""
    return bool(names) and label not in names and _counts(label)


def _counts(label: object) -> bool:
    return is_number(label) or (isinstance(label, str) and DIGITS.fullmatch(label.strip()) is not None)


def is_number(label: object) -> bool:
    """Return whether a label is a number; JSON's true and false are none."""
    return isinstance(label, int) and not isinstance(label, bool)
