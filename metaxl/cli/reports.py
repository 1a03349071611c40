"""The commands that the rules of scores, evidence, tables and figures call; see `metaxl.cli.rules`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from metaxl.files import read_json


def gather(cells: Path, *, group: str, root: Path, out: Path, counts: Path) -> None:
    """Hold the records of a group's cells to the active plan, and score them again from their predictions."""
    from metaxl.reporting.evidence.counter import Counter
    from metaxl.reporting.expected import Expected
    from metaxl.reporting.frame import gather, write_scores

    asked = read_json(cells)
    expected = [Expected.from_dict(cell, asked["other_records"]) for cell in asked["groups"][group]]
    counter = Counter()
    write_scores(gather(root, expected, counter.add), out)
    counter.write(counts)


def scores(scores: Sequence[Path], *, out: Path) -> None:
    """Join the gathered scores of all groups."""
    from metaxl.reporting.frame import read_scores, write_scores

    write_scores(read_scores(scores), out)


def evidence(number: int, counts: Sequence[Path], *, config: Path, root: Path, out: Path) -> None:
    """Judge the questions that one table puts, from the counts of its cells' test sentences."""
    from metaxl.experiment.grid import find_table
    from metaxl.experiment.load import read_config
    from metaxl.reporting.evidence.files import write_evidence
    from metaxl.reporting.evidence.table import evidence_of
    from metaxl.reporting.facts import read_weights

    experiment = read_config(config)
    table = find_table(experiment, number)
    weights = read_weights(root, (entry.encoder for entry in table.entries()))
    write_evidence(evidence_of(experiment, table, counts), weights, out)


def join_evidence(evidence: Sequence[Path], *, out: Path) -> None:
    """Join the evidence of all tables."""
    from metaxl.reporting.evidence.files import join_evidence

    join_evidence(evidence, out)


def table(
    number: int, scores: Sequence[Path], *, evidence: Path, config: Path, labels: Path, root: Path, out: Path
) -> None:
    """Render one table of the paper, with the facts of its data and encoders and the scores by type."""
    from metaxl.experiment.grid import find_table, table_cells, trained_cells
    from metaxl.experiment.load import read_config
    from metaxl.reporting.by_type import write_types
    from metaxl.reporting.evidence.told import read_told
    from metaxl.reporting.expected import read_labels
    from metaxl.reporting.facts import load_facts
    from metaxl.reporting.filled_table import fill_table
    from metaxl.reporting.frame import read_scores
    from metaxl.reporting.tables import render_table

    experiment, frame, classes = read_config(config), read_scores(scores), read_labels(labels)
    shown = find_table(experiment, number)
    facts = load_facts(experiment, classes, trained_cells(experiment, table_cells(experiment, shown)), root)
    render_table(fill_table(experiment, shown, frame, facts, read_told(evidence)), out)
    write_types(experiment, shown, frame, classes, out)


def figure(scores: Sequence[Path], *, config: Path, root: Path, out: Path) -> None:
    """Draw Figure 1."""
    from metaxl.experiment.load import read_config
    from metaxl.reporting.figure import draw_figure
    from metaxl.reporting.frame import read_scores

    draw_figure(read_config(config), read_scores(scores), root, out)


def gain(evidence: Path, *, config: Path, out: Path) -> None:
    """Draw what MetaXL adds to joint training in each language of a table."""
    from metaxl.experiment.load import read_config
    from metaxl.reporting.gain import draw_gain

    draw_gain(read_config(config), evidence, out)


def pictures(evidence: Path, *, config: Path, root: Path, out: Path) -> None:
    """Draw the learning curves of a table's cells, what moves their RTNs, and closeness against gain."""
    from metaxl.experiment.load import read_config
    from metaxl.reporting.pictures import draw_pictures

    draw_pictures(read_config(config), evidence, root, out)


def languages(config: Path, *, out: Path) -> None:
    """Render the table of the languages, Table 1 of the paper."""
    from metaxl.experiment.load import read_config
    from metaxl.reporting.languages import write_languages

    write_languages(read_config(config), out)


def pages(root: Path, *, out: Path | None = None) -> None:
    """Write the pages of the report, of what the results in a folder, results/NAME, hold so far."""
    from metaxl.reporting.pages.write import write_pages

    write_pages(root, out or root / "report")


COMMANDS = (gather, scores, evidence, join_evidence, table, figure, gain, pictures, languages, pages)
