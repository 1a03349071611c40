"""The files of the evidence: those of each table, and those of all tables together."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from metaxl.experiment import layout
from metaxl.files import write_json, write_text
from metaxl.reporting.evidence.bold import bold
from metaxl.reporting.evidence.document import HEAD, papers_section, section
from metaxl.reporting.evidence.papers import TABLE
from metaxl.reporting.evidence.rows import language_rows, pooled_rows, seed_rows
from metaxl.reporting.evidence.sentences import sentences
from metaxl.reporting.evidence.table import Evidence
from metaxl.reporting.evidence.told import Told, read_evidence
from metaxl.reporting.titles import heading


def write_evidence(evidence: Evidence, weights: dict[str, str], out: Path) -> None:
    """Write a table's evidence to a folder as `layout.EVIDENCE` names it."""
    title = heading(evidence.config, evidence.table, weights)
    of_format = {
        "csv": pooled_rows(evidence),
        "languages.csv": language_rows(evidence),
        "seeds.csv": seed_rows(evidence),
        "md": section(evidence, title),
    }
    for suffix, text in of_format.items():
        write_text(_path(evidence, suffix, out), text)
    designs = {
        design.task: {name: _known(value) for name, value in asdict(design.components).items()}
        for design in evidence.designs
    }
    value = {"table": evidence.table.number, "told": told(evidence).to_dict(), "components": designs}
    write_json(_path(evidence, "json", out), value)


def told(evidence: Evidence) -> Told:
    """Return what a table says of its evidence."""
    return Told(tuple(sentences(evidence)), bold(evidence))


def join_evidence(paths: Sequence[Path], out: Path) -> None:
    """Write evidence.csv, evidence.md and evidence.json beneath `out` from the JSON of every table.

    The other files of a table lie beside its JSON.

    Raises:
        DataError: a file is no such evidence.
    """
    read = sorted((read_evidence(path)["table"], path) for path in paths)
    rows: list[list[str]] = []
    for _, path in read:
        head, *own = csv.reader(io.StringIO(path.with_suffix(".csv").read_text(encoding="utf-8")))
        rows += own if rows else [head, *own]
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    parts = [HEAD, *(path.with_suffix(".md").read_text(encoding="utf-8") for _, path in read)]
    parts += [papers_section() for number, _ in read if number == TABLE]
    components: dict[str, Any] = {}
    for _, path in read:
        components |= read_evidence(path)["components"]
    write_text(out / layout.fill(layout.ALL_EVIDENCE, suffix="csv"), text.getvalue())
    write_text(out / layout.fill(layout.ALL_EVIDENCE, suffix="md"), "\n".join(parts))
    write_json(out / layout.fill(layout.ALL_EVIDENCE, suffix="json"), {"components": components})


def _path(evidence: Evidence, suffix: str, out: Path) -> Path:
    return out / layout.fill(layout.EVIDENCE, number=evidence.table.number, suffix=suffix).name


def _known(value: float) -> float | None:
    return None if math.isnan(value) else float(f"{value:.9g}")
