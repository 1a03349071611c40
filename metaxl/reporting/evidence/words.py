"""Numbers and answers in words."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

from metaxl.experiment.config import Config
from metaxl.experiment.contrasts import MAIN, NO_GROUP, RELATED
from metaxl.reporting.evidence.judged import Judged, Lack, Language
from metaxl.reporting.paper import language_name
from metaxl.reporting.statistics.estimate import ALPHA, Estimate
from metaxl.reporting.statistics.verdict import PAPER, Verdict
from metaxl.reporting.titles import listed

LACKS: dict[Lack, str] = {
    "absent": "records are absent",
    "undefined": "F1 is not defined",
    "unlike": "its records are of different test sentences or labels",
}


def word_of(one: Judged) -> str:
    """Return a question's word within a sentence, or where it is answered."""
    number = one.contrast.answered_in
    return f"see Table {number}" if number else said(one.verdict, one.contrast.key)


def said(word: Verdict, key: str) -> str:
    """Return a verdict within a sentence."""
    if word.bound is None:
        return word.word
    if word.bound == PAPER and key == MAIN:
        return f"no such gain as +{PAPER:.2f} F1, the paper's from English"
    return f"no such gain as +{word.bound:g} F1"


def interval(found: Estimate, unit: str = " F1") -> str:
    """Return a difference with its interval, where it has one."""
    bounds = "" if math.isnan(found.low) else f" [{signed(found.low)}, {signed(found.high)}]"
    return f"{signed(found.mean)}{unit}{bounds}"


def at_most(found: Estimate, word: Verdict) -> str:
    """Return the bound that rules a gain out, where one is ruled out: it lies below the interval's upper end."""
    if word.bound is None:
        return ""
    digits = next((n for n in range(2, 6) if round(found.upper, n) < word.bound), 6)  # it is not to look like the bound
    return f", at most {round(found.upper, digits) + 0.0:+.{digits}f}"


def signed(value: float) -> str:
    """Return a difference with its sign; what rounds to 0 is +0.00."""
    return f"{round(value, 2) + 0.0:+.2f}"


def about(number: int) -> str:
    """Return a planned number with two digits that mean something."""
    digits = max(len(str(number)) - 2, 0)
    return f"{round(number, -digits):,}"


def answer(one: Judged, short: bool = False) -> str:
    """Return word, difference and what it is made of; in short without counts."""
    if one.contrast.answered_in:
        return word_of(one)
    if not one.there:
        lacks = dict.fromkeys(LACKS[language.lack] for language in one.languages)
        return f"{said(one.verdict, one.contrast.key)} ({together(lacks)})"
    facts = [f"{interval(one.estimate)}{at_most(one.estimate, one.verdict)}{basis(one, short)}"]
    return f"{said(one.verdict, one.contrast.key)} ({'; '.join([*facts, *filter(None, [left_out(one.languages)])])})"


def basis(one: Judged, short: bool) -> str:
    """Return what an answer rests on."""
    if one.over:
        return "" if short else f", better in {one.over.wins} of {one.over.count} languages"
    lone = one.lone
    if lone is None or lone.found is None:
        return ""
    alone = f", {lone.target} alone" if len(one.languages) > 1 else ""
    if len(lone.seeds) == 1:
        return f"{alone}, between two trained models"
    return alone if short else f"{alone}, {len(lone.seeds)} seeds, {lone.found.sentences:,} test sentences"


def left_out(languages: Sequence[Language]) -> str:
    """Return which languages are missing, or have fewer seeds than asked, and why."""
    told = []
    for lack, why in LACKS.items():
        if codes := [language.target for language in languages if language.lack == lack]:
            told.append(f"without {listed(codes)}: {why}")
    fewer = [one for one in languages if one.found and len(one.seeds) < one.asked]
    if fewer:
        told.append(listed([f"{one.target} with {len(one.seeds)} of {one.asked} seeds" for one in fewer]))
    return "; ".join(told)


def group_name(config: Config, one: Judged) -> str:
    """Return the source of a contrast as a reader calls it, or nothing where it has none."""
    group, task = one.contrast.group, one.contrast.task
    if group in (NO_GROUP, RELATED):
        return group.removeprefix(NO_GROUP)
    return language_name(config, task, group) or group


def source(config: Config, one: Judged) -> str:
    """Return the same within a sentence."""
    return "the related source" if one.contrast.group == RELATED else group_name(config, one)


def p(value: float) -> str:
    """Return a p value within a sentence: "p = .016"."""
    return "p < .001" if value < 0.001 else f"p = {bare(value)}"


def bare(value: float) -> str:
    """Return a p value without the 0 before its point."""
    if value < ALPHA <= round(value, 3):  # what is below the level does not look like it
        return f"{min(value, ALPHA - 0.0001):.4f}".removeprefix("0")
    return f"{value:.3f}".removeprefix("0")


def together(parts: Iterable[str]) -> str:
    """Return parts joined by commas and a last "and"."""
    *first, last = parts
    return f"{', '.join(first)} and {last}" if first else last
