"""The answer to one question: over languages, or within the one language that there is."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal, NamedTuple, TypeAlias

from metaxl.experiment.cell import Cell
from metaxl.experiment.contrasts import Contrast
from metaxl.reporting.evidence.counted import Counted
from metaxl.reporting.evidence.families import families
from metaxl.reporting.statistics.counts import f1
from metaxl.reporting.statistics.estimate import Estimate, estimate
from metaxl.reporting.statistics.family import holm
from metaxl.reporting.statistics.languages import FEW, OverLanguages, over_languages
from metaxl.reporting.statistics.runs import OneLanguage, over_runs, with_common_runs
from metaxl.reporting.statistics.verdict import Verdict, verdict

Lack: TypeAlias = Literal["", "absent", "undefined", "unlike"]
NOTHING = estimate(math.nan, math.nan, 0)


@dataclass(frozen=True, slots=True)
class Language:
    """A contrast in one language.

    Attributes:
        target: its code.
        seeds: those of which both records are there.
        asked: how many seeds there were to be.
        scores: F1 of the one and of the other in percent, the means over these seeds.
        found: the difference over seeds and sentences; None where it lacks something.
        alone: the difference of each seed, which is about two trained models.
        lack: why nothing was found: records are absent, F1 is not defined, or records are of different sentences.
    """

    target: str
    seeds: tuple[int, ...]
    asked: int
    scores: tuple[float, float]
    found: OneLanguage | None
    alone: tuple[OneLanguage, ...]
    lack: Lack


class Word(NamedTuple):
    """The word for one language, its adjusted p, and how many questions it was adjusted for."""

    verdict: Verdict
    adjusted_p: float
    family: int


@dataclass(frozen=True, slots=True)
class Judged:
    """A contrast and its answer.

    Attributes:
        contrast: the question.
        languages: every language, those that lack something too.
        estimate: of the difference: over languages, or over seeds and sentences where one language alone is there.
        over: what the languages say together; None of one alone.
        adjusted_p: by Holm over the `family` questions of the same table: a confirmatory one over the confirmatory
            ones, an exploratory one over all. NaN where nothing was tested, or the answer is another table's.
        family: how many questions were tested together.
        verdict: the word.
        each: the word for each language by itself, adjusted over languages and sources, where the table shows a
            column a language and no average; of one language alone it is `verdict`.
    """

    contrast: Contrast
    languages: tuple[Language, ...]
    estimate: Estimate
    over: OverLanguages | None
    adjusted_p: float
    family: int
    verdict: Verdict
    each: dict[str, Word]

    @property
    def there(self) -> list[Language]:
        """Return the languages that the answer is made of."""
        return [language for language in self.languages if language.found]

    @property
    def lone(self) -> Language | None:
        """Return the language that the answer is of, where it is of one alone."""
        there = self.there
        return there[0] if len(there) == 1 else None


def judge(
    contrasts: Sequence[Contrast],
    counts: Mapping[Cell, Counted],
    seeds: Sequence[int],
    by_language: Callable[[Contrast], bool],
) -> list[Judged]:
    """Return the answers to a table's questions.

    Args:
        contrasts: the questions.
        counts: of the cells that have a record.
        seeds: of every cell.
        by_language: tells whether the table shows each language of a contrast for itself and no average.
    """
    languages = [_languages(contrast, counts, seeds) for contrast in contrasts]
    estimates, overs = zip(*map(_together, languages), strict=True) if contrasts else ((), ())
    tested = [
        math.nan if contrast.answered_in else _tested(of_one, found)
        for contrast, of_one, found in zip(contrasts, languages, estimates, strict=True)
    ]
    adjusted, family = families([contrast.role for contrast in contrasts], tested)
    by_itself = [
        (contrast, of_one if by_language(contrast) and not contrast.answered_in else ())
        for contrast, of_one in zip(contrasts, languages, strict=True)
    ]
    each = _each(by_itself)
    parts = zip(contrasts, languages, estimates, overs, adjusted, family, each, strict=True)
    return [_judged(*part) for part in parts]


def _judged(
    contrast: Contrast,
    languages: tuple[Language, ...],
    found: Estimate,
    over: OverLanguages | None,
    adjusted_p: float,
    family: int,
    each: dict[str, Word],
) -> Judged:
    """Return the answer; where one language alone is there, its own word is the answer's."""
    word = _verdict(found, adjusted_p)
    if len(each) == 1:
        each = dict.fromkeys(each, Word(word, adjusted_p, family))
    return Judged(contrast, languages, found, over, adjusted_p, family, word, each)


def _verdict(found: Estimate, adjusted_p: float) -> Verdict:
    """Return the word; where nothing was tested, as on two trained models, nothing can be told of the methods."""
    return Verdict("cannot tell") if math.isnan(adjusted_p) else verdict(found, adjusted_p)


def _languages(contrast: Contrast, counts: Mapping[Cell, Counted], seeds: Sequence[int]) -> tuple[Language, ...]:
    cells = [(contrast.first.cells(seed), contrast.second.cells(seed)) for seed in seeds]
    made = []
    for place, target in enumerate(contrast.languages):
        pairs = {
            seed: (counts[firsts[place]], counts[seconds[place]])
            for seed, (firsts, seconds) in zip(seeds, cells, strict=True)
            if firsts[place] in counts and seconds[place] in counts
        }
        made.append(_language(target, pairs, len(seeds)))
    return _with_common_runs(made)


def _with_common_runs(languages: Sequence[Language]) -> tuple[Language, ...]:
    """Return the languages; those of two seeds with what all of them say of how runs differ."""
    common = iter(with_common_runs([language.found for language in languages if language.found]))
    return tuple(replace(language, found=next(common)) if language.found else language for language in languages)


def _language(target: str, pairs: dict[int, tuple[Counted, Counted]], asked: int) -> Language:
    lack = _lack(list(pairs.values()))
    if lack:
        return Language(target, tuple(pairs), asked, (math.nan, math.nan), None, (), lack)
    both = [(a.counts, b.counts) for a, b in pairs.values()]
    totals = [[f1(counts.sum(axis=0)) for counts in pair] for pair in both]
    first, second = (100 * float(sum(ones)) / len(ones) for ones in zip(*totals, strict=True))
    alone = tuple(over_runs([pair]) for pair in both)
    return Language(target, tuple(pairs), asked, (first, second), over_runs(both), alone, "")


def _lack(pairs: Sequence[tuple[Counted, Counted]]) -> Lack:
    if not pairs:
        return "absent"
    first = pairs[0][0]
    if not all(first.pairs_with(one) for pair in pairs for one in pair):
        return "unlike"
    return "" if first.defined else "undefined"


def _together(languages: Sequence[Language]) -> tuple[Estimate, OverLanguages | None]:
    found = [language.found for language in languages if language.found]
    if len(found) < 2:
        return (found[0].estimate if found else NOTHING), None
    over = over_languages([one.estimate.mean for one in found])
    if over.count >= FEW:
        return over.estimate, over
    own = math.sqrt(math.fsum(one.estimate.se**2 for one in found)) / over.count
    return estimate(over.estimate.mean, max(over.estimate.se, own), over.estimate.df), over


def _tested(languages: Sequence[Language], found: Estimate) -> float:
    """Return the p value that counts in the family: none of one language's one seed, which says nothing of methods."""
    there = [language for language in languages if language.found]
    return math.nan if len(there) == 1 and len(there[0].seeds) == 1 else found.p_value


def _each(asked_of: Sequence[tuple[Contrast, Sequence[Language]]]) -> list[dict[str, Word]]:
    """Return the word of every language given, adjusted over the languages and sources of one question."""
    places = [
        (number, contrast.question, language)
        for number, (contrast, languages) in enumerate(asked_of)
        for language in languages
        if language.found
    ]
    words: list[dict[str, Word]] = [{} for _ in asked_of]
    for question in dict.fromkeys(question for _, question, _ in places):
        asked = [(number, language) for number, other, language in places if other == question]
        estimates = [language.found.estimate for _, language in asked if language.found]
        adjusted = holm([_tested([language], found) for (_, language), found in zip(asked, estimates, strict=True)])
        size = sum(not math.isnan(value) for value in adjusted)
        for (number, language), found, value in zip(asked, estimates, adjusted, strict=True):
            words[number][language.target] = Word(_verdict(found, value), value, size)
    return words
