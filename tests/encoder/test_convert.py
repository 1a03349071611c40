"""Pickled weights become an encoder folder without being read in this process, and no code of theirs is run.

The process that reads them is a fork which has torch already; test_the_command_... and tests/downloads/test_pickled.py
have the one that users get.
"""

from __future__ import annotations

import json
import pickle
import shutil
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch
import yaml
from conftest import make_encoder
from forks import forks
from safetensors.torch import load_file
from test_tokenizer_files import TOKENS, without_tokenizer
from upstream import Trap

from metaxl.cli.main import main
from metaxl.encoder.convert import convert_encoder
from metaxl.encoder.prepare import prepare_encoder
from metaxl.errors import ConfigError, EncoderError
from metaxl.files import read_json, sha256_file, write_json

WEIGHTS, PICKLE, INDEX = "model.safetensors", "pytorch_model.bin", "pytorch_model.bin.index.json"


@pytest.fixture(autouse=True)
def in_a_fork(monkeypatch):
    """Have the process that reads a pickle forked."""

    def run(command, env, **_):
        return forks("torch", "safetensors.torch").run(command, Path.cwd(), env)

    monkeypatch.setattr("metaxl.encoder.convert.subprocess", SimpleNamespace(run=run, DEVNULL=subprocess.DEVNULL))


@pytest.fixture
def started(monkeypatch, in_a_fork):
    """Have it started as a user's is."""
    monkeypatch.setattr("metaxl.encoder.convert.subprocess", subprocess)


@pytest.fixture
def source(tmp_path):
    """An encoder folder with pickled weights alone."""
    folder = make_encoder(tmp_path / "their encoder", "xlm-roberta")
    torch.save(load_file(folder / WEIGHTS), folder / PICKLE)
    shutil.move(folder / WEIGHTS, tmp_path / "expected.safetensors")
    return folder


def expected_of(source):
    return load_file(source.parent / "expected.safetensors")


def refused(source, out, error=EncoderError):
    with pytest.raises(error) as caught:
        convert_encoder(str(source), None, out)
    assert "\n" not in str(caught.value)
    assert "weights_only" not in str(caught.value), "no advice to run the code after all"
    assert not out.exists()
    return str(caught.value)


@pytest.mark.usefixtures("started")
def test_the_command_prints_the_lines_to_write_and_they_name_a_folder_to_train(source, tmp_path, capsys):
    out = tmp_path / "out: mine"
    assert main(["encoder", "convert", str(source), "--out", str(out)]) == 0
    lines = yaml.safe_load(capsys.readouterr().out)
    assert lines == {"encoders": {"mine": {"folder": str(out)}}}
    prepare_encoder(lines["encoders"]["mine"], tmp_path / "prepared")
    torch.testing.assert_close(load_file(tmp_path / "prepared" / WEIGHTS), expected_of(source), rtol=0, atol=0)
    assert (out / "tokenizer.json").read_bytes() == (source / "tokenizer.json").read_bytes()
    written = read_json(out / "converted.json")
    assert (written["from"], written["revision"]) == (str(source), None)
    assert written["pickles"] == {PICKLE: sha256_file(source / PICKLE)}
    assert written[WEIGHTS] == sha256_file(out / WEIGHTS)
    assert written["versions"]["torch"] == torch.__version__
    readable = (out / "config.json").stat().st_mode
    assert (out / WEIGHTS).stat().st_mode == readable, "who may read the folder may read its weights"


def test_shards_are_joined_as_the_index_names_them(source, tmp_path):
    weights = expected_of(source)
    (source / PICKLE).unlink()
    names = {name: f"pytorch_model-0000{number % 2 + 1}-of-00002.bin" for number, name in enumerate(sorted(weights))}
    for shard in set(names.values()):
        torch.save({name: weights[name] for name in names if names[name] == shard}, source / shard)
    torch.save({"stray": torch.ones(1)}, source / "pytorch_model-00003-of-00003.bin")
    write_json(source / INDEX, {"weight_map": names})
    convert_encoder(str(source), None, tmp_path / "out")
    torch.testing.assert_close(load_file(tmp_path / "out" / WEIGHTS), weights, rtol=0, atol=0)
    assert set(read_json(tmp_path / "out" / "converted.json")["pickles"]) == set(names.values())


def test_tied_and_transposed_tensors_are_written_whole(source, tmp_path):
    weights = expected_of(source)
    name = "embeddings.word_embeddings.weight"
    weights["lm_head.decoder.weight"] = weights[name] = weights[name].t().contiguous().t()
    torch.save(weights, source / PICKLE)
    convert_encoder(str(source), None, tmp_path / "out")
    torch.testing.assert_close(load_file(tmp_path / "out" / WEIGHTS), weights, rtol=0, atol=0)


def test_a_tokenizer_json_is_made_where_there_is_none(tmp_path):
    folder = without_tokenizer(tmp_path / "user")
    (folder / "vocab.txt").write_text("\n".join(TOKENS) + "\n", encoding="utf-8")
    torch.save(load_file(folder / WEIGHTS), folder / PICKLE)
    (folder / WEIGHTS).unlink()
    convert_encoder(str(folder), None, tmp_path / "out")
    assert json.loads((tmp_path / "out" / "tokenizer.json").read_text())["model"]["vocab"]["hello"] == 5


@pytest.mark.parametrize("form", ["zip", "legacy", "bare", "shard"])
def test_a_hostile_pickle_does_not_run_and_ends_in_one_sentence(source, tmp_path, form):
    ran = tmp_path / "ran"
    trap, place = Trap(f"open({str(ran)!r}, 'w')"), source / PICKLE
    if form == "shard":
        place.unlink()
        place = source / "pytorch_model-1.bin"
        write_json(source / INDEX, {"weight_map": {"weight": place.name}})
    if form == "bare":
        place.write_bytes(pickle.dumps({"weight": trap}, protocol=2))
    else:
        torch.save({"weight": trap}, place, _use_new_zipfile_serialization=form != "legacy")
    said = refused(source, tmp_path / "out")
    assert said.startswith(f"{place}: it ")
    assert form == "bare" or "asks to run exec, which no weights need; nothing of it was run" in said
    assert not ran.exists()
    # The trap is one: who unpickles it runs it.
    if form == "bare":
        pickle.loads(place.read_bytes())
    else:
        torch.load(place, weights_only=False)
    assert ran.exists()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "no file that torch saved, or damaged"),
        (b"version https://git-lfs.github.com/spec/v1\noid", "no file that torch saved, or damaged"),
        ([torch.ones(2)], "expected tensors by name, found list"),
        ({}, "expected tensors by name, found dict"),
        ({"state_dict": {"a": torch.ones(2)}}, "found 'state_dict' with dict"),
        ({"a": torch.eye(2).to_sparse()}, "a is sparse"),
        (
            {"a": torch.ones(2)},
            "model.safetensors: lacks 53 of the",
        ),
    ],
    ids=["empty", "pointer", "list", "nothing", "nested", "sparse", "another model"],
)
def test_what_is_no_encoders_weights_is_refused(source, tmp_path, content, message):
    if isinstance(content, bytes):
        (source / PICKLE).write_bytes(content)
    else:
        torch.save(content, source / PICKLE)
    assert message in refused(source, tmp_path / "out")


def test_a_few_bytes_that_ask_for_much_memory_are_refused(source, tmp_path):
    """One number, repeated: no memory is taken for it."""
    torch.save({"a": torch.ones(1).expand(10**11)}, source / PICKLE)
    assert "its tensors are many times larger than the file" in refused(source, tmp_path / "out")


def test_the_process_that_reads_a_pickle_has_a_bounded_memory(source):
    code = (
        "import sys, pathlib, torch; from metaxl.encoder.unpickle import bound_memory;"
        "bound_memory([pathlib.Path(sys.argv[1])]); torch.empty(2**27); torch.empty(2**32, dtype=torch.uint8)"
    )
    done = subprocess.run([sys.executable, "-c", code, source / PICKLE], capture_output=True, text=True, timeout=60)
    assert done.returncode == 1
    assert "can't allocate memory" in done.stderr or "not enough memory" in done.stderr


def test_a_file_cut_short_is_refused(source, tmp_path):
    (source / PICKLE).write_bytes((source / PICKLE).read_bytes()[:5000])
    assert "no file that torch saved, or damaged" in refused(source, tmp_path / "out")


@pytest.mark.parametrize("places", [{"a": "../x.bin"}, {"a": 3}, {}, "x", None])
def test_an_index_names_files_of_its_own_folder(source, tmp_path, places):
    (source / PICKLE).unlink()
    write_json(source / INDEX, {"weight_map": places})
    assert "expected weight_map, the file of each tensor" in refused(source, tmp_path / "out")


def test_what_is_missing_is_named(source, tmp_path):
    write_json(source / INDEX, {"weight_map": {"a": "pytorch_model-1.bin"}})
    (source / PICKLE).unlink()
    (source / "config.json").unlink()
    assert "config.json, pytorch_model-1.bin missing" in refused(source, tmp_path / "out")


def test_safetensors_need_no_conversion(source, tmp_path):
    shutil.copy(tmp_path / "expected.safetensors", source / WEIGHTS)
    assert "need no conversion" in refused(source, tmp_path / "out")


def test_neither_a_folder_nor_an_id_is_told_before_any_request(tmp_path):
    assert "neither a folder nor an id" in refused(tmp_path / "none", tmp_path / "out", ConfigError)


def test_a_conversion_replaces_none_but_a_conversion(source, tmp_path):
    """A folder with anything else in it, the source's own or one around it, stays as it is."""
    convert_encoder(str(source), None, tmp_path / "out")
    convert_encoder(str(source), None, tmp_path / "out")
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "thesis.tex").touch()
    for out in (source, tmp_path, tmp_path / "other"):
        with pytest.raises(ConfigError, match=r"^--out .*name a new folder"):
            convert_encoder(str(source), None, out)
    assert (tmp_path / "other" / "thesis.tex").exists()
    assert (source / PICKLE).exists()
