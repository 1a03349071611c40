"""The page of the data: what it is in a line, what is odd in it, then the whole data report."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from typing import Any

from metaxl.experiment.folds import split_code
from metaxl.experiment.layout import REPORT
from metaxl.reporting.data.odd import odd
from metaxl.reporting.pages.html import heading, items, paragraph, prose
from metaxl.reporting.pages.so_far import NOT_YET, SoFar
from metaxl.tasks import find_task

TOLD = 25  # odd things


def data(run: SoFar) -> str:
    """Return the body of the page of the data."""
    report, text = run.json(REPORT, suffix="json"), run.text(REPORT, suffix="md")
    if report is None or text is None:
        return paragraph(NOT_YET)
    found = list(odd(report))
    more = [f"and {len(found) - TOLD} more, all of them below."] if len(found) > TOLD else []
    return "".join(
        [
            *(paragraph(line, "verdict") for line in headlines(report)),
            heading("What is odd"),
            items([*found[:TOLD], *more]) if found else paragraph("Nothing that the workflow looks for."),
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
