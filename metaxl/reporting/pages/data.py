"""The page of the data: what it is in a line, what is odd in it, then the whole data report."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from typing import Any

from metaxl.experiment.folds import split_code
from metaxl.experiment.layout import REPORT
from metaxl.reporting.pages.html import heading, items, paragraph, prose
from metaxl.reporting.pages.so_far import NOT_YET, SoFar
from metaxl.tasks import find_task

MOST_UNKNOWN = 0.01  # share of the subwords that are unknown, from which it is told
MOST_CUT = 0.01  # share of the examples beyond the length limit
MOST_REPEATED = 0.01  # share of the examples whose text stands earlier in the same part
TOLD = 25  # odd things
NAMED = 4  # parts that a sentence names


def data(run: SoFar) -> str:
    """Return the body of the page of the data."""
    report, text = run.json(REPORT, suffix="json"), run.text(REPORT, suffix="md")
    if report is None or text is None:
        return paragraph(NOT_YET)
    odd = list(_odd(report))
    more = [f"and {len(odd) - TOLD} more, all of them below."] if len(odd) > TOLD else []
    return "".join(
        [
            *(paragraph(line, "verdict") for line in headlines(report)),
            heading("What is odd"),
            items([*odd[:TOLD], *more]) if odd else paragraph("Nothing that the workflow looks for."),
            prose(text),
        ]
    )


def headlines(report: dict[str, Any]) -> Iterator[str]:
    """Yield what there is of each task, in a sentence."""
    for task in dict.fromkeys(part["task"] for part in report["parts"]):
        parts = [part for part in report["parts"] if part["task"] == task]
        units = find_task(task).units
        codes = dict.fromkeys(part["language"] for part in parts if part["part"] != "source")
        targets = dict.fromkeys(split_code(code)[0] for code in codes)
        crossed = [split_code(code) for code in codes if split_code(code)[1]]
        sources = dict.fromkeys(part["language"] for part in parts if part["part"] == "source")
        sizes = {}
        for name in dict.fromkeys(part["part"] for part in parts):
            counts = sorted({part["examples"] for part in parts if part["part"] == name})
            sizes[name] = f"{counts[0]:,}" if len(counts) == 1 else f"{counts[0]:,} to {counts[-1]:,}"
        source = sizes.pop("source", "")
        own = ", ".join(f"{many} {units} for {name}" for name, many in sizes.items())
        told = (
            [f"{_counted(len(targets), 'target language')}{_folds(crossed, targets) or _each(targets)} with {own}"]
            if own
            else []
        )
        told += [f"{_counted(len(sources), 'source language')}{_each(sources)} with {source} {units}"] if source else []
        yield f"{find_task(task).title}: {'; '.join(told)}."


def _folds(crossed: Sequence[tuple[str, int]], languages: Collection[str]) -> str:
    """Return which of the languages are cross-validated in how many folds; `crossed` has each language and fold."""
    those, folds = {language for language, _ in crossed}, {fold for _, fold in crossed}
    some = f"{len(those)} of them " if len(those) < len(languages) else ""
    return f", {some}cross-validated in {len(folds)} folds, each" if crossed else ""


def _each(languages: Collection[str]) -> str:
    return ", each" if len(languages) > 1 else ""


def _counted(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"


def _odd(report: dict[str, Any]) -> Iterator[str]:
    """Yield what a reader should know of the data before believing a number."""
    for task, pairs in report["shared"].items():
        for pair, count in pairs.items():
            if count:
                yield f"{task}: {pair} share {_counted(count, 'text')}: what is tested was seen."
    for part in report["parts"]:
        place = f"{part['task']}, {part['language']}, {part['part']}"
        if part["repeated"] > MOST_REPEATED * part["examples"]:
            yield f"{place}: {part['repeated']} of {part['examples']:,} examples repeat an earlier text."
        if part.get("entities") == 0:
            yield f"{place}: no entity at all."
    yield from unknown_subwords(report)
    for encoder, parts in _by_encoder(report).items():
        cut = {_place(part): part["examples_cut"] / max(_examples(report, part), 1) for part in parts}
        yield from _most(f"examples longer than the limit, cut for encoder {encoder}", cut, MOST_CUT)
    yield from (" ".join(note.split()) for note in report["notes"])


def unknown_subwords(report: dict[str, Any]) -> Iterator[str]:
    """Yield, for each encoder whose vocabulary lacks much of a part, of which parts and how much."""
    for encoder, parts in _by_encoder(report).items():
        unknown = {_place(part): (part["unknown"] or 0) / max(part["subwords"], 1) for part in parts}
        yield from _most(f"subwords unknown to encoder {encoder}", unknown, MOST_UNKNOWN)


def _by_encoder(report: dict[str, Any]) -> dict[str, list[dict[str, Any]]]:
    names = dict.fromkeys(part["encoder"] for part in report["encoded"])
    return {name: [part for part in report["encoded"] if part["encoder"] == name] for name in names}


def _place(part: dict[str, Any]) -> str:
    return f"{part['task']} {part['language']} {part['part']}"


def _most(what: str, shares: dict[str, float], bound: float) -> Iterator[str]:
    """Yield a sentence on the parts whose share lies above a bound, the largest of them named."""
    above = sorted(((share, place) for place, share in shares.items() if share > bound), reverse=True)
    if above:
        named = ", ".join(f"{place} {100 * share:.1f} %" for share, place in above[:NAMED])
        more = f" and {len(above) - NAMED} more parts above {100 * bound:g} %" if len(above) > NAMED else ""
        yield f"{what[0].upper()}{what[1:]}: {named}{more}."


def _examples(report: dict[str, Any], part: dict[str, Any]) -> int:
    """Return how many examples an encoded part has."""
    keys = ("task", "language", "part")
    return next(int(one["examples"]) for one in report["parts"] if all(one[key] == part[key] for key in keys))
