"""A cell that failed has no score anywhere, and everything that lacks it says why."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd
import pytest
from experiments import small_config
from records import expected_of, facts_of, gathered, write_cell, write_failed

from metaxl.errors import DataError
from metaxl.experiment.cell import Cell
from metaxl.experiment.grid import all_cells, find_table, table_cells
from metaxl.files import read_json, write_json
from metaxl.reporting.best import Candidate, choose
from metaxl.reporting.doubts import doubts
from metaxl.reporting.evidence.counter import Counter
from metaxl.reporting.failures import failed_cells
from metaxl.reporting.figure import draw_figure
from metaxl.reporting.filled_table import fill_table
from metaxl.reporting.frame import gather, read_scores, shown_scores, write_scores
from metaxl.reporting.notes import REASONS, notes
from metaxl.reporting.tables import to_csv, to_latex, to_markdown

CELL = Cell("tiny", "ner", "qu", "en", "joint", 11)
OTHER = replace(CELL, method="metaxl-L2")


def test_a_failed_cell_has_one_row_that_says_why_and_no_score(tmp_path):
    """It goes through the file as it is, and nothing else of the frame is changed by it."""
    write_cell(tmp_path, OTHER)
    alone = gathered(tmp_path, [OTHER])
    write_failed(tmp_path, CELL, 'Reason, with "quotes".')
    frame = gathered(tmp_path, [CELL, OTHER])
    assert failed_cells(frame) == {CELL: 'Reason, with "quotes".'}
    assert set(shown_scores(frame)) == {OTHER}
    pd.testing.assert_frame_equal(frame[frame["checkpoint"] != "failed"], alone)
    write_scores(frame, tmp_path / "x.csv")
    again = read_scores([tmp_path / "x.csv"])
    assert failed_cells(again) == failed_cells(frame)
    assert again.loc[again["checkpoint"] == "failed", "value"].isna().all()


def test_no_sentence_of_a_failed_cell_is_counted(tmp_path):
    write_cell(tmp_path, OTHER)
    write_failed(tmp_path, CELL)
    counter = Counter()
    gather(tmp_path, [expected_of(tmp_path, cell) for cell in (CELL, OTHER)], counter.add)
    assert set(counter.counts) == {OTHER.path}


def test_a_target_with_a_failed_fold_has_no_pooled_score(tmp_path):
    folds = [replace(CELL, target=f"qu-fold{number}") for number in (1, 2)]
    for fold in folds:
        write_cell(tmp_path, fold)
    assert replace(CELL, target="qu") in shown_scores(gathered(tmp_path, folds))
    write_failed(tmp_path, folds[1])
    frame = gathered(tmp_path, folds)
    assert set(shown_scores(frame)) == {folds[0]}
    assert set(failed_cells(frame)) == {folds[1]}


def test_a_failure_of_other_settings_is_refused_or_shown_as_asked(tmp_path):
    write_failed(tmp_path, CELL, spec="0" * 64)
    with pytest.raises(DataError, match="failed with other settings") as caught:
        gathered(tmp_path, [CELL])
    assert str(tmp_path / CELL.path) in str(caught.value)
    assert failed_cells(gathered(tmp_path, [CELL], others="accept")) == {CELL: "The disk is full."}


@pytest.mark.parametrize("failed", [{}, [], "text", {"reason": "x"}, None])
def test_what_is_no_failure_is_a_damaged_record(tmp_path, failed):
    write_failed(tmp_path, CELL)
    path = tmp_path / CELL.path / "scores.json"
    record = read_json(path) | {"failed": failed}
    path.write_text(str(record).replace("'", '"').replace("None", "null"))
    with pytest.raises(DataError, match='"best" lacks its "epoch"'):
        gathered(tmp_path, [CELL])


def filled(tmp_path, failed):
    """Return Table 2 of a small configuration in which some cells failed, with their reasons."""
    config = small_config(seeds=[11, 12])
    for cell in all_cells(config):
        if cell in failed:
            write_failed(tmp_path, cell, failed[cell])
        else:
            write_cell(tmp_path, cell)
    frame = gathered(tmp_path, all_cells(config))
    return fill_table(config, find_table(config, 2), frame, facts_of(config))


def test_tables_show_a_dash_and_a_footnote_a_reason(tmp_path):
    """In every format; the cells of one reason stand together, and what failed is not called absent."""
    one, two = Cell("tiny", "ner", "gn", "en", "metaxl-L4", 12), Cell("tiny", "ner", "qu", "en", "joint", 11)
    made = filled(tmp_path, {one: "loss 50 % too_high.", two: "loss 50 % too_high."})
    lines = [note for note in notes(made) if note.startswith("–: ")]
    assert len(lines) == 1
    assert lines[0].startswith("–: 2 of 16 cells failed: ")
    assert {one.path, two.path} <= set(lines[0].split(": ")[2].split(", "))
    assert lines[0].endswith(": loss 50 % too_high.")
    assert to_markdown(made).count(" – |") == 4  # of each cell's place and of both averages
    assert lines[0] in to_csv(made)
    assert r"too\_high" in to_latex(made)
    assert "are absent" not in to_csv(made)


def test_absent_and_failed_records_are_told_apart(tmp_path):
    config = small_config(seeds=[11, 12])
    cells = [cell for cell in all_cells(config) if cell.task == "ner"]
    write_failed(tmp_path, cells[0], "Reason.")
    frame = gathered(tmp_path, cells)
    made = fill_table(config, find_table(config, 2), frame, facts_of(config))
    told = [note for note in notes(made) if note.startswith("–: ")]
    assert told[0] == f"–: 1 of 16 cells failed: {cells[0].path}: Reason."
    assert told[1].startswith("–: 15 of 16 records are absent: ")


def test_many_reasons_are_counted(tmp_path):
    cells = [cell for cell in all_cells(small_config(seeds=[11, 12])) if cell.task == "ner"][: REASONS + 3]
    made = filled(tmp_path, {cell: f"Reason {number}." for number, cell in enumerate(cells)})
    told = [note for note in notes(made) if note.startswith("–: ")]
    assert len(told) == REASONS + 1
    assert told[-1].startswith("–: 3 more of 16 cells failed;")


def candidates(root, cells):
    return [Candidate(cell, (expected_of(root, cell),)) for cell in cells]


def test_the_best_model_is_of_a_cell_that_did_not_fail(tmp_path):
    write_cell(tmp_path, OTHER)
    write_failed(tmp_path, CELL)
    found, said = choose(tmp_path, candidates(tmp_path, [CELL, OTHER]))
    assert found.spec.cell == OTHER
    assert "is the highest of its 2 cells (1 of 2 trainings failed)." in said


def test_where_every_cell_failed_no_model_is_the_best(tmp_path):
    for cell in (CELL, OTHER):
        write_failed(tmp_path, cell)
    found, said = choose(tmp_path, candidates(tmp_path, [CELL, OTHER]))
    assert found is None
    assert "2 of 2 trainings failed" in said


def test_the_figure_says_which_of_its_cells_failed(tmp_path):
    config = small_config()
    cells = [cell for cell in all_cells(config) if (cell.task, cell.source) != ("ner", "none")]
    shown = [cell for cell in cells if cell.task == config.figure.task and cell.target == config.figure.target]
    failed = next(cell for cell in shown if cell.method == "joint" and cell.source == config.figure.source)
    write_failed(tmp_path, failed, "Reason $x_1$.")
    paths = draw_figure(config, gathered(tmp_path, [failed]), tmp_path, tmp_path / "figures")
    assert all(path.stat().st_size > 50 for path in paths)
    told = read_json(tmp_path / "figures" / "figure1.json")
    assert told == {"caption": f"{failed.path} failed: Reason $x_1$.", "panels": []}


def test_cells_of_several_kinds_of_machine_are_told(tmp_path):
    """A kind that nobody knows counts for none."""
    config = small_config()
    for cell in all_cells(config):
        write_cell(tmp_path, cell)
    frame, table = gathered(tmp_path, all_cells(config)), find_table(config, 2)
    told = lambda: [one for one in doubts(config, table, frame, facts_of(config)) if "kinds of machine" in one]  # noqa: E731
    assert told() == []
    frame.loc[frame["task"] == "ner", "machine"] = "Xeon"
    assert told() == []
    frame.loc[(frame["task"] == "ner") & (frame["method"] == "joint"), "machine"] = "H100"
    joint = sum(cell.task == "ner" and cell.method == "joint" for cell in all_cells(config))
    count = sum(cell.task == "ner" for cell in all_cells(config) if cell.method in ("joint", "metaxl-L4", "target"))
    assert told() == [
        "The cells were trained on 2 kinds of machine, which round differently: "
        f"{count - joint} on Xeon, {joint} on H100."
    ]


def test_cells_of_several_versions_of_the_libraries_are_told(tmp_path):
    """From the records to the note, which names what differs alone; a record that does not say counts for none."""
    config = small_config()
    table = find_table(config, 2)
    first, second, *others = table_cells(config, table)
    made_of = {first: {"torch": "2.9", "numpy": "2.4"}, second: {"numpy": "2.4", "torch": "2.8"}}
    made_of |= dict.fromkeys(others, made_of[first])

    def told(*cells):
        for cell in cells:
            path = write_cell(tmp_path, cell) / "scores.json"
            record = read_json(path)
            record["provenance"]["libraries"] = made_of[cell]
            write_json(path, record)
        frame = gathered(tmp_path, table_cells(config, table))
        write_scores(frame, tmp_path / "scores.csv")
        frame = read_scores([tmp_path / "scores.csv"])
        return [one for one in doubts(config, table, frame, facts_of(config)) if "libraries" in one]

    write_cell(tmp_path, second)
    assert told(first, *others) == []
    assert told(second) == [
        "The cells were trained with 2 sets of libraries, which may compute otherwise: "
        f"{1 + len(others)} with torch 2.9; 1 with torch 2.8."
    ]
