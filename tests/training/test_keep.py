"""A kept model is that of the cell's record, or says in what it differs; the record is never touched."""

from __future__ import annotations

import logging
from dataclasses import asdict, replace

import pytest
from cells import CPU, files_of, spec_of, train
from safetensors.torch import load_file

from metaxl.cli.rules import keep_best
from metaxl.cli.rules import keep_model as keep_model_command
from metaxl.experiment.layout import MODEL_RECORD
from metaxl.files import read_json, read_jsonl, write_json, write_jsonl
from metaxl.training import keep
from metaxl.training.keep import forget_models, keep_model

SPEC = spec_of("joint", epochs=6)  # dev chooses an epoch of it


@pytest.fixture
def cell(place, tmp_path):
    """A trained cell whose model lies in its workspace."""
    train(place, tmp_path / "cell", SPEC, tmp_path / "work" / "model")
    return tmp_path / "cell"


def kept(place, cell, notes=()):
    """Keep the cell's model; return its folder."""
    folder = cell.parent
    out = folder / "kept" / "model"
    before = {path.name: path.read_bytes() for path in cell.iterdir()}
    keep_model(SPEC, place, files_of(place, SPEC), cell, folder / "work", out, CPU, notes)
    assert {path.name: path.read_bytes() for path in cell.iterdir()} == before
    assert not (folder / "work").exists()
    return out


def test_a_model_that_the_cells_training_left_is_taken_without_training(place, cell, monkeypatch):
    monkeypatch.setattr(keep, "train_cell", lambda *_: pytest.fail("trained again"))
    assert read_json(kept(place, cell) / "cell.json") == read_json(cell / "scores.json")


def test_training_again_gives_the_same_model_and_says_nothing(place, cell, tmp_path, caplog):
    first = load_file(tmp_path / "work" / "model" / "model.safetensors")
    (tmp_path / "work" / "model" / "cell.json").unlink()
    with caplog.at_level(logging.WARNING, "metaxl"):
        model = kept(place, cell)
    again = load_file(model / "model.safetensors")
    assert again.keys() == first.keys()
    assert all((again[name] == first[name]).all() for name in first)
    assert not caplog.records
    assert "notes" not in read_json(model / "cell.json")


def test_a_model_of_another_training_is_not_taken(place, cell, tmp_path):
    other = train(place, tmp_path / "other", replace(SPEC, training=replace(SPEC.training, learning_rate=0.5)))
    write_json(tmp_path / "work" / "model" / "cell.json", other)
    found = read_json(kept(place, cell) / "cell.json")
    assert found["provenance"] == read_json(cell / "scores.json")["provenance"]


def test_a_model_that_predicts_otherwise_than_the_record_says_so(place, cell, tmp_path, caplog):
    """As on another machine: the record's own predictions differ in one example here."""
    (tmp_path / "work" / "model" / "cell.json").unlink()
    lines = read_jsonl(cell / "predictions.jsonl")
    lines[3]["predicted"] = [{"O": "B-PER"}.get(tag, "O") for tag in lines[3]["predicted"]]
    write_jsonl(cell / "predictions.jsonl", lines)
    notes = read_json(kept(place, cell, ["why it is kept"]) / "cell.json")["notes"]
    assert notes[0] == "why it is kept"
    assert "trained again for its model, 1 of 13 dev and test examples are predicted otherwise" in notes[1]
    assert notes[1] in caplog.messages


@pytest.mark.parametrize(
    "whose", [asdict(SPEC.cell), asdict(SPEC.cell) | {"seed": 2}, None], ids=["own", "other", "no"]
)
def test_a_cell_that_is_trained_anew_forgets_its_own_models_and_no_others(tmp_path, whose):
    """What lies in its own folders goes whatever it says; its target's best model where it is of this cell."""
    work, own, best = (tmp_path / name for name in ("work", "own", "best"))
    write_json(best / "cell.json", {"cell": whose})
    for folder in (work, own):
        write_json(folder / "config.json", {})
    forget_models(SPEC.cell, [work, own, tmp_path / "absent"], best)
    assert [path.name for path in tmp_path.iterdir()] == (["best"] if whose != asdict(SPEC.cell) else [])


def test_the_command_puts_the_card_and_the_way_words_were_split_beside_the_model(place, cell, tmp_path):
    """So that whoever finds the folder can use it."""
    write_json(tmp_path / "data.json", {"files": [], "encoders": {}})
    files = files_of(place, SPEC)
    about = {"encoder": place, "target": [files[role] for role in ("train", "dev", "test")], "source": files["source"]}
    about |= {"cell": cell, "work": tmp_path / "work", "reported": tmp_path / "data.json", "device": "cpu"}
    keep_model_command(SPEC.to_json(), **about, out=tmp_path / "model")
    assert {"README.md", "words.json", "cell.json", "model.safetensors"} <= {
        path.name for path in (tmp_path / "model").iterdir()
    }
    assert f"| Seed | {SPEC.cell.seed} |" in (tmp_path / "model" / "README.md").read_text()


def test_where_no_cell_is_the_best_the_folder_says_why(monkeypatch, tmp_path, caplog):
    """Tables are made all the same: the rule has its output."""
    monkeypatch.setattr("metaxl.reporting.best.choose", lambda *_: (None, "none is the best"))
    write_json(tmp_path / "candidates.json", [])
    keep_best(
        tmp_path / "candidates.json",
        root=tmp_path,
        work=tmp_path / "work",
        reported=tmp_path / "data.json",
        other_records="refuse",
        device="cpu",
        out=tmp_path / "best",
    )
    assert [path.name for path in (tmp_path / "best").iterdir()] == ["cell.json"]
    assert read_json(tmp_path / "best" / "cell.json") == {"cell": None, "notes": ["none is the best"]}
    assert [record.levelname for record in caplog.records] == ["WARNING"]


def test_the_record_of_a_kept_model_has_one_name():
    """Training writes it under a name of its own, so that an edit to the layout retrains nothing."""
    assert keep.MODEL_RECORD == MODEL_RECORD
