"""The pages of results: every table in the paper's shape, the evidence, and the pictures with what they show."""

from __future__ import annotations

from pathlib import Path

from metaxl.experiment.contrasts import PLACEMENTS
from metaxl.experiment.grid import find_table
from metaxl.experiment.layout import ALL_EVIDENCE, EVIDENCE, LANGUAGES, PICTURES, TABLE, TABLE_TYPES
from metaxl.reporting.pages.frames import written
from metaxl.reporting.pages.html import folded, heading, paragraph, picture, prose, table
from metaxl.reporting.pages.so_far import NOT_YET, SoFar

NONE = "This configuration asks for none."


def tables(run: SoFar) -> str:
    """Return every table as the workflow wrote it, and the scores by type behind it."""
    parts = [_table(run, "Table 1: the languages", run.text(LANGUAGES, suffix="md"))]
    for number in run.numbers:
        about = find_table(run.config, number)
        parts.append(_table(run, f"Table {number}: {about.caption}", run.text(TABLE, number=number, suffix="md")))
        if number != PLACEMENTS and (types := run.path(TABLE_TYPES, number=number)):
            caption = "Percent on test, mean over seeds; support is the count in the gold"
            scores = written(types).rename(columns={"seeds": "seed numbers"})
            parts.append(folded("Scores by type or class", table(scores, caption)))
    return "".join(parts)


def _table(run: SoFar, title: str, text: str | None) -> str:
    return prose(text) if text else heading(title) + paragraph(NOT_YET)


def evidence(run: SoFar) -> str:
    """Return the evidence on all tables, or on those that are judged so far."""
    if joined := run.text(ALL_EVIDENCE, suffix="md"):
        return prose(joined)
    parts = [run.text(EVIDENCE, number=number, suffix="md") for number in run.numbers]
    return "".join(prose(part) for part in parts if part) or paragraph(NOT_YET)


def pictures(run: SoFar) -> str:
    """Return every picture, its caption in words below it."""
    parts = []
    for pattern, about in PICTURES.items():
        for path, caption in _drawn(run, pattern):
            parts.append(
                f"<figure>\n{heading(about)}{picture(path, caption)}"
                f"<figcaption>{paragraph(caption)}</figcaption>\n</figure>\n"
            )
    return "".join(parts) or paragraph(NOT_YET)


def _drawn(run: SoFar, pattern: str) -> list[tuple[Path, str]]:
    """Return the pictures of one kind that are there, one a table where there are several, and their captions."""
    found = []
    for number in run.numbers if "{number}" in pattern else [0]:
        path, about = (run.path(pattern, number=number, suffix=suffix) for suffix in ("png", "json"))
        if path and about:
            found.append((path, run.json(pattern, number=number, suffix="json")["caption"]))
    return found
