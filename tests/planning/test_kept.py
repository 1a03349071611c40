"""Records kept without the data make the same tables, and count as done where the data are those that they are of."""

from __future__ import annotations

import json
from dataclasses import asdict

import pytest
from experiments import small_config
from records import COUNTED as FACTS
from records import expected_of, usual_labels, write_cell

from metaxl.errors import ConfigError, DataError
from metaxl.experiment import layout
from metaxl.experiment.grid import all_cells, trained_cells
from metaxl.experiment.layout import COUNTED, PREDICTIONS, SCORES, cell_file
from metaxl.files import write_json, write_text
from metaxl.planning.kept import keep, restore
from metaxl.reporting.evidence.counter import Counter
from metaxl.reporting.expected import Expected, _sha256
from metaxl.reporting.facts import facts_files
from metaxl.reporting.frame import gather
from metaxl.reporting.vectors import has_vectors


class Planned:
    """A plan whose cells are those of a small demo, made as the helpers make them."""

    def __init__(self, root):
        self.root = root
        self.config = small_config(sentiment={"source": "en", "targets": []}, figure=None)

    def path(self, pattern, **wildcards):
        return self.root / layout.fill(pattern, **wildcards)

    def content(self, part):
        value = {"part": part} if part == "config" else {"ner": asdict(usual_labels("ner"))}
        return json.dumps(value)

    def expected(self, cell):
        one = expected_of(self.root, cell)
        files = {role: str(path) for role, path in one.files.items()}
        facts = {"cell": asdict(cell), "spec": asdict(one.spec), "codes": one.codes, "files": files}
        return facts | {"checksums": str(one.checksums)}

    def cells(self):
        return all_cells(self.config)

    def made(self):
        """Write all records and facts; return the plan."""
        for number, cell in enumerate(self.cells()):
            write_cell(self.root, cell, right=0.7 + 0.02 * number)
        for path in facts_files(self.config, self.cells()):
            if "sha256" not in path.name:
                write_json(self.root / path, FACTS["ner"])
        write_text(self.root / layout.fill(layout.REPORT, suffix="md"), "# Data\n")
        return self


@pytest.fixture
def plan(tmp_path):
    return Planned(tmp_path / "here").made()


def scores_and_counts(root, expected, out):
    counter = Counter()
    frame = gather(root, expected, counter.add)
    counter.write(out)
    return frame.to_csv(), out.read_bytes()


def planned(plan):
    return [Expected.from_dict(plan.expected(cell), "refuse") for cell in plan.cells()]


def test_kept_records_give_the_same_scores_and_counts(plan, tmp_path):
    """To the byte, and neither a word nor a label of a sentence is among them."""
    keep(plan, tmp_path / "kept")
    elsewhere = [
        Expected(one.spec, one.codes, {}, tmp_path / "kept" / one.checksums.relative_to(plan.root), "refuse")
        for one in planned(plan)
    ]
    before = scores_and_counts(plan.root, planned(plan), tmp_path / "before.npz")
    assert scores_and_counts(tmp_path / "kept", elsewhere, tmp_path / "after.npz") == before
    for path in (tmp_path / "kept" / "cells").rglob("*"):
        assert path.is_dir() or path.name in (SCORES, COUNTED, "history.jsonl")
        assert path.name != COUNTED or "PER" not in path.read_text(encoding="utf-8")


def test_restored_cells_count_as_done(plan, tmp_path):
    """On a machine that has the data and the encoder; the records there are left alone."""
    keep(plan, tmp_path / "kept")
    before = scores_and_counts(plan.root, planned(plan), tmp_path / "before.npz")
    cells = plan.cells()
    trained = (plan.root / cell_file(cells[0], PREDICTIONS)).read_bytes()
    for cell in cells[1:]:
        for name in (SCORES, PREDICTIONS):
            (plan.root / cell_file(cell, name)).unlink()
    placed, left = restore(plan, tmp_path / "kept")
    assert (placed, left) == (cells[1:], cells[:1])
    assert (plan.root / cell_file(cells[0], PREDICTIONS)).read_bytes() == trained
    assert all((plan.root / cell.path / name).exists() for cell in cells for name in layout_of_a_cell())
    assert scores_and_counts(plan.root, planned(plan), tmp_path / "after.npz") == before


def layout_of_a_cell():
    return (SCORES, PREDICTIONS, layout.HISTORY, layout.VECTORS)


def test_records_of_other_data_are_not_restored(plan, tmp_path):
    """What was kept is held to the encoded data that are here."""
    keep(plan, tmp_path / "kept")
    cell = plan.cells()[0]
    (plan.root / cell_file(cell, SCORES)).unlink()
    expected_of(plan.root, cell).files["train"].write_bytes(b"other sentences")
    _sha256.cache_clear()  # as in a process of its own
    with pytest.raises(DataError, match=r"of another making than the active plan: data\.train"):
        restore(plan, tmp_path / "kept")


def test_without_the_data_nothing_is_restored(plan, tmp_path):
    """The error names the file and the command that makes it."""
    keep(plan, tmp_path / "kept")
    expected_of(plan.root, plan.cells()[0]).files["dev"].unlink()
    with pytest.raises(ConfigError, match=r"dev\.npz: not here yet.* snakemake --cores 2 -- .*data/report\.md"):
        restore(plan, tmp_path / "kept")


def test_counts_that_were_changed_are_refused(plan, tmp_path):
    """They must add up to the recorded score."""
    keep(plan, tmp_path / "kept")
    one = planned(plan)[0]
    path = tmp_path / "kept" / cell_file(one.spec.cell, COUNTED)
    head, first, *rest = path.read_text(encoding="utf-8").splitlines()
    name, right, *others = first.split(",")
    path.write_text("\n".join([head, ",".join([name, str(int(right) + 5), *others]), *rest]), encoding="utf-8")
    elsewhere = Expected(one.spec, one.codes, {}, one.checksums, "refuse")
    with pytest.raises(DataError, match=r"counts\.csv: these counts give an F1 of .* scores\.json beside them says"):
        gather(tmp_path / "kept", [elsewhere])


@pytest.mark.parametrize("text", ["", "id,tp,fp,fn\nx,1,two,0\n", "id,tp,fp,fn\nx,1\ny,1,2,3\n"])
def test_torn_counts_are_refused(plan, tmp_path, text):
    """With their path."""
    keep(plan, tmp_path / "kept")
    one = planned(plan)[0]
    (tmp_path / "kept" / cell_file(one.spec.cell, COUNTED)).write_text(text, encoding="utf-8")
    with pytest.raises(DataError, match=r"counts\.csv: expected an id and counts"):
        gather(tmp_path / "kept", [Expected(one.spec, one.codes, {}, one.checksums, "refuse")])


def test_cells_that_are_not_trained_are_not_kept(tmp_path):
    """What is there is kept; a folder without any cell of the experiment is refused by its name."""
    plan = Planned(tmp_path / "here").made()
    first, *others = plan.cells()
    for cell in others:
        (plan.root / cell_file(cell, SCORES)).unlink()
    assert keep(plan, tmp_path / "kept") == [first]
    with pytest.raises(ConfigError, match="nothing: no record of a cell of the experiment"):
        restore(plan, tmp_path / "nothing")
    assert trained_cells(plan.config, plan.cells()) == plan.cells()


def test_a_kept_cell_has_no_vectors(plan, tmp_path):
    """Pictures do without them, as without those of a failed cell."""
    keep(plan, tmp_path / "kept")
    for cell in plan.cells():
        assert has_vectors(plan.root, cell)
        assert not has_vectors(tmp_path / "kept", cell)
