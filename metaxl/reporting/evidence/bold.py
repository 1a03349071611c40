"""Which numbers of a table are bold: those that are shown to be better, and no others."""

from __future__ import annotations

from collections.abc import Iterator

from metaxl.experiment.contrasts import MAIN, PLACEMENTS
from metaxl.experiment.grid import AVERAGE, Row
from metaxl.reporting.evidence.judged import Judged
from metaxl.reporting.evidence.table import Evidence
from metaxl.reporting.evidence.told import Place
from metaxl.reporting.statistics.verdict import Verdict


def bold(evidence: Evidence) -> frozenset[Place]:
    """Return their places."""
    return frozenset(_placements(evidence) if evidence.table.number == PLACEMENTS else _settings(evidence))


def _settings(evidence: Evidence) -> Iterator[Place]:
    """Yield, for each source, the better of MetaXL and JT in the column that decides, where one is shown better."""
    for one in evidence.judged:
        if one.contrast.key == MAIN:
            first, second = (_row(evidence, one, label) for label in one.contrast.labels)
            for column, word in _columns(evidence, one, first):
                if word.word in ("yes", "worse"):
                    row = first if word.word == "yes" else second
                    yield row.group, row.label, column


def _row(evidence: Evidence, one: Judged, label: str) -> Row:
    rows = evidence.table.rows
    return next(row for row in rows if (row.group, row.label) == (one.contrast.group, label))


def _columns(evidence: Evidence, one: Judged, row: Row) -> Iterator[tuple[str, Verdict]]:
    """Yield the columns of which a contrast speaks, with its word there."""
    for column, entry in row.entries.items():
        if entry and entry.task == one.contrast.task and (column == AVERAGE or AVERAGE not in evidence.table.columns):
            if set(entry.targets) == set(one.contrast.languages):
                yield column, one.verdict
            elif entry.targets[0] in one.each:
                yield column, one.each[entry.targets[0]].verdict


def _placements(evidence: Evidence) -> Iterator[Place]:
    """Yield the placements that are shown better than JT, and JT where every placement is shown worse."""
    rows = {f"{row.group} {row.label}": row for row in evidence.table.rows}
    joint = next(row for row in evidence.table.rows if row.group == "-")
    words: dict[str, list[str]] = {}
    for one in (judged for judged in evidence.judged if not judged.contrast.answered_in):
        row = rows[one.contrast.labels[0]]
        for column, word in _columns(evidence, one, row):
            words.setdefault(column, []).append(word.word)
            if word.word == "yes":
                yield row.group, row.label, column
    for column, found in words.items():
        if set(found) == {"worse"}:
            yield joint.group, joint.label, column
