"""What is wrong with an encoder folder is told at once, without loading it, in sentences that name the folder."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest
import torch
from conftest import LAYERS, make_encoder
from families import KINDS, make_family
from safetensors.torch import load_file, save_file

from metaxl.encoder.inspect import faults_of_encoder
from metaxl.files import read_json, write_json

ASKED = {"layers": LAYERS, "longest": 38}


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    return make_encoder(tmp_path_factory.mktemp("whole") / "encoder", "xlm-roberta")


@pytest.fixture
def folder(whole, tmp_path):
    """A copy of the encoder, to be damaged."""
    place = tmp_path / "my encoder"
    place.mkdir()
    for path in whole.iterdir():
        (place / path.name).write_bytes(path.read_bytes())
    return place


@pytest.mark.parametrize("family", ["bert", "roberta", "xlm-roberta"])
def test_a_whole_encoder_has_no_fault(tmp_path, family):
    positions = 40 - (0 if family == "bert" else 2)
    place = make_encoder(tmp_path / "encoder", family)
    assert faults_of_encoder(place, layers=LAYERS, longest=positions) == []
    assert len(faults_of_encoder(place, layers=LAYERS, longest=positions + 1)) == 1


@pytest.mark.parametrize("kind", KINDS)
def test_no_family_is_taken_for_faulty(tmp_path, kind):
    assert faults_of_encoder(make_family(tmp_path / "encoder", kind), layers=3, longest=30) == []


def config(**changes):
    return lambda place: write_json(place / "config.json", read_json(place / "config.json") | changes)


def text(name, content):
    return lambda place: (place / name).write_bytes(content)


def weights(change):
    def act(place):
        tensors = load_file(place / "model.safetensors")
        change(tensors)
        save_file(tensors, place / "model.safetensors", {"format": "pt"})

    return act


def cut(place):
    path = place / "model.safetensors"
    path.write_bytes(path.read_bytes()[:-100])


def spoil(kind, value):
    def change(tensors):
        name = "encoder.layer.1.output.dense.weight"
        tensors[name] = tensors[name].to(kind)
        tensors[name][0, 0] = value

    return weights(change)


def unread(place):
    (place / "model.safetensors").rename(place / "pytorch_model.bin")


QUERY = "encoder.layer.0.attention.self.query.weight"
FAULTS = {
    "no configuration": (lambda place: (place / "config.json").unlink(), "config.json: missing"),
    "no JSON": (text("config.json", b"{"), "config.json: expected a JSON file"),
    "a list": (text("config.json", b"[]"), "config.json: names no model_type"),
    "a number for a family": (config(model_type=3), "config.json: names no model_type"),
    "a decoder": (config(is_decoder=True), "config.json: is_decoder is true"),
    "no width": (config(hidden_size=None), "hidden_size is None; expected a whole number above 0"),
    "a width in words": (config(hidden_size="16"), "hidden_size is '16'; expected a whole number above 0"),
    "no layers": (config(num_hidden_layers=0), "num_hidden_layers is 0; expected a whole number above 0"),
    "heads": (config(num_attention_heads=3), "hidden_size 16 is no multiple of num_attention_heads 3"),
    "a shallower one": (
        config(num_hidden_layers=2),
        "layer 3 does not exist; it has layers 0 (the embedding output) to 2",
    ),
    "no weights": (lambda place: (place / "model.safetensors").unlink(), "model.safetensors: missing; save it there"),
    "pickled weights": (unread, "`metaxl encoder convert "),
    "empty weights": (
        text("model.safetensors", b""),
        "model.safetensors: is empty, cut, or no safetensors file (0 bytes)",
    ),
    "other weights": (
        text("model.safetensors", b"PK" * 50),
        "model.safetensors: is empty, cut, or no safetensors file",
    ),
    "no header": (text("model.safetensors", b"\2" + b"\0" * 7 + b"[]"), "its header is not that of a safetensors file"),
    "cut weights": (cut, "bytes, where its header promises"),
    "another shape": (config(vocab_size=66), "word_embeddings.weight is [65, 16], where config.json promises [66, 16]"),
    "a missing part": (
        weights(lambda tensors: tensors.pop("embeddings.word_embeddings.weight")),
        "holds no word_embeddings",
    ),
    "whole numbers": (
        weights(lambda tensors: tensors.update({QUERY: tensors[QUERY].to(torch.int8)})),
        "query.weight holds I8 numbers, which cannot be trained",
    ),
    "a NaN": (
        spoil(torch.float32, float("nan")),
        "1 numbers of encoder.layer.1.output.dense.weight are NaN or infinite",
    ),
    "an infinity": (spoil(torch.float16, float("inf")), "1 numbers of encoder.layer.1.output.dense.weight are NaN"),
    "a NaN of bfloat16": (spoil(torch.bfloat16, float("nan")), "1 numbers of encoder.layer.1.output.dense.weight are"),
    "no tokenizer": (text("tokenizer.json", b"{}"), "tokenizer.json: cannot be read as a tokenizer"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_is_one_sentence_with_the_users_folder(folder, fault):
    damage, message = FAULTS[fault]
    damage(folder)
    found = faults_of_encoder(folder, **ASKED)
    assert len(found) == 1, found
    assert found[0].startswith(str(folder))
    assert message in found[0]
    assert found[0].endswith((".", "?"))


def test_a_tokenizer_of_another_encoder_is_told(folder):
    """With ids that the embedding lacks, or with less than half of its words."""
    content = json.loads((folder / "tokenizer.json").read_text())
    vocabulary = content["model"]["vocab"]
    content["model"]["vocab"] = vocabulary | {"one more": len(vocabulary)}
    (folder / "tokenizer.json").write_text(json.dumps(content))
    assert "its highest id is 65, but the embedding has 65 rows" in faults_of_encoder(folder, **ASKED)[0]
    content["model"]["vocab"] = dict(list(vocabulary.items())[:20])
    (folder / "tokenizer.json").write_text(json.dumps(content))
    assert "its tokenizer has 20 tokens, where the embedding has 65" in faults_of_encoder(folder, **ASKED)[0]


def test_all_faults_are_told_at_once(folder):
    config(num_attention_heads=3)(folder)
    cut(folder)
    text("tokenizer.json", b"?")(folder)
    assert len(faults_of_encoder(folder, layers=9, longest=99)) == 5


def test_numbers_beyond_one_chunk_are_looked_at(folder, monkeypatch):
    """Of every tensor all numbers are, wherever a chunk ends."""
    monkeypatch.setattr("metaxl.encoder.header.CHUNK", 7)
    weights(lambda tensors: tensors[QUERY].view(-1).__setitem__(slice(5, 9), float("nan")))(folder)
    assert f"4 numbers of {QUERY} are NaN" in faults_of_encoder(folder, **ASKED)[0]


def test_the_look_loads_no_torch():
    code = "import sys, metaxl.encoder.inspect; sys.exit('torch' in sys.modules or 'transformers' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], timeout=60).returncode == 0


def test_finite_numbers_of_every_type_pass(folder):
    for kind in (torch.float16, torch.bfloat16, torch.float64):
        spoil(kind, 6e4)(folder)
        assert faults_of_encoder(folder, **ASKED) == []
