"""Everything that is wrong with an encoder folder is told at once, by the user's path, without torch."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from conftest import FAMILIES, LAYERS
from families import make_family
from safetensors.torch import load_file, save_file

from metaxl.encoder.inspect import faults_of_encoder
from metaxl.encoder.prepare import prepare_encoder
from metaxl.errors import EncoderError
from metaxl.files import read_json, write_json

QUERY = "encoder.layer.1.attention.self.query.weight"


def faults(folder: Path, layers=(0, LAYERS), longest: int = 38) -> list[str]:
    """Inspect, and hold every fault to be one sentence that names a file of the user's folder."""
    found = faults_of_encoder(folder, layers=layers, longest=longest)
    assert all(fault.startswith(str(folder)) and fault[-1] in ".?" and "\n" not in fault for fault in found)
    return found


@pytest.fixture
def folder(encoders, tmp_path) -> Path:
    """A sound encoder of XLM-R's kind, to be damaged."""
    return Path(shutil.copytree(encoders["xlm-roberta"], tmp_path / "encoder"))


def one(folder: Path, **asked) -> str:
    """Return the only fault."""
    (fault,) = faults(folder, **asked)
    return fault


def configured(folder: Path, **change) -> Path:
    write_json(folder / "config.json", read_json(folder / "config.json") | change)
    return folder


def reweighed(folder: Path, change) -> Path:
    """Change the tensors of a folder, a mapping from names that `change` may edit in place."""
    tensors = load_file(folder / "model.safetensors")
    change(tensors)
    save_file(tensors, folder / "model.safetensors", {"format": "pt"})
    return folder


@pytest.mark.parametrize("family", FAMILIES)
def test_a_sound_packed_encoder_has_no_fault(encoders, family):
    assert faults(encoders[family]) == []


@pytest.mark.parametrize("kind", ["electra", "distilbert", "modernbert", "deberta-v2", "rembert"])
def test_a_sound_encoder_of_another_family_has_no_fault(tmp_path, kind):
    """Its configuration may call the sizes otherwise."""
    assert faults(make_family(tmp_path / "encoder", kind)) == []


def test_what_is_asked_of_another_familys_encoder_is_held_to_its_own_names(tmp_path):
    folder = make_family(tmp_path / "encoder", "distilbert")
    layer, positions = faults(folder, layers=[1, 4], longest=41)
    assert "layer 4 is asked for, but the encoder has layers 0 (the embedding's output) to 3" in layer
    assert "41 subwords are asked for, but the encoder has 40 positions" in positions
    assert "n_heads is 0" in one(configured(folder, n_heads=0))
    assert "5 attention heads do not divide its hidden size 16" in one(configured(folder, n_heads=5))


@pytest.mark.parametrize(("family", "positions"), [("bert", 40), ("roberta", 38), ("xlm-roberta", 38)])
def test_positions_begin_after_the_padding_in_robertas_family_alone(encoders, family, positions):
    assert faults(encoders[family], longest=positions) == []
    assert f"but the encoder has {positions} positions" in one(encoders[family], longest=positions + 1)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "config.json: missing"),
        ("", "expected a JSON file"),
        ('{"model_type": "bert"', "expected a JSON file"),
        ("[]", "it is a list, not an object"),
        ("3", "it is a int, not an object"),
    ],
)
def test_a_configuration_that_is_none(folder, content, message):
    (folder / "config.json").unlink()
    if content is not None:
        (folder / "config.json").write_text(content, encoding="utf-8")
    assert message in one(folder)


@pytest.mark.parametrize("key", ["hidden_size", "num_attention_heads", "num_hidden_layers", "vocab_size"])
@pytest.mark.parametrize("value", [None, 0, -2, "16", 16.0, True, [16]])
def test_a_size_that_is_no_positive_whole_number(folder, key, value):
    assert f"config.json: {key} is {value!r}, where a positive whole number" in one(configured(folder, **{key: value}))


@pytest.mark.parametrize("key", ["hidden_size", "num_attention_heads", "num_hidden_layers", "vocab_size"])
def test_a_size_that_is_missing(folder, key):
    config = read_json(folder / "config.json")
    del config[key]
    write_json(folder / "config.json", config)
    assert f"config.json: {key} is missing" in one(folder)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"model_type": None}, "names no model_type"),
        ({"model_type": 3}, "names no model_type"),
        ({"model_type": ""}, "names no model_type"),
        ({"is_decoder": True}, "is or has a decoder"),
        ({"num_attention_heads": 3}, "num_attention_heads 3 is not supported"),
        ({"hidden_act": "swish"}, "hidden_act 'swish' is not supported"),
        ({"hidden_act": ["gelu"]}, "hidden_act ['gelu'] is not supported"),
        ({"intermediate_size": "32"}, "intermediate_size is '32'"),
        ({"hidden_size": 32}, "65 x 16 instead of 65 x 32"),
        ({"vocab_size": 64, "pad_token_id": 1}, "65 x 16 instead of 64 x 16"),
        ({"intermediate_size": 48}, "32 x 16 instead of 48 x 16"),
        ({"max_position_embeddings": 80}, "40 x 16 instead of 80 x 16"),
        ({"max_position_embeddings": None}, "max_position_embeddings is None"),
        ({"type_vocab_size": 2}, "1 x 16 instead of 2 x 16"),
        ({"num_hidden_layers": 9}, "lacks 96 of the parameters"),
    ],
)
def test_a_configuration_that_does_not_fit(folder, change, message):
    assert any(message in fault for fault in faults(configured(folder, **change)))


@pytest.mark.parametrize("key", ["layer_norm_eps", "hidden_dropout_prob", "initializer_range"])
@pytest.mark.parametrize("value", [None, "1e-5", True, -0.1, 1, 1e30, float("nan"), [0.1]])
def test_a_share_that_is_none(folder, key, value):
    """Training would end at a text, and go wrong without a word with 1.5 for an epsilon."""
    assert f"{key} is {value!r}, where a number from 0 to 1" in one(configured(folder, **{key: value}))


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("pad_token_id", "1"),
        ("pad_token_id", 2**70),
        ("type_vocab_size", [2]),
        ("intermediate_size", -1),
        ("max_position_embeddings", "512"),
        ("vocab_size", 2**70),
        ("num_hidden_layers", 10**9),
    ],
)
def test_another_number_that_is_none(folder, key, value):
    """A huge one would take all memory before anything could be compared with it."""
    told = faults(configured(folder, **{key: value}), layers=())
    assert f"{key} is {value!r}, where" in told[0]


def test_brackets_without_end_are_no_json(folder):
    (folder / "config.json").write_text("[" * 100_000)
    assert "expected a JSON file" in faults(folder)[0]
    (folder / "model.safetensors").write_bytes((99_999).to_bytes(8, "little") + b"[" * 99_999)
    assert any("its header is not JSON" in fault for fault in faults(folder))


@pytest.mark.parametrize(
    ("content", "message"), [("{", "expected a JSON file"), ("[]", "expected an object of settings")]
)
def test_settings_of_a_tokenizer_that_are_none(folder, content, message):
    """A kept model's are made of them, after the training."""
    (folder / "tokenizer_config.json").write_text(content)
    assert message in one(folder)


def test_a_tokenizer_without_its_unknown_token(folder):
    """It would fail at the first unknown word."""
    content = read_json(folder / "tokenizer.json")
    write_json(folder / "tokenizer.json", content | {"model": content["model"] | {"unk_token": "<none>"}})
    assert "cannot be read as a tokenizer (WordPiece" in one(folder)


def test_weights_of_more_layers(folder):
    configured(folder, num_hidden_layers=2)
    assert "holds 3 layers, but num_hidden_layers of config.json is 2" in one(folder, layers=[2])


@pytest.mark.parametrize("kept", [0, 4, 8, 100, -5])
def test_weights_that_are_cut(folder, kept):
    path = folder / "model.safetensors"
    path.write_bytes(path.read_bytes()[:kept])
    assert "model.safetensors: the file" in one(folder)
    assert "it is cut" in one(folder) or "is cut, empty" in one(folder)


@pytest.mark.parametrize(
    ("header", "message"),
    [
        ("{nothing", "its header is not JSON"),
        ("[]", "its header is no JSON object"),
        ("{}", "holds no tensor"),
        ('{"a.weight": 3}', "its header describes a.weight in another form"),
        ('{"a.weight": {"dtype": ["F32"], "shape": [1], "data_offsets": [0, 4]}}', "describes a.weight in another"),
        ('{"a.weight": {"dtype": "F32", "shape": [3], "data_offsets": [0, 4]}}', "the bytes of a.weight do not fit"),
        ('{"a.weight": {"dtype": "F32", "shape": [1], "data_offsets": [-4, 0]}}', "the bytes of a.weight do not fit"),
    ],
)
def test_a_header_that_is_none(folder, header, message):
    content = header.encode()
    (folder / "model.safetensors").write_bytes(len(content).to_bytes(8, "little") + content)
    assert any(message in fault for fault in faults(folder))


def test_a_pickle_is_answered_with_its_conversion(folder):
    (folder / "model.safetensors").rename(folder / "pytorch_model.bin")
    assert f"`metaxl encoder convert {folder} --out NEW`" in one(folder)


def test_weights_in_several_files(folder):
    (folder / "model.safetensors").rename(folder / "model-00001-of-00001.safetensors")
    write_json(folder / "model.safetensors.index.json", {})
    assert "in several files" in one(folder)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32, torch.float64])
@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf")])
def test_a_number_that_is_not_finite_is_found_in_every_kind(folder, dtype, value):
    def change(tensors):
        for name in tensors:
            tensors[name] = tensors[name].to(dtype)
        tensors[QUERY][3, 5] = tensors[QUERY][4, 6] = value

    assert f"tensors hold NaN or Inf, 2 numbers in all, the first {QUERY} with 2" in one(reweighed(folder, change))


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32, torch.float64])
def test_the_largest_and_smallest_numbers_are_finite(folder, dtype):
    def change(tensors):
        extremes = torch.finfo(dtype)
        row = torch.tensor([extremes.max, extremes.min, extremes.tiny, 0.0], dtype=dtype)
        tensors[QUERY] = row.repeat(16, 4)

    assert faults(reweighed(folder, change)) == []


@pytest.mark.parametrize("name", [QUERY, QUERY.replace("weight", "bias")])
def test_integers_are_no_weights(folder, name):
    def change(tensors):
        tensors[name] = tensors[name].to(torch.int32)

    assert f"{name} and 0 more hold I32 numbers" in one(reweighed(folder, change))


def test_integers_of_a_buffer_are_let_be(folder):
    """Checkpoints of older transformers hold position_ids."""
    reweighed(folder, lambda tensors: tensors.update({"embeddings.position_ids": torch.arange(40)[None]}))
    assert faults(folder) == []


def test_names_of_a_task_model_and_of_older_checkpoints_are_known(folder):
    def change(tensors):
        for name in list(tensors):
            older = name.replace("LayerNorm.weight", "LayerNorm.gamma").replace("LayerNorm.bias", "LayerNorm.beta")
            tensors[f"roberta.{older}"] = tensors.pop(name)
        tensors["classifier.weight"] = torch.zeros(7, 16)

    assert faults(reweighed(folder, change)) == []


@pytest.mark.parametrize("content", ["", "{}", '{"model"', "[]", '{"version": "1.0", "model": {"type": "other"}}'])
def test_a_tokenizer_that_cannot_be_read(folder, content):
    (folder / "tokenizer.json").write_text(content, encoding="utf-8")
    assert "tokenizer.json: cannot be read as a tokenizer" in one(folder)


@pytest.mark.parametrize(
    ("last", "message"),
    [
        (33, ""),
        (32, "has 32 tokens, where the embedding has 65"),
    ],
)
def test_a_tokenizer_of_at_most_half_the_embedding(folder, last, message):
    tokenizer = read_json(folder / "tokenizer.json")
    tokenizer["model"]["vocab"] = {word: i for word, i in tokenizer["model"]["vocab"].items() if i < last}
    write_json(folder / "tokenizer.json", tokenizer)
    assert [message in fault for fault in faults(folder)] == ([True] if message else [])


def test_ids_beyond_the_embedding(folder):
    tokenizer = read_json(folder / "tokenizer.json")
    tokenizer["model"]["vocab"]["more"] = 65
    write_json(folder / "tokenizer.json", tokenizer)
    assert "gives 1 ids beyond the embedding's 65 rows, up to 65" in one(folder)


def test_a_tokenizer_that_is_missing_is_a_fault_only_where_there_is_no_other_vocabulary(folder):
    (folder / "tokenizer.json").unlink()
    assert "no tokenizer.json, and no vocabulary" in one(folder)
    (folder / "sentencepiece.bpe.model").touch()
    assert faults(folder) == []


def test_all_faults_are_told_at_once(folder):
    configured(folder, hidden_size=None, is_decoder=True)
    (folder / "tokenizer.json").write_text("{}", encoding="utf-8")
    reweighed(folder, lambda tensors: tensors[QUERY].fill_(np.nan))
    found = faults(folder, layers=[7])
    for message in ("is_decoder", "hidden_size", "layer 7", "NaN or Inf", "cannot be read as a tokenizer"):
        assert sum(message in fault for fault in found) == 1
    with pytest.raises(EncoderError) as caught:
        prepare_encoder({"folder": str(folder)}, folder.parent / "prepared")
    assert str(caught.value).splitlines() == faults(folder)


def test_a_folder_that_is_not_there(tmp_path):
    assert "no such folder" in one(tmp_path / "nowhere")


def test_inspection_starts_without_torch_and_transformers():
    code = "import sys, metaxl.encoder.inspect as i; print({'torch', 'transformers'} & set(sys.modules))"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.strip() == "set()"


def test_a_download_is_named_as_the_user_wrote_it(folder, tmp_path, monkeypatch):
    """The folder that it is checked in is gone when the message is read."""
    reweighed(folder, lambda tensors: tensors[QUERY].fill_(np.nan))

    def fetch(hub, revision, out):
        shutil.copytree(folder, out, dirs_exist_ok=True)
        return {}

    monkeypatch.setattr("metaxl.encoder.prepare.fetch_encoder", fetch)
    with pytest.raises(EncoderError, match=r"^some/encoder at main/model\.safetensors: 1 of") as caught:
        prepare_encoder({"hub": "some/encoder", "revision": "main"}, tmp_path / "prepared")
    assert str(tmp_path) not in str(caught.value)
    assert not (tmp_path / "prepared").exists()
