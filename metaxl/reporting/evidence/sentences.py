"""The sentences under a table: one a question, then what the brackets and the words mean."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from metaxl.experiment.contrasts import CONFIRMATORY, PLACEMENTS
from metaxl.reporting.evidence.judged import Judged
from metaxl.reporting.evidence.layers import Layers
from metaxl.reporting.evidence.table import Design, Evidence
from metaxl.reporting.evidence.words import (
    about,
    answer,
    at_most,
    interval,
    left_out,
    p,
    said,
    source,
    together,
    word_of,
)
from metaxl.reporting.statistics.power import needed, smallest
from metaxl.reporting.statistics.verdict import WORTH, Verdict
from metaxl.reporting.titles import short_name

ONE_SEED = (
    "One seed trains one model a method, and another seed trains other models: "
    "one seed can tell nothing of the methods."
)


def sentences(evidence: Evidence) -> list[str]:
    """Return what a table's records say of its questions, plainly."""
    if evidence.table.number == PLACEMENTS:
        shown = list(evidence.judged)
        told = list(_placements(evidence))
    else:
        shown = [one for one in evidence.judged if one.contrast.role == CONFIRMATORY]
        told = [_question(evidence, question, shown) for question in dict.fromkeys(o.contrast.question for o in shown)]
    return [*told, *_legend(evidence.table.number, shown), *_power(evidence)]


def _question(evidence: Evidence, question: str, shown: Sequence[Judged]) -> str:
    """Return the answer to a question from each source."""
    answers = []
    for one in shown:
        if one.contrast.question == question:
            name = source(evidence.config, one)
            place = f"With {one.contrast.label.split(' from ')[0]}: " if one.contrast.of_sources else f"From {name}: "
            text = "; ".join(_each(one)) if one.each else answer(one)
            answers.append(f"{place if name else ''}{text}.")
    return " ".join([_named(evidence, question, shown), *answers])


def _named(evidence: Evidence, question: str, shown: Sequence[Judged]) -> str:
    """Return a question with the common source's name in place of its code."""
    common = next((one for one in shown if one.contrast.question == question and one.contrast.of_sources), None)
    if common is None:
        return question
    code = common.contrast.second.sources[0]
    name = next((source(evidence.config, one) for one in evidence.judged if one.contrast.group == code), code)
    return question.replace(f" {code}?", f" {name}?")


def _each(one: Judged) -> Iterator[str]:
    """Yield the answer of each language that stands in a column of its own, then of all together."""
    for language in one.there:
        if language.found:
            verdict, found = one.each[language.target].verdict, language.found.estimate
            word = said(verdict, one.contrast.key)
            if verdict.word == "cannot tell" and len(language.seeds) == 1:
                word += " from one seed"
            yield f"{language.target}: {word} ({interval(found)}{at_most(found, verdict)})"
    if one.over:
        both = "both" if one.over.count == 2 else "all"
        facts = f"{interval(one.estimate)}{at_most(one.estimate, one.verdict)}"
        yield f"{both} together: {said(one.verdict, one.contrast.key)} ({facts})"
    if missing := left_out(one.languages):
        yield missing


def _placements(evidence: Evidence) -> Iterator[str]:
    """Yield a sentence a task on MetaXL at each placement, and whether the placements differ."""
    for task in dict.fromkeys(one.contrast.task for one in evidence.judged):
        own = [one for one in evidence.judged if one.contrast.task == task]
        name = short_name(task)
        if any(one.each for one in own):
            told = "; ".join(f"{target}: {_words(own, target)}" for target in own[0].contrast.languages)
        else:
            told = "; ".join(f"{_place(one)}: {answer(one, short=True)}" for one in own)
        differ = [_differ(test) for test in evidence.layers if test.task == task]
        question = (
            f"{name[0].upper()}{name[1:]}: does MetaXL help beyond joint training, with the RTN after each layer?"
        )
        yield " ".join([question, f"{told}.", *filter(None, differ)])


def _words(own: Sequence[Judged], target: str) -> str:
    """Return the words of one language, placements of the same word together."""
    places: dict[str, list[str]] = {}
    for one in own:
        word = said(one.each[target].verdict, one.contrast.key) if target in one.each else "no records"
        word = word_of(one) if one.contrast.answered_in else word
        places.setdefault(word, []).append(_place(one))
    return ", ".join(f"{word} ({together(labels)})" for word, labels in places.items())


def _place(one: Judged) -> str:
    return one.contrast.labels[0].removeprefix("MetaXL ")


def _differ(layers: Layers) -> str:
    test, count = layers.test, len(layers.languages)
    if count < 2:
        return ""
    return (
        f"Do the layers differ? {layers.word} (F({test.df1:.2f}, {test.df2:.2f}) = {test.statistic:.2f}, "
        f"{p(test.p_value)}, {count} languages)."
    )


def _legend(number: int, shown: Sequence[Judged]) -> Iterator[str]:
    """Yield what the intervals are over and how the words are decided."""
    tested = max((one.family for one in shown), default=0)
    each = any(one.each for one in shown)
    where = f"evidence/table{number}.md has each language and the exploratory comparisons."
    adjusted = "" if tested < 2 else ", adjusted by Holm" if each else f", adjusted for {tested} comparisons by Holm"
    decided = f'"Yes" and "worse" mean p < .05{adjusted}.'
    if any(word.bound is not None for one in shown for word in _all_words(one)):
        decided += ' "No such gain" means that the one-sided 95 % upper bound, "at most", is below it.'
    found = [one for one in shown if one.there]
    if any(one.over for one in found):
        within = "; of one language, over seeds and test sentences" if each else ""
        yield f"Each answer gives the mean difference and its 95 % interval over languages{within}. {decided} {where}"
        if each and any(len(language.seeds) == 1 for one in found for language in one.there):
            yield f"An interval of one language from one seed is about two trained models. {ONE_SEED}"
    elif any(one.lone and len(one.lone.seeds) > 1 for one in found):
        yield f"Each answer gives the difference and its 95 % interval over seeds and test sentences. {decided} {where}"
    elif found:
        yield f"Each answer gives the difference and its 95 % interval over test sentences. {ONE_SEED}"


def _all_words(one: Judged) -> list[Verdict]:
    return [one.verdict, *(word.verdict for word in one.each.values())]


def _power(evidence: Evidence) -> Iterator[str]:
    """Yield, of one language alone, what its seeds and sentences can show."""
    for design in evidence.designs:
        if all(len(one.languages) == 1 for one in evidence.judged if one.contrast.task == design.task):
            yield what_is_shown(design)


def what_is_shown(design: Design) -> str:
    """Return what one language's seeds and sentences can show, and what it takes to show more."""
    shape = (design.components, 1, design.seeds, design.sentences)
    least, sized = smallest(*shape), f"{design.sentences:,} test sentences"
    if not least > 0:
        return "No two models differ in any sentence, so nothing is known of what more of them would show."
    if design.seeds == 1:
        return f"These {sized} can show (in 4 of 5 cases) a difference of {least:.1f} F1 between two trained models."
    more = needed(*shape, effect=WORTH)
    counts = ((more.sentences, "test sentences"), (more.seeds, "seeds"))
    ways = ", or ".join(f"about {about(number)} {unit}" for number, unit in counts if number)
    return (
        f"These {design.seeds} seeds and {sized} can show (in 4 of 5 cases) a difference of {least:.1f} F1 between "
        f"MetaXL and JT. To show 1 F1 takes {ways or 'more of both'}."
    )
