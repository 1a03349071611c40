"""How running text is split into words as training data had them: rules, and the words of a text by them.

A mark is a sign of punctuation or a symbol. Spaces always separate words; `metaxl.data.learn_splitter` finds out from
the words of training data which marks they separate too.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any, Literal

from metaxl.errors import DataError
from metaxl.files import read_json, write_json

Span = tuple[int, int]  # the first character of a word, and the one after its last
SPLITTER = "words.json"  # the rules of a kept model's data, in its folder
Script = Literal["spaces", "characters", "words"]
CHUNK = re.compile(r"[^\s\x00-\x1f\x7f-\x9f]+")  # a control character separates words as a space does
# Letters of scripts that put no spaces between words: Thai to Lao, Myanmar, Khmer, Kana, Han.
SPACELESS = re.compile(
    "[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]"
)


def is_mark(letter: str) -> bool:
    """Tell whether a character is punctuation or a symbol."""
    return unicodedata.category(letter)[0] in "PS"


@dataclass(frozen=True, slots=True)
class Splitter:
    """Rules of splitting.

    Attributes:
        before: of each mark whether it is cut off where it stands before a word.
        after: likewise, after a word.
        inside: where a mark within a word cuts it: "before" it, "after" it or "around" it; marks left out do not.
        numbers: marks that cut around them between two digits of a word of digits and marks alone, as in
            "3 / 4 / 2021"; between the digits of an address or another word none does.
        others: whether marks that are in neither table are cut off from a word.
        whole: words that stay as they are, whatever marks they begin and end with.
        alike_together: whether equal marks in a row are one word, as "...".
        unlike_together: whether different marks in a row are one word, as ".)".
        script: how letters that need no spaces between words are split: "characters" where each is a word; "words"
            where the data have longer words of them, which nobody can find again; "spaces" where the data have none.
    """

    before: Mapping[str, bool]
    after: Mapping[str, bool]
    inside: Mapping[str, str]
    numbers: frozenset[str]
    others: bool
    whole: frozenset[str]
    alike_together: bool
    unlike_together: bool
    script: Script

    @property
    def by_spaces_alone(self) -> bool:
        """Tell whether no mark is ever cut off."""
        cut = (self.others, *self.before.values(), *self.after.values(), *self.inside, *self.numbers)
        return not any(cut) and self.script != "characters"

    def spans(self, text: str) -> list[Span]:
        """Return where the words of a text stand, in their order.

        Raises:
            DataError: the text has letters of a script without spaces, whose words the rules cannot find.
        """
        return [span for chunk in CHUNK.finditer(text) for span in self._words(chunk[0], chunk.start())]

    def _words(self, chunk: str, place: int) -> Iterator[Span]:
        """Yield the words of what stands between two spaces; `place` is its first character's in the text."""
        if self.script == "words" and SPACELESS.search(chunk):
            raise DataError(
                f"{chunk[:20]!r}: the training data split such text, which has no spaces, into words that no rule "
                "finds again. Put a space between the words and say --tokens."
            )
        start, end = self._core(chunk)
        yield from self._marks(chunk, 0, start, place)
        yield from self._within(chunk, start, end, place)
        yield from self._marks(chunk, end, len(chunk), place)

    def _core(self, chunk: str) -> Span:
        """Return what is left of a chunk without the marks that are cut off at its ends."""
        end = len(chunk)
        while end and is_mark(chunk[end - 1]) and self.after.get(chunk[end - 1], self.others):
            end -= 1
        start = 0
        while start < end and is_mark(chunk[start]) and self.before.get(chunk[start], self.others):
            start += 1
        ends = [(first, last) for first in range(start + 1) for last in range(len(chunk), end - 1, -1)]
        known = [(first, last) for first, last in ends if chunk[first:last] in self.whole]
        longest = max(known, key=lambda span: span[1] - span[0], default=(start, end))
        return longest if start < end or known else (0, 0)  # of marks alone, all follow a word that is none

    def _marks(self, chunk: str, start: int, end: int, place: int) -> Iterator[Span]:
        """Yield the words that a row of marks makes."""
        first = start
        for here in range(start + 1, end + 1):
            if here < end and (self.alike_together if chunk[here] == chunk[here - 1] else self.unlike_together):
                continue
            if here > first:
                yield place + first, place + here
            first = here

    def _within(self, chunk: str, start: int, end: int, place: int) -> Iterator[Span]:
        """Yield the words of a chunk without the marks at its ends."""
        first = start
        for here in self._cuts(chunk, start, end):
            if here > first:
                yield place + first, place + here
                first = here
        if end > first:
            yield place + first, place + end

    def _cuts(self, chunk: str, start: int, end: int) -> Iterator[int]:
        """Yield where a word is cut within, in ascending order; a place may come twice."""
        if chunk[start:end] in self.whole:
            return
        numbers = self.numbers if all(one.isdigit() or is_mark(one) for one in chunk[start:end]) else frozenset()
        for here in range(start + 1, end):
            letter = chunk[here]
            spaceless = SPACELESS.match(letter) or SPACELESS.match(chunk[here - 1])
            if self.script == "characters" and spaceless and unicodedata.category(letter)[0] != "M":
                yield here
            if here + 1 >= end:
                continue
            between_digits = chunk[here - 1].isdigit() and chunk[here + 1].isdigit()
            cut = ("around" if letter in numbers else "") if between_digits else self.inside.get(letter, "")
            if cut in ("before", "around"):
                yield here
            if cut in ("after", "around"):
                yield here + 1

    def described(self, quoted: Callable[[str], str] = str) -> str:
        """Return the rules in sentences; `quoted` sets a row of marks off from them."""
        if self.by_spaces_alone:
            return "Words are what stands between spaces; punctuation stays on its word."
        either = {mark for table in (self.before, self.after) for mark, cut in table.items() if cut}
        kept = {*self.before, *self.after} - either
        parts = []
        if either:
            others = ", and signs that the training data lack" if self.others else ""
            parts += [f"Cut off from their word: {quoted(' '.join(sorted(either)))}{others}."]
        parts += [f"Between digits also: {quoted(' '.join(sorted(self.numbers)))}."] if self.numbers else []
        parts += [f"These stay on it: {quoted(' '.join(sorted(kept)))}."] if kept else []
        parts += [f"{len(self.whole)} words of the training data stay whole."] if self.whole else []
        parts += ["Letters of scripts without spaces are a word each."] if self.script == "characters" else []
        parts += ["Scripts without spaces need words separated by hand."] if self.script == "words" else []
        return " ".join(parts)

    def save(self, path: Path) -> None:
        """Write the rules as JSON."""
        write_json(path, asdict(self) | {"numbers": sorted(self.numbers), "whole": sorted(self.whole)})

    @classmethod
    def load(cls, path: Path) -> Splitter:
        """Read what `save` wrote.

        Raises:
            DataError: the file is missing or damaged.
        """
        found: Any = read_json(path)
        if isinstance(found, dict):
            found.setdefault("numbers", [])  # rules that were written before they knew of digits
        if not isinstance(found, dict) or found.keys() != {field.name for field in fields(cls)}:
            raise DataError(f"{path}: expected the rules by which text is split into words; keep the model again.")
        return cls(**{**found, "numbers": frozenset(found["numbers"]), "whole": frozenset(found["whole"])})


def spans_between_spaces(text: str) -> list[Span]:
    """Return where the words of a text stand that has spaces between all of them."""
    return [chunk.span() for chunk in CHUNK.finditer(text)]
