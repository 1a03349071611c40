"""The figure's distance is the definition's, its plane the data's, and its bytes are the same every time."""

from __future__ import annotations

from dataclasses import replace

import matplotlib as mpl
import numpy as np
import pytest
from damage import DAMAGES, damage
from experiments import paper_config, small_config
from records import gathered, write_cell
from scipy.spatial.distance import cdist, directed_hausdorff
from test_tables import NASTY
from trap import trapped

from metaxl.errors import ConfigError, DataError
from metaxl.experiment.grid import figure_cells
from metaxl.files import read_json
from metaxl.reporting import figure
from metaxl.reporting.figure import hausdorff, load_panel, project


def draw_figure(config, root, out):
    """Draw the figure from the records beneath a folder."""
    return figure.draw_figure(config, gathered(root, figure_cells(config)), root, out)


@pytest.fixture
def facts_of(tmp_path, monkeypatch):
    """Return what the JSON of the figure of some records says, of which no more is drawn."""

    def read(config, root, frame=None):
        monkeypatch.setattr(figure, "save", lambda drawn, _: None)
        frame = gathered(root, figure_cells(config)) if frame is None else frame
        return read_json(figure.draw_figure(config, frame, root, tmp_path / "facts")[2])

    return read


@pytest.fixture
def clouds():
    generator = np.random.default_rng(0)
    return generator.normal(size=(30, 12)) + 1, generator.normal(size=(40, 12))


def test_hausdorff_is_the_definition(clouds):
    """The larger of both directed distances under 1 - cos, by brute force and by scipy on the unit sphere."""
    a, b = clouds
    table = cdist(a, b, "cosine")
    assert hausdorff(a, b) == pytest.approx(max(table.min(axis=1).max(), table.min(axis=0).max()))
    # On the sphere |x - y|^2 = 2 (1 - cos), so Euclidean distances have the same order.
    unit = [points / np.linalg.norm(points, axis=1, keepdims=True) for points in clouds]
    euclidean = max(directed_hausdorff(*unit)[0], directed_hausdorff(*unit[::-1])[0])
    assert hausdorff(a, b) == pytest.approx(euclidean**2 / 2)


def test_hausdorff_is_symmetric_zero_on_equal_sets_and_blind_to_length(clouds):
    """A distance of sets of directions."""
    a, b = clouds
    assert hausdorff(a, b) == hausdorff(b, a)
    assert hausdorff(a, a[::-1]) == pytest.approx(0, abs=1e-12)
    assert hausdorff(a, 7 * b) == pytest.approx(hausdorff(a, b))
    assert hausdorff(a, -a) <= 2


def test_plane_is_the_joint_principal_components(clouds):
    """Shares are those of the covariance's largest eigenvalues; distances in the plane never exceed the real ones."""
    source, target = clouds
    ones, others, share = project(source, target)
    both = np.vstack(clouds)
    values = np.sort(np.linalg.eigvalsh(np.cov(both.T)))[::-1]
    assert share == pytest.approx(values[:2] / values.sum())
    assert (cdist(ones, others) <= cdist(source, target) + 1e-9).all()
    assert (others.mean(axis=0) <= ones.mean(axis=0)).all()


@pytest.fixture
def trained(tmp_path):
    """Return a configuration and a results folder with its two cells."""
    config = small_config()
    for cell in figure_cells(config):
        write_cell(tmp_path / "results", cell, apart=6.0)
    return config, tmp_path / "results"


def test_figure_is_byte_stable_and_drawing_leaves_no_trace(trained, tmp_path):
    """Two runs write the same bytes: no date, no random order. Backend and settings of the program stay its own."""
    before = dict(mpl.rcParams)
    first, second = (draw_figure(*trained, tmp_path / name) for name in ("a", "b"))
    assert dict(mpl.rcParams) == before
    assert [path.name for path in first] == ["figure1.pdf", "figure1.png", "figure1.json"]
    for one, other in zip(first, second, strict=True):
        assert one.read_bytes() == other.read_bytes()


def test_numbers_are_those_of_the_records(trained, facts_of):
    """The JSON has each cell's test F1, and MetaXL's distance is of the transformed source."""
    config, root = trained
    facts = facts_of(config, root)
    joint, metaxl = facts["panels"]
    for panel, cell, name in zip((joint, metaxl), figure_cells(config), ("source", "transformed"), strict=True):
        with np.load(root / cell.path / "representations.npz") as arrays:
            expected = hausdorff(arrays[name].astype(float), arrays["target"].astype(float))
        assert panel["hausdorff_cosine"] == pytest.approx(expected)
        assert panel["f1_percent"] == 100 * read_json(root / cell.path / "scores.json")["best"]["test"]["f1"]
        assert (panel["source_sentences"], panel["target_sentences"], panel["hidden"]) == (80, 60, 16)
    assert metaxl["hausdorff_cosine"] < joint["hausdorff_cosine"]
    assert facts["paper"] is None
    assert facts["caption"].startswith("Synthetic languages; encoder: tiny, pre-trained here; seed 11. ")
    assert facts["data"] == "Synthetic languages; encoder: tiny, pre-trained here; seed 11."
    assert "all 16 dimensions, not in the plane" in facts["caption"]


def test_papers_numbers_stand_in_its_own_figure(facts_of, tmp_path):
    """The paper's preset brings 0.57 and 0.20, 74.07 and 78.15; another target does not."""
    config = paper_config()
    for cell in figure_cells(config):
        write_cell(tmp_path, cell)
    facts = facts_of(config, tmp_path)
    assert facts["paper"]["hausdorff"] == {"joint": 0.57, "metaxl": 0.20}
    assert "Hausdorff 0.57 to 0.20, F1 74.07 to 78.15" in facts["caption"]
    other = paper_config(figure={"target": "fa"})
    for cell in figure_cells(other):
        write_cell(tmp_path, cell)
    assert facts_of(other, tmp_path)["paper"] is None


OTHERWISE = {
    "another encoder": (
        {"encoders": {"mbert": {"hub": "x/y"}}},
        "encoder other than google-bert/bert-base-multilingual-cased",
    ),
    "own files": ({"files": {"sentiment": {"en": "my/en"}}}, "data of en not from reviews"),
    "a variant": ({"method": {"residual": "none"}}, "method.residual: none"),
}


@pytest.mark.parametrize("name", OTHERWISE)
def test_papers_numbers_stand_beside_like_alone(facts_of, tmp_path, name):
    """Where the figure is of another encoder, of other data or of a variant, the caption says why they are left out."""
    changes, why = OTHERWISE[name]
    config = paper_config(**changes)
    for cell in figure_cells(config):
        write_cell(tmp_path, cell)
    facts = facts_of(config, tmp_path)
    assert facts["paper"] is None
    assert facts["caption"].endswith(f"The paper's numbers are left out: {why}.")
    assert "74.07" not in facts["caption"]


def test_what_is_doubtful_is_said_in_the_figure(facts_of, tmp_path):
    """A score that is not defined is a dash and null, a record of another making a sentence."""
    config = small_config()
    joint, metaxl = figure_cells(config)
    negative = {"dev": [["negative"]] * 4, "test": [["negative"]] * 4}
    write_cell(tmp_path, joint, gold=negative, chosen_by="none")
    write_cell(tmp_path, metaxl, gold=negative, chosen_by="none", code="old")
    facts = facts_of(config, tmp_path, gathered(tmp_path, [joint, metaxl], others="accept"))
    assert [panel["f1_percent"] for panel in facts["panels"]] == [None, None]
    assert "1 of 2 records are of another making than the active plan and shown all the same" in facts["caption"]
    assert facts["caption"].endswith(f"code of {metaxl.path}/scores.json.")


def test_label_is_text_not_mathematics(tmp_path):
    """A label with dollars, backslashes and line ends is drawn as it stands."""
    config = replace(small_config(), label=NASTY + " $\\frac{")
    for cell in figure_cells(config):
        write_cell(tmp_path, cell)
    assert draw_figure(config, tmp_path, tmp_path / "out")[1].stat().st_size > 10_000


def test_damage_is_named(trained):
    """A missing, torn or unusable file of vectors is an error with its path."""
    config, root = trained
    joint, metaxl = figure_cells(config)
    frame = gathered(root, [joint, metaxl])
    path = root / metaxl.path / "representations.npz"
    whole = path.read_bytes()
    for kind in DAMAGES:
        path.write_bytes(whole)
        damage(path, kind)
        with pytest.raises(DataError, match=r"representations\.npz"):
            load_panel("MetaXL", metaxl, frame, root)
    own = {"cell": np.array(metaxl.path)}
    for vectors in (np.zeros((5, 4)), np.full((5, 4), np.nan), np.ones(4), np.ones((1, 4))):
        np.savez(path, **own, target=np.ones((5, 4)), transformed=vectors)
        with pytest.raises(DataError, match="'transformed' of shape"):
            load_panel("MetaXL", metaxl, frame, root)
    np.savez(path, **own, target=np.ones((5, 4)), source=np.ones((5, 4)))
    with pytest.raises(DataError, match="'transformed'"):
        load_panel("MetaXL", metaxl, frame, root)
    np.savez(path, **own, target=np.ones((5, 4)), transformed=np.ones((5, 3)))
    with pytest.raises(DataError, match="hidden size"):
        load_panel("MetaXL", metaxl, frame, root)
    path.unlink()
    with pytest.raises(DataError, match=r"representations\.npz"):
        load_panel("MetaXL", metaxl, frame, root)


def test_a_pickle_among_the_vectors_is_never_read(trained, tmp_path):
    """An .npz file of unknown origin could run any command."""
    config, root = trained
    joint, metaxl = figure_cells(config)
    frame = gathered(root, [joint, metaxl])
    sign = tmp_path / "read"
    for name, other in (("target", "transformed"), ("transformed", "target")):
        vectors = {name: trapped(sign), other: np.ones((5, 4)), "cell": np.array(metaxl.path)}
        np.savez(root / metaxl.path / "representations.npz", **vectors)
        with pytest.raises(DataError, match=r"representations\.npz: expected"):
            load_panel("MetaXL", metaxl, frame, root)
    assert not sign.exists()


def test_vectors_of_another_cell_are_refused(trained):
    """A file moved here is not drawn under this cell's title."""
    config, root = trained
    joint, metaxl = figure_cells(config)
    frame = gathered(root, [joint, metaxl])
    path = root / joint.path / "representations.npz"
    path.write_bytes((root / metaxl.path / "representations.npz").read_bytes())
    with pytest.raises(DataError, match=f"{joint.path}/representations.npz: .*these are of '{metaxl.path}'"):
        load_panel("Joint training", joint, frame, root)
    np.savez(path, target=np.ones((5, 4)), source=np.ones((5, 4)))
    with pytest.raises(DataError, match="'cell"):
        load_panel("Joint training", joint, frame, root)


def test_a_cross_validated_target_has_no_figure():
    """Its folds have vectors of their own: told before anything runs."""
    with pytest.raises(ConfigError, match=r"figure: 'te' is cross-validated.*`figure: null`"):
        small_config(files={"sentiment": {"te": {"path": "te.jsonl", "folds": 5}}})


def test_no_figure_is_said(tmp_path):
    """Asking for the figure of a configuration without one is an error that tells what to add."""
    with pytest.raises(ConfigError, match="figure: this configuration has none"):
        draw_figure(small_config(figure=None), tmp_path, tmp_path)


def test_a_cell_without_scores_is_named(trained, tmp_path):
    """The figure shows no vectors of a cell whose score nobody gathered."""
    config, root = trained
    joint, metaxl = figure_cells(config)
    with pytest.raises(DataError, match=f"{metaxl.path}: no score of this cell was gathered"):
        figure.draw_figure(config, gathered(root, [joint]), root, tmp_path)
