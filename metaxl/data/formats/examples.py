"""What every form of a user's file is read into: examples with their place, before their labels are looked at."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any


@dataclass(frozen=True, slots=True)
class Example:
    """A sentence or a text as it stands in a file.

    Attributes:
        place: "file:line", or the file with the row or entry.
        content: the words of a sentence, or a text.
        labels: the tag of each word, or the one label of a text, as text or as numbers.
        lines: the place of each word, where each has a line of its own.
    """

    place: str
    content: Any
    labels: Any
    lines: Sequence[str] = ()

    def place_of(self, word: int) -> str:
        """Return the place of a word, as near as the file's form tells it."""
        return self.lines[word] if self.lines else self.place

    def named(self, names: Sequence[str]) -> Example:
        """Return the example with names for its numbers."""
        if isinstance(self.labels, list):
            return replace(self, labels=[_name(label, names) for label in self.labels])
        return replace(self, labels=_name(self.labels, names))


def _name(label: Any, names: Sequence[str]) -> Any:
    return names[label] if is_number(label) and 0 <= label < len(names) else label


def is_number(label: object) -> bool:
    """Return whether a label is a number; JSON's true and false are none."""
    return isinstance(label, int) and not isinstance(label, bool)
