"""How the words of training data were split from their punctuation, found out from the words themselves."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise

from metaxl.data.splitter import SPACELESS, Script, Splitter, is_mark

JOINERS = frozenset("'’ʼ‘`´-‐‑·_")  # marks that may be a language's letters (ng'ombe) or join the parts of a word
WITHIN = JOINERS | set(".:/@&#%*+=~$\\")  # marks that stand in words, numbers and addresses, with no space left out
DATES = 3  # times that a mark must stand alone between two numbers before it cuts one that has it within
OFTEN = 5  # times that a mark must stand alone before it cuts a word that has it within


def learn_splitter(sentences: Iterable[Sequence[str]]) -> Splitter:
    """Return the rules by which the words of sentences seem to have been split.

    A mark is cut off before or after a word if it stands alone more often than different words have it there. Marks
    that were never seen are treated as most marks are. A word that was seen with a mark which is cut off from others
    ("Dr.") stays whole where that was seen more often than its parts side by side. A mark within a word cuts it only
    where no word has it within and it stands alone often, or where words end or begin with it ("l'", "'s"); marks of
    abbreviations and addresses never. Between digits it cuts only where the data have it mostly there and more often as
    a word ("3 / 4 / 2021") than within one: a comma after a number says nothing of "1,000".
    """
    kept = [list(sentence) for sentence in sentences]
    seen = _Seen()
    for sentence in kept:
        seen.add(sentence)
    splitter = seen.rules()
    return replace(splitter, whole=_whole(splitter, kept))


@dataclass(frozen=True, slots=True)
class _Seen:
    """Counts of where each mark stands: alone, and on how many different words.

    `rows` of marks are counted by whether they are alike and whether they are one word.
    """

    words: set[str] = field(default_factory=set)
    alone: Counter[str] = field(default_factory=Counter)
    before: Counter[str] = field(default_factory=Counter)
    after: Counter[str] = field(default_factory=Counter)
    inside: Counter[str] = field(default_factory=Counter)
    joined: Counter[str] = field(default_factory=Counter)  # within a word, between two digits
    apart: Counter[str] = field(default_factory=Counter)  # alone, between words that end and begin with a digit
    rows: Counter[tuple[bool, bool]] = field(default_factory=Counter)
    spaceless: Counter[bool] = field(default_factory=Counter)  # by whether the word is one letter

    def add(self, sentence: Sequence[str]) -> None:
        """Count the words of a sentence."""
        self._add_numbers(sentence)
        last = ""
        for word in sentence:
            letters = [place for place, letter in enumerate(word) if not is_mark(letter)]
            if not letters:
                self._add_marks(word, last)
                last = word[-1:]
                continue
            last = ""
            if word in self.words:
                continue
            self.words.add(word)
            first, end = letters[0], letters[-1] + 1
            self.before.update(word[:first])
            self.after.update(word[end:])
            for place in range(first, end):
                if is_mark(word[place]) and not (word[place - 1].isdigit() and word[place + 1].isdigit()):
                    self.inside[word[place]] += 1
            if SPACELESS.search(word):
                self.spaceless[sum(bool(SPACELESS.match(letter)) for letter in word) == 1] += 1

    def _add_numbers(self, sentence: Sequence[str]) -> None:
        """Count the marks between digits, each time that one stands there."""
        for word in sentence:
            triples = zip(word, word[1:], word[2:], strict=False)
            self.joined.update(mark for a, mark, b in triples if is_mark(mark) and a.isdigit() and b.isdigit())
        triples = zip(sentence, sentence[1:], sentence[2:], strict=False)
        marks = ((a[-1:], mark, b[:1]) for a, mark, b in triples if len(mark) == 1 and is_mark(mark))
        self.apart.update(mark for a, mark, b in marks if a.isdigit() and b.isdigit())

    def _add_marks(self, word: str, last: str) -> None:
        """Count a word of marks alone; `last` is the mark that the word before it ends with, if it is one of marks."""
        self.alone.update(word)
        if last and word:
            self.rows[word[0] == last, False] += 1
        for one, other in pairwise(word):
            self.rows[one == other, True] += 1

    def rules(self) -> Splitter:
        """Return the rules but for the words that stay whole."""
        others = _sum(self.alone) > _sum(self.before) + _sum(self.after)
        least = 1 if others else OFTEN  # of data that leave marks on their words, a dash alone says little

        def cut_off(on: Counter[str]) -> dict[str, bool]:
            marks = sorted({*self.alone, *on})
            return {mark: self.alone[mark] > on[mark] and self.alone[mark] >= least for mark in marks}

        return Splitter(
            before=cut_off(self.before),
            after=cut_off(self.after),
            inside={mark: cut for mark in sorted({*self.alone, *self.before, *self.after}) if (cut := self._cut(mark))},
            numbers=frozenset(filter(self._cuts_numbers, self.apart)),
            others=others,
            whole=frozenset(),
            alike_together=not others or self.rows[True, True] >= self.rows[True, False],
            unlike_together=not others or self.rows[False, True] > self.rows[False, False],
            script=self._script(),
        )

    def _cut(self, mark: str) -> str:
        """Return where a mark within a word cuts it; nothing where it does not."""
        if self.inside[mark]:
            return ""
        if self.after[mark] > self.alone[mark] + self.before[mark]:
            return "after" if mark in JOINERS else ""
        if self.before[mark] > self.alone[mark] + self.after[mark]:
            return "before" if mark in JOINERS else ""
        often = 1 if self._script() == "characters" else OFTEN
        return "around" if mark not in WITHIN and self.alone[mark] >= often else ""

    def _cuts_numbers(self, mark: str) -> bool:
        """Tell whether a mark between two digits cuts a word."""
        count = self.apart[mark]
        return count >= DATES and count > self.joined[mark] and 2 * count > self.alone[mark]

    def _script(self) -> Script:
        if not self.spaceless:
            return "spaces"
        return "characters" if self.spaceless[True] > 9 * self.spaceless[False] else "words"


def _sum(counts: Counter[str]) -> int:
    """Return how often marks were seen that are no letters of any language."""
    return sum(count for mark, count in counts.items() if mark not in JOINERS)


def _whole(splitter: Splitter, sentences: Sequence[Sequence[str]]) -> frozenset[str]:
    """Return the words that the rules would split, but that stand whole more often than their parts side by side."""
    known = Counter(word for sentence in sentences for word in sentence)
    asked = replace(splitter, script="spaces") if splitter.script == "words" else splitter
    split = {word: tuple(word[start:end] for start, end in asked.spans(word)) for word in known}
    parts = {pieces: 0 for word, pieces in split.items() if len(pieces) > 1}
    for length in {len(pieces) for pieces in parts}:
        for sentence in sentences:
            for start in range(len(sentence) - length + 1):
                row = tuple(sentence[start : start + length])
                if row in parts:
                    parts[row] += 1
    return frozenset(word for word, pieces in split.items() if len(pieces) > 1 and known[word] > parts[pieces])
