"""The evidence of a table as CSV: a row a comparison, a row a language of it, a row a seed of that."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Iterable, Iterator, Sequence

from metaxl.reporting.evidence.judged import Judged
from metaxl.reporting.evidence.papers import TABLE, papers_own
from metaxl.reporting.evidence.table import Evidence
from metaxl.reporting.evidence.words import left_out, word_of
from metaxl.reporting.statistics.estimate import Estimate

QUESTION = ("table", "task", "group", "comparison", "label")
NUMBERS = ("difference", "se", "df", "low", "high", "p_value")
POOLED = (
    *("of", *QUESTION, "role", "unit", "languages", "left_out", "first_f1", "second_f1"),
    *(*NUMBERS, "adjusted_p", "adjusted_for", "flip_p", "d_z", "better", "worse", "verdict", "gain_ruled_out"),
)
LANGUAGES = (
    *(*QUESTION, "language", "seeds", "sentences", "sentences_that_differ", "first_f1", "second_f1", *NUMBERS),
    *("adjusted_p", "adjusted_for", "verdict", "gain_ruled_out"),
    *("run_variance", "sentence_variance", "residual_variance", "lacks"),
)
SEEDS = (*QUESTION, "language", "seed", "sentences", "sentences_that_differ", *NUMBERS, "about")
ABOUT_MODELS = "two trained models over test sentences, not the methods"
LAYERS = "layers"  # the comparison of all placements with one another; its difference is the F statistic


def pooled_rows(evidence: Evidence) -> str:
    """Return a row a comparison, of these records and, for Table 2, of the paper's own numbers."""
    rows = [_pooled(one) for one in evidence.judged]
    rows += list(_layers(evidence))
    rows += list(_papers()) if evidence.table.number == TABLE else []
    return _csv(POOLED, rows)


def language_rows(evidence: Evidence) -> str:
    """Return a row a comparison and language."""
    return _csv(LANGUAGES, (row for one in evidence.judged for row in _languages(one)))


def seed_rows(evidence: Evidence) -> str:
    """Return a row a comparison, language and seed: each says something of two trained models alone."""
    return _csv(SEEDS, (row for one in evidence.judged for row in _seeds(one)))


def _csv(header: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(header)
    writer.writerows([_plain(value) for value in row] for row in rows)
    return text.getvalue()


def _plain(value: object) -> object:
    """Return a number with six digits, the same on every machine; nothing for what is not known."""
    if isinstance(value, float):
        return "" if math.isnan(value) else f"{value:.6g}"
    return "" if value is None else value


def _question(one: Judged) -> list[object]:
    asked = one.contrast
    return [asked.table, asked.task, asked.group, asked.key, asked.label]


def _numbers(found: Estimate) -> list[object]:
    return [found.mean, found.se, found.df, found.low, found.high, found.p_value]


def _pooled(one: Judged) -> list[object]:
    there, over = one.there, one.over
    means = [sum(language.scores[place] for language in there) / max(len(there), 1) for place in (0, 1)]
    lone = one.lone
    unit = "languages" if over else "test sentences" if lone and len(lone.seeds) == 1 else "seeds and test sentences"
    about = [one.contrast.role, unit if there else "", len(there), left_out(one.languages)]
    together = [over.flip_p, over.d_z, over.wins, over.losses] if over else [None] * 4
    return [
        *("these records", *_question(one), *about, *(means if there else [None, None])),
        *(*_numbers(one.estimate), one.adjusted_p, one.family or None, *together),
        *((word_of(one), None) if one.contrast.answered_in else (one.verdict.word, one.verdict.bound)),
    ]


def _layers(evidence: Evidence) -> Iterator[list[object]]:
    for one in evidence.layers:
        question = [evidence.table.number, one.task, "", LAYERS, f"F test of {', '.join(one.placements)}"]
        numbers = [one.test.statistic, None, f"{one.test.df1:.6g} {one.test.df2:.6g}", None, None, one.test.p_value]
        about = ["exploratory", "languages", len(one.languages), "", None, None]
        yield ["these records", *question, *about, *numbers, *[None] * 6, one.word, None]


def _papers() -> Iterator[list[object]]:
    for one in papers_own():
        over = one.over
        about = [one.role, "languages", over.count, "", None, None]
        numbers = [*_numbers(over.estimate), one.adjusted_p, one.family, over.flip_p, over.d_z, over.wins, over.losses]
        question = [TABLE, "ner", one.group, one.key, one.label]
        yield ["the paper", *question, *about, *numbers, one.verdict.word, one.verdict.bound]


def _languages(one: Judged) -> Iterator[list[object]]:
    for language in one.languages:
        found = language.found
        seeds = " ".join(map(str, language.seeds))
        if found is None:
            yield [*_question(one), language.target, seeds, *[None] * (len(LANGUAGES) - 8), language.lack]
        else:
            counted = [found.sentences, found.differing, *language.scores]
            variances = [found.run_variance, found.sentence_variance, found.residual_variance]
            numbers = [*_numbers(found.estimate), *_own_word(one, language.target)]
            yield [*_question(one), language.target, seeds, *counted, *numbers, *variances, ""]


def _own_word(one: Judged, target: str) -> list[object]:
    """Return what is said of a language by itself; nothing where the table shows an average."""
    word = one.each.get(target)
    return [word.adjusted_p, word.family, word.verdict.word, word.verdict.bound] if word else [None] * 4


def _seeds(one: Judged) -> Iterator[list[object]]:
    for language in one.languages:
        for seed, found in zip(language.seeds, language.alone, strict=False):
            counted = [found.sentences, int(found.differing)]
            yield [*_question(one), language.target, seed, *counted, *_numbers(found.estimate), ABOUT_MODELS]
