"""Numbers and answers in words."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

from metaxl.experiment.config import Config
from metaxl.experiment.contrasts import MAIN, NO_GROUP, RELATED
from metaxl.reporting.evidence.judged import Judged, Lack, Language
from metaxl.reporting.paper import language_name
from metaxl.reporting.statistics.estimate import Estimate
from metaxl.reporting.statistics.verdict import PAPER, Verdict

LACKS: dict[Lack, str] = {
    "absent": "records are absent",
    "undefined": "F1 is not defined",
    "unlike": "its records are of different test sentences or labels",
}


def said(word: Verdict, key: str) -> str:
    """Return a verdict within a sentence."""
    if word.bound is None:
        return word.word
    if word.bound == PAPER and key == MAIN:
        return f"no gain as large as the paper's +{PAPER:.2f} F1"
    return f"no gain of +{word.bound:g} F1 or more"


def interval(found: Estimate, unit: str = " F1") -> str:
    """Return a difference with its interval, where it has one."""
    bounds = "" if math.isnan(found.low) else f" [{found.low:+.2f}, {found.high:+.2f}]"
    return f"{found.mean:+.2f}{unit}{bounds}"


def answer(one: Judged, short: bool = False) -> str:
    """Return word, difference and what it is made of; in short without the count of languages."""
    if not one.there:
        return f"{said(one.verdict, one.contrast.key)} ({left_out(one.languages) or 'no languages'})"
    facts = [f"{interval(one.estimate)}{'' if short and one.over else basis(one)}"]
    return f"{said(one.verdict, one.contrast.key)} ({'; '.join([*facts, *filter(None, [left_out(one.languages)])])})"


def basis(one: Judged) -> str:
    """Return what an answer rests on."""
    if one.over:
        return f", better in {one.over.wins} of {one.over.count} languages"
    lone = one.lone
    if lone is None or lone.found is None:
        return ""
    models = "these two trained models" if len(lone.seeds) == 1 else f"{len(lone.seeds)} seeds"
    alone = f"{lone.target} alone, " if len(one.languages) > 1 else ""
    return f", {alone}{models}, {lone.found.sentences:,} test sentences"


def left_out(languages: Sequence[Language]) -> str:
    """Return which languages are missing, or have fewer seeds than asked, and why."""
    told = []
    for lack, why in LACKS.items():
        if codes := [language.target for language in languages if language.lack == lack]:
            told.append(f"without {', '.join(codes)}: {why}")
    fewer = [one for one in languages if one.found and len(one.seeds) < one.asked]
    if fewer:
        told.append(", ".join(f"{one.target} with {len(one.seeds)} of {one.asked} seeds" for one in fewer))
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
    return f"{value:.3f}".removeprefix("0")


def together(parts: Iterable[str]) -> str:
    """Return parts joined by commas and a last "and"."""
    *first, last = parts
    return f"{', '.join(first)} and {last}" if first else last
