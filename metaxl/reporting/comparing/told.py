"""A comparison to be read, or as JSON."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Sequence
from textwrap import fill
from typing import Any

from tabulate import tabulate

from metaxl.experiment.cell import Cell
from metaxl.experiment.contrasts import NO_GROUP
from metaxl.reporting.comparing.compare import FIRST, SECOND, Comparison
from metaxl.reporting.evidence.judged import Judged
from metaxl.reporting.evidence.words import bare, left_out, said, signed
from metaxl.reporting.statistics.estimate import Estimate

SHOWN = 12  # cells that one experiment has alone, or kinds of difference, before the rest is counted
WIDTH = 110  # of a line of text
ROW = ("task", "source", "method")


def as_text(found: Comparison) -> str:
    """Return a comparison as tables with what must be known to read them."""
    parts = [_head(found), _rows(found), "\n".join(fill(text, WIDTH) for text in _reading(found)), _languages(found)]
    parts += ["\n".join(_otherwise(found)), "\n".join(_alone(found))]
    return "\n\n".join(filter(None, parts))


def _head(found: Comparison) -> str:
    pairs, alike = found.paired.pairs, found.paired.alike
    languages, seeds = {(one.task, one.target) for one, _ in pairs}, {one.seed for one, _ in pairs}
    size = f"{_count(len(pairs), 'pair')} of cells, {_count(len(languages), 'language')}, {_count(len(seeds), 'seed')}"
    return (
        f"first:  {found.first.name}\nsecond: {found.second.name}\n"
        f"{size}{f'; in {alike} of them both predict alike' if alike else ''}.\n"
        "F1 on test; a difference is the first minus the second, in points."
    )


def _rows(found: Comparison) -> str:
    header = [*ROW, "languages", "first", "second", "difference", "95 % interval", "p", "first better?"]
    rows = []
    for one in found.judged:
        means = _means(one)
        shown = [f"{mean:.2f}" for mean in means] if means else ["-", "-"]
        answer = said(one.verdict, one.contrast.key)
        rows.append([*_row(one), len(one.there), *shown, *_numbers(one.estimate), _p(one.adjusted_p), answer])
    return tabulate(rows, header, disable_numparse=True)


def _languages(found: Comparison) -> str:
    header = [*ROW, "language", "seeds", "first", "second", "difference", "95 % interval"]
    rows = [
        [*_row(one), language.target, len(language.seeds)]
        + [f"{score:.2f}" for score in language.scores]
        + _numbers(language.found.estimate)
        for one in found.judged
        for language in one.there
        if language.found
    ]
    return tabulate(rows, header, disable_numparse=True)


def _reading(found: Comparison) -> Iterator[str]:
    """Yield what the words mean, and what rows lack."""
    family = max((one.family for one in found.judged), default=0)
    if family:
        yield (
            "yes and worse: p < .05, adjusted over the rows by Holm. no such gain: the one-sided 95 % upper bound is "
            "below it. An interval over several languages is about languages like these."
        )
    alone = [one for one in found.judged if one.lone and len(one.lone.seeds) == 1]
    if alone:
        yield (
            f"{_count(len(alone), 'row')} of one language and one seed: the interval is over test sentences of two "
            "trained models, and nothing can be told of more."
        )
    for one in found.judged:
        if missing := left_out(one.languages):
            yield f"{' '.join(_row(one))}: {missing}."


def _otherwise(found: Comparison) -> Iterator[str]:
    """Yield in what the pairs were made otherwise."""
    kinds = found.paired.otherwise
    if not kinds:
        yield "Settings, data, encoder, code, libraries and machine are the same in all pairs."
        return
    yield "What differs (first | second):"
    for key in list(kinds)[:SHOWN]:
        yield f"  {key}: {_values(kinds[key])}"
    if len(kinds) > SHOWN:
        yield f"  and {len(kinds) - SHOWN} more; --json has all of them"
    if "encoder" in kinds:
        yield "  Whether they trained on the same sentences cannot be told: encoders make other subwords of them."


def _values(values: Counter[tuple[str, str]]) -> str:
    """Return the commonest two values, and in how many pairs anything differs."""
    (one, other), _ = values.most_common(1)[0]
    more = f" and {len(values) - 1} others" if len(values) > 1 else ""
    return f"{one} | {other}{more}, in {_count(values.total(), 'pair')}"


def _alone(found: Comparison) -> Iterator[str]:
    """Yield the cells that have no partner."""
    for results, cells in zip((found.first, found.second), found.paired.alone, strict=True):
        if cells:
            yield f"Only in {results.name}: {_count(len(cells), 'cell')}"
            yield from (f"  {line}" for line in _listed(cells))
        if results.failed:
            yield f"Failed in {results.name}: {_count(len(results.failed), 'cell')}"
            yield from (f"  {line}" for line in _listed(results.failed))


def _listed(cells: Sequence[Cell]) -> list[str]:
    more = [f"and {len(cells) - SHOWN} more; --json has all of them"] if len(cells) > SHOWN else []
    return [cell.path for cell in cells[:SHOWN]] + more


def _row(one: Judged) -> list[str]:
    return [one.contrast.task, one.contrast.group.removeprefix(NO_GROUP) or "none", one.contrast.first.method]


def _means(one: Judged) -> list[float]:
    """Return the F1 of both over the languages that are there; nothing where none is."""
    return [sum(scores) / len(scores) for scores in zip(*(language.scores for language in one.there), strict=True)]


def _numbers(found: Estimate) -> list[str]:
    """Return a difference and its interval."""
    if math.isnan(found.mean):
        return ["-", "-"]
    return [signed(found.mean), "-" if math.isnan(found.low) else f"[{signed(found.low)}, {signed(found.high)}]"]


def _p(value: float) -> str:
    return "-" if math.isnan(value) else "<.001" if value < 0.001 else bare(value)


def _count(number: int, unit: str) -> str:
    return f"{number:,} {unit}{'' if number == 1 else 's'}"


def as_json(found: Comparison) -> dict[str, Any]:
    """Return a comparison with all that is known of it; what nobody can tell is null."""
    alone, paired = found.paired.alone, found.paired
    return {
        "first": found.first.name,
        "second": found.second.name,
        "pairs": [{FIRST: one.path, SECOND: other.path} for one, other in paired.pairs],
        "alike": paired.alike,
        "rows": [_row_as_json(one) for one in found.judged],
        "differs": {
            key: [{FIRST: one, SECOND: other, "pairs": count} for (one, other), count in values.items()]
            for key, values in paired.otherwise.items()
        },
        "only_first": [cell.path for cell in alone[0]],
        "only_second": [cell.path for cell in alone[1]],
        "failed_first": [cell.path for cell in found.first.failed],
        "failed_second": [cell.path for cell in found.second.failed],
    }


def _row_as_json(one: Judged) -> dict[str, Any]:
    return {
        **dict(zip(ROW, _row(one), strict=True)),
        **dict(zip(("first_f1", "second_f1"), _means(one) or (None, None), strict=True)),
        **_estimate(one.estimate),
        "adjusted_p": _known(one.adjusted_p),
        "adjusted_for": one.family or None,
        "verdict": one.verdict.word,
        "gain_ruled_out": one.verdict.bound,
        "languages": [
            {
                "language": language.target,
                "seeds": list(language.seeds),
                "lacks": language.lack or None,
                "first_f1": _known(language.scores[0]),
                "second_f1": _known(language.scores[1]),
            }
            | (_estimate(language.found.estimate) if language.found else {})
            for language in one.languages
        ],
    }


def _estimate(found: Estimate) -> dict[str, float | None]:
    names = {"difference": found.mean, "low": found.low, "high": found.high, "p_value": found.p_value}
    return {name: _known(value) for name, value in names.items()}


def _known(value: float) -> float | None:
    return None if math.isnan(value) else value
