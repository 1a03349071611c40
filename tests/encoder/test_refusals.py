"""An encoder that cannot be trained is refused when it is prepared, before any cell, and nothing is left of it."""

from __future__ import annotations

import os
import re
from importlib import import_module

import numpy as np
import pytest
import torch
from conftest import make_encoder
from families import make_family
from safetensors.torch import load_file, save_file

from metaxl.encoder.open import network_module
from metaxl.encoder.prepare import prepare_encoder
from metaxl.errors import EncoderError
from metaxl.experiment.layout import ENCODER_FILES
from metaxl.files import atomic_folder, link_or_copy, read_json, write_json
from metaxl.tasks import NER


@pytest.fixture
def refused(tmp_path):
    """A function that prepares a folder and holds the refusal to a message."""

    def refuse(folder, message):
        with pytest.raises(EncoderError, match=message) as caught:
            prepare_encoder({"folder": str(folder)}, tmp_path / "prepared")
        assert str(caught.value)[-1] in ".?"
        assert not list(tmp_path.glob("*prepared*"))

    return refuse


@pytest.mark.parametrize(
    ("kind", "message"),
    [
        ("albert", "AlbertModel: 0 of its parts are a list of 3 modules.*ALBERT among them"),
        ("canine", r"its word embedding is not a plain table of rows \(NoneType\)"),
        ("llama", "'llama' is or has a decoder"),
        ("mra", "the first of 5 tokens does not see the last, as in a decoder; MetaXL needs an encoder"),
        ("fnet", "padding changes what it makes of a sentence"),
        ("ibert", "its word embedding is not a plain table of rows"),
        ("longformer", "no part of it gives the states after layer 0 as"),
        ("t5", "'t5' is or has a decoder"),
        ("xlm", "4 of its parts are a list of 3 modules"),
        ("xmod", "does not run on ids and an attention mask alone"),
    ],
)
def test_a_model_that_metaxl_cannot_see_through(tmp_path, refused, kind, message):
    refused(make_family(tmp_path / "encoder", kind), message)


def changed(folder, change):
    write_json(folder / "config.json", read_json(folder / "config.json") | change)
    return folder


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"model_type": "elektra"}, "no model of model_type 'elektra'.*never run.*Did you mean 'electra'"),
        ({"model_type": "vit"}, "no token and sequence classification for model_type 'vit'"),
        ({"is_decoder": True}, "is_decoder is true, so 'electra' is or has a decoder"),
        ({"quantization_config": {"quant_method": "gptq"}}, "the weights are quantised"),
        ({"num_hidden_layers": 9}, "lacks 96 of the parameters that config.json promises"),
        (
            {"intermediate_size": 33},
            "lacks 9 of the parameters that config.json promises, or has them in another shape",
        ),
        ({"num_hidden_layers": 2}, "holds 3 layers, but num_hidden_layers of config.json is 2"),
    ],
)
def test_a_wrapped_encoder_that_its_configuration_does_not_fit(tmp_path, refused, change, message):
    refused(changed(make_family(tmp_path / "encoder", "electra"), change), message)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"model_type": "robertta"}, "no model of model_type 'robertta'.*Did you mean 'roberta'"),
        ({"model_type": None}, "names no model_type"),
        ({"is_decoder": True}, "is_decoder is true, so 'bert' is or has a decoder"),
        ({"quantization_config": {"quant_method": "gptq"}}, "the weights are quantised"),
        ({"hidden_act": "swish"}, "hidden_act 'swish' is not supported; use gelu or relu"),
        ({"num_hidden_layers": 9}, "lacks 96 of the parameters that config.json promises"),
        ({"num_hidden_layers": 2}, "holds 3 layers, but num_hidden_layers of config.json is 2"),
    ],
)
def test_a_packed_encoder_that_its_configuration_does_not_fit(tmp_path, refused, change, message):
    refused(changed(make_encoder(tmp_path / "encoder", "bert"), change), message)


@pytest.fixture(params=["bert", "electra"], ids=["packed", "wrapped"])
def folder(request, tmp_path):
    """An encoder of either path."""
    make = make_encoder if request.param == "bert" else make_family
    return make(tmp_path / "encoder", request.param)


@pytest.mark.parametrize("dtype", [torch.int8, torch.float8_e4m3fn])
def test_weights_whose_numbers_are_quantised(folder, refused, dtype):
    """As numbers, they are another encoder's."""
    tensors = load_file(folder / "model.safetensors")
    name = next(name for name in tensors if name.endswith("query.weight"))
    save_file(tensors | {name: tensors[name].to(dtype)}, folder / "model.safetensors", {"format": "pt"})
    refused(
        folder, rf"encoder/model\.safetensors: {re.escape(name)} and 0 more hold \w+ numbers, which cannot be trained"
    )


def test_a_pickle_is_never_read(folder, refused):
    (folder / "model.safetensors").rename(folder / "pytorch_model.bin")
    refused(folder, r"model\.safetensors: missing.*pickles are never read")


def test_a_folder_without_a_configuration(folder, refused):
    (folder / "config.json").unlink()
    refused(folder, r"encoder/config\.json: missing; an encoder folder holds")


def test_an_embedding_smaller_than_the_tokenizer_is_told_by_the_cell_that_has_such_an_id(folder):
    module = import_module(network_module(folder))
    with pytest.raises(EncoderError, match="gives id 65, but the embedding has 65 rows"):
        module.open_network(folder, NER, NER.label_set(NER.usual), np.array([0, 65]), torch.Generator())


@pytest.mark.parametrize(
    ("family", "change", "message"),
    [
        (
            "bert",
            {"position_embedding_type": "relative_key"},
            "position_embedding_type 'relative_key' is not",
        ),
        ("bert", {"num_attention_heads": 3}, "num_attention_heads 3 is not supported"),
        ("roberta", {"pad_token_id": None}, "pad_token_id None is not supported"),
        ("bert", {"hidden_size": 32}, "in another shape than config.json promises"),
        ("bert", {"max_position_embeddings": 80}, "in another shape than config.json promises"),
    ],
)
def test_the_packed_path_reads_all_of_the_configuration(tmp_path, refused, family, change, message):
    """What it does not compute, or the weights do not hold, would be another model without a word."""
    refused(changed(make_encoder(tmp_path / "encoder", family), change), message)


def test_a_tokenizer_of_a_few_special_tokens_is_not_the_encoders(tmp_path, refused):
    """Such a one is what transformers makes of nothing."""
    folder = make_encoder(tmp_path / "encoder", "bert")
    tokenizer = read_json(folder / "tokenizer.json")
    vocabulary = dict(list(tokenizer["model"]["vocab"].items())[:5])
    write_json(folder / "tokenizer.json", tokenizer | {"model": tokenizer["model"] | {"vocab": vocabulary}})
    refused(folder, r"its tokenizer has 5 tokens, where the embedding has 65")


def test_a_prepared_encoder_outlives_its_folder(tmp_path):
    """Its weights are a file of their own: a copied or moved checkout does not read another's."""
    folder = make_encoder(tmp_path / "encoder", "bert")
    prepare_encoder({"folder": str(folder)}, tmp_path / "prepared")
    content = (folder / "model.safetensors").read_bytes()
    (folder / "model.safetensors").unlink()
    assert not (tmp_path / "prepared" / "model.safetensors").is_symlink()
    assert (tmp_path / "prepared" / "model.safetensors").read_bytes() == content


def test_outputs_that_are_touched_in_order_are_no_older_than_the_linked_weights(tmp_path):
    """Snakemake touches a job's outputs one by one; the weights' touch is the user's file's, an input's, as well."""
    folder, out = make_encoder(tmp_path / "own", "bert"), tmp_path / "prepared"
    prepare_encoder({"folder": str(folder)}, out)
    for time, name in enumerate(ENCODER_FILES, 1):
        os.utime(out / name, (time, time))
    newest = (folder / "model.safetensors").stat().st_mtime
    assert all((out / name).stat().st_mtime >= newest for name in ENCODER_FILES)


@pytest.mark.parametrize("mask", [0o022, 0o007, 0o077])
def test_a_folder_is_readable_as_the_umask_says_and_a_linked_file_as_its_owner_says(tmp_path, mask):
    """Libraries write files that only their owner may read, where a group shares the results."""
    owned = tmp_path / "owned"
    owned.touch()
    owned.chmod(0o600)
    before = os.umask(mask)
    try:
        with atomic_folder(tmp_path / "out") as folder:
            save_file({"a": torch.zeros(1)}, folder / "model.safetensors")
            link_or_copy(owned, folder / "linked")
    finally:
        os.umask(before)
    modes = {path.name: path.stat().st_mode & 0o777 for path in (tmp_path / "out").iterdir()}
    assert modes == {"model.safetensors": 0o666 & ~mask, "linked": 0o600}


@pytest.mark.parametrize(
    "change", [{"hidden_act": "swosh"}, {"hidden_act": 3}, {"layer_norm_eps": 0}, {"pad_token_id": 65}]
)
def test_a_configuration_that_transformers_cannot_take_is_told_with_its_file(tmp_path, refused, change):
    refused(changed(make_family(tmp_path / "encoder", "electra"), change), r"encoder/config\.json: transformers cannot")
