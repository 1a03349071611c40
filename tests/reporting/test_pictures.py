"""The pictures of trainings show what was logged, and can be read at any number of languages."""

from __future__ import annotations

from itertools import permutations

import matplotlib as mpl
import numpy as np
import pytest
from evidence import languages
from legible import check_legible
from records import write_cell, write_failed
from scipy.stats import spearmanr
from so_far import EPOCHS, few, of_languages, write_records
from test_figure import draw_figure

from benchmarks.plot import picture
from metaxl.experiment.grid import figure_cells, find_table
from metaxl.files import read_json
from metaxl.reporting import figure, pictures
from metaxl.reporting.closeness import Cloud, Dot
from metaxl.reporting.figure import project
from metaxl.reporting.pictures import draw_pictures
from metaxl.reporting.traces import SHARES, Trace, traces
from metaxl.reporting.vectors import read_vectors

CONTROLS = ["joint-half", "metaxl-frozen", "metaxl-decay", "joint-rtn", "target-matched", "zero-shot"]
FEW = ["metaxl-frozen"]


@pytest.fixture(scope="module")
def eight(tmp_path_factory):
    """Records of eight languages, two of whose seeds logged, and their evidence."""
    root = tmp_path_factory.mktemp("pictures")
    made = write_records(root, of_languages(8, seeds=[11, 12], controls=["metaxl-frozen"]), gold=few)
    made.write(2, root / "evidence")
    return made


@pytest.fixture(scope="module")
def drawn(eight, tmp_path_factory):
    """The paths of the pictures of those."""
    out = tmp_path_factory.mktemp("drawn")
    return draw_pictures(eight.config, eight.root / "evidence" / "table2.json", eight.root, out)


def facts(paths, name):
    """Return what the JSON of a picture says."""
    return read_json(next(path for path in paths if path.name == name))


def test_a_curve_is_the_mean_of_what_was_logged(eight):
    """Law: at the end of each epoch the mean over cells of the logged values; before the first, nothing is known."""
    found = list(traces(eight.config, find_table(eight.config, 2), eight.root))
    metaxl = next(trace for trace in found if trace.label == "MetaXL")
    assert len(metaxl.histories) == 16
    mean = metaxl.mean("dev_f1")
    for epoch in range(1, EPOCHS + 1):
        assert np.interp(epoch / EPOCHS, SHARES, mean) == pytest.approx(0.1 * epoch, abs=1e-9)
    assert np.isnan(mean[SHARES < 1 / EPOCHS - 1e-9]).all()
    assert metaxl.mean("no such key") is None


def test_a_value_that_is_not_defined_is_left_out():
    rows = [{"epoch": 1, "x": None}, {"epoch": 2, "x": 4.0}, {"epoch": 4, "x": 8.0}]
    mean = Trace("en", "MetaXL", (rows,)).mean("x")
    assert mean[-1] == 8
    assert mean[SHARES == 0.75] == pytest.approx(6)
    assert np.isnan(mean[0])


def test_the_picture_of_phi_has_the_rows_whose_rtn_moves(drawn):
    names = {name for panel in facts(drawn, "phi2.json")["panels"] for name in panel["curves"]}
    assert {name.split(": ")[1] for name in names} == {"travel", "meta-gradient", "L2 term"}


def test_closeness_and_gain_are_those_of_vectors_and_evidence(eight, drawn):
    """Each dot's gain is the evidence's; its distance the mean over seeds of MetaXL's less joint training's."""
    shown = {dot["name"]: dot for dot in facts(drawn, "closeness2.json")["panels"][0]["languages"]}
    for row in eight.rows(2, "languages.csv"):
        if (row["comparison"], row["group"]) == ("metaxl-joint", "en"):
            assert shown[row["language"]]["gain"] == float(row["difference"])
            apart = [
                np.mean([figure.hausdorff(*read_vectors(eight.root, cell)) for cell in eight.cells
                         if (cell.target, cell.source, cell.method) == (row["language"], "en", method)])
                for method in ("metaxl-L4", "joint")
            ]  # fmt: skip
            assert shown[row["language"]]["farther"] == pytest.approx(apart[0] - apart[1])


def test_the_rank_correlation_is_spearman_s():
    falling = Cloud("x", tuple(Dot(str(n), float(n), float(-(n**3))) for n in range(5)))
    assert falling.rank_correlation() == pytest.approx((-1, 2 / 120))
    assert Cloud("x", falling.dots[:2]).rank_correlation() is None
    assert Cloud("x", tuple(Dot(str(n), 1.0, float(n)) for n in range(5))).rank_correlation() is None


def test_the_p_of_the_rank_correlation_is_that_of_all_pairings():
    """By brute force; for more languages than can be paired in all ways, near that of Student's t."""
    draw = np.random.default_rng(3)
    few, many = (draw.normal(size=(count, 2)) for count in (6, 30))
    (rank, p), (of_many, p_of_many) = (
        Cloud("x", tuple(Dot("", *pair) for pair in pairs)).rank_correlation() for pairs in (few, many)
    )
    farther, gain = few.T
    every = [spearmanr(order, gain).statistic for order in permutations(farther)]
    assert rank == pytest.approx(spearmanr(farther, gain).statistic)
    assert p == pytest.approx(np.mean(np.abs(every) >= abs(rank) - 1e-9))
    assert (of_many, p_of_many) == pytest.approx(tuple(spearmanr(*many.T)), abs=0.01)


def test_cells_that_failed_are_left_out_and_nothing_at_all_is_said(tmp_path, monkeypatch):
    monkeypatch.setattr(pictures, "save", lambda figure, _: None)
    made = write_records(tmp_path, of_languages(2, related=False), lambda cell: None)
    for cell in made.cells:
        write_failed(tmp_path, cell)
    made.gather()
    path = made.write(2, tmp_path / "evidence") / "table2.json"
    for one in draw_pictures(made.config, path, tmp_path, tmp_path / "figures"):
        if one.suffix == ".json":
            assert "nothing to draw" in read_json(one)["caption"]


def test_the_same_records_give_the_same_bytes_and_leave_no_trace(eight, drawn, tmp_path):
    before, evidence = dict(mpl.rcParams), eight.root / "evidence" / "table2.json"
    again = draw_pictures(eight.config, evidence, eight.root, tmp_path)
    assert [one.name for one in again] == [one.name for one in drawn]
    assert [one.read_bytes() for one in again] == [one.read_bytes() for one in drawn]
    assert dict(mpl.rcParams) == before


@pytest.mark.parametrize(("count", "controls"), [(1, CONTROLS), (8, FEW), (50, [])])
def test_no_text_of_a_picture_meets_another_or_is_cut(tmp_path, monkeypatch, count, controls):
    """Law: with every control, and with any number of languages."""
    drawn = []
    monkeypatch.setattr(pictures, "save", lambda figure, _: drawn.append(figure))
    made = write_records(tmp_path, of_languages(count, seeds=[11], controls=controls), gold=few)
    evidence = made.write(2, tmp_path / "evidence") / "table2.json"
    draw_pictures(made.config, evidence, tmp_path, tmp_path / "figures")
    assert len(drawn) == 3
    for one in drawn:
        assert len(check_legible(one)) > 10


@pytest.mark.parametrize("scale", [0.003, 1, 4000])
@pytest.mark.parametrize("controls", [[], ["metaxl-frozen"]])
def test_figure_1_has_equal_axes_and_the_frozen_panel(tmp_path, monkeypatch, controls, scale):
    """Law: a distance looks the same in every panel and direction, and no text meets another, whatever the scale."""
    drawn = []
    monkeypatch.setattr(figure, "save", lambda one, _: drawn.append(one))
    monkeypatch.setattr(figure, "project", lambda *sets: [*(scale * one for one in project(*sets)[:2]), [0.5, 0.25]])
    shown = {"task": "ner", "encoder": "tiny", "target": "qu", "source": "en", "placement": [4]}
    config = languages("qu", controls=controls, figure=shown)
    for cell in figure_cells(config):
        write_cell(tmp_path, cell)
    draw_figure(config, tmp_path, tmp_path / "out")
    (one,) = drawn
    check_legible(one)
    between = ["MetaXL, frozen RTN"] if controls else []
    assert [ax.get_title(loc="left") for ax in one.axes] == ["Joint training", *between, "MetaXL"]
    assert len({(*ax.get_xlim(), *ax.get_ylim()) for ax in one.axes}) == 1
    low, high = one.axes[0].get_xlim()
    assert (low, high) == one.axes[0].get_ylim()
    assert all(ax.get_aspect() == 1 for ax in one.axes)


def test_no_text_of_the_step_times_meets_another():
    assert len(check_legible(picture())) > 20
