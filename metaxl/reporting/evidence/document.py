"""The evidence of a table to be read: sentences, the table of its answers, languages, and what the design can show."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence

from tabulate import tabulate

from metaxl.experiment.contrasts import CONFIRMATORY, EXPLORATORY, MAIN
from metaxl.reporting.evidence.judged import Judged
from metaxl.reporting.evidence.papers import NAMES, papers_own
from metaxl.reporting.evidence.sentences import sentences, what_is_shown
from metaxl.reporting.evidence.table import Design, Evidence
from metaxl.reporting.evidence.words import about, bare, group_name, interval, said, word_of
from metaxl.reporting.markup import markdown
from metaxl.reporting.statistics.estimate import ALPHA
from metaxl.reporting.statistics.languages import OverLanguages
from metaxl.reporting.statistics.power import Needed, needed, power, smallest, standard_error
from metaxl.reporting.statistics.verdict import PAPER, WORTH
from metaxl.reporting.titles import short_name

MOST = 20  # languages up to which each has a row here
EMPTY = "–"
HEAD = """\
# Evidence

What the records say of the questions that the tables put. A difference is in points of F1 (percent). Over languages,
each language counts once, with the mean over its seeds: interval and p are Student's t, flip p is that of the
sign-flip test (exact up to 20 languages), d_z the mean over the standard deviation. Of fewer than six languages the
standard error is never below what their own seeds and sentences leave open. Adjusted p is Holm's within a table: a
confirmatory comparison is adjusted over the confirmatory ones, an exploratory one over all. How many there are follows
from the configuration. Intervals are not adjusted, so that one may exclude 0 where the word is "cannot tell".

What the words mean:

- **yes**: adjusted p < .05, and better. **worse**: the same, and worse.
- **no such gain** as +1 F1, or as +2.07, the paper's from English: the one-sided 95 % upper bound, "at most", is below
  that; it is lower than the upper end of the two-sided interval.
- **cannot tell**: none of these. That is no evidence of no difference.

A confirmatory comparison is one of a few fixed beforehand; an exploratory one is a hint for the next experiment.
`evidence/` holds every comparison, language and seed as CSV.
"""
PAPERS = """\
## The paper's own Table 2 under the same tests

Eight languages with 100 test sentences each, one number a language; over how many seeds is not known.
"""


def section(evidence: Evidence, title: str) -> str:
    """Return the part of one table."""
    parts = [f"## {markdown(title)}", "\n".join(f"- {markdown(one)}" for one in sentences(evidence))]
    for role in (CONFIRMATORY, EXPLORATORY):
        own = [one for one in evidence.judged if one.contrast.role == role]
        if own:
            parts += [f"### {role.capitalize()} comparisons", _grid(ANSWERS, (_answer(evidence, one) for one in own))]
    parts += list(_by_language(evidence))
    for design in evidence.designs:
        family = next(
            one.family for one in evidence.judged if (one.contrast.task, one.contrast.key) == (design.task, MAIN)
        )
        parts += list(_planning(design, family))
    return "\n\n".join(parts) + "\n"


def papers_section() -> str:
    """Return the part of the paper's own numbers."""
    rows = (
        [one.label, NAMES.get(one.group, one.group), *_over(one.over, one.adjusted_p), said(one.verdict, one.key)]
        for one in papers_own()
    )
    return f"{PAPERS}\n{_grid(ANSWERS, rows)}\n"


ANSWERS = (
    *("comparison", "source", "difference [95 % interval]", "languages", "p", "adjusted p"),
    *("flip p", "d_z", "better", "answer"),
)


def _answer(evidence: Evidence, one: Judged) -> list[str]:
    estimate = interval(one.estimate, "") if one.there else EMPTY
    tested = [estimate, str(len(one.there))]
    signs = _signs(one.over) if one.over else [EMPTY, EMPTY, EMPTY]
    adjusted = _ps(one.estimate.p_value, one.adjusted_p)
    names = [markdown(_label(evidence, one)), markdown(group_name(evidence.config, one)) or EMPTY]
    return [*names, *tested, *adjusted, *signs, word_of(one)]


def _label(evidence: Evidence, one: Judged) -> str:
    """Return the comparison, with its task where the table shows several."""
    several = len({other.contrast.task for other in evidence.judged}) > 1
    return f"{one.contrast.label} ({short_name(one.contrast.task)})" if several else one.contrast.label


def _over(over: OverLanguages, adjusted_p: float) -> list[str]:
    return [interval(over.estimate, ""), str(over.count), *_ps(over.estimate.p_value, adjusted_p), *_signs(over)]


def _ps(*values: float) -> list[str]:
    return [EMPTY if math.isnan(value) else "<.001" if value < 0.001 else bare(value) for value in values]


def _signs(over: OverLanguages) -> list[str]:
    d_z = EMPTY if math.isnan(over.d_z) else f"{over.d_z:.2f}"
    return [*_ps(over.flip_p), d_z, f"{over.wins} of {over.count}"]


def _by_language(evidence: Evidence) -> Iterator[str]:
    """Yield the languages of the confirmatory comparisons, and of others that the table shows language by language."""
    shown = [one for one in evidence.judged if one.contrast.role == CONFIRMATORY or one.each]
    count = max((len(one.languages) for one in shown), default=0)
    if not count:
        return
    yield "### By language"
    if count > MOST:
        yield f"{count} languages: see `evidence/table{evidence.table.number}.languages.csv`."
        return
    yield "Intervals are over seeds and test sentences; of one seed, over test sentences, of two trained models alone."
    head = ("comparison", "source", "language", "F1 of the two", "difference [95 % interval]", "seeds", "sentences")
    yield _grid((*head, "that differ"), (row for one in shown for row in _languages(evidence, one)))


def _languages(evidence: Evidence, one: Judged) -> Iterator[list[str]]:
    name, place = markdown(_label(evidence, one)), markdown(group_name(evidence.config, one))
    for language in one.languages:
        row, found = [name, place, markdown(language.target)], language.found
        if found is None:
            yield [*row, EMPTY, f"{language.lack}", *[EMPTY] * 3]
        else:
            scores = " and ".join(f"{score:.2f}" for score in language.scores)
            counts = [str(found.seeds), f"{found.sentences:,}", f"{found.differing:.0f}"]
            yield [*row, scores, interval(found.estimate, ""), *counts]


def _planning(design: Design, family: int) -> Iterator[str]:
    """Yield what a design can show of MetaXL against JT, by itself and as one of a family, and what would show more."""
    shape = (design.components, design.languages, design.seeds, design.sentences)
    parts = design.components
    first = ALPHA / max(family, 1)
    count = "1 language" if design.languages == 1 else f"{design.languages} languages"
    yield f"### What this design can show: {short_name(design.task)}, MetaXL against JT"
    if design.languages == design.seeds == 1:
        yield what_is_shown(design)
        return
    runs = [] if math.isnan(parts.run) else [f"between runs {math.sqrt(parts.run):.2f}"]
    spread = [*runs, f"over {design.sentences:,} test sentences {math.sqrt(parts.sentence / design.sentences):.2f}"]
    what = "between languages" if runs else "between languages, and runs with them,"
    spread += [] if math.isnan(parts.language) else [f"{what} {math.sqrt(parts.language):.2f}"]
    seeds = "1 seed" if design.seeds == 1 else f"{design.seeds} seeds"
    yield (
        f"{count}, {seeds}, {design.sentences:,} test sentences each. Standard deviations of a difference in F1: "
        f"{', '.join(spread)}. Standard error of the mean: {standard_error(*shape):.2f}. "
        f"A true difference of {_found(smallest(*shape))} is found in 4 of 5 experiments (power 80 %) by itself, "
        f"one of {_found(smallest(*shape, alpha=first))} where it is the first of {family} by Holm."
    )
    head = ("true difference", "power by itself", f"as the first of {family}", "languages for 80 % by itself")
    rows = []
    for effect in EFFECTS:
        powers = [f"{power(*shape, effect=effect, alpha=alpha):.0%}" for alpha in (ALPHA, first)]
        rows.append([f"{effect:+g}", *powers, *_more(needed(*shape, effect=effect), bool(runs))])
    yield _grid((*head, "or seeds", "or test sentences"), rows)
    yield "`metaxl power` asks the same of other designs."


EFFECTS = (WORTH, PAPER)
HIGHEST = 100.0  # F1 in points: no difference is larger


def _found(difference: float) -> str:
    """Return the smallest difference that is found, where two scores can differ so much."""
    return f"more than {HIGHEST:.0f} F1, which there is none of," if difference > HIGHEST else f"{difference:.2f} F1"


def _more(found: Needed, known_runs: bool) -> list[str]:
    languages, seeds, sentences = (
        EMPTY if n is None else about(n) for n in (found.languages, found.seeds, found.sentences)
    )
    return [languages, seeds if known_runs else "not known", sentences]


def _grid(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    return tabulate(list(rows), headers=list(head), tablefmt="pipe", disable_numparse=True)
